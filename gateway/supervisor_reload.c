/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A reload: from a site file that was edited to components that watch it
 *
 *     SIGHUP ──▶ checked ──▶ the disk answers ──▶ what is taken out is at rest ──▶ stopped ──▶ exchanged
 *                   │                                                                       and started
 *                   └──▶ refused, or unchanged: what is watched stays as it is
 *
 * Until the components are stopped everything is watched as before. Those of the field that have the same to
 * do afterwards are not stopped at all.
 */
#include <unistd.h>

#include "gateway/field_part.h"
#include "gateway/log.h"
#include "gateway/notify.h"
#include "gateway/supervisor_parts.h"

enum {
    /* How long a reload waits for outputs that it takes out to be switched off; real time. */
    REST_MS = 5000,
    REST_LOOK_MS = 20,
    /* How often a reload looks whether the disk answers, when it says for the first time that it waits
     * for that, and how often afterwards. */
    DISK_LOOK_MS = 20,
    DISK_WAIT_MS = 2000,
    DISK_TELL_MS = 10000,
};

static void supervisor_reload_over(const struct supervisor *supervisor, const char *event,
                                   const char *reason) {
    if (reason != NULL) {
        log_line(LOG_WARNING, event,
                 "reason=\"%s\" effect=\"the old site stays in force, all rooms are watched as "
                 "before\"",
                 reason);
    }
    supervisor_tell_ready(supervisor);
}

/* What people who do not read the log are to know of: what they changed does not hold. */
static void supervisor_refuse(struct supervisor *supervisor, const char *reason) {
    supervisor->refused = true;
    children_say_refused(supervisor->children, true);
    supervisor_reload_over(supervisor, "reload_refused", reason);
}

/* Nothing of what is watched has changed; and what was wrong in the file meanwhile no longer is. */
static void supervisor_stay(struct supervisor *supervisor) {
    if (supervisor->refused) {
        supervisor->refused = false;
        children_say_refused(supervisor->children, false);
        log_line(LOG_NOTICE, "site_mended",
                 "effect=\"the site file is right again: it says what is in force\"");
    }
    supervisor_reload_over(supervisor, "reload_unchanged", "nothing in the site has changed");
}

static void supervisor_reload(struct supervisor *supervisor);
static void supervisor_emptied(void *context);

/* What was on before and is no output any more is at rest, or known not to be: change over. */
static void supervisor_part(struct supervisor *supervisor) {
    (void)event_del(supervisor->resting);
    supervisor->ready = false;
    for (uint32_t i = 0; i < supervisor->site.header->field_count; i++) {
        if (field_part_is_same(&supervisor->site, &supervisor->next.site, i) &&
            children_keep(supervisor->children, i)) {
            log_line(
                LOG_NOTICE, "polling_goes_on",
                "component=field-%u effect=\"nothing that it polls has changed: it lives on, and "
                "what is pressed meanwhile is kept\"",
                i);
        }
    }
    children_stop(supervisor->children, supervisor_emptied, supervisor);
}

/*
 * The outputs that the next site lacks are switched off by the field processes that know them and
 * whose connections are open, while everything is watched as before. One whose device does not answer
 * is left to the next ones, if they have the device at all.
 */
void supervisor_look_at_rest(evutil_socket_t fd, short what, void *context) {
    struct supervisor *supervisor = context;
    (void)fd;
    (void)what;
    if (retired_waiting(supervisor->retired, supervisor->resting_since_ns) == 0) {
        supervisor_part(supervisor);
    } else if (clock_real_ns() - supervisor->resting_since_ns >= REST_MS * NS_PER_MS) {
        retired_tell_waiting(
            supervisor->retired,
            "its device does not answer, or does not obey; it is tried for a day as "
            "long as the device is in the site");
        supervisor_part(supervisor);
    }
}

static void supervisor_rest(struct supervisor *supervisor) {
    const struct timeval period = {.tv_usec = REST_LOOK_MS * 1000};
    supervisor->resting_since_ns = clock_real_ns();
    int r = retired_change(supervisor->retired, &supervisor->site, &supervisor->next.site,
                           supervisor->resting_since_ns);
    if (r != 0) {
        log_failure("outputs_not_compared", r,
                    "an output that is taken out of the site while it is on stays on: look at the "
                    "sounders and lamps that the change is about");
    }
    if (retired_waiting(supervisor->retired, supervisor->resting_since_ns) == 0) {
        supervisor_part(supervisor);
        return;
    }
    children_say_retired(supervisor->children);
    (void)event_add(supervisor->resting, &period);
}

static void supervisor_change_over(struct supervisor *supervisor) {
    (void)event_del(supervisor->trying);
    supervisor->trying_told_ns = 0;
    log_line(
        LOG_NOTICE, "reloading",
        "generation=%016llx effect=\"the components change over to the changed site; open "
        "alarms, timers, acknowledgements and present values are kept; what is gone or has another id "
        "closes its alarms, which is told of each\"",
        (unsigned long long)supervisor->next.site.header->generation);
    supervisor_rest(supervisor);
}

