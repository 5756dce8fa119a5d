/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/expr_window.h"

#include <assert.h>
#include <float.h>

/* Slices of known values that an answer needs, of all that there are. */
enum { WINDOW_NEEDED = WINDOW_SLICES * 3 / 4 };

/* More than every value: the number of a slice without one. */
#define WINDOW_EMPTY (DBL_MAX * 2)

/* What a step is about. */
struct window_turn {
    struct expr_window *window;
    enum expr_opcode code;
    uint64_t slice_ns;
    struct instant now;
};

static struct expr_slice *window_slice(const struct window_turn *turn, uint64_t number) {
    return &turn->window->slices[number % WINDOW_SLICES];
}

/* The first slice that the window still looks at. */
static uint64_t window_oldest(const struct window_turn *turn) {
    uint64_t newest = turn->window->newest;
    return newest < WINDOW_SLICES ? 0 : newest - WINDOW_SLICES + 1;
}

static double window_empty(enum expr_opcode code) {
    return code == EXPR_CHANGES || code == EXPR_AVG_OVER ? 0
           : code == EXPR_MAX_OVER                       ? -WINDOW_EMPTY
                                                         : WINDOW_EMPTY;
}

/* The number of two slices together, `older` the earlier one. */
static double window_join(enum expr_opcode code, double older, double newer) {
    if (code == EXPR_CHANGES || code == EXPR_AVG_OVER) {
        return older + newer;
    } else if (code == EXPR_RATE) { /* the first value */
        return older < WINDOW_EMPTY ? older : newer;
    }
    return (newer < older) == (code == EXPR_MIN_OVER) ? newer : older;
}

/* The present value stood for `span_ns` of a slice. */
static void window_stand(const struct window_turn *turn, struct expr_slice *slice,
                         uint64_t span_ns) {
    const struct expr_window *window = turn->window;
    if (!window->known) {
        return;
    }
    slice->known_ns += span_ns;
    if (turn->code == EXPR_AVG_OVER) {
        slice->number += window->value * (double)span_ns;
    } else if (turn->code != EXPR_CHANGES) {
        slice->number = window_join(turn->code, slice->number, window->value);
    }
}

/* Fold all slices but the newest. */
static void window_fold_past(const struct window_turn *turn) {
    struct expr_window *window = turn->window;
    window->past_number = window_empty(turn->code);
    window->past_known_ns = 0;
    for (uint64_t i = window_oldest(turn); i < window->newest; i++) {
        const struct expr_slice *slice = window_slice(turn, i);
        window->past_number = window_join(turn->code, window->past_number, slice->number);
        window->past_known_ns += slice->known_ns;
    }
}

static void window_clear(const struct window_turn *turn, uint64_t number) {
    *window_slice(turn, number) = (struct expr_slice){.number = window_empty(turn->code)};
}

static void window_begin(const struct window_turn *turn) {
    struct expr_window *window = turn->window;
    *window = (struct expr_window){
        .at = turn->now, .newest = turn->now.ns / turn->slice_ns, .started = 1};
    for (uint64_t i = 0; i < WINDOW_SLICES; i++) {
        window_clear(turn, i);
    }
    window_fold_past(turn);
}

/* Let the value of the last step stand until now. */
static void window_advance(const struct window_turn *turn) {
    struct expr_window *window = turn->window;
    uint64_t newest = turn->now.ns / turn->slice_ns;
    uint64_t from_ns = window->at.ns;
    bool turned = newest != window->newest;
    if (newest - window->newest >= WINDOW_SLICES) {
        window->newest = newest - WINDOW_SLICES;
        from_ns = (window->newest + 1) * turn->slice_ns;
    }
    while (window->newest < newest) {
        uint64_t end_ns = (window->newest + 1) * turn->slice_ns;
        if (end_ns > from_ns) {
            window_stand(turn, window_slice(turn, window->newest), end_ns - from_ns);
            from_ns = end_ns;
        }
        window->newest++;
        window_clear(turn, window->newest);
    }
    if (turn->now.ns > from_ns) {
        window_stand(turn, window_slice(turn, newest), turn->now.ns - from_ns);
    }
    if (turned) {
        window_fold_past(turn);
    }
    window->at = turn->now;
}

