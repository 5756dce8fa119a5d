/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/about.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/cli/session.h"
#include "gateway/cli/table.h"
#include "gateway/cli/words.h"
#include "gateway/hex.h"
#include "gateway/wire.h"

static const struct arguments_words health_usage = {
    {"用法：tocsin health [选项]...\n"
     "\n"
     "显示网关的运行状况。正常或降级（缺少某个进程、消息代理、数据库或日志，网页控制台打不开，\n"
     "或站点文件有误）时退出码为 0，无人判定告警时为 1。\n"
     "消息代理只确认而不转发时，也显示为不收取全部事件。\n"
     "从未上报过数据的传感器，连同可能因此无法判定的规则，会逐一列出。\n",
     "Usage: tocsin health [OPTION]...\n"
     "\n"
     "Say how the gateway is. Exit code 0 when it is ok or degraded (a process, the broker, the\n"
     "database or the journal is missing, the web console cannot be opened as it is meant, or the site\n"
     "file is wrong), 1 when nobody evaluates alarms.\n"
     "A broker that confirms events and passes nothing on counts as one that does not take all.\n"
     "Sensors that were never heard are named with the rules that may be undecided because of them.\n"}};

static const struct arguments_words version_usage = {
    {"用法：tocsin version [选项]...\n"
     "\n"
     "显示本程序的版本，以及所连网关（如有）的版本。\n",
     "Usage: tocsin version [OPTION]...\n"
     "\n"
     "Say which program this is, and which gateway answers, if any does.\n"}};

static void health_row(const struct reader *reader, struct table *table, const char *name,
                       const char *state) {
    bool well = strcmp(state, "present") == 0 || strcmp(state, "ok") == 0 ||
                strcmp(state, "connected") == 0 || strcmp(state, "open") == 0 ||
                strcmp(state, "none") == 0;
    const char *const texts[] = {words_presence(reader, state), name};
    table_add(table, well ? TONE_GOOD : TONE_WARNING, texts);
}

/* Add `before`, a number and `after` to a text; nothing when the number is 0. */
static void health_count(char *text, size_t size, const char *before, int64_t count,
                         const char *after) {
    size_t len = strlen(text);
    if (count > 0) {
        (void)snprintf(text + len, size - len, "%s%" PRId64 "%s", before, count, after);
    }
}

/* "database, since 11-26 16:29:01, 4321 values wait, 12 % of their room is used, 17 were lost" */
static void health_database(const struct reader *reader, struct table *table,
                            const json_t *database) {
    const char *state = member_text(database, "state");
    bool takes = strcmp(state, "connected") == 0 || strcmp(state, "none") == 0;
    int64_t bytes = json_integer_value(json_object_get(database, "spool_bytes"));
    int64_t size = json_integer_value(json_object_get(database, "spool_size"));
    char since[32] = "";
    char text[256];
    if (!takes && json_is_string(json_object_get(database, "since"))) {
        reader_time(member_text(database, "since"), READER_MOMENT, since, sizeof since);
    }
    (void)snprintf(text, sizeof text, "%s%s%s", reader_text(reader, "数据库", "database"),
                   since[0] == '\0' ? "" : reader_text(reader, "，自 ", ", since "), since);
    health_count(text, sizeof text, reader_text(reader, "，", ", "),
                 json_integer_value(json_object_get(database, "spool_lines")),
                 reader_text(reader, " 条数据待写入", " values wait"));
    health_count(text, sizeof text, reader_text(reader, "，待写空间已用 ", ", "),
                 size > 0 ? bytes * 100 / size : 0,
                 reader_text(reader, " %", " % of their room is used"));
    health_count(text, sizeof text, reader_text(reader, "，已丢弃 ", ", "),
                 json_integer_value(json_object_get(database, "lines_dropped")),
                 reader_text(reader, " 条", " were lost"));
    const char *const texts[] = {
        strcmp(state, "refusing") == 0
            ? reader_text(reader, "有应答，但拒绝写入", "answers, but takes nothing")
            : words_presence(reader, state),
        text};
    table_add(table, takes ? TONE_GOOD : TONE_WARNING, texts);
}

/* Each of the two lanes of events drains by itself: of which is what waits? */
static void health_waiting(const struct reader *reader, const json_t *uplink, char *text,
                           size_t size) {
    int64_t waiting = json_integer_value(json_object_get(uplink, "waiting"));
    int64_t alarms = json_integer_value(json_object_get(uplink, "waiting_alarms"));
    health_count(text, size, reader_text(reader, "，", ", "), waiting,
                 reader_text(reader, " 条事件待送", " events wait"));
    size_t len = strlen(text);
    if (waiting > 0 && alarms == 0) {
        (void)snprintf(text + len, size - len, "%s",
                       reader_text(reader, "，其中没有告警", ", none of an alarm"));
    } else if (alarms < waiting) {
        health_count(text, size,
                     reader_text(reader, "，告警只在最后 ", ", those of alarms among the last "),
                     alarms, reader_text(reader, " 条之中", ""));
    }
}

