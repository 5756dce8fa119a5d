/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_RESEND_H
#define GATEWAY_CLI_RESEND_H

/*
 * `tocsin resend`: events that a broker or a database has lost are given to it once more
 *
 * Returns the exit code: 0 asked for, 1 refused, 2 a usage error.
 */

int resend_main(int argc, char **argv);

#endif
