/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Between the engine and the webhooks, with an HTTP server in the same loop and an engine that
 * listens when the test wants it to.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "gateway/audience.h"
#include "gateway/clock.h"
#include "gateway/uplink/caller.h"
#include "tests/support/cmocka.h"

#define BODY_WITH_TEXT                                                                             \
    "{\"id\":\"gulou.main.17.43\",\"subject\":\"care/button\",\"data\":{\"rule\":\"call\",\"text\":{\"zh\":\"呼叫\"}}}"
#define BODY "{\"specversion\":\"1.0\",\"id\":\"gulou.main.17.42\",\"data\":{}}"

enum { PATIENCE_S = 30, MESSAGES_MAX = 64 };

struct scene {
    struct event_base *base;
    struct evhttp *server;
    struct site site;
    struct site_header header;
    struct site_webhook webhooks[4];
    struct site_shift shift;
    char strings[160];
    char directory[40]; /* of the state */
    struct caller *caller;
    int refuses;      /* what sending to the engine comes to; 0: it listens */
    unsigned refused; /* receipts that were not taken */
    struct wire_receipt receipts[MESSAGES_MAX];
    unsigned receipt_count;
    struct wire_listener listener;   /* of the webhook */
    struct wire_listener caregivers; /* of those who have phones alone */
    struct wire_listener shift_listener;
    unsigned listener_count;
    uint64_t person_name; /* of who asks */
    struct wire_push_result result;
    struct wire_reach reach;
    char called[512];
    unsigned call_count;
};

static void scene_called(struct evhttp_request *request, void *context) {
    struct scene *scene = context;
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(body);
    assert_true(size < sizeof scene->called);
    assert_int_equal(evbuffer_remove(body, scene->called, size), (int)size);
    scene->called[size] = '\0';
    scene->call_count++;
    evhttp_send_reply(request, 204, "taken", NULL);
}

static int scene_send(void *context, const void *message) {
    struct scene *scene = context;
    const struct wire_header *header = message;
    if (scene->refuses != 0) {
        scene->refused += header->kind == WIRE_RECEIPT;
        return scene->refuses;
    } else if (header->kind == WIRE_RECEIPT) {
        assert_int_equal(header->size, sizeof(struct wire_receipt));
        scene->receipts[scene->receipt_count++] = *(const struct wire_receipt *)message;
    } else if (header->kind == WIRE_REACH) {
        memcpy(&scene->reach, message, header->size);
    } else if (header->kind == WIRE_PUSH_RESULT) {
        memcpy(&scene->result, message, header->size);
    } else {
        assert_int_equal(header->kind, WIRE_LISTENER);
        assert_int_equal(header->size, sizeof(struct wire_listener));
        const struct wire_listener *listener = message;
        assert_true(listener->webhook < 3); /* a single person is no listener */
        *(listener->webhook == 0   ? &scene->listener
          : listener->webhook == 1 ? &scene->caregivers
                                   : &scene->shift_listener) = *listener;
        scene->listener_count += listener->webhook == 0;
    }
    return 0;
}

