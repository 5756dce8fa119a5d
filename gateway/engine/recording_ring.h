/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_RECORDING_RING_H
#define GATEWAY_ENGINE_RECORDING_RING_H

/*
 * The ring of recordings: the last hours of inputs, on disk
 *
 * (Not the recorder, which is the journal's: that records what the core said, this what it heard.)
 *
 * The loop encodes each input into a buffer before the core sees it; a thread writes. The loop
 * never waits: while the thread is busy the buffer fills, and an input that no longer fits is
 * dropped, counted and told. A segment never has a hole: with the first dropped input it is over,
 * and the next one begins with a snapshot once the disk has come back.
 *
 *     loop      input, input … ──▶ filling ──swap──▶ writing          thread
 *               (due) snapshot ─────────────────────▶ opening  ──▶ END │ new file: HEAD CORE PICTURE
 *
 * What is written lags by at most a second, or by RECORDING_FLUSH bytes; that much is missing after
 * kill -9. What events came of is written at once, or when the thread has done what it is at: what a
 * killed engine said is to be found here, too. No segment is synced, which would cost an SD card its
 * writes: a power cut costs what the kernel still held. Only the site beside them is, once, because all
 * of them rely on it. Old segments go first when the ring is full (recording_directory.h), and no
 * segment begins while the disk has less than RECORDING_SPARE to spare: the journal is worth more. A
 * failure ends the segment at its last whole block, and a new one is tried every ten seconds (real).
 */

#include "gateway/engine/recording_file.h"

enum {
    /* So many segments share the size of the ring … */
    RECORDING_SEGMENTS = 16,
    /* … and so much waits in the loop before the thread is woken. */
    RECORDING_FLUSH = 32 * 1024,
};

struct recording_ring;

/* What a segment begins with besides the core. */
struct recording_moment {
    struct instant at;
    struct wall wall;
    uint32_t rate;
    const char *boot;
    uint64_t next_seq;
};

struct recording_ring_stats {
    uint64_t inputs, dropped, segments, failures;
    bool writing; /* the thread has something to do */
};

/*
 * Make a ring for `site` in the state directory; keeps `site`. Of no size, or one in which not even
 * the snapshots of its own core fit, it is off: it takes everything and writes nothing. Starts the
 * thread. Returns 0 or <0.
 */
NODISCARD int recording_ring_new(const struct site *site, uint64_t size,
                                 struct recording_ring **ret_ring);

/* End the segment and write what waits; waits for the disk. */
struct recording_ring *recording_ring_free(struct recording_ring *ring);

/* Take an input, before the core is stepped with it. */
void recording_ring_add(struct recording_ring *ring, const struct input *input);

/* Does it want a snapshot, to begin the next segment? */
bool recording_ring_is_due(struct recording_ring *ring);

/* Begin the next segment now, between two inputs; only when it is due. The core is only read. */
void recording_ring_begin(struct recording_ring *ring, const struct core *core,
                          const struct recording_moment *moment);

/*
 * Hand over what has gathered: when it is enough, or if `now`. While the thread is busy it is owed
 * instead, and handed over by recording_ring_written().
 */
void recording_ring_flush(struct recording_ring *ring, bool now);

/* Readable when the thread has finished a job: call recording_ring_written(). -1 if the ring is off. */
int recording_ring_fd(const struct recording_ring *ring);

/* The thread has done something: hand over what is owed. */
void recording_ring_written(struct recording_ring *ring);

void recording_ring_stats(struct recording_ring *ring, struct recording_ring_stats *ret_stats);

#endif
