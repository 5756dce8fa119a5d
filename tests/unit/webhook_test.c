/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Webhooks against an HTTP server in the same loop, which answers what the test wants and keeps
 * what it was sent.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "gateway/clock.h"
#include "gateway/uplink/signature.h"
#include "gateway/uplink/webhook.h"
#include "rules/limits.h"
#include "tests/support/cmocka.h"
#include "tests/support/scarce_memory.h"

#define SECRET "a secret of the manager"

enum { CALLS_MAX = 256, ANSWERS_MAX = 256, PATIENCE_S = 30, HTTP_UNSUPPORTED_MEDIA = 415 };

/* ---- a clock that can be put forward, for the age of a call ---- */

uint64_t __real_clock_real_ns(void);
uint64_t __wrap_clock_real_ns(void);

static uint64_t clock_ahead_ns = 0;

uint64_t __wrap_clock_real_ns(void) {
    return __real_clock_real_ns() + clock_ahead_ns;
}

struct call {
    char body[512];
    char signature[SIGNATURE_HEADER_SIZE];
    char type[64];
};

struct scene {
    struct event_base *base;
    struct evhttp *server;
    uint16_t port;
    struct webhooks *webhooks;
    char url[64];
    char secret[40];
    int statuses[8]; /* of the next answers; 0: 200 from here on */
    unsigned status_next;
    bool hold;
    bool single;          /* it takes no arrays */
    const char *disliked; /* what it refuses wherever it is in; NULL: nothing */
    bool chat;            /* it is the robot of one, and says so in its answers */
    struct call calls[CALLS_MAX];
    unsigned call_count;
    struct webhook_key answers[ANSWERS_MAX];
    bool received[ANSWERS_MAX];
    unsigned answer_count;
    unsigned received_count; /* of them */
    enum truth reachable;
    unsigned reachable_count;
};

static void server_keep(struct scene *scene, struct evhttp_request *request) {
    struct call *call = &scene->calls[scene->call_count++];
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    const char *signature = evhttp_find_header(headers, "Tocsin-Signature");
    const char *type = evhttp_find_header(headers, "Content-Type");
    assert_true(scene->call_count < CALLS_MAX);
    size_t size = evbuffer_get_length(body);
    assert_true(size < sizeof call->body);
    assert_int_equal(evbuffer_copyout(body, call->body, size), (ssize_t)size);
    (void)snprintf(call->signature, sizeof call->signature, "%s", signature ? signature : "");
    (void)snprintf(call->type, sizeof call->type, "%s", type ? type : "");
    assert_int_equal(evhttp_request_get_command(request), EVHTTP_REQ_POST);
}

static void server_called(struct evhttp_request *request, void *context) {
    struct scene *scene = context;
    server_keep(scene, request);
    if (scene->hold) {
        return;
    }
    const struct call *call = &scene->calls[scene->call_count - 1];
    int status = scene->statuses[scene->status_next];
    scene->status_next += status != 0;
    if (scene->single && call->body[0] == '[') {
        status = HTTP_UNSUPPORTED_MEDIA;
    } else if (scene->disliked != NULL && strstr(call->body, scene->disliked) != NULL) {
        status = HTTP_BADREQUEST;
    }
    struct evbuffer *answer = evbuffer_new();
    assert_non_null(answer);
    if (scene->chat) {
        /* The status of a chat is always 200. */
        bool taken = status == 0 || status == 200;
        assert_true(evbuffer_add_printf(answer, "{\"errcode\":%d}", taken ? 0 : status) > 0);
        status = 200;
    }
    evhttp_send_reply(request, status != 0 ? status : 200, "so", answer);
    evbuffer_free(answer);
}

static void scene_answered(void *context, const struct webhook_key *key, bool received) {
    struct scene *scene = context;
    assert_true(scene->answer_count < ANSWERS_MAX);
    scene->answers[scene->answer_count] = *key;
    scene->received[scene->answer_count++] = received;
    scene->received_count += received;
}

static void scene_reachable(void *context, uint32_t webhook, enum truth reachable) {
    struct scene *scene = context;
    assert_int_equal(webhook, 0);
    scene->reachable = reachable;
    scene->reachable_count++;
}

