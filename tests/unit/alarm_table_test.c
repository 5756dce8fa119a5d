/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of model.md 4, told by the stories of tests/alarm
 *
 * Every file there is a list of stories; `= claim` begins one, with all points at rest. A line is
 *
 *     time  who what  :  what is told  [-> alarm: state and marks]
 *
 * The time is in seconds, or has a unit (90min, 25h). Who is a point (what: a value or a quality), an
 * alarm or a place (what: a verb and, after commas, what goes with it: 5min, genuine, real, false,
 * as=ROLE, with=ROLE, no-reason), a device (gone, back), or `gateway restart`, which keeps what the
 * journal keeps, or `wall` (the clock is set: +TIME, -TIME), or `site NUMBER=VALUE`, which the site file says for this story. What is told is `change:alarm` and the names of activities, joined by commas; "-" is
 * nothing, "!" a refusal. Whatever is not written must not happen.
 *
 * In a day-care room of a home-care centre there are a point and a rule of the same name for each of
 *
 *     call (emergency_button)  assist (assist_button)  smoke  heat  leak (water_leak, latched)
 *     fall (after 5 s)  stuffy (co2 over 1000 ppm, after 10 s, clear after 20 s)  door (door.held)
 *     trespass (motion: intrusion)  wander (presence: care.wander; caregivers at once, the manager
 *     after 60 s)
 *
 * and an attend button, `plate`, a `battery` and a `tamper` contact, for the product's own rules, a
 * `reader` (1: granted) and a `post`, at both of which a card says that somebody has come. `confirmed` is the centre's rule for two detectors within 60 s.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

enum { CARE, ROOM, PLACES };
enum { CALL, ASSIST, SMOKE, HEAT, LEAK, FALL, STUFFY, DOOR, TRESPASS, WANDER, CONFIRMED, RULES };
enum { PLATE = CONFIRMED, BATTERY, TAMPER, READER, POST, POINTS };

static const char *const names[RULES] = {"call",     "assist", "smoke",    "heat",
                                         "leak",     "fall",   "stuffy",   "door",
                                         "trespass", "wander", "confirmed"};
static const char *const other_names[] = {"plate", "battery", "tamper", "reader",
                                          "post"}; /* points from PLATE on */
static const char *const place_names[PLACES] = {"centre", "room"};

static struct {
    struct trial trial;
    void *block;
    struct core *core;
    struct step step;
    struct command command;
    struct alarm_record *records;
    struct chain_record *chains;
    struct alarm_times times; /* the site's, in this story */
    uint32_t tests_left_ds[PLACES];
    bool tripped[POINTS];
    uint32_t walks_left_ds[PLACES];
    bool walked[POINTS];
    uint64_t clock_behind_ns;
    struct flood_record flood;
    const char *file;
    unsigned line, lines, wrong;
    bool told[EVENT_TYPE_COUNT];
    bool refused[COMMAND_REFUSAL_COUNT];
} stage;

static void wrong(const char *what, const char *found) {
    print_error("%s:%u: %s: %s\n", stage.file, stage.line, what, found);
    stage.wrong++;
}

/* --- the room --- */

static void core_begin(struct instant now) {
    memset(stage.block, 0xAA, core_size(&stage.trial.ruleset));
    stage.core = core_init(stage.block, &stage.trial.ruleset, now);
}

