/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Numbers as text: each reads back as itself, in the form that the C library's printer would choose.
 */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/number.h"
#include "tests/support/cmocka.h"

static void the_texts_of_numbers(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1, "-1"},
        {23.1, "23.1"},
        {0.1, "0.1"},
        {-0.05, "-0.05"},
        {100, "100"},
        {0.0001, "0.0001"},
        {0.00009999, "9.999e-05"},
        {123456789012345, "123456789012345"},
        {999999999999999, "999999999999999"},
        {999999999999999.9, "999999999999999.9"},
        {1e15, "1e+15"},
        {9007199254740994, "9007199254740994"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e300, "1e+300"},
        {5e-324, "4.94065645841247e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
    };
    char text[NUMBER_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = number_write(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(len, strlen(text));
    }
}

static void the_texts_of_whole_numbers(void **state) {
    (void)state;
    static const int64_t values[] = {0, 1, -1, 10, -10, 1763770000000000000, INT64_MAX, INT64_MIN};
    char text[NUMBER_SIZE];
    char want[NUMBER_SIZE];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        size_t len = number_write_integer(values[i], text);
        (void)snprintf(want, sizeof want, "%lld", (long long)values[i]);
        assert_string_equal(text, want);
        assert_int_equal(len, strlen(text));
    }
}

/* The printer asked in the plain way: what all others would have written. */
static void print_shortest(double value, char ret[NUMBER_SIZE]) {
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(ret, NUMBER_SIZE, "%.*g", digits, value);
        if (memcmp(&(double){strtod(ret, NULL)}, &value, sizeof value) == 0) {
            return;
        }
    }
}

static uint64_t random_next(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

static void check_as_printed(double value) {
    char text[NUMBER_SIZE];
    char want[NUMBER_SIZE];
    (void)number_write(value, text);
    print_shortest(value, want);
    assert_string_equal(text, want);
    double back = strtod(text, NULL);
    assert_memory_equal(&back, &value, sizeof value);
}

static void any_number_is_written_as_the_printer_writes_it_and_reads_back(void **state) {
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_next(&random);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value)) {
            check_as_printed(value);
        }
    }
}

static void any_decimal_of_a_sensor_is_written_as_the_printer_writes_it(void **state) {
    (void)state;
    uint64_t random = 2;
    for (int i = 0; i < 100000; i++) {
        int64_t digits = (int64_t)(random_next(&random) >> (random_next(&random) % 50 + 13));
        double power = pow(10, (double)(random_next(&random) % 20));
        check_as_printed((double)digits / power);
        check_as_printed(-(double)digits / power);
        check_as_printed(nextafter((double)digits / power, INFINITY));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_texts_of_numbers),
        cmocka_unit_test(the_texts_of_whole_numbers),
        cmocka_unit_test(any_number_is_written_as_the_printer_writes_it_and_reads_back),
        cmocka_unit_test(any_decimal_of_a_sensor_is_written_as_the_printer_writes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
