/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/event_json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/audience.h"
#include "gateway/clock.h"
#include "gateway/engine/calling.h"
#include "gateway/engine/event_json_parts.h"
#include "gateway/engine/event_text.h"
#include "gateway/event_type.h"

/* Most bytes of a text once escaped. Four texts, two ids, two actors and a reason fit one body. */
enum { TEXT_MAX = 800, ID_MAX = SITE_ENTITY_SIZE, ACTOR_MAX = 128, REASON_MAX = 400 };
_Static_assert(4 * TEXT_MAX + 3 * ID_MAX + 2 * ACTOR_MAX + REASON_MAX + 1500 <= JOURNAL_TEXT_MAX,
               "every body fits");

void event_json_key(struct scribe *scribe, const char *key) {
    scribe_raw(scribe, ",\"");
    scribe_raw(scribe, key);
    scribe_raw(scribe, "\":");
}

void event_json_string(struct scribe *scribe, const char *key, const char *text, size_t most) {
    event_json_key(scribe, key);
    scribe_string(scribe, text, most);
}

static void event_json_flag(struct scribe *scribe, const char *name, bool value) {
    scribe_raw(scribe, name);
    scribe_raw(scribe, value ? "true" : "false");
}

static void event_json_place(struct scribe *scribe, const struct site *site, uint32_t place) {
    if (place == RULESET_NONE) {
        scribe_raw(scribe, "null");
    } else {
        scribe_string(scribe, site_text(site, site->places[place].id), ID_MAX);
    }
}

/* Both languages of a text, or null when there is none in either. */
void event_json_texts(struct scribe *scribe, const char *key, const char *zh, const char *en) {
    event_json_key(scribe, key);
    if (*zh == '\0' && *en == '\0') {
        scribe_raw(scribe, "null");
        return;
    }
    scribe_raw(scribe, "{\"zh\":");
    scribe_string(scribe, zh, TEXT_MAX);
    event_json_string(scribe, "en", en, TEXT_MAX);
    scribe_raw(scribe, "}");
}

/* Is it the alarm of the component that the input told to be lost? */
static bool event_is_of_loss(const struct site *site, const struct core_event *event,
                             const struct event_loss *loss) {
    const struct ruleset *ruleset = &site->ruleset;
    return loss->end != LOSS_UNKNOWN && event->alarm != RULESET_NONE &&
           ruleset->alarms[event->alarm].entity_kind == ENTITY_COMPONENT &&
           ruleset->alarms[event->alarm].entity == loss->component;
}

static void event_json_message(struct scribe *scribe, const struct site *site,
                               const struct core_event *event,
                               const struct event_context *context) {
    char zh[EVENT_TEXT_SIZE];
    char en[EVENT_TEXT_SIZE];
    if (event_is_of_loss(site, event, &context->loss)) {
        event_text_loss(site, &context->loss, LANGUAGE_ZH, zh);
        event_text_loss(site, &context->loss, LANGUAGE_EN, en);
    } else {
        event_text_message(site, event, context->raised, LANGUAGE_ZH, zh);
        event_text_message(site, event, context->raised, LANGUAGE_EN, en);
    }
    event_json_texts(scribe, "text", zh, en);
}

static void event_json_response(struct scribe *scribe, const struct site *site,
                                const struct core_event *event, struct wall raised) {
    char zh[EVENT_TEXT_SIZE];
    char en[EVENT_TEXT_SIZE];
    event_text_response(site, event, raised, LANGUAGE_ZH, zh);
    event_text_response(site, event, raised, LANGUAGE_EN, en);
    event_json_texts(scribe, "response", zh, en);
}

void event_json_time(struct scribe *scribe, struct wall wall) {
    char text[CLOCK_TEXT_SIZE];
    if (wall.ns == 0) {
        scribe_raw(scribe, "null");
        return;
    }
    clock_format(wall, text);
    scribe_string(scribe, text, sizeof text);
}

