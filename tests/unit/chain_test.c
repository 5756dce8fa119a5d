/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stories of one alarm's escalation. A line is a time in seconds, what happens, and which step comes:
 *
 *     begin stop end   what the alarm does
 *     none awaited heard   what has come of the newest step's receivers, from now on
 *     -                only time passes
 *
 * The answer is the number of the step that comes, counted from 1, with `!` when it comes because
 * nobody received the one before; `.` when none does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/chain.h"
#include "tests/support/cmocka.h"

#define STEP(after, kind, who)                                                                     \
    { .after_ns = (after), .to = (kind), .receiver = (who), .webhook = CHAIN_NO_WEBHOOK }

/* The care chain of the example site. */
static const struct chain_step care[] = {
    STEP(0, CHAIN_TO_ROLE, ROLE_CAREGIVER),
    STEP(60 * NS_PER_S, CHAIN_TO_SHIFT, 0),
    STEP(180 * NS_PER_S, CHAIN_TO_ROLE, ROLE_MANAGER),
};
enum { CARE_COUNT = sizeof care / sizeof *care, RECEIPT_S = 15 };

struct run {
    struct chain chain;
    enum chain_hearing hearing;
    struct instant now;
};

static void run_init(struct run *run) {
    memset(run, 0xAA, sizeof *run);
    chain_init(&run->chain);
    run->hearing = CHAIN_HEARD;
    run->now = (struct instant){1000 * NS_PER_S};
}

static void run_apply(struct run *run, const char *word) {
    if (strcmp(word, "begin") == 0) {
        chain_begin(&run->chain, run->now);
    } else if (strcmp(word, "stop") == 0) {
        chain_stop(&run->chain);
    } else if (strcmp(word, "end") == 0) {
        chain_end(&run->chain);
    } else if (strcmp(word, "none") == 0) {
        run->hearing = CHAIN_HEARD_BY_NOBODY;
    } else if (strcmp(word, "awaited") == 0) {
        run->hearing = CHAIN_AWAITED;
    } else if (strcmp(word, "heard") == 0) {
        run->hearing = CHAIN_HEARD;
    } else {
        assert_string_equal(word, "-");
    }
}

static void run_answer(struct run *run, char ret[8]) {
    enum chain_reason reason;
    if (!chain_advance(&run->chain, care, CARE_COUNT, run->hearing, RECEIPT_S, run->now, &reason)) {
        (void)snprintf(ret, 8, ".");
    } else {
        (void)snprintf(ret, 8, "%u%s", run->chain.reached,
                       reason == CHAIN_REASON_NO_RECEIVER ? "!" : "");
    }
    chain_check(&run->chain, CARE_COUNT);
}

static void story_go_on(struct run *run, const char *lines) {
    const char *line = lines;
    while (*line != '\0') {
        double at_s;
        char word[16];
        char wanted[8];
        char found[8];
        assert_int_equal(sscanf(line, "%lf %15s %7s", &at_s, word, wanted), 3);
        run->now = (struct instant){1000 * NS_PER_S + (uint64_t)(at_s * 1e3 + 0.5) * NS_PER_MS};
        run_apply(run, word);
        run_answer(run, found);
        if (strcmp(found, wanted) != 0) {
            fail_msg("at %g s, %s: wanted %s, found %s", at_s, word, wanted, found);
        }
        line = strchr(line, '\n') + 1;
    }
}

static void story(const char *lines) {
    struct run run;
    run_init(&run);
    story_go_on(&run, lines);
}

static void steps_come_at_their_times_and_not_a_millisecond_before(void **state) {
    (void)state;
    story("0 - .\n"
          "5 begin 1\n"
          "5 - .\n"
          "64.999 - .\n"
          "65 - 2\n"
          "184.999 - .\n"
          "185 - 3\n"
          "9999 - .\n");
}

static void a_right_acknowledgement_stops_the_chain_for_good(void **state) {
    (void)state;
    story("0 begin 1\n"
          "59 stop .\n"
          "60 - .\n"
          "999 - .\n");
}

static void an_alarm_that_is_raised_anew_begins_at_the_first_step_again(void **state) {
    (void)state;
    story("0 begin 1\n"
          "60 - 2\n"
          "70 stop .\n"
          "370 begin 1\n"
          "429.999 - .\n"
          "430 - 2\n");
}

static void a_closed_alarm_tells_nobody_any_more(void **state) {
    (void)state;
    story("0 begin 1\n"
          "30 end .\n"
          "60 - .\n"
          "61 stop .\n"
          "62 begin 1\n");
}

