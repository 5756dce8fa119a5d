/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/number.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between these "%.15g" writes no exponent. */
#define PLAIN_MIN 1e-4
#define PLAIN_MAX 1e15

/* Write the digits of `value`, at least `least` of them. */
static size_t number_write_digits(uint64_t value, size_t least, char *ret) {
    char reversed[NUMBER_SIZE];
    size_t len = 0;
    while (value != 0 || len < least) {
        reversed[len++] = (char)('0' + value % 10);
        value /= 10;
    }
    for (size_t i = 0; i < len; i++) {
        ret[i] = reversed[len - 1 - i];
    }
    return len;
}

size_t number_write_integer(int64_t value, char ret[NUMBER_SIZE]) {
    size_t sign = value < 0;
    ret[0] = '-';
    size_t len = sign + number_write_digits(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1,
                                            ret + sign);
    ret[len] = '\0';
    return len;
}

/*
 * Find the fewest decimals whose number is `magnitude` itself. Digits and power of ten are both
 * exact doubles (at most 15 digits, at most 10^19), so that their quotient is rounded once, just as
 * reading the text rounds once.
 */
static bool number_decimals(double magnitude, uint64_t *ret_digits, unsigned *ret_decimals) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};
    for (unsigned i = 0; i < sizeof powers / sizeof *powers; i++) {
        double scaled = magnitude * powers[i] + 0.5;
        if (scaled >= PLAIN_MAX) {
            return false;
        }
        uint64_t digits = (uint64_t)scaled;
        double back = (double)digits / powers[i];
        if (back <= magnitude && back >= magnitude) {
            *ret_digits = digits;
            *ret_decimals = i;
            return true;
        }
    }
    return false;
}

/* The general way: 15 digits always survive being read, 17 are always enough. */
static size_t number_print(double value, char ret[NUMBER_SIZE]) {
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(ret, NUMBER_SIZE, "%.*g", digits, value);
        double back = strtod(ret, NULL);
        if (back <= value && back >= value) {
            break;
        }
    }
    return strlen(ret);
}

size_t number_write(double value, char ret[NUMBER_SIZE]) {
    assert(isfinite(value));
    double magnitude = fabs(value);
    uint64_t digits;
    unsigned decimals;
    bool plain = magnitude < PLAIN_MAX && !(magnitude > 0 && magnitude < PLAIN_MIN);
    if (!plain || !number_decimals(magnitude, &digits, &decimals)) {
        return number_print(value, ret);
    }
    size_t sign = signbit(value) ? 1 : 0;
    ret[0] = '-';
    size_t len = sign + number_write_digits(digits, decimals + 1, ret + sign);
    if (decimals > 0) {
        memmove(ret + len - decimals + 1, ret + len - decimals, decimals);
        ret[len - decimals] = '.';
        len++;
    }
    ret[len] = '\0';
    return len;
}