/* Value, unit and quality of the reading that decided. */
static void event_json_reading(struct scribe *scribe, const struct site *site,
                               const struct core_event *event, bool has_value) {
    const char *unit = "";
    if (event->point != RULESET_NONE) {
        enum point_kind kind = (enum point_kind)site->ruleset.points[event->point].kind;
        unit = unit_facts(point_kind_facts(kind)->unit)->name;
    }
    event_json_key(scribe, "value");
    if (has_value && quality_usable(event->quality)) {
        scribe_number(scribe, event->value);
    } else {
        scribe_raw(scribe, "null");
    }
    event_json_key(scribe, "unit");
    if (*unit == '\0') {
        scribe_raw(scribe, "null");
    } else {
        scribe_string(scribe, unit, ID_MAX);
    }
    event_json_string(scribe, "quality", quality_name(event->quality), ID_MAX);
    event_json_key(scribe, "measured");
    event_json_time(scribe, event->measured);
}

static void event_json_actor(struct scribe *scribe, const struct command *command) {
    event_json_key(scribe, "actor");
    if (command == NULL) {
        scribe_raw(scribe, "null");
        return;
    }
    scribe_string(scribe, command->actor, ACTOR_MAX);
    if (command->role < ROLE_COUNT) {
        event_json_string(scribe, "role", role_name(command->role), ID_MAX);
    }
    if (command->second_actor[0] != '\0' && command->second_role < ROLE_COUNT) {
        event_json_string(scribe, "second_actor", command->second_actor, ACTOR_MAX);
        event_json_string(scribe, "second_role", role_name(command->second_role), ID_MAX);
    }
    if (command->reason[0] != '\0') {
        event_json_string(scribe, "reason", command->reason, REASON_MAX);
    }
}

static void event_json_state(struct scribe *scribe, const struct alarm_axes *axes) {
    event_json_flag(scribe, "{\"active\":", axes->active);
    event_json_flag(scribe, ",\"acked\":", axes->acked);
    event_json_flag(scribe, ",\"latched\":", axes->latched);
    event_json_flag(scribe, ",\"attended\":", axes->attended);
    event_json_string(scribe, "suppression", suppression_name(alarm_axes_suppression(*axes)),
                      ID_MAX);
    event_json_flag(scribe, ",\"silenced\":", axes->silenced);
    event_json_flag(scribe, ",\"test\":", axes->test);
    scribe_raw(scribe, "}");
}

/* What else marks this moment in the life of the alarm; most moments are not marked. */
static void event_json_course(struct scribe *scribe, const struct core_event *event) {
    if (event->raises > 1) {
        event_json_key(scribe, "raises");
        scribe_count(scribe, event->raises);
    }
    if (event->axes.investigated) {
        event_json_string(scribe, "investigated", event->axes.real ? "real" : "false", ID_MAX);
    }
    if (event->axes.chattering) {
        event_json_key(scribe, "chattering");
        scribe_raw(scribe, "true");
    }
    if (event->incident > 0) {
        event_json_key(scribe, "incident");
        scribe_count(scribe, event->incident);
    }
    if (event->disposition != DISPOSITION_UNSTATED || event->type == EVENT_ALARM_CLOSED) {
        event_json_string(scribe, "disposition", disposition_name(event->disposition), ID_MAX);
    }
    if (event->until.ns != 0) {
        event_json_key(scribe, "until");
        event_json_time(scribe, event->until);
    }
}

bool event_json_to(const struct site *site, const struct chain_step *step,
                   char ret[EVENT_JSON_TO_SIZE]) {
    switch ((enum chain_to)step->to) {
    case CHAIN_TO_NOBODY:
        return false;
    case CHAIN_TO_ROLE:
        (void)snprintf(ret, EVENT_JSON_TO_SIZE, "role %s", role_name((enum role)step->receiver));
        break;
    case CHAIN_TO_SHIFT:
        (void)snprintf(ret, EVENT_JSON_TO_SIZE, "shift %s",
                       site_text(site, site->shifts[step->receiver].id));
        break;
    case CHAIN_TO_PERSON:
        (void)snprintf(ret, EVENT_JSON_TO_SIZE, "person");
        break;
    case CHAIN_TO_EVERYONE:
        (void)snprintf(ret, EVENT_JSON_TO_SIZE, "everyone");
        break;
    }
    return true;
}

