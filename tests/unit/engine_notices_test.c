/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is due to a webhook, and when it is not any more. The call of the small site has a chain of
 * three steps, of which the second and the third call webhooks 1 and 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/engine/notices.h"
#include "gateway/journal/journal.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"

static const struct chain_step steps[] = {
    {.to = CHAIN_TO_EVERYONE, .webhook = CHAIN_NO_WEBHOOK},
    {.to = CHAIN_TO_ROLE, .receiver = ROLE_SECURITY, .webhook = 1},
    {.to = CHAIN_TO_ROLE, .receiver = ROLE_MANAGER, .webhook = 0},
};

static struct site site_with_chain(const char *state_directory) {
    static struct ruleset_rule rules[CONSOLE_SITE_ALARMS];
    static const struct ruleset_chain chain = {.step_count = sizeof steps / sizeof *steps};
    struct site site = console_site(state_directory);
    memcpy(rules, site.ruleset.rules, sizeof rules);
    rules[CONSOLE_SITE_CALL].chain = 0;
    rules[CONSOLE_SITE_UPLINK].chain = 0; /* of low priority */
    site.ruleset.rules = rules;
    site.ruleset.chains = &chain;
    site.ruleset.steps = steps;
    site.ruleset.chain_count = 1;
    return site;
}

/* What was sent to the uplink. */
struct line {
    unsigned room; /* messages that the socket still takes */
    unsigned count;
    struct wire_notice last;
};

static int line_send(void *context, const void *message) {
    struct line *line = context;
    if (line->room == 0) {
        return WIRE_E_FULL;
    }
    line->room--;
    line->count++;
    memcpy(&line->last, message, ((const struct wire_header *)message)->size);
    return 0;
}

static void told_of(struct notices *notices, uint32_t alarm, uint32_t step, uint32_t run,
                    uint64_t seq, uint64_t early) {
    struct wire_event event = {
        .seq = seq, .early = early, .alarm = alarm, .type = EVENT_ALARM_ESCALATED};
    event.body_size = (uint32_t)snprintf(event.body, sizeof event.body, "{\"n\":%u}", step);
    notices_add(notices, &event, step, run);
}

static void told(struct notices *notices, uint32_t step, uint32_t run, uint64_t seq,
                 uint64_t early) {
    told_of(notices, CONSOLE_SITE_CALL, step, run, seq, early);
}

static const struct chain_record running = {.state = CHAIN_RUNNING, .run = 4, .reached = 3};

static void only_a_step_that_calls_a_webhook_is_due(void **state) {
    (void)state;
    struct site site = site_with_chain("/nowhere");
    struct notices notices;
    struct line line = {.room = 9};
    notices_init(&notices, &site);
    told(&notices, 1, 4, 10, 0);
    assert_int_equal(notices.count, 0);
    told(&notices, 2, 4, 11, 0);
    struct wire_event other = {
        .seq = 12, .alarm = CONSOLE_SITE_FIRE, .type = EVENT_ALARM_ESCALATED, .body_size = 2};
    notices_add(&notices, &other, 2, 1); /* a rule without a chain */
    other.type = EVENT_ALARM_RAISED;
    other.alarm = CONSOLE_SITE_CALL;
    notices_add(&notices, &other, 2, 4);
    assert_int_equal(notices.count, 1);
    notices_flush(&notices, line_send, &line);
    assert_int_equal(line.count, 1);
    assert_int_equal(line.last.webhook, 1);
    assert_int_equal(line.last.step, 2);
    assert_int_equal(line.last.run, 4);
    assert_int_equal(line.last.durable, 1);
    assert_memory_equal(line.last.body, "{\"n\":2}", line.last.body_size);
    notices_deinit(&notices);
}

static void what_is_due_is_sent_once_and_again_to_a_new_uplink(void **state) {
    (void)state;
    struct site site = site_with_chain("/nowhere");
    struct notices notices;
    struct line line = {.room = 1};
    notices_init(&notices, &site);
    told(&notices, 2, 4, 11, 0);
    told(&notices, 3, 4, 12, 0);
    notices_flush(&notices, line_send, &line);
    assert_int_equal(line.count, 1); /* its socket was full */
    line.room = 9;
    notices_flush(&notices, line_send, &line);
    assert_int_equal(line.count, 2);
    notices_flush(&notices, line_send, &line);
    assert_int_equal(line.count, 2);
    notices_settle(&notices, CONSOLE_SITE_CALL, 2, 4);
    notices_renew(&notices);
    notices_flush(&notices, line_send, &line);
    assert_int_equal(line.count, 3);
    assert_int_equal(line.last.step, 3);
    notices_deinit(&notices);
}

