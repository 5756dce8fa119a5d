/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The wire between the processes: whole packets or none, nobody waits, strangers are noticed, and a
 * client comes back by itself. Client and engine run in one thread here: the test plays the engine.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/wire.h"
#include "tests/support/cmocka.h"

struct scene {
    char directory[32];
    char path[64];
    int listener;
    struct event_base *base;
    struct wire_client *client;
    int welcomed, received, writable, lost;
    uint16_t last_kind;
};

static void scene_welcomed(void *context, const struct wire_welcome *welcome) {
    struct scene *scene = context;
    assert_int_equal(welcome->generation, 42);
    scene->welcomed++;
}

static void scene_received(void *context, const struct wire_header *message) {
    struct scene *scene = context;
    scene->received++;
    scene->last_kind = message->kind;
}

static void scene_writable(void *context) {
    ((struct scene *)context)->writable++;
}

static void scene_lost(void *context) {
    ((struct scene *)context)->lost++;
}

static int scene_open(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    strcpy(scene->directory, "/tmp/tocsin-wire.XXXXXX");
    if (mkdtemp(scene->directory) == NULL) {
        return -1;
    }
    (void)snprintf(scene->path, sizeof scene->path, "%s/engine.sock", scene->directory);
    scene->base = event_base_new();
    *state = scene;
    return wire_listen(scene->path, &scene->listener);
}

static int scene_close(void **state) {
    struct scene *scene = *state;
    scene->client = wire_client_free(scene->client);
    event_base_free(scene->base);
    (void)close(scene->listener);
    (void)unlink(scene->path);
    (void)rmdir(scene->directory);
    free(scene);
    return 0;
}

/* Accept the next connection, running the client's loop until it comes. */
static int scene_accept(struct scene *scene) {
    uint64_t deadline_ns = clock_real_ns() + 10 * NS_PER_S;
    int fd = -1;
    while (wire_accept(scene->listener, &fd) == WIRE_E_EMPTY) {
        assert_true(clock_real_ns() < deadline_ns);
        (void)event_base_loop(scene->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }
    assert_true(fd >= 0);
    return fd;
}

/* Run the client's loop until `*count` reaches `wanted`. */
static void scene_await(struct scene *scene, const int *count, int wanted) {
    uint64_t deadline_ns = clock_real_ns() + 10 * NS_PER_S;
    while (*count < wanted) {
        assert_true(clock_real_ns() < deadline_ns);
        (void)event_base_loop(scene->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    }
}

static void scene_client(struct scene *scene) {
    static const struct wire_client_callbacks callbacks = {scene_welcomed, scene_received,
                                                           scene_writable, scene_lost};
    const struct wire_hello hello = {.generation = 42, .role = WIRE_ROLE_UPLINK, .instance = 3};
    assert_int_equal(
        wire_client_new(scene->base, scene->directory, &hello, &callbacks, scene, &scene->client),
        0);
}

/* Read the hello and welcome the client. */
static int scene_welcome(struct scene *scene) {
    int fd = scene_accept(scene);
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&readable, 1, 10000), 1);
    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
    assert_int_equal(wire_receive(fd, packet), 0);
    const struct wire_hello *hello = (const void *)packet;
    assert_int_equal(hello->header.kind, WIRE_HELLO);
    assert_int_equal(hello->generation, 42);
    assert_int_equal(hello->role, WIRE_ROLE_UPLINK);
    assert_int_equal(hello->instance, 3);
    assert_memory_equal(hello->build, build_digest(), 32);
    struct wire_welcome welcome = {.header = wire_header_of(WIRE_WELCOME, sizeof welcome),
                                   .generation = 42};
    assert_int_equal(wire_send(fd, &welcome), 0);
    return fd;
}

static void a_message_arrives_whole_and_in_order(void **state) {
    struct scene *scene = *state;
    scene_client(scene);
    int fd = scene_welcome(scene);
    scene_await(scene, &scene->welcomed, 1);

    struct wire_event event = {.seq = 7, .body_size = WIRE_BODY_MAX};
    memset(event.body, 'x', sizeof event.body);
    event.header = wire_header_of(WIRE_EVENT, wire_size(WIRE_EVENT, event.body_size));
    assert_int_equal(wire_send(fd, &event), 0);
    struct wire_journal journal = {.header = wire_header_of(WIRE_JOURNAL, sizeof journal)};
    assert_int_equal(wire_send(fd, &journal), 0);
    scene_await(scene, &scene->received, 2);
    assert_int_equal(scene->last_kind, WIRE_JOURNAL);
    (void)close(fd);
}

