/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_SOURCE_H
#define GATEWAY_CONFIG_SOURCE_H

/*
 * Sources: the files of a site and the tree in each
 *
 * libfyaml reads the YAML; what stays is our own small tree, in which every scalar, list and map
 * knows its place, so that each later check can point at the very word. Anchors, aliases, tags and
 * complex keys are refused: a site file means what it says where it says it, and cannot grow by
 * reference.
 *
 * A `--set` option is a source of its own, one line long: an error in it points into it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

enum {
    /* Ten times the example's size per point for LIMIT_POINTS would not fit; a hundred bytes do. */
    CONFIG_FILE_SIZE_MAX = 16 * 1024 * 1024,
    /* Lists and maps inside each other: fourteen places deep. */
    CONFIG_DEPTH_MAX = 32,
    /* Files of one site. */
    CONFIG_FILES_MAX = 256,
};

struct config_source {
    const char *path;      /* as it is shown */
    const char *directory; /* absolute; paths in the file are relative to it */
    const char *bytes;     /* UTF-8, ends in NUL */
    uint32_t size;
    uint32_t order;        /* files are reported in the order in which they were read */
    const uint32_t *lines; /* offset of each line's first byte */
    uint32_t line_count;
    struct config_node *root; /* NULL when it is empty or broken */
};

/* A stretch of a source. */
struct config_mark {
    const struct config_source *source;
    uint32_t at;
    uint32_t len;
};

enum config_node_kind { CONFIG_SCALAR, CONFIG_LIST, CONFIG_MAP };

enum config_style { CONFIG_PLAIN, CONFIG_SINGLE, CONFIG_DOUBLE, CONFIG_BLOCK };

struct config_node {
    enum config_node_kind kind;
    enum config_style style; /* scalars */
    struct config_mark mark; /* scalars: the text without quotes; a missing value has its key's */
    const char *text;        /* scalars: unescaped, ends in NUL; may hold NUL only at its end */
    uint32_t len;
    struct config_node *key;                 /* of a map's member; else NULL */
    struct config_node *first, *last, *next; /* members, in the order of the file */
    uint32_t count;
    struct config_node *parent;
};

/*
 * Read and parse the file at `path`, which is shown to people as `shown`. `wanted_by` is the scalar
 * that names it, or NULL. Everything that is wrong is noted. Returns NULL when it could not be
 * read; a source without root when it could not be parsed.
 */
struct config_source *config_source_open(struct config *config, const char *path, const char *shown,
                                         const struct config_node *wanted_by);

/* The same for the site file, and for a file that a scalar of the site names. */
struct config_source *config_source_open_site(struct config *config, const char *path);
struct config_source *config_source_open_named(struct config *config,
                                               const struct config_node *wanted_by);

/* Parse a piece of a source by itself, as if the file held nothing else. */
const struct config_source *config_source_excerpt(struct config *config,
                                                  const struct config_source *source, uint32_t at,
                                                  uint32_t len);

/* A source with nothing in it, for paths that are relative to what could not be read. */
const struct config_source *config_source_empty(struct config *config, const char *path);

/* A source of one line that is not YAML: the text of `--set`. */
struct config_source *config_source_line(struct config *config, const char *name, const char *text);

/* Release what a load that ran out of memory left behind. */
void config_source_abandon(struct config *config);

/* Where the byte `at` of a scalar's text stands in its source, through quotes, escapes and folds.
 */
struct config_mark config_node_locate(const struct config_node *node, uint32_t at, uint32_t len);

/* The member of a map with that key; NULL if there is none. */
struct config_node *config_node_member(const struct config_node *map, const char *key);

/* Is it the empty plain scalar, `key:` with nothing after it? */
bool config_node_is_missing(const struct config_node *node);

/* Put `member` last into a list or map. */
void config_node_append(struct config_node *parent, struct config_node *member);

/* Zero-based line of an offset. */
uint32_t config_source_line_at(const struct config_source *source, uint32_t at);

/* An absolute path for one that is relative to the source's directory. */
const char *config_source_path(struct config *config, const struct config_source *source,
                               const char *path);

#endif
