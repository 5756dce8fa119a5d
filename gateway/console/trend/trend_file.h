/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_FILE_H
#define GATEWAY_CONSOLE_TREND_TREND_FILE_H

/*
 * A segment of the history, as a file
 *
 *     <state>/console/history/minutes-0000000017.blocks     the hour that grows, block by block
 *                             minutes-0000000016.runs       an hour that is over, point by point
 *                             quarters-0000000003.blocks    likewise a day of quarters
 *
 *     .blocks = head | ids of the points | block block …                        (trend_block.h)
 *     .runs   = head | where each point's run is, by id | run run …             (trend_run.h)
 *
 * What grows is written once a minute for all points; what is over is turned over, so that a year of one
 * point is a few hundred reads and not forty thousand. A point is known by its id, kind and unit, of
 * which 64 bits of SHA-256 stand here: one that was renamed, or means something else now, is another one.
 * Another version is recognised by its head and left alone.
 */

#include "gateway/console/trend/trend_block.h"

enum {
    TREND_FILE_VERSION = 1,
    /* Points that have a history: a minute of so many costs the disk at most 323 KB, and mostly a fifth of that. */
    TREND_POINTS_MAX = 10000,
    /* The longest span. */
    TREND_FILE_SPAN_S_MAX = 24 * 60 * 60,
};

/* Serials are smaller: ten digits, at one a second 300 years. */
#define TREND_SERIAL_END 10000000000ull

enum trend_form { TREND_BLOCKS, TREND_RUNS };

struct trend_file_head {
    char magic[8];
    uint32_t version; /* TREND_FILE_VERSION */
    uint32_t form;    /* enum trend_form */
    uint32_t step_s;
    uint32_t slots; /* of a span: so many steps */
    int64_t span;   /* the slots from span × slots on */
    uint64_t serial;
    uint64_t source_serial; /* of the last block; .runs only */
    uint32_t source_offset;
    uint32_t rows;      /* of ids, or of runs */
    uint32_t table_sum; /* CRC-32 of the ids; 0 in .runs, whose entries have sums of their own */
    uint32_t sum;       /* CRC-32 of all before it */
};
_Static_assert(sizeof(struct trend_file_head) == 64, "no padding: it is a format");

/* One of the two kinds of segments. */
struct trend_tier {
    const char *name; /* "minutes" */
    uint32_t step_s;
    uint32_t slots; /* at most TREND_RUN_SLOTS_MAX */
    uint32_t keep;  /* spans, beside the one that grows */
};

/* Fill in what is not given: the magic, the version and the sum. */
void trend_file_head_seal(struct trend_file_head *head);

/* Is it the head of such a file of this version, and of that serial? */
bool trend_file_head_is_ours(const struct trend_file_head *head, const struct trend_tier *tier,
                             uint64_t serial, enum trend_form form);

/* CRC-32 of ids, for the head. */
uint32_t trend_file_table_sum(const uint64_t *ids, uint32_t count);

/* Write the name of a segment; also of one that is being written (`unfinished`). */
enum { TREND_FILE_NAME_SIZE = 48 };
void trend_file_name(const struct trend_tier *tier, uint64_t serial, enum trend_form form,
                     bool unfinished, char ret[TREND_FILE_NAME_SIZE]);

/* Is `name` one of those? */
bool trend_file_name_parse(const char *name, const struct trend_tier *tier, uint64_t *ret_serial,
                           enum trend_form *ret_form, bool *ret_unfinished);

#endif
