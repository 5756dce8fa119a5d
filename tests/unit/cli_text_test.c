/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How the command line prints and reads: widths of Chinese text, tables, event lines, options and
 * the stream's framing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/cli/client.h"
#include "gateway/cli/event_difference.h"
#include "gateway/cli/event_line.h"
#include "gateway/cli/events.h"
#include "gateway/cli/options.h"
#include "gateway/cli/reader.h"
#include "gateway/cli/sse.h"
#include "gateway/cli/table.h"
#include "tests/support/cmocka.h"

/* A reader that prints into memory. */
struct page {
    struct reader reader;
    char *text;
    size_t size;
};

static void page_open(struct page *page, enum site_language language) {
    FILE *out = open_memstream(&page->text, &page->size);
    assert_non_null(out);
    reader_init(&page->reader, out, language);
}

static void page_expect(struct page *page, const char *wanted) {
    assert_int_equal(fflush(page->reader.out), 0);
    assert_string_equal(page->text, wanted);
}

static void page_close(struct page *page) {
    (void)fclose(page->reader.out);
    reader_deinit(&page->reader);
    free(page->text);
}

static void a_chinese_character_takes_two_columns(void **state) {
    struct page page;
    (void)state;
    page_open(&page, LANGUAGE_ZH);
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_columns("button-1"), 8);
    assert_int_equal(text_columns("日间照料室"), 10);
    assert_int_equal(text_columns("日间照料室:a"), 12);
    assert_int_equal(text_columns("日间照料室\xef\xbc\x9a"), 12); /* a full-width colon */
    assert_int_equal(text_columns("e\xcc\x81"), 1); /* a combining accent takes none */
    page_close(&page);
}

static void a_text_is_cut_at_a_whole_character_and_never_wider_than_asked(void **state) {
    static const char text[] = "日间照料室";
    struct page page;
    char fitted[64];
    (void)state;
    page_open(&page, LANGUAGE_ZH);
    for (int columns = 1; columns <= 12; columns++) {
        int used = text_fit(text, columns, fitted, sizeof fitted);
        assert_true(used <= columns);
        assert_int_equal(text_columns(fitted), used);
    }
    assert_int_equal(text_fit(text, 10, fitted, sizeof fitted), 10);
    assert_string_equal(fitted, text);
    assert_int_equal(text_fit(text, 9, fitted, sizeof fitted), 9);
    assert_string_equal(fitted, "日间照料…");
    assert_int_equal(text_fit(text, 6, fitted, sizeof fitted), 5);
    assert_string_equal(fitted, "日间…");
    /* The room in bytes is a bound as well. */
    (void)text_fit(text, 100, fitted, 8);
    assert_string_equal(fitted, "日…");
    page_close(&page);
}

static void control_characters_and_broken_utf8_never_reach_the_terminal(void **state) {
    struct page page;
    char fitted[64];
    (void)state;
    page_open(&page, LANGUAGE_EN);
    (void)text_fit("a\033[31mb\n\tc\x7f", 40, fitted, sizeof fitted);
    assert_string_equal(fitted, "a?[31mb??c?");
    (void)text_fit("x\xff\xe6\x97y", 40, fitted, sizeof fitted);
    assert_string_equal(fitted, "x???y");
    page_close(&page);
}

static void columns_line_up_under_chinese_and_latin_text(void **state) {
    struct page page;
    struct table table;
    (void)state;
    page_open(&page, LANGUAGE_ZH);
    table_init(&table, 3);
    table.right[1] = true;
    table_add(&table, TONE_PLAIN, (const char *const[]){"日间照料室", "21.5 °C", "a"});
    table_add(&table, TONE_DANGER, (const char *const[]){"gate", "-", "b"});
    table_print(&table, &page.reader);
    page_expect(&page, "日间照料室  21.5 °C  a\n"
                       "gate              -  b\n");
    table_deinit(&table);
    page_close(&page);
}

