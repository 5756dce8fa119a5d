/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_drawing_box.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RADIANS_PER_DEGREE 0.017453292519943295

struct point {
    double x, y;
};

/* ---- numbers ---- */

static void skip_blanks(const char **text) {
    *text += strspn(*text, " \t\r\n,");
}

/* "1.5.5" is two numbers and "1-2" too. */
static bool number_take(const char **text, double *ret) {
    char *end;
    skip_blanks(text);
    *ret = strtod(*text, &end);
    bool is_number = end != *text;
    *text = end;
    return is_number;
}

static uint32_t numbers_take(const char **text, double *ret, uint32_t max) {
    uint32_t count = 0;
    while (count < max && number_take(text, &ret[count])) {
        count++;
    }
    return count;
}

/* ---- how it is turned ---- */

static struct drawing_matrix matrix_product(const struct drawing_matrix *outer,
                                            const struct drawing_matrix *inner) {
    return (struct drawing_matrix){
        .a = outer->a * inner->a + outer->c * inner->b,
        .b = outer->b * inner->a + outer->d * inner->b,
        .c = outer->a * inner->c + outer->c * inner->d,
        .d = outer->b * inner->c + outer->d * inner->d,
        .e = outer->a * inner->e + outer->c * inner->f + outer->e,
        .f = outer->b * inner->e + outer->d * inner->f + outer->f,
    };
}

static struct drawing_matrix matrix_turned(const double *values, uint32_t count) {
    double angle = values[0] * RADIANS_PER_DEGREE;
    double x = count == 3 ? values[1] : 0, y = count == 3 ? values[2] : 0;
    double cosine = cos(angle), sine = sin(angle);
    return (struct drawing_matrix){.a = cosine,
                                   .b = sine,
                                   .c = -sine,
                                   .d = cosine,
                                   .e = x - x * cosine + y * sine,
                                   .f = y - x * sine - y * cosine};
}

/* One step of a transform; false when it is none. */
static bool matrix_of_step(const char *name, size_t len, const double *values, uint32_t count,
                           struct drawing_matrix *ret) {
    struct drawing_matrix matrix = DRAWING_MATRIX_NONE;
    if (len == 6 && strncmp(name, "matrix", len) == 0 && count == 6) {
        matrix = (struct drawing_matrix){values[0], values[1], values[2],
                                         values[3], values[4], values[5]};
    } else if (len == 9 && strncmp(name, "translate", len) == 0 && count >= 1 && count <= 2) {
        matrix.e = values[0];
        matrix.f = count == 2 ? values[1] : 0;
    } else if (len == 5 && strncmp(name, "scale", len) == 0 && count >= 1 && count <= 2) {
        matrix.a = values[0];
        matrix.d = values[count - 1];
    } else if (len == 6 && strncmp(name, "rotate", len) == 0 && (count == 1 || count == 3)) {
        matrix = matrix_turned(values, count);
    } else if (len == 5 && strncmp(name, "skewX", len) == 0 && count == 1) {
        matrix.c = tan(values[0] * RADIANS_PER_DEGREE);
    } else if (len == 5 && strncmp(name, "skewY", len) == 0 && count == 1) {
        matrix.b = tan(values[0] * RADIANS_PER_DEGREE);
    } else {
        return false;
    }
    *ret = matrix;
    return true;
}

/* "translate(1,2) scale(3)"; what cannot be read is not done, as in browsers. */
static struct drawing_matrix matrix_read(const char *text) {
    struct drawing_matrix whole = DRAWING_MATRIX_NONE, step;
    skip_blanks(&text);
    while (*text != '\0') {
        double values[6];
        size_t len = strcspn(text, " \t\r\n(");
        const char *name = text;
        text += len + strspn(text + len, " \t\r\n");
        if (*text++ != '(') {
            return DRAWING_MATRIX_NONE;
        }
        uint32_t count = numbers_take(&text, values, 6);
        skip_blanks(&text);
        if (*text != ')' || !matrix_of_step(name, len, values, count, &step)) {
            return DRAWING_MATRIX_NONE;
        }
        text++;
        whole = matrix_product(&whole, &step);
        skip_blanks(&text);
    }
    return whole;
}

static const char *shape_value(const struct drawing_shape *shape, const char *name) {
    for (uint32_t i = 0; i < shape->geometry_count; i++) {
        if (strcmp(shape->geometry[i].name, name) == 0) {
            return shape->geometry[i].value;
        }
    }
    return NULL;
}