static void what_an_end_said_before_it_went_is_heard_although_it_had_not_read_all(void **state) {
    struct scene *scene = *state;
    scene_client(scene);
    int fd = scene_welcome(scene);
    scene_await(scene, &scene->welcomed, 1);

    struct wire_uplink_state state_told = {
        .header = wire_header_of(WIRE_UPLINK_STATE, sizeof state_told)};
    assert_int_equal(wire_client_send(scene->client, &state_told), 0);
    struct wire_journal unread = {.header = wire_header_of(WIRE_JOURNAL, sizeof unread)};
    assert_int_equal(wire_send(fd, &unread), 0);
    scene->client = wire_client_free(scene->client);

    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
    const struct wire_header *header = (const void *)packet;
    assert_int_equal(wire_receive(fd, packet), 0);
    assert_int_equal(header->kind, WIRE_UPLINK_STATE);
    assert_int_equal(wire_receive(fd, packet), 0);
    assert_int_equal(header->kind, WIRE_GOODBYE);
    assert_int_equal(wire_receive(fd, packet), WIRE_E_GONE);
    (void)close(fd);
}

static void a_full_socket_says_so_and_tells_when_it_has_room(void **state) {
    struct scene *scene = *state;
    scene_client(scene);
    int fd = scene_welcome(scene);
    scene_await(scene, &scene->welcomed, 1);

    struct wire_heartbeats heartbeats = {.count = WIRE_HEARTBEATS_MAX};
    heartbeats.header =
        wire_header_of(WIRE_HEARTBEATS, wire_size(WIRE_HEARTBEATS, heartbeats.count));
    int sent = 0;
    int r = 0;
    while ((r = wire_client_send(scene->client, &heartbeats)) == 0) {
        sent++;
        assert_true(sent < 100000); /* there is a bound */
    }
    assert_int_equal(r, WIRE_E_FULL);
    assert_true(sent >= 8); /* a burst has room */
    assert_int_equal(scene->writable, 0);

    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
    for (int i = 0; i < sent; i++) {
        assert_int_equal(wire_receive(fd, packet), 0); /* none was lost, none was cut */
    }
    assert_int_equal(wire_receive(fd, packet), WIRE_E_EMPTY);
    scene_await(scene, &scene->writable, 1);
    assert_int_equal(wire_client_send(scene->client, &heartbeats), 0);
    (void)close(fd);
}

static void a_packet_that_no_build_sends_ends_the_connection(void **state) {
    struct scene *scene = *state;
    scene_client(scene);
    struct wire_journal good = {.header = wire_header_of(WIRE_JOURNAL, sizeof good)};
    struct wire_journal wrong_size = {.header = wire_header_of(WIRE_JOURNAL, sizeof good + 1)};
    struct wire_journal wrong_kind = {.header = wire_header_of(WIRE_KIND_COUNT, sizeof good)};
    struct wire_event too_many = {.header = wire_header_of(WIRE_EVENT, sizeof too_many),
                                  .body_size = WIRE_BODY_MAX + 1};
    static unsigned char long_packet[WIRE_SIZE_MAX + 1];
    const struct {
        const void *bytes;
        size_t len;
    } faults[] = {
        {&wrong_size, sizeof wrong_size}, {&wrong_kind, sizeof wrong_kind},
        {&good, sizeof good - 1},         {&good, 3},
        {&too_many, sizeof too_many},     {long_packet, sizeof long_packet},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        int fd = scene_welcome(scene);
        scene_await(scene, &scene->welcomed, (int)i + 1);
        assert_int_equal(send(fd, faults[i].bytes, faults[i].len, 0), faults[i].len);
        scene_await(scene, &scene->lost, (int)i + 1);
        assert_int_equal(scene->received, 0);
        (void)close(fd);
    }
}

static void a_client_comes_back_after_the_engine_was_restarted(void **state) {
    struct scene *scene = *state;
    scene_client(scene);
    for (int life = 1; life <= 3; life++) {
        int fd = scene_welcome(scene);
        scene_await(scene, &scene->welcomed, life);
        (void)close(fd);
        scene_await(scene, &scene->lost, life);
    }
    struct wire_journal journal = {.header = wire_header_of(WIRE_JOURNAL, sizeof journal)};
    assert_int_equal(wire_client_send(scene->client, &journal), WIRE_E_GONE);
}

static void the_engines_socket_is_for_its_own_user_only(void **state) {
    struct scene *scene = *state;
    struct stat status;
    assert_int_equal(stat(scene->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_path_too_long_for_a_socket_is_an_error_not_another_path(void **state) {
    struct scene *scene = *state;
    char path[200];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    int fd = -1;
    assert_int_equal(wire_listen(path, &fd), -ENAMETOOLONG);
    static const struct wire_client_callbacks callbacks = {scene_welcomed, scene_received,
                                                           scene_writable, scene_lost};
    const struct wire_hello hello = {.generation = 42};
    assert_int_equal(wire_client_new(scene->base, path, &hello, &callbacks, scene, &scene->client),
                     -ENAMETOOLONG);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_arrives_whole_and_in_order, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(
            what_an_end_said_before_it_went_is_heard_although_it_had_not_read_all, scene_open,
            scene_close),
        cmocka_unit_test_setup_teardown(a_full_socket_says_so_and_tells_when_it_has_room,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_packet_that_no_build_sends_ends_the_connection,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_client_comes_back_after_the_engine_was_restarted,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(the_engines_socket_is_for_its_own_user_only, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(a_path_too_long_for_a_socket_is_an_error_not_another_path,
                                        scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
