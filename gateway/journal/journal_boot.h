/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_BOOT_H
#define GATEWAY_JOURNAL_JOURNAL_BOOT_H

/*
 * The file `boot`: what must outlive a lost journal
 *
 * An event's id is `<site>.<gateway>.<boot>.<seq>` and is never used twice. The boot number
 * therefore is on the disk before the first event that carries it, in the journal and in this small
 * file beside it; the larger of the two counts. The highest recorded seq stands in it too, as of
 * the last time the journal was tidied, so that numbering goes on when the journal itself had to be
 * given up.
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
 */

#include <stdint.h>

#include "gateway/err.h"
#include "rules/instant.h"

struct journal_boot {
    uint64_t boot; /* of the latest life; 0: none yet */
    uint64_t seq;  /* highest recorded, at least */
};

/*
 * Read the file in the directory open at `directory`. A missing file, or one that is not of this
 * form (only an accident from outside makes one: it is replaced atomically), reads as zeros.
 */
NODISCARD int journal_boot_read(int directory, struct journal_boot *ret_boot);

/* The number at which counting begins at `now` in a directory that knows of no boot; at least 1. */
uint64_t journal_boot_first(struct wall now);

/* Replace the file; when this returns 0, the new one is what a power cut leaves behind. */
NODISCARD int journal_boot_write(int directory, const struct journal_boot *boot);

#endif
