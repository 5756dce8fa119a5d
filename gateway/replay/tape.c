/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/tape.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int tape_none(char reason[RECORDING_REASON_SIZE], const char *what) {
    (void)snprintf(reason, RECORDING_REASON_SIZE, "%s", what);
    return TAPE_E_NONE;
}

static int name_compare(const void *a, const void *b) {
    return strcmp(a, b);
}

static bool tape_add(struct tape *tape, const char *name) {
    if (tape->count == TAPE_SEGMENTS_MAX || strlen(name) >= TAPE_NAME_SIZE) {
        return false;
    }
    memcpy(tape->names[tape->count++], name, strlen(name) + 1);
    return true;
}

/*
 * Add all segments of the directory that are newer than `after`; those beyond TAPE_SEGMENTS_MAX,
 * which no ring has, are left out. False, with errno, if it cannot be read.
 */
static bool tape_add_newer(struct tape *tape, const char *after) {
    uint32_t before = tape->count;
    DIR *stream = opendir(tape->directory);
    if (stream == NULL) {
        return false;
    }
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        uint64_t number, generation;
        if (recording_name_parse(entry->d_name, &number, &generation) &&
            strcmp(entry->d_name, after) > 0) {
            (void)tape_add(tape, entry->d_name);
        }
    }
    (void)closedir(stream);
    qsort(tape->names + before, tape->count - before, sizeof *tape->names, name_compare);
    return true;
}

static int tape_list(struct tape *tape, char reason[RECORDING_REASON_SIZE]) {
    tape->whole = true;
    if (!tape_add_newer(tape, "")) {
        return tape_none(reason, strerror(errno));
    }
    return tape->count > 0 ? 0 : tape_none(reason, "there are no recordings in it");
}

bool tape_look_again(struct tape *tape) {
    char last[TAPE_NAME_SIZE];
    uint32_t before = tape->count;
    if (!tape->whole || tape->count == 0) {
        return false;
    }
    memcpy(last, tape->names[tape->count - 1], sizeof last);
    return tape_add_newer(tape, last) && tape->count > before;
}

static int tape_directory(struct tape *tape, const char *path, char reason[RECORDING_REASON_SIZE]) {
    char below[TAPE_PATH_SIZE];
    struct stat status;
    int len = snprintf(below, sizeof below, "%s/%s", path, RECORDING_DIRECTORY);
    bool fits = len > 0 && (size_t)len < sizeof below;
    bool is_state = fits && stat(below, &status) == 0 && S_ISDIR(status.st_mode);
    (void)snprintf(tape->directory, sizeof tape->directory, "%s", is_state ? below : path);
    return tape_list(tape, reason);
}

static int tape_file(struct tape *tape, const char *path, char reason[RECORDING_REASON_SIZE]) {
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    (void)snprintf(tape->directory, sizeof tape->directory, "%.*s",
                   slash == NULL ? 1 : (len > 0 ? (int)len : 1), slash == NULL ? "." : path);
    return tape_add(tape, name) ? 0 : tape_none(reason, "it is not a recording");
}

int tape_open(struct tape *tape, const char *path, char ret_reason[RECORDING_REASON_SIZE]) {
    struct stat status;
    *tape = (struct tape){.count = 0};
    if (strlen(path) >= TAPE_PATH_SIZE - TAPE_NAME_SIZE || stat(path, &status) != 0) {
        return tape_none(ret_reason, strerror(errno));
    }
    tape->names = calloc(TAPE_SEGMENTS_MAX, sizeof *tape->names);
    if (tape->names == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = S_ISDIR(status.st_mode) ? tape_directory(tape, path, ret_reason)
                                    : tape_file(tape, path, ret_reason);
    if (r != 0) {
        tape_close(tape);
    }
    return r;
}

void tape_close(struct tape *tape) {
    free(tape->image);
    free(tape->names);
    *tape = (struct tape){.count = 0};
}

int tape_segment(const struct tape *tape, uint32_t index, struct recording_reader **ret_reader,
                 char ret_reason[RECORDING_REASON_SIZE]) {
    char path[TAPE_PATH_SIZE + TAPE_NAME_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", tape->directory, tape->names[index]);
    return recording_reader_new(path, ret_reader, ret_reason);
}

static void *image_read(int fd, size_t *ret_size) {
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size <= 0) {
        return NULL;
    }
    char *bytes = malloc((size_t)status.st_size);
    size_t used = 0;
    while (bytes != NULL && used < (size_t)status.st_size) {
        ssize_t got = read(fd, bytes + used, (size_t)status.st_size - used);
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
    }
    *ret_size = used;
    return bytes;
}

const struct site *tape_site(struct tape *tape, uint64_t generation) {
    char name[RECORDING_NAME_SIZE];
    char path[TAPE_PATH_SIZE + RECORDING_NAME_SIZE];
    if (tape->image != NULL && tape->site.header->generation == generation) {
        return &tape->site;
    }
    recording_site_name_format(generation, name);
    (void)snprintf(path, sizeof path, "%s/%s", tape->directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    size_t size = 0;
    void *image = image_read(fd, &size);
    (void)close(fd);
    struct site site;
    if (image == NULL || site_view(image, size, &site) != 0 ||
        site.header->generation != generation) {
        free(image);
        return NULL;
    }
    free(tape->image);
    tape->image = image;
    tape->site = site;
    return &tape->site;
}

const struct site *tape_newest_site(struct tape *tape) {
    const struct site *site = NULL;
    for (uint32_t i = tape->count; i > 0 && site == NULL; i--) {
        struct recording_reader *reader;
        char reason[RECORDING_REASON_SIZE];
        if (tape_segment(tape, i - 1, &reader, reason) == 0) {
            site = tape_site(tape, recording_reader_head(reader)->generation);
            (void)recording_reader_free(reader);
        }
    }
    return site;
}
