/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The body of an event, byte for byte where it matters
 *
 * Golden strings for what others read; a strict JSON parser that is not ours for everything that a
 * site or a person can write into a name.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/engine/event_json.h"
#include "gateway/zone.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"

#define PREFIX "gulou-demo.main.17."

enum { STRINGS_SIZE = 16384 };

static struct wall wall(const char *text) {
    struct wall parsed;
    assert_int_equal(clock_parse_wall(text, &parsed), 0);
    return parsed;
}

/* A raised emergency call. */
static struct core_event event_call(void) {
    return (struct core_event){
        .type = EVENT_ALARM_RAISED,
        .at = {86412345678901},
        .wall = wall("2026-11-22T07:17:00.123Z"),
        .alarm = CONSOLE_SITE_CALL,
        .place = CONSOLE_SITE_PLACE_ROOM,
        .point = CONSOLE_SITE_BUTTON,
        .axes = {.active = true, .latched = true, .open = true},
        .occurrence = 1,
        .raises = 1,
        .quality = QUALITY_GOOD,
        .value = 1,
        .measured = wall("2026-11-22T07:16:59.900Z"),
    };
}

/* Somebody at the reader. */
static struct core_event event_card(enum core_event_type type, uint64_t code) {
    return (struct core_event){
        .type = type,
        .at = {86412345678901},
        .wall = wall("2026-11-22T07:17:00.123Z"),
        .alarm = RULESET_NONE,
        .place = CONSOLE_SITE_PLACE_ROOM,
        .point = CONSOLE_SITE_READER,
        .quality = QUALITY_GOOD,
        .value = 1,
        .code = code,
        .measured = wall("2026-11-22T07:17:00Z"),
    };
}

static bool clock_is_behind;
static struct event_loss lost; /* that the input told */
static uint32_t called;        /* still */

/* The whole body as recorded with `seq`, or as sent early under u<early>; ends in NUL. */
static const char *body(const struct site *site, const struct core_event *event, uint64_t seq,
                        uint64_t early) {
    static char text[WIRE_BODY_MAX + 1];
    struct event_json json;
    struct journal_event *made;
    const struct event_context context = {.raised = wall("2026-11-22T07:17:00.123Z"),
                                          .loss = lost,
                                          .calling = called,
                                          .clock_behind = clock_is_behind};
    event_json_format(site, event, &context, &json);
    assert_true(json.split <= json.size && json.size <= JOURNAL_TEXT_MAX);
    assert_int_equal(journal_event_new(json.text, json.split, json.size, &made), 0);
    size_t size = journal_event_body(made, PREFIX, seq, early, text);
    (void)journal_event_free(made);
    text[size] = '\0';
    return text;
}

/* Parse a body; a key that stands twice, broken UTF-8 or anything behind it is refused. */
static json_t *body_parse(const char *text) {
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        print_error("%s at %d in %s\n", error.text, error.position, text);
    }
    assert_non_null(root);
    assert_true(json_is_object(root));
    return root;
}

static const char *data_string(const json_t *root, const char *outer, const char *inner) {
    const json_t *value = json_object_get(json_object_get(root, "data"), outer);
    value = inner != NULL ? json_object_get(value, inner) : value;
    assert_true(json_is_string(value));
    return json_string_value(value);
}

/* ---- a site with words of the test's own ---- */

struct words {
    struct site site;
    char strings[STRINGS_SIZE];
    size_t used;
    struct site_place places[CONSOLE_SITE_PLACES];
    struct site_rule rules[CONSOLE_SITE_ALARMS];
};

static uint32_t words_add(struct words *words, const char *text) {
    size_t size = strlen(text) + 1;
    assert_true(words->used + size <= sizeof words->strings);
    memcpy(words->strings + words->used, text, size);
    words->used += size;
    return (uint32_t)(words->used - size);
}

/* Take over a text of the plain site. */
static uint32_t words_copy(struct words *words, const struct site *plain, uint32_t offset) {
    return offset == 0 ? 0 : words_add(words, site_text(plain, offset));
}

/*
 * A site whose call button's room is called `name` and whose call says `message`, in both
 * languages. Only what the body of a call needs has a text.
 */
static void words_init(struct words *words, const char *name, const char *message) {
    static struct site_header header;
    static struct site_point points[CONSOLE_SITE_POINTS];
    struct site plain = console_site("/nowhere");
    memset(words, 0, sizeof *words);
    words->used = 1;
    header = *plain.header;
    header.site_id = words_copy(words, &plain, plain.header->site_id);
    header.gateway_id = words_copy(words, &plain, plain.header->gateway_id);
    header.site_name = (struct site_name){0};
    for (uint32_t i = 0; i < CONSOLE_SITE_PLACES; i++) {
        uint32_t text = words_add(words, name);
        words->places[i] = (struct site_place){words_copy(words, &plain, plain.places[i].id),
                                               {.zh = text, .en = text}};
    }
    for (uint32_t i = 0; i < CONSOLE_SITE_POINTS; i++) {
        points[i] = plain.points[i];
        points[i].id = words_copy(words, &plain, plain.points[i].id);
    }
    for (uint32_t i = 0; i < CONSOLE_SITE_ALARMS; i++) {
        uint32_t text = words_add(words, message);
        words->rules[i] = (struct site_rule){.id = words_copy(words, &plain, plain.rules[i].id),
                                             .message = {.zh = text, .en = text},
                                             .response = {.zh = text, .en = text}};
    }
    words->site = plain;
    words->site.header = &header;
    words->site.strings = words->strings;
    words->site.places = words->places;
    words->site.points = points;
    words->site.rules = words->rules;
}

