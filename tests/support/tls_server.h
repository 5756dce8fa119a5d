/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_TLS_SERVER_H
#define TESTS_SUPPORT_TLS_SERVER_H

/*
 * A server that shakes hands by TLS and takes leave, in a process of its own
 */

#include <sys/types.h>

struct tls_server {
    pid_t pid;
    char address[48]; /* "ssl://127.0.0.1:<port>" */
};

/* Start one, and write its certificate, which is its own authority, to a file. */
void tls_server_start(struct tls_server *server, const char *certificate_path);
void tls_server_stop(struct tls_server *server);

#endif
