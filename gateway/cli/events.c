/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/events.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/cli/event_filter.h"
#include "gateway/cli/event_line.h"
#include "gateway/cli/session.h"
#include "gateway/cli/sse.h"
#include "gateway/cli/words.h"

enum {
    EVENTS_SHOWN = 50,          /* without --limit */
    EVENTS_BEFORE = 10,         /* shown before following */
    EVENTS_PAGE = 500,          /* asked for at once when reading on from --after */
    LINE_MAX_BYTES = 64 * 1024, /* of --stdin */
    RETRY_MS_FIRST = 250,
    RETRY_MS_MAX = 4000,
};

static const struct arguments_words usage = {{"用法：tocsin events [选项]...\n"
                                              "      tocsin events --stdin [选项]...\n"
                                              "\n"
                                              "显示已发生的事件，最新的在最后。\n",
                                              "Usage: tocsin events [OPTION]...\n"
                                              "       tocsin events --stdin [OPTION]...\n"
                                              "\n"
                                              "Show what has happened, newest last.\n"}};

static void events_print(struct session *session, const json_t *event) {
    if (session->options->json) {
        session_print_json(session, event);
        (void)fflush(session->reader.out);
    } else {
        event_line_print(&session->reader, event);
    }
}

static uint64_t events_seq(const json_t *event) {
    json_int_t seq = json_integer_value(json_object_get(event, "sequence"));
    return seq > 0 ? (uint64_t)seq : 0;
}

/* Ask for a page: `end` is which events, as members of the query. */
static int events_page(struct session *session, const struct event_filter *filter, const char *end,
                       json_t **ret_answer) {
    char path[128 + EVENT_FILTER_SIZE];
    (void)snprintf(path, sizeof path, "/api/v1/events?%s%s", end, filter->query);
    return session_ask(session, path, NULL, ret_answer);
}

/* Where the next page begins; 0: there is none. */
static uint64_t events_page_end(const json_t *answer) {
    json_int_t last = json_integer_value(json_object_get(answer, "last_seq"));
    return last > 0 ? (uint64_t)last : 0;
}

/* Gather the latest `limit` events into `events`, the newest first. */
static int events_gather(struct session *session, const struct event_filter *filter, uint32_t limit,
                         json_t *events, uint64_t *ret_newest) {
    uint64_t before = filter->before;
    while (json_array_size(events) < limit) {
        char end[96];
        json_t *answer = NULL;
        (void)snprintf(end, sizeof end, "newest=1&limit=%zu&after=%" PRIu64 "&before=%" PRIu64,
                       limit - json_array_size(events), filter->after, before);
        int r = events_page(session, filter, end, &answer);
        if (r != EXIT_DONE) {
            return r;
        }
        if (before == filter->before) {
            *ret_newest = (uint64_t)json_integer_value(json_object_get(answer, "newest_seq"));
        }
        (void)json_array_extend(events, json_object_get(answer, "events"));
        before = events_page_end(answer);
        json_decref(answer);
        if (before <= 1) {
            break;
        }
    }
    return EXIT_DONE;
}

/* Show the latest `limit` events; `ret_last` is the newest seq that need not be shown any more. */
static int events_latest(struct session *session, const struct event_filter *filter, uint32_t limit,
                         uint64_t *ret_last) {
    json_t *events = json_array();
    int r = events_gather(session, filter, limit, events, ret_last);
    for (size_t i = json_array_size(events); r == EXIT_DONE && i > 0; i--) {
        events_print(session, json_array_get(events, i - 1));
    }
    uint64_t shown = events_seq(json_array_get(events, 0));
    *ret_last = shown > *ret_last ? shown : *ret_last;
    json_decref(events);
    return r;
}

/* Show everything after `after`, page by page, up to what is the newest when it gets there. */
static int events_after(struct session *session, const struct event_filter *filter,
                        uint64_t after) {
    for (;;) {
        char end[96];
        json_t *answer = NULL;
        (void)snprintf(end, sizeof end, "after=%" PRIu64 "&before=%" PRIu64 "&limit=%d", after,
                       filter->before, EVENTS_PAGE);
        int r = events_page(session, filter, end, &answer);
        if (r != EXIT_DONE) {
            return r;
        }
        size_t index = 0;
        json_t *event = NULL;
        json_array_foreach(json_object_get(answer, "events"), index, event) {
            events_print(session, event);
        }
        uint64_t last = events_page_end(answer);
        json_decref(answer);
        if (last <= after) {
            return EXIT_DONE;
        }
        after = last;
    }
}

/* A stream that is being followed, over all its connections. */
struct follow {
    struct session *session;
    const struct event_filter *filter;
    struct sse sse;
    uint64_t last_seq;
    bool away_told;
    bool open; /* something has come on this connection */
};

/* Notices go to standard error, so that --json stays a list of documents. */
static void follow_notice(const struct follow *follow, const char *zh, const char *en) {
    (void)fprintf(stderr, "-- %s\n", reader_text(&follow->session->reader, zh, en));
}

static void follow_engine(struct follow *follow, const char *data) {
    json_t *body = json_loads(data, 0, NULL);
    bool present = strcmp(member_text(body, "engine"), "present") == 0 ||
                   strcmp(member_text(body, "engine"), "syncing") == 0;
    if (!present && !follow->away_told) {
        follow->away_told = true;
        follow_notice(follow, "告警引擎离线：暂无新事件，不代表平安，请到现场查看",
                      "the engine is away: no news is not good news; go and look at the places");
    } else if (present && follow->away_told) {
        follow->away_told = false;
        follow_notice(follow, "网关已恢复，接着显示", "the gateway is back; going on");
    }
    json_decref(body);
}

