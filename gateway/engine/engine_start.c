/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The start: what the journal remembers is given back to the core, before anything else is heard
 */
#include <inttypes.h>
#include <stdlib.h>

#include "gateway/engine/carryover.h"
#include "gateway/engine/engine_parts.h"
#include "gateway/engine/restore.h"

struct engine_restore {
    struct engine *engine;
    struct journal_reader *reader;
    struct wall newest; /* when any state was recorded last; counters are with each count */
    struct wall good;   /* the wall clock was behind this; 0: it was to be trusted */
    struct wall mended; /* it had shown this, wrongly, before it was set right; 0: nothing of it */
    struct carryover carryover;
    uint32_t restored, forgotten;
};

/*
 * What was recorded while the clock was ahead, before somebody set it right, says nothing of how late it was:
 * else the clock would be behind for as long as it had been ahead, after each start.
 */
static void engine_note_shown(struct engine_restore *restore, struct wall shown) {
    int64_t mended_ns = restore->mended.ns;
    bool is_wrong = shown.ns <= mended_ns && shown.ns >= mended_ns - (int64_t)CORE_CLOCK_AHEAD_NS &&
                    shown.ns > engine_wall(restore->engine).ns;
    if (!is_wrong && shown.ns > restore->newest.ns) {
        restore->newest = shown;
    }
}

static struct event_moment engine_moment(const struct engine *engine) {
    return (struct event_moment){
        .at = engine->newest,
        .wall = clock_wall(),
        .clock_behind = core_clock_behind_ns(engine->core, engine->newest) > 0,
    };
}

/* The site no longer has this alarm, its rule or what it was of: if it is open it ends now, and is told to have. */
static void engine_end_alarm(struct engine *engine, const char *name,
                             const struct journal_alarm *recorded) {
    char quoted[512];
    if (!recorded->record.axes.open) {
        return;
    }
    const struct event_moment now = engine_moment(engine);
    int r = recorder_end_alarm(engine->recorder, name, &recorded->record, &now);
    if (r != 0) {
        log_failure("alarm_not_ended", r, "an alarm without a rule is closed at the next start");
        return;
    }
    log_line(
        LOG_WARNING, "alarm_without_rule",
        "alarm=%s effect=\"its rule, or its place, point or device, is no longer in the site by this "
        "name: the alarm is closed, and whether the danger is over is not known\"",
        log_quote(name, quoted, sizeof quoted));
}

static void engine_restore_alarm(void *context, const char *name, struct journal_alarm *recorded) {
    struct engine_restore *restore = context;
    struct engine *engine = restore->engine;
    uint32_t alarm = site_alarm_find(engine->site, name);
    if (alarm == RULESET_NONE) {
        engine_end_alarm(engine, name, recorded);
        restore->forgotten += recorded->record.axes.open;
        return;
    }
    engine_note_shown(restore, recorded->at_wall);
    engine_note_recorded_loss(engine, alarm, recorded);
    bool emergency = engine->site->ruleset.alarms[alarm].priority == PRIORITY_EMERGENCY;
    restore_life(recorded, engine->newest, engine_wall(engine), emergency);
    struct core_kept kept = core_restore(engine->core, alarm, &recorded->record, recorded->memories,
                                         recorded->memory_count, engine->newest);
    carryover_add(&restore->carryover, engine->site, alarm, &kept);
    core_restore_chain(engine->core, alarm, &recorded->chain, engine->newest);
    engine->alarms[alarm] = (struct alarm_decision){
        .value = recorded->value, .quality = recorded->quality, .changed = recorded->changed};
    struct journal_alarm *state = engine_alarm_state(engine, alarm);
    if (state != NULL) {
        teller_alarm(engine->teller, state);
        free(state);
    }
    notices_recover(&engine->notices, restore->reader, alarm, &recorded->chain);
    restore->restored++;
    bool foreign = recorded->at.ns == JOURNAL_INSTANT_FOREIGN.ns;
    if (kept.anew > 0 || kept.dropped > 0 || kept.delay_ended || foreign) {
        /* What was forgotten is not to be found again later, and time counts from now on. */
        engine_record_alarm(engine, alarm);
    }
}

static bool engine_is_watched(void *context, const char *name) {
    const struct engine *engine = context;
    return site_alarm_find(engine->site, name) != RULESET_NONE;
}

/* The site no longer has the place of this test: it ends now, and is told to have. */
static void engine_end_test(struct engine *engine, const char *place) {
    char quoted[512];
    const struct event_moment now = engine_moment(engine);
    int r = recorder_end_test(engine->recorder, place, &now);
    if (r != 0) {
        log_failure("test_not_ended", r, "the end of a test without a place is not told");
    }
    engine->standing.changed = true;
    log_line(LOG_WARNING, "test_without_place",
             "place=%s effect=\"it is no longer in the site, which ends its test\"",
             log_quote(place, quoted, sizeof quoted));
}

