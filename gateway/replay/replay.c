/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/replay.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/wire.h"
#include "gateway/zone.h"

/* What is known of the segment that is being played. */
struct replay_segment {
    struct replay *replay;
    struct tape *tape;
    struct recording_reader *reader;
    const struct recording_head *head;
    const char *name;
    struct instant at; /* of the last input */
    struct wall wall;
    bool starts;            /* it begins where its boot does */
    bool restarts;          /* … and nothing is missing before it */
    bool playing;           /* a stretch, whose last segment this is */
    struct seam_end before; /* the end of the segment that was taken last */
    uint64_t whole;         /* bytes of that one */
};

static void replay_remark(const struct replay_segment *segment, enum replay_remark remark,
                          const char *reason, uint64_t count) {
    const struct replay_told told = {
        .remark = remark,
        .segment = segment->name,
        .head = segment->head,
        .reason = reason,
        .count = count,
        .wall = segment->wall,
        .unread = remark == REPLAY_DAMAGED ? recording_reader_verdict(segment->reader).unread : 0,
        .starts = segment->starts,
        .stopped = segment->before.ending == RECORDING_ENDED_STOPPED,
    };
    segment->replay->remark(segment->replay->context, &told);
}

static void side_end(struct replay_side *side) {
    rehearsal_deinit(&side->rehearsal);
    translation_deinit(&side->translation);
}

static void replay_end(struct replay *replay) {
    for (uint32_t i = 0; i < replay->side_count; i++) {
        replay->left_out += replay->sides[i].translation.left_out;
        side_end(&replay->sides[i]);
    }
}

/* What was carried is for the next stretch only. */
static void replay_forget(struct replay *replay) {
    for (uint32_t i = 0; i < replay->side_count; i++) {
        carry_deinit(&replay->sides[i].carry);
    }
}

/* ---- the beginning of a stretch ---- */

static bool head_is_of(const struct recording_head *head, const struct site *site) {
    unsigned char rules[RECORDING_DIGEST_SIZE];
    recording_rules_digest(site, rules);
    return memcmp(head->rules, rules, sizeof rules) == 0;
}

static bool head_is_of_this_build(const struct recording_head *head) {
    return memcmp(head->build, build_digest(), sizeof head->build) == 0;
}

/* Give a fresh core the alarms of the snapshot, by their names. */
static int side_restore_alarms(struct replay_side *side, const struct rehearsal *was) {
    const struct ruleset *from = &was->site->ruleset;
    struct instant now = side->rehearsal.newest;
    for (uint32_t i = 0; i < from->alarm_count; i++) {
        char name[SITE_ALARM_NAME_SIZE];
        site_alarm_format(was->site, i, name);
        uint32_t alarm = site_alarm_find(side->site, name);
        if (alarm == RULESET_NONE) {
            continue;
        }
        struct alarm_record record;
        struct memory_record *memories =
            calloc((size_t)from->alarms[i].memory_count + 1, sizeof *memories);
        if (memories == NULL) {
            return err_origin(-ENOMEM);
        }
        core_record(was->core, i, now, &record);
        core_record_memories(was->core, i, now, memories);
        (void)core_restore(side->rehearsal.core, alarm, &record, memories,
                           from->alarms[i].memory_count, now); /* other rules are the question */
        free(memories);
        struct chain_record chain;
        core_record_chain(was->core, i, now, &chain);
        core_restore_chain(side->rehearsal.core, alarm, &chain, now);
    }
    return 0;
}

