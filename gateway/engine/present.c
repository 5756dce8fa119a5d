/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/present.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/log.h"

/* What the engine before left of a point. */
struct present_value {
    bool recalled;   /* a row told of it */
    bool known;      /* it had said something that is given back */
    uint64_t age_ns; /* how long ago that was; or how long it had been waited for */
    uint64_t row;    /* where the journal has it still; 0: no longer */
    struct reading reading;
};

/* A point that was never heard, and when it is missed. */
struct present_wait {
    uint32_t point;
    struct instant due;
};

struct present {
    const struct site *site;
    const struct ruleset *ruleset;
    const struct core *core;
    struct present_value *values; /* by point */
    struct present_wait *waits;   /* one per point at most */
    uint32_t wait_count;
    /* Where the next row's point is likely to stand: rows come in the order of points. */
    uint32_t next;
    uint32_t kept, anew, overdue, unsure;
};

int present_new(const struct site *site, const struct ruleset *ruleset, const struct core *core,
                struct present **ret_present) {
    struct present *present = calloc(1, sizeof *present);
    if (present == NULL) {
        return err_origin(-ENOMEM);
    }
    *present = (struct present){.site = site, .ruleset = ruleset, .core = core};
    present->values = calloc((size_t)ruleset->point_count + 1, sizeof *present->values);
    present->waits = calloc((size_t)ruleset->point_count + 1, sizeof *present->waits);
    if (present->values == NULL || present->waits == NULL) {
        (void)present_free(present);
        return err_origin(-ENOMEM);
    }
    *ret_present = present;
    return 0;
}

struct present *present_free(struct present *present) {
    if (present != NULL) {
        free(present->values);
        free(present->waits);
        free(present);
    }
    return NULL;
}

/* ---- where a point is read ---- */

/* FNV-1a; whoever could make two sources collide may write the site file anyway. */
static uint64_t source_mix(uint64_t digest, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        digest = (digest ^ at[i]) * 0x100000001b3u;
    }
    return digest;
}

static uint64_t source_number(uint64_t digest, uint64_t number) {
    return source_mix(digest, &number, sizeof number);
}

/* With its final NUL, so that what ends one text does not begin the next. */
static uint64_t source_text(uint64_t digest, const struct site *site, uint32_t text) {
    const char *string = site_text(site, text);
    return source_mix(digest, string, strlen(string) + 1);
}

uint64_t present_source(const struct site *site, uint32_t point) {
    const struct site_point *row = &site->points[point];
    uint64_t digest = 0xcbf29ce484222325u;
    digest = source_number(digest, site->ruleset.points[point].identity);
    digest = source_number(digest, site->buses[row->bus].kind);
    digest = source_text(digest, site, site->buses[row->bus].address);
    digest = source_number(digest, site->devices[site->ruleset.points[point].device].unit);
    digest = source_number(digest, row->modbus_table);
    digest = source_number(digest, row->modbus_address);
    digest = source_mix(digest, &row->min, sizeof row->min);
    digest = source_mix(digest, &row->max, sizeof row->max);
    digest = source_text(digest, site, row->mqtt_topic);
    digest = source_text(digest, site, row->mqtt_value);
    if (row->mqtt_whole != 0) {
        digest = source_number(digest, row->mqtt_whole); /* else as it was before there were any */
    }
    return source_text(digest, site, row->mqtt_time);
}

/* ---- at the end of an engine ---- */

/* Does the point say something that stays so? Cards are moments, and outputs are read back anyway. */
static bool present_stays(const struct present *present, uint32_t point) {
    enum point_kind kind = (enum point_kind)present->ruleset->points[point].kind;
    enum point_form form = point_kind_facts(kind)->form;
    return form != POINT_FORM_EVENT && form != POINT_FORM_OUTPUT;
}

/* The input of the core's picture that tells of a device or, counted after all devices, of a point. */
static struct input present_picture(const struct present *present, uint32_t index,
                                    struct wall wall) {
    const struct ruleset *ruleset = present->ruleset;
    struct input input;
    uint32_t first = core_picture_count(ruleset) - ruleset->device_count - ruleset->point_count;
    (void)core_picture(present->core, first + index, wall, &input);
    return input;
}

