/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events go to standard output, everything that is to be known about them to standard error, so that
 * the one can be compared and the other be read.
 */
#include "gateway/cli/replay.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/event_line.h"
#include "gateway/cli/replay_options.h"
#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/replay/comparison.h"
#include "gateway/replay/journal_check.h"
#include "gateway/replay/ledger.h"
#include "gateway/replay/replay.h"

enum {
    EXIT_GOOD = 0,
    EXIT_FAILED = 1,
    EXIT_WRONG = 2,
    /* Differences from the journal, and lines of a history that are wrong, told one by one. */
    COMPLAINTS_MAX = 20,
};

struct performance {
    const struct replay_options *options;
    struct reader reader; /* on standard output */
    struct config_result result, other_result;
    struct tape kept; /* holds `site` if that is the recorded one */
    struct site site, other;
    struct replay replay;
    struct journal_check *check;
    struct ledger *ledger;
    struct comparison comparison;

    char prefix[2 * JOURNAL_ID_PREFIX_SIZE]; /* of the ids of the stretch */
    uint64_t next_seq;                       /* 0: the events have none */
    uint64_t events;
    uint64_t equal, different, absent; /* from the journal */
    uint64_t complaints;
    bool learned;    /* the reader knows the site's names */
    bool incomplete; /* something is missing, damaged or strayed */
};

static const char *say(const struct performance *play, const char *zh, const char *en) {
    return reader_text(&play->reader, zh, en);
}

/* A figure with what it counts, where there is something to tell. */
static void say_count(const struct performance *play, FILE *out, uint64_t count, const char *zh,
                      const char *en) {
    if (count > 0) {
        (void)fprintf(out, "%s: %" PRIu64 "\n", say(play, zh, en), count);
    }
}

/* ---- events ---- */

/* Teach the reader the names of the places and the zone, as the console does elsewhere. */
static void performance_learn(struct performance *play, const struct site *site) {
    if (play->learned) {
        return;
    }
    play->learned = true;
    json_t *places = json_array();
    for (uint32_t i = 0; i < site->ruleset.place_count; i++) {
        struct site_name name = site->places[i].name;
        (void)json_array_append_new(
            places, json_pack("{s:s, s:{s:s, s:s}}", "place", site_text(site, site->places[i].id),
                              "name", "zh", site_name_text(site, name, LANGUAGE_ZH), "en",
                              site_name_text(site, name, LANGUAGE_EN)));
    }
    json_t *answer = json_pack("{s:s, s:o}", "timezone", site_text(site, site->header->timezone),
                               "places", places);
    reader_learn_places(&play->reader, answer);
    json_decref(answer);
}

static void event_show(struct performance *play, const char *body, size_t size) {
    if (!play->options->text) {
        (void)printf("%.*s\n", (int)size, body);
        return;
    }
    json_t *event = json_loadb(body, size, 0, NULL);
    if (event != NULL) {
        event_line_print(&play->reader, event);
        json_decref(event);
    }
}

static void journal_differs(struct performance *play, uint64_t seq, const char *recorded,
                            size_t recorded_size, const char *body, size_t size) {
    play->different++;
    if (play->complaints++ < COMPLAINTS_MAX) {
        (void)fprintf(stderr, "tocsin replay: #%" PRIu64 " %s\n  %s %.*s\n  %s %.*s\n", seq,
                      say(play, "与记录不同", "is not what was recorded"),
                      say(play, "记录:", "recorded:"), (int)recorded_size, recorded,
                      say(play, "重放:", "replayed:"), (int)size, body);
    }
}

static void journal_compare(struct performance *play, uint64_t seq, const char *body, size_t size) {
    const char *recorded;
    size_t recorded_size;
    switch (journal_check_next(play->check, seq, body, size, &recorded, &recorded_size)) {
    case JOURNAL_CHECK_EQUAL:
        play->equal++;
        return;
    case JOURNAL_CHECK_ABSENT:
        play->absent++;
        return;
    case JOURNAL_CHECK_DIFFERENT:
        journal_differs(play, seq, recorded, recorded_size, body, size);
        return;
    }
}

/* Write the event as it is published; numbered by itself where the recording gives no seq. */
static void event_told(void *context, const struct rehearsal *rehearsal,
                       const struct core_event *event, const struct event_json *json) {
    struct performance *play = context;
    struct journal_event *made;
    char body[WIRE_BODY_MAX];
    (void)event;
    if (play->replay.muted) {
        return;
    }
    play->events++;
    performance_learn(play, rehearsal->site);
    if (journal_event_new(json->text, json->split, json->size, &made) != 0) {
        play->incomplete = true;
        (void)fputs("tocsin replay: no memory: an event is not shown\n", stderr);
        return;
    }
    uint64_t seq = play->next_seq;
    size_t size = journal_event_body(made, play->prefix, seq, play->events, body);
    (void)journal_event_free(made);
    if (play->check != NULL && seq > 0) {
        journal_compare(play, seq, body, size);
    } else if (play->check == NULL) {
        event_show(play, body, size);
    }
    play->next_seq += seq > 0 ? 1 : 0;
}

