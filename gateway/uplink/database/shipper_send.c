/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A ship under way, and what comes of the answers
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/uplink/database/quarantine.h"
#include "gateway/uplink/database/shipper_parts.h"

enum {
    BYTES_MIN = 4096, /* of a request, however small a database wants it */
};

static uint32_t count_lines(const char *text, size_t size) {
    uint32_t lines = 0;
    for (const char *end = text + size; text < end; lines++) {
        text = (const char *)memchr(text, '\n', (size_t)(end - text)) + 1;
    }
    return lines;
}

bool ship_spool_rest(struct ship *ship) {
    size_t begin = ship->shipment.size;
    for (uint32_t i = 0; i < ship->shipment.count; i++) {
        begin = ship->shipment.ranges[i].begin < begin ? ship->shipment.ranges[i].begin : begin;
    }
    const char *text = ship->shipment.text + begin;
    size_t size = ship->shipment.size - begin;
    return depot_keep(&ship->shipper->depot, text, size, count_lines(text, size), &ship->place);
}

void ship_unload_live(struct ship *ship) {
    if (!ship->on_disk && !ship_spool_rest(ship)) {
        struct batch *batch = batch_new(ship->text, ship->shipment.size, ship->lines);
        if (batch != NULL) {
            ship->text = NULL;
            shipper_return_batch(ship->shipper, batch);
        } else {
            ship->shipper->stats.lines_lost += ship->lines;
        }
    }
    ship_clear(ship);
}

static void ship_over(struct ship *ship) {
    struct shipper *shipper = ship->shipper;
    if (ship->on_disk) {
        depot_done(&shipper->depot, ship->place);
    }
    if (ship->kind == SHIP_EVENTS && ship->last_seq > shipper->stats.events_confirmed) {
        shipper->stats.events_confirmed = ship->last_seq;
    }
    ship_clear(ship);
}

static void ship_failed(struct ship *ship, const char *reason, uint64_t wait_ms) {
    shipper_is_down(ship->shipper, reason, wait_ms);
    if (ship->kind == SHIP_LIVE) {
        ship_unload_live(ship);
    }
}

/* A line the database refuses, and why; shared by the callback below. */
struct refusal {
    struct shipper *shipper;
    const char *reason;
};

static void line_refused(void *context, const char *line, size_t size) {
    const struct refusal *refusal = context;
    struct shipper *shipper = refusal->shipper;
    uint64_t kept_back = 0;
    shipper->stats.lines_refused++;
    bool kept = quarantine_keep(shipper->conf.directory, clock_wall(), refusal->reason, line, size);
    if (log_permit(&shipper->refused_limiter, &kept_back)) {
        char quoted[SHIPPER_REASON_SIZE + 16];
        log_line(LOG_WARNING, "database_refuses_line",
                 "reason=%s quarantined=%d kept_back=%" PRIu64
                 " effect=\"this value is missing in charts; it stands in uplink/refused.lines of "
                 "the state directory\"",
                 log_quote(refusal->reason, quoted, sizeof quoted), kept ? 1 : 0, kept_back);
    }
}

