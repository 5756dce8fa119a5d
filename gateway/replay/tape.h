/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_TAPE_H
#define GATEWAY_REPLAY_TAPE_H

/*
 * A tape: the segments of a recording in their order, and the sites they were recorded under
 *
 * Named by one segment, or by the directory that holds them, or by the state directory above it.
 */

#include "gateway/engine/recording_reader.h"

enum {
    TAPE_SEGMENTS_MAX = 4096,
    TAPE_PATH_SIZE = 4096,
    /* Of a file with any name, its NUL included: NAME_MAX of Linux. */
    TAPE_NAME_SIZE = 256,
};

struct tape {
    char directory[TAPE_PATH_SIZE];
    char (*names)[TAPE_NAME_SIZE]; /* of the segments, oldest first */
    uint32_t count;
    bool whole;  /* all segments of a directory, not one by its name */
    void *image; /* of the site that was asked for last */
    struct site site;
};

#define TAPE_E_NONE 1 /* nothing is recorded there; the reason is set */

/* Look what is at `path`. Returns 0, TAPE_E_NONE with `ret_reason`, or <0. */
NODISCARD int tape_open(struct tape *tape, const char *path,
                        char ret_reason[RECORDING_REASON_SIZE]);
void tape_close(struct tape *tape);

/* Look again for segments newer than the last: a gateway that runs may have begun one meanwhile. */
bool tape_look_again(struct tape *tape);

/* Open segment `index`, as recording_reader_new(). */
NODISCARD int tape_segment(const struct tape *tape, uint32_t index,
                           struct recording_reader **ret_reader,
                           char ret_reason[RECORDING_REASON_SIZE]);

/*
 * The site that was kept beside the recordings of a generation; valid until another is asked for.
 * NULL if it is not there, or of another build.
 */
const struct site *tape_site(struct tape *tape, uint64_t generation);

/* The same for that of the newest segment that can be read. */
const struct site *tape_newest_site(struct tape *tape);

#endif
