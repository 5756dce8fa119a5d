/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The console process and the command line together, over real sockets: the console runs in a
 * child, the commands of the command line in others, and the test plays the engine and has written
 * the journal.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <sqlite3.h>

#include "gateway/cli/about.h"
#include "gateway/cli/act.h"
#include "gateway/cli/alarms.h"
#include "gateway/cli/client.h"
#include "gateway/cli/events.h"
#include "gateway/cli/points.h"
#include "gateway/cli/sse.h"
#include "gateway/clock.h"
#include "gateway/console/api.h"
#include "gateway/console/console.h"
#include "gateway/console/listener.h"
#include "gateway/journal/journal_store.h"
#include "gateway/wire.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"

enum { DEADLINE_MS = 20000, STEP_MS = 5, TEXT_SIZE = 64 * 1024 };

static const char call_name[] = "emergency_call/care/day-care/button-1";

struct stage {
    char directory[40];
    char socket[64];
    char engine_path[64];
    char journal_path[64];
    struct site site;
    int listener;
    int engine; /* our end of the console's connection, -1 when there is none */
    pid_t console;
    struct client *client;
};

/* --- time: wait for a condition, never for time to pass --- */

static uint64_t deadline_ns(void) {
    return clock_real_ns() + DEADLINE_MS * NS_PER_MS;
}

static void step(uint64_t deadline) {
    const struct timespec wait = {.tv_nsec = STEP_MS * 1000000L};
    assert_true(clock_real_ns() < deadline);
    (void)nanosleep(&wait, NULL);
}

static void await_input(int fd, uint64_t deadline) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (poll(&ready, 1, STEP_MS) == 0) {
        assert_true(clock_real_ns() < deadline);
    }
}

/* A child must not hold the engine's sockets open: their end is what others wait for. */
static void stage_drop_engine(const struct stage *stage) {
    if (stage->engine >= 0) {
        (void)close(stage->engine);
    }
    if (stage->listener >= 0) {
        (void)close(stage->listener);
    }
}

/* --- the console's process --- */

static void console_stop(evutil_socket_t fd, short what, void *base) {
    (void)fd;
    (void)what;
    (void)event_base_loopbreak(base);
}

