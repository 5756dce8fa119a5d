/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory fails at every allocation of what parses and records
 *
 *     memory_faults [--step N] [--seed S] [--control unchecked|swallowed|leaky] [DEED…]
 *
 * Each deed below is done again and again, each time in a process of its own, while the n-th
 * allocation and all after it fail, until none fails any more: our own, SQLite's, jansson's, OpenSSL's
 * and zlib's. With a step of 1, n is 1, 2, 3 …; with another it is a sample that begins at 1 + S mod N and goes on by
 * N and a quarter of n. The deed has to end with an error or as if nothing had been, and once there
 * is memory again everything has to be there. A process that crashes is wrong, as is one in which a
 * sanitizer finds a leak or a wrong access. libfyaml, libevent and libcurl have their memory always. Compiling expressions, decoding messages and writing line protocol allocate nothing, which
 * is looked at too.
 *
 * With a control the only deed is one that does not check what it allocates, one that takes a
 * failure for success, or one that leaks, for which it takes a sanitizer; that ends with 0 when it
 * was found. The last line has the counts.
 */

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/console/order_body.h"
#include "gateway/journal/journal_backup.h"
#include "gateway/replay/history.h"
#include "gateway/replay/tape.h"
#include "gateway/replay/tape_writer.h"
#include "gateway/uplink/batch.h"
#include "gateway/uplink/database/event_line.h"
#include "gateway/uplink/database/gzip.h"
#include "gateway/uplink/database/shipment.h"
#include "gateway/uplink/database/spool.h"
#include "gateway/uplink/examination.h"
#include "gateway/uplink/signature.h"
#include "gateway/uplink/uplink_json.h"
#include "rules/expr.h"
#include "sensors/payload.h"
#include "tests/support/fast_clock.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/journal_story.h"
#include "tests/support/quiet_log.h"
#define SCARCE_MEMORY_ALL
#include "tests/support/scarce_memory.h"
#include "tests/support/scratch.h"
#include "tests/support/tls_server.h"

#define EXAMPLE TEST_SOURCE_DIR "/deploy/example/site.yaml"

/* By the fast clock: a minute of the real one. */
#define DEADLINE_NS (60 * FAST_CLOCK_RATE * NS_PER_S)

enum { PATH_SIZE = 128, HISTORY_LINES = 100, TAPE_INPUTS = 50 };

/* What the deeds work on, made once while there is memory. */
static struct {
    char root[PATH_SIZE];
    struct config_result result;
    struct site site;
    uint64_t tape_inputs;
    char export[HISTORY_LINES * 100];
    struct tls_server server;
    char authority[PATH_SIZE];
} material;

/* A new directory for one deed, in the scratch directory of all. */
static void directory_make(char ret[PATH_SIZE]) {
    (void)snprintf(ret, PATH_SIZE, "%.64s/deed-XXXXXX", material.root);
    char *made = mkdtemp(ret);
    assert(made != NULL);
}

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

static void *openssl_take(size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    return size == 0 || scarce_is_refused() ? NULL : __real_malloc(size);
}

static void *openssl_resize(void *held, size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    if (size == 0) {
        free(held);
        return NULL;
    }
    return scarce_is_refused() ? NULL : __real_realloc(held, size);
}

static void openssl_give_back(void *held, const char *file, int line) {
    (void)file;
    (void)line;
    free(held);
}

static voidpf zlib_take(voidpf context, uInt count, uInt size) {
    (void)context;
    return scarce_is_refused() ? NULL : __real_calloc(count, size);
}

static void zlib_give_back(voidpf context, voidpf held) {
    (void)context;
    free(held);
}

int __real_deflateInit2_(z_streamp stream, int level, int method, int window, int memory,
                         int strategy, const char *version, int size);
int __wrap_deflateInit2_(z_streamp stream, int level, int method, int window, int memory,
                         int strategy, const char *version, int size);
int __real_inflateInit2_(z_streamp stream, int window, const char *version, int size);
int __wrap_inflateInit2_(z_streamp stream, int window, const char *version, int size);

/* A stream takes its memory where it is told to when it begins. */
int __wrap_deflateInit2_(z_streamp stream, int level, int method, int window, int memory,
                         int strategy, const char *version, int size) {
    stream->zalloc = zlib_take;
    stream->zfree = zlib_give_back;
    return __real_deflateInit2_(stream, level, method, window, memory, strategy, version, size);
}

