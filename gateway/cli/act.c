/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/act.h"

#include <assert.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "gateway/cli/session.h"
#include "gateway/cli/test_alarms.h"
#include "gateway/cli/words.h"

#define ONE_ALARM                                                                                  \
    {                                                                                              \
        {                                                                                          \
            "接受一个 ALARM，形如 规则/对象，见 `tocsin alarms`",                                  \
                "takes one ALARM, RULE/ENTITY, as `tocsin alarms` shows it"                        \
        }                                                                                          \
    }
static const struct arguments_words test_place = {
    {"接受 begin、end 或 reset，加一个 PLACE", "takes begin, end or reset, and a PLACE"}};

static const struct arguments_words test_usage = {
    {"用法：tocsin test begin PLACE --minutes N --reason TEXT [选项]...\n"
     "      tocsin test end PLACE [选项]...\n"
     "      tocsin test reset PLACE [选项]...\n\n"
     "使一个地点及其下级进入测试：告警只作标记，不通知人员。触发的每个按钮和探测器都会勾选，\n"
     "见 `tocsin walk-test PLACE`。测试到时自行结束，那时仍在告警的按真实告警处理。\n"
     "设有火灾探测器的地点须由另一角色的第二人共同负责。\n\n"
     "测试触发的火警和呼叫保留到逐一复位。`reset` 以您的名义对已结束的依次确认、登记到场并复位：\n"
     "您到过现场。\n",
     "Usage: tocsin test begin PLACE --minutes N --reason TEXT [OPTION]...\n"
     "       tocsin test end PLACE [OPTION]...\n"
     "       tocsin test reset PLACE [OPTION]...\n\n"
     "Put a place and all below it under test: its alarms are marked and nobody is called. Every\n"
     "button and detector that is tripped is ticked off; see `tocsin walk-test PLACE`. A test ends\n"
     "by itself, and an alarm that is still active then is in earnest.\n"
     "A place where fires are looked for takes a second person in another role.\n\n"
     "The fires and calls that it has raised stay until each is reset. `reset` acknowledges, attends\n"
     "and resets one after the other those that are over, in your name: you have been there.\n"}};

#define EXIT_CODES_ZH "已记录时退出码为 0；被拒绝时为 1，并说明是哪条规定拒绝的。\n"
#define EXIT_CODES                                                                                 \
    "Exit code 0 when it is recorded, 1 when it is refused: then it says by which rule.\n"

static const struct arguments_words closing = {
    {"ALARM 形如 规则/对象，见 `tocsin alarms`。\n" EXIT_CODES_ZH,
     "ALARM is RULE/ENTITY, as `tocsin alarms` shows it.\n" EXIT_CODES}};
static const struct arguments_words test_closing = {{EXIT_CODES_ZH, EXIT_CODES}};

enum {
    TAKES_SPAN = OPTION_MINUTES | OPTION_UNTIL,
    TAKES_SECOND = OPTION_SECOND | OPTION_SECOND_ROLE,
};

