/* SPDX-License-Identifier: Apache-2.0 */
/* The serial line with libmodbus at its other end, on a thread; and with bare bytes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <modbus.h>

#include "sensors/sim/sim_rtu.h"

struct stand {
    struct event_base *base;
    struct sim_unit unit;
    struct sim_rtu *rtu;
    char directory[64];
    char path[96];
    atomic_bool client_done;
};

/* No pause that a busy machine makes is taken for silence on the line. */
enum { NEVER_MS = 3600 * 1000 };

/* How long a client waits for an answer that is to come, and for one that never is. */
enum { PATIENT_MS = 20000, CURT_MS = 300 };

static void stand_init(struct stand *stand, uint32_t silence_ms) {
    memset(stand, 0, sizeof *stand);
    (void)snprintf(stand->directory, sizeof stand->directory, "/tmp/sim_rtu_test.XXXXXX");
    assert_non_null(mkdtemp(stand->directory));
    (void)snprintf(stand->path, sizeof stand->path, "%s/state/line.tty", stand->directory);
    stand->base = event_base_new();
    stand->unit = (struct sim_unit){.number = 11, .timeout_ms = 200};
    sim_image_cover(&stand->unit.image, SIM_TABLE_INPUT, 0, 3);
    assert_int_equal(sim_image_init(&stand->unit.image), 0);
    uint16_t *words = sim_image_at(&stand->unit.image, SIM_TABLE_INPUT, 0, 3);
    words[0] = 225;
    words[1] = 480;
    words[2] = 780;
    const struct sim_units units = {&stand->unit, 1};
    assert_int_equal(sim_rtu_new(stand->base, stand->path, &units, silence_ms, &stand->rtu), 0);
}

static void stand_deinit(struct stand *stand) {
    stand->rtu = sim_rtu_free(stand->rtu);
    sim_image_deinit(&stand->unit.image);
    event_base_free(stand->base);
    char state[96];
    (void)snprintf(state, sizeof state, "%s/state", stand->directory);
    assert_int_equal(rmdir(state), 0); /* the link is gone */
    assert_int_equal(rmdir(stand->directory), 0);
}

/* Let the line do what it has to do, once: what it puts off happens in a later turn. */
static void stand_turn(struct stand *stand) {
    (void)event_base_loop(stand->base, EVLOOP_NONBLOCK);
    (void)poll(NULL, 0, 1);
}

static void client_patience(modbus_t *modbus, uint32_t ms) {
    (void)modbus_set_response_timeout(modbus, ms / 1000, ms % 1000 * 1000);
}

static void *client_of_nobody(void *context) {
    struct stand *stand = context;
    modbus_t *modbus = modbus_new_rtu(stand->path, 9600, 'N', 8, 1);
    client_patience(modbus, CURT_MS);
    uint16_t word;
    const char *failure = NULL;
    if (modbus_connect(modbus) != 0 || modbus_set_slave(modbus, 12) != 0 ||
        modbus_read_input_registers(modbus, 0, 1, &word) != -1 || errno != ETIMEDOUT) {
        failure = "read from nobody";
    }
    modbus_close(modbus);
    modbus_free(modbus);
    atomic_store(&stand->client_done, true);
    return (void *)(uintptr_t)failure;
}

static void *client_run(void *context) {
    struct stand *stand = context;
    const char *failure = NULL;
    modbus_t *modbus = modbus_new_rtu(stand->path, 9600, 'N', 8, 1);
    (void)modbus_set_slave(modbus, 11);
    client_patience(modbus, PATIENT_MS);
    uint16_t words[4];
    if (modbus_connect(modbus) != 0) {
        failure = "connect";
    } else if (modbus_read_input_registers(modbus, 0, 3, words) != 3 || words[0] != 225 ||
               words[2] != 780) {
        failure = "read";
    } else if (modbus_read_input_registers(modbus, 0, 4, words) != -1 || errno != EMBXILADD) {
        failure = "read beyond the table";
    } else {
        /* The line outlives a master that closes it and comes back. */
        modbus_close(modbus);
        if (modbus_connect(modbus) != 0 || modbus_set_slave(modbus, 11) != 0 ||
            modbus_read_input_registers(modbus, 1, 1, words) != 1 || words[0] != 480) {
            failure = "read after reopening";
        }
    }
    modbus_close(modbus);
    modbus_free(modbus);
    atomic_store(&stand->client_done, true);
    return (void *)(uintptr_t)failure;
}

static void stand_run(void *(*client)(void *)) {
    struct stand stand;
    stand_init(&stand, SIM_RTU_SILENCE_MS);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, client, &stand), 0);
    while (!atomic_load(&stand.client_done)) {
        stand_turn(&stand);
    }
    void *failure = NULL;
    assert_int_equal(pthread_join(thread, &failure), 0);
    if (failure != NULL) {
        fail_msg("the client: %s", (const char *)failure);
    }
    stand_deinit(&stand);
}

static void an_independent_master_reads_over_the_line(void **state) {
    (void)state;
    stand_run(client_run);
}

static void a_unit_that_nobody_has_does_not_answer(void **state) {
    (void)state;
    stand_run(client_of_nobody);
}

static const uint8_t pdu_read[] = {4, 0, 0, 0, 1};

