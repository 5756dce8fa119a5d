/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The field process as its neighbours know it
 *
 * The test is supervisor and engine in one: it compiles a small site, starts a real field process
 * with a sealed image and a line, listens on engine.sock, and reads what comes. The device is a
 * Modbus server of the test's own.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/process.h"
#include "gateway/retired.h"
#include "gateway/wire.h"
#include "tests/support/misbehaving_device.h"

enum { DEADLINE_MS = 20000, POINTS_MAX = 16 };

static const char site_text_format[] = "tocsin: 1\n"
                                       "site:\n"
                                       "  id: test\n"
                                       "  name: {zh: 测试, en: Test}\n"
                                       "  timezone: Asia/Shanghai\n"
                                       "gateway:\n"
                                       "  id: main\n"
                                       "  state: state\n"
                                       "  console: {listen: \"127.0.0.1:8080\"}\n"
                                       "mqtt:\n"
                                       "  brokers: [\"tcp://127.0.0.1:1883\"]\n"
                                       "places:\n"
                                       "  - id: room\n"
                                       "    kind: day_care_room\n"
                                       "    name: {zh: 房间, en: Room}\n"
                                       "devices:\n"
                                       "  - id: io\n"
                                       "    driver: modbus\n"
                                       "    address: tcp://127.0.0.1:%u\n"
                                       "    unit: 1\n"
                                       "    poll: 20 ms\n"
                                       "    timeout: 200 ms\n"
                                       "    points:\n"
                                       "      - {point: button, place: room, kind: "
                                       "emergency_button, read: discrete 0}\n"
                                       "      - {point: warmth, place: room, kind: temperature, "
                                       "read: input 0, scale: 0.1, unit: °C}\n"
                                       "      - {point: lamp, place: room, kind: call_lamp, "
                                       "write: coil 3}\n";

struct fixture {
    char directory[64];
    struct misbehaving_device *device;
    struct config_result site;
    struct site view;
    uint32_t button, warmth, lamp; /* points */
    struct retired *retired;
    int retired_fd;
    uint64_t generation; /* of the site in force */
    int listener, line, engine;
    pid_t field;
    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
    char story[4096]; /* "button=0 warmth=21.5 device-lost heartbeat" */
};

static int field_roles_none(struct process *process) {
    (void)process;
    return -ENOSYS;
}

static void fixture_site(struct fixture *fixture) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s/site.yaml", fixture->directory);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fprintf(file, site_text_format, device_port(fixture->device));
    (void)fclose(file);
    const struct config_options options = {0};
    int r = config_load(path, &options, &fixture->site);
    if (r != 0) {
        config_print(&fixture->site, LANGUAGE_EN, stderr);
    }
    assert_int_equal(r, 0);
    (void)unlink(path);
    assert_int_equal(site_view(fixture->site.image, fixture->site.image_size, &fixture->view), 0);
    fixture->generation = fixture->view.header->generation;
    fixture->button = site_point_find(&fixture->view, "room/button");
    fixture->warmth = site_point_find(&fixture->view, "room/warmth");
    fixture->lamp = site_point_find(&fixture->view, "room/lamp");
}

static int field_main(void) {
    static int (*const roles[PROCESS_ROLE_COUNT])(struct process * process) = {
        [PROCESS_ENGINE] = field_roles_none,
        [PROCESS_FIELD] = field_run,
        [PROCESS_UPLINK] = field_roles_none,
        [PROCESS_CONSOLE] = field_roles_none,
    };
    return process_main(roles);
}

/* In the child: descriptors where the supervisor puts them, then this program again, as the field.
 */
static void field_become(int image, int line, int retired) {
    int image_high = fcntl(image, F_DUPFD_CLOEXEC, 10);
    int line_high = fcntl(line, F_DUPFD_CLOEXEC, 10);
    int retired_high = fcntl(retired, F_DUPFD_CLOEXEC, 10);
    if (dup2(image_high, PROCESS_FD_SITE) >= 0 && dup2(line_high, PROCESS_FD_LINE) >= 0 &&
        dup2(retired_high, PROCESS_FD_RETIRED) >= 0) {
        (void)execl("/proc/self/exe", "field_test", "--field", (char *)NULL);
    }
    _exit(125);
}

