/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/recording_reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The largest segment of the largest ring, and its snapshot. */
#define FILE_SIZE_MAX ((size_t)8 << 30)

/* A block of the file. */
struct reader_block {
    uint32_t kind;
    size_t size;
    const unsigned char *body;
    size_t end; /* offset behind it */
};

struct recording_reader {
    unsigned char *bytes;
    size_t size;
    struct recording_head head;
    struct reader_block core, picture;
    size_t inputs_at; /* offset of the first block that is neither */
    struct recording_point *points;

    /* the walk */
    struct recording_codec codec;
    struct recording_bytes cursor;
    size_t block_at; /* offset of the cursor's bytes */
    size_t next_at;  /* offset of the block after it */
    bool all;        /* the walk goes on to further blocks */
    struct command command;
    struct recording_verdict verdict;
};

/* The block at `at`; false if no whole one with the right sum stands there. */
static bool reader_block(const struct recording_reader *reader, size_t at,
                         struct reader_block *ret) {
    struct recording_block_head head;
    if (reader->size - at < sizeof head) {
        return false;
    }
    memcpy(&head, reader->bytes + at, sizeof head);
    if (reader->size - at - sizeof head < head.size) {
        return false;
    }
    const unsigned char *body = reader->bytes + at + sizeof head;
    struct recording_block_head is =
        recording_block_of((enum recording_block)head.kind, body, head.size);
    *ret = (struct reader_block){
        .kind = head.kind, .size = head.size, .body = body, .end = at + sizeof head + head.size};
    return is.sum == head.sum;
}

/* ---- opening ---- */

static int reader_refuse(char reason[RECORDING_REASON_SIZE], const char *what) {
    (void)snprintf(reason, RECORDING_REASON_SIZE, "%s", what);
    return RECORDING_E_FILE;
}

/* Fill `reader->bytes`; what a file loses meanwhile is not missed. */
static int reader_fill(struct recording_reader *reader, int fd, size_t size) {
    reader->bytes = malloc(size + 1);
    if (reader->bytes == NULL) {
        return err_origin(-ENOMEM);
    }
    while (reader->size < size) {
        ssize_t got = read(fd, reader->bytes + reader->size, size - reader->size);
        if (got < 0 && errno != EINTR) {
            return err_origin(-errno);
        } else if (got == 0) {
            break;
        }
        reader->size += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int reader_load(struct recording_reader *reader, const char *path,
                       char reason[RECORDING_REASON_SIZE]) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return reader_refuse(reason, strerror(errno));
    }
    int r = 0;
    if (fstat(fd, &status) != 0) {
        r = err_origin(-errno);
    } else if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > FILE_SIZE_MAX) {
        r = reader_refuse(reason, "it is not a recording");
    } else {
        r = reader_fill(reader, fd, (size_t)status.st_size);
    }
    (void)close(fd);
    return r;
}

static int reader_look(struct recording_reader *reader, char reason[RECORDING_REASON_SIZE]) {
    struct reader_block head;
    if (!reader_block(reader, 0, &head) || head.kind != RECORDING_HEAD ||
        head.size != sizeof reader->head) {
        return reader_refuse(reason, "it is not a recording, or its beginning is damaged");
    }
    memcpy(&reader->head, head.body, sizeof reader->head);
    if (!recording_head_is_ours(&reader->head) || reader->head.point_count > LIMIT_POINTS) {
        return reader_refuse(reason, "it is a recording of another version of tocsin");
    }
    reader->inputs_at = head.end;
    if (!reader_block(reader, head.end, &reader->core) || reader->core.kind != RECORDING_CORE ||
        !reader_block(reader, reader->core.end, &reader->picture) ||
        reader->picture.kind != RECORDING_PICTURE) {
        return reader_refuse(reason, "its engine was stopped before its beginning was written, or "
                                     "its beginning is damaged");
    }
    reader->inputs_at = reader->picture.end;
    reader->points = calloc((size_t)reader->head.point_count + 1, sizeof *reader->points);
    if (reader->points == NULL) {
        return err_origin(-ENOMEM);
    }
    recording_reader_rewind(reader, RECORDING_INPUTS);
    return 0;
}

int recording_reader_new(const char *path, struct recording_reader **ret_reader,
                         char ret_reason[RECORDING_REASON_SIZE]) {
    struct recording_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = reader_load(reader, path, ret_reason);
    if (r == 0) {
        r = reader_look(reader, ret_reason);
    }
    if (r != 0) {
        (void)recording_reader_free(reader);
        return r;
    }
    *ret_reader = reader;
    return 0;
}

struct recording_reader *recording_reader_free(struct recording_reader *reader) {
    if (reader != NULL) {
        free(reader->points);
        free(reader->bytes);
        free(reader);
    }
    return NULL;
}

const struct recording_head *recording_reader_head(const struct recording_reader *reader) {
    return &reader->head;
}

const void *recording_reader_core(const struct recording_reader *reader, size_t *ret_size) {
    *ret_size = reader->core.size;
    return reader->core.body;
}

/* ---- walking ---- */