static int build(void **state) {
    (void)state;
    static const struct {
        enum point_kind kind;
        enum alarm_class class;
        const char *expression;
    } rules[CONFIRMED] = {
        [CALL] = {POINT_EMERGENCY_BUTTON, CLASS_CALL_EMERGENCY, "value"},
        [ASSIST] = {POINT_ASSIST_BUTTON, CLASS_CALL_ASSIST, "value"},
        [SMOKE] = {POINT_SMOKE, CLASS_FIRE_ALARM, "value"},
        [HEAT] = {POINT_HEAT, CLASS_FIRE_ALARM, "value"},
        [LEAK] = {POINT_WATER_LEAK, CLASS_WATER_LEAK, "value"},
        [FALL] = {POINT_FALL, CLASS_CARE_FALL, "value"},
        [STUFFY] = {POINT_CO2, CLASS_SPACE_CLIMATE, "value > 1000 ppm"},
        [DOOR] = {POINT_DOOR_CONTACT, CLASS_DOOR_HELD, "value"},
        [TRESPASS] = {POINT_MOTION, CLASS_INTRUSION, "value"},
        [WANDER] = {POINT_PRESENCE, CLASS_CARE_WANDER, "value"},
    };
    static const struct chain_step steps[] = {
        {.receiver = ROLE_CAREGIVER, .webhook = CHAIN_NO_WEBHOOK, .to = CHAIN_TO_ROLE},
        {.after_ns = 60 * NS_PER_S,
         .receiver = ROLE_MANAGER,
         .webhook = CHAIN_NO_WEBHOOK,
         .to = CHAIN_TO_ROLE},
    };
    struct trial *trial = &stage.trial;
    trial_init(trial, 0, 1);
    (void)trial_place(trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
    (void)trial_place(trial, CARE, PLACE_DAY_CARE_ROOM);
    (void)trial_device(trial, 0);
    for (unsigned i = 0; i < CONFIRMED; i++) {
        (void)trial_point(trial, ROOM, 0, rules[i].kind);
        struct ruleset_draft_rule *rule =
            trial_point_rule(trial, TRIAL_KIND(rules[i].kind), rules[i].expression, rules[i].class);
        rule->raise_after_ns = i == FALL ? 5 * NS_PER_S : i == STUFFY ? 10 * NS_PER_S : 0;
        rule->clear_after_ns = i == STUFFY ? 20 * NS_PER_S : 0;
        rule->chain = i == WANDER ? trial_chain(trial, steps, 2) : RULESET_NONE;
    }
    (void)trial_point(trial, ROOM, 0, POINT_ATTEND_BUTTON);
    (void)trial_point(trial, ROOM, 0, POINT_BATTERY);
    (void)trial_point(trial, ROOM, 0, POINT_TAMPER);
    trial->points[trial_point(trial, ROOM, 0, POINT_ACCESS_READER)].attends = 1;
    trial->points[trial_point(trial, ROOM, 0, POINT_CHECKPOINT)].attends = 1;
    (void)trial_place_rule(trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE),
                           "count(within(smoke, 60 s), within(heat, 60 s)) >= 2",
                           CLASS_FIRE_CONFIRMED);
    trial->draft.times = &stage.times;
    stage.times = alarm_times_default;
    assert_true(trial_bind(trial));
    size_t size = core_size(&trial->ruleset);
    stage.block = aligned_alloc(64, (size + 63) / 64 * 64);
    stage.step.events = calloc(core_events_max(&trial->ruleset), sizeof *stage.step.events);
    stage.records = calloc(trial->ruleset.alarm_count, sizeof *stage.records);
    stage.chains = calloc(trial->ruleset.alarm_count, sizeof *stage.chains);
    assert_true(stage.block != NULL && stage.step.events != NULL);
    assert_true(stage.records != NULL && stage.chains != NULL);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(stage.chains);
    free(stage.records);
    free(stage.step.events);
    free(stage.block);
    trial_deinit(&stage.trial);
    return 0;
}

static const char *point_name(uint32_t point) {
    return point >= PLATE ? other_names[point - PLATE] : names[point];
}

static void alarm_name(uint32_t alarm, char ret[48]) {
    const struct ruleset_alarm *bound = &stage.trial.ruleset.alarms[alarm];
    const struct ruleset_rule *rule = &stage.trial.ruleset.rules[bound->rule];
    if (rule->builtin == BUILTIN_NONE) {
        (void)snprintf(ret, 48, "%s", names[bound->rule]);
    } else if (rule->builtin == BUILTIN_SENSOR_FAULT) {
        (void)snprintf(ret, 48, "fault/%s", point_name(bound->entity));
    } else {
        (void)snprintf(ret, 48, "%s",
                       ruleset_builtin_name((enum ruleset_builtin)rule->builtin) +
                           strlen("system_"));
    }
}

static uint32_t alarm_find(const char *name) {
    for (uint32_t i = 0; i < stage.trial.ruleset.alarm_count; i++) {
        char is[48];
        alarm_name(i, is);
        if (strcmp(is, name) == 0) {
            return i;
        }
    }
    fail_msg("%s:%u: there is no alarm %s", stage.file, stage.line, name);
    return RULESET_NONE;
}

static uint32_t name_find(const char *name, const char *const *list, uint32_t count) {
    uint32_t i = 0;
    while (i < count && strcmp(list[i], name) != 0) {
        i++;
    }
    return i < count ? i : RULESET_NONE;
}

/* --- taking a line --- */

/* "90", "1.5s", "90min", "25h", "3d" in nanoseconds. */
static uint64_t span_read(const char *text) {
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
    char *end;
    double count = strtod(text, &end);
    for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0) {
            return (uint64_t)(count * units[i].seconds * 1000 + 0.5) * NS_PER_MS;
        }
    }
    wrong("that is no time", text);
    return 0;
}

