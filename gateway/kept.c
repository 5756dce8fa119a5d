/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/kept.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/config/config_source.h"
#include "gateway/digest.h"
#include "gateway/disk.h"
#include "gateway/hex.h"

enum { DIGEST_TEXT_SIZE = 2 * DIGEST_SIZE + 1 };

static const char kept_magic[] = "tocsin kept site 1\n";
static const char kept_digest[] = "sha256 ";

/* Where what the digest covers begins. */
#define KEPT_DIGEST_FROM (sizeof kept_magic - 1 + sizeof kept_digest - 1 + 2 * DIGEST_SIZE + 1)

static void kept_hash(const char *bytes, size_t size, char ret[DIGEST_TEXT_SIZE]) {
    unsigned char digest[DIGEST_SIZE];
    digest_of(bytes, size, digest);
    hex_format(digest, sizeof digest, ret);
}

/* ---- writing ---- */

static void kept_print(FILE *out, const struct kept_site *site) {
    (void)fprintf(
        out, "%s%s%0*d\naccepted %" PRId64 "\nversion %s\ncalled %zu\n%s\nfiles %" PRIu32 "\n",
        kept_magic, kept_digest, 2 * DIGEST_SIZE, 0, site->accepted.ns > 0 ? site->accepted.ns : 0,
        site->version, strlen(site->called), site->called, site->file_count);
    for (uint32_t i = 0; i < site->file_count; i++) {
        const struct config_file *file = &site->files[i];
        (void)fprintf(out, "file %zu %zu\n%s\n", strlen(file->path), file->size, file->path);
        (void)fwrite(file->bytes, 1, file->size, out);
        (void)fputc('\n', out);
    }
}

int kept_encode(const struct kept_site *site, char **ret_bytes, size_t *ret_size) {
    char digest[DIGEST_TEXT_SIZE];
    char *bytes = NULL;
    size_t size = 0;
    size_t total = 0;
    assert(site->file_count > 0 && site->file_count <= CONFIG_FILES_MAX);
    for (uint32_t i = 0; i < site->file_count; i++) {
        total += site->files[i].size;
    }
    if (total > KEPT_SIZE_MAX) {
        return KEPT_E_LARGE;
    }
    FILE *out = open_memstream(&bytes, &size);
    if (out == NULL) {
        return err_origin(-ENOMEM);
    }
    kept_print(out, site);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(bytes);
        return err_origin(-ENOMEM);
    }
    if (size > KEPT_SIZE_MAX) {
        free(bytes);
        return KEPT_E_LARGE;
    }
    kept_hash(bytes + KEPT_DIGEST_FROM, size - KEPT_DIGEST_FROM, digest);
    memcpy(bytes + sizeof kept_magic - 1 + sizeof kept_digest - 1, digest, sizeof digest - 1);
    *ret_bytes = bytes;
    *ret_size = size;
    return 0;
}

int kept_write(const char *directory, const char *bytes, size_t size) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_origin(-errno);
    }
    int r = disk_replace(fd, KEPT_FILE_NAME, bytes, size);
    (void)close(fd);
    return err_trace(r);
}

/* ---- reading ---- */

/* One block holds the site, its rows and all bytes, which end with a NUL. */
struct kept_block {
    struct kept_site site;
    struct config_file files[CONFIG_FILES_MAX];
    char bytes[];
};

struct kept_cursor {
    char *at;
    size_t left;
    bool bad;
};

/* Take `size` bytes and the line's end after them, which becomes a NUL. */
static char *kept_take(struct kept_cursor *cursor, uint64_t size) {
    char *taken = cursor->at;
    cursor->bad = cursor->bad || size >= cursor->left || taken[size] != '\n';
    if (cursor->bad) {
        return NULL;
    }
    taken[size] = '\0';
    cursor->at += size + 1;
    cursor->left -= (size_t)size + 1;
    return taken;
}

/* Take a line that begins with `name`; what follows that, or NULL. */
static const char *kept_line(struct kept_cursor *cursor, const char *name) {
    const char *end = cursor->bad ? NULL : memchr(cursor->at, '\n', cursor->left);
    cursor->bad = end == NULL;
    const char *line = cursor->bad ? NULL : kept_take(cursor, (uint64_t)(end - cursor->at));
    size_t len = strlen(name);
    cursor->bad = line == NULL || strncmp(line, name, len) != 0;
    return cursor->bad ? NULL : line + len;
}

