/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault_disk.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/dice.h"

enum { SECTOR = 512, PATH_SIZE = 512, NAMES_MAX = 256, SLOW_US = 2000 };

/* A write, or a cut to `offset` bytes where `bytes` is NULL. */
struct change {
    uint64_t offset;
    size_t size;
    unsigned char *bytes;
};

struct fault_file {
    struct fault_file *next;
    unsigned char *durable;
    size_t size;
    struct change *changes;
    size_t change_count, change_room;
};

struct name {
    char path[PATH_SIZE];
    struct fault_file *file;
};

struct names {
    struct name all[NAMES_MAX];
    size_t count;
};

/* `path` becomes the name of `file`, or of nothing; and then `gone` is none any more. */
struct name_change {
    char path[PATH_SIZE], gone[PATH_SIZE];
    struct fault_file *file;
};

static struct {
    pthread_mutex_t lock;
    char root[PATH_SIZE]; /* "": not mounted */
    struct fault_file *files;
    struct names names, durable_names;
    struct name_change name_changes[NAMES_MAX];
    size_t name_change_count;
    enum fault_kind kind;
    uint64_t at, counted, met;
    bool stays, lies;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Which operations a fault can concern. */
static const bool concerns[FAULT_KIND_COUNT][FAULT_OPERATION_COUNT] = {
    [FAULT_POWER] = {[FAULT_OPEN] = true,
                     [FAULT_WRITE] = true,
                     [FAULT_TRUNCATE] = true,
                     [FAULT_SYNC] = true,
                     [FAULT_NAME] = true},
    [FAULT_FULL] = {[FAULT_OPEN] = true,
                    [FAULT_WRITE] = true,
                    [FAULT_TRUNCATE] = true,
                    [FAULT_SYNC] = true,
                    [FAULT_SHARED] = true},
    [FAULT_IO] = {[FAULT_OPEN] = true,
                  [FAULT_READ] = true,
                  [FAULT_WRITE] = true,
                  [FAULT_TRUNCATE] = true,
                  [FAULT_SYNC] = true,
                  [FAULT_NAME] = true,
                  [FAULT_SHARED] = true},
    [FAULT_READ_ONLY] = {[FAULT_OPEN] = true,
                         [FAULT_WRITE] = true,
                         [FAULT_TRUNCATE] = true,
                         [FAULT_NAME] = true,
                         [FAULT_SHARED] = true},
    [FAULT_SLOW] = {[FAULT_WRITE] = true, [FAULT_TRUNCATE] = true, [FAULT_SYNC] = true},
};

static const int fault_errno[FAULT_KIND_COUNT] = {
    [FAULT_POWER] = EIO, [FAULT_FULL] = ENOSPC, [FAULT_IO] = EIO, [FAULT_READ_ONLY] = EROFS};

/* ---- names ---- */

static struct name *names_find(struct names *names, const char *path) {
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->all[i].path, path) == 0) {
            return &names->all[i];
        }
    }
    return NULL;
}

/* NULL takes the name away. */
static void names_point(struct names *names, const char *path, struct fault_file *file) {
    struct name *name = names_find(names, path);
    if (file == NULL) {
        if (name != NULL) {
            *name = names->all[--names->count];
        }
        return;
    }
    if (name == NULL) {
        assert(names->count < NAMES_MAX);
        name = &names->all[names->count++];
        (void)snprintf(name->path, sizeof name->path, "%s", path);
    }
    name->file = file;
}

static void names_change(struct names *names, const struct name_change *change) {
    if (change->gone[0] != '\0') {
        names_point(names, change->gone, NULL);
    }
    names_point(names, change->path, change->file);
}

/* With the lock held. `gone` is NULL unless it is a renaming. */
static void disk_name(const char *path, const char *gone, struct fault_file *file) {
    if (disk.name_change_count == NAMES_MAX) { /* the oldest reaches the disk by itself */
        names_change(&disk.durable_names, &disk.name_changes[0]);
        memmove(disk.name_changes, disk.name_changes + 1,
                --disk.name_change_count * sizeof disk.name_changes[0]);
    }
    struct name_change *change = &disk.name_changes[disk.name_change_count++];
    (void)snprintf(change->path, sizeof change->path, "%s", path);
    (void)snprintf(change->gone, sizeof change->gone, "%s", gone != NULL ? gone : "");
    change->file = file;
    names_change(&disk.names, change);
}

