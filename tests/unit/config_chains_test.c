/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What chains, shifts, webhooks and the gravity of rules become in the image. The site of each test
 * is one room with a button, a lamp and a presence sensor; its rules file and its shifts are the test's.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config/config.h"
#include "gateway/secret_file.h"
#include "tests/support/cmocka.h"

#define RULE                                                                                       \
    "rules:\n"                                                                                     \
    "  - {rule: call, each: point emergency_button, raise: value, class: call.emergency, "         \
    "chain: c, message: {en: x}, response: {en: y}}\n"

struct loaded {
    struct config_result result;
    struct site site;
    char directory[64];
};

static void file_write(const struct loaded *loaded, const char *name, const char *text) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", loaded->directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int load(struct loaded *loaded, const char *shifts, const char *rules) {
    char *site = NULL;
    char path[128];
    *loaded = (struct loaded){.directory = "/tmp/tocsin-chains-XXXXXX"};
    assert_non_null(mkdtemp(loaded->directory));
    assert_true(
        asprintf(&site,
                 "tocsin: 1\n"
                 "site: {id: t, name: {en: T}, timezone: UTC}\n"
                 "rules: [rules.yaml]\n"
                 "%s"
                 "places: [{id: room, kind: bedroom, name: {en: Room}}]\n"
                 "devices:\n"
                 "- id: io\n"
                 "  driver: modbus\n"
                 "  address: tcp://a\n"
                 "  points:\n"
                 "  - {point: lamp, place: room, kind: call_lamp, write: coil 0}\n"
                 "- id: far\n"
                 "  driver: modbus\n"
                 "  address: tcp://b\n"
                 "  points:\n"
                 "  - {point: button, place: room, kind: emergency_button, read: discrete 1}\n"
                 "  - {point: beacon, place: room, kind: beacon, write: coil 0}\n"
                 "- id: radar\n"
                 "  driver: modbus\n"
                 "  address: tcp://c\n"
                 "  points:\n"
                 "  - {point: presence, place: room, kind: presence, read: discrete 0}\n",
                 shifts) > 0);
    file_write(loaded, "site.yaml", site);
    file_write(loaded, "rules.yaml", rules);
    (void)snprintf(path, sizeof path, "%s/site.yaml", loaded->directory);
    int r = config_load(path, &(struct config_options){0}, &loaded->result);
    if (r == 0) {
        assert_int_equal(site_view(loaded->result.image, loaded->result.image_size, &loaded->site),
                         0);
    }
    free(site);
    return r;
}

static void load_good(struct loaded *loaded, const char *shifts, const char *rules) {
    int r = load(loaded, shifts, rules);
    if (r != 0) {
        config_print(&loaded->result, LANGUAGE_EN, stderr);
    }
    assert_int_equal(r, 0);
}

static void unload(struct loaded *loaded) {
    char path[128];
    config_result_deinit(&loaded->result);
    (void)snprintf(path, sizeof path, "%s/site.yaml", loaded->directory);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/rules.yaml", loaded->directory);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(loaded->directory), 0);
}

static void a_role_is_to_be_reached_in_the_shifts_that_say_whose_they_are(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(&loaded,
              "shifts: {day: {role: caregiver, mon-sun: \"07:00-19:00\"}, post: {role: security},"
              " desk: {people: [wang]}, night: {role: caregiver, mon-sun: \"19:00-07:00\"}}\n",
              "chains: {c: [{after: 0 s, to: everyone, by: none, output: beacon}]}\n"
              "webhooks:\n"
              "  manager: {url: \"http://b/y\"}\n"
              "  security: {url: \"https://a/x\", secret_file: site.yaml}\n"
              "  caregiver: {url: \"http://b/z\"}\n"
              "  elsewhere: {url: \"http://b/n\"}\n" RULE);
    const struct ruleset *ruleset = &loaded.site.ruleset;
    assert_int_equal(ruleset->listener_count, 4);
    assert_int_equal(ruleset->listener_shifts[0], 0);
    assert_int_equal(ruleset->listener_shifts[1], 1u << 1);
    assert_int_equal(ruleset->listener_shifts[2], 1u << 0 | 1u << 3);
    assert_int_equal(ruleset->listener_shifts[3], 0); /* no shift that is nobody's is theirs */
    unload(&loaded);
}