/* ---- golden ---- */

static void an_alarm_reads_as_it_is_documented(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_call();
    assert_string_equal(
        body(&site, &event, 4201, 0),
        "{\"specversion\":\"1.0\",\"id\":\"gulou-demo.main.17.4201\","
        "\"source\":\"/tocsin/gulou-demo/main\",\"type\":\"tocsin.alarm.raised\","
        "\"subject\":\"care/day-care/button-1\",\"time\":\"2026-11-22T07:17:00.123Z\","
        "\"monotonicms\":86412345,\"clock\":\"good\","
        "\"sequence\":4201,"
        "\"data\":{\"rule\":\"emergency_call\",\"class\":\"call.emergency\","
        "\"priority\":\"emergency\",\"place\":\"care/day-care\","
        "\"state\":{\"active\":true,\"acked\":false,\"latched\":true,\"attended\":false,"
        "\"suppression\":\"none\",\"silenced\":false,\"test\":false},"
        "\"occurrence\":1,\"value\":1,\"unit\":null,\"quality\":\"good\","
        "\"measured\":\"2026-11-22T07:16:59.900Z\","
        "\"text\":{\"zh\":\"日间照料室：紧急呼叫\",\"en\":\"Day-care room: emergency call\"},"
        "\"response\":{\"zh\":\"立即到场\",\"en\":\"Go there at once\"},\"actor\":null}}");
}

static void what_is_special_about_a_moment_stands_after_the_occurrence(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct command command = {.verb = COMMAND_OUT_OF_SERVICE,
                              .role = ROLE_ENGINEER,
                              .second_role = ROLE_MANAGER,
                              .actor = "wang (engineer, local)",
                              .second_actor = "li (manager, local)",
                              .reason = "battery"};
    struct core_event event = event_call();
    event.type = EVENT_ALARM_OUT_OF_SERVICE;
    event.axes.shelved = event.axes.out_of_service = true;
    event.axes.investigated = event.axes.chattering = event.axes.test = true;
    event.raises = 3;
    event.incident = 7;
    event.disposition = DISPOSITION_NO_ANSWER;
    event.until = wall("2026-11-22T09:17:00.123Z");
    event.command = &command;
    const char *text = body(&site, &event, 4201, 0);
    assert_non_null(strstr(text, "\"suppression\":\"out_of_service\",\"silenced\":false,"
                                 "\"test\":true},\"occurrence\":1,\"raises\":3,"
                                 "\"investigated\":\"false\",\"chattering\":true,"
                                 "\"incident\":7,\"disposition\":\"no_answer\","
                                 "\"until\":\"2026-11-22T09:17:00.123Z\",\"value\":1"));
    assert_non_null(strstr(text, "\"actor\":\"wang (engineer, local)\",\"role\":\"engineer\","
                                 "\"second_actor\":\"li (manager, local)\","
                                 "\"second_role\":\"manager\",\"reason\":\"battery\"}}"));
}

static const struct chain_step steps[] = {
    {0,
     UINT64_C(1) << POINT_CALL_LAMP | UINT64_C(1) << POINT_SOUNDER,
     ROLE_CAREGIVER,
     CHAIN_NO_WEBHOOK,
     CHAIN_TO_ROLE,
     CHAIN_REACH_OWN,
     {0},
     0},
    {0, 0, 0, CHAIN_NO_WEBHOOK, CHAIN_TO_SHIFT, CHAIN_REACH_OWN, {0}, 0},
    {0, 0, ROLE_MANAGER, 0, CHAIN_TO_ROLE, CHAIN_REACH_OWN, {0}, 0},
    {0, 0, 0, CHAIN_NO_WEBHOOK, CHAIN_TO_PERSON, CHAIN_REACH_OWN, {0}, 0},
    {0, 0, 0, CHAIN_NO_WEBHOOK, CHAIN_TO_EVERYONE, CHAIN_REACH_OWN, {0}, 0},
    {0, 0, 0, CHAIN_NO_WEBHOOK, CHAIN_TO_NOBODY, CHAIN_REACH_OWN, {0}, 0},
    {0, 0, ROLE_SECURITY, 1, CHAIN_TO_ROLE, CHAIN_REACH_OWN, {0}, 0},
};
enum { STEPS = sizeof steps / sizeof *steps };

/* Give the call's rule a chain; the shift has the id of the place. */
static struct site site_with_chain(void) {
    static struct ruleset_rule rules[CONSOLE_SITE_ALARMS];
    static const struct ruleset_chain chain = {.step_count = STEPS};
    static const struct site_webhook webhooks[] = {{.url = 1}, {.url = 0}};
    static struct site_shift shift;
    struct site site = console_site("/nowhere");
    memcpy(rules, site.ruleset.rules, sizeof rules);
    rules[CONSOLE_SITE_CALL].chain = 0;
    shift.id = site.places[CONSOLE_SITE_PLACE_CARE].id;
    site.ruleset.rules = rules;
    site.ruleset.chains = &chain;
    site.ruleset.steps = steps;
    site.shifts = &shift;
    site.webhooks = webhooks;
    site.webhook_count = 2;
    return site;
}

