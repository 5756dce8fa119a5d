/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_AUDITOR_H
#define GATEWAY_CONSOLE_AUDITOR_H

/*
 * Is the journal still what was recorded? Asked from a page
 *
 * An audit (journal_audit.h) reads the whole journal: seconds, with a million events. It is done by a thread of
 * its own that yields to all other work, one at a time whoever asks; what the last has found is kept here until
 * the console ends. Without the public key, which is kept elsewhere, a seal is held against its own key only:
 * `tocsin audit verify --key` proves more, and the words say so.
 *
 * A thread that a hung disk holds is left behind when the console ends, with what it needs.
 */

#include <jansson.h>

#include "gateway/journal/journal_audit.h"
#include "gateway/site.h"

struct event_base;
struct event;

enum { AUDITOR_BY_SIZE = 64 };

/* What a thread and its console share. */
struct auditor_job;

struct auditor {
    struct event_base *base;
    const struct site *site;
    struct auditor_job *job; /* NULL: none runs */
    struct event *done;
    struct wall begun, ended; /* of the present or last one; 0: there was none */
    char by[AUDITOR_BY_SIZE];
    int error; /* what the last one ended with; 0: `audit` is what it found */
    struct journal_audit audit;
    char reason[JOURNAL_REASON_SIZE];
};

/* Keeps both. */
void auditor_init(struct auditor *auditor, struct event_base *base, const struct site *site);
void auditor_deinit(struct auditor *auditor);

/* Begin one, for `by`, unless one runs. Returns 0 also then, or <0 for want of memory or threads. */
NODISCARD int auditor_begin(struct auditor *auditor, const char *by);

/*
 * {"state": "none" | "running" | "done" | "failed", "begun": …, "ended": …, "by": …, "good": …, "first_seq": …,
 *  "newest_seq": …, "events": …, "fault_seq": …, "digest": …, "text": {"zh": …, "en": …}}
 *
 * What is not known yet is null. `fault_seq` is the first event that is wrong, if the fault is one of an event.
 */
json_t *auditor_body(const struct auditor *auditor);

#endif