static int scene_open(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->base = event_base_new();
    scene->server = evhttp_new(scene->base);
    assert_non_null(scene->server);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(scene->server, "127.0.0.1", 0);
    assert_non_null(bound);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    assert_int_equal(
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size), 0);
    evhttp_set_gencb(scene->server, scene_called, scene);
    enum { STATE_AT = 48, ROLE_AT = 96, PERSON_AT = 112 };
    (void)snprintf(scene->strings, sizeof scene->strings, "%cmanager%chttp://127.0.0.1:%u/", '\0',
                   '\0', ntohs(address.sin_port));
    (void)snprintf(scene->directory, sizeof scene->directory, "/tmp/tocsin-caller-XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    strcpy(scene->strings + STATE_AT, scene->directory);
    strcpy(scene->strings + ROLE_AT, "caregiver");
    strcpy(scene->strings + PERSON_AT, "王敏");
    char path[64];
    (void)snprintf(path, sizeof path, "%s/uplink", scene->directory);
    assert_int_equal(mkdir(path, 0700), 0);
    scene->header.state_directory = STATE_AT;
    scene->webhooks[0] =
        (struct site_webhook){.id = 1, .url = 9, .to = CHAIN_TO_ROLE, .receiver = ROLE_MANAGER};
    scene->webhooks[1] =
        (struct site_webhook){.id = ROLE_AT, .to = CHAIN_TO_ROLE, .receiver = ROLE_CAREGIVER};
    scene->site.header = &scene->header;
    scene->site.strings = scene->strings;
    scene->site.webhooks = scene->webhooks;
    scene->webhooks[2] = (struct site_webhook){.id = ROLE_AT, .to = CHAIN_TO_SHIFT};
    scene->webhooks[3] = (struct site_webhook){.id = PERSON_AT, .to = CHAIN_TO_PERSON};
    scene->shift.role = ROLE_SECURITY;
    scene->site.shifts = &scene->shift;
    scene->site.webhook_count = 4;
    scene->site.ruleset.listener_count = 3;
    assert_int_equal(caller_new(scene->base, &scene->site, scene_send, scene, &scene->caller), 0);
    *state = scene;
    return 0;
}

static int scene_close(void **state) {
    static const char *const left[] = {"/uplink/push.key", "/uplink/phones", "/uplink/tested",
                                       "/uplink", ""};
    struct scene *scene = *state;
    scene->caller = caller_free(scene->caller);
    evhttp_free(scene->server);
    event_base_free(scene->base);
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s%s", scene->directory, left[i]);
        (void)remove(path);
    }
    free(scene);
    return 0;
}

static void until(struct scene *scene, const unsigned *value, unsigned least) {
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (*value < least) {
        assert_true(clock_real_ns() < deadline_ns);
        assert_true(event_base_loop(scene->base, EVLOOP_ONCE) >= 0);
    }
}

static void notice(struct scene *scene, uint32_t webhook, const char *body, bool durable) {
    struct wire_notice message = {.alarm = 5,
                                  .step = 3,
                                  .run = 2,
                                  .webhook = webhook,
                                  .durable = durable,
                                  .body_size = (uint32_t)strlen(body)};
    memcpy(message.body, body, strlen(body));
    caller_notice(scene->caller, &message);
}

static void what_the_engine_calls_an_emergency_goes_for_nothing_less(void **state) {
    struct scene *scene = *state;
    struct wire_notice message = {.step = 3, .run = 2};
    for (uint32_t i = 0; i <= WEBHOOK_NOTICES_MAX; i++) {
        message.alarm = i;
        message.emergency = i < WEBHOOK_NOTICES_MAX;
        message.body_size = (uint32_t)snprintf(message.body, sizeof message.body,
                                               "{\"id\":\"gulou.main.17.%u\",\"data\":{}}", i);
        assert_int_equal(scene->receipt_count, 0);
        caller_notice(scene->caller, &message);
    }
    assert_int_equal(scene->receipt_count, 1); /* nobody is called for that one */
    assert_int_equal(scene->receipts[0].alarm, WEBHOOK_NOTICES_MAX);
    assert_int_equal(scene->receipts[0].received, 0);
    uint64_t receipts_dropped;
    assert_int_equal(caller_counts(scene->caller, &receipts_dropped).dropped, 1);
    assert_int_equal(caller_counts(scene->caller, &receipts_dropped).displaced, 0);
}

static void the_event_is_called_as_it_is_published_and_the_receipt_goes_back(void **state) {
    struct scene *scene = *state;
    notice(scene, 0, BODY, true);
    until(scene, &scene->receipt_count, 1);
    assert_string_equal(scene->called, "{\"specversion\":\"1.0\",\"id\":\"gulou.main.17.42\","
                                       "\"data\":{},\"durable\":true,\"replayed\":false}");
    assert_int_equal(scene->receipts[0].alarm, 5);
    assert_int_equal(scene->receipts[0].step, 3);
    assert_int_equal(scene->receipts[0].run, 2);
    assert_int_equal(scene->receipts[0].received, 1);
}

