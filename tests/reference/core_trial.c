/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The core as a program: sites, rules and inputs as text in, conditions as text out
 *
 * For the reference model beside it, which does the same in another way. A line is a command; times
 * are nanoseconds, truths 0, 1 or ?, and an expression goes to the end of its line.
 *
 *     compile point|place KINDS|- EXPRESSION   -> "fine" or "refused AT MESSAGE", by itself
 *     place PARENT|- KIND CAPACITY AREA        begins or widens a site; an own number -1 is unknown
 *     point PLACE KIND
 *     rule point|place KINDS EXPRESSION        -> "rule fine" or "refused …"
 *     begin                                    -> "between BEGIN_MIN END_MIN" each, then "alarms N"
 *     at NS tick                               -> a line of the conditions of the rules' alarms
 *     at NS reading POINT VALUE QUALITY        likewise, as each line below
 *     at NS open|weekday TRUTH
 *     at NS between INDEX TRUTH
 *     at NS level
 *     end                                      forgets the site
 *
 * Before an input the core gets its ticks exactly when it asks for them, up to the input's own
 * instant and that included, as a gateway with no other work would give them.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/trial.h"

enum { LINE_MAX_BYTES = 4096, CALENDAR = 1 };

static struct trial trial;
static char expressions[TRIAL_RULES][LINE_MAX_BYTES];
static void *block;
static struct core *core;
static struct step step;

/* A line that is wrong is a fault of whoever wrote it. */
static void demand(bool holds, const char *line) {
    if (!holds) {
        fprintf(stderr, "core_trial: cannot read: %s\n", line);
        exit(2);
    }
}