/* What a command's second operand is, if it takes one: a key of the body. */
static const struct act {
    const char *command;
    const char *verb;
    const char *done_zh, *done_en;
    unsigned taken; /* beside --by, --reason and --json */
    bool about_place;
    const char *second;              /* NULL: it takes one operand */
    struct arguments_words operands; /* none of a test, whose words stand above */
    struct arguments_words usage;
} acts[] = {
    {"ack",
     "acknowledge",
     "已确认",
     "acknowledged",
     OPTION_AS,
     false,
     NULL,
     ONE_ALARM,
     {{"用法：tocsin ack ALARM [选项]...\n\n"
       "确认告警：已有人知悉并负责处理。\n",
       "Usage: tocsin ack ALARM [OPTION]...\n\n"
       "Acknowledge an alarm: somebody has taken notice of it and sees to it.\n"}}},
    {"attend",
     "attend",
     "已记录到场",
     "attended",
     0,
     false,
     NULL,
     ONE_ALARM,
     {{"用法：tocsin attend ALARM [选项]...\n\n"
       "记录已有人到场。呼叫只有在此之后才会关闭。\n",
       "Usage: tocsin attend ALARM [OPTION]...\n\n"
       "Record that somebody has been at the place. A call closes only after that.\n"}}},
    {"investigate",
     "investigate",
     "已登记核实结果",
     "investigated",
     0,
     false,
     "result",
     {{"接受一个 ALARM 和现场核实结果：real 或 false",
       "takes an ALARM and what was found there: real or false"}},
     {{"用法：tocsin investigate ALARM real|false [选项]...\n\n"
       "记录火警现场的核实结果。属实（real）立即按火警确认处理；\n"
       "不属实（false）不再等待确认，告警保留到复位。\n",
       "Usage: tocsin investigate ALARM real|false [OPTION]...\n\n"
       "Record what somebody has found where a fire alarm was raised. A real fire counts as\n"
       "confirmed at once; a false one no longer waits to be, and the alarm stays until its reset.\n"}}},
    {"silence",
     "silence",
     "已消音",
     "silenced",
     OPTION_SECONDS,
     false,
     NULL,
     ONE_ALARM,
     {{"用法：tocsin silence ALARM [选项]...\n\n"
       "暂时消音，最长两分钟。\n",
       "Usage: tocsin silence ALARM [OPTION]...\n\n"
       "Turn the sound of an alarm off for a while, at most two minutes.\n"}}},
    {"reset",
     "reset",
     "已复位",
     "reset",
     OPTION_AS,
     false,
     NULL,
     ONE_ALARM,
     {{"用法：tocsin reset ALARM [选项]...\n\n"
       "关闭锁存的告警：已确认、已结束，呼叫还须已到场。\n",
       "Usage: tocsin reset ALARM [OPTION]...\n\n"
       "Close a latched alarm: acknowledged, over, and for a call attended.\n"}}},
    {"shelve",
     "shelve",
     "已搁置",
     "shelved",
     TAKES_SPAN,
     false,
     NULL,
     ONE_ALARM,
     {{"用法：tocsin shelve ALARM --minutes N --reason TEXT [选项]...\n\n"
       "暂时不再提示某个告警，最长 8 小时。照常记录，到时自行恢复。火警和呼叫不能搁置。\n",
       "Usage: tocsin shelve ALARM --minutes N --reason TEXT [OPTION]...\n\n"
       "Hear nothing of an alarm for a while, at most 8 hours. It is recorded all the same, and comes\n"
       "back by itself. Fires and calls are never shelved.\n"}}},
    {"unshelve",
     "unshelve",
     "已取消搁置",
     "unshelved",
     0,
     false,
     NULL,
     ONE_ALARM,
     {{"用法：tocsin unshelve ALARM [选项]...\n\n"
       "提前恢复被搁置的告警。\n",
       "Usage: tocsin unshelve ALARM [OPTION]...\n\n"
       "Hear of a shelved alarm again before its time.\n"}}},
    {"out-of-service",
     "out-of-service",
     "已停用",
     "out of service",
     TAKES_SPAN | TAKES_SECOND,
     false,
     NULL,
     ONE_ALARM,
     {{"用法：tocsin out-of-service ALARM --until TIME --reason TEXT [选项]...\n\n"
       "传感器检修期间停用告警。到时自行恢复使用。\n"
       "火警和呼叫须由另一角色的第二人共同负责。\n",
       "Usage: tocsin out-of-service ALARM --until TIME --reason TEXT [OPTION]...\n\n"
       "Take an alarm out of service while its sensor is worked on. It is in service again by itself.\n"
       "A fire or a call takes a second person in another role.\n"}}},
    {"in-service",
     "in-service",
     "已恢复使用",
     "in service",
     0,
     false,
     NULL,
     ONE_ALARM,
     {{"用法：tocsin in-service ALARM [选项]...\n\n"
       "提前恢复使用告警。\n",
       "Usage: tocsin in-service ALARM [OPTION]...\n\n"
       "Put an alarm in service again before its time.\n"}}},
    {"disposition",
     "disposition",
     "已登记处置结论",
     "recorded what it was",
     0,
     false,
     "disposition",
     {{"接受一个 ALARM 和其性质：genuine、equipment、misuse、test、drill、duplicate、no_answer",
       "takes an ALARM and what it was: genuine, equipment, misuse, test, drill, duplicate, no_answer"}},
     {{"用法：tocsin disposition ALARM WORD [选项]...\n\n"
       "登记告警的处置结论，可在未关闭时或关闭后 24 小时内登记：genuine 属实、equipment 设备原因、\n"
       "misuse 误操作、test 测试、drill 演练、duplicate 重复、no_answer 无人应答。\n",
       "Usage: tocsin disposition ALARM WORD [OPTION]...\n\n"
       "Record what an alarm turned out to be, while it is open or up to 24 hours after: genuine,\n"
       "equipment, misuse, test, drill, duplicate or no_answer.\n"}}},
    {"test begin",
     "test-begin",
     "测试开始",
     "test begun",
     TAKES_SPAN | TAKES_SECOND,
     true,
     NULL,
     {{NULL}},
     {{NULL}}},
    {"test end", "test-end", "测试结束", "test ended", TAKES_SPAN, true, NULL, {{NULL}}, {{NULL}}},
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

/* `word` is the second operand, or NULL. */
static json_t *act_body(const struct options *options, const struct act *act, const char *word,
                        bool of_test) {
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
    const struct {
        const char *key, *text;
    } texts[] = {
        {"reason", options->reason},    {"until", options->until},
        {"second_by", options->second}, {"second_role", options->second_role},
        {"disposition", options->as},   {act->second, word},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].key != NULL && texts[i].text != NULL) {
            (void)json_object_set_new(body, texts[i].key, json_string(texts[i].text));
        }
    }
    if (options->minutes > 0) {
        (void)json_object_set_new(body, "minutes", json_integer(options->minutes));
    }
    if (options->seconds > 0) {
        (void)json_object_set_new(body, "seconds", json_integer(options->seconds));
    }
    if (of_test) {
        (void)json_object_set_new(body, "of_test", json_true());
    }
    return body;
}

