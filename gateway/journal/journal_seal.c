/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_seal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "gateway/hex.h"
#include "rules/instant.h"

enum { SEAL_TEXT_SIZE = 512 };

#define DAY_NS (INT64_C(86400) * (int64_t)NS_PER_S)

int64_t seal_day(int64_t wall_ns) {
    return wall_ns / DAY_NS - (wall_ns % DAY_NS < 0);
}

static int seal_failed(const char *path, const char *why, char reason[JOURNAL_REASON_SIZE]) {
    (void)snprintf(reason, JOURNAL_REASON_SIZE, "%.100s: %.90s", path, why);
    return JOURNAL_E_FAILED;
}

/* What is signed; returns its size. The ids of a site and a gateway are short (site.h). */
static size_t seal_text(const struct journal_seal *seal, const char *site, const char *gateway,
                        char ret[SEAL_TEXT_SIZE]) {
    char hex[2 * JOURNAL_DIGEST_SIZE + 1];
    hex_format(seal->digest, sizeof seal->digest, hex);
    int len = snprintf(ret, SEAL_TEXT_SIZE,
                       "tocsin checkpoint%s\nsite %.100s\ngateway %.100s\nnumber %" PRIu64
                       "\nday %" PRId64 "\nseq %" PRIu64 "\ndigest %s\n",
                       seal->has_ledger ? " 2" : "", site, gateway, seal->number, seal->day,
                       seal->seq, hex);
    if (seal->has_ledger) {
        hex_format(seal->ledger, sizeof seal->ledger, hex);
        len += snprintf(ret + len, SEAL_TEXT_SIZE - (size_t)len,
                        "after %" PRIu64 "\nalarms %" PRIu64 "\nledger %s\n", seal->after,
                        seal->alarms, hex);
    }
    return (size_t)len;
}

size_t seal_note_format(const struct journal_seal *seal, const char *site, const char *gateway,
                        char ret[SEAL_NOTE_SIZE]) {
    char key[2 * SEAL_KEY_SIZE + 1];
    char signature[2 * SEAL_SIGNATURE_SIZE + 1];
    size_t len = seal_text(seal, site, gateway, ret);
    hex_format(seal->key, sizeof seal->key, key);
    hex_format(seal->signature, sizeof seal->signature, signature);
    int more = snprintf(ret + len, SEAL_NOTE_SIZE - len, "key %s\nsignature %s\n", key, signature);
    return len + (size_t)more;
}

/* The number behind a line's name; 0 if there is none. */
static uint64_t seal_note_number(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at != NULL ? strtoumax(at + strlen(name), NULL, 10) : 0;
}

static bool seal_note_bytes(const char *text, const char *name, unsigned char *ret, size_t size) {
    static const char digits[] = "0123456789abcdef";
    const char *at = strstr(text, name);
    at = at != NULL ? at + strlen(name) : "";
    for (size_t i = 0; i < size; i++) {
        const char *high = at[0] != '\0' ? strchr(digits, at[0]) : NULL;
        const char *low = high != NULL && at[1] != '\0' ? strchr(digits, at[1]) : NULL;
        if (low == NULL) {
            return false;
        }
        ret[i] = (unsigned char)((high - digits) << 4 | (low - digits));
        at += 2;
    }
    return true;
}

bool seal_note_parse(const char *text, struct journal_seal *ret_seal) {
    *ret_seal = (struct journal_seal){
        .number = seal_note_number(text, "\nnumber "),
        .day = (int64_t)seal_note_number(text, "\nday "),
        .seq = seal_note_number(text, "\nseq "),
        .has_ledger = true,
        .after = seal_note_number(text, "\nafter "),
        .alarms = seal_note_number(text, "\nalarms "),
    };
    return ret_seal->number > 0 &&
           seal_note_bytes(text, "\ndigest ", ret_seal->digest, sizeof ret_seal->digest) &&
           seal_note_bytes(text, "\nledger ", ret_seal->ledger, sizeof ret_seal->ledger) &&
           seal_note_bytes(text, "\nkey ", ret_seal->key, sizeof ret_seal->key) &&
           seal_note_bytes(text, "\nsignature ", ret_seal->signature, sizeof ret_seal->signature);
}

/* ---- signing ---- */

/* Open a key's file, if nobody else can read or change it. What is no file could keep us waiting. */
static int seal_key_open(const char *path, FILE **ret_file, char reason[JOURNAL_REASON_SIZE]) {
    struct stat found;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return seal_failed(path, strerror(errno), reason);
    }
    const char *wrong = fstat(fd, &found) != 0    ? strerror(errno)
                        : !S_ISREG(found.st_mode) ? "it is no file"
                        : (found.st_mode & (S_IWGRP | S_IRWXO)) != 0
                            ? "others can read or change this key: chmod 600, or make a new one"
                            : NULL;
    FILE *file = wrong == NULL ? fdopen(fd, "r") : NULL;
    if (file == NULL) {
        int r = seal_failed(path, wrong != NULL ? wrong : strerror(errno), reason);
        (void)close(fd);
        return r;
    }
    *ret_file = file;
    return 0;
}

