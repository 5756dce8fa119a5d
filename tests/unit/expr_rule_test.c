/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Language tests: runs the expressions in tests/expr against the answers that stand beside them
 *
 * A line that is indented by two spaces is an expression, compiled in the scope of the last `each:`
 * line. Its answers stand behind it or on the lines below:
 *
 *     each: point smoke
 *       value                    # expect: true if value=1
 *     # expect: unknown if value=stale
 *       within(value, 60 s)
 *     # at 0 s: true if value=1
 *     # at 10 s: true until 70 s if value=0
 *     # at 70 s: false
 *       valeu                    # expect: error: did you mean `value`
 *     # ^^^^^
 *
 * `expect:` starts with fresh memories at 0 s; `at` goes on from the line before. Behind `if` stand
 * the points of each kind (`smoke=1,0,?`; a quality word is a point of that quality, `?` a stale
 * one, `granted` and `denied` a reading of an event point, which is over after the line), the rule's
 * own point (`value=`, `quality=`; `heard` when it was only confirmed), `levelled` for the counters, and what the place
 * knows (`open=`, `weekday=`, `between=` by clause, `capacity=`, `area=`). What is not given is an empty set, a point
 * that is waited for since the start, or unknown. `shows N` is what {value} would show; without `until` the answer must not change by
 * itself. `ok` only has to compile. An error must stand exactly above the carets below it; `error:`
 * is some part of what it says, `error exactly:` all of it.
 */

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/expr.h"
#include "tests/support/cmocka.h"

enum {
    MEMBERS_MAX = 8,
    POINTS_MAX = 1 + POINT_KIND_COUNT * MEMBERS_MAX, /* the rule's own, then those of each kind */
    BOUND_MAX = LIMIT_EXPR_SETS * MEMBERS_MAX,
    MEMORIES_MAX = 256,
    WINDOWS_MAX = 32,
};

/* What a line says about the world. */
struct world {
    double capacity, area;
    enum truth open, weekday;
    uint8_t betweens[LIMIT_EXPR_SETS];
    struct point_state points[POINTS_MAX];
    uint32_t counts[POINT_KIND_COUNT];
    bool levelled;   /* the counters were levelled on this line */
    uint32_t moment; /* the point that a word such as `granted` was read from on this line */
};

/* Where a member of a kind stands among the points; the rule's own is number 0. */
static uint32_t member_at(uint32_t kind, uint32_t member) {
    return 1 + kind * MEMBERS_MAX + member;
}

struct rule {
    const char *file;
    unsigned line;   /* of the expression */
    char text[2048]; /* the line as it stands */
    size_t at, len;  /* the expression in it */
    bool compiled;
    bool judged;     /* some answer stood beside it */
    bool carets_due; /* an error was expected and its place has not been */
    struct expr_program program;
    struct expr_error error;
    struct world world;
    struct expr_memory memories[MEMORIES_MAX];
    struct expr_window windows[WINDOWS_MAX];
};

static unsigned case_count, failure_count;

static void rule_fail(const struct rule *rule, unsigned line, const char *what,
                      const char *detail) {
    failure_count++;
    fprintf(stderr, "%s:%u: %s: %s\n    %s\n", rule->file, line, what, detail, rule->text);
}

static struct world world_empty(void) {
    struct world world = {
        .capacity = -1, .area = -1, .open = TRUTH_UNKNOWN, .weekday = TRUTH_UNKNOWN};
    memset(world.betweens, TRUTH_UNKNOWN, sizeof world.betweens);
    for (uint32_t i = 0; i < POINTS_MAX; i++) {
        world.points[i].quality = QUALITY_STALE;
    }
    return world;
}

static void rule_forget(struct rule *rule) {
    memset(rule->memories, 0, sizeof rule->memories);
    memset(rule->windows, 0, sizeof rule->windows);
}

