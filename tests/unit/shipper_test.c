/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The shipper against an HTTP server that takes lines, refuses them, is slow or away, as the test
 * wants it.
 */

#include <curl/curl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/uplink/database/depot.h"
#include "gateway/uplink/database/gzip.h"
#include "gateway/uplink/database/shipper.h"
#include "tests/support/cmocka.h"

enum { LINES_MAX = 20000, PATIENCE_S = 30, PATH_SIZE = 128, STATUSES_MAX = 16, HELD_MAX = 4 };

struct scene {
    char directory[PATH_SIZE];
    struct event_base *base;
    struct evhttp *server;
    uint16_t port;
    char url[64], token[PATH_SIZE + 16];
    struct shipper_conf conf;
    struct shipper *shipper;
    /* the database */
    int statuses[STATUSES_MAX]; /* of the next answers; 0: what it thinks of the lines */
    unsigned status_next;
    const char *retry_after;
    size_t bytes_max; /* that it takes at once; 0: any */
    bool hold;        /* answers nothing until scene_release() */
    struct evhttp_request *held[HELD_MAX];
    unsigned held_count;
    unsigned requests;
    uint64_t called_ns, refused_ns; /* the last time */
    char uri[256], authorization[128];
    unsigned times[LINES_MAX]; /* how often line n was taken */
    unsigned order[LINES_MAX]; /* the lines in the order they were taken first */
    unsigned taken;
    uint64_t wanted; /* lines that a test waits for */
};

/* ---- a disk that hangs, and what is logged of lines that are lost ---- */

static atomic_bool depot_gate, depot_waits;
static atomic_uint lost_told;
static char lost_text[1024];

bool __real_depot_keep(struct depot *depot, const char *text, size_t size, uint32_t lines,
                       struct spool_place *ret_place);
bool __wrap_depot_keep(struct depot *depot, const char *text, size_t size, uint32_t lines,
                       struct spool_place *ret_place);
void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

bool __wrap_depot_keep(struct depot *depot, const char *text, size_t size, uint32_t lines,
                       struct spool_place *ret_place) {
    while (atomic_load(&depot_gate)) {
        atomic_store(&depot_waits, true);
        sched_yield();
    }
    return __real_depot_keep(depot, text, size, lines, ret_place);
}

/* Only the first is kept: it is told once a minute. */
void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...) {
    (void)level;
    if (strcmp(event, "values_lost") == 0 && atomic_load(&lost_told) == 0) {
        va_list arguments;
        va_start(arguments, fields);
        (void)vsnprintf(lost_text, sizeof lost_text, fields, arguments);
        va_end(arguments);
    }
    if (strcmp(event, "values_lost") == 0) {
        atomic_fetch_add(&lost_told, 1);
    }
}

/* The number of a line, its first field; one with `bad` in it is refused. */
static unsigned number_of(const char *line) {
    const char *at = strchr(line, ' ');
    assert_non_null(at);
    unsigned long number = strtoul(strchr(at, '=') + 1, NULL, 10);
    assert_true(number < LINES_MAX);
    return (unsigned)number;
}

static int database_judge(struct scene *scene, char *text) {
    char *rest = NULL;
    if (scene->bytes_max > 0 && strlen(text) > scene->bytes_max) {
        return HTTP_ENTITYTOOLARGE;
    }
    if (strstr(text, "bad") != NULL) {
        return HTTP_BADREQUEST;
    }
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        unsigned number = number_of(line);
        if (scene->times[number]++ == 0) {
            scene->order[scene->taken++] = number;
        }
    }
    return HTTP_NOCONTENT;
}

static void database_answer(struct scene *scene, struct evhttp_request *request) {
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(body);
    char *text;
    size_t text_size;
    int status = scene->statuses[scene->status_next];
    if (status != 0) {
        scene->status_next++;
        scene->refused_ns = clock_real_ns();
        if (scene->retry_after != NULL) {
            assert_int_equal(evhttp_add_header(evhttp_request_get_output_headers(request),
                                               "Retry-After", scene->retry_after),
                             0);
        }
    } else {
        assert_int_equal(gzip_unpack(evbuffer_pullup(body, -1), size, 1 << 24, &text, &text_size),
                         0);
        status = database_judge(scene, text);
        free(text);
    }
    evhttp_send_reply(request, status, "so", NULL);
}

