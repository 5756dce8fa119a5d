/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_CLIENT_H
#define GATEWAY_CLI_CLIENT_H

/*
 * Talking to the console
 *
 * HTTP over the console's Unix socket, carried by libcurl. An answer is read whole and is bounded;
 * a stream is handed on piece by piece for as long as it lasts, and is given up after
 * CLIENT_SILENCE_S without a byte: the console says something each 5 s.
 */

#include <jansson.h>

#include "gateway/site.h"

#define CLIENT_SOCKET_DEFAULT  "/run/tocsin/console.sock"
#define CLIENT_SOCKET_VARIABLE "TOCSIN_SOCKET"

enum {
    CLIENT_SOCKET_MAX = 107, /* bytes; what an address of the kernel holds */
    CLIENT_CONNECT_S = 5,
    CLIENT_ANSWER_S = 20,
    CLIENT_SILENCE_S = 15,
    CLIENT_ANSWER_MAX = 16 * 1024 * 1024,
};

struct client;

/* The path to use: `given` (or NULL), else the environment's, else the default. */
const char *client_socket_path(const char *given);

#define CLIENT_E_PATH   1 /* the socket's path is longer than CLIENT_SOCKET_MAX, or empty */
#define CLIENT_E_AWAY   2 /* nobody answers at the socket, or the answer broke off */
#define CLIENT_E_DENIED 3 /* the socket may not be opened */
#define CLIENT_E_ANSWER 4 /* the answer is too long, or no JSON */

/* Connects only with the first request. `role` may be NULL. Returns 0 or CLIENT_E_PATH. */
NODISCARD int client_new(const char *socket, const char *role, enum site_language language,
                         struct client **ret_client);
struct client *client_free(struct client *client);

/*
 * Ask and read the JSON answer, whatever its status. `method` is "GET", which has no body, "POST", "PUT" or "DELETE". The
 * caller gets a reference to `ret_answer`. Returns 0, CLIENT_E_AWAY, CLIENT_E_DENIED or
 * CLIENT_E_ANSWER.
 */
NODISCARD int client_ask(struct client *client, const char *method, const char *path,
                         const json_t *body, long *ret_status, json_t **ret_answer);

/*
 * Follow a stream until it ends, breaks, or `piece` returns false. With `last_seq` > 0 it resumes
 * after that event. Pieces of an answer that is not 200 are not handed out. Returns 0 when it was
 * once open (however it ended), CLIENT_E_AWAY or CLIENT_E_DENIED.
 */
NODISCARD int client_follow(struct client *client, const char *path, uint64_t last_seq,
                            bool (*piece)(void *context, const char *bytes, size_t size),
                            void *context, long *ret_status);

/* Write `text` as part of a path or a query: everything but letters, digits and "-._~/" as %XX. */
void client_escape(const char *text, char *ret, size_t size);

/* The sentence for people about a CLIENT_E_…. Static storage. */
const char *client_error_text(int error, enum site_language language);

#endif
