/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Recorded inputs: what goes in comes out again, to the byte, and whatever else is read ends with a
 * word about what is wrong.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/recording.h"
#include "tests/support/cmocka.h"

enum { POINTS = 4, BYTES = 65536 };

#define BEGIN_AT   ((struct instant){1000})
#define BEGIN_WALL ((struct wall){1700000000000000000})

/* A recording that is written, and then read. */
struct tape {
    struct recording_point writing_points[POINTS], reading_points[POINTS];
    struct recording_codec writing, reading;
    unsigned char bytes[BYTES];
    size_t size;
    struct input input; /* of the last read */
    struct command command;
};

static struct tape tape;

static void rewind_reader(void) {
    memset(tape.reading_points, 0, sizeof tape.reading_points);
    recording_init(&tape.reading, BEGIN_AT, BEGIN_WALL, tape.reading_points, POINTS);
}

static int begin(void **state) {
    (void)state;
    memset(&tape, 0, sizeof tape);
    recording_init(&tape.writing, BEGIN_AT, BEGIN_WALL, tape.writing_points, POINTS);
    rewind_reader();
    return 0;
}

static size_t put(const struct input *input) {
    size_t size = recording_encode(&tape.writing, input, tape.bytes + tape.size, BYTES - tape.size);
    assert_int_not_equal(size, 0);
    assert_true(size <= RECORDING_INPUT_MAX);
    tape.size += size;
    return size;
}

static bool take(struct recording_bytes *bytes) {
    return recording_decode(&tape.reading, bytes, &tape.input, &tape.command);
}

/* Write the input and read it back; all its bytes are the same. Returns how many it took. */
static size_t both_ways(const struct input *input) {
    struct recording_bytes bytes = {.begin = tape.bytes, .at = tape.size};
    size_t size = put(input);
    bytes.size = tape.size;
    memset(&tape.input, 0xAA, sizeof tape.input); /* whatever was read before */
    memset(&tape.command, 0xAA, sizeof tape.command);
    assert_true(take(&bytes));
    assert_int_equal(bytes.at, bytes.size);
    if (input->command != NULL) {
        assert_memory_equal(&tape.command, input->command, sizeof tape.command);
        assert_ptr_equal(tape.input.command, &tape.command);
        tape.input.command = input->command;
    }
    assert_memory_equal(&tape.input, input, sizeof *input);
    assert_false(take(&bytes));
    assert_int_equal(bytes.damage, RECORDING_WHOLE);
    return size;
}

/* An input of `kind`, `ns` after the beginning, in memory whose padding is zero as well. */
static struct input *input_at(uint64_t ns, enum input_kind kind) {
    static struct input input;
    memset(&input, 0, sizeof input);
    input.at.ns = BEGIN_AT.ns + ns;
    input.wall.ns = BEGIN_WALL.ns + (int64_t)ns;
    input.kind = kind;
    return &input;
}

static struct input *reading_at(uint64_t ns, uint32_t point, double value) {
    struct input *input = input_at(ns, INPUT_READING);
    input->reading.point = point;
    input->reading.value = value;
    input->reading.measured.ns = input->wall.ns - 150000;
    return input;
}

/* One behind the last point has no last value, whatever stands in memory there. */
static void a_reading_of_a_point_that_the_site_has_not_comes_back(void **state) {
    (void)state;
    (void)both_ways(reading_at(1, 0, 2.5));
    (void)both_ways(reading_at(2, POINTS - 1, 2.5));
    (void)both_ways(reading_at(3, POINTS, 2.5));
}

static void every_kind_of_input_comes_back_with_all_its_members(void **state) {
    (void)state;
    for (unsigned kind = 0; kind < INPUT_KIND_COUNT; kind++) {
        static struct command command;
        memset(&command, 0, sizeof command);
        command.verb = COMMAND_RESET;
        command.alarm = 987654;
        command.second_role = ROLE_COUNT;
        command.disposition = DISPOSITION_DRILL;
        command.real = 1;
        command.of_test = 1;
        memset(command.second_actor, 's', LIMIT_ACTOR - 1);
        memset(command.actor, 'a', LIMIT_ACTOR - 1);
        memset(command.reason, 'r', LIMIT_REASON - 1);
        (void)both_ways(input_at(
            2 * kind, (enum input_kind)kind == INPUT_COMMAND ? INPUT_TICK : (enum input_kind)kind));
        struct input *input = reading_at(2 * kind + 1, 3, 2.5);
        input->kind = (enum input_kind)kind;
        input->subject = UINT32_MAX;
        input->state = TRUTH_UNKNOWN;
        input->step_ns = INT64_MIN;
        input->age_ns = UINT64_MAX;
        input->reading.code = UINT64_MAX;
        input->reading.quality = UINT8_MAX;
        input->command = &command;
        (void)both_ways(input);
    }
}

