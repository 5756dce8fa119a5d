/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The evaluator, driven through its own interface: truth tables of every operator over all three
 * values, ranges, and the memories of `within`. What people write is tested in tests/expr.
 */

#include <stdio.h>
#include <string.h>

#include "rules/expr.h"
#include "rules/expr_range.h"
#include "tests/support/cmocka.h"

#define F TRUTH_FALSE
#define T TRUTH_TRUE
#define U TRUTH_UNKNOWN
#define S 1000000000ull

/* `value` and one sibling, `heat`, in a rule for smoke detectors. */
static const struct expr_scope smoke = {.each = EXPR_EACH_POINT,
                                        .kinds = (point_kind_set)1 << POINT_SMOKE};
static const struct expr_scope place = {.each = EXPR_EACH_PLACE};

static struct expr_program compiled(const char *text, const struct expr_scope *scope) {
    struct expr_program program;
    struct expr_error error;
    if (!expr_compile(text, strlen(text), scope, &program, &error)) {
        fail_msg("%s: %s", text, error.message);
    }
    return program;
}

static struct point_state point_of(enum truth truth) {
    return truth == U ? (struct point_state){.quality = QUALITY_STALE}
                      : (struct point_state){.value = truth == T ? 1 : 0};
}

/* Run a program over `value` and `heat`. */
static struct expr_result run(const struct expr_program *program, enum truth value, enum truth heat,
                              uint64_t now_ns, struct expr_memory *memory) {
    const struct point_state points[] = {point_of(value), point_of(heat)};
    const uint32_t members[] = {0, 1};
    const struct expr_bound bounds[] = {{0, 1}, {1, 1}};
    const struct expr_view view = {.now = {now_ns},
                                   .points = points,
                                   .members = members,
                                   .bounds = bounds,
                                   .open = U,
                                   .weekday = U,
                                   .capacity = -1,
                                   .area = -1};
    struct expr_past past = {.memories = memory};
    return expr_eval(program->ops, program->op_count, &view, &past);
}

static void check_table(const char *text, const enum truth want[3][3]) {
    static const enum truth order[] = {F, U, T};
    struct expr_program program = compiled(text, &smoke);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            struct expr_result result = run(&program, order[i], order[j], 0, NULL);
            if (result.truth != want[i][j]) {
                fail_msg("%s: row %zu, column %zu is %d", text, i, j, (int)result.truth);
            }
            assert_true(result.deadline.ns == INSTANT_NEVER.ns);
        }
    }
}

/* Rows: value false, unknown, true; columns: heat likewise. */
static void logic_follows_kleene(void **state) {
    (void)state;
    check_table("value and heat", (const enum truth[3][3]){{F, F, F}, {F, U, U}, {F, U, T}});
    check_table("value or heat", (const enum truth[3][3]){{F, U, T}, {U, U, T}, {T, T, T}});
    check_table("not value", (const enum truth[3][3]){{T, T, T}, {U, U, U}, {F, F, F}});
    check_table("value == heat", (const enum truth[3][3]){{T, U, F}, {U, U, U}, {F, U, T}});
    check_table("value != heat", (const enum truth[3][3]){{F, U, T}, {U, U, U}, {T, U, F}});
}

static void a_comparison_with_an_unknown_number_is_unknown(void **state) {
    (void)state;
    static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
    static const enum truth below[] = {F, T, T, T, F, F}, equal[] = {T, F, F, T, F, T},
                            above[] = {F, T, F, F, T, T};
    const struct expr_scope scope = {.each = EXPR_EACH_POINT,
                                     .kinds = (point_kind_set)1 << POINT_OCCUPANCY_COUNT};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        char text[32];
        snprintf(text, sizeof text, "value %s 1", signs[i]);
        struct expr_program program = compiled(text, &scope);
        assert_int_equal(run(&program, F, U, 0, NULL).truth, below[i]);
        assert_int_equal(run(&program, T, U, 0, NULL).truth, equal[i]);
        assert_int_equal(run(&program, U, U, 0, NULL).truth, U);
        snprintf(text, sizeof text, "1 %s value + 1", signs[i]);
        program = compiled(text, &scope);
        assert_int_equal(run(&program, F, U, 0, NULL).truth, equal[i]);
        assert_int_equal(run(&program, U, U, 0, NULL).truth, U);
        snprintf(text, sizeof text, "value + 2 %s 1", signs[i]);
        program = compiled(text, &scope);
        assert_int_equal(run(&program, F, U, 0, NULL).truth, above[i]);
    }
}

