/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_PEOPLE_H
#define GATEWAY_CONSOLE_PEOPLE_H

/*
 * Who may sign in
 *
 * A person has an id to sign in with, a name that is recorded with what they do, a role, and a password of which
 * only a salted scrypt hash is kept. They stand in people.json of the console's directory, which is replaced as a
 * whole with each change, and are held in memory: a disk that fails keeps nobody from signing in.
 *
 *     {"people": [{"id": "wang", "name": "王敏", "role": "caregiver", "password": "scrypt$14$5$SALT$HASH"}]}
 *
 * A screen on a wall stands in the list like a person whose role is "wall" and who has a token for a password: it is
 * long and random, so that a digest of it will do, and a program that scrapes figures may show it with each request.
 *
 * Who gives commands by the broker has a key besides, "key": 64 hexadecimal digits. It stands in the file as it is, for
 * whoever checks a signature needs the key itself; the file is its owner's alone. It ends with the person, with the
 * role that it was made for, and when somebody else sets their password: whoever takes an account away takes all of it.
 *
 * Whoever changes the list signs for it (people_sign()), and what was done stands in the same file until the engine has
 * recorded it (gateway/deed.h): a change is in the journal, however the console ends. When too many deeds wait, no more
 * changes are taken.
 *
 * There is no default password. While nobody is in the list the console prints a claim code to its log; whoever
 * has that code becomes the first person, an engineer.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/deed.h"
#include "gateway/err.h"
#include "gateway/log.h"
#include "rules/role.h"

enum {
    PEOPLE_MAX = 500,
    PEOPLE_ID_SIZE = 33,       /* 1…32 of a-z, 0-9, '.', '_' and '-', and the NUL */
    PEOPLE_NAME_SIZE = 43,     /* so that the actor that is recorded fits; see peer.h */
    PEOPLE_PASSWORD_MIN = 10,  /* characters; ASVS 5.0, 6.2.1 asks for 8 at least */
    PEOPLE_PASSWORD_MAX = 256, /* bytes */
    PEOPLE_HASH_SIZE = 128,
    PEOPLE_TOKEN_SIZE = 2 * 32 + 1,
    PEOPLE_KEY_SIZE = 2 * 32 + 1,
    PEOPLE_DEEDS_MAX = 64, /* that the engine has not recorded */
    PEOPLE_RETRY_S = 10,   /* after the disk did not take a change */
};

#define PEOPLE_ROLE_WALL  "wall"
#define PEOPLE_ID_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789._-"
#define PEOPLE_DAMAGED    "people.json.damaged"

/* Where the list is: in this directory of the state directory. */
#define PEOPLE_DIRECTORY "console"
#define PEOPLE_FILE_NAME "people.json"
/* A person takes less than 512 bytes of it, a deed less than 1024. */
enum { PEOPLE_FILE_MAX = PEOPLE_MAX * 512 + PEOPLE_DEEDS_MAX * 1024 };

struct person {
    char id[PEOPLE_ID_SIZE];
    char name[PEOPLE_NAME_SIZE];
    char hash[PEOPLE_HASH_SIZE]; /* of a screen: of its token */
    char key[PEOPLE_KEY_SIZE];   /* "": gives no commands by the broker */
    enum role role;
    bool screen; /* nobody at all: a screen on a wall, which looks on and acts on nothing */
};

struct people {
    int directory; /* where the file is; -1: cannot be opened */
    struct person *rows;
    uint32_t count;
    struct deed *deeds; /* oldest first; what the engine has not recorded, as far as is known */
    uint32_t deed_count;
    uint64_t deed_number; /* of the newest deed there was; 0: none yet */
    /* Who makes the next change, and when; without an actor nobody has signed. */
    struct deed signer;
    bool unsaved;           /* the last change is not on the disk … */
    uint64_t retry_real_ns; /* … and is not tried before this */
    struct log_limiter told_unsaved;
    bool unread; /* there is a file that could not be read */
};

/*
 * Read the list. Returns 0, PEOPLE_E_DAMAGED, or a negative errno; the list is empty then. What could not be read
 * stays where it is until the first change, and is put aside then.
 */
