/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_columns.h"
#include "gateway/journal/journal_ledger.h"
#include "tests/support/cmocka.h"

#define ID     "{\"specversion\":\"1.0\",\"id\":\"gulou-demo.main.17.4201\""
#define SOURCE ",\"source\":\"/tocsin/gulou-demo/main\""
#define TIME   ",\"time\":\"2026-11-22T07:17:00.123Z\",\"sequence\":4201"
#define OF(type, subject)                                                                          \
    ID SOURCE ",\"type\":\"tocsin." type "\",\"subject\":\"" subject "\"" TIME ",\"data\":"

#define BUTTON "care/day-care/button-1"
#define CALLED                                                                                     \
    "{\"rule\":\"call\",\"class\":\"call\",\"place\":\"care/day-care\",\"state\":{\"active\":true},"
#define TEXTS "\"text\":{\"zh\":\"\\\"place\\\":\",\"en\":\"{place}, [\"},"

/* What is said of one column: "-" nothing, "NULL", or a text. */
static const struct {
    const char *body;
    const char *boot, *seq, *time, *type, *lane, *alarm, *place, *point;
} rows[] = {
    {OF("alarm.raised", BUTTON) CALLED TEXTS "\"actor\":null}}", "17", "4201",
     "2026-11-22T07:17:00.123Z", "alarm.raised", "0", "call/" BUTTON, "care/day-care", BUTTON},
    /* About a place, the gateway, a device: which point decided is not said. */
    {OF("alarm.raised",
        "care/day-care") "{\"rule\":\"full\",\"place\":\"care/day-care\",\"actor\":null}}",
     "17", "4201", "2026-11-22T07:17:00.123Z", "alarm.raised", "0", "full/care/day-care",
     "care/day-care", "-"},
    {OF("alarm.raised", "gateway") "{\"rule\":\"storage\",\"place\":null,\"actor\":null}}", "17",
     "4201", "2026-11-22T07:17:00.123Z", "alarm.raised", "0", "storage/gateway", "NULL", "-"},
    {OF("alarm.raised", "device/d1") "{\"rule\":\"lost\",\"place\":\"device\",\"actor\":null}}",
     "17", "4201", "2026-11-22T07:17:00.123Z", "alarm.raised", "0", "lost/device/d1", "device",
     "-"},
    /* What the site no longer has, and what somebody only says so of. */
    {OF("alarm.closed", BUTTON) CALLED "\"actor\":null,\"reason\":\"rule removed\"}}", "17", "4201",
     "2026-11-22T07:17:00.123Z", "alarm.closed", "0", "call/" BUTTON, "NULL", "NULL"},
    {OF("alarm.closed", BUTTON) CALLED "\"actor\":null,\"reason\":\"entity removed\"}}", "17",
     "4201", "2026-11-22T07:17:00.123Z", "alarm.closed", "0", "call/" BUTTON, "NULL", "NULL"},
    {OF("alarm.closed", BUTTON) CALLED "\"actor\":\"chen\",\"reason\":\"rule removed\"}}", "17",
     "4201", "2026-11-22T07:17:00.123Z", "alarm.closed", "0", "call/" BUTTON, "care/day-care",
     BUTTON},
    {OF("test.ended", "hall") "{\"place\":\"hall\",\"point\":null,\"reason\":\"place removed\"}}",
     "17", "4201", "2026-11-22T07:17:00.123Z", "test.ended", "1", "NULL", "NULL", "NULL"},
    {OF("test.ended", "hall") "{\"place\":\"hall\",\"point\":null}}", "17", "4201",
     "2026-11-22T07:17:00.123Z", "test.ended", "1", "NULL", "hall", "NULL"},
    {OF("access.granted",
        "hall/door") "{\"place\":\"hall\",\"point\":\"hall/door\",\"measured\":null}}",
     "17", "4201", "2026-11-22T07:17:00.123Z", "access.granted", "1", "NULL", "hall", "hall/door"},
    /* A type that there is not, a time that is null, texts with escapes, nothing at all. */
    {OF("alarm.raised2", BUTTON) CALLED "\"actor\":null}}", "17", "4201",
     "2026-11-22T07:17:00.123Z", "alarm.raised2", "-", "-", "-", "-"},
    {ID ",\"time\":null,\"data\":{\"place\":\"hall\"}}", "17", "4201", "-", "-", "-", "-", "-",
     "-"},
    {OF("access.granted", "hall/door") "{\"place\":\"h\\u0061ll\",\"point\":7}}", "17", "4201",
     "2026-11-22T07:17:00.123Z", "access.granted", "1", "NULL", "-", "-"},
    {OF("access.granted", "hall/door") "[{\"place\":\"hall\"}]}", "17", "4201",
     "2026-11-22T07:17:00.123Z", "access.granted", "1", "NULL", "-", "-"},
    {"{\"id\":\"4201\"}", "-", "-", "-", "-", "-", "-", "-", "-"},
    {"{}", "-", "-", "-", "-", "-", "-", "-", "-"},
};

enum { ROW_COUNT = sizeof rows / sizeof *rows };

static void says(size_t row, const struct journal_column *column, const char *expected) {
    char found[400];
    (void)snprintf(found, sizeof found, "%.*s", column->at != NULL ? (int)column->size : 4,
                   !column->said        ? "-"
                   : column->at != NULL ? column->at
                                        : "NULL");
    if (strcmp(column->said ? found : "-", expected) != 0) {
        fail_msg("row %zu says %s and not %s: %s", row, found, expected, rows[row].body);
    }
}