static void a_step_says_whom_it_tells_how_and_why_now(void **state) {
    (void)state;
    static const char *const wanted[STEPS] = {
        "\"to\":\"role caregiver\",\"to_name\":{\"zh\":\"护理员\",\"en\":\"caregivers\"},\"by\":null,\"outputs\":[\"sounder\",\"call_lamp\"],",
        "\"to\":\"shift care\",\"to_name\":{\"zh\":\"班次“care”\",\"en\":\"shift care\"},\"on_duty\":true,\"by\":null,\"outputs\":[],",
        "\"to\":\"role manager\",\"to_name\":{\"zh\":\"经理\",\"en\":\"managers\"},\"by\":\"webhook\",\"outputs\":[],",
        "\"to\":\"person\",\"to_name\":{\"zh\":\"指定的一人\",\"en\":\"one named person\"},\"by\":null,\"outputs\":[],",
        "\"to\":\"everyone\",\"to_name\":{\"zh\":\"所有人\",\"en\":\"everyone\"},\"by\":null,\"outputs\":[],",
        "\"to\":null,\"to_name\":null,\"by\":null,\"outputs\":[],",
        "\"to\":\"role security\",\"to_name\":{\"zh\":\"安保\",\"en\":\"security\"},\"by\":\"push\",\"outputs\":[],",
    };
    struct site site = site_with_chain();
    struct core_event event = event_call();
    event.type = EVENT_ALARM_ESCALATED;
    called = 1 << ROLE_CAREGIVER | 1 << ROLE_MANAGER;
    for (uint32_t s = 0; s < STEPS; s++) {
        bool shift = steps[s].to == CHAIN_TO_SHIFT;
        char text[384];
        event.escalation = (struct core_escalation){
            .step = s + 1,
            .run = 3,
            .reason = s == 0 ? CHAIN_REASON_DUE : CHAIN_REASON_NO_RECEIVER,
            .on_duty = shift ? TRUTH_TRUE : TRUTH_UNKNOWN,
        };
        (void)snprintf(text, sizeof text,
                       "\"occurrence\":1,\"step\":%u,\"steps\":7,\"run\":3,%s\"reason\":\"%s\","
                       "\"receipt_s\":15,\"calling\":[\"caregiver\",\"manager\"],\"value\":1,",
                       s + 1, wanted[s], s == 0 ? "due" : "no_receiver");
        const char *found = body(&site, &event, 4203, 0);
        if (strstr(found, text) == NULL) {
            fail_msg("%s is not in %s", text, found);
        }
        json_decref(body_parse(found));
    }
    called = 0;
}

static void a_closed_alarm_says_when_nobody_has_said_what_it_was(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_call();
    assert_null(strstr(body(&site, &event, 1, 0), "disposition"));
    event.type = EVENT_ALARM_CLOSED;
    assert_non_null(strstr(body(&site, &event, 1, 0), "\"disposition\":\"unstated\""));
}

static void an_early_event_differs_by_its_id_and_has_no_sequence(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_call();
    char recorded[WIRE_BODY_MAX + 1];
    (void)snprintf(recorded, sizeof recorded, "%s", body(&site, &event, 4201, 0));
    const char *early = body(&site, &event, 0, 9);
    static const char opening[] =
        "{\"specversion\":\"1.0\",\"id\":\"gulou-demo.main.17.u9\",\"source\":";
    assert_memory_equal(early, opening, strlen(opening));
    assert_null(strstr(early, "\"sequence\""));
    assert_string_equal(strstr(early, "\"data\":"), strstr(recorded, "\"data\":"));
}

static void who_acknowledged_and_why_stand_in_the_body(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_call();
    struct command command = {.verb = COMMAND_ACKNOWLEDGE,
                              .alarm = CONSOLE_SITE_CALL,
                              .actor = "wang (caregiver)",
                              .reason = "on my way"};
    event.type = EVENT_ALARM_ACKNOWLEDGED;
    event.axes.acked = true;
    event.command = &command;
    const char *text = body(&site, &event, 4202, 0);
    assert_non_null(strstr(text, "\"type\":\"tocsin.alarm.acknowledged\""));
    assert_non_null(strstr(
        text, "\"state\":{\"active\":true,\"acked\":true,\"latched\":true,\"attended\":false,"));
    assert_non_null(strstr(text,
                           ",\"actor\":\"wang (caregiver)\",\"role\":\"caregiver\",\"reason\":"
                           "\"on my way\"}}"));
    assert_non_null(strstr(text, ",\"occurrence\":1,\"calling\":[],\"value\":1,"));
    command.reason[0] = '\0';
    assert_non_null(strstr(body(&site, &event, 4202, 0),
                           ",\"actor\":\"wang (caregiver)\",\"role\":\"caregiver\"}}"));
}

/* Whose card it was does not leave the gateway with the alarm, and no role is made up for it. */
static void a_badge_is_an_actor_without_a_role(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_call();
    const struct command badge = {
        .verb = COMMAND_ATTEND, .role = ROLE_COUNT, .second_role = ROLE_COUNT, .actor = "badge"};
    event.type = EVENT_ALARM_ATTENDED;
    event.axes.attended = true;
    event.command = &badge;
    const char *text = body(&site, &event, 4202, 0);
    assert_non_null(strstr(text, ",\"actor\":\"badge\"}}"));
    assert_null(strstr(text, "\"role\""));
}

static void the_products_own_alarm_has_no_place_and_no_value(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_call();
    event.alarm = CONSOLE_SITE_UPLINK;
    event.place = RULESET_NONE;
    event.point = RULESET_NONE;
    event.measured = (struct wall){0};
    const char *text = body(&site, &event, 5, 0);
    assert_non_null(strstr(text, "\"subject\":\"gateway\""));
    assert_non_null(strstr(text, "{\"rule\":\"system_uplink_lost\",\"class\":\"system.uplink_lost\""
                                 ",\"priority\":\"low\",\"place\":null,"));
    assert_non_null(
        strstr(text, "\"value\":null,\"unit\":null,\"quality\":\"good\",\"measured\":null,"));
    json_decref(body_parse(text));
}