static void event_before(void *context, const struct rehearsal *rehearsal,
                         const struct core_event *event, const struct event_json *json) {
    struct performance *play = context;
    if (!play->replay.muted) {
        play->events++;
        performance_learn(play, rehearsal->site);
        comparison_add(&play->comparison, COMPARISON_BEFORE, rehearsal->site, event, json);
    }
}

static void event_after(void *context, const struct rehearsal *rehearsal,
                        const struct core_event *event, const struct event_json *json) {
    struct performance *play = context;
    if (!play->replay.muted) {
        comparison_add(&play->comparison, COMPARISON_AFTER, rehearsal->site, event, json);
    }
}

static void event_kept(void *context, const struct rehearsal *rehearsal,
                       const struct core_event *event, const struct event_json *json) {
    struct performance *play = context;
    (void)json;
    if (!play->replay.muted) {
        play->events++;
        ledger_event(play->ledger, rehearsal, event);
    }
}

static void alarm_kept(void *context, const struct rehearsal *rehearsal, uint32_t alarm,
                       struct wall wall) {
    const struct performance *play = context;
    ledger_alarm(play->ledger, rehearsal, alarm, wall);
}

/* ---- remarks ---- */

static void remark_say(const struct performance *play, const struct replay_told *told,
                       const char *zh, const char *en) {
    (void)fprintf(stderr, "tocsin replay: %s: %s\n", told->segment, say(play, zh, en));
}

static void remark_reason(const struct performance *play, const struct replay_told *told,
                          const char *zh, const char *en) {
    (void)fprintf(stderr, "tocsin replay: %s: %s: %s (%" PRIu64 ")\n", told->segment,
                  say(play, zh, en), told->reason != NULL ? told->reason : "", told->count);
}

static void stretch_begins(struct performance *play, const struct replay_told *told) {
    const struct recording_head *head = told->head;
    bool has_seq = told->remark == REPLAY_BEGINS && head->boot[0] != 'r';
    (void)snprintf(play->prefix, sizeof play->prefix, "%s.%s.%s.", head->site, head->gateway,
                   has_seq ? head->boot : "replay");
    play->next_seq = has_seq ? head->next_seq : 0;
}

/* The journal goes on where the replay ended: then something was recorded that was not replayed. */
static void stretch_ends(struct performance *play, const struct replay_told *told) {
    const char *recorded;
    size_t size;
    if (play->check != NULL && play->next_seq > 0 &&
        journal_check_has(play->check, play->next_seq, told->wall, &recorded, &size)) {
        journal_differs(play, play->next_seq, recorded, size, "-", 1);
    }
    play->next_seq = 0;
}

static void remark(void *context, const struct replay_told *told) {
    struct performance *play = context;
    play->incomplete =
        play->incomplete || (told->remark != REPLAY_BEGINS && told->remark != REPLAY_BEGINS_FRESH &&
                             told->remark != REPLAY_ENDS);
    switch (told->remark) {
    case REPLAY_BEGINS:
        stretch_begins(play, told);
        return;
    case REPLAY_BEGINS_FRESH:
        stretch_begins(play, told);
        remark_say(
            play, told, "规则或程序版本与录制时不同:从当时已知的状态开始,时间窗口重新计",
            "other rules or another build than recorded: it begins from what was known then, "
            "and windows begin anew");
        return;
    case REPLAY_UNREADABLE:
        remark_reason(play, told, "无法读取", "it cannot be read");
        return;
    case REPLAY_NO_SITE:
        remark_say(play, told, "录制时的站点文件已不在,--site 的规则又不同:跳过",
                   "the site it was recorded under is gone, and --site has other rules: left out");
        return;
    case REPLAY_DROPPED:
        remark_reason(play, told, "磁盘太慢,此后缺少输入",
                      "the disk was too slow, inputs are missing afterwards");
        return;
    case REPLAY_DAMAGED:
        remark_reason(play, told, "文件损坏", "the file is damaged");
        return;
    case REPLAY_STRAYED:
        remark_say(
            play, told, "重放没有到达此段的快照:这是程序错误,请报告",
            "the replay did not arrive at this segment's snapshot: this is a bug, report it");
        return;
    case REPLAY_ENDS:
        stretch_ends(play, told);
        return;
    case REPLAY_REMARK_COUNT:
        break;
    }
}

/* ---- sites ---- */

