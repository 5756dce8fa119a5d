/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_PUSH_PUSH_PHONES_H
#define GATEWAY_UPLINK_PUSH_PUSH_PHONES_H

/*
 * The phones of all people, and the key by which their services know this gateway
 *
 * Both are kept in `uplink/` of the state directory, for their owner's eyes only: `push.key` is made at the
 * first start; `phones` is written whole and then put into its place, so that a process that is killed
 * leaves the old one or the new one. A phone is bound to the key it was made with: without the key none
 * of them can be reached, and all begin anew. Where the disk takes nothing, a key of this life alone serves
 * until it does: whoever comes meanwhile is told that it cannot be kept.
 *
 * Who comes with more phones than PUSH_PHONES_PER_PERSON gives up the one that was heard of least lately.
 */

#include <stdint.h>

#include "gateway/err.h"
#include "gateway/uplink/push/push_phone.h"

enum { PUSH_PHONES_MAX = 64, PUSH_PHONES_PER_PERSON = 4 };

struct push_phones {
    char state_directory[4096];
    struct push_key key;
    struct push_phone list[PUSH_PHONES_MAX];
    uint32_t ids[PUSH_PHONES_MAX]; /* parallel: stays with a phone while others come and go */
    uint32_t next_id;
    uint32_t count;
    uint32_t damaged; /* rows of the file that were none */
    bool key_unwritten;
    bool unwritten; /* something changed that the file does not say */
};

/* Read both files, or begin. Returns 0, or <0 when there can be no key. */
NODISCARD int push_phones_init(struct push_phones *phones, const char *state_directory);

/* Write what is unwritten. Returns 0 or a negative errno; then it stays unwritten. */
NODISCARD int push_phones_write(struct push_phones *phones);

#define PUSH_E_FULL 1 /* there are PUSH_PHONES_MAX */

/*
 * A phone comes, or comes again with the same endpoint: what is known of it then stays, unless its keys are
 * new. Returns 0 or PUSH_E_FULL.
 */
NODISCARD int push_phones_add(struct push_phones *phones, const struct push_phone *phone);

/* NULL when it has gone. */
struct push_phone *push_phones_find(struct push_phones *phones, uint32_t id);

void push_phones_remove(struct push_phones *phones, uint32_t id);

/* The person's phone at `endpoint` goes; NULL: all of theirs. Returns how many went. */
uint32_t push_phones_leave(struct push_phones *phones, const char *person, const char *endpoint);

/*
 * The person acts in this role, and has this name, audience_name(), from now on. Returns how many phones that
 * changed.
 */
uint32_t push_phones_promote(struct push_phones *phones, const char *person, enum role role,
                             uint64_t name);

#endif