static void activity_reads_as_it_is_documented(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_card(EVENT_ACCESS_DENIED, 0);
    assert_string_equal(
        body(&site, &event, 4203, 0),
        "{\"specversion\":\"1.0\",\"id\":\"gulou-demo.main.17.4203\","
        "\"source\":\"/tocsin/gulou-demo/main\",\"type\":\"tocsin.access.denied\","
        "\"subject\":\"care/day-care/reader\",\"time\":\"2026-11-22T07:17:00.123Z\","
        "\"monotonicms\":86412345,\"clock\":\"good\","
        "\"sequence\":4203,"
        "\"data\":{\"place\":\"care/day-care\",\"point\":\"care/day-care/reader\","
        "\"measured\":\"2026-11-22T07:17:00.000Z\","
        "\"text\":{\"zh\":\"日间照料室：刷卡被拒\",\"en\":\"Day-care room: access denied\"}}}");
}

static void a_time_that_is_not_to_be_trusted_is_marked(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    const struct core_event event = event_call();
    clock_is_behind = true;
    assert_non_null(strstr(body(&site, &event, 4201, 0), "\"clock\":\"behind\""));
    clock_is_behind = false;
    assert_null(strstr(body(&site, &event, 4201, 0), "behind"));
}

/* The site with the alarm of a component in place of the uplink's. */
static struct site component_site(struct ruleset_alarm alarms[CONSOLE_SITE_ALARMS],
                                  uint32_t component) {
    struct site site = console_site("/nowhere");
    memcpy(alarms, site.ruleset.alarms, CONSOLE_SITE_ALARMS * sizeof *alarms);
    alarms[CONSOLE_SITE_UPLINK].entity_kind = ENTITY_COMPONENT;
    alarms[CONSOLE_SITE_UPLINK].entity = component;
    site.ruleset.alarms = alarms;
    return site;
}

static struct core_event event_component(void) {
    struct core_event event = event_call();
    event.alarm = CONSOLE_SITE_UPLINK;
    event.place = RULESET_NONE;
    event.point = RULESET_NONE;
    event.measured = (struct wall){0};
    return event;
}

static void an_engine_that_was_lost_says_how_since_when_and_for_how_long(void **state) {
    (void)state;
    struct ruleset_alarm alarms[CONSOLE_SITE_ALARMS];
    struct site site = component_site(alarms, 3);
    const struct core_event event = event_component();
    assert_int_equal(site_component_engine(&site), 3);
    lost = (struct event_loss){
        .end = LOSS_KILLED, .code = 9, .component = 3, .gone_ns = 8300 * NS_PER_MS};
    const char *text = body(&site, &event, 6, 0);
    assert_non_null(strstr(text, "\"subject\":\"component/engine\""));
    assert_non_null(
        strstr(text, "\"occurrence\":1,\"lost\":{\"how\":\"killed by signal 9\","
                     "\"since\":\"2026-11-22T07:16:51.823Z\",\"gone_ms\":8300},\"value\":null"));
    json_t *root = body_parse(text);
    assert_string_equal(
        data_string(root, "text", "en"),
        "Gateway process engine was gone for 8.3 s (killed by signal 9): no alarm was "
        "decided meanwhile, what was read is decided now");
    assert_string_equal(
        data_string(root, "text", "zh"),
        "网关进程 engine 中断了 8.3 秒（被信号 9 终止），其间没有判定任何告警，收到的数据现在补判");
    json_decref(root);
    lost = (struct event_loss){.end = LOSS_UNKNOWN};
}

static void
another_process_that_was_lost_meanwhile_does_not_say_that_nothing_was_decided(void **state) {
    (void)state;
    struct ruleset_alarm alarms[CONSOLE_SITE_ALARMS];
    struct site site = component_site(alarms, 1);
    const struct core_event event = event_component();
    lost = (struct event_loss){.end = LOSS_HUNG, .component = 1, .gone_ns = 100 * NS_PER_MS};
    json_t *root = body_parse(body(&site, &event, 6, 0));
    assert_string_equal(
        data_string(root, "text", "en"),
        "Gateway process uplink was lost 0.1 s ago (did not answer and was killed), "
        "while the engine was gone as well");
    json_decref(root);
    lost = (struct event_loss){.end = LOSS_UNKNOWN};
}

static void an_event_that_is_not_of_the_loss_says_nothing_of_it(void **state) {
    (void)state;
    struct ruleset_alarm alarms[CONSOLE_SITE_ALARMS];
    struct site site = component_site(alarms, 1);
    const struct core_event call = event_call();
    const struct core_event other = event_component();
    lost = (struct event_loss){.end = LOSS_KILLED, .code = 9, .component = 3, .gone_ns = 1};
    assert_null(strstr(body(&site, &call, 6, 0), "\"lost\""));
    assert_null(strstr(body(&site, &other, 6, 0), "\"lost\""));
    lost = (struct event_loss){.end = LOSS_UNKNOWN};
}

/* The site with the alarm of a certificate in place of the uplink's. */
static struct site certificate_site(struct ruleset_alarm alarms[CONSOLE_SITE_ALARMS],
                                    struct ruleset_rule rules[CONSOLE_SITE_ALARMS],
                                    enum certificate certificate) {
    struct site site = component_site(alarms, 0);
    alarms[CONSOLE_SITE_UPLINK].entity_kind = ENTITY_CERTIFICATE;
    alarms[CONSOLE_SITE_UPLINK].entity = certificate;
    memcpy(rules, site.ruleset.rules, CONSOLE_SITE_ALARMS * sizeof *rules);
    rules[alarms[CONSOLE_SITE_UPLINK].rule].builtin = BUILTIN_CERTIFICATE;
    site.ruleset.rules = rules;
    return site;
}

