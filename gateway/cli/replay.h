/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_REPLAY_H
#define GATEWAY_CLI_REPLAY_H

/*
 * `tocsin replay RECORDING`: what the sensors said, once more
 *
 * Under the same rules it says what was said, byte by byte (--journal proves it); --against shows what
 * other rules would have made of it. RECORDING is a segment, a directory of them, or a file of line
 * protocol (.lp).
 */
int replay_main(int argc, char **argv);

#endif
