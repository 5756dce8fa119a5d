/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_WITNESS_H
#define GATEWAY_JOURNAL_JOURNAL_WITNESS_H

/*
 * The file `witness`: how far the journal had come, by somebody else's word
 *
 * Between two tidyings the newest events stand in the journal's write-ahead log alone. When that is
 * deleted, cut off or changed, SQLite takes what is left for all that there ever was, and numbers
 * that went out already would come a second time. This small file beside the journal says how far it
 * had come:
 *
 *     tocsin witness 1
 *     seq 00000000000000004201         newest recorded; written after each commit, and not waited for
 *     bound 00000000000000008297       nothing behind it has been recorded; on the disk before that
 *     timeline 0123456789abcdef        see clock_timeline()
 *
 * What a process leaves behind that is killed is exact. What a power cut leaves behind may be older
 * than the journal, never newer, since it is written after the commit: a journal that ends before
 * `seq` has lost events, and no other. Then the numbering goes on after `seq`, or, when the machine
 * has started anew since and `seq` may be old, after `bound`: once in so many events one more write
 * is waited for, so that numbers may be left out, and never come twice.
 *
 * The file is shorter than a sector and written in its place. One that is not of this form, or
 * cannot be read or written, is no witness: recording does not depend on it.
 */

#include <stdbool.h>
#include <stdint.h>

/* How far `bound` is moved ahead: a flood of 50,000 events a second waits for it a dozen times. */
enum { JOURNAL_WITNESS_AHEAD = 4096 };

struct journal_witness {
    uint64_t seq;
    uint64_t bound;    /* >= seq */
    uint64_t timeline; /* on which `seq` was written */
};

/* Open the file in the directory open at `directory`, making it where it is missing; -1 when that
 * cannot be done. */
int journal_witness_open(int directory);

/* Read the file in the directory open at `directory`; zeros when it is no witness. */
struct journal_witness journal_witness_read(int directory);

/* Write to the file open at `fd`, -1 allowed; with `durable`, onto the disk. */
void journal_witness_write(int fd, const struct journal_witness *witness, bool durable);

/* The number that a journal goes on after which has lost its newest events. */
uint64_t journal_witness_last(const struct journal_witness *witness, uint64_t timeline);

#endif
