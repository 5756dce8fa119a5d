/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_DRAWING_H
#define GATEWAY_CONFIG_DRAWING_H

/*
 * A drawing: the floor plan of a place as somebody drew it, in SVG
 *
 * Of the file only shapes are taken: paths, rectangles, circles, ellipses, lines, polygons and groups of them,
 * each with its geometry, whether it is filled, whether it has an outline, and how wide that is. Colours are
 * not: on the desk a colour means an alarm. Texts are not either: the site has the names, in each language.
 * What a drawing program adds for itself (layers' names, guides, gradients, metadata) is passed over, and so is
 * what is hidden. All else is refused: a browser that shows the drawing never sees anything that could run,
 * fetch, or hide.
 *
 *     <path d="M0 0h4v3h-4z" data-place="care/dining" style="fill:#fff;stroke:#000"/>
 *
 * `data-place` on a shape or a group says that it is a place, which lies in the place whose drawing it is.
 *
 * What comes of it is small SVG of the same kind:
 *
 *     <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10"><path d="…" fill="black" stroke="black"
 *     data-place="care/dining"></path></svg>
 */

#include <stdint.h>

#include "gateway/config/config_source.h"

enum {
    CONFIG_DRAWING_FILE_SIZE_MAX = 1024 * 1024,
    CONFIG_DRAWING_SHAPES_MAX = 5000,
    CONFIG_DRAWING_DEPTH_MAX = 32,
};

/*
 * Read the drawing of place `place` and note what is wrong with it. Marks the places that are in it
 * (config_place.is_drawn). Returns the SVG, or NULL when something was wrong.
 */
const char *config_drawing_read(struct config *config, const struct config_source *source,
                                uint32_t place);

/* Release what a load that ran out of memory left behind. */
void config_drawing_abandon(struct config *config);

#endif
