/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The uplink as the process that it is: started as the supervisor starts it, with the example site,
 * a real journal and a real broker. The test plays supervisor and engine.
 */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/journal/journal.h"
#include "gateway/process.h"
#include "gateway/wire.h"
#include "tests/support/broker.h"
#include "tests/support/cmocka.h"

#define ROOT "tocsin/v1/gulou-demo/main"

enum { PATIENCE_S = 30 };

struct scene {
    char directory[32];
    struct broker broker;
    struct subscriber subscriber;
    struct config_result config;
    struct site site;
    struct journal *journal;
    int site_fd;
    int line; /* to the uplink, as the supervisor's */
    int listener;
    int engine; /* the engine's end of the wire */
    pid_t pid;
    uint64_t confirmed[2];
    struct wire_uplink_state uplink;
};

static void deadline_check(uint64_t deadline_ns, const char *what) {
    if (clock_real_ns() > deadline_ns) {
        fail_msg("waited in vain: %s", what);
    }
}

static uint64_t deadline_make(void) {
    return clock_real_ns() + PATIENCE_S * NS_PER_S;
}

/* ---- the site and its journal ---- */

static void scene_configure(struct scene *scene) {
    char state_setting[64];
    char broker_setting[80];
    (void)snprintf(state_setting, sizeof state_setting, "gateway.state=%s", scene->directory);
    (void)snprintf(broker_setting, sizeof broker_setting, "mqtt.brokers.0=%s",
                   scene->broker.address);
    const char *const settings[] = {state_setting, broker_setting};
    const struct config_options options = {.settings = settings, .setting_count = 2};
    int r = config_load(TEST_SOURCE_DIR "/deploy/example/site.yaml", &options, &scene->config);
    if (r != 0) {
        config_print(&scene->config, LANGUAGE_EN, stderr);
    }
    assert_int_equal(r, 0);
    size_t size = 0;
    const void *image = config_image(&scene->config, &size);
    assert_int_equal(site_view(image, size, &scene->site), 0);
    scene->site_fd = memfd_create("site", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(write(scene->site_fd, image, size), (ssize_t)size);
    assert_int_equal(fcntl(scene->site_fd, F_ADD_SEALS,
                           F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
                     0);
}

static void scene_alarm_name(const void *context, uint32_t alarm, char *ret) {
    const struct scene *scene = context;
    site_alarm_format(&scene->site, alarm, ret);
}

static void scene_open_journal(struct scene *scene) {
    const struct journal_conf conf = {
        .directory = scene->directory,
        .identity = {"gulou-demo", "main", scene_alarm_name, scene},
        .alarm_count = scene->site.ruleset.alarm_count,
    };
    assert_int_equal(journal_new(&conf, &scene->journal), 0);
    assert_int_equal(journal_start(scene->journal), 0);
}

static struct journal_event *event_make(uint32_t alarm) {
    static const char head[] = "\",\"type\":\"tocsin.alarm.raised\"";
    static const char data[] = ",\"data\":{\"class\":\"call.emergency\"}}";
    char text[160];
    struct journal_event *event = NULL;
    int len = snprintf(text, sizeof text, "%s%s", head, data);
    assert_int_equal(journal_event_new(text, sizeof head - 1, (size_t)len, &event), 0);
    event->wall = clock_wall();
    event->born_real_ns = clock_real_ns();
    event->alarm = alarm;
    event->type = EVENT_ALARM_RAISED;
    event->lane = LANE_ALARM;
    event->class = CLASS_CALL_EMERGENCY;
    return event;
}

/* Record `count` events of an alarm and wait until they are on the disk. */
static void scene_record(struct scene *scene, uint32_t alarm, uint64_t count) {
    uint64_t wanted = journal_newest(scene->journal) + count;
    for (uint64_t i = 0; i < count; i++) {
        journal_add_event(scene->journal, event_make(alarm));
    }
    (void)journal_submit(scene->journal);
    uint64_t deadline_ns = deadline_make();
    while (journal_newest(scene->journal) < wanted) {
        deadline_check(deadline_ns, "the journal");
        struct pollfd ready = {.fd = journal_fd(scene->journal), .events = POLLIN};
        (void)poll(&ready, 1, 100);
        struct journal_report report;
        journal_take(scene->journal, &report);
        assert_null(report.dropped);
        while (report.events != NULL) {
            struct journal_event *event = report.events;
            report.events = event->next;
            (void)journal_event_free(event);
        }
    }
}

/* ---- supervisor ---- */

static int not_here(struct process *process) {
    (void)process;
    return -ENOSYS;
}

static void scene_start(struct scene *scene) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    scene->pid = fork();
    assert_true(scene->pid >= 0);
    if (scene->pid == 0) {
        /* First out of the way of the places where the two belong. */
        int site_fd = fcntl(scene->site_fd, F_DUPFD, 50);
        int line = fcntl(ends[1], F_DUPFD, 50);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(site_fd, PROCESS_FD_SITE);
        (void)dup2(line, PROCESS_FD_LINE);
        (void)close(site_fd);
        (void)close(line);
        (void)execl("/proc/self/exe", "uplink", "--uplink", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    scene->line = ends[0];
    struct process_setup setup = {.role = PROCESS_UPLINK};
    (void)snprintf(setup.run_directory, sizeof setup.run_directory, "%s", scene->directory);
    assert_int_equal(send(scene->line, &setup, sizeof setup, 0), (ssize_t)sizeof setup);
}

/* Ask it to stop, and return its exit code. */
static int scene_stop(struct scene *scene) {
    int status = 0;
    assert_int_equal(kill(scene->pid, SIGTERM), 0);
    assert_int_equal(waitpid(scene->pid, &status, 0), scene->pid);
    (void)close(scene->line);
    scene->pid = 0;
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- engine ---- */

/* Read all that the uplink has said, without waiting. */
static void scene_listen(struct scene *scene) {
    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
    while (wire_receive(scene->engine, packet) == 0) {
        const struct wire_header *header = (const struct wire_header *)packet;
        if (header->kind == WIRE_CONFIRMED) {
            const struct wire_confirmed *confirmed = (const struct wire_confirmed *)packet;
            assert_true(confirmed->lane < 2);
            assert_true(confirmed->seq > scene->confirmed[confirmed->lane]);
            scene->confirmed[confirmed->lane] = confirmed->seq;
        } else if (header->kind == WIRE_UPLINK_STATE) {
            memcpy(&scene->uplink, packet, sizeof scene->uplink);
        }
    }
}

/* Let the uplink in and tell it how far the journal goes. */
static void scene_welcome(struct scene *scene, uint64_t confirmed_alarm) {
    uint64_t deadline_ns = deadline_make();
    while (wire_accept(scene->listener, &scene->engine) != 0) {
        deadline_check(deadline_ns, "the uplink's connection");
        struct pollfd ready = {.fd = scene->listener, .events = POLLIN};
        (void)poll(&ready, 1, 100);
    }
    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
    struct pollfd ready = {.fd = scene->engine, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, PATIENCE_S * 1000), 1);
    assert_int_equal(wire_receive(scene->engine, packet), 0);
    const struct wire_hello *hello = (const struct wire_hello *)packet;
    assert_int_equal(hello->header.kind, WIRE_HELLO);
    assert_int_equal(hello->role, WIRE_ROLE_UPLINK);
    assert_int_equal(hello->generation, scene->site.header->generation);
    assert_memory_equal(hello->build, build_digest(), sizeof hello->build);
    struct wire_welcome welcome = {
        .header = wire_header_of(WIRE_WELCOME, sizeof welcome),
        .generation = hello->generation,
        .newest_seq = journal_newest(scene->journal),
        .confirmed_alarm = confirmed_alarm,
    };
    (void)snprintf(welcome.boot, sizeof welcome.boot, "%s", journal_boot(scene->journal));
    scene->confirmed[LANE_ALARM] = confirmed_alarm;
    assert_int_equal(wire_send(scene->engine, &welcome), 0);
    struct wire_alarm_state end = {
        .header = wire_header_of(WIRE_ALARM_STATE, sizeof end),
        .snapshot = 2,
    };
    assert_int_equal(wire_send(scene->engine, &end), 0);
}

/* Record one event and tell of it, as the engine does. */
static void scene_happen(struct scene *scene, uint32_t alarm) {
    scene_record(scene, alarm, 1);
    struct journal_event *event = event_make(alarm);
    struct wire_event message = {
        .seq = journal_newest(scene->journal),
        .alarm = alarm,
        .type = EVENT_ALARM_RAISED,
        .lane = LANE_ALARM,
        .class = CLASS_CALL_EMERGENCY,
    };
    message.body_size = (uint32_t)journal_event_body(event, journal_id_prefix(scene->journal),
                                                     message.seq, 0, message.body);
    message.header =
        wire_header_of(WIRE_EVENT, offsetof(struct wire_event, body) + message.body_size);
    (void)journal_event_free(event);
    assert_int_equal(wire_send(scene->engine, &message), 0);
}

static void scene_await_confirmed(struct scene *scene, uint64_t seq) {
    uint64_t deadline_ns = deadline_make();
    while (scene->confirmed[LANE_ALARM] < seq) {
        deadline_check(deadline_ns, "a confirmation");
        struct pollfd ready = {.fd = scene->engine, .events = POLLIN};
        (void)poll(&ready, 1, 100);
        scene_listen(scene);
    }
    assert_int_equal(scene->confirmed[LANE_ALARM], seq);
}

static void scene_await_state(struct scene *scene, bool connected) {
    uint64_t deadline_ns = deadline_make();
    scene->uplink.header.kind = 0;
    while (scene->uplink.header.kind == 0 || (scene->uplink.connected != 0) != connected) {
        deadline_check(deadline_ns, "the uplink's state");
        struct pollfd ready = {.fd = scene->engine, .events = POLLIN};
        (void)poll(&ready, 1, 100);
        scene_listen(scene);
    }
}

static void scene_await_text(struct scene *scene, const char *wanted) {
    uint64_t deadline_ns = deadline_make();
    while (!subscriber_has(&scene->subscriber, wanted)) {
        if (clock_real_ns() > deadline_ns) {
            fail_msg("never seen: %s in: %s", wanted, scene->subscriber.text);
        }
        struct pollfd ready = {.fd = scene->subscriber.out, .events = POLLIN};
        (void)poll(&ready, 1, 100);
    }
}

/* How often a text was seen so far. */
static int scene_count(const struct scene *scene, const char *wanted) {
    int count = 0;
    const char *at = scene->subscriber.text;
    while ((at = strstr(at, wanted)) != NULL) {
        at++;
        count++;
    }
    return count;
}

/* ---- a scene's life ---- */

static int scene_open(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->directory, sizeof scene->directory, "/tmp/tocsin-uplink-XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    broker_init(&scene->broker, "");
    scene_configure(scene);
    scene_open_journal(scene);
    char path[64];
    (void)snprintf(path, sizeof path, "%s/engine.sock", scene->directory);
    assert_int_equal(wire_listen(path, &scene->listener), 0);
    scene->engine = -1;
    *state = scene;
    return 0;
}

static int scene_close(void **state) {
    struct scene *scene = *state;
    if (scene->pid > 0) {
        (void)kill(scene->pid, SIGKILL);
        (void)waitpid(scene->pid, NULL, 0);
        (void)close(scene->line);
    }
    (void)close(scene->engine);
    (void)close(scene->listener);
    (void)close(scene->site_fd);
    if (scene->subscriber.pid > 0) {
        subscriber_stop(&scene->subscriber);
    }
    broker_free(&scene->broker);
    scene->journal = journal_free(scene->journal);
    config_result_deinit(&scene->config);
    DIR *directory = opendir(scene->directory);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    (void)closedir(directory);
    (void)rmdir(scene->directory);
    free(scene);
    return 0;
}

static uint32_t scene_alarm(const struct scene *scene) {
    uint32_t alarm = site_alarm_find(&scene->site, "emergency_call/care/day-care/button-1");
    assert_int_not_equal(alarm, RULESET_NONE);
    return alarm;
}

/* ---- stories ---- */

static void an_event_is_told_outside_and_the_engine_hears_that_it_was_taken(void **state) {
    struct scene *scene = *state;
    broker_start(&scene->broker);
    subscriber_start(&scene->subscriber, &scene->broker, "tocsin/#");
    scene_start(scene);
    scene_welcome(scene, 0);
    scene_await_state(scene, true);
    assert_string_equal(scene->uplink.broker, scene->broker.address);
    scene_await_text(scene, "0 " ROOT "/status {\"state\":\"online\"");
    scene_happen(scene, scene_alarm(scene));
    scene_await_text(scene, "0 " ROOT "/event/alarm/call/emergency {");
    scene_await_text(scene, "\"durable\":true,\"replayed\":false}");
    scene_await_confirmed(scene, 1);
    assert_int_equal(scene_stop(scene), 0);
    scene_await_text(scene, "0 " ROOT "/status {\"state\":\"offline\"");
}

static void what_was_recorded_before_is_read_from_the_journal_after_the_confirmed(void **state) {
    struct scene *scene = *state;
    scene_record(scene, scene_alarm(scene), 30);
    broker_start(&scene->broker);
    subscriber_start(&scene->subscriber, &scene->broker, ROOT "/event/#");
    scene_start(scene);
    scene_welcome(scene, 10);
    scene_await_confirmed(scene, 30);
    scene_await_text(scene, "\"sequence\":30");
    assert_int_equal(scene_count(scene, "\"replayed\":true}"), 20);
    assert_int_equal(scene_count(scene, "\"sequence\":10,"), 0);
    assert_int_equal(scene_count(scene, "\"sequence\":11,"), 1);
    assert_int_equal(scene_stop(scene), 0);
}

static void a_restarted_engine_is_told_again_where_things_stand(void **state) {
    struct scene *scene = *state;
    broker_start(&scene->broker);
    subscriber_start(&scene->subscriber, &scene->broker, ROOT "/event/#");
    scene_start(scene);
    scene_welcome(scene, 0);
    scene_happen(scene, scene_alarm(scene));
    scene_await_confirmed(scene, 1);
    (void)close(scene->engine);
    scene_welcome(scene, 0); /* it had not saved the confirmation */
    scene_await_state(scene, true);
    scene_await_confirmed(scene, 1);
    scene_happen(scene, scene_alarm(scene));
    scene_await_confirmed(scene, 2);
    scene_await_text(scene, "\"sequence\":2,");
    assert_int_equal(scene_count(scene, "\"sequence\":1,"), 1); /* told outside only once */
    assert_int_equal(scene_stop(scene), 0);
}

static void events_of_the_time_without_a_broker_arrive_when_it_is_back(void **state) {
    struct scene *scene = *state;
    scene_start(scene);
    scene_welcome(scene, 0);
    scene_await_state(scene, false);
    assert_true(scene->uplink.reason[0] != '\0');
    for (int i = 0; i < 50; i++) {
        scene_happen(scene, scene_alarm(scene));
    }
    assert_int_equal(scene->confirmed[LANE_ALARM], 0);
    broker_start(&scene->broker);
    subscriber_start(&scene->subscriber, &scene->broker, ROOT "/event/#");
    scene_await_confirmed(scene, 50);
    assert_int_equal(scene_stop(scene), 0);
}

static void a_broker_killed_in_the_middle_loses_nothing(void **state) {
    struct scene *scene = *state;
    broker_start(&scene->broker);
    scene_start(scene);
    scene_welcome(scene, 0);
    scene_await_state(scene, true);
    broker_signal(&scene->broker, SIGSTOP);
    for (int i = 0; i < 5; i++) {
        scene_happen(scene, scene_alarm(scene));
    }
    broker_signal(&scene->broker, SIGKILL);
    scene_await_state(scene, false);
    assert_int_equal(scene->confirmed[LANE_ALARM], 0);
    broker_start(&scene->broker);
    subscriber_start(&scene->subscriber, &scene->broker, ROOT "/event/#");
    scene_await_confirmed(scene, 5);
    assert_int_equal(scene_stop(scene), 0);
}

static void the_uplink_ends_when_its_supervisor_is_gone(void **state) {
    struct scene *scene = *state;
    scene_start(scene);
    scene_welcome(scene, 0);
    scene_await_state(scene, false);
    (void)close(scene->line);
    int status = 0;
    assert_int_equal(waitpid(scene->pid, &status, 0), scene->pid);
    scene->pid = 0;
    assert_true(WIFEXITED(status));
}

/* What a scene starts: the process itself, with the line and the site where the supervisor puts
 * them. */
static int be_the_uplink(void) {
    int (*const roles[PROCESS_ROLE_COUNT])(struct process *) = {
        [PROCESS_ENGINE] = not_here,
        [PROCESS_FIELD] = not_here,
        [PROCESS_UPLINK] = uplink_run,
        [PROCESS_CONSOLE] = not_here,
    };
    return process_main(roles);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--uplink") == 0) {
        return be_the_uplink();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_event_is_told_outside_and_the_engine_hears_that_it_was_taken, scene_open,
            scene_close),
        cmocka_unit_test_setup_teardown(
            what_was_recorded_before_is_read_from_the_journal_after_the_confirmed, scene_open,
            scene_close),
        cmocka_unit_test_setup_teardown(a_restarted_engine_is_told_again_where_things_stand,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(events_of_the_time_without_a_broker_arrive_when_it_is_back,
                                        scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_broker_killed_in_the_middle_loses_nothing, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(the_uplink_ends_when_its_supervisor_is_gone, scene_open,
                                        scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
