/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/supervisor.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/arguments.h"
#include "gateway/children.h"
#include "gateway/loading.h"
#include "gateway/log.h"
#include "gateway/notify.h"
#include "gateway/premises.h"

static const char run_help[] =
    "usage: tocsin run SITE.yaml [option]...\n"
    "\n"
    "Watch a site: check it, start the engine, the field, the uplink and the console, and keep them\n"
    "alive until SIGTERM or Ctrl-C. SIGHUP takes a changed site file: one that is wrong changes\n"
    "nothing; open alarms, timers, acknowledgements and present values are kept.\n"
    "\n"
    "  --set PATH=VALUE     override a scalar of the site file (repeatable), for example\n"
    "                       --set gateway.state=/var/lib/tocsin --set mqtt.brokers.0=tcp://10.0.0.5:1883\n"
    "  --run DIR            directory of the sockets (default /run/tocsin)\n"
    "  --user NAME          as root: whom the components become (default tocsin, if there is one)\n"
    "  --lang zh|en         language of what it says (default from LANG)\n"
    "  --clock START@RATE   begin at START (2026-11-22T07:00:00+08:00) and run RATE (1...60) times as fast\n"
    "\n"
    "exit codes: 0 stopped cleanly, 1 could not run, 2 the site or the command is wrong\n";

struct run_options {
    const char *site;
    const char *run_directory;
    const char *user; /* NULL: not given */
    struct arguments_settings settings;
    struct clock_origin clock;
    enum site_language language;
};

struct supervisor {
    struct event_base *base;
    const struct run_options *options;
    struct site site; /* the one that is watched */
    struct children_conf conf;
    struct children *children;
    struct site next; /* while reloading: what is watched afterwards */
    int next_fd;
    bool ready;         /* every child has done its work since the start or the last reload */
    bool reloading;     /* the children end, to begin anew with `next` */
    bool reload_wanted; /* asked for again meanwhile */
    bool stopping;
    struct event *terminate, *interrupt, *hangup, *watchdog, *exchange;
    bool is_watched;     /* systemd wants WATCHDOG=1 */
    const char *laggard; /* the child that makes no progress, as last told; NULL: all do */
    int failure;
};

