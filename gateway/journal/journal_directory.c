/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_directory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/disk.h"
#include "gateway/state_file.h"

int journal_directory_init(struct journal_directory *directory, const char *path,
                           uint64_t timeline) {
    *directory = (struct journal_directory){.fd = -1, .witness_fd = -1, .timeline = timeline};
    int len = snprintf(directory->path, sizeof directory->path, "%s", path);
    int database_len =
        snprintf(directory->database, sizeof directory->database, "%s/journal.db", path);
    /* Room for ".bad-<time>-wal" is kept as well. */
    return len > 0 && database_len > 0 && database_len < JOURNAL_PATH_SIZE - 80
               ? 0
               : err_origin(-ENAMETOOLONG);
}

void journal_directory_deinit(struct journal_directory *directory) {
    if (directory->witness_fd >= 0) {
        (void)close(directory->witness_fd); /* what it says is worth no waiting for */
        directory->witness_fd = -1;
    }
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

/*
 * Why it cannot be made or opened. The file system is closed to us but for the directory that was at the
 * path when this process began (confine.h): one that comes into its place is denied whatever its
 * permissions say, and one that is gone cannot be made anew.
 */
static int directory_denied(struct journal_directory *directory, const char *what,
                            struct journal_finding *finding) {
    struct stat found;
    int error = errno;
    bool is_there = stat(directory->path, &found) == 0;
    bool is_own =
        is_there && found.st_dev == directory->own_device && found.st_ino == directory->own_inode;
    finding->denied = directory->own_inode != 0 && !is_own;
    if (!finding->denied) {
        return directory_failed(finding, what, error);
    }
    (void)snprintf(finding->reason, sizeof finding->reason,
                   is_there ? "it is another directory than when the gateway was started"
                            : "it was there when the gateway was started, and is gone");
    return JOURNAL_E_FAILED;
}

static int directory_enter(struct journal_directory *directory, struct journal_finding *finding) {
    struct stat found;
    journal_directory_deinit(directory); /* it may be another one by now: mounted, made anew */
    if (mkdir(directory->path, 0700) != 0 && errno != EEXIST) {
        return directory_denied(directory, "it cannot be made", finding);
    }
    directory_sync_parent(directory->path); /* whoever of our processes made it */
    directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd < 0) {
        return directory_denied(directory, "it cannot be opened", finding);
    }
    if (fstat(directory->fd, &found) == 0) {
        directory->own_device = found.st_dev;
        directory->own_inode = found.st_ino;
    }
    if (faccessat(directory->fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        return directory_failed(finding, "it cannot be written to", errno);
    }
    directory->witness = journal_witness_read(directory->fd);
    directory->witness_fd = journal_witness_open(directory->fd);
    int r = journal_boot_read(directory->fd, &directory->boot);
    return r == 0 ? 0 : directory_failed(finding, "its file `boot` cannot be read", -r);
}

void journal_directory_aside(struct wall now, char ret_name[JOURNAL_ASIDE_SIZE]) {
    char time[CLOCK_TEXT_SIZE];
    clock_format(now, time);
    (void)snprintf(ret_name, JOURNAL_ASIDE_SIZE, "journal.db.bad-%s", time);
}

int journal_directory_set_log_aside(int directory, const char *aside, bool *ret_found) {
    /* The second kind is only there while SQLite makes a new file. */
    static const char *const suffixes[] = {"-wal", "-journal"};
    bool found = false;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char from[JOURNAL_ASIDE_SIZE];
        char to[JOURNAL_ASIDE_SIZE + 16];
        (void)snprintf(from, sizeof from, "journal.db%s", suffixes[i]);
        (void)snprintf(to, sizeof to, "%s%s", aside, suffixes[i]);
        if (renameat(directory, from, directory, to) == 0) {
            found = true;
        } else if (errno != ENOENT) {
            return err_origin(-errno);
        }
    }
    (void)unlinkat(directory, "journal.db-shm", 0); /* only an index; SQLite makes it anew */
    *ret_found = found;
    return 0;
}

