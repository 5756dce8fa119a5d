/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/replay_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { COMPLAINTS_MAX = 20, TIME_SIZE = 32 };

static const char *say(const struct replay_report *report, const char *zh, const char *en) {
    return reader_text(report->reader, zh, en);
}

bool replay_report_may_complain(struct replay_report *report) {
    return report->complaints++ < COMPLAINTS_MAX;
}

/* By the clock of the site, whose zone the process has. */
static void wall_format(struct wall wall, char ret[TIME_SIZE]) {
    time_t seconds = (time_t)(wall.ns / (int64_t)NS_PER_S);
    struct tm tm;
    (void)localtime_r(&seconds, &tm);
    (void)strftime(ret, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
}

/* ---- the journal ---- */

static void report_differs(struct replay_report *report, const char *recorded, size_t recorded_size,
                           const char *body, size_t size) {
    report->different++;
    if (replay_report_may_complain(report)) {
        (void)fprintf(stderr, "tocsin replay: #%" PRIu64 " %s\n  %s %.*s\n  %s %.*s\n",
                      report->next_seq, say(report, "与记录不同", "is not what was recorded"),
                      say(report, "记录：", "recorded:"), (int)recorded_size, recorded,
                      say(report, "重放：", "replayed:"), (int)size, body);
    }
}

void replay_report_event(struct replay_report *report, const char *body, size_t size) {
    const char *recorded;
    size_t recorded_size;
    if (report->next_seq == 0) {
        return;
    }
    if (report->check != NULL) {
        switch (journal_check_next(report->check, report->next_seq, body, size, &recorded,
                                   &recorded_size)) {
        case JOURNAL_CHECK_EQUAL:
            report->equal++;
            break;
        case JOURNAL_CHECK_ABSENT:
            report->absent++;
            break;
        case JOURNAL_CHECK_DIFFERENT:
            report_differs(report, recorded, recorded_size, body, size);
            break;
        }
    }
    report->next_seq++;
}

/* Events of the journal that lie between two stretches, or behind the last one. */
struct report_gap {
    struct replay_report *report;
    const struct replay_told *next; /* the stretch that begins; NULL: there is none any more */
    char own[2 * JOURNAL_ID_PREFIX_SIZE]; /* the ids of its boot begin so */
    uint64_t later;                       /* behind all that was replayed: nobody can say why */
};

static bool row_is_of(const struct journal_check_row *row, const char *prefix) {
    char opening[3 * JOURNAL_ID_PREFIX_SIZE];
    int len = snprintf(opening, sizeof opening, "{\"specversion\":\"1.0\",\"id\":\"%s", prefix);
    return row->size >= (size_t)len && memcmp(row->body, opening, (size_t)len) == 0;
}

static void gap_row(void *context, const struct journal_check_row *row) {
    struct report_gap *gap = context;
    struct replay_report *report = gap->report;
    if (gap->next != NULL && gap->next->starts && row_is_of(row, gap->own)) {
        return; /* at its start the engine closes the alarms of rules that are gone: no input does */
    }
    bool heard = row->wall.ns <= report->ended.ns || (report->stopped && row_is_of(row, gap->own));
    if (gap->next == NULL && !heard) {
        gap->later++;
        return;
    }
    report->unmade++;
    if (replay_report_may_complain(report)) {
        (void)fprintf(
            stderr, "tocsin replay: #%" PRIu64 " %s\n  %s %.*s\n", row->seq,
            say(report, "在记录中，但重放没有产生", "was recorded, and the replay did not make it"),
            say(report, "记录：", "recorded:"), (int)row->size, row->body);
    }
}

/* Look what the journal has before the stretch that begins with `told`. */
static void report_gap_before(struct replay_report *report, const struct replay_told *told) {
    struct report_gap gap = {.report = report, .next = told};
    const struct recording_head *head = told->head;
    (void)snprintf(gap.own, sizeof gap.own, "%s.%s.%s.", head->site, head->gateway, head->boot);
    if (report->check != NULL && report->span_seq > 0 && head->next_seq > report->span_seq) {
        journal_check_each(report->check, report->span_seq, head->next_seq, gap_row, &gap);
    }
}

void replay_report_finish(struct replay_report *report) {
    struct report_gap gap = {.report = report};
    char ended[TIME_SIZE];
    (void)snprintf(gap.own, sizeof gap.own, "%s", report->prefix);
    if (report->check != NULL && report->span_seq > 0) {
        journal_check_each(report->check, report->span_seq, UINT64_MAX, gap_row, &gap);
    }
    if (gap.later > 0) {
        (void)fprintf(stderr, "tocsin replay: %s: %" PRIu64 "\n",
                      say(report, "录制结束之后的记录", "recorded after the recording ends"),
                      gap.later);
    }
    if (report->lost && report->ended.ns != 0) {
        wall_format(report->ended, ended);
        (void)fprintf(stderr, "tocsin replay: %s: %s %s\n", say(report, "未重放", "not replayed"),
                      say(report, "此后听到的一切，自", "what was heard from"), ended);
    }
}

void replay_report_figures(const struct replay_report *report, uint64_t inputs, uint64_t events) {
    (void)printf("%s: %" PRIu64 "  %s: %" PRIu64 "  %s: %" PRIu64 "  %s: %" PRIu64 "  %s: %" PRIu64
                 "  %s: %" PRIu64 "\n",
                 say(report, "输入", "inputs"), inputs, say(report, "事件", "events"), events,
                 say(report, "与记录相同", "equal to the journal"), report->equal,
                 say(report, "不同", "different"), report->different,
                 say(report, "不在记录中", "not in the journal"), report->absent,
                 say(report, "只在记录中", "only in the journal"), report->unmade);
}

bool replay_report_is_good(const struct replay_report *report, uint64_t events) {
    bool same = report->different == 0 && report->unmade == 0 && (report->equal > 0 || events == 0);
    return !report->incomplete && (report->check == NULL || same);
}

/* ---- remarks ---- */

static void report_say(const struct replay_report *report, const struct replay_told *told,
                       const char *zh, const char *en) {
    (void)fprintf(stderr, "tocsin replay: %s: %s\n", told->segment, say(report, zh, en));
}

static void report_count(const struct replay_report *report, const struct replay_told *told,
                         const char *zh, const char *en) {
    (void)fprintf(stderr, "tocsin replay: %s: %s: %" PRIu64 "\n", told->segment,
                  say(report, zh, en), told->count);
}

static void report_damaged(const struct replay_report *report, const struct replay_told *told) {
    (void)fprintf(
        stderr, "tocsin replay: %s: %s %" PRIu64 ": %s; %s: %" PRIu64 "\n", told->segment,
        say(report, "文件损坏，位于字节", "the file is damaged at byte"), told->count, told->reason,
        say(report, "此后无法读取的字节数", "bytes that cannot be read from there"), told->unread);
}

/* Say from when until when nothing is replayed, and which events are not shown because of it. */
static void report_hole(const struct replay_report *report, const struct recording_head *head) {
    char from[TIME_SIZE], until[TIME_SIZE];
    wall_format((struct wall){head->wall_ns}, until);
    if (report->ended.ns != 0) {
        wall_format(report->ended, from);
        (void)fprintf(stderr, "tocsin replay: %s: %s %s %s %s",
                      say(report, "未重放", "not replayed"),
                      say(report, "听到的一切，自", "what was heard from"), from,
                      say(report, "至", "until"), until);
    } else {
        (void)fprintf(stderr, "tocsin replay: %s: %s %s", say(report, "未重放", "not replayed"),
                      say(report, "听到的一切，早于", "what was heard before"), until);
    }
    if (report->ended_seq > 0 && head->next_seq > report->ended_seq) {
        (void)fprintf(stderr, "; %s #%" PRIu64 "–#%" PRIu64, say(report, "事件", "events"),
                      report->ended_seq, head->next_seq - 1);
    }
    (void)fputc('\n', stderr);
}

static void stretch_begins(struct replay_report *report, const struct replay_told *told) {
    const struct recording_head *head = told->head;
    bool recorded = head->boot[0] != 'r'; /* else its events had no numbers yet */
    bool has_seq = told->remark == REPLAY_BEGINS && recorded;
    if (report->lost) {
        report_hole(report, head);
        report->lost = false;
    }
    if (has_seq) {
        report_gap_before(report, told);
        report->span_seq = head->next_seq;
    } else if (recorded && report->span_seq == 0) {
        report->span_seq = head->next_seq;
    }
    (void)snprintf(report->prefix, sizeof report->prefix, "%s.%s.%s.", head->site, head->gateway,
                   has_seq ? head->boot : "replay");
    report->next_seq = has_seq ? head->next_seq : 0;
}

static void stretch_ends(struct replay_report *report, const struct replay_told *told) {
    report->ended = told->wall;
    report->stopped = told->stopped;
    report->ended_seq = report->numbered ? report->next_seq : 0;
    report->span_seq = report->next_seq > 0 ? report->next_seq : report->span_seq;
    report->next_seq = 0;
}

static void report_lost(struct replay_report *report) {
    report->incomplete = true;
    report->lost = true;
}

void replay_report_remark(void *context, const struct replay_told *told) {
    struct replay_report *report = context;
    switch (told->remark) {
    case REPLAY_BEGINS:
        stretch_begins(report, told);
        return;
    case REPLAY_BEGINS_FRESH:
        stretch_begins(report, told);
        report_say(
            report, told, "规则或程序版本与录制时不同：从当时已知的状态开始，时间窗口重新计",
            "other rules or another build than recorded: it begins from what was known then, "
            "and windows begin anew");
        return;
    case REPLAY_ENDS:
        stretch_ends(report, told);
        return;
    case REPLAY_UNREADABLE:
        (void)fprintf(stderr, "tocsin replay: %s: %s: %s\n", told->segment,
                      say(report, "无法读取", "it cannot be read"), told->reason);
        report_lost(report);
        return;
    case REPLAY_NO_SITE:
        report_say(report, told, "录制时的站点文件已不在，--site 的规则又不同：跳过",
                   "the site it was recorded under is gone, and --site has other rules: left out");
        report_lost(report);
        return;
    case REPLAY_DROPPED:
        report_count(report, told, "磁盘太慢，此后缺少的输入",
                     "the disk was too slow, inputs that are missing afterwards");
        report_lost(report);
        return;
    case REPLAY_DAMAGED:
        report_damaged(report, told);
        report_lost(report);
        return;
    case REPLAY_CUT:
        report_count(report, told, "文件被截断：录制时写入的结尾已不在，可读的字节数",
                     "the file is cut off: its end was recorded and is gone; bytes that are left");
        report_lost(report);
        return;
    case REPLAY_NO_FILES:
        report_count(report, told, "此文件之前缺少的录制文件",
                     "recordings that are missing before this one");
        report_lost(report);
        return;
    case REPLAY_NO_INPUTS:
        report_say(report, told, "此文件之前有一段时间未能录制（磁盘故障或已满）",
                   "for a while before this one nothing could be recorded: the disk failed or was "
                   "full");
        report_lost(report);
        return;
    case REPLAY_NO_MORE:
        report_say(report, told, "录制在下一个文件中继续，但该文件不在",
                   "it goes on in a further recording, which is missing");
        report_lost(report);
        return;
    case REPLAY_STRAYED:
        report->incomplete = true;
        report_say(
            report, told, "重放没有到达此段的快照：这是程序错误，请报告",
            "the replay did not arrive at this segment's snapshot: this is a bug, report it");
        return;
    case REPLAY_REMARK_COUNT:
        break;
    }
}
