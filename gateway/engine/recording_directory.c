/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/recording_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "gateway/engine/recording_file.h"

/* What is in the directory. */
struct ring_listing {
    uint64_t bytes;
    uint64_t lowest, highest; /* numbers of segments; lowest is UINT64_MAX if there are none */
    char oldest[RECORDING_NAME_SIZE];
};

static uint64_t file_size(int directory, const char *name) {
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)status.st_size
                                                                       : 0;
}

/* Call `visit` for each entry. Returns false if the directory cannot be read. */
static bool directory_walk(int directory, void (*visit)(void *context, int dir, const char *name),
                           void *context) {
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    if (stream == NULL) {
        if (again >= 0) {
            (void)close(again);
        }
        return false;
    }
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        visit(context, directory, entry->d_name);
    }
    (void)closedir(stream);
    return true;
}

static void listing_visit(void *context, int directory, const char *name) {
    struct ring_listing *listing = context;
    uint64_t number, generation;
    listing->bytes += name[0] == '.' ? 0 : file_size(directory, name);
    if (!recording_name_parse(name, &number, &generation)) {
        return;
    }
    listing->highest = number > listing->highest ? number : listing->highest;
    if (number < listing->lowest) {
        listing->lowest = number;
        recording_name_format(number, generation, listing->oldest);
    }
}

static bool directory_list(int directory, struct ring_listing *ret) {
    *ret = (struct ring_listing){.lowest = UINT64_MAX};
    return directory_walk(directory, listing_visit, ret);
}

/* A site image is kept as long as a segment of its generation is. */
struct ring_image {
    char name[RECORDING_NAME_SIZE];
    bool wanted;
};

static void image_visit(void *context, int directory, const char *name) {
    struct ring_image *image = context;
    uint64_t number, generation;
    char site[RECORDING_NAME_SIZE];
    (void)directory;
    if (recording_name_parse(name, &number, &generation)) {
        recording_site_name_format(generation, site);
        image->wanted = image->wanted || strcmp(site, image->name) == 0;
    }
}

static void images_visit(void *context, int directory, const char *name) {
    const char *own = context;
    struct ring_image image = {.wanted = false};
    const char *dot = strrchr(name, '.');
    if (dot == NULL || strcmp(dot, ".site") != 0 || strcmp(name, own) == 0 ||
        strlen(name) >= sizeof image.name) {
        return;
    }
    memcpy(image.name, name, strlen(name) + 1);
    if (directory_walk(directory, image_visit, &image) && !image.wanted) {
        (void)unlinkat(directory, name, 0); /* tried again with the next segment */
    }
}

bool recording_directory_prune(int directory, const struct recording_room *room,
                               uint64_t *ret_number) {
    struct ring_listing listing;
    struct statvfs disk;
    char own[RECORDING_NAME_SIZE];
    if (!directory_list(directory, &listing)) {
        return false;
    }
    *ret_number = listing.highest + 1;
    while (listing.bytes + room->segment_size > room->size && listing.lowest != UINT64_MAX) {
        if (unlinkat(directory, listing.oldest, 0) != 0 || !directory_list(directory, &listing)) {
            return false;
        }
    }
    recording_site_name_format(room->generation, own);
    (void)directory_walk(directory, images_visit, own);
    if (fstatvfs(directory, &disk) != 0) {
        return false;
    }
    if ((uint64_t)disk.f_bavail * disk.f_frsize < RECORDING_SPARE + room->segment_size) {
        errno = ENOSPC;
        return false;
    }
    return true;
}