static void secret_write(struct scene *scene) {
    FILE *file = fopen(scene->secret, "w");
    assert_non_null(file);
    assert_true(fputs(SECRET "\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void server_start(struct scene *scene) {
    scene->server = evhttp_new(scene->base);
    assert_non_null(scene->server);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(scene->server, "127.0.0.1", scene->port);
    assert_non_null(bound);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    assert_int_equal(
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size), 0);
    scene->port = ntohs(address.sin_port);
    evhttp_set_gencb(scene->server, server_called, scene);
}

static void webhooks_start(struct scene *scene, uint32_t age_s_max) {
    static const struct webhook_callbacks callbacks = {scene_answered, scene_reachable};
    const struct webhook_conf conf = {
        .name = "manager",
        .url = scene->url,
        .secret_file = scene->secret,
        .ca = "",
        .token_file = scene->chat ? scene->secret : "",
        .format = scene->chat ? SITE_FORMAT_WECOM : SITE_FORMAT_CLOUDEVENTS,
    };
    const struct webhook_times times = {.retry_ms_first = 10,
                                        .retry_ms_max = 20,
                                        .attempt_ms = 500,
                                        .probe_ms = 10,
                                        .probe_ms_lost = 10,
                                        .limited_ms = 50,
                                        .turn_ms = 500,
                                        .age_s_max = age_s_max};
    assert_int_equal(
        webhooks_new(scene->base, &conf, 1, &times, &callbacks, scene, &scene->webhooks), 0);
}

static struct scene *scene_new(void) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->base = event_base_new();
    assert_non_null(scene->base);
    server_start(scene);
    (void)snprintf(scene->url, sizeof scene->url, "http://127.0.0.1:%u/hook", scene->port);
    (void)snprintf(scene->secret, sizeof scene->secret, "/tmp/tocsin-webhook-XXXXXX");
    int fd = mkstemp(scene->secret);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    secret_write(scene);
    scene->reachable = TRUTH_UNKNOWN;
    return scene;
}

static void scene_free(struct scene *scene) {
    scene->webhooks = webhooks_free(scene->webhooks);
    if (scene->server != NULL) {
        evhttp_free(scene->server);
    }
    event_base_free(scene->base);
    (void)unlink(scene->secret);
    free(scene);
}

/* Let the loop run until `*value` is at least `least`. */
static void until(struct scene *scene, const unsigned *value, unsigned least) {
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (*value < least) {
        assert_true(clock_real_ns() < deadline_ns);
        assert_true(event_base_loop(scene->base, EVLOOP_ONCE) >= 0);
    }
}

static void until_reachable(struct scene *scene, enum truth wanted) {
    while (scene->reachable != wanted) {
        until(scene, &scene->reachable_count, scene->reachable_count + 1);
    }
}

static void notice_give(struct scene *scene, uint32_t number, struct webhook_notice notice) {
    char id[32];
    char body[64];
    (void)snprintf(id, sizeof id, "site.main.1.%u", number);
    (void)snprintf(body, sizeof body, "{\"id\":\"%s\"}", id);
    notice.key = (struct webhook_key){number, 2, 7};
    notice.id = id;
    notice.body = body;
    notice.body_size = strlen(body);
    webhooks_send(scene->webhooks, &notice);
}

static void notice_gather(struct scene *scene, uint32_t number, uint32_t group,
                          uint32_t gather_ms) {
    notice_give(scene, number, (struct webhook_notice){.gather_ms = gather_ms, .group = group});
}

static void notice_emergency(struct scene *scene, uint32_t number) {
    notice_give(scene, number, (struct webhook_notice){.emergency = true});
}

static void notice_send(struct scene *scene, uint32_t number) {
    notice_gather(scene, number, 0, 0);
}

static void a_call_carries_the_event_and_a_signature_of_it(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    webhooks_start(scene, 60);
    notice_send(scene, 42);
    until(scene, &scene->answer_count, 1);
    assert_true(scene->received[0]);
    assert_int_equal(scene->answers[0].alarm, 42);
    assert_int_equal(scene->answers[0].step, 2);
    assert_int_equal(scene->answers[0].run, 7);
    const struct call *call = &scene->calls[0];
    assert_string_equal(call->body, "{\"id\":\"site.main.1.42\"}");
    assert_string_equal(call->type, "application/cloudevents+json; charset=utf-8");
    long long time_s;
    assert_int_equal(sscanf(call->signature, "t=%lld,", &time_s), 1);
    struct secret_shared secret;
    char wanted[SIGNATURE_HEADER_SIZE];
    assert_int_equal(secret_file_read_shared(scene->secret, &secret), 0);
    assert_int_equal(signature_header(&secret, (struct wall){time_s * (int64_t)NS_PER_S},
                                      call->body, strlen(call->body), wanted),
                     0);
    assert_string_equal(strchr(wanted, ' ') + 1, call->signature);
    assert_true(llabs(time_s - clock_wall().ns / (int64_t)NS_PER_S) <= PATIENCE_S);
    scene_free(scene);
}

