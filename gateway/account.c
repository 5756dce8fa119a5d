/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/account.h"

#include <fts.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

int account_find(const char *name, struct account *ret_account) {
    const struct passwd *found = getpwnam(name);
    struct account account = {.is_other = true, .group_count = ACCOUNT_GROUPS_MAX};
    if (found == NULL) {
        return ACCOUNT_E_UNKNOWN;
    }
    account.user = found->pw_uid;
    account.group = found->pw_gid;
    if (getgrouplist(name, account.group, account.groups, &account.group_count) < 0) {
        return ACCOUNT_E_UNKNOWN;
    }
    *ret_account = account;
    return 0;
}

int account_become(const struct account *account) {
    if (!account->is_other) {
        return 0;
    }
    if (setgroups((size_t)account->group_count, account->groups) != 0 ||
        setresgid(account->group, account->group, account->group) != 0 ||
        setresuid(account->user, account->user, account->user) != 0) {
        return -errno;
    }
    return 0;
}

/* Directories after what is in them: until then nobody else can have moved anything in between. */
static int account_give_tree(const struct account *account, FTS *tree) {
    const FTSENT *entry;
    errno = 0;
    while ((entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_D) {
            continue;
        }
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
            return err_origin(-entry->fts_errno);
        }
        if (lchown(entry->fts_accpath, account->user, account->group) != 0) {
            return err_origin(-errno);
        }
        errno = 0;
    }
    return errno == 0 ? 0 : err_origin(-errno);
}

int account_give(const struct account *account, const char *path) {
    struct stat found;
    if (!account->is_other) {
        return 0;
    }
    if (stat(path, &found) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? 0 : err_origin(-errno);
    }
    if (found.st_uid != 0) {
        return 0;
    }
    char *const roots[] = {(char *)path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR | FTS_COMFOLLOW, NULL);
    if (tree == NULL) {
        return err_origin(-errno);
    }
    int r = account_give_tree(account, tree);
    (void)fts_close(tree); /* it was only read */
    return r;
}
