/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/sessions.h"

#include <fcntl.h>
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
#include "gateway/log.h"
#include "gateway/state_file.h"

#define SESSIONS_FILE_NAME "sessions.bin"

enum { TOKEN_BYTES = 32 };

/* What the file begins with; a file of another kind is none. */
static const char sessions_magic[8] = "sessns1";

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
                                           const struct session_row *session, struct wall now) {
    const struct person *person = people_find(sessions->people, session->id);
    unsigned char bond[SESSION_DIGEST_SIZE];
    int64_t idle_s = (now.ns - session->used.ns) / (int64_t)NS_PER_S;
    int64_t age_s = (now.ns - session->begun.ns) / (int64_t)NS_PER_S;
    if (person == NULL || idle_s >= SESSIONS_IDLE_S || age_s >= SESSIONS_S) {
        return NULL;
    }
    session_bond(person, bond);
    return CRYPTO_memcmp(bond, session->bond, sizeof bond) == 0 ? person : NULL;
}

static void sessions_drop(struct sessions *sessions, uint32_t at) {
    sessions->rows[at] = sessions->rows[--sessions->count];
    sessions->changed = true;
}

static void sessions_drop_ended(struct sessions *sessions, struct wall now) {
    for (uint32_t i = sessions->count; i > 0; i--) {
        if (session_person(sessions, &sessions->rows[i - 1], now) == NULL) {
            sessions_drop(sessions, i - 1);
        }
    }
}

/* ---- the file ---- */

/* As the rows stand in memory: only this machine's console reads them, and another version asks people anew. */
static void sessions_save(struct sessions *sessions) {
    size_t size = sizeof sessions_magic + sessions->count * sizeof *sessions->rows;
    char *bytes = malloc(size);
    sessions->changed = false;
    if (bytes == NULL || sessions->directory < 0) {
        free(bytes);
        return;
    }
    memcpy(bytes, sessions_magic, sizeof sessions_magic);
    memcpy(bytes + sizeof sessions_magic, sessions->rows, size - sizeof sessions_magic);
    (void)!disk_replace(sessions->directory, SESSIONS_FILE_NAME, bytes, size);
    free(bytes);
}

static bool session_is_sound(const struct session_row *session) {
    return memchr(session->id, '\0', sizeof session->id) != NULL &&
           session->used.ns >= session->begun.ns;
}

static void sessions_read(struct sessions *sessions) {
    int fd = state_file_open(sessions->directory, SESSIONS_FILE_NAME, O_RDONLY);
    struct stat found;
    char magic[sizeof sessions_magic];
    if (fd < 0) {
        return;
    }
    size_t row = sizeof *sessions->rows;
    bool sound = fstat(fd, &found) == 0 && found.st_size >= (off_t)sizeof magic &&
                 ((size_t)found.st_size - sizeof magic) % row == 0 &&
                 ((size_t)found.st_size - sizeof magic) / row <= SESSIONS_MAX &&
                 disk_read_at(fd, magic, sizeof magic, 0) &&
                 memcmp(magic, sessions_magic, sizeof magic) == 0;
    size_t count = sound ? ((size_t)found.st_size - sizeof magic) / row : 0;
    if (sound && disk_read_at(fd, sessions->rows, count * row, sizeof magic)) {
        sessions->count = (uint32_t)count;
    }
    (void)close(fd);
    for (uint32_t i = sessions->count; i > 0; i--) {
        if (!session_is_sound(&sessions->rows[i - 1])) {
            sessions_drop(sessions, i - 1);
        }
    }
}

int sessions_open(struct sessions *sessions, const struct people *people, int directory,
                  struct wall now) {
    *sessions = (struct sessions){.people = people, .directory = directory};
    sessions->rows = calloc(SESSIONS_MAX, sizeof *sessions->rows);
    if (sessions->rows == NULL) {
        return err_origin(-ENOMEM);
    }
    if (directory >= 0) {
        sessions_read(sessions);
    }
    sessions_drop_ended(sessions, now);
    return 0;
}

void sessions_close(struct sessions *sessions) {
    if (sessions->rows != NULL && sessions->changed) {
        sessions_save(sessions);
    }
    free(sessions->rows);
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

static void sessions_make_room(struct sessions *sessions) {
    if (sessions->count < SESSIONS_MAX) {
        return;
    }
    uint32_t oldest = 0;
    for (uint32_t i = 1; i < sessions->count; i++) {
        oldest = sessions->rows[i].used.ns < sessions->rows[oldest].used.ns ? i : oldest;
    }
    sessions_drop(sessions, oldest);
    sessions->displaced++;
}

int sessions_begin(struct sessions *sessions, const struct person *person, struct wall now,
                   char ret_token[SESSION_TOKEN_SIZE]) {
    unsigned char bytes[TOKEN_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return err_origin(-EIO);
    }
    hex_format(bytes, sizeof bytes, ret_token);
    OPENSSL_cleanse(bytes, sizeof bytes);
    sessions_make_room(sessions);
    struct session_row *session = &sessions->rows[sessions->count++];
    *session = (struct session_row){.begun = now, .used = now};
    memcpy(session->id, person->id, sizeof session->id);
    token_digest(ret_token, session->digest);
    session_bond(person, session->bond);
    sessions_save(sessions);
    return 0;
}

const struct person *sessions_find(struct sessions *sessions, const char *token, struct wall now) {
    struct session_row *session = sessions_at(sessions, token);
    const struct person *person = session == NULL ? NULL : session_person(sessions, session, now);
    if (person != NULL && now.ns > session->used.ns) {
        session->used = now;
        sessions->changed = true;
    }
    return person;
}

void sessions_end(struct sessions *sessions, const char *token) {
    struct session_row *session = sessions_at(sessions, token);
    if (session != NULL) {
        sessions_drop(sessions, (uint32_t)(session - sessions->rows));
        sessions_save(sessions);
    }
}

void sessions_tick(struct sessions *sessions, struct wall now) {
    sessions_drop_ended(sessions, now);
    if (sessions->changed) {
        sessions_save(sessions);
    }
}
