/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/deeds.h"

#include <stdio.h>
#include <string.h>

#include "gateway/clock.h"

_Static_assert((int)PEOPLE_ID_SIZE <= (int)DEED_PERSON_SIZE, "an id fits");
_Static_assert((int)PEOPLE_NAME_SIZE <= (int)DEED_NAME_SIZE, "a name fits");

static int deed_send(struct wire_client *engine, const struct deed *deed) {
    const struct wire_deed message = {.header = wire_header_of(WIRE_DEED, sizeof message),
                                      .deed = *deed};
    return wire_client_send(engine, &message);
}

void deeds_renew(struct deeds *deeds) {
    deeds->sent = 0;
}

void deeds_flush(struct deeds *deeds, const struct people *people, struct wire_client *engine) {
    for (uint32_t i = 0; i < people->deed_count; i++) {
        const struct deed *deed = &people->deeds[i];
        if (deed->number <= deeds->sent) {
            continue;
        }
        if (deed_send(engine, deed) != 0) {
            return;
        }
        deeds->sent = deed->number;
    }
}

/* The row of this person, or one that is free; NULL: it was told within the hour, or there is none. */
static struct deeds_held_up *held_up_row(struct deeds *deeds, const char *person,
                                         uint64_t real_ns) {
    struct deeds_held_up *free_row = NULL;
    for (uint32_t i = 0; i < DEEDS_HELD_UP_MAX; i++) {
        struct deeds_held_up *row = &deeds->held_up[i];
        bool over = !row->used || real_ns - row->real_ns >= DEEDS_HELD_UP_S * NS_PER_S;
        if (!over && strcmp(row->person, person) == 0) {
            return NULL;
        }
        free_row = over && free_row == NULL ? row : free_row;
    }
    deeds->untold += free_row == NULL;
    return free_row;
}

void deeds_held_up(struct deeds *deeds, const struct people *people, struct wire_client *engine,
                   const char *id, const char *address, struct wall now, uint64_t real_ns) {
    const struct person *person = people_find(people, id);
    struct deed deed = {.what = DEED_HELD_UP, .at = now};
    struct deeds_held_up *row = held_up_row(deeds, person == NULL ? "" : person->id, real_ns);
    if (row == NULL) {
        return;
    }
    if (person != NULL) {
        memcpy(deed.person, person->id, sizeof person->id);
        memcpy(deed.name, person->name, sizeof person->name);
        (void)snprintf(deed.role, sizeof deed.role, "%s", person_role_name(person));
    }
    (void)snprintf(deed.address, sizeof deed.address, "%.*s", DEED_ADDRESS_SIZE - 1, address);
    if (deed_send(engine, &deed) == 0) {
        *row = (struct deeds_held_up){.used = true, .real_ns = real_ns};
        memcpy(row->person, deed.person, sizeof row->person);
    }
}
