/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_REMOTE_IDS_H
#define GATEWAY_CONSOLE_REMOTE_IDS_H

/*
 * Which commands that came by the broker were taken already
 *
 * A command is taken when its time lies within REMOTE_WINDOW_S of the gateway's clock, and each one once. So an id is kept until
 * its time alone keeps it out. It is on the disk before the command goes on: a console that is killed and comes back
 * knows it, and one that was killed in between has not carried out what it knows. The newest time of what was
 * forgotten is kept too, so that a clock that is set back does not bring forgotten commands back: what is not newer than that is
 * refused. A file that cannot be read refuses all that could have been in it.
 *
 *     remote.bin of the console's directory:  magic | forgotten | rows
 */

#include <stdint.h>

#include "gateway/console/remote_text.h"
#include "gateway/err.h"

enum {
    REMOTE_WINDOW_S = 60,
    REMOTE_IDS_MAX = 256,
    /* Of one person, so that whoever sends without end takes nothing from the others. */
    REMOTE_IDS_PERSON_MAX = 64,
};

struct remote_id {
    struct wall time;
    char user[PEOPLE_ID_SIZE];
    char id[REMOTE_ID_SIZE];
};

struct remote_ids {
    int directory; /* where the file is; -1: cannot be opened */
    struct wall forgotten;
    uint32_t count;
    struct remote_id rows[REMOTE_IDS_MAX];
};

/* Read what there is, at `now`. False: there was a file that could not be read. */
bool remote_ids_open(struct remote_ids *ids, int directory, struct wall now);

#define REMOTE_IDS_E_TIME     1 /* further from `now` than REMOTE_WINDOW_S */
#define REMOTE_IDS_E_OLD      2 /* no newer than what was forgotten: the clock was set back */
#define REMOTE_IDS_E_REPEATED 3
#define REMOTE_IDS_E_FULL     4 /* too many, or too many of this person, within two minutes */
#define REMOTE_IDS_E_DISK     5 /* it could not be kept, so it must not go on */

/* May this command go on? Returns 0, and then it is kept, or one of the above. */
NODISCARD int remote_ids_take(struct remote_ids *ids, const char *user, const char *id,
                              struct wall time, struct wall now);

#endif
