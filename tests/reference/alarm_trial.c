/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The alarms of a small site as a program: inputs as text in, what was told and how each alarm is out
 *
 * For the reference model of an alarm's life beside it, which does the same in another way. The site
 * is told by lines, then `begin`; times are tenths of a second:
 *
 *     place PARENT|-                     a centre at the top, or a room
 *     point PLACE KIND DEVICE
 *     rule KIND CLASS RAISE_AFTER_S CLEAR_AFTER_S EXPRESSION
 *     confirm EXPRESSION                 what confirms a fire in each centre
 *     begin                              -> the names of all alarms: rule index or builtin, entity
 *     at DS reading POINT VALUE QUALITY
 *     at DS device DEVICE gone|back
 *     at DS order VERB ALARM DURATION_S ROLE SECOND_ROLE DISPOSITION REAL REASON
 *     at DS test VERB PLACE DURATION_S ROLE REASON
 *     at DS restart                      with what the journal keeps
 *     at DS tick
 *     end
 *
 * The answer to an input is a line for each tick that was due before it and has something to tell, then
 * one for itself: "DS REFUSAL EVENT … | ALARM …". Ticks come exactly when the core asks for them, up to
 * the input's own instant and that included.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/trial.h"

enum { LINE_MAX_BYTES = 512, DEVICES = 2 };

/* Rounds of walk tests are no matter of alarms, and longer than any life. */
enum { REMINDER_S = 366 * 24 * 3600 };

static struct trial trial;
static struct alarm_times times;
static char expressions[TRIAL_RULES][LINE_MAX_BYTES];
static void *block;
static struct core *core;
static struct step step;
static struct command command;
static struct alarm_record *records;

/* A line that is wrong is a fault of whoever wrote it. */
static void demand(bool holds, const char *line) {
    if (!holds) {
        fprintf(stderr, "alarm_trial: cannot read: %s\n", line);
        exit(2);
    }
}

static void *trial_room(size_t count, size_t size) {
    void *array = calloc(count + 1, size);
    if (array == NULL) {
        abort();
    }
    return array;
}

/* --- the site --- */

static void site_place(const char *line) {
    char parent[16];
    demand(sscanf(line, "place %15s", parent) == 1, line);
    if (trial.draft.place_count == 0) {
        trial_init(&trial, 0, 1);
        times = alarm_times_default;
        times.walk_test_reminder_s = REMINDER_S;
        trial.draft.times = &times;
        for (unsigned i = 0; i < DEVICES; i++) {
            (void)trial_device(&trial, 0);
        }
    }
    bool top = strcmp(parent, "-") == 0;
    (void)trial_place(&trial, top ? RULESET_NONE : (uint32_t)atoi(parent),
                      top ? PLACE_HOME_CARE_CENTRE : PLACE_DAY_CARE_ROOM);
}

static enum point_kind kind_of(const char *word, const char *line) {
    enum point_kind kind = point_kind_find(word, strlen(word));
    demand(kind < POINT_KIND_COUNT, line);
    return kind;
}

static void site_point(const char *line) {
    unsigned place, device;
    char kind[64];
    demand(sscanf(line, "point %u %63s %u", &place, kind, &device) == 3, line);
    (void)trial_point(&trial, place, device, kind_of(kind, line));
}

static void site_rule(const char *line) {
    char kind[64], class[64];
    unsigned raise_s, clear_s;
    int begin = 0;
    demand(sscanf(line, "rule %63s %63s %u %u %n", kind, class, &raise_s, &clear_s, &begin) == 4,
           line);
    demand(trial.draft.rule_count < TRIAL_RULES, line);
    enum alarm_class found = alarm_class_find(class, strlen(class));
    demand(found < ALARM_CLASS_COUNT, line);
    char *kept = expressions[trial.draft.rule_count];
    snprintf(kept, LINE_MAX_BYTES, "%s", line + begin);
    struct ruleset_draft_rule *rule =
        trial_point_rule(&trial, TRIAL_KIND(kind_of(kind, line)), kept, found);
    rule->raise_after_ns = raise_s * NS_PER_S;
    rule->clear_after_ns = clear_s * NS_PER_S;
}

static void site_confirm(const char *line) {
    demand(trial.draft.rule_count < TRIAL_RULES, line);
    char *kept = expressions[trial.draft.rule_count];
    snprintf(kept, LINE_MAX_BYTES, "%s", line + strlen("confirm "));
    (void)trial_place_rule(&trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE), kept, CLASS_FIRE_CONFIRMED);
}

/* --- what is told --- */

