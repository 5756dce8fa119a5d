/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_METRICS_H
#define GATEWAY_CONSOLE_METRICS_H

/*
 * Figures for a monitoring system (OpenMetrics 1.0 text)
 *
 * Everything begins with `tocsin_` and ends with `# EOF`. While the engine is away only what the
 * console itself knows is given: figures of the past would draw a calm line where there is none, so
 * an absent series is the alarm, beside `tocsin_engine_up 0`.
 */

#include "gateway/console/view.h"

struct evbuffer;

#define METRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* What the console counts of itself. */
struct metrics_console {
    uint64_t requests;
    uint64_t strangers; /* requests of users who may not talk to the console */
    uint64_t streams;   /* open now */
    uint64_t streams_over;
    uint64_t streams_cut;
    uint64_t streams_refused;
    uint64_t commands_waiting;
    uint64_t commands_refused_full;
    uint64_t remote_passed_on; /* commands by the broker */
    uint64_t remote_refused;
    uint64_t remote_unsigned;
    uint64_t phones_refused_full; /* questions about phones */
    uint64_t pages_refused_full;  /* words of pages */
    uint64_t history_bytes;       /* on the disk */
    uint64_t history_dropped;     /* minutes and quarters that the disk did not take */
    uint64_t history_damaged;     /* pieces of it that could not be read back */
    /* The door for people (connections.h, staff.h). */
    uint64_t connections; /* open now */
    uint64_t connections_refused;
    uint64_t connections_slow;
    uint64_t connections_plain;
    uint64_t connections_waiting;
    uint64_t sign_ins;
    uint64_t sign_ins_refused;
    uint64_t sign_ins_held_up; /* were to wait, or found no room */
    uint64_t sessions;         /* now */
    uint64_t sessions_displaced;
    uint64_t sessions_displaced_own;
    uint64_t door_open; /* 0 or 1 */
    uint64_t certificate_faults;
    uint64_t certificate_until_s; /* 0: not known */
};

enum {
    /* Buses with series of their own; the rest together are the bus "others". */
    METRICS_BUSES_MAX = 256,
};

/* Append the whole page to `out`, as things are at `now`. */
void metrics_write(struct evbuffer *out, const struct view *view,
                   const struct metrics_console *console, struct wall now, uint64_t real_ns);

#endif