/* Which step of the alarm's chain has come, whom it tells and how, and why it comes now. */
static void event_json_step(struct scribe *scribe, const struct site *site,
                            const struct core_event *event) {
    const struct ruleset_rule *rule = &site->ruleset.rules[site->ruleset.alarms[event->alarm].rule];
    const struct ruleset_chain *chain = &site->ruleset.chains[rule->chain];
    const struct chain_step *step =
        &site->ruleset.steps[chain->step_first + event->escalation.step - 1];
    event_json_key(scribe, "step");
    scribe_count(scribe, event->escalation.step);
    event_json_key(scribe, "steps");
    scribe_count(scribe, chain->step_count);
    event_json_key(scribe, "run");
    scribe_count(scribe, event->escalation.run);
    char to[EVENT_JSON_TO_SIZE];
    char zh[AUDIENCE_WORDS_SIZE], en[AUDIENCE_WORDS_SIZE];
    if (event_json_to(site, step, to)) {
        event_json_string(scribe, "to", to, sizeof to);
    } else {
        event_json_key(scribe, "to");
        scribe_raw(scribe, "null");
    }
    audience_words(site, (enum chain_to)step->to, step->receiver, LANGUAGE_ZH, zh);
    audience_words(site, (enum chain_to)step->to, step->receiver, LANGUAGE_EN, en);
    event_json_texts(scribe, "to_name", zh, en);
    if (event->escalation.on_duty != TRUTH_UNKNOWN) {
        event_json_key(scribe, "on_duty");
        scribe_raw(scribe, event->escalation.on_duty == TRUTH_TRUE ? "true" : "false");
    }
    event_json_key(scribe, "by");
    const char *by = "null";
    if (step->webhook != CHAIN_NO_WEBHOOK) {
        by = site->webhooks[step->webhook].url != 0 ? "\"webhook\"" : "\"push\"";
    }
    scribe_raw(scribe, by);
    event_json_key(scribe, "outputs");
    scribe_raw(scribe, "[");
    const char *between = "";
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        if ((step->outputs >> kind & 1) != 0) {
            scribe_raw(scribe, between);
            scribe_string(scribe, point_kind_facts(kind)->name, ID_MAX);
            between = ",";
        }
    }
    scribe_raw(scribe, "]");
    event_json_string(scribe, "reason",
                      event->escalation.reason == CHAIN_REASON_NO_RECEIVER ? "no_receiver" : "due",
                      ID_MAX);
    /* Whoever is to confirm has no longer than this: a later step that was merely due tells that somebody has. */
    event_json_key(scribe, "receipt_s");
    scribe_count(scribe, site->ruleset.times->receipt_s +
                             ruleset_gather_ns(&site->ruleset, event->alarm) / NS_PER_S);
}

/* Who is called still, where that may have changed. */
static void event_json_calling(struct scribe *scribe, const struct core_event *event,
                               uint32_t roles) {
    const char *between = "";
    if (event->type != EVENT_ALARM_ACKNOWLEDGED && event->type != EVENT_ALARM_ESCALATED) {
        return;
    }
    event_json_key(scribe, "calling");
    scribe_raw(scribe, "[");
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        if ((roles >> role & 1) != 0) {
            scribe_raw(scribe, between);
            scribe_string(scribe, role_name(role), ID_MAX);
            between = ",";
        }
    }
    scribe_raw(scribe, "]");
}

/* How a component was lost that nobody saw go, and for how long it was. */
static void event_json_lost(struct scribe *scribe, const struct site *site,
                            const struct core_event *event, const struct event_loss *loss) {
    char how[LOSS_TEXT_SIZE];
    if (!event_is_of_loss(site, event, loss)) {
        return;
    }
    loss_text(loss->end, loss->code, false, how);
    event_json_key(scribe, "lost");
    scribe_raw(scribe, "{\"how\":");
    scribe_string(scribe, how, sizeof how);
    event_json_key(scribe, "since");
    event_json_time(scribe, (struct wall){event->wall.ns - (int64_t)loss->gone_ns});
    event_json_key(scribe, "gone_ms");
    scribe_count(scribe, loss->gone_ns / NS_PER_MS);
    scribe_raw(scribe, "}");
}

