/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_SEAM_H
#define GATEWAY_REPLAY_SEAM_H

/*
 * Seams: is anything missing between one segment of a recording and the next?
 *
 * Segments are numbered without a gap, also over restarts. Within one boot of the engine each goes on
 * where the one before is full, or begins anew after a gap that was told. A new boot begins with the
 * input that says so; before it, the last segment of the boot before may end anywhere, because an
 * engine can be killed at any moment.
 */

#include "gateway/engine/recording_reader.h"

/* The segment before. */
struct seam_end {
    bool known; /* there is one */
    uint64_t number;
    char boot[sizeof((struct recording_head *)NULL)->boot]; /* "": it could not be read */
    enum recording_ending ending; /* ENDED_DAMAGED also of one that could not be read */
};

enum seam {
    SEAM_WHOLE,  /* nothing, but for the last moment of an engine that was killed */
    SEAM_TOLD,   /* inputs, as the ending of the segment before says */
    SEAM_CUT,    /* the end of the segment before, which its engine has written */
    SEAM_FILES,  /* whole segments */
    SEAM_INPUTS, /* inputs that nobody recorded: the disk took nothing for a while */
};

/*
 * What is missing before the segment of `head`, which `starts` if its first input is that of a new
 * boot, or it has none yet. `ret_files` is how many segments are.
 */
enum seam seam_between(const struct seam_end *before, const struct recording_head *head,
                       bool starts, uint64_t *ret_files);

#endif