/* How many warnings the site has when its webhook's secret is `text`. */
static uint32_t warnings_of_a_secret(const char *text) {
    struct loaded loaded;
    char path[128];
    (void)snprintf(path, sizeof path, "/tmp/tocsin-secret-%ld", (long)getpid());
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(file), 0);
    char *rules = NULL;
    assert_true(asprintf(&rules,
                         "chains: {c: [{after: 0 s, to: everyone, output: beacon}]}\n"
                         "webhooks:\n"
                         "  manager: {url: \"http://b/y\", secret_file: %s}\n" RULE,
                         path) > 0);
    load_good(&loaded, "", rules);
    uint32_t warnings = loaded.result.warning_count;
    unload(&loaded);
    free(rules);
    assert_int_equal(unlink(path), 0);
    return warnings;
}

static void a_secret_that_the_uplink_would_refuse_is_warned_of(void **state) {
    (void)state;
    char longest[SECRET_SHARED_SIZE_MAX + 3];
    assert_int_equal(warnings_of_a_secret("123456789012345"), 1);
    assert_int_equal(warnings_of_a_secret(" 123456789012345\n"), 1); /* white space is no secret */
    assert_int_equal(warnings_of_a_secret("1234567890123456"), 0);
    assert_int_equal(warnings_of_a_secret("1234567890123456\n"), 0);
    memset(longest, 'x', sizeof longest);
    longest[SECRET_SHARED_SIZE_MAX] = '\0';
    assert_int_equal(warnings_of_a_secret(longest), 0);
    longest[SECRET_SHARED_SIZE_MAX] = 'x';
    longest[SECRET_SHARED_SIZE_MAX + 1] = '\0';
    assert_int_equal(warnings_of_a_secret(longest), 1);
    longest[SECRET_SHARED_SIZE_MAX] = ' ';
    longest[SECRET_SHARED_SIZE_MAX + 1] = 'x';
    longest[SECRET_SHARED_SIZE_MAX + 2] = '\0';
    assert_int_equal(warnings_of_a_secret(longest), 1); /* white space in it is not its end */
}

static void a_chain_names_roles_shifts_webhooks_and_outputs_by_number(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(&loaded, "shifts: {day: {mon-sun: \"07:00-19:00\"}, night: {people: [wang]}}\n",
              "chains:\n"
              "  first: [{after: 0 s, to: everyone, output: beacon}]\n"
              "  c:\n"
              "    - {after: 0 s, to: role caregiver, output: call_lamp}\n"
              "    - {after: 500 ms, to: shift night, place: zone, output: [beacon, sounder]}\n"
              "    - {after: 2 min, to: person wang, place: site}\n"
              "    - {after: 2 min, to: role manager, by: webhook}\n"
              "webhooks:\n"
              "  security: {url: \"https://a/x\", secret_file: site.yaml}\n"
              "  manager: {url: \"http://b/y\"}\n" RULE);
    const struct site *site = &loaded.site;
    const struct ruleset *ruleset = &site->ruleset;
    assert_int_equal(ruleset->chain_count, 2);
    assert_int_equal(ruleset->step_count, 5);
    assert_int_equal(ruleset->shift_count, 2);
    assert_int_equal(ruleset->rules[0].chain, 1);
    assert_int_equal(ruleset->rules[1].chain, RULESET_NONE);
    assert_int_equal(ruleset->chains[1].step_first, 1);
    assert_int_equal(ruleset->chains[1].step_count, 4);
    struct chain_step wanted[] = {
        {0,
         UINT64_C(1) << POINT_CALL_LAMP,
         ROLE_CAREGIVER,
         3,
         CHAIN_TO_ROLE,
         CHAIN_REACH_OWN,
         {0},
         0},
        {500 * NS_PER_MS,
         UINT64_C(1) << POINT_BEACON | UINT64_C(1) << POINT_SOUNDER,
         1,
         4,
         CHAIN_TO_SHIFT,
         CHAIN_REACH_ZONE,
         {0},
         0},
        {120 * NS_PER_S, 0, 0, 5, CHAIN_TO_PERSON, CHAIN_REACH_SITE, {0}, 0},
        {120 * NS_PER_S, 0, ROLE_MANAGER, 1, CHAIN_TO_ROLE, CHAIN_REACH_OWN, {0}, 0},
    };
    wanted[1].name = ruleset->steps[2].name;
    wanted[2].name = ruleset->steps[3].name;
    assert_true(wanted[1].name != 0 && wanted[2].name != 0 && wanted[1].name != wanted[2].name);
    assert_memory_equal(&ruleset->steps[1], wanted, sizeof wanted);
    assert_int_equal(site->webhook_count, 6);
    assert_string_equal(site_text(site, site->webhooks[1].id), "manager");
    assert_string_equal(site_text(site, site->webhooks[1].url), "http://b/y");
    assert_int_equal(site->webhooks[1].secret_file, 0);
    const char *secret = site_text(site, site->webhooks[0].secret_file);
    assert_int_equal(secret[0], '/');
    assert_string_equal(strrchr(secret, '/'), "/site.yaml");
    unload(&loaded);
}