static int console_child(struct stage *stage) {
    struct console console;
    struct process process = {
        .role = PROCESS_CONSOLE,
        .name = "console",
        .run_directory = stage->directory,
        .console_socket = stage->socket,
        .language = LANGUAGE_EN,
        .site = stage->site,
        .base = event_base_new(),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    struct event *stop = evsignal_new(process.base, SIGTERM, console_stop, process.base);
    (void)event_add(stop, NULL);
    if (console_open(&console, &process) != 0) {
        return 1;
    }
    (void)event_base_dispatch(process.base);
    console_close(&console);
    event_free(stop);
    event_base_free(process.base);
    return 0;
}

static void console_start(struct stage *stage) {
    stage->console = fork();
    assert_true(stage->console >= 0);
    if (stage->console == 0) {
        stage_drop_engine(stage);
        exit(console_child(stage));
    }
}

static void console_end(struct stage *stage) {
    int status = 0;
    assert_int_equal(kill(stage->console, SIGTERM), 0);
    assert_int_equal(waitpid(stage->console, &status, 0), stage->console);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    stage->console = -1;
}

/* --- the engine, played by the test --- */

static void engine_send(struct stage *stage, const void *message) {
    uint64_t deadline = deadline_ns();
    int r = 0;
    while ((r = wire_send(stage->engine, message)) == WIRE_E_FULL) {
        step(deadline);
    }
    assert_int_equal(r, 0);
}

static void engine_receive(struct stage *stage, void *packet) {
    uint64_t deadline = deadline_ns();
    int r = 0;
    while ((r = wire_receive(stage->engine, packet)) == WIRE_E_EMPTY) {
        step(deadline);
    }
    assert_int_equal(r, 0);
}

static void engine_accept(struct stage *stage) {
    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
    uint64_t deadline = deadline_ns();
    await_input(stage->listener, deadline);
    assert_int_equal(wire_accept(stage->listener, &stage->engine), 0);
    engine_receive(stage, packet);
    const struct wire_hello *hello = (const struct wire_hello *)packet;
    assert_int_equal(hello->header.kind, WIRE_HELLO);
    assert_int_equal(hello->role, WIRE_ROLE_CONSOLE);
    assert_int_equal(hello->generation, CONSOLE_SITE_GENERATION);
}

static void engine_alarm(struct stage *stage, uint32_t alarm, uint32_t snapshot) {
    const struct wire_alarm_state message = {
        .header = wire_header_of(WIRE_ALARM_STATE, sizeof message),
        .alarm = alarm,
        .snapshot = snapshot,
        .record = {.axes = {.active = true, .latched = true, .open = true},
                   .occurrence = 1,
                   .raised = {1795331820123000000}},
        .value = 1,
    };
    engine_send(stage, &message);
}

static json_t *ask(struct stage *stage, const char *path, const json_t *body, long *ret_status) {
    json_t *answer = NULL;
    assert_int_equal(
        client_ask(stage->client, body == NULL ? "GET" : "POST", path, body, ret_status, &answer),
        0);
    return answer;
}

static bool engine_is(struct stage *stage, const char *word) {
    json_t *answer = NULL;
    long status = 0;
    if (client_ask(stage->client, "GET", "/api/v1/health", NULL, &status, &answer) != 0) {
        return false;
    }
    const char *engine = json_string_value(json_object_get(answer, "engine"));
    bool is = engine != NULL && strcmp(engine, word) == 0;
    json_decref(answer);
    return is;
}

static void await_engine(struct stage *stage, const char *word) {
    uint64_t deadline = deadline_ns();
    while (!engine_is(stage, word)) {
        step(deadline);
    }
}

static void engine_components(struct stage *stage) {
    const struct wire_components message = {
        .header = wire_header_of(WIRE_COMPONENTS, sizeof message),
        .count = CONSOLE_SITE_COMPONENTS,
        .journal_ok = 1,
        .present = {TRUTH_TRUE, TRUTH_TRUE, TRUTH_TRUE},
        .uplink_connected = TRUTH_TRUE,
        .uplink_delivers = TRUTH_TRUE,
    };
    engine_send(stage, &message);
}

/* Welcome the console with one alarm standing and say how things are. */
static void engine_welcome(struct stage *stage, uint64_t newest_seq) {
    const struct wire_welcome welcome = {
        .header = wire_header_of(WIRE_WELCOME, sizeof welcome),
        .generation = CONSOLE_SITE_GENERATION,
        .boot = "17",
        .newest_seq = newest_seq,
    };
    const struct wire_alarm_state end = {.header = wire_header_of(WIRE_ALARM_STATE, sizeof end),
                                         .snapshot = 2};
    engine_accept(stage);
    engine_send(stage, &welcome);
    engine_alarm(stage, CONSOLE_SITE_CALL, 1);
    engine_send(stage, &end);
    engine_components(stage);
    await_engine(stage, "present");
}

static void engine_leave(struct stage *stage) {
    if (stage->engine >= 0) {
        (void)close(stage->engine);
        stage->engine = -1;
    }
    if (stage->listener >= 0) {
        (void)close(stage->listener);
        (void)unlink(stage->engine_path);
        stage->listener = -1;
    }
}

static uint64_t engine_take_command(struct stage *stage, struct command *ret_command) {
    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
    const struct wire_command *message = (const struct wire_command *)packet;
    /* What the console says of itself from time to time, of phones and pages, may come before. */
    do {
        engine_receive(stage, packet);
    } while (message->header.kind != WIRE_COMMAND);
    *ret_command = message->command;
    return message->request;
}

static void engine_answer(struct stage *stage, uint64_t request, enum command_refusal refusal,
                          uint64_t seq) {
    const struct wire_command_result result = {
        .header = wire_header_of(WIRE_COMMAND_RESULT, sizeof result),
        .request = request,
        .refusal = refusal,
        .recorded = refusal == COMMAND_ACCEPTED && seq > 0,
        .seq = seq,
    };
    engine_send(stage, &result);
}

/* An event's body for `seq`; `filler` bytes make it as long as one with long texts. */
static size_t event_body(uint64_t seq, size_t filler, char ret[WIRE_BODY_MAX]) {
    int len = snprintf(ret, WIRE_BODY_MAX,
                       "{\"specversion\":\"1.0\",\"id\":\"gulou-demo.main.17.%llu\",\"type\":"
                       "\"tocsin.alarm.raised\",\"subject\":\"care/day-care/button-1\",\"time\":"
                       "\"2026-11-22T07:17:00.123Z\",\"sequence\":%llu,\"data\":{\"rule\":"
                       "\"emergency_call\",\"priority\":\"emergency\",\"place\":\"care/day-care\","
                       "\"text\":{\"zh\":\"日间照料室：紧急呼叫\",\"en\":\"%0*d\"}}}",
                       (unsigned long long)seq, (unsigned long long)seq, (int)filler, 0);
    assert_in_range(len, 1, WIRE_BODY_MAX - 1);
    return (size_t)len;
}

static void engine_event(struct stage *stage, uint64_t seq, size_t filler) {
    struct wire_event message = {.seq = seq,
                                 .alarm = CONSOLE_SITE_CALL,
                                 .type = EVENT_ALARM_RAISED,
                                 .lane = LANE_ALARM,
                                 .class = CLASS_CALL_EMERGENCY};
    message.body_size = (uint32_t)event_body(seq, filler, message.body);
    message.header = wire_header_of(WIRE_EVENT, wire_size(WIRE_EVENT, message.body_size));
    engine_send(stage, &message);
}

/* --- the journal --- */

static void journal_make(struct stage *stage) {
    char reason[JOURNAL_REASON_SIZE];
    struct journal_store *store = NULL;
    const struct journal_identity identity = {.site = "gulou-demo", .gateway = "main"};
    assert_int_equal(journal_store_open(stage->journal_path, &identity, &store, reason), 0);
    (void)journal_store_free(store, true);
}

static void journal_record(struct stage *stage, uint64_t first, uint64_t last) {
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    assert_int_equal(sqlite3_open(stage->journal_path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "INSERT INTO event(seq, boot, at_wall, lane, type, alarm, body, digest) "
                           "VALUES(?1, '17', 1, 0, 'alarm.raised', ?2, ?3, x'00')",
                           -1, &insert, NULL),
        SQLITE_OK);
    for (uint64_t seq = first; seq <= last; seq++) {
        char body[WIRE_BODY_MAX];
        size_t size = event_body(seq, 1, body);
        (void)sqlite3_bind_int64(insert, 1, (sqlite3_int64)seq);
        (void)sqlite3_bind_text(insert, 2, call_name, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(insert, 3, body, (int)size, SQLITE_TRANSIENT);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        (void)sqlite3_reset(insert);
    }
    (void)sqlite3_finalize(insert);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* --- commands of the command line, each in a child --- */

struct command_line {
    pid_t pid;
    int out_fd, err_fd;
    char out[TEXT_SIZE], err[TEXT_SIZE]; /* all of it, once it has finished */
    char text[TEXT_SIZE];                /* of standard output, while it goes on */
    size_t len;
};

static void cli_start(struct stage *stage, struct command_line *cli,
                      int (*command)(int argc, char **argv), const char *const *words) {
    char *argv[16] = {0};
    int argc = 0;
    int out[2];
    int err[2];
    for (; words[argc] != NULL; argc++) {
        argv[argc] = strdup(words[argc]);
    }
    assert_int_equal(pipe(out), 0);
    assert_int_equal(pipe(err), 0);
    assert_int_equal(setenv(CLIENT_SOCKET_VARIABLE, stage->socket, 1), 0);
    *cli = (struct command_line){.out_fd = out[0], .err_fd = err[0]};
    cli->pid = fork();
    assert_true(cli->pid >= 0);
    if (cli->pid == 0) {
        stage_drop_engine(stage);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)dup2(err[1], STDERR_FILENO);
        (void)close(out[0]);
        (void)close(err[0]);
        int code = command(argc, argv);
        (void)fflush(NULL);
        _exit(code);
    }
    (void)close(out[1]);
    (void)close(err[1]);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
}

/* Read until `wanted` lines have come. */
static void cli_await_lines(struct command_line *cli, int wanted) {
    uint64_t deadline = deadline_ns();
    int lines = 0;
    for (size_t i = 0; i < cli->len; i++) {
        lines += cli->text[i] == '\n';
    }
    while (lines < wanted) {
        await_input(cli->out_fd, deadline);
        char byte = 0;
        assert_int_equal(read(cli->out_fd, &byte, 1), 1);
        assert_true(cli->len + 1 < sizeof cli->text);
        cli->text[cli->len++] = byte;
        lines += byte == '\n';
    }
    cli->text[cli->len] = '\0';
}

static void read_all(int fd, char *ret, size_t size) {
    uint64_t deadline = deadline_ns();
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0 && len + 1 < size) {
        await_input(fd, deadline);
        got = read(fd, ret + len, size - len - 1);
        len += got > 0 ? (size_t)got : 0;
    }
    ret[len] = '\0';
    (void)close(fd);
}

/* Wait for the end and keep what was printed; returns the exit code. */
static int cli_finish(struct command_line *cli) {
    int status = 0;
    read_all(cli->out_fd, cli->out, sizeof cli->out);
    read_all(cli->err_fd, cli->err, sizeof cli->err);
    assert_int_equal(waitpid(cli->pid, &status, 0), cli->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void cli_interrupt(struct command_line *cli) {
    int status = 0;
    assert_int_equal(kill(cli->pid, SIGTERM), 0);
    assert_int_equal(waitpid(cli->pid, &status, 0), cli->pid);
    (void)close(cli->out_fd);
    (void)close(cli->err_fd);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --- set-up --- */

static int stage_open(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    strcpy(stage->directory, "/tmp/tocsin-console.XXXXXX");
    assert_non_null(mkdtemp(stage->directory));
    (void)snprintf(stage->socket, sizeof stage->socket, "%s/console.sock", stage->directory);
    (void)snprintf(stage->engine_path, sizeof stage->engine_path, "%s/engine.sock",
                   stage->directory);
    (void)snprintf(stage->journal_path, sizeof stage->journal_path, "%s/journal.db",
                   stage->directory);
    stage->engine = -1;
    stage->site = console_site(stage->directory);
    journal_make(stage);
    assert_int_equal(wire_listen(stage->engine_path, &stage->listener), 0);
    assert_int_equal(client_new(stage->socket, NULL, LANGUAGE_EN, &stage->client), 0);
    console_start(stage);
    *state = stage;
    return 0;
}

static int stage_close(void **state) {
    struct stage *stage = *state;
    stage->client = client_free(stage->client);
    if (stage->console > 0) {
        console_end(stage);
    }
    engine_leave(stage);
    static const char *const names[] = {"journal.db", "journal.db-wal", "journal.db-shm",
                                        "console.sock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", stage->directory, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(stage->directory), 0);
    free(stage);
    return 0;
}

/* --- commands --- */

static void a_command_is_done_only_when_the_engine_has_recorded_it(void **state) {
    struct stage *stage = *state;
    static struct command_line cli;
    struct command command;
    engine_welcome(stage, 0);
    cli_start(stage, &cli, act_main,
              WORDS("ack", call_name, "--by", "王", "--reason", "on my way", "--lang", "en"));
    uint64_t request = engine_take_command(stage, &command);
    assert_int_equal(command.verb, COMMAND_ACKNOWLEDGE);
    assert_int_equal(command.alarm, CONSOLE_SITE_CALL);
    assert_string_equal(command.actor, "王 (engineer, local)");
    assert_string_equal(command.reason, "on my way");
    int status = 0;
    assert_int_equal(waitpid(cli.pid, &status, WNOHANG), 0);
    engine_answer(stage, request, COMMAND_ACCEPTED, 4203);
    assert_int_equal(cli_finish(&cli), 0);
    assert_non_null(strstr(cli.out, "acknowledged"));
    assert_non_null(strstr(cli.out, "#4203"));
    assert_string_equal(cli.err, "");
}

static void a_command_that_was_done_but_not_recorded_says_so(void **state) {
    struct stage *stage = *state;
    static struct command_line cli;
    struct command command;
    engine_welcome(stage, 0);
    cli_start(stage, &cli, act_main, WORDS("attend", call_name, "--lang", "en"));
    uint64_t request = engine_take_command(stage, &command);
    engine_answer(stage, request, COMMAND_ACCEPTED, 0);
    assert_int_equal(cli_finish(&cli), 0);
    assert_non_null(strstr(cli.out, "not recorded yet"));
}

static void a_refused_command_exits_1_and_says_which_rule_refused_it(void **state) {
    struct stage *stage = *state;
    static struct command_line cli;
    struct command command;
    engine_welcome(stage, 0);
    cli_start(stage, &cli, act_main, WORDS("reset", call_name, "--lang", "en"));
    uint64_t request = engine_take_command(stage, &command);
    assert_int_equal(command.verb, COMMAND_RESET);
    engine_answer(stage, request, COMMAND_REFUSED_ATTEND_REQUIRED, 0);
    assert_int_equal(cli_finish(&cli), 1);
    assert_string_equal(cli.out, "");
    assert_non_null(strstr(cli.err, "attend at the place first"));
    cli_start(stage, &cli, act_main, WORDS("reset", call_name, "--lang", "zh"));
    request = engine_take_command(stage, &command);
    engine_answer(stage, request, COMMAND_REFUSED_STILL_ACTIVE, 0);
    assert_int_equal(cli_finish(&cli), 1);
    assert_non_null(strstr(cli.err, "触发条件仍然存在"));
}

static void expect_problem(struct stage *stage, const char *path, const json_t *body, long status,
                           const char *type) {
    long got = 0;
    json_t *answer = ask(stage, path, body, &got);
    assert_int_equal(got, status);
    assert_int_equal(json_integer_value(json_object_get(answer, "status")), status);
    assert_string_equal(json_string_value(json_object_get(answer, "type")), type);
    assert_true(json_is_string(json_object_get(answer, "detail")));
    json_decref(answer);
}

static void without_the_engine_commands_are_503_and_answers_say_that_it_is_away(void **state) {
    struct stage *stage = *state;
    static struct command_line cli;
    json_t *body = json_object();
    engine_welcome(stage, 0);
    engine_leave(stage);
    await_engine(stage, "away");
    expect_problem(stage, "/api/v1/alarms/emergency_call/care/day-care/button-1/acknowledge", body,
                   503, "tocsin:problem/engine_away");
    json_decref(body);
    cli_start(stage, &cli, act_main, WORDS("ack", call_name, "--lang", "en"));
    assert_int_equal(cli_finish(&cli), 1);
    assert_non_null(strstr(cli.err, "nothing was done"));
    /* The alarm still stands there, but nobody takes it for the present. */
    cli_start(stage, &cli, alarms_main, WORDS("alarms", "--lang", "en"));
    assert_int_equal(cli_finish(&cli), 1);
    assert_non_null(strstr(cli.out, call_name));
    assert_non_null(strstr(cli.err, "what follows is the past"));
    cli_start(stage, &cli, health_main, WORDS("health", "--lang", "en"));
    assert_int_equal(cli_finish(&cli), 1);
    assert_non_null(strstr(cli.out, "failed"));
}

static void an_engine_that_dies_with_a_command_answers_it_as_lost(void **state) {
    struct stage *stage = *state;
    static struct command_line cli;
    struct command command;
    engine_welcome(stage, 0);
    cli_start(stage, &cli, act_main, WORDS("ack", call_name, "--lang", "en"));
    (void)engine_take_command(stage, &command);
    engine_leave(stage);
    assert_int_equal(cli_finish(&cli), 1);
    assert_non_null(strstr(cli.err, "went away before it answered"));
}

static void bad_requests_are_problems_and_never_reach_the_engine(void **state) {
    struct stage *stage = *state;
    const char *ack = "/api/v1/alarms/emergency_call/care/day-care/button-1/acknowledge";
    struct client *auditor = NULL;
    engine_welcome(stage, 0);
    static const char *const bodies[] = {
        "{\"by\":\"\"}",
        "{\"by\":7}",
        "{\"who\":\"x\"}",
        "{\"by\":\"a\\nb\"}",
        "{\"reason\":[\"x\"]}",
        "[]",
        "{\"by\":\"0123456789012345678901234567890123456789012\"}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        json_t *body = json_loads(bodies[i], 0, NULL);
        assert_non_null(body);
        expect_problem(stage, ack, body, 400, "tocsin:problem/body");
        json_decref(body);
    }
    json_t *empty = json_object();
    expect_problem(stage, "/api/v1/alarms/emergency_call/nowhere/acknowledge", empty, 404,
                   "tocsin:problem/unknown_alarm");
    expect_problem(stage, "/api/v1/alarms/emergency_call/care/day-care/button-1/explode", empty,
                   404, "tocsin:problem/not_found");
    expect_problem(stage, "/api/v1/points", empty, 405, "tocsin:problem/method");
    expect_problem(stage, "/nothing", NULL, 404, "tocsin:problem/not_found");
    expect_problem(stage, "/api/v1/points?place=nowhere", NULL, 404, "tocsin:problem/not_found");
    expect_problem(stage, "/api/v1/events?after=-1", NULL, 400, "tocsin:problem/parameter");
    expect_problem(stage, "/api/v1/events?limit=0", NULL, 400, "tocsin:problem/parameter");
    expect_problem(stage, "/api/v1/events?limit=1001", NULL, 400, "tocsin:problem/parameter");
    expect_problem(stage, "/api/v1/events?lane=fast", NULL, 400, "tocsin:problem/parameter");
    expect_problem(stage, "/api/v1/stream?after=x", NULL, 400, "tocsin:problem/parameter");
    static const char *const unknown[] = {
        "/api/v1/events?limits=1", "/api/v1/events?lim=1",        "/api/v1/alarms?place=care",
        "/api/v1/version?x=1",     "/api/v1/alarms?all%20from=1", "/api/v1/alarms?from=0&l=1",
        "/api/v1/alarms?%ff=1",
    };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        expect_problem(stage, unknown[i], NULL, 400, "tocsin:problem/parameter_unknown");
    }
    struct client *own = stage->client;
    assert_int_equal(client_new(stage->socket, "auditor", LANGUAGE_EN, &auditor), 0);
    stage->client = auditor;
    expect_problem(stage, ack, empty, 403, "tocsin:problem/role");
    expect_problem(stage, "/api/v1/resend", empty, 403, "tocsin:problem/resend_role");
    auditor = client_free(auditor);
    assert_int_equal(client_new(stage->socket, "wall", LANGUAGE_EN, &auditor), 0);
    stage->client = auditor;
    expect_problem(stage, ack, empty, 403, "tocsin:problem/role");
    expect_problem(stage, "/api/v1/places/care/test-begin", empty, 403, "tocsin:problem/role");
    auditor = client_free(auditor);
    assert_int_equal(client_new(stage->socket, "god", LANGUAGE_EN, &auditor), 0);
    stage->client = auditor;
    expect_problem(stage, ack, empty, 400, "tocsin:problem/role_unknown");
    (void)client_free(auditor);
    stage->client = own;
    json_decref(empty);
    _Alignas(8) unsigned char packet[WIRE_SIZE_MAX];
    assert_int_equal(wire_receive(stage->engine, packet), WIRE_E_EMPTY);
}

/* --- looking --- */

static void alarms_and_points_are_shown_by_name(void **state) {
    struct stage *stage = *state;
    static struct command_line cli;
    engine_welcome(stage, 0);
    const struct wire_point_values values = {
        .header = wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, 1)),
        .count = 1,
        .values = {{.point = CONSOLE_SITE_TEMPERATURE,
                    .value = 21.5,
                    .measured = clock_wall(),
                    .heard = clock_wall()}},
    };
    engine_send(stage, &values);
    engine_components(stage);
    cli_start(stage, &cli, alarms_main, WORDS("alarms", "--lang", "zh"));
    assert_int_equal(cli_finish(&cli), 0);
    assert_string_equal(cli.out, "紧急  11-22 15:17:00  日间照料室  未确认  日间照料室：紧急呼叫  "
                                 "emergency_call/care/day-care/button-1\n");
    uint64_t deadline = deadline_ns();
    do {
        step(deadline);
        cli_start(stage, &cli, points_main, WORDS("points", "care", "--lang", "zh"));
        assert_int_equal(cli_finish(&cli), 0);
    } while (strstr(cli.out, "21.5 °C") == NULL);
    assert_non_null(strstr(cli.out, "care/day-care/temperature"));
    cli_start(stage, &cli, points_main, WORDS("points", "nowhere"));
    assert_int_equal(cli_finish(&cli), 1);
    cli_start(stage, &cli, version_main, WORDS("version", "--lang", "en"));
    assert_int_equal(cli_finish(&cli), 0);
    assert_non_null(strstr(cli.out, "gateway gulou-demo.main"));
}

static void events_are_shown_newest_last_and_read_on_over_pages(void **state) {
    struct stage *stage = *state;
    static struct command_line cli;
    journal_record(stage, 1, 1203);
    engine_welcome(stage, 1203);
    cli_start(stage, &cli, events_main, WORDS("events", "--limit", "3", "--lang", "zh"));
    assert_int_equal(cli_finish(&cli), 0);
    assert_non_null(strstr(cli.out, "日间照料室：紧急呼叫"));
    cli_start(stage, &cli, events_main, WORDS("events", "--limit", "2", "--json"));
    assert_int_equal(cli_finish(&cli), 0);
    const char *older = strstr(cli.out, "\"sequence\":1202");
    const char *newer = strstr(cli.out, "\"sequence\":1203");
    assert_non_null(older);
    assert_true(newer > older);
    assert_null(strstr(cli.out, "\"sequence\":1201"));
    /* Three pages, each event once. */
    long status = 0;
    uint64_t after = 0;
    uint64_t expected = 1;
    for (int page = 0; page < 3; page++) {
        char path[128];
        (void)snprintf(path, sizeof path, "/api/v1/events?after=%llu&limit=500&lane=alarm",
                       (unsigned long long)after);
        json_t *answer = ask(stage, path, NULL, &status);
        size_t index = 0;
        json_t *event = NULL;
        json_array_foreach(json_object_get(answer, "events"), index, event) {
            assert_int_equal(json_integer_value(json_object_get(event, "sequence")), expected++);
        }
        after = (uint64_t)json_integer_value(json_object_get(answer, "last_seq"));
        json_decref(answer);
    }
    assert_int_equal(expected, 1204);
}

/* --- the stream --- */

struct follower {
    struct stage *stage;
    struct sse sse;
    uint64_t expected; /* the next seq */
    uint64_t last;     /* enough when this one has come */
    uint64_t recorded; /* what the journal has */
    unsigned replayed; /* events marked as such */
    unsigned wrong;    /* ids that were not the expected one */
};

/* Each time the backlog is through, more happens: told one by one, or only as a new end. */
static void follower_more(struct follower *follower) {
    struct stage *stage = follower->stage;
    if (follower->expected != follower->recorded + 1 || follower->recorded >= follower->last) {
        return;
    }
    uint64_t first = follower->recorded + 1;
    follower->recorded += 5;
    journal_record(stage, first, follower->recorded);
    if (follower->recorded % 2 == 0) {
        for (uint64_t seq = first; seq <= follower->recorded; seq++) {
            engine_event(stage, seq, 1);
        }
    } else {
        const struct wire_journal message = {.header = wire_header_of(WIRE_JOURNAL, sizeof message),
                                             .alarm = RULESET_NONE,
                                             .newest_seq = follower->recorded};
        engine_send(stage, &message);
        engine_event(stage, follower->recorded, 1); /* told already: must not come twice */
    }
}

static bool follower_message(void *context, const struct sse_message *message) {
    struct follower *follower = context;
    if (message->name[0] != '\0') {
        return true;
    }
    follower->wrong += message->id != follower->expected;
    follower->expected = message->id + 1;
    follower->replayed += strstr(message->data, "\"replayed\":true") != NULL;
    follower_more(follower);
    return follower->expected <= follower->last;
}

static bool follower_piece(void *context, const char *bytes, size_t size) {
    struct follower *follower = context;
    return sse_feed(&follower->sse, bytes, size, follower_message, follower);
}

static void a_stream_resumes_after_its_last_event_without_gap_or_double(void **state) {
    struct stage *stage = *state;
    static struct follower follower;
    long status = 0;
    journal_record(stage, 1, 1000);
    engine_welcome(stage, 1000);
    follower = (struct follower){.stage = stage, .expected = 124, .last = 1040, .recorded = 1000};
    sse_init(&follower.sse);
    assert_int_equal(
        client_follow(stage->client, "/api/v1/stream", 123, follower_piece, &follower, &status), 0);
    assert_int_equal(status, 200);
    assert_int_equal(follower.wrong, 0);
    assert_int_equal(follower.expected, 1041);
    assert_int_equal(follower.replayed, 1000 - 123); /* what was there before the follower came */
}

/* An event the journal could not take in time: at once without an id, later with its seq. */
static void an_early_event_comes_at_once_without_id_and_again_when_recorded(void **state) {
    struct stage *stage = *state;
    static struct command_line cli;
    engine_welcome(stage, 0);
    cli_start(stage, &cli, events_main, WORDS("events", "--follow", "--json", "--after", "0"));
    struct wire_event message = {.early = 9, .alarm = CONSOLE_SITE_CALL};
    message.body_size = (uint32_t)event_body(1, 1, message.body);
    message.header = wire_header_of(WIRE_EVENT, wire_size(WIRE_EVENT, message.body_size));
    /* The follower's connection is not ours to see: tell until it has come. */
    uint64_t deadline = deadline_ns();
    struct pollfd ready = {.fd = cli.out_fd, .events = POLLIN};
    do {
        assert_true(clock_real_ns() < deadline);
        engine_send(stage, &message);
    } while (poll(&ready, 1, STEP_MS) == 0);
    cli_await_lines(&cli, 1);
    assert_non_null(strstr(cli.text, "\"durable\":false"));
    message.seq = 1;
    journal_record(stage, 1, 1);
    engine_send(stage, &message);
    while (strstr(cli.text, "\"durable\":true") == NULL) {
        int lines = 1;
        for (const char *at = cli.text; *at != '\0'; at++) {
            lines += *at == '\n';
        }
        cli_await_lines(&cli, lines);
    }
    assert_non_null(strstr(cli.text, "\"first_sent_as\":\"gulou-demo.main.17.u9\""));
    cli_interrupt(&cli);
}

static void a_follower_outlives_the_console_and_misses_nothing(void **state) {
    struct stage *stage = *state;
    static struct command_line cli;
    journal_record(stage, 1, 4);
    engine_welcome(stage, 4);
    cli_start(stage, &cli, events_main, WORDS("events", "--follow", "--json", "--after", "0"));
    cli_await_lines(&cli, 4);
    console_end(stage);
    (void)close(stage->engine);
    journal_record(stage, 5, 9);
    console_start(stage);
    engine_welcome(stage, 9);
    cli_await_lines(&cli, 9);
    const char *at = cli.text;
    for (int seq = 1; seq <= 9; seq++) {
        char wanted[32];
        (void)snprintf(wanted, sizeof wanted, "\"sequence\":%d,", seq);
        at = strstr(at, wanted);
        assert_non_null(at);
    }
    cli_interrupt(&cli);
}

/* --- plain sockets --- */

static int raw_connect(struct stage *stage) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, stage->socket, strlen(stage->socket) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void raw_say(int fd, const char *text) {
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void raw_ask(struct stage *stage, const char *method, const char *path, char *ret,
                    size_t size) {
    char request[256];
    int fd = raw_connect(stage);
    (void)snprintf(request, sizeof request,
                   "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    raw_say(fd, request);
    read_all(fd, ret, size);
}

static bool metrics_show(struct stage *stage, const char *line) {
    static char page[TEXT_SIZE];
    raw_ask(stage, "GET", "/metrics", page, sizeof page);
    return strstr(page, line) != NULL;
}

static void a_client_that_does_not_read_is_cut_and_told_to_resync(void **state) {
    struct stage *stage = *state;
    enum { FILLER = 5000, EVENTS_MAX = 2000, ANSWER_SIZE = 4 * 1024 * 1024 };
    uint64_t deadline = deadline_ns();
    engine_welcome(stage, 0);
    int slow = raw_connect(stage);
    raw_say(slow, "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!metrics_show(stage, "\ntocsin_console_streams 1\n")) {
        step(deadline);
    }
    uint64_t seq = 0;
    while (!metrics_show(stage, "\ntocsin_console_streams_cut_total 1\n")) {
        assert_true(seq < EVENTS_MAX);
        for (int i = 0; i < 8; i++) {
            engine_event(stage, ++seq, FILLER);
        }
    }
    /* Now it reads: all that was kept for it, the end of it, and no more than the bound allows. */
    char *answer = malloc(ANSWER_SIZE);
    read_all(slow, answer, ANSWER_SIZE);
    int kernel = 0;
    socklen_t kernel_size = sizeof kernel;
    int probe = raw_connect(stage);
    assert_int_equal(getsockopt(probe, SOL_SOCKET, SO_SNDBUF, &kernel, &kernel_size), 0);
    (void)close(probe);
    assert_non_null(strstr(answer, "event: resync\ndata: {\"reason\":\"slow\"}\n\n"));
    assert_true(strlen(answer) > STREAM_BYTES_MAX / 2);
    assert_true(strlen(answer) < STREAM_BYTES_MAX + (size_t)kernel + WIRE_SIZE_MAX);
    free(answer);
    while (!metrics_show(stage, "\ntocsin_console_streams 0\n")) {
        step(deadline);
    }
}

/* Whoever hears nothing for longer than a few pings knows that the line is dead; comments are no events. */
static void a_line_on_which_nothing_happens_is_kept_alive_by_comments(void **state) {
    struct stage *stage = *state;
    static char heard[TEXT_SIZE];
    size_t len = 0;
    uint64_t deadline = deadline_ns();
    await_engine(stage, "away"); /* also while there is none */
    int fd = raw_connect(stage);
    raw_say(fd, "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n");
    do {
        await_input(fd, deadline);
        ssize_t got = read(fd, heard + len, sizeof heard - 1 - len);
        assert_true(got > 0);
        len += (size_t)got;
        heard[len] = '\0';
    } while (strstr(heard, "\n: ping\n\n") == NULL);
    (void)close(fd);
    assert_non_null(strstr(heard, "event: hello\ndata: {\"engine\":\"away\""));
    assert_true(STREAM_PING_MS <= 5000);
}

static void every_method_that_is_not_taken_is_a_problem_and_names_those_that_are(void **state) {
    static const char *const methods[] = {"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST"};
    struct stage *stage = *state;
    static char answer[TEXT_SIZE];
    engine_welcome(stage, 0);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        raw_ask(stage, methods[i], "/api/v1/points", answer, sizeof answer);
        assert_non_null(strstr(answer, " 405 "));
        assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
        assert_non_null(strstr(answer, "\r\nContent-Type: application/problem+json"));
        assert_non_null(strstr(answer, "tocsin:problem/method"));
    }
    raw_ask(stage, "PUT", "/api/v1/alarms/x/y", answer, sizeof answer);
    assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD, POST\r\n"));
    raw_ask(stage, "GET", "/api/v1/resend", answer, sizeof answer);
    assert_non_null(strstr(answer, "\r\nAllow: POST\r\n"));
    raw_ask(stage, "CONNECT", "example.org:443", answer, sizeof answer);
    assert_non_null(strstr(answer, "\r\nContent-Type: application/problem+json"));
}

/* RFC 9110, 9.3.2: the status and the headers of GET, and nothing behind them. */
static void head_is_answered_like_get_without_the_body(void **state) {
    static const char *const paths[] = {"/api/v1/places", "/api/v1/version",
                                        "/api/v1/points?from=x", "/nothing"};
    struct stage *stage = *state;
    static char whole[TEXT_SIZE], head[TEXT_SIZE];
    engine_welcome(stage, 0);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        raw_ask(stage, "GET", paths[i], whole, sizeof whole);
        raw_ask(stage, "HEAD", paths[i], head, sizeof head);
        char *end = strstr(head, "\r\n\r\n");
        char *length = strstr(whole, "\r\nContent-Length: ");
        assert_non_null(end);
        assert_non_null(length);
        assert_int_equal(end[4], '\0');
        assert_memory_equal(head, whole, strcspn(whole, "\r"));
        length[strcspn(length + 2, "\r") + 2] = '\0';
        assert_non_null(strstr(head, length));
    }
    raw_ask(stage, "HEAD", "/api/v1/stream", head, sizeof head);
    assert_non_null(strstr(head, "\r\nContent-Type: text/event-stream\r\n"));
    assert_null(strstr(head, "retry:"));
}

/* The start of a request, `size` times an "x", and the rest of it; ended by the console. */
static void raw_ask_long(struct stage *stage, const char *start, size_t size, const char *rest,
                         char *ret, size_t ret_size) {
    int fd = raw_connect(stage);
    char *request = malloc(strlen(start) + size + strlen(rest) + 1);
    size_t len = strlen(start);
    memcpy(request, start, len);
    memset(request + len, 'x', size);
    memcpy(request + len + size, rest, strlen(rest) + 1);
    raw_say(fd, request); /* in one write: the console may close without waiting for all of it */
    read_all(fd, ret, ret_size);
    free(request);
}

static void a_request_that_is_too_long_is_refused_and_nobody_else_notices(void **state) {
    static const struct {
        const char *start, *rest;
        size_t size;
        const char *status, *problem; /* NULL: evhttp ends it in its own words */
    } cases[] = {
        {"GET /", " HTTP/1.1\r\nConnection: close\r\n\r\n", API_ADDRESS_MAX, " 414 ",
         "tocsin:problem/address_long"},
        {"GET / HTTP/1.1\r\nConnection: close\r\nX: ", "\r\n\r\n", API_HEADERS_MAX, " 431 ",
         "tocsin:problem/headers_long"},
        {"GET / HTTP/1.1\r\nConnection: close\r\nX: ", "\r\n\r\n", CONSOLE_HEADERS_MAX, " 400 ",
         NULL},
        {"POST /api/v1/alarms/a/b/acknowledge HTTP/1.1\r\nConnection: close\r\n"
         "Content-Length: 4097\r\n\r\n",
         "", API_BODY_MAX + 1, " 413 ", "tocsin:problem/body_long"},
        {"POST /api/v1/alarms/a/b/acknowledge HTTP/1.1\r\nContent-Length: 8193\r\n\r\n", "", 0,
         " 413 ", NULL},
        /* The longest address and body that are read: there is nothing there, and it is no JSON. */
        {"GET /", " HTTP/1.1\r\nConnection: close\r\n\r\n", API_ADDRESS_MAX - 1, " 404 ",
         "tocsin:problem/not_found"},
        {"POST /api/v1/alarms/a/b/acknowledge HTTP/1.1\r\nConnection: close\r\n"
         "Content-Length: 4096\r\n\r\n",
         "", API_BODY_MAX, " 400 ", "tocsin:problem/body"},
    };
    struct stage *stage = *state;
    static char answer[TEXT_SIZE];
    engine_welcome(stage, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        raw_ask_long(stage, cases[i].start, cases[i].size, cases[i].rest, answer, sizeof answer);
        assert_non_null(strstr(answer, cases[i].status));
        assert_true(cases[i].problem == NULL || strstr(answer, cases[i].problem) != NULL);
    }
    assert_true(engine_is(stage, "present"));
}

/* --- tags of answers --- */

enum { TAG_SIZE = 256 };

/* Ask with the tag that the asker has ("": none); returns the status, and the answer's tag. */
static int tag_ask(struct stage *stage, const char *path, const char *had, char ret_tag[TAG_SIZE]) {
    static char answer[TEXT_SIZE];
    char request[2 * TAG_SIZE];
    int fd = raw_connect(stage);
    (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nConnection: close\r\n%s%s\r\n\r\n",
                   path, had[0] != '\0' ? "If-None-Match: " : "X: ", had);
    raw_say(fd, request);
    read_all(fd, answer, sizeof answer);
    const char *tag = strstr(answer, "\r\nETag: ");
    const char *end = strstr(answer, "\r\n\r\n");
    int status = 0;
    assert_int_equal(sscanf(answer, "HTTP/1.1 %d ", &status), 1);
    assert_non_null(tag);
    assert_non_null(end);
    assert_non_null(strstr(answer, "\r\nCache-Control: no-store\r\n"));
    assert_true((end[4] == '\0') == (status == 304));
    tag += sizeof "\r\nETag: " - 1;
    (void)snprintf(ret_tag, TAG_SIZE, "%.*s", (int)strcspn(tag, "\r"), tag);
    return status;
}

/* Wait until the list is another than that of `tag`, and stays as it is; `tag` becomes its tag. */
static void tag_await(struct stage *stage, const char *path, const char *engine,
                      char tag[TAG_SIZE]) {
    char next[TAG_SIZE];
    uint64_t deadline = deadline_ns();
    while (tag_ask(stage, path, tag, next) == 304) {
        assert_string_equal(next, tag);
        step(deadline);
    }
    /* What was said with it may come a moment later. */
    do {
        assert_string_not_equal(next, tag);
        (void)snprintf(tag, TAG_SIZE, "%s", next);
        step(deadline);
    } while (tag_ask(stage, path, tag, next) != 304);
    assert_non_null(strstr(tag, engine)); /* it is not for the engine's silence that it changed */
}

static void engine_test(struct stage *stage) {
    const struct wire_test message = {
        .header = wire_header_of(WIRE_TEST, sizeof message),
        .place = CONSOLE_SITE_PLACE_ROOM,
        .role = ROLE_ENGINEER,
        .actor = "wang",
    };
    engine_send(stage, &message);
}

static void engine_point(struct stage *stage, double value) {
    const struct wire_point_values message = {
        .header = wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, 1)),
        .count = 1,
        .values = {{.point = CONSOLE_SITE_BUTTON, .value = value, .heard = {7}}},
    };
    engine_send(stage, &message);
}

