/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_LOG_H
#define GATEWAY_LOG_H

/*
 * The log
 *
 * One line per happening on standard error, in logfmt: a level that journald understands, the
 * process, an event id, fields, and last the effect: what it means for the rooms that are watched.
 *
 *     <4>process=field-0 event=device_lost device=care-io reason="no answer" effect="17 points
 * stale"
 *
 * Lines that a fault could repeat pass through a limiter, which prints the first at once and then
 * at most one a minute with the count of those it kept back. Thread-safe; a line is one write.
 */

#include <stdint.h>

#include "gateway/err.h"

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6 };

/* Name the process in every later line. Keeps `process`. */
void log_init(const char *process);

/*
 * Let no line wait for whoever reads the log: a terminal that was stopped, a pager, a journald that hangs.
 * A line that finds no room is lost, and the next one that is written is preceded by how many were. Holds
 * for the processes that are started from then on as well. A file on a disk that hangs is waited for.
 */
void log_never_wait(void);

/* Write a line. `fields` is logfmt with printf placeholders; quote texts with log_quote(). */
void log_line(enum log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

/* Log the failure `r` once, with the path it took, and what it means. */
void log_failure(const char *event, int r, const char *effect);

/* Quote `text` for a field into `ret`, shortened to fit; returns `ret`. */
const char *log_quote(const char *text, char *ret, unsigned size);

/* Keeps a repeated line to one a minute. Zeroed at first. */
struct log_limiter {
    uint64_t next_ns;
    uint64_t kept_back;
};

/* May the line be printed now? If so, `*ret_kept_back` says how many were not. */
int log_permit(struct log_limiter *limiter, uint64_t *ret_kept_back);

/*
 * The same for a line with a reason: each reason once a minute, so that the one that tells what to do is
 * not held back because another, that a connection just ended, came before it. At most LOG_REASONS_MAX
 * lines a minute, for a reason may never be the same twice. Zeroed at first.
 */
enum { LOG_REASONS_MAX = 4 };

struct log_reasons {
    struct {
        uint64_t digest; /* of the reason */
        uint64_t next_ns;
    } list[LOG_REASONS_MAX];
    uint64_t kept_back;
};

int log_permit_reason(struct log_reasons *reasons, const char *reason, uint64_t *ret_kept_back);

#endif