static void only_2xx_is_a_receipt_and_anything_else_is_tried_again(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    memcpy(scene->statuses, (int[]){500, 302, 404, 300, 199, 204}, 6 * sizeof(int));
    scene->statuses[4] = 429;
    webhooks_start(scene, 60);
    notice_send(scene, 1);
    until(scene, &scene->answer_count, 1);
    assert_int_equal(scene->call_count, 6);
    assert_int_equal(webhooks_counts(scene->webhooks).failures, 5);
    assert_int_equal(webhooks_counts(scene->webhooks).delivered, 1);
    assert_int_equal(scene->answer_count, 1);
    scene_free(scene);
}

static void a_receiver_that_hangs_is_left_and_called_again(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->hold = true;
    webhooks_start(scene, 60);
    notice_send(scene, 1);
    until(scene, &scene->call_count, 2);
    scene->hold = false;
    until(scene, &scene->answer_count, 1);
    assert_true(scene->received[0]);
    scene_free(scene);
}

static void one_that_a_receiver_refuses_holds_up_no_other(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->hold = true;
    webhooks_start(scene, 60);
    notice_send(scene, 1);
    until(scene, &scene->call_count, 1);
    scene->hold = false;
    notice_send(scene, 2);
    until(scene, &scene->answer_count, 1);
    assert_int_equal(scene->answers[0].alarm, 2);
    scene_free(scene);
}

static void a_notice_is_sent_once_however_often_it_is_given(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    webhooks_start(scene, 60);
    notice_send(scene, 1);
    notice_send(scene, 1);
    until(scene, &scene->answer_count, 1);
    assert_int_equal(scene->call_count, 1);
    notice_send(scene, 1);
    assert_int_equal(scene->answer_count, 2); /* the receipt is told again, at once */
    assert_true(scene->received[1]);
    assert_int_equal(webhooks_counts(scene->webhooks).repeated, 2);
    assert_int_equal(webhooks_counts(scene->webhooks).attempts, 1);
    scene_free(scene);
}

static void without_its_secret_a_webhook_is_off_and_calls_wait_until_the_file_comes(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    assert_int_equal(unlink(scene->secret), 0);
    webhooks_start(scene, 60);
    notice_send(scene, 1);
    assert_int_equal(scene->reachable, TRUTH_FALSE); /* its chain goes on at once */
    assert_int_equal(scene->answer_count, 0);
    assert_int_equal(webhooks_counts(scene->webhooks).waiting, 1);
    secret_write(scene);
    until_reachable(scene, TRUTH_TRUE);
    until(scene, &scene->answer_count, 1);
    assert_true(scene->received[0]);
    assert_int_equal(scene->call_count, 1);
    assert_string_not_equal(scene->calls[0].signature, "");
    scene_free(scene);
}

static void without_a_secret_file_calls_go_unsigned(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    assert_int_equal(unlink(scene->secret), 0);
    scene->secret[0] = '\0';
    webhooks_start(scene, 60);
    notice_send(scene, 1);
    until(scene, &scene->answer_count, 1);
    assert_true(scene->received[0]);
    assert_string_equal(scene->calls[0].signature, "");
    scene_free(scene);
}

static void that_nobody_answers_is_known_before_anybody_is_called(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    webhooks_start(scene, 60);
    until_reachable(scene, TRUTH_TRUE);
    assert_int_equal(scene->call_count, 0);
    evhttp_free(scene->server);
    scene->server = NULL;
    until_reachable(scene, TRUTH_FALSE);
    server_start(scene);
    until_reachable(scene, TRUTH_TRUE);
    scene->reachable = TRUTH_UNKNOWN;
    webhooks_tell(scene->webhooks);
    assert_int_equal(scene->reachable, TRUTH_TRUE);
    scene_free(scene);
}

