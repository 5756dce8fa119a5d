/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How long a stream of who is signed in lasts, and that nothing is missed when it ends
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/http.h>

#include "gateway/clock.h"
#include "gateway/console/stream.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"

enum { DEADLINE_S = 60, HOUR_S = 3600, SEEN_SIZE = 8192 };

#define BEGIN_NS (7 * NS_PER_S)

struct stage {
    struct site site;
    struct view view;
    struct streams streams;
    struct event_base *base;
    struct evhttp *http;
    uint16_t port;
    /* Of the next that comes. */
    const char *id;
    uint64_t session_until_ns, after_seq, now_ns;
};

static void answer(struct evhttp_request *request, void *context) {
    struct stage *stage = context;
    streams_open(&stage->streams, request, stage->id, stage->session_until_ns, stage->after_seq,
                 stage->now_ns);
}

static int begin(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    assert_non_null(stage);
    stage->site = console_site("/nowhere");
    stage->now_ns = BEGIN_NS;
    assert_int_equal(view_init(&stage->view, &stage->site, stage->now_ns), 0);
    stage->view.heard_ever = true;
    streams_init(&stage->streams, &stage->view, NULL);
    stage->base = event_base_new();
    stage->http = evhttp_new(stage->base);
    evhttp_set_gencb(stage->http, answer, stage);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(stage->http, "127.0.0.1", 0);
    assert_non_null(bound);
    assert_int_equal(
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)(void *)&address, &size),
        0);
    stage->port = ntohs(address.sin_port);
    *state = stage;
    return 0;
}

static int end(void **state) {
    struct stage *stage = *state;
    streams_deinit(&stage->streams);
    evhttp_free(stage->http);
    event_base_free(stage->base);
    view_deinit(&stage->view);
    free(stage);
    return 0;
}

/* ---- clients ---- */

struct client {
    int fd;
    bool ended;
    char seen[SEEN_SIZE];
    size_t size;
};

static void turn(struct stage *stage, struct client *client) {
    const struct timeval step = {.tv_usec = 2000};
    (void)event_base_loopexit(stage->base, &step);
    (void)event_base_loop(stage->base, EVLOOP_ONCE);
    ssize_t got =
        recv(client->fd, client->seen + client->size, SEEN_SIZE - 1 - client->size, MSG_DONTWAIT);
    client->ended = client->ended || got == 0;
    client->size += got > 0 ? (size_t)got : 0;
    client->seen[client->size] = '\0';
}

static void await_text(struct stage *stage, struct client *client, const char *text) {
    uint64_t deadline_ns = clock_real_ns() + DEADLINE_S * NS_PER_S;
    while (strstr(client->seen, text) == NULL) {
        assert_true(clock_real_ns() < deadline_ns);
        turn(stage, client);
    }
}

static void await_end(struct stage *stage, struct client *client) {
    uint64_t deadline_ns = clock_real_ns() + DEADLINE_S * NS_PER_S;
    while (!client->ended) {
        assert_true(clock_real_ns() < deadline_ns);
        turn(stage, client);
    }
}

static void come(struct stage *stage, struct client *client, const char *id,
                 uint64_t session_until_ns, uint64_t after_seq) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(stage->port),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    *client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(client->fd >= 0);
    assert_int_equal(
        connect(client->fd, (const struct sockaddr *)(const void *)&address, sizeof address), 0);
    stage->id = id;
    stage->session_until_ns = session_until_ns;
    stage->after_seq = after_seq;
    assert_int_equal(write(client->fd, request, sizeof request - 1), (ssize_t)sizeof request - 1);
    await_text(stage, client, "event: hello");
}

static void tick_at(struct stage *stage, uint64_t since_begin_s) {
    stage->now_ns = BEGIN_NS + since_begin_s * NS_PER_S;
    streams_tick(&stage->streams, stage->now_ns);
}

static void tell(struct stage *stage, uint64_t seq) {
    static const char body[] = "{\"data\":{}}";
    struct wire_event event = {
        .header = wire_header_of(WIRE_EVENT, wire_size(WIRE_EVENT, sizeof body - 1)),
        .seq = seq,
        .body_size = sizeof body - 1,
    };
    memcpy(event.body, body, sizeof body - 1);
    stage->view.newest_seq = seq;
    streams_event(&stage->streams, &event, stage->now_ns);
}

/* ---- tests ---- */

static void a_stream_of_who_is_signed_in_ends_after_half_a_day_and_no_sooner(void **state) {
    struct stage *stage = *state;
    struct client signed_in, local;
    come(stage, &signed_in, "wang", BEGIN_NS + 90 * 24 * HOUR_S * NS_PER_S, STREAM_FROM_NOW);
    come(stage, &local, "", 0, STREAM_FROM_NOW);
    tick_at(stage, STREAM_SIGNED_IN_S - 1);
    assert_int_equal(stage->streams.count, 2);
    tick_at(stage, STREAM_SIGNED_IN_S);
    await_end(stage, &signed_in);
    assert_int_equal(stage->streams.count, 1);
    assert_int_equal(stage->streams.over, 1);
    tick_at(stage, 100 * (uint64_t)STREAM_SIGNED_IN_S); /* who is at the machine has no session */
    assert_int_equal(stage->streams.count, 1);
    (void)close(signed_in.fd);
    (void)close(local.fd);
}

static void it_never_outlives_the_session(void **state) {
    struct stage *stage = *state;
    struct client signed_in;
    come(stage, &signed_in, "wang", BEGIN_NS + HOUR_S * NS_PER_S, STREAM_FROM_NOW);
    tick_at(stage, HOUR_S - 1);
    assert_true(streams_has(&stage->streams, "wang"));
    tick_at(stage, HOUR_S);
    assert_false(streams_has(&stage->streams, "wang"));
    await_end(stage, &signed_in);
    (void)close(signed_in.fd);
}

static void who_comes_back_with_the_seq_of_then_misses_nothing(void **state) {
    struct stage *stage = *state;
    struct client before, after;
    come(stage, &before, "wang", 0, STREAM_FROM_NOW);
    tell(stage, 1);
    tell(stage, 2);
    tick_at(stage, STREAM_SIGNED_IN_S);
    await_end(stage, &before);
    assert_non_null(strstr(before.seen, "id: 1\n"));
    assert_non_null(strstr(before.seen, "id: 2\n")); /* what waited was sent before the end */
    come(stage, &after, "wang", 0, 2);
    tell(stage, 3);
    await_text(stage, &after, "id: 3\n");
    assert_null(strstr(after.seen, "id: 2\n"));
    assert_null(strstr(after.seen, "event: gap"));
    (void)close(before.fd);
    (void)close(after.fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_stream_of_who_is_signed_in_ends_after_half_a_day_and_no_sooner, begin, end),
        cmocka_unit_test_setup_teardown(it_never_outlives_the_session, begin, end),
        cmocka_unit_test_setup_teardown(who_comes_back_with_the_seq_of_then_misses_nothing, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
