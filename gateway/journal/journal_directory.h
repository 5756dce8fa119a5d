/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_DIRECTORY_H
#define GATEWAY_JOURNAL_JOURNAL_DIRECTORY_H

/*
 * The state directory, and how a journal in it is opened
 *
 *     journal.db               the journal; journal.db-wal and -shm beside it while it is open
 *     journal.db.bad-<time>    one that was given up, kept for whoever looks into it; its -wal likewise
 *     boot, witness            see journal_boot.h, journal_witness.h
 *     checkpoint               see journal_seal.h
 *
 * A journal that is not one any more is never a reason to stop watching: it is renamed, a new one
 * begins, what can be read of alarms, confirmations and events moves over, and the numbering goes on
 * after the highest seq that any witness knows of. So it is done with one that has lost its newest
 * events, by the word of `witness`, and with a log that has lost its journal. One that a later build has written is kept aside
 * likewise, untouched.
 */

#include <limits.h>
#include <sys/types.h>

#include "gateway/journal/journal_boot.h"
#include "gateway/journal/journal_store.h"
#include "gateway/journal/journal_witness.h"

enum {
    JOURNAL_PATH_SIZE = PATH_MAX,
    /* "journal.db.bad-<time>" */
    JOURNAL_ASIDE_SIZE = 64,
};

struct journal_directory {
    int fd;                           /* -1 while closed */
    char path[JOURNAL_PATH_SIZE];     /* of the directory */
    char database[JOURNAL_PATH_SIZE]; /* of journal.db */
    uint64_t timeline;                /* of this life */
    struct journal_boot boot;         /* as read from the file */
    struct journal_witness witness;   /* likewise, and as written since */
    int witness_fd;                   /* -1: there is none */
    dev_t device;                     /* of the opened journal.db */
    ino_t inode;
    dev_t own_device; /* of the directory that was opened last */
    ino_t own_inode;  /* 0: none was */
};

/* What was found on the way to an open journal. */
struct journal_finding {
    bool created; /* the file is a new one */
    bool damaged; /* … because another had to be set aside, for `reason` */
    bool foreign; /* … or because the one that was there is of another site or gateway */
    bool missing; /* … although events have been recorded here before */
    bool denied;  /* the directory is gone, or is another one, which this process may not use */
    char reason[JOURNAL_REASON_SIZE];
    char aside[JOURNAL_PATH_SIZE]; /* where the one that was set aside is now */
};

/*
 * Remember the paths; opens nothing. `timeline` is clock_timeline(). Returns -ENAMETOOLONG for a path
 * that is too long.
 */
NODISCARD int journal_directory_init(struct journal_directory *directory, const char *path,
                                     uint64_t timeline);
void journal_directory_deinit(struct journal_directory *directory);

/*
 * Open the journal, making the directory (0700) and the file where they are missing. `distrust`, unless
 * it is "", says why the file that is there is not to be trusted, whatever it looks like. Returns 0, or
 * JOURNAL_E_FAILED with the reason in `ret_finding->reason`, or <0. `ret_finding` is always set.
 */
NODISCARD int journal_directory_open(struct journal_directory *directory,
                                     const struct journal_identity *identity, const char *distrust,
                                     struct journal_store **ret_store,
                                     struct journal_finding *ret_finding);

/* The name, in its directory, of what is set aside at `now`. */
void journal_directory_aside(struct wall now, char ret_name[JOURNAL_ASIDE_SIZE]);

/*
 * Rename the log, of either kind, that stands beside the place of journal.db in the directory open at
 * `directory`, so that it belongs to a file of the name `aside`. SQLite plays one that stays behind
 * into any file that comes there, whosever it was. Returns 0 and whether there was one, or -errno.
 */
NODISCARD int journal_directory_set_log_aside(int directory, const char *aside, bool *ret_found);

/* Is the file at its path still the one that was opened? */
bool journal_directory_is_same(const struct journal_directory *directory);

/*
 * Make `boot` the number of this life, in which the site is of `generation`: on the disk in both
 * places when it returns 0.
 */
NODISCARD int journal_directory_boot(struct journal_directory *directory,
                                     struct journal_store *store, uint64_t boot,
                                     uint64_t generation, char reason[JOURNAL_REASON_SIZE]);

/* Before events up to `seq` are recorded, and once they are: let the witness know. */
void journal_directory_expect(struct journal_directory *directory, uint64_t seq);
void journal_directory_witness(struct journal_directory *directory, uint64_t seq);

#endif
