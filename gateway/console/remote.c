/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/http.h>

#include "gateway/clock.h"
#include "gateway/console/console.h"
#include "gateway/console/order_body.h"
#include "gateway/console/reply.h"
#include "gateway/console/routes.h"

/* ---- answering ---- */

void remote_answer(struct console *console, const struct remote_sender *sender, int status,
                   json_t *body) {
    struct wire_remote_answer message = {.number = sender->number, .verified = sender->verified};
    char time[CLOCK_TEXT_SIZE];
    clock_format(clock_wall(), time);
    json_t *head =
        json_pack("{s:s?, s:s?, s:b, s:s, s:s}", "id", sender->id[0] == '\0' ? NULL : sender->id,
                  "user", sender->user[0] == '\0' ? NULL : sender->user, "ok", status < 400, "time",
                  time, "clock", console->remote.clock_behind ? "behind" : "good");
    (void)json_object_update(head, body);
    size_t size =
        head == NULL ? 0 : json_dumpb(head, message.body, sizeof message.body, JSON_COMPACT);
    json_decref(head);
    json_decref(body);
    if (size == 0 || size > sizeof message.body) {
        return; /* without memory nobody is answered; the uplink says so in a while */
    }
    memcpy(message.user, sender->user, sizeof sender->user);
    message.size = (uint32_t)size;
    message.header =
        wire_header_of(WIRE_REMOTE_ANSWER, wire_size(WIRE_REMOTE_ANSWER, message.size));
    (void)!wire_client_send(console->engine, &message); /* likewise */
}

static void remote_refuse(struct console *console, const struct remote_sender *sender,
                          enum problem problem, const char *about) {
    struct remote *remote = &console->remote;
    uint64_t kept_back = 0;
    char quoted[2 * PEOPLE_ID_SIZE];
    remote->refused++;
    remote->unsigned_count += !sender->verified;
    if (log_permit(&remote->limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "command_refused",
            "problem=%s user=%s verified=%d kept_back=%" PRIu64
            " effect=\"a command that came by the broker is not carried out; whoever sent it is told why\"",
            problem_name(problem), log_quote(sender->user, quoted, sizeof quoted), sender->verified,
            kept_back);
    }
    remote_answer(console, sender, problem_status(problem),
                  problem_object(problem, sender->language, about));
}

/* ---- who, when, and may they ---- */

static const struct person *remote_signer(const struct console *console,
                                          const struct remote_text *text) {
    const struct person *person = people_find(&console->staff.people, text->user);
    bool has_key = person != NULL && person->key[0] != '\0';
    /* Without a key the work is the same, and so is the answer. */
    static const char none[PEOPLE_KEY_SIZE] =
        "0000000000000000000000000000000000000000000000000000000000000000";
    bool is_signed =
        remote_text_is_signed(text, console->remote.home, has_key ? person->key : none);
    return has_key && is_signed ? person : NULL;
}

static enum problem remote_taken_problem(int r) {
    switch (r) {
    case REMOTE_IDS_E_TIME:
        return PROBLEM_REMOTE_TIME;
    case REMOTE_IDS_E_OLD:
        return PROBLEM_REMOTE_OLD;
    case REMOTE_IDS_E_REPEATED:
        return PROBLEM_REMOTE_REPEATED;
    case REMOTE_IDS_E_FULL:
        return PROBLEM_REMOTE_FULL;
    default:
        return PROBLEM_REMOTE_DISK;
    }
}

/* May somebody in this role do that, as over HTTPS? */
static bool remote_may(const struct remote_text *text, const struct asker *asker) {
    char path[SITE_ALARM_NAME_SIZE + 64];
    (void)snprintf(path, sizeof path, "/api/v1/%s/%s/%s",
                   command_verb_is_about_place(text->verb) ? "places" : "alarms", text->subject,
                   command_verb_name(text->verb));
    return routes_admit(EVHTTP_REQ_POST, path, asker);
}

/* ---- one command ---- */

/* Read what the command needs besides; false when it will not do. */
static bool remote_read_order(const struct remote_text *text, const struct asker *asker,
                              struct command *command, const char **ret_wrong) {
    struct order_second second;
    char *rest = json_dumps(text->inner, JSON_COMPACT);
    bool sound = rest != NULL && order_body_read(rest, strlen(rest), asker, clock_wall(), command,
                                                 &second, ret_wrong);
    free(rest);
    return sound;
}

