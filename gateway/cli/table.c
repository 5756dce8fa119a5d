/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void table_init(struct table *table, int columns) {
    assert(columns > 0 && columns <= TABLE_COLUMNS_MAX);
    *table = (struct table){.columns = columns};
}

void table_deinit(struct table *table) {
    for (size_t i = 0; i < table->rows * (size_t)table->columns; i++) {
        free(table->texts[i]);
    }
    free(table->texts);
    free(table->tones);
    *table = (struct table){0};
}

static void table_grow(struct table *table) {
    table->room = table->room == 0 ? 64 : table->room * 2;
    table->texts =
        reallocarray(table->texts, table->room * (size_t)table->columns, sizeof *table->texts);
    table->tones = reallocarray(table->tones, table->room, sizeof *table->tones);
    assert(table->texts != NULL && table->tones != NULL);
}

void table_add(struct table *table, enum tone tone, const char *const *texts) {
    if (table->rows == TABLE_ROWS_MAX) {
        return;
    }
    if (table->rows == table->room) {
        table_grow(table);
    }
    for (int i = 0; i < table->columns; i++) {
        char *copy = strdup(texts[i]);
        assert(copy != NULL);
        table->texts[table->rows * (size_t)table->columns + (size_t)i] = copy;
    }
    table->tones[table->rows++] = tone;
}

static const char *table_text(const struct table *table, size_t row, int column) {
    return table->texts[row * (size_t)table->columns + (size_t)column];
}

static int table_width(const struct table *table, int column) {
    int width = 0;
    for (size_t row = 0; row < table->rows; row++) {
        int used = text_columns(table_text(table, row, column));
        width = used > width ? used : width;
    }
    return width < TABLE_WIDTH_MAX ? width : TABLE_WIDTH_MAX;
}

void table_print(const struct table *table, const struct reader *reader) {
    int widths[TABLE_COLUMNS_MAX];
    for (int i = 0; i < table->columns; i++) {
        widths[i] = table_width(table, i);
    }
    for (size_t row = 0; row < table->rows; row++) {
        for (int i = 0; i + 1 < table->columns; i++) {
            reader_cell(reader, i == 0 ? table->tones[row] : TONE_PLAIN, table_text(table, row, i),
                        table->right[i] ? -widths[i] : widths[i]);
            (void)fputs("  ", reader->out);
        }
        reader_put(reader, TONE_PLAIN, table_text(table, row, table->columns - 1));
        (void)fputc('\n', reader->out);
    }
}