static void an_event_that_went_out_early_is_no_second_call(void **state) {
    (void)state;
    struct site site = site_with_chain("/nowhere");
    struct notices notices;
    struct line line = {.room = 9};
    notices_init(&notices, &site);
    told(&notices, 2, 4, 0, 7);
    notices_flush(&notices, line_send, &line);
    assert_int_equal(line.last.durable, 0);
    told(&notices, 2, 4, 11, 7);
    assert_int_equal(notices.count, 1);
    notices_settle(&notices, CONSOLE_SITE_CALL, 2, 4);
    told(&notices, 2, 4, 11, 7);
    assert_int_equal(notices.count, 0);
    notices_deinit(&notices);
}

static void what_is_over_is_withdrawn(void **state) {
    (void)state;
    struct site site = site_with_chain("/nowhere");
    struct notices notices;
    struct line line = {.room = 9};
    notices_init(&notices, &site);
    told(&notices, 2, 4, 11, 0);
    notices_flush(&notices, line_send, &line);
    told(&notices, 3, 4, 12, 0); /* not sent yet: nobody has to be told of it */
    notices_follow(&notices, CONSOLE_SITE_FIRE, &(struct chain_record){0});
    notices_follow(&notices, CONSOLE_SITE_CALL, &running);
    assert_int_equal(notices.count, 2);
    struct chain_record stopped = running;
    stopped.state = CHAIN_STOPPED;
    notices_follow(&notices, CONSOLE_SITE_CALL, &stopped);
    notices_follow(&notices, CONSOLE_SITE_CALL, &stopped);
    assert_int_equal(notices.count, 1);
    notices_flush(&notices, line_send, &line);
    assert_int_equal(line.count, 2);
    assert_int_equal(line.last.body_size, 0);
    assert_int_equal(line.last.run, 4);
    assert_int_equal(line.last.header.size, offsetof(struct wire_notice, body));
    assert_int_equal(notices.count, 0);
    notices_deinit(&notices);
}

static void a_new_run_withdraws_the_one_before(void **state) {
    (void)state;
    struct site site = site_with_chain("/nowhere");
    struct notices notices;
    struct line line = {.room = 9};
    struct chain_record again = running;
    again.run = 5;
    notices_init(&notices, &site);
    told(&notices, 2, 4, 11, 0);
    notices_flush(&notices, line_send, &line);
    notices_follow(&notices, CONSOLE_SITE_CALL, &again);
    notices_renew(&notices); /* an uplink that is new has nothing to forget */
    assert_int_equal(notices.count, 0);
    notices_deinit(&notices);
}

static void the_oldest_goes_when_too_many_are_due(void **state) {
    (void)state;
    struct site site = site_with_chain("/nowhere");
    struct notices notices;
    notices_init(&notices, &site);
    for (uint32_t run = 1; run <= NOTICES_MAX; run++) {
        told(&notices, 2, run, run, 0);
    }
    assert_int_equal(notices.count, NOTICES_MAX);
    assert_int_equal(notices.displaced, 0);
    told(&notices, 2, NOTICES_MAX + 1, 99, 0);
    assert_int_equal(notices.count, NOTICES_MAX);
    assert_int_equal(notices.displaced, 1);
    assert_int_equal(notices.list[0].run, 2);
    assert_int_equal(notices.list[NOTICES_MAX - 1].run, NOTICES_MAX + 1);
    notices_deinit(&notices);
}

static void an_emergency_stays_while_anything_else_can_go(void **state) {
    (void)state;
    struct site site = site_with_chain("/nowhere");
    struct notices notices;
    struct line line = {.room = 1};
    notices_init(&notices, &site);
    told(&notices, 2, 1, 1, 0);
    for (uint32_t run = 2; run <= 3 * NOTICES_MAX; run++) {
        told_of(&notices, CONSOLE_SITE_UPLINK, 2, run, run, 0);
    }
    assert_int_equal(notices.count, NOTICES_MAX);
    assert_int_equal(notices.displaced, 2 * NOTICES_MAX);
    assert_int_equal(notices.list[0].alarm, CONSOLE_SITE_CALL);
    assert_int_equal(notices.list[1].run, 2 * NOTICES_MAX + 2);
    assert_int_equal(notices.list[NOTICES_MAX - 1].run, 3 * NOTICES_MAX);
    notices_flush(&notices, line_send, &line);
    assert_int_equal(line.last.emergency, 1);
    line.room = 1;
    notices_flush(&notices, line_send, &line);
    assert_int_equal(line.last.emergency, 0);
    notices_deinit(&notices);
}

