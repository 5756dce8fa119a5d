/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What goes into a ship: the newest lines, the oldest record of the spool, or events of the journal
 */
#include <stdlib.h>

#include "gateway/uplink/database/shipper_parts.h"

enum {
    TEXT_MAX = 2 * SHIPPER_BATCH_BYTES_MAX, /* of a record of the spool */
    EVENT_TRIES_MAX = 50, /* to read an event for which there may be no memory … */
    EVENT_TRY_MS = 100,   /* … so far apart */
};

static void ship_fill(struct ship *ship, char *text, size_t size, uint32_t lines) {
    ship->text = text;
    ship->lines = lines;
    ship->on_disk = false;
    shipment_begin(&ship->shipment, text, size);
}

void ship_clear(struct ship *ship) {
    free(ship->text);
    ship->text = NULL;
}

static void ship_load_live(struct ship *ship) {
    struct batch *batch = shipper_take_batch(ship->shipper);
    if (batch != NULL) {
        ship_fill(ship, batch->text, batch->size, batch->lines);
        free(batch);
    }
}

static void ship_load_spooled(struct ship *ship) {
    struct shipper *shipper = ship->shipper;
    struct spool_place place;
    char *text;
    size_t size;
    uint32_t lines;
    int r = depot_oldest(&shipper->depot, TEXT_MAX, &text, &size, &lines, &place);
    if (r == 0) {
        ship_fill(ship, text, size, lines);
        ship->on_disk = true;
        ship->place = place;
    } else if (r == DEPOT_E_DAMAGED) {
        shipper->stats.lines_lost += lines;
    }
}

/* Events on their way from the journal into a text. */
struct gathering {
    const struct event_line_source *source;
    struct wall *since; /* events up to `since_until` that are older are passed over */
    uint64_t since_until;
    char *text;
    size_t size, room;
    uint32_t lines;
    uint64_t last_seq; /* of what was gathered or passed over; 0: nothing was */
    uint32_t *tries;   /* in which the next event could not be read */
};

static bool gather_event(void *context, const struct journal_row *row) {
    struct gathering *gathering = context;
    if (row->seq <= gathering->since_until && row->wall.ns < gathering->since->ns) {
        gathering->last_seq = row->seq;
        return true;
    }
    gathering->since->ns = INT64_MIN;
    size_t size = event_line_write(gathering->source, row, gathering->text + gathering->size);
    if (size == EVENT_LINE_UNREADABLE && *gathering->tries < EVENT_TRIES_MAX) {
        ++*gathering->tries;
        return false; /* it is the first of the next batch */
    }
    *gathering->tries = 0;
    size = size == EVENT_LINE_UNREADABLE ? 0 : size;
    gathering->last_seq = row->seq;
    gathering->size += size;
    gathering->lines += size > 0;
    return gathering->room - gathering->size >= EVENT_LINE_SIZE;
}

/* Load the next events of the journal. Returns true when there were some and none can be written. */
static bool ship_load_some_events(struct ship *ship) {
    struct shipper *shipper = ship->shipper;
    uint64_t read_seq = 0;
    if (!shipper->welcomed || shipper->stats.events_confirmed >= shipper->journal_newest) {
        return false;
    }
    struct gathering gathering = {.source = &shipper->conf.source,
                                  .since = &shipper->again_since,
                                  .since_until = shipper->again_until,
                                  .tries = &shipper->event_tries,
                                  .text = malloc(SHIPPER_BATCH_BYTES_MAX),
                                  .room = SHIPPER_BATCH_BYTES_MAX};
    const struct journal_query query = {
        .after_seq = shipper->stats.events_confirmed,
        .until_seq = shipper->journal_newest,
        .lane = -1,
        .limit = SHIPPER_EVENTS_MAX,
    };
    int r = gathering.text == NULL
                ? JOURNAL_E_ABSENT
                : journal_read(shipper->journal, &query, gather_event, &gathering, &read_seq);
    if (r == 0 && gathering.size > 0) {
        ship_fill(ship, gathering.text, gathering.size, gathering.lines);
        ship->last_seq = gathering.last_seq;
        return false;
    }
    if (r == 0 && gathering.last_seq > 0) {
        shipper->stats.events_confirmed = gathering.last_seq;
    }
    free(gathering.text); /* the rest, or all of it, when the loop says how far the journal goes */
    if (r == 0 && gathering.last_seq == 0 && shipper->event_tries > 0) {
        const struct timeval wait = shipper_timeval(EVENT_TRY_MS);
        (void)event_add(shipper->retry, &wait);
    }
    return r == 0 && gathering.last_seq > 0;
}

static void ship_load_events(struct ship *ship) {
    while (ship_load_some_events(ship)) {
    }
}

void ship_load(struct ship *ship) {
    static void (*const load[SHIP_COUNT])(struct ship * ship) = {
        [SHIP_LIVE] = ship_load_live,
        [SHIP_EVENTS] = ship_load_events,
        [SHIP_SPOOLED] = ship_load_spooled,
    };
    load[ship->kind](ship);
}