static void command_add(struct command *command, const char *word) {
    enum disposition disposition = disposition_find(word, strlen(word));
    if (disposition < DISPOSITION_COUNT) {
        command->disposition = disposition;
    } else if (strcmp(word, "real") == 0 || strcmp(word, "false") == 0) {
        command->real = word[0] == 'r';
    } else if (strcmp(word, "of-test") == 0) {
        command->of_test = 1;
    } else if (strcmp(word, "no-reason") == 0) {
        command->reason[0] = '\0';
    } else if (strncmp(word, "as=", 3) == 0) {
        command->role = role_find(word + 3, strlen(word + 3));
    } else if (strncmp(word, "with=", 5) == 0) {
        command->second_role = role_find(word + 5, strlen(word + 5));
        (void)snprintf(command->second_actor, LIMIT_ACTOR, "li");
    } else {
        command->duration_s = (uint32_t)(span_read(word) / NS_PER_S);
    }
}

static const struct command *command_read(uint32_t alarm, uint32_t place, char *what) {
    stage.command = (struct command){.alarm = alarm,
                                     .place = place,
                                     .second_role = ROLE_COUNT,
                                     .actor = "nurse",
                                     .reason = "because"};
    char *rest;
    const char *verb = strtok_r(what, ",", &rest);
    stage.command.verb = command_verb_find(verb, strlen(verb));
    if (stage.command.verb == COMMAND_VERB_COUNT) {
        fail_msg("%s:%u: there is no verb %s", stage.file, stage.line, verb);
    }
    for (const char *word; (word = strtok_r(NULL, ",", &rest)) != NULL;) {
        command_add(&stage.command, word);
    }
    return &stage.command;
}

static struct reading reading_read(uint32_t point, const char *what) {
    struct reading reading = {.point = point};
    for (unsigned quality = QUALITY_UNCERTAIN; quality < QUALITY_COUNT; quality++) {
        if (strcmp(what, quality_name((enum quality)quality)) == 0) {
            reading.quality = (uint8_t)quality;
            return reading;
        }
    }
    char *end;
    reading.value = strtod(what, &end);
    if (*end != '\0' || end == what) {
        wrong("that is no value", what);
    }
    return reading;
}

static void take(struct instant now, struct input *input) {
    input->at = now;
    input->wall = (struct wall){(int64_t)now.ns};
    core_step(stage.core, input, &stage.step);
    core_check(stage.core);
}

/* Keep what the journal keeps, and begin anew with it. */
static void restart(struct instant now) {
    uint32_t count = stage.trial.ruleset.alarm_count;
    for (uint32_t i = 0; i < count; i++) {
        core_record(stage.core, i, now, &stage.records[i]);
        core_record_chain(stage.core, i, now, &stage.chains[i]);
    }
    for (uint32_t point = 0; point < POINTS; point++) {
        stage.tripped[point] = core_test_has_tripped(stage.core, point);
        stage.walked[point] = core_walk_has_tripped(stage.core, point);
    }
    stage.clock_behind_ns = core_clock_behind_ns(stage.core, now);
    for (uint32_t place = 0; place < PLACES; place++) {
        stage.tests_left_ds[place] = core_test_left_ds(stage.core, place, now);
        stage.walks_left_ds[place] = core_walk_left_ds(stage.core, place, now);
    }
    core_record_flood(stage.core, &stage.flood);
    core_begin(now);
    core_restore_flood(stage.core, &stage.flood, now);
    core_restore_clock(stage.core, stage.clock_behind_ns, now);
    for (uint32_t place = 0; place < PLACES; place++) {
        if (stage.tests_left_ds[place] > 0) {
            core_restore_test(stage.core, place, stage.tests_left_ds[place], now);
        }
        if (stage.walks_left_ds[place] > 0) {
            core_restore_walk(stage.core, place, stage.walks_left_ds[place], now);
        }
    }
    for (uint32_t point = 0; point < POINTS; point++) {
        if (stage.tripped[point]) {
            core_restore_tripped(stage.core, point);
        }
        if (stage.walked[point]) {
            core_restore_walked(stage.core, point);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)core_restore(stage.core, i, &stage.records[i], NULL, 0, now);
        core_restore_chain(stage.core, i, &stage.chains[i], now);
    }
    struct input input = {.kind = INPUT_START, .state = TRUTH_TRUE};
    take(now, &input);
}