/* ---- files ---- */

static struct fault_file *file_new(void) {
    struct fault_file *file = calloc(1, sizeof *file);
    assert(file != NULL);
    file->next = disk.files;
    disk.files = file;
    return file;
}

static void file_note(struct fault_file *file, uint64_t offset, const void *bytes, size_t size) {
    if (file->change_count == file->change_room) {
        file->change_room = file->change_room == 0 ? 64 : 2 * file->change_room;
        file->changes = realloc(file->changes, file->change_room * sizeof *file->changes);
        assert(file->changes != NULL);
    }
    struct change *change = &file->changes[file->change_count++];
    *change = (struct change){.offset = offset, .size = size};
    if (bytes != NULL) {
        change->bytes = malloc(size + 1);
        assert(change->bytes != NULL);
        memcpy(change->bytes, bytes, size);
    }
}

static void file_forget(struct fault_file *file) {
    for (size_t i = 0; i < file->change_count; i++) {
        free(file->changes[i].bytes);
    }
    file->change_count = 0;
}

/* Twice as much each time: a file that grows by a page would be copied once for each. */
static size_t image_room(size_t size) {
    size_t room = 4096;
    while (room < size) {
        room *= 2;
    }
    return size > 0 ? room : 0;
}

/* What is between the old end and the new one is zero. */
static void image_resize(unsigned char **image, size_t *size, size_t wanted) {
    if (wanted > *size) {
        if (image_room(wanted) > image_room(*size)) {
            *image = realloc(*image, image_room(wanted));
            assert(*image != NULL);
        }
        memset(*image + *size, 0, wanted - *size);
    }
    *size = wanted;
}

static void image_write(unsigned char **image, size_t *size, uint64_t offset, const void *bytes,
                        size_t count) {
    if (count > 0) {
        if (offset + count > *size) {
            image_resize(image, size, offset + count);
        }
        memcpy(*image + offset, bytes, count);
    }
}

static void file_sync(struct fault_file *file) {
    for (size_t i = 0; i < file->change_count; i++) {
        const struct change *change = &file->changes[i];
        if (change->bytes == NULL) {
            image_resize(&file->durable, &file->size, change->offset);
        } else {
            image_write(&file->durable, &file->size, change->offset, change->bytes, change->size);
        }
    }
    file_forget(file);
}

static void file_load(const char *path, struct fault_file *file) {
    FILE *stream = fopen(path, "re");
    assert(stream != NULL);
    char piece[16384];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, stream)) > 0) {
        image_write(&file->durable, &file->size, file->size, piece, got);
    }
    (void)fclose(stream);
}

static void disk_load(const char *directory) {
    DIR *listing = opendir(directory);
    const struct dirent *entry;
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        char path[PATH_SIZE];
        struct stat found;
        (void)snprintf(path, sizeof path, "%.250s/%.250s", directory, entry->d_name);
        if (entry->d_name[0] == '.' || stat(path, &found) != 0) {
            continue;
        }
        if (S_ISDIR(found.st_mode)) {
            disk_load(path);
        } else {
            struct fault_file *file = file_new();
            file_load(path, file);
            names_point(&disk.names, path, file);
        }
    }
    if (listing != NULL) {
        (void)closedir(listing);
    }
}

/* ---- the disk ---- */

void fault_disk_mount(const char *root) {
    (void)snprintf(disk.root, sizeof disk.root, "%s/", root);
    disk_load(root);
    disk.durable_names = disk.names;
    fault_disk_plan(FAULT_NONE, 0, false);
    fault_disk_lie(false);
}

void fault_disk_unmount(void) {
    disk.root[0] = '\0';
    while (disk.files != NULL) {
        struct fault_file *file = disk.files;
        disk.files = file->next;
        file_forget(file);
        free(file->changes);
        free(file->durable);
        free(file);
    }
    disk.names.count = disk.durable_names.count = disk.name_change_count = 0;
    fault_disk_plan(FAULT_NONE, 0, false);
}

bool fault_disk_is_mounted(void) {
    return disk.root[0] != '\0';
}

