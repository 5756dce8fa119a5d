/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/disk.h"
#include "gateway/journal/journal_backup_parts.h"
#include "gateway/journal/journal_boot.h"
#include "gateway/journal/journal_directory.h"

enum { COPY_BYTES = 64 * 1024 };

/* Copy a file; the new one is on the disk when this is true. */
static bool copy_file(const char *from, const char *to) {
    static unsigned char bytes[COPY_BYTES];
    int source = open(from, O_RDONLY | O_CLOEXEC);
    int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = source >= 0 && target >= 0;
    ssize_t got = 1;
    while (good && (got = read(source, bytes, sizeof bytes)) > 0) {
        good = disk_write(target, bytes, (size_t)got);
    }
    good = good && got == 0 && fsync(target) == 0;
    int error = errno;
    if (source >= 0) {
        (void)close(source);
    }
    if (target >= 0) {
        (void)close(target);
    }
    errno = error;
    return good;
}

/* What is restored, and where to. */
struct restoring {
    const struct journal_beside *besides;
    int directory_fd;
    struct journal_backup backup;
};

/* One file beside the journal on its way to its directory. */
struct restoring_beside {
    const struct journal_beside *beside;
    int directory_fd;
};

static int restore_take_beside(void *context, const void *bytes, size_t size) {
    const struct restoring_beside *restoring = context;
    return disk_replace(restoring->directory_fd, restoring->beside->name, bytes, size);
}

