/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_drawing_shape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a value has to look. Whether it draws what was meant only the eye can tell. */
enum geometry_form { FORM_NUMBER, FORM_NUMBERS, FORM_PATH, FORM_TRANSFORM };

static const struct geometry {
    const char *name;
    enum geometry_form form;
} geometries[] = {
    {"d", FORM_PATH},        {"points", FORM_NUMBERS}, {"transform", FORM_TRANSFORM},
    {"x", FORM_NUMBER},      {"y", FORM_NUMBER},       {"width", FORM_NUMBER},
    {"height", FORM_NUMBER}, {"rx", FORM_NUMBER},      {"ry", FORM_NUMBER},
    {"cx", FORM_NUMBER},     {"cy", FORM_NUMBER},      {"r", FORM_NUMBER},
    {"x1", FORM_NUMBER},     {"y1", FORM_NUMBER},      {"x2", FORM_NUMBER},
    {"y2", FORM_NUMBER},
};

static const struct element {
    const char *name;
    enum drawing_use use;
    const char *geometry[DRAWING_GEOMETRY_MAX]; /* besides `transform` */
} elements[] = {
    {"g", DRAWING_SHOWN, {NULL}},
    {"path", DRAWING_SHOWN, {"d"}},
    {"rect", DRAWING_SHOWN, {"x", "y", "width", "height", "rx", "ry"}},
    {"circle", DRAWING_SHOWN, {"cx", "cy", "r"}},
    {"ellipse", DRAWING_SHOWN, {"cx", "cy", "rx", "ry"}},
    {"line", DRAWING_SHOWN, {"x1", "y1", "x2", "y2"}},
    {"polyline", DRAWING_SHOWN, {"points"}},
    {"polygon", DRAWING_SHOWN, {"points"}},
    {"text", DRAWING_SKIPPED, {NULL}},
    {"tspan", DRAWING_SKIPPED, {NULL}},
    {"title", DRAWING_SKIPPED, {NULL}},
    {"desc", DRAWING_SKIPPED, {NULL}},
    {"metadata", DRAWING_SKIPPED, {NULL}},
    {"defs", DRAWING_SKIPPED, {NULL}},
    {"linearGradient", DRAWING_SKIPPED, {NULL}},
    {"radialGradient", DRAWING_SKIPPED, {NULL}},
    {"stop", DRAWING_SKIPPED, {NULL}},
    {"pattern", DRAWING_SKIPPED, {NULL}},
    {"marker", DRAWING_SKIPPED, {NULL}},
    {"clipPath", DRAWING_SKIPPED, {NULL}},
    {"mask", DRAWING_SKIPPED, {NULL}},
    {"symbol", DRAWING_SKIPPED, {NULL}},
    {"filter", DRAWING_SKIPPED, {NULL}},
    {"a", DRAWING_REFUSED, {NULL}},
    {"animate", DRAWING_REFUSED, {NULL}},
    {"animateMotion", DRAWING_REFUSED, {NULL}},
    {"animateTransform", DRAWING_REFUSED, {NULL}},
    {"feImage", DRAWING_REFUSED, {NULL}},
    {"foreignObject", DRAWING_REFUSED, {NULL}},
    {"image", DRAWING_REFUSED, {NULL}},
    {"script", DRAWING_REFUSED, {NULL}},
    {"set", DRAWING_REFUSED, {NULL}},
    {"style", DRAWING_REFUSED, {NULL}},
    {"use", DRAWING_REFUSED, {NULL}},
};

static const struct element *element_of(const char *name) {
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if (strcmp(elements[i].name, name) == 0) {
            return &elements[i];
        }
    }
    return NULL;
}

enum drawing_use drawing_use_of(const char *name) {
    const struct element *element = element_of(name);
    return element != NULL ? element->use : DRAWING_UNKNOWN;
}

static bool has_only(const char *value, const char *signs) {
    return value[strspn(value, signs)] == '\0';
}

/* A decimal number with nothing around it but blanks. */
static bool number_read(const char *value, double *ret) {
    char *end;
    *ret = strtod(value, &end);
    return end != value && has_only(value, "0123456789+-.eE \t\r\n") && isfinite(*ret) &&
           end[strspn(end, " \t\r\n")] == '\0';
}

static bool geometry_is_good(enum geometry_form form, const char *value) {
    double number;
    switch (form) {
    case FORM_NUMBER:
        return number_read(value, &number);
    case FORM_NUMBERS:
        return has_only(value, "0123456789+-.eE, \t\r\n");
    case FORM_PATH:
        return has_only(value, "0123456789+-.eE, \t\r\nMmZzLlHhVvCcSsQqTtAa");
    case FORM_TRANSFORM:
        return has_only(value, "0123456789+-., \t\r\n()abcdefghijklmnopqrstuvwxyzXY");
    }
    return false;
}

static bool element_has(const struct element *element, const char *name) {
    bool has = strcmp(name, "transform") == 0;
    for (size_t i = 0; !has && i < DRAWING_GEOMETRY_MAX && element->geometry[i] != NULL; i++) {
        has = strcmp(element->geometry[i], name) == 0;
    }
    return has;
}