static void uncertain_counts_as_good_and_every_other_quality_is_unknown(void **state) {
    (void)state;
    struct expr_program program = compiled("value", &smoke);
    const uint32_t members[] = {0};
    const struct expr_bound bounds[] = {{0, 1}};
    for (enum quality quality = 0; quality < QUALITY_COUNT; quality++) {
        struct point_state point = {.value = 1, .quality = (uint8_t)quality};
        struct expr_view view = {.points = &point, .members = members, .bounds = bounds};
        struct expr_past past = {.memories = NULL};
        struct expr_result result = expr_eval(program.ops, program.op_count, &view, &past);
        bool usable = quality == QUALITY_GOOD || quality == QUALITY_UNCERTAIN;
        assert_int_equal(result.truth, usable ? T : U);
        assert_true(result.value == (usable ? 1 : 0));
    }
}

static void ranges_never_make_a_nan_and_never_lose_a_number(void **state) {
    (void)state;
    const struct expr_range unknown = expr_range_unknown();
    const struct expr_range samples[] = {unknown,        {0, 0},           {1, 1},
                                         {-1, 2},        {unknown.low, 3}, {-3, unknown.high},
                                         {1e308, 1e308}, {-1e308, 1e308},  {2, 5}};
    const double inside[] = {7, 0, 1, 1.5, -1e9, 1e9, 1e308, 4, 3};
    struct expr_range (*const operations[])(struct expr_range, struct expr_range) = {
        expr_range_add, expr_range_multiply, expr_range_divide, expr_range_min, expr_range_max};
    size_t count = sizeof samples / sizeof *samples;
    for (size_t o = 0; o < sizeof operations / sizeof *operations; o++) {
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < count; j++) {
                struct expr_range range = operations[o](samples[i], samples[j]);
                assert_true(range.low <= range.high); /* false for a NaN */
                double a = inside[i], b = inside[j];
                double exact = o == 0   ? a + b
                               : o == 1 ? a * b
                               : o == 2 ? a / (b == 0 ? 1 : b)
                               : o == 3 ? (a < b ? a : b)
                                        : (a > b ? a : b);
                if (o != 2 || b != 0) {
                    assert_true(range.low <= exact && exact <= range.high);
                }
            }
        }
    }
}