static void alarm_print(uint32_t alarm) {
    const struct ruleset_alarm *bound = &trial.ruleset.alarms[alarm];
    enum ruleset_builtin builtin = (enum ruleset_builtin)trial.ruleset.rules[bound->rule].builtin;
    if (builtin == BUILTIN_NONE) {
        printf(" %u/%u", (unsigned)bound->rule, (unsigned)bound->entity);
    } else {
        printf(" %s/%u", ruleset_builtin_name(builtin), (unsigned)bound->entity);
    }
}

static void event_print(const struct core_event *event) {
    if (event->type == EVENT_SYSTEM_STARTED) {
        return;
    }
    printf(" %s", core_event_name(event->type));
    if (event->alarm != RULESET_NONE) {
        printf(":%u:%u:%u", (unsigned)event->alarm, (unsigned)event->occurrence,
               (unsigned)event->raises);
    }
    if (event->incident != 0) {
        printf(":incident-%u", (unsigned)event->incident);
    }
    if (event->alarm != RULESET_NONE) {
        return;
    } else if (event->point != RULESET_NONE) {
        printf(":%u", (unsigned)event->point);
    }
}

static void state_print(const struct alarm *alarm) {
    struct alarm_axes axes = alarm->axes;
    const bool marks[] = {
        axes.attended, axes.silenced,     axes.shelved, axes.by_design, axes.out_of_service,
        axes.test,     axes.investigated, axes.real,    axes.promoted,  axes.chattering,
    };
    printf(" %s", alarm_state_name(alarm_axes_state(axes)));
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (marks[i]) {
            putchar("asdyotirpc"[i]);
        }
    }
    if (alarm->disposition != DISPOSITION_UNSTATED) {
        printf("=%s", disposition_name((enum disposition)alarm->disposition));
    }
}

static void step_print(uint64_t at_ns) {
    printf("%" PRIu64 " %s", (uint64_t)(at_ns / NS_PER_DS), command_refusal_name(step.refusal));
    for (uint32_t i = 0; i < step.event_count; i++) {
        event_print(&step.events[i]);
    }
    printf(" |");
    for (uint32_t i = 0; i < trial.ruleset.alarm_count; i++) {
        state_print(core_alarm(core, i));
    }
    putchar('\n');
}

/* --- its life --- */

static void life_take(struct input *input) {
    input->wall = (struct wall){(int64_t)input->at.ns};
    core_step(core, input, &step);
    core_check(core);
}

static void life_ticks(struct instant until) {
    while (core_deadline(core).ns <= until.ns) {
        struct input tick = {.at = core_deadline(core), .kind = INPUT_TICK};
        demand(tick.at.ns % NS_PER_DS == 0, "a deadline between two tenths of a second");
        life_take(&tick);
        if (step.event_count > 0) {
            step_print(tick.at.ns);
        }
    }
}

static void life_core(struct instant now) {
    memset(block, 0xAA, core_size(&trial.ruleset));
    core = core_init(block, &trial.ruleset, now);
}

static void life_begin(const char *line) {
    demand(trial_bind(&trial), line);
    const struct ruleset *ruleset = &trial.ruleset;
    block = trial_room(core_size(ruleset), 1);
    records = trial_room(ruleset->alarm_count, sizeof *records);
    step.events = trial_room(core_events_max(ruleset), sizeof *step.events);
    life_core((struct instant){0});
    struct input start = {.kind = INPUT_START, .state = TRUTH_TRUE};
    life_take(&start);
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        alarm_print(i);
    }
    putchar('\n');
}

static void life_restart(struct instant now) {
    uint32_t tests_left_ds[TRIAL_PLACES];
    bool tripped[TRIAL_POINTS], trips_count[TRIAL_POINTS];
    struct core_trip_record trips[TRIAL_POINTS];
    struct flood_record flood;
    for (uint32_t i = 0; i < trial.ruleset.place_count; i++) {
        tests_left_ds[i] = core_test_left_ds(core, i, now);
    }
    for (uint32_t i = 0; i < trial.ruleset.point_count; i++) {
        tripped[i] = core_test_has_tripped(core, i);
        trips_count[i] = core_record_trip(core, i, now, &trips[i]);
    }
    core_record_flood(core, &flood);
    for (uint32_t i = 0; i < trial.ruleset.alarm_count; i++) {
        core_record(core, i, now, &records[i]);
    }
    life_core(now);
    core_restore_flood(core, &flood, now);
    for (uint32_t i = 0; i < trial.ruleset.place_count; i++) {
        if (tests_left_ds[i] > 0) {
            core_restore_test(core, i, tests_left_ds[i], now);
        }
    }
    for (uint32_t i = 0; i < trial.ruleset.point_count; i++) {
        if (tripped[i]) {
            core_restore_tripped(core, i);
        }
        if (trips_count[i]) {
            core_restore_trip(core, i, &trips[i], now);
        }
    }
    for (uint32_t i = 0; i < trial.ruleset.alarm_count; i++) {
        (void)core_restore(core, i, &records[i], NULL, 0, now);
    }
    struct input start = {.at = now, .kind = INPUT_START, .state = TRUTH_TRUE};
    life_take(&start);
}