/* Whoever acknowledged in a role that is not called has not ended the calls, and must not think so. */
static void act_tell_calling(const struct reader *reader, const json_t *roles) {
    size_t index;
    const json_t *role;
    if (json_array_size(roles) == 0) {
        return;
    }
    reader_put(reader, TONE_WARNING,
               reader_text(reader, "仍在继续呼叫他人；由以下角色确认（--role）才会停止：",
                           "people are called for it still; that stops when one of these roles "
                           "acknowledges it (--role): "));
    json_array_foreach(roles, index, role) {
        const char *word = json_string_value(role);
        reader_put(reader, TONE_WARNING, index == 0 ? "" : reader_text(reader, "、", ", "));
        reader_put(reader, TONE_WARNING, words_role(reader, word == NULL ? "" : word));
    }
    (void)fputc('\n', reader->out);
}

static int act_run(struct session *session, const struct act *act, const char *subject,
                   const char *word, bool of_test) {
    const struct options *options = session->options;
    const struct reader *reader = &session->reader;
    char escaped[2 * SITE_ALARM_NAME_SIZE];
    char path[3 * SITE_ALARM_NAME_SIZE];
    json_t *answer = NULL;
    client_escape(subject, escaped, sizeof escaped);
    (void)snprintf(path, sizeof path, "/api/v1/%s/%s/%s", act->about_place ? "places" : "alarms",
                   escaped, act->verb);
    json_t *body = act_body(options, act, word, of_test);
    int r = session_ask(session, path, body, &answer);
    json_decref(body);
    if (r != EXIT_DONE) {
        return r;
    }
    if (options->json) {
        session_print_json(session, answer);
    } else {
        reader_put(reader, TONE_GOOD, reader_text(reader, act->done_zh, act->done_en));
        reader_put(reader, TONE_PLAIN, "  ");
        reader_put(reader, TONE_PLAIN, subject);
        if (json_is_true(json_object_get(answer, "recorded"))) {
            (void)fprintf(reader->out, "  #%lld",
                          (long long)json_integer_value(json_object_get(answer, "seq")));
        } else {
            reader_put(reader, TONE_WARNING,
                       reader_text(reader, "  已执行，但尚未写入记录：请检查磁盘",
                                   "  done, but not recorded yet: look at the gateway's disk"));
        }
        (void)fputc('\n', reader->out);
        act_tell_calling(reader, json_object_get(answer, "calling"));
    }
    json_decref(answer);
    return r;
}

/* The act of a command; NULL when there is none. */
static const struct act *act_find(const char *command) {
    for (int i = 0; i < ACT_COUNT; i++) {
        if (strcmp(acts[i].command, command) == 0) {
            return &acts[i];
        }
    }
    return NULL;
}

int act_send_of_test(struct session *session, const char *command, const char *alarm) {
    const struct act *act = act_find(command);
    assert(act != NULL && act->second == NULL && !act->about_place);
    return act_run(session, act, alarm, NULL, true);
}

static int act_start(struct session *session) {
    const struct act *act = act_find(session->command);
    char **operands = session->options->operands;
    if (strchr(operands[0], '/') == NULL) {
        return arguments_refuse(session->command, act->operands, NULL);
    }
    return act_run(session, act, operands[0], act->second == NULL ? NULL : operands[1], false);
}

int act_main(int argc, char **argv) {
    const struct act *act = act_find(argv[0]);
    assert(act != NULL);
    uint32_t operands = act->second == NULL ? 1 : 2;
    const struct options_form form = {
        .taken = OPTION_BY | OPTION_REASON | OPTION_JSON | act->taken,
        .usage = &act->usage,
        .closing = &closing,
        .operands_min = operands,
        .operands_max = operands,
        .operands = act->operands,
    };
    return session_main(argc, argv, &form, act_start);
}

static int act_start_test(struct session *session) {
    char command[16];
    char **operands = session->options->operands;
    if (strcmp(operands[0], "reset") == 0) {
        return test_alarms_reset(session, operands[1]);
    }
    (void)snprintf(command, sizeof command, "test %s", operands[0]);
    const struct act *act = act_find(command);
    if (act == NULL) {
        return arguments_refuse(session->command, test_place, NULL);
    }
    int r = act_run(session, act, operands[1], NULL, false);
    if (r == EXIT_DONE && strcmp(operands[0], "begin") == 0) {
        test_alarms_warn(session, operands[1]);
    }
    return r;
}

int act_test_main(int argc, char **argv) {
    const struct options_form form = {
        .taken = OPTION_BY | OPTION_REASON | OPTION_JSON | TAKES_SPAN | TAKES_SECOND,
        .usage = &test_usage,
        .closing = &test_closing,
        .operands_min = 2,
        .operands_max = 2,
        .operands = test_place,
    };
    return session_main(argc, argv, &form, act_start_test);
}
