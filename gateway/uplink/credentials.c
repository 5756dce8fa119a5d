/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/credentials.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

/* Read in pieces, of a chain of certificates or a bundle of authorities. */
enum { PIECE_SIZE = 4096 };

/* A file that is not there is as one that holds nothing, and none has the bytes of another's end. */
static void stamp_add_file(EVP_MD_CTX *digest, const char *path) {
    unsigned char piece[PIECE_SIZE];
    uint64_t size = 0;
    size_t got;
    FILE *file = path[0] == '\0' ? NULL : fopen(path, "re");
    while (file != NULL && (got = fread(piece, 1, sizeof piece, file)) > 0) {
        (void)EVP_DigestUpdate(digest, piece, got);
        size += got;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    (void)EVP_DigestUpdate(digest, &size, sizeof size);
}

/* All zeros without memory: that is the same at each look. */
static struct credentials_stamp stamp_of(const struct credentials_files *files) {
    struct credentials_stamp stamp = {{0}};
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1) {
        stamp_add_file(digest, files->ca);
        stamp_add_file(digest, files->cert);
        stamp_add_file(digest, files->key);
        (void)EVP_DigestFinal_ex(digest, stamp.bytes, NULL);
    }
    EVP_MD_CTX_free(digest);
    return stamp;
}

static bool stamp_is(const struct credentials_stamp *one, const struct credentials_stamp *other) {
    return memcmp(one->bytes, other->bytes, sizeof one->bytes) == 0;
}

/* A key under a pass phrase has nobody here who would type it. */
static int no_pass_phrase(char *text, int size, int writing, void *context) {
    (void)text;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static bool is_over(const X509 *certificate) {
    return X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0;
}

static bool is_to_come(const X509 *certificate) {
    return X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0;
}

/* What is wrong with the files, or NULL; `context` reads them as the library for MQTT does. */
static const char *fault_in(SSL_CTX *context, const struct credentials_files *files) {
    const char *key = files->key[0] != '\0' ? files->key : files->cert;
    SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
    if (files->ca[0] != '\0' && SSL_CTX_load_verify_file(context, files->ca) != 1) {
        return "the file of `ca` holds no certificate of an authority";
    }
    if (files->cert[0] == '\0') {
        return NULL;
    }
    if (SSL_CTX_use_certificate_chain_file(context, files->cert) != 1) {
        return "the file of `cert` holds no certificate";
    }
    if (is_over(SSL_CTX_get0_certificate(context))) {
        return "the certificate in the file of `cert` has ended already";
    }
    if (is_to_come(SSL_CTX_get0_certificate(context))) {
        return "the certificate in the file of `cert` is not good yet";
    }
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        return "the private key in the file of `key` cannot be read, or is not that of the certificate in "
               "the file of `cert`";
    }
    return NULL;
}

static const char *fault_of(const struct credentials_files *files) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    const char *fault =
        context == NULL ? "there is no memory to read them" : fault_in(context, files);
    SSL_CTX_free(context);
    ERR_clear_error();
    return fault;
}

void credentials_begin(struct credentials *credentials, const struct credentials_files *files) {
    credentials->used = stamp_of(files);
    credentials->seen = credentials->used;
    credentials->faulty = false;
}

bool credentials_are_used(const struct credentials *credentials,
                          const struct credentials_files *files) {
    const struct credentials_stamp now = stamp_of(files);
    return stamp_is(&now, &credentials->used);
}

enum credentials_news credentials_look(struct credentials *credentials,
                                       const struct credentials_files *files,
                                       char ret_fault[CREDENTIALS_FAULT_SIZE]) {
    const struct credentials_stamp now = stamp_of(files);
    bool stays = stamp_is(&now, &credentials->seen);
    credentials->seen = now;
    credentials->faulty = credentials->faulty && stays;
    if (!stays || stamp_is(&now, &credentials->used)) {
        return CREDENTIALS_SAME;
    }
    const char *fault = fault_of(files);
    if (fault == NULL) {
        return CREDENTIALS_RENEWED;
    }
    if (credentials->faulty) {
        return CREDENTIALS_SAME; /* a certificate that is not good yet may become so */
    }
    credentials->faulty = true;
    (void)snprintf(ret_fault, CREDENTIALS_FAULT_SIZE, "%s", fault);
    return CREDENTIALS_FAULTY;
}
