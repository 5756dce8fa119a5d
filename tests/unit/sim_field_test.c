/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole field on a serial line, with a clock that only the test moves: what a story sets is
 * what the next request reads, and when an act is over, what was before.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "sensors/sim/sim_command.h"
#include "sensors/sim/sim_control.h"

#define S(seconds) ((uint64_t)(seconds)*NS_PER_S)

enum { BUTTON, LEVEL, LAMP, READER, POINTS };

static const struct sim_place_conf places[] = {{"hall"}};

static const struct sim_point_conf points[POINTS] = {
    [BUTTON] = {.id = "hall/button",
                .kind = POINT_EMERGENCY_BUTTON,
                .encoding = {.table = SIM_TABLE_HOLDING, .bit = -1, .truth = true, .scale = 1}},
    [LEVEL] = {.id = "hall/level",
               .kind = POINT_ILLUMINANCE,
               .encoding = {.table = SIM_TABLE_HOLDING, .address = 1, .bit = -1, .scale = 1}},
    [LAMP] = {.id = "hall/lamp",
              .kind = POINT_CALL_LAMP,
              .output = true,
              .encoding = {.table = SIM_TABLE_COIL, .bit = -1, .truth = true, .scale = 1}},
    [READER] = {.id = "hall/reader",
                .kind = POINT_ACCESS_READER,
                .device = 1,
                .topic = "field/reader",
                .encoding = {.scale = 1}},
};

static const struct sim_device_conf devices[] = {
    {.id = "io", .bus = 0, .unit = 4, .timeout_ms = 100},
    {.id = "doors", .bus = 1},
};

/* One test at a time: the clock is one for the process, as the real one. */
static uint64_t clock_ns;

static struct instant clock_virtual(void) {
    return (struct instant){clock_ns};
}

/* Timers fire at once; the field must look at its clock before it acts. */
static uint64_t span_none(uint64_t span_ns) {
    (void)span_ns;
    return 0;
}

static const struct sim_clock virtual_clock = {clock_virtual, span_none};

struct stage {
    struct event_base *base;
    char directory[64];
    char path[96];
    struct sim_bus_conf buses[2];
    struct sim_conf conf;
    struct sim_field *field;
    int line;
    uint32_t begun, ended, over;
};

static void stage_note(void *context, const struct sim_note *note) {
    struct stage *stage = context;
    stage->begun += note->kind == SIM_NOTE_ACT_BEGINS;
    stage->ended += note->kind == SIM_NOTE_ACT_ENDS;
    stage->over += note->kind == SIM_NOTE_STORY_OVER;
}