/* Likewise the rounds of walk tests, and how far the clock was behind. */
static void side_restore_rounds(struct replay_side *side, const struct rehearsal *was) {
    const struct site *from = was->site;
    struct instant now = side->rehearsal.newest;
    for (uint32_t i = 0; i < from->ruleset.place_count; i++) {
        uint32_t left_ds = core_walk_left_ds(was->core, i, now);
        uint32_t place = site_place_find(side->site, site_text(from, from->places[i].id));
        if (left_ds > 0 && place != RULESET_NONE) {
            core_restore_walk(side->rehearsal.core, place, left_ds, now);
        }
    }
    for (uint32_t i = 0; i < from->ruleset.point_count; i++) {
        uint32_t point = site_point_find(side->site, site_text(from, from->points[i].id));
        if (core_walk_has_tripped(was->core, i) && point != RULESET_NONE) {
            core_restore_walked(side->rehearsal.core, point);
        }
    }
    core_restore_clock(side->rehearsal.core, core_clock_behind_ns(was->core, now), now);
}

/* Likewise the tests that ran, and the flood. */
static void side_restore_standing(struct replay_side *side, const struct rehearsal *was) {
    const struct site *from = was->site;
    struct instant now = side->rehearsal.newest;
    struct flood_record flood;
    core_record_flood(was->core, &flood);
    core_restore_flood(side->rehearsal.core, &flood, now);
    for (uint32_t i = 0; i < from->ruleset.place_count; i++) {
        uint32_t left_ds = core_test_left_ds(was->core, i, now);
        uint32_t place = site_place_find(side->site, site_text(from, from->places[i].id));
        if (left_ds > 0 && place != RULESET_NONE) {
            core_restore_test(side->rehearsal.core, place, left_ds, now);
        }
    }
    for (uint32_t i = 0; i < from->ruleset.point_count; i++) {
        uint32_t point = site_point_find(side->site, site_text(from, from->points[i].id));
        if (core_test_has_tripped(was->core, i) && point != RULESET_NONE) {
            core_restore_tripped(side->rehearsal.core, point);
        }
        struct core_trip_record trip;
        if (point != RULESET_NONE && core_record_trip(was->core, i, now, &trip)) {
            core_restore_trip(side->rehearsal.core, point, &trip, now);
        }
    }
}

static int side_restore(struct replay_segment *segment, struct replay_side *side,
                        const struct site *from) {
    struct rehearsal was;
    size_t size;
    const void *core = recording_reader_core(segment->reader, &size);
    if (!head_is_of_this_build(segment->head) || !head_is_of(segment->head, from)) {
        return 0; /* nobody can read that snapshot: it begins with the picture alone */
    }
    int r = rehearsal_init(&was, from, segment->head->rate, side->rehearsal.newest, NULL, NULL);
    if (r != 0) {
        return err_trace(r);
    }
    if (rehearsal_resume(&was, core, size)) {
        side_restore_standing(side, &was);
        side_restore_rounds(side, &was);
        r = side_restore_alarms(side, &was);
    }
    rehearsal_deinit(&was);
    return r == 0 ? 0 : err_trace(r);
}

/* Let the side hear an input that may be of another site. */
static void side_hear(struct replay_side *side, const struct input *input) {
    struct input own;
    struct command command;
    rehearsal_follow(&side->rehearsal, input->at, input->wall);
    if (translation_input(&side->translation, input, &own, &command)) {
        rehearsal_take(&side->rehearsal, &own);
    }
    if (input->kind == INPUT_CLOCK_STEP || (input->kind == INPUT_START && side->restarted)) {
        rehearsal_look(&side->rehearsal, input->at, input->wall);
    }
}