void fault_disk_plan(enum fault_kind kind, uint64_t at, bool stays) {
    (void)pthread_mutex_lock(&disk.lock);
    disk.kind = kind;
    disk.at = at;
    disk.stays = stays || kind == FAULT_POWER;
    disk.counted = disk.met = 0;
    (void)pthread_mutex_unlock(&disk.lock);
}

void fault_disk_lie(bool lies) {
    (void)pthread_mutex_lock(&disk.lock);
    disk.lies = lies;
    (void)pthread_mutex_unlock(&disk.lock);
}

uint64_t fault_disk_counted(void) {
    (void)pthread_mutex_lock(&disk.lock);
    uint64_t counted = disk.counted;
    (void)pthread_mutex_unlock(&disk.lock);
    return counted;
}

uint64_t fault_disk_met(void) {
    (void)pthread_mutex_lock(&disk.lock);
    uint64_t met = disk.met;
    (void)pthread_mutex_unlock(&disk.lock);
    return met;
}

/*
 * With the lock held: does the operation fail? `ret_begins` says that the power goes just now: then
 * it may or may not have been done.
 */
static int disk_step(enum fault_operation operation, bool *ret_begins) {
    *ret_begins = false;
    if (disk.kind == FAULT_POWER && disk.met > 0) {
        return EIO;
    }
    if (!concerns[disk.kind][operation]) {
        return 0;
    }
    disk.counted++;
    if (disk.counted < disk.at || (disk.counted > disk.at && !disk.stays)) {
        return 0;
    }
    disk.met++;
    *ret_begins = disk.kind == FAULT_POWER;
    if (disk.kind == FAULT_SLOW) {
        (void)usleep(SLOW_US);
    }
    return fault_errno[disk.kind];
}

static bool disk_watches(const char *path) {
    return disk.root[0] != '\0' && strncmp(path, disk.root, strlen(disk.root)) == 0;
}

struct fault_file *fault_disk_file(const char *path) {
    (void)pthread_mutex_lock(&disk.lock);
    const struct name *name = disk_watches(path) ? names_find(&disk.names, path) : NULL;
    (void)pthread_mutex_unlock(&disk.lock);
    return name != NULL ? name->file : NULL;
}

