/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_IMAGE_H
#define SENSORS_SIM_IMAGE_H

/*
 * The memory of one Modbus unit
 *
 * Four tables: coils, discrete inputs, input registers, holding registers. In each table the
 * addresses from the first to the last that the site names exist, with gaps between them reading 0,
 * as most devices do; an address outside is illegal. That is what makes a wrong address in a site
 * show up as an exception here, before it does in the field.
 */

#include "sensors/sim/sim_encode.h"
#include "sensors/sim/sim_error.h"

struct sim_bank {
    uint32_t first;
    uint32_t count;
    uint16_t *words; /* one per address; coils and discrete inputs hold 0 or 1 */
};

struct sim_image {
    struct sim_bank banks[SIM_TABLE_COUNT];
};

#define SIM_IMAGE_NULL ((struct sim_image){0})

/* Make addresses `first` … `first + count - 1` exist. Only before sim_image_init(). */
void sim_image_cover(struct sim_image *image, enum sim_table table, uint32_t first, uint32_t count);

/* Provide the memory for what was covered, all 0. Returns 0 or -ENOMEM. */
SIM_NODISCARD int sim_image_init(struct sim_image *image);
void sim_image_deinit(struct sim_image *image);

/* The words at `first`, or NULL when not all `count` (at least 1) of them exist. */
uint16_t *sim_image_at(struct sim_image *image, enum sim_table table, uint32_t first,
                       uint32_t count);

#endif
