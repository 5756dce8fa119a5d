/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define FILE_MAGIC "TOCTREND"

static const char *const suffixes[] = {[TREND_BLOCKS] = ".blocks", [TREND_RUNS] = ".runs"};
#define UNFINISHED ".new"

static uint32_t head_sum(const struct trend_file_head *head) {
    return (uint32_t)crc32(0, (const Bytef *)head, offsetof(struct trend_file_head, sum));
}

void trend_file_head_seal(struct trend_file_head *head) {
    memcpy(head->magic, FILE_MAGIC, sizeof head->magic);
    head->version = TREND_FILE_VERSION;
    head->sum = head_sum(head);
}

bool trend_file_head_is_ours(const struct trend_file_head *head, const struct trend_tier *tier,
                             uint64_t serial, enum trend_form form) {
    /* A span in which no slot is out of reach of the arithmetic. */
    const int64_t span_max = INT64_MAX / 1000 / TREND_FILE_SPAN_S_MAX;
    return memcmp(head->magic, FILE_MAGIC, sizeof head->magic) == 0 &&
           head->version == TREND_FILE_VERSION && head->sum == head_sum(head) &&
           head->form == (uint32_t)form && head->serial == serial && head->step_s == tier->step_s &&
           head->slots == tier->slots && head->rows <= TREND_POINTS_MAX && head->span > -span_max &&
           head->span < span_max;
}

uint32_t trend_file_table_sum(const uint64_t *ids, uint32_t count) {
    return (uint32_t)crc32(0, (const Bytef *)ids, (uInt)(count * sizeof *ids));
}

void trend_file_name(const struct trend_tier *tier, uint64_t serial, enum trend_form form,
                     bool unfinished, char ret[TREND_FILE_NAME_SIZE]) {
    (void)snprintf(ret, TREND_FILE_NAME_SIZE, "%s-%010" PRIu64 "%s%s", tier->name, serial,
                   suffixes[form], unfinished ? UNFINISHED : "");
}

bool trend_file_name_parse(const char *name, const struct trend_tier *tier, uint64_t *ret_serial,
                           enum trend_form *ret_form, bool *ret_unfinished) {
    size_t len = strlen(tier->name);
    if (strncmp(name, tier->name, len) != 0 || name[len] != '-') {
        return false;
    }
    uint64_t serial = strtoull(name + len + 1, NULL, 10);
    for (enum trend_form form = TREND_BLOCKS; form <= TREND_RUNS; form++) {
        for (int unfinished = 0; unfinished < 2; unfinished++) {
            char wanted[TREND_FILE_NAME_SIZE];
            trend_file_name(tier, serial, form, unfinished != 0, wanted);
            if (serial > 0 && serial < TREND_SERIAL_END && strcmp(wanted, name) == 0) {
                *ret_serial = serial;
                *ret_form = form;
                *ret_unfinished = unfinished != 0;
                return true;
            }
        }
    }
    return false;
}