static void supervisor_tell_waiting(struct supervisor *supervisor, uint64_t now_ns) {
    char quoted[512];
    supervisor->trying_told_ns = now_ns;
    log_line(
        LOG_ERROR, "reload_waits",
        "state=%s waited_s=%llu effect=\"the disk does not answer, and an engine that ends could "
        "not begin again: the old site stays in force and all rooms are watched as before; the "
        "change is taken as soon as the disk answers\" advice=\"do not restart the gateway: look "
        "at the disk of this directory (dmesg), unfreeze it, free it or replace it\"",
        log_quote(supervisor->conf.state_directory, quoted, sizeof quoted),
        (unsigned long long)((now_ns - supervisor->trying_since_ns) / NS_PER_S));
    supervisor_tell_ready(supervisor);
}

/* The engine ends only if the disk answers: one that watches is kept until the next one can begin. */
void supervisor_look_at_disk(evutil_socket_t fd, short what, void *context) {
    struct supervisor *supervisor = context;
    uint64_t now_ns = clock_real_ns();
    bool is_told = supervisor->trying_told_ns > 0;
    uint64_t last_ns = is_told ? supervisor->trying_told_ns : supervisor->trying_since_ns;
    (void)fd;
    (void)what;
    if (children_disk_answers(supervisor->children, supervisor->trying_since_ns)) {
        supervisor_change_over(supervisor);
    } else if (now_ns - last_ns >= (is_told ? DISK_TELL_MS : DISK_WAIT_MS) * NS_PER_MS) {
        supervisor_tell_waiting(supervisor, now_ns);
    }
}

static void supervisor_try_disk(struct supervisor *supervisor) {
    const struct timeval period = {.tv_usec = DISK_LOOK_MS * 1000};
    supervisor->trying_since_ns = clock_real_ns();
    (void)event_add(supervisor->trying, &period);
    supervisor_look_at_disk(-1, EV_TIMEOUT, supervisor);
}

/* The file may have changed once more, or back: what waits for the disk is looked at anew. */
static void supervisor_drop_waiting(struct supervisor *supervisor) {
    (void)event_del(supervisor->trying);
    supervisor->trying_told_ns = 0;
    supervisor->reloading = false;
    loading_drop(&supervisor->next);
}

/* The old children are gone: begin anew with the next site, or stop if that was asked meanwhile. */
void supervisor_exchange(evutil_socket_t fd, short what, void *context) {
    struct supervisor *supervisor = context;
    (void)fd;
    (void)what;
    if (supervisor->stopping) {
        return; /* whoever stops them all goes on from there */
    }
    site_unmap(&supervisor->site);
    (void)close(supervisor->conf.site_fd);
    supervisor_watch(supervisor, &supervisor->next, false);
    supervisor_announce(&supervisor->site);
    struct children *before = supervisor->children;
    supervisor->children = NULL;
    int r = children_new(supervisor->base, &supervisor->conf, before, &supervisor->children);
    (void)children_free(before);
    if (r != 0) {
        log_failure("not_restarted", r, "no room is watched");
        supervisor->failure = r;
        supervisor_stopped(supervisor);
        return;
    }
    supervisor->laggard = NULL;
    supervisor->reloading = false;
    children_start(supervisor->children, supervisor_ready, supervisor);
    if (supervisor->reload_wanted) {
        supervisor_reload(supervisor);
    }
}

/* Called by the children that are to be released: that waits until they have returned. */
static void supervisor_emptied(void *context) {
    struct supervisor *supervisor = context;
    event_active(supervisor->exchange, EV_TIMEOUT, 0);
}

/* Check the edited site first; only one that is sound replaces the one that is watched. */
static void supervisor_reload(struct supervisor *supervisor) {
    const struct config_options options = run_options_settings(supervisor->options);
    const struct loading loading = {.path = supervisor->options->site,
                                    .options = &options,
                                    .language = supervisor->options->language};
    struct loaded *next = &supervisor->next;
    supervisor->reload_wanted = false;
    notify_systemd_reloading();
    if (loading_site(&loading, "the old site stays in force, all rooms are watched as before",
                     next) != 0) {
        supervisor_refuse(supervisor, NULL);
        return;
    }
    const char *obstacle = loading_obstacle(&supervisor->site, &next->site);
    bool same = supervisor->site.header->generation == next->site.header->generation;
    if (obstacle != NULL) {
        loading_drop(next);
        supervisor_refuse(supervisor, obstacle);
        return;
    } else if (same) {
        supervisor_keep(supervisor, next);
        loading_drop(next);
        supervisor_stay(supervisor);
        return;
    }
    supervisor->reloading = true;
    supervisor_try_disk(supervisor);
}

void supervisor_hangup(evutil_socket_t signal, short what, void *context) {
    (void)signal;
    (void)what;
    struct supervisor *supervisor = context;
    if (event_pending(supervisor->trying, EV_TIMEOUT, NULL) != 0) {
        supervisor_drop_waiting(supervisor);
    }
    if (supervisor->reloading) {
        supervisor->reload_wanted = true; /* the file may have changed once more */
    } else if (!supervisor->stopping) {
        supervisor_reload(supervisor);
    }
}