static void values_come_back_bit_for_bit(void **state) {
    static const double values[] = {0.0,       -0.0,   1,       -1,       9007199254740992.0,
                                    -1e300,    0.1,    5e-324,  INFINITY, -9007199254740994.0,
                                    -INFINITY, 1.5e16, 22.4999, 22.4999,  -9007199254740992.0};
    (void)state;
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        (void)both_ways(reading_at(i, i % (POINTS + 1), values[i])); /* one point is unknown */
        (void)both_ways(reading_at(i, 0, values[i]));
        (void)both_ways(reading_at(i, UINT32_MAX, values[i]));
    }
    (void)both_ways(reading_at(100, 1, NAN));
}

static void times_come_back_whatever_the_wall_clock_does(void **state) {
    static const int64_t walls[] = {0,         1, -1, INT64_MAX, INT64_MIN, -5, 1700000000000000000,
                                    INT64_MIN, 0};
    (void)state;
    for (unsigned i = 0; i < sizeof walls / sizeof walls[0]; i++) {
        struct input *input = reading_at(i * 1000000000ull, 1, i);
        input->wall.ns = walls[i];
        input->reading.measured.ns = walls[(i + 3) % 9];
        (void)both_ways(input);
    }
    struct input *last = input_at(0, INPUT_TICK);
    last->at.ns = UINT64_MAX - 1; /* INSTANT_NEVER never comes */
    (void)both_ways(last);
}

/* "Equal readings folded": a value that has not changed costs its times and three bytes. */
static void an_equal_reading_is_small(void **state) {
    (void)state;
    size_t first = both_ways(reading_at(1000000000, 2, 21.34));
    size_t equal = both_ways(reading_at(2000000000, 2, 21.34));
    size_t near = both_ways(reading_at(2000020000, 2, 21.34));
    assert_int_equal(first - equal, 8);
    assert_true(equal <= 15);
    assert_true(near <= 12);
    struct input *card = reading_at(3000000000, 3, 1);
    card->reading.code = 40213344;
    size_t coded = both_ways(card);
    card = reading_at(4000000000, 3, 1);
    card->reading.code = 40213344;
    assert_true(both_ways(card) < coded);
    assert_true(both_ways(input_at(5000000000, INPUT_TICK)) <= 7);
}

/* Also behind an input that is no reading, and of a point that the table has no room for. */
static void what_a_reading_shares_with_the_last_one_takes_no_room(void **state) {
    (void)state;
    enum { FAR = 300 };
    size_t first = both_ways(reading_at(1000, FAR, 20));
    size_t again = both_ways(reading_at(2000, FAR, 20));
    (void)both_ways(input_at(2000, INPUT_TICK));
    size_t later = both_ways(reading_at(3000, FAR, 20));
    assert_true(first >= again + 2); /* the number of the point */
    assert_int_equal(later, again);
}

/* A whole number is as long as it is large; any other takes the eight bytes of its bits. */
static void a_whole_number_is_small(void **state) {
    static const double whole[] = {1, -1, 63, 0, -64};
    (void)state;
    size_t broken = both_ways(reading_at(1000000000, 2, 21.34));
    for (unsigned i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        size_t size = both_ways(reading_at((2 + i) * UINT64_C(1000000000), 2, whole[i]));
        assert_int_equal(broken - size, 7);
    }
}

static void an_input_that_does_not_fit_leaves_no_trace(void **state) {
    (void)state;
    put(reading_at(5, 1, 0.25));
    struct recording_codec before = tape.writing;
    struct input *input = reading_at(9, 1, 0.75);
    unsigned char whole[RECORDING_INPUT_MAX];
    size_t size = recording_encode(&tape.writing, input, whole, sizeof whole);
    for (size_t room = 0; room < size; room++) {
        tape.writing = before;
        tape.writing_points[1].value = 0.25;
        unsigned char *tight = malloc(room + 1);
        assert_non_null(tight);
        assert_int_equal(recording_encode(&tape.writing, input, tight, room), 0);
        assert_memory_equal(&tape.writing, &before, sizeof before);
        assert_true(tape.writing_points[1].value == 0.25);
        free(tight);
    }
    unsigned char exact[RECORDING_INPUT_MAX];
    assert_int_equal(recording_encode(&tape.writing, input, exact, size), size);
    assert_memory_equal(exact, whole, size);
}

/* Cut anywhere, what is whole is read, and the place of the cut is told. */
static void a_torn_recording_is_read_up_to_its_last_whole_input(void **state) {
    size_t ends[6];
    struct command command = {.verb = COMMAND_ATTEND, .alarm = 3, .actor = "nurse"};
    (void)state;
    put(reading_at(5, 1, 0.25));
    ends[0] = tape.size;
    struct input *input = input_at(6, INPUT_COMMAND);
    input->command = &command;
    put(input);
    ends[1] = tape.size;
    put(input_at(70000, INPUT_TICK));
    ends[2] = tape.size;
    for (size_t size = 0; size <= tape.size; size++) {
        struct recording_bytes bytes = {.begin = tape.bytes, .size = size};
        unsigned whole = 0, read = 0;
        while (whole < 3 && ends[whole] <= size) {
            whole++;
        }
        rewind_reader();
        while (take(&bytes)) {
            read++;
        }
        size_t end = whole == 0 ? 0 : ends[whole - 1];
        assert_int_equal(read, whole);
        assert_int_equal(bytes.at, end);
        assert_int_equal(bytes.damage, size == end ? RECORDING_WHOLE : RECORDING_TORN);
    }
}