static void a_list_that_the_asker_has_is_304_until_anything_in_it_changes(void **state) {
    static const char *const paths[] = {"/api/v1/alarms", "/api/v1/points", "/api/v1/devices",
                                        "/api/v1/rules"};
    struct stage *stage = *state;
    char tags[4][TAG_SIZE] = {""};
    char other[TAG_SIZE];
    engine_welcome(stage, 0);
    for (size_t i = 0; i < 4; i++) {
        tag_await(stage, paths[i], "-present-", tags[i]);
    }
    /* The same heard again is no other list. */
    engine_components(stage);
    assert_int_equal(tag_ask(stage, paths[0], tags[0], other), 304);
    engine_alarm(stage, CONSOLE_SITE_FIRE, 0);
    for (size_t i = 0; i < 4; i++) {
        tag_await(stage, paths[i], "-present-", tags[i]);
    }
    /* What a point says is in its own list, and in its device's; first that it was heard at all. */
    engine_point(stage, 0);
    for (size_t i = 1; i < 4; i++) {
        tag_await(stage, paths[i], "-present-", tags[i]);
    }
    engine_point(stage, 1);
    tag_await(stage, paths[1], "-present-", tags[1]);
    tag_await(stage, paths[2], "-present-", tags[2]);
    assert_int_equal(tag_ask(stage, paths[3], tags[3], other), 304);
    /* A test stands in every list, and so does that it is over. */
    engine_test(stage);
    engine_components(stage);
    for (size_t i = 0; i < 4; i++) {
        tag_await(stage, paths[i], "-present-", tags[i]);
    }
    engine_components(stage);
    for (size_t i = 0; i < 4; i++) {
        tag_await(stage, paths[i], "-present-", tags[i]);
    }
    engine_leave(stage);
    for (size_t i = 0; i < 4; i++) {
        tag_await(stage, paths[i], "-away-", tags[i]);
    }
}

