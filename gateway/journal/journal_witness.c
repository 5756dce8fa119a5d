/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_witness.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/state_file.h"

enum { WITNESS_SIZE_MAX = 128 };

static const char witness_name[] = "witness";
static const char witness_format[] =
    "tocsin witness 1\nseq %020" PRIu64 "\nbound %020" PRIu64 "\ntimeline %016" PRIx64 "\n";

static size_t witness_text(const struct journal_witness *witness, char ret[WITNESS_SIZE_MAX]) {
    return (size_t)snprintf(ret, WITNESS_SIZE_MAX, witness_format, witness->seq, witness->bound,
                            witness->timeline);
}

static uint64_t witness_number(const char *text, const char *name, int base) {
    const char *at = strstr(text, name);
    return at != NULL ? strtoumax(at + strlen(name), NULL, base) : 0;
}

int journal_witness_open(int directory) {
    return state_file_open(directory, witness_name, O_RDWR | O_CREAT | O_NOFOLLOW);
}

struct journal_witness journal_witness_read(int directory) {
    char text[WITNESS_SIZE_MAX] = {0};
    char again[WITNESS_SIZE_MAX];
    int fd = state_file_open(directory, witness_name, O_RDONLY | O_NOFOLLOW);
    if (fd < 0 || read(fd, text, sizeof text - 1) < 0) {
        text[0] = '\0';
    }
    if (fd >= 0) {
        (void)close(fd); /* nothing was written */
    }
    struct journal_witness witness = {
        .seq = witness_number(text, "\nseq ", 10),
        .bound = witness_number(text, "\nbound ", 10),
        .timeline = witness_number(text, "\ntimeline ", 16),
    };
    /* Written out again it must be the same text: that refuses every other form at once. */
    (void)witness_text(&witness, again);
    bool is_one = strcmp(again, text) == 0 && witness.seq <= witness.bound;
    return is_one ? witness : (struct journal_witness){0};
}

void journal_witness_write(int fd, const struct journal_witness *witness, bool durable) {
    char text[WITNESS_SIZE_MAX];
    size_t size = witness_text(witness, text);
    /* Without it events are recorded all the same, and only a loss of them would not be noticed. */
    if (fd >= 0 && pwrite(fd, text, size, 0) == (ssize_t)size && durable) {
        (void)fdatasync(fd);
    }
}

uint64_t journal_witness_last(const struct journal_witness *witness, uint64_t timeline) {
    return witness->timeline == timeline ? witness->seq : witness->bound;
}