static void a_step_that_does_not_say_how_calls_whom_it_names_in_every_way_they_have(void **state) {
    (void)state;
    struct loaded said;
    struct loaded unsaid;
    const char *shifts = "shifts: {night: {people: [wang]}}\n";
    static const char webhooks[] =
        "webhooks: {manager: {url: \"http://b/y\", secret_file: site.yaml}}\n";
    char *rules = NULL;
    assert_true(
        asprintf(
            &rules,
            "chains: {c: [{after: 0 s, to: role caregiver, by: push},"
            " {after: 1 s, to: shift night, by: push}, {after: 2 s, to: person wang, by: push},"
            " {after: 3 s, to: everyone, by: push}, {after: 4 s, to: role manager, by: webhook}]}\n"
            "%s" RULE,
            webhooks) > 0);
    load_good(&said, shifts, rules);
    free(rules);
    assert_true(asprintf(&rules,
                         "chains: {c: [{after: 0 s, to: role caregiver},"
                         " {after: 1 s, to: shift night}, {after: 2 s, to: person wang},"
                         " {after: 3 s, to: everyone}, {after: 4 s, to: role manager}]}\n"
                         "%s" RULE,
                         webhooks) > 0);
    load_good(&unsaid, shifts, rules);
    free(rules);
    assert_int_equal(said.site.webhook_count, 5);
    assert_int_equal(unsaid.site.webhook_count, 5);
    assert_int_equal(unsaid.site.ruleset.listener_count, 4);
    assert_memory_equal(unsaid.site.ruleset.steps, said.site.ruleset.steps,
                        5 * sizeof *said.site.ruleset.steps);
    unload(&said);
    unload(&unsaid);
}

static void a_role_that_is_called_on_phones_alone_has_an_index_of_its_own(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(&loaded, "push: {contact: \"mailto:duty@site.example\"}\n",
              "chains:\n"
              "  c:\n"
              "    - {after: 0 s, to: role caregiver, by: push}\n"
              "    - {after: 1 min, to: role caregiver, by: push}\n"
              "    - {after: 2 min, to: role manager, by: push}\n"
              "webhooks:\n"
              "  manager: {url: \"http://b/y\", secret_file: site.yaml}\n" RULE);
    const struct site *site = &loaded.site;
    assert_int_equal(site->webhook_count, 2);
    assert_int_equal(site->ruleset.listener_count, 2);
    assert_int_equal(site->ruleset.steps[0].webhook, 1);
    assert_int_equal(site->ruleset.steps[1].webhook, 1);
    assert_int_equal(site->ruleset.steps[2].webhook, 0); /* it has one anyway */
    assert_string_equal(site_text(site, site->webhooks[1].id), "caregiver");
    assert_int_equal(site->webhooks[1].url, 0);
    assert_string_equal(site_text(site, site->header->push_contact), "mailto:duty@site.example");
    unload(&loaded);
}

