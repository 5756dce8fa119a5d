/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_DRAWING_SHAPE_H
#define GATEWAY_CONFIG_DRAWING_SHAPE_H

/*
 * The shapes of a drawing: which elements there are, and what is taken of their attributes
 *
 * Attributes are pairs of name and value that end with NULL, as expat hands them over. Texts that are returned
 * are those or static.
 */

#include <stdbool.h>
#include <stdint.h>

enum drawing_use {
    DRAWING_SHOWN,   /* a shape, or a group of them */
    DRAWING_SKIPPED, /* harmless, and nothing of it is shown */
    DRAWING_UNKNOWN, /* harmless only in what is skipped */
    DRAWING_REFUSED, /* could run, fetch or move */
};

/* What becomes of an element of SVG below the root. */
enum drawing_use drawing_use_of(const char *name);

enum { DRAWING_GEOMETRY_MAX = 8, DRAWING_NUMBER_SIZE = 32, DRAWING_EXTENT_SIZE = 160 };

struct drawing_shape {
    struct {
        const char *name, *value;
    } geometry[DRAWING_GEOMETRY_MAX];
    uint32_t geometry_count;
    const char *fill, *stroke;              /* "none" or "black"; NULL: as what it is in */
    char stroke_width[DRAWING_NUMBER_SIZE]; /* "": likewise */
    bool is_hidden;
    const char *hiding; /* the property that would hide a part of it; NULL: none */
    const char *wrong;  /* the attribute that cannot be read; NULL: none */
};

/* Read the shape or group `name` into `shape`, which is zeroed. */
void drawing_shape_read(struct drawing_shape *shape, const char *name, const char **attributes);

/*
 * Write the viewBox of the root, or what its width and height make of it. Returns the attribute that cannot be
 * read or is not there, or NULL.
 */
const char *drawing_extent_read(const char **attributes, char ret[DRAWING_EXTENT_SIZE]);

#endif