static void fixture_field(struct fixture *fixture) {
    int image = memfd_create("site", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    assert_true(image >= 0);
    assert_int_equal(write(image, fixture->site.image, fixture->site.image_size),
                     fixture->site.image_size);
    assert_int_equal(
        fcntl(image, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
    int lines[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lines), 0);
    struct process_setup setup = {.role = PROCESS_FIELD, .language = LANGUAGE_EN};
    (void)snprintf(setup.run_directory, sizeof setup.run_directory, "%s", fixture->directory);
    assert_int_equal(send(lines[0], &setup, sizeof setup, 0), sizeof setup);
    fixture->field = fork();
    assert_true(fixture->field >= 0);
    if (fixture->field == 0) {
        (void)close(lines[0]);
        field_become(image, lines[1], fixture->retired_fd);
    }
    (void)close(image);
    (void)close(lines[1]);
    fixture->line = lines[0];
}

static void engine_listen(struct fixture *fixture) {
    char path[96];
    (void)snprintf(path, sizeof path, "%s/engine.sock", fixture->directory);
    assert_int_equal(wire_listen(path, &fixture->listener), 0);
}

static void await_readable(int fd, const char *what) {
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    if (poll(&readable, 1, DEADLINE_MS) != 1) {
        (void)fprintf(stderr, "waited in vain for %s\n", what);
        abort();
    }
}

/* Accept the field, hear its hello, welcome it. */
static void engine_welcome(struct fixture *fixture) {
    await_readable(fixture->listener, "the field's connection");
    assert_int_equal(wire_accept(fixture->listener, &fixture->engine), 0);
    await_readable(fixture->engine, "the hello");
    assert_int_equal(wire_receive(fixture->engine, fixture->packet), 0);
    const struct wire_hello *hello = (const struct wire_hello *)fixture->packet;
    assert_int_equal(hello->header.kind, WIRE_HELLO);
    assert_int_equal(hello->role, WIRE_ROLE_FIELD);
    assert_int_equal(hello->generation, fixture->generation);
    assert_memory_equal(hello->build, build_digest(), sizeof hello->build);
    const struct wire_welcome welcome = {
        .header = wire_header_of(WIRE_WELCOME, sizeof welcome),
        .generation = hello->generation,
        .boot = "1",
    };
    assert_int_equal(wire_send(fixture->engine, &welcome), 0);
    fixture->story[0] = '\0';
}

/* The engine dies: its socket is gone until engine_return(). */
static void engine_die(struct fixture *fixture) {
    (void)close(fixture->engine);
    (void)close(fixture->listener);
}

static void engine_return(struct fixture *fixture) {
    engine_listen(fixture);
    engine_welcome(fixture);
}

static void story_add(struct fixture *fixture, const char *word, double value) {
    size_t len = strlen(fixture->story);
    (void)snprintf(fixture->story + len, sizeof fixture->story - len, "%s=%g ", word, value);
}

static void story_readings(struct fixture *fixture, const struct wire_readings *message) {
    assert_int_equal(message->generation, fixture->generation);
    for (uint32_t i = 0; i < message->count; i++) {
        const struct reading *reading = &message->readings[i].reading;
        assert_true(reading->measured.ns > 0);
        story_add(fixture, reading->point == fixture->button ? "button" : "warmth",
                  reading->quality == QUALITY_GOOD ? reading->value : -1);
    }
}

/* Receive one message into the story. */
static void engine_hear(struct fixture *fixture) {
    await_readable(fixture->engine, "a message of the field");
    assert_int_equal(wire_receive(fixture->engine, fixture->packet), 0);
    const struct wire_header *header = (const struct wire_header *)fixture->packet;
    if (header->kind == WIRE_READINGS) {
        story_readings(fixture, (const struct wire_readings *)fixture->packet);
    } else if (header->kind == WIRE_DEVICE) {
        const struct wire_device *device = (const struct wire_device *)fixture->packet;
        assert_true((device->answering != 0) == (device->reason[0] == '\0'));
        story_add(fixture, "device", device->answering);
    } else if (header->kind == WIRE_FIGURES) {
        const struct wire_figures *figures = (const struct wire_figures *)fixture->packet;
        assert_int_equal(figures->owner, FIGURE_OWNER_FIELD);
        story_add(fixture, "waiting", (double)figures->values[FIGURE_FIELD_READINGS_WAITING]);
    } else if (header->kind == WIRE_BUSES) {
        const struct wire_buses *buses = (const struct wire_buses *)fixture->packet;
        assert_int_equal(buses->count, 1);
        assert_int_equal(buses->buses[0].bus, 0);
        assert_true(buses->buses[0].answers <= buses->buses[0].polls);
        story_add(fixture, "answered", buses->buses[0].answers > 0);
        story_add(fixture, "unanswered", buses->buses[0].failures[SENSOR_CAUSE_TIMEOUT] > 0);
    } else {
        assert_int_equal(header->kind, WIRE_HEARTBEATS);
        const struct wire_heartbeats *heartbeats = (const struct wire_heartbeats *)fixture->packet;
        assert_int_equal(heartbeats->count, 1);
        assert_int_equal(heartbeats->devices[0], 0);
        story_add(fixture, "heartbeat", 1);
    }
}

/* Hear until the story holds these words, one after the other; what comes between is passed over.
 */
static void engine_await(struct fixture *fixture, const char *first, const char *second) {
    for (;;) {
        const char *at = strstr(fixture->story, first);
        if (at != NULL && (second == NULL || strstr(at + strlen(first), second) != NULL)) {
            return;
        }
        engine_hear(fixture);
    }
}

/* Everything but the field process. */
static void fixture_prepare(struct fixture *fixture) {
    *fixture = (struct fixture){.directory = "/tmp/field_test.XXXXXX"};
    assert_non_null(mkdtemp(fixture->directory));
    fixture->device = device_new();
    device_register(fixture->device, 0, 215);
    fixture_site(fixture);
    assert_int_equal(retired_new(&fixture->retired, &fixture->retired_fd), 0);
    engine_listen(fixture);
}

/* The field process comes, and the engine welcomes it. */
static void fixture_begin(struct fixture *fixture) {
    fixture_field(fixture);
    engine_welcome(fixture);
}

static void fixture_start(struct fixture *fixture) {
    fixture_prepare(fixture);
    fixture_begin(fixture);
}

/* All of it, and the device has answered. */
static void fixture_answered(struct fixture *fixture) {
    fixture_start(fixture);
    engine_await(fixture, "device=1 ", NULL);
}

/* The field must end by itself, and well; then everything is released. */
static void fixture_ended(struct fixture *fixture) {
    int status;
    assert_int_equal(waitpid(fixture->field, &status, 0), fixture->field);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    engine_die(fixture);
    (void)close(fixture->line);
    (void)close(fixture->retired_fd);
    retired_unmap(fixture->retired);
    device_free(fixture->device);
    config_result_deinit(&fixture->site);
    char path[96];
    (void)snprintf(path, sizeof path, "%s/engine.sock", fixture->directory);
    (void)unlink(path);
    (void)rmdir(fixture->directory);
}

static void fixture_end(struct fixture *fixture) {
    (void)kill(fixture->field, SIGTERM);
    fixture_ended(fixture);
}

static void values_changes_and_heartbeats_reach_the_engine(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    engine_await(&fixture, "button=0 ", NULL);
    engine_await(&fixture, "warmth=21.5 ", NULL);
    engine_await(&fixture, "device=1 ", NULL);
    engine_await(&fixture, "heartbeat=1 ", NULL);
    fixture.story[0] = '\0';
    device_bit(fixture.device, 0, true);
    engine_await(&fixture, "button=1 ", NULL);
    device_bit(fixture.device, 0, false);
    engine_await(&fixture, "button=1 ", "button=0 ");
    assert_null(strstr(fixture.story, "warmth")); /* it did not change */
    fixture_end(&fixture);
}

static void the_supervisor_is_told_that_it_polls(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    char word = 0;
    while (word != PROCESS_READY) {
        await_readable(fixture.line, "a word on the line");
        assert_int_equal(recv(fixture.line, &word, 1, 0), 1);
    }
    fixture_end(&fixture);
}

static void wait_for_coil(struct fixture *fixture, bool want) {
    for (int waited_ms = 0; device_coil(fixture->device, 3) != want; waited_ms += 5) {
        assert_true(waited_ms < DEADLINE_MS);
        (void)poll(NULL, 0, 5);
    }
}

static struct wire_outputs lamp_on(const struct fixture *fixture) {
    return (struct wire_outputs){
        .header = wire_header_of(WIRE_OUTPUTS, wire_size(WIRE_OUTPUTS, 1)),
        .generation = fixture->generation,
        .count = 1,
        .outputs = {{.point = fixture->lamp & 0x7FFFFFFF, .on = 1}},
    };
}

/* Want the lamp on, and wait until it is. */
static struct wire_outputs light_lamp(struct fixture *fixture) {
    const struct wire_outputs outputs = lamp_on(fixture);
    assert_int_equal(wire_send(fixture->engine, &outputs), 0);
    wait_for_coil(fixture, true);
    return outputs;
}

static void a_wanted_output_is_switched_and_a_strangers_is_not(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_answered(&fixture);
    struct wire_outputs outputs = light_lamp(&fixture);
    outputs.generation++; /* of another configuration: an index could mean another room */
    outputs.outputs[0].on = 0;
    assert_int_equal(wire_send(fixture.engine, &outputs), 0);
    uint64_t requests = device_requests(fixture.device);
    while (device_requests(fixture.device) < requests + 10) {
        (void)poll(NULL, 0, 5);
    }
    assert_true(device_coil(fixture.device, 3));
    outputs.generation--;
    assert_int_equal(wire_send(fixture.engine, &outputs), 0);
    wait_for_coil(&fixture, false);
    fixture_end(&fixture);
}

/* Wait until the device has been polled some times, so that the bus has seen its present state. */
static void wait_for_polls(struct fixture *fixture) {
    uint64_t requests = device_requests(fixture->device);
    for (int waited_ms = 0; device_requests(fixture->device) < requests + 8; waited_ms += 5) {
        assert_true(waited_ms < DEADLINE_MS);
        (void)poll(NULL, 0, 5);
    }
}

/* List a coil of the device as one that a reload took out. */
static struct retired_coil *retire(struct fixture *fixture, uint16_t address, bool invert) {
    struct retired_coil *coil = &fixture->retired->coils[0];
    coil->kind = SITE_BUS_MODBUS_TCP;
    coil->port = device_port(fixture->device);
    coil->unit = 1;
    coil->address = address;
    coil->invert = invert;
    coil->since_ns = clock_real_ns();
    (void)snprintf(coil->host, sizeof coil->host, "127.0.0.1");
    (void)snprintf(coil->device, sizeof coil->device, "io");
    (void)snprintf(coil->point, sizeof coil->point, "room/siren");
    atomic_store(&coil->state, RETIRED_WANTED);
    return coil;
}

static void wait_for_rest(const struct retired_coil *coil) {
    for (int waited_ms = 0; atomic_load(&coil->state) != RETIRED_RESTED; waited_ms += 5) {
        assert_true(waited_ms < DEADLINE_MS);
        (void)poll(NULL, 0, 5);
    }
}

/* Before the change, by the process that has switched it on. */
static void a_lamp_that_the_next_site_lacks_goes_out_though_the_rules_still_want_it(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_answered(&fixture);
    const struct wire_outputs outputs = light_lamp(&fixture);
    const struct retired_coil *coil = retire(&fixture, 3, false);
    const char word = (char)PROCESS_RETIRED;
    assert_int_equal(send(fixture.line, &word, 1, 0), 1);
    wait_for_rest(coil);
    assert_int_equal(wire_send(fixture.engine, &outputs), 0);
    wait_for_polls(&fixture);
    assert_false(device_coil(fixture.device, 3));
    fixture_end(&fixture);
}

/* After the change: it is no output of the site. Its rest is coil on, which shows that it was written. */
static void a_coil_that_no_site_knows_any_more_is_still_brought_to_rest(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_prepare(&fixture);
    const struct retired_coil *coil = retire(&fixture, 9, true);
    fixture_begin(&fixture);
    wait_for_rest(coil);
    assert_true(device_coil(fixture.device, 9));
    fixture_end(&fixture);
}

static void a_coil_of_another_unit_is_left_alone(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_prepare(&fixture);
    struct retired_coil *coil = retire(&fixture, 9, true);
    coil->unit = 2;
    fixture_begin(&fixture);
    engine_await(&fixture, "heartbeat=1 ", NULL);
    wait_for_polls(&fixture);
    assert_int_equal(atomic_load(&coil->state), RETIRED_WANTED);
    assert_false(device_coil(fixture.device, 9));
    fixture_end(&fixture);
}

/* Tried for a day, and not for a moment longer. */
static void what_could_not_be_switched_off_for_a_day_is_given_up(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_prepare(&fixture);
    device_misbehave(fixture.device, DEVICE_SILENT);
    struct retired_coil *coil = retire(&fixture, 9, true);
    coil->since_ns -= RETIRED_TRY_NS;
    fixture_begin(&fixture);
    for (int waited_ms = 0; atomic_load(&coil->state) != RETIRED_FREE; waited_ms += 5) {
        assert_true(waited_ms < DEADLINE_MS);
        (void)poll(NULL, 0, 5);
    }
    device_misbehave(fixture.device, DEVICE_BEHAVES);
    engine_await(&fixture, "device=1 ", NULL);
    wait_for_polls(&fixture);
    assert_false(device_coil(fixture.device, 9));
    fixture_end(&fixture);
}

static void a_field_process_that_is_killed_switches_nothing_off(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_answered(&fixture);
    (void)light_lamp(&fixture);
    (void)kill(fixture.field, SIGKILL);
    assert_int_equal(waitpid(fixture.field, NULL, 0), fixture.field);
    (void)close(fixture.line);
    (void)close(fixture.engine);
    fixture_begin(&fixture);
    engine_await(&fixture, "heartbeat=1 ", NULL);
    wait_for_polls(&fixture);
    assert_true(device_coil(fixture.device, 3));
    fixture_end(&fixture);
}

static void a_press_while_the_engine_is_away_is_told_when_it_is_back(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_answered(&fixture);
    engine_await(&fixture, "warmth=21.5 ", NULL);
    engine_die(&fixture);
    device_bit(fixture.device, 0, true);
    wait_for_polls(&fixture);
    device_bit(fixture.device, 0, false);
    device_register(fixture.device, 0, 230);
    wait_for_polls(&fixture);
    engine_return(&fixture);
    engine_await(&fixture, "button=1 ", "button=0 ");
    /* Present values first, then the edges; the old temperature never. */
    const char *press = strstr(fixture.story, "button=1 ");
    const char *present = strstr(fixture.story, "button=0 ");
    const char *warmth = strstr(fixture.story, "warmth=23 ");
    assert_true(present != NULL && present < press);
    assert_true(warmth != NULL && warmth < press);
    assert_null(strstr(fixture.story, "warmth=21.5"));
    fixture_end(&fixture);
}

/* Another site in which all that it polls is the same: it is told the number, and polls on. */
static void a_press_over_a_change_of_the_rules_is_told_to_the_next_engine(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_answered(&fixture);
    engine_await(&fixture, "button=0 ", NULL);
    uint64_t connections = device_connections(fixture.device);
    engine_die(&fixture);
    device_bit(fixture.device, 0, true);
    wait_for_polls(&fixture);
    device_bit(fixture.device, 0, false);
    wait_for_polls(&fixture);
    fixture.generation++;
    const struct process_generation said = {.word = (char)PROCESS_GENERATION,
                                            .generation = fixture.generation};
    assert_int_equal(send(fixture.line, &said, sizeof said, 0), sizeof said);
    engine_return(&fixture);
    engine_await(&fixture, "button=1 ", "button=0 ");
    (void)light_lamp(&fixture);
    assert_int_equal(device_connections(fixture.device), connections);
    fixture_end(&fixture);
}

/* Each second: what waits, and what the bus brought and did not. */
static void what_is_counted_is_told(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_start(&fixture);
    engine_await(&fixture, "waiting=0 answered=1 unanswered=0 ", NULL);
    device_misbehave(fixture.device, DEVICE_SILENT);
    engine_await(&fixture, "answered=1 unanswered=1 ", NULL);
    fixture_end(&fixture);
}

static void a_lost_device_is_told_with_its_reason_and_again_to_a_new_engine(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_answered(&fixture);
    device_vanish(fixture.device);
    engine_await(&fixture, "device=0 ", NULL);
    engine_die(&fixture);
    engine_return(&fixture);
    engine_await(&fixture, "device=0 ", NULL);
    assert_null(strstr(fixture.story, "warmth")); /* what it last said is not true any more */
    device_resume(fixture.device);
    engine_await(&fixture, "warmth=21.5 ", NULL);
    engine_await(&fixture, "device=1 ", NULL);
    fixture_end(&fixture);
}

/* The supervisor's end of the line closes: it is dead, and its children must not live on. */
static void it_ends_when_its_supervisor_is_gone(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_answered(&fixture);
    (void)shutdown(fixture.line, SHUT_RDWR);
    fixture_ended(&fixture);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--field") == 0) {
        return field_main();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_changes_and_heartbeats_reach_the_engine),
        cmocka_unit_test(the_supervisor_is_told_that_it_polls),
        cmocka_unit_test(a_wanted_output_is_switched_and_a_strangers_is_not),
        cmocka_unit_test(a_lamp_that_the_next_site_lacks_goes_out_though_the_rules_still_want_it),
        cmocka_unit_test(a_coil_that_no_site_knows_any_more_is_still_brought_to_rest),
        cmocka_unit_test(a_coil_of_another_unit_is_left_alone),
        cmocka_unit_test(what_could_not_be_switched_off_for_a_day_is_given_up),
        cmocka_unit_test(a_field_process_that_is_killed_switches_nothing_off),
        cmocka_unit_test(a_press_while_the_engine_is_away_is_told_when_it_is_back),
        cmocka_unit_test(a_press_over_a_change_of_the_rules_is_told_to_the_next_engine),
        cmocka_unit_test(what_is_counted_is_told),
        cmocka_unit_test(a_lost_device_is_told_with_its_reason_and_again_to_a_new_engine),
        cmocka_unit_test(it_ends_when_its_supervisor_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
