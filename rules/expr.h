/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_H
#define RULES_EXPR_H

/*
 * Expressions: the language that rules are written in
 *
 * One expression says when an alarm is due. It is small, typed and always ends: no loops, no calls
 * by name, bounded depth. Loading compiles it once into a short program of fixed-size operations;
 * the evaluator runs that program over the points' present states and answers true, false or
 * unknown.
 *
 *     text -> expr_compile -> struct expr_op[]  (in the site image; no pointers inside)
 *                             struct expr_set[] (which kinds it names, and how they are bound)
 *     at load, per alarm:     each set is bound to the point indexes it means there
 *     at run, per alarm:      expr_eval(program, bindings, state) -> truth and the next deadline
 *
 * An expression stands in a rule `each: point KIND…`, where `value`, `quality` and `age` are the
 * point's own and a bare kind is its one sibling in the same place; or in a rule `each: place
 * KIND…`, where kinds stand only inside an aggregate over the place and all below it.
 *
 * Operations over time own one struct expr_memory (`within`, `held`, `since`) or one struct
 * expr_window (`changes`, `avg` …) per alarm; inside an aggregate, one per member of the set that is
 * walked. They need no numbers: a run steps every one of them exactly once and always in the same
 * order, so an alarm's memories, and its windows, simply stand in the order of a run:
 *
 *     count(within(smoke, 60 s), within(heat, 60 s)) >= 2 or within(any(pull_cord), 5 min)
 *     smoke member 0, 1 … n-1 | heat member 0, 1 … m-1 | one for the last within
 *
 * expr_keeps() says how many an alarm has. All programs are checked to fit LIMIT_EXPR_STACK at
 * compile time.
 *
 * The text becomes operations in expr_parse.c, by way of expr_lex.c (characters to tokens),
 * expr_word.c (the vocabulary), expr_type.c (what may be combined with what) and expr_emit.c (the
 * program and its limits); expr_eval.c runs it, over the numbers of
 * expr_range.c and expr_moving.c, the memories of expr_past.c and the windows of expr_window.c.
 */

#include "rules/index_set.h"
#include "rules/kind.h"
#include "rules/limits.h"
#include "rules/reading.h"

enum expr_opcode {
#define EXPR_OP(name, ...) EXPR_##name,
#include "rules/expr_ops.def"
#undef EXPR_OP
    EXPR_OPCODE_COUNT,
};

/* One operation. No padding, no pointers: an array of them is part of the sealed site image. */
struct expr_op {
    uint8_t code;    /* enum expr_opcode */
    uint8_t set;     /* which set it loads from or walks over */
    uint16_t target; /* index of the operation with which an aggregate's loop goes on */
    /* BETWEEN: clause; MOMENT: enum expr_moment; FOLD, NEXT, END: enum expr_fold; SHOW: enum dimension. */
    uint32_t slot;
    union {
        double number;    /* NUMBER, TRUTH: a constant, in its dimension's base unit */
        uint64_t span_ns; /* an operation over time: its duration */
    };
};
_Static_assert(sizeof(struct expr_op) == 16, "an operation is part of the image's format");

/* How an aggregate folds its members into one. */
enum expr_fold {
    EXPR_FOLD_ANY, /* of none: false */
    EXPR_FOLD_ALL, /* of none: true */
    EXPR_FOLD_COUNT,
    EXPR_FOLD_SUM,
    EXPR_FOLD_MIN, /* of none: unknown, as MAX and AVG */
    EXPR_FOLD_MAX,
    EXPR_FOLD_AVG,
    EXPR_FOLD_KIND_COUNT,
};

/* The words that a reading of an event point is compared with. */
enum expr_moment { EXPR_MOMENT_GRANTED, EXPR_MOMENT_DENIED, EXPR_MOMENT_COUNT };

enum expr_binding {
    EXPR_BIND_SELF,    /* the point of a rule `each: point` */
    EXPR_BIND_SIBLING, /* exactly one point of the kind in the same place */
    EXPR_BIND_SUBTREE, /* every point of the kind in the place and below it */
};

/* How much is kept from run to run. */
struct expr_keeps {
    uint32_t memories, windows;
};

/*
 * A group of points that a program names.
 *
 * In a rule `each: point` set 0 is always the point itself, and each sibling kind is one set
 * however often it is named. In a rule `each: place` every argument of an aggregate is a set of its
 * own.
 */
struct expr_set {
    uint8_t binding; /* enum expr_binding */
    uint8_t kind;    /* enum point_kind; unused for EXPR_BIND_SELF */
    uint8_t reserved[2];
    struct expr_keeps each; /* what each member of the set owns; 0 unless EXPR_BIND_SUBTREE */
    uint32_t text_at;       /* byte offset of the kind's word in the source, for messages at load */
    uint32_t text_len;      /* 0 for a set that the text does not name */
};

enum expr_each { EXPR_EACH_POINT, EXPR_EACH_PLACE };

