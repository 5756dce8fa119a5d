/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FEEDER_SCENE_H
#define TESTS_SUPPORT_FEEDER_SCENE_H

/*
 * A feeder under test, with a line and a journal of the test's own
 *
 * The line keeps what was published until the test says that the broker has taken it; the journal has the
 * events that the test records. The site is that of console_site.h.
 */

#include "gateway/clock.h"
#include "gateway/uplink/feeder.h"
#include "tests/support/console_site.h"

#define ROOT "tocsin/v1/gulou-demo/main"

enum { MESSAGES_MAX = 4096, ROWS_MAX = 2048 };

struct message {
    char topic[160];
    char payload[640];
    bool retained;
    bool in_flight;
    uint64_t ticket;
};

struct row {
    enum core_lane lane;
    uint32_t alarm; /* of the alarm lane */
    bool damaged;
    uint64_t early;
    struct wall wall;
};

struct scene {
    struct site site;
    struct feeder feeder;
    uint32_t window;
    bool down;
    size_t size_max; /* of a payload; 0: any */
    bool journal_gone;
    uint32_t reads, asks, asks_for;
    struct row journal[ROWS_MAX + 1];
    uint64_t newest;
    uint32_t count;
    struct message messages[MESSAGES_MAX];
};

/* A feeder that has heard of its engine; its line holds `window` messages, and no session has begun. */
struct scene *scene_new(uint32_t window);
void scene_free(struct scene *scene);

/* A session begins, or breaks off with all that is in flight. */
void scene_connect(struct scene *scene);
void scene_lose(struct scene *scene);

/* The broker takes the oldest that is in flight, or all until nothing more comes; what follows is sent. */
void scene_take_oldest(struct scene *scene);
void scene_take_everything(struct scene *scene);
uint32_t scene_in_flight(const struct scene *scene);

/* Record an event; tell of recorded event `seq`, as the engine does; or both. */
void scene_record(struct scene *scene, enum core_lane lane);
void scene_tell(struct scene *scene, uint64_t seq);
void scene_happen(struct scene *scene, enum core_lane lane);

/* Record `count` events that are not told one by one. */
void scene_record_unheard(struct scene *scene, enum core_lane lane, uint32_t count);

/* The state of an alarm is told, or the value of a point. */
void scene_alarm(struct scene *scene, uint32_t alarm, bool open, uint32_t snapshot);
void scene_value(struct scene *scene, uint32_t point, double value);

/* What was published as the `index`-th. */
const struct message *scene_message(const struct scene *scene, uint32_t index);

/* How many messages on topics that begin with `topic` were published from index `from` on. */
uint32_t scene_published(const struct scene *scene, uint32_t from, const char *topic);

/* What stands in an event: is `flag` true, and which sequence has it? */
bool message_is(const struct message *message, const char *flag);
uint64_t message_seq(const struct message *message);

#endif
