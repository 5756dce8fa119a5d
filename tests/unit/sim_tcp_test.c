/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TCP server with libmodbus as its client, on a thread, because libmodbus blocks; and with bare
 * sockets for what no proper client sends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <modbus.h>

#include "sensors/sim/sim_tcp.h"

/* Unit 1 has 16 discrete inputs and 4 holding registers; unit 3 only a coil. */
struct stand {
    struct event_base *base;
    struct sim_unit units[2];
    struct sim_tcp *tcp;
    uint16_t port;
    atomic_bool client_done;
    atomic_bool resting; /* the server does nothing once it has taken a request */
};

/* How long a client waits for an answer that is to come, and for one that never is. */
enum { PATIENT_MS = 20000, CURT_MS = 300 };

static void stand_init(struct stand *stand) {
    memset(stand, 0, sizeof *stand);
    stand->base = event_base_new();
    assert_non_null(stand->base);
    stand->units[0] = (struct sim_unit){.number = 1, .timeout_ms = 200};
    stand->units[1] = (struct sim_unit){.number = 3, .timeout_ms = 200};
    sim_image_cover(&stand->units[0].image, SIM_TABLE_DISCRETE, 0, 16);
    sim_image_cover(&stand->units[0].image, SIM_TABLE_HOLDING, 0, 4);
    sim_image_cover(&stand->units[1].image, SIM_TABLE_COIL, 0, 1);
    assert_int_equal(sim_image_init(&stand->units[0].image), 0);
    assert_int_equal(sim_image_init(&stand->units[1].image), 0);
    const struct sim_units units = {stand->units, 2};
    assert_int_equal(sim_tcp_new(stand->base, "127.0.0.1", 0, &units, &stand->tcp), 0);
    assert_int_equal(sim_tcp_open(stand->tcp), 0);
    stand->port = sim_tcp_port(stand->tcp);
    assert_int_not_equal(stand->port, 0);
}

static void stand_deinit(struct stand *stand) {
    stand->tcp = sim_tcp_free(stand->tcp);
    sim_image_deinit(&stand->units[0].image);
    sim_image_deinit(&stand->units[1].image);
    event_base_free(stand->base);
}

/* Let the server do what it has to do, once: what it puts off happens in a later turn. */
static void stand_turn(struct stand *stand) {
    if (!atomic_load(&stand->resting) || stand->units[0].requests == 0) {
        (void)event_base_loop(stand->base, EVLOOP_NONBLOCK);
    }
    (void)poll(NULL, 0, 1);
}

/* Run the client on a thread and the server here, until the client is done. */
static void stand_run(struct stand *stand, void *(*client)(void *)) {
    pthread_t thread;
    atomic_store(&stand->client_done, false);
    assert_int_equal(pthread_create(&thread, NULL, client, stand), 0);
    while (!atomic_load(&stand->client_done)) {
        stand_turn(stand);
    }
    void *failure = NULL;
    assert_int_equal(pthread_join(thread, &failure), 0);
    if (failure != NULL) {
        fail_msg("the client: %s", (const char *)failure);
    }
}

/* On the client's thread a failed expectation ends the client; the test reports it. */
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            failure = "not so: " #condition;                                                       \
            goto out;                                                                              \
        }                                                                                          \
    } while (0)

static void client_patience(modbus_t *modbus, uint32_t ms) {
    (void)modbus_set_response_timeout(modbus, ms / 1000, ms % 1000 * 1000);
}

static modbus_t *client_connect(const struct stand *stand, int unit, uint32_t ms) {
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", stand->port);
    (void)modbus_set_slave(modbus, unit);
    client_patience(modbus, ms);
    return modbus_connect(modbus) == 0 ? modbus : NULL;
}

static void client_close(modbus_t *modbus) {
    if (modbus != NULL) {
        modbus_close(modbus);
        modbus_free(modbus);
    }
}