/* Load a site; prints what is wrong with it. Returns an exit code. */
static int site_load(const struct performance *play, const char *rules,
                     struct config_result *result, struct site *ret_site) {
    const struct replay_options *options = play->options;
    const struct config_options config = {
        .settings = options->settings, .setting_count = options->setting_count, .rules = rules};
    int r = config_load(options->site, &config, result);
    if (r < 0) {
        (void)fprintf(stderr, "tocsin replay: %s: %s\n", options->site, strerror(-r));
        return EXIT_FAILED;
    } else if (r != 0) {
        config_print(result, stderr);
        return EXIT_WRONG;
    }
    int viewed = site_view(result->image, result->image_size, ret_site);
    assert(viewed == 0 && "the compiler and the reader of images agree");
    return EXIT_GOOD;
}

/* The site that was recorded last, kept open until the end. */
static int site_recorded(struct performance *play) {
    const char *recording = play->options->recording;
    char reason[RECORDING_REASON_SIZE];
    int r = tape_open(&play->kept, recording, reason);
    const struct site *site = r == 0 ? tape_newest_site(&play->kept) : NULL;
    if (r < 0) {
        (void)fprintf(stderr, "tocsin replay: %s: %s\n", recording, strerror(-r));
        return EXIT_FAILED;
    } else if (site == NULL) {
        (void)fprintf(stderr, "tocsin replay: %s: %s\n", recording,
                      r > 0 ? reason
                            : say(play, "录制时的站点文件已不在:请用 --site 指定",
                                  "the site it was recorded under is gone: name one by --site"));
        return EXIT_FAILED;
    }
    play->site = *site;
    return EXIT_GOOD;
}

static int performance_sites(struct performance *play) {
    const struct replay_options *options = play->options;
    struct replay *replay = &play->replay;
    replay->remark = remark;
    replay->context = play;
    replay->side_count = 1;
    replay->sides[0] = (struct replay_side){.told = event_told, .context = play};
    if (options->site != NULL || options->into != NULL) {
        int end = options->site != NULL ? site_load(play, NULL, &play->result, &play->site)
                                        : site_recorded(play);
        if (end != EXIT_GOOD) {
            return end;
        }
        replay->sides[0].site = &play->site;
    }
    if (options->into != NULL) {
        replay->sides[0].told = event_kept;
        replay->sides[0].changed = alarm_kept;
    }
    if (options->against != NULL) {
        int end = site_load(play, options->against, &play->other_result, &play->other);
        if (end != EXIT_GOOD) {
            return end;
        }
        replay->side_count = 2;
        replay->sides[0].told = event_before;
        replay->sides[1] =
            (struct replay_side){.site = &play->other, .told = event_after, .context = play};
    }
    return EXIT_GOOD;
}

/* ---- the three kinds of replay ---- */

static int play_tape(struct performance *play) {
    struct tape tape;
    char reason[RECORDING_REASON_SIZE];
    int r = tape_open(&tape, play->options->recording, reason);
    if (r > 0) {
        (void)fprintf(stderr, "tocsin replay: %s: %s\n", play->options->recording, reason);
        return EXIT_FAILED;
    }
    if (r == 0) {
        r = replay_tape(&play->replay, &tape);
        tape_close(&tape);
    }
    return r == 0 ? 0 : err_trace(r);
}

static void history_complain_of(void *context, uint64_t line, uint32_t column, const char *what,
                                const char *about) {
    struct performance *play = context;
    play->incomplete = true;
    if (play->complaints++ >= COMPLAINTS_MAX) {
        return;
    }
    (void)fprintf(stderr, "%s:%" PRIu64, play->options->recording, line);
    if (column > 0) {
        (void)fprintf(stderr, ":%u", column);
    }
    (void)fprintf(stderr, ": %s%s%s\n", what, about[0] != '\0' ? ": " : "", about);
}

static int play_history(struct performance *play) {
    struct history history;
    FILE *file = fopen(play->options->recording, "r");
    if (file == NULL) {
        (void)fprintf(stderr, "tocsin replay: %s: %s\n", play->options->recording, strerror(errno));
        return EXIT_FAILED;
    }
    (void)snprintf(play->prefix, sizeof play->prefix, "%s.%s.replay.",
                   site_text(&play->site, play->site.header->site_id),
                   site_text(&play->site, play->site.header->gateway_id));
    int r = history_read(&history, file, &play->site, history_complain_of, play);
    (void)fclose(file);
    if (r != 0) {
        return err_trace(r);
    }
    say_count(play, stderr, history.wrong, "已略过的错误行", "wrong lines left out");
    say_count(play, stderr, history.strange, "已略过的不属于本站点的行",
              "lines left out of points that the site does not have");
    r = replay_history(&play->replay, &history);
    history_deinit(&history);
    return r == 0 ? 0 : err_trace(r);
}