static void database_called(struct evhttp_request *request, void *context) {
    struct scene *scene = context;
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    const char *encoding = evhttp_find_header(headers, "Content-Encoding");
    const char *authorization = evhttp_find_header(headers, "Authorization");
    assert_non_null(encoding);
    assert_string_equal(encoding, "gzip");
    scene->requests++;
    scene->called_ns = clock_real_ns();
    (void)snprintf(scene->uri, sizeof scene->uri, "%s", evhttp_request_get_uri(request));
    (void)snprintf(scene->authorization, sizeof scene->authorization, "%s",
                   authorization != NULL ? authorization : "");
    if (scene->hold) {
        assert_true(scene->held_count < HELD_MAX);
        scene->held[scene->held_count++] = request;
        return;
    }
    database_answer(scene, request);
}

static void scene_release(struct scene *scene) {
    scene->hold = false;
    for (unsigned i = 0; i < scene->held_count; i++) {
        database_answer(scene, scene->held[i]);
    }
    scene->held_count = 0;
}

static void database_start(struct scene *scene) {
    scene->server = evhttp_new(scene->base);
    assert_non_null(scene->server);
    evhttp_set_max_body_size(scene->server, 1 << 24);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(scene->server, "127.0.0.1", scene->port);
    assert_non_null(bound);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    assert_int_equal(
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size), 0);
    evhttp_set_gencb(scene->server, database_called, scene);
    if (scene->port == 0) { /* later ones have the port of the first: the thread knows it */
        scene->port = ntohs(address.sin_port);
        (void)snprintf(scene->url, sizeof scene->url, "http://127.0.0.1:%u/", scene->port);
    }
}

static void database_stop(struct scene *scene) {
    evhttp_free(scene->server);
    scene->server = NULL;
}

static void shipper_start_again(struct scene *scene) {
    assert_int_equal(shipper_new(&scene->conf, &scene->shipper), 0);
}

