/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/recording_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

static const char head_magic[8] = {'t', 'o', 'c', 's', 'r', 'e', 'c', '\n'};

/* Four bits at a time: the table fits a cache line, and the writer's thread has the time. */
uint32_t recording_sum(uint32_t sum, const void *bytes, size_t size) {
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const unsigned char *at = bytes;
    sum = ~sum;
    for (size_t i = 0; i < size; i++) {
        sum ^= at[i];
        sum = sum >> 4 ^ table[sum & 15];
        sum = sum >> 4 ^ table[sum & 15];
    }
    return ~sum;
}

struct recording_block_head recording_block_of(enum recording_block kind, const void *body,
                                               size_t size) {
    struct recording_block_head head = {.kind = (uint32_t)kind, .size = (uint32_t)size};
    unsigned char front[offsetof(struct recording_block_head, sum)];
    memcpy(front, &head, sizeof front);
    uint32_t sum = recording_sum(0, front, sizeof front);
    head.sum = recording_sum(sum, body, size);
    return head;
}

/* ---- the digest of the rules ---- */

/* 19 counts, and room for one more. */
_Static_assert(sizeof(struct ruleset) == 16 * sizeof(void *) + 20 * sizeof(uint32_t),
               "what is new in a ruleset belongs into its digest");

static void digest_rows(EVP_MD_CTX *context, const void *rows, size_t count, size_t size) {
    uint64_t length = (uint64_t)count * size;
    (void)EVP_DigestUpdate(context, &length, sizeof length);
    if (length > 0) {
        (void)EVP_DigestUpdate(context, rows, count * size);
    }
}

static void digest_id(EVP_MD_CTX *context, const struct site *site, uint32_t id) {
    const char *text = site_text(site, id);
    (void)EVP_DigestUpdate(context, text, strlen(text) + 1);
}

static void digest_ids(EVP_MD_CTX *context, const struct site *site) {
    for (uint32_t i = 0; i < site->ruleset.place_count; i++) {
        digest_id(context, site, site->places[i].id);
    }
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        digest_id(context, site, site->points[i].id);
    }
    for (uint32_t i = 0; i < site->ruleset.device_count; i++) {
        digest_id(context, site, site->devices[i].id);
    }
    for (uint32_t i = 0; i < site->ruleset.rule_count; i++) {
        digest_id(context, site, site->rules[i].id);
    }
}

void recording_rules_digest(const struct site *site, unsigned char ret[RECORDING_DIGEST_SIZE]) {
    const struct ruleset *rules = &site->ruleset;
    const uint32_t counts[] = {rules->component_count, rules->calendar_count,
                               rules->memory_count,    rules->window_count,
                               rules->shift_count,     rules->listener_count};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    memset(ret, 0, RECORDING_DIGEST_SIZE);
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return; /* no memory: equal to nothing but another failure */
    }
    digest_rows(context, counts, sizeof counts / sizeof *counts, sizeof *counts);
    digest_rows(context, rules->places, rules->place_count, sizeof *rules->places);
    digest_rows(context, rules->points, rules->point_count, sizeof *rules->points);
    digest_rows(context, rules->devices, rules->device_count, sizeof *rules->devices);
    digest_rows(context, rules->rules, rules->rule_count, sizeof *rules->rules);
    digest_rows(context, rules->alarms, rules->alarm_count, sizeof *rules->alarms);
    digest_rows(context, rules->ops, rules->op_count, sizeof *rules->ops);
    digest_rows(context, rules->sets, rules->set_count, sizeof *rules->sets);
    digest_rows(context, rules->bounds, rules->bound_count, sizeof *rules->bounds);
    digest_rows(context, rules->members, rules->member_count, sizeof *rules->members);
    digest_rows(context, rules->dependent_first, rules->point_count + 1,
                sizeof *rules->dependent_first);
    digest_rows(context, rules->dependents, rules->dependent_count, sizeof *rules->dependents);
    digest_rows(context, rules->betweens, rules->between_count, sizeof *rules->betweens);
    digest_rows(context, rules->chains, rules->chain_count, sizeof *rules->chains);
    digest_rows(context, rules->steps, rules->step_count, sizeof *rules->steps);
    digest_rows(context, rules->times, rules->times != NULL, sizeof *rules->times);
    digest_rows(context, rules->listener_shifts, rules->listener_count,
                sizeof *rules->listener_shifts);
    digest_ids(context, site);
    (void)EVP_DigestFinal_ex(context, ret, NULL);
    EVP_MD_CTX_free(context);
}

/* ---- names and heads ---- */

bool recording_name_parse(const char *name, uint64_t *ret_number, uint64_t *ret_generation) {
    char again[RECORDING_NAME_SIZE];
    char *end;
    uint64_t number = strtoumax(name, &end, 10);
    uint64_t generation = *end == '-' ? strtoumax(end + 1, NULL, 16) : 0;
    /* Written out again it must be the same name: that refuses every other form at once. */
    recording_name_format(number, generation, again);
    if (strcmp(again, name) != 0) {
        return false;
    }
    *ret_number = number;
    *ret_generation = generation;
    return true;
}

void recording_name_format(uint64_t number, uint64_t generation, char ret[RECORDING_NAME_SIZE]) {
    (void)snprintf(ret, RECORDING_NAME_SIZE, "%010" PRIu64 "-%016" PRIx64 ".recording",
                   number % UINT64_C(10000000000), generation);
}

void recording_site_name_format(uint64_t generation, char ret[RECORDING_NAME_SIZE]) {
    (void)snprintf(ret, RECORDING_NAME_SIZE, "%016" PRIx64 ".site", generation);
}

void recording_head_begin(struct recording_head *head) {
    memset(head, 0, sizeof *head);
    memcpy(head->magic, head_magic, sizeof head->magic);
    head->version = RECORDING_VERSION;
}

bool recording_head_is_ours(const struct recording_head *head) {
    return memcmp(head->magic, head_magic, sizeof head_magic) == 0 &&
           head->version == RECORDING_VERSION && head->boot[sizeof head->boot - 1] == '\0' &&
           head->site[sizeof head->site - 1] == '\0' &&
           head->gateway[sizeof head->gateway - 1] == '\0';
}