static json_t *parse(const char *text) {
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

static const char places[] =
    "{\"timezone\":\"Asia/Shanghai\",\"places\":[{\"place\":\"care/day-care\",\"name\":{\"zh\":"
    "\"日间照料室\",\"en\":\"Day-care room\"}}],\"next\":null}";

static const char raised[] =
    "{\"type\":\"tocsin.alarm.raised\",\"subject\":\"care/day-care/button-1\",\"time\":"
    "\"2026-11-22T07:17:00.123Z\",\"sequence\":4201,\"data\":{\"rule\":\"emergency_call\","
    "\"priority\":\"emergency\",\"place\":\"care/day-care\",\"text\":{\"zh\":"
    "\"日间照料室：紧急呼叫\",\"en\":\"Day-care room: emergency call\"},\"actor\":null},"
    "\"durable\":true}";

static const char acknowledged[] =
    "{\"type\":\"tocsin.alarm.acknowledged\",\"subject\":\"care/day-care/button-1\",\"time\":"
    "\"2026-11-22T16:17:41Z\",\"data\":{\"rule\":\"emergency_call\",\"priority\":\"emergency\","
    "\"place\":\"care/day-care\",\"text\":{\"en\":\"Day-care room: emergency call\"},\"actor\":"
    "\"wang (engineer, local)\",\"reason\":\"on my way\"},\"durable\":false}";

static void an_event_is_printed_in_the_readers_language_and_the_sites_time(void **state) {
    struct page page;
    json_t *names = parse(places);
    json_t *event = parse(raised);
    (void)state;
    page_open(&page, LANGUAGE_ZH);
    reader_learn_places(&page.reader, names);
    event_line_print(&page.reader, event);
    page_expect(&page, "── 2026-11-22 ──\n"
                       "15:17:00  紧急  日间照料室  告警      日间照料室：紧急呼叫  "
                       "emergency_call/care/day-care/button-1\n");
    page_close(&page);
    json_decref(event);
    json_decref(names);
}

static void a_new_day_has_a_line_and_a_person_is_named(void **state) {
    struct page page;
    json_t *names = parse(places);
    json_t *first = parse(raised);
    json_t *second = parse(acknowledged);
    (void)state;
    page_open(&page, LANGUAGE_EN);
    reader_learn_places(&page.reader, names);
    event_line_print(&page.reader, first);
    event_line_print(&page.reader, first);
    event_line_print(&page.reader, second);
    page_expect(&page,
                "── 2026-11-22 ──\n"
                "15:17:00  EMERGENCY  Day-care room  alarm raised     Day-care room: emergency "
                "call  emergency_call/care/day-care/button-1\n"
                "15:17:00  EMERGENCY  Day-care room  alarm raised     Day-care room: emergency "
                "call  emergency_call/care/day-care/button-1\n"
                "── 2026-11-23 ──\n"
                "00:17:41  EMERGENCY  Day-care room  acknowledged     Day-care room: emergency "
                "call  wang (engineer, local): on my way  (not recorded yet)\n");
    page_close(&page);
    json_decref(second);
    json_decref(first);
    json_decref(names);
}

static const char escalated[] =
    "{\"type\":\"tocsin.alarm.escalated\",\"subject\":\"care/day-care/button-1\",\"time\":"
    "\"2026-11-22T07:18:00Z\",\"data\":{\"rule\":\"emergency_call\",\"priority\":\"emergency\","
    "\"place\":\"care/day-care\",\"step\":2,\"steps\":3,\"to\":\"role manager\",\"by\":\"webhook\","
    "\"outputs\":[\"sounder\",\"beacon\"],\"reason\":\"no_receiver\",\"text\":{\"en\":"
    "\"Day-care room: emergency call\"},\"actor\":null},\"durable\":true}";

/* At the end of its place's test an alarm begins anew; one that is shelved calls nobody, and does not say so. */
static void an_alarm_that_is_put_away_does_not_say_that_it_calls_again(void **state) {
    static const struct {
        enum site_language language;
        const char *suppression, *want, *not_so;
    } rows[] = {
        {LANGUAGE_EN, "none", "calls again", "nobody called"},
        {LANGUAGE_EN, "shelved", "nobody called", "calls again"},
        {LANGUAGE_ZH, "none", "重新告警", "仍不通知"},
        {LANGUAGE_ZH, "out_of_service", "仍不通知", "重新告警"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct page page;
        json_t *event = parse(raised);
        json_t *data = json_object_get(event, "data");
        (void)json_object_set_new(event, "type", json_string("tocsin.alarm.realarmed"));
        (void)json_object_set_new(data, "state",
                                  json_pack("{s:s}", "suppression", rows[i].suppression));
        page_open(&page, rows[i].language);
        event_line_print(&page.reader, event);
        (void)fflush(page.reader.out);
        assert_non_null(strstr(page.text, rows[i].want));
        assert_null(strstr(page.text, rows[i].not_so));
        page_close(&page);
        json_decref(event);
    }
}

static void a_step_says_whom_it_tells_and_why_it_comes_early(void **state) {
    struct page page;
    json_t *names = parse(places);
    json_t *event = parse(escalated);
    (void)state;
    page_open(&page, LANGUAGE_EN);
    reader_learn_places(&page.reader, names);
    event_line_print(&page.reader, event);
    page_expect(&page, "── 2026-11-22 ──\n"
                       "15:18:00  EMERGENCY  Day-care room  people called    Day-care room: "
                       "emergency call  → role manager + sounder + beacon (nobody received the "
                       "step before)  emergency_call/care/day-care/button-1\n");
    page_close(&page);
    json_decref(event);
    json_decref(names);
}

static const char investigated[] =
    "{\"type\":\"tocsin.alarm.investigated\",\"subject\":\"care/day-care/smoke-1\",\"time\":"
    "\"2026-11-22T07:18:00Z\",\"data\":{\"rule\":\"fire_alarm\",\"priority\":\"emergency\","
    "\"place\":\"care/day-care\",\"investigated\":\"false\",\"text\":{\"zh\":\"火灾报警\",\"en\":\"fire\"},"
    "\"actor\":\"wang (engineer, local)\"},\"durable\":true}";

static const char disposed[] =
    "{\"type\":\"tocsin.alarm.disposed\",\"subject\":\"care/day-care/smoke-1\",\"time\":"
    "\"2026-11-22T07:19:00Z\",\"data\":{\"rule\":\"fire_alarm\",\"priority\":\"emergency\","
    "\"place\":\"care/day-care\",\"disposition\":\"misuse\",\"text\":{\"zh\":\"火灾报警\",\"en\":\"fire\"},"
    "\"actor\":\"li (caregiver, local)\"},\"durable\":true}";

static void print_lines(enum site_language language, const char *const *lines, size_t count,
                        const char *expected) {
    struct page page;
    json_t *names = parse(places);
    page_open(&page, language);
    reader_learn_places(&page.reader, names);
    for (size_t i = 0; i < count; i++) {
        json_t *event = parse(lines[i]);
        event_line_print(&page.reader, event);
        json_decref(event);
    }
    page_expect(&page, expected);
    page_close(&page);
    json_decref(names);
}

/* Print what the second of two events says differently. */
static void print_difference(enum site_language language, const char *first, const char *second,
                             bool but_time, const char *expected) {
    struct page page;
    json_t *before = parse(first);
    json_t *after = parse(second);
    page_open(&page, language);
    event_difference_print(&page.reader, before, after, but_time);
    page_expect(&page, expected);
    page_close(&page);
    json_decref(after);
    json_decref(before);
}

static void what_two_events_say_differently_is_told_by_member(void **state) {
    static const char before[] =
        "{\"subject\":\"a\",\"time\":\"2026-11-22T07:18:00Z\",\"data\":{\"state\":{\"acked\":true,"
        "\"latched\":true},\"text\":{\"zh\":\"呼叫\",\"en\":\"call\"},\"outputs\":[\"sounder\"],"
        "\"measured\":\"2026-11-22T07:17:00Z\",\"response\":null,\"value\":1}}";
    static const char after[] =
        "{\"subject\":\"a\",\"time\":\"2026-11-22T07:19:00Z\",\"data\":{\"state\":{\"acked\":true,"
        "\"latched\":false},\"text\":{\"zh\":\"呼叫\",\"en\":\"HELP\"},\"outputs\":[],"
        "\"measured\":\"2026-11-22T07:18:00Z\",\"response\":{\"en\":\"go\"},\"reason\":\"due\"}}";
    (void)state;
    print_difference(LANGUAGE_EN, before, before, false, "");
    print_difference(LANGUAGE_EN, before, after, true,
                     "    state.latched: true → false\n"
                     "    text: call → HELP\n"
                     "    outputs: [\"sounder\"] → []\n"
                     "    response: null → {\"en\":\"go\"}\n"
                     "    value: 1 → –\n"
                     "    reason: – → due\n");
    print_difference(LANGUAGE_ZH, before, after, false,
                     "    time: 2026-11-22T07:18:00Z → 2026-11-22T07:19:00Z\n"
                     "    state.latched: true → false\n"
                     "    text.en: call → HELP\n"
                     "    outputs: [\"sounder\"] → []\n"
                     "    measured: 2026-11-22T07:17:00Z → 2026-11-22T07:18:00Z\n"
                     "    response: null → {\"en\":\"go\"}\n"
                     "    value: 1 → –\n"
                     "    reason: – → due\n");
}

static void what_was_found_and_what_it_was_are_said(void **state) {
    const char *const lines[] = {investigated, disposed};
    (void)state;
    print_lines(
        LANGUAGE_EN, lines, 2,
        "── 2026-11-22 ──\n"
        "15:18:00  EMERGENCY  Day-care room  investigated     fire  → false  wang (engineer, "
        "local)\n"
        "15:19:00  EMERGENCY  Day-care room  result stated    fire  → by mistake  li (caregiver, "
        "local)\n");
}

static void a_chinese_line_has_no_english_words_of_ours(void **state) {
    const char *const lines[] = {investigated, disposed, escalated};
    (void)state;
    print_lines(LANGUAGE_ZH, lines, 3,
                "── 2026-11-22 ──\n"
                "15:18:00  紧急  日间照料室  已核实    火灾报警  → 不属实  wang（工程师，本机）\n"
                "15:19:00  紧急  日间照料室  处置结论  火灾报警  → 误操作  li（护理员，本机）\n"
                "15:18:00  紧急  日间照料室  已通知    Day-care room: emergency call  → 角色经理 + "
                "声报警器 + 警示灯（上一步无人收到）  emergency_call/care/day-care/button-1\n");
}

/* --- the stream's framing --- */

struct heard {
    int count;
    uint64_t last_id;
    char text[256];
};

static bool heard_message(void *context, const struct sse_message *message) {
    struct heard *heard = context;
    heard->count++;
    heard->last_id = message->id;
    (void)snprintf(heard->text, sizeof heard->text, "%s|%s", message->name, message->data);
    return strcmp(message->name, "stop") != 0;
}

static void a_stream_reads_the_same_in_pieces_of_any_size(void **state) {
    static const char stream[] = ": ping\n\nretry: 1000\nevent: hello\ndata: {}\n\n"
                                 "id: 41\ndata: {\"a\":1}\n\nid: 42\r\ndata:one\ndata: two\r\n\r\n";
    (void)state;
    struct sse *sse = malloc(sizeof *sse);
    for (size_t piece = 1; piece <= sizeof stream; piece++) {
        struct heard heard = {0};
        sse_init(sse);
        for (size_t at = 0; at < strlen(stream); at += piece) {
            size_t left = strlen(stream) - at;
            assert_true(
                sse_feed(sse, stream + at, left < piece ? left : piece, heard_message, &heard));
        }
        assert_int_equal(heard.count, 3);
        assert_int_equal(heard.last_id, 42);
        assert_string_equal(heard.text, "|one\ntwo");
    }
    free(sse);
}

static void a_message_longer_than_the_bound_is_dropped_whole_and_the_next_is_read(void **state) {
    struct heard heard = {0};
    (void)state;
    struct sse *sse = malloc(sizeof *sse);
    char *line = malloc(SSE_LINE_MAX);
    memset(line, 'x', SSE_LINE_MAX);
    sse_init(sse);
    assert_true(sse_feed(sse, "data: ", 6, heard_message, &heard));
    assert_true(sse_feed(sse, line, SSE_LINE_MAX, heard_message, &heard));
    assert_true(sse_feed(sse, "\n\ndata: y\n\n", 11, heard_message, &heard));
    assert_int_equal(heard.count, 1);
    assert_int_equal(sse->dropped, 1);
    assert_string_equal(heard.text, "|y");
    free(line);
    free(sse);
}

static void a_reader_that_has_enough_stops_the_stream(void **state) {
    struct heard heard = {0};
    (void)state;
    struct sse *sse = malloc(sizeof *sse);
    static const char stream[] = "event: stop\ndata: 1\n\ndata: 2\n\n";
    sse_init(sse);
    assert_false(sse_feed(sse, stream, strlen(stream), heard_message, &heard));
    assert_int_equal(heard.count, 1);
    free(sse);
}

/* --- options and paths --- */

static void a_socket_path_of_107_bytes_is_taken_and_one_of_108_is_a_usage_error(void **state) {
    char path[CLIENT_SOCKET_MAX + 2];
    struct client *client = NULL;
    (void)state;
    memset(path, 'p', sizeof path);
    path[0] = '/';
    path[CLIENT_SOCKET_MAX] = '\0';
    assert_int_equal(client_new(path, NULL, LANGUAGE_EN, &client), 0);
    client = client_free(client);
    path[CLIENT_SOCKET_MAX] = 'p';
    path[CLIENT_SOCKET_MAX + 1] = '\0';
    assert_int_equal(client_new(path, NULL, LANGUAGE_EN, &client), CLIENT_E_PATH);
    char *argv[] = {(char[]){"events"}, (char[]){"--socket"}, path, NULL};
    assert_int_equal(events_main(3, argv), 2);
}

static void the_socket_is_the_option_else_the_variable_else_the_default(void **state) {
    (void)state;
    assert_int_equal(unsetenv(CLIENT_SOCKET_VARIABLE), 0);
    assert_string_equal(client_socket_path(NULL), "/run/tocsin/console.sock");
    assert_int_equal(setenv(CLIENT_SOCKET_VARIABLE, "/a", 1), 0);
    assert_string_equal(client_socket_path(NULL), "/a");
    assert_string_equal(client_socket_path("/b"), "/b");
    assert_int_equal(unsetenv(CLIENT_SOCKET_VARIABLE), 0);
}

static enum arguments_end parse_options(unsigned taken, struct options *options, int argc, ...) {
    char *argv[9] = {0};
    va_list words;
    va_start(words, argc);
    for (int i = 0; i < argc; i++) {
        argv[i] = va_arg(words, char *);
    }
    va_end(words);
    static const struct arguments_words usage = {{"帮助\n", "help\n"}};
    const struct options_form form = {.taken = taken,
                                      .usage = &usage,
                                      .operands_max = 1,
                                      .operands = {{"接受一个", "takes one"}}};
    return options_parse(argc, argv, &form, options);
}

static void options_that_a_command_does_not_take_and_bad_values_are_usage_errors(void **state) {
    struct options options;
    (void)state;
    assert_int_equal(parse_options(OPTION_AFTER, &options, 3, "events", "--after", "42"),
                     ARGUMENTS_GO_ON);
    assert_true(options.after_given);
    assert_int_equal(options.after, 42);
    assert_int_equal(parse_options(OPTION_LIMIT, &options, 3, "events", "--after", "42"),
                     ARGUMENTS_USAGE);
    static const char *const wrong[][2] = {
        {"--by", "\xff"},  {"--by", "a\nb"},    {"--after", "-1"},   {"--after", "1x"},
        {"--after", ""},   {"--limit", "0"},    {"--limit", "1001"}, {"--lang", "fr"},
        {"--limit", NULL}, {"--nonsense", "1"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(parse_options(OPTION_AFTER | OPTION_LIMIT | OPTION_BY, &options,
                                       wrong[i][1] == NULL ? 2 : 3, "events", wrong[i][0],
                                       wrong[i][1]),
                         ARGUMENTS_USAGE);
    }
    assert_int_equal(parse_options(0, &options, 4, "ack", "--lang", "zh", "rule/entity"),
                     ARGUMENTS_GO_ON);
    assert_int_equal(options.language, LANGUAGE_ZH);
    assert_string_equal(options.operands[0], "rule/entity");
    assert_null(options.operands[1]);
}

static void a_span_is_taken_up_to_a_year_and_no_further(void **state) {
    struct options options;
    (void)state;
    assert_int_equal(parse_options(OPTION_MINUTES, &options, 3, "shelve", "--minutes", "527040"),
                     ARGUMENTS_GO_ON);
    assert_int_equal(options.minutes, 527040);
    assert_int_equal(parse_options(OPTION_MINUTES, &options, 3, "shelve", "--minutes", "527041"),
                     ARGUMENTS_USAGE);
    assert_int_equal(parse_options(OPTION_MINUTES, &options, 3, "shelve", "--minutes", "0"),
                     ARGUMENTS_USAGE);
    assert_int_equal(parse_options(OPTION_SECONDS, &options, 3, "silence", "--seconds", "31622400"),
                     ARGUMENTS_GO_ON);
    assert_int_equal(parse_options(OPTION_SECONDS, &options, 3, "silence", "--seconds", "31622401"),
                     ARGUMENTS_USAGE);
}

static void a_path_is_escaped_so_that_nothing_in_it_means_anything_else(void **state) {
    char escaped[64];
    (void)state;
    client_escape("door_held/hall/gate/door", escaped, sizeof escaped);
    assert_string_equal(escaped, "door_held/hall/gate/door");
    client_escape("a?b#c d%\xe6", escaped, sizeof escaped);
    assert_string_equal(escaped, "a%3Fb%23c%20d%25%E6");
    client_escape("%%%%", escaped, 8);
    assert_string_equal(escaped, "%25%25");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chinese_character_takes_two_columns),
        cmocka_unit_test(a_text_is_cut_at_a_whole_character_and_never_wider_than_asked),
        cmocka_unit_test(control_characters_and_broken_utf8_never_reach_the_terminal),
        cmocka_unit_test(columns_line_up_under_chinese_and_latin_text),
        cmocka_unit_test(an_event_is_printed_in_the_readers_language_and_the_sites_time),
        cmocka_unit_test(a_new_day_has_a_line_and_a_person_is_named),
        cmocka_unit_test(an_alarm_that_is_put_away_does_not_say_that_it_calls_again),
        cmocka_unit_test(a_step_says_whom_it_tells_and_why_it_comes_early),
        cmocka_unit_test(what_two_events_say_differently_is_told_by_member),
        cmocka_unit_test(what_was_found_and_what_it_was_are_said),
        cmocka_unit_test(a_chinese_line_has_no_english_words_of_ours),
        cmocka_unit_test(a_stream_reads_the_same_in_pieces_of_any_size),
        cmocka_unit_test(a_message_longer_than_the_bound_is_dropped_whole_and_the_next_is_read),
        cmocka_unit_test(a_reader_that_has_enough_stops_the_stream),
        cmocka_unit_test(a_socket_path_of_107_bytes_is_taken_and_one_of_108_is_a_usage_error),
        cmocka_unit_test(the_socket_is_the_option_else_the_variable_else_the_default),
        cmocka_unit_test(options_that_a_command_does_not_take_and_bad_values_are_usage_errors),
        cmocka_unit_test(a_span_is_taken_up_to_a_year_and_no_further),
        cmocka_unit_test(a_path_is_escaped_so_that_nothing_in_it_means_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