/* RFC 9110, 13.1.2: several, weak or not, or any. */
static void a_tag_is_found_among_others_and_one_of_another_console_is_not(void **state) {
    struct stage *stage = *state;
    char tag[TAG_SIZE], other[TAG_SIZE], list[2 * TAG_SIZE];
    engine_welcome(stage, 0);
    assert_int_equal(tag_ask(stage, "/api/v1/places", "", tag), 200);
    assert_memory_equal(tag, "W/\"", 3);
    assert_int_equal(tag_ask(stage, "/api/v1/places", tag + 2, other), 304);
    assert_int_equal(tag_ask(stage, "/api/v1/places", "*", other), 304);
    (void)snprintf(list, sizeof list, "\"a\", %s", tag);
    assert_int_equal(tag_ask(stage, "/api/v1/places", list, other), 304);
    (void)snprintf(list, sizeof list, "\"%.*s\"", (int)strlen(tag) - 5, tag + 3);
    assert_int_equal(tag_ask(stage, "/api/v1/places", list, other), 200);
    console_end(stage);
    (void)close(stage->engine);
    console_start(stage);
    engine_welcome(stage, 0);
    assert_int_equal(tag_ask(stage, "/api/v1/places", tag, other), 200);
}

/* An alarm that waits for its delay shows what its point says: its list changes with that. */
static void an_alarm_that_is_pending_is_another_with_each_value(void **state) {
    const struct wire_alarm_state pending = {
        .header = wire_header_of(WIRE_ALARM_STATE, sizeof pending),
        .alarm = CONSOLE_SITE_FIRE,
        .record = {.axes = {.pending = true}},
    };
    struct stage *stage = *state;
    char tag[TAG_SIZE] = "";
    engine_welcome(stage, 0);
    engine_point(stage, 0);
    tag_await(stage, "/api/v1/alarms", "-present-", tag);
    engine_send(stage, &pending);
    tag_await(stage, "/api/v1/alarms", "-present-", tag);
    engine_point(stage, 1);
    tag_await(stage, "/api/v1/alarms", "-present-", tag);
    /* Once it is raised it says what it was then. */
    char points[TAG_SIZE] = "";
    engine_alarm(stage, CONSOLE_SITE_FIRE, 0);
    tag_await(stage, "/api/v1/alarms", "-present-", tag);
    tag_await(stage, "/api/v1/points", "-present-", points);
    engine_point(stage, 0);
    tag_await(stage, "/api/v1/points", "-present-", points);
    char same[TAG_SIZE];
    assert_int_equal(tag_ask(stage, "/api/v1/alarms", tag, same), 304);
}