/* Take the value that stands from now on. */
static void window_take(const struct window_turn *turn, struct expr_sample sample) {
    struct expr_window *window = turn->window;
    struct expr_slice *slice = window_slice(turn, window->newest);
    bool changed = window->known && sample.known && window->value == 0 && sample.value != 0;
    if (sample.moving || window->known != sample.known || window->value != sample.value) {
        window->stood_from = turn->now;
    }
    window->known = sample.known;
    window->value = sample.known ? sample.value : 0;
    if (turn->code == EXPR_CHANGES) {
        slice->number += changed ? 1 : 0;
    } else {
        window_stand(turn, slice, 0);
    }
}

/* When the first slice that holds a change leaves the window. */
static struct instant window_first_change(const struct window_turn *turn) {
    for (uint64_t i = window_oldest(turn); i <= turn->window->newest; i++) {
        if (window_slice(turn, i)->number != 0) {
            return (struct instant){(i + WINDOW_SLICES) * turn->slice_ns};
        }
    }
    return INSTANT_NEVER;
}

/* When an answer that is known may change by itself; `alike`: no other value is in the window. */
static struct instant window_due(const struct window_turn *turn, bool alike, bool moving) {
    const struct expr_window *window = turn->window;
    struct instant next = {(window->newest + 1) * turn->slice_ns};
    /* While values are known no slice that ends takes more known time away than it brings. */
    bool stays_known = window->known && window->past_known_ns >= WINDOW_NEEDED * turn->slice_ns;
    if (moving || !stays_known) {
        return next;
    } else if (turn->code == EXPR_CHANGES) {
        return window_first_change(turn);
    }
    return alike ? INSTANT_NEVER : next;
}

/* What the window says, with `number` of all its slices; `alike` as above. */
static struct expr_range window_answer(const struct window_turn *turn, double number,
                                       uint64_t known_ns, bool alike) {
    const struct expr_window *window = turn->window;
    double answer = number;
    if (turn->code == EXPR_RATE) {
        answer = window->latest - number;
    } else if (turn->code == EXPR_AVG_OVER) {
        answer = alike ? window->value : number / (double)known_ns;
    }
    return answer >= -DBL_MAX && answer <= DBL_MAX ? expr_range_exact(answer)
                                                   : expr_range_unknown();
}

struct expr_range expr_window_step(struct expr_window *window, enum expr_opcode code,
                                   uint64_t span_ns, struct expr_sample sample, struct instant now,
                                   struct instant *deadline) {
    const struct window_turn turn = {window, code, (span_ns + WINDOW_SLICES - 1) / WINDOW_SLICES,
                                     now};
    if (window->started) {
        window_advance(&turn);
    } else {
        window_begin(&turn);
    }
    window_take(&turn, sample);
    window->latest = sample.known ? sample.value : window->latest;
    const struct expr_slice *slice = window_slice(&turn, window->newest);
    uint64_t known_ns = window->past_known_ns + slice->known_ns;
    uint64_t needed_ns = WINDOW_NEEDED * turn.slice_ns;
    if (known_ns < needed_ns) {
        if (sample.known) {
            *deadline = instant_earlier(*deadline, instant_after(now, needed_ns - known_ns));
        }
        return expr_range_unknown();
    }
    uint64_t begin_ns = window_oldest(&turn) * turn.slice_ns;
    uint64_t stood_ns =
        now.ns - (window->stood_from.ns > begin_ns ? window->stood_from.ns : begin_ns);
    double number = window_join(code, window->past_number, slice->number);
    bool alike = window->known && !sample.moving && known_ns == stood_ns &&
                 (code == EXPR_AVG_OVER || number == window->value);
    *deadline = instant_earlier(*deadline, window_due(&turn, alike, sample.moving));
    return window_answer(&turn, number, known_ns, alike);
}