static void
a_receipt_waits_while_the_socket_is_full_and_goes_while_the_engine_is_away(void **state) {
    struct scene *scene = *state;
    scene->refuses = WIRE_E_FULL;
    notice(scene, 0, BODY, true);
    until(scene, &scene->refused, 1);
    assert_int_equal(scene->receipt_count, 0);
    scene->refuses = 0;
    caller_writable(scene->caller);
    assert_int_equal(scene->receipt_count, 1);

    scene->refuses = WIRE_E_GONE;
    notice(scene, 0, BODY, true); /* it was delivered: the receipt comes at once, to nobody */
    scene->refuses = 0;
    caller_writable(scene->caller);
    assert_int_equal(scene->receipt_count, 1);
    notice(scene, 0, BODY, true); /* the engine is back and asks again */
    assert_int_equal(scene->receipt_count, 2);
    assert_int_equal(scene->call_count, 1);
}

static void an_engine_that_comes_is_told_who_can_be_reached(void **state) {
    struct scene *scene = *state;
    until(scene, &scene->listener_count, 1);
    assert_int_equal(scene->listener.reachable, TRUTH_TRUE);
    scene->listener = (struct wire_listener){0};
    caller_welcome(scene->caller);
    assert_int_equal(scene->listener_count, 2);
    assert_int_equal(scene->listener.webhook, 0);
    assert_int_equal(scene->listener.reachable, TRUTH_TRUE);
}

static void what_no_webhook_is_for_or_has_no_id_is_not_called(void **state) {
    struct scene *scene = *state;
    notice(scene, 4, BODY, true);
    assert_int_equal(scene->receipt_count, 0);
    notice(scene, 0, "{\"specversion\":\"1.0\"}", true);
    assert_int_equal(scene->receipt_count, 1); /* its chain goes on at once */
    assert_int_equal(scene->receipts[0].received, 0);
    notice(scene, 0, "", true); /* withdrawn, and never given */
    notice(scene, 0, BODY, false);
    until(scene, &scene->receipt_count, 2);
    assert_int_equal(scene->receipts[1].received, 1);
    assert_int_equal(scene->call_count, 1);
    assert_non_null(strstr(scene->called, "\"durable\":false"));
}

static void a_webhook_is_tested_once_a_day_in_the_form_of_its_calls(void **state) {
    struct scene *scene = *state;
    caller_tick(scene->caller);
    until(scene, &scene->call_count, 1);
    assert_non_null(strstr(scene->called, "{\"specversion\":\"1.0\",\"id\":\"..test.manager."));
    assert_non_null(strstr(scene->called, "\"type\":\"tocsin.webhook.test\""));
    assert_int_equal(scene->receipt_count, 0); /* nobody has asked for it */
    caller_tick(scene->caller);
    notice(scene, 0, BODY, true);
    until(scene, &scene->receipt_count, 1);
    assert_int_equal(scene->call_count, 2);
}

/* ---- people's phones ---- */

#define P256DH                                                                                     \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"

static enum wire_push_outcome ask(struct scene *scene, enum wire_push_act act, const char *person,
                                  enum role role, const char *endpoint) {
    struct wire_push message = {.header = wire_header_of(WIRE_PUSH, sizeof message),
                                .request = 7,
                                .act = act,
                                .role = role,
                                .name = scene->person_name};
    (void)snprintf(message.person, sizeof message.person, "%s", person);
    (void)snprintf(message.endpoint, sizeof message.endpoint, "%s", endpoint);
    (void)snprintf(message.p256dh, sizeof message.p256dh, "%s", P256DH);
    (void)snprintf(message.auth, sizeof message.auth, "%s", "BTBZMqHH6r4Tts7J_aSIgg");
    caller_push(scene->caller, &message);
    assert_int_equal(scene->result.request, 7);
    return (enum wire_push_outcome)scene->result.outcome;
}

