/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_payload.h"

#include <math.h>
#include <string.h>

/* One name of a pointer, unescaped. */
enum { TOKEN_SIZE = 128 };

/*
 * Read the name that begins at `*at`, a slash, and move on to the next slash or the end. False when
 * it is too long or escaped wrongly.
 */
static bool token_read(const char **at, char token[TOKEN_SIZE]) {
    size_t size = 0;
    const char *from = *at + 1;
    for (; *from != '\0' && *from != '/'; from++) {
        char letter = *from;
        if (letter == '~') {
            from++;
            if (*from != '0' && *from != '1') {
                return false;
            }
            letter = *from == '0' ? '~' : '/';
        }
        if (size + 1 == TOKEN_SIZE) {
            return false;
        }
        token[size++] = letter;
    }
    token[size] = '\0';
    *at = from;
    return true;
}

static json_t *value_json(const struct sim_point_conf *point, double value) {
    const struct sim_encoding *encoding = &point->encoding;
    if (encoding->truth) {
        return json_boolean((value != 0) != encoding->invert);
    }
    double raw = (value - encoding->offset) / encoding->scale;
    if (raw == floor(raw) && fabs(raw) < 0x1p53) {
        return json_integer((json_int_t)raw);
    }
    return json_real(raw);
}

int sim_payload_put(json_t *payload, const struct sim_point_conf *point, double value) {
    const char *at = point->pointer;
    char token[TOKEN_SIZE];
    if (*at != '/' || !token_read(&at, token)) {
        return -1;
    }
    while (*at == '/') {
        json_t *inner = json_object_get(payload, token);
        if (inner == NULL) {
            inner = json_object();
            if (json_object_set_new(payload, token, inner) != 0) {
                return -1;
            }
        }
        payload = inner;
        if (!token_read(&at, token)) {
            return -1;
        }
    }
    return json_object_set_new(payload, token, value_json(point, value));
}

bool sim_payload_value(const json_t *payload, const struct sim_point_conf *point,
                       double *ret_value) {
    const char *at = point->pointer;
    while (*at == '/') {
        char token[TOKEN_SIZE];
        if (!token_read(&at, token)) {
            return false;
        }
        payload = json_object_get(payload, token); /* NULL for anything but an object */
    }
    if (json_is_boolean(payload)) {
        *ret_value = json_is_true(payload) != (point->encoding.truth && point->encoding.invert);
        return true;
    }
    if (!json_is_number(payload)) {
        return false;
    }
    double raw = json_number_value(payload);
    if (point->encoding.truth) {
        *ret_value = (raw != 0) != point->encoding.invert;
    } else {
        *ret_value = raw * point->encoding.scale + point->encoding.offset;
    }
    return true;
}