static void a_certificate_says_which_it_is_when_it_ends_and_what_to_do(void **state) {
    static const struct {
        const char *entity, *en, *response_en, *zh, *response_zh;
    } rows[CERTIFICATE_COUNT] = {
        [CERTIFICATE_OURS] =
            {"ours", "The certificate of this gateway",
             "Put a new certificate and its key into the files of `cert` and `key`", "本网关的证书",
             "换上新的证书和密钥文件（站点文件中的 cert 和 key）"},
        [CERTIFICATE_AUTHORITY] = {"authority",
                                   "The certificate of the authority (CA) that is trusted",
                                   "Add the certificate of its successor to the file of `ca`",
                                   "所信任的颁发机构（CA）的证书", "把接替的 CA 证书加入 ca 文件"},
        [CERTIFICATE_BROKER] = {"broker", "The certificate of the broker",
                                "Have whoever runs the broker renew its certificate there",
                                "消息代理的证书", "请消息代理的管理员更换证书"},
    };
    (void)state;
    for (unsigned i = 0; i < CERTIFICATE_COUNT; i++) {
        struct ruleset_alarm alarms[CONSOLE_SITE_ALARMS];
        struct ruleset_rule rules[CONSOLE_SITE_ALARMS];
        struct site site = certificate_site(alarms, rules, (enum certificate)i);
        struct core_event event = event_component();
        char wanted[EVENT_TEXT_SIZE];
        event.value = 1796508000;
        const char *text = body(&site, &event, 6, 0);
        (void)snprintf(wanted, sizeof wanted, "\"subject\":\"certificate/%s\"", rows[i].entity);
        assert_non_null(strstr(text, wanted));
        assert_non_null(strstr(text, "\"ends\":\"2026-12-05T22:00:00.000Z\",\"value\":null"));
        json_t *root = body_parse(text);
        (void)snprintf(wanted, sizeof wanted,
                       "%s is good until 2026-12-05 (UTC): after that the gateway cannot reach the "
                       "monitoring centre again once the line breaks",
                       rows[i].en);
        assert_string_equal(data_string(root, "text", "en"), wanted);
        (void)snprintf(wanted, sizeof wanted,
                       "%s有效期至 2026-12-05（UTC）；此后连接一旦中断，网关将无法再连上监控后台",
                       rows[i].zh);
        assert_string_equal(data_string(root, "text", "zh"), wanted);
        (void)snprintf(wanted, sizeof wanted, "%s; the gateway takes it without a restart",
                       rows[i].response_en);
        assert_string_equal(data_string(root, "response", "en"), wanted);
        (void)snprintf(wanted, sizeof wanted, "%s；网关会自行采用，无需重启", rows[i].response_zh);
        assert_string_equal(data_string(root, "response", "zh"), wanted);
        json_decref(root);
        event.value = 0;
        text = body(&site, &event, 6, 0);
        assert_non_null(strstr(text, "\"ends\":null"));
        assert_non_null(strstr(text, "good until ? (UTC)"));
    }
}

static void a_clock_step_says_how_far(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_card(EVENT_SYSTEM_CLOCK_STEPPED, 0);
    event.place = RULESET_NONE;
    event.point = RULESET_NONE;
    event.step_ns = -2500 * (int64_t)NS_PER_MS;
    const char *text = body(&site, &event, 6, 0);
    assert_non_null(strstr(text, "\"subject\":\"gateway\""));
    assert_non_null(strstr(text,
                           "\"data\":{\"place\":null,\"point\":null,\"class\":\"system.clock\","
                           "\"step_s\":-2.5,"));
    assert_non_null(strstr(text, "\"en\":\"Clock stepped by -2.5 s\""));
}

static struct core_event event_own(enum core_event_type type) {
    struct core_event event = event_card(type, 0);
    event.place = RULESET_NONE;
    event.point = RULESET_NONE;
    return event;
}

static void a_changed_site_names_both_generations_and_a_refused_one_that_which_stays(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct site_header header = *site.header;
    header.generation = UINT64_C(0x00fedcba98765432);
    site.header = &header;
    struct core_event event = event_own(EVENT_SYSTEM_CONFIG_CHANGED);
    event.generation = UINT64_C(0x0123456789abcdef);
    assert_non_null(
        strstr(body(&site, &event, 6, 0),
               "\"class\":\"system.config_changed\",\"generation\":\"00fedcba98765432\","
               "\"generation_before\":\"0123456789abcdef\",\"text\""));
    event.generation = 0;
    assert_non_null(strstr(body(&site, &event, 6, 0), "\"generation_before\":null,\"text\""));
    event = event_own(EVENT_SYSTEM_CONFIG_REFUSED);
    const char *text = body(&site, &event, 6, 0);
    assert_non_null(strstr(text, "\"type\":\"tocsin.system.config_refused\""));
    assert_non_null(strstr(text, "\"class\":\"system.config_changed\","
                                 "\"generation\":\"00fedcba98765432\",\"text\""));
    assert_non_null(strstr(text, "the site before it stays in force"));
}