int __wrap_inflateInit2_(z_streamp stream, int window, const char *version, int size) {
    stream->zalloc = zlib_take;
    stream->zfree = zlib_give_back;
    return __real_inflateInit2_(stream, window, version, size);
}

static void libraries_prepare(void) {
    int set = CRYPTO_set_mem_functions(openssl_take, openssl_resize, openssl_give_back);
    assert(set == 1);
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

static const char *order_is_read(unsigned left) {
    static const char text[] =
        "{\"by\":\"li\",\"reason\":\"\\u95e8\",\"minutes\":5,\"result\":\"false\"}";
    const struct asker asker = {.kind = ASKER_LOCAL, .role = ROLE_ENGINEER, .name = "wang"};
    struct command command = {0};
    struct order_second second;
    const char *member = NULL;
    memory_ends_after(left);
    bool read =
        order_body_read(text, strlen(text), &asker, (struct wall){1}, &command, &second, &member);
    memory_is_back();
    return read == (allocations_refused == 0) ? NULL : "an order was read wrongly";
}

/* A whole tape: its names, its segment, the site beside it. */
static const char *recording_is_read(unsigned left) {
    struct tape tape;
    struct recording_reader *reader = NULL;
    struct input input;
    char reason[RECORDING_REASON_SIZE];
    uint64_t inputs = 0;
    const struct site *site = NULL;
    memory_ends_after(left);
    int opened = tape_open(&tape, material.root, reason);
    int r = opened == 0 ? tape_segment(&tape, 0, &reader, reason) : opened;
    while (r == 0 && recording_reader_next(reader, &input)) {
        inputs++;
    }
    if (r == 0) {
        site = tape_site(&tape, recording_reader_head(reader)->generation);
    }
    memory_is_back();
    const char *wrong = r != 0 && r != -ENOMEM ? "another error than the want of memory"
                        : r == 0 && inputs != material.tape_inputs ? "inputs are missing"
                        : (r == 0 && site != NULL) != (allocations_refused == 0)
                            ? "a site that is not there, or none"
                            : NULL;
    if (r == 0 && wrong == NULL &&
        tape_site(&tape, recording_reader_head(reader)->generation) == NULL) {
        wrong = "the site is not found with memory either";
    }
    (void)recording_reader_free(reader);
    if (opened == 0) {
        tape_close(&tape);
    }
    return wrong;
}

static void complain(void *context, uint64_t line, uint32_t column, const char *what,
                     const char *about) {
    (void)context;
    (void)fprintf(stderr, "line %" PRIu64 ", %" PRIu32 ": %s %s\n", line, column, what, about);
}

static const char *export_is_read(unsigned left) {
    struct history history = HISTORY_NULL;
    FILE *file = fmemopen(material.export, strlen(material.export), "r");
    assert(file != NULL);
    memory_ends_after(left);
    int r = history_read(&history, file, &material.site, complain, NULL);
    memory_is_back();
    const char *wrong = (r == 0) != (allocations_refused == 0) || (r != 0 && r != -ENOMEM)
                            ? "another end than the want of memory"
                        : r == 0 && history.count != HISTORY_LINES ? "readings are missing"
                                                                   : NULL;
    history_deinit(&history);
    (void)fclose(file);
    return wrong;
}

/* ---- sending ---- */

static const char *call_is_made(unsigned left) {
    static const struct secret_shared secret = {.bytes = "0123456789abcdef", .size = 16};
    static const char body[] = "{\"id\":\"a.b.1.2\"}";
    const struct webhook_notice notice = {.id = "1", .body = body, .body_size = strlen(body)};
    struct batch batch = {0};
    char header[SIGNATURE_HEADER_SIZE];
    size_t size = 0;
    memory_ends_after(left);
    bool added = batch_add(&batch, &notice) && batch_add(&batch, &notice);
    char *text = added ? batch_write(&batch, &size) : NULL;
    int r = text != NULL ? signature_header(&secret, (struct wall){1}, text, size, header) : 0;
    memory_is_back();
    bool made = text != NULL && r == 0;
    bool whole =
        text == NULL || (size == 2 * strlen(body) + 3 && text[0] == '[' && text[size - 1] == ']');
    free(text);
    batch_deinit(&batch);
    return made != (allocations_refused == 0) || (r != 0 && r != -ENOMEM)
               ? "a call was made without its memory, or none with it"
           : whole ? NULL
                   : "a call has another body than its notices";
}

static const char *lines_are_packed(unsigned left) {
    static const char text[] = "temperature,place=hall value=21.5 1\n";
    unsigned char *packed = NULL;
    char *again = NULL;
    size_t packed_size = 0;
    size_t size = 0;
    memory_ends_after(left);
    int r = gzip_pack(text, strlen(text), &packed, &packed_size);
    r = r == 0 ? gzip_unpack(packed, packed_size, sizeof text, &again, &size) : r;
    memory_is_back();
    bool same = r != 0 || (size == strlen(text) && memcmp(again, text, size) == 0);
    if (packed != NULL) {
        free(packed);
    }
    if (r == 0) {
        free(again);
    }
    return (r == 0) != (allocations_refused == 0) || (r != 0 && r != -ENOMEM)
               ? "lines were packed without their memory, or not with it"
           : same ? NULL
                  : "lines were packed as others";
}

/*
 * What TLS with a broker would be like: it may not be said that the broker's or our certificate is at
 * fault. OpenSSL does not always say that it was memory that it lacked; then what it says is told.
 *
 * It has done so once before: of what OpenSSL 3.0 prepares at its first use and cannot, for want of memory,
 * some never works again in that process.
 */
static const char *tls_is_examined(unsigned left) {
    const struct examination_conf conf = {
        .address = material.server.address, .ca = material.authority, .cert = "", .key = ""};
    struct examination_result result;
    struct examination_result again;
    memory_ends_after(left);
    examination_run(&conf, &result);
    memory_is_back();
    examination_run(&conf, &again);
    bool good = result.told[0] == '\0' && result.until_s == again.until_s;
    bool told = result.told[0] != '\0' && strncmp(result.told, "the broker", 10) != 0;
    return again.told[0] != '\0' || again.until_s == 0 ? "with memory TLS is not good either"
           : good || told                              ? NULL
                                                       : "something else is to blame";
}

static const char event_text[] =
    "{\"id\":\"s.g.1.2\",\"subject\":\"room/button\",\"data\":{\"rule\":\"call\",\"class\":"
    "\"call.emergency\",\"state\":{\"active\":true},\"text\":{\"zh\":\"\\u95e8\",\"en\":\"Door\"}}}";

static const char *event_is_a_line(unsigned left) {
    static const struct event_line_source source = {.site = "s", .gateway = "g", .unit = LINE_NS};
    static char lines[2][EVENT_LINE_SIZE];
    struct journal_row row = {.seq = 2, .wall = {1700000000000000000}};
    row.type = "alarm.raised";
    row.body = event_text;
    row.body_size = strlen(event_text);
    size_t whole = event_line_write(&source, &row, lines[0]);
    memory_ends_after(left);
    size_t size = event_line_write(&source, &row, lines[1]);
    memory_is_back();
    bool same = size == whole && memcmp(lines[0], lines[1], whole) == 0;
    return whole == 0 || whole > EVENT_LINE_SIZE                      ? "an event has no line"
           : allocations_refused > 0 && size != EVENT_LINE_UNREADABLE ? "an event was passed over"
           : allocations_refused == 0 && !same ? "an event became another line"
                                               : NULL;
}

/* Whole, or at least with the id by which the journal can be asked. */
static const char *event_is_shortened(unsigned left) {
    static char texts[2][UPLINK_JSON_SIZE];
    static const char least[] = "{\"id\":\"s.g.1.2\",\"shortened\":true}";
    size_t whole = uplink_json_shorten(event_text, strlen(event_text), UPLINK_JSON_BRIEF, texts[0]);
    memory_ends_after(left);
    size_t size = uplink_json_shorten(event_text, strlen(event_text), UPLINK_JSON_BRIEF, texts[1]);
    memory_is_back();
    bool same = size == whole && memcmp(texts[0], texts[1], size) == 0;
    bool named = size == strlen(least) && memcmp(texts[1], least, size) == 0;
    return same == (allocations_refused == 0) && (same || named)
               ? NULL
               : "an event was shortened to another";
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
    char root[PATH_SIZE];
    struct story_ledger *ledger = __real_calloc(1, sizeof *ledger);
    struct story_findings findings = {0};
    assert(ledger != NULL);
    directory_make(root);
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

/* Back a journal up, look at the backup, bring it back. */
static const char *journal_is_kept(unsigned left) {
    char root[PATH_SIZE];
    char path[PATH_SIZE + 16];
    char state[PATH_SIZE + 16];
    char reason[JOURNAL_REASON_SIZE] = "";
    struct journal_backup backup;
    struct story_ledger *ledger = __real_calloc(1, sizeof *ledger);
    struct story_findings findings = {0};
    assert(ledger != NULL);
    directory_make(root);
    const char *wrong = journal_live(ledger, root, UINT32_MAX, UINT32_MAX);
    assert(wrong == NULL);
    (void)snprintf(path, sizeof path, "%s/backup", root);
    (void)snprintf(state, sizeof state, "%s/again", root);
    memory_ends_after(left);
    int r = journal_backup_make(root, path, NULL, (struct wall){1}, reason);
    bool is_there = access(path, F_OK) == 0;
    int restored =
        r == 0 ? journal_backup_restore(path, state, NULL, (struct wall){2}, &backup, reason) : r;
    memory_is_back();
    unsigned refused = allocations_refused;
    if ((r == 0) != is_there) {
        wrong = "a backup is told and not there, or there and not told";
    } else if (restored == JOURNAL_E_DAMAGED) {
        wrong = "the want of memory is told as damage";
    } else if (restored != 0) {
        r = r == 0 ? 0 : journal_backup_make(root, path, NULL, (struct wall){1}, reason);
        restored =
            r == 0 ? journal_backup_restore(path, state, NULL, (struct wall){2}, &backup, reason)
                   : r;
        wrong = restored == 0 ? NULL : "it cannot be done with memory either";
    }
    if (wrong == NULL) {
        (void)story_check(ledger, state, &findings);
        wrong = findings.refused + findings.lost + findings.gaps + findings.broken > 0
                    ? "what was brought back is not what was backed up"
                    : NULL;
    }
    free(ledger);
    allocations_refused = refused;
    return wrong;
}

/* Overwrite the middle of the file. */
static void file_damage(const char *path) {
    static const char rubbish[512] = "rubbish";
    FILE *file = fopen(path, "r+e");
    assert(file != NULL);
    int r = fseek(file, 0, SEEK_END);
    long size = ftell(file);
    r = r == 0 ? fseek(file, size / 2 / 4096 * 4096, SEEK_SET) : r;
    assert(r == 0 && fwrite(rubbish, sizeof rubbish, 1, file) == 1 && fclose(file) == 0);
}

/* A life with memory, damage, an opening that salvages, and a life after it. */
static const char *journal_is_salvaged(unsigned left) {
    char root[PATH_SIZE];
    char database[PATH_SIZE + 16];
    struct story_ledger *ledger = __real_calloc(1, sizeof *ledger);
    assert(ledger != NULL);
    directory_make(root);
    const char *wrong = journal_live(ledger, root, UINT32_MAX, UINT32_MAX);
    assert(wrong == NULL);
    (void)snprintf(database, sizeof database, "%s/journal.db", root);
    file_damage(database);
    wrong = journal_live(ledger, root, left, UINT32_MAX);
    unsigned refused = allocations_refused;
    if (wrong == NULL) {
        wrong = journal_live(ledger, root, UINT32_MAX, UINT32_MAX);
    }
    free(ledger);
    allocations_refused = refused;
    return wrong;
}

static const char *lines_are_spooled(unsigned left) {
    static const char line[] = "temperature,place=hall value=21.5 1\n";
    char root[PATH_SIZE];
    struct spool *spool = NULL;
    struct spool_place place;
    struct spool_record record;
    bool kept = true;
    directory_make(root);
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

/* ---- controls ---- */

static const char *nothing_is_checked(unsigned left) {
    memory_ends_after(left);
    volatile char *text = malloc(16); /* volatile: the write must not be left out */
    text[0] = 'x';
    memory_is_back();
    free((void *)text);
    return NULL;
}

static const char *failure_is_swallowed(unsigned left) {
    memory_ends_after(left);
    char *copy = strdup("kept");
    memory_is_back();
    const char *wrong = copy == NULL ? "what was told as kept is not there" : NULL;
    free(copy);
    return wrong;
}

/* The first of two is forgotten when there is no memory for the second. */
static const char *something_leaks(unsigned left) {
    memory_ends_after(left);
    char *first = malloc(16);
    char *second = first != NULL ? malloc(16) : NULL;
    memory_is_back();
    if (second != NULL) {
        free(first);
        free(second);
    }
    return NULL;
}

/* ---- all of them ---- */

struct trial {
    const char *name;
    deed *run;
};

static const struct trial trials[] = {
    {"site", site_is_loaded},
    {"payload", payload_is_read},
    {"order", order_is_read},
    {"recording", recording_is_read},
    {"export", export_is_read},
    {"call", call_is_made},
    {"packed", lines_are_packed},
    {"tls", tls_is_examined},
    {"event_line", event_is_a_line},
    {"shortened", event_is_shortened},
    {"journal_opening", journal_is_opened},
    {"journal_commit", journal_is_committed},
    {"journal_backup", journal_is_kept},
    {"journal_salvage", journal_is_salvaged},
    {"spool", lines_are_spooled},
};

static const struct trial controls[] = {
    {"unchecked", nothing_is_checked},
    {"swallowed", failure_is_swallowed},
    {"leaky", something_leaks},
};

/* What a process tells of its deed. */
static struct told {
    unsigned refused;
    char wrong[128]; /* "": nothing */
} * told;

/* Do it in a process of its own. */
static void trial_run(const struct trial *trial, unsigned left) {
    *told = (struct told){.wrong = "it did not come to its end"};
    (void)fflush(NULL);
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) {
        const char *wrong = trial->run(left);
        told->refused = allocations_refused;
        (void)snprintf(told->wrong, sizeof told->wrong, "%s", wrong != NULL ? wrong : "");
        exit(0); /* a sanitizer looks for leaks now, and makes it another status */
    }
    int status;
    pid_t ended = waitpid(child, &status, 0);
    assert(ended == child);
    if (WIFSIGNALED(status)) {
        told->refused = 1;
        (void)snprintf(told->wrong, sizeof told->wrong, "it ended by signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        told->refused = 1;
        (void)snprintf(told->wrong, sizeof told->wrong, "it ended with %d", WEXITSTATUS(status));
    }
}

/* Returns at how many allocations it was wrong; 1 where it allocates nothing at all. */
static uint32_t trial_repeat(const struct trial *trial, unsigned first, unsigned step) {
    uint32_t refused = 0;
    uint32_t wrong = 0;
    for (unsigned left = first;; left += step == 1 ? 1 : step + left / 4) {
        trial_run(trial, left);
        if (told->wrong[0] != '\0') {
            (void)fprintf(stderr, "%s with %u allocations: %s\n", trial->name, left, told->wrong);
            wrong++;
        }
        if (told->refused == 0 || wrong == 3) {
            break;
        }
        refused++;
    }
    if (refused == 0 && first > 0) {
        return trial_repeat(trial, 0, step); /* it has fewer than were skipped */
    }
    printf(" %s=%" PRIu32, trial->name, refused);
    return wrong + (refused == 0);
}

/* Expressions, line protocol and its parts: true when they needed no memory. */
static bool pure_is_pure(void) {
    static const char text[] = "any(smoke) or count(heat) >= 2";
    static const struct expr_scope scope = {.each = EXPR_EACH_PLACE};
    static struct expr_program program;
    struct expr_error error;
    struct shipment shipment;
    struct line line;
    char buffer[128];
    memory_ends_after(0);
    bool compiled = expr_compile(text, strlen(text), &scope, &program, &error);
    line_begin(&line, buffer, sizeof buffer, "temperature");
    line_tag(&line, "place", "hall");
    line_number(&line, "value", 21.5);
    size_t size = line_end(&line, (struct wall){1}, LINE_NS);
    bool written = size > 0;
    if (written) {
        shipment_begin(&shipment, buffer, size);
        written = shipment_next(&shipment, sizeof buffer).end == size &&
                  shipment_answered(&shipment, ANSWER_TAKEN, true, NULL, NULL) == SHIPMENT_OVER;
    }
    memory_is_back();
    return compiled && written && allocations_refused == 0;
}

static void material_make(void) {
    const struct config_options options = {0};
    struct tape_writer *writer;
    struct tape_writer_counts counts;
    struct wall wall = {1700000000000000000};
    char path[PATH_SIZE + 32];
    char name[RECORDING_NAME_SIZE];
    (void)snprintf(material.root, sizeof material.root, "/tmp/tocsin-memory-XXXXXX");
    char *made = mkdtemp(material.root);
    assert(made != NULL);
    (void)snprintf(material.authority, sizeof material.authority, "%.64s/ca.crt", material.root);
    tls_server_start(&material.server, material.authority);
    const struct examination_conf conf = {
        .address = material.server.address, .ca = material.authority, .cert = "", .key = ""};
    struct examination_result result;
    examination_run(&conf, &result);
    assert(result.told[0] == '\0');
    int r = config_load(EXAMPLE, &options, &material.result);
    r = r == 0 ? site_view(material.result.image, material.result.image_size, &material.site) : r;
    assert(r == 0);
    recording_name_format(1, material.site.header->generation, name);
    (void)snprintf(path, sizeof path, "%.64s/%s", material.root, name);
    r = tape_writer_new(path, &material.site, wall, &writer);
    assert(r == 0);
    for (uint32_t i = 1; i <= TAPE_INPUTS; i++) {
        struct input input = {.kind = INPUT_READING};
        input.reading.point = i % material.site.ruleset.point_count;
        tape_writer_take(writer, (struct instant){TAPE_WRITER_BEGIN.ns + i * NS_PER_S}, &input);
    }
    r = tape_writer_finish(writer, &counts);
    assert(r == 0);
    (void)tape_writer_free(writer);
    material.tape_inputs = counts.inputs;
    uint32_t point = 0;
    while (material.site.ruleset.points[point].kind != POINT_TEMPERATURE) {
        point++;
    }
    size_t len = 0;
    for (int i = 0; i < HISTORY_LINES; i++) {
        len +=
            (size_t)snprintf(material.export + len, sizeof material.export - len,
                             "temperature,point=%s value=21.5,quality=0i 17000000%02d000000000\n",
                             site_text(&material.site, material.site.points[point].id), i);
        assert(len < sizeof material.export);
    }
}

static bool is_wanted(const char *name, char **words, int count) {
    for (int i = 0; i < count; i++) {
        if (strcmp(name, words[i]) == 0) {
            return true;
        }
    }
    return count == 0;
}

int main(int argc, char **argv) {
    unsigned step = 1;
    unsigned seed = 0;
    const char *control = "none";
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--step") == 0) {
            step = (unsigned)strtoul(argv[at + 1], NULL, 10);
        } else if (strcmp(argv[at], "--seed") == 0) {
            seed = (unsigned)strtoul(argv[at + 1], NULL, 10);
        } else if (strcmp(argv[at], "--control") == 0) {
            control = argv[at + 1];
        }
    }
    bool is_control = strcmp(control, "none") != 0;
    const struct trial *all = is_control ? controls : trials;
    size_t count =
        is_control ? sizeof controls / sizeof controls[0] : sizeof trials / sizeof trials[0];
    uint32_t wrong = 0;
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(told != MAP_FAILED && step > 0);
    libraries_prepare();
    fault_vfs_register();
    material_make();
    printf("row: memory_faults control=%s step=%u seed=%u", control, step, seed);
    for (size_t i = 0; i < count; i++) {
        if (is_control ? strcmp(all[i].name, control) == 0
                       : is_wanted(all[i].name, argv + at, argc - at)) {
            wrong += trial_repeat(&all[i], seed % step, step);
        }
    }
    bool pure = pure_is_pure();
    printf(" pure=%d lost=%" PRIu32 "\n", pure, wrong);
    tls_server_stop(&material.server);
    (void)scratch_remove(material.root);
    config_result_deinit(&material.result);
    return pure && (wrong > 0) == is_control ? 0 : 1;
}
