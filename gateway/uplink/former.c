/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/former.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/journal/journal_boot.h"

#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

bool former_is_identity(const char *text) {
    size_t site = strspn(text, ID_CHARACTERS);
    size_t gateway = text[site] == '/' ? strspn(text + site + 1, ID_CHARACTERS) : 0;
    return site > 0 && gateway > 0 && text[site + 1 + gateway] == '\0';
}

void former_init(struct former *former, const struct note_list *identities,
                 const struct note_list *prefixes) {
    *former = (struct former){.prefixes = *prefixes};
    for (uint32_t i = 1; i < identities->count; i++) {
        struct former_name *name = &former->names[former->count++];
        char site[NOTE_LIST_TEXT_MAX + 1];
        (void)snprintf(site, sizeof site, "%s", identities->texts[i]);
        char *gateway = strchr(site, '/');
        assert(gateway != NULL);
        *gateway++ = '\0';
        topic_root_init(&name->root, site, gateway);
        home_assistant_node(site, gateway, name->node);
    }
}

void former_session(struct former *former) {
    for (uint32_t i = 0; i < former->count; i++) {
        former->names[i].ours = false;
    }
}

void former_status(const struct former *former, uint32_t name, char ret[TOPIC_SIZE]) {
    topic_status(&former->names[name].root, ret);
}

bool former_filter(const struct former *former, uint32_t name, uint32_t index,
                   char ret[TOPIC_SIZE]) {
    const struct former_name *own = &former->names[name];
    if (index == 0) {
        topic_alarm_filter(&own->root, ret);
    } else if (index == 1) {
        topic_point_filter(&own->root, ret);
    } else if (index - 2 < former->prefixes.count) {
        home_assistant_filter(own->node, former->prefixes.texts[index - 2], ret);
    } else {
        return false;
    }
    return true;
}

/* Did this gateway say so, when it was told to stop or by its last will? */
static bool former_is_ours(const char *status, const char *boot) {
    static const char state[] = "\"state\":\"offline\"", number[] = "\"boot\":\"";
    const char *at = strstr(status, number);
    if (at == NULL || strstr(status, state) == NULL || !isdigit((unsigned char)*boot)) {
        return false;
    }
    uint64_t then = strtoumax(at + strlen(number), NULL, 10);
    uint64_t now = strtoumax(boot, NULL, 10);
    return then > 0 && then <= now && now - then <= (uint64_t)FORMER_BOOTS * JOURNAL_BOOT_STEP_MAX;
}

enum former_topic former_look(struct former *former, const char *topic, const char *start,
                              const char *boot, uint32_t *ret_name) {
    for (uint32_t i = 0; i < former->count; i++) {
        struct former_name *name = &former->names[i];
        char status[TOPIC_SIZE];
        former_status(former, i, status);
        if (strcmp(topic, status) == 0) {
            name->ours = former_is_ours(start, boot);
            *ret_name = i;
            return name->ours ? FORMER_GONE : FORMER_FOREIGN;
        }
        bool below = topic_alarm_name(&name->root, topic) != NULL ||
                     topic_point_id(&name->root, topic) != NULL ||
                     home_assistant_is_of_node(name->node, topic);
        if (below) {
            return name->ours ? FORMER_LEFT : FORMER_FOREIGN;
        }
    }
    return FORMER_FOREIGN;
}