struct drawing_matrix drawing_matrix_within(const struct drawing_matrix *outer,
                                            const struct drawing_shape *shape) {
    const char *transform = shape_value(shape, "transform");
    if (transform == NULL) {
        return *outer;
    }
    struct drawing_matrix own = matrix_read(transform);
    return matrix_product(outer, &own);
}

/* ---- points ---- */

/* What is being drawn, and where to. */
struct pen {
    struct drawing_box *box;
    const struct drawing_matrix *matrix;
    struct point at, begin,
        control; /* of a path: where it is, where it began, what it last bent to */
};

static void pen_reach(struct pen *pen, double x, double y) {
    const struct drawing_matrix *m = pen->matrix;
    double to_x = m->a * x + m->c * y + m->e, to_y = m->b * x + m->d * y + m->f;
    if (isfinite(to_x) && isfinite(to_y)) {
        pen->box->left = fmin(pen->box->left, to_x);
        pen->box->right = fmax(pen->box->right, to_x);
        pen->box->top = fmin(pen->box->top, to_y);
        pen->box->bottom = fmax(pen->box->bottom, to_y);
    }
}

/* All within `x` and `y` of a point. */
static void pen_reach_around(struct pen *pen, struct point point, double x, double y) {
    pen_reach(pen, point.x - x, point.y - y);
    pen_reach(pen, point.x + x, point.y - y);
    pen_reach(pen, point.x - x, point.y + y);
    pen_reach(pen, point.x + x, point.y + y);
}

/* ---- paths ---- */

/*
 * An arc ends not further from where it begins than its ellipse is long, whose radii grow in proportion where they are
 * too short to get there.
 */
static void path_arc(struct pen *pen, const double *values, struct point to) {
    double rx = fabs(values[0]), ry = fabs(values[1]);
    double longer = fmax(rx, ry), shorter = fmin(rx, ry);
    if (shorter > 0) {
        double needed = hypot(to.x - pen->at.x, to.y - pen->at.y) / 2 * (longer / shorter);
        double length = 2 * fmax(longer, needed);
        pen_reach_around(pen, pen->at, length, length);
    }
}

/* The numbers of a command; 0: none. Behind `Z` there are none. */
static uint32_t path_numbers(char command) {
    static const char commands[] = "MLTHVSQCA";
    static const uint32_t counts[] = {2, 2, 2, 1, 1, 4, 4, 6, 7};
    const char *found = strchr(commands, command & ~0x20);
    return found == NULL || *found == '\0' ? 0 : counts[found - commands];
}

/* The flags of an arc are one digit each, with or without something between them. */
static bool path_values(const char **text, char command, double ret[7]) {
    uint32_t count = path_numbers(command);
    for (uint32_t i = 0; i < count; i++) {
        bool is_flag = (command == 'A' || command == 'a') && (i == 3 || i == 4);
        skip_blanks(text);
        if (is_flag && (**text == '0' || **text == '1')) {
            ret[i] = *(*text)++ - '0';
        } else if (is_flag || !number_take(text, &ret[i])) {
            return false;
        }
    }
    return true;
}

/* Go one step; `values` are path_numbers() of them. */
static void path_go(struct pen *pen, char command, const double *values) {
    bool is_relative = command >= 'a';
    struct point from = is_relative ? pen->at : (struct point){0, 0};
    char kind = (char)(command & ~0x20);
    uint32_t count = path_numbers(command);
    struct point to = pen->at,
                 bent = {2 * pen->at.x - pen->control.x, 2 * pen->at.y - pen->control.y};
    if (kind == 'H') {
        to.x = from.x + values[0];
    } else if (kind == 'V') {
        to.y = from.y + values[0];
    } else {
        assert(count >= 2);
        to = (struct point){from.x + values[count - 2], from.y + values[count - 1]};
    }
    pen->control = to;
    if (kind == 'A') {
        path_arc(pen, values, to);
    } else if (kind == 'S' || kind == 'T') {
        pen_reach(pen, bent.x, bent.y);
        pen->control = kind == 'T' ? bent : pen->control;
    }
    for (uint32_t i = 0; (kind == 'C' || kind == 'S' || kind == 'Q') && i + 2 < count; i += 2) {
        pen->control = (struct point){from.x + values[i], from.y + values[i + 1]};
        pen_reach(pen, pen->control.x, pen->control.y);
    }
    pen->at = to;
    if (kind == 'M') {
        pen->begin = to;
    } else {
        pen_reach(pen, to.x, to.y);
    }
}