static void engine_restore_test(void *context, const struct journal_standing *recorded,
                                const struct journal_test *test) {
    struct engine *engine = context;
    uint32_t place = site_place_find(engine->site, test->place);
    if (place == RULESET_NONE) {
        engine_end_test(engine, test->place);
        return;
    }
    standing_restore_test(&engine->standing, place, recorded, test, engine->newest,
                          engine_wall(engine));
}

static void engine_restore_trip(void *context, const struct journal_standing *recorded,
                                const struct journal_trip *trip) {
    struct engine *engine = context;
    standing_restore_trip(&engine->standing, recorded, trip, engine->newest);
}

/* A round of a place that the site no longer has, or no longer at the top, is over without a word. */
static void engine_restore_walk(void *context, const struct journal_standing *recorded,
                                const struct journal_walk *walk) {
    struct engine_restore *restore = context;
    struct engine *engine = restore->engine;
    uint32_t place = site_place_find(engine->site, walk->place);
    engine_note_shown(restore, recorded->at_wall);
    if (place != RULESET_NONE) {
        standing_restore_walk(&engine->standing, place, recorded, walk, engine->newest,
                              engine_wall(engine));
    }
}

/*
 * How far the clock is still behind what it had shown when it was set back. A gateway that is new knows no
 * such time, but none is earlier than its own program: one that starts in 1970 is behind from its first
 * event on.
 */
static void engine_restore_clock(struct engine_restore *restore) {
    struct engine *engine = restore->engine;
    const struct wall floor = clock_floor();
    if (restore->good.ns < 0) {
        restore->mended.ns = -restore->good.ns;
        restore->good.ns = 0;
    }
    if (restore->mended.ns > engine_wall(engine).ns) {
        engine->standing.clock_mended = restore->mended; /* for the next start as well */
    }
    if (floor.ns > restore->good.ns && floor.ns > engine_wall(engine).ns) {
        restore->good = floor;
        log_line(
            LOG_WARNING, "clock_impossible",
            "effect=\"it shows a time before this program was made: events say that their time is not "
            "to be trusted, and no history is written, until it is set; delays are right all the "
            "same\"");
    }
    int64_t behind_ns = restore->good.ns - engine_wall(engine).ns;
    if (restore->good.ns != 0 && behind_ns > 0) {
        core_restore_clock(engine->core, (uint64_t)behind_ns, engine->newest);
    }
}

/* What stood beside the alarms; before them, for they ask whether their place is under test. */
static int engine_restore_standing(struct engine_restore *restore) {
    struct engine *engine = restore->engine;
    struct journal *journal = recorder_journal(engine->recorder);
    struct flood_record flood;
    int r = journal_flood(journal, &flood);
    if (r == 0) {
        core_restore_flood(engine->core, &flood, engine->newest);
        r = journal_clock(journal, &restore->good);
    }
    if (r == 0) {
        engine_restore_clock(restore);
        r = journal_tests(journal, engine_restore_test, engine);
    }
    if (r == 0) {
        r = journal_walks(journal, engine_restore_walk, restore);
    }
    if (r == 0) {
        r = journal_trips(journal, engine_restore_trip, engine);
    }
    return r == 0 ? 0 : err_trace(r);
}

/* How much later it is than the newest time that is known, the program's own at least. */
static void engine_restore_clock_ahead(struct engine_restore *restore) {
    struct engine *engine = restore->engine;
    const struct wall floor = clock_floor();
    int64_t known_ns = restore->newest.ns > floor.ns ? restore->newest.ns : floor.ns;
    int64_t ahead_ns = engine_wall(engine).ns - known_ns;
    if (known_ns > 0 && ahead_ns > 0) {
        core_restore_clock_ahead(engine->core, (uint64_t)ahead_ns, engine->newest);
    }
}

/* Give the core its recorded life back, and say what of it could not be. */
static int engine_restore(struct engine *engine, struct engine_restore *restore) {
    int r = carryover_init(&restore->carryover, engine->site);
    if (r == 0) {
        r = journal_reader_new(site_text(engine->site, engine->site->header->state_directory),
                               &restore->reader);
    }
    if (r == 0) {
        r = engine_restore_standing(restore);
    }
    if (r == 0) {
        r = journal_alarms(recorder_journal(engine->recorder), engine_restore_alarm, restore);
    }
    if (r == 0) {
        engine_restore_clock_ahead(restore);
        (void)carryover_tell(&restore->carryover, engine->site);
        int forgotten =
            journal_forget(recorder_journal(engine->recorder), engine_is_watched, engine);
        if (forgotten != 0) {
            log_failure("past_not_forgotten", forgotten,
                        "a rule that was removed and comes back would remember too much");
        }
    }
    (void)journal_reader_free(restore->reader);
    carryover_deinit(&restore->carryover);
    return r == 0 ? 0 : err_trace(r);
}

