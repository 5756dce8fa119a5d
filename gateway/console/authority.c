/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/authority.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "gateway/disk.h"
#include "gateway/state_file.h"

enum {
    AUTHORITY_DAYS = 20 * 365,
    SERVER_DAYS = 397,
    /* Renewed when no more is left. */
    SERVER_LEFT_DAYS = SERVER_DAYS / 3,
    DAY_S = 86400,
    /* X.509 has room for 64 characters of a common name (RFC 5280, appendix A.1, ub-common-name). */
    COMMON_NAME_MAX = 64,
    SERIAL_SIZE = 16,
};

/* A machine without a battery wakes up in 1970; an authority is good from here on all the same. */
#define AUTHORITY_FROM_S INT64_C(1767225600) /* 2026-01-01 */

/* ---- files ---- */

enum { AUTHORITY_FILE_MAX = 16 * 1024 };

/* What stands in a file; NULL, with errno, when that cannot be read. */
static BIO *file_read(int directory, const char *name) {
    int fd = state_file_open(directory, name, O_RDONLY);
    if (fd < 0) {
        return NULL;
    }
    char bytes[AUTHORITY_FILE_MAX];
    ssize_t size = read(fd, bytes, sizeof bytes);
    int reason = errno;
    (void)close(fd);
    BIO *bio = size < 0 ? NULL : BIO_new(BIO_s_mem());
    if (bio != NULL && BIO_write(bio, bytes, (int)size) != size) {
        BIO_free(bio);
        bio = NULL;
        reason = ENOMEM;
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    errno = size < 0 ? reason : ENOMEM;
    return bio;
}

static int file_write(int directory, const char *name, BIO *bio) {
    char *bytes = NULL;
    long size = BIO_get_mem_data(bio, &bytes);
    return size <= 0 ? err_origin(-ENOMEM)
                     : err_trace(disk_replace(directory, name, bytes, (size_t)size));
}

static int key_write(int directory, const char *name, EVP_PKEY *key) {
    BIO *bio = BIO_new(BIO_s_secmem());
    int r = bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1
                ? file_write(directory, name, bio)
                : err_origin(-ENOMEM);
    BIO_free(bio);
    return r;
}

static int certificate_write(int directory, const char *name, X509 *certificate) {
    BIO *bio = BIO_new(BIO_s_mem());
    int r = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1
                ? file_write(directory, name, bio)
                : err_origin(-ENOMEM);
    BIO_free(bio);
    return r;
}

static void pair_free(struct authority_pair *pair) {
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    *pair = (struct authority_pair){0};
}

/* Another that holds the same. */
static struct authority_pair pair_share(const struct authority_pair *pair) {
    (void)X509_up_ref(pair->certificate);
    (void)EVP_PKEY_up_ref(pair->key);
    return *pair;
}

/* Nobody is there to be asked for a password: OpenSSL would ask the terminal. */
static int pair_no_password(char *ret, int size, int writing, void *context) {
    (void)ret;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

/* No key without a certificate: a power cut between the two. Only a certificate may be installed somewhere. */
enum pair_state { PAIR_READ, PAIR_MISSING, PAIR_DAMAGED };

static enum pair_state pair_read(int directory, const char *certificate_name, const char *key_name,
                                 struct authority_pair *ret_pair) {
    struct authority_pair pair = {0};
    enum pair_state state = PAIR_DAMAGED;
    BIO *certificate = file_read(directory, certificate_name);
    bool missing = certificate == NULL && (errno == ENOENT || directory < 0);
    BIO *key = file_read(directory, key_name);
    if (certificate != NULL && key != NULL) {
        pair.certificate = PEM_read_bio_X509(certificate, NULL, pair_no_password, NULL);
        pair.key = PEM_read_bio_PrivateKey(key, NULL, pair_no_password, NULL);
    }
    if (pair.certificate != NULL && pair.key != NULL &&
        X509_check_private_key(pair.certificate, pair.key) == 1) {
        *ret_pair = pair;
        state = PAIR_READ;
    } else {
        pair_free(&pair);
    }
    BIO_free(certificate);
    BIO_free(key);
    ERR_clear_error();
    return missing ? PAIR_MISSING : state;
}

/* The key first: a certificate whose key is not there yet would look damaged after a power cut. */
static int pair_write(int directory, const char *certificate_name, const char *key_name,
                      const struct authority_pair *pair) {
    int r = key_write(directory, key_name, pair->key);
    return r == 0 ? certificate_write(directory, certificate_name, pair->certificate) : r;
}

/* ---- making ---- */

static bool certificate_name_it(X509_NAME *subject, const char *organisation, const char *name) {
    char cut[COMMON_NAME_MAX + 1];
    name = name[0] == '\0' ? "Tocsin" : name; /* a common name is not empty */
    size_t len = strnlen(name, COMMON_NAME_MAX);
    while (len > 0 && ((unsigned char)name[len] & 0xC0) == 0x80) {
        len--; /* not in the middle of a character */
    }
    memcpy(cut, name, len);
    cut[len] = '\0';
    return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                      (const unsigned char *)organisation, -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)cut, -1,
                                      -1, 0) == 1;
}

