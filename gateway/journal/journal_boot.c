/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_boot.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/state_file.h"

enum { BOOT_FILE_SIZE_MAX = 128 };

static const char boot_format[] = "tocsin boot 1\nboot %" PRIu64 "\nseq %" PRIu64 "\n";

/* Parse the text; leaves zeros unless all of it is of the form. */
static struct journal_boot journal_boot_parse(const char *text) {
    struct journal_boot boot = {0};
    char again[BOOT_FILE_SIZE_MAX];
    const char *boot_at = strstr(text, "\nboot ");
    const char *seq_at = strstr(text, "\nseq ");
    if (boot_at == NULL || seq_at == NULL) {
        return boot;
    }
    boot.boot = strtoumax(boot_at + strlen("\nboot "), NULL, 10);
    boot.seq = strtoumax(seq_at + strlen("\nseq "), NULL, 10);
    /* Written out again it must be the same text: that refuses every other form at once. */
    (void)snprintf(again, sizeof again, boot_format, boot.boot, boot.seq);
    return strcmp(again, text) == 0 ? boot : (struct journal_boot){0};
}

int journal_boot_read(int directory, struct journal_boot *ret_boot) {
    char text[BOOT_FILE_SIZE_MAX] = {0};
    int fd = state_file_open(directory, "boot", O_RDONLY);
    if (fd < 0) {
        if (errno != ENOENT && errno != EINVAL) {
            return err_origin(-errno);
        }
        *ret_boot = (struct journal_boot){0};
        return 0;
    }
    ssize_t size = read(fd, text, sizeof text - 1);
    int r = size < 0 ? err_origin(-errno) : 0;
    (void)close(fd); /* nothing was written */
    if (r == 0) {
        *ret_boot = journal_boot_parse(text);
    }
    return r;
}

/* A number that every reader of JSON keeps is below. */
static const uint64_t boot_end = UINT64_C(1) << 53;

/* Random bits, 22 of them. */
static uint64_t journal_boot_chance(void) {
    uint32_t bits = 0;
    ssize_t got = getrandom(&bits, sizeof bits, 0);
    assert(got == (ssize_t)sizeof bits); /* so few are never cut short once the pool is up */
    return bits & 0x3fffffu;
}

uint64_t journal_boot_first(struct wall now) {
    const int64_t year_2020_s = INT64_C(1577836800);
    int64_t second = now.ns / (int64_t)NS_PER_S - year_2020_s;
    uint64_t era = second > 0 ? (uint64_t)second & 0x7fffffffu : 0;
    return (era << 22 | journal_boot_chance()) + 1;
}

uint64_t journal_boot_beyond(uint64_t known, struct wall now) {
    uint64_t first = journal_boot_first(now);
    return first > known ? first : known + 1 + journal_boot_chance();
}

uint64_t journal_boot_next(uint64_t known) {
    uint64_t next = known + 1 + journal_boot_chance() % JOURNAL_BOOT_STEP_MAX;
    return next < boot_end ? next : known + 1;
}

int journal_boot_write(int directory, const struct journal_boot *boot) {
    char text[BOOT_FILE_SIZE_MAX];
    (void)snprintf(text, sizeof text, boot_format, boot->boot, boot->seq);
    return err_trace(disk_replace(directory, "boot", text, strlen(text)));
}
