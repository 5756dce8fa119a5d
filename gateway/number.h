/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_NUMBER_H
#define GATEWAY_NUMBER_H

/*
 * Numbers as text that reads back as the same number
 *
 * The shortest decimal, as "%.15g" writes it where 15 digits are enough and with up to 17 where they
 * are not: 21.5, 0.1, 1e+300, -0. Every JSON reader and the line protocol take these forms. The
 * decimals that sensors send are found without the C library's printer, which is ten times slower.
 */

#include <stddef.h>
#include <stdint.h>

/* Room for the text of any number, with its final NUL. */
enum { NUMBER_SIZE = 32 };

/* Write a finite number. Returns its length. */
size_t number_write(double value, char ret[NUMBER_SIZE]);

/* Write a whole number. Returns its length. */
size_t number_write_integer(int64_t value, char ret[NUMBER_SIZE]);

#endif