static void *client_of_two_units(void *context) {
    struct stand *stand = context;
    const char *failure = NULL;
    modbus_t *one = client_connect(stand, 1, PATIENT_MS);
    modbus_t *three =
        client_connect(stand, 3, PATIENT_MS); /* a second connection at the same time */
    uint8_t bits[16];
    uint16_t words[4] = {1, 2, 3, 4};
    EXPECT(one != NULL && three != NULL);
    EXPECT(modbus_read_input_bits(one, 0, 16, bits) == 16);
    EXPECT(bits[0] == 0 && bits[3] == 1);
    EXPECT(modbus_write_registers(one, 0, 4, words) == 4);
    memset(words, 0, sizeof words);
    EXPECT(modbus_read_registers(one, 1, 3, words) == 3);
    EXPECT(words[0] == 2 && words[2] == 4);
    EXPECT(modbus_write_bit(three, 0, 1) == 1);
    EXPECT(modbus_read_bits(three, 0, 1, bits) == 1 && bits[0] == 1);
    EXPECT(modbus_read_registers(three, 0, 1, words) == -1 && errno == EMBXILADD);
out:
    client_close(one);
    client_close(three);
    atomic_store(&stand->client_done, true);
    return (void *)(uintptr_t)failure;
}

static void several_clients_reach_the_units_of_an_address(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand);
    *sim_image_at(&stand.units[0].image, SIM_TABLE_DISCRETE, 3, 1) = 1;
    stand_run(&stand, client_of_two_units);
    assert_int_equal(*sim_image_at(&stand.units[1].image, SIM_TABLE_COIL, 0, 1), 1);
    assert_int_equal(stand.units[0].requests, 3);
    assert_int_equal(stand.units[1].requests, 3);
    stand_deinit(&stand);
}

static void *client_of_nobody(void *context) {
    struct stand *stand = context;
    const char *failure = NULL;
    modbus_t *modbus = client_connect(stand, 2, CURT_MS);
    uint8_t bit;
    EXPECT(modbus != NULL);
    EXPECT(modbus_read_input_bits(modbus, 0, 1, &bit) == -1 && errno == ETIMEDOUT);
out:
    client_close(modbus);
    atomic_store(&stand->client_done, true);
    return (void *)(uintptr_t)failure;
}

static void a_unit_that_nobody_has_does_not_answer(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand);
    stand_run(&stand, client_of_nobody);
    assert_int_equal(stand.units[0].requests + stand.units[1].requests, 0);
    stand_deinit(&stand);
}

/* What libmodbus makes of a read from a device in this mood; 0 is a good answer. */
struct mood {
    struct stand stand;
    uint32_t patience_ms;
    int first, second;
};

static int client_read(modbus_t *modbus) {
    uint16_t words[4];
    return modbus_read_registers(modbus, 0, 4, words) == 4 ? 0 : errno;
}

static void *client_of_a_mood(void *context) {
    struct mood *mood = context;
    modbus_t *modbus = client_connect(&mood->stand, 1, mood->patience_ms);
    if (modbus != NULL) {
        mood->first = client_read(modbus);
        atomic_store(&mood->stand.resting, false);
        client_patience(modbus, PATIENT_MS);
        mood->second = mood->first == ETIMEDOUT ? client_read(modbus) : -1;
    }
    client_close(modbus);
    atomic_store(&mood->stand.client_done, true);
    return NULL;
}

static void mood_run(struct mood *mood, enum sim_answer answer, bool resting) {
    stand_init(&mood->stand);
    mood->stand.units[0].answer = answer;
    atomic_store(&mood->stand.resting, resting);
    stand_run(&mood->stand, client_of_a_mood);
    stand_deinit(&mood->stand);
}

static int fault_seen(enum sim_answer answer) {
    struct mood mood = {.patience_ms = PATIENT_MS, .first = -1};
    mood_run(&mood, answer, false);
    return mood.first;
}

