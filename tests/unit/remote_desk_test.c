/* SPDX-License-Identifier: Apache-2.0 */

/* Commands by the broker: how many are let in, where answers may go, and that each is answered once. */
#include <stdio.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/uplink/remote_desk.h"
#include "tests/support/cmocka.h"

#define ROOT "tocsin/v1/gulou-demo/main"

struct scene {
    struct topic_root root;
    struct remote_desk desk;
    struct wire_remote asked;
    uint32_t asked_count, answered_count;
    int ask_result;
    bool line_is_full;
    char topic[REMOTE_TOPIC_MAX + 1], body[WIRE_BODY_MAX + 1];
};

static int scene_ask(void *context, const struct wire_remote *message) {
    struct scene *scene = context;
    memcpy(&scene->asked, message, message->header.size);
    scene->asked_count++;
    return scene->ask_result;
}

static bool scene_answer(void *context, const struct remote_desk_row *row) {
    struct scene *scene = context;
    if (scene->line_is_full) {
        return false;
    }
    scene->answered_count++;
    (void)snprintf(scene->topic, sizeof scene->topic, "%s", row->topic);
    (void)snprintf(scene->body, sizeof scene->body, "%.*s", (int)row->body_size, row->body);
    return true;
}

static int scene_begin(void **state) {
    static struct scene scene;
    const struct remote_desk_port port = {
        .context = &scene, .ask = scene_ask, .answer = scene_answer};
    memset(&scene, 0, sizeof scene);
    topic_root_init(&scene.root, "gulou-demo", "main");
    remote_desk_init(&scene.desk, &scene.root, "homeassistant", &port);
    *state = &scene;
    return 0;
}

static int scene_end(void **state) {
    struct scene *scene = *state;
    remote_desk_deinit(&scene->desk);
    return 0;
}

static void scene_take(struct scene *scene, const char *response) {
    struct remote_message message = {.size = 2, .payload = "{}"};
    (void)snprintf(message.response, sizeof message.response, "%s", response);
    remote_desk_take(&scene->desk, &message, 0);
}

static void scene_answered(struct scene *scene, uint64_t number, bool verified, const char *user,
                           const char *body) {
    struct wire_remote_answer answer = {
        .number = number, .verified = verified, .size = (uint32_t)strlen(body)};
    (void)snprintf(answer.user, sizeof answer.user, "%s", user);
    memcpy(answer.body, body, answer.size);
    remote_desk_answered(&scene->desk, &answer, 0);
}