void recording_reader_rewind(struct recording_reader *reader, enum recording_block part) {
    const struct recording_head *head = &reader->head;
    memset(reader->points, 0, head->point_count * sizeof *reader->points);
    recording_init(&reader->codec, (struct instant){head->at_ns}, (struct wall){head->wall_ns},
                   reader->points, head->point_count);
    reader->cursor = (struct recording_bytes){.begin = reader->bytes};
    reader->all = part == RECORDING_INPUTS;
    reader->next_at = reader->inputs_at;
    reader->verdict = (struct recording_verdict){.ending = RECORDING_ENDED_OPEN,
                                                 .offset = reader->inputs_at,
                                                 .unread = reader->size - reader->inputs_at};
    if (!reader->all) {
        reader->cursor.begin = reader->picture.body;
        reader->cursor.size = reader->picture.size;
    }
}

static void reader_damaged(struct recording_reader *reader, uint64_t offset, const char *reason) {
    reader->verdict = (struct recording_verdict){.ending = RECORDING_ENDED_DAMAGED,
                                                 .offset = offset,
                                                 .unread = reader->size - offset,
                                                 .reason = reason};
    reader->all = false;
}

static void reader_ended(struct recording_reader *reader, const struct reader_block *block) {
    struct recording_end end;
    reader->all = false;
    if (block->size != sizeof end) {
        reader_damaged(reader, reader->next_at, "its end is not one");
        return;
    }
    memcpy(&end, block->body, sizeof end);
    reader->verdict.ending = end.reason == RECORDING_ENDS_FULL      ? RECORDING_ENDED_FULL
                             : end.reason == RECORDING_ENDS_DROPPED ? RECORDING_ENDED_DROPPED
                                                                    : RECORDING_ENDED_STOPPED;
    reader->verdict.dropped = end.dropped;
}

/* Could a block with this head stand behind the beginning? */
static bool reader_is_plausible(const struct recording_block_head *head) {
    return head->kind == RECORDING_END ? head->size == sizeof(struct recording_end)
                                       : head->kind == RECORDING_INPUTS && head->size > 0 &&
                                             head->size <= RECORDING_INPUTS_MAX;
}

/*
 * The block at `at` claims more bytes than there are. Then what is there is its beginning, and
 * nothing else, unless the claim is what is wrong.
 */
static bool reader_is_torn(const struct recording_reader *reader, size_t at,
                           const struct recording_block_head *head) {
    size_t body = at + sizeof *head;
    struct reader_block block;
    struct recording_block_head whole = recording_block_of(
        (enum recording_block)head->kind, reader->bytes + body, reader->size - body);
    if (whole.sum == head->sum) {
        return false;
    }
    for (size_t next = body; reader->size - next >= sizeof *head; next++) {
        struct recording_block_head follows;
        memcpy(&follows, reader->bytes + next, sizeof follows);
        if (reader_is_plausible(&follows) && reader_block(reader, next, &block)) {
            return false;
        }
    }
    return true;
}

/* No sound block stands where the next one should: is that how a segment that is cut off ends? */
static void reader_broken(struct recording_reader *reader) {
    struct recording_block_head head;
    size_t at = reader->next_at;
    size_t left = reader->size - at;
    reader->all = false;
    if (left < sizeof head) {
        return;
    }
    memcpy(&head, reader->bytes + at, sizeof head);
    if (!reader_is_plausible(&head)) {
        reader_damaged(reader, at, "a block that nobody writes");
    } else if (left - sizeof head >= head.size) {
        reader_damaged(reader, at, "a block that is not as it was written");
    } else if (!reader_is_torn(reader, at, &head)) {
        reader_damaged(reader, at, "a block of another size than was written");
    }
}

/* Go on to the next block of inputs; false if there is none. */
static bool reader_advance(struct recording_reader *reader) {
    struct reader_block block;
    if (!reader->all) {
        return false;
    }
    reader->verdict.offset = reader->next_at;
    reader->verdict.unread = reader->size - reader->next_at;
    if (!reader_block(reader, reader->next_at, &block)) {
        reader_broken(reader);
        return false;
    }
    if (block.kind == RECORDING_END) {
        reader_ended(reader, &block);
        return false;
    } else if (block.kind != RECORDING_INPUTS || block.size > RECORDING_INPUTS_MAX) {
        reader_damaged(reader, reader->next_at, "a block of a kind that does not exist");
        return false;
    }
    reader->cursor = (struct recording_bytes){.begin = block.body, .size = block.size};
    reader->block_at = block.end - block.size;
    reader->next_at = block.end;
    return true;
}

bool recording_reader_next(struct recording_reader *reader, struct input *ret_input) {
    do {
        if (recording_decode(&reader->codec, &reader->cursor, ret_input, &reader->command)) {
            return true;
        } else if (reader->cursor.damage != RECORDING_WHOLE) {
            reader_damaged(reader, reader->block_at + reader->cursor.at,
                           recording_damage_text(reader->cursor.damage));
            return false;
        }
    } while (reader_advance(reader));
    return false;
}

struct recording_verdict recording_reader_verdict(const struct recording_reader *reader) {
    return reader->verdict;
}
