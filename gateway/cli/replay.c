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
#include <sys/stat.h>

#include "gateway/cli/event_difference.h"
#include "gateway/cli/event_line.h"
#include "gateway/cli/replay_export.h"
#include "gateway/cli/replay_options.h"
#include "gateway/cli/replay_report.h"
#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/replay/comparison.h"
#include "gateway/replay/ledger.h"
#include "gateway/replay/replay.h"

enum {
    EXIT_GOOD = 0,
    EXIT_FAILED = 1,
    EXIT_WRONG = 2,
};

struct performance {
    const struct replay_options *options;
    struct reader reader; /* on standard output */
    struct config_result result, other_result;
    struct tape kept; /* holds `site` if that is the recorded one */
    struct site site, other;
    struct replay replay;
    struct replay_report report; /* holds the journal to be compared with */
    struct ledger *ledger;
    struct comparison comparison;

    uint64_t events;
    bool learned; /* the reader knows the site's names */
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
        play->report.incomplete = true;
        (void)fputs("tocsin replay: no memory: an event is not shown\n", stderr);
        return;
    }
    const struct replay_report *report = &play->report;
    size_t size = journal_event_body(made, report->prefix, report->next_seq, play->events, body);
    (void)journal_event_free(made);
    replay_report_event(&play->report, body, size);
    if (report->check == NULL) {
        event_show(play, body, size);
    }
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

/* ---- sites ---- */

/* Load a site; prints what is wrong with it. Returns an exit code. */
static int site_load(const struct performance *play, const char *rules,
                     struct config_result *result, struct site *ret_site) {
    const struct replay_options *options = play->options;
    const struct config_options config = {.settings = options->settings.list,
                                          .setting_count = options->settings.count,
                                          .rules = rules};
    int r = config_load(options->site, &config, result);
    if (r < 0) {
        (void)fprintf(stderr, "tocsin replay: %s: %s\n", options->site, strerror(-r));
        return EXIT_FAILED;
    } else if (r != 0) {
        config_print(result, options->language, stderr);
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
                            : say(play, "录制时的站点文件已不在：请用 --site 指定",
                                  "the site it was recorded under is gone: name one by --site"));
        return EXIT_FAILED;
    }
    play->site = *site;
    return EXIT_GOOD;
}

static int performance_sites(struct performance *play) {
    const struct replay_options *options = play->options;
    struct replay *replay = &play->replay;
    replay->remark = replay_report_remark;
    replay->context = &play->report;
    play->report.numbered = options->into == NULL && options->against == NULL;
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

/* A file without any input, and without the name of a recording, may be something else. */
static void tape_doubt(const struct performance *play) {
    static const char suffix[] = ".recording";
    const char *path = play->options->recording;
    size_t len = strlen(path);
    size_t tail = sizeof suffix - 1;
    struct stat status;
    bool is_named = len > tail && strcmp(path + len - tail, suffix) == 0;
    if (play->replay.inputs == 0 && !is_named && stat(path, &status) == 0 &&
        S_ISREG(status.st_mode)) {
        (void)fprintf(stderr, "tocsin replay: %s: %s\n", path,
                      say(play, "若是数据库的导出文件，名称须以 .lp 或 .jsonl 结尾",
                          "if it is the export of a database, give it a name that ends in .lp or "
                          ".jsonl"));
    }
}

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
        tape_doubt(play);
    }
    return r == 0 ? 0 : err_trace(r);
}

static int play_history(struct performance *play) {
    struct history history;
    (void)snprintf(play->report.prefix, sizeof play->report.prefix, "%s.%s.replay.",
                   site_text(&play->site, play->site.header->site_id),
                   site_text(&play->site, play->site.header->gateway_id));
    int r = replay_export_read(play->options, &play->site, &play->report, &history);
    if (r == REPLAY_EXPORT_E_TOLD) {
        return EXIT_FAILED;
    } else if (r != 0) {
        return err_trace(r);
    }
    r = replay_history(&play->replay, &history);
    history_deinit(&history);
    return r == 0 ? 0 : err_trace(r);
}

static json_t *difference_body(const struct comparison_event *event) {
    return event != NULL ? json_loadb(event->body, event->size, 0, NULL) : NULL;
}

