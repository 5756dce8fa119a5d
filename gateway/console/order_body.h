/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_ORDER_BODY_H
#define GATEWAY_CONSOLE_ORDER_BODY_H

/*
 * The body of a command, as people send it
 *
 *     {"by": NAME, "reason": TEXT,                      who and why
 *      "minutes": N | "seconds": N | "until": TIME,     for how long: RFC 3339 with a zone
 *      "second_by": NAME, "second_role": ROLE,          two people put a managed alarm out of service,
 *                                                       or a place with fire alarms under test
 *      "disposition": WORD, "result": "real" | "false"}
 *
 * Of who is signed in (asker.h), `by` is passed over, for it is known, and the second person signs too:
 *
 *      "second_id": ID, "second_password": TEXT         in place of second_by and second_role
 *
 * All are optional, nothing else is taken, and what the verb does not need is ignored. Whether
 * something is missing is for the engine to say, which names the rule.
 */

#include "gateway/console/asker.h"
#include "rules/core.h"

/* Who signs beside the asker; the id is "" when nobody does. */
struct order_second {
    char id[PEOPLE_ID_SIZE];
    char password[PEOPLE_PASSWORD_MAX + 1];
};

/*
 * Read `size` bytes (0: no body) into `command`, whose role is set; an absent `by` is the asker's name, and `now`
 * is what `until` is counted from. False when it is not of the form above; `ret_wrong` is the member that
 * will not do then, or NULL when that is none of those.
 */
bool order_body_read(const char *bytes, size_t size, const struct asker *asker, struct wall now,
                     struct command *command, struct order_second *ret_second,
                     const char **ret_wrong);

#endif
