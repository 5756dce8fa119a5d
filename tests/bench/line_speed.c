/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast readings become line protocol
 *
 *     line_speed [SECONDS]
 *
 * The lines are the uplink's: a head per point, written once, `value` and `quality`, nanoseconds. The
 * values are what sensors send: truths, counts, decimals with one or two places, and a share of
 * numbers that need all their digits. Beside it stands the same text from one snprintf() a line,
 * which is what a client without an idea of its own would do.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/uplink/database/line_protocol.h"

enum { POINTS = 1000, HEAD_SIZE = 200, BUFFER_SIZE = 1 << 20, LINE_SIZE = 400 };

static struct {
    char text[HEAD_SIZE];
    size_t size;
} heads[POINTS];
static double values[POINTS];
static char buffer[BUFFER_SIZE];

static double seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_points(void) {
    static const char *const kinds[] = {"motion", "occupancy_count", "temperature", "humidity"};
    for (unsigned i = 0; i < POINTS; i++) {
        char place[64];
        char point[100];
        struct line line;
        (void)snprintf(place, sizeof place, "care/room-%u", i / 4);
        (void)snprintf(point, sizeof point, "%s/%s", place, kinds[i % 4]);
        line_begin(&line, heads[i].text, HEAD_SIZE, kinds[i % 4]);
        line_tag(&line, "gateway", "main");
        line_tag(&line, "place", place);
        line_tag(&line, "point", point);
        line_tag(&line, "site", "gulou-demo");
        heads[i].size = line_head(&line);
        const double measured[] = {i / 4 % 2, i, 18 + (i % 120) / 10.0, 40 + (i % 2000) / 100.0};
        values[i] = i % 50 == 49 ? i / 7.0 : measured[i % 4];
    }
}

static size_t write_ours(unsigned point, int64_t ns, char *at, size_t size) {
    struct line line;
    line_begin_head(&line, at, size, heads[point].text, heads[point].size);
    line_number(&line, "value", values[point]);
    line_integer(&line, "quality", 0);
    return line_end(&line, (struct wall){ns}, LINE_NS);
}

static size_t write_printed(unsigned point, int64_t ns, char *at, size_t size) {
    int len = snprintf(at, size, "%s value=%.17g,quality=%di %" PRId64 "\n", heads[point].text,
                       values[point], 0, ns);
    return (size_t)len;
}

static double measure(size_t (*write)(unsigned point, int64_t ns, char *at, size_t size),
                      double duration_s, double *ret_bytes) {
    int64_t ns = 1763770000000000000;
    uint64_t lines = 0;
    uint64_t bytes = 0;
    size_t used = 0;
    double begin = seconds();
    double span;
    do {
        for (unsigned i = 0; i < POINTS; i++) {
            if (BUFFER_SIZE - used < LINE_SIZE) {
                used = 0;
            }
            size_t size = write(i, ns++, buffer + used, BUFFER_SIZE - used);
            used += size;
            bytes += size;
        }
        lines += POINTS;
        span = seconds() - begin;
    } while (span < duration_s);
    *ret_bytes = (double)bytes / (double)lines;
    return (double)lines / span;
}

int main(int count, char **words) {
    double duration_s = count > 1 ? strtod(words[1], NULL) : 1;
    double bytes;
    double printed_bytes;
    make_points();
    double before = measure(write_printed, duration_s, &printed_bytes);
    double ours = measure(write_ours, duration_s, &bytes);
    double after = measure(write_printed, duration_s, &printed_bytes);
    double printed = before > after ? before : after;
    printf("line_speed lines_per_s=%.0f bytes_per_line=%.0f printed_per_s=%.0f ratio=%.2f"
           " (aim >= 3000000)\n",
           ours, bytes, printed, ours / printed);
    return 0;
}