static void a_step_that_nobody_can_receive_moves_on_at_once(void **state) {
    (void)state;
    story("0 begin 1\n"
          "1 none 2!\n"
          "1 heard .\n"
          "179.999 - .\n"
          "180 - 3\n");
}

static void a_whole_chain_without_receivers_goes_to_its_end_and_stays_there(void **state) {
    (void)state;
    story("0 none .\n"
          "0 begin 1\n"
          "0 - 2!\n"
          "0 - 3!\n"
          "0 - .\n"
          "999 - .\n");
}

static void a_step_waits_fifteen_seconds_for_a_receipt(void **state) {
    (void)state;
    story("0 awaited .\n"
          "0 begin 1\n"
          "14.999 - .\n"
          "15 - 2!\n"
          "29.999 - .\n"
          "30 - 3!\n"
          "45 - .\n");
}

static void a_receipt_in_time_waits_for_the_next_step_s_own_time(void **state) {
    (void)state;
    story("0 awaited .\n"
          "0 begin 1\n"
          "14.999 heard .\n"
          "59.999 - .\n"
          "60 awaited 2\n"
          "75 - 3!\n");
}

static void a_receipt_stays_when_the_lamp_goes_dark_later(void **state) {
    (void)state;
    story("0 begin 1\n"
          "0.5 heard .\n"
          "1 none .\n"
          "59 - .\n"
          "60 - 2\n");
}

/* What was left of the wait and of the steps goes on, whatever the instants of the new boot are. */
static void a_restart_goes_on_where_it_was(void **state) {
    (void)state;
    static const uint64_t origins_ns[] = {1, 2000 * NS_PER_S};
    for (size_t i = 0; i < sizeof origins_ns / sizeof *origins_ns; i++) {
        struct run run;
        run_init(&run);
        story_go_on(&run, "0 begin 1\n"
                          "50 heard .\n");
        struct chain_record record;
        chain_write(&run.chain, care, run.now, &record);
        assert_int_equal(record.age_ns, 50 * NS_PER_S);
        struct instant now = {origins_ns[i]};
        chain_restore(&run.chain, &record, care, CARE_COUNT, now);
        chain_check(&run.chain, CARE_COUNT);
        assert_int_equal(
            chain_deadline(&run.chain, care, CARE_COUNT, CHAIN_HEARD_BY_NOBODY, now).ns,
            now.ns + 10 * NS_PER_S);
        assert_int_equal(run.chain.run, 1);
    }
}

static void a_restart_goes_on_waiting_for_the_receipt(void **state) {
    (void)state;
    struct run run;
    run_init(&run);
    story_go_on(&run, "0 awaited .\n"
                      "0 begin 1\n"
                      "12 - .\n");
    struct chain_record record;
    chain_write(&run.chain, care, run.now, &record);
    struct instant now = {7};
    chain_restore(&run.chain, &record, care, CARE_COUNT, now);
    assert_int_equal(chain_deadline(&run.chain, care, CARE_COUNT, CHAIN_AWAITED, now).ns,
                     now.ns + 3 * NS_PER_S);
    assert_int_equal(chain_deadline(&run.chain, care, CARE_COUNT, CHAIN_HEARD, now).ns,
                     now.ns + 48 * NS_PER_S);
    assert_int_equal(chain_deadline(&run.chain, care, CARE_COUNT, CHAIN_HEARD_BY_NOBODY, now).ns,
                     now.ns + 1);
}

/* The wait was over in the instant of the record: that nobody received the step is not forgotten. */
static void a_wait_that_was_over_as_the_gateway_stopped_ends_at_the_start(void **state) {
    (void)state;
    struct run run;
    run_init(&run);
    story_go_on(&run, "0 awaited .\n"
                      "0 begin 1\n");
    struct chain_record record;
    chain_write(&run.chain, care, run.chain.receipt_due, &record);
    struct chain chain;
    enum chain_reason reason;
    struct instant now = {7};
    chain_restore(&chain, &record, care, CARE_COUNT, now);
    assert_false(chain_advance(&chain, care, CARE_COUNT, CHAIN_AWAITED, RECEIPT_S, now, &reason));
    now = chain_deadline(&chain, care, CARE_COUNT, CHAIN_AWAITED, now);
    assert_int_equal(now.ns, 8);
    assert_true(chain_advance(&chain, care, CARE_COUNT, CHAIN_AWAITED, RECEIPT_S, now, &reason));
    assert_int_equal(reason, CHAIN_REASON_NO_RECEIVER);
}

