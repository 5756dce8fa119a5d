/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_RECORDING_READER_H
#define GATEWAY_ENGINE_RECORDING_READER_H

/*
 * Reading a segment of a recording
 *
 * Reads whatever is there: a segment that is still being written or was cut off by a kill ends with
 * its last whole block. What a kill cannot leave is damage: a whole block whose sum is not right, one
 * of a kind or a size that nobody writes, one that is cut off with sound bytes behind it. What comes
 * before is as it was recorded; behind damage nothing can be read, because each input is written as
 * its difference from the one before.
 */

#include "gateway/engine/recording_file.h"

struct recording_reader;

#define RECORDING_E_FILE 1 /* not a recording that this build can read; the reason is set */

enum { RECORDING_REASON_SIZE = 256 };

/* How a segment ends, known once its inputs have been read. */
enum recording_ending {
    RECORDING_ENDED_FULL,    /* the next one goes on */
    RECORDING_ENDED_STOPPED, /* the engine was stopped */
    RECORDING_ENDED_DROPPED, /* the disk was too slow, inputs are missing afterwards */
    RECORDING_ENDED_OPEN, /* it is still being written, its engine was killed, or its end is gone:
                                who knows what follows can tell (tape.h) */
    RECORDING_ENDED_DAMAGED, /* at an offset, for a reason */
};

struct recording_verdict {
    enum recording_ending ending;
    uint64_t dropped;   /* ENDED_DROPPED: how many */
    uint64_t offset;    /* ENDED_OPEN, ENDED_DAMAGED: bytes of the file that are whole */
    uint64_t unread;    /* likewise: bytes behind them */
    const char *reason; /* ENDED_DAMAGED; static storage */
};

/*
 * Read the file at `path`. Returns 0, RECORDING_E_FILE with `ret_reason` set (also when there is no
 * such file), or <0.
 */
NODISCARD int recording_reader_new(const char *path, struct recording_reader **ret_reader,
                                   char ret_reason[RECORDING_REASON_SIZE]);
struct recording_reader *recording_reader_free(struct recording_reader *reader);

const struct recording_head *recording_reader_head(const struct recording_reader *reader);

/* The snapshot of the core, at any alignment, NULL if it is missing. */
const void *recording_reader_core(const struct recording_reader *reader, size_t *ret_size);

/* Begin with the inputs of the picture, or with those that were recorded: RECORDING_INPUTS. */
void recording_reader_rewind(struct recording_reader *reader, enum recording_block part);

/* The next input; its command is valid until the next call. False at the end. */
bool recording_reader_next(struct recording_reader *reader, struct input *ret_input);

/* Once recording_reader_next() has returned false for the inputs. */
struct recording_verdict recording_reader_verdict(const struct recording_reader *reader);

#endif
