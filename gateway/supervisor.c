/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/supervisor.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/log.h"
#include "gateway/notify.h"
#include "gateway/premises.h"
#include "gateway/supervisor_parts.h"

void supervisor_announce(const struct site *site) {
    char quoted[512];
    log_line(
        LOG_NOTICE, "starting",
        "site=%s gateway=%s generation=%016llx places=%u devices=%u points=%u rules=%u alarms=%u "
        "state=%s user=%u",
        site_text(site, site->header->site_id), site_text(site, site->header->gateway_id),
        (unsigned long long)site->header->generation, site->ruleset.place_count,
        site->ruleset.device_count, site->ruleset.point_count, site->ruleset.rule_count,
        site->ruleset.alarm_count,
        log_quote(site_text(site, site->header->state_directory), quoted, sizeof quoted),
        (unsigned)geteuid());
}

/* What there is to say of a gateway whose components all work. */
static const char *supervisor_status(const struct supervisor *supervisor) {
    bool watches = supervisor->site.ruleset.point_count > 0;
    if (supervisor->trying_told_ns > 0) {
        return "watching the site before: the disk does not answer, and the reload waits for it";
    }
    if (supervisor->refused) {
        return watches
                   ? "watching the site before: the site file is wrong"
                   : "no room is watched: the site file is wrong, the site before has no points";
    }
    return watches ? "watching" : "no room is watched: the site has no points";
}

void supervisor_tell_ready(const struct supervisor *supervisor) {
    char state[128];
    (void)snprintf(state, sizeof state, "READY=1\nSTATUS=%s", supervisor_status(supervisor));
    notify_systemd(state);
}

void supervisor_ready(void *context) {
    struct supervisor *supervisor = context;
    uint64_t watchdog_ns = notify_watchdog_ns();
    supervisor->is_watched = watchdog_ns > 0;
    /* At least each second: a child that hung and is back is to be seen well before the limit. */
    uint64_t period_ns = watchdog_ns > 0 && watchdog_ns < NS_PER_S ? watchdog_ns : NS_PER_S;
    const struct timeval period = {.tv_sec = (time_t)(period_ns / NS_PER_S),
                                   .tv_usec = (suseconds_t)(period_ns % NS_PER_S / 1000)};
    (void)event_add(supervisor->watchdog, &period);
    supervisor->ready = true;
    log_line(LOG_NOTICE, "watching", "effect=\"all components work\"");
    if (supervisor->site.ruleset.point_count == 0) {
        log_line(
            LOG_WARNING, "nothing_watched",
            "site=%s effect=\"no room is watched: the site has no points; describe its devices "
            "in the file, then reload\"",
            supervisor->options->site);
    }
    supervisor_tell_ready(supervisor);
}

void supervisor_stopped(void *context) {
    struct supervisor *supervisor = context;
    (void)event_base_loopbreak(supervisor->base);
}

static void supervisor_stop(evutil_socket_t signal, short what, void *context) {
    (void)what;
    struct supervisor *supervisor = context;
    log_line(LOG_NOTICE, "stopping", "signal=%d effect=\"no room is watched from now on\"",
             (int)signal);
    notify_systemd("STOPPING=1\nSTATUS=stopping");
    supervisor->stopping = true;
    (void)event_del(supervisor->watchdog);
    (void)event_del(supervisor->resting);
    (void)event_del(supervisor->trying);
    /* Also while they stop for a reload, which then ends in this. */
    children_end(supervisor->children, supervisor_stopped, supervisor);
}

void supervisor_keep(struct supervisor *supervisor, struct loaded *loaded) {
    if (supervisor->keeper != NULL && loaded->kept != NULL) {
        keeper_keep(supervisor->keeper, loaded->kept, loaded->kept_size);
        loaded->kept = NULL;
    }
}

void supervisor_watch(struct supervisor *supervisor, struct loaded *loaded, bool is_refused) {
    supervisor->site = loaded->site;
    supervisor->refused = is_refused;
    supervisor->conf.site_fd = loaded->fd;
    supervisor->conf.state_directory =
        site_text(&loaded->site, loaded->site.header->state_directory);
    supervisor->conf.generation = loaded->site.header->generation;
    supervisor->conf.field_count = loaded->site.header->field_count;
    supervisor->conf.setup.site_refused = is_refused;
    supervisor->conf.setup.site_accepted = loaded->accepted;
    supervisor_keep(supervisor, loaded);
    free(loaded->kept); /* unless the keeper has it */
    *loaded = (struct loaded){.fd = -1};
}

/* Tell systemd who makes no progress, if that has changed. */
static void supervisor_tell_status(struct supervisor *supervisor, const char *laggard) {
    char status[PROCESS_NAME_SIZE + 128];
    bool stuck = laggard != NULL && children_is_stuck(supervisor->children, laggard);
    if (laggard == supervisor->laggard && stuck == supervisor->laggard_stuck) {
        return;
    }
    supervisor->laggard = laggard;
    supervisor->laggard_stuck = stuck;
    (void)snprintf(status, sizeof status, "STATUS=%s%s",
                   laggard != NULL ? laggard : supervisor_status(supervisor),
                   stuck ? " waits for the disk and cannot be killed; none takes its place"
                   : laggard != NULL ? " makes no progress; it is started again"
                                     : "");
    notify_systemd(status);
}

static void supervisor_watchdog(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct supervisor *supervisor = context;
    if (supervisor->ready) {
        supervisor_tell_status(supervisor, children_laggard(supervisor->children));
    }
    /* A reload stops and starts them all, each within its limit: that is progress. */
    if (supervisor->is_watched && (!supervisor->ready || children_thrive(supervisor->children))) {
        notify_systemd("WATCHDOG=1");
    }
}

