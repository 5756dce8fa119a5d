/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/database.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/uplink/point_board.h"

enum {
    ANSWER_MS = 10000,
    SLOW_MS = 1000,
    RETRY_MS_MIN = 500,
    RETRY_MS_MAX = 30000,
    STOP_MS = 1000,
    TEXT_FIRST = 16384, /* bytes a batch begins with */
    HEAD_SIZE = 1024,   /* measurement and tags: three ids and a path, each twice as long escaped */
    LINE_SIZE = HEAD_SIZE + 128,
};

/* By how much a clock that is kept right is set back at most. */
#define DATABASE_BACK_NS ((int64_t)(60 * NS_PER_S))

/* What every line of a point begins with. */
struct head {
    char *text;
    size_t size;
    struct wall last; /* of its lines: no two have one time, or the later would replace the other */
};

struct database {
    const struct site *site;
    char directory[PATH_MAX];
    struct point_board board;
    struct head *heads; /* one per point */
    struct shipper *shipper;
    enum line_unit unit;
    /* the batch that gathers */
    char *text;
    size_t size, room;
    uint32_t lines;
    bool clock_behind;
    uint64_t lines_lost, lines_untimed;
};

/* ---- making lines ---- */

/* Room for one more line; false without memory. */
static bool database_make_room(struct database *database) {
    if (database->room - database->size >= LINE_SIZE) {
        return true;
    }
    size_t room = database->room == 0 ? TEXT_FIRST : 2 * database->room;
    char *text = realloc(database->text, room);
    if (text == NULL) {
        return false;
    }
    database->text = text;
    database->room = room;
    return true;
}

/* Hand over what has gathered. */
static void database_hand(struct database *database) {
    if (database->lines > 0) {
        shipper_hand(database->shipper, database->text, database->size, database->lines);
        database->text = NULL;
        database->size = 0;
        database->room = 0;
        database->lines = 0;
    }
}

/*
 * When the next line of a point is from: `wanted`, but not before its last one. A clock that is kept right
 * goes back by some seconds, by one at a leap second: what came later would stand before what came earlier,
 * and history would end with the wrong value. After a clock that was far ahead it is right to go back.
 */
static struct wall database_time(const struct database *database, const struct head *head,
                                 struct wall wanted) {
    const int64_t unit_ns = database->unit == LINE_MS ? (int64_t)NS_PER_MS : 1;
    const int64_t next_ns = (head->last.ns / unit_ns + 1) * unit_ns;
    const bool sooner = wanted.ns < next_ns && next_ns - wanted.ns < DATABASE_BACK_NS;
    return sooner ? (struct wall){next_ns} : wanted;
}

/* Write the value that a point has at `wall`; `fresh` is one that has just come. */
static void database_write(struct database *database, uint32_t point, bool fresh,
                           struct wall wall) {
    const struct point_board_entry *entry = &database->board.entries[point];
    struct head *head = &database->heads[point];
    const bool usable = quality_usable(entry->quality) && isfinite(entry->value);
    const bool measured = fresh && usable && entry->measured.ns > head->last.ns;
    struct line line;
    if (database->clock_behind) {
        database->lines_untimed++;
        return;
    }
    head->last = database_time(database, head, measured ? entry->measured : wall);
    if (!database_make_room(database)) {
        database->lines_lost++;
        return;
    }
    line_begin_head(&line, database->text + database->size, database->room - database->size,
                    head->text, head->size);
    if (usable) {
        line_number(&line, "value", entry->value);
    }
    line_integer(&line, "quality", entry->quality);
    size_t size = line_end(&line, head->last, database->unit);
    assert(size > 0); /* the head was good, and there is room for the rest */
    database->size += size;
    database->lines++;
    if (database->lines == DATABASE_LINES_MAX ||
        SHIPPER_BATCH_BYTES_MAX - database->size < LINE_SIZE) {
        database_hand(database);
    }
}

/* ---- from the engine ---- */

void database_welcome(struct database *database, const struct wire_welcome *welcome) {
    if (database != NULL) {
        shipper_welcome(database->shipper, welcome->newest_seq, welcome->confirmed_database);
    }
}

void database_journal(struct database *database, uint64_t newest) {
    if (database != NULL) {
        shipper_journal(database->shipper, newest);
    }
}

void database_again(struct database *database, uint64_t after_seq, struct wall since) {
    if (database != NULL) {
        shipper_again(database->shipper, after_seq, since);
    }
}

void database_point_values(struct database *database, const struct wire_point_values *values,
                           struct wall wall) {
    uint32_t point;
    if (database != NULL) {
        database->clock_behind = values->clock_behind != 0;
    }
    for (uint32_t i = 0; database != NULL && i < values->count; i++) {
        point_board_update(&database->board, &values->values[i]);
        while (point_board_next(&database->board, &point)) {
            database_write(database, point, true, wall);
        }
    }
}

