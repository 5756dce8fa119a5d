/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/tape_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/engine/recording_segment.h"

struct tape_writer {
    const struct site *site;
    struct wall wall; /* at TAPE_WRITER_BEGIN */
    struct rehearsal rehearsal;
    struct recording_segment segment;
    struct recording_codec codec;
    struct recording_point *points;
    unsigned char *inputs;
    size_t used;
    struct tape_writer_counts counts;
    int error;
};

static void writer_fail(struct tape_writer *writer) {
    int error = recording_segment_abandon(&writer->segment);
    writer->error = writer->error != 0 ? writer->error : err_origin(error > 0 ? -error : -EIO);
}

static void writer_block(struct tape_writer *writer, enum recording_block kind, const void *body,
                         size_t size) {
    if (writer->error == 0 && !recording_segment_block(&writer->segment, kind, body, size)) {
        writer_fail(writer);
    }
}

static void writer_flush(struct tape_writer *writer) {
    if (writer->used > 0) {
        writer_block(writer, RECORDING_INPUTS, writer->inputs, writer->used);
        writer->used = 0;
    }
}

/* The core is about to take an input, also one of its own. */
static void writer_heard(void *context, const struct input *input) {
    struct tape_writer *writer = context;
    if (RECORDING_INPUTS_MAX - writer->used < RECORDING_INPUT_MAX) {
        writer_flush(writer);
    }
    writer->used += recording_encode(&writer->codec, input, writer->inputs + writer->used,
                                     RECORDING_INPUTS_MAX - writer->used);
    writer->counts.inputs++;
}

static void writer_told(void *context, const struct rehearsal *rehearsal,
                        const struct core_event *event, const struct event_json *json) {
    struct tape_writer *writer = context;
    (void)rehearsal;
    (void)event;
    (void)json;
    writer->counts.events++;
}

struct wall tape_writer_wall(const struct tape_writer *writer, struct instant at) {
    return (struct wall){writer->wall.ns + (int64_t)(at.ns - TAPE_WRITER_BEGIN.ns)};
}

bool tape_writer_failed(const struct tape_writer *writer) {
    return writer->error != 0;
}

void tape_writer_take(struct tape_writer *writer, struct instant at, const struct input *input) {
    struct wall wall = tape_writer_wall(writer, at);
    rehearsal_follow(&writer->rehearsal, at, wall);
    if (input != NULL) {
        struct input taken = *input;
        taken.at = at;
        taken.wall = wall;
        rehearsal_take(&writer->rehearsal, &taken);
    }
}

/* ---- the beginning ---- */

static void writer_codec_begin(struct tape_writer *writer) {
    uint32_t count = writer->site->ruleset.point_count;
    memset(writer->points, 0, count * sizeof *writer->points);
    recording_init(&writer->codec, TAPE_WRITER_BEGIN, writer->wall, writer->points, count);
}

static void writer_head(struct tape_writer *writer) {
    struct recording_head head;
    recording_head_of(writer->site, &head);
    head.rate = 1;
    head.number = 1;
    head.next_seq = 1;
    head.at_ns = TAPE_WRITER_BEGIN.ns;
    head.wall_ns = writer->wall.ns;
    memcpy(head.boot, TAPE_WRITER_BOOT, sizeof TAPE_WRITER_BOOT);
    writer_block(writer, RECORDING_HEAD, &head, sizeof head);
}

/* HEAD, CORE and PICTURE, of a core that has heard nothing yet. */
static int writer_open_segment(struct tape_writer *writer) {
    const struct ruleset *ruleset = &writer->site->ruleset;
    size_t size = core_size(ruleset);
    size_t room = recording_picture_room(ruleset);
    unsigned char *core = malloc(size);
    unsigned char *picture = malloc(room);
    if (core != NULL && picture != NULL) {
        writer_head(writer);
        core_snapshot(writer->rehearsal.core, core);
        writer_block(writer, RECORDING_CORE, core, size);
        writer_codec_begin(writer);
        size = recording_picture_encode(writer->rehearsal.core, writer->wall, &writer->codec,
                                        picture, room);
        writer_block(writer, RECORDING_PICTURE, picture, size);
        writer_codec_begin(writer);
    } else {
        writer->error = err_origin(-ENOMEM);
    }
    free(picture);
    free(core);
    return writer->error;
}

/* Make the file, and the site image beside it. */
static int writer_open(struct tape_writer *writer, const char *path) {
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    (void)snprintf(directory, sizeof directory, "%.*s", slash == NULL || len == 0 ? 1 : (int)len,
                   slash == NULL ? "." : path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_origin(-errno);
    }
    int r = 0;
    if (!recording_segment_open(&writer->segment, fd, slash == NULL ? path : slash + 1)) {
        r = errno == EEXIST ? TAPE_WRITER_E_EXISTS : err_origin(-errno);
    } else if (!recording_image_write(fd, writer->site)) {
        r = err_origin(-errno);
    }
    (void)close(fd);
    return r;
}

static int writer_begin(struct tape_writer *writer, const char *path) {
    writer->points = calloc((size_t)writer->site->ruleset.point_count + 1, sizeof *writer->points);
    writer->inputs = malloc(RECORDING_INPUTS_MAX);
    if (writer->points == NULL || writer->inputs == NULL) {
        return err_origin(-ENOMEM);
    }
    int r =
        rehearsal_init(&writer->rehearsal, writer->site, 1, TAPE_WRITER_BEGIN, writer_told, writer);
    if (r == 0) {
        r = writer_open(writer, path);
    }
    if (r == 0) {
        r = writer_open_segment(writer);
    }
    return r;
}

int tape_writer_new(const char *path, const struct site *site, struct wall wall,
                    struct tape_writer **ret_writer) {
    struct tape_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return err_origin(-ENOMEM);
    }
    writer->site = site;
    writer->wall = wall;
    writer->segment = RECORDING_SEGMENT_NULL;
    int r = writer_begin(writer, path);
    if (r != 0) {
        (void)tape_writer_free(writer);
        return r > 0 ? r : err_trace(r);
    }
    writer->rehearsal.heard = writer_heard;
    rehearsal_begin(&writer->rehearsal, TAPE_WRITER_BEGIN, wall);
    *ret_writer = writer;
    return 0;
}

/* ---- the end ---- */

int tape_writer_finish(struct tape_writer *writer, struct tape_writer_counts *ret_counts) {
    const struct recording_end end = {.reason = RECORDING_ENDS_STOPPED};
    writer_flush(writer);
    if (writer->error == 0 && !recording_segment_end(&writer->segment, &end)) {
        writer_fail(writer);
    }
    *ret_counts = writer->counts;
    return writer->error == 0 ? 0 : err_trace(writer->error);
}

struct tape_writer *tape_writer_free(struct tape_writer *writer) {
    if (writer != NULL) {
        if (recording_segment_is_open(&writer->segment)) {
            (void)recording_segment_abandon(&writer->segment);
        }
        rehearsal_deinit(&writer->rehearsal);
        free(writer->inputs);
        free(writer->points);
        free(writer);
    }
    return NULL;
}
