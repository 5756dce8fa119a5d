/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

/* zlib's windowBits: the largest window, and 16 more for gzip's header and trailer. */
enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8, TRAILER_SIZE = 4 };

int gzip_pack(const char *text, size_t size, unsigned char **ret_bytes, size_t *ret_size) {
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return err_origin(-ENOMEM);
    }
    uLong room = deflateBound(&stream, size);
    unsigned char *bytes = malloc(room);
    stream.next_in = (z_const Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)size;
    stream.next_out = bytes;
    stream.avail_out = (uInt)room;
    /* With deflateBound()'s room one call always ends the stream. */
    int result = bytes == NULL ? Z_MEM_ERROR : deflate(&stream, Z_FINISH);
    *ret_size = stream.total_out;
    (void)deflateEnd(&stream);
    if (result != Z_STREAM_END) {
        free(bytes);
        return err_origin(-ENOMEM);
    }
    *ret_bytes = bytes;
    return 0;
}

/* The size of the text, as the last four bytes say it (RFC 1952, 2.3.1, ISIZE). */
static size_t gzip_text_size(const unsigned char *bytes, size_t size) {
    const unsigned char *at = bytes + size - TRAILER_SIZE;
    return (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

int gzip_unpack(const void *bytes, size_t size, size_t size_max, char **ret_text,
                size_t *ret_size) {
    z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size};
    size_t text_size = size < TRAILER_SIZE ? 0 : gzip_text_size(bytes, size);
    if (text_size == 0 || text_size > size_max) {
        return GZIP_E_DAMAGED;
    }
    char *text = malloc(text_size + 1);
    if (text == NULL || inflateInit2(&stream, GZIP_WINDOW) != Z_OK) {
        free(text);
        return err_origin(-ENOMEM);
    }
    stream.next_out = (Bytef *)text;
    stream.avail_out = (uInt)text_size;
    int result = inflate(&stream, Z_FINISH);
    (void)inflateEnd(&stream);
    if (result != Z_STREAM_END || stream.total_out != text_size) {
        free(text);
        return GZIP_E_DAMAGED;
    }
    text[text_size] = '\0';
    *ret_text = text;
    *ret_size = text_size;
    return 0;
}