static int supervisor_open(struct supervisor *supervisor) {
    supervisor->base = event_base_new();
    if (supervisor->base == NULL) {
        return err_origin(-ENOMEM);
    }
    supervisor->terminate = evsignal_new(supervisor->base, SIGTERM, supervisor_stop, supervisor);
    supervisor->interrupt = evsignal_new(supervisor->base, SIGINT, supervisor_stop, supervisor);
    supervisor->hangup = evsignal_new(supervisor->base, SIGHUP, supervisor_hangup, supervisor);
    supervisor->watchdog =
        event_new(supervisor->base, -1, EV_PERSIST, supervisor_watchdog, supervisor);
    supervisor->exchange = event_new(supervisor->base, -1, 0, supervisor_exchange, supervisor);
    supervisor->resting =
        event_new(supervisor->base, -1, EV_PERSIST, supervisor_look_at_rest, supervisor);
    supervisor->trying =
        event_new(supervisor->base, -1, EV_PERSIST, supervisor_look_at_disk, supervisor);
    struct event *const events[] = {supervisor->terminate, supervisor->interrupt,
                                    supervisor->hangup};
    if (supervisor->watchdog == NULL || supervisor->exchange == NULL ||
        supervisor->resting == NULL || supervisor->trying == NULL) {
        return err_origin(-ENOMEM);
    }
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i] == NULL || event_add(events[i], NULL) != 0) {
            return err_origin(-ENOMEM);
        }
    }
    int r = err_trace(retired_new(&supervisor->retired, &supervisor->conf.retired_fd));
    return r == 0 ? err_trace(children_new(supervisor->base, &supervisor->conf, NULL,
                                           &supervisor->children))
                  : r;
}

static void supervisor_close(struct supervisor *supervisor) {
    supervisor->children = children_free(supervisor->children);
    struct event *const events[] = {
        supervisor->terminate, supervisor->interrupt, supervisor->hangup, supervisor->watchdog,
        supervisor->exchange,  supervisor->resting,   supervisor->trying};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    if (supervisor->base != NULL) {
        event_base_free(supervisor->base);
    }
    retired_unmap(supervisor->retired);
    supervisor->keeper = keeper_free(supervisor->keeper);
}

/* The site is sealed and the directories are ours: start the children and keep them until told to
 * stop. */
static int supervisor_run(struct supervisor *supervisor) {
    int r = supervisor_open(supervisor);
    if (r == 0) {
        children_start(supervisor->children, supervisor_ready, supervisor);
        (void)event_base_dispatch(supervisor->base);
        bool all = supervisor->children == NULL || children_left(supervisor->children) == 0;
        log_line(all ? LOG_NOTICE : LOG_ERROR, "stopped", "effect=\"%s\"",
                 all ? "all components ended"
                     : "the components that the disk holds were left behind; the others ended");
        r = supervisor->failure != 0 ? supervisor->failure : all ? 0 : err_origin(-EIO);
    } else {
        log_failure("not_started", r, "no room is watched");
    }
    supervisor_close(supervisor);
    return r == 0 ? 0 : 1;
}

/* The app need not be there; the console says so then. */
static void supervisor_find_assets(const char *directory, struct process_setup *setup) {
    char absolute[PATH_MAX];
    const char *path = realpath(directory, absolute) == NULL ? directory : absolute;
    (void)snprintf(setup->assets, sizeof setup->assets, "%s", path);
}

/* Take what the gateway has to itself. Returns 0, or the exit code with everything told. */
static int supervisor_settle(struct supervisor *supervisor, const struct site *site) {
    const struct run_options *options = supervisor->options;
    const char *state_directory = site_text(site, site->header->state_directory);
    if (!premises_user(options->user, &supervisor->conf.account)) {
        return ARGUMENTS_USAGE;
    }
    if (!premises_take(options->run_directory, state_directory, &supervisor->conf.account,
                       &supervisor->conf.setup)) {
        return 1;
    }
    supervisor_find_assets(options->assets, &supervisor->conf.setup);
    int r = keeper_new(state_directory, &supervisor->keeper);
    if (r != 0) {
        log_failure(
            "site_not_kept", r,
            "all rooms are watched; but should the site file be wrong at the next start, an "
            "older site is used, or none");
    }
    return 0;
}

int supervisor_main(int argc, char **argv) {
    struct run_options options;
    enum arguments_end end = run_options_parse(argc, argv, &options);
    if (end != ARGUMENTS_GO_ON) {
        return end;
    }
    log_init("supervisor");
    log_never_wait();
    clock_init(&options.clock);
    struct supervisor supervisor = {.options = &options, .next = {.fd = -1}};
    const struct config_options settings = run_options_settings(&options);
    const struct loading loading = {
        .path = options.site, .options = &settings, .language = options.language};
    struct loaded loaded = {.fd = -1};
    bool stands_in = false;
    int r = loading_start(&loading, &loaded, &stands_in);
    if (r != 0) {
        return r == LOADING_E_REFUSED ? ARGUMENTS_USAGE : 1;
    }
    supervisor.conf.setup.language = (uint32_t)options.language;
    supervisor.conf.setup.clock = options.clock;
    supervisor_announce(&loaded.site);
    r = supervisor_settle(&supervisor, &loaded.site);
    if (r != 0) {
        loading_drop(&loaded);
        return r;
    }
    supervisor_watch(&supervisor, &loaded, stands_in);
    return supervisor_run(&supervisor);
}
