/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast a database is filled
 *
 *     database_speed URL DIRECTORY [SECONDS]
 *
 * Batches of 5,000 lines, as the uplink makes them, through the shipper as fast as the database takes
 * them; before and after it the same batches by the same library in a loop that does nothing else. The
 * spool of the shipper is in DIRECTORY and is not to be needed.
 */

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/uplink/database/answer.h"
#include "gateway/uplink/database/shipper.h"

enum { LINES = 5000, TEXT_SIZE = 1 << 20, SERIES = 1000 };

static double seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The next batch; each line has a time of its own. */
static char *make_batch(size_t *ret_size) {
    static int64_t ms = 1763770000000;
    char *text = malloc(TEXT_SIZE);
    size_t used = 0;
    if (text == NULL) {
        abort();
    }
    for (int i = 0; i < LINES; i++) {
        struct line line;
        char place[32];
        (void)snprintf(place, sizeof place, "care/room-%d", i % SERIES);
        line_begin(&line, text + used, TEXT_SIZE - used, "temperature");
        line_tag(&line, "gateway", "main");
        line_tag(&line, "place", place);
        line_tag(&line, "point", place);
        line_tag(&line, "site", "bench");
        line_number(&line, "value", 18 + i % 120 / 10.0);
        line_integer(&line, "quality", 0);
        used += line_end(&line, (struct wall){(ms + i / SERIES) * 1000000}, LINE_NS);
    }
    ms += LINES / SERIES;
    *ret_size = used;
    return text;
}

/* Lines a second of a loop that only sends. */
static double send_bare(const struct request_target *target, double duration_s) {
    uint64_t lines = 0;
    double begin = seconds();
    CURLM *multi = curl_multi_init(); /* keeps the connection */
    do {
        size_t size;
        char *text = make_batch(&size);
        struct request request;
        int running;
        if (request_make(&request, target, text, size) != 0 ||
            curl_multi_add_handle(multi, request.transfer) != CURLM_OK) {
            abort();
        }
        while (curl_multi_perform(multi, &running) == CURLM_OK && running > 0) {
            (void)curl_multi_poll(multi, NULL, 0, 100, NULL);
        }
        long status = 0;
        (void)curl_easy_getinfo(request.transfer, CURLINFO_RESPONSE_CODE, &status);
        lines += answer_of(status, "") == ANSWER_TAKEN ? LINES : 0;
        (void)curl_multi_remove_handle(multi, request.transfer);
        curl_easy_cleanup(request.transfer);
        request.transfer = NULL;
        request_clear(&request);
        free(text);
    } while (seconds() - begin < duration_s);
    (void)curl_multi_cleanup(multi);
    return (double)lines / (seconds() - begin);
}

static struct shipper_stats stats_of(struct shipper *shipper) {
    struct shipper_stats stats;
    shipper_stats(shipper, &stats);
    return stats;
}

/* Lines a second through the shipper, with two batches waiting at any time. */
static double send_ours(const struct shipper_conf *conf, double duration_s,
                        struct shipper_stats *ret_stats) {
    const struct timespec moment = {.tv_nsec = 100000};
    struct shipper *shipper;
    if (shipper_new(conf, &shipper) != 0) {
        abort();
    }
    double begin = seconds();
    while (seconds() - begin < duration_s) {
        size_t size;
        char *text = make_batch(&size);
        while (stats_of(shipper).handed >= 2) {
            (void)nanosleep(&moment, NULL);
        }
        shipper_hand(shipper, text, size, LINES);
    }
    *ret_stats = stats_of(shipper);
    double rate = (double)ret_stats->lines_written / (seconds() - begin);
    (void)shipper_free(shipper);
    return rate;
}

int main(int count, char **words) {
    if (count < 3 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return 2;
    }
    double duration_s = count > 3 ? strtod(words[3], NULL) : 2;
    const struct shipper_conf conf = {
        .target = {.url = words[1],
                   .database = "tocsin",
                   .org = "",
                   .bucket = "",
                   .token_file = "",
                   .user = "",
                   .password_file = "",
                   .ca = "",
                   .limit_ms = 10000},
        .source = {.site = "bench", .gateway = "main"},
        .directory = words[2],
        .state_directory = words[2],
        .spool_size = SPOOL_SIZE_MIN,
        .slow_ms = 1000,
        .retry_ms_min = 500,
        .retry_ms_max = 30000,
        .stop_ms = 1000,
        .seed = 1,
    };
    struct shipper_stats stats;
    double before = send_bare(&conf.target, duration_s);
    double ours = send_ours(&conf, duration_s, &stats);
    double after = send_bare(&conf.target, duration_s);
    double bare = before > after ? before : after;
    printf("database_speed lines_per_s=%.0f bare_per_s=%.0f ratio=%.2f spooled=%" PRIu64
           " lost=%" PRIu64 "\n",
           ours, bare, ours / bare, stats.spool.lines, stats.lines_lost);
    curl_global_cleanup();
    return 0;
}
