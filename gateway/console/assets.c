/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/assets.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "gateway/digest.h"
#include "gateway/disk.h"
#include "gateway/hex.h"

/* How a file is held: as it is, and as it stands compressed beside itself. */
enum asset_coding { CODING_BROTLI, CODING_GZIP, CODING_IDENTITY, CODING_COUNT };

static const struct {
    const char *name; /* in Accept-Encoding; RFC 9110, 8.4.1 and RFC 7932 */
    const char *suffix;
} codings[CODING_COUNT] = {
    [CODING_BROTLI] = {"br", ".br"},
    [CODING_GZIP] = {"gzip", ".gz"},
    [CODING_IDENTITY] = {"", ""},
};

static const struct {
    const char *suffix;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".webmanifest", "application/manifest+json; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".mp3", "audio/mpeg"},
    {".txt", "text/plain; charset=utf-8"},
};

enum { ASSET_PATH_SIZE = 200, ASSET_TAG_SIZE = 2 + 2 * 16 + 1 };

struct asset_body {
    char *bytes; /* NULL: it is not there in this coding */
    size_t size;
};

struct asset {
    char path[ASSET_PATH_SIZE]; /* "/index.html" */
    char tag[ASSET_TAG_SIZE];   /* in quotes; RFC 9110, 8.8.3 */
    const char *type;
    struct asset_body bodies[CODING_COUNT];
};

struct assets {
    struct asset rows[ASSETS_MAX];
    uint32_t count;
    size_t bytes;
};

static bool text_ends(const char *text, const char *suffix) {
    size_t len = strlen(text);
    size_t tail = strlen(suffix);
    return len > tail && strcmp(text + len - tail, suffix) == 0;
}

static const char *asset_type(const char *path) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (text_ends(path, types[i].suffix)) {
            return types[i].type;
        }
    }
    return NULL;
}

/* ---- reading ---- */

/* Read all of a file that is there. Returns 0, ASSETS_E_LARGE or a negative errno: -ENOENT when it is none. */
static int body_read(struct assets *assets, int directory, const char *name,
                     struct asset_body *ret_body) {
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat found;
    if (fd < 0) {
        return errno == ELOOP ? -ENOENT : -errno; /* a link to itself leads nowhere, too */
    }
    int r = fstat(fd, &found) == 0 ? 0 : -errno;
    if (r == 0 && !S_ISREG(found.st_mode)) {
        r = -ENOENT;
    } else if (r == 0 && (uint64_t)found.st_size > ASSETS_BYTES_MAX - assets->bytes) {
        r = ASSETS_E_LARGE;
    }
    size_t size = r == 0 ? (size_t)found.st_size : 0;
    char *bytes = r == 0 ? malloc(size + 1) : NULL;
    if (r == 0 && bytes == NULL) {
        r = -ENOMEM;
    } else if (r == 0 && !disk_read_at(fd, bytes, size, 0)) {
        r = -EIO;
    }
    (void)close(fd);
    if (r != 0) {
        free(bytes);
        return r;
    }
    assets->bytes += size;
    *ret_body = (struct asset_body){.bytes = bytes, .size = size};
    return 0;
}

static void asset_make_tag(struct asset *asset) {
    unsigned char digest[DIGEST_SIZE];
    digest_of(asset->bodies[CODING_IDENTITY].bytes, asset->bodies[CODING_IDENTITY].size, digest);
    char text[2 * 16 + 1];
    hex_format(digest, 16, text);
    (void)snprintf(asset->tag, sizeof asset->tag, "\"%s\"", text);
}

static int assets_add(struct assets *assets, int directory, const char *name, const char *path) {
    const char *type = asset_type(path);
    if (type == NULL) {
        return 0;
    } else if (assets->count == ASSETS_MAX) {
        return ASSETS_E_LARGE;
    }
    struct asset *asset = &assets->rows[assets->count];
    int r = body_read(assets, directory, name, &asset->bodies[CODING_IDENTITY]);
    if (r != 0) {
        return r == -ENOENT ? 0 : r;
    }
    assets->count++;
    asset->type = type;
    (void)snprintf(asset->path, sizeof asset->path, "%s", path);
    asset_make_tag(asset);
    for (int coding = 0; coding < CODING_IDENTITY; coding++) {
        char beside[NAME_MAX + 8];
        (void)snprintf(beside, sizeof beside, "%s%s", name, codings[coding].suffix);
        r = body_read(assets, directory, beside, &asset->bodies[coding]);
        if (r != 0 && r != -ENOENT) {
            return r;
        }
    }
    return 0;
}

static int assets_read_directory(struct assets *assets, int directory, const char *path,
                                 uint32_t depth);

/* One entry: a file, a directory, or what begins with a dot and is neither. Closes nothing. */
static int assets_read_entry(struct assets *assets, int directory, const char *name,
                             const char *path, uint32_t depth) {
    char whole[ASSET_PATH_SIZE];
    struct stat found;
    int len = snprintf(whole, sizeof whole, "%s/%s", path, name);
    if (name[0] == '.' || len < 0 || (size_t)len >= sizeof whole ||
        fstatat(directory, name, &found, 0) != 0 ||
        (S_ISDIR(found.st_mode) && depth == ASSETS_DEPTH_MAX)) {
        return 0;
    } else if (!S_ISDIR(found.st_mode)) {
        return assets_add(assets, directory, name, whole);
    }
    int inside = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return inside < 0 ? -errno : assets_read_directory(assets, inside, whole, depth + 1);
}