static void what_was_withdrawn_is_not_sent_any_more(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    memcpy(scene->statuses, (int[]){500, 500}, 2 * sizeof(int));
    webhooks_start(scene, 60);
    notice_send(scene, 1);
    until(scene, &scene->call_count, 1);
    webhooks_withdraw(scene->webhooks, 1, 6); /* another run */
    until(scene, &scene->call_count, 2);
    webhooks_withdraw(scene->webhooks, 1, 7);
    notice_send(scene, 2);
    until(scene, &scene->answer_count, 1);
    assert_int_equal(scene->answers[0].alarm, 2);
    assert_int_equal(scene->call_count, 3);
    scene_free(scene);
}

static void a_notice_that_is_too_old_is_given_up(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->statuses[0] = 500;
    webhooks_start(scene, 0);
    notice_send(scene, 1);
    until(scene, &scene->answer_count, 1);
    assert_false(scene->received[0]);
    assert_int_equal(scene->answers[0].alarm, 1);
    assert_int_equal(scene->call_count, 1);
    assert_int_equal(webhooks_counts(scene->webhooks).given_up, 1);
    assert_int_equal(webhooks_counts(scene->webhooks).waiting, 0);
    scene_free(scene);
}

/* An hour after they were given each is tried once, together and then alone, and not for another. */
static void what_goes_by_itself_after_an_array_is_as_old_as_the_array(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->disliked = "main.1.";
    webhooks_start(scene, 3600);
    notice_gather(scene, 1, 5, 1);
    notice_gather(scene, 2, 5, 1);
    clock_ahead_ns = 3600 * NS_PER_S;
    until(scene, &scene->answer_count, 2);
    assert_int_equal(scene->received_count, 0);
    assert_int_equal(scene->call_count, 1 + 2);
    assert_int_equal(scene->calls[0].body[0], '[');
    assert_int_equal(webhooks_counts(scene->webhooks).given_up, 2);
    scene_free(scene);
    clock_ahead_ns = 0;
}

static void what_goes_by_itself_after_an_array_is_tried_until_it_is_too_old(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->disliked = "main.1.";
    webhooks_start(scene, 3600);
    notice_gather(scene, 1, 5, 1);
    notice_gather(scene, 2, 5, 1);
    until(scene, &scene->call_count, 1 + 2 + 2);
    assert_int_equal(scene->answer_count, 0);
    scene_free(scene);
}

static void the_oldest_goes_when_too_many_wait(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->hold = true;
    webhooks_start(scene, 60);
    for (uint32_t i = 0; i < WEBHOOK_NOTICES_MAX; i++) {
        notice_send(scene, i);
    }
    assert_int_equal(webhooks_counts(scene->webhooks).displaced, 0);
    notice_send(scene, WEBHOOK_NOTICES_MAX);
    assert_int_equal(webhooks_counts(scene->webhooks).displaced, 1);
    assert_int_equal(scene->answer_count, 1); /* its chain goes on at once */
    assert_int_equal(scene->answers[0].alarm, 0);
    assert_false(scene->received[0]);
    scene->hold = false;
    until(scene, &scene->received_count, WEBHOOK_NOTICES_MAX);
    for (unsigned i = 1; i < scene->answer_count; i++) {
        assert_int_not_equal(scene->answers[i].alarm, 0);
    }
    scene_free(scene);
}

/* Fill it while nobody answers: even numbers are emergencies, or all. */
static void fill(struct scene *scene, bool all) {
    scene->hold = true;
    webhooks_start(scene, 60);
    for (uint32_t i = 0; i < WEBHOOK_NOTICES_MAX; i++) {
        notice_give(scene, i, (struct webhook_notice){.emergency = all || i % 2 == 0});
    }
    assert_int_equal(webhooks_counts(scene->webhooks).waiting, WEBHOOK_NOTICES_MAX);
    assert_int_equal(webhooks_counts(scene->webhooks).displaced, 0);
}

/* Answer, and find that each was called but those from `first` to `last` by `by`. */
static void all_are_called_but(struct scene *scene, uint32_t first, uint32_t last, uint32_t by) {
    unsigned before = scene->answer_count;
    scene->hold = false;
    until(scene, &scene->answer_count, before + WEBHOOK_NOTICES_MAX);
    for (unsigned i = before; i < scene->answer_count; i++) {
        uint32_t number = scene->answers[i].alarm;
        assert_true(scene->received[i]);
        assert_true(number < first || number > last || (number - first) % by != 0);
    }
}

