/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_RECORDING_FILE_H
#define GATEWAY_ENGINE_RECORDING_FILE_H

/*
 * A segment of the recording, as a file
 *
 *     <state>/recordings/0000000017-5f0c…9a.recording    number and generation
 *     <state>/recordings/5f0c…9a.site                    the site image of that generation
 *
 *     block = kind u32 | size of the body u32 | CRC-32 of kind, size and body u32 | body
 *     segment = HEAD  CORE  PICTURE  INPUTS …  END
 *
 * HEAD says whose the recording is and where it begins. CORE is core_snapshot() at that moment, for
 * the same build with the same rules; PICTURE what is known of the site, as inputs, for anybody
 * else; both PICTURE and INPUTS are what rules/recording.h writes, each from a fresh codec that
 * begins at HEAD's times. INPUTS hold whole inputs, and the codec runs on from block to block. END
 * says why the segment is over, and whether the next one goes on where it ended.
 *
 * A process that is killed leaves a last block that is not whole: whoever reads stops before it.
 * Numbers are little-endian, as all machines are that this runs on.
 */

#include "gateway/site.h"
#include "rules/recording.h"

#define RECORDING_DIRECTORY "recordings"

enum recording_block {
    RECORDING_HEAD = 1,
    RECORDING_CORE,
    RECORDING_PICTURE,
    RECORDING_INPUTS,
    RECORDING_END,
};

/* In front of each body. */
struct recording_block_head {
    uint32_t kind; /* enum recording_block */
    uint32_t size;
    uint32_t sum;
};

/* The longest body of INPUTS; one that claims to be longer is damage. */
enum { RECORDING_INPUTS_MAX = 256 * 1024, RECORDING_DIGEST_SIZE = 32 };

struct recording_head {
    char magic[8];
    uint32_t version;                           /* RECORDING_VERSION */
    uint32_t rate;                              /* of the clock: it stretches silences */
    unsigned char build[RECORDING_DIGEST_SIZE]; /* build_digest() */
    unsigned char rules[RECORDING_DIGEST_SIZE]; /* recording_rules_digest() */
    uint64_t generation;
    uint64_t number;
    uint64_t next_seq; /* of the first event that the inputs of this segment cause */
    uint64_t at_ns;    /* instant and wall time at which it begins */
    int64_t wall_ns;
    char boot[24];
    char site[40], gateway[40]; /* ids */
    uint32_t point_count;
    uint32_t follows; /* 1: nothing is missing between the segment before and this one */
};
_Static_assert(sizeof(struct recording_head) == 232, "no padding: it is a format");

enum recording_end_reason {
    RECORDING_ENDS_FULL,    /* the next segment goes on */
    RECORDING_ENDS_STOPPED, /* the engine was stopped */
    RECORDING_ENDS_DROPPED, /* inputs came faster than the disk took them: some are missing */
    RECORDING_END_COUNT,
};

struct recording_end {
    uint32_t reason;
    uint32_t reserved;
    uint64_t dropped; /* inputs that are missing after this one */
};

/* CRC-32 as in ISO 3309 and zlib, of `size` bytes, going on from `sum` (0 at first). */
uint32_t recording_sum(uint32_t sum, const void *bytes, size_t size);

/* The head of a block with this body. */
struct recording_block_head recording_block_of(enum recording_block kind, const void *body,
                                               size_t size);

/* The digest of all that a core and the names of its inputs depend on. */
void recording_rules_digest(const struct site *site, unsigned char ret[RECORDING_DIGEST_SIZE]);

/* Is `name` that of a segment? Sets number and generation. */
bool recording_name_parse(const char *name, uint64_t *ret_number, uint64_t *ret_generation);

enum { RECORDING_NAME_SIZE = 48 };
void recording_name_format(uint64_t number, uint64_t generation, char ret[RECORDING_NAME_SIZE]);
void recording_site_name_format(uint64_t generation, char ret[RECORDING_NAME_SIZE]);

/* Fill in the magic and the version. */
void recording_head_begin(struct recording_head *head);

/* Is it a head that this build can read? */
bool recording_head_is_ours(const struct recording_head *head);

#endif
