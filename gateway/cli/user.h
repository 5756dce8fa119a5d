/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_USER_H
#define GATEWAY_CLI_USER_H

/*
 * `tocsin user`: who may sign in to the console
 */

int user_main(int argc, char **argv);

#endif
