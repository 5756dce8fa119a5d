/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_pages.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/journal/journal_digest.h"
#include "gateway/wire.h"

enum {
    LOG_HEADER_BYTES = 32,
    FRAME_HEADER_BYTES = 24,
    FIRST_PAGE_OFFSET = 100, /* of the tree's header on page 1 */
    LEAF = 0x0d,
    LEAF_HEADER_BYTES = 8,
    /* Most bytes of a payload on its leaf, and the least where it goes on elsewhere. */
    LOCAL_MAX = JOURNAL_PAGE_BYTES - 35,
    LOCAL_MIN = (JOURNAL_PAGE_BYTES - 12) * 32 / 255 - 23,
    OVERFLOW_BYTES = JOURNAL_PAGE_BYTES - 4,
    /* A body, and room for all other columns. */
    PAYLOAD_MAX = WIRE_BODY_MAX + 4096,
    EVENT_COLUMNS = 10,
};

struct journal_pages {
    int file, log;
    uint32_t file_pages, log_frames;
    /* By page number from 1: its newest frame in the log, counted from 1; 0: it is in the file. */
    uint32_t *newest;
    uint32_t newest_count;
    unsigned char page[JOURNAL_PAGE_BYTES];
    unsigned char overflow[JOURNAL_PAGE_BYTES];
    unsigned char payload[PAYLOAD_MAX];
};

/* What is left to read; reads past the end set `bad` and give 0. */
struct pages_cursor {
    const unsigned char *at;
    size_t left;
    bool bad;
};

struct pages_column {
    uint64_t kind; /* the record format's serial type */
    const unsigned char *at;
    size_t size;
};