static int side_begin_fresh(struct replay_segment *segment, struct replay_side *side,
                            const struct site *from) {
    const struct recording_head *head = segment->head;
    struct input input;
    int r = rehearsal_init(&side->rehearsal, side->site, head->rate, segment->at, side->told,
                           side->context);
    side->rehearsal.changed = side->changed;
    if (r == 0) {
        r = translation_init(&side->translation, from, side->site);
    }
    side->restarted = segment->restarts && side->carry.alarms != NULL;
    if (r == 0 && side->restarted) {
        carry_give(&side->carry, &side->rehearsal, segment->wall);
        return 0; /* of the points it knows nothing, as the engine did not */
    }
    if (r == 0) {
        r = side_restore(segment, side, from);
    }
    if (r != 0) {
        return err_trace(r);
    }
    recording_reader_rewind(segment->reader, RECORDING_PICTURE);
    while (recording_reader_next(segment->reader, &input)) {
        segment->replay->muted = input.kind == INPUT_START;
        side_hear(side, &input);
        segment->replay->muted = false;
        if (input.kind == INPUT_START) {
            rehearsal_look(&side->rehearsal, segment->at, segment->wall);
        }
    }
    side->translation.left_out = 0;
    return 0;
}

/* All sides begin; `*ret_playing` says whether they could. */
static int stretch_begin(struct replay_segment *segment, bool *ret_playing) {
    struct replay *replay = segment->replay;
    struct replay_side *first = &replay->sides[0];
    const struct recording_head *head = segment->head;
    const struct site *recorded = tape_site(segment->tape, head->generation);
    bool given = first->site != NULL;
    const struct site *site = given ? first->site : recorded;
    *ret_playing = false;
    if (site == NULL) {
        replay_remark(segment, REPLAY_NO_SITE, NULL, 0);
        return 0;
    }
    zone_init(site_text(site, site->header->timezone));
    size_t size;
    const void *core = recording_reader_core(segment->reader, &size);
    replay->exact =
        replay->side_count == 1 && head_is_of_this_build(head) && head_is_of(head, site);
    if (replay->exact) {
        int r = rehearsal_init(&first->rehearsal, site, head->rate, segment->at, first->told,
                               first->context);
        first->rehearsal.changed = first->changed;
        *ret_playing = r == 0 && rehearsal_resume(&first->rehearsal, core, size);
        replay_remark(segment, *ret_playing ? REPLAY_BEGINS : REPLAY_UNREADABLE,
                      "its snapshot has another size", 0);
        return r;
    }
    const struct site *from = recorded != NULL                  ? recorded
                              : given && head_is_of(head, site) ? site
                                                                : NULL;
    if (from == NULL) {
        replay_remark(segment, REPLAY_NO_SITE, NULL, 0);
        return 0;
    }
    replay_remark(segment, REPLAY_BEGINS_FRESH, NULL, 0);
    for (uint32_t i = 0; i < replay->side_count; i++) {
        struct replay_side *side = &replay->sides[i];
        const struct site *own = side->site;
        side->site = own != NULL ? own : site;
        int r = side_begin_fresh(segment, side, from);
        side->site = own;
        if (r != 0) {
            return err_trace(r);
        }
    }
    *ret_playing = true;
    return 0;
}

/* ---- its course ---- */

static void segment_hear(struct replay_segment *segment, const struct input *input) {
    struct replay *replay = segment->replay;
    segment->at = input->at;
    segment->wall = input->wall;
    replay->inputs++;
    if (replay->exact) {
        rehearsal_take(&replay->sides[0].rehearsal, input);
        return;
    }
    for (uint32_t i = 0; i < replay->side_count; i++) {
        side_hear(&replay->sides[i], input);
    }
}

/* One that cannot be heard is read as well: how it ends says what is missing after it. */
static void segment_play(struct replay_segment *segment) {
    struct input input;
    recording_reader_rewind(segment->reader, RECORDING_INPUTS);
    while (recording_reader_next(segment->reader, &input)) {
        if (segment->playing) {
            segment_hear(segment, &input);
        }
    }
}

/* Take note of how the segment ended, and tell it where something is missing. */
static void segment_end(struct replay_segment *segment) {
    struct recording_verdict verdict = recording_reader_verdict(segment->reader);
    struct seam_end *before = &segment->before;
    before->known = true;
    before->number = segment->head->number;
    memcpy(before->boot, segment->head->boot, sizeof before->boot);
    before->ending = verdict.ending;
    segment->whole = verdict.offset;
    if (verdict.ending == RECORDING_ENDED_DROPPED) {
        replay_remark(segment, REPLAY_DROPPED, NULL, verdict.dropped);
    } else if (verdict.ending == RECORDING_ENDED_DAMAGED) {
        replay_remark(segment, REPLAY_DAMAGED, verdict.reason, verdict.offset);
    }
}