/* Steps that came due while the gateway was down come at once, one after the other. */
static void what_came_due_while_the_gateway_was_down_comes_at_the_start(void **state) {
    (void)state;
    const struct chain_record record = {
        .age_ns = 500 * NS_PER_S, .run = 4, .state = CHAIN_RUNNING, .reached = 1};
    struct chain chain;
    enum chain_reason reason;
    struct instant now = {3};
    chain_restore(&chain, &record, care, CARE_COUNT, now);
    assert_int_equal(chain_deadline(&chain, care, CARE_COUNT, CHAIN_HEARD, now).ns, 4);
    assert_true(chain_advance(&chain, care, CARE_COUNT, CHAIN_HEARD, RECEIPT_S, now, &reason));
    assert_int_equal(reason, CHAIN_REASON_DUE);
    assert_true(chain_advance(&chain, care, CARE_COUNT, CHAIN_AWAITED, RECEIPT_S, now, &reason));
    assert_int_equal(reason, CHAIN_REASON_DUE);
    assert_false(
        chain_advance(&chain, care, CARE_COUNT, CHAIN_HEARD_BY_NOBODY, RECEIPT_S, now, &reason));
    assert_int_equal(chain_deadline(&chain, care, CARE_COUNT, CHAIN_AWAITED, now).ns,
                     INSTANT_NEVER.ns);
}

static void a_record_of_a_longer_chain_or_of_no_state_is_mended(void **state) {
    (void)state;
    struct chain chain;
    chain_restore(&chain, &(struct chain_record){.state = CHAIN_STOPPED, .reached = 200}, care,
                  CARE_COUNT, (struct instant){9});
    chain_check(&chain, CARE_COUNT);
    assert_int_equal(chain.reached, CARE_COUNT);
    chain_restore(&chain, &(struct chain_record){.state = 77, .reached = 2, .run = 5}, care,
                  CARE_COUNT, (struct instant){9});
    chain_check(&chain, CARE_COUNT);
    assert_int_equal(chain.state, CHAIN_IDLE);
    assert_int_equal(chain.run, 5);
    chain_restore(
        &chain,
        &(struct chain_record){.state = CHAIN_RUNNING, .reached = 1, .receipt_ns = UINT64_MAX},
        care, CARE_COUNT, (struct instant){9});
    assert_int_equal(chain.receipt_due.ns,
                     9 + CHAIN_RECEIPT_S_MAX * NS_PER_S + CHAIN_GATHER_NS_MAX);
}

/* The first two steps of `care`, with one changed: what a reload may make of them. */
static void who_was_not_told_is_told_when_the_steps_before_it_have_changed(void **state) {
    (void)state;
    struct run run;
    run_init(&run);
    story_go_on(&run, "0 begin 1\n"
                      "50 heard .\n");
    struct chain_record record;
    chain_write(&run.chain, care, run.now, &record);
    assert_int_equal(record.reached, 1);
    for (int change = 0; change < 7; change++) {
        struct chain_step steps[CARE_COUNT];
        memcpy(steps, care, sizeof steps);
        uint32_t first = change == 6 ? 1 : 0; /* the step that came is deleted */
        steps[0].after_ns += change == 0 ? NS_PER_S : 0;
        steps[0].to = change == 1 ? CHAIN_TO_EVERYONE : steps[0].to;
        steps[0].receiver += change == 2 ? 1 : 0;
        steps[0].outputs ^= change == 3 ? 1 : 0;
        steps[0].webhook = change == 4 ? 7 : steps[0].webhook;
        steps[0].reach ^= change == 5 ? 1 : 0;
        struct chain chain;
        struct instant now = {7};
        chain_restore(&chain, &record, steps + first, CARE_COUNT - first, now);
        chain_check(&chain, CARE_COUNT - first);
        assert_int_equal(chain.reached, change == 0 ? 1 : 0);
        assert_int_equal(chain_age_ns(&chain, now), 50 * NS_PER_S);
    }
}

/* The same index may be another shift's after a reload; another index may be the same shift's. */
static void a_shift_is_known_by_its_name(void **state) {
    (void)state;
    struct chain_step steps[CARE_COUNT];
    memcpy(steps, care, sizeof steps);
    steps[1].name = 77;
    struct chain chain = {.state = CHAIN_RUNNING, .reached = 2};
    struct chain_record record;
    struct instant now = {9};
    chain_write(&chain, steps, now, &record);
    steps[1].receiver = 5;
    chain_restore(&chain, &record, steps, CARE_COUNT, now);
    assert_int_equal(chain.reached, 2);
    steps[1].name = 78;
    chain_restore(&chain, &record, steps, CARE_COUNT, now);
    assert_int_equal(chain.reached, 0);
}

