/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_REPLAY_REPORT_H
#define GATEWAY_CLI_REPLAY_REPORT_H

/*
 * What a replay has to say about its recording, and about the journal
 *
 * Everything that is missing, damaged or not as it could be is told on standard error, with the file,
 * the offset, and what is not replayed because of it: from when until when, and which events. Held
 * against a journal, each event is compared; and what the journal has and the replay did not make is
 * told as well: before the next stretch of the replay begins, and at the end.
 */

#include "gateway/cli/reader.h"
#include "gateway/replay/journal_check.h"
#include "gateway/replay/replay.h"
#include "gateway/wire.h"

struct replay_report {
    struct reader *reader;                   /* whose language it is told in */
    struct journal_check *check;             /* NULL: there is no journal to compare with */
    bool numbered;                           /* each event is told to replay_report_event() */
    char prefix[2 * JOURNAL_ID_PREFIX_SIZE]; /* of the ids of the stretch */
    uint64_t next_seq;                       /* of its next event; 0: its events have none */
    uint64_t equal, different, absent;       /* from the journal */
    uint64_t unmade;                         /* in the journal, and the replay did not make them */
    uint64_t complaints;
    bool incomplete; /* something is missing, damaged or strayed */
    /* the report's own */
    bool lost;          /* something is missing since the last stretch ended */
    struct wall ended;  /* when it did; 0: there was none */
    uint64_t ended_seq; /* the seq that it did not reach; 0: unknown */
    uint64_t span_seq;  /* the journal has been compared up to here; 0: it has not begun */
    bool stopped;       /* the last stretch has all that its boot heard */
};

/* May one more complaint be told? Differences from the journal, and wrong lines of a history. */
bool replay_report_may_complain(struct replay_report *report);

/* Take what the replay remarks; the context is the report. */
void replay_report_remark(void *context, const struct replay_told *told);

/* An event of the replay, which counts on if the stretch has numbers. */
void replay_report_event(struct replay_report *report, const char *body, size_t size);

/* The replay is over. */
void replay_report_finish(struct replay_report *report);

/* Print the figures of a comparison with the journal. */
void replay_report_figures(const struct replay_report *report, uint64_t inputs, uint64_t events);

/* Is nothing missing, and nothing different? */
bool replay_report_is_good(const struct replay_report *report, uint64_t events);

#endif
