/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_KEEP_H
#define GATEWAY_CLI_KEEP_H

/*
 * `tocsin backup` and `tocsin restore`: a journal on the disk, with or without a gateway
 *
 * They return the exit code: 0 all is well, 1 it is not, 2 a usage error.
 */

int backup_main(int argc, char **argv);
int restore_main(int argc, char **argv);

#endif
