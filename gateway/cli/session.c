/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/session.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/cli/words.h"

enum { PATH_SIZE = 1024 };

static int session_open(struct session *session, const char *command,
                        const struct options *options) {
    *session = (struct session){.command = command, .options = options};
    int r = client_new(options->socket, options->role, options->language, &session->client);
    if (r != 0) {
        (void)fprintf(stderr, "tocsin %s: %s\n  %s\n", command,
                      client_error_text(r, options->language), options->socket);
        return EXIT_USAGE;
    }
    reader_init(&session->reader, stdout, options->language);
    return EXIT_DONE;
}

static void session_close(struct session *session) {
    session->client = client_free(session->client);
    reader_deinit(&session->reader);
}

int session_main(int argc, char **argv, const struct options_form *form,
                 int (*run)(struct session *session)) {
    struct options options;
    enum arguments_end end = options_parse(argc, argv, form, &options);
    if (end != ARGUMENTS_GO_ON) {
        return (int)end;
    }
    struct session session;
    int r = session_open(&session, argv[0], &options);
    if (r == EXIT_DONE) {
        r = run(&session);
        session_close(&session);
    }
    return r;
}

const char *member_text(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* The path of the page that begins at `next`. */
static void session_page(char *ret, size_t size, const char *path, json_int_t next) {
    (void)snprintf(ret, size, "%s%cfrom=%" PRId64, path, strchr(path, '?') == NULL ? '?' : '&',
                   (int64_t)next);
}

void session_learn_places(struct session *session) {
    json_t *answer = NULL;
    long status = 0;
    char path[PATH_SIZE];
    json_int_t next = 0;
    do {
        session_page(path, sizeof path, "/api/v1/places", next);
        if (client_ask(session->client, "GET", path, NULL, &status, &answer) != 0) {
            return;
        }
        json_int_t from = next;
        next = json_integer_value(json_object_get(answer, "next"));
        reader_learn_places(&session->reader, answer);
        json_decref(answer);
        if (status != 200 || next <= from) {
            return;
        }
    } while (next > 0);
}

void session_explain(const struct session *session, int client_error) {
    (void)fprintf(stderr, "tocsin %s: %s\n  %s\n", session->command,
                  client_error_text(client_error, session->options->language),
                  session->options->socket);
}

int session_ask(struct session *session, const char *path, const json_t *body,
                json_t **ret_answer) {
    return session_ask_by(session, body == NULL ? "GET" : "POST", path, body, ret_answer);
}

int session_ask_by(struct session *session, const char *method, const char *path,
                   const json_t *body, json_t **ret_answer) {
    json_t *answer = NULL;
    long status = 0;
    int r = client_ask(session->client, method, path, body, &status, &answer);
    if (r != 0) {
        session_explain(session, r);
        return EXIT_FAILED;
    }
    if (status < 200 || status > 299) {
        const char *about = member_text(answer, "about");
        (void)fprintf(stderr, "tocsin %s: %s%s%s%s\n", session->command,
                      member_text(answer, "detail"), about[0] == '\0' ? "" : " (", about,
                      about[0] == '\0' ? "" : ")");
        json_decref(answer);
        return EXIT_FAILED;
    }
    *ret_answer = answer;
    return EXIT_DONE;
}

int session_warn_engine(const struct session *session, const json_t *answer) {
    const char *engine = member_text(answer, "engine");
    if (strcmp(engine, "present") == 0 || engine[0] == '\0') {
        return EXIT_DONE;
    }
    json_int_t age_ms = json_integer_value(json_object_get(answer, "engine_age_ms"));
    const struct reader *reader = &session->reader;
    (void)fprintf(stderr, "!! %s %s (%" PRId64 " s): %s\n",
                  reader_text(reader, "告警引擎", "engine"), words_presence(reader, engine),
                  (int64_t)(age_ms / 1000),
                  reader_text(reader, "以下是过去的状态，请到现场查看",
                              "what follows is the past; go and look at the places"));
    return EXIT_FAILED;
}

void session_warn_tests(const struct session *session, const json_t *answer) {
    const struct reader *reader = &session->reader;
    size_t index = 0;
    json_t *test = NULL;
    json_array_foreach(json_object_get(answer, "tests"), index, test) {
        char until[32];
        char line[1024];
        char clean[1024];
        reader_time(json_string_value(json_object_get(test, "until")), READER_MOMENT, until,
                    sizeof until);
        (void)snprintf(line, sizeof line, "!! %s (%s) %s %s: %s (%s: %s)",
                       reader_pick(reader, json_object_get(test, "place_name")),
                       member_text(test, "place"),
                       reader_text(reader, "测试中，至", "is under test until"), until,
                       reader_text(reader, "告警不会通知人员", "nobody is called"),
                       member_text(test, "by"), member_text(test, "reason"));
        (void)text_fit(line, (int)sizeof line, clean, sizeof clean);
        (void)fprintf(stderr, "%s\n", clean);
    }
}

int session_each(struct session *session, const char *path, const char *list,
                 void (*row)(void *context, const json_t *row), void *context) {
    char page[PATH_SIZE];
    int end = EXIT_DONE;
    json_int_t from = 0;
    for (bool more = true; more;) {
        json_t *answer = NULL;
        session_page(page, sizeof page, path, from);
        int r = session_ask(session, page, NULL, &answer);
        if (r != EXIT_DONE) {
            return r;
        }
        if (from == 0) {
            end = session_warn_engine(session, answer);
            session_warn_tests(session, answer);
        }
        size_t index = 0;
        json_t *member = NULL;
        json_array_foreach(json_object_get(answer, list), index, member) {
            row(context, member);
        }
        json_int_t next = json_integer_value(json_object_get(answer, "next"));
        more = next > from;
        from = next;
        json_decref(answer);
    }
    return end;
}

void session_print_json(const struct session *session, const json_t *document) {
    (void)json_dumpf(document, session->reader.out, JSON_COMPACT | JSON_REAL_PRECISION(12));
    (void)fputc('\n', session->reader.out);
}