struct extension {
    int nid;
    const char *value;
};

static bool certificate_extend(X509 *certificate, X509 *issuer, const struct extension *extensions,
                               size_t count) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, &context, extensions[i].nid, extensions[i].value);
        bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!added) {
            return false;
        }
    }
    return true;
}

/* A new key, and a certificate for it with a number, a span and no name. */
static bool pair_begin(struct authority_pair *pair, int64_t from_s, int64_t until_s) {
    unsigned char serial[SERIAL_SIZE];
    pair->key = EVP_EC_gen("P-256");
    pair->certificate = X509_new();
    if (pair->key == NULL || pair->certificate == NULL || RAND_bytes(serial, sizeof serial) != 1) {
        return false;
    }
    serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and of one length */
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    bool done = number != NULL && X509_set_version(pair->certificate, X509_VERSION_3) == 1 &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pair->certificate)) != NULL &&
                ASN1_TIME_set(X509_getm_notBefore(pair->certificate), from_s) != NULL &&
                ASN1_TIME_set(X509_getm_notAfter(pair->certificate), until_s) != NULL &&
                X509_set_pubkey(pair->certificate, pair->key) == 1;
    BN_free(number);
    return done;
}

static int64_t authority_now_s(const struct authority_conf *conf) {
    return conf->now.ns / (int64_t)NS_PER_S;
}

/* Make the authority. */
static bool authority_make(const struct authority_conf *conf, struct authority_pair *authority) {
    static const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
    };
    int64_t now_s = authority_now_s(conf);
    int64_t from_s = AUTHORITY_FROM_S;
    int64_t until_s = (now_s > from_s ? now_s : from_s) + (int64_t)AUTHORITY_DAYS * DAY_S;
    if (!pair_begin(authority, from_s, until_s)) {
        return false;
    }
    X509 *certificate = authority->certificate;
    X509_NAME *subject = X509_get_subject_name(certificate);
    return certificate_name_it(subject, "Tocsin site authority", conf->site) &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           certificate_extend(certificate, certificate, extensions,
                              sizeof extensions / sizeof *extensions) &&
           X509_sign(certificate, authority->key, EVP_sha256()) > 0;
}

/* Make the server's certificate. A day earlier, for browsers whose clock is behind. */
static bool server_make(const struct authority_conf *conf, const struct authority_pair *authority,
                        struct authority_pair *server) {
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_subject_alt_name, conf->names},
    };
    int64_t from_s = authority_now_s(conf) - DAY_S;
    if (!pair_begin(server, from_s, from_s + (int64_t)SERVER_DAYS * DAY_S)) {
        return false;
    }
    X509 *certificate = server->certificate;
    return certificate_name_it(X509_get_subject_name(certificate), "Tocsin console", conf->site) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(authority->certificate)) == 1 &&
           certificate_extend(certificate, authority->certificate, extensions,
                              sizeof extensions / sizeof *extensions) &&
           X509_sign(certificate, authority->key, EVP_sha256()) > 0;
}

/* ---- looking ---- */

/* Is the certificate for just these names? */
static bool server_has_names(const X509 *certificate, const char *names) {
    int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    X509_EXTENSION *wanted = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    bool same = at >= 0 && wanted != NULL &&
                ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(X509_get_ext(certificate, at)),
                                      X509_EXTENSION_get_data(wanted)) == 0;
    X509_EXTENSION_free(wanted);
    return same;
}