static void the_socket_is_for_its_owner_and_group_and_a_stranger_gets_403(void **state) {
    struct stage *stage = *state;
    struct stat status;
    engine_welcome(stage, 0);
    assert_int_equal(stat(stage->socket, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    if (geteuid() != 0) {
        return; /* nobody else to be */
    }
    /* Even where somebody has opened the path to all, the kernel says who asks. */
    assert_int_equal(chmod(stage->directory, 0755), 0);
    assert_int_equal(chmod(stage->socket, 0666), 0);
    pid_t pid = fork();
    if (pid == 0) {
        static char answer[TEXT_SIZE];
        if (setgid(65534) != 0 || setuid(65534) != 0) {
            _exit(2);
        }
        raw_ask(stage, "GET", "/api/v1/alarms", answer, sizeof answer);
        _exit(strstr(answer, " 403 ") != NULL && strstr(answer, call_name) == NULL ? 0 : 1);
    }
    int code = 0;
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_true(WIFEXITED(code));
    assert_int_equal(WEXITSTATUS(code), 0);
}

static void a_living_socket_is_never_taken_over_and_a_dead_one_is(void **state) {
    struct stage *stage = *state;
    int fd = -1;
    engine_welcome(stage, 0);
    assert_int_equal(listener_open(stage->socket, (gid_t)-1, &fd), LISTENER_E_IN_USE);
    assert_true(engine_is(stage, "present"));
    char path[128];
    (void)snprintf(path, sizeof path, "%s/dead.sock", stage->directory);
    assert_int_equal(listener_open(path, (gid_t)-1, &fd), 0);
    (void)close(fd);
    assert_int_equal(listener_open(path, (gid_t)-1, &fd), 0);
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
}

#define LIVE(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        LIVE(a_command_is_done_only_when_the_engine_has_recorded_it),
        LIVE(a_command_that_was_done_but_not_recorded_says_so),
        LIVE(a_refused_command_exits_1_and_says_which_rule_refused_it),
        LIVE(without_the_engine_commands_are_503_and_answers_say_that_it_is_away),
        LIVE(an_engine_that_dies_with_a_command_answers_it_as_lost),
        LIVE(bad_requests_are_problems_and_never_reach_the_engine),
        LIVE(alarms_and_points_are_shown_by_name),
        LIVE(events_are_shown_newest_last_and_read_on_over_pages),
        LIVE(a_stream_resumes_after_its_last_event_without_gap_or_double),
        LIVE(an_early_event_comes_at_once_without_id_and_again_when_recorded),
        LIVE(a_follower_outlives_the_console_and_misses_nothing),
        LIVE(a_client_that_does_not_read_is_cut_and_told_to_resync),
        LIVE(a_line_on_which_nothing_happens_is_kept_alive_by_comments),
        LIVE(every_method_that_is_not_taken_is_a_problem_and_names_those_that_are),
        LIVE(head_is_answered_like_get_without_the_body),
        LIVE(a_request_that_is_too_long_is_refused_and_nobody_else_notices),
        LIVE(a_list_that_the_asker_has_is_304_until_anything_in_it_changes),
        LIVE(a_tag_is_found_among_others_and_one_of_another_console_is_not),
        LIVE(an_alarm_that_is_pending_is_another_with_each_value),
        LIVE(the_socket_is_for_its_owner_and_group_and_a_stranger_gets_403),
        LIVE(a_living_socket_is_never_taken_over_and_a_dead_one_is),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    (void)unsetenv("LC_ALL");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