static void
a_shift_a_person_and_everyone_are_called_each_once_and_people_are_no_listeners(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(
        &loaded,
        "shifts: {night: {role: security, people: [wang, 李强], name: {zh: 夜班, en: Night shift}},"
        " day: {people: [zhao]}}\n",
        "chains:\n"
        "  c:\n"
        "    - {after: 0 s, to: person 李强, by: push}\n"
        "    - {after: 1 min, to: shift night, by: push}\n"
        "    - {after: 2 min, to: everyone, by: push}\n"
        "    - {after: 3 min, to: shift night, by: push}\n"
        "    - {after: 4 min, to: person zhao, by: push}\n"
        "    - {after: 5 min, to: shift day, by: none}\n"
        "webhooks:\n"
        "  manager: {url: \"http://b/y\", secret_file: site.yaml}\n" RULE);
    const struct site *site = &loaded.site;
    static const uint32_t rows[] = {3, 1, 2, 1, 4, CHAIN_NO_WEBHOOK};
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(site->ruleset.steps[i].webhook, rows[i]);
    }
    static const struct {
        const char *id;
        enum chain_to to;
        uint32_t receiver;
    } wanted[] = {{"manager", CHAIN_TO_ROLE, ROLE_MANAGER},
                  {"night", CHAIN_TO_SHIFT, 0},
                  {"everyone", CHAIN_TO_EVERYONE, 0},
                  {"李强", CHAIN_TO_PERSON, 0},
                  {"zhao", CHAIN_TO_PERSON, 0}};
    assert_int_equal(site->webhook_count, sizeof wanted / sizeof *wanted);
    for (uint32_t i = 0; i < site->webhook_count; i++) {
        assert_string_equal(site_text(site, site->webhooks[i].id), wanted[i].id);
        assert_int_equal(site->webhooks[i].to, wanted[i].to);
        assert_int_equal(site->webhooks[i].receiver, wanted[i].receiver);
    }
    assert_int_equal(site->ruleset.listener_count, 3);
    assert_int_equal(site->ruleset.listener_shifts[0], 0);
    assert_int_equal(site->ruleset.listener_shifts[1], 1u << 0);
    assert_int_equal(site->ruleset.listener_shifts[2], 0);
    assert_int_equal(site->shifts[0].role, ROLE_SECURITY);
    assert_int_equal(site->shifts[0].people_count, 2);
    assert_string_equal(site_name_text(site, site->shifts[0].name, LANGUAGE_EN), "Night shift");
    assert_string_equal(site_name_text(site, site->shifts[1].name, LANGUAGE_ZH), "");
    assert_int_equal(site->shifts[1].role, ROLE_COUNT);
    assert_string_equal(site_text(site, site->shift_people[site->shifts[1].people_first]), "zhao");
    unload(&loaded);
}

static void steps_call_64_audiences_and_no_more(void **state) {
    (void)state;
    for (uint32_t over = 0; over < 2; over++) {
        struct loaded loaded;
        char *shifts = NULL, *rules = NULL;
        size_t size;
        FILE *out = open_memstream(&shifts, &size);
        assert_non_null(out);
        (void)fprintf(out, "shifts: {s: {people: [p0");
        for (uint32_t i = 1; i < LIMIT_AUDIENCES + over; i++) {
            (void)fprintf(out, ", p%u", i);
        }
        (void)fprintf(out, "]}}\n");
        assert_int_equal(fclose(out), 0);
        out = open_memstream(&rules, &size);
        assert_non_null(out);
        (void)fprintf(out, "chains:\n");
        for (uint32_t i = 0; i < LIMIT_AUDIENCES + over; i++) {
            (void)fprintf(out, "  c%u: [{after: 0 s, to: person p%u, by: push}]\n", i, i);
        }
        (void)fprintf(out, "rules: []\n");
        assert_int_equal(fclose(out), 0);
        assert_int_equal(load(&loaded, shifts, rules), over == 0 ? 0 : CONFIG_E_REFUSED);
        free(shifts);
        free(rules);
        unload(&loaded);
    }
}

