/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/config/config_drawing.h"
#include "gateway/config/config_model.h"
#include "gateway/config/config_yaml.h"

/* Bytes of the UTF-8 character at `text`, of which `left` are there; 0 if it is not one. */
static uint32_t source_character_len(const unsigned char *text, uint32_t left) {
    if (text[0] < 0x80) {
        bool control = (text[0] < 0x20 && text[0] != '\t' && text[0] != '\n' && text[0] != '\r') ||
                       text[0] == 0x7f;
        return control ? 0 : 1;
    }
    uint32_t len = text[0] < 0xc2   ? 0
                   : text[0] < 0xe0 ? 2
                   : text[0] < 0xf0 ? 3
                   : text[0] < 0xf5 ? 4
                                    : 0;
    if (len == 0 || len > left) {
        return 0;
    }
    for (uint32_t i = 1; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool surrogate = text[0] == 0xed && text[1] >= 0xa0;
    bool beyond = text[0] == 0xf4 && text[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : len;
}

/*
 * Replace every byte that is no part of a printable character by a question mark, so that the rest
 * of the code and every terminal can show the line. Returns the offset of the first, or the size.
 */
static uint32_t source_sanitize(char *bytes, uint32_t size) {
    uint32_t first = size;
    for (uint32_t at = 0; at < size;) {
        uint32_t len = source_character_len((unsigned char *)bytes + at, size - at);
        if (len == 0) {
            first = at < first ? at : first;
            bytes[at] = '?';
            len = 1;
        }
        at += len;
    }
    return first;
}

static void source_lines_find(struct config *config, struct config_source *source) {
    uint32_t count = 1;
    for (uint32_t at = 0; at < source->size; at++) {
        count += source->bytes[at] == '\n';
    }
    uint32_t *lines = config_alloc(&config->arena, count, sizeof *lines);
    uint32_t line = 1;
    for (uint32_t at = 0; at < source->size; at++) {
        if (source->bytes[at] == '\n') {
            lines[line++] = at + 1;
        }
    }
    source->lines = lines;
    source->line_count = count;
}

static struct config_source *source_new(struct config *config, const char *path,
                                        const char *directory, char *bytes, uint32_t size) {
    struct config_source *source = config_alloc(&config->arena, 1, sizeof *source);
    source->path = path;
    source->directory = directory;
    source->bytes = bytes;
    source->size = size;
    source->order = config->source_count++;
    source_lines_find(config, source);
    return source;
}

static void source_note_file(struct config *config, const char *path,
                             const struct config_source *source) {
    config->files = config_grow(&config->arena, config->files, config->file_count,
                                &config->file_room, sizeof *config->files);
    config->files[config->file_count++] =
        (struct config_file){.path = config_copy(&config->arena, path, strlen(path)),
                             .bytes = source->bytes,
                             .size = source->size};
}

struct config_source *config_source_line(struct config *config, const char *name,
                                         const char *text) {
    char *bytes = config_copy(&config->arena, text, strlen(text));
    uint32_t size = (uint32_t)strlen(bytes);
    (void)source_sanitize(bytes, size);
    const char *directory = config->site_source != NULL ? config->site_source->directory : ".";
    return source_new(config, name, directory, bytes, size);
}

static void source_refuse(struct config *config, const struct config_node *wanted_by,
                          const char *path, const char *reason) {
    if (wanted_by != NULL) {
        config_error(config, wanted_by, NULL, "the file %s cannot be read: %s", path, reason);
    } else {
        config_note(config, CONFIG_ERROR, (struct config_mark){0}, NULL,
                    "the file %s cannot be read: %s", path, reason);
    }
}

/* Read all of config->file, which is open. Returns NULL with the reason if it cannot be. */
static char *source_read(struct config *config, uint32_t *ret_size, const char **ret_reason) {
    struct stat status;
    if (fstat(config->file, &status) != 0) {
        *ret_reason = strerror(errno);
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        *ret_reason = "it is not a regular file";
        return NULL;
    }
    if (status.st_size > CONFIG_FILE_SIZE_MAX) {
        *ret_reason = "it is larger than 16 MiB";
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    char *bytes = config_alloc(&config->arena, size + 1, 1);
    size_t have = 0;
    while (have < size) {
        ssize_t n = read(config->file, bytes + have, size - have);
        if (n < 0 && errno != EINTR) {
            *ret_reason = strerror(errno);
            return NULL;
        }
        if (n == 0) {
            break;
        }
        have += n > 0 ? (size_t)n : 0;
    }
    *ret_size = (uint32_t)have;
    return bytes;
}

static void source_file_close(struct config *config) {
    if (config->file >= 0) {
        (void)close(config->file);
        config->file = -1;
    }
}

/* The bytes of a file on the disk, to be changed. NULL with the reason when they cannot be read. */
static char *source_fetch(struct config *config, const char *path, uint32_t *ret_size,
                          const char **ret_reason) {
    config->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (config->file < 0) {
        *ret_reason = strerror(errno);
        return NULL;
    }
    char *bytes = source_read(config, ret_size, ret_reason);
    source_file_close(config);
    return bytes;
}

/* The same of a file that was given. */
static char *source_given(struct config *config, const char *path, uint32_t *ret_size,
                          const char **ret_reason) {
    for (uint32_t i = 0; i < config->given_count; i++) {
        const struct config_file *file = &config->given[i];
        if (strcmp(file->path, path) == 0) {
            *ret_size = (uint32_t)file->size;
            return config_copy(&config->arena, file->bytes, file->size);
        }
    }
    *ret_reason = strerror(ENOENT);
    return NULL;
}

/* The directory part of a path. */
static const char *source_directory(struct config *config, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ".";
    }
    return config_copy(&config->arena, path, slash == path ? 1 : (size_t)(slash - path));
}

/* Read a file; one that is no text in UTF-8 is sound in no other way either, which is said. */
static struct config_source *source_open(struct config *config, const char *path, const char *shown,
                                         const struct config_node *wanted_by, bool *ret_is_text) {
    *ret_is_text = false;
    if (config->source_count >= CONFIG_FILES_MAX) {
        source_refuse(config, wanted_by, shown, "a site has at most 256 files");
        return NULL;
    }
    uint32_t size = 0;
    const char *reason = NULL;
    char *bytes = config->given != NULL ? source_given(config, path, &size, &reason)
                                        : source_fetch(config, path, &size, &reason);
    if (bytes == NULL) {
        source_refuse(config, wanted_by, shown, reason);
        return NULL;
    }
    uint32_t bad = source_sanitize(bytes, size);
    struct config_source *source =
        source_new(config, shown, source_directory(config, path), bytes, size);
    source_note_file(config, path, source);
    if (bad < size) {
        config_note(config, CONFIG_ERROR,
                    (struct config_mark){.source = source, .at = bad, .len = 1},
                    "save the file as UTF-8", "this is not text in UTF-8");
        return source;
    }
    *ret_is_text = true;
    return source;
}

struct config_source *config_source_open(struct config *config, const char *path, const char *shown,
                                         const struct config_node *wanted_by) {
    bool is_text;
    struct config_source *source = source_open(config, path, shown, wanted_by, &is_text);
    if (source != NULL && is_text) {
        config_yaml_parse(config, source);
    }
    return source;
}

const struct config_source *config_source_excerpt(struct config *config,
                                                  const struct config_source *source, uint32_t at,
                                                  uint32_t len) {
    char *bytes = config_copy(&config->arena, source->bytes + at, len);
    struct config_source *excerpt = source_new(config, source->path, source->directory, bytes, len);
    config_yaml_parse(config, excerpt);
    return excerpt;
}

const struct config_source *config_source_empty(struct config *config, const char *path) {
    char *nothing = config_copy(&config->arena, "", 0);
    return source_new(config, path, source_directory(config, path), nothing, 0);
}

struct config_source *config_source_open_site(struct config *config, const char *path) {
    char absolute[PATH_MAX];
    if (config->given_count > 0) {
        return config_source_open(config, config->given[0].path, path, NULL);
    }
    if (realpath(path, absolute) == NULL) {
        source_refuse(config, NULL, path, strerror(errno));
        return NULL;
    }
    struct config_arena *arena = &config->arena;
    return config_source_open(config, config_copy(arena, absolute, strlen(absolute)),
                              config_copy(arena, path, strlen(path)), NULL);
}

/* How people see a named file: beside the site file, by the path that they gave for that. */
static const char *source_shown(struct config *config, const struct config_node *wanted_by) {
    const char *site = config->site_source->path;
    const char *slash = strrchr(site, '/');
    const char *shown = wanted_by->text;
    return shown[0] != '/' && slash != NULL
               ? config_format(&config->arena, "%.*s/%s", (int)(slash - site), site, shown)
               : shown;
}

struct config_source *config_source_open_named(struct config *config,
                                               const struct config_node *wanted_by) {
    const char *path = config_source_path(config, wanted_by->mark.source, wanted_by->text);
    return config_source_open(config, path, source_shown(config, wanted_by), wanted_by);
}

struct config_source *config_source_open_drawing(struct config *config,
                                                 const struct config_node *wanted_by) {
    const char *path = config_source_path(config, wanted_by->mark.source, wanted_by->text);
    bool is_text;
    struct config_source *source =
        source_open(config, path, source_shown(config, wanted_by), wanted_by, &is_text);
    return is_text ? source : NULL;
}

void config_source_abandon(struct config *config) {
    config_yaml_abandon(config);
    config_drawing_abandon(config);
    source_file_close(config);
}

uint32_t config_source_line_at(const struct config_source *source, uint32_t at) {
    uint32_t low = 0;
    uint32_t high = source->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->lines[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

const char *config_source_path(struct config *config, const struct config_source *source,
                               const char *path) {
    if (path[0] == '/') {
        return path;
    }
    const char *slash = strcmp(source->directory, "/") == 0 ? "" : "/";
    return config_format(&config->arena, "%s%s%s", source->directory, slash, path);
}
