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
 *     boot 17
 *     seq 4201
 */

#include <stdint.h>

#include "gateway/err.h"

struct journal_boot {
    uint64_t boot; /* of the latest life; 0: none yet */
    uint64_t seq;  /* highest recorded, at least */
};

/*
 * Read the file in the directory open at `directory`. A missing file, or one that is not of this
 * form (only an accident from outside makes one: it is replaced atomically), reads as zeros.
 */
NODISCARD int journal_boot_read(int directory, struct journal_boot *ret_boot);

/* Replace the file; when this returns 0, the new one is what a power cut leaves behind. */
NODISCARD int journal_boot_write(int directory, const struct journal_boot *boot);

#endif
