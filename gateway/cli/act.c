/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/act.h"

#include <assert.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "gateway/cli/session.h"

#define COMMON_HELP                                                                                   \
    "\n"                                                                                              \
    "  --by NAME      who does it (your login name); it is recorded\n"                                \
    "  --reason TEXT  why; it is recorded\n"                                                          \
    "  --json         print the answer as JSON\n"                                                     \
    "  --lang zh|en   language of texts (from LANG)\n"                                                \
    "  --socket PATH  the gateway's console (TOCSIN_SOCKET, /run/tocsin/console.sock)\n"              \
    "  --role ROLE    act as caregiver, security, manager or engineer (engineer)\n\n"                 \
    "ALARM is RULE/ENTITY, as `tocsin alarms` shows it. Exit code 0 when it is recorded, 1 when it\n" \
    "is refused.\n"

static const struct {
    const char *command;
    const char *verb;
    const char *done_zh, *done_en;
    const char *help;
} acts[] = {
    {"ack", "acknowledge", "已确认", "acknowledged",
     "Usage: tocsin ack ALARM [--by NAME] [--reason TEXT]\n\n"
     "Acknowledge an alarm: somebody has taken notice of it and sees to it.\n" COMMON_HELP},
    {"attend", "attend", "已记录到场", "attended",
     "Usage: tocsin attend ALARM [--by NAME] [--reason TEXT]\n\n"
     "Record that somebody has been at the place. A call closes only after that.\n" COMMON_HELP},
    {"reset", "reset", "已复位", "reset",
     "Usage: tocsin reset ALARM [--by NAME] [--reason TEXT]\n\n"
     "Close a latched alarm: acknowledged, over, and for a call attended.\n" COMMON_HELP},
};

enum { ACT_COUNT = sizeof acts / sizeof *acts, NAME_SIZE = 64 };

/* Also behind sudo the person who is logged in; the gateway adds the role. */
static void act_login_name(char ret[NAME_SIZE]) {
    if (getlogin_r(ret, NAME_SIZE) == 0 && ret[0] != '\0') {
        return;
    }
    const struct passwd *entry = getpwuid(getuid());
    (void)snprintf(ret, NAME_SIZE, "%s", entry == NULL ? "" : entry->pw_name);
}

static json_t *act_body(const struct options *options) {
    char login[NAME_SIZE];
    json_t *body = json_object();
    const char *by = options->by;
    if (by == NULL) {
        act_login_name(login);
        by = login;
    }
    if (by[0] != '\0' || options->by != NULL) {
        (void)json_object_set_new(body, "by", json_string(by));
    }
    if (options->reason != NULL) {
        (void)json_object_set_new(body, "reason", json_string(options->reason));
    }
    return body;
}

static const char act_operands[] = "takes one ALARM, RULE/ENTITY, as `tocsin alarms` shows it";

static int act_run(struct session *session, int act) {
    const struct options *options = session->options;
    const struct reader *reader = &session->reader;
    char escaped[2 * SITE_ALARM_NAME_SIZE];
    char path[3 * SITE_ALARM_NAME_SIZE];
    json_t *answer = NULL;
    client_escape(options->operands[0], escaped, sizeof escaped);
    (void)snprintf(path, sizeof path, "/api/v1/alarms/%s/%s", escaped, acts[act].verb);
    json_t *body = act_body(options);
    int r = session_ask(session, path, body, &answer);
    json_decref(body);
    if (r != EXIT_DONE) {
        return r;
    }
    if (options->json) {
        session_print_json(session, answer);
    } else {
        reader_put(reader, TONE_GOOD, reader_text(reader, acts[act].done_zh, acts[act].done_en));
        reader_put(reader, TONE_PLAIN, "  ");
        reader_put(reader, TONE_PLAIN, options->operands[0]);
        if (json_is_true(json_object_get(answer, "recorded"))) {
            (void)fprintf(reader->out, "  #%lld",
                          (long long)json_integer_value(json_object_get(answer, "seq")));
        } else {
            reader_put(reader, TONE_WARNING,
                       reader_text(reader, "  已执行,但尚未写入记录:请检查磁盘",
                                   "  done, but not recorded yet: look at the gateway's disk"));
        }
        (void)fputc('\n', reader->out);
    }
    json_decref(answer);
    return r;
}

static int act_find(const char *command) {
    int act = 0;
    while (act < ACT_COUNT && strcmp(acts[act].command, command) != 0) {
        act++;
    }
    assert(act < ACT_COUNT);
    return act;
}

static int act_start(struct session *session) {
    if (strchr(session->options->operands[0], '/') == NULL) {
        return options_usage(session->command, act_operands);
    }
    return act_run(session, act_find(session->command));
}

int act_main(int argc, char **argv) {
    const struct session_usage usage = {
        .taken = OPTION_BY | OPTION_REASON | OPTION_JSON,
        .help = acts[act_find(argv[0])].help,
        .operands_min = 1,
        .operands_max = 1,
        .operands = act_operands,
    };
    return session_main(argc, argv, &usage, act_start);
}
