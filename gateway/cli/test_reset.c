/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/test_reset.h"

#include <string.h>

#include "gateway/cli/act.h"
#include "rules/kind.h"

/* The alarms that are open, and the place that was tested. */
struct leftovers {
    json_t *rows;
    const char *place;
};

static bool state_has(const json_t *alarm, const char *axis) {
    return json_is_true(json_object_get(json_object_get(alarm, "state"), axis));
}

/*
 * Does the alarm come from a test of the place? One of a larger place does, too, that a detector of
 * a room under test has raised.
 */
static void leftovers_add(void *context, const json_t *alarm) {
    struct leftovers *leftovers = context;
    const char *place = member_text(alarm, "place");
    bool near =
        place_is_within(place, leftovers->place) || place_is_within(leftovers->place, place);
    if (near && state_has(alarm, "test") && state_has(alarm, "latched") &&
        !state_has(alarm, "active")) {
        (void)json_array_append(leftovers->rows, (json_t *)alarm);
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
        r = act_send(session, "ack", name);
    }
    if (r == EXIT_DONE && alarm_needs_attending(alarm)) {
        r = act_send(session, "attend", name);
    }
    return r == EXIT_DONE ? act_send(session, "reset", name) : r;
}

int test_reset_run(struct session *session, const char *place) {
    char escaped[512];
    char path[640];
    json_t *answer = NULL;
    struct leftovers leftovers = {.rows = json_array(), .place = place};
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
                      reader_text(&session->reader, "没有可复位的测试报警",
                                  "no alarm of a test is over and waits for its reset"),
                      place);
    }
    json_decref(leftovers.rows);
    return end;
}