/* "silence=30": the site file has another number. Nothing is told of it. */
static void number_change(const char *what) {
    struct alarm_times *times = &stage.times;
    const struct {
        const char *name;
        uint32_t *number;
    } numbers[] = {
        {"attend-emergency", &times->realarm_emergency_s},
        {"attend-urgent", &times->realarm_urgent_s},
        {"acknowledge-fire", &times->unacknowledged_fire_s},
        {"investigate", &times->uninvestigated_fire_s},
        {"silence", &times->silence_max_s},
        {"shelve", &times->shelve_max_s},
        {"disposition", &times->disposition_s},
        {"chattering", &times->chatter_window_s},
        {"flood-within", &times->flood_window_s},
        {"walk-test", &times->walk_test_reminder_s},
        {"flood-more-than", &times->flood_begin},
        {"flood-until-fewer-than", &times->flood_end},
    };
    size_t len = strcspn(what, "=");
    bool known = false;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strlen(numbers[i].name) == len && strncmp(numbers[i].name, what, len) == 0) {
            *numbers[i].number = (uint32_t)(span_read(what + len + 1) / NS_PER_S);
            known = true;
        }
    }
    if (!known) {
        wrong("that is no number of a site", what);
    }
    stage.step.event_count = 0;
    stage.step.refusal = COMMAND_ACCEPTED;
}

static void act(struct instant now, const char *who, char *what) {
    uint32_t place = name_find(who, place_names, PLACES);
    uint32_t point = name_find(who, names, CONFIRMED);
    uint32_t other = name_find(who, other_names, POINTS - PLATE);
    point = other != RULESET_NONE ? PLATE + other : point;
    bool is_word = strtod(what, NULL) == 0 && what[0] != '0';
    bool is_quality = false;
    for (unsigned quality = 0; quality < QUALITY_COUNT; quality++) {
        is_quality |= strcmp(what, quality_name((enum quality)quality)) == 0;
    }
    struct input input = {0};
    if (strcmp(who, "gateway") == 0) {
        restart(now);
        return;
    } else if (strcmp(who, "site") == 0) {
        number_change(what);
        return;
    } else if (strcmp(who, "wall") == 0) {
        input.kind = INPUT_CLOCK_STEP;
        input.step_ns = (int64_t)span_read(what + 1) * (what[0] == '-' ? -1 : 1);
    } else if (strcmp(who, "device") == 0) {
        input.kind = INPUT_DEVICE;
        input.state = strcmp(what, "back") == 0 ? TRUTH_TRUE : TRUTH_FALSE;
    } else if (strcmp(who, "time") == 0) {
        input.kind = INPUT_TICK;
    } else if (point != RULESET_NONE && (!is_word || is_quality)) {
        input.kind = INPUT_READING;
        input.reading = reading_read(point, what);
    } else {
        input.kind = INPUT_COMMAND;
        input.command =
            command_read(place == RULESET_NONE ? alarm_find(who) : RULESET_NONE, place, what);
    }
    take(now, &input);
}

/* --- judging it --- */

static void told_write(char *ret, size_t size) {
    size_t len = 0;
    ret[0] = '\0';
    if (stage.step.refusal != COMMAND_ACCEPTED) {
        stage.refused[stage.step.refusal] = true;
        len = (size_t)snprintf(ret, size, "!%s", command_refusal_name(stage.step.refusal));
    }
    for (uint32_t i = 0; i < stage.step.event_count && len < size; i++) {
        const struct core_event *event = &stage.step.events[i];
        const char *name = core_event_name(event->type);
        char alarm[48] = "";
        stage.told[event->type] = true;
        if (event->alarm != RULESET_NONE) {
            name += strlen("alarm.");
            alarm_name(event->alarm, alarm);
        } else if (event->type == EVENT_TEST_TRIPPED || event->type == EVENT_TEST_UNTESTED) {
            (void)snprintf(alarm, sizeof alarm, "%s", point_name(event->point));
        }
        len += (size_t)snprintf(ret + len, size - len, "%s%s%s%s", len > 0 ? "," : "", name,
                                alarm[0] == '\0' ? "" : ":", alarm);
    }
    if (len == 0) {
        (void)snprintf(ret, size, "-");
    }
}