static enum truth truth_of(const char *word) {
    return *word == '1' ? TRUTH_TRUE : *word == '0' ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

/* --- a site --- */

static void site_place(const char *line) {
    char parent[16], kind[64];
    double capacity, area;
    demand(sscanf(line, "place %15s %63s %lf %lf", parent, kind, &capacity, &area) == 4, line);
    if (trial.draft.place_count == 0) {
        trial_init(&trial, 0, 2);
        (void)trial_device(&trial, 0);
    }
    uint32_t above = strcmp(parent, "-") == 0 ? RULESET_NONE : (uint32_t)atoi(parent);
    uint32_t place = trial_place(&trial, above, place_kind_find(kind, strlen(kind)));
    trial.places[place].calendar = CALENDAR;
    trial.places[place].capacity = capacity;
    trial.places[place].area_m2 = area;
}

static void site_point(const char *line) {
    unsigned place;
    char kind[64];
    demand(sscanf(line, "point %u %63s", &place, kind) == 2, line);
    enum point_kind found = point_kind_find(kind, strlen(kind));
    demand(found < POINT_KIND_COUNT, line);
    (void)trial_point(&trial, place, 0, found);
}

/* "smoke,heat" as kinds of points or places, one bit each; "-" is none. */
static uint64_t kinds_of(const char *words, bool point) {
    uint64_t kinds = 0;
    while (*words != '\0') {
        size_t len = strcspn(words, ",");
        unsigned kind =
            point ? (unsigned)point_kind_find(words, len) : (unsigned)place_kind_find(words, len);
        demand(strcmp(words, "-") == 0 ||
                   kind < (point ? (unsigned)POINT_KIND_COUNT : (unsigned)PLACE_KIND_COUNT),
               words);
        kinds |= *words == '-' ? 0 : UINT64_C(1) << kind;
        words += len + (words[len] == ',');
    }
    return kinds;
}

/* "rule point smoke,heat EXPRESSION": what stands before the expression, which is returned. */
static const char *scope_of(const char *line, struct expr_scope *ret_scope, uint64_t *ret_kinds) {
    char each[8], words[256];
    int begin = 0;
    demand(sscanf(line, "%*s %7s %255s %n", each, words, &begin) == 2, line);
    bool point = strcmp(each, "point") == 0;
    *ret_kinds = kinds_of(words, point);
    *ret_scope = (struct expr_scope){.each = point ? EXPR_EACH_POINT : EXPR_EACH_PLACE,
                                     .kinds = point ? *ret_kinds : 0};
    return line + begin;
}

/* Compile, and say so when it is refused. */
static bool compiles(const char *text, const struct expr_scope *scope,
                     struct expr_program *ret_program) {
    struct expr_error error;
    if (expr_compile(text, strlen(text), scope, ret_program, &error)) {
        return true;
    }
    printf("refused %u %s\n", (unsigned)error.at, error.message);
    return false;
}

static void site_compile(const char *line) {
    struct expr_program program;
    struct expr_scope scope;
    uint64_t kinds;
    const char *text = scope_of(line, &scope, &kinds);
    if (compiles(text, &scope, &program)) {
        printf("fine\n");
    }
}

static void site_rule(const char *line) {
    struct expr_program program;
    struct expr_scope scope;
    uint64_t kinds;
    const char *text = scope_of(line, &scope, &kinds);
    demand(trial.draft.rule_count < TRIAL_RULES, line);
    if (!compiles(text, &scope, &program)) {
        return;
    }
    char *kept = expressions[trial.draft.rule_count];
    snprintf(kept, LINE_MAX_BYTES, "%s", text);
    if (scope.each == EXPR_EACH_POINT) {
        (void)trial_point_rule(&trial, kinds, kept, CLASS_INTRUSION);
    } else {
        (void)trial_place_rule(&trial, kinds, kept, CLASS_INTRUSION);
    }
    printf("rule fine\n");
}

/* --- its life --- */

static void *life_array(size_t count, size_t size) {
    void *array = calloc(count + 1, size);
    if (array == NULL) {
        abort();
    }
    return array;
}

static void life_tick(uint64_t now_ns) {
    const struct input input = {.at = {now_ns}, .kind = INPUT_TICK};
    core_step(core, &input, &step);
}

static void life_begin(const char *line) {
    demand(trial_bind(&trial), line);
    const struct ruleset *ruleset = &trial.ruleset;
    block = life_array(core_size(ruleset), 1);
    step.events = life_array(core_events_max(ruleset), sizeof *step.events);
    core = core_init(block, ruleset, (struct instant){0});
    const struct input start = {.kind = INPUT_START, .state = TRUTH_TRUE};
    core_step(core, &start, &step);
    for (uint32_t i = 0; i < ruleset->between_count; i++) {
        printf("between %u %u\n", (unsigned)ruleset->betweens[i].begin_min,
               (unsigned)ruleset->betweens[i].end_min);
    }
    uint32_t alarms = 0;
    for (uint32_t r = 0; r < trial.draft.rule_count; r++) {
        alarms += ruleset->rules[r].alarm_count;
    }
    printf("alarms %u\n", (unsigned)alarms);
}

static void life_print(void) {
    for (uint32_t i = 0; i < trial.ruleset.alarm_count; i++) {
        if (trial.ruleset.alarms[i].rule < trial.draft.rule_count) {
            putchar("0?1"[core_condition(core, i) == TRUTH_FALSE  ? 0
                          : core_condition(core, i) == TRUTH_TRUE ? 2
                                                                  : 1]);
        }
    }
    putchar('\n');
}

static struct input input_of(const char *line) {
    uint64_t at_ns;
    char what[16], words[3][64] = {"", "", ""};
    demand(sscanf(line, "at %" SCNu64 " %15s %63s %63s %63s", &at_ns, what, words[0], words[1],
                  words[2]) >= 2,
           line);
    struct input input = {.at = {at_ns}, .kind = INPUT_TICK};
    if (strcmp(what, "reading") == 0) {
        enum quality quality = 0;
        while (quality < QUALITY_COUNT && strcmp(quality_name(quality), words[2]) != 0) {
            quality++;
        }
        input.kind = INPUT_READING;
        input.reading = (struct reading){.point = (uint32_t)atoi(words[0]),
                                         .value = strtod(words[1], NULL),
                                         .quality = (uint8_t)quality};
    } else if (strcmp(what, "open") == 0) {
        input.kind = INPUT_CALENDAR;
        input.subject = CALENDAR;
        input.state = truth_of(words[0]);
    } else if (strcmp(what, "weekday") == 0) {
        input.kind = INPUT_WEEKDAY;
        input.state = truth_of(words[0]);
    } else if (strcmp(what, "level") == 0) {
        input.kind = INPUT_LEVEL;
    } else if (strcmp(what, "between") == 0) {
        input.kind = INPUT_BETWEEN;
        input.subject = (uint32_t)atoi(words[0]);
        input.state = truth_of(words[1]);
    } else {
        demand(strcmp(what, "tick") == 0, line);
    }
    return input;
}

static void life_input(const char *line) {
    struct input input = input_of(line);
    demand(core != NULL, line);
    for (struct instant due = core_deadline(core); due.ns <= input.at.ns;
         due = core_deadline(core)) {
        life_tick(due.ns);
        core_check(core);
    }
    core_step(core, &input, &step);
    core_check(core);
    life_print();
}

static void life_end(void) {
    free(step.events);
    free(block);
    step.events = NULL;
    block = NULL;
    core = NULL;
    trial_deinit(&trial);
}

int main(void) {
    static char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "compile ", 8) == 0) {
            site_compile(line);
        } else if (strncmp(line, "place ", 6) == 0) {
            site_place(line);
        } else if (strncmp(line, "point ", 6) == 0) {
            site_point(line);
        } else if (strncmp(line, "rule ", 5) == 0) {
            site_rule(line);
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