static void remote_command(struct console *console, const struct remote_sender *sender,
                           const struct remote_text *text, const struct person *person) {
    const struct site *site = console->view.site;
    bool about_place = command_verb_is_about_place(text->verb);
    const char *wrong = NULL;
    struct asker asker = {.kind = ASKER_REMOTE, .role = person->role};
    struct command command = {
        .verb = text->verb,
        .alarm = about_place ? RULESET_NONE : site_alarm_find(site, text->subject),
        .place = about_place ? site_place_find(site, text->subject) : RULESET_NONE,
        .role = person->role,
        .second_role = ROLE_COUNT,
    };
    memcpy(asker.id, person->id, sizeof asker.id);
    memcpy(asker.name, person->name, sizeof asker.name);
    int r = 0;
    if (!remote_may(text, &asker)) {
        remote_refuse(console, sender, PROBLEM_ROLE, role_name(person->role));
    } else if (!remote_read_order(text, &asker, &command, &wrong)) {
        remote_refuse(console, sender, PROBLEM_BODY, wrong);
    } else if (command.alarm == RULESET_NONE && command.place == RULESET_NONE) {
        enum command_refusal refusal =
            about_place ? COMMAND_REFUSED_UNKNOWN_PLACE : COMMAND_REFUSED_UNKNOWN;
        remote_answer(console, sender, 404,
                      refusal_object(refusal, site->ruleset.times, sender->language,
                                     about_place ? "place" : "alarm", text->subject));
    } else if ((r = remote_ids_take(&console->remote.ids, text->user, text->id, text->time,
                                    clock_wall())) != 0) {
        remote_refuse(console, sender, remote_taken_problem(r),
                      console->remote.clock_behind ? "clock" : NULL);
    } else {
        console->remote.passed_on++;
        orders_send_remote(&console->orders, console->engine, &command, sender, clock_real_ns());
    }
}

static void remote_read(struct console *console, struct remote_sender *sender,
                        const struct wire_remote *message) {
    struct remote_text text;
    bool sound = remote_text_read(message->payload, message->size, &text);
    memcpy(sender->user, text.user, sizeof sender->user);
    memcpy(sender->id, text.id, sizeof sender->id);
    sender->language = text.language_given ? text.language : sender->language;
    const struct person *person = sound ? remote_signer(console, &text) : NULL;
    sender->verified = person != NULL;
    if (!sound) {
        remote_refuse(console, sender, PROBLEM_REMOTE_BODY, NULL);
    } else if (person == NULL) {
        remote_refuse(console, sender, PROBLEM_REMOTE_SIGNATURE, NULL);
    } else if (message->flaw == WIRE_REMOTE_TOPIC) {
        remote_refuse(console, sender, PROBLEM_REMOTE_TOPIC, NULL);
    } else {
        remote_command(console, sender, &text, person);
    }
    remote_text_release(&text);
}

void remote_receive(struct console *console, const struct wire_remote *message) {
    struct remote_sender sender = {.number = message->number,
                                   .language = console->process->language};
    if (console->process->site.header->mqtt_commands == 0) {
        return; /* the uplink asks for none either */
    } else if (message->flaw == WIRE_REMOTE_LONG) {
        remote_refuse(console, &sender, PROBLEM_REMOTE_LONG, NULL);
    } else {
        remote_read(console, &sender, message);
    }
}

void remote_open(struct remote *remote, struct console *console) {
    const struct site *site = &console->process->site;
    *remote = (struct remote){.clock_behind = false};
    (void)snprintf(remote->home, sizeof remote->home, "%s/%s",
                   site_text(site, site->header->site_id),
                   site_text(site, site->header->gateway_id));
    if (!remote_ids_open(&remote->ids, console->staff.directory, clock_wall())) {
        log_line(
            LOG_WARNING, "commands_unremembered",
            "effect=\"which commands came by the broker before this start cannot be read: those that are signed "
            "with a time before now and a minute from now are refused\"");
    }
}