static void an_emergency_stays_while_anything_else_can_go(void **state) {
    (void)state;
    enum { OTHERS = WEBHOOK_NOTICES_MAX / 2 };
    struct scene *scene = scene_new();
    fill(scene, false);
    for (uint32_t i = 0; i < OTHERS; i++) {
        notice_emergency(scene, WEBHOOK_NOTICES_MAX + i);
    }
    assert_int_equal(webhooks_counts(scene->webhooks).displaced, OTHERS);
    assert_int_equal(webhooks_counts(scene->webhooks).dropped, 0);
    all_are_called_but(scene, 1, WEBHOOK_NOTICES_MAX - 1, 2);
    scene_free(scene);
}

static void a_flood_of_anything_else_goes_round_the_emergencies(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    fill(scene, false);
    for (uint32_t i = 0; i < 2 * WEBHOOK_NOTICES_MAX; i++) {
        notice_gather(scene, WEBHOOK_NOTICES_MAX + i, 0, 1);
    }
    scene->hold = false;
    until(scene, &scene->received_count, WEBHOOK_NOTICES_MAX);
    unsigned emergencies = 0;
    for (unsigned i = 0; i < scene->answer_count; i++) {
        emergencies += scene->received[i] && scene->answers[i].alarm < WEBHOOK_NOTICES_MAX;
    }
    assert_int_equal(emergencies, WEBHOOK_NOTICES_MAX / 2);
    scene_free(scene);
}

static void where_all_are_emergencies_only_another_displaces_the_oldest(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    fill(scene, true);
    notice_send(scene, 500);
    assert_int_equal(webhooks_counts(scene->webhooks).displaced, 0);
    assert_int_equal(webhooks_counts(scene->webhooks).dropped, 1);
    assert_int_equal(scene->answer_count, 1); /* its chain goes on at once */
    assert_int_equal(scene->answers[0].alarm, 500);
    assert_false(scene->received[0]);
    notice_emergency(scene, WEBHOOK_NOTICES_MAX);
    assert_int_equal(webhooks_counts(scene->webhooks).displaced, 1);
    all_are_called_but(scene, 0, 0, 1);
    scene_free(scene);
}

static void what_there_is_no_memory_for_is_answered_and_counted(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    webhooks_start(scene, 60);
    notice_gather(scene, 1, 5, 50);
    for (uint32_t left = 0; left < 2; left++) { /* for its call, for the notice */
        allocations_left = left;
        notice_send(scene, 2);
        allocations_left = UINT32_MAX;
        assert_int_equal(scene->answer_count, left + 1);
        assert_int_equal(scene->answers[left].alarm, 2);
        assert_false(scene->received[left]);
        assert_int_equal(webhooks_counts(scene->webhooks).dropped, left + 1);
    }
    allocations_left = 0;
    notice_gather(scene, 3, 5, 50); /* it would have joined the first */
    allocations_left = UINT32_MAX;
    assert_int_equal(webhooks_counts(scene->webhooks).dropped, 3);
    assert_int_equal(webhooks_counts(scene->webhooks).waiting, 1);
    until(scene, &scene->answer_count, 4);
    assert_true(scene->received[3]);
    assert_string_equal(scene->calls[0].body, "{\"id\":\"site.main.1.1\"}");
    scene_free(scene);
}

static void
what_may_wait_is_called_with_others_of_its_place_and_what_may_not_goes_first(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    webhooks_start(scene, 60);
    notice_gather(scene, 1, 5, 200);
    notice_gather(scene, 2, 6, 200);
    notice_gather(scene, 3, 5, 200);
    notice_gather(scene, 3, 5, 200); /* is known */
    notice_gather(scene, 4, 5, 0);
    until(scene, &scene->answer_count, 1);
    assert_int_equal(scene->answers[0].alarm, 4);
    until(scene, &scene->answer_count, 4);
    assert_int_equal(scene->call_count, 3);
    assert_string_equal(scene->calls[0].body, "{\"id\":\"site.main.1.4\"}");
    const struct call *both = strcmp(scene->calls[1].body, "{\"id\":\"site.main.1.2\"}") == 0
                                  ? &scene->calls[2]
                                  : &scene->calls[1];
    assert_string_equal(both->body, "[{\"id\":\"site.main.1.1\"},{\"id\":\"site.main.1.3\"}]");
    assert_string_equal(both->type, "application/cloudevents-batch+json; charset=utf-8");
    notice_gather(scene, 3, 5, 200); /* was delivered: its receipt again, at once */
    assert_int_equal(scene->answer_count, 5);
    scene_free(scene);
}

