/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/peer.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_GROUPS_MAX = 256, PEER_PASSWD_SIZE = 4096 };

gid_t peer_group(void) {
    const struct group *group = getgrnam(PEER_GROUP);
    return group == NULL ? (gid_t)-1 : group->gr_gid;
}

/* Supplementary groups count like the first one: that is how people are put into PEER_GROUP. */
static bool peer_is_member(int fd, gid_t primary, gid_t group) {
    if (group == (gid_t)-1) {
        return false;
    }
    if (primary == group) {
        return true;
    }
    gid_t groups[PEER_GROUPS_MAX];
    socklen_t size = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0) {
        return false;
    }
    for (size_t i = 0; i < size / sizeof *groups; i++) {
        if (groups[i] == group) {
            return true;
        }
    }
    return false;
}

static void peer_name(uid_t uid, char ret[PEER_NAME_SIZE]) {
    struct passwd entry;
    struct passwd *found = NULL;
    char strings[PEER_PASSWD_SIZE];
    if (getpwuid_r(uid, &entry, strings, sizeof strings, &found) == 0 && found != NULL &&
        found->pw_name[0] != '\0') {
        (void)snprintf(ret, PEER_NAME_SIZE, "%s", found->pw_name);
    } else {
        (void)snprintf(ret, PEER_NAME_SIZE, "uid %u", (unsigned)uid);
    }
}

int peer_identify(int fd, gid_t group, struct peer *ret_peer) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
        return PEER_E_STRANGER;
    }
    if (credentials.uid != 0 && credentials.uid != geteuid() &&
        !peer_is_member(fd, credentials.gid, group)) {
        return PEER_E_STRANGER;
    }
    ret_peer->uid = credentials.uid;
    peer_name(credentials.uid, ret_peer->name);
    return 0;
}