static void a_role_without_phones_and_webhook_is_nobody_at_once(void **state) {
    struct scene *scene = *state;
    caller_welcome(scene->caller);
    assert_int_equal(scene->caregivers.reachable, TRUTH_FALSE);
    notice(scene, 1, BODY_WITH_TEXT, true);
    assert_int_equal(scene->receipt_count, 1);
    assert_int_equal(scene->receipts[0].received, 0);
    assert_int_equal(scene->call_count, 0);
}

/* How many messages wait for phones: a test of each, and what they are called for. */
static uint64_t waiting(struct scene *scene) {
    return caller_push_counts(scene->caller).waiting;
}

static void a_shift_is_called_on_the_phones_of_its_people_and_not_while_it_is_off(void **state) {
    struct scene *scene = *state;
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "li", ROLE_SECURITY, "https://127.0.0.1:1/x"),
                     WIRE_PUSH_DONE);
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "wang", ROLE_MANAGER, "https://127.0.0.1:1/y"),
                     WIRE_PUSH_DONE);
    caller_welcome(scene->caller);
    assert_int_equal(scene->shift_listener.reachable,
                     TRUTH_FALSE); /* it has confirmed nothing yet */
    notice(scene, 2, "{\"id\":\"gulou.main.17.44\",\"data\":{\"rule\":\"call\",\"on_duty\":false}}",
           true);
    assert_int_equal(scene->receipt_count, 1);
    assert_int_equal(scene->receipts[0].received, 0);
    assert_int_equal(waiting(scene), 2);
    notice(scene, 2, BODY_WITH_TEXT, true);
    assert_int_equal(waiting(scene), 3);
    assert_int_equal(scene->receipt_count, 1);
}

static void
a_person_is_called_by_name_and_nobody_waits_for_one_who_cannot_be_reached(void **state) {
    struct scene *scene = *state;
    const char *endpoint = "https://127.0.0.1:1/x";
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "wang", ROLE_MANAGER, endpoint),
                     WIRE_PUSH_DONE);
    scene->person_name = audience_name("王敏");
    assert_int_equal(ask(scene, WIRE_PUSH_PROMOTE, "wang", ROLE_MANAGER, ""), WIRE_PUSH_DONE);
    notice(scene, 3, BODY_WITH_TEXT, true);
    assert_int_equal(waiting(scene), 2);
    assert_int_equal(scene->receipt_count, 1);
    assert_int_equal(scene->receipts[0].received, 0);
}

/* ---- open pages ---- */

/* The console says that one page is open, of a person of this role; of nobody where there is none. */
static void page(struct scene *scene, const char *person, enum role role) {
    struct wire_pages message = {.count = person != NULL};
    message.header = wire_header_of(WIRE_PAGES, wire_size(WIRE_PAGES, message.count));
    (void)snprintf(message.people[0].person, sizeof message.people[0].person, "%s",
                   person != NULL ? person : "");
    message.people[0].role = role;
    message.people[0].pages = 1;
    caller_pages(scene->caller, &message);
}

static void shows(struct scene *scene, enum role role, uint32_t step, uint32_t run) {
    struct wire_shown message = {.header = wire_header_of(WIRE_SHOWN, sizeof message),
                                 .alarm = 5,
                                 .step = step,
                                 .run = run,
                                 .role = role,
                                 .person = "wang"};
    caller_shown(scene->caller, &message);
}

static void a_page_confirms_the_step_that_means_its_person_and_no_other(void **state) {
    struct scene *scene = *state;
    page(scene, "wang", ROLE_CAREGIVER);
    assert_int_equal(scene->caregivers.reachable, TRUTH_TRUE);
    assert_int_equal(scene->shift_listener.reachable, TRUTH_FALSE);
    assert_int_equal(scene->reach.rows[1].pages, 1);
    assert_int_equal(scene->reach.rows[1].reachable, TRUTH_TRUE);
    assert_int_equal(scene->reach.rows[2].pages, 0);
    notice(scene, 1, BODY_WITH_TEXT, true);
    assert_int_equal(scene->receipt_count, 0); /* it has no phone, and that alone says nothing */
    shows(scene, ROLE_SECURITY, 3, 2);
    shows(scene, ROLE_CAREGIVER, 2, 2);
    shows(scene, ROLE_CAREGIVER, 3, 1);
    assert_int_equal(scene->receipt_count, 0);
    shows(scene, ROLE_CAREGIVER, 3, 2);
    assert_int_equal(scene->receipt_count, 1);
    assert_int_equal(scene->receipts[0].received, 1);
    shows(scene, ROLE_CAREGIVER, 3, 2);
    assert_int_equal(scene->receipt_count, 1);
}