static void event_json_alarm(struct scribe *scribe, const struct site *site,
                             const struct core_event *event, const struct event_context *context) {
    const struct ruleset_alarm *alarm = &site->ruleset.alarms[event->alarm];
    const struct ruleset_rule *rule = &site->ruleset.rules[alarm->rule];
    scribe_raw(scribe, "{\"rule\":");
    scribe_string(scribe, site_text(site, site->rules[alarm->rule].id), ID_MAX);
    event_json_string(scribe, "class", alarm_class_facts((enum alarm_class)rule->class)->name,
                      ID_MAX);
    event_json_string(scribe, "priority", priority_name((enum priority)alarm->priority), ID_MAX);
    event_json_key(scribe, "place");
    event_json_place(scribe, site, event->place);
    event_json_key(scribe, "state");
    event_json_state(scribe, &event->axes);
    event_json_key(scribe, "occurrence");
    scribe_count(scribe, event->occurrence);
    event_json_course(scribe, event);
    event_json_lost(scribe, site, event, &context->loss);
    if (alarm->entity_kind == ENTITY_CERTIFICATE) {
        event_json_key(scribe, "ends");
        event_json_time(scribe, (struct wall){(int64_t)event->value * (int64_t)NS_PER_S});
    }
    if (event->type == EVENT_ALARM_ESCALATED && event->escalation.step > 0) {
        event_json_step(scribe, site, event);
    }
    event_json_calling(scribe, event, context->calling);
    /* The product's own rules look at states of the gateway, not at a value. */
    event_json_reading(scribe, site, event,
                       event->point != RULESET_NONE || rule->builtin == BUILTIN_NONE);
    event_json_message(scribe, site, event, context);
    event_json_response(scribe, site, event, context->raised);
    event_json_actor(scribe, event->command);
    scribe_raw(scribe, "}");
}

/* A generation as people and files are told of it; null for one that is not known. */
static void event_json_generation(struct scribe *scribe, const char *key, uint64_t generation) {
    char text[17];
    event_json_key(scribe, key);
    if (generation == 0) {
        scribe_raw(scribe, "null");
        return;
    }
    (void)snprintf(text, sizeof text, "%016" PRIx64, generation);
    scribe_string(scribe, text, sizeof text);
}

/* What the gateway says of itself: the class of it, as alarms have one, and how much. */
static void event_json_own(struct scribe *scribe, const struct site *site,
                           const struct core_event *event) {
    if (event->type == EVENT_SYSTEM_CLOCK_STEPPED) {
        event_json_string(scribe, "class", alarm_class_facts(CLASS_SYSTEM_CLOCK)->name, ID_MAX);
        event_json_key(scribe, "step_s");
        scribe_number(scribe, (double)event->step_ns / (double)NS_PER_S);
    } else if (event->type == EVENT_SYSTEM_CONFIG_CHANGED ||
               event->type == EVENT_SYSTEM_CONFIG_REFUSED) {
        event_json_string(scribe, "class", alarm_class_facts(CLASS_SYSTEM_CONFIG_CHANGED)->name,
                          ID_MAX);
        event_json_generation(scribe, "generation", site->header->generation);
    } else if (event->type == EVENT_SYSTEM_WALK_TEST_DUE) {
        event_json_key(scribe, "untested");
        scribe_count(scribe, event->count);
    }
    if (event->type == EVENT_SYSTEM_CONFIG_CHANGED) {
        event_json_generation(scribe, "generation_before", event->generation);
    }
}

static void event_json_activity(struct scribe *scribe, const struct site *site,
                                const struct core_event *event,
                                const struct event_context *context) {
    scribe_raw(scribe, "{\"place\":");
    event_json_place(scribe, site, event->place);
    event_json_key(scribe, "point");
    if (event->point == RULESET_NONE) {
        scribe_raw(scribe, "null");
    } else {
        scribe_string(scribe, site_text(site, site->points[event->point].id), ID_MAX);
        event_json_key(scribe, "measured");
        event_json_time(scribe, event->measured);
    }
    if (event->until.ns != 0) {
        event_json_key(scribe, "until");
        event_json_time(scribe, event->until);
    }
    if (event->incident > 0) {
        event_json_key(scribe, "incident");
        scribe_count(scribe, event->incident);
    }
    if (event->command != NULL) {
        event_json_actor(scribe, event->command);
    }
    event_json_own(scribe, site, event);
    event_json_message(scribe, site, event, context);
    scribe_raw(scribe, "}");
}