static void a_walk_test_that_is_due_says_where_and_how_many(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_own(EVENT_SYSTEM_WALK_TEST_DUE);
    event.place = CONSOLE_SITE_PLACE_ROOM;
    event.count = 12;
    const char *text = body(&site, &event, 6, 0);
    assert_non_null(strstr(text, "\"subject\":\"care/day-care\""));
    assert_non_null(strstr(text, "\"data\":{\"place\":\"care/day-care\",\"point\":null,"
                                 "\"untested\":12,\"text\""));
    assert_non_null(strstr(text, "Day-care room: walk test due, 12 buttons or detectors"));
    assert_non_null(strstr(text, "日间照料室：有 12 个按钮或探测器"));
}

/* ---- values ---- */

static void a_value_is_told_only_with_a_quality_that_can_be_trusted(void **state) {
    (void)state;
    static struct words words;
    static const struct {
        enum quality quality;
        const char *reading, *text;
    } cases[] = {
        {QUALITY_GOOD, "\"value\":21.5,\"unit\":\"°C\",\"quality\":\"good\",", "now 21.5 °C"},
        {QUALITY_UNCERTAIN, "\"value\":21.5,\"unit\":\"°C\",\"quality\":\"uncertain\",",
         "now 21.5 °C"},
        {QUALITY_STALE, "\"value\":null,\"unit\":\"°C\",\"quality\":\"stale\",", "now ? °C"},
        {QUALITY_FAULT, "\"value\":null,\"unit\":\"°C\",\"quality\":\"fault\",", "now ? °C"},
        {QUALITY_OUT_OF_SERVICE, "\"value\":null,\"unit\":\"°C\",\"quality\":\"out_of_service\",",
         "now ? °C"},
    };
    _Static_assert(sizeof cases / sizeof cases[0] == QUALITY_COUNT, "each quality");
    words_init(&words, "room", "now {value} {unit}");
    struct core_event event = event_call();
    event.point = CONSOLE_SITE_TEMPERATURE;
    event.value = 21.5;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        event.quality = cases[i].quality;
        const char *text = body(&words.site, &event, 1, 0);
        assert_non_null(strstr(text, cases[i].reading));
        json_t *root = body_parse(text);
        assert_string_equal(data_string(root, "text", "en"), cases[i].text);
        json_decref(root);
    }
}

static void a_number_reads_back_as_the_same_number(void **state) {
    (void)state;
    static const double values[] = {0,     0.1,       1.0 / 3.0, 1e300, 5e-324,
                                    21.55, 123456789, -40,       1e15,  0.30000000000000004};
    struct site site = console_site("/nowhere");
    struct core_event event = event_call();
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        event.value = values[i];
        json_t *root = body_parse(body(&site, &event, 1, 0));
        const json_t *value = json_object_get(json_object_get(root, "data"), "value");
        assert_true(json_is_number(value));
        double found = json_number_value(value);
        assert_memory_equal(&found, &values[i], sizeof found);
        json_decref(root);
    }
}

static void a_number_is_as_short_as_it_can_be(void **state) {
    (void)state;
    struct site site = console_site("/nowhere");
    struct core_event event = event_call();
    event.value = 0.1;
    assert_non_null(strstr(body(&site, &event, 1, 0), "\"value\":0.1,"));
    event.value = 1013.25;
    assert_non_null(strstr(body(&site, &event, 1, 0), "\"value\":1013.25,"));
}

/* ---- names ---- */

static void a_hostile_name_stays_a_name(void **state) {
    (void)state;
    static struct words words;
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"room\",\"class\":\"x", "room\",\"class\":\"x"},
        {"back\\slash\\", "back\\slash\\"},
        {"a\nb\tc\rd\x01"
         "e\x1f"
         "f\x7f"
         "g",
         "a\nb\tc\rd\x01"
         "e\x1f"
         "f\x7f"
         "g"},
        {"</script>{place}", "</script>{place}"},
        {"社区\xf0\x9f\x94\xa5", "社区\xf0\x9f\x94\xa5"},
        /* Broken UTF-8: alone, cut short, over-long, a surrogate, beyond the last character. */
        {"a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"a\xe7\xa4", "a\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xc0\xafz", "\xef\xbf\xbd\xef\xbf\xbdz"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct core_event event = event_call();
        struct command command = {.verb = COMMAND_ATTEND};
        words_init(&words, cases[i].name, "{place}");
        (void)snprintf(command.actor, sizeof command.actor, "%s", cases[i].name);
        (void)snprintf(command.reason, sizeof command.reason, "%s", cases[i].name);
        event.command = &command;
        json_t *root = body_parse(body(&words.site, &event, 1, 0));
        assert_string_equal(data_string(root, "text", "zh"), cases[i].expected);
        assert_string_equal(data_string(root, "text", "en"), cases[i].expected);
        assert_string_equal(data_string(root, "response", "en"), cases[i].expected);
        assert_string_equal(data_string(root, "actor", NULL), cases[i].expected);
        assert_string_equal(data_string(root, "reason", NULL), cases[i].expected);
        assert_string_equal(data_string(root, "class", NULL), "call.emergency");
        json_decref(root);
    }
}

