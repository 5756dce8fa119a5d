/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The walk is a run of the evaluator over digests instead of values: the same operations in the same
 * order, each member of a set in its turn, so that what it meets are the memories as they stand.
 */
#include "rules/identity.h"

#include <assert.h>
#include <string.h>

static const char *const names[EXPR_OPCODE_COUNT] = {
#define EXPR_OP(name, ...) [EXPR_##name] = #name,
#include "rules/expr_ops.def"
#undef EXPR_OP
};

/*
 * The finalizer is SplitMix64's (G. Steele, D. Lea,
 * C. Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014, figure 16).
 */
uint64_t identity_mix(uint64_t digest, uint64_t number) {
    uint64_t z = (digest + 0x9e3779b97f4a7c15) ^ number;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Mix in the bits of a number that has a fraction. */
static uint64_t identity_mix_double(uint64_t digest, double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return identity_mix(digest, bits);
}

/* The digest that an operation begins with: its name. */
static uint64_t identity_word(enum expr_opcode code) {
    uint64_t digest = 0;
    for (const char *at = names[code]; *at != '\0'; at++) {
        digest = digest * 31 + (unsigned char)*at;
    }
    return identity_mix(0, digest);
}

static void identity_push(struct identity_walk *walk, uint64_t digest) {
    assert(walk->depth < LIMIT_EXPR_STACK);
    walk->stack[walk->depth++] = digest;
}

static uint64_t identity_pop(struct identity_walk *walk) {
    assert(walk->depth > 0);
    return walk->stack[--walk->depth];
}

/* The points that an operation's set is bound to for the alarm. */
static const struct expr_bound *identity_bound(const struct identity_walk *walk,
                                               const struct expr_op *op) {
    return &walk->ruleset->bounds[walk->alarm->bound_first + op->set];
}

/* The point that an operation loads: its set's only one, or the walk's present one. */
static uint64_t identity_point(const struct identity_walk *walk, const struct expr_op *op) {
    const struct expr_bound *bound = identity_bound(walk, op);
    assert(walk->member < bound->count);
    uint32_t point = walk->ruleset->members[bound->first + walk->member];
    return walk->ruleset->points[point].identity;
}

static uint64_t identity_between(const struct identity_walk *walk, uint32_t slot) {
    const struct expr_between *between = &walk->ruleset->betweens[slot];
    return (uint64_t)between->begin_min << 16 | between->end_min;
}

/* Fold a member in, and go on with the next one or behind the loop. Sums do not know an order. */
static uint32_t identity_fold(struct identity_walk *walk, const struct expr_op *op) {
    uint64_t member = identity_pop(walk);
    assert(walk->depth > 0);
    walk->stack[walk->depth - 1] += member;
    walk->member++;
    if (walk->member < identity_bound(walk, op)->count) {
        return op->target;
    }
    walk->member = 0;
    return walk->index + 1;
}

/*
 * Carry out one operation. True if it has a memory, whose identity is then in `ret`.
 */
static bool identity_step(struct identity_walk *walk, const struct expr_op *op,
                          struct identity *ret) {
    const struct ruleset_place *place = &walk->ruleset->places[walk->alarm->place];
    const uint64_t word = identity_word((enum expr_opcode)op->code);
    uint32_t next = walk->index + 1;
    bool remembers = false;
    switch ((enum expr_opcode)op->code) {
    case EXPR_NUMBER:
    case EXPR_TRUTH:
        identity_push(walk, identity_mix_double(word, op->number));
        break;
    case EXPR_LOAD:
    case EXPR_QUALITY:
    case EXPR_AGE:
        identity_push(walk, identity_mix(word, identity_point(walk, op)));
        break;
    case EXPR_COUNTED:
        *ret = (struct identity){identity_mix(word, identity_point(walk, op)), EXPR_MEMORY_COUNTED};
        identity_push(walk, ret->digest);
        remembers = true;
        break;
    case EXPR_MOMENT:
        identity_push(walk, identity_mix(identity_mix(word, identity_point(walk, op)), op->slot));
        break;
    case EXPR_CAPACITY:
        identity_push(walk, identity_mix_double(word, place->capacity));
        break;
    case EXPR_AREA:
        identity_push(walk, identity_mix_double(word, place->area_m2));
        break;
    case EXPR_SHOW_POINT: /* what a text shows is no part of what is asked */
    case EXPR_SHOW:
        break;
    case EXPR_OPEN:
    case EXPR_CLOSED:
    case EXPR_WEEKDAY:
        identity_push(walk, word);
        break;
    case EXPR_BETWEEN:
        identity_push(walk, identity_mix(word, identity_between(walk, op->slot)));
        break;
    case EXPR_NOT:
    case EXPR_NEG:
        identity_push(walk, identity_mix(word, identity_pop(walk)));
        break;
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_EQ:
    case EXPR_NE:
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
    case EXPR_ADD:
    case EXPR_SUB:
    case EXPR_MUL:
    case EXPR_DIV: {
        uint64_t right = identity_pop(walk);
        identity_push(walk, identity_mix(identity_mix(word, identity_pop(walk)), right));
        break;
    }
    case EXPR_WITHIN:
    case EXPR_HELD:
        *ret = (struct identity){identity_mix(word, identity_pop(walk)),
                                 op->code == EXPR_HELD ? EXPR_MEMORY_HELD : EXPR_MEMORY_WITHIN};
        identity_push(walk, identity_mix(ret->digest, op->span_ns));
        remembers = true;
        break;
    case EXPR_SINCE:
        *ret = (struct identity){identity_mix(word, identity_pop(walk)), EXPR_MEMORY_SINCE};
        identity_push(walk, ret->digest);
        remembers = true;
        break;
    case EXPR_CHANGES:
    case EXPR_RATE:
    case EXPR_AVG_OVER:
    case EXPR_MIN_OVER:
    case EXPR_MAX_OVER:
        identity_push(walk, identity_mix(identity_mix(word, identity_pop(walk)), op->span_ns));
        break;
    case EXPR_FOLD:
        identity_push(walk, 0);
        break;
    case EXPR_WALK:
        next = identity_bound(walk, op)->count > 0 ? next : op->target;
        break;
    case EXPR_NEXT:
        next = identity_fold(walk, op);
        break;
    case EXPR_END:
        identity_push(walk, identity_mix(identity_mix(word, op->slot), identity_pop(walk)));
        break;
    case EXPR_OPCODE_COUNT:
        assert(false && "an operation that the compiler never wrote");
        break;
    }
    walk->index = next;
    return remembers;
}

void identity_begin(struct identity_walk *walk, const struct ruleset *ruleset, uint32_t alarm) {
    assert(alarm < ruleset->alarm_count);
    walk->ruleset = ruleset;
    walk->alarm = &ruleset->alarms[alarm];
    walk->program = walk->index = walk->member = walk->depth = 0;
    walk->condition = 0;
}

bool identity_next(struct identity_walk *walk, struct identity *ret) {
    const struct ruleset_rule *rule = &walk->ruleset->rules[walk->alarm->rule];
    const uint32_t counts[] = {rule->op_count, rule->clear_op_count};
    const struct expr_op *ops = &walk->ruleset->ops[rule->op_first];
    for (; walk->program < 2; walk->program++) {
        const struct expr_op *own = walk->program == 0 ? ops : ops + rule->op_count;
        while (walk->index < counts[walk->program]) {
            if (identity_step(walk, &own[walk->index], ret)) {
                return true;
            }
        }
        if (counts[walk->program] > 0) {
            walk->condition = identity_mix(walk->condition, identity_pop(walk));
            assert(walk->depth == 0); /* it was one condition, and all of it */
        }
        walk->index = 0;
    }
    return false;
}

uint64_t identity_of_condition(const struct ruleset *ruleset, uint32_t alarm) {
    struct identity_walk walk;
    struct identity identity;
    identity_begin(&walk, ruleset, alarm);
    while (identity_next(&walk, &identity)) {
        /* only what comes after the last one is wanted */
    }
    return walk.condition;
}
