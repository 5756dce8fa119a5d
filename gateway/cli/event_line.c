/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/event_line.h"

#include <string.h>

#include "gateway/cli/words.h"

static const char type_prefix[] = "tocsin.";

static const char *event_member(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static void event_line_day(struct reader *reader, const char *time) {
    char day[sizeof reader->day];
    reader_time(time, READER_DAY, day, sizeof day);
    if (strcmp(day, reader->day) != 0) {
        memcpy(reader->day, day, sizeof day);
        (void)fprintf(reader->out, "── %s ──\n", day);
    }
}

/* Only what has just become worse stands out; what people did about it is plain. */
static enum tone event_line_tone(const char *type, const char *priority) {
    if (strcmp(type, "alarm.raised") == 0 || strcmp(type, "alarm.reraised") == 0) {
        return words_priority_tone(priority);
    }
    if (strcmp(type, "alarm.closed") == 0 || strcmp(type, "alarm.reset") == 0) {
        return TONE_GOOD;
    }
    return TONE_PLAIN;
}

/*
 * What has happened. An alarm that is put away when the test of its place ends begins anew as any other
 * (model.md 4 has no event of its own for it), but people are not called for it, and must not read so.
 */
static const char *event_line_word(const struct reader *reader, const char *type,
                                   const json_t *data) {
    const char *put_away = event_member(json_object_get(data, "state"), "suppression");
    bool calls = put_away[0] == '\0' || strcmp(put_away, suppression_name(SUPPRESSION_NONE)) == 0;
    return strcmp(type, "alarm.realarmed") == 0 && !calls
               ? reader_text(reader, "仍不通知", "nobody called")
               : words_event(reader, type);
}

/* Whom a step of a chain tells, and why it comes before its time. */
static void event_line_step(const struct reader *reader, const json_t *data) {
    const json_t *outputs = json_object_get(data, "outputs");
    size_t index;
    const json_t *output;
    char to[128];
    reader_put(reader, TONE_PLAIN, "  → ");
    const char *name = reader_pick(reader, json_object_get(data, "to_name"));
    words_receiver(reader, event_member(data, "to"), to, sizeof to);
    reader_put(reader, TONE_PLAIN, name[0] != '\0' ? name : to);
    json_array_foreach(outputs, index, output) {
        reader_put(reader, TONE_PLAIN, " + ");
        reader_put(reader, TONE_PLAIN, words_output(reader, json_string_value(output)));
    }
    if (strcmp(event_member(data, "reason"), "no_receiver") == 0) {
        reader_put(reader, TONE_WARNING,
                   reader_text(reader, "（上一步无人收到）", " (nobody received the step before)"));
    }
}

/* What was found, or what it turned out to be. */
static void event_line_finding(const struct reader *reader, const char *type, const json_t *data) {
    const char *found = strcmp(type, "alarm.investigated") == 0 ? event_member(data, "investigated")
                        : strcmp(type, "alarm.disposed") == 0   ? event_member(data, "disposition")
                                                                : "";
    if (found[0] != '\0') {
        reader_put(reader, TONE_PLAIN, "  → ");
        reader_put(reader, TONE_PLAIN, words_disposition(reader, found));
    }
}

/* Who acted and why, or else the name that `tocsin ack` wants. */
static void event_line_tail(const struct reader *reader, const json_t *event, const json_t *data) {
    const json_t *actor_body = json_object_get(data, "actor");
    const char *actor =
        json_is_object(actor_body) ? event_member(actor_body, "name") : event_member(data, "actor");
    const char *reason = json_is_object(actor_body) ? event_member(actor_body, "reason")
                                                    : event_member(data, "reason");
    const char *rule = event_member(data, "rule");
    char who[LIMIT_ACTOR + 32];
    if (actor[0] != '\0') {
        words_actor(reader, actor, who, sizeof who);
        reader_put(reader, TONE_PLAIN, "  ");
        reader_put(reader, TONE_PLAIN, who);
        reader_put(reader, TONE_PLAIN, reason[0] == '\0' ? "" : ": ");
        reader_put(reader, TONE_PLAIN, reason);
    } else if (rule[0] != '\0') {
        char name[SITE_ALARM_NAME_SIZE];
        (void)snprintf(name, sizeof name, "%s/%s", rule, event_member(event, "subject"));
        reader_put(reader, TONE_PLAIN, "  ");
        reader_put(reader, TONE_DIM, name);
    }
    if (json_integer_value(json_object_get(data, "incident")) > 0) {
        reader_put(reader, TONE_DIM,
                   reader_text(reader, "  （并入告警泛滥）", "  (folded into the alarm flood)"));
    }
    if (json_is_false(json_object_get(event, "durable"))) {
        reader_put(reader, TONE_WARNING,
                   reader_text(reader, "  （尚未写入记录）", "  (not recorded yet)"));
    }
}

/* The column grows with the names that come; a line once printed stays as it is. */
static void event_line_place(struct reader *reader, const char *name) {
    int width = text_columns(name);
    width = width < READER_PLACE_WIDTH_MAX ? width : READER_PLACE_WIDTH_MAX;
    reader->place_width = width > reader->place_width ? width : reader->place_width;
    reader_cell(reader, TONE_PLAIN, name, reader->place_width);
}

void event_line_print_marked(struct reader *reader, const char *mark, const json_t *event) {
    const json_t *data = json_object_get(event, "data");
    const char *type = event_member(event, "type");
    if (strncmp(type, type_prefix, sizeof type_prefix - 1) == 0) {
        type += sizeof type_prefix - 1;
    }
    const char *time = event_member(event, "time");
    const char *priority = event_member(data, "priority");
    priority = priority[0] == '\0' ? "journal" : priority;
    const char *place = event_member(data, "place");
    const char *text = reader_pick(reader, json_object_get(data, "text"));

    char clock[16];
    event_line_day(reader, time);
    reader_put(reader, TONE_PLAIN, mark);
    reader_time(time, READER_CLOCK, clock, sizeof clock);
    enum tone tone = event_line_tone(type, priority);
    reader_cell(reader, TONE_PLAIN, clock, 10);
    reader_cell(reader, tone, words_priority(reader, priority),
                reader->language == LANGUAGE_ZH ? 4 : 9);
    reader_cell(reader, TONE_PLAIN, "", 2);
    event_line_place(reader, reader_place_name(reader, place));
    reader_cell(reader, TONE_PLAIN, "", 2);
    reader_cell(reader, TONE_PLAIN, event_line_word(reader, type, data),
                reader->language == LANGUAGE_ZH ? 8 : 15);
    reader_cell(reader, TONE_PLAIN, "", 2);
    reader_put(reader, tone == TONE_DANGER ? TONE_WARNING : TONE_PLAIN,
               text[0] == '\0' ? event_member(event, "subject") : text);
    if (strcmp(type, "alarm.escalated") == 0) {
        event_line_step(reader, data);
    }
    event_line_finding(reader, type, data);
    event_line_tail(reader, event, data);
    (void)fputc('\n', reader->out);
    (void)fflush(reader->out);
}

void event_line_print(struct reader *reader, const json_t *event) {
    event_line_print_marked(reader, "", event);
}
