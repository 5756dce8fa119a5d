/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/depot.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/uplink/database/gzip.h"

#define AGAIN_NS (10 * NS_PER_S)

void depot_init(struct depot *depot, const char *directory, uint64_t size_max) {
    *depot = (struct depot){.directory = directory, .size_max = size_max};
}

void depot_deinit(struct depot *depot) {
    depot->spool = spool_free(depot->spool);
}

/* Have a spool if there can be one. */
static bool depot_opens(struct depot *depot) {
    uint64_t now_ns = clock_real_ns();
    uint64_t kept_back = 0;
    char path[PATH_MAX];
    if (depot->spool != NULL || depot->size_max == 0 || now_ns < depot->again_ns) {
        return depot->spool != NULL;
    }
    depot->again_ns = now_ns + AGAIN_NS;
    int len = snprintf(path, sizeof path, "%s/spool", depot->directory);
    int r = len < 0 || (size_t)len >= sizeof path ? err_origin(-ENAMETOOLONG)
                                                  : spool_new(path, depot->size_max, &depot->spool);
    if (r != 0 && log_permit(&depot->unusable_limiter, &kept_back)) {
        char quoted[PATH_MAX + 16];
        log_line(LOG_ERROR, "spool_unusable",
                 "path=%s error=\"%s\" kept_back=%" PRIu64
                 " effect=\"values are lost for charts when the database is away\"",
                 log_quote(path, quoted, sizeof quoted), strerror(-r), kept_back);
    }
    return r == 0;
}

/* Tell once a minute that the oldest lines go for want of room. */
static void depot_watch(struct depot *depot) {
    uint64_t kept_back = 0;
    struct spool_stats stats = spool_stats(depot->spool);
    if (stats.dropped_lines > depot->dropped_told && log_permit(&depot->full_limiter, &kept_back)) {
        log_line(LOG_WARNING, "spool_full",
                 "bytes=%" PRIu64 " dropped_lines=%" PRIu64
                 " effect=\"the oldest values that wait for the database are gone from its charts; "
                 "alarms and their events are not affected\"",
                 stats.bytes, stats.dropped_lines);
        depot->dropped_told = stats.dropped_lines;
    }
}

bool depot_keep(struct depot *depot, const char *text, size_t size, uint32_t lines,
                struct spool_place *ret_place) {
    unsigned char *bytes;
    size_t packed;
    uint64_t kept_back = 0;
    if (!depot_opens(depot) || gzip_pack(text, size, &bytes, &packed) != 0) {
        return false;
    }
    int r = packed > SPOOL_RECORD_MAX ? SPOOL_E_FAILED
                                      : spool_append(depot->spool, bytes, packed, lines, ret_place);
    int error = errno;
    free(bytes);
    if (r != 0 && log_permit(&depot->unusable_limiter, &kept_back)) {
        log_line(LOG_ERROR, "spool_failed",
                 "error=\"%s\" kept_back=%" PRIu64
                 " effect=\"values are lost for charts while the database is away\"",
                 strerror(error), kept_back);
    }
    depot_watch(depot);
    return r == 0;
}

int depot_oldest(struct depot *depot, size_t text_max, char **ret_text, size_t *ret_size,
                 uint32_t *ret_lines, struct spool_place *ret_place) {
    struct spool_record record;
    char *text;
    size_t size;
    if (!depot_opens(depot) || spool_oldest(depot->spool, &record) != 0) {
        return DEPOT_E_EMPTY;
    }
    int r = gzip_unpack(record.bytes, record.size, text_max, &text, &size);
    if (r == 0 && text[size - 1] != '\n') {
        free(text);
        r = GZIP_E_DAMAGED;
    }
    *ret_lines = record.lines;
    if (r == GZIP_E_DAMAGED) {
        spool_done(depot->spool, record.place);
        return DEPOT_E_DAMAGED;
    }
    if (r == 0) {
        *ret_text = text;
        *ret_size = size;
        *ret_place = record.place;
    }
    return r;
}

void depot_done(struct depot *depot, struct spool_place place) {
    spool_done(depot->spool, place);
}

struct spool_stats depot_stats(const struct depot *depot) {
    return depot->spool == NULL ? (struct spool_stats){0} : spool_stats(depot->spool);
}
