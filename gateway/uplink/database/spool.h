/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_SPOOL_H
#define GATEWAY_UPLINK_DATABASE_SPOOL_H

/*
 * The spool: lines that wait on the disk until the database is back
 *
 *     uplink/spool/0000000007.lines   record record record …     read from the oldest on
 *                  0000000008.lines   record record ▒            written at the newest
 *
 * A record is what one request carries. It is on the disk, synced, when spool_append() returns. A file
 * takes records until it has SPOOL_FILE_BYTES and is removed when all of them are done. What is done
 * within a file is not remembered: after a restart the file is read from its start, and what is sent
 * twice overwrites itself in the database. So nothing here must be right after a power cut but whole
 * records, and each carries its size and check sum: a torn end is left out and counted, and a file
 * is never written again by another life.
 *
 * The spool has a size; beyond it the oldest file goes, its lines counted as dropped: but for those of the
 * record that was read last, which whoever read it has still. They count when the next one is read without
 * that one having been done. A disk that fails is told to the caller, who still has the lines.
 *
 * Waits for the disk: one thread of its own uses it.
 */

#include <stddef.h>
#include <stdint.h>

#include "gateway/err.h"

enum {
    SPOOL_FILE_BYTES = 4 << 20,
    SPOOL_RECORD_MAX = 2 << 20, /* bytes of one record, without what the spool adds */
    SPOOL_FILES_MAX = 16384,    /* beyond it the oldest go, as beyond the size */
};

/* The smallest size: a file that is read, one that is written. */
#define SPOOL_SIZE_MIN ((uint64_t)4 * SPOOL_FILE_BYTES)

struct spool;

struct spool_stats {
    uint64_t bytes;         /* on the disk */
    uint64_t lines;         /* of them, waiting */
    uint64_t dropped_lines; /* for want of room */
    uint64_t damaged;       /* records, ends of files and marks that could not be read back */
    uint64_t failures;      /* of the disk */
};

/* Where a record is. */
struct spool_place {
    uint64_t file, offset;
};

struct spool_record {
    struct spool_place place;
    const void *bytes; /* the spool's, until the next call of spool_oldest() */
    size_t size;
    uint32_t lines;
};

/*
 * Use `directory`, which is made if it is missing; what waits in it from an earlier life is kept.
 * Returns 0, -ENOMEM, or another negative errno when the directory cannot be used.
 */
NODISCARD int spool_new(const char *directory, uint64_t size_max, struct spool **ret_spool);
struct spool *spool_free(struct spool *spool);

#define SPOOL_E_FAILED 1 /* the disk would not; errno says why */
#define SPOOL_E_EMPTY  2 /* nothing waits */

/*
 * Add a record of 1…SPOOL_RECORD_MAX bytes at the end. Returns 0 or SPOOL_E_FAILED; then nothing of
 * it is left.
 */
NODISCARD int spool_append(struct spool *spool, const void *bytes, size_t size, uint32_t lines,
                           struct spool_place *ret_place);

/* The oldest record that is not done. Returns 0 or SPOOL_E_EMPTY. */
NODISCARD int spool_oldest(struct spool *spool, struct spool_record *ret_record);

/* A record is done: the one that was the oldest, or any other that was appended in this life. */
void spool_done(struct spool *spool, struct spool_place place);

struct spool_stats spool_stats(const struct spool *spool);

#endif
