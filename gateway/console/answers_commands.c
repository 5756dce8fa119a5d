/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/console/answers.h"
#include "gateway/console/order_body.h"
#include "gateway/console/sign_in.h"

/* Read the body; an absent `by` is the login name. */
static bool call_read_body(const struct call *call, struct command *command,
                           struct order_second *ret_second, const char **ret_wrong) {
    size_t size = 0;
    const char *bytes = call_body(call, &size);
    return order_body_read(bytes, size, &call->asker, clock_wall(), command, ret_second, ret_wrong);
}

enum { COMMAND_SUBJECT_SIZE = SITE_ALARM_NAME_SIZE };

/*
 * Read a command: call->path is `<subject>/<verb>`. Sets the subject, cut to its size; answers
 * itself and returns false when there is no such verb, or the body will not do.
 */
static bool call_read_command(struct call *call, bool about_place, struct command *command,
                              char subject[COMMAND_SUBJECT_SIZE], struct order_second *ret_second) {
    const char *slash = strrchr(call->path, '/');
    enum command_verb verb =
        slash == NULL ? COMMAND_VERB_COUNT : command_verb_find(slash + 1, strlen(slash + 1));
    if (verb == COMMAND_VERB_COUNT || command_verb_is_about_place(verb) != about_place) {
        call_problem(call, PROBLEM_NOT_FOUND, call->path);
        return false;
    }
    *command = (struct command){
        .verb = verb,
        .alarm = RULESET_NONE,
        .place = RULESET_NONE,
        .role = call->asker.role,
        .second_role = ROLE_COUNT,
    };
    const char *wrong = NULL;
    if (!call_read_body(call, command, ret_second, &wrong)) {
        call_problem(call, PROBLEM_BODY, wrong);
        return false;
    }
    size_t len = (size_t)(slash - call->path);
    len = len < COMMAND_SUBJECT_SIZE ? len : COMMAND_SUBJECT_SIZE - 1;
    memcpy(subject, call->path, len);
    subject[len] = '\0';
    return true;
}

/* The second of two people has signed, or has not. */
static void second_compared(struct console *console, struct staff_wait *wait, bool same,
                            const char *hash) {
    (void)hash;
    if (staff_right_ended(&console->staff, wait)) {
        return;
    }
    const struct person *person = sign_in_confirmed(&console->staff, wait, same);
    if (person == NULL) {
        sign_in_refused(console, wait, PROBLEM_SECOND_PERSON);
        return;
    }
    /* One person who signs twice is still one person; the engine says what is missing. */
    if (strcmp(person->id, wait->asker.id) != 0) {
        wait->command.second_role = person->role;
        asker_actor_format(ASKER_PERSON, person->name, person->role, wait->command.second_actor);
    }
    orders_send(&console->orders, console->engine, &wait->command, wait->request, wait->language,
                clock_real_ns());
    staff_release(wait);
}

static void call_send(struct call *call, const struct command *command,
                      const struct order_second *second) {
    struct console *console = call->console;
    if (second->id[0] == '\0') {
        orders_send(&console->orders, console->engine, command, call->request, call->language,
                    call->real_ns);
        return;
    }
    struct staff_wait *wait = sign_in_take(call, second->id);
    if (wait != NULL) {
        wait->command = *command;
        wait->then = second_compared;
        sign_in_compare(console, wait, second->password);
    }
}

/* call->path is `<rule>/<entity>/<verb>`. */
void answer_command(struct call *call) {
    struct command command;
    struct order_second second;
    char name[COMMAND_SUBJECT_SIZE];
    if (!call_read_command(call, false, &command, name, &second)) {
        return;
    }
    command.alarm = site_alarm_find(call->console->view.site, name);
    if (command.alarm == RULESET_NONE) {
        reply_refusal(call->request, COMMAND_REFUSED_UNKNOWN,
                      call->console->view.site->ruleset.times, call->language, "alarm", name);
        return;
    }
    call_send(call, &command, &second);
}

/* call->path is `<place>/<verb>`. */
void answer_place_command(struct call *call) {
    struct command command;
    struct order_second second;
    char id[COMMAND_SUBJECT_SIZE];
    if (!call_read_command(call, true, &command, id, &second)) {
        return;
    }
    command.place = site_place_find(call->console->view.site, id);
    if (command.place == RULESET_NONE) {
        reply_refusal(call->request, COMMAND_REFUSED_UNKNOWN_PLACE,
                      call->console->view.site->ruleset.times, call->language, "place", id);
        return;
    }
    call_send(call, &command, &second);
}