static void a_gathered_call_that_fails_is_made_again_without_what_was_withdrawn(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->statuses[0] = 500;
    webhooks_start(scene, 60);
    for (uint32_t i = 1; i <= 3; i++) {
        notice_gather(scene, i, 5, 50);
    }
    webhooks_withdraw(scene->webhooks, 2, 7);
    until(scene, &scene->call_count, 1);
    assert_string_equal(scene->calls[0].body,
                        "[{\"id\":\"site.main.1.1\"},{\"id\":\"site.main.1.3\"}]");
    webhooks_withdraw(scene->webhooks, 1, 7);
    until(scene, &scene->answer_count, 1);
    assert_int_equal(scene->answers[0].alarm, 3);
    assert_string_equal(scene->calls[1].body, "{\"id\":\"site.main.1.3\"}");
    scene_free(scene);
}

static void a_receiver_that_takes_no_arrays_gets_each_event_by_itself(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->single = true;
    webhooks_start(scene, 60);
    until_reachable(scene, TRUTH_TRUE);
    for (uint32_t i = 0; i < WEBHOOK_CALL_MAX; i++) {
        notice_gather(scene, i, 5, 50);
    }
    until(scene, &scene->answer_count, WEBHOOK_CALL_MAX);
    assert_int_equal(scene->call_count, 1 + WEBHOOK_CALL_MAX);
    assert_int_equal(scene->calls[0].body[0], '[');
    for (unsigned i = 0; i < WEBHOOK_CALL_MAX; i++) {
        assert_true(scene->received[i]);
        assert_string_equal(scene->calls[1 + i].type,
                            "application/cloudevents+json; charset=utf-8");
    }
    assert_int_equal(webhooks_counts(scene->webhooks).failures, 1);
    assert_int_equal(webhooks_counts(scene->webhooks).waiting, 0);
    assert_int_equal(scene->reachable_count, 1); /* nobody was told that it cannot be reached */
    scene_free(scene);
}

static void one_event_that_a_receiver_dislikes_takes_no_other_with_it(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->disliked = "main.1.2\"";
    webhooks_start(scene, 60);
    for (uint32_t i = 1; i <= 3; i++) {
        notice_gather(scene, i, 5, 50);
    }
    until(scene, &scene->answer_count, 2);
    assert_int_equal(scene->answers[0].alarm + scene->answers[1].alarm, 1 + 3);
    until(scene, &scene->call_count, scene->call_count + 2); /* it is tried again, alone */
    assert_string_equal(scene->calls[scene->call_count - 1].body, "{\"id\":\"site.main.1.2\"}");
    assert_int_equal(webhooks_counts(scene->webhooks).waiting, 1);
    assert_int_equal(scene->answer_count, 2);
    scene_free(scene);
}

static void a_receiver_that_hangs_on_an_array_gets_each_event_by_itself(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->hold = true;
    webhooks_start(scene, 60);
    notice_gather(scene, 1, 5, 1);
    notice_gather(scene, 2, 5, 1);
    until(scene, &scene->call_count, 1);
    assert_int_equal(scene->calls[0].body[0], '[');
    scene->hold = false;
    until(scene, &scene->answer_count, 2);
    assert_int_equal(scene->call_count, 3);
    scene_free(scene);
}

static void what_cannot_be_connected_to_is_called_for_all_together_when_it_is_back(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    evhttp_free(scene->server);
    scene->server = NULL;
    webhooks_start(scene, 60);
    until_reachable(scene, TRUTH_FALSE);
    notice_gather(scene, 1, 5, 1);
    notice_gather(scene, 2, 5, 1);
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (webhooks_counts(scene->webhooks).failures < 2) {
        assert_true(clock_real_ns() < deadline_ns);
        assert_true(event_base_loop(scene->base, EVLOOP_ONCE) >= 0);
    }
    server_start(scene);
    until(scene, &scene->answer_count, 2);
    assert_int_equal(scene->call_count, 1);
    assert_int_equal(scene->calls[0].body[0], '[');
    scene_free(scene);
}

