/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_image.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void sim_image_cover(struct sim_image *image, enum sim_table table, uint32_t first,
                     uint32_t count) {
    assert(table < SIM_TABLE_COUNT);
    struct sim_bank *bank = &image->banks[table];
    assert(bank->words == NULL);
    if (bank->count == 0) {
        bank->first = first;
        bank->count = count;
        return;
    }
    uint32_t end = bank->first + bank->count;
    uint32_t new_end = first + count;
    bank->first = first < bank->first ? first : bank->first;
    bank->count = (new_end > end ? new_end : end) - bank->first;
}

int sim_image_init(struct sim_image *image) {
    for (int table = 0; table < SIM_TABLE_COUNT; table++) {
        struct sim_bank *bank = &image->banks[table];
        if (bank->count == 0) {
            continue;
        }
        bank->words = calloc(bank->count, sizeof *bank->words);
        if (bank->words == NULL) {
            sim_image_deinit(image);
            return -ENOMEM;
        }
    }
    return 0;
}

void sim_image_deinit(struct sim_image *image) {
    for (int table = 0; table < SIM_TABLE_COUNT; table++) {
        free(image->banks[table].words);
        image->banks[table] = (struct sim_bank){0};
    }
}

uint16_t *sim_image_at(struct sim_image *image, enum sim_table table, uint32_t first,
                       uint32_t count) {
    assert(table < SIM_TABLE_COUNT);
    assert(count > 0);
    struct sim_bank *bank = &image->banks[table];
    if (bank->words == NULL || first < bank->first || first + count > bank->first + bank->count) {
        return NULL;
    }
    return &bank->words[first - bank->first];
}