static void no_body_has_a_raw_control_character(void **state) {
    (void)state;
    static struct words words;
    char name[34] = {0};
    for (int c = 1; c <= 32; c++) {
        name[c - 1] = (char)(c == 32 ? 0x7f : c);
    }
    words_init(&words, name, "{place}");
    struct core_event event = event_call();
    const char *text = body(&words.site, &event, 1, 0);
    for (const char *at = text; *at != '\0'; at++) {
        assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
    json_t *root = body_parse(text);
    assert_string_equal(data_string(root, "text", "en"), name);
    json_decref(root);
}

static void the_longest_words_of_all_still_make_one_whole_body(void **state) {
    (void)state;
    static struct words words;
    static const char *const pieces[] = {"\x01", "\xff", "\"", "火", "\xf0\x9f\x94\xa5", "x"};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        char name[1201] = {0};
        struct command command = {.verb = COMMAND_RESET};
        for (size_t used = 0; used + strlen(pieces[i]) < sizeof name;) {
            memcpy(name + used, pieces[i], strlen(pieces[i]));
            used += strlen(pieces[i]);
        }
        words_init(&words, name, "{place}{place}");
        (void)snprintf(command.actor, sizeof command.actor, "%s", name);
        (void)snprintf(command.second_actor, sizeof command.second_actor, "%s", name);
        (void)snprintf(command.reason, sizeof command.reason, "%s", name);
        struct core_event event = event_call();
        event.command = &command;
        event.raises = UINT32_MAX;
        event.incident = UINT32_MAX;
        event.axes.investigated = event.axes.chattering = true;
        event.axes.out_of_service = true;
        event.disposition = DISPOSITION_DUPLICATE;
        event.until = event.wall;
        json_t *root = body_parse(body(&words.site, &event, INT64_MAX, 0));
        assert_true(strlen(data_string(root, "text", "zh")) > 100);
        assert_string_equal(data_string(root, "rule", NULL), "emergency_call");
        json_decref(root);

        struct site chained = site_with_chain();
        event.type = EVENT_ALARM_ESCALATED;
        event.escalation = (struct core_escalation){.step = 1, .run = UINT32_MAX};
        event.command = NULL;
        words.site.ruleset = chained.ruleset;
        words.site.shifts = chained.shifts;
        root = body_parse(body(&words.site, &event, INT64_MAX, 0));
        assert_string_equal(data_string(root, "reason", NULL), "due");
        json_decref(root);
    }
}

/* ---- cards ---- */

static void no_body_ever_has_a_card_number(void **state) {
    (void)state;
    static const uint64_t codes[] = {987654321098765ull, 0x00c0ffee1234ull, UINT64_MAX};
    struct site site = console_site("/nowhere");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char decimal[32];
        char hex[32];
        char upper[32];
        (void)snprintf(decimal, sizeof decimal, "%" PRIu64, codes[i]);
        (void)snprintf(hex, sizeof hex, "%" PRIx64, codes[i]);
        (void)snprintf(upper, sizeof upper, "%" PRIX64, codes[i]);
        for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
            struct core_event event = event_card((enum core_event_type)type, codes[i]);
            if (core_event_lane(event.type) == LANE_ALARM) {
                event.alarm = CONSOLE_SITE_CALL;
            }
            const char *text = body(&site, &event, 1, 0);
            assert_null(strstr(text, decimal));
            assert_null(strstr(text, hex));
            assert_null(strstr(text, upper));
            /* Not in another form either: the body is the same for any card. */
            char *with = strdup(text);
            assert_non_null(with);
            event.code = 0;
            assert_string_equal(body(&site, &event, 1, 0), with);
            free(with);
        }
    }
}

/* The whole body of the end of an alarm whose rule is gone; ends in NUL. */
static const char *body_of_end(const struct event_json_ended *ended) {
    static char text[WIRE_BODY_MAX + 1];
    struct event_json json;
    struct journal_event *made;
    struct site site = console_site("/nowhere");
    event_json_format_ended(&site, ended, &json);
    assert_int_equal(journal_event_new(json.text, json.split, json.size, &made), 0);
    text[journal_event_body(made, PREFIX, 4201, 0, text)] = '\0';
    (void)journal_event_free(made);
    return text;
}

static void the_end_of_an_alarm_without_a_rule_keeps_what_was_last_told_of_it(void **state) {
    (void)state;
    struct core_event call = event_call();
    struct site site = console_site("/nowhere");
    const char *last = body(&site, &call, 4200, 0);
    struct event_json_ended ended = {
        .name = "emergency_call/care/day-care/button-1",
        .moment = {.wall = wall("2026-11-22T08:00:00Z")},
        .acked = true,
        .occurrence = 3,
    };
    event_json_ended_learn(&ended, last, strlen(last));
    json_t *root = body_parse(body_of_end(&ended));
    assert_string_equal(json_string_value(json_object_get(root, "type")), "tocsin.alarm.closed");
    assert_string_equal(json_string_value(json_object_get(root, "subject")),
                        "care/day-care/button-1");
    assert_string_equal(json_string_value(json_object_get(root, "time")),
                        "2026-11-22T08:00:00.000Z");
    assert_int_equal(json_integer_value(json_object_get(root, "sequence")), 4201);
    assert_string_equal(data_string(root, "rule", NULL), "emergency_call");
    assert_string_equal(data_string(root, "class", NULL), "call.emergency");
    assert_string_equal(data_string(root, "priority", NULL), "emergency");
    assert_string_equal(data_string(root, "place", NULL), "care/day-care");
    json_decref(root);
}