static int scene_begin(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    atomic_store(&depot_waits, false);
    atomic_store(&lost_told, 0);
    (void)snprintf(scene->directory, sizeof scene->directory, "/tmp/shipper.XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    scene->base = event_base_new();
    database_start(scene);
    scene->conf = (struct shipper_conf){
        .target = {.url = scene->url,
                   .database = "tocsin",
                   .org = "",
                   .bucket = "",
                   .token_file = "",
                   .user = "",
                   .password_file = "",
                   .ca = "",
                   .limit_ms = 10000},
        .source = {.site = "s", .gateway = "g"},
        .directory = scene->directory,
        .state_directory = scene->directory,
        .spool_size = SPOOL_SIZE_MIN,
        .slow_ms = 1000,
        .retry_ms_min = 5,
        .retry_ms_max = 10,
        .stop_ms = 5000,
        .seed = 1,
    };
    *state = scene;
    return 0;
}

static int scene_end(void **state) {
    struct scene *scene = *state;
    char command[2 * PATH_SIZE];
    scene->shipper = shipper_free(scene->shipper);
    if (scene->server != NULL) {
        database_stop(scene);
    }
    event_base_free(scene->base);
    (void)snprintf(command, sizeof command, "rm -r %s", scene->directory);
    assert_int_equal(system(command), 0);
    free(scene);
    return 0;
}

static struct shipper_stats stats_of(const struct scene *scene) {
    struct shipper_stats stats;
    shipper_stats(scene->shipper, &stats);
    return stats;
}

/* Run the database until something is so. */
static void scene_until(struct scene *scene, bool (*so)(struct scene *scene)) {
    uint64_t limit_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (!so(scene)) {
        const struct timeval pause = {.tv_usec = 1000};
        assert_true(clock_real_ns() < limit_ns);
        (void)event_base_loopexit(scene->base, &pause);
        (void)event_base_dispatch(scene->base);
    }
}

/* Hand over the lines first … first + count - 1 as one batch; those of `bad` are refused. */
static void hand(struct scene *scene, unsigned first, unsigned count, bool (*bad)(unsigned line)) {
    char *text = malloc(count * 64);
    size_t size = 0;
    for (unsigned i = first; i < first + count; i++) {
        size += (size_t)sprintf(text + size, "%s,place=room n=%ui 1763770000000000000\n",
                                bad != NULL && bad(i) ? "bad" : "smoke", i);
    }
    shipper_hand(scene->shipper, text, size, count);
}

static void taken_once(const struct scene *scene, unsigned first, unsigned count) {
    for (unsigned i = first; i < first + count; i++) {
        assert_int_equal(scene->times[i], 1);
    }
}

static bool is_written(struct scene *scene) {
    struct shipper_stats stats = stats_of(scene);
    return stats.lines_written + stats.lines_refused + stats.lines_lost >= scene->wanted &&
           stats.handed == 0 && stats.spool.lines == 0;
}

/* Run the database until `lines` in all are written, refused or lost, and nothing waits. */
static void scene_until_written(struct scene *scene, uint64_t lines) {
    scene->wanted = lines;
    scene_until(scene, is_written);
}

static void lines_are_written_and_counted(void **state) {
    struct scene *scene = *state;
    shipper_start_again(scene);
    hand(scene, 0, 5000, NULL);
    scene_until_written(scene, 5000);
    taken_once(scene, 0, 5000);
    assert_int_equal(stats_of(scene).lines_written, 5000);
    assert_int_equal(stats_of(scene).requests, 1);
    assert_string_equal(scene->uri, "/write?db=tocsin&precision=ns");
    assert_string_equal(scene->authorization, "");
}

static bool failed_twice(struct scene *scene) {
    return stats_of(scene).failures >= 2;
}

static void version_two_is_written_with_a_token_that_may_come_later(void **state) {
    struct scene *scene = *state;
    (void)snprintf(scene->token, sizeof scene->token, "%s/token", scene->directory);
    scene->conf.target.database = "";
    scene->conf.target.org = "city & care";
    scene->conf.target.bucket = "rooms";
    scene->conf.target.token_file = scene->token;
    scene->conf.target.unit = LINE_MS;
    shipper_start_again(scene);
    hand(scene, 0, 10, NULL);
    scene_until(scene, failed_twice);
    assert_int_equal(scene->requests, 0);
    FILE *file = fopen(scene->token, "w");
    assert_non_null(file);
    assert_true(fputs("a-token\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    scene_until_written(scene, 10);
    taken_once(scene, 0, 10);
    assert_string_equal(scene->uri,
                        "/api/v2/write?org=city%20%26%20care&bucket=rooms&precision=ms");
    assert_string_equal(scene->authorization, "Token a-token");
}

static void a_name_and_a_password_go_as_basic(void **state) {
    struct scene *scene = *state;
    scene->conf.target.user = "gateway";
    shipper_start_again(scene);
    hand(scene, 0, 1, NULL);
    scene_until_written(scene, 1);
    assert_string_equal(scene->authorization, "Basic Z2F0ZXdheTo=");
}

static void whatever_it_answers_nothing_is_lost(void **state) {
    struct scene *scene = *state;
    static const int statuses[] = {301, 401, 403, 404, 408, 429, 500, 502, 503, 504};
    for (unsigned i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        scene->statuses[i] = statuses[i];
    }
    shipper_start_again(scene);
    hand(scene, 0, 100, NULL);
    scene_until_written(scene, 100);
    taken_once(scene, 0, 100);
    assert_int_equal(stats_of(scene).failures, sizeof statuses / sizeof *statuses);
    assert_int_equal(stats_of(scene).lines_written, 100);
    assert_int_equal(stats_of(scene).lines_refused, 0);
}

static void it_is_left_alone_for_as_long_as_it_asks(void **state) {
    struct scene *scene = *state;
    scene->statuses[0] = 503;
    scene->retry_after = "2";
    shipper_start_again(scene);
    hand(scene, 0, 1, NULL);
    scene_until_written(scene, 1);
    assert_int_equal(scene->requests, 2);
    /* By the database's own clock, however late we look; a timer counts from when its loop last woke up. */
    assert_true(scene->called_ns - scene->refused_ns >= 1900 * NS_PER_MS);
}

static bool mailbox_has_room(struct scene *scene) {
    return stats_of(scene).handed < HANDED_MAX / 2;
}

static bool all_on_disk(struct scene *scene) {
    struct shipper_stats stats = stats_of(scene);
    return stats.handed == 0 && stats.spool.lines >= 2000;
}

static void what_waits_while_it_is_away_is_written_in_order_when_it_is_back(void **state) {
    struct scene *scene = *state;
    database_stop(scene);
    shipper_start_again(scene);
    for (unsigned i = 0; i < 20; i++) {
        scene_until(scene, mailbox_has_room);
        hand(scene, 100 * i, 100, NULL);
    }
    scene_until(scene, all_on_disk);
    database_start(scene);
    scene_until_written(scene, 2000);
    taken_once(scene, 0, 2000);
    for (unsigned i = 0; i < 2000; i++) {
        assert_int_equal(scene->order[i], i);
    }
    assert_int_equal(stats_of(scene).lines_lost, 0);
}

static bool some_of_the_backlog_is_back(struct scene *scene) {
    return scene->taken > 0;
}

static void new_lines_do_not_wait_for_the_backlog(void **state) {
    struct scene *scene = *state;
    database_stop(scene);
    shipper_start_again(scene);
    hand(scene, 0, 1, NULL);
    scene_until(scene, failed_twice);
    for (unsigned i = 1; i < 2000; i++) {
        scene_until(scene, mailbox_has_room);
        hand(scene, i, 1, NULL);
    }
    scene_until(scene, all_on_disk);
    database_start(scene);
    scene_until(scene, some_of_the_backlog_is_back);
    hand(scene, 10000, 1, NULL);
    scene_until_written(scene, 2001);
    unsigned place = 0;
    while (scene->order[place] != 10000) {
        place++;
    }
    assert_true(place < 1900);
    taken_once(scene, 0, 2000);
}

static bool is_4321(unsigned line) {
    return line == 4321;
}

static size_t file_size(const struct scene *scene, const char *name) {
    char path[PATH_SIZE + 32];
    struct stat found;
    (void)snprintf(path, sizeof path, "%s/%s", scene->directory, name);
    return stat(path, &found) == 0 ? (size_t)found.st_size : 0;
}

static void one_bad_line_is_quarantined_and_all_others_are_written(void **state) {
    struct scene *scene = *state;
    char path[PATH_SIZE + 32];
    char text[512];
    shipper_start_again(scene);
    hand(scene, 0, 5000, is_4321);
    scene_until_written(scene, 5000);
    taken_once(scene, 0, 4321);
    taken_once(scene, 4322, 5000 - 4322);
    assert_int_equal(scene->times[4321], 0);
    assert_int_equal(stats_of(scene).lines_refused, 1);
    assert_int_equal(stats_of(scene).lines_written, 4999);
    (void)snprintf(path, sizeof path, "%s/refused.lines", scene->directory);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_non_null(strstr(text, "Z status 400"));
    assert_non_null(fgets(text, sizeof text, file));
    assert_string_equal(text, "bad,place=room n=4321i 1763770000000000000\n");
    assert_null(fgets(text, sizeof text, file));
    assert_int_equal(fclose(file), 0);
}

static bool always(unsigned line) {
    (void)line;
    return true;
}

static void a_place_that_refuses_everything_empties_nothing_into_the_quarantine(void **state) {
    struct scene *scene = *state;
    shipper_start_again(scene);
    hand(scene, 0, 5000, always);
    scene_until(scene, failed_twice);
    assert_int_equal(file_size(scene, "refused.lines"), 0);
    assert_int_equal(stats_of(scene).lines_refused, 0);
    assert_int_equal(stats_of(scene).spool.lines, 5000);
}

static void what_is_too_large_goes_in_parts_and_later_ones_too(void **state) {
    struct scene *scene = *state;
    scene->bytes_max = 50000;
    shipper_start_again(scene);
    hand(scene, 0, 5000, NULL);
    scene_until_written(scene, 5000);
    taken_once(scene, 0, 5000);
    unsigned before = scene->requests;
    hand(scene, 5000, 5000, NULL);
    scene_until_written(scene, 10000);
    taken_once(scene, 5000, 5000);
    assert_true(scene->requests - before <= 16);
}

static bool is_held_and_on_disk(struct scene *scene) {
    struct shipper_stats stats = stats_of(scene);
    return scene->held_count > 0 && stats.spool.lines == 20 && stats.handed == 0;
}

static void what_it_is_slow_to_take_is_on_the_disk_meanwhile(void **state) {
    struct scene *scene = *state;
    scene->hold = true;
    scene->conf.slow_ms = 20;
    shipper_start_again(scene);
    hand(scene, 0, 10, NULL);
    hand(scene, 10, 10, NULL);
    scene_until(scene, is_held_and_on_disk);
    scene_release(scene);
    scene_until_written(scene, 20);
    taken_once(scene, 0, 20);
}

static void a_page_for_people_is_no_receipt(void **state) {
    struct scene *scene = *state;
    scene->statuses[0] = HTTP_OK;
    shipper_start_again(scene);
    hand(scene, 0, 10, NULL);
    scene_until_written(scene, 10);
    taken_once(scene, 0, 10);
    assert_int_equal(scene->requests, 2);
}

static void what_is_under_way_at_the_end_goes_with_the_next_life(void **state) {
    struct scene *scene = *state;
    scene->hold = true;
    scene->conf.stop_ms = 1;
    shipper_start_again(scene);
    hand(scene, 0, 10, NULL);
    hand(scene, 10, 10, NULL);
    hand(scene, 20, 10, NULL);
    scene->shipper = shipper_free(scene->shipper);
    database_stop(scene);
    scene->held_count = 0;
    scene->hold = false;
    database_start(scene);
    shipper_start_again(scene);
    scene_until_written(scene, 30);
    for (unsigned i = 0; i < 30; i++) {
        assert_true(scene->times[i] >= 1);
    }
    assert_int_equal(stats_of(scene).lines_lost, 0);
}

static void an_end_waits_for_what_the_database_takes_at_once(void **state) {
    struct scene *scene = *state;
    shipper_start_again(scene);
    hand(scene, 0, 10, NULL);
    scene_until_written(scene, 10);
    scene->shipper = shipper_free(scene->shipper);
    assert_int_equal(file_size(scene, "spool/0000000001.lines"), 0);
}

static bool mailbox_is_full(struct scene *scene) {
    return stats_of(scene).handed == HANDED_MAX;
}

static void without_a_disk_the_newest_batches_wait_in_memory_and_the_rest_is_counted(void **state) {
    struct scene *scene = *state;
    database_stop(scene);
    scene->conf.directory = "/proc/nothing";
    shipper_start_again(scene);
    for (unsigned i = 0; i < 100; i++) {
        hand(scene, 10 * i, 10, NULL);
    }
    scene_until(scene, mailbox_is_full);
    database_start(scene);
    scene_until_written(scene, 1000);
    struct shipper_stats stats = stats_of(scene);
    assert_int_equal(stats.lines_written + stats.lines_lost, 1000);
    assert_true(stats.lines_written >= 10 * (HANDED_MAX - 1));
    taken_once(scene, 1000 - 10 * (HANDED_MAX - 1), 10 * (HANDED_MAX - 1));
    assert_int_equal(lost_told, 1);
    assert_non_null(strstr(lost_text, "directory=\"/proc/nothing\""));
}

static bool disk_hangs(struct scene *scene) {
    (void)scene;
    return atomic_load(&depot_waits);
}

/* The thread, which the disk has, cannot say so. */
static void a_disk_that_hangs_is_told_with_the_first_value_that_is_lost_by_it(void **state) {
    struct scene *scene = *state;
    database_stop(scene);
    shipper_start_again(scene);
    atomic_store(&depot_gate, true);
    hand(scene, 0, 10, NULL);
    scene_until(scene, disk_hangs);
    for (unsigned i = 1; i <= HANDED_MAX; i++) {
        hand(scene, 10 * i, 10, NULL);
    }
    assert_int_equal(lost_told, 0);
    assert_int_equal(stats_of(scene).lines_lost, 0);
    hand(scene, 10 * (HANDED_MAX + 1), 10, NULL);
    hand(scene, 10 * (HANDED_MAX + 2), 10, NULL);
    assert_int_equal(lost_told, 1);
    assert_non_null(strstr(lost_text, scene->conf.directory));
    assert_non_null(strstr(lost_text, "lost=10 "));
    assert_int_equal(stats_of(scene).lines_lost, 20);
    atomic_store(&depot_gate, false);
    database_start(scene);
    scene_until_written(scene, 10 * (HANDED_MAX + 3));
    taken_once(scene, 0, 10);
    taken_once(scene, 30, 10 * HANDED_MAX);
}

/* A journal with events 1 … count; the third is none. */
static void journal_write(const struct scene *scene, unsigned count) {
    char path[PATH_SIZE + 16];
    sqlite3 *db;
    (void)snprintf(path, sizeof path, "%s/journal.db", scene->directory);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "BEGIN;"
            "CREATE TABLE event(seq INTEGER PRIMARY KEY, lane, at_wall, type, alarm, place, point, body);"
            "CREATE TABLE first_sent(seq INTEGER PRIMARY KEY, n)",
            NULL, NULL, NULL),
        SQLITE_OK);
    for (unsigned i = 1; i <= count; i++) {
        char *sql = sqlite3_mprintf(
            "INSERT INTO event VALUES(%u, 0, %lld, 'alarm.raised', 'rule/x', NULL, NULL, %Q)", i,
            1763770000000000000 + i,
            i == 3 ? "{" : "{\"subject\":\"n=5\",\"data\":{\"rule\":\"rule\"}}");
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_free(sql);
    }
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static bool events_are_confirmed(struct scene *scene) {
    return stats_of(scene).events_confirmed == scene->wanted;
}

static void events_are_written_after_the_last_that_is_confirmed_and_confirmed(void **state) {
    struct scene *scene = *state;
    journal_write(scene, 1200);
    scene->statuses[0] = 503;
    shipper_start_again(scene);
    shipper_journal(scene->shipper, 1200);
    shipper_welcome(scene->shipper, 1200, 10);
    scene->wanted = 1200;
    scene_until(scene, events_are_confirmed);
    taken_once(scene, 11, 1190);
    assert_int_equal(scene->times[10], 0);
    assert_int_equal(stats_of(scene).events_written, 1190);
    assert_int_equal(stats_of(scene).lines_written, 0);
}

static bool wanted_is_on_disk(struct scene *scene) {
    return stats_of(scene).spool.lines == scene->wanted;
}

static bool is_held_alone(struct scene *scene) {
    return scene->held_count == 1;
}

/* The first request is one of events: new lines cannot show that the database is well, and must not wait for it. */
static void what_waits_behind_slow_events_is_on_the_disk_meanwhile(void **state) {
    struct scene *scene = *state;
    scene->hold = true;
    scene->conf.slow_ms = 20;
    journal_write(scene, 3);
    shipper_start_again(scene);
    shipper_welcome(scene->shipper, 3, 0);
    scene_until(scene, is_held_alone);
    for (unsigned i = 0; i < HANDED_MAX + 2; i++) {
        hand(scene, 100 + 2 * i, 2, NULL);
        scene->wanted = 2 * (i + 1);
        scene_until(scene, wanted_is_on_disk);
    }
    scene_release(scene);
    scene_until_written(scene, 2 * (HANDED_MAX + 2));
    taken_once(scene, 100, 2 * (HANDED_MAX + 2));
    assert_int_equal(stats_of(scene).lines_lost, 0);
}

static void a_row_that_is_no_event_holds_up_none_behind_it(void **state) {
    struct scene *scene = *state;
    journal_write(scene, 4);
    shipper_start_again(scene);
    shipper_welcome(scene->shipper, 3, 2);
    scene->wanted = 3;
    scene_until(scene, events_are_confirmed);
    shipper_journal(scene->shipper, 4);
    scene->wanted = 4;
    scene_until(scene, events_are_confirmed);
    assert_int_equal(scene->times[3], 0);
    assert_int_equal(scene->times[4], 1);
}

static void an_engine_that_knows_less_counts_only_with_another_journal(void **state) {
    struct scene *scene = *state;
    journal_write(scene, 20);
    shipper_start_again(scene);
    shipper_welcome(scene->shipper, 20, 10);
    scene->wanted = 20;
    scene_until(scene, events_are_confirmed);
    shipper_welcome(scene->shipper, 20, 5);
    hand(scene, 100, 1, NULL);
    scene_until_written(scene, 1);
    assert_int_equal(scene->times[6], 0);
    shipper_welcome(scene->shipper, 18, 15);
    scene->wanted = 18;
    scene_until(scene, events_are_confirmed);
    assert_int_equal(scene->times[16], 2);
    assert_int_equal(scene->times[19], 1);
}

static bool events_are_written_again(struct scene *scene) {
    return !stats_of(scene).again && stats_of(scene).events_confirmed == scene->wanted;
}

/* The database has forgotten; what is new meanwhile is written once. */
static void events_are_written_once_more_when_somebody_asks(void **state) {
    struct scene *scene = *state;
    journal_write(scene, 1300);
    shipper_start_again(scene);
    shipper_again(scene->shipper, 1199,
                  (struct wall){INT64_MIN}); /* before it knows of a journal */
    assert_true(stats_of(scene).again);
    shipper_welcome(scene->shipper, 1200, 10);
    scene->wanted = 1200;
    scene_until(scene, events_are_written_again);
    taken_once(scene, 11, 1190);
    shipper_again(scene->shipper, 999, (struct wall){INT64_MIN});
    shipper_welcome(scene->shipper, 1200, 1200); /* an engine that comes back does not end it */
    scene_until(scene, events_are_written_again);
    shipper_journal(scene->shipper, 1300);
    scene->wanted = 1300;
    scene_until(scene, events_are_confirmed);
    for (unsigned seq = 11; seq <= 1300; seq++) {
        assert_int_equal(scene->times[seq], seq >= 1000 && seq <= 1200 ? 2 : 1);
    }
}

/* Event i is i nanoseconds after a certain moment. */
static void events_are_written_once_more_from_a_time_on(void **state) {
    struct scene *scene = *state;
    journal_write(scene, 1300);
    shipper_start_again(scene);
    shipper_welcome(scene->shipper, 1200, 10);
    scene->wanted = 1200;
    scene_until(scene, events_are_confirmed);
    shipper_again(scene->shipper, 0, (struct wall){1763770000000000000 + 1150});
    scene_until(scene, events_are_written_again);
    shipper_again(scene->shipper, 0,
                  (struct wall){INT64_MAX}); /* none is that late, and none is lost */
    shipper_journal(scene->shipper, 1300);
    scene->wanted = 1300;
    scene_until(scene, events_are_written_again);
    for (unsigned seq = 11; seq <= 1300; seq++) {
        assert_int_equal(scene->times[seq], seq >= 1150 && seq <= 1200 ? 2 : 1);
    }
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(lines_are_written_and_counted),
        STORY(version_two_is_written_with_a_token_that_may_come_later),
        STORY(a_name_and_a_password_go_as_basic),
        STORY(whatever_it_answers_nothing_is_lost),
        STORY(it_is_left_alone_for_as_long_as_it_asks),
        STORY(what_waits_while_it_is_away_is_written_in_order_when_it_is_back),
        STORY(new_lines_do_not_wait_for_the_backlog),
        STORY(one_bad_line_is_quarantined_and_all_others_are_written),
        STORY(a_place_that_refuses_everything_empties_nothing_into_the_quarantine),
        STORY(what_is_too_large_goes_in_parts_and_later_ones_too),
        STORY(what_it_is_slow_to_take_is_on_the_disk_meanwhile),
        STORY(what_waits_behind_slow_events_is_on_the_disk_meanwhile),
        STORY(a_page_for_people_is_no_receipt),
        STORY(what_is_under_way_at_the_end_goes_with_the_next_life),
        STORY(an_end_waits_for_what_the_database_takes_at_once),
        STORY(without_a_disk_the_newest_batches_wait_in_memory_and_the_rest_is_counted),
        STORY(a_disk_that_hangs_is_told_with_the_first_value_that_is_lost_by_it),
        STORY(events_are_written_after_the_last_that_is_confirmed_and_confirmed),
        STORY(a_row_that_is_no_event_holds_up_none_behind_it),
        STORY(an_engine_that_knows_less_counts_only_with_another_journal),
        STORY(events_are_written_once_more_when_somebody_asks),
        STORY(events_are_written_once_more_from_a_time_on),
    };
    assert_int_equal(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failures;
}
