/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/resend.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/cli/session.h"

static const struct arguments_words usage = {
    {"用法：tocsin resend --since SEQ|TIME|DAY [选项]...\n"
     "\n"
     "消息代理丢失了已收下的事件（重新安装，或磁盘损坏）时，再次发给它。事件保留原来的编号，\n"
     "并标记为 replayed，已有这些事件的接收方据此识别。其间新发生的告警优先发送。\n"
     "新的请求取代正在进行的请求；消息代理不在时等待。\n"
     "/metrics 中的 `uplink_resend_left` 归零即全部收下，日志中有 event=resend_over。\n"
     "\n"
     "SEQ 是 `tocsin events` 显示的事件序号；TIME 须带时区；DAY（如 2026-11-25）按站点时区：自当日零点起，\n"
     "用于 --until 时到当日结束。只有工程师可以请求。\n",
     "Usage: tocsin resend --since SEQ|TIME|DAY [OPTION]...\n"
     "\n"
     "Give the broker events once more that it had taken before, because it has lost them: it was set\n"
     "up anew, or lost its disk. They keep their ids, and are marked as replayed; who has them already\n"
     "knows them by that. Alarms that are raised meanwhile go first. A newer request takes the place\n"
     "of one that is under way; without its broker it waits. `uplink_resend_left` in /metrics is 0\n"
     "again when all has been taken, and the log says event=resend_over.\n"
     "\n"
     "SEQ is the number of an event as `tocsin events` shows it; TIME has its zone; DAY, 2026-11-25, is one\n"
     "of the site: from its midnight on, or with --until up to its end. Only an engineer may ask for it.\n"}};

static const struct arguments_words closing = {
    {"网关受理请求时退出码为 0；拒绝时为 1，并说明原因。\n",
     "Exit code 0 when the gateway has taken the request, 1 when it refuses it and says why.\n"}};

/* A number of an event, or a text that the gateway takes for a time. */
static json_t *resend_end(const char *text) {
    enum { DIGITS_MAX = 18 };
    size_t digits = strspn(text, "0123456789");
    bool number = digits > 0 && digits <= DIGITS_MAX && text[digits] == '\0';
    return number ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
}

static json_t *resend_body(const struct options *options) {
    json_t *body = json_object();
    (void)json_object_set_new(body, "since", resend_end(options->since));
    if (options->until != NULL) {
        (void)json_object_set_new(body, "until", resend_end(options->until));
    }
    if (options->to != NULL) {
        (void)json_object_set_new(body, "to", json_string(options->to));
    }
    if (options->by != NULL) {
        (void)json_object_set_new(body, "by", json_string(options->by));
    }
    return body;
}

static void resend_print(const struct reader *reader, const json_t *answer) {
    reader_put(reader, TONE_GOOD,
               reader_text(reader, "已受理：事件将再次发出，并标记为 replayed",
                           "asked for: the events go out once more, marked as replayed"));
    (void)fputc('\n', reader->out);
    if (!json_is_true(json_object_get(answer, "whole"))) {
        reader_put(
            reader, TONE_WARNING,
            reader_text(reader, "更早的事件已不在记录中，无法重发；现存最早的是 #",
                        "what was before is no longer kept and cannot be sent; the oldest is #"));
        (void)fprintf(reader->out, "%lld  %s\n",
                      (long long)json_integer_value(json_object_get(answer, "oldest_seq")),
                      member_text(answer, "oldest_time"));
    }
}

static int resend_run(struct session *session) {
    json_t *answer = NULL;
    if (session->options->since == NULL) {
        return arguments_refuse(
            session->command,
            (struct arguments_words){
                {"请说明从何处开始：--since 为事件序号、时间或日期",
                 "say from where on: --since takes the number of an event, a time or a day"}},
            NULL);
    }
    json_t *body = resend_body(session->options);
    int r = session_ask(session, "/api/v1/resend", body, &answer);
    json_decref(body);
    if (r == EXIT_DONE && session->options->json) {
        session_print_json(session, answer);
    } else if (r == EXIT_DONE) {
        resend_print(&session->reader, answer);
    }
    json_decref(answer);
    return r;
}

int resend_main(int argc, char **argv) {
    const struct options_form form = {
        .taken = OPTION_SINCE | OPTION_LAST | OPTION_TO | OPTION_BY | OPTION_JSON,
        .usage = &usage,
        .closing = &closing,
        .operands = {{"不带参数", "takes no arguments"}},
    };
    return session_main(argc, argv, &form, resend_run);
}