/*
 * What is there to say of a point at `now`? One that was missed said something before: its silence goes
 * on from there, also when the site has another silence for it from now on. One that is stale with its
 * device is not to be believed again before it is read.
 */
static bool present_state(const struct present *present, uint32_t point, struct instant now,
                          struct wall wall, struct journal_point *ret) {
    const struct point_state *state = core_point(present->core, point);
    uint64_t silence_ns = present->ruleset->points[point].silence_ns;
    uint64_t age_ns = point_age_ns(state, now);
    struct input input = present_picture(present, present->ruleset->device_count + point, wall);
    bool missed = state->quality == QUALITY_STALE && silence_ns > 0 && age_ns >= silence_ns;
    *ret = (struct journal_point){
        .point = site_text(present->site, present->site->points[point].id),
        .source = present_source(present->site, point),
        .quality = QUALITY_STALE,
        .age_ns = age_ns,
    };
    if (state->known < POINT_HEARD) {
        ret->age_ns += present->values[point].age_ns; /* engines before this one waited as well */
        return silence_ns > 0;
    } else if (input.kind != INPUT_READING || (state->quality == QUALITY_STALE && !missed)) {
        return false;
    }
    ret->measured = input.reading.measured;
    ret->quality = missed ? QUALITY_GOOD : state->quality;
    ret->value = quality_usable((enum quality)ret->quality) ? state->value : 0;
    return !missed || state->known == POINT_READ;
}

struct journal_present *present_state_new(const struct present *present, struct instant now,
                                          struct wall wall) {
    struct journal_present *taken = NULL;
    if (journal_present_new(present->ruleset->point_count, &taken) != 0) {
        return NULL;
    }
    taken->at = now;
    taken->at_wall = wall;
    for (uint32_t i = 0; i < present->ruleset->point_count; i++) {
        taken->count += present_stays(present, i) &&
                        present_state(present, i, now, wall, &taken->points[taken->count]);
    }
    return taken;
}

/* ---- at the start of the next ---- */

static uint32_t present_find(struct present *present, const char *id) {
    const struct site *site = present->site;
    if (present->next >= site->ruleset.point_count ||
        strcmp(site_text(site, site->points[present->next].id), id) != 0) {
        uint32_t found = site_point_find(site, id);
        if (found == RULESET_NONE) {
            return RULESET_NONE;
        }
        present->next = found;
    }
    return present->next++;
}

/*
 * How long no engine ran. Instants go on with the machine and begin anew with it, and the wall clock may
 * have been set: the longer of both, for a value may be called old too early, never too late. False when
 * it may have been any longer: the machine was off, and its wall clock has gone back by more than what a
 * clock is kept right with.
 */
static bool present_away_ns(const struct journal_present *taken, struct instant now,
                            struct wall wall, uint64_t *ret_ns) {
    int64_t by_wall_ns = wall.ns - taken->at_wall.ns;
    *ret_ns = instant_span_ns(taken->at, now);
    if (by_wall_ns > 0 && (uint64_t)by_wall_ns > *ret_ns) {
        *ret_ns = (uint64_t)by_wall_ns;
    }
    return now.ns >= taken->at.ns || by_wall_ns >= -PRESENT_BACK_NS;
}

/* What may be older than anybody knows is usable with care. */
static uint8_t present_quality(uint32_t quality, bool sure) {
    return (uint8_t)(quality == QUALITY_GOOD && !sure ? QUALITY_UNCERTAIN : quality);
}

/* It was never heard, and has been waited for so long. */
static void present_wait_for(struct present *present, uint32_t point, uint64_t age_ns,
                             struct instant now) {
    uint64_t silence_ns = present->ruleset->points[point].silence_ns;
    if (silence_ns > 0) {
        uint64_t left_ns = silence_ns > age_ns ? silence_ns - age_ns : 0;
        present->values[point].age_ns = age_ns;
        present->waits[present->wait_count++] =
            (struct present_wait){.point = point, .due = instant_after(now, left_ns)};
    }
}