/* "tcp://10.0.0.5:1883, since 11-26 16:29:01, 12 events wait": which broker it is that is connected, or away and why. */
static void health_uplink(const struct reader *reader, struct table *table, const json_t *uplink) {
    char since[32] = "";
    char text[256];
    health_row(reader, table, reader_text(reader, "消息代理", "broker"),
               member_text(uplink, "state"));
    if (!json_is_string(json_object_get(uplink, "broker"))) {
        return;
    }
    if (json_is_string(json_object_get(uplink, "since"))) {
        reader_time(member_text(uplink, "since"), READER_MOMENT, since, sizeof since);
    }
    (void)snprintf(text, sizeof text, "%s%s%s", member_text(uplink, "broker"),
                   since[0] == '\0' ? "" : reader_text(reader, "，自 ", ", since "), since);
    health_waiting(reader, uplink, text, sizeof text);
    const char *const texts[] = {"", text};
    table_add(table, TONE_PLAIN, texts);
    if (json_is_string(json_object_get(uplink, "reason"))) {
        const char *const reasons[] = {"", member_text(uplink, "reason")};
        table_add(table, TONE_PLAIN, reasons);
    }
}

/* "recordings, 812 inputs are missing, refused 3 times by the disk" */
static void health_recordings(const struct reader *reader, struct table *table,
                              const json_t *recordings) {
    char text[160];
    (void)snprintf(text, sizeof text, "%s", reader_text(reader, "回放录制", "recordings"));
    health_count(text, sizeof text, reader_text(reader, "，缺 ", ", "),
                 json_integer_value(json_object_get(recordings, "inputs_dropped")),
                 reader_text(reader, " 条输入", " inputs are missing"));
    health_count(text, sizeof text, reader_text(reader, "，磁盘拒绝 ", ", refused "),
                 json_integer_value(json_object_get(recordings, "failures")),
                 reader_text(reader, " 次", " times by the disk"));
    health_row(reader, table, text, member_text(recordings, "state"));
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
    health_row(reader, &table, reader_text(reader, "站点配置", "site"),
               member_text(json_object_get(health, "site"), "state"));
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
    health_uplink(reader, &table, json_object_get(health, "uplink"));
    health_database(reader, &table, json_object_get(health, "database"));
    health_recordings(reader, &table, json_object_get(health, "recordings"));
    health_row(reader, &table, reader_text(reader, "网页控制台", "web console"),
               member_text(json_object_get(health, "door"), "state"));
    table_print(&table, reader);
    table_deinit(&table);
}

/* "hall/gate/exit (door_forced, gate_held), hall/desk/people (over_capacity)" */
static void health_name_unheard(const struct reader *reader, const json_t *points, FILE *out) {
    size_t at = 0;
    const json_t *point = NULL;
    json_array_foreach(points, at, point) {
        const json_t *rules = json_object_get(point, "rules");
        size_t rule_at = 0;
        const json_t *rule = NULL;
        (void)fprintf(out, "%s%s", at == 0 ? "" : reader_text(reader, "、", ", "),
                      member_text(point, "point"));
        json_array_foreach(rules, rule_at, rule) {
            (void)fprintf(out, "%s%s", rule_at == 0 ? " (" : reader_text(reader, "、", ", "),
                          json_string_value(rule));
        }
        bool more = json_integer_value(json_object_get(point, "rule_count")) >
                    (json_int_t)json_array_size(rules);
        (void)fputs(more ? " …)" : ")", out);
    }
}

/* Which sensors have never spoken, and what that means for the rules that read them. */
static void health_warn_unheard(const struct session *session, const json_t *health) {
    const struct reader *reader = &session->reader;
    const json_t *unheard = json_object_get(health, "unheard");
    const json_t *points = json_object_get(unheard, "points");
    int64_t count = json_integer_value(json_object_get(unheard, "count"));
    int64_t more = count - (int64_t)json_array_size(points);
    if (count == 0) {
        return;
    }
    (void)fprintf(stderr, "!! %" PRId64 "%s", count,
                  reader_text(reader, " 个传感器从未上报过数据（括号内为用到它的规则）：",
                              " of the sensors were never heard (and the rules that read them): "));
    health_name_unheard(reader, points, stderr);
    if (more > 0) {
        (void)fprintf(stderr, "%s%" PRId64 "%s", reader_text(reader, "，另有 ", ", … and "), more,
                      reader_text(reader, " 个", " more"));
    }
    (void)fputs(
        reader_text(
            reader,
            "；首次收到数据之前，这些规则可能无法判定，也就不会告警："
            "请逐个触发一次（按一下、开一下），仍未上报的检查其电源和通信\n",
            ". Until such a sensor has spoken once, a rule that needs it may be undecided "
            "and raise no alarm: press, open or trip each of them; of one that stays silent, "
            "look at its power and its line\n"),
        stderr);
}