int fault_disk_open(const char *path, bool create, bool empty, struct fault_file **ret_file) {
    bool begins;
    *ret_file = NULL;
    if (!disk_watches(path)) {
        return 0;
    }
    (void)pthread_mutex_lock(&disk.lock);
    int error = disk_step(FAULT_OPEN, &begins);
    const struct name *name = names_find(&disk.names, path);
    if (error == 0 || begins) {
        if (name != NULL) {
            *ret_file = name->file;
        } else if (create) {
            *ret_file = file_new();
            disk_name(path, NULL, *ret_file);
        }
        if (*ret_file != NULL && empty) {
            file_note(*ret_file, 0, NULL, 0);
        }
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return error;
}

int fault_disk_write(struct fault_file *file, const void *bytes, size_t size, uint64_t offset,
                     size_t *ret_size) {
    bool begins;
    (void)pthread_mutex_lock(&disk.lock);
    bool was_cut = disk.kind == FAULT_POWER && disk.met > 0;
    int error = disk_step(FAULT_WRITE, &begins);
    *ret_size = error == 0 ? size : 0;
    if (error == ENOSPC || (error == EIO && disk.kind == FAULT_IO)) {
        *ret_size = size / 2;
    }
    if (!was_cut) {
        file_note(file, offset, bytes, begins ? size : *ret_size);
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return error;
}

int fault_disk_truncate(struct fault_file *file, uint64_t size) {
    bool begins;
    (void)pthread_mutex_lock(&disk.lock);
    int error = disk_step(FAULT_TRUNCATE, &begins);
    if (error == 0 || begins) {
        file_note(file, size, NULL, 0);
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return error;
}

int fault_disk_sync(struct fault_file *file) {
    bool begins;
    (void)pthread_mutex_lock(&disk.lock);
    int error = disk_step(FAULT_SYNC, &begins);
    if (error == 0 && !disk.lies) {
        file_sync(file);
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return error;
}

int fault_disk_sync_names(void) {
    bool begins;
    (void)pthread_mutex_lock(&disk.lock);
    int error = disk_step(FAULT_SYNC, &begins);
    if (error == 0 && !disk.lies) {
        disk.durable_names = disk.names;
        disk.name_change_count = 0;
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return error;
}

int fault_disk_rename(const char *from, const char *to) {
    bool begins;
    (void)pthread_mutex_lock(&disk.lock);
    int error = disk_step(FAULT_NAME, &begins);
    const struct name *name = names_find(&disk.names, from);
    if (name != NULL && (error == 0 || begins)) {
        disk_name(to, from, name->file);
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return error;
}

int fault_disk_remove(const char *path) {
    bool begins;
    (void)pthread_mutex_lock(&disk.lock);
    int error = disk_step(FAULT_NAME, &begins);
    if (error == 0 || begins) {
        disk_name(path, NULL, NULL);
    }
    (void)pthread_mutex_unlock(&disk.lock);
    return error;
}

int fault_disk_other(enum fault_operation operation) {
    bool begins;
    (void)pthread_mutex_lock(&disk.lock);
    int error = disk_step(operation, &begins);
    (void)pthread_mutex_unlock(&disk.lock);
    return error;
}

/* ---- what survives ---- */

/* How the disk treats what was not synced, in percent: kept, and turned into rubbish. */
struct luck {
    struct dice *dice;
    uint32_t kept, rubbish;
};

static bool luck_is(struct luck *luck, uint32_t percent) {
    return dice_below(luck->dice, 100) < percent;
}

/* A write survives by sectors, of which the first and the last may be written in part only. */
static void image_tear(unsigned char **image, size_t *size, const struct change *change,
                       struct luck *luck) {
    size_t done = 0;
    while (done < change->size) {
        uint64_t at = change->offset + done;
        size_t count = SECTOR - (size_t)(at % SECTOR);
        count = count < change->size - done ? count : change->size - done;
        if (luck_is(luck, luck->kept)) {
            image_write(image, size, at, change->bytes + done, count);
        } else if (luck_is(luck, luck->rubbish)) {
            unsigned char rubbish[SECTOR];
            for (size_t i = 0; i < count; i++) {
                rubbish[i] = (unsigned char)dice_below(luck->dice, 256);
            }
            image_write(image, size, at, rubbish, count);
        }
        done += count;
    }
}

static void file_survive(const struct fault_file *file, const char *path, struct luck *luck) {
    size_t size = 0;
    unsigned char *image = NULL;
    image_write(&image, &size, 0, file->durable, file->size);
    for (size_t i = 0; i < file->change_count; i++) {
        const struct change *change = &file->changes[i];
        if (change->bytes != NULL) {
            image_tear(&image, &size, change, luck);
        } else if (luck_is(luck, luck->kept)) {
            image_resize(&image, &size, change->offset);
        }
    }
    FILE *stream = fopen(path, "we");
    assert(stream != NULL);
    assert(size == 0 || fwrite(image, 1, size, stream) == size);
    assert(fclose(stream) == 0);
    free(image);
}

/* The directories on the way to `path`, below the first `from` bytes of it. */
static void path_prepare(char *path, size_t from) {
    for (char *slash = strchr(path + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700); /* there already, most of the time */
        *slash = '/';
    }
}

void fault_disk_survive(const char *target, uint64_t seed) {
    static const uint32_t kept[] = {0, 10, 50, 50, 90, 100};
    struct dice dice = {seed};
    struct luck luck = {&dice, kept[dice_below(&dice, sizeof kept / sizeof kept[0])],
                        dice_below(&dice, 4) == 0 ? 20 : 0};
    struct names names = disk.durable_names;
    size_t survive = dice_below(&dice, (uint32_t)disk.name_change_count + 1);
    for (size_t i = 0; i < survive; i++) {
        names_change(&names, &disk.name_changes[i]);
    }
    for (size_t i = 0; i < names.count; i++) {
        char path[2 * PATH_SIZE];
        (void)snprintf(path, sizeof path, "%s/%s", target, names.all[i].path + strlen(disk.root));
        path_prepare(path, strlen(target) + 1);
        file_survive(names.all[i].file, path, &luck);
    }
}
