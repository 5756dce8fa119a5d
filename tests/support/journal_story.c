/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/journal_story.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>
#include <sqlite3.h>

#include "gateway/site.h"

static void story_alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "emergency_call/room-%" PRIu32, alarm);
}

struct journal_conf story_conf(const char *directory) {
    return (struct journal_conf){
        .directory = directory,
        .identity = {.site = "gulou-demo", .gateway = "main", .alarm_name = story_alarm_name},
        .alarm_count = STORY_ALARMS,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
    };
}

void story_begin(struct story_ledger *ledger, const struct journal *journal) {
    assert(ledger->lives < STORY_LIVES_MAX);
    ledger->life_first[ledger->lives++] = ledger->number + 1;
    ledger->boot_now =
        journal_is_recording(journal) ? strtoumax(journal_boot(journal), NULL, 10) : 0;
    if (ledger->boot_now > ledger->boot) {
        ledger->boot = ledger->boot_now;
    }
    ledger->ticket = 0;
    ledger->recording = journal_is_recording(journal);
}

void story_add(struct story_ledger *ledger, struct journal *journal, uint64_t early) {
    static const char head[] = ",\"source\":\"/tocsin/gulou-demo/main\"";
    char text[512];
    uint32_t number = ++ledger->number;
    uint32_t room = number % STORY_ALARMS;
    /* Bodies of many lengths, so that frames and pages end anywhere. */
    int size =
        snprintf(text, sizeof text, "%s,\"data\":{\"number\":%" PRIu32 ",\"text\":\"%0*d\"}}", head,
                 number, 1 + (int)(number * 37 % 300), 0);
    struct journal_event *event;
    struct journal_alarm *alarm;
    int r = journal_event_new(text, strlen(head), (size_t)size, &event);
    assert(r == 0);
    event->wall = (struct wall){(int64_t)number};
    event->lane = number % 5 == 0 ? LANE_ACTIVITY : LANE_ALARM;
    event->type = event->lane == LANE_ALARM ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED;
    event->alarm = event->lane == LANE_ALARM ? room : RULESET_NONE;
    event->place = "care/day-care";
    atomic_init(&event->early, early);
    r = journal_alarm_new(room, 0, &alarm);
    assert(r == 0);
    alarm->record = (struct alarm_record){.axes = {.active = true, .open = true},
                                          .condition = TRUTH_TRUE,
                                          .occurrence = number,
                                          .raises = 1};
    journal_add_event(journal, event);
    journal_add_alarm(journal, alarm);
}

static void story_tell(struct story_ledger *ledger, uint64_t seq, uint32_t number, uint64_t early) {
    assert(seq > 0 && seq < STORY_SEQ_MAX);
    ledger->told_count += ledger->told[seq].number == 0;
    ledger->told[seq] =
        (struct story_told){.number = number, .early = early, .boot = ledger->boot_now};
    ledger->newest_seq = seq > ledger->newest_seq ? seq : ledger->newest_seq;
}

static uint32_t story_number(const char *text) {
    const char *at = strstr(text, "{\"number\":");
    return at != NULL ? (uint32_t)strtoul(at + strlen("{\"number\":"), NULL, 10) : 0;
}

void story_take(struct story_ledger *ledger, struct journal *journal) {
    struct journal_report report;
    journal_take(journal, &report);
    ledger->ticket = report.ticket;
    ledger->recording = report.recording;
    while (report.events != NULL) {
        struct journal_event *event = report.events;
        char text[512];
        report.events = event->next;
        (void)snprintf(text, sizeof text, "%.*s", (int)event->size, event->text);
        story_tell(ledger, event->seq, story_number(text), event->early_linked);
        (void)journal_event_free(event);
    }
    while (report.alarms != NULL) {
        struct journal_alarm *alarm = report.alarms;
        report.alarms = alarm->next;
        ledger->alarm_number[alarm->alarm] = alarm->record.occurrence;
        free(alarm);
    }
    assert(report.dropped == NULL); /* so many never wait here */
}

void story_pretend(struct story_ledger *ledger) {
    story_tell(ledger, ledger->newest_seq + 1, ledger->number, 0);
}

/* ---- looking at the file ---- */

static sqlite3_stmt *story_ask(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement = NULL;
    return sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK ? statement : NULL;
}

/* Is the row what was told under its seq, if anything was, and what its own boot and seq say? */
static bool story_is_told(const struct story_ledger *ledger, uint64_t seq, const char *boot,
                          const char *body) {
    const struct story_told *told = &ledger->told[seq];
    char id[160];
    (void)snprintf(id, sizeof id, "\"id\":\"gulou-demo.main.%s.%" PRIu64 "\"", boot, seq);
    return strstr(body, id) != NULL &&
           (told->number == 0 ||
            (told->number == story_number(body) && told->boot == strtoumax(boot, NULL, 10)));
}

/* May `number` follow `before`? Within a life nothing is left out; a new life begins anew. */
static bool story_follows(const struct story_ledger *ledger, uint32_t before, uint32_t number) {
    if (number == before + 1) {
        return true;
    }
    for (uint32_t life = 0; life < ledger->lives; life++) {
        if (number == ledger->life_first[life] && number > before) {
            return true;
        }
    }
    return false;
}