void database_tick(struct database *database, struct instant now, struct wall wall) {
    uint32_t point;
    if (database == NULL) {
        return;
    }
    point_board_tick(&database->board, now);
    while (point_board_next(&database->board, &point)) {
        database_write(database, point, false, wall);
    }
    database_hand(database);
}

void database_stats(struct database *database, struct shipper_stats *ret_stats,
                    uint64_t *ret_untimed) {
    *ret_untimed = database == NULL ? 0 : database->lines_untimed;
    *ret_stats = (struct shipper_stats){.reachable = TRUTH_UNKNOWN};
    if (database != NULL) {
        shipper_stats(database->shipper, ret_stats);
        ret_stats->lines_lost += database->lines_lost;
    }
}

/* ---- birth and death ---- */

static int database_make_heads(struct database *database) {
    const struct site *site = database->site;
    const struct ruleset *ruleset = &site->ruleset;
    database->heads = calloc((size_t)ruleset->point_count + 1, sizeof *database->heads);
    if (database->heads == NULL) {
        return err_origin(-ENOMEM);
    }
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        char text[HEAD_SIZE];
        const struct ruleset_point *point = &ruleset->points[i];
        struct line line;
        line_begin(&line, text, sizeof text, point_kind_facts((enum point_kind)point->kind)->name);
        line_tag(&line, "gateway", site_text(site, site->header->gateway_id));
        line_tag(&line, "place", site_text(site, site->places[point->place].id));
        line_tag(&line, "point", site_text(site, site->points[i].id));
        line_tag(&line, "site", site_text(site, site->header->site_id));
        database->heads[i].size = line_head(&line);
        assert(database->heads[i].size > 0); /* ids have no character of a meaning, and fit */
        database->heads[i].text = strndup(text, database->heads[i].size);
        if (database->heads[i].text == NULL) {
            return err_origin(-ENOMEM);
        }
    }
    return 0;
}

static int database_start(struct database *database, uint64_t seed) {
    const struct site *site = database->site;
    const struct site_header *header = site->header;
    const enum line_unit unit = header->influx_precision == SITE_PRECISION_MS ? LINE_MS : LINE_NS;
    database->unit = unit;
    const struct shipper_conf conf = {
        .target =
            {
                .url = site_text(site, header->influx_url),
                .database = site_text(site, header->influx_database),
                .org = site_text(site, header->influx_org),
                .bucket = site_text(site, header->influx_bucket),
                .token_file = site_text(site, header->influx_token_file),
                .user = site_text(site, header->influx_user),
                .password_file = site_text(site, header->influx_password_file),
                .ca = site_text(site, header->influx_ca),
                .unit = unit,
                .limit_ms = ANSWER_MS,
            },
        .source = {.site = site_text(site, header->site_id),
                   .gateway = site_text(site, header->gateway_id),
                   .unit = unit},
        .directory = database->directory,
        .state_directory = site_text(site, header->state_directory),
        .spool_size = header->influx_spool_size,
        .slow_ms = SLOW_MS,
        .retry_ms_min = RETRY_MS_MIN,
        .retry_ms_max = RETRY_MS_MAX,
        .stop_ms = STOP_MS,
        .seed = seed,
    };
    return err_trace(shipper_new(&conf, &database->shipper));
}

int database_new(const struct site *site, uint64_t seed, struct database **ret_database) {
    *ret_database = NULL;
    if (site->header->influx_url == 0) {
        return 0;
    }
    struct database *database = calloc(1, sizeof *database);
    if (database == NULL) {
        return err_origin(-ENOMEM);
    }
    database->site = site;
    int len = snprintf(database->directory, sizeof database->directory, "%s/uplink",
                       site_text(site, site->header->state_directory));
    int r = len < 0 || (size_t)len >= sizeof database->directory
                ? err_origin(-ENAMETOOLONG)
                : err_trace(point_board_init_site(&database->board, site, clock_instant()));
    if (r == 0) {
        r = database_make_heads(database);
    }
    if (r == 0) {
        r = database_start(database, seed);
    }
    if (r != 0) {
        (void)database_free(database);
        return r;
    }
    *ret_database = database;
    return 0;
}

struct database *database_free(struct database *database) {
    if (database == NULL) {
        return NULL;
    }
    if (database->shipper != NULL) {
        database_hand(database);
        database->shipper = shipper_free(database->shipper);
    }
    for (uint32_t i = 0; database->heads != NULL && i < database->site->ruleset.point_count; i++) {
        free(database->heads[i].text);
    }
    free(database->heads);
    free(database->text);
    point_board_deinit(&database->board);
    free(database);
    return NULL;
}