NODISCARD int people_open(struct people *people, int directory);
void people_close(struct people *people);

#define PEOPLE_E_DAMAGED 1 /* the file is none of ours: it has been put aside as PEOPLE_DAMAGED */
#define PEOPLE_E_FULL    2
#define PEOPLE_E_TAKEN   3 /* somebody has this id */
#define PEOPLE_E_UNKNOWN 4
#define PEOPLE_E_LAST    5 /* without this one nobody could add anybody */
#define PEOPLE_E_ID      6 /* no id, or no name */
#define PEOPLE_E_NAME                                                                              \
    7 /* somebody else has this name, but for blanks and capitals: who reads the journal would take them for one */
#define PEOPLE_E_DEEDS 8 /* too many deeds wait to be recorded */

/* Are the bytes of a file such a list? */
bool people_are_whole(const char *bytes, size_t size);

const struct person *people_find(const struct people *people, const char *id);

/* Are there two whose names are the same but for blanks and capitals? The first such two. */
bool people_alike(const struct people *people, const struct person **ret_one,
                  const struct person **ret_other);

/* The screen that has this token; NULL: none. */
const struct person *people_find_token(const struct people *people, const char *token);

/*
 * What somebody has entered for an id, without the blanks around it and in small letters. False, and "", when it is none: of
 * the letters and the length above.
 */
bool person_id_read(const char *text, char ret_id[PEOPLE_ID_SIZE]);

/* Take the id, so read, and the name without the blanks around it; false when they are none: one line each. */
bool person_name(struct person *person, const char *id, const char *name);

/* Has it an id, a name and a role that can be kept? */
bool person_is_sound(const struct person *person);

/* "caregiver" …, or PEOPLE_ROLE_WALL. Static storage. */
const char *person_role_name(const struct person *person);

/* Make a screen's token, and what is kept of it. Returns 0 or a negative errno: there is no randomness. */
NODISCARD int people_token(char ret_token[PEOPLE_TOKEN_SIZE], char ret_hash[PEOPLE_HASH_SIZE]);

/* Make a key for people_key(). Returns 0 or a negative errno: there is no randomness. */
NODISCARD int people_make_key(char ret_key[PEOPLE_KEY_SIZE]);

/* Say who makes the next change, which is forgotten with it: `actor` is shorter than LIMIT_ACTOR. */
void people_sign(struct people *people, const char *actor, enum role role, struct wall now);

/* Likewise of the first person, who comes in by the code. */
void people_sign_claim(struct people *people, const char *actor, struct wall now);

/* All deeds up to `number` are recorded. The file says so with the next change. */
void people_recorded(struct people *people, uint64_t number);

/*
 * Add, change or remove somebody, and save. A change that the disk does not take holds all the same, until the
 * console ends or people_tick() has saved it: `people->unsaved`. `hash` is password_hash()'s; NULL in a change: the
 * password stays. With another role or password the key ends.
 */
NODISCARD int people_add(struct people *people, const struct person *person);
NODISCARD int people_change(struct people *people, const char *id, const char *name, enum role role,
                            const char *hash);
/* They have set another password themselves: their key stays. A screen has none: PEOPLE_E_UNKNOWN. */
NODISCARD int people_own_password(struct people *people, const char *id, const char *hash);
/* A person's next key; "" ends the one there is. A screen has none: PEOPLE_E_UNKNOWN. */
NODISCARD int people_key(struct people *people, const char *id, const char *key);
NODISCARD int people_remove(struct people *people, const char *id);

/* Can no deed be kept? No change is taken then: PEOPLE_E_DEEDS. */
bool people_deeds_are_full(const struct people *people);

/* Whoever has signed has ended sessions of this person, which are not in the list: keep that deed, and save it. */
void people_signed_out(struct people *people, const char *id);

/* Save what the disk did not take, PEOPLE_RETRY_S after it was tried last. Each second. */
void people_tick(struct people *people, uint64_t real_ns);

#endif
