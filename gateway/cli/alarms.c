/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/alarms.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/session.h"
#include "gateway/cli/table.h"
#include "gateway/cli/words.h"

static const struct arguments_words usage = {
    {"用法：tocsin alarms [选项]...\n"
     "\n"
     "显示未恢复正常或被人搁置的告警，最严重的在前。引擎不在时退出码为 1：此时显示的是过去的状态。\n",
     "Usage: tocsin alarms [OPTION]...\n"
     "\n"
     "Show the alarms that are not normal, or that people have put away, the gravest first. Exit\n"
     "code 1 when the engine is away: what is shown then is the past.\n"}};

enum { COLUMNS = 6 };

static void alarms_collect(void *context, const json_t *row) {
    (void)json_array_append(context, (json_t *)row);
}

static int alarms_rank(const json_t *alarm) {
    const char *priority = member_text(alarm, "priority");
    return (int)priority_find(priority, strlen(priority));
}

/* What is sorted. */
struct standing {
    const json_t *alarm;
};

/* By priority, then the newest last, as with events. */
static int alarms_compare(const void *a, const void *b) {
    const json_t *left = ((const struct standing *)a)->alarm;
    const json_t *right = ((const struct standing *)b)->alarm;
    int rank = alarms_rank(left) - alarms_rank(right);
    return rank != 0 ? rank : strcmp(member_text(left, "raised"), member_text(right, "raised"));
}

/* Where it is in its life, and what is still missing before somebody can reset it. */
static void alarms_state(const struct reader *reader, const json_t *alarm, char *ret, size_t size) {
    const char *name = member_text(alarm, "state_name");
    const json_t *state = json_object_get(alarm, "state");
    bool unattended = strcmp(name, "latched_acked") == 0 &&
                      json_is_true(json_object_get(alarm, "attend_required"));
    /* Whoever acknowledged in a role that is not called has ended no calls. */
    bool calling = json_array_size(json_object_get(alarm, "calling")) > 0 &&
                   json_is_true(json_object_get(state, "acked"));
    (void)snprintf(ret, size, "%s%s",
                   unattended
                       ? reader_text(reader, "已恢复·锁存·待到场", "over, latched, to be attended")
                       : words_state(reader, name),
                   calling ? reader_text(reader, "·仍在呼叫", ", still calling") : "");
    words_marks(reader, state, ret, size);
}

static void alarms_row(const struct reader *reader, struct table *table, const json_t *alarm) {
    char raised[32];
    char state[192];
    bool normal = json_is_true(json_object_get(alarm, "normal"));
    const char *priority = member_text(alarm, "priority");
    const char *place = reader_pick(reader, json_object_get(alarm, "place_name"));
    reader_time(json_string_value(json_object_get(alarm, "raised")), READER_MOMENT, raised,
                sizeof raised);
    alarms_state(reader, alarm, state, sizeof state);
    const char *const texts[COLUMNS] = {
        words_priority(reader, priority),
        raised,
        place[0] == '\0' ? "-" : place,
        state,
        reader_pick(reader, json_object_get(alarm, "text")),
        member_text(alarm, "alarm"),
    };
    table_add(table, normal ? TONE_DIM : words_priority_tone(priority), texts);
}

static void alarms_print(struct session *session, const json_t *rows) {
    size_t count = json_array_size(rows);
    struct standing *sorted = calloc(count, sizeof *sorted);
    struct table table;
    assert(sorted != NULL);
    for (size_t i = 0; i < count; i++) {
        sorted[i].alarm = json_array_get(rows, i);
    }
    qsort(sorted, count, sizeof *sorted, alarms_compare);
    table_init(&table, COLUMNS);
    for (size_t i = 0; i < count; i++) {
        alarms_row(&session->reader, &table, sorted[i].alarm);
    }
    table_print(&table, &session->reader);
    table_deinit(&table);
    free(sorted);
}

static int alarms_run(struct session *session) {
    json_t *rows = json_array();
    session_learn_places(session);
    int r = session_each(session, session->options->all ? "/api/v1/alarms?all=1" : "/api/v1/alarms",
                         "alarms", alarms_collect, rows);
    size_t index = 0;
    json_t *row = NULL;
    if (session->options->json) {
        json_array_foreach(rows, index, row) {
            session_print_json(session, row);
        }
    } else if (json_array_size(rows) > 0) {
        alarms_print(session, rows);
    } else if (r == EXIT_DONE) {
        reader_put(&session->reader, TONE_GOOD,
                   reader_text(&session->reader, "没有告警", "No alarms"));
        (void)fputc('\n', session->reader.out);
    }
    json_decref(rows);
    return r;
}

int alarms_main(int argc, char **argv) {
    static const struct options_form form = {
        .taken = OPTION_ALL | OPTION_JSON,
        .usage = &usage,
        .operands = {{"不带参数；单个告警见 `--all`",
                      "takes no arguments; one alarm is among `--all`"}},
    };
    return session_main(argc, argv, &form, alarms_run);
}
