/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/seam.h"

#include <string.h>

/* Between two segments of one boot whose numbers follow each other. */
static enum seam seam_within(enum recording_ending ending, bool follows) {
    switch (ending) {
    case RECORDING_ENDED_FULL:
        return follows ? SEAM_WHOLE : SEAM_INPUTS;
    case RECORDING_ENDED_OPEN:
        return follows ? SEAM_CUT : SEAM_INPUTS;
    case RECORDING_ENDED_STOPPED:
        return SEAM_INPUTS;
    case RECORDING_ENDED_DROPPED:
    case RECORDING_ENDED_DAMAGED:
        break;
    }
    return SEAM_TOLD;
}

enum seam seam_between(const struct seam_end *before, const struct recording_head *head,
                       bool starts, uint64_t *ret_files) {
    *ret_files = 0;
    if (!before->known) {
        return SEAM_WHOLE;
    } else if (head->number > before->number + 1) {
        *ret_files = head->number - before->number - 1;
        return SEAM_FILES;
    } else if (before->ending == RECORDING_ENDED_DAMAGED) {
        return SEAM_TOLD;
    } else if (strcmp(before->boot, head->boot) != 0) {
        return starts ? SEAM_WHOLE : SEAM_INPUTS;
    }
    return seam_within(before->ending, head->follows != 0);
}
