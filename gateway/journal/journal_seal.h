/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_SEAL_H
#define GATEWAY_JOURNAL_JOURNAL_SEAL_H

/*
 * Seals: the signed checkpoint of a day
 *
 * The digest chain shows that a row was changed, unless whoever changed it also computed all digests
 * behind it anew. Where a site names a signing key, the end of the chain is therefore put under an
 * Ed25519 signature (RFC 8032) once a day: what stands before it cannot be made up without the key.
 * People know it as a checkpoint; that word is SQLite's for something else in here.
 *
 *     event 1 ─▶ … ─▶ event 812 ─▶ … ─▶ event 1507 ─▶ … newest
 *                        └ seal 1          └ seal 2       └ not yet
 *
 * What is signed is a text, so that anybody can check it with other tools; hexadecimal is lower case:
 *
 *     tocsin checkpoint 2\n
 *     site <id>\n gateway <id>\n number <n>\n day <days since 1970-01-01, UTC>\n
 *     seq <seq>\n digest <64 digits>\n
 *     after <seq>\n alarms <n>\n ledger <64 digits>\n
 *
 * The last line is about each event since the ledger before it (journal_ledger.h). Seals of earlier
 * versions have neither that line nor the 2.
 *
 * Seals are numbered from 1 without gaps, each over its number, so that one that was taken away is
 * missed. Each carries the public key that it was signed with: a key may be changed, and older seals
 * are still checked. Whether that key is to be trusted only somebody outside can say.
 *
 * A signing key is a file as `openssl genpkey -algorithm ed25519` writes it (PKCS #8 in PEM, RFC 8410
 * and RFC 7468), that its owner alone may change and others may not read. Its group may read: a key
 * that is handed over by an access list shows the list's mask in the group's place (acl(5)).
 */

#include <stdint.h>
#include <stdio.h>

#include "gateway/journal/journal_digest.h"
#include "gateway/journal/journal_schema.h"

enum {
    SEAL_KEY_SIZE = 32,
    SEAL_SIGNATURE_SIZE = 64, /* both RFC 8032, 5.1 */
    /* Keys that a gateway has had in its life, or those of one organisation. */
    SEAL_KEYS_MAX = 64,
};

/* So often in a row a seal may fail before the storage is not well: the next attempt comes after 10 s. */
enum { JOURNAL_SEAL_FAILURES = 2 };

struct journal_seal {
    uint64_t number;
    int64_t day;                               /* UTC, since 1970-01-01 */
    uint64_t seq;                              /* of the newest event then, … */
    unsigned char digest[JOURNAL_DIGEST_SIZE]; /* … and its digest */
    bool has_ledger;                           /* those of earlier versions have none */
    uint64_t after;                            /* its stretch begins after this event, … */
    uint64_t alarms;                           /* … has so many of the alarm lane, … */
    unsigned char ledger[JOURNAL_DIGEST_SIZE]; /* … and this is the head of its ledger */
    unsigned char key[SEAL_KEY_SIZE];          /* public */
    unsigned char signature[SEAL_SIGNATURE_SIZE];
};

/* Public keys that are known to be a gateway's. */
struct seal_keys {
    unsigned char keys[SEAL_KEYS_MAX][SEAL_KEY_SIZE];
    uint32_t count;
};

/* Of days, and of a wall time before 1970 as well. */
int64_t seal_day(int64_t wall_ns);

/*
 * Sign `seal` for this gateway with the key in the file at `path`, which is read anew each time:
 * fills in `key` and `signature`. Returns 0, JOURNAL_E_FAILED with the reason, or <0.
 */
NODISCARD int seal_sign(struct journal_seal *seal, const char *path, const char *site,
                        const char *gateway, char reason[JOURNAL_REASON_SIZE]);

/* Is it what its own key has signed for this gateway? */
bool seal_fits(const struct journal_seal *seal, const char *site, const char *gateway);

/*
 * The seal as the text that is kept in the file `checkpoint` beside the journal, so that one that is
 * taken out of the journal is missed: what is signed, and two lines `key` and `signature`.
 */
#define SEAL_NOTE_NAME "checkpoint"
enum { SEAL_NOTE_SIZE = 800 };
size_t seal_note_format(const struct journal_seal *seal, const char *site, const char *gateway,
                        char ret[SEAL_NOTE_SIZE]);

/* Read such a text, of any gateway; false: it is none. Whether it fits is another question. */
bool seal_note_parse(const char *text, struct journal_seal *ret_seal);

/* Make a new signing key in a new file, for its owner alone. Returns as seal_sign(). */
NODISCARD int seal_key_make(const char *path, char reason[JOURNAL_REASON_SIZE]);

/* Print the public key of the signing key at `path` in PEM. Returns as seal_sign(). */
NODISCARD int seal_key_print(const char *path, FILE *to, char reason[JOURNAL_REASON_SIZE]);

/*
 * Read public keys in PEM, one behind the other, 1 … SEAL_KEYS_MAX of them, all Ed25519. Returns as
 * seal_sign().
 */
NODISCARD int seal_keys_read(const char *path, struct seal_keys *ret_keys,
                             char reason[JOURNAL_REASON_SIZE]);
bool seal_keys_have(const struct seal_keys *keys, const unsigned char key[SEAL_KEY_SIZE]);

#endif
