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
#include "gateway/field_part.h"
#include "gateway/keeper.h"
#include "gateway/loading.h"
#include "gateway/log.h"
#include "gateway/notify.h"
#include "gateway/premises.h"
#include "gateway/retired.h"

static const char run_usage[] =
    "Usage: tocsin run SITE.yaml [OPTION]...\n"
    "\n"
    "Watch a site: check it, start the engine, the field, the uplink and the console, and keep them\n"
    "alive until SIGTERM or Ctrl-C. SIGHUP takes a changed site file: one that is wrong changes\n"
    "nothing; open alarms, timers, acknowledgements and present values are kept. At a start with one\n"
    "that is wrong, the site that was accepted last is watched.\n";

static const char run_closing[] =
    "exit codes: 0 stopped cleanly, 1 could not run, or left a component behind that a disk holds,\n"
    "2 the command is wrong, or the site and none was accepted before\n";

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
    struct keeper *keeper;   /* of the site that was accepted; NULL: it could not be made */
    struct loaded next;      /* while reloading: what is watched afterwards */
    struct retired *retired; /* outputs that reloads took out of the site */
    struct event *resting;   /* while the field processes switch them off */
    uint64_t resting_since_ns;
    struct event *trying; /* while the engine tries the disk, before it is ended */
    uint64_t trying_since_ns;
    uint64_t
        trying_told_ns; /* when it was last said that a reload waits for the disk; 0: it was not */
    bool ready;         /* every child has done its work since the start or the last reload */
    bool reloading;     /* the children end, to begin anew with `next` */
    bool reload_wanted; /* asked for again meanwhile */
    bool refused;       /* the site file is wrong: what is watched is the site before it */
    bool stopping;
    struct event *terminate, *interrupt, *hangup, *watchdog, *exchange;
    bool is_watched;     /* systemd wants WATCHDOG=1 */
    const char *laggard; /* the child that makes no progress, as last told; NULL: all do */
    bool laggard_stuck;  /* … and the kernel holds it, as last told */
    int failure;
};

static enum arguments_end run_parse(int argc, char **argv, struct run_options *ret_options) {
    const struct arguments_option options[] = {
        ARGUMENTS_SET(&ret_options->settings),
        {.name = "run",
         .word = "DIR",
         .help = "directory of the sockets (default /run/tocsin)",
         .text = &ret_options->run_directory},
        {.name = "user",
         .word = "NAME",
         .help = "as root: whom the components become (default tocsin, if there is one)",
         .text = &ret_options->user},
        ARGUMENTS_LANGUAGE(&ret_options->language),
        ARGUMENTS_CLOCK(&ret_options->clock),
    };
    const struct arguments_form form = {
        .command = "run",
        .usage = run_usage,
        .closing = run_closing,
        .operands_min = 1,
        .operands_max = 1,
        .missing = "it takes one site file",
        .surplus = "it takes one site file",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_options = (struct run_options){.run_directory = "/run/tocsin",
                                        .language = arguments_environment_language()};
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    ret_options->site = operands[0];
    return end;
}

static struct config_options run_settings(const struct run_options *options) {
    return (struct config_options){.settings = options->settings.list,
                                   .setting_count = options->settings.count};
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
    (void)event_del(supervisor->resting);
    (void)event_del(supervisor->trying);
    /* Also while they stop for a reload, which then ends in this. */
    children_end(supervisor->children, supervisor_stopped, supervisor);
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

/* Have a site that was accepted kept for a start at which the site file is wrong. */
static void supervisor_keep(struct supervisor *supervisor, struct loaded *loaded) {
    if (supervisor->keeper != NULL && loaded->kept != NULL) {
        keeper_keep(supervisor->keeper, loaded->kept, loaded->kept_size);
        loaded->kept = NULL;
    }
}

/* This is the site that is watched from now on, by children that are yet to be made. */
static void supervisor_watch(struct supervisor *supervisor, struct loaded *loaded,
                             bool is_refused) {
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
static void supervisor_look_at_rest(evutil_socket_t fd, short what, void *context) {
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
    log_line(LOG_NOTICE, "reloading",
             "generation=%016llx effect=\"the components change over to the changed site; open "
             "alarms, timers, acknowledgements and present values are kept\"",
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
static void supervisor_look_at_disk(evutil_socket_t fd, short what, void *context) {
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
static void supervisor_exchange(evutil_socket_t fd, short what, void *context) {
    struct supervisor *supervisor = context;
    (void)fd;
    (void)what;
    if (supervisor->stopping) {
        return; /* whoever stops them all goes on from there */
    }
    site_unmap(&supervisor->site);
    (void)close(supervisor->conf.site_fd);
    supervisor_watch(supervisor, &supervisor->next, false);
    run_announce(&supervisor->site);
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
    const struct config_options options = run_settings(supervisor->options);
    const struct loading loading = {.path = supervisor->options->site, .options = &options};
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

static void supervisor_hangup(evutil_socket_t signal, short what, void *context) {
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
    enum arguments_end end = run_parse(argc, argv, &options);
    if (end != ARGUMENTS_GO_ON) {
        return end;
    }
    log_init("supervisor");
    log_never_wait();
    clock_init(&options.clock);
    struct supervisor supervisor = {.options = &options, .next = {.fd = -1}};
    const struct config_options settings = run_settings(&options);
    const struct loading loading = {.path = options.site, .options = &settings};
    struct loaded loaded = {.fd = -1};
    bool stands_in = false;
    int r = loading_start(&loading, &loaded, &stands_in);
    if (r != 0) {
        return r == LOADING_E_REFUSED ? ARGUMENTS_USAGE : 1;
    }
    supervisor.conf.setup.language = (uint32_t)options.language;
    supervisor.conf.setup.clock = options.clock;
    run_announce(&loaded.site);
    r = supervisor_settle(&supervisor, &loaded.site);
    if (r != 0) {
        loading_drop(&loaded);
        return r;
    }
    supervisor_watch(&supervisor, &loaded, stands_in);
    return supervisor_run(&supervisor);
}