static void stage_init(struct stage *stage, const struct sim_act *acts, uint32_t act_count) {
    memset(stage, 0, sizeof *stage);
    clock_ns = S(1000);
    (void)snprintf(stage->directory, sizeof stage->directory, "/tmp/sim_field_test.XXXXXX");
    assert_non_null(mkdtemp(stage->directory));
    (void)snprintf(stage->path, sizeof stage->path, "%s/line", stage->directory);
    stage->base = event_base_new();
    stage->buses[0] = (struct sim_bus_conf){.kind = SIM_BUS_RTU, .path = stage->path};
    /* Port 9 (discard) of the loopback: a broker that is away. */
    stage->buses[1] = (struct sim_bus_conf){.kind = SIM_BUS_MQTT, .host = "127.0.0.1", .port = 9};
    stage->conf = (struct sim_conf){
        .name = "test",
        .buses = stage->buses,
        .devices = devices,
        .places = places,
        .points = points,
        .bus_count = 2,
        .device_count = 2,
        .place_count = 1,
        .point_count = POINTS,
        .story = {.name = "", .speed = 1, .seed = 7, .acts = acts, .act_count = act_count},
    };
    const struct sim_field_callbacks callbacks = {.note = stage_note, .context = stage};
    assert_int_equal(
        sim_field_new(stage->base, &stage->conf, &virtual_clock, &callbacks, &stage->field), 0);
    uint32_t bus;
    assert_int_equal(sim_field_start(stage->field, &bus), 0);
    stage->line = open(stage->path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(stage->line >= 0);
}

static void stage_deinit(struct stage *stage) {
    (void)close(stage->line);
    stage->field = sim_field_free(stage->field);
    event_base_free(stage->base);
    assert_int_equal(rmdir(stage->directory), 0);
}

/* Turns of a millisecond each, at least: until an answer is given up, and how long silence is. */
enum { TURNS_MAX = 20000, SILENT_TURNS = 100 };

static void stage_turn(struct stage *stage) {
    const struct timeval slice = {.tv_usec = 1000};
    (void)event_base_loopexit(stage->base, &slice);
    (void)event_base_dispatch(stage->base);
}

/* Move the clock to a time after the start and let the field notice. */
static void stage_at(struct stage *stage, uint64_t since_start_ns) {
    clock_ns = S(1000) + since_start_ns;
    for (int turn = 0; turn < 5; turn++) {
        stage_turn(stage);
    }
}

/* Ask the device, which answers with `wanted` bytes, or not at all: that is looked at for a while. */
static void stage_ask(struct stage *stage, const uint8_t *pdu, size_t size, uint8_t *reply,
                      ssize_t wanted) {
    uint8_t frame[SIM_FRAME_MAX];
    size = sim_frame_wrap(SIM_FRAMING_RTU, 0, 4, pdu, size, frame);
    assert_int_equal(write(stage->line, frame, size), (int)size);
    ssize_t got = 0;
    for (int turn = 0; got <= 0 && turn < (wanted > 0 ? TURNS_MAX : SILENT_TURNS); turn++) {
        stage_turn(stage);
        got = read(stage->line, reply, SIM_FRAME_MAX);
    }
    assert_int_equal(got > 0 ? got : 0, wanted);
}

static uint16_t stage_read(struct stage *stage, uint8_t address) {
    const uint8_t pdu[] = {3, 0, address, 0, 1};
    uint8_t reply[SIM_FRAME_MAX];
    stage_ask(stage, pdu, sizeof pdu, reply, 7);
    return (uint16_t)(reply[3] << 8 | reply[4]);
}

static void an_act_lasts_as_long_as_it_says(void **state) {
    (void)state;
    const struct sim_act acts[] = {
        {.at_ns = S(5), .for_ns = S(2), .kind = SIM_ACT_SET, .point = BUTTON, .value = 1},
        {.at_ns = S(9), .kind = SIM_ACT_SET, .point = LEVEL, .value = 7},
    };
    struct stage stage;
    stage_init(&stage, acts, 2);
    stage_at(&stage, S(5) - 1);
    assert_int_equal(stage_read(&stage, 0), 0);
    stage_at(&stage, S(5));
    assert_int_equal(stage_read(&stage, 0), 1);
    stage_at(&stage, S(7) - 1);
    assert_int_equal(stage_read(&stage, 0), 1);
    stage_at(&stage, S(7));
    assert_int_equal(stage_read(&stage, 0), 0);
    assert_int_equal(stage_read(&stage, 1), 320); /* the background's */
    stage_at(&stage, S(9));
    assert_int_equal(stage_read(&stage, 1), 7);
    stage_at(&stage, S(3600)); /* the story is over, the field lives on */
    assert_int_equal(stage_read(&stage, 1), 7);
    assert_int_equal(stage.begun, 2);
    assert_int_equal(stage.ended, 1);
    assert_int_equal(stage.over, 1);
    stage_deinit(&stage);
}

static void overlapping_acts_leave_nothing_behind(void **state) {
    (void)state;
    const struct sim_act acts[] = {
        {.at_ns = S(5), .for_ns = S(10), .kind = SIM_ACT_SET, .point = LEVEL, .value = 1},
        {.at_ns = S(8), .for_ns = S(12), .kind = SIM_ACT_SET, .point = LEVEL, .value = 2},
        {.at_ns = S(30), .for_ns = S(10), .kind = SIM_ACT_SET, .point = LEVEL, .value = 3},
        {.at_ns = S(32), .for_ns = S(2), .kind = SIM_ACT_SET, .point = LEVEL, .value = 4},
    };
    struct stage stage;
    stage_init(&stage, acts, 4);
    stage_at(&stage, S(5));
    assert_int_equal(stage_read(&stage, 1), 1);
    stage_at(&stage, S(8));
    assert_int_equal(stage_read(&stage, 1), 2);
    stage_at(&stage, S(15)); /* the first ends under the second */
    assert_int_equal(stage_read(&stage, 1), 2);
    stage_at(&stage, S(20));
    assert_int_equal(stage_read(&stage, 1), 320); /* not the first one's value: that is over */
    stage_at(&stage, S(32));
    assert_int_equal(stage_read(&stage, 1), 4);
    stage_at(&stage, S(34));
    assert_int_equal(stage_read(&stage, 1), 3); /* the outer one still lasts */
    stage_at(&stage, S(40));
    assert_int_equal(stage_read(&stage, 1), 320);
    stage_deinit(&stage);
}

static void a_device_that_is_down_or_wrong_recovers_when_the_act_ends(void **state) {
    (void)state;
    const struct sim_act acts[] = {
        {.at_ns = S(1), .for_ns = S(5), .kind = SIM_ACT_DOWN, .device = 0},
        {.at_ns = S(10),
         .for_ns = S(5),
         .kind = SIM_ACT_ANSWER,
         .device = 0,
         .answer = SIM_ANSWER_EXCEPTION},
    };
    const uint8_t pdu[] = {3, 0, 0, 0, 1};
    uint8_t reply[SIM_FRAME_MAX];
    struct stage stage;
    stage_init(&stage, acts, 2);
    stage_at(&stage, S(1));
    stage_ask(&stage, pdu, sizeof pdu, reply, 0);
    assert_int_equal(sim_field_requests(stage.field, 0), 0);
    stage_at(&stage, S(6));
    assert_int_equal(stage_read(&stage, 0), 0);
    stage_at(&stage, S(10));
    stage_ask(&stage, pdu, sizeof pdu, reply, 5);
    assert_int_equal(reply[1], 0x83);
    assert_int_equal(reply[2], 4);
    stage_at(&stage, S(15));
    assert_int_equal(stage_read(&stage, 0), 0);
    assert_int_equal(sim_field_requests(stage.field, 0), 3);
    stage_deinit(&stage);
}

static const char *told(struct stage *stage, const char *line) {
    static char reply[SIM_COMMAND_REPLY_SIZE];
    char copy[SIM_COMMAND_SIZE];
    (void)snprintf(copy, sizeof copy, "%s", line);
    sim_command_run(stage->field, copy, reply);
    return reply;
}

static void a_command_has_taken_effect_when_it_is_answered(void **state) {
    (void)state;
    struct stage stage;
    stage_init(&stage, NULL, 0);
    assert_string_equal(told(&stage, "set hall/button 1"), "ok");
    assert_int_equal(stage_read(&stage, 0), 1);
    assert_string_equal(told(&stage, "set hall/button false"), "ok");
    assert_int_equal(stage_read(&stage, 0), 0);
    assert_string_equal(told(&stage, "  set  hall/level  65535 "), "ok");
    assert_int_equal(stage_read(&stage, 1), 65535);
    assert_string_equal(told(&stage, "polls io"), "ok 3");

    assert_string_equal(told(&stage, "coil hall/lamp"), "ok 0");
    const uint8_t on[] = {5, 0, 0, 0xff, 0};
    uint8_t reply[SIM_FRAME_MAX];
    stage_ask(&stage, on, sizeof on, reply, 8);
    assert_string_equal(told(&stage, "coil hall/lamp"), "ok 1");

    const uint8_t pdu[] = {3, 0, 0, 0, 1};
    assert_string_equal(told(&stage, "device io down"), "ok");
    stage_ask(&stage, pdu, sizeof pdu, reply, 0);
    assert_string_equal(told(&stage, "device io short"), "ok");
    stage_ask(&stage, pdu, sizeof pdu, reply, 6);
    assert_string_equal(told(&stage, "device io up"), "ok");
    stage_ask(&stage, pdu, sizeof pdu, reply, 7);
    assert_string_equal(told(&stage, "mqtt field/reader {\"card\": 7, \"granted\": true}"), "ok");
    stage_deinit(&stage);
}

static void a_command_that_cannot_be_is_answered_with_its_reason(void **state) {
    (void)state;
    static const char *const wrong[][2] = {
        {"", "error the commands are"},
        {"open sesame", "error the commands are"},
        {"set", "error no point"},
        {"set hall/bell 1", "error no point hall/bell in the site"},
        {"set hall/button", "error usage"},
        {"set hall/button pressed", "error usage"},
        {"set hall/button 1 2", "error usage"},
        {"set hall/level 65536", "error the registers of hall/level cannot hold"},
        {"set hall/level nan", "error the registers of hall/level cannot hold"},
        {"set hall/lamp 1", "error hall/lamp is an output"},
        {"set hall/reader 1", "error hall/reader has no lasting value: use mqtt field/reader"},
        {"mqtt field/other {}", "error no point of the site listens"},
        {"mqtt field/reader {card}", "error not JSON"},
        {"device oi down", "error no device oi"},
        {"device io asleep", "error a device is down, up, garbage"},
        {"device doors garbage", "error doors speaks MQTT"},
        {"coil hall/button", "error no output"},
        {"polls doors", "error no Modbus device"},
    };
    struct stage stage;
    stage_init(&stage, NULL, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *reply = told(&stage, wrong[i][0]);
        if (strncmp(reply, wrong[i][1], strlen(wrong[i][1])) != 0) {
            fail_msg("%s: answered %s", wrong[i][0], reply);
        }
    }
    stage_deinit(&stage);
}

static void messages_beyond_the_queue_are_refused_while_the_broker_is_away(void **state) {
    (void)state;
    struct stage stage;
    stage_init(&stage, NULL, 0);
    int taken = 0;
    while (taken < 1000 && strcmp(told(&stage, "mqtt field/reader {\"card\":1}"), "ok") == 0) {
        taken++;
    }
    assert_int_equal(taken, 256);
    stage_deinit(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_act_lasts_as_long_as_it_says),
        cmocka_unit_test(overlapping_acts_leave_nothing_behind),
        cmocka_unit_test(a_device_that_is_down_or_wrong_recovers_when_the_act_ends),
        cmocka_unit_test(a_command_has_taken_effect_when_it_is_answered),
        cmocka_unit_test(a_command_that_cannot_be_is_answered_with_its_reason),
        cmocka_unit_test(messages_beyond_the_queue_are_refused_while_the_broker_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