static void the_last_page_that_dies_leaves_its_step_to_nobody_at_once(void **state) {
    struct scene *scene = *state;
    page(scene, "wang", ROLE_CAREGIVER);
    notice(scene, 1, BODY_WITH_TEXT, true);
    page(scene, "li", ROLE_MANAGER);
    assert_int_equal(scene->receipt_count, 1);
    assert_int_equal(scene->receipts[0].received, 0);
    assert_int_equal(scene->caregivers.reachable, TRUTH_FALSE);
    assert_true(scene->reach.rows[1].since_s > 0);
    page(scene, NULL, ROLE_CAREGIVER);
    assert_int_equal(scene->reach.rows[0].pages, 0);
}

static void a_phone_whose_service_is_away_keeps_no_webhook_from_its_receipt(void **state) {
    struct scene *scene = *state;
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "wang", ROLE_MANAGER, "https://127.0.0.1:1/x"),
                     WIRE_PUSH_DONE);
    notice(scene, 0, BODY_WITH_TEXT, true);
    until(scene, &scene->receipt_count, 1);
    assert_int_equal(scene->receipts[0].received, 1);
    assert_int_equal(scene->call_count, 1);
    assert_int_equal(caller_push_counts(scene->caller).waiting, 2); /* the test and the notice */
}

static void what_is_withdrawn_waits_for_no_phone(void **state) {
    struct scene *scene = *state;
    assert_int_equal(
        ask(scene, WIRE_PUSH_SUBSCRIBE, "wang", ROLE_CAREGIVER, "https://127.0.0.1:1/x"),
        WIRE_PUSH_DONE);
    notice(scene, 1, BODY_WITH_TEXT, true);
    assert_int_equal(caller_push_counts(scene->caller).waiting, 2);
    notice(scene, 1, "", true);
    assert_int_equal(caller_push_counts(scene->caller).waiting, 1); /* the test */
    assert_int_equal(scene->receipt_count, 0);
}

static void phones_come_go_and_are_listed_as_they_are_asked_for(void **state) {
    struct scene *scene = *state;
    assert_int_equal(ask(scene, WIRE_PUSH_KEY, "", ROLE_CAREGIVER, ""), WIRE_PUSH_DONE);
    assert_int_equal(strlen(scene->result.key), 87);
    const char *first = "https://127.0.0.1:1/x", *second = "https://127.0.0.1:1/y";
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "wang", ROLE_CAREGIVER, first),
                     WIRE_PUSH_DONE);
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "wang", ROLE_CAREGIVER, second),
                     WIRE_PUSH_DONE);
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "li", ROLE_MANAGER, "https://127.0.0.1:1/z"),
                     WIRE_PUSH_DONE);
    assert_int_equal(ask(scene, WIRE_PUSH_LIST, "", ROLE_CAREGIVER, ""), WIRE_PUSH_DONE);
    assert_int_equal(scene->result.count, 3);
    assert_string_equal(scene->result.phones[2].person, "li");
    assert_int_equal(scene->result.phones[2].role, ROLE_MANAGER);
    assert_int_equal(scene->result.phones[2].reachable, 0);
    assert_string_equal(scene->result.phones[2].service, "127.0.0.1:1");
    assert_int_equal(ask(scene, WIRE_PUSH_PROMOTE, "wang", ROLE_SECURITY, ""), WIRE_PUSH_DONE);
    assert_int_equal(ask(scene, WIRE_PUSH_LIST, "", ROLE_CAREGIVER, ""), WIRE_PUSH_DONE);
    assert_int_equal(scene->result.phones[0].role, ROLE_SECURITY);
    assert_int_equal(scene->result.phones[1].role, ROLE_SECURITY);
    /* nobody takes another's phone away */
    assert_int_equal(ask(scene, WIRE_PUSH_LEAVE, "li", ROLE_CAREGIVER, first), WIRE_PUSH_UNKNOWN);
    assert_int_equal(ask(scene, WIRE_PUSH_LEAVE, "wang", ROLE_CAREGIVER, first), WIRE_PUSH_DONE);
    assert_int_equal(ask(scene, WIRE_PUSH_LEAVE, "wang", ROLE_CAREGIVER, ""), WIRE_PUSH_DONE);
    assert_int_equal(ask(scene, WIRE_PUSH_LIST, "", ROLE_CAREGIVER, ""), WIRE_PUSH_DONE);
    assert_int_equal(scene->result.count, 1);
}