/* Where an expression stands: decides what its words may mean. */
struct expr_scope {
    enum expr_each each;
    point_kind_set kinds; /* each point: the kinds that the rule is for; they decide value's type */
};

/*
 * A `between` clause, in minutes after local midnight, 0…1439; end before begin spans midnight. The
 * begin belongs to it, the end does not. They are never equal.
 */
struct expr_between {
    uint16_t begin_min;
    uint16_t end_min;
};

/* The compiled program, in memory of the caller. */
struct expr_program {
    struct expr_op ops[LIMIT_EXPR_OPS];
    struct expr_set sets[LIMIT_EXPR_SETS];
    struct expr_between betweens[LIMIT_EXPR_SETS]; /* op.slot of BETWEEN indexes this list */
    uint32_t op_count;
    uint32_t set_count;
    uint32_t between_count;
    struct expr_keeps own; /* outside any aggregate: once per alarm */
};

/* What is wrong with an expression, in words for the person who wrote it, with the place. */
struct expr_error {
    uint32_t at; /* byte offset in the source */
    uint32_t len;
    char message[240]; /* what is wrong and how to mend it; UTF-8, ends in NUL */
};

/*
 * Compile `text` of `len` bytes, which must have type truth, into `ret_program`.
 *
 * Returns true, or false with the first error in `ret_error`; the program is then undefined. Uses
 * no memory but its arguments and a bounded stack; terminates for every input.
 */
bool expr_compile(const char *text, size_t len, const struct expr_scope *scope,
                  struct expr_program *ret_program, struct expr_error *ret_error);

/*
 * What was ever heard of a point: nothing, and it is waited for; nothing, though it should have been; only that
 * it cannot say its value; or a value.
 */
enum point_known { POINT_UNHEARD, POINT_MISSED, POINT_HEARD, POINT_READ };

/* The present state of one point, kept by the core. */
struct point_state {
    double value;
    struct instant heard;   /* when it was last confirmed, modulo 2^64: only for point_age_ns() */
    struct instant changed; /* when value or quality last changed */
    uint8_t quality; /* enum quality; QUALITY_STALE until first heard, which no rule is told */
    uint8_t known;   /* enum point_known */
    uint8_t fault;   /* enum truth: is it at fault by itself? The core's own, as the next */
    uint8_t stuck;   /* enum truth: did the last round of upkeep find it stuck? */
    uint32_t beside; /* the next point of its device, or UINT32_MAX; the core's own, too */
};

/*
 * How long before `now` the point was last confirmed; since the start if it never was. `now` is not
 * before anything that the core was told. What was heard before the origin of the instants is as old as
 * it is: that origin is the boot of the machine, and a sensor can be silent for longer.
 */
static inline uint64_t point_age_ns(const struct point_state *point, struct instant now) {
    return now.ns - point->heard.ns;
}

/*
 * One memory of an operation. All bytes zero is a fresh one.
 *
 * `within(c, d)` is true while c was true at any instant of the last d; else unknown if c was
 * unknown at any instant of it; else false. A stretch that ended at T counts until just before T +
 * d: at T + d itself it is over, and T + d is the deadline that is reported.
 *
 * `held(c, d)` is true once c has been true for d without a break, and as long as it goes on. While
 * c is unknown so is the answer, and the time does not count; c that is true again goes on with
 * what it had. Only c that was false begins anew.
 *
 * `since(c)` is 0 while c is true, else the time since its last true stretch ended. It is a range
 * where c was unknown in between, for it may have been true then; and a lower bound, the time that
 * it has been watched, while c was never seen true: `since(c) > 2 h` can be true then, and
 * `since(c) < 2 h` is never known to be.
 *
 * The time before c was first known is not watched and does not count as unknown. Strictly it
 * should: a detector may have tripped and recovered before the start. But then each start, and each
 * detector that is heard late, would make every rule over `within` unknown for its whole window,
 * and an unknown condition neither raises nor clears: a real fire in that minute would be the price
 * of a strict answer about a past that no one can act on any more. While c has never been known the
 * answer is unknown.
 *
 * Likewise after a restart or a reload. What was so when the memory was recorded is taken to have gone on
 * until c is known again: while the gateway was away, and in the first moments in which its points are not
 * heard yet. Until then the answer is what it is while c is unknown; those moments are no stretch of
 * unknown to look back on.
 *
 * A counter's value is its count since the last levelling, or since the rule first read it. One that
 * wrapped at 16 or 32 bits goes on, and so does one that began at 0 again: what it counted before it
 * was reset stays, what it may have counted while nobody read it is lost. People who came while it
 * could not be read, or the gateway was down, are counted when it is read again.
 *
 * It began at 0 again only if it is less than half of what it was. A smaller step down counts nothing,
 * and neither does the way back up to where it was: a counter at 500 that is read as 499 once has not
 * counted 499 people. The price: of one that was really set back that little, nothing counts until it
 * is past where it was, or is levelled.
 */