static void a_body_says_what_stands_in_the_columns_beside_it(void **state) {
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct journal_columns columns;
        if (!journal_columns_read(rows[i].body, strlen(rows[i].body), &columns)) {
            fail_msg("row %zu is not read: %s", i, rows[i].body);
        }
        const char lane[] = {columns.lane_said ? (char)('0' + columns.lane) : '-', '\0'};
        assert_string_equal(lane, rows[i].lane);
        says(i, &columns.boot, rows[i].boot);
        says(i, &columns.seq, rows[i].seq);
        says(i, &columns.time, rows[i].time);
        says(i, &columns.type, rows[i].type);
        says(i, &columns.alarm, rows[i].alarm);
        says(i, &columns.place, rows[i].place);
        says(i, &columns.point, rows[i].point);
    }
}

static void what_is_no_body_says_nothing(void **state) {
    static const char *const bodies[] = {
        "",
        "{",
        "}",
        "[]",
        "\"id\"",
        "null",
        "{\"id\"}",
        "{\"id\":}",
        "{\"id\":\"a.1.2\"",
        "{\"id\":\"a.1.2\",}",
        "{\"id\":\"a.1.2\"}}",
        "{\"id\":\"a.1.2\"} x",
        "{\"id\":\"a.1.2\\\"}",
        "{\"id\":\"a.1.2\",\"id\":\"a.1.3\"}",
        "{\"data\":{\"place\":\"a\",\"place\":\"b\"}}",
        "{\"data\":{\"place\" \"a\"}}",
        "{\"a\":[}",
        "{a:1}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct journal_columns columns;
        if (journal_columns_read(bodies[i], strlen(bodies[i]), &columns)) {
            fail_msg("it is read: %s", bodies[i]);
        }
    }
}

/* Each beginning in memory of its own, so that whoever reads on is caught at it. */
static void a_body_that_was_cut_off_anywhere_is_none(void **state) {
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        for (size_t size = 0; size < strlen(rows[i].body); size++) {
            struct journal_columns columns;
            char *cut = malloc(size + (size == 0));
            assert_non_null(cut);
            memcpy(cut, rows[i].body, size);
            assert_false(journal_columns_read(cut, size, &columns));
            free(cut);
        }
    }
}

/* ---- rows ---- */

#define ROW_OF(boot, wall, lane, type, alarm, place, point)                                        \
    "SELECT 4201," boot "," wall "," lane "," type "," alarm "," place "," point ",?1,x'00'"
#define WALL "1795331820123456789"

static void a_column_that_is_not_what_the_body_says_is_named(void **state) {
    static const struct {
        const char *sql, *wrong;
    } cases[] = {
        {ROW_OF("'17'", WALL, "0", "'alarm.raised'", "'call/" BUTTON "'", "'care/day-care'",
                "'" BUTTON "'"),
         ""},
        {"SELECT 4202,'17'," WALL ",0,'alarm.raised','call/" BUTTON "','care/day-care','" BUTTON
         "',?1,x'00'",
         "seq"},
        {ROW_OF("'18'", WALL, "0", "'alarm.raised'", "'call/" BUTTON "'", "'care/day-care'",
                "'" BUTTON "'"),
         "boot"},
        {ROW_OF("'17'", "1795331820124000000", "0", "'alarm.raised'", "'call/" BUTTON "'",
                "'care/day-care'", "'" BUTTON "'"),
         "at_wall"},
        {ROW_OF("'17'", WALL, "1", "'alarm.raised'", "'call/" BUTTON "'", "'care/day-care'",
                "'" BUTTON "'"),
         "lane"},
        {ROW_OF("'17'", WALL, "0", "'alarm.closed'", "'call/" BUTTON "'", "'care/day-care'",
                "'" BUTTON "'"),
         "type"},
        {ROW_OF("'17'", WALL, "0", "'alarm.raised'", "NULL", "'care/day-care'", "'" BUTTON "'"),
         "alarm"},
        {ROW_OF("'17'", WALL, "0", "'alarm.raised'", "'call/" BUTTON "'", "'care/day-carf'",
                "'" BUTTON "'"),
         "place"},
        {ROW_OF("'17'", WALL, "0", "'alarm.raised'", "'call/" BUTTON "'", "'care/day-care'",
                "NULL"),
         "point"},
        {ROW_OF("'17'", WALL, "0", "'alarm.raised'", "'call/" BUTTON "'",
                "CAST('care/day-care' AS BLOB)", "'" BUTTON "'"),
         "place"},
    };
    sqlite3 *db;
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sqlite3_stmt *row;
        assert_int_equal(sqlite3_prepare_v2(db, cases[i].sql, -1, &row, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_column_count(row), LEDGER_COLUMN_COUNT);
        assert_int_equal(sqlite3_bind_text(row, 1, rows[0].body, -1, SQLITE_STATIC), SQLITE_OK);
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        const char *wrong = journal_columns_wrong(row, 0);
        assert_string_equal(wrong != NULL ? wrong : "", cases[i].wrong);
        (void)sqlite3_finalize(row);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_says_what_stands_in_the_columns_beside_it),
        cmocka_unit_test(what_is_no_body_says_nothing),
        cmocka_unit_test(a_body_that_was_cut_off_anywhere_is_none),
        cmocka_unit_test(a_column_that_is_not_what_the_body_says_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