static void an_independent_master_sees_each_fault_for_what_it_is(void **state) {
    (void)state;
    assert_int_equal(fault_seen(SIM_ANSWER_RIGHT), 0);
    /* wrong_unit is not here: libmodbus does not look at the unit number over TCP. */
    assert_int_equal(fault_seen(SIM_ANSWER_SHORT), EMBBADDATA);
    assert_int_equal(fault_seen(SIM_ANSWER_LONG), EMBBADDATA);
    assert_int_equal(fault_seen(SIM_ANSWER_EXCEPTION), EMBXSFAIL);
    assert_int_equal(fault_seen(SIM_ANSWER_CLOSE), ECONNRESET);
    assert_int_not_equal(fault_seen(SIM_ANSWER_GARBAGE), 0);
}

static void *client_of_silence(void *context) {
    struct stand *stand = context;
    const char *failure = NULL;
    modbus_t *modbus = client_connect(stand, 1, CURT_MS);
    EXPECT(modbus != NULL);
    EXPECT(client_read(modbus) == ETIMEDOUT);
out:
    client_close(modbus);
    atomic_store(&stand->client_done, true);
    return (void *)(uintptr_t)failure;
}

static void an_independent_master_waits_for_silence_in_vain(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand);
    stand.units[0].answer = SIM_ANSWER_SILENT;
    stand_run(&stand, client_of_silence);
    stand_deinit(&stand);
}

/*
 * The server rests from the request until the master has given it up, so that the answer is late
 * however long either of them was held up. It comes with the first request's transaction.
 */
static void an_independent_master_sees_a_late_answer_as_no_answer_to_the_next(void **state) {
    (void)state;
    struct mood mood = {.patience_ms = CURT_MS, .first = -1, .second = -1};
    mood_run(&mood, SIM_ANSWER_LATE, true);
    assert_int_equal(mood.first, ETIMEDOUT);
    assert_int_equal(mood.second, EMBBADDATA);
}

/* A bare socket and the server take turns on one thread. */
static int bare_connect(const struct stand *stand) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(stand->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Receive up to `size` bytes, running the server meanwhile; 0 when it hung up. */
static size_t bare_receive(struct stand *stand, int fd, uint8_t *bytes, size_t size) {
    for (int turn = 0; turn < PATIENT_MS; turn++) {
        stand_turn(stand);
        ssize_t got = recv(fd, bytes, size, MSG_DONTWAIT);
        if (got >= 0) {
            return (size_t)got;
        }
    }
    fail_msg("no answer within 20 seconds");
    return 0;
}

static const uint8_t read_one[] = {0, 9, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1};

static void requests_in_pieces_and_in_heaps_are_answered(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand);
    int fd = bare_connect(&stand);
    assert_true(fd >= 0);
    uint8_t reply[64];
    assert_int_equal(send(fd, read_one, 5, 0), 5);
    (void)event_base_loop(stand.base, EVLOOP_NONBLOCK);
    assert_int_equal(send(fd, read_one + 5, 7, 0), 7);
    assert_int_equal(bare_receive(&stand, fd, reply, sizeof reply), 11);

    uint8_t heap[3 * sizeof read_one];
    for (int i = 0; i < 3; i++) {
        memcpy(heap + (size_t)i * sizeof read_one, read_one, sizeof read_one);
    }
    assert_int_equal(send(fd, heap, sizeof heap, 0), (int)sizeof heap);
    size_t got = 0;
    while (got < 33) {
        size_t more = bare_receive(&stand, fd, reply + got, sizeof reply - got);
        assert_int_not_equal(more, 0);
        got += more;
    }
    assert_int_equal(got, 33);
    (void)close(fd);
    stand_deinit(&stand);
}

