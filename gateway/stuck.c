/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/stuck.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>

#include "gateway/clock.h"
#include "gateway/log.h"

enum { QUOTED_SIZE = 512 };

/* What it means for the rooms that it does not come back. */
static const char *stuck_effect(enum process_role role) {
    switch (role) {
    case PROCESS_ENGINE:
        return "no room is watched and no alarm is decided";
    case PROCESS_FIELD:
        return "its devices are not watched";
    case PROCESS_UPLINK:
        return "nobody outside hears of alarms";
    case PROCESS_CONSOLE:
        return "people cannot look or act";
    case PROCESS_ROLE_COUNT:
        break;
    }
    assert(false && "a role that there is not");
    return NULL;
}

void stuck_kill(struct stuck *stuck, pid_t pid) {
    if (stuck->killed_ns == 0) {
        stuck->killed_ns = clock_real_ns();
    }
    (void)kill(pid, SIGKILL);
}

bool stuck_is_held(const struct stuck *stuck, uint64_t now_ns) {
    return stuck->killed_ns > 0 && now_ns - stuck->killed_ns >= STUCK_MS * NS_PER_MS;
}

static uint64_t stuck_held_s(const struct stuck *stuck, uint64_t now_ns) {
    return (now_ns - stuck->killed_ns) / NS_PER_S;
}

void stuck_watch(struct stuck *stuck, const struct stuck_process *who, uint64_t now_ns) {
    char quoted[QUOTED_SIZE];
    if (!stuck_is_held(stuck, now_ns) ||
        (stuck->told_ns > 0 && now_ns - stuck->told_ns < STUCK_TELL_MS * NS_PER_MS)) {
        return;
    }
    stuck->told_ns = now_ns;
    log_line(
        LOG_ERROR, "component_stuck",
        "component=%s pid=%d killed_s=%" PRIu64
        " state=%s effect=\"it waits for the disk in the kernel and cannot be killed: %s until the "
        "disk answers; none is started beside it, for it has the journal\" advice=\"look at the "
        "disk of this directory (dmesg): unfreeze it, free it or replace it; if it stays, restart "
        "the machine\"",
        who->name, (int)who->pid, stuck_held_s(stuck, now_ns),
        log_quote(who->state_directory, quoted, sizeof quoted), stuck_effect(who->role));
}

void stuck_leave(const struct stuck *stuck, const struct stuck_process *who, uint64_t now_ns) {
    char quoted[QUOTED_SIZE];
    log_line(
        LOG_ERROR, "component_left",
        "component=%s pid=%d killed_s=%" PRIu64
        " state=%s effect=\"the gateway ends without it: it waits for the disk in the kernel and "
        "ends when the disk answers; what it had not recorded is lost\" advice=\"look at the disk "
        "of this directory (dmesg) before the gateway is started again\"",
        who->name, (int)who->pid, stuck_held_s(stuck, now_ns),
        log_quote(who->state_directory, quoted, sizeof quoted));
}
