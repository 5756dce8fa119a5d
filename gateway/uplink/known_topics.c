/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/known_topics.h"

#include <stdlib.h>

static uint64_t topic_digest(const char *topic) {
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    for (const char *at = topic; *at != '\0'; at++) {
        digest = (digest ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    return digest;
}

static int digest_compare(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void known_topics_add(struct known_topics *known, const char *topic) {
    known->digests[known->count++] = topic_digest(topic);
}

int known_topics_init(struct known_topics *known, const struct site *site,
                      const struct topic_root *root, const struct home_assistant *announcements) {
    const uint32_t count = site->ruleset.point_count;
    char topic[TOPIC_SIZE];
    *known = (struct known_topics){.digests = calloc(2 * (size_t)count + 1, sizeof(uint64_t))};
    if (known->digests == NULL) {
        return err_origin(-ENOMEM);
    }
    for (uint32_t point = 0; point < count; point++) {
        enum point_kind kind = (enum point_kind)site->ruleset.points[point].kind;
        if (point_kind_facts(kind)->form != POINT_FORM_EVENT) {
            topic_point(root, site_text(site, site->points[point].id), topic);
            known_topics_add(known, topic);
        }
    }
    for (uint32_t entity = 0; home_assistant_entity(announcements, &entity, topic);) {
        known_topics_add(known, topic);
    }
    qsort(known->digests, known->count, sizeof *known->digests, digest_compare);
    return 0;
}

void known_topics_deinit(struct known_topics *known) {
    free(known->digests);
    *known = (struct known_topics){0};
}

bool known_topics_has(const struct known_topics *known, const char *topic) {
    const uint64_t digest = topic_digest(topic);
    return known->count > 0 && bsearch(&digest, known->digests, known->count,
                                       sizeof *known->digests, digest_compare) != NULL;
}
