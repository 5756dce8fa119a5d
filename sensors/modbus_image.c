/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_image.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mbimage_sent {
    double value;
    enum quality quality;
    bool any; /* false: nothing has been reported, or it was forgotten */
};

static size_t mbimage_request_size(const struct mbplan_request *request) {
    return mbframe_is_bits(request->table) ? ((size_t)request->count + 7) / 8
                                           : 2 * (size_t)request->count;
}

static void mbimage_plan(struct mbimage *image, enum mbplan_gaps gaps) {
    image->request_count = mbplan_make(image->spans, image->point_count, gaps, image->requests);
    size_t offset = 0;
    for (uint32_t i = 0; i < image->request_count; i++) {
        image->offsets[i] = offset;
        offset += mbimage_request_size(&image->requests[i]);
    }
    mbimage_forget(image);
}

/*
 * The bytes that the answers take under any plan: without gaps no more than each point's own, and a
 * bridged gap adds at most the longest gap per point.
 */
static size_t mbimage_bytes_max(uint32_t point_count) {
    return (size_t)point_count * 2 * (4 + MBPLAN_GAP_REGISTERS);
}
_Static_assert(MBPLAN_GAP_BITS / 8 + 1 <= 2 * (4 + MBPLAN_GAP_REGISTERS),
               "a bridged gap of bits takes no more room than one of registers");

int mbimage_init(struct mbimage *image, const struct mbimage_point *points, uint32_t point_count) {
    *image = (struct mbimage){.points = points, .point_count = point_count};
    if (point_count == 0) {
        return 0;
    }
    image->spans = calloc(point_count, sizeof *image->spans);
    image->requests = calloc(point_count, sizeof *image->requests);
    image->offsets = calloc(point_count, sizeof *image->offsets);
    image->known = calloc(point_count, sizeof *image->known);
    image->sent = calloc(point_count, sizeof *image->sent);
    image->bytes = calloc(1, mbimage_bytes_max(point_count));
    if (image->spans == NULL || image->requests == NULL || image->offsets == NULL ||
        image->known == NULL || image->sent == NULL || image->bytes == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < point_count; i++) {
        bool bits = mbframe_is_bits(points[i].table);
        image->spans[i] = (struct mbplan_span){
            .table = points[i].table,
            .address = points[i].address,
            .count = bits ? 1 : register_count(points[i].format.type),
            .tag = i,
        };
    }
    mbimage_plan(image, MBPLAN_BRIDGE_GAPS);
    return 0;
}

void mbimage_deinit(struct mbimage *image) {
    free(image->spans);
    free(image->requests);
    free(image->offsets);
    free(image->known);
    free(image->sent);
    free(image->bytes);
    *image = (struct mbimage){0};
}

void mbimage_without_gaps(struct mbimage *image) {
    mbimage_plan(image, MBPLAN_NO_GAPS);
}

void mbimage_forget(struct mbimage *image) {
    for (uint32_t i = 0; i < image->request_count; i++) {
        image->known[i] = false;
    }
    for (uint32_t i = 0; i < image->point_count; i++) {
        image->sent[i].any = false;
    }
}

static bool mbimage_bit(const uint8_t *bytes, uint32_t index) {
    return (bytes[index / 8] >> (index % 8) & 1) != 0;
}

/* Do the bits of one span differ between two answers to its request? */
static bool mbimage_differs(const struct mbplan_request *request, const struct mbplan_span *span,
                            const uint8_t *before, const uint8_t *now) {
    uint32_t at = (uint32_t)span->address - request->address;
    if (mbframe_is_bits(request->table)) {
        return mbimage_bit(before, at) != mbimage_bit(now, at);
    }
    return memcmp(before + 2 * (size_t)at, now + 2 * (size_t)at, 2 * (size_t)span->count) != 0;
}

/* Is the change worth a reading? Every change of quality is, and every one of a truth. */
static bool mbimage_worth(const struct mbimage_point *point, const struct mbimage_sent *sent,
                          enum quality quality, double value) {
    if (!sent->any || sent->quality != quality) {
        return true;
    }
    if (point->format.truth || point->deadband <= 0) {
        return value != sent->value;
    }
    return fabs(value - sent->value) >= point->deadband;
}

static void mbimage_note_refused(const struct mbimage_point *point, const char *why,
                                 uint32_t device, const struct sensor_sink *sink) {
    struct sensor_note note = {
        .kind = SENSOR_VALUE_REFUSED,
        .cause = SENSOR_CAUSE_VALUE,
        .device = device,
        .point = point->point,
    };
    (void)snprintf(note.detail, sizeof note.detail, "%s %u: %s", mbframe_table_name(point->table),
                   (unsigned)point->address, why);
    sink->note(sink->context, &note);
}

/* Report one point if its value is worth it. Returns whether it was. */
static bool mbimage_report(struct mbimage *image, uint32_t index, enum quality quality,
                           double value, const struct sensor_sink *sink) {
    struct mbimage_sent *sent = &image->sent[index];
    if (!mbimage_worth(&image->points[index], sent, quality, value)) {
        return false;
    }
    *sent = (struct mbimage_sent){.value = value, .quality = quality, .any = true};
    const struct reading reading = {
        .point = image->points[index].point,
        .quality = (uint8_t)quality,
        .value = value,
        .measured = sink->wall(sink->context),
    };
    sink->reading(sink->context, &reading, 0);
    return true;
}

uint32_t mbimage_update(struct mbimage *image, uint32_t request, const uint8_t *bytes,
                        uint32_t device, const struct sensor_sink *sink) {
    const struct mbplan_request *plan = &image->requests[request];
    uint8_t *before = image->bytes + image->offsets[request];
    size_t size = mbimage_request_size(plan);
    bool known = image->known[request];
    if (known && memcmp(before, bytes, size) == 0) {
        return 0;
    }
    uint32_t reported = 0;
    for (uint32_t i = plan->span_first; i < plan->span_first + plan->span_count; i++) {
        const struct mbplan_span *span = &image->spans[i];
        if (known && !mbimage_differs(plan, span, before, bytes)) {
            continue;
        }
        const struct mbimage_point *point = &image->points[span->tag];
        uint32_t at = (uint32_t)span->address - plan->address;
        double value;
        enum quality quality =
            mbframe_is_bits(plan->table)
                ? register_decode_bit(&point->format, mbimage_bit(bytes, at), &value)
                : register_decode(&point->format, bytes + 2 * (size_t)at, &value);
        if (mbimage_report(image, span->tag, quality, value, sink)) {
            reported++;
            if (quality == QUALITY_FAULT) {
                /* One bit is always a value, so that these are registers. */
                mbimage_note_refused(point,
                                     register_fault_text(&point->format, bytes + 2 * (size_t)at),
                                     device, sink);
            }
        }
    }
    memcpy(before, bytes, size);
    image->known[request] = true;
    return reported;
}

void mbimage_refused(struct mbimage *image, uint32_t request, const struct sensor_sink *sink) {
    const struct mbplan_request *plan = &image->requests[request];
    image->known[request] = false;
    for (uint32_t i = plan->span_first; i < plan->span_first + plan->span_count; i++) {
        (void)mbimage_report(image, image->spans[i].tag, QUALITY_FAULT, 0, sink);
    }
}