/* Without a terminal nobody is asked for the password of a key that has one. */
static int seal_no_password(char *buffer, int size, int writing, void *context) {
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static int seal_key_read(const char *path, EVP_PKEY **ret_key, char reason[JOURNAL_REASON_SIZE]) {
    FILE *file = NULL;
    int r = seal_key_open(path, &file, reason);
    if (r != 0) {
        return r;
    }
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, seal_no_password, NULL);
    (void)fclose(file);
    if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key);
        return seal_failed(path, "there is no Ed25519 private key without a password in it",
                           reason);
    }
    *ret_key = key;
    return 0;
}

int seal_sign(struct journal_seal *seal, const char *path, const char *site, const char *gateway,
              char reason[JOURNAL_REASON_SIZE]) {
    char text[SEAL_TEXT_SIZE];
    EVP_PKEY *key = NULL;
    int r = seal_key_read(path, &key, reason);
    if (r != 0) {
        return r;
    }
    size_t len = seal_text(seal, site, gateway, text);
    size_t key_size = sizeof seal->key;
    size_t size = sizeof seal->signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done =
        context != NULL && EVP_PKEY_get_raw_public_key(key, seal->key, &key_size) == 1 &&
        EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestSign(context, seal->signature, &size, (const unsigned char *)text, len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return done ? 0 : err_origin(-ENOMEM);
}

bool seal_fits(const struct journal_seal *seal, const char *site, const char *gateway) {
    char text[SEAL_TEXT_SIZE];
    size_t len = seal_text(seal, site, gateway, text);
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, seal->key, sizeof seal->key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool fits = key != NULL && context != NULL &&
                EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, seal->signature, sizeof seal->signature,
                                 (const unsigned char *)text, len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return fits;
}

/* ---- keys ---- */

int seal_key_make(const char *path, char reason[JOURNAL_REASON_SIZE]) {
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (key == NULL) {
        return err_origin(-ENOMEM);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        int r = seal_failed(path, strerror(errno), reason);
        if (fd >= 0) {
            (void)close(fd);
            (void)unlink(path);
        }
        EVP_PKEY_free(key);
        return r;
    }
    bool done = PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                fflush(file) == 0 && fsync(fd) == 0;
    int r = done ? 0 : seal_failed(path, strerror(errno), reason);
    if (fclose(file) != 0 && r == 0) {
        r = seal_failed(path, strerror(errno), reason);
    }
    if (r != 0) {
        (void)unlink(path);
    }
    EVP_PKEY_free(key);
    return r;
}

int seal_key_print(const char *path, FILE *to, char reason[JOURNAL_REASON_SIZE]) {
    EVP_PKEY *key = NULL;
    int r = seal_key_read(path, &key, reason);
    if (r == 0) {
        r = PEM_write_PUBKEY(to, key) == 1 ? 0 : seal_failed(path, strerror(errno), reason);
        EVP_PKEY_free(key);
    }
    return r;
}

int seal_keys_read(const char *path, struct seal_keys *ret_keys, char reason[JOURNAL_REASON_SIZE]) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return seal_failed(path, strerror(errno), reason);
    }
    EVP_PKEY *key;
    int r = 0;
    *ret_keys = (struct seal_keys){.count = 0};
    while (r == 0 && (key = PEM_read_PUBKEY(file, NULL, NULL, NULL)) != NULL) {
        size_t size = SEAL_KEY_SIZE;
        if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
            r = seal_failed(path, "one of its public keys is not Ed25519", reason);
        } else if (ret_keys->count == SEAL_KEYS_MAX) {
            r = seal_failed(path, "there are too many public keys in it", reason);
        } else if (EVP_PKEY_get_raw_public_key(key, ret_keys->keys[ret_keys->count], &size) == 1) {
            ret_keys->count++;
        }
        EVP_PKEY_free(key);
    }
    (void)fclose(file);
    if (r == 0 && ret_keys->count == 0) {
        r = seal_failed(path, "there is no public key in it; `tocsin audit key` prints one",
                        reason);
    }
    return r;
}

bool seal_keys_have(const struct seal_keys *keys, const unsigned char key[SEAL_KEY_SIZE]) {
    for (uint32_t i = 0; i < keys->count; i++) {
        if (memcmp(keys->keys[i], key, SEAL_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}
