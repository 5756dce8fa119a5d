/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory fails at every allocation of what parses and records
 *
 *     memory_faults [--step N]
 *
 * Each deed below is done again and again while the n-th allocation and all after it fail, for
 * n = 1, 1 + N, 1 + 2 N … until none fails any more: our own, SQLite's and jansson's. It has to end
 * with an error or as if nothing had been, and once there is memory again everything has to be
 * there. What leaks or is touched wrongly on the way is for the sanitizers to see. libfyaml, libevent
 * and OpenSSL have their memory always. Rule expressions and the decoding of messages allocate
 * nothing. The last line has the counts.
 */

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/uplink/database/spool.h"
#include "sensors/payload.h"
#include "tests/support/fast_clock.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/journal_story.h"
#include "tests/support/quiet_log.h"
#define SCARCE_MEMORY_ALL
#include "tests/support/scarce_memory.h"
#include "tests/support/scratch.h"

#define EXAMPLE TEST_SOURCE_DIR "/deploy/example/site.yaml"

/* By the fast clock: a minute of the real one. */
#define DEADLINE_NS (60 * FAST_CLOCK_RATE * NS_PER_S)

/* NULL, or what was not as promised. Has `left` allocations for what it is about. */
typedef const char *deed(unsigned left);

static void memory_ends_after(unsigned left) {
    allocations_refused = 0;
    allocations_left = left;
}

static void memory_is_back(void) {
    allocations_left = UINT32_MAX;
}

/* ---- the libraries' memory ---- */

static sqlite3_mem_methods real_methods;

static void *sqlite_take(int size) {
    return scarce_is_refused() ? NULL : real_methods.xMalloc(size);
}

static void *sqlite_resize(void *held, int size) {
    return scarce_is_refused() ? NULL : real_methods.xRealloc(held, size);
}

static void *jansson_take(size_t size) {
    return scarce_is_refused() ? NULL : __real_malloc(size);
}

static void libraries_prepare(void) {
    int result = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_methods);
    sqlite3_mem_methods methods = real_methods;
    methods.xMalloc = sqlite_take;
    methods.xRealloc = sqlite_resize;
    result = result == SQLITE_OK ? sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) : result;
    assert(result == SQLITE_OK);
    json_set_alloc_funcs(jansson_take, free);
}

/* ---- parsing ---- */

static const char *site_is_loaded(unsigned left) {
    struct config_options options = {0};
    struct config_result result;
    memory_ends_after(left);
    int r = config_load(EXAMPLE, &options, &result);
    memory_is_back();
    if (r == 0) {
        config_result_deinit(&result);
    }
    return r == 0 && allocations_refused > 0 ? "a site was loaded without its memory"
           : r != 0 && r != -ENOMEM          ? "another error than the want of memory"
                                             : NULL;
}

static const char *payload_is_read(unsigned left) {
    static const char text[] =
        "{\"sensors\":[{\"name\":\"\\u95e8\",\"value\":21.5},{\"value\":\"on\"}],\"at\":1700000000}";
    const struct payload_format format = {
        .value = "/sensors/0/value",
        .time = "/at",
        .number = {.bit = -1, .scale = 1, .min = -100, .max = 100},
    };
    struct reading reading = {0};
    char detail[SENSOR_DETAIL_SIZE];
    memory_ends_after(left);
    enum sensor_cause cause =
        payload_read(&format, text, strlen(text), (struct wall){1}, &reading, detail);
    memory_is_back();
    bool good = cause == SENSOR_CAUSE_NONE && reading.value > 21.4 && reading.value < 21.6;
    return good == (allocations_refused == 0) ? NULL : "a payload was read wrongly";
}

/* ---- recording ---- */

static bool journal_settles(struct story_ledger *ledger, struct journal *journal, uint64_t ticket,
                            bool or_fails) {
    uint64_t deadline_ns = clock_real_ns() + DEADLINE_NS;
    story_take(ledger, journal);
    while (ledger->ticket < ticket && !(or_fails && !ledger->recording) &&
           clock_real_ns() < deadline_ns) {
        struct pollfd ready = {.fd = journal_fd(journal), .events = POLLIN};
        (void)poll(&ready, 1, 10);
        story_take(ledger, journal);
    }
    return ledger->ticket >= ticket;
}

