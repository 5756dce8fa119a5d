/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: any bytes as an expression
 *
 * The first bytes choose the scope and the state of the points, the rest is the text. Whatever
 * comes, the compiler either gives a program that runs within its bounds, or an error that lies
 * inside the text and reads as one line; and the same run from the same memories gives the same
 * answer.
 */

#include <stdlib.h>
#include <string.h>

#include "rules/expr.h"

enum { CHOICES = 8, MEMBERS = 3, MEMORIES_MAX = LIMIT_EXPR_OPS * MEMBERS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static void check_error(const struct expr_error *error, size_t len) {
    check(memchr(error->message, '\0', sizeof error->message) != NULL);
    check(error->message[0] != '\0' && strchr(error->message, '\n') == NULL);
    check(len > LIMIT_EXPR_LENGTH || error->at + error->len <= len);
}

static void check_program(const struct expr_program *program, const uint8_t *choices) {
    static struct expr_memory memories[MEMORIES_MAX], again[MEMORIES_MAX];
    static struct expr_window windows[MEMORIES_MAX], windows_again[MEMORIES_MAX];
    struct point_state points[LIMIT_EXPR_SETS * MEMBERS];
    uint32_t members[LIMIT_EXPR_SETS * MEMBERS];
    struct expr_bound bounds[LIMIT_EXPR_SETS];
    uint8_t betweens[LIMIT_EXPR_SETS];
    check(program->op_count <= LIMIT_EXPR_OPS && program->set_count <= LIMIT_EXPR_SETS);
    for (uint32_t i = 0; i < LIMIT_EXPR_SETS * MEMBERS; i++) {
        uint8_t choice = (uint8_t)(choices[i % CHOICES] + i);
        points[i] = (struct point_state){.value = choice % 5 == 0 ? 1e300 : choice % 3,
                                         .quality = (uint8_t)(choice / 7 % QUALITY_COUNT)};
        members[i] = i;
    }
    for (uint32_t i = 0; i < LIMIT_EXPR_SETS; i++) {
        bool subtree = i < program->set_count && program->sets[i].binding == EXPR_BIND_SUBTREE;
        bounds[i] = (struct expr_bound){i * MEMBERS, subtree ? choices[i % CHOICES] % 4u : 1};
        betweens[i] = choices[i % CHOICES] % TRUTH_COUNT;
    }
    struct expr_keeps keeps = expr_keeps(program->sets, program->set_count, program->own, bounds);
    check(keeps.memories <= MEMORIES_MAX && keeps.windows <= MEMORIES_MAX);
    memset(memories, 0, keeps.memories * sizeof *memories);
    memset(windows, 0, keeps.windows * sizeof *windows);
    for (uint32_t step = 0; step < CHOICES; step++) {
        struct expr_view view = {.now = {NS_PER_S * step * choices[1]},
                                 .moment = choices[step] % 5,
                                 .points = points,
                                 .members = members,
                                 .bounds = bounds,
                                 .between_truths = betweens,
                                 .open = (enum truth)(choices[step] % TRUTH_COUNT),
                                 .weekday = TRUTH_TRUE,
                                 .capacity = choices[2] - 1.0,
                                 .area = choices[3] - 1.0};
        memcpy(again, memories, keeps.memories * sizeof *memories);
        memcpy(windows_again, windows, keeps.windows * sizeof *windows);
        struct expr_past past = {.memories = memories, .windows = windows};
        struct expr_result a = expr_eval(program->ops, program->op_count, &view, &past);
        check(past.memories == memories + keeps.memories);
        check(past.windows == windows + keeps.windows);
        past = (struct expr_past){.memories = again, .windows = windows_again};
        struct expr_result b = expr_eval(program->ops, program->op_count, &view, &past);
        check(a.truth == b.truth && a.deadline.ns == b.deadline.ns && a.value == b.value);
        check(memcmp(memories, again, keeps.memories * sizeof *memories) == 0);
        check(memcmp(windows, windows_again, keeps.windows * sizeof *windows) == 0);
        check(a.truth < TRUTH_COUNT && a.deadline.ns > view.now.ns && a.value - a.value == 0);
        points[step].value = !(points[step].value != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct expr_program program;
    struct expr_error error = {.at = 0};
    if (size < CHOICES) {
        return 0;
    }
    static const point_kind_set kinds[] = {
        (point_kind_set)1 << POINT_SMOKE, (point_kind_set)1 << POINT_TEMPERATURE,
        (point_kind_set)1 << POINT_ACCESS_READER, (point_kind_set)3 << POINT_SMOKE};
    struct expr_scope scope = {.each = data[0] % 2 == 0 ? EXPR_EACH_PLACE : EXPR_EACH_POINT,
                               .kinds = kinds[data[0] / 2 % 4]};
    /* A copy of its exact length, so that a read past the end is seen. */
    size_t len = size - CHOICES;
    char *text = malloc(len > 0 ? len : 1);
    check(text != NULL);
    memcpy(text, data + CHOICES, len);
    if (expr_compile(text, len, &scope, &program, &error)) {
        check_program(&program, data);
    } else {
        check_error(&error, len);
    }
    free(text);
    return 0;
}
