/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/claim.h"

#include <ctype.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "gateway/disk.h"
#include "gateway/state_file.h"

#define CLAIM_FILE_NAME "claim.code"

enum { CLAIM_GROUP = 4 };

/* 32 of them, five bits each; nobody takes a letter for a digit. */
static const char claim_letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
_Static_assert(sizeof claim_letters - 1 == 32, "five bits a letter");

/* The letters of `text` without what stands between them, as they are written; false when they are not CLAIM_LETTERS. */
static bool claim_read(const char *text, char ret[CLAIM_LETTERS]) {
    size_t count = 0;
    for (; *text != '\0'; text++) {
        if (*text == '-' || isspace((unsigned char)*text)) {
            continue;
        }
        char letter = (char)toupper((unsigned char)*text);
        if (count == CLAIM_LETTERS || strchr(claim_letters, letter) == NULL) {
            return false;
        }
        ret[count++] = letter;
    }
    return count == CLAIM_LETTERS;
}

static void claim_write(const char letters[CLAIM_LETTERS], char ret[CLAIM_SIZE]) {
    size_t len = 0;
    for (size_t i = 0; i < CLAIM_LETTERS; i++) {
        if (i > 0 && i % CLAIM_GROUP == 0) {
            ret[len++] = '-';
        }
        ret[len++] = letters[i];
    }
    ret[len] = '\0';
}

static bool claim_load(struct claim *claim) {
    char text[CLAIM_SIZE] = "", letters[CLAIM_LETTERS];
    int fd =
        claim->directory < 0 ? -1 : state_file_open(claim->directory, CLAIM_FILE_NAME, O_RDONLY);
    if (fd < 0) {
        return false;
    }
    bool sound = disk_read_at(fd, text, sizeof text - 1, 0) && claim_read(text, letters);
    (void)close(fd);
    if (sound) {
        claim_write(letters, claim->code);
    }
    return sound;
}

int claim_open(struct claim *claim, int directory) {
    unsigned char bytes[CLAIM_LETTERS];
    char letters[CLAIM_LETTERS];
    *claim = (struct claim){.directory = directory};
    if (claim_load(claim)) {
        return 0;
    }
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return err_origin(-EIO);
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        letters[i] = claim_letters[bytes[i] % 32];
    }
    claim_write(letters, claim->code);
    if (directory >= 0) {
        (void)!disk_replace(directory, CLAIM_FILE_NAME, claim->code, strlen(claim->code));
    }
    return 0;
}

bool claim_is(const struct claim *claim, const char *code) {
    char letters[CLAIM_LETTERS], wanted[CLAIM_LETTERS];
    return claim->code[0] != '\0' && claim_read(code, letters) && claim_read(claim->code, wanted) &&
           CRYPTO_memcmp(letters, wanted, sizeof letters) == 0;
}

void claim_end(struct claim *claim) {
    if (claim->directory >= 0) {
        (void)unlinkat(claim->directory, CLAIM_FILE_NAME, 0);
    }
    claim->code[0] = '\0';
}
