/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: any bytes as what `tocsin replay` reads
 *
 * The first byte chooses. Either the rest is lines of a database's export, of line protocol or of
 * series: each is data, nothing or wrong with a column inside it. Or the rest is blocks of a segment, [kind] [length] body, whose sums
 * are made right so that they are looked into: the reader takes the file or says why not, and gives
 * inputs until the end or damage within it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/engine/recording_reader.h"
#include "gateway/replay/history_format.h"
#include "gateway/replay/history_series.h"

enum { FILE_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static void check_reading(const struct history_line *line) {
    check(line->has_value || line->has_quality);
    check(line->value - line->value == 0 && line->quality < QUALITY_COUNT && line->wall.ns > 0);
    check(memchr(line->point, '\0', sizeof line->point) != NULL);
    check(memchr(line->site, '\0', sizeof line->site) != NULL);
    check(memchr(line->gateway, '\0', sizeof line->gateway) != NULL);
}

static void fuzz_line(const char *line, size_t size, struct history_error *error,
                      enum history_sort *ret_sort) {
    struct history_line parsed;
    *ret_sort = history_line_parse(line, size, &parsed, error);
    if (*ret_sort == HISTORY_DATA) {
        check_reading(&parsed);
    }
}

static void fuzz_series(const char *line, size_t size, struct history_error *error,
                        enum history_sort *ret_sort) {
    struct history_series series;
    struct history_line sample;
    const char *what = NULL;
    *ret_sort = history_series_parse(line, size, &series, error);
    for (size_t i = 0; *ret_sort == HISTORY_DATA && i < series.count; i++) {
        if (history_series_sample(&series, i, &sample, &what)) {
            check_reading(&sample);
        } else {
            check(what != NULL);
        }
    }
    if (*ret_sort == HISTORY_DATA) {
        history_series_end(&series);
    }
}

static void fuzz_lines(const uint8_t *data, size_t size, bool is_series) {
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end != NULL ? (size_t)(end - data) : size;
        char *line = malloc(len > 0 ? len : 1); /* so that a read past its end is seen */
        struct history_error error = {0};
        enum history_sort sort;
        check(line != NULL);
        memcpy(line, data, len);
        if (!history_is_blank(line, len)) {
            check(history_format_of(line, len) != HISTORY_FORMAT_EMPTY);
        }
        (is_series ? fuzz_series : fuzz_line)(line, len, &error, &sort);
        check(sort != HISTORY_WRONG ||
              (error.what != NULL && error.column > 0 && error.column <= len + 1));
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
        fuzz_lines(data + 1, size - 1, data[0] % 4 == 2);
    } else {
        fuzz_segment(data + 1, size - 1);
    }
    return 0;
}
