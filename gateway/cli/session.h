/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_SESSION_H
#define GATEWAY_CLI_SESSION_H

/*
 * One command's talk with the gateway
 *
 * A client, a reader and the options, opened together; and the two things that every command does
 * with an answer: explain a failure on standard error, and say first of all when the engine is
 * away, so that nobody takes the past for the present.
 */

#include "gateway/cli/client.h"
#include "gateway/cli/options.h"
#include "gateway/cli/reader.h"

/* Exit codes of every command. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct session {
    const char *command;
    const struct options *options;
    struct client *client;
    struct reader reader;
};

/*
 * Be a command: parse its arguments, open its session, whose answers go to standard output, run it
 * and close. A usage error is explained on standard error. Returns the exit code.
 */
int session_main(int argc, char **argv, const struct options_form *form,
                 int (*run)(struct session *session));

/* Learn the names of places and the time zone, if the gateway answers; nothing depends on it. */
void session_learn_places(struct session *session);

/*
 * Ask by GET, or by POST with a body; see client_ask(). Explains failures and problems on standard error. Returns EXIT_DONE
 * with an answer that is none of those, else EXIT_FAILED.
 */
int session_ask(struct session *session, const char *path, const json_t *body, json_t **ret_answer);

/* The same by `method`. */
int session_ask_by(struct session *session, const char *method, const char *path,
                   const json_t *body, json_t **ret_answer);

/* Explain a failed client call. */
void session_explain(const struct session *session, int client_error);

/*
 * Say when the answer's `engine` is not present. Returns EXIT_DONE when it is, else EXIT_FAILED: an
 * answer from the past is not one that a script should act on.
 */
int session_warn_engine(const struct session *session, const json_t *answer);

/* Say which places are under test, as the answer's `tests` has them: nobody is called there. */
void session_warn_tests(const struct session *session, const json_t *answer);

/* Follow a list over its pages: calls `row` for each member of `list`. Returns an exit code. */
int session_each(struct session *session, const char *path, const char *list,
                 void (*row)(void *context, const json_t *row), void *context);

/* A string member or "". */
const char *member_text(const json_t *object, const char *key);

/* Print a JSON document on one line. */
void session_print_json(const struct session *session, const json_t *document);

#endif