enum expr_memory_kind {
    EXPR_MEMORY_FRESH, /* c has never been known; the fields below mean nothing */
    EXPR_MEMORY_WITHIN,
    EXPR_MEMORY_HELD,
    EXPR_MEMORY_SINCE,
    EXPR_MEMORY_COUNTED,
    EXPR_MEMORY_KIND_COUNT,
};

struct expr_memory {
    union {
        struct instant true_until; /* WITHIN, SINCE: end of the last true stretch; NEVER if none */
        struct instant held_from;  /* HELD: when it began, moved by frozen time; NEVER if not */
        double counter; /* COUNTED: as far as it has come, or what it read when levelled */
    };
    union {
        struct instant unknown_until; /* WITHIN, SINCE: likewise of the last unknown stretch */
        struct instant frozen_at;     /* HELD: when c became unknown */
        double level;                 /* COUNTED: what the counter stood at at the last levelling */
    };
    /* The enum truth of c at the last run; it holds until the next one. COUNTED: 0 and 1 by turns. */
    uint8_t now;
    uint8_t kind;    /* enum expr_memory_kind */
    uint8_t resumed; /* WITHIN, SINCE: 1 while c was not known since it was restored */
};

/*
 * One window of an operation; see expr_window.h. All bytes zero is a fresh one.
 */
struct expr_slice {
    double number;     /* by operation: changes, value × ns, least, greatest or first value */
    uint64_t known_ns; /* for how long the argument was known */
};

struct expr_window {
    /* Number n, counted from instant 0, at n % WINDOW_SLICES. */
    struct expr_slice slices[WINDOW_SLICES];
    uint64_t newest;           /* number of the slice of the last step */
    struct instant at;         /* of the last step */
    struct instant stood_from; /* since when the value has stood */
    double value;              /* from the last step on; 0 while it is not known */
    double latest;             /* the last known value */
    double past_number;        /* of all slices but the newest together */
    uint64_t past_known_ns;
    uint8_t known;
    uint8_t started;
    uint8_t reserved[6];
};

#define EXPR_NO_MOMENT UINT32_MAX

/* The points that one set of one alarm is bound to. */
struct expr_bound {
    uint32_t first; /* in the ruleset's list of members */
    uint32_t count;
};

/*
 * What an alarm keeps: its rule's `own` and, for each of its `set_count` sets, what the set says for
 * each point that `bounds` (the alarm's, by set) binds it to.
 */
struct expr_keeps expr_keeps(const struct expr_set *sets, uint32_t set_count, struct expr_keeps own,
                             const struct expr_bound *bounds);

/* Everything a program looks at besides its own memory. Borrowed for the call. */
struct expr_view {
    struct instant now;
    bool levelled;   /* the counters are levelled in this very run */
    uint32_t moment; /* the event point whose reading this very run is about; EXPR_NO_MOMENT */
    const struct point_state *points; /* by point index */
    const uint32_t *members;          /* point indexes */
    const struct expr_bound *bounds;  /* this alarm's, by set */
    const uint8_t *between_truths;    /* enum truth, by the ruleset's between index */
    enum truth open;                  /* the place's opening hours */
    enum truth weekday;
    double capacity, area; /* of the alarm's place; a negative one is unknown */
    /*
     * Points to be left out, or NULL: they count as at rest, what was remembered of them as never seen,
     * and nothing is remembered of this run. What was remembered of them and others in one cannot be
     * told apart: it stands when the condition is true without them (`within`, `held`, `since`), or when
     * `others` have had a part in it (what counts over a time).
     */
    const struct index_set *left_out;
    bool others;
};

/* Where a run is in an alarm's memories and windows. */
struct expr_past {
    struct expr_memory *memories;
    struct expr_window *windows;
    bool turned; /* set when one of the memories is of another truth than before */
};

struct expr_result {
    enum truth truth;
    /*
     * For {value} in texts, in the dimension's base unit: the point's own value in `each: point`,
     * unless it is a counter; else the left side of the first comparison of numbers outside an aggregate (of a count with
     * unknown members: as many as are certain); 0 where there is neither or it is unknown.
     */
    double value;
    struct instant deadline; /* when the result may change by itself, after now; or INSTANT_NEVER */
};

/*
 * Run a program. `past` is at the first of what the program keeps for the alarm and is moved behind
 * the last; each is stepped exactly once per call, so that no short cut ever skips one. `view->now`
 * is not earlier than in the run before. Total; takes time in proportion to ops × members.
 *
 * A point whose quality is not usable is unknown. A number that is not known exactly is a range, so
 * that `count(…) >= 2` and `max(temperature) > 60 °C` are true or false as soon as they must be.
 *
 * A comparison with an event point is true only in a run whose view names the point as its moment;
 * whoever gives such a run lets another one without a moment follow at the same instant.
 */
struct expr_result expr_eval(const struct expr_op *ops, uint32_t op_count,
                             const struct expr_view *view, struct expr_past *past);

#endif
