/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/options.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/cli/client.h"

enum { FOR_ALL = 0, NUMBER_DIGITS_MAX = 18, LIMIT_MAX = 1000 };

static bool options_number(const char *text, uint64_t max, uint64_t *ret_value) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > NUMBER_DIGITS_MAX || text[digits] != '\0') {
        return false;
    }
    *ret_value = strtoull(text, NULL, 10);
    return *ret_value <= max;
}

/* A number from 1 to `most`. */
static bool options_count(const char *text, uint32_t most, uint32_t *ret_count) {
    uint64_t number = 0;
    bool sound = options_number(text, most, &number) && number > 0;
    *ret_count = (uint32_t)number;
    return sound;
}

/* A number of minutes or seconds, up to a year of them, as the gateway takes it. */
enum { SECONDS_MAX = 366 * 24 * 3600, MINUTES_MAX = SECONDS_MAX / 60 };
_Static_assert(MINUTES_MAX == 527040 && SECONDS_MAX == 31622400, "the numbers of the table");

static bool options_minutes(const char *text, void *value) {
    return options_count(text, MINUTES_MAX, value);
}

static bool options_seconds(const char *text, void *value) {
    return options_count(text, SECONDS_MAX, value);
}

static bool options_limit(const char *text, void *value) {
    return options_count(text, LIMIT_MAX, value);
}

static bool options_after(const char *text, void *value) {
    struct options *options = value;
    options->after_given = options_number(text, INT64_MAX, &options->after);
    return options->after_given;
}

/*
 * A text that can be recorded as what somebody said. A terminal that is not set to UTF-8 sends other
 * bytes for a Chinese name, and a name that was dropped on the way would put somebody else's act
 * under another name.
 */
static bool options_text(const char *text, void *value) {
    const char **ret_text = value;
    json_t *said = json_string(text);
    bool sound = said != NULL;
    for (const char *at = text; sound && *at != '\0'; at++) {
        sound = (unsigned char)*at >= ' ' && *at != 0x7f;
    }
    json_decref(said);
    *ret_text = text;
    return sound;
}

#define OPTION_FLAG(bit, option, place, tells_zh, tells)                                           \
    {                                                                                              \
        (bit), {                                                                                   \
            .name = (option), .help = {{(tells_zh), (tells)}}, .flag = (place)                     \
        }                                                                                          \
    }
#define OPTION_TEXT(bit, option, called, place, tells_zh, tells)                                   \
    {                                                                                              \
        (bit), {                                                                                   \
            .name = (option), .word = (called), .help = {{(tells_zh), (tells)}},                   \
            .read = options_text, .value = (place),                                                \
            .wrong = {{"--" option " 为一行 UTF-8 文本（请将终端设为 LANG=zh_CN.UTF-8），而不是",  \
                       "--" option " takes one line of UTF-8 (set the terminal to it: "            \
                       "LANG=zh_CN.UTF-8), not"}},                                                 \
        }                                                                                          \
    }
#define OPTION_NUMBER(bit, option, called, reads, place, tells_zh, tells, range_zh, range)         \
    {                                                                                              \
        (bit), {                                                                                   \
            .name = (option), .word = (called), .help = {{(tells_zh), (tells)}}, .read = (reads),  \
            .value = (place),                                                                      \
            .wrong = {                                                                             \
                {"--" option " 为" range_zh "，而不是", "--" option " takes " range ", not"}},     \
        }                                                                                          \
    }

