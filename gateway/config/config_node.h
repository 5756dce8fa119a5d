/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_NODE_H
#define GATEWAY_CONFIG_NODE_H

/*
 * Nodes: the tree of a source
 *
 * Every scalar, list and map knows its place, so that each later check can point at the very word.
 */

#include <stdbool.h>
#include <stdint.h>

struct config_source;

enum {
    /* Lists and maps inside each other: fourteen places deep. */
    CONFIG_DEPTH_MAX = 32,
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

/* Where the byte `at` of a scalar's text stands in its source, through quotes, escapes and folds. */
struct config_mark config_node_locate(const struct config_node *node, uint32_t at, uint32_t len);

/* The member of a map with that key; NULL if there is none. */
struct config_node *config_node_member(const struct config_node *map, const char *key);

/* Is it the empty plain scalar, `key:` with nothing after it? */
bool config_node_is_missing(const struct config_node *node);

/* Put `member` last into a list or map. */
void config_node_append(struct config_node *parent, struct config_node *member);

#endif