/* Take a number off a text; it ends at a blank or at the text's end. */
static uint64_t kept_number(struct kept_cursor *cursor, const char **text) {
    char *end = NULL;
    cursor->bad = cursor->bad || *text == NULL || **text < '0' || **text > '9';
    if (cursor->bad) {
        return 0;
    }
    errno = 0;
    uint64_t number = strtoumax(*text, &end, 10);
    cursor->bad = errno != 0 || (*end != '\0' && *end != ' ');
    *text = *end == ' ' ? end + 1 : end;
    return number;
}

static uint64_t kept_line_number(struct kept_cursor *cursor, const char *name) {
    const char *text = kept_line(cursor, name);
    return kept_number(cursor, &text);
}

static struct config_file kept_file(struct kept_cursor *cursor) {
    const char *text = kept_line(cursor, "file ");
    uint64_t path_len = kept_number(cursor, &text);
    uint64_t size = kept_number(cursor, &text);
    const char *path = kept_take(cursor, path_len);
    const char *bytes = kept_take(cursor, size);
    return (struct config_file){.path = path, .bytes = bytes, .size = size};
}

/* Read what stands below the digest. */
static bool kept_parse(struct kept_block *block, size_t size) {
    struct kept_cursor cursor = {.at = block->bytes + KEPT_DIGEST_FROM,
                                 .left = size - KEPT_DIGEST_FROM};
    block->site.accepted.ns = (int64_t)kept_line_number(&cursor, "accepted ");
    block->site.version = kept_line(&cursor, "version ");
    block->site.called = kept_take(&cursor, kept_line_number(&cursor, "called "));
    uint64_t count = kept_line_number(&cursor, "files ");
    if (cursor.bad || count == 0 || count > CONFIG_FILES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        block->files[i] = kept_file(&cursor);
    }
    block->site.files = block->files;
    block->site.file_count = (uint32_t)count;
    return !cursor.bad && cursor.left == 0;
}

bool kept_is_whole(const char *bytes, size_t size) {
    char digest[DIGEST_TEXT_SIZE];
    size_t name_at = sizeof kept_magic - 1;
    size_t digest_at = name_at + sizeof kept_digest - 1;
    if (size <= KEPT_DIGEST_FROM || memcmp(bytes, kept_magic, name_at) != 0 ||
        memcmp(bytes + name_at, kept_digest, digest_at - name_at) != 0 ||
        bytes[KEPT_DIGEST_FROM - 1] != '\n') {
        return false;
    }
    kept_hash(bytes + KEPT_DIGEST_FROM, size - KEPT_DIGEST_FROM, digest);
    return memcmp(bytes + digest_at, digest, sizeof digest - 1) == 0;
}

static int kept_read_file(int fd, struct kept_site **ret_site) {
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return err_origin(-errno);
    }
    if (!S_ISREG(status.st_mode) || (uintmax_t)status.st_size > KEPT_SIZE_MAX) {
        return KEPT_E_DAMAGED;
    }
    size_t size = (size_t)status.st_size;
    struct kept_block *block = calloc(1, sizeof *block + size + 1);
    if (block == NULL) {
        return err_origin(-ENOMEM);
    }
    errno = 0;
    int r = disk_read_at(fd, block->bytes, size, 0) ? 0
            : errno != 0                            ? err_origin(-errno)
                                                    : KEPT_E_DAMAGED;
    if (r == 0 && (!kept_is_whole(block->bytes, size) || !kept_parse(block, size))) {
        r = KEPT_E_DAMAGED;
    }
    if (r != 0) {
        free(block);
        return r;
    }
    *ret_site = &block->site;
    return 0;
}

int kept_read(const char *directory, struct kept_site **ret_site) {
    int place = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = place < 0
                 ? -1
                 : openat(place, KEPT_FILE_NAME, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    int r = fd >= 0 ? 0 : errno == ENOENT || errno == ENOTDIR ? KEPT_E_MISSING : err_origin(-errno);
    if (r == 0) {
        r = kept_read_file(fd, ret_site);
        (void)close(fd); /* it was only read */
    }
    if (place >= 0) {
        (void)close(place);
    }
    return r;
}
