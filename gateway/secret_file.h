/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SECRET_FILE_H
#define GATEWAY_SECRET_FILE_H

/*
 * Secrets in files of their own
 *
 *     password or token    the first line: what follows it is not looked at
 *     shared secret        all of the file but the white space around it
 *
 * Read anew each time that one is needed, so that a changed secret needs no restart; whoever has used
 * one wipes it with explicit_bzero(). Nothing is read but a regular file: a pipe could keep us waiting.
 */

#include <stddef.h>

#include "gateway/err.h"

enum {
    SECRET_SIZE = 1024,
    /*
     * Of a shared secret: RFC 2104, 3 calls less than the hash's output weak, and 16 bytes are half of
     * that.
     */
    SECRET_SHARED_SIZE_MIN = 16,
    SECRET_SHARED_SIZE_MAX = 1024,
    /* With the white space around it. */
    SECRET_SHARED_FILE_MAX = 4096,
};

/*
 * Read a password or token. Returns NULL, or what is wrong with the file, in words for people: nobody
 * takes a secret that is empty, or was cut at its end or at a NUL. `ret` is empty then.
 */
const char *secret_file_read(const char *path, char ret[SECRET_SIZE]);

/* What is wrong with it, or NULL. */
const char *secret_file_fault(const char *path);

struct secret_shared {
    unsigned char bytes[SECRET_SHARED_SIZE_MAX];
    size_t size;
};

#define SECRET_E_ABSENT 1 /* the file is not there, or cannot be read */
#define SECRET_E_SHORT  2 /* it holds less than SECRET_SHARED_SIZE_MIN bytes */
#define SECRET_E_LONG   3 /* it holds more than SECRET_SHARED_SIZE_MAX, or is larger than its bound */

/* Read a shared secret. Returns 0 or SECRET_E_…. */
NODISCARD int secret_file_read_shared(const char *path, struct secret_shared *ret_secret);

#endif