static void what_is_not_modbus_ends_its_connection_only(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand);
    int good = bare_connect(&stand), bad = bare_connect(&stand);
    uint8_t reply[64];
    assert_int_equal(send(bad, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    assert_int_equal(bare_receive(&stand, bad, reply, sizeof reply), 0);
    assert_int_equal(send(good, read_one, sizeof read_one, 0), (int)sizeof read_one);
    assert_int_equal(bare_receive(&stand, good, reply, sizeof reply), 11);
    (void)close(good);
    (void)close(bad);
    stand_deinit(&stand);
}

static void one_client_too_many_is_turned_away(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand);
    int clients[SIM_TCP_CLIENTS_MAX + 1];
    uint8_t reply[64];
    for (int i = 0; i < SIM_TCP_CLIENTS_MAX; i++) {
        clients[i] = bare_connect(&stand);
        assert_true(clients[i] >= 0);
        assert_int_equal(send(clients[i], read_one, sizeof read_one, 0), (int)sizeof read_one);
        assert_int_equal(bare_receive(&stand, clients[i], reply, sizeof reply), 11);
    }
    clients[SIM_TCP_CLIENTS_MAX] = bare_connect(&stand);
    assert_int_equal(bare_receive(&stand, clients[SIM_TCP_CLIENTS_MAX], reply, sizeof reply), 0);
    for (int i = 0; i <= SIM_TCP_CLIENTS_MAX; i++) {
        (void)close(clients[i]);
    }
    stand_deinit(&stand);
}

static void a_closed_server_refuses_and_opens_again_on_its_port(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand);
    /* Port 0 would give another one; take the one it has for good. */
    const struct sim_units units = {stand.units, 2};
    stand.tcp = sim_tcp_free(stand.tcp);
    assert_int_equal(sim_tcp_new(stand.base, "127.0.0.1", stand.port, &units, &stand.tcp), 0);
    assert_int_equal(sim_tcp_open(stand.tcp), 0);

    int fd = bare_connect(&stand);
    uint8_t reply[64];
    assert_int_equal(send(fd, read_one, sizeof read_one, 0), (int)sizeof read_one);
    assert_int_equal(bare_receive(&stand, fd, reply, sizeof reply), 11);
    sim_tcp_close(stand.tcp);
    assert_int_equal(bare_receive(&stand, fd, reply, sizeof reply), 0);
    assert_int_equal(bare_connect(&stand), -1);
    assert_int_equal(sim_tcp_port(stand.tcp), 0);
    (void)close(fd);

    assert_int_equal(sim_tcp_open(stand.tcp), 0);
    assert_int_equal(sim_tcp_port(stand.tcp), stand.port);
    fd = bare_connect(&stand);
    assert_true(fd >= 0);
    (void)close(fd);
    stand_deinit(&stand);
}

static void a_port_in_use_and_a_foreign_address_are_told_apart(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand);
    struct sim_tcp *second;
    const struct sim_units units = {stand.units, 2};
    assert_int_equal(sim_tcp_new(stand.base, "127.0.0.1", stand.port, &units, &second), 0);
    assert_int_equal(sim_tcp_open(second), SIM_E_IN_USE);
    second = sim_tcp_free(second);
    assert_int_equal(sim_tcp_new(stand.base, "192.0.2.1", stand.port, &units, &second), 0);
    assert_int_equal(sim_tcp_open(second), SIM_E_ADDRESS); /* TEST-NET-1 is nobody's */
    second = sim_tcp_free(second);
    stand_deinit(&stand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_clients_reach_the_units_of_an_address),
        cmocka_unit_test(a_unit_that_nobody_has_does_not_answer),
        cmocka_unit_test(an_independent_master_sees_each_fault_for_what_it_is),
        cmocka_unit_test(an_independent_master_waits_for_silence_in_vain),
        cmocka_unit_test(an_independent_master_sees_a_late_answer_as_no_answer_to_the_next),
        cmocka_unit_test(requests_in_pieces_and_in_heaps_are_answered),
        cmocka_unit_test(what_is_not_modbus_ends_its_connection_only),
        cmocka_unit_test(one_client_too_many_is_turned_away),
        cmocka_unit_test(a_closed_server_refuses_and_opens_again_on_its_port),
        cmocka_unit_test(a_port_in_use_and_a_foreign_address_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