/* What the event is about: the alarm's entity, the point, the place or the gateway. */
static void event_json_subject(struct scribe *scribe, const struct site *site,
                               const struct core_event *event) {
    char entity[SITE_ENTITY_SIZE];
    if (event->alarm != RULESET_NONE) {
        site_entity_format(site, event->alarm, entity);
        event_json_string(scribe, "subject", entity, ID_MAX);
    } else if (event->point != RULESET_NONE) {
        event_json_string(scribe, "subject", site_text(site, site->points[event->point].id),
                          ID_MAX);
    } else if (event->place != RULESET_NONE) {
        event_json_string(scribe, "subject", site_text(site, site->places[event->place].id),
                          ID_MAX);
    } else {
        event_json_string(scribe, "subject", "gateway", ID_MAX);
    }
}

/* What every event begins with, up to its subject. */
void event_json_head(struct scribe *scribe, const struct site *site, unsigned type) {
    /* Ids are [a-z0-9-] and need no escaping. */
    scribe_raw(scribe, ",\"source\":\"/tocsin/");
    scribe_raw(scribe, site_text(site, site->header->site_id));
    scribe_raw(scribe, "/");
    scribe_raw(scribe, site_text(site, site->header->gateway_id));
    scribe_raw(scribe, "\",\"type\":\"tocsin.");
    scribe_raw(scribe, event_type_name(type));
    scribe_raw(scribe, "\"");
}

/* When it was, by both clocks, and what the wall clock is worth. */
void event_json_moment(struct scribe *scribe, const struct event_moment *moment) {
    event_json_key(scribe, "time");
    event_json_time(scribe, moment->wall);
    event_json_key(scribe, "monotonicms");
    scribe_count(scribe, moment->at.ns / NS_PER_MS);
    event_json_string(scribe, "clock", moment->clock_behind ? "behind" : "good", ID_MAX);
}

/* What an input says beside its truth of a component that was lost before it could be seen. */
static struct event_loss event_loss_of(const struct input *input) {
    bool told = input->kind == INPUT_COMPONENT && input->state == TRUTH_FALSE;
    return (struct event_loss){
        .end = told && input->step < LOSS_END_COUNT ? (enum loss_end)input->step : LOSS_UNKNOWN,
        .code = input->run,
        .component = input->subject,
        .gone_ns = input->age_ns,
    };
}

static uint32_t event_calling(const struct site *site, const struct core *core,
                              const struct core_event *event) {
    struct chain_record record;
    if (event->alarm == RULESET_NONE) {
        return 0;
    }
    core_record_chain(core, event->alarm, event->at, &record);
    return calling_roles(&site->ruleset, event->alarm, &record);
}

struct event_context event_context_of(const struct site *site, const struct core *core,
                                      const struct input *input, const struct core_event *event) {
    return (struct event_context){
        .loss = event_loss_of(input),
        .raised =
            event->alarm == RULESET_NONE ? event->wall : core_alarm(core, event->alarm)->raised,
        .calling = event_calling(site, core, event),
        .clock_behind = core_clock_behind_ns(core, event->at) > 0,
    };
}

void event_json_format(const struct site *site, const struct core_event *event,
                       const struct event_context *context, struct event_json *ret) {
    const struct event_moment moment = {
        .at = event->at, .wall = event->wall, .clock_behind = context->clock_behind};
    struct scribe scribe = {.at = ret->text, .size = sizeof ret->text};
    event_json_head(&scribe, site, event->type);
    event_json_subject(&scribe, site, event);
    event_json_moment(&scribe, &moment);
    ret->split = scribe.used;
    event_json_key(&scribe, "data");
    if (event->alarm != RULESET_NONE) {
        event_json_alarm(&scribe, site, event, context);
    } else {
        event_json_activity(&scribe, site, event, context);
    }
    scribe_raw(&scribe, "}");
    assert(!scribe.full);
    ret->size = scribe.used;
}

/* ---- alarms whose rule is gone ---- */

/* Copy the string value of the first `key` (given as `"key":"`), if it is there and fits. */
static void ended_find(const char *body, size_t size, const char *key, char *ret, size_t ret_size) {
    const char *at = memmem(body, size, key, strlen(key));
    if (at == NULL) {
        return;
    }
    at += strlen(key);
    const char *end = memchr(at, '"', size - (size_t)(at - body));
    if (end != NULL && (size_t)(end - at) < ret_size) {
        memcpy(ret, at, (size_t)(end - at));
        ret[end - at] = '\0';
    }
}

void event_json_ended_learn(struct event_json_ended *ended, const char *body, size_t size) {
    ended_find(body, size, "\"class\":\"", ended->class_name, sizeof ended->class_name);
    ended_find(body, size, "\"priority\":\"", ended->priority, sizeof ended->priority);
    ended_find(body, size, "\"place\":\"", ended->place, sizeof ended->place);
}

