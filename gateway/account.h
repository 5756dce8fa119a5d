/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ACCOUNT_H
#define GATEWAY_ACCOUNT_H

/*
 * The user that the components run as
 *
 * A gateway that is started as root keeps root for its supervisor alone, which speaks to nobody; the
 * components become another user before they look at anything. All become the same one, because they
 * share the journal and the run directory; what each may reach of that is for confine.h.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "gateway/err.h"

/* Supplementary groups that are kept: dialout for serial lines, and whatever the site needs. */
enum { ACCOUNT_GROUPS_MAX = 64 };

struct account {
    bool is_other; /* false: stay who we are, the rest means nothing */
    uid_t user;
    gid_t group;
    int group_count;
    gid_t groups[ACCOUNT_GROUPS_MAX];
};

#define ACCOUNT_E_UNKNOWN 1 /* there is no such user, or it is in too many groups */

/* Look a user up by name. Returns 0 or ACCOUNT_E_UNKNOWN. */
NODISCARD int account_find(const char *name, struct account *ret_account);

/*
 * Become it, for good. Between fork and exec: makes only calls that are safe there. Returns 0 or a
 * negative errno; the process is to end then.
 */
NODISCARD int account_become(const struct account *account);

/*
 * Give it the directory `path` and what is inside, if they belong to root. One that belongs to
 * somebody else already is left as it is: what stands in it may have been put there to have root give
 * it away. One that is not
 * there needs no owner. Returns 0 or a negative errno.
 */
NODISCARD int account_give(const struct account *account, const char *path);

#endif