static void shape_take_geometry(struct drawing_shape *shape, const struct element *element,
                                const char *name, const char *value) {
    for (size_t i = 0; i < sizeof geometries / sizeof *geometries; i++) {
        if (strcmp(geometries[i].name, name) != 0 || !element_has(element, name)) {
            continue;
        }
        if (geometry_is_good(geometries[i].form, value)) {
            shape->geometry[shape->geometry_count].name = geometries[i].name;
            shape->geometry[shape->geometry_count++].value = value;
        } else {
            shape->wrong = geometries[i].name;
        }
    }
}

/* `value` of `len` bytes; blanks around it were taken off. */
struct property_value {
    const char *at;
    size_t len;
};

static bool value_is(struct property_value value, const char *word) {
    return value.len == strlen(word) && strncmp(value.at, word, value.len) == 0;
}

static const char *paint_of(struct property_value value) {
    return value_is(value, "none") || value_is(value, "transparent") ? "none"
           : value_is(value, "inherit")                              ? NULL
                                                                     : "black";
}

/* "0.5" or "0.5px"; another unit is left out. */
static void stroke_width_take(struct drawing_shape *shape, struct property_value value) {
    size_t len = value.len > 2 && strncmp(value.at + value.len - 2, "px", 2) == 0 ? value.len - 2
                                                                                  : value.len;
    double width;
    char text[DRAWING_NUMBER_SIZE];
    if (len < sizeof text) {
        memcpy(text, value.at, len);
        text[len] = '\0';
        if (number_read(text, &width) && width >= 0) {
            memcpy(shape->stroke_width, text, len + 1);
        }
    }
}

/* What is taken of a property, whether it stands as an attribute or in `style`. */
static void shape_take_property(struct drawing_shape *shape, struct property_value name,
                                struct property_value value) {
    static const char *const hiding[] = {"clip-path", "mask", "filter"};
    for (size_t i = 0; i < sizeof hiding / sizeof *hiding; i++) {
        if (value_is(name, hiding[i]) && !value_is(value, "none")) {
            shape->hiding = hiding[i];
        }
    }
    if (value_is(name, "fill")) {
        shape->fill = paint_of(value);
    } else if (value_is(name, "stroke")) {
        shape->stroke = paint_of(value);
    } else if (value_is(name, "stroke-width")) {
        stroke_width_take(shape, value);
    } else if (value_is(name, "display")) {
        shape->is_hidden = value_is(value, "none");
    } else if (value_is(name, "visibility")) {
        shape->is_hidden =
            shape->is_hidden || value_is(value, "hidden") || value_is(value, "collapse");
    }
}

static struct property_value trimmed(const char *at, size_t len) {
    while (len > 0 && strchr(" \t\r\n", at[0]) != NULL) {
        at++;
        len--;
    }
    while (len > 0 && strchr(" \t\r\n", at[len - 1]) != NULL) {
        len--;
    }
    return (struct property_value){at, len};
}

/* "fill:#fff;stroke:none" */
static void shape_take_style(struct drawing_shape *shape, const char *style) {
    while (*style != '\0') {
        size_t len = strcspn(style, ";");
        size_t name = strcspn(style, ":");
        if (name < len) {
            shape_take_property(shape, trimmed(style, name),
                                trimmed(style + name + 1, len - name - 1));
        }
        style += len + (style[len] == ';');
    }
}

void drawing_shape_read(struct drawing_shape *shape, const char *name, const char **attributes) {
    const struct element *element = element_of(name);
    const char *style = "";
    for (const char **each = attributes; each[0] != NULL; each += 2) {
        if (strcmp(each[0], "style") == 0) {
            style = each[1];
        } else {
            shape_take_geometry(shape, element, each[0], each[1]);
            shape_take_property(shape, trimmed(each[0], strlen(each[0])),
                                trimmed(each[1], strlen(each[1])));
        }
    }
    shape_take_style(shape, style); /* it counts for more, as in SVG */
}

/* Four numbers; a comma may stand between them. */
static bool extent_parse(const char *text, double ret[4]) {
    for (int i = 0; i < 4; i++) {
        char *end;
        text += strspn(text, " \t\r\n,");
        ret[i] = strtod(text, &end);
        if (end == text || !isfinite(ret[i])) {
            return false;
        }
        text = end;
    }
    return text[strspn(text, " \t\r\n")] == '\0';
}

const char *drawing_extent_read(const char **attributes, char ret[DRAWING_EXTENT_SIZE]) {
    enum { EXTENT_MAX = 1000000 };
    double extent[4] = {0, 0, 0, 0};
    bool has_box = false, is_good = true;
    for (const char **each = attributes; each[0] != NULL; each += 2) {
        if (strcmp(each[0], "viewBox") == 0) {
            has_box = true;
            is_good = has_only(each[1], "0123456789+-.eE, \t\r\n") && extent_parse(each[1], extent);
        } else if (!has_box && strcmp(each[0], "width") == 0) {
            extent[2] = strtod(each[1], NULL);
        } else if (!has_box && strcmp(each[0], "height") == 0) {
            extent[3] = strtod(each[1], NULL);
        }
    }
    for (int i = 0; i < 4; i++) {
        is_good = is_good && fabs(extent[i]) <= EXTENT_MAX && (i < 2 || extent[i] > 0);
    }
    (void)snprintf(ret, DRAWING_EXTENT_SIZE, "%.9g %.9g %.9g %.9g", extent[0], extent[1], extent[2],
                   extent[3]);
    return is_good ? NULL : "viewBox";
}
