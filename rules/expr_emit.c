/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/expr_emit.h"

#include <assert.h>
#include <string.h>

static const struct {
    uint8_t pops;
    uint8_t pushes;
    enum { KEEPS_NOTHING, KEEPS_MEMORY, KEEPS_WINDOW } keeps;
} facts[EXPR_OPCODE_COUNT] = {
#define EXPR_OP(name, pops, pushes, keeps) [EXPR_##name] = {pops, pushes, KEEPS_##keeps},
#include "rules/expr_ops.def"
#undef EXPR_OP
};

/* "this expression has more than N things: mend". Returns false. */
static bool emit_too_many(const struct expr_emitter *emitter, uint32_t at, uint32_t len,
                          uint32_t limit, const char *things) {
    struct text text = expr_complain(emitter->source, at, len);
    text_add(&text, "this rule needs more than ");
    text_add_count(&text, limit);
    text_add(&text, things);
    text_add(&text, ": split it into several rules");
    return false;
}

void expr_emit_begin(struct expr_emitter *emitter, struct expr_program *program,
                     const struct expr_source *source) {
    /* The operations go into an image whose bytes are compared: nothing undefined stays in them. */
    memset(program, 0, sizeof *program);
    *emitter = (struct expr_emitter){.program = program, .source = source};
}

bool expr_emit(struct expr_emitter *emitter, struct expr_op op, uint32_t at, uint32_t len) {
    struct expr_program *program = emitter->program;
    assert(op.code < EXPR_OPCODE_COUNT);
    if (program->op_count == LIMIT_EXPR_OPS) {
        return emit_too_many(emitter, at, len, LIMIT_EXPR_OPS, " operations");
    }
    assert(emitter->depth >= facts[op.code].pops);
    emitter->depth += facts[op.code].pushes;
    emitter->depth -= facts[op.code].pops;
    if (emitter->depth > LIMIT_EXPR_STACK) {
        return emit_too_many(emitter, at, len, LIMIT_EXPR_STACK, " values at once");
    }
    struct expr_keeps *keeps =
        emitter->walking ? &program->sets[emitter->walk_set].each : &program->own;
    keeps->memories += facts[op.code].keeps == KEEPS_MEMORY;
    keeps->windows += facts[op.code].keeps == KEEPS_WINDOW;
    program->ops[program->op_count++] = op;
    return true;
}

bool expr_emit_set(struct expr_emitter *emitter, enum expr_binding binding, enum point_kind kind,
                   uint32_t at, uint32_t len, uint8_t *ret_set) {
    struct expr_program *program = emitter->program;
    if (binding == EXPR_BIND_SIBLING) {
        for (uint32_t i = 0; i < program->set_count; i++) {
            if (program->sets[i].binding == EXPR_BIND_SIBLING && program->sets[i].kind == kind) {
                *ret_set = (uint8_t)i;
                return true;
            }
        }
    }
    if (program->set_count == LIMIT_EXPR_SETS) {
        return emit_too_many(emitter, at, len, LIMIT_EXPR_SETS, " groups of points");
    }
    *ret_set = (uint8_t)program->set_count;
    program->sets[program->set_count++] = (struct expr_set){
        .binding = (uint8_t)binding, .kind = (uint8_t)kind, .text_at = at, .text_len = len};
    return true;
}

bool expr_emit_between(struct expr_emitter *emitter, struct expr_between between, uint32_t at,
                       uint32_t len) {
    struct expr_program *program = emitter->program;
    uint32_t clause = 0;
    while (clause < program->between_count &&
           (program->betweens[clause].begin_min != between.begin_min ||
            program->betweens[clause].end_min != between.end_min)) {
        clause++;
    }
    if (clause == LIMIT_EXPR_SETS) {
        return emit_too_many(emitter, at, len, LIMIT_EXPR_SETS, " different times of day");
    }
    if (clause == program->between_count) {
        program->betweens[program->between_count++] = between;
    }
    return expr_emit(emitter, (struct expr_op){.code = EXPR_BETWEEN, .slot = clause}, at, len);
}

bool expr_emit_walk(struct expr_emitter *emitter, uint32_t at) {
    assert(!emitter->walking);
    uint8_t set = 0;
    if (!expr_emit_set(emitter, EXPR_BIND_SUBTREE, 0, at, 1, &set) ||
        !expr_emit(emitter, (struct expr_op){.code = EXPR_WALK, .set = set}, at, 1)) {
        return false;
    }
    emitter->walking = true;
    emitter->walk_named = false;
    emitter->walk_set = set;
    emitter->walk_op = emitter->program->op_count - 1;
    return true;
}

bool expr_emit_next(struct expr_emitter *emitter, enum expr_fold fold, uint32_t at, uint32_t len) {
    assert(emitter->walking && emitter->walk_named);
    emitter->walking = false;
    struct expr_op next = {.code = EXPR_NEXT,
                           .set = emitter->walk_set,
                           .target = (uint16_t)(emitter->walk_op + 1),
                           .slot = fold};
    if (!expr_emit(emitter, next, at, len)) {
        return false;
    }
    emitter->program->ops[emitter->walk_op].target = (uint16_t)emitter->program->op_count;
    return true;
}

struct expr_keeps expr_keeps(const struct expr_set *sets, uint32_t set_count, struct expr_keeps own,
                             const struct expr_bound *bounds) {
    for (uint32_t i = 0; i < set_count; i++) {
        own.memories += sets[i].each.memories * bounds[i].count;
        own.windows += sets[i].each.windows * bounds[i].count;
    }
    return own;
}