static enum truth truth_of(const char *word) {
    return *word == '1' ? TRUTH_TRUE : *word == '0' ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

static enum quality quality_of(const char *word) {
    enum quality quality = 0;
    while (quality < QUALITY_COUNT && strcmp(word, quality_name(quality)) != 0) {
        quality++;
    }
    return quality;
}

/* Read a point: "1", "21.5", "?", a quality, or the word of an event. */
static void world_read(struct world *world, uint32_t index, const char *word, struct instant now) {
    struct point_state *point = &world->points[index];
    bool moment = strcmp(word, "granted") == 0 || strcmp(word, "denied") == 0;
    enum quality quality = strcmp(word, "?") == 0 ? QUALITY_STALE : quality_of(word);
    if (quality < QUALITY_COUNT) {
        point->quality = (uint8_t)quality;
        point->known = point->known == POINT_UNHEARD ? POINT_MISSED : point->known;
        return;
    }
    char *end;
    double value = strtod(word, &end);
    assert_true(moment || (*end == '\0' && end != word));
    *point = (struct point_state){.value = moment ? *word == 'g' : value,
                                  .heard = now,
                                  .known = POINT_READ,
                                  .quality = QUALITY_GOOD};
    world->moment = moment ? index : world->moment;
}

/* Apply "smoke=1,0,?", or "heard": the rule's own point was confirmed. */
static void world_assign(struct world *world, char *assignment, struct instant now) {
    if (strcmp(assignment, "heard") == 0) {
        world->points[0].heard = now;
        world->points[0].known = POINT_HEARD;
        return;
    }
    if (strcmp(assignment, "levelled") == 0) {
        world->levelled = true;
        return;
    }
    char *values = strchr(assignment, '=');
    assert_non_null(values);
    *values++ = '\0';
    enum point_kind kind = point_kind_find(assignment, strlen(assignment));
    char *rest = values;
    uint32_t count = 0;
    for (char *word = strtok_r(values, ",", &rest); word != NULL;
         word = strtok_r(NULL, ",", &rest)) {
        assert_true(count < MEMBERS_MAX);
        if (kind < POINT_KIND_COUNT) {
            world_read(world, member_at(kind, count), word, now);
        } else if (strcmp(assignment, "value") == 0) {
            world_read(world, 0, word, now);
        } else if (strcmp(assignment, "quality") == 0) {
            world->points[0].quality = (uint8_t)quality_of(word);
        } else if (strcmp(assignment, "open") == 0) {
            world->open = truth_of(word);
        } else if (strcmp(assignment, "weekday") == 0) {
            world->weekday = truth_of(word);
        } else if (strcmp(assignment, "between") == 0) {
            world->betweens[count] = (uint8_t)truth_of(word);
        } else if (strcmp(assignment, "capacity") == 0) {
            world->capacity = strtod(word, NULL);
        } else if (strcmp(assignment, "area") == 0) {
            world->area = strtod(word, NULL);
        } else {
            fail_msg("no such thing to assign: %s", assignment);
        }
        count++;
    }
    if (kind < POINT_KIND_COUNT) {
        world->counts[kind] = count;
    }
}

static struct expr_result rule_run_once(struct rule *rule, struct instant now, uint32_t moment) {
    uint32_t members[BOUND_MAX];
    struct expr_bound bounds[LIMIT_EXPR_SETS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < rule->program.set_count; i++) {
        const struct expr_set *set = &rule->program.sets[i];
        bool own = set->binding == EXPR_BIND_SELF;
        bool one = set->binding != EXPR_BIND_SUBTREE;
        uint32_t size = one ? 1 : rule->world.counts[set->kind];
        bounds[i] = (struct expr_bound){count, size};
        for (uint32_t j = 0; j < size; j++, count++) {
            members[count] = own ? 0 : member_at(set->kind, j);
        }
    }
    struct expr_keeps keeps =
        expr_keeps(rule->program.sets, rule->program.set_count, rule->program.own, bounds);
    assert_true(keeps.memories <= MEMORIES_MAX && keeps.windows <= WINDOWS_MAX);
    struct expr_view view = {.now = now,
                             .levelled = rule->world.levelled,
                             .moment = moment,
                             .points = rule->world.points,
                             .members = members,
                             .bounds = bounds,
                             .between_truths = rule->world.betweens,
                             .open = rule->world.open,
                             .weekday = rule->world.weekday,
                             .capacity = rule->world.capacity,
                             .area = rule->world.area};
    struct expr_past past = {.memories = rule->memories, .windows = rule->windows};
    struct expr_result result = expr_eval(rule->program.ops, rule->program.op_count, &view, &past);
    assert_true(past.memories == rule->memories + keeps.memories);
    assert_true(past.windows == rule->windows + keeps.windows);
    return result;
}

/* Run, and after a moment once more, for then it is over. */
static struct expr_result rule_run(struct rule *rule, struct instant now) {
    struct expr_result result = rule_run_once(rule, now, rule->world.moment);
    if (rule->world.moment != EXPR_NO_MOMENT) {
        result.deadline = rule_run_once(rule, now, EXPR_NO_MOMENT).deadline;
    }
    return result;
}

static uint64_t seconds_ns(const char *seconds) {
    return (uint64_t)llround(strtod(seconds, NULL) * 1e9);
}

/* "true until 70 s shows 2 if value=0". */
static void rule_expect_result(struct rule *rule, unsigned line, char *answer, struct instant now) {
    static const char *const truths[] = {
        [TRUTH_FALSE] = "false", [TRUTH_TRUE] = "true", [TRUTH_UNKNOWN] = "unknown"};
    if (!rule->compiled) {
        rule_fail(rule, line, "does not run", rule->error.message);
        return;
    }
    char *rest = answer;
    char *truth = strtok_r(answer, " ", &rest);
    struct instant until = INSTANT_NEVER;
    const char *shows = NULL;
    rule->world.moment = EXPR_NO_MOMENT;
    rule->world.levelled = false;
    for (char *word = strtok_r(NULL, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (strcmp(word, "until") == 0) {
            until.ns = seconds_ns(strtok_r(NULL, " ", &rest));
            assert_string_equal(strtok_r(NULL, " ", &rest), "s");
        } else if (strcmp(word, "shows") == 0) {
            shows = strtok_r(NULL, " ", &rest);
        } else if (strcmp(word, "if") != 0) {
            world_assign(&rule->world, word, now);
        }
    }
    char got[128];
    struct expr_result result = rule_run(rule, now);
    if (strcmp(truths[result.truth], truth) != 0) {
        rule_fail(rule, line, "is", truths[result.truth]);
    }
    if (result.deadline.ns != until.ns) {
        snprintf(got, sizeof got, "%.9f s", (double)result.deadline.ns / 1e9);
        rule_fail(rule, line, "changes by itself at", got);
    }
    if (shows != NULL && result.value != strtod(shows, NULL)) {
        snprintf(got, sizeof got, "%.17g", result.value);
        rule_fail(rule, line, "shows", got);
    }
}

static void rule_expect(struct rule *rule, unsigned line, char *answer) {
    char *error = answer + strlen("error: ");
    char *exactly = answer + strlen("error exactly: ");
    case_count++;
    rule->judged = true;
    if (strncmp(answer, "error: ", strlen("error: ")) == 0) {
        rule->carets_due = true;
        if (rule->compiled) {
            rule_fail(rule, line, "compiles", "but should not");
        } else if (strstr(rule->error.message, error) == NULL) {
            rule_fail(rule, line, "says", rule->error.message);
        }
    } else if (strncmp(answer, "error exactly: ", strlen("error exactly: ")) == 0) {
        rule->carets_due = true;
        if (rule->compiled) {
            rule_fail(rule, line, "compiles", "but should not");
        } else if (strcmp(rule->error.message, exactly) != 0) {
            rule_fail(rule, line, "says", rule->error.message);
        }
    } else if (!rule->compiled) {
        rule_fail(rule, line, "does not compile", rule->error.message);
    } else if (strcmp(answer, "ok") != 0) {
        rule->world = world_empty();
        rule_forget(rule);
        rule_expect_result(rule, line, answer, (struct instant){0});
    }
}

/* Characters, not bytes, before `end` in `text`. */
static size_t columns(const char *text, size_t end) {
    size_t count = 0;
    for (size_t i = 0; i < end; i++) {
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return count;
}

static void rule_expect_carets(struct rule *rule, unsigned line, const char *text) {
    char want[2048] = "#";
    size_t first = columns(rule->text, rule->at + rule->error.at);
    size_t end = columns(rule->text, rule->at + rule->error.at + rule->error.len);
    memset(want + 1, ' ', first - 1);
    memset(want + first, '^', end > first ? end - first : 1);
    rule->carets_due = false;
    if (!rule->compiled && strcmp(text, want) != 0) {
        rule_fail(rule, line, rule->error.message, "stands at");
        fprintf(stderr, "%s\n", want);
    }
}

/* The expression of a line that begins with two spaces. */
static void rule_begin(struct rule *rule, const struct expr_scope *scope, unsigned line,
                       const char *text) {
    snprintf(rule->text, sizeof rule->text, "%s", text);
    const char *comment = strstr(text, "# expect:");
    rule->line = line;
    rule->at = 2;
    rule->len = (comment == NULL ? strlen(text) : (size_t)(comment - text)) - 2;
    while (rule->len > 0 && text[2 + rule->len - 1] == ' ') {
        rule->len--;
    }
    /* A copy of exactly that length, so that a sanitizer sees a read past it. */
    char *copy = malloc(rule->len + 1);
    assert_non_null(copy);
    memcpy(copy, text + 2, rule->len);
    char *exact = realloc(copy, rule->len > 0 ? rule->len : 1);
    assert_non_null(exact);
    rule->compiled = expr_compile(exact, rule->len, scope, &rule->program, &rule->error);
    free(exact);
    if (!rule->compiled && rule->error.at + rule->error.len > rule->len) {
        rule_fail(rule, line, "points behind its end", rule->error.message);
    }
    rule->judged = false;
    rule->carets_due = false;
    rule->world = world_empty();
    rule_forget(rule);
}

static struct expr_scope scope_of(const char *line) {
    struct expr_scope scope = {.each = EXPR_EACH_PLACE};
    char words[2048];
    (void)snprintf(words, sizeof words, "%s", line);
    char *rest = words;
    char *each = strtok_r(words, " ,[]", &rest);
    if (strcmp(each, "point") == 0) {
        scope.each = EXPR_EACH_POINT;
        for (char *word = strtok_r(NULL, " ,[]", &rest); word != NULL;
             word = strtok_r(NULL, " ,[]", &rest)) {
            enum point_kind kind = point_kind_find(word, strlen(word));
            assert_true(kind < POINT_KIND_COUNT);
            scope.kinds |= (point_kind_set)1 << kind;
        }
    } else {
        assert_string_equal(each, "place");
    }
    return scope;
}

/* Nothing may be left unsaid about the expression before this line. */
static void rule_end(const struct rule *rule, unsigned line) {
    if (rule->line > 0 && !rule->judged) {
        rule_fail(rule, rule->line, "has no answer", "write `# expect:`");
    }
    if (rule->line > 0 && rule->carets_due) {
        rule_fail(rule, line, "where?", "write carets below the error");
    }
}

/* A page has its rules in fences; what stands outside is for people. */
enum fence { FENCE_NONE, FENCE_RULE, FENCE_OTHER };

static bool fence_opens_or_closes(const char *text, enum fence *fence) {
    if (strncmp(text, "```", 3) != 0) {
        return false;
    }
    *fence = *fence != FENCE_NONE            ? FENCE_NONE
             : strcmp(text + 3, "rule") == 0 ? FENCE_RULE
                                             : FENCE_OTHER;
    return true;
}

static void file_run(const char *path, bool is_page) {
    static struct rule rule; /* large */
    memset(&rule, 0, sizeof rule);
    rule.file = path;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    struct expr_scope scope = {.each = EXPR_EACH_PLACE};
    enum fence fence = FENCE_NONE;
    char text[2048];
    unsigned line = 0;
    while (fgets(text, sizeof text, file) != NULL) {
        line++;
        text[strcspn(text, "\n")] = '\0';
        if (is_page && (fence_opens_or_closes(text, &fence) || fence != FENCE_RULE)) {
            continue;
        }
        char *expect = strstr(text, "# expect: ");
        if (strncmp(text, "each: ", 6) == 0) {
            scope = scope_of(text + 6);
        } else if (strncmp(text, "  ", 2) == 0) {
            rule_end(&rule, line);
            rule_begin(&rule, &scope, line, text);
        }
        if (expect != NULL) {
            rule_expect(&rule, line, expect + strlen("# expect: "));
        } else if (strncmp(text, "# at ", 5) == 0) {
            char *answer = strchr(text, ':');
            assert_non_null(answer);
            case_count++;
            rule.judged = true;
            rule_expect_result(&rule, line, answer + 2, (struct instant){seconds_ns(text + 5)});
        } else if (text[0] == '#' && text[1 + strspn(text + 1, " ")] == '^') {
            rule_expect_carets(&rule, line, text);
        }
    }
    rule_end(&rule, line);
    fclose(file);
    rule.file = NULL;
}

static void every_expression_means_what_stands_beside_it(void **state) {
    (void)state;
    static const char folder[] = TEST_SOURCE_DIR "/tests/expr";
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        char path[1024];
        size_t len = strlen(entries[i]->d_name);
        if (len > 5 && strcmp(entries[i]->d_name + len - 5, ".rule") == 0) {
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            file_run(path, false);
        }
        free(entries[i]);
    }
    free(entries);
    print_message("%u answers checked\n", case_count);
    assert_true(case_count > 200); /* the files were found and read */
    assert_int_equal(failure_count, 0);
}

/* The page that teaches the language may not say what is not so. */
static void every_example_of_the_page_means_what_it_says(void **state) {
    (void)state;
    case_count = 0;
    failure_count = 0;
    file_run(TEST_SOURCE_DIR "/rules/LANGUAGE.md", true);
    print_message("%u answers checked\n", case_count);
    assert_true(case_count > 60);
    assert_int_equal(failure_count, 0);
}

static char *text_of(const char *path) {
    static char bytes[65536];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
    bytes[len] = '\0';
    return strdup(bytes);
}

/* The whole rule that the page begins with is one of the example site's. */
static void the_rule_of_the_page_is_one_of_the_example(void **state) {
    (void)state;
    char *page = text_of(TEST_SOURCE_DIR "/rules/LANGUAGE.md");
    char *rules = text_of(TEST_SOURCE_DIR "/deploy/example/rules.yaml");
    char *begin = strstr(page, "```yaml\n");
    assert_non_null(begin);
    begin += strlen("```yaml\n");
    char *end = strstr(begin, "```");
    assert_non_null(end);
    *end = '\0';
    assert_non_null(strstr(rules, begin));
    assert_null(strstr(end + 1, "```yaml"));
    free(page);
    free(rules);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_expression_means_what_stands_beside_it),
        cmocka_unit_test(every_example_of_the_page_means_what_it_says),
        cmocka_unit_test(the_rule_of_the_page_is_one_of_the_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
