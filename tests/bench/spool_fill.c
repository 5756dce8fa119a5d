/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fill a spool: lines of a point `filled` of the site `history` and its gateway `main`, as the uplink
 * keeps them while the database is away, in DIRECTORY/spool, until the oldest had to make room and the
 * next ones will have to.
 *
 *     spool_fill DIRECTORY SIZE
 *
 * The values are random numbers, which pack badly, and no two lines have one time. Prints how many lines
 * were kept, and how many of them had to go again.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/uplink/database/depot.h"

enum {
    LINES = 1000,
    LINE_SIZE = 160,
    ROOM_LEFT = 64 << 10, /* no more than this: the next lines are too many */
};

/* A step of splitmix64. */
static uint64_t random_next(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        (void)fprintf(stderr, "usage: spool_fill DIRECTORY SIZE\n");
        return 2;
    }
    struct depot depot;
    static char text[LINES * LINE_SIZE];
    uint64_t kept = 0;
    uint64_t state = 1;
    int64_t ns = clock_wall().ns - (int64_t)(3600 * NS_PER_S);
    depot_init(&depot, argv[1], strtoull(argv[2], NULL, 10));
    while (depot_stats(&depot).dropped_lines == 0 ||
           depot_stats(&depot).bytes + ROOM_LEFT < depot.size_max) {
        size_t size = 0;
        for (int i = 0; i < LINES; i++) {
            size +=
                (size_t)snprintf(text + size, LINE_SIZE,
                                 "illuminance,gateway=main,place=room,point=filled,site=history "
                                 "value=0.%019" PRIu64 ",quality=0i %" PRId64 "\n",
                                 random_next(&state) % UINT64_C(10000000000000000000), ns++);
        }
        struct spool_place place;
        if (!depot_keep(&depot, text, size, LINES, &place)) {
            (void)fprintf(stderr, "spool_fill: the disk does not keep it\n");
            return 1;
        }
        kept += LINES;
    }
    printf("kept=%" PRIu64 " dropped=%" PRIu64 "\n", kept, depot_stats(&depot).dropped_lines);
    depot_deinit(&depot);
    return 0;
}