static void difference_show(struct performance *play, const char *mark,
                            const struct comparison_event *event) {
    json_t *body = json_loadb(event->body, event->size, 0, NULL);
    if (body != NULL) {
        event_line_print_marked(&play->reader, mark, body);
        json_decref(body);
    }
}

static void difference_told(void *context, const struct comparison_difference *difference) {
    struct performance *play = context;
    const struct comparison_event *before = difference->before;
    const struct comparison_event *after = difference->after;
    switch (difference->kind) {
    case COMPARISON_ONLY_BEFORE:
        difference_show(play, "- ", before);
        return;
    case COMPARISON_ONLY_AFTER:
        difference_show(play, "+ ", after);
        return;
    case COMPARISON_MOVED: {
        double later_s = (double)(after->wall.ns - before->wall.ns) / (double)NS_PER_S;
        difference_show(play, "~ ", after);
        (void)fprintf(play->reader.out, "    %s %g s\n",
                      later_s > 0 ? say(play, "晚", "later by") : say(play, "早", "earlier by"),
                      later_s > 0 ? later_s : -later_s);
        return;
    }
    case COMPARISON_CHANGED:
        difference_show(play, "~ ", before);
        difference_show(play, "  ", after);
        return;
    }
}

/* ---- the end ---- */

static int finish_comparison(struct performance *play) {
    int64_t count = comparison_run(&play->comparison, difference_told, play);
    if (count < 0) {
        return (int)count;
    }
    (void)fprintf(stderr, "%s: %" PRIu64 "  %s: %zu → %zu  %s: %" PRId64 "\n",
                  say(play, "输入", "inputs"), play->replay.inputs, say(play, "事件", "events"),
                  play->comparison.lists[COMPARISON_BEFORE].count,
                  play->comparison.lists[COMPARISON_AFTER].count, say(play, "不同", "differences"),
                  count);
    return 0;
}

static void finish_check(struct performance *play) {
    (void)printf("%s: %" PRIu64 "  %s: %" PRIu64 "  %s: %" PRIu64 "  %s: %" PRIu64 "  %s: %" PRIu64
                 "\n",
                 say(play, "输入", "inputs"), play->replay.inputs, say(play, "事件", "events"),
                 play->events, say(play, "与记录相同", "equal to the journal"), play->equal,
                 say(play, "不同", "different"), play->different,
                 say(play, "不在记录中", "not in the journal"), play->absent);
}

static int performance_run(struct performance *play) {
    const struct replay_options *options = play->options;
    int end = performance_sites(play);
    if (end != EXIT_GOOD) {
        return end;
    }
    int r = options->journal != NULL ? journal_check_new(options->journal, &play->check) : 0;
    if (r == 0 && options->into != NULL) {
        r = ledger_new(&play->site, options->into, &play->ledger);
        if (r == LEDGER_E_EXISTS) {
            (void)fprintf(
                stderr, "tocsin replay: %s: %s\n", options->into,
                say(play, "已有事件记录,不会覆盖", "has a journal already, which is kept"));
            return EXIT_FAILED;
        }
    }
    if (r == 0) {
        r = options->history ? play_history(play) : play_tape(play);
    }
    if (r > 0) {
        return r;
    }
    if (r == 0 && options->against != NULL) {
        r = finish_comparison(play);
    }
    if (r == 0 && play->ledger != NULL) {
        r = ledger_finish(play->ledger);
        say_count(play, stdout, play->events, "已写入的事件", "events recorded");
    }
    if (r < 0) {
        (void)fprintf(stderr, "tocsin replay: %s (%s)\n", strerror(-r), err_path());
        return EXIT_FAILED;
    }
    if (play->check != NULL) {
        finish_check(play);
    }
    say_count(play, stderr, play->replay.left_out, "已略过的输入(该站点没有相应的测点或设备)",
              "inputs left out of points or devices that the site does not have");
    bool good = !play->incomplete && play->different == 0 &&
                (play->check == NULL || play->equal > 0 || play->events == 0);
    return good ? EXIT_GOOD : EXIT_FAILED;
}

int replay_main(int argc, char **argv) {
    struct replay_options options;
    enum replay_end end = replay_options_parse(argc, argv, &options);
    if (end != REPLAY_GO_ON) {
        return end == REPLAY_HELP ? EXIT_GOOD : EXIT_WRONG;
    }
    struct performance play = {.options = &options};
    reader_init(&play.reader, stdout, options.language);
    int exit_code = performance_run(&play);
    if (fflush(stdout) != 0 && exit_code == EXIT_GOOD) {
        exit_code = EXIT_FAILED;
    }
    reader_deinit(&play.reader);
    comparison_deinit(&play.comparison);
    play.check = journal_check_free(play.check);
    play.ledger = ledger_free(play.ledger);
    tape_close(&play.kept);
    config_result_deinit(&play.other_result);
    config_result_deinit(&play.result);
    return exit_code;
}