static struct reading reading_of(const char *line) {
    struct reading reading = {.point = 0};
    char quality[32];
    demand(sscanf(line, "at %*s reading %" SCNu32 " %lf %31s", &reading.point, &reading.value,
                  quality) == 3,
           line);
    while (reading.quality < QUALITY_COUNT &&
           strcmp(quality_name((enum quality)reading.quality), quality) != 0) {
        reading.quality++;
    }
    demand(reading.quality < QUALITY_COUNT, line);
    return reading;
}

static void order_of(const char *line) {
    char verb[32], role[32], second[32], disposition[32], reason[32];
    unsigned real;
    command = (struct command){.place = RULESET_NONE, .actor = "nurse"};
    demand(sscanf(line, "at %*s order %31s %" SCNu32 " %" SCNu32 " %31s %31s %31s %u %31s", verb,
                  &command.alarm, &command.duration_s, role, second, disposition, &real,
                  reason) == 8,
           line);
    command.verb = command_verb_find(verb, strlen(verb));
    command.role = role_find(role, strlen(role));
    command.second_role = role_find(second, strlen(second));
    command.disposition = disposition_find(disposition, strlen(disposition));
    command.real = (uint8_t)real;
    if (command.second_role < ROLE_COUNT) {
        snprintf(command.second_actor, sizeof command.second_actor, "manager");
    }
    snprintf(command.reason, sizeof command.reason, "%s", strcmp(reason, "-") == 0 ? "" : reason);
}

static void test_of(const char *line) {
    char verb[32], role[32], reason[32];
    command = (struct command){.alarm = RULESET_NONE, .second_role = ROLE_COUNT, .actor = "nurse"};
    demand(sscanf(line, "at %*s test %31s %" SCNu32 " %" SCNu32 " %31s %31s", verb, &command.place,
                  &command.duration_s, role, reason) == 5,
           line);
    command.verb = command_verb_find(verb, strlen(verb));
    command.role = role_find(role, strlen(role));
    snprintf(command.reason, sizeof command.reason, "%s", strcmp(reason, "-") == 0 ? "" : reason);
}

static void life_input(const char *line) {
    uint64_t at_ds;
    char what[16], how[16] = "";
    demand(sscanf(line, "at %" SCNu64 " %15s", &at_ds, what) == 2 && core != NULL, line);
    struct input input = {.at = {at_ds * NS_PER_DS}, .kind = INPUT_TICK};
    life_ticks(input.at);
    if (strcmp(what, "restart") == 0) {
        life_restart(input.at);
        step_print(input.at.ns);
        return;
    } else if (strcmp(what, "reading") == 0) {
        input.kind = INPUT_READING;
        input.reading = reading_of(line);
    } else if (strcmp(what, "device") == 0) {
        input.kind = INPUT_DEVICE;
        demand(sscanf(line, "at %*s device %" SCNu32 " %15s", &input.subject, how) == 2, line);
        input.state = strcmp(how, "back") == 0 ? TRUTH_TRUE : TRUTH_FALSE;
    } else if (strcmp(what, "order") == 0 || strcmp(what, "test") == 0) {
        (strcmp(what, "order") == 0 ? order_of : test_of)(line);
        input.kind = INPUT_COMMAND;
        input.command = &command;
    } else {
        demand(strcmp(what, "tick") == 0, line);
    }
    life_take(&input);
    step_print(input.at.ns);
}

static void life_end(void) {
    free(step.events);
    free(records);
    free(block);
    core = NULL;
    trial_deinit(&trial);
}

int main(void) {
    static char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "place ", 6) == 0) {
            site_place(line);
        } else if (strncmp(line, "point ", 6) == 0) {
            site_point(line);
        } else if (strncmp(line, "rule ", 5) == 0) {
            site_rule(line);
        } else if (strncmp(line, "confirm ", 8) == 0) {
            site_confirm(line);
        } else if (strcmp(line, "begin") == 0) {
            life_begin(line);
        } else if (strncmp(line, "at ", 3) == 0) {
            life_input(line);
        } else if (strcmp(line, "end") == 0) {
            life_end();
        } else {
            demand(false, line);
        }
        fflush(stdout);
    }
    return 0;
}
