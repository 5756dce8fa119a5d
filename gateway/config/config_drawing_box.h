/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_DRAWING_BOX_H
#define GATEWAY_CONFIG_DRAWING_BOX_H

/*
 * Where the shapes of a drawing lie
 *
 * A box is never smaller than what is drawn: of curves it has the points that they are drawn by, of what is turned the
 * corners around it. What it leaves no room for, nobody sees. Shapes that SVG does not draw (a rectangle without width,
 * a path from the sign on that cannot be read) add nothing to it, and no outline does.
 */

#include <math.h>
#include <stdbool.h>

#include "gateway/config/config_drawing_shape.h"

/* x' = a x + c y + e, y' = b x + d y + f, as in SVG. */
struct drawing_matrix {
    double a, b, c, d, e, f;
};

#define DRAWING_MATRIX_NONE ((struct drawing_matrix){.a = 1, .d = 1})

struct drawing_box {
    double left, top, right, bottom;
};

/* A box with nothing in it. */
#define DRAWING_BOX_EMPTY                                                                          \
    ((struct drawing_box){                                                                         \
        .left = INFINITY, .top = INFINITY, .right = -INFINITY, .bottom = -INFINITY})

/* From the units of the shape or group, with its `transform`, to those around its outermost group. */
struct drawing_matrix drawing_matrix_within(const struct drawing_matrix *outer,
                                            const struct drawing_shape *shape);

/* Make room for the shape; `matrix` is its drawing_matrix_within(). */
void drawing_box_add(struct drawing_box *box, const struct drawing_shape *shape, const char *name,
                     const struct drawing_matrix *matrix);

/* What drawing_extent_read() has written. */
struct drawing_box drawing_box_of_extent(const char *extent);

/* Has it an area that can be seen in a drawing of this size? A millionth of its width, or height, cannot. */
bool drawing_box_has_area(const struct drawing_box *box, const struct drawing_box *extent);

/* Does any of it lie within the drawing? */
bool drawing_box_is_within(const struct drawing_box *box, const struct drawing_box *extent);

#endif