static void what_there_is_no_memory_to_part_stays_together(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->single = true;
    webhooks_start(scene, 60);
    until_reachable(scene, TRUTH_TRUE);
    for (uint32_t i = 1; i <= 3; i++) {
        notice_gather(scene, i, 5, 1);
    }
    allocations_left = 1; /* one goes by itself; the other two are tried again as they are */
    until(scene, &scene->call_count, 3);
    allocations_left = UINT32_MAX;
    until(scene, &scene->answer_count, 3);
    unsigned arrays = 0;
    for (unsigned i = 0; i < scene->call_count; i++) {
        arrays += scene->calls[i].body[0] == '[';
    }
    assert_true(arrays >= 2);
    assert_int_equal(scene->call_count, arrays + 3);
    scene_free(scene);
}

static void a_gathered_call_of_which_all_is_withdrawn_is_not_made(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    webhooks_start(scene, 60);
    notice_gather(scene, 1, 5, 1);
    notice_gather(scene, 2, 5, 1);
    webhooks_withdraw(scene->webhooks, 1, 7);
    webhooks_withdraw(scene->webhooks, 2, 7);
    notice_gather(scene, 3, 5, 100);
    until(scene, &scene->answer_count, 1);
    assert_int_equal(scene->call_count, 1);
    assert_int_equal(scene->answers[0].alarm, 3);
    scene_free(scene);
}

static void a_full_call_begins_another(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    webhooks_start(scene, 60);
    for (uint32_t i = 0; i <= WEBHOOK_CALL_MAX; i++) {
        notice_gather(scene, i, 5, 100);
    }
    until(scene, &scene->answer_count, WEBHOOK_CALL_MAX + 1);
    assert_int_equal(scene->call_count, 2);
    scene_free(scene);
}

static void what_comes_while_a_call_is_under_way_begins_another(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->hold = true;
    webhooks_start(scene, 60);
    notice_gather(scene, 1, 5, 1);
    until(scene, &scene->call_count, 1);
    scene->hold = false;
    notice_gather(scene, 2, 5, 1);
    until(scene, &scene->answer_count, 1);
    assert_int_equal(scene->answers[0].alarm, 2);
    scene_free(scene);
}

/* ---- the robot of a chat, which is given texts ---- */

static struct scene *scene_chat(void) {
    struct scene *scene = scene_new();
    scene->chat = true;
    webhooks_start(scene, 60);
    return scene;
}

static void call_is(const struct scene *scene, unsigned call, const char *first, const char *last) {
    const char *body = scene->calls[call].body;
    assert_non_null(strstr(body, first));
    assert_non_null(strstr(body, last));
    assert_string_equal(scene->calls[call].type, "application/json; charset=utf-8");
    assert_string_equal(scene->calls[call].signature, "");
}

static void what_waits_together_is_one_message_of_a_chat(void **state) {
    (void)state;
    struct scene *scene = scene_chat();
    notice_gather(scene, 1, 5, 20);
    notice_gather(scene, 2, 5, 20);
    until(scene, &scene->received_count, 2);
    assert_int_equal(scene->call_count, 1);
    assert_string_equal(scene->calls[0].body, "{\"msgtype\":\"text\",\"text\":{\"content\":"
                                              "\"{\\\"id\\\":\\\"site.main.1.1\\\"}\\n\\n"
                                              "{\\\"id\\\":\\\"site.main.1.2\\\"}\"}}");
    scene_free(scene);
}

/* Twelve rooms call at once: nobody is shut out of the chat for the twelfth. */
static void more_than_a_chat_bears_at_once_waits_and_is_told_together(void **state) {
    (void)state;
    struct scene *scene = scene_chat();
    for (uint32_t i = 1; i <= 12; i++) {
        notice_emergency(scene, i);
    }
    until(scene, &scene->call_count, 9);
    assert_int_equal(scene->call_count, 9);
    until(scene, &scene->received_count, 12);
    assert_int_equal(scene->call_count, 10);
    call_is(scene, 9, "site.main.1.10", "site.main.1.12");
    scene_free(scene);
}

static void what_needs_no_haste_leaves_turns_to_an_emergency(void **state) {
    (void)state;
    struct scene *scene = scene_chat();
    for (uint32_t i = 101; i <= 108; i++) {
        notice_send(scene, i);
    }
    notice_emergency(scene, 109);
    until(scene, &scene->received_count, 9);
    assert_int_equal(scene->call_count, 8);
    call_is(scene, 7, "site.main.1.107", "site.main.1.108");
    scene_free(scene);
}

