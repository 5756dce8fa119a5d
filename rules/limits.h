/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_LIMITS_H
#define RULES_LIMITS_H

/*
 * The bounds of a site and its rules
 *
 * Each bound is a load error with a position when a site exceeds it, and is tested at the limit and
 * one past it. None is reached by accident while the gateway runs: all memory is sized at load.
 */

enum {
    /* A county's worth of community centres on one gateway; the core's block stays below 64 MiB. */
    LIMIT_PLACES = 4096,
    LIMIT_POINTS = 100000,
    LIMIT_DEVICES = 4096,
    LIMIT_RULES = 10000,
    /* Windows of all alarms together; a kilobyte each. */
    LIMIT_WINDOWS = 32768,
    /*
     * How far the time of a card or of another moment may be from its arrival for rules to take it for now:
     * readers' clocks go wrong by seconds, and what was kept for hours excuses no door.
     */
    LIMIT_MOMENT_OFF_S = 60,
    /* Parts of a window's time: what it says is exact to one of them. */
    WINDOW_SLICES = 64,
    /* One alarm per rule and entity. */
    LIMIT_ALARMS = 1000000,
    /* Points that the expressions of all alarms name together, and likewise their memories. */
    LIMIT_BINDINGS = 4000000,
    /* A day's lines of opening hours; places share equal ones. */
    LIMIT_CALENDARS = 256,
    /* Distinct `between` clauses of all rules together. */
    LIMIT_BETWEENS = 256,
    /* Escalation chains and the steps of one; a step comes once, and an alarm waits for one only. */
    LIMIT_CHAINS = 256,
    LIMIT_CHAIN_STEPS = 32,
    LIMIT_SHIFTS = 64,
    /* A webhook is called like a role; more names than roles are only spelling mistakes. */
    LIMIT_WEBHOOKS = 16,
    /* Roles, shifts and people that steps call, those with a webhook among them; everyone is one. */
    LIMIT_AUDIENCES = 64,
    /* Names in the list of one shift. */
    LIMIT_SHIFT_PEOPLE = 200,
    /* Processes that the engine watches: field shards, uplink, console. LIMIT_DEVICES makes fewer. */
    LIMIT_COMPONENTS = 32,

    /* Nesting of one expression; the evaluator's stack is sized by it. */
    LIMIT_EXPR_DEPTH = 32,
    LIMIT_EXPR_LENGTH = 1024,
    LIMIT_EXPR_OPS = 256,
    /* Aggregates and sibling kinds that one expression names. */
    LIMIT_EXPR_SETS = 16,
    /* Values on the evaluator's stack at once. */
    LIMIT_EXPR_STACK = 64,
    /* The longest time that one operation looks back over; far from overflow in nanoseconds. */
    LIMIT_EXPR_SPAN_DAYS = 366,
    /* Digits of one number: as many as a double always keeps. */
    LIMIT_EXPR_DIGITS = 15,

    /* Bytes, with the final NUL, of who did something and why. */
    LIMIT_ACTOR = 64,
    LIMIT_REASON = 256,
};

#endif
