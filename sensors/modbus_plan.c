/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_plan.h"

#include <assert.h>
#include <stdlib.h>

static int mbplan_compare_numbers(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

static int mbplan_compare(const void *left, const void *right) {
    const struct mbplan_span *a = left, *b = right;
    int order = mbplan_compare_numbers(a->table, b->table);
    order = order != 0 ? order : mbplan_compare_numbers(a->address, b->address);
    order = order != 0 ? order : mbplan_compare_numbers(a->count, b->count);
    return order != 0 ? order : mbplan_compare_numbers(a->tag, b->tag);
}

static uint32_t mbplan_gap_max(enum mbframe_table table, enum mbplan_gaps gaps) {
    if (gaps == MBPLAN_NO_GAPS) {
        return 0;
    }
    return mbframe_is_bits(table) ? MBPLAN_GAP_BITS : MBPLAN_GAP_REGISTERS;
}

/* Can `span`, which does not begin before the request does, be read by it? Then do. */
static bool mbplan_join(struct mbplan_request *request, const struct mbplan_span *span,
                        enum mbplan_gaps gaps) {
    uint32_t request_end = (uint32_t)request->address + request->count;
    uint32_t span_end = (uint32_t)span->address + span->count;
    uint32_t end = span_end > request_end ? span_end : request_end;
    if (request->table != span->table ||
        span->address > request_end + mbplan_gap_max(span->table, gaps) ||
        end - request->address > mbframe_count_max(span->table)) {
        return false;
    }
    request->bridges_gap = request->bridges_gap || span->address > request_end;
    request->count = (uint16_t)(end - request->address);
    request->span_count++;
    return true;
}

uint32_t mbplan_make(struct mbplan_span *spans, uint32_t span_count, enum mbplan_gaps gaps,
                     struct mbplan_request *ret_requests) {
    if (span_count == 0) {
        return 0;
    }
    qsort(spans, span_count, sizeof *spans, mbplan_compare);
    uint32_t request_count = 0;
    for (uint32_t i = 0; i < span_count; i++) {
        const struct mbplan_span *span = &spans[i];
        assert(span->count > 0 && span->count <= mbframe_count_max(span->table));
        assert((uint32_t)span->address + span->count <= 65536);
        if (request_count > 0 && mbplan_join(&ret_requests[request_count - 1], span, gaps)) {
            continue;
        }
        ret_requests[request_count++] = (struct mbplan_request){
            .table = span->table,
            .address = span->address,
            .count = span->count,
            .span_first = i,
            .span_count = 1,
        };
    }
    return request_count;
}