/* All rows in their order. Returns how many there are. */
static uint64_t story_check_events(const struct story_ledger *ledger, sqlite3 *db,
                                   struct story_findings *findings) {
    unsigned char chained[SHA256_DIGEST_LENGTH + WIRE_BODY_MAX] = {0};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    sqlite3_stmt *rows =
        story_ask(db, "SELECT seq,boot,body,digest FROM event WHERE seq < 16384 ORDER BY seq");
    uint64_t count = 0;
    uint64_t told = 0;
    uint32_t number = 0;
    while (rows != NULL && sqlite3_step(rows) == SQLITE_ROW) {
        uint64_t seq = (uint64_t)sqlite3_column_int64(rows, 0);
        const char *boot = (const char *)sqlite3_column_text(rows, 1);
        const char *body = (const char *)sqlite3_column_text(rows, 2);
        size_t size = (size_t)sqlite3_column_bytes(rows, 2);
        bool whole = sqlite3_column_bytes(rows, 3) == SHA256_DIGEST_LENGTH && size <= WIRE_BODY_MAX;
        findings->gaps += seq != ++count || !story_follows(ledger, number, story_number(body));
        number = story_number(body);
        findings->lost += !story_is_told(ledger, seq, boot, body);
        told += ledger->told[seq].number != 0;
        if (whole) {
            memcpy(chained + SHA256_DIGEST_LENGTH, body, size);
            (void)SHA256(chained, SHA256_DIGEST_LENGTH + size, digest);
            whole = memcmp(sqlite3_column_blob(rows, 3), digest, sizeof digest) == 0;
            memcpy(chained, sqlite3_column_blob(rows, 3), sizeof digest);
        }
        findings->broken += !whole;
    }
    (void)sqlite3_finalize(rows);
    findings->lost += (uint32_t)(ledger->told_count - told);
    return count;
}

/* A state is committed with the events that it follows from, so it is always that of the newest. */
static void story_check_states(const struct story_ledger *ledger, sqlite3 *db,
                               struct story_findings *findings) {
    uint32_t newest[STORY_ALARMS] = {0};
    sqlite3_stmt *rows = story_ask(db, "SELECT body FROM event ORDER BY seq");
    while (rows != NULL && sqlite3_step(rows) == SQLITE_ROW) {
        uint32_t number = story_number((const char *)sqlite3_column_text(rows, 0));
        newest[number % STORY_ALARMS] = number;
    }
    (void)sqlite3_finalize(rows);
    rows = story_ask(db, "SELECT occurrence FROM alarm WHERE name=?1");
    for (uint32_t room = 0; rows != NULL && room < STORY_ALARMS; room++) {
        char name[SITE_ALARM_NAME_SIZE];
        story_alarm_name(NULL, room, name);
        (void)sqlite3_bind_text(rows, 1, name, -1, SQLITE_STATIC);
        uint32_t found =
            sqlite3_step(rows) == SQLITE_ROW ? (uint32_t)sqlite3_column_int64(rows, 0) : 0;
        (void)sqlite3_reset(rows);
        findings->states += found != newest[room] || found < ledger->alarm_number[room];
    }
    findings->states += rows == NULL;
    (void)sqlite3_finalize(rows);
}

/* Every early event that was recorded as such is still known as one. */
static void story_check_links(const struct story_ledger *ledger, sqlite3 *db,
                              struct story_findings *findings) {
    sqlite3_stmt *rows = story_ask(db, "SELECT n FROM first_sent WHERE seq=?1");
    for (uint64_t seq = 1; rows != NULL && seq <= ledger->newest_seq; seq++) {
        if (ledger->told[seq].early == 0) {
            continue;
        }
        (void)sqlite3_bind_int64(rows, 1, (sqlite3_int64)seq);
        findings->unlinked += sqlite3_step(rows) != SQLITE_ROW ||
                              (uint64_t)sqlite3_column_int64(rows, 0) != ledger->told[seq].early;
        (void)sqlite3_reset(rows);
    }
    findings->unlinked += rows == NULL;
    (void)sqlite3_finalize(rows);
}

uint64_t story_check(const struct story_ledger *ledger, const char *directory,
                     struct story_findings *findings) {
    char path[600];
    struct journal_conf conf = story_conf(directory);
    struct journal *journal;
    sqlite3 *db;
    uint64_t count = 0;
    int r = journal_new(&conf, &journal);
    assert(r == 0);
    findings->refused += !journal_is_recording(journal) || journal_was_damaged(journal);
    findings->reused += strtoumax(journal_boot(journal), NULL, 10) <= ledger->boot;
    findings->confirmed +=
        journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ALARM) < ledger->confirmed;
    (void)journal_free(journal);
    (void)snprintf(path, sizeof path, "%s/journal.db", directory);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        count = story_check_events(ledger, db, findings);
        story_check_states(ledger, db, findings);
        story_check_links(ledger, db, findings);
    } else {
        findings->refused++;
    }
    (void)sqlite3_close(db);
    return count;
}

uint32_t story_findings_sum(const struct story_findings *findings) {
    return findings->refused + findings->lost + findings->gaps + findings->broken +
           findings->reused + findings->states + findings->confirmed + findings->unlinked;
}
