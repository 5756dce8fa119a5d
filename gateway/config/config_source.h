/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_SOURCE_H
#define GATEWAY_CONFIG_SOURCE_H

/*
 * Sources: the files of a site, each with its tree
 *
 * A file is read whole, and what is no text in UTF-8 is refused. Its YAML becomes our own small tree
 * (config_yaml.h, config_node.h).
 *
 * A `--set` option is a source of its own, one line long: an error in it points into it.
 */

#include "gateway/config/config_node.h"

struct config;

enum {
    /* Ten times the example's size per point for LIMIT_POINTS would not fit; a hundred bytes do. */
    CONFIG_FILE_SIZE_MAX = 16 * 1024 * 1024,
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

/*
 * Read a file that a scalar of the site names and that is not YAML. NULL when it could not be read or is no text
 * in UTF-8.
 */
struct config_source *config_source_open_drawing(struct config *config,
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

/* Zero-based line of an offset. */
uint32_t config_source_line_at(const struct config_source *source, uint32_t at);

/* An absolute path for one that is relative to the source's directory. */
const char *config_source_path(struct config *config, const struct config_source *source,
                               const char *path);

#endif