/* Up to what cannot be read: so far it is drawn. A point that no line leaves is not. */
static void path_follow(struct pen *pen, const char *text) {
    char command = '\0';
    skip_blanks(&text);
    while (*text != '\0') {
        double values[7] = {0};
        if (strchr("MmZzLlHhVvCcSsQqTtAa", *text) != NULL) {
            command = *text++;
        }
        if (command == 'Z' || command == 'z') {
            pen->at = pen->control = pen->begin;
            command = '\0';
        } else if (command == '\0' || !path_values(&text, command, values)) {
            return;
        } else {
            if (command != 'M' && command != 'm') {
                pen_reach(pen, pen->at.x, pen->at.y);
            }
            path_go(pen, command, values);
            command = (char)(command == 'M' ? 'L' : command == 'm' ? 'l' : command);
        }
        skip_blanks(&text);
    }
}

/* ---- other shapes ---- */

static void points_follow(struct pen *pen, const char *text) {
    double point[2];
    while (numbers_take(&text, point, 2) == 2) {
        pen_reach(pen, point[0], point[1]);
    }
}

static double shape_number(const struct drawing_shape *shape, const char *name, double fallback) {
    const char *value = shape_value(shape, name);
    return value == NULL ? fallback : strtod(value, NULL);
}

static void rect_draw(struct pen *pen, const struct drawing_shape *shape) {
    double width = shape_number(shape, "width", 0), height = shape_number(shape, "height", 0);
    struct point middle = {shape_number(shape, "x", 0) + width / 2,
                           shape_number(shape, "y", 0) + height / 2};
    if (width > 0 && height > 0) {
        pen_reach_around(pen, middle, width / 2, height / 2);
    }
}

/* A circle, or an ellipse: one radius that is not given is as long as the other. */
static void ellipse_draw(struct pen *pen, const struct drawing_shape *shape) {
    double r = shape_number(shape, "r", 0);
    double rx = shape_number(shape, "rx", shape_number(shape, "ry", r));
    double ry = shape_number(shape, "ry", shape_number(shape, "rx", r));
    struct point middle = {shape_number(shape, "cx", 0), shape_number(shape, "cy", 0)};
    if (rx > 0 && ry > 0) {
        pen_reach_around(pen, middle, rx, ry);
    }
}

void drawing_box_add(struct drawing_box *box, const struct drawing_shape *shape, const char *name,
                     const struct drawing_matrix *matrix) {
    struct pen pen = {.box = box, .matrix = matrix};
    const char *path = shape_value(shape, "d"), *points = shape_value(shape, "points");
    if (path != NULL) {
        path_follow(&pen, path);
    } else if (points != NULL) {
        points_follow(&pen, points);
    } else if (strcmp(name, "rect") == 0) {
        rect_draw(&pen, shape);
    } else if (strcmp(name, "circle") == 0 || strcmp(name, "ellipse") == 0) {
        ellipse_draw(&pen, shape);
    } else if (strcmp(name, "line") == 0) {
        pen_reach(&pen, shape_number(shape, "x1", 0), shape_number(shape, "y1", 0));
        pen_reach(&pen, shape_number(shape, "x2", 0), shape_number(shape, "y2", 0));
    }
}

/* ---- the whole ---- */

struct drawing_box drawing_box_of_extent(const char *extent) {
    double values[4];
    if (numbers_take(&extent, values, 4) != 4) {
        return DRAWING_BOX_EMPTY;
    }
    return (struct drawing_box){values[0], values[1], values[0] + values[2], values[1] + values[3]};
}

bool drawing_box_has_area(const struct drawing_box *box, const struct drawing_box *extent) {
    static const double part = 1e-6;
    return box->right - box->left > (extent->right - extent->left) * part &&
           box->bottom - box->top > (extent->bottom - extent->top) * part;
}

bool drawing_box_is_within(const struct drawing_box *box, const struct drawing_box *extent) {
    return box->right > extent->left && box->left < extent->right && box->bottom > extent->top &&
           box->top < extent->bottom;
}
