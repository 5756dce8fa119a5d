/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/sessions.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "gateway/digest.h"
#include "gateway/disk.h"
#include "gateway/hex.h"
#include "gateway/state_file.h"

#define SESSIONS_FILE_NAME "sessions.bin"

enum { TOKEN_BYTES = 32, CLOCK_SET_S = 3600 };

/* What the file begins with; a file of another kind is none. */
static const char sessions_magic[8] = "sessns2";

struct sessions_head {
    char magic[8];
    struct wall wall; /* what it was at … */
    uint64_t real_ns; /* … this real time, which the rows are in */
};

/* Longer than any machine runs, and far from what 64 bits hold. */
#define SPAN_NS_MAX (INT64_C(1) << 61)

static void session_bond(const struct person *person, unsigned char ret[SESSION_DIGEST_SIZE]) {
    struct digest digest;
    const char *role = person_role_name(person);
    digest_begin(&digest);
    digest_add(&digest, role, strlen(role) + 1);
    digest_add(&digest, person->hash, strlen(person->hash));
    digest_end(&digest, ret);
}

/* The person of a session, if it has not ended. */
static const struct person *session_person(const struct sessions *sessions,
                                           const struct session_row *session, uint64_t real_ns) {
    const struct person *person = people_find(sessions->people, session->id);
    unsigned char bond[SESSION_DIGEST_SIZE];
    int64_t idle_s = ((int64_t)real_ns - session->used_real_ns) / (int64_t)NS_PER_S;
    int64_t age_s = ((int64_t)real_ns - session->begun_real_ns) / (int64_t)NS_PER_S;
    if (person == NULL || idle_s >= SESSIONS_IDLE_S || age_s >= SESSIONS_S) {
        return NULL;
    }
    session_bond(person, bond);
    return CRYPTO_memcmp(bond, session->bond, sizeof bond) == 0 ? person : NULL;
}

/* Have it saved after so many seconds at the latest. */
static void sessions_save_within(struct sessions *sessions, uint32_t seconds, uint64_t real_ns) {
    uint64_t then_ns = real_ns + seconds * NS_PER_S;
    if (then_ns < sessions->save_real_ns) {
        sessions->save_real_ns = then_ns;
    }
}

static void sessions_drop(struct sessions *sessions, uint32_t at) {
    sessions->rows[at] = sessions->rows[--sessions->count];
    sessions->seen[at] = sessions->seen[sessions->count];
}

static void sessions_drop_ended(struct sessions *sessions, uint64_t real_ns) {
    for (uint32_t i = sessions->count; i > 0; i--) {
        if (session_person(sessions, &sessions->rows[i - 1], real_ns) == NULL) {
            sessions_drop(sessions, i - 1);
            sessions_save_within(sessions, SESSIONS_SAVE_S, real_ns);
        }
    }
}

/* ---- the file ---- */

/* As the rows stand in memory: only this machine's console reads them, and another version asks people anew. */
static bool sessions_write(const struct sessions *sessions) {
    struct sessions_head head = {.wall = sessions->wall, .real_ns = sessions->wall_real_ns};
    size_t size = sizeof head + sessions->count * sizeof *sessions->rows;
    char *bytes = malloc(size);
    if (bytes == NULL) {
        return false;
    }
    memcpy(head.magic, sessions_magic, sizeof head.magic);
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, sessions->rows, size - sizeof head);
    int r = disk_replace(sessions->directory, SESSIONS_FILE_NAME, bytes, size);
    free(bytes);
    return r == 0;
}

static void sessions_tell_unsaved(struct sessions *sessions) {
    uint64_t kept_back = 0;
    if (log_permit(&sessions->told_unsaved, &kept_back)) {
        log_line(
            LOG_WARNING, "sessions_unsaved",
            "file=%s kept_back=%" PRIu64
            " effect=\"after a restart the ended session is valid again, and whoever has signed in "
            "since signs in anew\" advice=\"make room on the disk of the state directory: it is "
            "saved within seconds then\"",
            SESSIONS_FILE_NAME, kept_back);
    }
}

static void sessions_save(struct sessions *sessions) {
    bool was_unsaved = sessions->unsaved;
    sessions->save_real_ns = UINT64_MAX;
    sessions->unsaved = sessions->directory < 0 || !sessions_write(sessions);
    if (sessions->unsaved && sessions->directory >= 0) {
        /* A session that has ended must not come back with the next start. */
        sessions_save_within(sessions, SESSIONS_RETRY_S, sessions->wall_real_ns);
        sessions_tell_unsaved(sessions);
    } else if (was_unsaved && !sessions->unsaved) {
        log_line(LOG_NOTICE, "sessions_saved", "file=%s effect=\"what has ended stays ended\"",
                 SESSIONS_FILE_NAME);
    }
}

static bool head_is_sound(const struct sessions_head *head) {
    return memcmp(head->magic, sessions_magic, sizeof head->magic) == 0 && head->wall.ns >= 0 &&
           head->wall.ns < 2 * SPAN_NS_MAX && head->real_ns < (uint64_t)SPAN_NS_MAX;
}