static uint32_t pages_u32(const unsigned char *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t pages_u16(const unsigned char *at) {
    return (uint32_t)at[0] << 8 | at[1];
}

static uint64_t pages_varint(struct pages_cursor *cursor) {
    uint64_t value = 0;
    for (int i = 0; i < 9; i++) {
        if (cursor->left == 0) {
            cursor->bad = true;
            return 0;
        }
        unsigned char byte = *cursor->at++;
        cursor->left--;
        if (i == 8) {
            return value << 8 | byte;
        }
        value = value << 7 | (byte & 0x7f);
        if ((byte & 0x80) == 0) {
            break;
        }
    }
    return value;
}

/* ---- pages ---- */

static uint32_t pages_file_count(int fd, size_t before, size_t each) {
    struct stat found;
    if (fd < 0 || fstat(fd, &found) != 0 || (uint64_t)found.st_size < before) {
        return 0;
    }
    /* A last page that was cut off counts: what is on it may still be whole. */
    uint64_t count = ((uint64_t)found.st_size - before + each - 1) / each;
    return count < UINT32_MAX / 2 ? (uint32_t)count : UINT32_MAX / 2;
}

static uint64_t pages_frame_offset(uint32_t frame) {
    return LOG_HEADER_BYTES + (uint64_t)frame * (FRAME_HEADER_BYTES + JOURNAL_PAGE_BYTES);
}

/* Read as much as there is; the rest is zeros. */
static void pages_read(int fd, uint64_t offset, unsigned char ret[JOURNAL_PAGE_BYTES]) {
    size_t at = 0;
    ssize_t got = 1;
    memset(ret, 0, JOURNAL_PAGE_BYTES);
    while (at < JOURNAL_PAGE_BYTES && got > 0) {
        got = pread(fd, ret + at, JOURNAL_PAGE_BYTES - at, (off_t)(offset + at));
        at += got > 0 ? (size_t)got : 0;
    }
}

/* Which frames hold the newest version of their page: those of the log's present round. */
static int pages_map(struct journal_pages *pages) {
    unsigned char header[LOG_HEADER_BYTES];
    unsigned char frame[FRAME_HEADER_BYTES];
    pages->newest_count = pages->file_pages + pages->log_frames + 1;
    pages->newest = calloc(pages->newest_count, sizeof *pages->newest);
    if (pages->newest == NULL) {
        return err_origin(-ENOMEM);
    }
    if (pages->log_frames == 0 || !disk_read_at(pages->log, header, sizeof header, 0)) {
        return 0;
    }
    for (uint32_t i = 0; i < pages->log_frames; i++) {
        if (!disk_read_at(pages->log, frame, sizeof frame, pages_frame_offset(i))) {
            break;
        }
        uint32_t number = pages_u32(frame);
        bool present = memcmp(frame + 8, header + 16, 8) == 0; /* the two salts */
        if (present && number < pages->newest_count) {
            pages->newest[number] = i + 1;
        }
    }
    return 0;
}

int journal_pages_open(const char *path, struct journal_pages **ret_pages) {
    char log[PATH_MAX + 8];
    struct journal_pages *pages = calloc(1, sizeof *pages);
    if (pages == NULL) {
        return err_origin(-ENOMEM);
    }
    (void)snprintf(log, sizeof log, "%s-wal", path);
    pages->file = open(path, O_RDONLY | O_CLOEXEC);
    pages->log = open(log, O_RDONLY | O_CLOEXEC);
    pages->file_pages = pages_file_count(pages->file, 0, JOURNAL_PAGE_BYTES);
    pages->log_frames =
        pages_file_count(pages->log, LOG_HEADER_BYTES, FRAME_HEADER_BYTES + JOURNAL_PAGE_BYTES);
    int r = pages_map(pages);
    if (r != 0) {
        (void)journal_pages_free(pages);
        return r;
    }
    *ret_pages = pages;
    return 0;
}

struct journal_pages *journal_pages_free(struct journal_pages *pages) {
    if (pages != NULL) {
        if (pages->file >= 0) {
            (void)close(pages->file); /* only read */
        }
        if (pages->log >= 0) {
            (void)close(pages->log);
        }
        free(pages->newest);
        free(pages);
    }
    return NULL;
}

uint32_t journal_pages_count(const struct journal_pages *pages) {
    return pages->file_pages + pages->log_frames;
}

/* ---- rows ---- */

/* Follow a payload over its own pages; false when the way is lost. */
static bool pages_follow(struct journal_pages *pages, uint32_t next, size_t at, size_t size) {
    while (at < size) {
        size_t part = size - at < OVERFLOW_BYTES ? size - at : OVERFLOW_BYTES;
        if (next == 0 || next >= pages->newest_count) {
            return false;
        }
        uint32_t frame = pages->newest[next];
        if (frame != 0) {
            pages_read(pages->log, pages_frame_offset(frame - 1) + FRAME_HEADER_BYTES,
                       pages->overflow);
        } else {
            pages_read(pages->file, (uint64_t)(next - 1) * JOURNAL_PAGE_BYTES, pages->overflow);
        }
        memcpy(pages->payload + at, pages->overflow + 4, part);
        next = pages_u32(pages->overflow);
        at += part;
    }
    return true;
}

/* Gather the payload of the cell at the cursor; false when it is none that an event could have. */
static bool pages_payload(struct journal_pages *pages, struct pages_cursor *cell, uint64_t size) {
    if (size == 0 || size > PAYLOAD_MAX) {
        return false;
    }
    size_t local = (size_t)size;
    if (size > LOCAL_MAX) {
        size_t kept = LOCAL_MIN + (size_t)(size - LOCAL_MIN) % OVERFLOW_BYTES;
        local = kept <= LOCAL_MAX ? kept : LOCAL_MIN;
    }
    if (cell->left < local + (local < size ? 4 : 0)) {
        return false;
    }
    memcpy(pages->payload, cell->at, local);
    return local == size || pages_follow(pages, pages_u32(cell->at + local), local, (size_t)size);
}

static size_t pages_kind_size(uint64_t kind) {
    static const size_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
    return kind < 12 ? sizes[kind] : (size_t)(kind - 12) / 2;
}

/* Split the payload into its columns; false when it does not have those of an event. */
static bool pages_split(const struct journal_pages *pages, size_t size,
                        struct pages_column columns[EVENT_COLUMNS]) {
    struct pages_cursor header = {.at = pages->payload, .left = size};
    uint64_t header_size = pages_varint(&header);
    if (header.bad || header_size > size || header_size < size - header.left) {
        return false;
    }
    header.left = (size_t)header_size - (size_t)(header.at - pages->payload);
    size_t at = (size_t)header_size;
    for (int i = 0; i < EVENT_COLUMNS; i++) {
        columns[i].kind = pages_varint(&header);
        columns[i].size = pages_kind_size(columns[i].kind);
        columns[i].at = pages->payload + at;
        if (header.bad || columns[i].size > size - at) {
            return false;
        }
        at += columns[i].size;
    }
    return header.left == 0 && at == size;
}

/* Bytes are a text as well: one bit of its kind makes the one of the other. */
static bool pages_text(const struct pages_column *column, bool may_be_null,
                       struct journal_pages_text *ret) {
    *ret = (struct journal_pages_text){0};
    if (column->kind == 0) {
        return may_be_null;
    }
    ret->at = (const char *)column->at;
    ret->size = column->size;
    return column->kind >= 12;
}

/* Likewise a number with a fraction is a whole one. */
static bool pages_integer(const struct pages_column *column, int64_t *ret) {
    if (column->kind == 8 || column->kind == 9) {
        *ret = column->kind == 9;
        return true;
    }
    if (column->kind == 0 || column->kind > 7) {
        return false;
    }
    uint64_t value = (column->at[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < column->size; i++) {
        value = value << 8 | column->at[i];
    }
    *ret = (int64_t)value;
    return true;
}

static bool pages_event(struct journal_pages *pages, struct pages_cursor *cell,
                        struct journal_pages_row *ret) {
    struct pages_column columns[EVENT_COLUMNS];
    uint64_t size = pages_varint(cell);
    ret->seq = pages_varint(cell);
    if (cell->bad || ret->seq == 0 || ret->seq > INT64_MAX || !pages_payload(pages, cell, size) ||
        !pages_split(pages, (size_t)size, columns)) {
        return false;
    }
    ret->digest = columns[9].at;
    return columns[0].kind == 0 && pages_text(&columns[1], false, &ret->boot) &&
           pages_integer(&columns[2], &ret->at_wall) && pages_integer(&columns[3], &ret->lane) &&
           pages_text(&columns[4], false, &ret->type) &&
           pages_text(&columns[5], true, &ret->alarm) &&
           pages_text(&columns[6], true, &ret->place) &&
           pages_text(&columns[7], true, &ret->point) &&
           pages_text(&columns[8], false, &ret->body) && columns[9].kind >= 12 &&
           columns[9].size == JOURNAL_DIGEST_SIZE;
}

/* Where the tree's header begins on the page; the page's end when it is no leaf. */
static size_t pages_leaf(const struct journal_pages *pages) {
    if (pages->page[0] == LEAF) {
        return 0;
    }
    return pages->page[FIRST_PAGE_OFFSET] == LEAF ? FIRST_PAGE_OFFSET : JOURNAL_PAGE_BYTES;
}

int journal_pages_rows(struct journal_pages *pages, uint32_t index,
                       int (*row)(void *context, const struct journal_pages_row *row),
                       void *context) {
    if (index < pages->file_pages) {
        pages_read(pages->file, (uint64_t)index * JOURNAL_PAGE_BYTES, pages->page);
    } else {
        pages_read(pages->log, pages_frame_offset(index - pages->file_pages) + FRAME_HEADER_BYTES,
                   pages->page);
    }
    size_t header = pages_leaf(pages);
    if (header == JOURNAL_PAGE_BYTES) {
        return 0;
    }
    uint32_t cells = pages_u16(pages->page + header + 3);
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < cells; i++) {
        size_t pointer = header + LEAF_HEADER_BYTES + 2 * (size_t)i;
        if (pointer + 2 > JOURNAL_PAGE_BYTES) {
            break;
        }
        size_t at = pages_u16(pages->page + pointer);
        struct journal_pages_row found;
        if (at < JOURNAL_PAGE_BYTES) {
            struct pages_cursor cell = {pages->page + at, JOURNAL_PAGE_BYTES - at, false};
            if (pages_event(pages, &cell, &found)) {
                r = row(context, &found);
            }
        }
    }
    return r;
}
