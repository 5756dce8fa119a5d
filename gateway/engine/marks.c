/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/marks.h"

#include <stdlib.h>

int marks_init(struct index_set *marks, uint32_t limit) {
    uint64_t *words = calloc(index_set_words(limit), sizeof *words);
    *marks = (struct index_set){0};
    if (words == NULL) {
        return err_origin(-ENOMEM);
    }
    index_set_init(marks, limit, words);
    return 0;
}

void marks_deinit(struct index_set *marks) {
    free(marks->words);
    *marks = (struct index_set){0};
}