void present_recall(struct present *present, const struct journal_present *taken,
                    const struct journal_point *row, struct instant now, struct wall wall) {
    uint32_t point = present_find(present, row->point);
    uint64_t away_ns;
    if (point == RULESET_NONE || !present_stays(present, point) ||
        present->values[point].recalled) {
        return;
    }
    struct present_value *value = &present->values[point];
    value->recalled = true;
    value->row = row->row;
    if (row->source != present_source(present->site, point)) {
        present->anew++;
        return;
    }
    bool sure = present_away_ns(taken, now, wall, &away_ns);
    const struct ruleset_point *site = &present->ruleset->points[point];
    uint64_t age_ns = row->age_ns > UINT64_MAX - away_ns ? UINT64_MAX : row->age_ns + away_ns;
    uint64_t device_ns = present->ruleset->devices[site->device].silence_ns;
    if (row->quality == QUALITY_STALE) {
        present_wait_for(present, point, age_ns, now);
    } else if (site->silence_ns == 0 && device_ns > 0 && age_ns >= device_ns) {
        present->overdue++;
    } else {
        present->kept++;
        present->unsure += !sure;
        value->known = true;
        value->age_ns = age_ns > 0 ? age_ns : 1;
        value->reading = (struct reading){
            .point = point,
            .quality = present_quality(row->quality, sure),
            .value = row->value,
            .measured = row->measured,
        };
    }
}

uint64_t present_row(const struct present *present, uint32_t point) {
    return present->values[point].row;
}

void present_spend(struct present *present, uint32_t point) {
    present->values[point].row = 0;
}

bool present_next(const struct present *present, uint32_t *point, struct input *ret_input) {
    while (*point < present->ruleset->point_count) {
        const struct present_value *value = &present->values[(*point)++];
        if (value->known) {
            *ret_input = (struct input){
                .kind = INPUT_READING, .reading = value->reading, .age_ns = value->age_ns};
            return true;
        }
    }
    return false;
}

static bool present_device_is_well(const struct present *present, uint32_t point) {
    uint32_t device = present->ruleset->points[point].device;
    return present_picture(present, device, (struct wall){0}).state == TRUTH_TRUE;
}

bool present_missed(struct present *present, struct instant now, struct input *ret_input) {
    for (uint32_t i = 0; i < present->wait_count; i++) {
        struct present_wait wait = present->waits[i];
        bool heard = core_point(present->core, wait.point)->known >= POINT_HEARD;
        bool missed =
            !heard && instant_reached(now, wait.due) && present_device_is_well(present, wait.point);
        if (heard || missed) {
            present->waits[i--] = present->waits[--present->wait_count];
        }
        if (missed) {
            *ret_input = (struct input){
                .kind = INPUT_READING,
                .reading = {.point = wait.point, .quality = QUALITY_STALE},
                .age_ns = present->ruleset->points[wait.point].silence_ns,
            };
            return true;
        }
    }
    return false;
}

/* Is it known only when it says something by itself? Whatever is polled is known within a poll. */
static bool present_waits(const struct present *present, uint32_t point) {
    const struct site_point *row = &present->site->points[point];
    return present_stays(present, point) && !present->values[point].known &&
           present->site->buses[row->bus].kind == SITE_BUS_MQTT;
}

void present_tell(const struct present *present) {
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < present->ruleset->point_count; i++) {
        waiting += present_waits(present, i);
    }
    if (present->unsure > 0) {
        log_line(
            LOG_WARNING, "values_unsure",
            "points=%u effect=\"the machine was off and its clock has gone back: nobody knows for "
            "how long; their last values go on as uncertain, and a silent sensor is found late\"",
            present->unsure);
    }
    log_line(waiting > 0 ? LOG_WARNING : LOG_INFO, "values_kept",
             "kept=%u begin_anew=%u too_old=%u waiting=%u effect=\"%s\"", present->kept,
             present->anew, present->overdue, waiting,
             waiting > 0 ? "the points that wait are unknown until their next message: nothing is "
                           "seen there before"
                         : "every point that is not polled goes on from what it said last");
}