static void where_all_are_emergencies_only_another_displaces_the_oldest(void **state) {
    (void)state;
    struct site site = site_with_chain("/nowhere");
    struct notices notices;
    notices_init(&notices, &site);
    for (uint32_t run = 1; run < NOTICES_MAX; run++) {
        told(&notices, 2, run, run, 0);
    }
    told_of(&notices, CONSOLE_SITE_UPLINK, 2, 9, 98, 0);
    told(&notices, 2, NOTICES_MAX, 99, 0); /* the last that finds anything else to go for it */
    assert_int_equal(notices.displaced, 1);
    assert_int_equal(notices.list[0].run, 1);
    told_of(&notices, CONSOLE_SITE_UPLINK, 2, 10, 100, 0);
    assert_int_equal(notices.displaced, 2);
    for (uint32_t i = 0; i < NOTICES_MAX; i++) {
        assert_int_equal(notices.list[i].alarm, CONSOLE_SITE_CALL);
        assert_int_equal(notices.list[i].run, i + 1);
    }
    told(&notices, 2, NOTICES_MAX + 1, 101, 0);
    assert_int_equal(notices.displaced, 3);
    assert_int_equal(notices.count, NOTICES_MAX);
    assert_int_equal(notices.list[0].run, 2);
    notices_deinit(&notices);
}

/* ---- after a restart ---- */

static void name_of(const void *context, uint32_t alarm, char *ret) {
    site_alarm_format(context, alarm, ret);
}

static void record(struct journal *journal, enum core_event_type type, uint32_t alarm,
                   const char *data) {
    char text[256];
    struct journal_event *event;
    size_t size = (size_t)snprintf(text, sizeof text, ",\"data\":{%s}}", data);
    assert_int_equal(journal_event_new(text, 0, size, &event), 0);
    event->type = (uint16_t)type;
    event->lane = LANE_ALARM;
    event->alarm = alarm;
    journal_add_event(journal, event);
}

static void journal_write(const struct site *site, const char *directory) {
    const struct journal_conf conf = {
        .directory = directory,
        .identity = {"gulou-demo", "main", name_of, site},
        .alarm_count = site->ruleset.alarm_count,
    };
    struct journal *journal;
    assert_int_equal(journal_new(&conf, &journal), 0);
    assert_int_equal(journal_start(journal), 0);
    record(journal, EVENT_ALARM_ESCALATED, CONSOLE_SITE_CALL, "\"step\":2,\"run\":3");
    record(journal, EVENT_ALARM_ESCALATED, CONSOLE_SITE_CALL, "\"step\":1,\"run\":4");
    record(journal, EVENT_ALARM_ESCALATED, CONSOLE_SITE_CALL,
           "\"step\":2,\"run\":4,\"text\":\"\\\"step\\\":3\"");
    record(journal, EVENT_ALARM_ESCALATED, CONSOLE_SITE_FIRE, "\"step\":3,\"run\":4");
    record(journal, EVENT_ALARM_CLEARED, CONSOLE_SITE_CALL, "\"step\":3,\"run\":4");
    record(journal, EVENT_ALARM_ESCALATED, CONSOLE_SITE_CALL, "\"step\":3,\"run\":4");
    (void)journal_submit(journal);
    (void)journal_free(journal); /* records what waits */
}

static void recovered_are(struct notices *notices, struct journal_reader *reader,
                          struct chain_record chain, unsigned count, const uint32_t *wanted) {
    notices_recover(notices, reader, CONSOLE_SITE_CALL, &chain);
    assert_int_equal(notices->count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(notices->list[i].step, wanted[i]);
        assert_int_equal(notices->list[i].run, 4);
        assert_false(notices->list[i].sent);
    }
    notices_deinit(notices);
}

static void after_a_restart_the_journal_tells_what_is_still_due(void **state) {
    (void)state;
    char directory[] = "/tmp/tocsin-notices-XXXXXX";
    char command[64];
    assert_non_null(mkdtemp(directory));
    struct site site = site_with_chain(directory);
    struct journal_reader *reader;
    struct notices notices;
    journal_write(&site, directory);
    assert_int_equal(journal_reader_new(directory, &reader), 0);
    notices_init(&notices, &site);
    struct chain_record chain = running;
    chain.receipt_ns = 1;
    recovered_are(&notices, reader, chain, 2, (const uint32_t[]){3, 2});
    chain.receipt_ns = 0; /* the newest was received */
    recovered_are(&notices, reader, chain, 1, (const uint32_t[]){2});
    chain.state = CHAIN_STOPPED;
    recovered_are(&notices, reader, chain, 0, NULL);
    chain = running;
    chain.reached = 1; /* none of its steps called anybody */
    recovered_are(&notices, reader, chain, 0, NULL);
    (void)journal_reader_free(reader);
    (void)snprintf(command, sizeof command, "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_step_that_calls_a_webhook_is_due),
        cmocka_unit_test(what_is_due_is_sent_once_and_again_to_a_new_uplink),
        cmocka_unit_test(an_event_that_went_out_early_is_no_second_call),
        cmocka_unit_test(what_is_over_is_withdrawn),
        cmocka_unit_test(a_new_run_withdraws_the_one_before),
        cmocka_unit_test(the_oldest_goes_when_too_many_are_due),
        cmocka_unit_test(an_emergency_stays_while_anything_else_can_go),
        cmocka_unit_test(where_all_are_emergencies_only_another_displaces_the_oldest),
        cmocka_unit_test(after_a_restart_the_journal_tells_what_is_still_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