/* Rename the damaged journal, if there is anything of it besides its log, and the log. */
static int directory_set_aside(struct journal_directory *directory, struct journal_finding *finding,
                               bool *ret_has_file) {
    char aside[JOURNAL_ASIDE_SIZE];
    struct stat file;
    bool found;
    *ret_has_file = fstatat(directory->fd, "journal.db", &file, 0) == 0 && file.st_size > 0;
    journal_directory_aside(clock_wall(), aside);
    (void)snprintf(finding->aside, sizeof finding->aside, "%.*s/%s", JOURNAL_PATH_SIZE - 80,
                   directory->path, aside);
    int r = journal_directory_set_log_aside(directory->fd, aside, &found);
    if (r != 0) {
        return directory_failed(finding, "the damaged journal's log cannot be renamed", -r);
    }
    if (renameat(directory->fd, "journal.db", directory->fd, aside) != 0 && errno != ENOENT) {
        return directory_failed(finding, "the damaged journal cannot be renamed", errno);
    }
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

/* Take over what is open in the journal that was set aside. */
static int directory_salvage(struct journal_store *store, struct journal_finding *finding,
                             uint64_t *ret_newest) {
    int r = journal_store_salvage(store, finding->aside, &finding->foreign, ret_newest);
    if (r != 0) {
        (void)snprintf(finding->reason, sizeof finding->reason, "%s", journal_store_reason(store));
    }
    directory_tidy_aside(finding->aside);
    return r;
}

/*
 * Nothing could be begun in place of the damaged journal: it goes back, and the next attempt finds all of it
 * again. Its log goes first, as a log alone is noticed and a journal without its log may not be. Without
 * `has_file` there was nothing but the log; a page of zeros was made beside it to read it.
 */
static void directory_put_back(const struct journal_directory *directory, const char *aside,
                               bool has_file) {
    static const char *const suffixes[] = {"-wal", "-journal", "", "-shm"};
    const char *name = strrchr(aside, '/') + 1;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char ours[JOURNAL_ASIDE_SIZE];
        (void)snprintf(ours, sizeof ours, "journal.db%s", suffixes[i]);
        (void)unlinkat(directory->fd, ours, 0); /* what was begun, which has nothing */
    }
    for (size_t i = 0; i + 1 < sizeof suffixes / sizeof *suffixes; i++) {
        char from[JOURNAL_ASIDE_SIZE + 16];
        char to[JOURNAL_ASIDE_SIZE];
        (void)snprintf(from, sizeof from, "%.*s%s", JOURNAL_ASIDE_SIZE, name, suffixes[i]);
        (void)snprintf(to, sizeof to, "journal.db%s", suffixes[i]);
        if (suffixes[i][0] == '\0' && !has_file) {
            (void)unlinkat(directory->fd, from, 0);
        } else {
            (void)renameat(directory->fd, from, directory->fd, to); /* there may be none */
        }
    }
}

/* Set the damaged journal aside, and open a new one that goes on from what is open in it. */
static int directory_begin_anew(struct journal_directory *directory,
                                const struct journal_identity *identity,
                                struct journal_store **ret_store, uint64_t *ret_newest,
                                struct journal_finding *finding) {
    struct journal_store *store = NULL;
    bool has_file;
    int r = directory_set_aside(directory, finding, &has_file);
    if (r != 0) {
        return r;
    }
    r = journal_store_open(directory->database, identity, &store, finding->reason);
    if (r == 0) {
        r = directory_salvage(store, finding, ret_newest);
    }
    if (r != 0) {
        (void)journal_store_free(store, false);
        directory_put_back(directory, finding->aside, has_file);
        return r;
    }
    *ret_store = store;
    return 0;
}

/*
 * Is there a log with something in it, and nothing of the journal that it belongs to? SQLite would
 * delete the log then.
 */
static bool directory_has_lost_file(const struct journal_directory *directory) {
    unsigned char head[32]; /* of the log, see https://www.sqlite.org/fileformat2.html, 4.1 */
    struct stat found;
    bool has_head = false;
    if (fstatat(directory->fd, "journal.db", &found, 0) == 0 ? found.st_size > 0
                                                             : errno != ENOENT) {
        return false;
    }
    int log = state_file_open(directory->fd, "journal.db-wal", O_RDONLY);
    if (log >= 0 && disk_read_at(log, head, sizeof head, 0)) {
        for (size_t i = 0; i < sizeof head; i++) {
            has_head = has_head || head[i] != 0;
        }
    }
    if (log >= 0) {
        (void)close(log); /* only read */
    }
    return has_head;
}