static void a_full_message_of_a_chat_begins_another(void **state) {
    (void)state;
    struct scene *scene = scene_chat();
    char text[1500];
    memset(text, 'a', sizeof text);
    evhttp_free(scene->server); /* it keeps no bodies as long as these */
    scene->server = NULL;
    for (uint32_t i = 1; i <= 2; i++) {
        webhooks_send(scene->webhooks, &(struct webhook_notice){.key = {i, 1, 1},
                                                                .gather_ms = 10,
                                                                .id = i == 1 ? "one" : "two",
                                                                .body = text,
                                                                .body_size = sizeof text});
    }
    assert_int_equal(webhooks_counts(scene->webhooks).waiting, 2);
    while (webhooks_counts(scene->webhooks).attempts < 2) {
        assert_true(event_base_loop(scene->base, EVLOOP_ONCE) >= 0);
    }
    scene_free(scene);
}

/* One that the chat's censor dislikes, for which it answers 200 and a number. */
static void one_text_that_a_chat_dislikes_takes_no_other_with_it(void **state) {
    (void)state;
    struct scene *scene = scene_chat();
    scene->disliked = "site.main.1.1\\";
    notice_gather(scene, 1, 5, 20);
    notice_gather(scene, 2, 5, 20);
    until(scene, &scene->received_count, 1);
    assert_int_equal(scene->answers[0].alarm, 2);
    assert_int_equal(scene->received_count, 1);
    scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_carries_the_event_and_a_signature_of_it),
        cmocka_unit_test(only_2xx_is_a_receipt_and_anything_else_is_tried_again),
        cmocka_unit_test(a_receiver_that_hangs_is_left_and_called_again),
        cmocka_unit_test(one_that_a_receiver_refuses_holds_up_no_other),
        cmocka_unit_test(a_notice_is_sent_once_however_often_it_is_given),
        cmocka_unit_test(without_its_secret_a_webhook_is_off_and_calls_wait_until_the_file_comes),
        cmocka_unit_test(without_a_secret_file_calls_go_unsigned),
        cmocka_unit_test(that_nobody_answers_is_known_before_anybody_is_called),
        cmocka_unit_test(what_was_withdrawn_is_not_sent_any_more),
        cmocka_unit_test(a_notice_that_is_too_old_is_given_up),
        cmocka_unit_test(what_goes_by_itself_after_an_array_is_as_old_as_the_array),
        cmocka_unit_test(what_goes_by_itself_after_an_array_is_tried_until_it_is_too_old),
        cmocka_unit_test(the_oldest_goes_when_too_many_wait),
        cmocka_unit_test(an_emergency_stays_while_anything_else_can_go),
        cmocka_unit_test(a_flood_of_anything_else_goes_round_the_emergencies),
        cmocka_unit_test(where_all_are_emergencies_only_another_displaces_the_oldest),
        cmocka_unit_test(what_there_is_no_memory_for_is_answered_and_counted),
        cmocka_unit_test(
            what_may_wait_is_called_with_others_of_its_place_and_what_may_not_goes_first),
        cmocka_unit_test(a_gathered_call_that_fails_is_made_again_without_what_was_withdrawn),
        cmocka_unit_test(a_receiver_that_takes_no_arrays_gets_each_event_by_itself),
        cmocka_unit_test(one_event_that_a_receiver_dislikes_takes_no_other_with_it),
        cmocka_unit_test(a_receiver_that_hangs_on_an_array_gets_each_event_by_itself),
        cmocka_unit_test(what_cannot_be_connected_to_is_called_for_all_together_when_it_is_back),
        cmocka_unit_test(what_there_is_no_memory_to_part_stays_together),
        cmocka_unit_test(a_gathered_call_of_which_all_is_withdrawn_is_not_made),
        cmocka_unit_test(a_full_call_begins_another),
        cmocka_unit_test(what_comes_while_a_call_is_under_way_begins_another),
        cmocka_unit_test(what_waits_together_is_one_message_of_a_chat),
        cmocka_unit_test(more_than_a_chat_bears_at_once_waits_and_is_told_together),
        cmocka_unit_test(what_needs_no_haste_leaves_turns_to_an_emergency),
        cmocka_unit_test(a_full_message_of_a_chat_begins_another),
        cmocka_unit_test(one_text_that_a_chat_dislikes_takes_no_other_with_it),
    };
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
