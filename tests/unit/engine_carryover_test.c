/* SPDX-License-Identifier: Apache-2.0 */

/* What a rule no longer remembers is said in the log, rule by rule; a restart has nothing to say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/engine/carryover.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"

static struct site site;
static struct carryover carryover;
static char said[16384];

static int begin(void **state) {
    (void)state;
    site = console_site("/nowhere");
    return carryover_init(&carryover, &site);
}

static int end(void **state) {
    (void)state;
    carryover_deinit(&carryover);
    carryover_deinit(&carryover); /* twice is harmless */
    return 0;
}

/* Tell, and keep what is written to standard error. */
static uint32_t tell(const struct site *of) {
    FILE *file = tmpfile();
    assert_non_null(file);
    int err = dup(STDERR_FILENO);
    assert_true(err >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    uint32_t told = carryover_tell(&carryover, of);
    assert_true(dup2(err, STDERR_FILENO) >= 0);
    assert_int_equal(close(err), 0);
    rewind(file);
    size_t size = fread(said, 1, sizeof said - 1, file);
    said[size] = '\0';
    assert_int_equal(fclose(file), 0);
    return told;
}

static unsigned lines(void) {
    unsigned count = 0;
    for (const char *at = said; *at != '\0'; at++) {
        count += *at == '\n';
    }
    return count;
}

static void a_restart_that_keeps_all_says_nothing(void **state) {
    (void)state;
    const struct core_kept kept = {.kept = 5};
    carryover_add(&carryover, &site, CONSOLE_SITE_CALL, &kept);
    carryover_add(&carryover, &site, CONSOLE_SITE_FIRE, &kept);
    assert_int_equal(tell(&site), 0);
    assert_string_equal(said, "");
    assert_int_equal(carryover.kept, 10);
}

static void a_rule_that_begins_anew_is_named_with_what_it_forgot(void **state) {
    (void)state;
    const struct core_kept kept = {.kept = 2};
    const struct core_kept lost = {
        .kept = 1,
        .anew = 3,
        .dropped = 4,
        .anew_kinds = 1u << EXPR_MEMORY_HELD | 1u << EXPR_MEMORY_COUNTED,
        .delay_ended = true,
    };
    carryover_add(&carryover, &site, CONSOLE_SITE_FIRE, &lost);
    carryover_add(&carryover, &site, CONSOLE_SITE_CALL, &kept);
    assert_int_equal(tell(&site), 1);
    assert_int_equal(lines(), 1);
    assert_non_null(strstr(said, "event=past_not_kept rule=fire_alarm alarms=1 kept=1 anew=3 "
                                 "dropped=4 delays=1 begins_anew=\"held, counter\""));
    assert_non_null(strstr(said, "begins anew now"));
    assert_int_equal(carryover.kept, 3);
    assert_int_equal(carryover.anew, 3);
    assert_int_equal(carryover.dropped, 4);
}

static void what_was_only_taken_out_is_said_to_be_forgotten(void **state) {
    (void)state;
    const struct core_kept lost = {.kept = 1, .dropped = 1};
    carryover_add(&carryover, &site, CONSOLE_SITE_CALL, &lost);
    assert_int_equal(tell(&site), 1);
    assert_non_null(strstr(said, "rule=emergency_call"));
    assert_non_null(strstr(said, "is forgotten"));
    assert_null(strstr(said, "begins anew now"));
}

static void all_operations_fit_into_their_words(void **state) {
    char words[CARRYOVER_WORDS_SIZE];
    (void)state;
    carryover_words(0, words);
    assert_string_equal(words, "");
    carryover_words(UINT32_MAX, words);
    assert_string_equal(words, "within, held, since, counter");
}

/* As many rules as are named, and one more. */
static void no_more_rules_are_named_than_one_can_read(void **state) {
    (void)state;
    for (uint32_t count = CARRYOVER_RULES_TOLD; count <= CARRYOVER_RULES_TOLD + 1; count++) {
        struct ruleset_alarm alarms[CARRYOVER_RULES_TOLD + 1];
        struct site_rule rules[CARRYOVER_RULES_TOLD + 1];
        struct site many = site;
        for (uint32_t i = 0; i < count; i++) {
            alarms[i] = (struct ruleset_alarm){.rule = i};
            rules[i] = site.rules[CONSOLE_SITE_CALL];
        }
        many.rules = rules;
        many.ruleset.alarms = alarms;
        many.ruleset.rule_count = many.ruleset.alarm_count = count;
        carryover_deinit(&carryover);
        assert_int_equal(carryover_init(&carryover, &many), 0);
        for (uint32_t i = 0; i < count; i++) {
            carryover_add(&carryover, &many, i, &(struct core_kept){.anew = 1});
        }
        assert_int_equal(tell(&many), count);
        assert_int_equal(lines(), count);
        assert_int_equal(strstr(said, "more_rules=1 ") != NULL, count > CARRYOVER_RULES_TOLD);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
        CASE(a_restart_that_keeps_all_says_nothing),
        CASE(a_rule_that_begins_anew_is_named_with_what_it_forgot),
        CASE(what_was_only_taken_out_is_said_to_be_forgotten),
        CASE(all_operations_fit_into_their_words),
        CASE(no_more_rules_are_named_than_one_can_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
