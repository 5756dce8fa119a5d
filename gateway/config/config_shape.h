/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_SHAPE_H
#define GATEWAY_CONFIG_SHAPE_H

/*
 * Shapes: which keys a map may have, and reading it
 *
 * One table (config_keys.def) says for every map of a site which keys it knows, which it must have,
 * and whether a key's value is a single value, a list or a map. config_fields() reads a map by its
 * shape: what is unknown, given twice, missing or of the wrong form is noted there, once, so that
 * each checker sees only fields that are what they should be, or NULL.
 */

#include <stdbool.h>

#include "gateway/config/config_source.h"

enum config_form { CONFIG_FORM_SCALAR, CONFIG_FORM_LIST, CONFIG_FORM_MAP, CONFIG_FORM_ANY };

/* CONFIG_PLACE_ID, CONFIG_PLACE_KIND … CONFIG_PLACE_COUNT, for each shape. */
#define CONFIG_SHAPE(shape, name, what)          enum config_##shape##_key {
#define CONFIG_KEY(shape, key, name, need, form) CONFIG_##shape##_##key,
#define CONFIG_END(shape)                                                                          \
    CONFIG_##shape##_KEYS                                                                          \
    }                                                                                              \
    ;
#include "gateway/config/config_keys.def"
#undef CONFIG_SHAPE
#undef CONFIG_KEY
#undef CONFIG_END

enum config_shape {
#define CONFIG_SHAPE(shape, name, what) CONFIG_SHAPE_##shape,
#define CONFIG_KEY(shape, key, name, need, form)
#define CONFIG_END(shape)
#include "gateway/config/config_keys.def"
#undef CONFIG_SHAPE
#undef CONFIG_KEY
#undef CONFIG_END
    CONFIG_SHAPE_COUNT,
};

/* As many as the largest shape has. */
enum { CONFIG_FIELDS_MAX = 24 };

/*
 * Read `node` by its shape into `ret_fields`, one per key and NULL where it is absent or of the
 * wrong form. Returns false if the node is no map at all; that and all else has been noted.
 */
bool config_fields(struct config *config, const struct config_node *node, enum config_shape shape,
                   const struct config_node *ret_fields[CONFIG_FIELDS_MAX]);

/* Note an error unless `node` has the form; false then. A NULL node is false without a note. */
bool config_is_list(struct config *config, const struct config_node *node);
bool config_is_map(struct config *config, const struct config_node *node);
bool config_is_scalar(struct config *config, const struct config_node *node);

/* What a message calls a node: "`poll`", or "an item of `brokers`". */
const char *config_label(struct config *config, const struct config_node *node);

#endif
