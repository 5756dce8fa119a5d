/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/walk_test.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/cli/session.h"
#include "gateway/cli/table.h"
#include "rules/kind.h"

enum { COLUMNS = 4, PAGE_EVENTS = 1000 };

static const struct arguments_words usage = {
    {"用法：tocsin walk-test PLACE [选项]...\n"
     "\n"
     "显示一个地点的哪些按钮和探测器在本次或上一次测试中触发过。用 `tocsin test begin PLACE` 开始测试。\n"
     "还有未触发的，退出码为 1。\n",
     "Usage: tocsin walk-test PLACE [OPTION]...\n"
     "\n"
     "Show which buttons and detectors of a place have been tripped in the test that runs, or in the\n"
     "last one. Begin a test with `tocsin test begin PLACE`. Exit code 1 while one of them was not\n"
     "tripped.\n"}};

struct walk {
    struct session *session;
    const char *place;
    json_t *tripped; /* by point id: when */
    bool begun;      /* the beginning of the test was found */
    bool over;
    uint64_t oldest; /* seq of the oldest event that was read */
    struct table table;
    uint32_t missing;
};

/* Events come newest first; those before the beginning of the test are not its. */
static void walk_event(struct walk *walk, const json_t *event) {
    const json_t *data = json_object_get(event, "data");
    const char *type = member_text(event, "type");
    const char *place = member_text(data, "place");
    walk->oldest = (uint64_t)json_integer_value(json_object_get(event, "sequence"));
    if (walk->begun) {
        return;
    } else if (strcmp(type, "tocsin.test.begun") == 0) {
        walk->begun = site_place_is_within(walk->place, place);
    } else if (strcmp(type, "tocsin.test.ended") == 0) {
        walk->over = walk->over || site_place_is_within(walk->place, place);
    } else if (strcmp(type, "tocsin.test.tripped") == 0) {
        (void)json_object_set(walk->tripped, member_text(data, "point"),
                              json_object_get(event, "time"));
    }
}

/* Read back to the beginning of the newest test. */
static int walk_read(struct walk *walk) {
    bool more = true;
    walk->oldest = INT64_MAX;
    while (more && !walk->begun) {
        char path[160];
        json_t *answer = NULL;
        (void)snprintf(path, sizeof path,
                       "/api/v1/events?lane=activity&newest=1&limit=%d&before=%" PRIu64,
                       (int)PAGE_EVENTS, walk->oldest);
        int r = session_ask(walk->session, path, NULL, &answer);
        if (r != EXIT_DONE) {
            return r;
        }
        const json_t *events = json_object_get(answer, "events");
        size_t index = 0;
        const json_t *event = NULL;
        json_array_foreach(events, index, event) {
            walk_event(walk, event);
        }
        more = json_array_size(events) > 0;
        json_decref(answer);
    }
    return EXIT_DONE;
}

static bool walk_is_about(const char *kind_name) {
    enum point_kind kind = point_kind_find(kind_name, strlen(kind_name));
    return kind < POINT_KIND_COUNT && point_kind_facts(kind)->serves_emergency &&
           kind != POINT_FIRE_PANEL_FAULT;
}

static void walk_point(void *context, const json_t *point) {
    struct walk *walk = context;
    const struct reader *reader = &walk->session->reader;
    const char *id = member_text(point, "point");
    const char *kind = member_text(point, "kind");
    const json_t *when = json_object_get(walk->tripped, id);
    if (!walk_is_about(kind)) {
        return;
    }
    walk->missing += when == NULL;
    if (walk->session->options->json) {
        json_t *row = json_pack("{s:s, s:s, s:s, s:b, s:O?}", "point", id, "kind", kind, "place",
                                member_text(point, "place"), "tested", when != NULL, "at", when);
        session_print_json(walk->session, row);
        json_decref(row);
        return;
    }
    char time[32] = "";
    if (when != NULL) {
        reader_time(json_string_value(when), READER_MOMENT, time, sizeof time);
    }
    const char *const texts[COLUMNS] = {
        when != NULL ? time : reader_text(reader, "从未触发", "never tripped"),
        reader_place_name(reader, member_text(point, "place")),
        kind,
        id,
    };
    table_add(&walk->table, when != NULL ? TONE_GOOD : TONE_WARNING, texts);
}

/* One line on how the test stands. */
static void walk_conclude(const struct walk *walk) {
    const struct reader *reader = &walk->session->reader;
    if (walk->missing > 0) {
        (void)fprintf(reader->out, "%s: %" PRIu32 "\n",
                      reader_text(reader, "尚未测试", "not tested"), walk->missing);
    } else {
        (void)fprintf(reader->out, "%s\n", reader_text(reader, "全部已测试", "all tested"));
    }
    (void)fprintf(reader->out, "%s\n",
                  walk->over ? reader_text(reader, "测试已结束", "The test is over")
                             : reader_text(reader, "测试进行中，告警只作标记",
                                           "The test is running: nobody is called"));
}

/* Is it a place of the site, as far as the gateway has told them? Says what it is if not. */
static bool walk_is_place(const struct session *session, const char *place) {
    const struct reader *reader = &session->reader;
    const char *near = NULL;
    const char *id;
    json_t *name;
    if (json_object_size(reader->places) == 0 || json_object_get(reader->places, place) != NULL) {
        return true;
    }
    json_object_foreach(reader->places, id, name) {
        near = near == NULL && strstr(id, place) != NULL ? id : near;
    }
    (void)fprintf(stderr, "tocsin %s: %s `%s`: ", session->command,
                  reader_text(reader, "没有此地点", "there is no place"), place);
    if (near != NULL) {
        (void)fprintf(stderr, "%s `%s`?\n", reader_text(reader, "是不是", "did you mean"), near);
    } else {
        (void)fprintf(
            stderr, "%s\n",
            reader_text(reader, "地点名称见 `tocsin points`", "`tocsin points` shows the places"));
    }
    return false;
}

static int walk_run(struct session *session) {
    char escaped[512];
    char path[640];
    struct walk walk = {
        .session = session,
        .place = session->options->operands[0],
        .tripped = json_object(),
    };
    session_learn_places(session);
    int r = walk_is_place(session, walk.place) ? walk_read(&walk) : EXIT_USAGE;
    if (r == EXIT_DONE && !walk.begun) {
        (void)fprintf(
            stderr, "tocsin %s: %s (%s)\n", session->command,
            reader_text(&session->reader, "此地点没有测试记录", "it was never under test"),
            walk.place);
        r = EXIT_FAILED;
    }
    if (r == EXIT_DONE) {
        table_init(&walk.table, COLUMNS);
        client_escape(walk.place, escaped, sizeof escaped);
        (void)snprintf(path, sizeof path, "/api/v1/points?place=%s", escaped);
        r = session_each(session, path, "points", walk_point, &walk);
        table_print(&walk.table, &session->reader);
        table_deinit(&walk.table);
    }
    if (r == EXIT_DONE && !session->options->json) {
        walk_conclude(&walk);
    }
    json_decref(walk.tripped);
    return r == EXIT_DONE && walk.missing > 0 ? EXIT_FAILED : r;
}

int walk_test_main(int argc, char **argv) {
    const struct options_form form = {
        .taken = OPTION_JSON,
        .usage = &usage,
        .operands_min = 1,
        .operands_max = 1,
        .operands = {{"接受一个 PLACE，见 `tocsin points`",
                      "takes one PLACE, as `tocsin points` shows it"}},
    };
    return session_main(argc, argv, &form, walk_run);
}