static void damaged(const unsigned char *begin, size_t size, enum recording_damage damage) {
    struct recording_bytes bytes = {.begin = begin, .size = size};
    rewind_reader();
    assert_false(take(&bytes));
    assert_int_equal(bytes.damage, damage);
    assert_int_equal(bytes.at, 0);
    assert_false(take(&bytes)); /* it stays damaged */
}

#define DAMAGED(damage, ...)                                                                       \
    damaged((const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__}),    \
            damage)

enum {
    HEAD_COMMAND = INPUT_COMMAND,
    READING_BIT = 6 + 5, /* its place in recording_fields.def, after the kind */
    COMMAND_BIT = 7 + 5,
};
#define HEAD_OF(kind, bit)                                                                         \
    (unsigned char)((kind) | 0x80 | ((1u << (bit)) & 0x7f)), (unsigned char)((1u << (bit)) >> 7)

/* Two times, and a command's members before its texts. */
#define NUMBERS 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0

static void what_is_wrong_is_told_by_name(void **state) {
    (void)state;
    DAMAGED(RECORDING_BAD_KIND, INPUT_KIND_COUNT, 0, 0);
    DAMAGED(RECORDING_BAD_MEMBER, HEAD_COMMAND, 0, 0); /* a command without one */
    DAMAGED(RECORDING_BAD_MEMBER, INPUT_TICK | 1 << 5, 0, 0);
    DAMAGED(RECORDING_BAD_MEMBER, INPUT_TICK | 0x80, 0x80, 8, 0, 0); /* a member past the last */
    DAMAGED(RECORDING_BAD_NUMBER, INPUT_TICK, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
            2, 0);
    DAMAGED(RECORDING_BAD_NUMBER, INPUT_TICK, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0x81, 0);
    DAMAGED(RECORDING_BAD_TIME, INPUT_TICK, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
            0);
    /* The last nanosecond of all stands for never: 2^64 - 1 - BEGIN_AT after the beginning. */
    unsigned char last[] = {INPUT_TICK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    uint64_t left_ns = UINT64_MAX - BEGIN_AT.ns;
    for (unsigned i = 1; i <= 10; i++, left_ns >>= 7) {
        last[i] = (unsigned char)((left_ns & 0x7f) | (i < 10 ? 0x80 : 0));
    }
    damaged(last, sizeof last, RECORDING_BAD_TIME);
    DAMAGED(RECORDING_BAD_VALUE, HEAD_OF(INPUT_READING, READING_BIT), 0, 0, 1, 0, 0); /* point -1 */
    DAMAGED(RECORDING_BAD_VALUE, HEAD_OF(INPUT_READING, READING_BIT), 0, 0, 0, 3, 0); /* form 3 */
    DAMAGED(RECORDING_BAD_VALUE, HEAD_OF(INPUT_READING, READING_BIT), 0, 0, 0, 0x80, 0x10, 0);
    DAMAGED(RECORDING_BAD_TEXT, HEAD_OF(INPUT_COMMAND, COMMAND_BIT), NUMBERS, LIMIT_ACTOR, 'a');
    DAMAGED(RECORDING_BAD_TEXT, HEAD_OF(INPUT_COMMAND, COMMAND_BIT), NUMBERS, 0, 0, 0);
    DAMAGED(RECORDING_BAD_TEXT, HEAD_OF(INPUT_COMMAND, COMMAND_BIT), NUMBERS, 2, 'a', 0, 0, 0);
    DAMAGED(RECORDING_BAD_MEMBER, HEAD_OF(INPUT_COMMAND, COMMAND_BIT), 0, 0, 0, 0xff, 0xff, 0xff,
            0xff, 0x7f, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0);
    DAMAGED(RECORDING_TORN, INPUT_TICK);
    for (unsigned damage = 0; damage < RECORDING_DAMAGE_COUNT; damage++) {
        assert_true(strlen(recording_damage_text((enum recording_damage)damage)) > 10);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_reading_of_a_point_that_the_site_has_not_comes_back, begin),
        cmocka_unit_test_setup(every_kind_of_input_comes_back_with_all_its_members, begin),
        cmocka_unit_test_setup(values_come_back_bit_for_bit, begin),
        cmocka_unit_test_setup(times_come_back_whatever_the_wall_clock_does, begin),
        cmocka_unit_test_setup(an_equal_reading_is_small, begin),
        cmocka_unit_test_setup(what_a_reading_shares_with_the_last_one_takes_no_room, begin),
        cmocka_unit_test_setup(a_whole_number_is_small, begin),
        cmocka_unit_test_setup(an_input_that_does_not_fit_leaves_no_trace, begin),
        cmocka_unit_test_setup(a_torn_recording_is_read_up_to_its_last_whole_input, begin),
        cmocka_unit_test_setup(what_is_wrong_is_told_by_name, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
