/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_IMAGE_H
#define SENSORS_MODBUS_IMAGE_H

/*
 * Modbus image: what a device last said
 *
 * Most answers say what the one before said. The image keeps the bytes of each request's last
 * answer and looks only at the points whose bits differ; of these it reports those whose value has
 * changed, a number only when it lies at least its deadband from what was last reported. So an
 * unchanged poll costs one comparison, and nothing leaves the driver.
 *
 * Pure but for the memory it takes at the start.
 */

#include "sensors/modbus_plan.h"
#include "sensors/registers.h"

/* A point that is read. */
struct mbimage_point {
    uint32_t point; /* index in the site */
    enum mbframe_table table;
    uint16_t address;
    struct register_format format;
    double deadband; /* 0: every change is reported */
};

struct mbimage_sent;

struct mbimage {
    const struct mbimage_point *points; /* borrowed */
    uint32_t point_count;
    struct mbplan_span *spans;
    struct mbplan_request *requests;
    uint32_t request_count;
    /* private to modbus_image.c */
    uint8_t *bytes;            /* of all requests' last answers, one behind the other */
    size_t *offsets;           /* where each request's begin */
    bool *known;               /* does a request have a last answer? */
    struct mbimage_sent *sent; /* what was last reported of each point */
};

/*
 * Plan the requests for `points` and know nothing of their values. Borrows `points`. With
 * `point_count` 0 there are no requests. Returns 0 or -ENOMEM; deinit is right in both cases.
 */
SENSORS_NODISCARD int mbimage_init(struct mbimage *image, const struct mbimage_point *points,
                                   uint32_t point_count);
void mbimage_deinit(struct mbimage *image);

/* Plan again without bridging gaps, for a device that does not have the addresses between. */
void mbimage_without_gaps(struct mbimage *image);

/* Report every point with its next answer, changed or not. */
void mbimage_forget(struct mbimage *image);

/*
 * Take the answer to a request: `bytes` holds its registers or bits as on the wire. Reports changed
 * points as readings measured at the sink's wall time, and a value that is refused as a note for
 * `device`. Returns how many readings there were.
 */
uint32_t mbimage_update(struct mbimage *image, uint32_t request, const uint8_t *bytes,
                        uint32_t device, const struct sensor_sink *sink);

/*
 * The device refuses this request: its points are QUALITY_FAULT until it answers it. Reports those
 * that were not already.
 */
void mbimage_refused(struct mbimage *image, uint32_t request, const struct sensor_sink *sink);

#endif
