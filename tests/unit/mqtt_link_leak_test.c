/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The memory that the MQTT library loses at each connection that breaks, measured.
 *
 * A sample of 100 connections by default; TOCSIN_RECONNECTS=10000 for as many as are promised.
 */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/uplink/weight.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_broker.h"
#include "tests/support/line.h"

enum { WARM_UP = 30, SAMPLE = 100 };

static unsigned reconnects(void) {
    const char *text = getenv("TOCSIN_RECONNECTS");
    unsigned count = text == NULL ? 0 : (unsigned)strtoul(text, NULL, 10);
    return count > WARM_UP ? count : SAMPLE;
}

/* Lines that connect at the same time: the library takes some seconds for each connection. */
enum { LINES = 6 };

struct crowd {
    struct fake_broker brokers[LINES];
    struct scene scenes[LINES];
};

/* Run all lines until they have had `wanted` sessions together. */
static void crowd_await(struct crowd *crowd, unsigned wanted) {
    uint64_t deadline_ns = clock_real_ns() + (PATIENCE_S + wanted) * NS_PER_S;
    unsigned had = 0;
    while (had < wanted) {
        had = 0;
        for (int i = 0; i < LINES; i++) {
            assert_true(event_base_loop(crowd->scenes[i].base, EVLOOP_NONBLOCK) >= 0);
            had += (unsigned)crowd->scenes[i].connected;
        }
        if (clock_real_ns() > deadline_ns) {
            fail_msg("%u sessions of %u; last reason: %s", had, wanted, crowd->scenes[0].reason);
        }
        (void)poll(NULL, 0, 1);
    }
}

static void each_connection_that_breaks_costs_little_enough_for_ten_thousand(void **state) {
    (void)state;
    unsigned count = reconnects();
    struct crowd *crowd = calloc(1, sizeof *crowd);
    assert_non_null(crowd);
    for (int i = 0; i < LINES; i++) {
        struct scene *scene = &crowd->scenes[i];
        fake_broker_init(&crowd->brokers[i]);
        crowd->brokers[i].after_connack = 0x8b; /* welcomes, and closes on what is in flight */
        fake_broker_start(&crowd->brokers[i]);
        scene_init(scene, 5, crowd->brokers[i].address, NULL);
        scene->conf.retry_ms_min = 1;
        scene->conf.retry_ms_max = 1;
        scene->conf.connect_limit_s = 60; /* the library connects one after the other */
        scene_start(scene);
    }
    crowd_await(crowd, WARM_UP);
    uint64_t before = weight_of_process();
    crowd_await(crowd, count);
    uint64_t after = weight_of_process();
    uint64_t growth = after > before ? after - before : 0;
    uint64_t each = growth / (uint64_t)(count - WARM_UP);
    (void)printf("row: memory leak reconnects=%u growth_kib=%llu bytes_each=%llu bound_kib=%llu\n",
                 count, (unsigned long long)growth >> 10, (unsigned long long)each,
                 (unsigned long long)WEIGHT_GROWTH_MAX >> 10);
    /* Beyond the bound the process would have been renewed; not more often than each 384 of them. */
    assert_true(each < WEIGHT_GROWTH_MAX / 384);
    for (int i = 0; i < LINES; i++) {
        scene_free(&crowd->scenes[i]);
        fake_broker_free(&crowd->brokers[i]);
    }
    free(crowd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_connection_that_breaks_costs_little_enough_for_ten_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
