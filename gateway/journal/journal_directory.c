/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"

int journal_directory_init(struct journal_directory *directory, const char *path) {
    *directory = (struct journal_directory){.fd = -1};
    int len = snprintf(directory->path, sizeof directory->path, "%s", path);
    int database_len =
        snprintf(directory->database, sizeof directory->database, "%s/journal.db", path);
    /* Room for ".bad-<time>-wal" is kept as well. */
    return len > 0 && database_len > 0 && database_len < JOURNAL_PATH_SIZE - 64
               ? 0
               : err_origin(-ENAMETOOLONG);
}

void journal_directory_deinit(struct journal_directory *directory) {
    if (directory->fd >= 0) {
        (void)close(directory->fd); /* a directory has nothing to write back */
        directory->fd = -1;
    }
}

/* Explain an error number for people. */
static int directory_failed(struct journal_finding *finding, const char *what, int error) {
    (void)snprintf(finding->reason, sizeof finding->reason, "%s: %s", what, strerror(error));
    return JOURNAL_E_FAILED;
}

/*
 * Have the directory's own name on the disk, or a power cut could take it with all that was synced
 * below. Where the parent is not to be opened or synced, what is recorded is worth more than this.
 */
static void directory_sync_parent(const char *path) {
    char parent[JOURNAL_PATH_SIZE + 4];
    (void)snprintf(parent, sizeof parent, "%s/..", path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static int directory_enter(struct journal_directory *directory, struct journal_finding *finding) {
    journal_directory_deinit(directory); /* it may be another one by now: mounted, made anew */
    if (mkdir(directory->path, 0700) != 0 && errno != EEXIST) {
        return directory_failed(finding, "it cannot be made", errno);
    }
    directory_sync_parent(directory->path); /* whoever of our processes made it */
    directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0) {
        return directory_failed(finding, "it cannot be opened", errno);
    }
    if (faccessat(directory->fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        return directory_failed(finding, "it cannot be written to", errno);
    }
    int r = journal_boot_read(directory->fd, &directory->boot);
    return r == 0 ? 0 : directory_failed(finding, "its file `boot` cannot be read", -r);
}

/* Rename the damaged journal and its log; a log that stays behind would be played into the new
 * file. */
static int directory_set_aside(struct journal_directory *directory,
                               struct journal_finding *finding) {
    char time[CLOCK_TEXT_SIZE];
    char log[JOURNAL_PATH_SIZE + 8];
    char log_aside[JOURNAL_PATH_SIZE + 8];
    clock_format(clock_wall(), time);
    (void)snprintf(finding->aside, sizeof finding->aside, "%.*s.bad-%s", JOURNAL_PATH_SIZE - 64,
                   directory->database, time);
    (void)snprintf(log, sizeof log, "%s-wal", directory->database);
    (void)snprintf(log_aside, sizeof log_aside, "%s-wal", finding->aside);
    if (rename(log, log_aside) != 0 && errno != ENOENT) {
        return directory_failed(finding, "the damaged journal's log cannot be renamed", errno);
    }
    if (rename(directory->database, finding->aside) != 0) {
        return directory_failed(finding, "the damaged journal cannot be renamed", errno);
    }
    (void)snprintf(log, sizeof log, "%s-shm", directory->database);
    (void)unlink(log); /* only an index of the log; SQLite makes it anew */
    return fsync(directory->fd) == 0
               ? 0
               : directory_failed(finding, "the directory cannot be synchronised", errno);
}

/* Reading the damaged journal left an index of its log behind, and a log without anything in it. */
static void directory_tidy_aside(const char *aside) {
    char path[JOURNAL_PATH_SIZE + 8];
    struct stat log;
    (void)snprintf(path, sizeof path, "%s-shm", aside);
    (void)unlink(path); /* SQLite makes it anew */
    (void)snprintf(path, sizeof path, "%s-wal", aside);
    if (stat(path, &log) == 0 && log.st_size == 0) {
        (void)unlink(path);
    }
}

/* Note which file is open, so that a replaced or deleted one is noticed. */
static int directory_identify(struct journal_directory *directory,
                              struct journal_finding *finding) {
    struct stat found;
    if (stat(directory->database, &found) != 0) {
        return directory_failed(finding, "journal.db cannot be looked at", errno);
    }
    directory->device = found.st_dev;
    directory->inode = found.st_ino;
    return 0;
}

int journal_directory_open(struct journal_directory *directory,
                           const struct journal_identity *identity, const char *distrust,
                           struct journal_store **ret_store, struct journal_finding *ret_finding) {
    struct journal_store *store = NULL;
    uint64_t newest = 0;
    *ret_finding = (struct journal_finding){0};
    int r = directory_enter(directory, ret_finding);
    if (r == 0 && distrust[0] != '\0') {
        (void)snprintf(ret_finding->reason, sizeof ret_finding->reason, "%s", distrust);
        r = JOURNAL_E_DAMAGED;
    } else if (r == 0) {
        r = journal_store_open(directory->database, identity, &store, ret_finding->reason);
    }
    if (r == JOURNAL_E_DAMAGED) {
        char reason[JOURNAL_REASON_SIZE];
        (void)memcpy(reason, ret_finding->reason, sizeof reason);
        ret_finding->damaged = true;
        r = directory_set_aside(directory, ret_finding);
        if (r == 0) {
            r = journal_store_open(directory->database, identity, &store, ret_finding->reason);
        }
        if (r == 0) {
            newest = journal_store_salvage(store, ret_finding->aside);
            directory_tidy_aside(ret_finding->aside);
            (void)memcpy(ret_finding->reason, reason, sizeof reason);
        }
    }
    if (r == 0) {
        r = directory_identify(directory, ret_finding);
    }
    if (r != 0) {
        (void)journal_store_free(store, false);
        /* A new file that is damaged at once is a disk that does not serve. */
        return r == JOURNAL_E_DAMAGED ? JOURNAL_E_FAILED : r;
    }
    ret_finding->created = journal_store_is_new(store);
    ret_finding->missing = ret_finding->created && !ret_finding->damaged && directory->boot.seq > 0;
    journal_store_continue(store, newest);
    journal_store_continue(store, directory->boot.seq);
    *ret_store = store;
    return 0;
}

bool journal_directory_is_same(const struct journal_directory *directory) {
    struct stat found;
    return stat(directory->database, &found) == 0 && found.st_dev == directory->device &&
           found.st_ino == directory->inode;
}

int journal_directory_boot(struct journal_directory *directory, struct journal_store *store,
                           uint64_t boot, uint64_t generation, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_boot next = {.boot = boot, .seq = journal_store_newest(store)};
    int r = journal_boot_write(directory->fd, &next);
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "its file `boot` cannot be written: %s",
                       strerror(-r));
        return JOURNAL_E_FAILED;
    }
    directory->boot = next;
    r = journal_store_boot_write(store, boot, generation);
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", journal_store_reason(store));
        return JOURNAL_E_FAILED;
    }
    return 0;
}
