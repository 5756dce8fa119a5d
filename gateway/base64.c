/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/base64.h"

#include <stdint.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char alphabet[] = LETTERS "+/";
static const char alphabet_url[] = LETTERS "-_";

/* Returns the length, without padding. */
static size_t write_in(const char *letters, const unsigned char *bytes, size_t size, char *ret) {
    size_t len = 0;
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        for (count += 8; count >= 6; count -= 6) {
            ret[len++] = letters[bits >> (count - 6) & 63];
        }
    }
    if (count > 0) {
        ret[len++] = letters[bits << (6 - count) & 63];
    }
    ret[len] = '\0';
    return len;
}

void base64_write(const unsigned char *bytes, size_t size, char *ret) {
    size_t len = write_in(alphabet, bytes, size, ret);
    while (len % 4 != 0) {
        ret[len++] = '=';
    }
    ret[len] = '\0';
}

void base64url_write(const unsigned char *bytes, size_t size, char *ret) {
    (void)write_in(alphabet_url, bytes, size, ret);
}

bool base64url_read(const char *text, unsigned char *ret, size_t size) {
    size_t letters = BASE64URL_SIZE(size) - 1;
    size_t len = strlen(text);
    while (len > letters && len <= letters + 2 && text[len - 1] == '=') {
        len--;
    }
    if (len != letters) {
        return false;
    }
    uint32_t bits = 0;
    unsigned count = 0;
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        const char *letter = memchr(alphabet_url, text[i], sizeof alphabet_url - 1);
        if (letter == NULL) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(letter - alphabet_url);
        count += 6;
        if (count >= 8) {
            count -= 8;
            ret[at++] = (unsigned char)(bits >> count);
        }
    }
    return (bits & ((1u << count) - 1)) == 0;
}
