/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: what somebody says to the console
 *
 * The first byte says whether the client comes over the console's own socket, or is one whom a cookie or a
 * token makes known, as over HTTPS. The others are what it sends: requests with paths, queries, headers and
 * bodies, several on a line, cut off anywhere. The console has no engine to send commands to, but tables
 * as one tells them, so that every answer runs; it may refuse whatever it likes, but each answer begins as one,
 * none says that it is the console's own fault, and when the client is gone nothing of it is left.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/http.h>

#include "gateway/clock.h"
#include "gateway/console/api.h"
#include "gateway/console/console.h"
#include "gateway/console/listener.h"
#include "gateway/journal/journal_store.h"
#include "tests/support/console_site.h"

/* More than a request may have, so that its end is looked for as well. */
enum { INPUT_MAX = 3 * CONSOLE_HEADERS_MAX, TURNS_MAX = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/tocsin-fuzz.XXXXXX";
/* Where a client comes in. */
enum { WAY_LOCAL, WAY_DOOR, WAY_COUNT };
static char paths[WAY_COUNT][64];
static struct evhttp *door;
static struct process process;
static struct console console;

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static void fuzz_tell(const void *message) {
    view_receive(&console.view, message, clock_real_ns());
}

/* The engine says one thing of each kind; it is called for every input, so that it is never silent. */
static void fuzz_fill(void) {
    const struct wire_welcome welcome = {.boot = "17", .newest_seq = 3};
    const struct wire_alarm_state alarm = {
        .header = wire_header_of(WIRE_ALARM_STATE, sizeof alarm),
        .alarm = CONSOLE_SITE_CALL,
        .record = {.axes = {.active = true, .open = true}, .raised = {1795331820123000000}},
        .value = 1,
    };
    const struct wire_alarm_state end = {.header = wire_header_of(WIRE_ALARM_STATE, sizeof end),
                                         .snapshot = 2};
    const struct wire_point_values values = {
        .header = wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, 1)),
        .count = 1,
        .values = {{.point = CONSOLE_SITE_TEMPERATURE, .value = 21.5, .heard = {7}}},
    };
    const struct wire_components components = {
        .header = wire_header_of(WIRE_COMPONENTS, sizeof components), .journal_ok = 1};
    view_welcome(&console.view, &welcome, clock_real_ns());
    fuzz_tell(&alarm);
    fuzz_tell(&end);
    fuzz_tell(&values);
    fuzz_tell(&components);
}

static void fuzz_remove(void) {
    char command[128];
    evhttp_free(door);
    console_close(&console);
    event_base_free(process.base);
    (void)snprintf(command, sizeof command, "rm -rf %s", directory);
    (void)!system(command);
}

/* As the door does with those whose TLS it has taken off. */
static void fuzz_answer(struct evhttp_request *request, void *context) {
    (void)context;
    const struct asker asker = staff_asker(&console.staff, request);
    api_answer_as(request, &console, &asker);
}

static void fuzz_open_door(void) {
    int fd = -1;
    door = evhttp_new(process.base);
    check(door != NULL && listener_open(paths[WAY_DOOR], (gid_t)-1, &fd) == 0);
    check(evhttp_accept_socket(door, fd) == 0);
    evhttp_set_max_headers_size(door, CONSOLE_HEADERS_MAX);
    evhttp_set_max_body_size(door, CONSOLE_BODY_MAX);
    evhttp_set_gencb(door, fuzz_answer, NULL);
}

static void fuzz_open(void) {
    const struct journal_identity identity = {.site = "gulou-demo", .gateway = "main"};
    char reason[JOURNAL_REASON_SIZE];
    char journal_path[64];
    struct journal_store *store = NULL;
    (void)signal(SIGPIPE, SIG_IGN);
    check(mkdtemp(directory) != NULL);
    (void)snprintf(paths[WAY_LOCAL], sizeof paths[WAY_LOCAL], "%s/console.sock", directory);
    (void)snprintf(paths[WAY_DOOR], sizeof paths[WAY_DOOR], "%s/door.sock", directory);
    (void)snprintf(journal_path, sizeof journal_path, "%s/journal.db", directory);
    check(journal_store_open(journal_path, &identity, &store, reason) == 0);
    (void)journal_store_free(store, true);
    process = (struct process){
        .role = PROCESS_CONSOLE,
        .name = "console",
        .run_directory = directory,
        .console_socket = paths[WAY_LOCAL],
        .language = LANGUAGE_EN,
        .site = console_site(directory),
        .base = event_base_new(),
    };
    check(process.base != NULL && console_open(&console, &process) == 0);
    fuzz_open_door();
    (void)atexit(fuzz_remove);
}

static int fuzz_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

static void fuzz_turn(void) {
    (void)event_base_loop(process.base, EVLOOP_NONBLOCK);
}

/* What comes back, as far as it is looked at. */
struct answer {
    char start[4096];
    size_t size;
};

/* Take what is there; false at the end. */
static bool fuzz_take(int fd, struct answer *answer) {
    static char more[65536];
    ssize_t got = recv(fd, more, sizeof more, MSG_DONTWAIT);
    size_t room = sizeof answer->start - 1 - answer->size;
    size_t kept = got <= 0 ? 0 : (size_t)got < room ? (size_t)got : room;
    memcpy(answer->start + answer->size, more, kept);
    answer->size += kept;
    return got > 0 || (got < 0 && errno == EAGAIN);
}

static void fuzz_check(const struct answer *answer) {
    int status = 0;
    if (answer->size == 0) {
        return; /* it waits for more, or the line was cut */
    }
    check(sscanf(answer->start, "HTTP/%*d.%*d %d", &status) == 1);
    check(status >= 100 && status <= 599 && status != 500);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static bool is_open;
    struct answer answer = {.size = 0};
    if (size == 0 || size > INPUT_MAX) {
        return 0;
    }
    if (!is_open) {
        is_open = true;
        fuzz_open();
    }
    fuzz_fill();
    int fd = fuzz_connect(paths[data[0] % WAY_COUNT]);
    fuzz_turn(); /* it is accepted */
    check(send(fd, data + 1, size - 1, MSG_NOSIGNAL) == (ssize_t)size - 1);
    fuzz_turn();
    (void)fuzz_take(fd, &answer);
    (void)shutdown(fd, SHUT_WR);
    for (int turn = 0; turn < TURNS_MAX && fuzz_take(fd, &answer); turn++) {
        fuzz_turn();
    }
    (void)close(fd);
    for (int turn = 0; turn < TURNS_MAX && console.streams.count > 0; turn++) {
        fuzz_turn();
    }
    fuzz_check(&answer);
    check(console.streams.count == 0 && console.orders.waiting == 0);
    return 0;
}