enum arguments_end options_parse(int argc, char **argv, const struct options_form *form,
                                 struct options *ret_options) {
    const struct {
        unsigned bit; /* enum options_taken */
        struct arguments_option row;
    } vocabulary[] = {
        OPTION_FLAG(OPTION_FOLLOW, "follow", &ret_options->follow,
                    "持续显示新事件；网关中断后自动重连",
                    "go on with what happens; comes back by itself when the gateway was away"),
        OPTION_NUMBER(OPTION_AFTER, "after", "SEQ", options_after, ret_options,
                      "此事件之后的全部事件，而不是最近的",
                      "everything after this event, instead of the latest ones", "一个事件的序号",
                      "the sequence number of an event"),
        OPTION_NUMBER(OPTION_LIMIT, "limit", "N", options_limit, &ret_options->limit,
                      "最近 N 个事件，1…1000（默认 50；加 --follow 时 10）",
                      "the latest N events, 1…1000 (50; with --follow 10)", " 1 到 1000 的整数",
                      "a number from 1 to 1000"),
        OPTION_FLAG(OPTION_STDIN, "stdin", &ret_options->standard_input,
                    "显示标准输入中的事件文档，每行一个，例如\n"
                    "mosquitto_sub -t 'tocsin/v1/+/+/event/#' | tocsin events --stdin",
                    "show event documents from standard input, one a line, for instance\n"
                    "mosquitto_sub -t 'tocsin/v1/+/+/event/#' | tocsin events --stdin"),
        OPTION_FLAG(OPTION_ALL, "all", &ret_options->all, "包括已恢复正常的",
                    "the normal ones as well"),
        OPTION_FLAG(OPTION_WATCH, "watch", &ret_options->watch,
                    "每秒刷新；输出不是终端时只显示有变化的",
                    "again each second; without a terminal only what changed"),
        OPTION_TEXT(OPTION_EVENTS, "place", "PLACE", &ret_options->place, "只显示此地点及其下级的",
                    "only those of this place and all below it"),
        OPTION_TEXT(OPTION_EVENTS, "point", "POINT", &ret_options->point, "只显示此测点的",
                    "only those of this point"),
        OPTION_TEXT(OPTION_EVENTS, "type", "TYPE", &ret_options->type,
                    "只显示此类事件，如 alarm.raised，或一组，如 access",
                    "only such events: alarm.raised, or a group of them: access"),
        OPTION_TEXT(OPTION_EVENTS, "class", "CLASS", &ret_options->class,
                    "只显示此类告警的，如 fire.alarm，或一组，如 fire",
                    "only those of such alarms: fire.alarm, or a group of them: fire"),
        OPTION_TEXT(OPTION_EVENTS, "priority", "PRIORITY", &ret_options->priority,
                    "只显示此优先级的：emergency、urgent、high、low 或 journal",
                    "only those of emergency, urgent, high, low or journal"),
        OPTION_TEXT(OPTION_SINCE, "since", "SEQ|TIME", &ret_options->since,
                    "从哪个事件开始：序号或时间，如 2026-11-25T18:00:00+08:00",
                    "the first event, by its number or its time: 2026-11-25T18:00:00+08:00"),
        OPTION_TEXT(OPTION_LAST, "until", "SEQ|TIME", &ret_options->until,
                    "到哪个事件为止；默认到最新", "the last one; else the newest"),
        OPTION_TEXT(OPTION_TO, "to", "WORD", &ret_options->to,
                    "发往 broker（默认）或 database；后者也会收到此后的全部",
                    "broker (without it) or database, which gets all that follows too"),
        OPTION_TEXT(
            OPTION_AS, "as", "WORD", &ret_options->as,
            "处置结论：genuine 属实、equipment 设备原因、misuse 误操作、test 测试、\ndrill 演练、duplicate 重复、no_answer 无人应答",
            "what it was: genuine, equipment, misuse, test, drill, duplicate,\nno_answer"),
        OPTION_NUMBER(
            OPTION_MINUTES, "minutes", "N", options_minutes, &ret_options->minutes, "持续多少分钟",
            "for how long", " 1 到 527040（一年）的整数；站点允许的可能更短，搁置默认至多 480",
            "a whole number from 1 to 527040, a year; the site may allow less, and shelving "
            "ends after 480 unless it says otherwise"),
        OPTION_NUMBER(OPTION_SECONDS, "seconds", "N", options_seconds, &ret_options->seconds,
                      "持续多少秒；默认为站点允许的最长时间",
                      "for how long; else as long as the site allows",
                      " 1 到 31622400（一年）的整数", "a whole number from 1 to 31622400, a year"),
        OPTION_TEXT(OPTION_UNTIL, "until", "TIME", &ret_options->until,
                    "或到何时为止，如 2026-11-25T18:00:00+08:00",
                    "or until when: 2026-11-25T18:00:00+08:00"),
        OPTION_TEXT(OPTION_SECOND, "second", "NAME", &ret_options->second, "共同负责的另一人",
                    "who else answers for it"),
        OPTION_TEXT(OPTION_SECOND_ROLE, "second-role", "ROLE", &ret_options->second_role, "其角色",
                    "in which role"),
        OPTION_TEXT(OPTION_NAME, "name", "NAME", &ret_options->name, "姓名，将与其操作一同记录",
                    "the name that is recorded with what they do"),
        OPTION_FLAG(OPTION_PASSWORD, "password", &ret_options->password, "设置新密码",
                    "give another password"),
        OPTION_TEXT(OPTION_BY, "by", "NAME", &ret_options->by, "操作人（默认为登录名），将被记录",
                    "who does it (your login name); it is recorded"),
        OPTION_TEXT(OPTION_REASON, "reason", "TEXT", &ret_options->reason, "原因，将被记录",
                    "why; it is recorded"),
        OPTION_FLAG(OPTION_JSON, "json", &ret_options->json, "输出 JSON，每行一个文档",
                    "JSON instead of text, one document a line"),
        {FOR_ALL, ARGUMENTS_LANGUAGE(&ret_options->language)},
        OPTION_TEXT(FOR_ALL, "socket", "PATH", &ret_options->socket,
                    "网关控制台的套接字（TOCSIN_SOCKET，/run/tocsin/console.sock）",
                    "the gateway's console (TOCSIN_SOCKET, /run/tocsin/console.sock)"),
        OPTION_TEXT(
            FOR_ALL, "role", "ROLE", &ret_options->role,
            "以何角色操作：caregiver、security、manager、engineer、auditor\n（默认 engineer）",
            "act as caregiver, security, manager, engineer or auditor (engineer)"),
    };
    enum { VOCABULARY_COUNT = sizeof vocabulary / sizeof *vocabulary };
    struct arguments_option rows[VOCABULARY_COUNT];
    uint32_t count = 0;
    for (int i = 0; i < VOCABULARY_COUNT; i++) {
        if (vocabulary[i].bit == FOR_ALL || (vocabulary[i].bit & form->taken) != 0) {
            rows[count++] = vocabulary[i].row;
        }
    }
    const struct arguments_form arguments = {
        .command = argv[0],
        .usage = form->usage,
        .closing = form->closing,
        .options = rows,
        .option_count = count,
        .operands_min = form->operands_min,
        .operands_max = form->operands_max,
        .missing = form->operands,
        .surplus = form->operands,
    };
    *ret_options = (struct options){.language = arguments_environment_language()};
    enum arguments_end end = arguments_parse(&arguments, argc, argv, &ret_options->operands);
    ret_options->socket = client_socket_path(ret_options->socket);
    return end;
}
