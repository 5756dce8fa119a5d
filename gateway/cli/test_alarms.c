/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/test_alarms.h"

#include <string.h>

#include "gateway/cli/act.h"
#include "rules/kind.h"

/* Alarms that are open, and the place that is or was tested. */
struct near_alarms {
    json_t *rows;
    const char *place;
};

static bool state_has(const json_t *alarm, const char *axis) {
    return json_is_true(json_object_get(json_object_get(alarm, "state"), axis));
}

/*
 * Is the alarm of those that a test of the place may raise? One of a larger place is, too, that a
 * detector of a room under test raises.
 */
static bool alarm_is_near(const json_t *alarm, const char *tested) {
    const char *place = member_text(alarm, "place");
    return site_place_is_within(place, tested) || site_place_is_within(tested, place);
}

/* What comes from a test and is over. */
static void leftovers_add(void *context, const json_t *alarm) {
    struct near_alarms *leftovers = context;
    if (alarm_is_near(alarm, leftovers->place) && state_has(alarm, "test") &&
        state_has(alarm, "latched") && !state_has(alarm, "active")) {
        (void)json_array_append(leftovers->rows, (json_t *)alarm);
    }
}

/* What was latched before the test, and no test. */
static void earnest_add(void *context, const json_t *alarm) {
    struct near_alarms *earnest = context;
    if (alarm_is_near(alarm, earnest->place) && state_has(alarm, "latched") &&
        !state_has(alarm, "test")) {
        (void)json_array_append(earnest->rows, (json_t *)alarm);
    }
}

static bool alarm_needs_attending(const json_t *alarm) {
    const char *name = member_text(alarm, "class");
    enum alarm_class class = alarm_class_find(name, strlen(name));
    return class != ALARM_CLASS_COUNT && alarm_class_facts(class)->origin &&
           !state_has(alarm, "attended");
}

/* Whoever tripped a button by hand has been there: that is what attending says. */
static int alarm_reset(struct session *session, const json_t *alarm) {
    const char *name = member_text(alarm, "alarm");
    int r = EXIT_DONE;
    if (!state_has(alarm, "acked")) {
        r = act_send_of_test(session, "ack", name);
    }
    if (r == EXIT_DONE && alarm_needs_attending(alarm)) {
        r = act_send_of_test(session, "attend", name);
    }
    return r == EXIT_DONE ? act_send_of_test(session, "reset", name) : r;
}

int test_alarms_reset(struct session *session, const char *place) {
    char escaped[512];
    char path[640];
    json_t *answer = NULL;
    struct near_alarms leftovers = {.rows = json_array(), .place = place};
    session_learn_places(session); /* and the time zone that times are told in */
    client_escape(place, escaped, sizeof escaped);
    (void)snprintf(path, sizeof path, "/api/v1/points?place=%s", escaped);
    int r = session_ask(session, path, NULL, &answer); /* is there such a place? */
    json_decref(answer);
    if (r == EXIT_DONE) {
        r = session_each(session, "/api/v1/alarms", "alarms", leftovers_add, &leftovers);
    }
    size_t index = 0;
    json_t *alarm = NULL;
    int end = r;
    json_array_foreach(leftovers.rows, index, alarm) {
        end = r == EXIT_DONE && alarm_reset(session, alarm) != EXIT_DONE ? EXIT_FAILED : end;
    }
    if (r == EXIT_DONE && json_array_size(leftovers.rows) == 0) {
        (void)fprintf(stderr, "tocsin %s: %s (%s)\n", session->command,
                      reader_text(&session->reader, "没有可复位的测试告警",
                                  "no alarm of a test is over and waits for its reset"),
                      place);
    }
    json_decref(leftovers.rows);
    return end;
}

void test_alarms_warn(struct session *session, const char *place) {
    struct near_alarms earnest = {.rows = json_array(), .place = place};
    size_t index = 0;
    json_t *alarm = NULL;
    if (session_each(session, "/api/v1/alarms", "alarms", earnest_add, &earnest) == EXIT_DONE &&
        json_array_size(earnest.rows) > 0) {
        (void)fprintf(
            stderr, "%s\n",
            reader_text(&session->reader,
                        "注意：以下告警发生在测试之前，尚未复位；测试中再次触发将按真实告警呼叫"
                        "人员、联动设备。请先复位：",
                        "open from before this test: tripped once more, they call people "
                        "and switch outputs in earnest. Reset them first:"));
    }
    json_array_foreach(earnest.rows, index, alarm) {
        (void)fprintf(stderr, "  %s\n", member_text(alarm, "alarm"));
    }
    json_decref(earnest.rows);
}