/*
 * Is the clock behind what it showed in the life before, and was not then? It has no battery, or somebody
 * set it while the gateway was away.
 */
static void engine_miss_time(struct engine *engine, const struct engine_restore *restore) {
    int64_t now_ns = engine_wall(engine).ns;
    int64_t step_ns = (restore->good.ns > now_ns ? restore->good.ns : now_ns) - restore->newest.ns;
    if (step_ns <= -ENGINE_STEP_NS) {
        engine_tell_step(engine, step_ns);
    }
}

static void engine_recall_point(void *context, const struct journal_present *taken,
                                const struct journal_point *point) {
    struct engine *engine = context;
    present_recall(engine->present, taken, point, engine->newest, engine_wall(engine));
}

/* The points say what they said last, as if their field process had told it to an engine that is new. */
static void engine_recall_values(struct engine *engine) {
    struct input input;
    for (uint32_t point = 0; present_next(engine->present, &point, &input);) {
        (void)engine_apply(engine, &input, NULL);
        teller_reading(engine->teller, input.reading.point, input.reading.measured);
    }
    present_tell(engine->present);
}

/*
 * What has begun, and with which site. A reload is told as a changed site and as nothing else: whoever reads
 * at night that the gateway started looks for the power cut.
 */
static void engine_tell_beginning(struct engine *engine) {
    bool is_reload = engine->process->is_reload;
    uint64_t before = journal_generation_before(recorder_journal(engine->recorder));
    bool is_changed = before != engine->site->header->generation && (before != 0 || is_reload);
    struct input start = {
        .kind = INPUT_START,
        .state = engine->site_refused ? TRUTH_FALSE : TRUTH_TRUE,
        .step = is_reload && is_changed ? CORE_START_RELOAD : CORE_START_GATEWAY,
    };
    struct input changed = {.kind = INPUT_CONFIGURATION, .state = TRUTH_TRUE, .generation = before};
    (void)engine_apply(engine, &start, NULL);
    if (is_changed) {
        (void)engine_apply(engine, &changed, NULL);
    }
    if (engine->site_refused) {
        engine_apply_state(engine, INPUT_CONFIGURATION, 0, TRUTH_FALSE);
    }
}

/* Give the core its recorded life back, then its first inputs. */
int engine_begin(struct engine *engine) {
    struct engine_restore restore = {.engine = engine};
    struct journal *journal = recorder_journal(engine->recorder);
    /* Whatever the past is worth: the rooms are watched. */
    int r = engine_restore(engine, &restore);
    if (r != 0) {
        log_failure(
            "past_unknown", r,
            "what was open before may only be known again when its sensors say so; all rooms "
            "are watched");
    }
    r = journal_points(journal, engine_recall_point, engine);
    if (r != 0) {
        log_failure("values_unknown", r,
                    "points are unknown until they say something; all rooms are watched");
    }
    r = recorder_start(engine->recorder);
    if (r != 0) {
        return err_trace(r);
    }
    /* A levelling that was due while the gateway was away is made up for. */
    struct wall before_wall = restore.newest.ns > 0 ? restore.newest : clock_wall();
    calendar_told_levelled(&engine->calendar_told, &engine->calendar, before_wall);
    engine->drift_ns = clock_wall().ns - (int64_t)clock_instant().ns;
    engine->awake = engine_now(engine);
    roster_init(&engine->roster, site_component_engine(engine->site), clock_real_ns());
    engine_record_changed(engine); /* delays that stand from now on; a recording begins with none */
    if (recording_ring_is_due(engine->recording)) {
        engine_begin_recording(engine);
    }
    engine_tell_beginning(engine);
    engine_miss_time(engine, &restore);
    engine_apply_state(engine, INPUT_STORAGE, 0,
                       recorder_is_well(engine->recorder) ? TRUTH_TRUE : TRUTH_FALSE);
    engine_begin_losses(engine);
    engine_follow_calendar(engine);
    engine_recall_values(engine);
    engine_hand_over(engine);
    log_line(LOG_NOTICE, "engine_started",
             "boot=%s newest_seq=%" PRIu64
             " restored=%u forgotten=%u memories_kept=%u memories_anew=%u memories_dropped=%u",
             journal_boot(journal), journal_newest(journal), restore.restored, restore.forgotten,
             restore.carryover.kept, restore.carryover.anew, restore.carryover.dropped);
    return 0;
}
