/* SPDX-License-Identifier: Apache-2.0 */

/*
 * However many guess, from wherever and at whom, there is a place for who is not guessed at
 */
#include <stdio.h>
#include <string.h>

#include "gateway/console/line.h"
#include "tests/support/cmocka.h"

enum { TEXT_SIZE = 48 };

struct line {
    struct line_place places[LINE_MAX_STRANGERS];
    char addresses[LINE_MAX_STRANGERS][TEXT_SIZE], ids[LINE_MAX_STRANGERS][TEXT_SIZE];
};

static struct line_place stranger(const char *address, const char *id, uint32_t pressure) {
    return (struct line_place){
        .try = {.address = address, .id = id, .device = ""}, .pressure = pressure, .may_go = true};
}

/* Takes a place, as whoever comes does: who has to make room goes. Returns whether there was one. */
static bool come(struct line *line, const char *address, const char *id, uint32_t pressure) {
    const struct line_place newcomer = stranger(address, id, pressure);
    int found = line_find_place(line->places, LINE_MAX_STRANGERS, &newcomer);
    for (; found >= 0; found = line_find_place(line->places, LINE_MAX_STRANGERS, &newcomer)) {
        line->places[found] = (struct line_place){.pressure = 0};
    }
    for (uint32_t i = 0; found == LINE_ROOM && i < LINE_MAX_STRANGERS; i++) {
        if (line->places[i].try.address == NULL) {
            (void)snprintf(line->addresses[i], TEXT_SIZE, "%s", address);
            (void)snprintf(line->ids[i], TEXT_SIZE, "%s", id);
            line->places[i] = stranger(line->addresses[i], line->ids[i], pressure);
            return true;
        }
    }
    return false;
}

static uint32_t taken(const struct line *line) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < LINE_MAX_STRANGERS; i++) {
        count += line->places[i].try.address != NULL;
    }
    return count;
}

static uint32_t of_name(const struct line *line, const char *id) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < LINE_MAX_STRANGERS; i++) {
        count += line->places[i].try.address != NULL && strcmp(line->ids[i], id) == 0;
    }
    return count;
}

/* Forty guess at `id`, each from an address of its own. Returns how many find a place. */
static uint32_t come_from_everywhere(struct line *line, const char *id, const char *network,
                                     uint32_t pressure) {
    uint32_t count = 0;
    for (int i = 0; i < 40; i++) {
        char address[TEXT_SIZE];
        (void)snprintf(address, sizeof address, "%s%d", network, i);
        count += come(line, address, id, pressure);
    }
    return count;
}

static void a_name_that_is_guessed_at_from_everywhere_leaves_room_for_others(void **state) {
    (void)state;
    struct line line = {0};
    assert_int_equal(come_from_everywhere(&line, "wang", "10.0.0.", 0), LINE_NAME_MAX);
    assert_int_equal(taken(&line), LINE_NAME_MAX);
    assert_true(come(&line, "192.168.1.7", "chen", 0));
    assert_int_equal(taken(&line), LINE_NAME_MAX + 1);
}

/* Also where as many names are guessed at as there are places. */
static void who_is_not_guessed_at_finds_a_place_whatever_is_guessed(void **state) {
    (void)state;
    struct line line = {0};
    (void)come_from_everywhere(&line, "wang", "10.0.0.", 20);
    (void)come_from_everywhere(&line, "li", "10.0.1.", 30);
    (void)come_from_everywhere(&line, "zhao", "10.0.2.", 20);
    assert_int_equal(taken(&line), LINE_MAX_STRANGERS);
    assert_true(come(&line, "192.168.1.7", "chen", 0));
    assert_int_equal(taken(&line), LINE_MAX_STRANGERS);
    assert_int_equal(of_name(&line, "chen"), 1);
    /* Those at whom most is guessed have made room. */
    assert_int_equal(of_name(&line, "wang"), LINE_NAME_MAX);
    assert_int_equal(of_name(&line, "zhao"), LINE_NAME_MAX);
    assert_false(come(&line, "192.168.1.8", "zhou", 100));
}

static void an_address_with_many_names_leaves_room_for_other_addresses(void **state) {
    (void)state;
    struct line line = {0};
    for (int i = 0; i < 40; i++) {
        char id[TEXT_SIZE];
        (void)snprintf(id, sizeof id, "person-%d", i);
        (void)come(&line, "10.0.0.1", id, 0);
    }
    assert_int_equal(taken(&line), LINE_NETWORK_MAX);
    assert_true(come(&line, "10.0.0.2", "chen", 0));
    assert_true(come(&line, "::ffff:10.0.0.3", "li", 0));
    assert_int_equal(taken(&line), LINE_MAX_STRANGERS);
}

/* One machine may choose any of these addresses. */
static void addresses_of_one_ipv6_network_are_one(void **state) {
    (void)state;
    struct line line = {0};
    for (int i = 0; i < 40; i++) {
        char address[TEXT_SIZE], id[TEXT_SIZE];
        (void)snprintf(address, sizeof address, "2001:db8:1:2::%x", i + 1);
        (void)snprintf(id, sizeof id, "person-%d", i);
        (void)come(&line, address, id, 0);
    }
    assert_int_equal(taken(&line), LINE_NETWORK_MAX);
    assert_true(come(&line, "2001:db8:1:3::1", "chen", 0));
}

static void addresses_of_ipv4_are_each_their_own_however_they_are_written(void **state) {
    (void)state;
    struct line line = {0};
    for (int i = 0; i < LINE_MAX_STRANGERS; i++) {
        char address[TEXT_SIZE], id[TEXT_SIZE];
        (void)snprintf(address, sizeof address, "::ffff:10.0.0.%d", i);
        (void)snprintf(id, sizeof id, "person-%d", i);
        assert_true(come(&line, address, id, 0));
    }
}

static void what_is_being_looked_at_makes_room_for_nobody(void **state) {
    (void)state;
    struct line line = {0};
    assert_int_equal(come_from_everywhere(&line, "wang", "10.0.0.", 30), LINE_NAME_MAX);
    for (uint32_t i = 0; i < LINE_NAME_MAX; i++) {
        line.places[i].may_go = false;
    }
    assert_false(come(&line, "192.168.1.7", "wang", 0));
    line.places[1].may_go = true;
    assert_true(come(&line, "192.168.1.7", "wang", 0));
    assert_string_equal(line.addresses[1], "192.168.1.7");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_guessed_at_from_everywhere_leaves_room_for_others),
        cmocka_unit_test(who_is_not_guessed_at_finds_a_place_whatever_is_guessed),
        cmocka_unit_test(an_address_with_many_names_leaves_room_for_other_addresses),
        cmocka_unit_test(addresses_of_one_ipv6_network_are_one),
        cmocka_unit_test(addresses_of_ipv4_are_each_their_own_however_they_are_written),
        cmocka_unit_test(what_is_being_looked_at_makes_room_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
