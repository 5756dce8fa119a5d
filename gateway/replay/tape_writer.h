/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_TAPE_WRITER_H
#define GATEWAY_REPLAY_TAPE_WRITER_H

/*
 * A tape that no engine recorded
 *
 * One segment, written from inputs that somebody makes up: a story without its processes. A core
 * hears them first, by itself (rehearsal.h), so that the ticks and calendar moments that an engine
 * would have heard stand between them; a replay then is exact. The gateway starts at the beginning,
 * and all its parts and devices are there. The site image is kept beside the file, as in a ring.
 *
 * Nothing depends on when or where it is written: the same inputs give the same bytes.
 */

#include "gateway/replay/rehearsal.h"

struct tape_writer;

/* Instants of a tape begin here, so that something may have been before it. */
#define TAPE_WRITER_BEGIN ((struct instant){NS_PER_S})

/* The boot in the ids of its events; no engine has it. */
#define TAPE_WRITER_BOOT     "sim"

#define TAPE_WRITER_E_EXISTS 1 /* there is a file of that name, which is kept */

struct tape_writer_counts {
    uint64_t inputs, events;
};

/*
 * Begin a tape in a new file at `path`, at wall time `wall`. Keeps `site`, whose zone the process
 * has. Returns 0, TAPE_WRITER_E_EXISTS or <0.
 */
NODISCARD int tape_writer_new(const char *path, const struct site *site, struct wall wall,
                              struct tape_writer **ret_writer);

/*
 * Let time pass until `at`, which is not earlier than before, and take `input`, whose kind and
 * contents are set; NULL: only time passes. A failure is kept for tape_writer_finish().
 */
void tape_writer_take(struct tape_writer *writer, struct instant at, const struct input *input);

/* The wall time of an instant of the tape. */
struct wall tape_writer_wall(const struct tape_writer *writer, struct instant at);

/* Has a write failed? Then nothing more is written. */
bool tape_writer_failed(const struct tape_writer *writer);

/* Write the end. Returns 0 or <0: the first failure of all; what was whole by then stays. */
NODISCARD int tape_writer_finish(struct tape_writer *writer, struct tape_writer_counts *ret_counts);
struct tape_writer *tape_writer_free(struct tape_writer *writer);

#endif