/* Bring a file beside the journal back into its directory, unless there is one: that is of a later life. */
static int restore_beside_into(sqlite3 *db, const struct journal_beside *beside, int directory_fd,
                               enum journal_beside_state *state, char reason[JOURNAL_REASON_SIZE]) {
    if (faccessat(directory_fd, beside->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        *state = BESIDE_THERE;
        return 0;
    }
    struct restoring_beside restoring = {.beside = beside, .directory_fd = directory_fd};
    return backup_look_beside(db, beside, restore_take_beside, &restoring, state, reason);
}

static int restore_beside(sqlite3 *db, const struct restoring *restoring,
                          const struct journal_beside *beside, enum journal_beside_state *state,
                          char reason[JOURNAL_REASON_SIZE]) {
    if (*state != BESIDE_WHOLE) {
        return 0;
    }
    if (beside->directory != NULL &&
        mkdirat(restoring->directory_fd, beside->directory, 0700) != 0 && errno != EEXIST) {
        return backup_failed(beside->directory, reason);
    }
    int fd = backup_open_beside(restoring->directory_fd, beside);
    if (fd < 0) {
        return backup_failed(beside->directory != NULL ? beside->directory : beside->name, reason);
    }
    int r = restore_beside_into(db, beside, fd, state, reason);
    (void)close(fd);
    if (r < 0) {
        errno = -r;
        return backup_failed(beside->name, reason);
    }
    return r;
}

/* The copy is a journal again, not a backup. */
static int restore_open(const char *path, struct restoring *restoring, uint64_t *ret_boot,
                        char reason[JOURNAL_REASON_SIZE]) {
    sqlite3 *db = NULL;
    int64_t boot = 0;
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (db == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = backup_result(db, result, reason);
    for (uint32_t i = 0; r == 0 && i < backup_besides(restoring->besides); i++) {
        r = restore_beside(db, restoring, &restoring->besides[i], &restoring->backup.besides[i],
                           reason);
    }
    if (r == 0) {
        r = backup_run(db, "PRAGMA synchronous=FULL; DROP TABLE backup", reason);
    }
    if (r == 0) {
        r = backup_ask(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='boot'", NULL, 0,
                       &boot, reason);
    }
    (void)sqlite3_close(db);
    *ret_boot = (uint64_t)boot;
    return r;
}

static bool restore_give_name(int directory_fd, const char *name, const struct stat *owner) {
    return fchownat(directory_fd, name, owner->st_uid, owner->st_gid, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A file beside the journal, and its directory. */
static bool restore_give_beside(int directory_fd, const struct journal_beside *beside,
                                const struct stat *owner) {
    bool given =
        beside->directory == NULL || restore_give_name(directory_fd, beside->directory, owner);
    int fd = given ? backup_open_beside(directory_fd, beside) : -1;
    given = fd >= 0 && restore_give_name(fd, beside->name, owner);
    if (fd >= 0) {
        (void)close(fd);
    }
    return given;
}

/* Root restores for whoever has the directory, or the gateway that is started as a user of its own could
 * not use what is in it. */
static bool restore_give(const struct restoring *restoring) {
    const int fd = restoring->directory_fd;
    struct stat owner;
    if (geteuid() != 0) {
        return true;
    }
    bool given = fstat(fd, &owner) == 0 && restore_give_name(fd, "journal.db.partial", &owner) &&
                 restore_give_name(fd, "boot", &owner);
    for (uint32_t i = 0; given && i < backup_besides(restoring->besides); i++) {
        given = restoring->backup.besides[i] != BESIDE_WHOLE ||
                restore_give_beside(fd, &restoring->besides[i], &owner);
    }
    return given;
}

/*
 * Number what comes back after all that is known: by the backup, by what the directory knows of lives
 * since, and by the clock, which is later than the backup even where it says otherwise.
 */
static int restore_number(int directory_fd, const struct journal_backup *backup,
                          uint64_t backup_boot, struct wall now) {
    struct journal_boot known;
    struct journal_witness witness = journal_witness_read(directory_fd);
    uint64_t seq = journal_witness_last(&witness, clock_timeline());
    int r = journal_boot_read(directory_fd, &known);
    if (r != 0) {
        return err_trace(r);
    }
    seq = known.seq > seq ? known.seq : seq;
    struct wall later = now.ns > backup->made.ns ? now : backup->made;
    struct journal_boot boot = {
        .boot = journal_boot_beyond(known.boot > backup_boot ? known.boot : backup_boot, later),
        .seq = seq > backup->audit.newest_seq ? seq : backup->audit.newest_seq,
    };
    r = journal_boot_write(directory_fd, &boot);
    return r == 0 ? 0 : err_trace(r);
}

/* The newest seal of the journal that was here is not missing in the one that comes. */
static int restore_set_note_aside(int directory_fd, const char *aside) {
    char to[JOURNAL_ASIDE_SIZE + 16];
    (void)snprintf(to, sizeof to, "%s-%s", aside, SEAL_NOTE_NAME);
    return renameat(directory_fd, SEAL_NOTE_NAME, directory_fd, to) == 0 || errno == ENOENT
               ? 0
               : err_origin(-errno);
}

/* The place that the journal comes to is empty, on the disk too, before it does. */
static int restore_clear(int directory_fd, struct wall now, struct journal_backup *backup,
                         char reason[JOURNAL_REASON_SIZE]) {
    char aside[JOURNAL_ASIDE_SIZE];
    bool found = false;
    journal_directory_aside(now, aside);
    int r = journal_directory_set_log_aside(directory_fd, aside, &found);
    if (r == 0) {
        r = restore_set_note_aside(directory_fd, aside);
    }
    if (r == 0 && fsync(directory_fd) != 0) {
        r = err_origin(-errno);
    }
    if (r != 0) {
        errno = -r;
        return backup_failed("the log of an earlier journal", reason);
    }
    (void)snprintf(backup->log_aside, sizeof backup->log_aside, "%s", found ? aside : "");
    return 0;
}

static int restore_through(const char *path, const char *partial, const char *directory,
                           struct restoring *restoring, struct wall now,
                           char reason[JOURNAL_REASON_SIZE]) {
    char whole[PATH_MAX];
    uint64_t boot = 0;
    (void)snprintf(whole, sizeof whole, "%s/journal.db", directory); /* shorter than `partial` */
    if (!copy_file(path, partial)) {
        return backup_failed(partial, reason);
    }
    int r = restore_open(partial, restoring, &boot, reason);
    if (r == 0) {
        r = restore_number(restoring->directory_fd, &restoring->backup, boot, now);
    }
    if (r == 0 && !restore_give(restoring)) {
        r = backup_failed(directory, reason);
    }
    if (r == 0) {
        r = restore_clear(restoring->directory_fd, now, &restoring->backup, reason);
    }
    return r == 0 ? backup_publish(partial, whole, reason) : r;
}

/* On a full disk what had been copied is the room that everything else wants. Says what became of it. */
static void restore_take_back(int directory_fd, char reason[JOURNAL_REASON_SIZE]) {
    char why[JOURNAL_REASON_SIZE];
    (void)snprintf(why, sizeof why, "%s", reason);
    bool removed = unlinkat(directory_fd, "journal.db.partial", 0) == 0;
    if (unlinkat(directory_fd, "journal.db.partial-journal", 0) != 0 && errno != ENOENT) {
        removed = false;
    }
    bool there = faccessat(directory_fd, "journal.db.partial", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    (void)snprintf(reason, JOURNAL_REASON_SIZE, "%.*s%s", JOURNAL_REASON_SIZE - 80, why,
                   removed ? "; what had been copied was removed again"
                   : there ? "; remove journal.db.partial, which stays behind"
                           : "");
}

static int restore_into(const char *path, const char *directory, struct restoring *restoring,
                        struct wall now, char reason[JOURNAL_REASON_SIZE]) {
    char partial[PATH_MAX];
    int len = snprintf(partial, sizeof partial, "%s/journal.db.partial", directory);
    if (len < 0 || (size_t)len >= sizeof partial) {
        return err_origin(-ENAMETOOLONG);
    }
    /* What an attempt that was cut short had begun to change is not to be undone in the new copy. */
    if (unlinkat(restoring->directory_fd, "journal.db.partial-journal", 0) != 0 &&
        errno != ENOENT) {
        return backup_failed("journal.db.partial-journal", reason);
    }
    int r = restore_through(path, partial, directory, restoring, now, reason);
    if (r < 0) {
        errno = -r;
        r = backup_failed(directory, reason);
    }
    if (r != 0) {
        restore_take_back(restoring->directory_fd, reason);
    }
    return r;
}

int journal_backup_restore(const char *path, const char *directory,
                           const struct journal_beside *besides, struct wall now,
                           struct journal_backup *ret_backup, char reason[JOURNAL_REASON_SIZE]) {
    struct restoring restoring = {.besides = besides};
    const struct journal_audit *audit = &restoring.backup.audit;
    int r = journal_backup_check(path, besides, &restoring.backup, reason);
    if (r != 0) {
        return r;
    }
    if (!journal_audit_is_whole(audit)) {
        bool known = audit->broken_seq != 0;
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "event %" PRIu64 " is not what was recorded%s",
                       known ? audit->broken_seq : audit->seals.contradicted,
                       known ? "" : ", or the end is missing");
        return JOURNAL_E_DAMAGED;
    }
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return backup_failed(directory, reason);
    }
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return backup_failed(directory, reason);
    }
    /* As a gateway that runs holds it (premises.h). */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "a gateway runs with it");
        r = JOURNAL_E_OCCUPIED;
    } else if (faccessat(fd, "journal.db", F_OK, 0) == 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "it has a journal already");
        r = JOURNAL_E_OCCUPIED;
    } else {
        restoring.directory_fd = fd;
        r = restore_into(path, directory, &restoring, now, reason);
    }
    (void)close(fd);
    if (r == 0) {
        *ret_backup = restoring.backup;
    }
    return r;
}
