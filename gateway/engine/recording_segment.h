/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_RECORDING_SEGMENT_H
#define GATEWAY_ENGINE_RECORDING_SEGMENT_H

/*
 * Writing a segment of a recording
 *
 * The file's side of recording_file.h, for whoever records: the ring of the engine, and a simulation
 * that writes one long segment. Waits for the disk. Each call says with errno why it failed.
 */

#include "gateway/engine/recording_file.h"

struct recording_segment {
    int fd;         /* -1: none is open */
    uint64_t whole; /* bytes of it that are blocks from end to end */
};

#define RECORDING_SEGMENT_NULL ((struct recording_segment){.fd = -1})

/* The head of a recording of `site` by this build; where and when it begins is left to the caller. */
void recording_head_of(const struct site *site, struct recording_head *ret_head);

/* Make a new file; one that is there already is kept (EEXIST). */
bool recording_segment_open(struct recording_segment *segment, int directory, const char *name);

bool recording_segment_is_open(const struct recording_segment *segment);

/* Append a block; after a failure the segment is to be abandoned. */
bool recording_segment_block(struct recording_segment *segment, enum recording_block kind,
                             const void *body, size_t size);

/* Append the last block, and close. */
bool recording_segment_end(struct recording_segment *segment, const struct recording_end *end);

/* Give the segment up after its last whole block; returns the errno that was the reason. */
int recording_segment_abandon(struct recording_segment *segment);

/* Keep the site image beside its recordings; it is there whole or not at all, after a power cut too. */
bool recording_image_write(int directory, const struct site *site);

/* Bytes that always are enough for a picture. */
size_t recording_picture_room(const struct ruleset *ruleset);

/* Write the core's picture of its site; `codec` is fresh. Returns how many bytes it took. */
size_t recording_picture_encode(const struct core *core, struct wall wall,
                                struct recording_codec *codec, unsigned char *ret, size_t room);

#endif
