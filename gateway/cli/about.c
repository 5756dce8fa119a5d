/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/about.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/cli/session.h"
#include "gateway/cli/table.h"
#include "gateway/cli/words.h"
#include "gateway/wire.h"

#define COMMON_HELP                                                                                \
    "\n"                                                                                           \
    "  --json         print the answer as JSON\n"                                                  \
    "  --lang zh|en   language of texts (from LANG)\n"                                             \
    "  --socket PATH  the gateway's console (TOCSIN_SOCKET, /run/tocsin/console.sock)\n"           \
    "  --role ROLE    act as caregiver, security, manager, engineer or auditor\n"

static const char health_help[] =
    "Usage: tocsin health [--json]\n\n"
    "Say how the gateway is. Exit code 0 when it is ok or degraded (a process, the broker or the\n"
    "journal is missing), 1 when nobody evaluates alarms.\n" COMMON_HELP;

static const char version_help[] =
    "Usage: tocsin version [--json]\n\n"
    "Say which program this is, and which gateway answers, if any does.\n" COMMON_HELP;

static void health_row(const struct reader *reader, struct table *table, const char *name,
                       const char *state) {
    bool well = strcmp(state, "present") == 0 || strcmp(state, "ok") == 0 ||
                strcmp(state, "connected") == 0;
    const char *const texts[] = {words_presence(reader, state), name};
    table_add(table, well ? TONE_GOOD : TONE_WARNING, texts);
}

static void health_print(const struct session *session, const json_t *health) {
    const struct reader *reader = &session->reader;
    struct table table;
    table_init(&table, 2);
    health_row(reader, &table, reader_text(reader, "总体", "overall"),
               member_text(health, "status"));
    char engine[96];
    (void)snprintf(engine, sizeof engine, "%s (%" PRId64 " ms)",
                   reader_text(reader, "告警引擎", "engine"),
                   (int64_t)json_integer_value(json_object_get(health, "engine_age_ms")));
    health_row(reader, &table, engine, member_text(health, "engine"));
    size_t index = 0;
    json_t *component = NULL;
    json_array_foreach(json_object_get(health, "components"), index, component) {
        health_row(reader, &table, member_text(component, "name"), member_text(component, "state"));
    }
    const json_t *journal = json_object_get(health, "journal");
    char text[128];
    (void)snprintf(text, sizeof text, "%s (#%" PRId64 ")",
                   reader_text(reader, "事件记录", "journal"),
                   (int64_t)json_integer_value(json_object_get(journal, "newest_seq")));
    health_row(reader, &table, text, member_text(journal, "state"));
    health_row(reader, &table, reader_text(reader, "消息代理", "broker"),
               member_text(json_object_get(health, "uplink"), "state"));
    table_print(&table, reader);
    table_deinit(&table);
}

static int health_run(struct session *session) {
    long status = 0;
    json_t *health = NULL;
    int r = client_ask(session->client, "/api/v1/health", NULL, &status, &health);
    if (r != 0) {
        session_explain(session, r);
        return EXIT_FAILED;
    }
    if (session->options->json) {
        session_print_json(session, health);
    } else if (json_object_get(health, "components") != NULL) {
        health_print(session, health);
        session_warn_tests(session, health);
    } else {
        (void)fprintf(stderr, "tocsin health: %s\n", member_text(health, "detail"));
    }
    json_decref(health);
    return status == 200 ? EXIT_DONE : EXIT_FAILED;
}

int health_main(int argc, char **argv) {
    static const struct session_usage usage = {
        .taken = OPTION_JSON, .help = health_help, .operands = "takes no arguments"};
    return session_main(argc, argv, &usage, health_run);
}

static void version_print(const struct session *session, const char *build, const json_t *gateway) {
    const struct reader *reader = &session->reader;
    (void)fprintf(reader->out, "tocsin %s (%.12s)\n", TOCSIN_VERSION, build);
    if (gateway == NULL) {
        return;
    }
    const char *theirs = member_text(gateway, "build");
    (void)fprintf(reader->out, "%s %s.%s: %s (%.12s)%s\n", reader_text(reader, "网关", "gateway"),
                  member_text(gateway, "site"), member_text(gateway, "gateway"),
                  member_text(gateway, "version"), theirs,
                  strcmp(theirs, build) == 0
                      ? ""
                      : reader_text(reader, ",与本命令不是同一版本", ", another build"));
}

static int version_run(struct session *session) {
    char build[65];
    for (int i = 0; i < 32; i++) {
        (void)snprintf(build + 2 * (size_t)i, 3, "%02x", build_digest()[i]);
    }
    long status = 0;
    json_t *gateway = NULL;
    /* Nobody there is no failure here: the command's own version is what was asked for first. */
    if (client_ask(session->client, "/api/v1/version", NULL, &status, &gateway) != 0 ||
        status != 200) {
        json_decref(gateway);
        gateway = NULL;
    }
    if (session->options->json) {
        json_t *answer = json_pack("{s:s, s:s, s:o}", "version", TOCSIN_VERSION, "build", build,
                                   "gateway", gateway == NULL ? json_null() : json_incref(gateway));
        session_print_json(session, answer);
        json_decref(answer);
    } else {
        version_print(session, build, gateway);
    }
    json_decref(gateway);
    return EXIT_DONE;
}

int version_main(int argc, char **argv) {
    static const struct session_usage usage = {
        .taken = OPTION_JSON, .help = version_help, .operands = "takes no arguments"};
    return session_main(argc, argv, &usage, version_run);
}