/* The segment goes on where the one before ended: the core must be what its snapshot says. */
static void segment_arrive(struct replay_segment *segment) {
    size_t size;
    const void *core = recording_reader_core(segment->reader, &size);
    struct replay *replay = segment->replay;
    if (replay->exact && !rehearsal_is_at(&replay->sides[0].rehearsal, core, size)) {
        replay_remark(segment, REPLAY_STRAYED, NULL, 0);
    }
}

/* Does the segment begin where its boot does? One without inputs has not begun. */
static bool segment_starts(const struct replay_segment *segment) {
    struct input input;
    recording_reader_rewind(segment->reader, RECORDING_INPUTS);
    return !recording_reader_next(segment->reader, &input) || input.kind == INPUT_START;
}

/*
 * Tell what is missing between the segment before, of which `cut_at` bytes are whole, and this one.
 * True if nothing is.
 */
static bool segment_seam(struct replay_segment *segment, const char *before, uint64_t cut_at) {
    uint64_t files;
    switch (seam_between(&segment->before, segment->head, segment->starts, &files)) {
    case SEAM_WHOLE:
        return true;
    case SEAM_TOLD:
        return false;
    case SEAM_CUT: {
        struct replay_segment cut = *segment;
        cut.name = before;
        cut.head = NULL;
        replay_remark(&cut, REPLAY_CUT, NULL, cut_at);
        return false;
    }
    case SEAM_FILES:
        replay_remark(segment, REPLAY_NO_FILES, NULL, files);
        return false;
    case SEAM_INPUTS:
        replay_remark(segment, REPLAY_NO_INPUTS, NULL, 0);
        return false;
    }
    return false;
}

/* Keep what each side knows of its own alarms; one that hears with the recorded rules finds it there. */
static int stretch_keep(struct replay_segment *segment) {
    struct replay *replay = segment->replay;
    for (uint32_t i = 0; i < replay->side_count && !replay->exact; i++) {
        struct replay_side *side = &replay->sides[i];
        int r = side->site != NULL
                    ? carry_take(&side->carry, &side->rehearsal, segment->at, segment->wall)
                    : 0;
        if (r != 0) {
            return err_trace(r);
        }
    }
    return 0;
}

/* The stretch is over, if there is one. */
static int stretch_end(struct replay_segment *segment) {
    int r = 0;
    if (segment->playing) {
        r = stretch_keep(segment);
        replay_remark(segment, REPLAY_ENDS, NULL, 0);
        replay_end(segment->replay);
        segment->playing = false;
    }
    return r;
}

/* The file cannot be read: only its name says which one it is. */
static int segment_unreadable(struct replay_segment *segment, const char *reason) {
    uint64_t generation;
    struct seam_end *before = &segment->before;
    int r = stretch_end(segment);
    segment->head = NULL;
    replay_remark(segment, REPLAY_UNREADABLE, reason, 0);
    before->known = recording_name_parse(segment->name, &before->number, &generation);
    before->boot[0] = '\0';
    before->ending = RECORDING_ENDED_DAMAGED;
    return r;
}