/* A string, or null for one that is not known. */
static void ended_string(struct scribe *scribe, const char *key, const char *text) {
    event_json_key(scribe, key);
    if (*text == '\0') {
        scribe_raw(scribe, "null");
    } else {
        scribe_string(scribe, text, ID_MAX);
    }
}

static bool ended_is_rule_there(const struct site *site, const char *rule) {
    for (uint32_t i = 0; i < site->ruleset.rule_count; i++) {
        if (strcmp(site_text(site, site->rules[i].id), rule) == 0) {
            return true;
        }
    }
    return false;
}

static void ended_data(struct scribe *scribe, const struct site *site,
                       const struct event_json_ended *ended) {
    const struct alarm_axes axes = {.acked = ended->acked, .attended = ended->attended};
    char rule[SITE_ALARM_NAME_SIZE];
    (void)snprintf(rule, sizeof rule, "%.*s", (int)strcspn(ended->name, "/"), ended->name);
    bool is_rule_there = ended_is_rule_there(site, rule);
    scribe_raw(scribe, "{\"rule\":");
    scribe_string(scribe, rule, ID_MAX);
    ended_string(scribe, "class", ended->class_name);
    ended_string(scribe, "priority", ended->priority);
    ended_string(scribe, "place", ended->place);
    event_json_key(scribe, "state");
    event_json_state(scribe, &axes);
    event_json_key(scribe, "occurrence");
    scribe_count(scribe, ended->occurrence);
    scribe_raw(scribe, ",\"value\":null,\"unit\":null,\"quality\":\"uncertain\",\"measured\":null");
    if (is_rule_there) {
        event_json_texts(
            scribe, "text",
            "此告警的地点、测点或设备已从配置中删除或改名，或不再属于该规则，告警随之关闭；"
            "险情是否解除未知，请到现场查看",
            "its place, point or device was removed from the site or renamed, or its "
            "rule is no longer for it, which closes this alarm; whether the danger is "
            "over is not known: look at the place");
    } else {
        event_json_texts(scribe, "text",
                         "此告警的规则已从配置中删除，告警随之关闭；险情是否解除未知，请到现场查看",
                         "its rule was removed from the site, which closes this alarm; whether the "
                         "danger is over is not known: look at the place");
    }
    event_json_texts(scribe, "response", "", "");
    event_json_actor(scribe, NULL);
    event_json_string(scribe, "reason", is_rule_there ? "entity removed" : "rule removed",
                      REASON_MAX);
    scribe_raw(scribe, "}");
}

void event_json_format_ended(const struct site *site, const struct event_json_ended *ended,
                             struct event_json *ret) {
    struct scribe scribe = {.at = ret->text, .size = sizeof ret->text};
    const char *entity = ended->name + strcspn(ended->name, "/");
    event_json_head(&scribe, site, EVENT_ALARM_CLOSED);
    event_json_string(&scribe, "subject", *entity == '/' ? entity + 1 : entity, ID_MAX);
    event_json_moment(&scribe, &ended->moment);
    ret->split = scribe.used;
    event_json_key(&scribe, "data");
    ended_data(&scribe, site, ended);
    scribe_raw(&scribe, "}");
    assert(!scribe.full);
    ret->size = scribe.used;
}

void event_json_format_test_ended(const struct site *site, const char *place,
                                  const struct event_moment *moment, struct event_json *ret) {
    struct scribe scribe = {.at = ret->text, .size = sizeof ret->text};
    event_json_head(&scribe, site, EVENT_TEST_ENDED);
    event_json_string(&scribe, "subject", place, ID_MAX);
    event_json_moment(&scribe, moment);
    ret->split = scribe.used;
    scribe_raw(&scribe, ",\"data\":{\"place\":");
    scribe_string(&scribe, place, ID_MAX);
    scribe_raw(&scribe, ",\"point\":null");
    event_json_texts(&scribe, "text", "测试中的地点已从配置中删除，测试随之结束",
                     "the place under test was removed from the site, which ends the test");
    event_json_string(&scribe, "reason", "place removed", REASON_MAX);
    scribe_raw(&scribe, "}}");
    assert(!scribe.full);
    ret->size = scribe.used;
}