static void answers_go_where_nothing_else_is_said(void **state) {
    const struct scene *scene = *state;
    static const struct {
        const char *topic;
        bool may;
    } rows[] = {
        {"panel/7/answers", true},
        {"房间/回复", true},
        {"tocsins", true},
        {"homeassistants/x", true},
        {ROOT "/reply/wang", true},
        {ROOT "/reply/a/b", true},
        {"", false},
        {"#", false},
        {"panel/#", false},
        {"+/x", false},
        {"$SYS/broker", false},
        {"$share/x/y", false},
        {"a\nb", false},
        {"a\x7f", false},
        {"tocsin", false},
        {"tocsin/v1/gulou-demo/other/reply/wang", false},
        {"tocsin/v1/gulou-demo/main2/reply/wang", false},
        {ROOT, false},
        {ROOT "/reply", false},
        {ROOT "/reply/", false},
        {ROOT "/replys/x", false},
        {ROOT "/command", false},
        {ROOT "/status", false},
        {ROOT "/alarm/emergency_call/care", false},
        {ROOT "/event/alarm/call/emergency", false},
        {"homeassistant", false},
        {"homeassistant/sensor/x/config", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(remote_topic_may(&scene->root, "homeassistant", rows[i].topic),
                         rows[i].may);
    }
    assert_true(remote_topic_may(&scene->root, "", "homeassistant/x"));
}

static void only_who_is_known_is_answered_elsewhere_than_below_reply(void **state) {
    struct scene *scene = *state;
    static const struct {
        const char *response;
        bool verified;
        const char *user, *topic;
    } rows[] = {
        {"panel/1", true, "wang", "panel/1"},
        {"panel/1", false, "wang", ROOT "/reply/wang"},
        {"panel/1", false, "", ROOT "/reply/unknown"},
        {ROOT "/reply/mine", false, "", ROOT "/reply/mine"},
        {"", true, "li.na", ROOT "/reply/li.na"},
        {ROOT "/status", true, "wang", ROOT "/reply/wang"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scene_take(scene, rows[i].response);
        assert_int_equal(scene->asked.flaw, strcmp(rows[i].response, ROOT "/status") == 0
                                                ? WIRE_REMOTE_TOPIC
                                                : WIRE_REMOTE_SOUND);
        scene_answered(scene, scene->asked.number, rows[i].verified, rows[i].user, "{\"ok\":1}");
        assert_string_equal(scene->topic, rows[i].topic);
        assert_string_equal(scene->body, "{\"ok\":1}");
        assert_int_equal(scene->answered_count, i + 1);
    }
}

static void each_is_answered_once_also_when_nobody_is_there(void **state) {
    struct scene *scene = *state;
    scene_take(scene, "");
    scene_answered(scene, scene->asked.number + 1, true, "wang", "{}"); /* of another life */
    assert_int_equal(scene->answered_count, 0);
    scene_answered(scene, scene->asked.number, true, "wang", "{}");
    scene_answered(scene, scene->asked.number, true, "wang", "{}");
    assert_int_equal(scene->answered_count, 1);
    scene_take(scene, "");
    remote_desk_tick(&scene->desk, REMOTE_DESK_WAIT_MS * NS_PER_MS - 1);
    assert_int_equal(scene->answered_count, 1);
    remote_desk_tick(&scene->desk, REMOTE_DESK_WAIT_MS * NS_PER_MS);
    assert_int_equal(scene->answered_count, 2);
    assert_non_null(strstr(scene->body, "tocsin:problem/console_away"));
    scene_answered(scene, scene->asked.number, true, "wang", "{}");
    assert_int_equal(scene->answered_count, 2);
    scene->ask_result = WIRE_E_GONE;
    scene_take(scene, "");
    remote_desk_tick(&scene->desk, 0);
    assert_int_equal(scene->answered_count, 3);
    scene->ask_result = 0;
    scene_take(scene, "");
    scene_answered(scene, scene->asked.number, false, "", "");
    assert_int_equal(scene->answered_count, 4);
    assert_int_equal(scene->desk.answered, 4);
}

static void a_line_without_room_keeps_answers_for_a_while_and_a_full_table_counts(void **state) {
    struct scene *scene = *state;
    scene->line_is_full = true;
    for (int i = 0; i < REMOTE_DESK_MAX + 3; i++) {
        scene_take(scene, "");
        scene_answered(scene, (uint64_t)i + 1, true, "wang", "{}");
    }
    assert_int_equal(scene->asked_count, REMOTE_DESK_MAX);
    assert_int_equal(scene->desk.dropped, 3);
    remote_desk_tick(&scene->desk, REMOTE_DESK_KEEP_MS * NS_PER_MS - 1);
    assert_int_equal(scene->desk.dropped, 3);
    scene->desk.rows[0].since_ns = NS_PER_S;
    remote_desk_tick(&scene->desk, REMOTE_DESK_KEEP_MS * NS_PER_MS);
    assert_int_equal(scene->desk.dropped, 3 + REMOTE_DESK_MAX - 1);
    scene->line_is_full = false;
    remote_desk_tick(&scene->desk, REMOTE_DESK_KEEP_MS * NS_PER_MS);
    assert_int_equal(scene->answered_count, 1);
}

static void no_more_come_in_than_may_wait_or_come_in_a_second(void **state) {
    (void)state;
    static struct remote_message message, taken;
    struct remote_intake *intake = NULL;
    assert_int_equal(remote_intake_new(&intake), 0);
    for (uint32_t i = 0; i < REMOTE_INTAKE_PER_S + 5; i++) {
        message.size = i;
        assert_int_equal(remote_intake_put(intake, &message, NS_PER_S), i == 0);
    }
    assert_int_equal(remote_intake_counts(intake).taken, REMOTE_INTAKE_PER_S);
    assert_int_equal(remote_intake_counts(intake).dropped, 5);
    for (uint32_t i = 0; i < REMOTE_INTAKE_PER_S; i++) {
        assert_false(remote_intake_put(intake, &message, 2 * NS_PER_S));
    }
    assert_int_equal(remote_intake_counts(intake).taken, REMOTE_INTAKE_MAX);
    for (uint32_t i = 0; i < REMOTE_INTAKE_MAX; i++) {
        assert_true(remote_intake_take(intake, &taken));
        assert_int_equal(taken.size, i < REMOTE_INTAKE_PER_S ? i : message.size);
    }
    assert_false(remote_intake_take(intake, &taken));
    assert_true(
        remote_intake_put(intake, &message, 3 * NS_PER_S)); /* and somebody is woken again */
    remote_intake_retained(intake);
    assert_int_equal(remote_intake_counts(intake).retained, 1);
    (void)remote_intake_free(intake);
}

int main(void) {
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, scene_begin, scene_end)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(answers_go_where_nothing_else_is_said),
        SCENE_TEST(only_who_is_known_is_answered_elsewhere_than_below_reply),
        SCENE_TEST(each_is_answered_once_also_when_nobody_is_there),
        SCENE_TEST(a_line_without_room_keeps_answers_for_a_while_and_a_full_table_counts),
        cmocka_unit_test(no_more_come_in_than_may_wait_or_come_in_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
