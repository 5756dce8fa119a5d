/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_store_salvage_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/event_type.h"
#include "gateway/wire.h"

/* Bytes of a boot at most, and of an opening. */
enum { BOOT_MAX = 64, OPENING_SIZE = 256 };

static bool row_text_is(const struct journal_pages_text *text, const char *at, size_t size) {
    return at == NULL || text->at == NULL ? text->at == at
                                          : text->size == size && memcmp(text->at, at, size) == 0;
}

/* Of a type that there is, in its lane. */
static bool row_type_is_known(const struct journal_pages_row *row) {
    for (unsigned type = 0; type < EVENT_TYPE_ALL_COUNT; type++) {
        const char *name = event_type_name(type);
        if (row_text_is(&row->type, name, strlen(name))) {
            return row->lane == (int64_t)event_type_lane(type);
        }
    }
    return false;
}

/* Take `expected` off the beginning of what is left of the body. */
static bool body_begins(const char **at, const char *end, const char *expected) {
    size_t size = strlen(expected);
    bool begins = (size_t)(end - *at) > size && memcmp(*at, expected, size) == 0;
    *at += begins ? size : 0;
    return begins;
}

/* Does the body say of itself that it is this event of this gateway? See journal_event_body(). */
static bool row_body_fits(const struct journal_identity *identity,
                          const struct journal_pages_row *row) {
    char opening[OPENING_SIZE];
    char number[32];
    const char *at = row->body.at;
    if (row->body.size == 0 || row->body.size > WIRE_BODY_MAX) {
        return false;
    }
    const char *end = at + row->body.size;
    (void)snprintf(opening, sizeof opening, "{\"specversion\":\"1.0\",\"id\":\"%s.%s.",
                   identity->site, identity->gateway);
    (void)snprintf(number, sizeof number, ".%" PRIu64 "\"", row->seq);
    if (!body_begins(&at, end, opening)) {
        return false;
    }
    const char *dot = memchr(at, '.', (size_t)(end - at));
    bool has_boot = dot != NULL && dot > at && dot - at <= BOOT_MAX;
    at = has_boot ? dot : at;
    return has_boot && body_begins(&at, end, number) && end[-1] == '}';
}

/* Put what was said into the column; says whether that was something else. */
static bool row_mend_text(struct journal_pages_text *text, const struct journal_column *said) {
    if (!said->said || row_text_is(text, said->at, said->size)) {
        return false;
    }
    *text = (struct journal_pages_text){.at = said->at, .size = said->size};
    return true;
}

static bool row_mend_time(struct journal_pages_row *row, const struct journal_columns *said) {
    char text[CLOCK_TEXT_SIZE];
    struct wall wall;
    if (!said->time.said || said->time.size >= sizeof text ||
        journal_columns_is_time(said, row->at_wall)) {
        return false;
    }
    memcpy(text, said->time.at, said->time.size);
    text[said->time.size] = '\0';
    if (clock_parse_wall(text, &wall) != 0) {
        return false;
    }
    row->at_wall = wall.ns;
    return true;
}

static bool row_mend_type(struct journal_pages_row *row, const struct journal_columns *said) {
    if (!said->lane_said) {
        return false;
    }
    bool mended = row->lane != (int64_t)said->lane;
    row->lane = (int64_t)said->lane;
    return row_mend_text(&row->type, &said->type) || mended;
}

bool salvage_row_take(const struct journal_identity *identity, struct journal_pages_row *row,
                      struct journal_columns *said, bool *ret_mended) {
    bool mended = false;
    if (!row_body_fits(identity, row)) {
        return false;
    }
    if (journal_columns_read(row->body.at, row->body.size, said)) {
        mended = row_mend_text(&row->boot, &said->boot);
        mended = row_mend_time(row, said) || mended;
        mended = row_mend_type(row, said) || mended;
        mended = row_mend_text(&row->alarm, &said->alarm) || mended;
        mended = row_mend_text(&row->place, &said->place) || mended;
        mended = row_mend_text(&row->point, &said->point) || mended;
    }
    *ret_mended = mended;
    return row->boot.size <= BOOT_MAX && row_type_is_known(row);
}

bool salvage_body_is_whole(const char *body, size_t size) {
    struct journal_columns said;
    json_t *object = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    bool is_whole = json_is_object(object) && journal_columns_read(body, size, &said);
    json_decref(object);
    return is_whole;
}
