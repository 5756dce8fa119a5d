/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: any bytes as a kept site
 *
 * The bytes stand under a digest that is right, for without that none would ever be looked at, and once
 * more without it. Whatever comes is refused, or is a site that, kept again, is read as the same.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "gateway/kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

/* One directory for the whole run, on a file system in memory where there is one. */
static char directory[64];
static char path[128];

static void directory_remove(void) {
    (void)unlink(path);
    (void)rmdir(directory);
}

static void directory_make(void) {
    (void)snprintf(directory, sizeof directory, "%s/tocsin-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    check(mkdtemp(directory) != NULL);
    (void)snprintf(path, sizeof path, "%s/" KEPT_FILE_NAME, directory);
    (void)atexit(directory_remove);
}

static void file_write(const uint8_t *data, size_t size, bool sealed) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    FILE *file = fopen(path, "w");
    check(file != NULL);
    if (sealed) {
        (void)SHA256(data, size, digest);
        check(fputs("tocsin kept site 1\nsha256 ", file) >= 0);
        for (size_t i = 0; i < sizeof digest; i++) {
            check(fprintf(file, "%02x", digest[i]) == 2);
        }
        check(fputc('\n', file) == '\n');
    }
    check(fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

static void check_same(const struct kept_site *one, const struct kept_site *other) {
    check(one->accepted.ns == other->accepted.ns || one->accepted.ns < 0);
    check(strcmp(one->version, other->version) == 0 && strcmp(one->called, other->called) == 0);
    check(one->file_count == other->file_count);
    for (uint32_t i = 0; i < one->file_count; i++) {
        check(strcmp(one->files[i].path, other->files[i].path) == 0);
        check(one->files[i].size == other->files[i].size);
        check(memcmp(one->files[i].bytes, other->files[i].bytes, one->files[i].size) == 0);
    }
}

static void check_read(void) {
    struct kept_site *site = NULL;
    struct kept_site *again = NULL;
    char *bytes = NULL;
    size_t size = 0;
    int r = kept_read(directory, &site);
    check(r == 0 || r == KEPT_E_DAMAGED);
    if (r == 0) {
        check(kept_encode(site, &bytes, &size) == 0);
        check(kept_write(directory, bytes, size) == 0);
        check(kept_read(directory, &again) == 0);
        check_same(site, again);
        free(again);
        free(bytes);
        free(site);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (directory[0] == '\0') {
        directory_make();
    }
    file_write(data, size, true);
    check_read();
    file_write(data, size, false);
    check_read();
    return 0;
}