static void state_write(const struct alarm *alarm, char *ret, size_t size) {
    struct alarm_axes axes = alarm->axes;
    const struct {
        bool on;
        const char *name;
    } marks[] = {
        {axes.attended, "attended"},
        {axes.silenced, "silenced"},
        {alarm_axes_are_suppressed(axes), suppression_name(alarm_axes_suppression(axes))},
        {axes.test, "test"},
        {axes.investigated, axes.real ? "real" : "false"},
        {axes.promoted, "promoted"},
        {axes.chattering, "chattering"},
        {alarm->disposition != DISPOSITION_UNSTATED,
         disposition_name((enum disposition)alarm->disposition)},
    };
    size_t len = (size_t)snprintf(ret, size, "%s", alarm_state_name(alarm_axes_state(axes)));
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (marks[i].on) {
            len += (size_t)snprintf(ret + len, size - len, " %s", marks[i].name);
        }
    }
}

static void state_judge(char *text) {
    char is[160];
    char *colon = strchr(text, ':');
    if (colon == NULL) {
        wrong("whose state is it?", text);
        return;
    }
    *colon = '\0';
    state_write(core_alarm(stage.core, alarm_find(text)), is, sizeof is);
    const char *want = colon + 1 + strspn(colon + 1, " ");
    if (strcmp(is, want) != 0) {
        wrong("the state is", is);
    }
}

static void story_begin(void) {
    stage.times = alarm_times_default;
    core_begin((struct instant){0});
    struct input input = {.kind = INPUT_START, .state = TRUTH_TRUE};
    take((struct instant){0}, &input);
    for (uint32_t point = 0; point < POINTS; point++) {
        input = (struct input){.kind = INPUT_READING,
                               .reading = {.point = point, .value = point == BATTERY ? 100 : 0}};
        take((struct instant){0}, &input);
    }
}

static void line_run(char *text) {
    char at[16], who[32], what[64], told[400], got[400];
    int used = 0;
    if (sscanf(text, " %15s %31s %63s : %399s%n", at, who, what, told, &used) != 4) {
        wrong("this is no line of a story", text);
        return;
    }
    act((struct instant){span_read(at)}, who, what);
    told_write(got, sizeof got);
    if (strcmp(got, told) != 0) {
        wrong("it tells", got);
    }
    char *arrow = strstr(text + used, "-> ");
    if (arrow != NULL) {
        state_judge(arrow + 3);
    } else if (text[used + (int)strspn(text + used, " ")] != '\0') {
        wrong("this is too much", text + used);
    }
    stage.lines++;
}

static void file_run(const char *path, const char *name) {
    FILE *file = fopen(path, "r");
    char text[700];
    assert_non_null(file);
    stage.file = name;
    stage.line = 0;
    while (fgets(text, sizeof text, file) != NULL) {
        stage.line++;
        text[strcspn(text, "\n")] = '\0';
        char *comment = strstr(text, "  #");
        if (comment != NULL) {
            *comment = '\0';
        }
        size_t len = strlen(text);
        while (len > 0 && text[len - 1] == ' ') {
            text[--len] = '\0';
        }
        if (text[0] == '=') {
            story_begin();
        } else if (text[0] != '\0' && text[0] != '#') {
            line_run(text);
        }
    }
    (void)fclose(file);
}

static void every_row_of_the_table_is_as_it_is_told(void **state) {
    (void)state;
    static const char folder[] = TEST_SOURCE_DIR "/tests/alarm";
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        char path[1024];
        const char *name = entries[i]->d_name;
        size_t len = strlen(name);
        if (len > 6 && strcmp(name + len - 6, ".table") == 0) {
            (void)snprintf(path, sizeof path, "%s/%s", folder, name);
            file_run(path, name);
        }
        free(entries[i]);
    }
    free(entries);
    print_message("%u lines\n", stage.lines);
    assert_true(stage.lines > 150); /* the files were found and read */
    assert_int_equal(stage.wrong, 0);
}

/* Nothing that an alarm may tell, and no reason to refuse, is without a line. */
static void every_event_and_every_refusal_has_a_line(void **state) {
    (void)state;
    for (unsigned type = EVENT_ALARM_RAISED; type <= EVENT_FLOOD_ENDED; type++) {
        if (!stage.told[type]) {
            fail_msg("no line tells %s", core_event_name((enum core_event_type)type));
        }
    }
    for (unsigned refusal = COMMAND_ACCEPTED + 1; refusal < COMMAND_REFUSAL_COUNT; refusal++) {
        bool nameless =
            refusal == COMMAND_REFUSED_UNKNOWN || refusal == COMMAND_REFUSED_UNKNOWN_PLACE;
        if (!nameless && !stage.refused[refusal]) {
            fail_msg("no line is refused with %s",
                     command_refusal_name((enum command_refusal)refusal));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_is_as_it_is_told),
        cmocka_unit_test(every_event_and_every_refusal_has_a_line),
    };
    return cmocka_run_group_tests(tests, build, tear_down);
}