static void difference_told(void *context, const struct comparison_difference *difference) {
    struct performance *play = context;
    struct reader *reader = &play->reader;
    json_t *before = difference_body(difference->before);
    json_t *after = difference_body(difference->after);
    switch (difference->kind) {
    case COMPARISON_ONLY_BEFORE:
        event_line_print_marked(reader, "- ", before);
        break;
    case COMPARISON_ONLY_AFTER:
        event_line_print_marked(reader, "+ ", after);
        break;
    case COMPARISON_MOVED: {
        int64_t later_ns = difference->after->wall.ns - difference->before->wall.ns;
        double later_s = (double)later_ns / (double)NS_PER_S;
        event_line_print_marked(reader, "~ ", after);
        (void)fprintf(reader->out, "    %s %g s\n",
                      later_s > 0 ? say(play, "晚", "later by") : say(play, "早", "earlier by"),
                      later_s > 0 ? later_s : -later_s);
        event_difference_print(reader, before, after, true);
        break;
    }
    case COMPARISON_CHANGED:
        event_line_print_marked(reader, "~ ", before);
        event_difference_print(reader, before, after, false);
        break;
    }
    json_decref(after);
    json_decref(before);
}

/* ---- the end ---- */

static int finish_comparison(struct performance *play) {
    int64_t count = comparison_run(&play->comparison, difference_told, play);
    if (count < 0) {
        return (int)count;
    }
    (void)fprintf(
        stderr, "%s: %" PRIu64 "  %s: %zu → %zu  %s: %" PRId64 "\n",
        play->options->history ? say(play, "读数", "readings") : say(play, "输入", "inputs"),
        play->replay.inputs, say(play, "事件", "events"),
        play->comparison.lists[COMPARISON_BEFORE].count,
        play->comparison.lists[COMPARISON_AFTER].count, say(play, "不同", "differences"), count);
    return 0;
}

/* What is in the ledger is not all that was heard: whoever looks at it later cannot know. */
static void finish_ledger(struct performance *play) {
    say_count(play, stdout, play->events, "已写入的事件", "events recorded");
    if (play->report.incomplete) {
        (void)fprintf(stderr, "tocsin replay: %s: %s\n", play->options->into,
                      play->options->history
                          ? say(play, "导出文件中有些行已略过，写入的事件中没有它们",
                                "some lines of the export were left out, and this journal is "
                                "without them")
                          : say(play, "录制不完整，写入的事件也不完整",
                                "the recording is not whole, and neither is this journal"));
    }
}

static int performance_run(struct performance *play) {
    const struct replay_options *options = play->options;
    int end = performance_sites(play);
    if (end != EXIT_GOOD) {
        return end;
    }
    int r = options->journal != NULL ? journal_check_new(options->journal, &play->report.check) : 0;
    if (r == JOURNAL_CHECK_E_NONE) {
        (void)fprintf(stderr, "tocsin replay: %s: %s\n", options->journal,
                      say(play, "没有事件记录（journal.db），无法比较",
                          "there is no journal (journal.db) to compare with"));
        return EXIT_FAILED;
    }
    if (r == 0 && options->into != NULL) {
        r = ledger_new(&play->site, options->into, &play->ledger);
        if (r == LEDGER_E_EXISTS) {
            (void)fprintf(
                stderr, "tocsin replay: %s: %s\n", options->into,
                say(play, "已有事件记录，不会覆盖", "has a journal already, which is kept"));
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
        finish_ledger(play);
    }
    if (r < 0) {
        (void)fprintf(stderr, "tocsin replay: %s (%s)\n", strerror(-r), err_path());
        return EXIT_FAILED;
    }
    replay_report_finish(&play->report);
    if (play->report.check != NULL) {
        replay_report_figures(&play->report, play->replay.inputs, play->events);
    }
    say_count(play, stderr, play->replay.left_out, "已略过的输入（该站点没有相应的测点或设备）",
              "inputs left out of points or devices that the site does not have");
    return replay_report_is_good(&play->report, play->events) ? EXIT_GOOD : EXIT_FAILED;
}

int replay_main(int argc, char **argv) {
    struct replay_options options;
    enum arguments_end end = replay_options_parse(argc, argv, &options);
    if (end != ARGUMENTS_GO_ON) {
        return end;
    }
    struct performance play = {.options = &options};
    reader_init(&play.reader, stdout, options.language);
    play.report.reader = &play.reader;
    int exit_code = performance_run(&play);
    if (fflush(stdout) != 0 && exit_code == EXIT_GOOD) {
        exit_code = EXIT_FAILED;
    }
    reader_deinit(&play.reader);
    comparison_deinit(&play.comparison);
    play.report.check = journal_check_free(play.report.check);
    play.ledger = ledger_free(play.ledger);
    tape_close(&play.kept);
    config_result_deinit(&play.other_result);
    config_result_deinit(&play.result);
    return exit_code;
}
