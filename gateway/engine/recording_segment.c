/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/recording_segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/wire.h"

/* The longest input of a picture: a reading, with all its bytes. */
enum { PICTURE_INPUT_MAX = 64 };

void recording_head_of(const struct site *site, struct recording_head *ret_head) {
    struct recording_head *head = ret_head;
    recording_head_begin(head);
    memcpy(head->build, build_digest(), sizeof head->build);
    recording_rules_digest(site, head->rules);
    head->generation = site->header->generation;
    head->point_count = site->ruleset.point_count;
    strncpy(head->site, site_text(site, site->header->site_id), sizeof head->site - 1);
    strncpy(head->gateway, site_text(site, site->header->gateway_id), sizeof head->gateway - 1);
}

bool recording_segment_open(struct recording_segment *segment, int directory, const char *name) {
    segment->fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    segment->whole = 0;
    return segment->fd >= 0;
}

bool recording_segment_is_open(const struct recording_segment *segment) {
    return segment->fd >= 0;
}

bool recording_segment_block(struct recording_segment *segment, enum recording_block kind,
                             const void *body, size_t size) {
    struct recording_block_head head = recording_block_of(kind, body, size);
    if (!disk_write(segment->fd, &head, sizeof head) || !disk_write(segment->fd, body, size)) {
        return false;
    }
    segment->whole += sizeof head + size;
    return true;
}

bool recording_segment_end(struct recording_segment *segment, const struct recording_end *end) {
    if (!recording_segment_block(segment, RECORDING_END, end, sizeof *end)) {
        return false;
    }
    (void)close(segment->fd);
    segment->fd = -1;
    return true;
}

int recording_segment_abandon(struct recording_segment *segment) {
    int error = errno;
    if (segment->fd >= 0) {
        (void)!ftruncate(segment->fd, (off_t)segment->whole); /* a reader stops there in any case */
        (void)close(segment->fd);
        segment->fd = -1;
    }
    return error;
}

bool recording_image_write(int directory, const struct site *site) {
    char name[RECORDING_NAME_SIZE];
    static const char partial[] = "partial";
    recording_site_name_format(site->header->generation, name);
    if (faccessat(directory, name, F_OK, 0) == 0) {
        return true;
    }
    int fd = openat(directory, partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    /* All later segments rely on it: unlike them it must not be torn by a power cut. */
    bool good = fd >= 0 && disk_write(fd, site->header, site->size) && fsync(fd) == 0 &&
                renameat(directory, partial, directory, name) == 0;
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    errno = error;
    return good;
}

size_t recording_picture_room(const struct ruleset *ruleset) {
    return (size_t)core_picture_count(ruleset) * PICTURE_INPUT_MAX;
}

size_t recording_picture_encode(const struct core *core, struct wall wall,
                                struct recording_codec *codec, unsigned char *ret, size_t room) {
    struct instant at = codec->at;
    struct input input;
    size_t used = 0;
    for (uint32_t i = 0; core_picture(core, i, wall, &input); i++) {
        input.at = at;
        size_t size = recording_encode(codec, &input, ret + used, room - used);
        assert(size > 0);
        used += size;
    }
    return used;
}