static bool session_is_sound(const struct session_row *session, const struct sessions_head *head) {
    return memchr(session->id, '\0', sizeof session->id) != NULL &&
           session->begun_real_ns > -SPAN_NS_MAX &&
           session->used_real_ns >= session->begun_real_ns &&
           session->used_real_ns <= (int64_t)head->real_ns + SESSIONS_S * (int64_t)NS_PER_S;
}

/* Bring the rows to this run's real time: they have grown older while no console ran, by what the wall clock says. */
static void sessions_bring_over(struct sessions *sessions, const struct sessions_head *head) {
    int64_t off_ns = sessions->wall.ns - head->wall.ns;
    off_ns = off_ns > 0 ? off_ns : 0;
    int64_t shift_ns = (int64_t)sessions->wall_real_ns - off_ns - (int64_t)head->real_ns;
    for (uint32_t i = sessions->count; i > 0; i--) {
        struct session_row *session = &sessions->rows[i - 1];
        if (session_is_sound(session, head)) {
            session->begun_real_ns += shift_ns;
            session->used_real_ns += shift_ns;
        } else {
            sessions_drop(sessions, i - 1);
        }
    }
}

static void sessions_read(struct sessions *sessions) {
    int fd = state_file_open(sessions->directory, SESSIONS_FILE_NAME, O_RDONLY);
    struct stat found;
    struct sessions_head head;
    if (fd < 0) {
        return;
    }
    size_t row = sizeof *sessions->rows;
    bool sound = fstat(fd, &found) == 0 && found.st_size >= (off_t)sizeof head &&
                 ((size_t)found.st_size - sizeof head) % row == 0 &&
                 ((size_t)found.st_size - sizeof head) / row <= SESSIONS_MAX &&
                 disk_read_at(fd, &head, sizeof head, 0) && head_is_sound(&head);
    size_t count = sound ? ((size_t)found.st_size - sizeof head) / row : 0;
    if (sound && disk_read_at(fd, sessions->rows, count * row, sizeof head)) {
        sessions->count = (uint32_t)count;
        sessions_bring_over(sessions, &head);
    }
    (void)close(fd);
}

int sessions_open(struct sessions *sessions, const struct people *people, int directory,
                  struct wall now, uint64_t real_ns) {
    *sessions = (struct sessions){.people = people,
                                  .directory = directory,
                                  .wall = now,
                                  .wall_real_ns = real_ns,
                                  .save_real_ns = UINT64_MAX};
    sessions->rows = calloc(SESSIONS_MAX, sizeof *sessions->rows);
    sessions->seen = calloc(SESSIONS_MAX, sizeof *sessions->seen);
    if (sessions->rows == NULL || sessions->seen == NULL) {
        sessions_close(sessions);
        return err_origin(-ENOMEM);
    }
    if (directory >= 0) {
        sessions_read(sessions);
    }
    sessions_drop_ended(sessions, real_ns);
    return 0;
}

void sessions_close(struct sessions *sessions) {
    if (sessions->rows != NULL && sessions->save_real_ns != UINT64_MAX) {
        sessions_save(sessions);
    }
    free(sessions->rows);
    free(sessions->seen);
    *sessions = (struct sessions){.directory = -1};
}

/* ---- sessions ---- */

static void token_digest(const char *token, unsigned char ret[SESSION_DIGEST_SIZE]) {
    digest_of(token, strnlen(token, SESSION_TOKEN_SIZE), ret);
}

static struct session_row *sessions_at(const struct sessions *sessions, const char *token) {
    unsigned char digest[SESSION_DIGEST_SIZE];
    token_digest(token, digest);
    for (uint32_t i = 0; i < sessions->count; i++) {
        if (CRYPTO_memcmp(sessions->rows[i].digest, digest, sizeof digest) == 0) {
            return &sessions->rows[i];
        }
    }
    return NULL;
}

uint32_t sessions_of(const struct sessions *sessions, const char *id) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < sessions->count; i++) {
        count += strcmp(sessions->rows[i].id, id) == 0;
    }
    return count;
}

/* End the one that was not used for longest: of the person of this id, or with "" of all. There is one. */
static void sessions_displace(struct sessions *sessions, const char *id) {
    uint32_t oldest = UINT32_MAX;
    for (uint32_t i = 0; i < sessions->count; i++) {
        const struct session_row *at = &sessions->rows[i];
        if ((id[0] == '\0' || strcmp(at->id, id) == 0) &&
            (oldest == UINT32_MAX || at->used_real_ns < sessions->rows[oldest].used_real_ns)) {
            oldest = i;
        }
    }
    assert(oldest != UINT32_MAX);
    sessions_drop(sessions, oldest);
}

static void sessions_tell_displaced(struct sessions *sessions, const char *id) {
    uint64_t kept_back = 0;
    if (log_permit(&sessions->told, &kept_back)) {
        log_line(
            LOG_NOTICE, "session_displaced",
            "id=%s sessions_max=%d kept_back=%" PRIu64
            " effect=\"the session that was not used for longest has ended, and asks to sign in again\" "
            "advice=\"if nobody signs in so often, give another password, which ends all of them\"",
            id, SESSIONS_PER_PERSON, kept_back);
    }
}