/* 0 × infinity is no number; the bound is what the other corners say, whichever of the four it is. */
static void zero_times_what_has_no_bound_is_zero(void **state) {
    (void)state;
    const double infinity = expr_range_unknown().high;
    const struct {
        struct expr_range a, b, product;
    } cases[] = {
        {{0, 1}, {2, infinity}, {0, infinity}},   {{0, 1}, {-infinity, -2}, {-infinity, 0}},
        {{-1, 0}, {2, infinity}, {-infinity, 0}}, {{-1, 0}, {-infinity, -2}, {0, infinity}},
        {{2, infinity}, {0, 1}, {0, infinity}},   {{-infinity, -2}, {0, 1}, {-infinity, 0}},
        {{0, 0}, {-infinity, infinity}, {0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct expr_range product = expr_range_multiply(cases[i].a, cases[i].b);
        assert_true(product.low == cases[i].product.low);
        assert_true(product.high == cases[i].product.high);
    }
}

static void a_fresh_memory_is_all_zero_bytes(void **state) {
    (void)state;
    struct expr_program program = compiled("within(value, 60 s)", &smoke);
    struct expr_memory memory;
    memset(&memory, 0, sizeof memory);
    assert_int_equal(run(&program, F, U, 5 * S, &memory).truth, F);
    memset(&memory, 0, sizeof memory);
    assert_int_equal(run(&program, U, U, 5 * S, &memory).truth, U);
    assert_int_equal(memory.kind, EXPR_MEMORY_FRESH);
}

/* At every nanosecond around its deadline the answer is what the deadline promised. */
static void within_ends_at_its_deadline_and_not_before(void **state) {
    (void)state;
    struct expr_program program = compiled("within(value, 60 s)", &smoke);
    struct expr_memory memory = {.kind = EXPR_MEMORY_FRESH};
    run(&program, T, U, 10 * S, &memory);
    struct expr_result result = run(&program, F, U, 20 * S, &memory);
    assert_int_equal(result.truth, T);
    assert_true(result.deadline.ns == 80 * S);
    result = run(&program, F, U, result.deadline.ns - 1, &memory);
    assert_int_equal(result.truth, T);
    assert_true(result.deadline.ns == 80 * S);
    result = run(&program, F, U, result.deadline.ns, &memory);
    assert_int_equal(result.truth, F);
    assert_true(result.deadline.ns == INSTANT_NEVER.ns);
}

/* The gateway was down while the condition was true: the memory's last value holds until it looks
 * again. */
static void within_remembers_across_a_restart(void **state) {
    (void)state;
    struct expr_program program = compiled("within(value, 60 s)", &smoke);
    struct expr_memory memory = {.true_until = INSTANT_NEVER,
                                 .unknown_until = INSTANT_NEVER,
                                 .now = TRUTH_TRUE,
                                 .kind = EXPR_MEMORY_WITHIN};
    struct expr_result result = run(&program, U, U, 100 * S, &memory);
    assert_int_equal(result.truth, T);
    assert_true(result.deadline.ns == 160 * S);
    memory = (struct expr_memory){.true_until = {70 * S},
                                  .unknown_until = INSTANT_NEVER,
                                  .now = TRUTH_FALSE,
                                  .kind = EXPR_MEMORY_WITHIN};
    result = run(&program, F, U, 100 * S, &memory);
    assert_int_equal(result.truth, T);
    assert_true(result.deadline.ns == 130 * S);
}

/* Against a plain model that keeps the whole past, over every history of five steps. */
static void within_agrees_with_a_model_that_remembers_everything(void **state) {
    (void)state;
    enum { STEPS = 5, SPAN = 3 };
    struct expr_program program = compiled("within(value, 3 s)", &smoke);
    for (unsigned history = 0; history < 243; history++) {
        enum truth past[STEPS];
        struct expr_memory memory = {.kind = EXPR_MEMORY_FRESH};
        bool started = false;
        unsigned rest = history;
        unsigned first = 0;
        for (unsigned i = 0; i < STEPS; i++, rest /= 3) {
            past[i] = (enum truth)(rest % 3);
            if (!started && past[i] != U) {
                started = true;
                first = i;
            }
            /* Second j lasts from j to j + 1 with past[j]; the window is (i - SPAN, i]. */
            enum truth want = past[i];
            for (unsigned j = first; started && j < i; j++) {
                if (j + 1 + SPAN > i) {
                    want = expr_truth_or(want, past[j]);
                }
            }
            struct expr_result result = run(&program, past[i], U, i * S, &memory);
            assert_int_equal(result.truth, want);
            assert_true(result.deadline.ns > i * S);
        }
    }
}

/* An alarm's memories stand in the order of a run: members of each set, then what comes after. */
static void memories_stand_in_the_order_of_a_run(void **state) {
    (void)state;
    struct expr_program program = compiled(
        "count(within(smoke, 60 s), within(heat, 60 s)) >= 2 or within(any(pull_cord), 5 min)",
        &place);
    assert_int_equal(program.set_count, 3);
    assert_int_equal(program.sets[0].each.memories, 1);
    assert_int_equal(program.sets[1].each.memories, 1);
    assert_int_equal(program.sets[2].each.memories, 0);
    assert_int_equal(program.own.memories, 1);
    const struct point_state points[] = {point_of(F), point_of(T), point_of(F), point_of(T)};
    const uint32_t members[] = {0, 1, 2, 3};
    const struct expr_bound bounds[] = {{0, 2}, {2, 1}, {3, 1}};
    assert_int_equal(expr_keeps(program.sets, program.set_count, program.own, bounds).memories, 4);
    const struct expr_view view = {
        .now = {S}, .points = points, .members = members, .bounds = bounds};
    struct expr_memory memories[5];
    memset(memories, 0, sizeof memories);
    struct expr_past past = {.memories = memories};
    assert_int_equal(expr_eval(program.ops, program.op_count, &view, &past).truth, T);
    assert_ptr_equal(past.memories, memories + 4);
    static const enum truth want[] = {F, T, F, T};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(memories[i].kind, EXPR_MEMORY_WITHIN);
        assert_int_equal(memories[i].now, want[i]);
    }
    assert_int_equal(memories[4].kind, EXPR_MEMORY_FRESH);
}

static void an_empty_set_takes_no_memory_and_ends_at_once(void **state) {
    (void)state;
    struct expr_program program =
        compiled("any(within(smoke, 9 s)) or within(all(heat), 9 s)", &place);
    const struct expr_bound bounds[] = {{0, 0}, {0, 0}};
    const struct expr_view view = {.now = {S}, .bounds = bounds};
    struct expr_memory memory = {.kind = EXPR_MEMORY_FRESH};
    assert_int_equal(expr_keeps(program.sets, program.set_count, program.own, bounds).memories, 1);
    struct expr_past past = {.memories = &memory};
    assert_int_equal(expr_eval(program.ops, program.op_count, &view, &past).truth, T);
    assert_int_equal(memory.now, T);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logic_follows_kleene),
        cmocka_unit_test(a_comparison_with_an_unknown_number_is_unknown),
        cmocka_unit_test(uncertain_counts_as_good_and_every_other_quality_is_unknown),
        cmocka_unit_test(ranges_never_make_a_nan_and_never_lose_a_number),
        cmocka_unit_test(zero_times_what_has_no_bound_is_zero),
        cmocka_unit_test(a_fresh_memory_is_all_zero_bytes),
        cmocka_unit_test(within_ends_at_its_deadline_and_not_before),
        cmocka_unit_test(within_remembers_across_a_restart),
        cmocka_unit_test(within_agrees_with_a_model_that_remembers_everything),
        cmocka_unit_test(memories_stand_in_the_order_of_a_run),
        cmocka_unit_test(an_empty_set_takes_no_memory_and_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
