/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: any bytes as what `tocsin replay` reads
 *
 * The first byte chooses. Either the rest is lines of a database's export: each is data, nothing or
 * wrong with a column inside it. Or the rest is blocks of a segment, [kind] [length] body, whose sums
 * are made right so that they are looked into: the reader takes the file or says why not, and gives
 * inputs until the end or damage within it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/engine/recording_reader.h"
#include "gateway/replay/history.h"

enum { FILE_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static void fuzz_lines(const uint8_t *data, size_t size) {
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end != NULL ? (size_t)(end - data) : size;
        char *line = malloc(len > 0 ? len : 1);
        struct history_line parsed;
        struct history_error error = {0};
        check(line != NULL);
        memcpy(line, data, len);
        enum history_sort sort = history_line_parse(line, len, &parsed, &error);
        check(sort != HISTORY_WRONG ||
              (error.what != NULL && error.column > 0 && error.column <= len + 1));
        check(sort != HISTORY_DATA ||
              (parsed.value - parsed.value == 0 && parsed.quality < QUALITY_COUNT &&
               parsed.wall.ns > 0 && memchr(parsed.point, '\0', sizeof parsed.point) != NULL));
        free(line);
        size_t used = len + (end != NULL ? 1 : 0);
        data += used;
        size -= used;
    }
}

/* Blocks with their sums, behind a head that is good. */
static size_t segment_make(const uint8_t *data, size_t size, unsigned char *ret) {
    struct recording_head head;
    recording_head_begin(&head);
    head.point_count = 3;
    struct recording_block_head block = recording_block_of(RECORDING_HEAD, &head, sizeof head);
    memcpy(ret, &block, sizeof block);
    memcpy(ret + sizeof block, &head, sizeof head);
    size_t used = sizeof block + sizeof head;
    while (size >= 2 && used < FILE_MAX - 512) {
        size_t len = data[1] < size - 2 ? data[1] : size - 2;
        block = recording_block_of((enum recording_block)(data[0] % 8), data + 2, len);
        block.sum ^= data[0] >> 7; /* now and then a wrong one */
        memcpy(ret + used, &block, sizeof block);
        memcpy(ret + used + sizeof block, data + 2, len);
        used += sizeof block + len;
        data += 2 + len;
        size -= 2 + len;
    }
    memcpy(ret + used, data, size < 2 ? size : 0);
    return used + (size < 2 ? size : 0);
}

static void fuzz_walk(struct recording_reader *reader, enum recording_block part, size_t size) {
    struct input input;
    struct instant before = {0};
    recording_reader_rewind(reader, part);
    while (recording_reader_next(reader, &input)) {
        check(input.at.ns >= before.ns && input.kind < INPUT_KIND_COUNT);
        before = input.at;
    }
    struct recording_verdict verdict = recording_reader_verdict(reader);
    check(verdict.ending != RECORDING_ENDED_DAMAGED || verdict.reason != NULL);
    check(verdict.offset <= size);
}

static void fuzz_segment(const uint8_t *data, size_t size) {
    static unsigned char file[FILE_MAX + 1024];
    char path[64];
    char reason[RECORDING_REASON_SIZE] = "";
    struct recording_reader *reader = NULL;
    size_t used = segment_make(data, size, file);
    int fd = memfd_create("segment", 0);
    check(fd >= 0 && write(fd, file, used) == (ssize_t)used);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int r = recording_reader_new(path, &reader, reason);
    check(r == 0 || (r == RECORDING_E_FILE && reason[0] != '\0'));
    if (r == 0) {
        fuzz_walk(reader, RECORDING_PICTURE, used);
        fuzz_walk(reader, RECORDING_INPUTS, used);
        reader = recording_reader_free(reader);
    }
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > FILE_MAX / 2) {
        return 0;
    } else if (data[0] % 2 == 0) {
        fuzz_lines(data + 1, size - 1);
    } else {
        fuzz_segment(data + 1, size - 1);
    }
    return 0;
}