static void sessions_make_room(struct sessions *sessions, const char *id) {
    if (sessions_of(sessions, id) >= SESSIONS_PER_PERSON) {
        sessions_displace(sessions, id);
        sessions->displaced_own++;
        sessions_tell_displaced(sessions, id);
    } else if (sessions->count >= SESSIONS_MAX) {
        sessions_displace(sessions, "");
        sessions->displaced++;
    }
}

int sessions_begin(struct sessions *sessions, const struct person *person, uint64_t real_ns,
                   char ret_token[SESSION_TOKEN_SIZE]) {
    unsigned char bytes[TOKEN_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return err_origin(-EIO);
    }
    hex_format(bytes, sizeof bytes, ret_token);
    OPENSSL_cleanse(bytes, sizeof bytes);
    sessions_make_room(sessions, person->id);
    sessions->seen[sessions->count] = (struct session_seen){.address = ""};
    struct session_row *session = &sessions->rows[sessions->count++];
    *session =
        (struct session_row){.begun_real_ns = (int64_t)real_ns, .used_real_ns = (int64_t)real_ns};
    memcpy(session->id, person->id, sizeof session->id);
    token_digest(ret_token, session->digest);
    session_bond(person, session->bond);
    sessions_save(sessions);
    return 0;
}

const struct person *sessions_find(struct sessions *sessions, const char *token, uint64_t real_ns) {
    struct session_row *session = sessions_at(sessions, token);
    const struct person *person =
        session == NULL ? NULL : session_person(sessions, session, real_ns);
    if (person != NULL && (int64_t)real_ns > session->used_real_ns) {
        session->used_real_ns = (int64_t)real_ns;
        sessions_save_within(sessions, SESSIONS_SAVE_S, real_ns);
    }
    return person;
}

uint64_t sessions_until_real_ns(const struct sessions *sessions, const char *token) {
    const struct session_row *session = sessions_at(sessions, token);
    assert(session != NULL);
    return (uint64_t)(session->begun_real_ns + SESSIONS_S * (int64_t)NS_PER_S);
}

void sessions_end(struct sessions *sessions, const char *token) {
    struct session_row *session = sessions_at(sessions, token);
    if (session != NULL) {
        sessions_drop(sessions, (uint32_t)(session - sessions->rows));
        sessions_save(sessions);
    }
}

void sessions_saw(struct sessions *sessions, const char *token, const char *address,
                  const char *agent) {
    const struct session_row *session = sessions_at(sessions, token);
    if (session == NULL) {
        return;
    }
    struct session_seen *seen = &sessions->seen[session - sessions->rows];
    (void)snprintf(seen->address, sizeof seen->address, "%s", address);
    (void)snprintf(seen->agent, sizeof seen->agent, "%s", agent == NULL ? "" : agent);
    for (char *at = seen->agent; *at != '\0'; at++) {
        *at = (char)(*at >= ' ' && *at <= '~' ? *at : '?');
    }
}

void session_name_format(const struct session_row *session, char ret_name[SESSION_NAME_SIZE]) {
    hex_format(session->digest, SESSION_NAME_SIZE / 2, ret_name);
}

bool session_is(const struct session_row *session, const char *token) {
    unsigned char digest[SESSION_DIGEST_SIZE];
    token_digest(token, digest);
    return CRYPTO_memcmp(session->digest, digest, sizeof digest) == 0;
}

uint32_t sessions_end_of(struct sessions *sessions, const char *id, const char *name) {
    uint32_t ended = 0;
    for (uint32_t i = sessions->count; i > 0; i--) {
        char its[SESSION_NAME_SIZE];
        session_name_format(&sessions->rows[i - 1], its);
        if (strcmp(sessions->rows[i - 1].id, id) == 0 &&
            (name[0] == '\0' || strcmp(name, its) == 0)) {
            sessions_drop(sessions, i - 1);
            ended++;
        }
    }
    if (ended > 0) {
        sessions_save(sessions);
    }
    return ended;
}

/* Was the wall clock set since it was looked at last? The file would be read with what it was. */
static bool sessions_clock_was_set(const struct sessions *sessions, struct wall now,
                                   uint64_t real_ns) {
    int64_t step_ns = (now.ns - sessions->wall.ns) - (int64_t)(real_ns - sessions->wall_real_ns);
    return llabs(step_ns) >= CLOCK_SET_S * (int64_t)NS_PER_S;
}

void sessions_tick(struct sessions *sessions, struct wall now, uint64_t real_ns) {
    if (sessions->count > 0 && sessions_clock_was_set(sessions, now, real_ns)) {
        sessions_save_within(sessions, 0, real_ns);
    }
    sessions->wall = now;
    sessions->wall_real_ns = real_ns;
    sessions_drop_ended(sessions, real_ns);
    if (real_ns >= sessions->save_real_ns) {
        sessions_save(sessions);
    }
}