static size_t request_make(uint8_t frame[SIM_FRAME_MAX]) {
    return sim_frame_wrap(SIM_FRAMING_RTU, 0, 11, pdu_read, sizeof pdu_read, frame);
}

/* Run the line until `size` bytes have come, but not for ever. */
static size_t line_receive(struct stand *stand, int fd, uint8_t *bytes, size_t size) {
    size_t got = 0;
    for (int turn = 0; turn < PATIENT_MS && got < size; turn++) {
        stand_turn(stand);
        ssize_t more = read(fd, bytes + got, size - got);
        got += more > 0 ? (size_t)more : 0;
    }
    return got;
}

static int stand_timers(const struct stand *stand) {
    return event_base_get_num_events(stand->base, EVENT_BASE_COUNT_ADDED);
}

/* Run the line until it has read something and has then found itself silent. */
static void stand_await_silence(struct stand *stand) {
    int quiet = stand_timers(stand);
    int turns = 0;
    for (; turns < PATIENT_MS && stand_timers(stand) == quiet; turns++) {
        stand_turn(stand);
    }
    for (; turns < PATIENT_MS && stand_timers(stand) > quiet; turns++) {
        stand_turn(stand);
    }
    assert_true(turns < PATIENT_MS);
}

static int line_open(const struct stand *stand) {
    int fd = open(stand->path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
}

static void a_frame_split_over_reads_is_answered(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand, NEVER_MS);
    int fd = line_open(&stand);
    uint8_t frame[SIM_FRAME_MAX], reply[SIM_FRAME_MAX];
    size_t size = request_make(frame);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(write(fd, frame + i, 1), 1);
        (void)event_base_loop(stand.base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(line_receive(&stand, fd, reply, 7), 7);
    const uint8_t want[] = {11, 4, 2, 0, 225};
    assert_memory_equal(reply, want, sizeof want);
    (void)close(fd);
    stand_deinit(&stand);
}

static void noise_is_skipped_until_the_line_is_silent(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand, SIM_RTU_SILENCE_MS);
    int fd = line_open(&stand);
    uint8_t bytes[64 + SIM_FRAME_MAX], reply[SIM_FRAME_MAX];
    memset(bytes, 0x03, 64); /* looks like requests, but its checksums are wrong */
    size_t size = request_make(bytes + 64);
    /* A frame in the same breath as noise is lost with it. */
    assert_int_equal(write(fd, bytes, 64 + size), (int)(64 + size));
    stand_await_silence(&stand);
    assert_int_equal(stand.unit.requests, 0);
    assert_int_equal(write(fd, bytes + 64, size), (int)size);
    assert_int_equal(line_receive(&stand, fd, reply, 7), 7);
    (void)close(fd);
    stand_deinit(&stand);
}

static void an_unknown_function_is_refused_after_silence(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand, SIM_RTU_SILENCE_MS);
    int fd = line_open(&stand);
    const uint8_t pdu[] = {0x2b, 0x0e, 1, 0};
    uint8_t frame[SIM_FRAME_MAX], reply[SIM_FRAME_MAX];
    size_t size = sim_frame_wrap(SIM_FRAMING_RTU, 0, 11, pdu, sizeof pdu, frame);
    assert_int_equal(write(fd, frame, size), (int)size);
    assert_int_equal(line_receive(&stand, fd, reply, 5), 5);
    const uint8_t want[] = {11, 0xab, 1};
    assert_memory_equal(reply, want, sizeof want);
    (void)close(fd);
    stand_deinit(&stand);
}

static void an_old_link_is_replaced_but_a_file_is_not(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand, SIM_RTU_SILENCE_MS);
    const struct sim_units units = {&stand.unit, 1};
    struct sim_rtu *second;
    assert_int_equal(sim_rtu_new(stand.base, stand.path, &units, NEVER_MS, &second), 0);
    char before[64] = "", after[64] = "";
    assert_true(readlink(stand.path, before, sizeof before - 1) > 0);
    stand.rtu = sim_rtu_free(stand.rtu); /* must leave the newer one's link alone */
    assert_true(readlink(stand.path, after, sizeof after - 1) > 0);
    assert_string_equal(before, after);
    second = sim_rtu_free(second);

    int fd = open(stand.path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(sim_rtu_new(stand.base, stand.path, &units, NEVER_MS, &second),
                     SIM_E_OCCUPIED);
    assert_int_equal(unlink(stand.path), 0); /* it was left as it was */
    stand_deinit(&stand);
}

static void a_directory_that_cannot_be_made_is_told(void **state) {
    (void)state;
    struct stand stand;
    stand_init(&stand, SIM_RTU_SILENCE_MS);
    const struct sim_units units = {&stand.unit, 1};
    struct sim_rtu *second;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/no/such/line", stand.directory);
    assert_int_equal(sim_rtu_new(stand.base, path, &units, NEVER_MS, &second), SIM_E_DIRECTORY);
    stand_deinit(&stand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_independent_master_reads_over_the_line),
        cmocka_unit_test(a_unit_that_nobody_has_does_not_answer),
        cmocka_unit_test(a_frame_split_over_reads_is_answered),
        cmocka_unit_test(noise_is_skipped_until_the_line_is_silent),
        cmocka_unit_test(an_unknown_function_is_refused_after_silence),
        cmocka_unit_test(an_old_link_is_replaced_but_a_file_is_not),
        cmocka_unit_test(a_directory_that_cannot_be_made_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
