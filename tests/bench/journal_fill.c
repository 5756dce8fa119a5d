/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Record a backlog: COUNT events of some 700 bytes each in the journal of the site `bench` and its
 * gateway `main` in DIRECTORY, as the engine records them; all in the activity lane, or every second
 * one in the alarm lane.
 *
 *     journal_fill DIRECTORY COUNT [alarms]
 */

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/journal/journal.h"
#include "gateway/site.h"

enum { AT_ONCE = 1000 };

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "backlog/room-%" PRIu32, alarm);
}

static void require(bool condition, const char *what) {
    if (!condition) {
        (void)fprintf(stderr, "journal_fill: %s\n", what);
        exit(1);
    }
}

/* What the columns of its row say stands in its body, as in one of the engine's. */
static void add(struct journal *journal, bool alarm) {
    const char *type = alarm ? "alarm.raised" : "access.granted";
    struct wall wall = clock_wall();
    char time[CLOCK_TEXT_SIZE];
    char text[800];
    struct journal_event *event = NULL;
    clock_format(wall, time);
    int split = snprintf(
        text, sizeof text,
        ",\"source\":\"/tocsin/bench/main\",\"type\":\"tocsin.%s\",\"subject\":\"room-0\",\"time\":\"%s\"",
        type, time);
    int len =
        split + snprintf(text + split, sizeof text - (size_t)split,
                         ",\"data\":{%s\"place\":\"room\",\"point\":null,\"text\":{\"zh\":\"门\","
                         "\"en\":\"%0440d\"}}}",
                         alarm ? "\"rule\":\"backlog\"," : "", 0);
    require(journal_event_new(text, (size_t)split, (size_t)len, &event) == 0, "no memory");
    event->wall = wall;
    event->born_real_ns = clock_real_ns();
    event->alarm = alarm ? 0 : RULESET_NONE;
    event->type = alarm ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED;
    event->lane = alarm ? LANE_ALARM : LANE_ACTIVITY;
    event->class = ALARM_CLASS_COUNT;
    event->place = "room";
    journal_add_event(journal, event);
}

static void settle(struct journal *journal, uint64_t wanted) {
    (void)journal_submit(journal);
    while (journal_newest(journal) < wanted) {
        struct pollfd ready = {.fd = journal_fd(journal), .events = POLLIN};
        require(poll(&ready, 1, 30000) == 1, "the journal does not answer");
        struct journal_report report;
        journal_take(journal, &report);
        require(report.dropped == NULL, "the journal is full");
        while (report.events != NULL) {
            struct journal_event *event = report.events;
            report.events = event->next;
            (void)journal_event_free(event);
        }
    }
}

int main(int argc, char **argv) {
    bool alarms = argc == 4 && strcmp(argv[3], "alarms") == 0;
    require(argc == 3 || alarms, "usage: journal_fill DIRECTORY COUNT [alarms]");
    const struct journal_conf conf = {
        .directory = argv[1],
        .identity = {"bench", "main", alarm_name, NULL},
        .alarm_count = 1,
        .keep = {.keep_ns = UINT64_C(30) * 24 * 3600 * NS_PER_S,
                 .size = UINT64_C(8) << 30,
                 .sinks = {[JOURNAL_SINK_MQTT] = true}},
    };
    struct journal *journal = NULL;
    uint64_t count = strtoull(argv[2], NULL, 10);
    require(journal_new(&conf, &journal) == 0 && journal_start(journal) == 0, "no journal");
    uint64_t first = journal_newest(journal);
    for (uint64_t i = 1; i <= count; i++) {
        add(journal, alarms && i % 2 == 0);
        if (i % AT_ONCE == 0 || i == count) {
            settle(journal, first + i);
        }
    }
    journal = journal_free(journal);
    return 0;
}