static enum arguments_end run_parse(int argc, char **argv, struct run_options *ret_options) {
    const struct arguments_option options[] = {
        ARGUMENTS_SET(&ret_options->settings),
        {.name = "run", .text = &ret_options->run_directory},
        {.name = "user", .text = &ret_options->user},
        ARGUMENTS_LANGUAGE(&ret_options->language),
        ARGUMENTS_CLOCK(&ret_options->clock),
    };
    const struct arguments_form form = {
        .command = "run",
        .help = run_help,
        .missing = "it takes one site file",
        .surplus = "it takes one site file",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_options = (struct run_options){.run_directory = "/run/tocsin",
                                        .language = arguments_environment_language()};
    return arguments_parse(&form, argc, argv, &ret_options->site);
}

static int run_load(const struct run_options *options, const char *effect, struct site *ret_site,
                    int *ret_fd) {
    const struct config_options config_options = {.settings = options->settings.list,
                                                  .setting_count = options->settings.count};
    int r = loading_site(options->site, &config_options, effect, ret_site, ret_fd);
    return r == LOADING_E_REFUSED ? ARGUMENTS_USAGE : r == 0 ? 0 : 1;
}

static void run_announce(const struct site *site) {
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
    return supervisor->site.ruleset.point_count > 0 ? "watching"
                                                    : "no room is watched: the site has no points";
}

static void supervisor_tell_ready(const struct supervisor *supervisor) {
    char state[128];
    (void)snprintf(state, sizeof state, "READY=1\nSTATUS=%s", supervisor_status(supervisor));
    notify_systemd(state);
}

static void supervisor_ready(void *context) {
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

static void supervisor_stopped(void *context) {
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
    /* Does nothing while they stop for a reload, which then ends in this. */
    children_stop(supervisor->children, supervisor_stopped, supervisor);
}

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
    children_say_refused(supervisor->children);
    supervisor_reload_over(supervisor, "reload_refused", reason);
}

static void supervisor_reload(struct supervisor *supervisor);

/* The old children are gone: begin anew with the next site, or stop if that was asked meanwhile. */
static void supervisor_exchange(evutil_socket_t fd, short what, void *context) {
    struct supervisor *supervisor = context;
    (void)fd;
    (void)what;
    if (supervisor->stopping) {
        supervisor_stopped(supervisor);
        return;
    }
    supervisor->children = children_free(supervisor->children);
    site_unmap(&supervisor->site);
    (void)close(supervisor->conf.site_fd);
    supervisor->site = supervisor->next;
    supervisor->next = (struct site){0};
    supervisor->conf.site_fd = supervisor->next_fd;
    supervisor->conf.field_count = supervisor->site.header->field_count;
    run_announce(&supervisor->site);
    int r = children_new(supervisor->base, &supervisor->conf, &supervisor->children);
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
    supervisor->reload_wanted = false;
    notify_systemd_reloading();
    if (run_load(supervisor->options,
                 "the old site stays in force, all rooms are watched as before", &supervisor->next,
                 &supervisor->next_fd) != 0) {
        supervisor_refuse(supervisor, NULL);
        return;
    }
    const char *obstacle = loading_obstacle(&supervisor->site, &supervisor->next);
    bool same = supervisor->site.header->generation == supervisor->next.header->generation;
    if (obstacle != NULL || same) {
        site_unmap(&supervisor->next);
        (void)close(supervisor->next_fd);
        if (obstacle != NULL) {
            supervisor_refuse(supervisor, obstacle);
        } else {
            supervisor_reload_over(supervisor, "reload_unchanged",
                                   "nothing in the site has changed");
        }
        return;
    }
    log_line(LOG_NOTICE, "reloading",
             "generation=%016llx effect=\"the components start anew with the changed site; open "
             "alarms, timers, acknowledgements and present values are kept\"",
             (unsigned long long)supervisor->next.header->generation);
    supervisor->reloading = true;
    supervisor->ready = false;
    children_stop(supervisor->children, supervisor_emptied, supervisor);
}

static void supervisor_hangup(evutil_socket_t signal, short what, void *context) {
    (void)signal;
    (void)what;
    struct supervisor *supervisor = context;
    if (supervisor->reloading) {
        supervisor->reload_wanted = true; /* the file may have changed once more */
    } else if (!supervisor->stopping) {
        supervisor_reload(supervisor);
    }
}

/* Tell systemd who makes no progress, if that has changed. */
static void supervisor_tell_status(struct supervisor *supervisor, const char *laggard) {
    char status[PROCESS_NAME_SIZE + 64];
    if (laggard == supervisor->laggard) {
        return;
    }
    supervisor->laggard = laggard;
    (void)snprintf(status, sizeof status, "STATUS=%s%s",
                   laggard != NULL ? laggard : supervisor_status(supervisor),
                   laggard != NULL ? " makes no progress; it is started again" : "");
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
    struct event *const events[] = {supervisor->terminate, supervisor->interrupt,
                                    supervisor->hangup};
    if (supervisor->watchdog == NULL || supervisor->exchange == NULL) {
        return err_origin(-ENOMEM);
    }
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i] == NULL || event_add(events[i], NULL) != 0) {
            return err_origin(-ENOMEM);
        }
    }
    return err_trace(children_new(supervisor->base, &supervisor->conf, &supervisor->children));
}

static void supervisor_close(struct supervisor *supervisor) {
    supervisor->children = children_free(supervisor->children);
    struct event *const events[] = {supervisor->terminate, supervisor->interrupt,
                                    supervisor->hangup, supervisor->watchdog, supervisor->exchange};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    if (supervisor->base != NULL) {
        event_base_free(supervisor->base);
    }
}

/* The site is sealed and the directories are ours: start the children and keep them until told to
 * stop. */
static int supervisor_run(struct supervisor *supervisor) {
    int r = supervisor_open(supervisor);
    if (r == 0) {
        children_start(supervisor->children, supervisor_ready, supervisor);
        (void)event_base_dispatch(supervisor->base);
        log_line(LOG_NOTICE, "stopped", "effect=\"all components ended\"");
        r = supervisor->failure;
    } else {
        log_failure("not_started", r, "no room is watched");
    }
    supervisor_close(supervisor);
    return r == 0 ? 0 : 1;
}

int supervisor_main(int argc, char **argv) {
    struct run_options options;
    enum arguments_end end = run_parse(argc, argv, &options);
    if (end != ARGUMENTS_GO_ON) {
        return end;
    }
    log_init("supervisor");
    struct supervisor supervisor = {.options = &options};
    const struct site *site = &supervisor.site;
    int r = run_load(&options, "not started: no room is watched", &supervisor.site,
                     &supervisor.conf.site_fd);
    if (r != 0) {
        return r;
    }
    clock_init(&options.clock);
    supervisor.conf.field_count = site->header->field_count;
    supervisor.conf.setup.language = (uint32_t)options.language;
    supervisor.conf.setup.clock = options.clock;
    run_announce(site);
    if (!premises_user(options.user, &supervisor.conf.account)) {
        return ARGUMENTS_USAGE;
    }
    if (!premises_take(options.run_directory, site_text(site, site->header->state_directory),
                       &supervisor.conf.account, &supervisor.conf.setup)) {
        return 1;
    }
    return supervisor_run(&supervisor);
}