/* A part of a ship's lines was answered. */
static void ship_answered(struct ship *ship, struct line_range part, enum answer answer,
                          uint64_t dropped, const char *reason, uint64_t wait_ms) {
    struct shipper *shipper = ship->shipper;
    struct shipper_stats *stats = &shipper->stats;
    const char *text = ship->shipment.text + part.begin;
    size_t size = part.end - part.begin;
    if (answer == ANSWER_TAKEN || answer == ANSWER_TOO_OLD) {
        uint64_t lines = count_lines(text, size);
        shipper->proven = true;
        dropped = dropped < lines ? dropped : lines;
        stats->lines_refused += dropped;
        *(ship->kind == SHIP_EVENTS ? &stats->events_written : &stats->lines_written) +=
            lines - dropped;
    } else if (answer == ANSWER_TOO_LARGE && size / 2 >= BYTES_MIN) {
        shipper->bytes_max = size / 2 < shipper->bytes_max ? size / 2 : shipper->bytes_max;
    } else if (answer == ANSWER_LINES_WRONG && ship->kind == SHIP_LIVE && !ship->on_disk &&
               ship->lines > 1 && ship_spool_rest(ship)) {
        ship_clear(ship); /* the wrong ones are looked for behind its back */
        return;
    }
    struct refusal refusal = {.shipper = shipper, .reason = reason};
    switch (shipment_answered(&ship->shipment, answer, shipper->proven, line_refused, &refusal)) {
    case SHIPMENT_FAILED:
        ship_failed(ship, reason, wait_ms);
        return;
    case SHIPMENT_OVER:
        ship_over(ship);
        break;
    case SHIPMENT_ON:
        break;
    }
    if (shipper->proven) {
        shipper_is_well(shipper);
    }
}
void ship_transfer_ended(void *context, CURL *transfer, CURLcode result) {
    struct shipper *shipper = context;
    struct ship *ship = shipper->ships;
    shipper->late = false;
    while (ship->request.transfer != transfer) {
        ship++;
        assert(ship < shipper->ships + SHIP_COUNT);
    }
    char reason[SHIPPER_REASON_SIZE];
    long status = 0;
    curl_off_t retry_after_s = 0;
    if (result == CURLE_OK) {
        (void)curl_easy_getinfo(transfer, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(transfer, CURLINFO_RETRY_AFTER, &retry_after_s);
        answer_reason(status, ship->request.answer, reason, sizeof reason);
    } else {
        (void)snprintf(reason, sizeof reason, "%s", curl_easy_strerror(result));
    }
    enum answer answer = answer_of(status, ship->request.answer);
    uint64_t dropped = answer == ANSWER_TOO_OLD ? answer_dropped(ship->request.answer) : 0;
    transfers_end(shipper->transfers, transfer);
    ship->request.transfer = NULL;
    request_clear(&ship->request);
    if (retry_after_s > SHIPPER_RETRY_AFTER_MAX_S) {
        retry_after_s = SHIPPER_RETRY_AFTER_MAX_S;
    }
    shipper->answered = status != 0;
    struct line_range part = shipment_next(&ship->shipment, SIZE_MAX);
    ship_answered(ship, part, answer, dropped, reason, (uint64_t)retry_after_s * 1000);
    shipper_pump(shipper);
}

static void ship_send(struct ship *ship) {
    struct shipper *shipper = ship->shipper;
    struct line_range part = shipment_next(&ship->shipment, shipper->bytes_max);
    int r = request_make(&ship->request, &shipper->conf.target, ship->shipment.text + part.begin,
                         part.end - part.begin);
    if (r == 0 && !transfers_begin(shipper->transfers, ship->request.transfer)) {
        transfers_end(shipper->transfers, ship->request.transfer);
        ship->request.transfer = NULL;
        request_clear(&ship->request);
        r = err_origin(-ENOMEM);
    }
    if (r != 0) {
        shipper->answered = false;
        ship_failed(
            ship, r == REQUEST_E_SECRET ? request_secret_fault(&shipper->conf.target) : "no memory",
            0);
        return;
    }
    shipper->stats.requests++;
    /* Of the newest lines, or of the only request, behind which the newest lines wait. */
    if ((ship->kind == SHIP_LIVE && !ship->on_disk) || !shipper->well) {
        const struct timeval slow = shipper_timeval(shipper->conf.slow_ms);
        (void)event_add(shipper->slow, &slow);
    }
}

void ship_begin(struct ship *ship) {
    if (ship->request.transfer != NULL) {
        return;
    }
    if (ship->text == NULL) {
        ship_load(ship);
    }
    if (ship->text != NULL) {
        ship_send(ship);
    }
}

uint32_t shipper_under_way(const struct shipper *shipper) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < SHIP_COUNT; i++) {
        count += shipper->ships[i].request.transfer != NULL;
    }
    return count;
}