static void a_chain_that_was_told_to_its_end_begins_nothing_anew(void **state) {
    (void)state;
    struct chain chain = {.state = CHAIN_RUNNING, .reached = CARE_COUNT};
    struct chain_record record;
    struct instant now = {9};
    chain_write(&chain, care, now, &record);
    chain_restore(&chain, &record, care, CARE_COUNT, now);
    assert_int_equal(chain.reached, CARE_COUNT);
    assert_int_equal(chain_deadline(&chain, care, CARE_COUNT, CHAIN_HEARD, now).ns,
                     INSTANT_NEVER.ns);
}

static void an_acknowledged_chain_keeps_its_place_in_other_steps(void **state) {
    (void)state;
    const struct chain_record record = {.state = CHAIN_STOPPED, .reached = 1, .steps = 12345};
    struct chain chain;
    chain_restore(&chain, &record, care, CARE_COUNT, (struct instant){9});
    assert_int_equal(chain.reached, 1);
}

static void a_chain_with_fewer_steps_than_were_reached_begins_anew(void **state) {
    (void)state;
    struct run run;
    run_init(&run);
    story_go_on(&run, "0 begin 1\n"
                      "50 heard .\n");
    struct chain_record record;
    chain_write(&run.chain, care, run.now, &record);
    struct chain chain;
    chain_restore(&chain, &record, care, 0, (struct instant){9});
    assert_int_equal(chain.reached, 0);
}

static void each_run_has_a_number_of_its_own(void **state) {
    (void)state;
    struct chain chain;
    chain_init(&chain);
    for (uint32_t run = 1; run < 4; run++) {
        chain_begin(&chain, (struct instant){run});
        assert_int_equal(chain.run, run);
        chain_end(&chain);
        assert_int_equal(chain.run, run);
    }
}

static void a_role_named_so_far_or_one_above_it_is_the_right_one(void **state) {
    (void)state;
    static const struct chain_step guard[] = {
        STEP(0, CHAIN_TO_EVERYONE, 0),
        STEP(1, CHAIN_TO_ROLE, ROLE_SECURITY),
        STEP(2, CHAIN_TO_ROLE, ROLE_ENGINEER),
    };
    static const struct {
        const struct chain_step *steps;
        uint8_t reached;
        const char *right; /* caregiver, security, manager, engineer, auditor */
    } rows[] = {
        {care, 1, "c-m--"},  {care, 2, "c-m--"},  {care, 3, "c-m--"},  {care + 1, 1, "csm--"},
        {guard, 0, "csm--"}, {guard, 1, "csm--"}, {guard, 2, "-sm--"}, {guard, 3, "-sme-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct chain chain = {.state = CHAIN_RUNNING, .reached = rows[i].reached};
        for (enum role role = 0; role < ROLE_COUNT; role++) {
            assert_int_equal(chain_accepts(&chain, rows[i].steps, role),
                             rows[i].right[role] != '-');
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_come_at_their_times_and_not_a_millisecond_before),
        cmocka_unit_test(a_right_acknowledgement_stops_the_chain_for_good),
        cmocka_unit_test(an_alarm_that_is_raised_anew_begins_at_the_first_step_again),
        cmocka_unit_test(a_closed_alarm_tells_nobody_any_more),
        cmocka_unit_test(a_step_that_nobody_can_receive_moves_on_at_once),
        cmocka_unit_test(a_whole_chain_without_receivers_goes_to_its_end_and_stays_there),
        cmocka_unit_test(a_step_waits_fifteen_seconds_for_a_receipt),
        cmocka_unit_test(a_receipt_in_time_waits_for_the_next_step_s_own_time),
        cmocka_unit_test(a_receipt_stays_when_the_lamp_goes_dark_later),
        cmocka_unit_test(a_restart_goes_on_where_it_was),
        cmocka_unit_test(a_restart_goes_on_waiting_for_the_receipt),
        cmocka_unit_test(a_wait_that_was_over_as_the_gateway_stopped_ends_at_the_start),
        cmocka_unit_test(what_came_due_while_the_gateway_was_down_comes_at_the_start),
        cmocka_unit_test(a_record_of_a_longer_chain_or_of_no_state_is_mended),
        cmocka_unit_test(who_was_not_told_is_told_when_the_steps_before_it_have_changed),
        cmocka_unit_test(a_shift_is_known_by_its_name),
        cmocka_unit_test(a_chain_that_was_told_to_its_end_begins_nothing_anew),
        cmocka_unit_test(an_acknowledged_chain_keeps_its_place_in_other_steps),
        cmocka_unit_test(a_chain_with_fewer_steps_than_were_reached_begins_anew),
        cmocka_unit_test(each_run_has_a_number_of_its_own),
        cmocka_unit_test(a_role_named_so_far_or_one_above_it_is_the_right_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
