/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_BOOT_H
#define GATEWAY_JOURNAL_JOURNAL_BOOT_H

/*
 * The file `boot`: what must outlive a lost journal
 *
 * An event's id is `<site>.<gateway>.<boot>.<seq>` and is never used twice. The boot number
 * therefore is on the disk before the first event that carries it, in the journal and in this small
 * file beside it; the larger of the two counts. The seq that this life goes on after stands in it too,
 * so that numbering goes on when the journal itself had to be given up; how far it came since, the
 * file `witness` says.
 *
 *     tocsin boot 1
 *     boot 1183458230140945
 *     seq 4201
 *
 * When neither is there, nobody can say whether the gateway is new or has lost its disk, and a
 * number that was used before would give two events one id. Counting therefore begins at a number
 * that no other beginning meets: 31 bits of seconds since 2020, so that a later beginning is larger,
 * and below them 22 random bits, because two cards written from one image begin in the same second
 * when there is no battery behind the clock. It stays below 2^53, which every reader of JSON keeps.
 *
 * Both may also be older than what has been lived: a snapshot of the machine or a copy of the directory
 * was put back, and nothing in it knows of the lives since. Each life therefore goes on by a random step,
 * so that one which begins where another did has another number, whatever the clock says. A step is small
 * beside the second of a beginning: numbers of one directory stay close together.
 */

#include <stdint.h>

#include "gateway/err.h"
#include "rules/instant.h"

/* How far a life goes on from the one before it, at most. */
enum { JOURNAL_BOOT_STEP_MAX = 1 << 20 };

struct journal_boot {
    uint64_t boot; /* of the latest life; 0: none yet */
    uint64_t seq;  /* highest before that life, at least */
};

/*
 * Read the file in the directory open at `directory`. A missing file, or one that is not of this
 * form or is no file at all (only an accident from outside makes one: it is replaced atomically),
 * reads as zeros.
 */
NODISCARD int journal_boot_read(int directory, struct journal_boot *ret_boot);

/* The number at which counting begins at `now` in a directory that knows of no boot; at least 1. */
uint64_t journal_boot_first(struct wall now);

/*
 * The number of the life after that of `known`, which is the largest that the directory knows of: 1 to
 * JOURNAL_BOOT_STEP_MAX more, at random; where that would reach 2^53, 1 more.
 */
uint64_t journal_boot_next(uint64_t known);

/*
 * A number for a journal that comes back from a backup, beyond the largest `known`. The gateway may
 * have lived on after the backup, and counted on from what is known here: the number is that of a
 * beginning at `now`, or, where the clock is behind and that is no larger, so many at random beyond
 * `known` that lives in between are not met.
 */
uint64_t journal_boot_beyond(uint64_t known, struct wall now);

/* Replace the file; when this returns 0, the new one is what a power cut leaves behind. */
NODISCARD int journal_boot_write(int directory, const struct journal_boot *boot);

#endif