static bool follow_message(void *context, const struct sse_message *message) {
    struct follow *follow = context;
    if (strcmp(message->name, "hello") == 0 || strcmp(message->name, "engine") == 0) {
        follow_engine(follow, message->data);
        return true;
    }
    if (strcmp(message->name, "gap") == 0) {
        follow_notice(follow, "部分较早的事件已不在记录中", "some older events are no longer kept");
        return true;
    }
    if (strcmp(message->name, "resync") == 0) {
        return true; /* the end follows, and the next connection resumes after last_seq */
    }
    json_t *event = json_loads(message->data, 0, NULL);
    if (event != NULL && event_filter_fits(follow->filter, event)) {
        events_print(follow->session, event);
    }
    json_decref(event);
    if (message->id != 0) {
        follow->last_seq = message->id;
    }
    return true;
}

/* Nobody reads what is printed any more, as after `| head`: a quiet site would never notice. */
static void follow_check_reader(void) {
    struct pollfd out = {.fd = STDOUT_FILENO};
    if (poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP)) != 0) {
        exit(EXIT_DONE);
    }
}

static bool follow_piece(void *context, const char *bytes, size_t size) {
    struct follow *follow = context;
    follow->open = true;
    follow_check_reader(); /* a piece comes every few seconds, if only as a sign of life */
    return sse_feed(&follow->sse, bytes, size, follow_message, follow);
}

static void follow_wait(uint32_t wait_ms) {
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = (wait_ms % 1000) * 1000000L};
    (void)nanosleep(&wait, NULL);
}

/* Follow until interrupted. Ends by itself only when the gateway says that it will never work. */
static int events_follow(struct session *session, const struct event_filter *filter,
                         uint64_t last_seq, bool from_given) {
    struct follow follow = {.session = session, .filter = filter, .last_seq = last_seq};
    uint32_t wait_ms = RETRY_MS_FIRST;
    for (;;) {
        long status = 0;
        sse_init(&follow.sse);
        follow.open = false;
        const char *path =
            from_given && follow.last_seq == 0 ? "/api/v1/stream?after=0" : "/api/v1/stream";
        int r =
            client_follow(session->client, path, follow.last_seq, follow_piece, &follow, &status);
        if (r == CLIENT_E_DENIED || (r == 0 && status >= 400 && status < 500)) {
            /* Trying again would not help; asking for anything tells why. */
            json_t *answer = NULL;
            (void)session_ask(session, "/api/v1/version", NULL, &answer);
            json_decref(answer);
            return EXIT_FAILED;
        }
        if (!follow.away_told && !follow.open) {
            follow.away_told = true;
            follow_notice(&follow, "网关没有应答，等待其恢复",
                          "the gateway does not answer; waiting for it");
        }
        wait_ms = follow.open ? RETRY_MS_FIRST : wait_ms;
        follow_wait(wait_ms);
        wait_ms = wait_ms * 2 < RETRY_MS_MAX ? wait_ms * 2 : RETRY_MS_MAX;
    }
}

/* Show the documents on standard input; what stands before the first brace (a topic) is skipped. */
static int events_standard_input(struct session *session, const struct event_filter *filter) {
    char *line = NULL;
    size_t room = 0;
    ssize_t len = 0;
    while ((len = getline(&line, &room, stdin)) > 0) {
        const char *document = len <= LINE_MAX_BYTES ? strchr(line, '{') : NULL;
        json_t *event = document == NULL ? NULL : json_loads(document, 0, NULL);
        if (json_is_string(json_object_get(event, "type")) && event_filter_fits(filter, event)) {
            events_print(session, event);
        }
        json_decref(event);
    }
    free(line);
    return EXIT_DONE;
}

/* Recorded ones, then what happens if that was asked for. */
static int events_show(struct session *session, const struct event_filter *filter) {
    const struct options *options = session->options;
    uint64_t last_seq = options->after;
    if (options->after_given) {
        return options->follow ? events_follow(session, filter, last_seq, true)
                               : events_after(session, filter, last_seq);
    }
    if (options->since != NULL && options->limit == 0 && !options->follow) {
        return events_after(session, filter, filter->after);
    }
    uint32_t shown = options->follow ? EVENTS_BEFORE : EVENTS_SHOWN;
    int r = events_latest(session, filter, options->limit > 0 ? options->limit : shown, &last_seq);
    return r == EXIT_DONE && options->follow ? events_follow(session, filter, last_seq, false) : r;
}

static int events_run(struct session *session) {
    const struct options *options = session->options;
    struct event_filter filter;
    if (!event_filter_init(&filter, options)) {
        return arguments_refuse(
            session->command,
            (struct arguments_words){{"筛选条件过长", "what is asked for is too long"}}, NULL);
    }
    if ((options->follow || options->standard_input) &&
        (options->until != NULL || (options->since != NULL && options->standard_input))) {
        return arguments_refuse(
            session->command,
            (struct arguments_words){
                {"--since 与 --until 选择已记录的事件，不与 --stdin 同用，"
                 "--until 也不与 --follow 同用",
                 "--since and --until choose among recorded events: neither goes "
                 "with --stdin, nor --until with --follow"}},
            NULL);
    }
    if (!options->json) {
        session_learn_places(session);
    }
    return options->standard_input ? events_standard_input(session, &filter)
                                   : events_show(session, &filter);
}

int events_main(int argc, char **argv) {
    static const struct options_form form = {
        .taken = OPTION_FOLLOW | OPTION_AFTER | OPTION_LIMIT | OPTION_JSON | OPTION_STDIN |
                 OPTION_EVENTS | OPTION_SINCE | OPTION_LAST,
        .usage = &usage,
        .operands = {{"不带参数", "takes no arguments"}},
    };
    return session_main(argc, argv, &form, events_run);
}