static void duty_past_midnight_goes_on_in_the_next_day(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(&loaded,
              "shifts: {n: {sun: \"19:00-07:00\", mon: [\"08:00-12:00\", \"20:00-00:00\"]}}\n",
              "rules: []\n");
    static const struct site_span wanted[] = {
        {6, 1140, 1440, 0}, {0, 0, 420, 0}, {0, 480, 720, 0}, {0, 1200, 1440, 0}};
    const struct site_shift *shift = &loaded.site.shifts[0];
    assert_string_equal(site_text(&loaded.site, shift->id), "n");
    assert_int_equal(shift->span_count, sizeof wanted / sizeof *wanted);
    assert_memory_equal(&loaded.site.spans[shift->span_first], wanted, sizeof wanted);
    unload(&loaded);
}

/* The lamp's fault is as grave as the button's; the beacon is only switched by something lesser. */
static void an_output_that_an_emergency_switches_serves_it(void **state) {
    (void)state;
    struct loaded loaded;
    load_good(&loaded, "",
              "chains:\n"
              "  c: [{after: 0 s, to: everyone}, {after: 9 s, to: everyone, output: call_lamp}]\n"
              "  low: [{after: 0 s, to: everyone, output: beacon}]\n" RULE
              "  - {rule: assist, each: point emergency_button, raise: value, class: call.assist, "
              "chain: low, message: {en: x}}\n");
    const struct site *site = &loaded.site;
    uint32_t lamp = site_point_find(site, "room/lamp");
    uint32_t beacon = site_point_find(site, "room/beacon");
    uint32_t button = site_point_find(site, "room/button");
    assert_int_equal(site->ruleset.points[lamp].serves_emergency, 1);
    assert_int_equal(site->ruleset.points[beacon].serves_emergency, 0);
    assert_int_equal(site->ruleset.points[button].serves_emergency, 1);
    assert_int_equal(site->ruleset.devices[site->ruleset.points[lamp].device].serves_emergency, 1);
    unload(&loaded);
}

/* By its kind a presence sensor is not grave; a rule that finds falls by it makes it so. */
static void a_device_that_only_a_rule_of_an_emergency_reads_serves_it(void **state) {
    (void)state;
    static const struct {
        const char *rules;
        uint32_t serves;
    } rows[] = {
        {"rules:\n  - {rule: r, each: place bedroom, raise: \"held(any(presence), 2 h)\", class: "
         "care.fall, message: {en: x}, response: {en: y}}\n",
         1},
        {"rules:\n  - {rule: r, each: place bedroom, raise: \"held(any(presence), 2 h)\", class: "
         "care.overstay, message: {en: x}}\n",
         0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct loaded loaded;
        load_good(&loaded, "", rows[i].rules);
        const struct ruleset *ruleset = &loaded.site.ruleset;
        uint32_t presence = site_point_find(&loaded.site, "room/presence");
        assert_int_equal(ruleset->points[presence].serves_emergency, rows[i].serves);
        assert_int_equal(ruleset->devices[ruleset->points[presence].device].serves_emergency,
                         rows[i].serves);
        unload(&loaded);
    }
}

/* --- the limits --- */

/* `count` chains of one step, or one chain of `count` steps. */
static char *chains_text(uint32_t chains, uint32_t steps) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fprintf(out, "chains:\n");
    for (uint32_t i = 0; i < chains; i++) {
        (void)fprintf(out, "  c%u:\n", i);
        for (uint32_t s = 0; s < steps; s++) {
            (void)fprintf(out, "    - {after: %u s, to: everyone, output: call_lamp}\n", s);
        }
    }
    (void)fprintf(out, "rules: []\n");
    assert_int_equal(fclose(out), 0);
    return text;
}