/* Good now, signed by this authority, for these names, and a third of its time is left. */
static bool server_is_good(const struct authority_conf *conf,
                           const struct authority_pair *authority,
                           const struct authority_pair *server) {
    time_t now_s = (time_t)authority_now_s(conf);
    time_t then_s = now_s + (time_t)SERVER_LEFT_DAYS * DAY_S;
    time_t latest_s = now_s + (time_t)SERVER_DAYS * DAY_S;
    const X509 *certificate = server->certificate;
    return X509_cmp_time(X509_get0_notBefore(certificate), &now_s) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &then_s) > 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &latest_s) < 0 &&
           X509_verify(server->certificate, authority->key) == 1 &&
           server_has_names(certificate, conf->names);
}

/* Take the pair that is held, or make one. */
static bool authority_hold_or_make(const struct authority_conf *conf,
                                   const struct authority_pair *held,
                                   struct authority_pair *ret_authority) {
    struct authority_pair made = {0};
    if (held->certificate != NULL) {
        *ret_authority = pair_share(held);
    } else if (authority_make(conf, &made)) {
        *ret_authority = made;
    } else {
        pair_free(&made);
        return false;
    }
    return true;
}

/* The authority that is there, or the one that is held, or one that is made. */
static int authority_take(const struct authority_conf *conf, const struct authority_pair *held,
                          struct authority_pair *ret_authority, enum authority_state *ret_state) {
    enum pair_state found =
        pair_read(conf->directory, AUTHORITY_CERTIFICATE, AUTHORITY_KEY, ret_authority);
    *ret_state = AUTHORITY_KEPT;
    if (found == PAIR_READ) {
        return 0;
    }
    if (!authority_hold_or_make(conf, held, ret_authority)) {
        return err_origin(-ENOMEM);
    }
    if (found == PAIR_DAMAGED) {
        *ret_state = AUTHORITY_DAMAGED;
    } else if (pair_write(conf->directory, AUTHORITY_CERTIFICATE, AUTHORITY_KEY, ret_authority) !=
               0) {
        *ret_state = AUTHORITY_UNSAVED;
    }
    return 0;
}

/* A certificate of the server's that is damaged is made anew: nobody has installed it. */
static int server_take(const struct authority_conf *conf, const struct authority_pair *authority,
                       const struct authority_pair *held, struct authority_pair *ret_server,
                       enum authority_state *state) {
    struct authority_pair server = {0};
    enum pair_state found =
        pair_read(conf->directory, AUTHORITY_SERVER, AUTHORITY_SERVER_KEY, &server);
    if (found == PAIR_READ && server_is_good(conf, authority, &server)) {
        *ret_server = server;
        return 0;
    }
    pair_free(&server);
    if (held->certificate != NULL && server_is_good(conf, authority, held)) {
        server = pair_share(held);
    } else if (!server_make(conf, authority, &server)) {
        pair_free(&server);
        return err_origin(-ENOMEM);
    }
    if (*state == AUTHORITY_KEPT &&
        pair_write(conf->directory, AUTHORITY_SERVER, AUTHORITY_SERVER_KEY, &server) != 0) {
        *state = AUTHORITY_UNSAVED;
    }
    *ret_server = server;
    return 0;
}

int authority_ensure(const struct authority_conf *conf, struct authority_server *server) {
    struct authority_server next = {0};
    int r = authority_take(conf, &server->authority, &next.authority, &next.state);
    if (r == 0) {
        r = server_take(conf, &next.authority, &server->shown, &next.shown, &next.state);
    }
    ERR_clear_error(); /* whoever uses OpenSSL next would take it for its own */
    if (r != 0) {
        authority_server_free(&next);
        return r;
    }
    next.made = server->shown.certificate == NULL ||
                X509_cmp(server->shown.certificate, next.shown.certificate) != 0;
    authority_server_free(server);
    *server = next;
    return 0;
}

void authority_server_free(struct authority_server *server) {
    pair_free(&server->authority);
    pair_free(&server->shown);
    *server = (struct authority_server){0};
}
