/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLOCK_H
#define GATEWAY_CLOCK_H

/*
 * The clocks: the only place that reads them
 *
 * Instants come from CLOCK_BOOTTIME, which runs on through suspend, so that an alarm's delay is
 * real time. Wall time comes from CLOCK_REALTIME. With `--clock START@RATE` both run RATE times as
 * fast and wall time begins at START, alike in all processes, because all derive them from one
 * origin that the supervisor hands down. Socket time-outs, back-off, the watchdog and the 250 ms
 * commit limit stay real and use clock_real_ns().
 */

#include <stdbool.h>
#include <time.h>

#include "gateway/err.h"
#include "rules/instant.h"

enum { CLOCK_RATE_MAX = 60 };

/* All zero is the real clock. */
struct clock_origin {
    uint64_t boottime_ns; /* when the scaled clock began; 0: not scaled */
    int64_t wall_ns;      /* what wall time was then */
    uint32_t rate;
    uint32_t reserved;
};

/* Use `origin` from now on, in this process. Called once, before any thread starts. */
void clock_init(const struct clock_origin *origin);

struct instant clock_instant(void);
struct wall clock_wall(void);

/*
 * A time that has certainly passed: when this program's file was written, or the system's
 * /usr/lib/clock-epoch (systemd(1), FILES), whichever is later. A package keeps the stamps of its files, and
 * a reproducible one sets them to SOURCE_DATE_EPOCH, so this needs nothing in the build. 0 with a scaled
 * clock, which may begin at any time.
 */
struct wall clock_floor(void);

/* CLOCK_BOOTTIME in nanoseconds, never scaled. */
uint64_t clock_real_ns(void);

/*
 * When so much real time will have passed, by CLOCK_MONOTONIC: for a thread that waits for a condition,
 * which does not know CLOCK_BOOTTIME.
 */
struct timespec clock_real_after(uint64_t span_ns);

/*
 * Which instants may be compared: those of one timeline. Another boot of the machine is another one, and
 * so is another beginning of a clock that runs faster than real time. Never 0.
 */
uint64_t clock_timeline(void);

/* Where the kernel says which boot this is; see random(4). */
#define CLOCK_BOOT_FILE "/proc/sys/kernel/random/boot_id"

/* Whether the kernel says it. Where it does not, each process is on a timeline of its own. */
bool clock_boot_is_known(void);

/* Convert a span of scaled time to the real time it takes: for arming timers. Rounds up. */
uint64_t clock_real_span_ns(uint64_t span_ns);

/* How many times faster than real time the clock runs; 1 normally. */
uint32_t clock_rate(void);

/* Not of the form, the rate is not 1…60, or the time is none that a wall clock here can show. */
#define CLOCK_E_FORMAT 1

/* So many seconds since 1970 and nanoseconds more. False: 64 bits of nanoseconds end in April 2262, as they begin in 1677. */
NODISCARD bool clock_wall_of(int64_t second, int64_t rest_ns, struct wall *ret_wall);

/*
 * Parse "2026-11-22T07:00:00+08:00@60" (START is RFC 3339) into an origin that begins now. Returns
 * 0 or CLOCK_E_FORMAT.
 */
NODISCARD int clock_parse(const char *text, struct clock_origin *ret_origin);

/* Longest text of clock_format(), with the final NUL. */
enum { CLOCK_TEXT_SIZE = 32 };

/* Write RFC 3339 in UTC with milliseconds: "2026-11-22T07:17:00.123Z". */
void clock_format(struct wall wall, char ret[CLOCK_TEXT_SIZE]);

/* Parse RFC 3339 with zone, from 1970 to April 2262; returns 0 or CLOCK_E_FORMAT. */
NODISCARD int clock_parse_wall(const char *text, struct wall *ret_wall);

#endif