/* What a site file that is wrong means, and what is to be done. */
static void health_warn_site(const struct session *session, const json_t *health) {
    const struct reader *reader = &session->reader;
    const json_t *site = json_object_get(health, "site");
    char day[32];
    char clock[32];
    if (strcmp(member_text(site, "state"), "refused") != 0) {
        return;
    }
    reader_time(member_text(site, "accepted"), READER_DAY, day, sizeof day);
    reader_time(member_text(site, "accepted"), READER_CLOCK, clock, sizeof clock);
    if (reader->language == LANGUAGE_ZH) {
        (void)fprintf(stderr,
                      "！！站点文件有误：所有房间按 %s %s 采用的配置监测，此后的更改未生效；"
                      "用 tocsin check 查看原因，改正后重新加载\n",
                      day, clock);
    } else {
        (void)fprintf(
            stderr,
            "!! The site file is wrong: all rooms are watched by the site that was accepted "
            "at %s %s, and what was changed since does not hold; `tocsin check` says why, mend "
            "it, then reload\n",
            day, clock);
    }
}

/* What people's browsers find in place of what was meant, and what is to be done. */
static void health_warn_door(const struct session *session, const json_t *health) {
    static const struct {
        const char *state, *zh, *en;
    } words[] = {
        {"ending_certificate",
         "!! 网页控制台的证书即将到期或已到期，到期后浏览器会警告、拒绝访问：请更换 gateway.console.cert 与 key "
         "的文件，数秒内生效；到期日见日志 certificate_expires\n",
         "!! The web console's certificate ends soon, or has ended, and browsers warn of it then: replace the files "
         "of gateway.console.cert and key, which are taken within seconds; the log says when "
         "(certificate_expires)\n"},
        {"old_certificate",
         "!! 网页控制台的新证书无法使用，仍在出示旧证书：gateway.console.cert 与 key 须为相互匹配的 PEM 文件，"
         "且网关可读；原因见日志 console_certificate_unusable\n",
         "!! The web console's new certificate cannot be used, and the one before is shown: "
         "gateway.console.cert and key have to be PEM files that belong together and that the gateway can "
         "read; the log says why (console_certificate_unusable)\n"},
        {"unknown_certificate",
         "!! 浏览器打开网页控制台时会警告证书未知：站点证书（gateway.console.cert 与 key）或状态目录中的 "
         "console/authority.* 无法使用；原因见日志 console_certificate_unusable 或 console_authority\n",
         "!! Browsers warn of the web console's certificate: the site's own (gateway.console.cert and key), or "
         "console/authority.* of the state directory, cannot be used; the log says why "
         "(console_certificate_unusable, console_authority)\n"},
        {"closed",
         "!! 浏览器无法打开网页控制台，监测不受影响：地址 gateway.console.listen 无法使用，或没有可出示的证书；"
         "原因见日志 console_address\n",
         "!! No browser can open the web console; watching goes on: the address gateway.console.listen cannot "
         "be had, or there is no certificate to show; the log says why (console_address)\n"},
    };
    const char *state = member_text(json_object_get(health, "door"), "state");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(state, words[i].state) == 0) {
            (void)fputs(reader_text(&session->reader, words[i].zh, words[i].en), stderr);
        }
    }
}

static int health_run(struct session *session) {
    long status = 0;
    json_t *health = NULL;
    int r = client_ask(session->client, "GET", "/api/v1/health", NULL, &status, &health);
    if (r != 0) {
        session_explain(session, r);
        return EXIT_FAILED;
    }
    if (session->options->json) {
        session_print_json(session, health);
    } else if (json_object_get(health, "components") != NULL) {
        health_print(session, health);
        health_warn_site(session, health);
        health_warn_door(session, health);
        health_warn_unheard(session, health);
        session_warn_tests(session, health);
    } else {
        (void)fprintf(stderr, "tocsin health: %s\n", member_text(health, "detail"));
    }
    json_decref(health);
    return status == 200 ? EXIT_DONE : EXIT_FAILED;
}

int health_main(int argc, char **argv) {
    static const struct options_form form = {.taken = OPTION_JSON,
                                             .usage = &health_usage,
                                             .operands = {{"不带参数", "takes no arguments"}}};
    return session_main(argc, argv, &form, health_run);
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
                      : reader_text(reader, "，与本命令不是同一版本", ", another build"));
}

static int version_run(struct session *session) {
    char build[65];
    hex_format(build_digest(), 32, build);
    long status = 0;
    json_t *gateway = NULL;
    /* Nobody there is no failure here: the command's own version is what was asked for first. */
    if (client_ask(session->client, "GET", "/api/v1/version", NULL, &status, &gateway) != 0 ||
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
    static const struct options_form form = {.taken = OPTION_JSON,
                                             .usage = &version_usage,
                                             .operands = {{"不带参数", "takes no arguments"}}};
    return session_main(argc, argv, &form, version_run);
}
