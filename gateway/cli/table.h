/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_TABLE_H
#define GATEWAY_CLI_TABLE_H

/*
 * A table of texts
 *
 * Collects rows, then prints them in columns as wide as their widest text, which is right for
 * Chinese as well. The last column is never padded.
 */

#include "gateway/cli/reader.h"

enum {
    TABLE_COLUMNS_MAX = 8,
    TABLE_ROWS_MAX = 1000000, /* of a site's alarms; what comes after is not shown */
    TABLE_WIDTH_MAX = 60,     /* of any column but the last */
};

struct table {
    int columns;
    bool right[TABLE_COLUMNS_MAX]; /* numbers stand on the right */
    char **texts;                  /* rows × columns */
    enum tone *tones;              /* of each row's first column */
    size_t rows;
    size_t room;
};

void table_init(struct table *table, int columns);
void table_deinit(struct table *table);

/* Add a row of `columns` texts, which are copied. */
void table_add(struct table *table, enum tone tone, const char *const *texts);

void table_print(const struct table *table, const struct reader *reader);

#endif
