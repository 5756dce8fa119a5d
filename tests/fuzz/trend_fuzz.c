/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: any bytes as segments of the history
 *
 * The first byte says of which kind the file is. The sums in it are made right, for without that nothing behind
 * them would ever be looked at, unless the first byte says otherwise. Whatever comes, what is read is
 * buckets or nothing; and the next minute is taken and comes back, also from another store on the same files.
 */

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "gateway/console/trend/trend_store.h"
#include "gateway/log.h"

enum { POINTS = 3, SLOTS = 200, FILE_MAX = 64 * 1024, ENTRY_SIZE = 16 };

/* An hour that begins a day. */
#define BEGIN (INT64_C(20000) * 24 * 60)

/* What the first byte says. */
enum { BY_RUNS = 1, BY_QUARTERS = 2, AS_IT_IS = 4 };

static const uint64_t ids[POINTS] = {1, 2, 3};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static uint32_t sum_of(const void *bytes, size_t size) {
    return (uint32_t)crc32(0, bytes, (uInt)size);
}

/* ---- sums that are right ---- */

static void mend_blocks(unsigned char *bytes, size_t size, size_t at, uint32_t rows) {
    struct trend_block_head head;
    while (size - at >= sizeof head) {
        memcpy(&head, bytes + at, sizeof head);
        memcpy(&head.magic, "TRB1", sizeof head.magic);
        head.rows = rows;
        head.size = head.size % 256;
        if (head.size > size - at - sizeof head) {
            return;
        }
        head.body_sum = sum_of(bytes + at + sizeof head, head.size);
        head.head_sum = sum_of(&head, offsetof(struct trend_block_head, head_sum));
        memcpy(bytes + at, &head, sizeof head);
        at += sizeof head + head.size;
    }
}

static void mend_runs(unsigned char *bytes, size_t size, uint32_t rows) {
    size_t at = sizeof(struct trend_file_head);
    for (uint32_t i = 0; i < rows && size - at >= ENTRY_SIZE; i++, at += ENTRY_SIZE) {
        uint32_t offset;
        uint16_t len;
        struct trend_run_head head;
        memcpy(&offset, bytes + at + 8, sizeof offset);
        memcpy(&len, bytes + at + 12, sizeof len);
        uint16_t sum = (uint16_t)sum_of(bytes + at, ENTRY_SIZE - sizeof sum);
        memcpy(bytes + at + ENTRY_SIZE - sizeof sum, &sum, sizeof sum);
        if (offset >= size || len > size - offset || len < sizeof head) {
            continue;
        }
        memcpy(&head, bytes + offset, sizeof head);
        head.size = (uint16_t)(len - sizeof head);
        uLong sums = crc32(0, (const Bytef *)&head, offsetof(struct trend_run_head, sum));
        head.sum = (uint32_t)crc32(sums, bytes + offset + sizeof head, head.size);
        memcpy(bytes + offset, &head, sizeof head);
    }
}

static void mend(unsigned char *bytes, size_t size, uint8_t kind) {
    struct trend_file_head head;
    if (size < sizeof head) {
        return;
    }
    memcpy(&head, bytes, sizeof head);
    head.form = (kind & BY_RUNS) != 0 ? TREND_RUNS : TREND_BLOCKS;
    head.step_s = (kind & BY_QUARTERS) != 0 ? TREND_QUARTER_S : TREND_MINUTE_S;
    head.slots = (kind & BY_QUARTERS) != 0 ? 96 : 60;
    head.serial = 1;
    head.rows = head.rows % 8;
    size_t table = head.rows * sizeof *ids;
    if (head.form == TREND_BLOCKS && table <= size - sizeof head) {
        head.table_sum = sum_of(bytes + sizeof head, table);
        mend_blocks(bytes, size, sizeof head + table, head.rows);
    } else if (head.form == TREND_RUNS) {
        mend_runs(bytes, size, head.rows);
    }
    trend_file_head_seal(&head);
    memcpy(bytes, &head, sizeof head);
}

/* ---- the directory ---- */

/* One for the whole run, on a file system in memory where there is one. */
static char directory[64];

static void directory_empty(void) {
    DIR *listing = opendir(directory);
    const struct dirent *row;
    check(listing != NULL);
    while ((row = readdir(listing)) != NULL) {
        (void)unlinkat(dirfd(listing), row->d_name, 0);
    }
    (void)closedir(listing);
}

static void directory_remove(void) {
    directory_empty();
    (void)rmdir(directory);
}

static void directory_make(void) {
    (void)snprintf(directory, sizeof directory, "%s/tocsin-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    check(mkdtemp(directory) != NULL);
    (void)atexit(directory_remove);
}

static void file_write(const unsigned char *bytes, size_t size, uint8_t kind) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s-0000000001.%s", directory,
                   (kind & BY_QUARTERS) != 0 ? "quarters" : "minutes",
                   (kind & BY_RUNS) != 0 ? "runs" : "blocks");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
}

/* ---- the claims ---- */

static void look(struct trend_store *store, uint32_t step_s, int64_t first) {
    static struct trend_bucket buckets[POINTS * SLOTS];
    memset(buckets, 0, sizeof buckets);
    check(trend_store_read(store, step_s, ids, POINTS, first, SLOTS, buckets) == 0);
    for (uint32_t i = 0; i < POINTS * SLOTS; i++) {
        const struct trend_bucket *bucket = &buckets[i];
        check(isfinite(bucket->min) && isfinite(bucket->max) && isfinite(bucket->last));
        check(bucket->mean >= bucket->min && bucket->mean <= bucket->max);
        check(bucket->good_ms <= bucket->watched_ms);
        check(bucket->good_ms > 0 || (bucket->max == 0 && bucket->last == 0));
    }
}

static struct trend_store *store_open(void) {
    struct trend_store *store = NULL;
    const struct trend_columns columns = {.ids = ids, .count = POINTS};
    check(trend_store_new(directory, columns, 1 << 30, &store) == 0);
    look(store, TREND_MINUTE_S, BEGIN - 10);
    look(store, TREND_QUARTER_S, trend_span(BEGIN, TREND_MINUTES) - 10);
    return store;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* Beyond all that a mended file speaks of, so that nothing is added to it. */
    const int64_t slot = BEGIN + 500 * 24 * 60;
    const struct trend_bucket minute = {1, 3, 2, 3, 1, 60000, 60000};
    const struct trend_bucket minutes[POINTS] = {minute, minute, minute};
    if (size < 1 || size > FILE_MAX) {
        return 0;
    }
    if (directory[0] == '\0') {
        directory_make();
        log_never_wait();
    }
    unsigned char *bytes = malloc(size);
    check(bytes != NULL);
    memcpy(bytes, data + 1, size - 1);
    if ((data[0] & AS_IT_IS) == 0) {
        mend(bytes, size - 1, data[0]);
    }
    directory_empty();
    file_write(bytes, size - 1, data[0]);
    free(bytes);
    struct trend_store *store = store_open();
    check(trend_store_add(store, slot, minutes) == 0);
    (void)trend_store_free(store);
    store = store_open();
    struct trend_bucket found = {0};
    check(trend_store_read(store, TREND_MINUTE_S, &ids[1], 1, slot, 1, &found) == 0);
    check(found.watched_ms >= minute.watched_ms && found.max >= minute.max);
    (void)trend_store_free(store);
    return 0;
}