/* Record some events in a life of their own, of which the second half meets scarce memory. */
static const char *journal_live(struct story_ledger *ledger, const char *directory,
                                unsigned left_at_opening, unsigned left_at_commit) {
    struct journal_conf conf = story_conf(directory);
    struct journal *journal;
    memory_ends_after(left_at_opening);
    int r = journal_new(&conf, &journal);
    memory_is_back();
    if (r != 0) {
        return r == -ENOMEM ? NULL : "another error than the want of memory";
    }
    story_begin(ledger, journal);
    r = journal_start(journal);
    assert(r == 0);
    for (int i = 0; i < 6; i++) {
        story_add(ledger, journal, 0);
    }
    uint64_t ticket = journal_submit(journal);
    bool settled = journal_settles(ledger, journal, ticket, false);
    for (int i = 0; i < 40; i++) {
        story_add(ledger, journal, ledger->number);
    }
    if (left_at_commit != UINT32_MAX) {
        memory_ends_after(left_at_commit);
    }
    ticket = journal_submit(journal);
    (void)journal_settles(ledger, journal, ticket, true);
    memory_is_back();
    settled = settled && journal_settles(ledger, journal, ticket, false);
    (void)journal_free(journal);
    return settled ? NULL : "it did not recover alone";
}

/* A life with memory, one without at some point, and a look at what is left. */
static const char *journal_try(unsigned left_at_opening, unsigned left_at_commit) {
    char root[] = "/tmp/tocsin-memory-XXXXXX";
    struct story_ledger *ledger = __real_calloc(1, sizeof *ledger);
    struct story_findings findings = {0};
    assert(ledger != NULL && mkdtemp(root) != NULL);
    const char *wrong = journal_live(ledger, root, UINT32_MAX, UINT32_MAX);
    if (wrong == NULL) {
        wrong = journal_live(ledger, root, left_at_opening, left_at_commit);
    }
    unsigned refused = allocations_refused;
    (void)story_check(ledger, root, &findings);
    if (wrong == NULL && story_findings_sum(&findings) > 0) {
        wrong = findings.refused > 0  ? "the next opening calls the journal damaged"
                : findings.lost > 0   ? "events are lost"
                : findings.broken > 0 ? "digests do not follow"
                                      : "states, numbers or links are wrong";
    }
    (void)scratch_remove(root);
    free(ledger);
    allocations_refused = refused;
    return wrong;
}

static const char *journal_is_opened(unsigned left) {
    return journal_try(left, UINT32_MAX);
}

static const char *journal_is_committed(unsigned left) {
    return journal_try(UINT32_MAX, left);
}

static const char *lines_are_spooled(unsigned left) {
    static const char line[] = "temperature,place=hall value=21.5 1\n";
    char root[] = "/tmp/tocsin-memory-XXXXXX";
    struct spool *spool = NULL;
    struct spool_place place;
    struct spool_record record;
    bool kept = mkdtemp(root) != NULL;
    assert(kept);
    memory_ends_after(left);
    int r = spool_new(root, SPOOL_SIZE_MIN, &spool);
    int appended = r == 0 ? spool_append(spool, line, strlen(line), 1, &place) : -1;
    (void)(r == 0 && spool_oldest(spool, &record) == 0);
    memory_is_back();
    if (r == 0) {
        int found = spool_oldest(spool, &record);
        kept = (appended == 0) == (found == 0) &&
               (found != 0 ||
                (record.size == strlen(line) && memcmp(record.bytes, line, record.size) == 0));
        (void)spool_free(spool);
    }
    (void)scratch_remove(root);
    return kept ? NULL : "what was appended is not there, or more than that";
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    deed *run;
} deeds[] = {
    {"site", site_is_loaded},
    {"payload", payload_is_read},
    {"journal_opening", journal_is_opened},
    {"journal_commit", journal_is_committed},
    {"spool", lines_are_spooled},
};

int main(int argc, char **argv) {
    unsigned step =
        argc == 3 && strcmp(argv[1], "--step") == 0 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
    uint32_t wrong_count = 0;
    libraries_prepare();
    fault_vfs_register();
    printf("row: memory_faults");
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        uint32_t refused = 0;
        for (unsigned left = 0;; left += step) {
            const char *wrong = deeds[i].run(left);
            if (wrong != NULL) {
                (void)fprintf(stderr, "%s with %u allocations: %s\n", deeds[i].name, left, wrong);
                wrong_count++;
            }
            if (allocations_refused == 0) {
                break;
            }
            refused++;
        }
        printf(" %s=%" PRIu32, deeds[i].name, refused);
        wrong_count += refused == 0;
    }
    printf(" wrong=%" PRIu32 "\n", wrong_count);
    return wrong_count == 0 ? 0 : 1;
}