static void what_no_browser_says_is_refused(void **state) {
    struct scene *scene = *state;
    static const char *const wrong[] = {"",
                                        "http://127.0.0.1/x",
                                        "https://",
                                        "https://a b/",
                                        "https://user:word@host/",
                                        "https://host/\"",
                                        "x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "wang", ROLE_CAREGIVER, wrong[i]),
                         WIRE_PUSH_REFUSED);
    }
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "", ROLE_CAREGIVER, "https://host/"),
                     WIRE_PUSH_REFUSED);
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "w/ang", ROLE_CAREGIVER, "https://host/"),
                     WIRE_PUSH_REFUSED);
    assert_int_equal(ask(scene, WIRE_PUSH_SUBSCRIBE, "wang", ROLE_COUNT, "https://host/"),
                     WIRE_PUSH_REFUSED);
    assert_int_equal(ask(scene, WIRE_PUSH_ACT_COUNT, "wang", ROLE_CAREGIVER, "https://host/"),
                     WIRE_PUSH_REFUSED);
    assert_int_equal(ask(scene, WIRE_PUSH_RECEIVE, "", ROLE_CAREGIVER, ""), WIRE_PUSH_UNKNOWN);
    /* texts without an end */
    struct wire_push message = {.header = wire_header_of(WIRE_PUSH, sizeof message), .request = 7};
    message.act = WIRE_PUSH_SUBSCRIBE;
    memset(message.endpoint, 'x', sizeof message.endpoint);
    caller_push(scene->caller, &message);
    assert_int_equal(scene->result.outcome, WIRE_PUSH_REFUSED);
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        SCENE(the_event_is_called_as_it_is_published_and_the_receipt_goes_back),
        SCENE(a_receipt_waits_while_the_socket_is_full_and_goes_while_the_engine_is_away),
        SCENE(an_engine_that_comes_is_told_who_can_be_reached),
        SCENE(a_webhook_is_tested_once_a_day_in_the_form_of_its_calls),
        SCENE(what_no_webhook_is_for_or_has_no_id_is_not_called),
        SCENE(what_the_engine_calls_an_emergency_goes_for_nothing_less),
        SCENE(a_role_without_phones_and_webhook_is_nobody_at_once),
        SCENE(a_shift_is_called_on_the_phones_of_its_people_and_not_while_it_is_off),
        SCENE(a_person_is_called_by_name_and_nobody_waits_for_one_who_cannot_be_reached),
        SCENE(a_page_confirms_the_step_that_means_its_person_and_no_other),
        SCENE(the_last_page_that_dies_leaves_its_step_to_nobody_at_once),
        SCENE(a_phone_whose_service_is_away_keeps_no_webhook_from_its_receipt),
        SCENE(what_is_withdrawn_waits_for_no_phone),
        SCENE(phones_come_go_and_are_listed_as_they_are_asked_for),
        SCENE(what_no_browser_says_is_refused),
    };
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