/* Play the segment that is open; it may go on from the one before. */
static int segment_take(struct replay_segment *segment, uint32_t index) {
    struct seam_end *before = &segment->before;
    const struct recording_head *head = segment->head;
    bool goes_on = segment->playing && before->ending == RECORDING_ENDED_FULL &&
                   head->follows != 0 && head->number == before->number + 1;
    int r = goes_on ? 0 : stretch_end(segment);
    if (goes_on) {
        segment_arrive(segment);
    } else if (r == 0) {
        segment->starts = segment_starts(segment);
        bool whole =
            segment_seam(segment, index > 0 ? segment->tape->names[index - 1] : "", segment->whole);
        segment->restarts = segment->starts && whole;
        segment->at = (struct instant){head->at_ns};
        segment->wall = (struct wall){head->wall_ns};
        r = stretch_begin(segment, &segment->playing);
        replay_forget(segment->replay);
    }
    if (r == 0) {
        segment_play(segment);
        segment_end(segment);
    }
    return r;
}

/* The last segment goes on in another one: has that come since? */
static bool segment_looks_on(struct replay_segment *segment) {
    return segment->before.known && segment->before.ending == RECORDING_ENDED_FULL &&
           tape_look_again(segment->tape);
}

/* There are no more segments. */
static int segment_last(struct replay_segment *segment) {
    if (segment->tape->whole && segment->before.known &&
        segment->before.ending == RECORDING_ENDED_FULL) {
        replay_remark(segment, REPLAY_NO_MORE, NULL, 0);
    }
    return stretch_end(segment);
}

int replay_tape(struct replay *replay, struct tape *tape) {
    struct replay_segment segment = {.replay = replay, .tape = tape};
    int r = 0;
    for (uint32_t i = 0; (i < tape->count || segment_looks_on(&segment)) && r == 0; i++) {
        char reason[RECORDING_REASON_SIZE];
        segment.reader = NULL;
        segment.name = tape->names[i];
        r = tape_segment(tape, i, &segment.reader, reason);
        if (r == RECORDING_E_FILE) {
            r = segment_unreadable(&segment, reason);
        } else if (r == 0) {
            segment.head = recording_reader_head(segment.reader);
            r = segment_take(&segment, i);
            segment.head = NULL;
            segment.reader = recording_reader_free(segment.reader);
        }
    }
    if (r == 0) {
        r = segment_last(&segment);
    }
    replay_end(replay);
    replay_forget(replay);
    return r == 0 ? 0 : err_trace(r);
}

/* ---- histories ---- */

int replay_history(struct replay *replay, const struct history *history) {
    if (history->count == 0) {
        return 0;
    }
    struct wall begin = history->rows[0].wall;
    int r = 0;
    for (uint32_t i = 0; i < replay->side_count && r == 0; i++) {
        struct replay_side *side = &replay->sides[i];
        zone_init(site_text(side->site, side->site->header->timezone));
        r = rehearsal_init(&side->rehearsal, side->site, REHEARSAL_NO_SILENCE,
                           (struct instant){NS_PER_S}, side->told, side->context);
        side->rehearsal.changed = side->changed;
        if (r == 0) {
            r = translation_init(&side->translation, replay->sides[0].site, side->site);
        }
        if (r == 0) {
            replay->muted = true;
            /* Everything that a history says nothing of is well. */
            rehearsal_begin(&side->rehearsal, (struct instant){NS_PER_S}, begin);
            replay->muted = false;
            /* What is so at this hour by itself is said of the history. */
            rehearsal_look(&side->rehearsal, (struct instant){NS_PER_S}, begin);
        }
    }
    for (size_t row = 0; row < history->count && r == 0; row++) {
        const struct history_row *reading = &history->rows[row];
        const struct input input = {
            .at = {NS_PER_S + (uint64_t)(reading->wall.ns - begin.ns)},
            .wall = reading->wall,
            .kind = INPUT_READING,
            .reading = {.point = reading->point,
                        .quality = reading->quality,
                        .value = reading->value,
                        .measured = reading->wall},
        };
        replay->inputs++;
        for (uint32_t i = 0; i < replay->side_count; i++) {
            side_hear(&replay->sides[i], &input);
        }
    }
    replay_end(replay);
    return r == 0 ? 0 : err_trace(r);
}
