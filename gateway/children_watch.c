/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Once a second: who makes no progress
 *
 * A child says from its own loop that it is alive. One that has not for too long is killed, one that the
 * kernel does not let go of is told of; and the supervisor may ask which one lags, and whether all is well.
 */
#include "gateway/children_parts.h"
#include "gateway/log.h"

static bool child_is_silent(const struct child *child, uint64_t limit_ms, uint64_t now_ns) {
    return child->pid > 0 && child->state != CHILD_STOPPING && child->hung_ns == 0 &&
           now_ns - child->heard_ns > limit_ms * NS_PER_MS;
}

/* Who did not run for a while has not heard the children either; they have theirs to say from now on. */
static void children_excuse(struct children *all, uint64_t now_ns) {
    for (uint32_t i = 0; i < all->count; i++) {
        all->list[i].heard_ns = now_ns;
    }
}

void children_watch(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct children *all = context;
    uint64_t now_ns = clock_real_ns();
    if (all->watched_ns > 0 && now_ns - all->watched_ns > CHILDREN_PROGRESS_MS * NS_PER_MS) {
        children_excuse(all, now_ns);
    }
    all->watched_ns = now_ns;
    descriptors_look(&all->descriptors,
                     "what runs is watched as before; a component that ends is started again as "
                     "soon as there is one");
    for (uint32_t i = 0; i < all->count; i++) {
        struct child *child = &all->list[i];
        if (child_is_silent(child, CHILDREN_SILENCE_MS, now_ns)) {
            log_line(LOG_ERROR, "component_hangs",
                     "component=%s pid=%d silent_ms=%d effect=\"it is "
                     "killed and started again\"",
                     child->name, (int)child->pid, CHILDREN_SILENCE_MS);
            child->hung_ns = child->heard_ns; /* told once; the reaper takes over */
            stuck_kill(&child->stuck, child->pid);
        }
        if (child_is_stuck(child, now_ns)) {
            const struct stuck_process who = child_stuck_process(child);
            stuck_watch(&child->stuck, &who, now_ns);
        }
    }
}

/* One that is killed lags until it is gone, which may take its time, and another is there. */
static bool child_lags(const struct child *child, uint64_t now_ns) {
    return child->pid <= 0 || child->hung_ns != 0 ||
           child_is_silent(child, CHILDREN_PROGRESS_MS, now_ns);
}

/* Does it wait for its next life? The first one after a long life comes at once. */
static bool child_is_put_off(const struct child *child) {
    return child->state == CHILD_WAITING && child->retry_ms > CHILDREN_RETRY_MS_FIRST;
}

const char *children_laggard(const struct children *children) {
    uint64_t now_ns = clock_real_ns();
    for (uint32_t i = 0; i < children->count; i++) {
        if (child_lags(&children->list[i], now_ns)) {
            return children->list[i].name;
        }
    }
    return NULL;
}

bool children_is_stuck(const struct children *children, const char *laggard) {
    uint64_t now_ns = clock_real_ns();
    for (uint32_t i = 0; i < children->count; i++) {
        const struct child *child = &children->list[i];
        if (child->name == laggard) {
            return child_is_stuck(child, now_ns);
        }
    }
    return false;
}

bool children_thrive(const struct children *children) {
    uint64_t now_ns = clock_real_ns();
    for (uint32_t i = 0; i < children->count; i++) {
        const struct child *child = &children->list[i];
        if (child_lags(child, now_ns) && !child_is_put_off(child)) {
            return false;
        }
    }
    return true;
}
