/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/points.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/cli/session.h"
#include "gateway/cli/table.h"
#include "gateway/cli/words.h"

static const struct arguments_words usage = {
    {"用法：tocsin points [PLACE] [选项]...\n"
     "\n"
     "显示每个传感器的当前值；给出 PLACE（如 `care/day-care`）时，只显示该地点及其下级。\n"
     "无人再确认的值为过期。引擎不在时退出码为 1。\n",
     "Usage: tocsin points [PLACE] [OPTION]...\n"
     "\n"
     "Show the present value of every sensor, of PLACE and all below it if given (`care/day-care`).\n"
     "A value that nobody confirms any more is stale. Exit code 1 when the engine is away.\n"}};

enum { COLUMNS = 6, WATCH_S = 1 };

/* One look at the points. */
struct look {
    struct session *session;
    struct table table;
    json_t *before; /* point id -> value and quality when last shown; NULL: show all */
};

static void points_value(const json_t *point, char *ret, size_t size) {
    const json_t *value = json_object_get(point, "value");
    const char *unit = member_text(point, "unit");
    if (!json_is_number(value)) {
        (void)snprintf(ret, size, "-");
    } else {
        (void)snprintf(ret, size, "%.6g%s%s", json_number_value(value), unit[0] == '\0' ? "" : " ",
                       unit);
    }
}

static void points_age(const json_t *point, char *ret, size_t size) {
    const json_t *age = json_object_get(point, "age_ms");
    json_int_t seconds = json_integer_value(age) / 1000;
    if (!json_is_integer(age)) {
        (void)snprintf(ret, size, "-");
    } else if (seconds < 120) {
        (void)snprintf(ret, size, "%" PRId64 " s", (int64_t)seconds);
    } else if (seconds < 7200) {
        (void)snprintf(ret, size, "%" PRId64 " min", (int64_t)(seconds / 60));
    } else {
        (void)snprintf(ret, size, "%" PRId64 " h", (int64_t)(seconds / 3600));
    }
}

/* Has the point changed since it was shown? Remembers it as shown. */
static bool points_is_news(const struct look *look, const json_t *point) {
    if (look->before == NULL) {
        return true;
    }
    const char *id = member_text(point, "point");
    json_t *now =
        json_pack("[O, O]", json_object_get(point, "value"), json_object_get(point, "quality"));
    bool news = json_equal(json_object_get(look->before, id), now) == 0;
    (void)json_object_set_new(look->before, id, now);
    return news;
}

static void points_row(void *context, const json_t *point) {
    struct look *look = context;
    const struct reader *reader = &look->session->reader;
    if (!points_is_news(look, point)) {
        return;
    }
    if (look->session->options->json) {
        session_print_json(look->session, point);
        return;
    }
    char value[64];
    char age[32];
    const char *quality = member_text(point, "quality");
    bool never = json_is_null(json_object_get(point, "age_ms"));
    points_value(point, value, sizeof value);
    points_age(point, age, sizeof age);
    const char *const texts[COLUMNS] = {
        reader_place_name(reader, member_text(point, "place")),
        member_text(point, "kind"),
        value,
        never ? reader_text(reader, "尚无", "none yet") : words_quality(reader, quality),
        age,
        member_text(point, "point"),
    };
    /* Of a card reader that had no card yet nothing is known, and nothing is wrong with it. */
    bool calm = strcmp(quality, "good") == 0 || strcmp(quality, "unknown") == 0;
    table_add(&look->table, calm ? TONE_PLAIN : TONE_WARNING, texts);
}

static int points_look(struct session *session, json_t *before) {
    char escaped[512];
    char path[640];
    struct look look = {.session = session, .before = before};
    table_init(&look.table, COLUMNS);
    look.table.right[2] = true;
    look.table.right[4] = true;
    const char *place = session->options->operands[0];
    client_escape(place != NULL ? place : "", escaped, sizeof escaped);
    (void)snprintf(path, sizeof path, "/api/v1/points%s%s",
                   escaped[0] == '\0' ? "" : "?place=", escaped);
    int r = session_each(session, path, "points", points_row, &look);
    table_print(&look.table, &session->reader);
    table_deinit(&look.table);
    (void)fflush(session->reader.out);
    return r;
}

/* Until interrupted. A gateway that is away is waited for; the first look must succeed. */
static int points_watch(struct session *session) {
    bool page = isatty(fileno(session->reader.out)) && !session->options->json;
    json_t *before = page ? NULL : json_object();
    int r = EXIT_DONE;
    for (bool first = true;; first = false) {
        if (page) {
            (void)fputs("\033[H\033[2J", session->reader.out);
        }
        r = points_look(session, before);
        if (first && r != EXIT_DONE) {
            break;
        }
        const struct timespec wait = {.tv_sec = WATCH_S};
        (void)nanosleep(&wait, NULL);
    }
    json_decref(before);
    return r;
}

static int points_run(struct session *session) {
    session_learn_places(session);
    return session->options->watch ? points_watch(session) : points_look(session, NULL);
}

int points_main(int argc, char **argv) {
    static const struct options_form form = {
        .taken = OPTION_WATCH | OPTION_JSON,
        .usage = &usage,
        .operands_max = 1,
        .operands = {{"最多接受一个 PLACE", "takes one PLACE at most"}},
    };
    return session_main(argc, argv, &form, points_run);
}