/* Closes `directory`. */
static int assets_read_directory(struct assets *assets, int directory, const char *path,
                                 uint32_t depth) {
    DIR *entries = fdopendir(directory);
    if (entries == NULL) {
        int reason = errno;
        (void)close(directory);
        return -reason;
    }
    int r = 0;
    for (const struct dirent *entry; r == 0 && (entry = readdir(entries)) != NULL;) {
        r = assets_read_entry(assets, dirfd(entries), entry->d_name, path, depth);
    }
    (void)closedir(entries);
    return r;
}

static int asset_compare(const void *a, const void *b) {
    return strcmp(((const struct asset *)a)->path, ((const struct asset *)b)->path);
}

static const struct asset *assets_find(const struct assets *assets, const char *path) {
    struct asset wanted = {.type = NULL};
    if (strlen(path) >= sizeof wanted.path) {
        return NULL;
    }
    memcpy(wanted.path, path, strlen(path) + 1);
    return bsearch(&wanted, assets->rows, assets->count, sizeof *assets->rows, asset_compare);
}

int assets_read(const char *directory, struct assets **ret_assets) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? ASSETS_E_NONE : err_origin(-errno);
    }
    struct assets *assets = calloc(1, sizeof *assets);
    if (assets == NULL) {
        (void)close(fd);
        return err_origin(-ENOMEM);
    }
    int r = assets_read_directory(assets, fd, "", 0);
    qsort(assets->rows, assets->count, sizeof *assets->rows, asset_compare);
    if (r == 0 && assets_find(assets, "/index.html") == NULL) {
        r = ASSETS_E_NONE;
    }
    if (r != 0) {
        (void)assets_free(assets);
        return r < 0 ? err_origin(r) : r;
    }
    *ret_assets = assets;
    return 0;
}

struct assets *assets_free(struct assets *assets) {
    for (uint32_t i = 0; assets != NULL && i < assets->count; i++) {
        for (int coding = 0; coding < CODING_COUNT; coding++) {
            free(assets->rows[i].bodies[coding].bytes);
        }
    }
    free(assets);
    return NULL;
}

/* ---- answering ---- */

/* Is a member of a list, "br; q=0", refused by its quality? RFC 9110, 12.4.2. */
static bool member_is_refused(const char *member, size_t len) {
    const char *equals = memchr(member, '=', len);
    size_t value = equals == NULL ? 0 : strcspn(equals + 1, " \t;,");
    return equals != NULL && strspn(equals + 1, "0.") >= value;
}

/* Is `word` one of a list with commas, and not refused? */
static bool header_lists(const char *header, const char *word) {
    size_t len = strlen(word);
    for (const char *at = header; *at != '\0';) {
        at += strspn(at, " \t,");
        size_t end = strcspn(at, ",");
        if (strcspn(at, " \t;,") == len && strncmp(at, word, len) == 0) {
            return !member_is_refused(at, end);
        }
        at += end;
    }
    return false;
}

/* Is it one of the tags of If-None-Match? Compressing on the way weakens them to W/"…"; RFC 9110, 13.1.2. */
static bool tag_is_known(const char *known, const char *tag) {
    char weak[ASSET_TAG_SIZE + 2];
    (void)snprintf(weak, sizeof weak, "W/%s", tag);
    return header_lists(known, tag) || header_lists(known, weak);
}

static enum asset_coding asset_coding(const struct asset *asset, const char *accepted) {
    int coding = 0;
    while (coding < CODING_IDENTITY && (asset->bodies[coding].bytes == NULL || accepted == NULL ||
                                        !header_lists(accepted, codings[coding].name))) {
        coding++;
    }
    return (enum asset_coding)coding;
}

/* What is sent stays where it is: the table outlives every connection. */
static void body_send(const struct asset_body *body, struct evhttp_request *request) {
    struct evbuffer *out = evbuffer_new();
    if (out == NULL || evbuffer_add_reference(out, body->bytes, body->size, NULL, NULL) != 0) {
        evhttp_send_error(request, 503, NULL);
    } else {
        evhttp_send_reply(request, 200, NULL, out);
    }
    if (out != NULL) {
        evbuffer_free(out);
    }
}

static void asset_send(const struct asset *asset, struct evhttp_request *request) {
    struct evkeyvalq *given = evhttp_request_get_input_headers(request);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    const char *known = evhttp_find_header(given, "If-None-Match");
    enum asset_coding coding = asset_coding(asset, evhttp_find_header(given, "Accept-Encoding"));
    const struct asset_body *body = &asset->bodies[coding];
    bool forever = strncmp(asset->path, "/assets/", strlen("/assets/")) == 0;
    (void)evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    (void)evhttp_add_header(headers, "ETag", asset->tag);
    (void)evhttp_add_header(headers, "Cache-Control",
                            forever ? "public, max-age=31536000, immutable" : "no-cache");
    (void)evhttp_add_header(headers, "Vary", "Accept-Encoding");
    if (known != NULL && tag_is_known(known, asset->tag)) {
        evhttp_send_reply(request, 304, NULL, NULL);
        return;
    }
    (void)evhttp_add_header(headers, "Content-Type", asset->type);
    if (coding != CODING_IDENTITY) {
        (void)evhttp_add_header(headers, "Content-Encoding", codings[coding].name);
    }
    if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
        /* evhttp would send a body, which the next answer would be taken for. */
        char length[24];
        (void)snprintf(length, sizeof length, "%zu", body->size);
        (void)evhttp_add_header(headers, "Content-Length", length);
        evhttp_send_reply(request, 200, NULL, NULL);
    } else {
        body_send(body, request);
    }
}

bool assets_answer(const struct assets *assets, struct evhttp_request *request, const char *path) {
    const struct asset *asset = assets_find(assets, path);
    if (asset == NULL && strchr(path, '.') == NULL) {
        asset = assets_find(assets, "/index.html");
    }
    if (asset != NULL) {
        asset_send(asset, request);
    }
    return asset != NULL;
}