/* Open the file as it stands there, and hold it against what the witness says. */
static int directory_open_store(const struct journal_directory *directory,
                                const struct journal_identity *identity,
                                struct journal_store **ret_store,
                                char reason[JOURNAL_REASON_SIZE]) {
    struct journal_store *store = NULL;
    if (directory_has_lost_file(directory)) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "it is gone or empty, and its log is there");
        return JOURNAL_E_DAMAGED;
    }
    int r = journal_store_open(directory->database, identity, &store, reason);
    if (r != 0) {
        return r;
    }
    /* What was given up already, or restored, is in `boot`; what is still being taken over, nowhere. */
    uint64_t newest = journal_store_newest(store);
    uint64_t known = newest > directory->boot.seq ? newest : directory->boot.seq;
    if (!journal_store_is_new(store) && !journal_store_is_salvaging(store) &&
        known < directory->witness.seq) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE,
                       "it ends at event %" PRIu64 " and event %" PRIu64
                       " had been recorded: the newest are gone, or their log is damaged",
                       newest, directory->witness.seq);
        (void)journal_store_free(store, false);
        return JOURNAL_E_DAMAGED;
    }
    *ret_store = store;
    return 0;
}

/* Go on after whatever has been recorded, by all that is known. */
static int directory_continue(const struct journal_directory *directory,
                              struct journal_store *store, uint64_t salvaged,
                              struct journal_finding *finding) {
    journal_store_continue(store, salvaged);
    journal_store_continue(store, directory->boot.seq);
    journal_store_continue(store, directory->witness.seq);
    if (journal_store_is_new(store) || journal_store_is_salvaging(store)) {
        journal_store_skip(store, journal_witness_last(&directory->witness, directory->timeline));
    }
    int r = finding->missing ? journal_store_note_lost(store) : 0; /* a salvage notes it itself */
    if (r != 0) {
        (void)snprintf(finding->reason, sizeof finding->reason, "%s", journal_store_reason(store));
    }
    return r;
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
        r = directory_open_store(directory, identity, &store, ret_finding->reason);
    }
    if (r == JOURNAL_E_DAMAGED) {
        char reason[JOURNAL_REASON_SIZE];
        (void)memcpy(reason, ret_finding->reason, sizeof reason);
        r = directory_begin_anew(directory, identity, &store, &newest, ret_finding);
        if (r == 0) {
            (void)memcpy(ret_finding->reason, reason, sizeof reason);
        }
        ret_finding->damaged = !ret_finding->foreign;
    }
    if (r == 0) {
        r = directory_identify(directory, ret_finding);
    }
    if (r == 0) {
        ret_finding->created = journal_store_is_new(store);
        ret_finding->missing = ret_finding->created && !ret_finding->damaged &&
                               !ret_finding->foreign &&
                               (directory->boot.seq > 0 || directory->witness.seq > 0);
        r = directory_continue(directory, store, newest, ret_finding);
    }
    if (r != 0) {
        (void)journal_store_free(store, false);
        /* A new file that is damaged at once is a disk that does not serve. */
        return r == JOURNAL_E_DAMAGED ? JOURNAL_E_FAILED : r;
    }
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
    /* `boot` is on the disk: what it says was given up is not missed again. */
    directory->witness = (struct journal_witness){.seq = next.seq,
                                                  .bound = next.seq + JOURNAL_WITNESS_AHEAD,
                                                  .timeline = directory->timeline};
    journal_witness_write(directory->witness_fd, &directory->witness, true);
    return 0;
}

void journal_directory_expect(struct journal_directory *directory, uint64_t seq) {
    if (seq > directory->witness.bound) {
        directory->witness.bound = seq + JOURNAL_WITNESS_AHEAD;
        journal_witness_write(directory->witness_fd, &directory->witness, true);
    }
}

void journal_directory_witness(struct journal_directory *directory, uint64_t seq) {
    if (seq > directory->witness.seq) {
        directory->witness.seq = seq;
        journal_witness_write(directory->witness_fd, &directory->witness, false);
    }
}