/* A rule that is still there is not told to be gone: its place or point is. */
static void the_end_of_an_alarm_says_whether_its_rule_or_its_place_is_gone(void **state) {
    (void)state;
    static const struct {
        const char *name, *reason, *word;
    } rows[] = {
        {"emergency_call/care/former/button-1", "entity removed", "its place, point or device"},
        {"emergency_cal/care/day-care/button-1", "rule removed", "its rule was removed"},
        {"emergency_calls/care/day-care/button-1", "rule removed", "its rule was removed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event_json_ended ended = {.name = rows[i].name};
        const char *text = body_of_end(&ended);
        json_t *root = body_parse(text);
        assert_string_equal(data_string(root, "reason", NULL), rows[i].reason);
        assert_non_null(strstr(text, rows[i].word));
        json_decref(root);
    }
}

static void the_end_of_an_alarm_that_nothing_is_known_of_is_still_told(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "",
        "{}",
        "{\"class\":\"cut",
        "{\"class\":\"a-class-that-is-much-longer-than-any-that-this-or-another-build-will-ever-have\"}",
        "{\"data\":{\"class\":null,\"priority\":null,\"place\":null}}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct event_json_ended ended = {.name = "odd",
                                         .moment = {.wall = wall("2026-11-22T08:00:00Z")}};
        event_json_ended_learn(&ended, bodies[i], strlen(bodies[i]));
        json_t *root = body_parse(body_of_end(&ended));
        const json_t *data = json_object_get(root, "data");
        assert_string_equal(data_string(root, "rule", NULL), "odd");
        assert_true(json_is_null(json_object_get(data, "class")));
        assert_true(json_is_null(json_object_get(data, "priority")));
        assert_true(json_is_null(json_object_get(data, "place")));
        json_decref(root);
    }
}

/* What a place's rule compares decides the unit, not the point that was read last. */
static void the_unit_is_that_of_what_the_rule_compares(void **state) {
    (void)state;
    static struct words words;
    static struct ruleset_rule rules[CONSOLE_SITE_ALARMS];
    static const char text[] = "max(temperature) - min(temperature) > 5 °C and any(smoke)";
    const struct expr_scope scope = {.each = EXPR_EACH_PLACE};
    struct expr_program program;
    struct expr_error error;
    words_init(&words, "room", "{value} {unit}");
    assert_true(expr_compile(text, strlen(text), &scope, &program, &error));
    memcpy(rules, words.site.ruleset.rules, sizeof rules);
    struct ruleset_rule *rule = &rules[words.site.ruleset.alarms[CONSOLE_SITE_CALL].rule];
    rule->op_first = 0;
    rule->op_count = program.op_count;
    words.site.ruleset.rules = rules;
    words.site.ruleset.ops = program.ops;
    struct core_event event = event_call();
    event.value = 6.5;
    json_t *root = body_parse(body(&words.site, &event, 1, 0));
    assert_string_equal(data_string(root, "text", "en"), "6.5 °C");
    json_decref(root);
    event.point = RULESET_NONE;
    root = body_parse(body(&words.site, &event, 1, 0));
    assert_string_equal(data_string(root, "text", "en"), "6.5 °C");
    json_decref(root);
}

static int in_shanghai(void **state) {
    (void)state;
    zone_init("Asia/Shanghai");
    return 0;
}

static void since_is_local_time(void **state) {
    (void)state;
    static struct words words;
    words_init(&words, "room", "since {since}");
    struct core_event event = event_call();
    json_t *root = body_parse(body(&words.site, &event, 1, 0));
    assert_string_equal(data_string(root, "text", "en"), "since 15:17");
    assert_string_equal(json_string_value(json_object_get(root, "time")),
                        "2026-11-22T07:17:00.123Z");
    json_decref(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_reads_as_it_is_documented),
        cmocka_unit_test(what_is_special_about_a_moment_stands_after_the_occurrence),
        cmocka_unit_test(a_step_says_whom_it_tells_how_and_why_now),
        cmocka_unit_test(a_closed_alarm_says_when_nobody_has_said_what_it_was),
        cmocka_unit_test(an_early_event_differs_by_its_id_and_has_no_sequence),
        cmocka_unit_test(who_acknowledged_and_why_stand_in_the_body),
        cmocka_unit_test(a_badge_is_an_actor_without_a_role),
        cmocka_unit_test(the_products_own_alarm_has_no_place_and_no_value),
        cmocka_unit_test(activity_reads_as_it_is_documented),
        cmocka_unit_test(a_time_that_is_not_to_be_trusted_is_marked),
        cmocka_unit_test(an_engine_that_was_lost_says_how_since_when_and_for_how_long),
        cmocka_unit_test(
            another_process_that_was_lost_meanwhile_does_not_say_that_nothing_was_decided),
        cmocka_unit_test(an_event_that_is_not_of_the_loss_says_nothing_of_it),
        cmocka_unit_test(a_certificate_says_which_it_is_when_it_ends_and_what_to_do),
        cmocka_unit_test(a_clock_step_says_how_far),
        cmocka_unit_test(a_changed_site_names_both_generations_and_a_refused_one_that_which_stays),
        cmocka_unit_test(a_walk_test_that_is_due_says_where_and_how_many),
        cmocka_unit_test(a_value_is_told_only_with_a_quality_that_can_be_trusted),
        cmocka_unit_test(a_number_reads_back_as_the_same_number),
        cmocka_unit_test(a_number_is_as_short_as_it_can_be),
        cmocka_unit_test(a_hostile_name_stays_a_name),
        cmocka_unit_test(no_body_has_a_raw_control_character),
        cmocka_unit_test(the_longest_words_of_all_still_make_one_whole_body),
        cmocka_unit_test(no_body_ever_has_a_card_number),
        cmocka_unit_test(since_is_local_time),
        cmocka_unit_test(the_unit_is_that_of_what_the_rule_compares),
        cmocka_unit_test(the_end_of_an_alarm_without_a_rule_keeps_what_was_last_told_of_it),
        cmocka_unit_test(the_end_of_an_alarm_says_whether_its_rule_or_its_place_is_gone),
        cmocka_unit_test(the_end_of_an_alarm_that_nothing_is_known_of_is_still_told),
    };
    return cmocka_run_group_tests(tests, in_shanghai, NULL);
}