static void limit_is(uint32_t chains, uint32_t steps, bool fits) {
    struct loaded loaded;
    char *text = chains_text(chains, steps);
    assert_int_equal(load(&loaded, "", text) == 0, fits);
    if (fits) {
        assert_int_equal(loaded.site.ruleset.step_count, chains * steps);
    } else {
        assert_int_equal(loaded.result.error_count, 1);
    }
    unload(&loaded);
    free(text);
}

static void chains_and_their_steps_are_bounded(void **state) {
    (void)state;
    limit_is(LIMIT_CHAINS, 1, true);
    limit_is(LIMIT_CHAINS + 1, 1, false);
    limit_is(1, LIMIT_CHAIN_STEPS, true);
    limit_is(1, LIMIT_CHAIN_STEPS + 1, false);
}

/* `line` with a number in it, `count` times after `head`. */
static char *lines_text(const char *head, const char *line, uint32_t count, const char *tail) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fprintf(out, "%s", head);
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(out, "  n%u: %s\n", i, line);
    }
    (void)fprintf(out, "%s", tail);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void rules_are_bounded(void **state) {
    (void)state;
    for (uint32_t over = 0; over < 2; over++) {
        struct loaded loaded;
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        (void)fprintf(out, "rules:\n");
        for (uint32_t i = 0; i < LIMIT_RULES + over; i++) {
            (void)fprintf(
                out,
                "  - {rule: r%u, each: point presence, raise: value, class: care.overstay, "
                "message: {en: x}}\n",
                i);
        }
        assert_int_equal(fclose(out), 0);
        int r = load(&loaded, "", text);
        assert_int_equal(r == 0, over == 0);
        assert_int_equal(loaded.result.error_count, over);
        if (over == 0) {
            assert_int_equal(loaded.site.ruleset.rule_count, LIMIT_RULES + BUILTIN_COUNT - 1);
        }
        unload(&loaded);
        free(text);
    }
}

static void shifts_and_webhooks_are_bounded(void **state) {
    (void)state;
    for (uint32_t over = 0; over < 2; over++) {
        struct loaded loaded;
        char *shifts = lines_text("shifts:\n", "{mon: \"07:00-19:00\"}", LIMIT_SHIFTS + over, "");
        char *hooks =
            lines_text("webhooks:\n", "{url: \"http://a\"}", LIMIT_WEBHOOKS + over, "rules: []\n");
        int r = load(&loaded, shifts, hooks);
        assert_int_equal(r == 0, over == 0);
        assert_int_equal(loaded.result.error_count, 2 * over);
        if (over == 0) {
            assert_int_equal(loaded.site.ruleset.shift_count, LIMIT_SHIFTS);
            assert_int_equal(loaded.site.webhook_count, LIMIT_WEBHOOKS);
        }
        unload(&loaded);
        free(shifts);
        free(hooks);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_that_the_uplink_would_refuse_is_warned_of),
        cmocka_unit_test(a_chain_names_roles_shifts_webhooks_and_outputs_by_number),
        cmocka_unit_test(a_role_is_to_be_reached_in_the_shifts_that_say_whose_they_are),
        cmocka_unit_test(a_step_that_does_not_say_how_calls_whom_it_names_in_every_way_they_have),
        cmocka_unit_test(a_role_that_is_called_on_phones_alone_has_an_index_of_its_own),
        cmocka_unit_test(
            a_shift_a_person_and_everyone_are_called_each_once_and_people_are_no_listeners),
        cmocka_unit_test(steps_call_64_audiences_and_no_more),
        cmocka_unit_test(duty_past_midnight_goes_on_in_the_next_day),
        cmocka_unit_test(an_output_that_an_emergency_switches_serves_it),
        cmocka_unit_test(a_device_that_only_a_rule_of_an_emergency_reads_serves_it),
        cmocka_unit_test(chains_and_their_steps_are_bounded),
        cmocka_unit_test(rules_are_bounded),
        cmocka_unit_test(shifts_and_webhooks_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
