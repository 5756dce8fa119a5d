/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/children.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/descriptors.h"
#include "gateway/log.h"

enum child_state { CHILD_WAITING, CHILD_STARTING, CHILD_RUNNING, CHILD_STOPPING, CHILD_GONE };

struct child {
    struct children *all;
    enum process_role role;
    uint32_t instance;
    char name[PROCESS_NAME_SIZE];
    enum child_state state;
    pid_t pid;
    int line; /* our end; -1 while there is no process */
    struct event *readable;
    struct event *timer; /* by state: start again, ready too late, stop too late */
    uint64_t started_ns;
    uint64_t heard_ns;
    uint32_t retry_ms; /* the next back-off; 0: start at once */
    uint64_t renewals; /* times that it made room for another */
};

struct children {
    struct event_base *base;
    struct children_conf conf;
    struct child *list; /* in the order of starting */
    uint32_t count;
    uint32_t starting; /* the one that is started next; count: all have been */
    uint32_t stopping; /* how many still run while stopping */
    bool is_stopping;
    bool ready_told;
    struct descriptors_watch descriptors;
    struct event *reaper;
    struct event *watch;
    void (*ready)(void *context);
    void (*stopped)(void *context);
    void *context;
};

static void child_start(struct child *child);
static void children_start_next(struct children *all);
static void children_stop_next(struct children *all);

static void child_arm(struct child *child, uint32_t wait_ms) {
    const struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = (wait_ms % 1000) * 1000};
    (void)event_add(child->timer, &wait);
}

/* In the child, between fork and exec: only async-signal-safe calls. */
static _Noreturn void child_exec(const struct children_conf *conf, int line_fd) {
    /* Both may already stand where the other belongs: move them out of the way first. */
    int site = fcntl(conf->site_fd, F_DUPFD, 10);
    int line = fcntl(line_fd, F_DUPFD, 10);
    if (site < 0 || line < 0 || dup2(site, PROCESS_FD_SITE) < 0 ||
        dup2(line, PROCESS_FD_LINE) < 0) {
        _exit(127);
    }
    (void)close(site);
    (void)close(line);
    /*
     * Until the program is another one, our handlers are still the supervisor's, and would tell it
     * of a signal that was meant for the child.
     */
    static const int handled[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
        (void)signal(handled[i], SIG_DFL);
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (account_become(&conf->account) != 0) {
        _exit(126);
    }
    char *const arguments[] = {(char[]){"tocsin"}, (char[]){"--process"}, NULL};
    (void)execv("/proc/self/exe", arguments);
    _exit(127);
}

static int child_fork(struct child *child) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return err_origin(-errno);
    }
    struct process_setup setup = child->all->conf.setup;
    setup.role = (uint32_t)child->role;
    setup.instance = child->instance;
    pid_t pid = -1;
    int r = send(ends[0], &setup, sizeof setup, MSG_NOSIGNAL) == (ssize_t)sizeof setup
                ? 0
                : err_origin(-errno);
    if (r == 0) {
        sigset_t all, before;
        (void)sigfillset(&all);
        (void)sigprocmask(SIG_SETMASK, &all, &before);
        pid = fork();
        if (pid == 0) {
            child_exec(&child->all->conf, ends[1]);
        }
        r = pid < 0 ? err_origin(-errno) : 0;
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
    }
    (void)close(ends[1]);
    if (r != 0) {
        (void)close(ends[0]);
        return r;
    }
    child->pid = pid;
    child->line = ends[0];
    (void)evutil_make_socket_nonblocking(child->line);
    return 0;
}

static void child_became_ready(struct child *child) {
    if (child->state != CHILD_STARTING) {
        return;
    }
    child->state = CHILD_RUNNING;
    (void)event_del(child->timer);
    children_start_next(child->all);
}

static void child_heard(evutil_socket_t fd, short what, void *context) {
    (void)what;
    struct child *child = context;
    char word;
    while (recv(fd, &word, sizeof word, MSG_DONTWAIT) == 1) {
        child->heard_ns = clock_real_ns();
        if (word == (char)PROCESS_READY) {
            child_became_ready(child);
        }
    }
}

/* Is it the one that the others wait for while all are started in order? */
static bool child_is_newest(const struct child *child) {
    return child->all->starting > 0 && child == &child->all->list[child->all->starting - 1];
}

/* The child's process is gone, or none could be made: plan the next life. */
static void child_ended(struct child *child, const char *how) {
    uint64_t lived_ns = clock_real_ns() - child->started_ns;
    if (lived_ns >= CHILDREN_SHORT_LIFE_MS * NS_PER_MS) {
        child->retry_ms = 0;
    }
    log_line(LOG_ERROR, "component_lost",
             "component=%s pid=%d how=\"%s\" lived_ms=%llu restart_in_ms=%u effect=\"%s\"",
             child->name, (int)child->pid, how, (unsigned long long)(lived_ns / NS_PER_MS),
             child->retry_ms,
             child->role == PROCESS_ENGINE  ? "no alarm is decided until it is back"
             : child->role == PROCESS_FIELD ? "its devices are not watched until it is back"
             : child->role == PROCESS_UPLINK
                 ? "events wait in the journal; nobody outside hears of them until it is back"
                 : "people cannot look or act until it is back");
    bool held_others = child->state != CHILD_RUNNING && child_is_newest(child);
    child->state = CHILD_WAITING;
    child_arm(child, child->retry_ms);
    child->retry_ms = child->retry_ms == 0                          ? CHILDREN_RETRY_MS_FIRST
                      : child->retry_ms * 2 < CHILDREN_RETRY_MS_MAX ? child->retry_ms * 2
                                                                    : CHILDREN_RETRY_MS_MAX;
    /* One that dies before it works must not keep those away that could tell of it. */
    if (held_others) {
        children_start_next(child->all);
    }
}

static void child_start(struct child *child) {
    child->started_ns = clock_real_ns();
    child->heard_ns = child->started_ns;
    int r = child_fork(child);
    if (r != 0) {
        log_failure("start_failed", r, "the component is tried again");
        child_ended(child, "could not be started");
        return;
    }
    child->state = CHILD_STARTING;
    child->readable =
        event_new(child->all->base, child->line, EV_READ | EV_PERSIST, child_heard, child);
    assert(child->readable != NULL);
    (void)event_add(child->readable, NULL);
    child_arm(child, CHILDREN_READY_MS);
}

static void child_timer(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct child *child = context;
    switch (child->state) {
    case CHILD_WAITING:
        child_start(child);
        return;
    case CHILD_STARTING:
        log_line(LOG_WARNING, "slow_start", "component=%s waited_ms=%d effect=\"the others start\"",
                 child->name, CHILDREN_READY_MS);
        child_became_ready(child);
        return;
    case CHILD_STOPPING:
        log_line(LOG_WARNING, "slow_stop", "component=%s effect=\"it is killed\"", child->name);
        (void)kill(child->pid, SIGKILL);
        return;
    case CHILD_RUNNING:
    case CHILD_GONE:
        return;
    }
}

static void child_close(struct child *child) {
    if (child->readable != NULL) {
        event_free(child->readable);
        child->readable = NULL;
    }
    if (child->line >= 0) {
        (void)close(child->line);
        child->line = -1;
    }
    (void)event_del(child->timer);
}

/* It has ended so that another takes its place. False: so soon that it is a failure. */
static bool child_renewed(struct child *child) {
    uint64_t lived_ns = clock_real_ns() - child->started_ns;
    if (lived_ns < CHILDREN_SHORT_LIFE_MS * NS_PER_MS) {
        return false;
    }
    child->renewals++;
    log_line(
        LOG_NOTICE, "component_renewed",
        "component=%s pid=%d times=%llu lived_ms=%llu effect=\"another takes its place at once; "
        "nothing is lost\"",
        child->name, (int)child->pid, (unsigned long long)child->renewals,
        (unsigned long long)(lived_ns / NS_PER_MS));
    child->pid = 0;
    child->retry_ms = 0;
    child->state = CHILD_WAITING;
    child_arm(child, 0);
    return true;
}

/* Its process was reaped with `status`. */
static void child_reaped(struct child *child, int status) {
    char how[64];
    if (WIFSIGNALED(status)) {
        (void)snprintf(how, sizeof how, "killed by signal %d", WTERMSIG(status));
    } else {
        (void)snprintf(how, sizeof how, "exited with %d", WEXITSTATUS(status));
    }
    child_close(child);
    if (child->all->is_stopping) {
        child->state = CHILD_GONE;
        child->pid = 0;
        children_stop_next(child->all);
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == PROCESS_EXIT_RENEWED && child_renewed(child)) {
        return;
    }
    child_ended(child, how);
    child->pid = 0;
}

static void children_reap(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct children *all = context;
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (uint32_t i = 0; i < all->count; i++) {
            if (all->list[i].pid == pid) {
                child_reaped(&all->list[i], status);
                break;
            }
        }
    }
}

static bool child_is_silent(const struct child *child, uint64_t limit_ms, uint64_t now_ns) {
    return child->pid > 0 && child->state != CHILD_STOPPING &&
           now_ns - child->heard_ns > limit_ms * NS_PER_MS;
}

static void children_watch(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct children *all = context;
    uint64_t now_ns = clock_real_ns();
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
            child->heard_ns = now_ns; /* told once; the reaper takes over */
            (void)kill(child->pid, SIGKILL);
        }
    }
}

static bool child_lags(const struct child *child, uint64_t now_ns) {
    return child->pid <= 0 || child_is_silent(child, CHILDREN_PROGRESS_MS, now_ns);
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

static void children_start_next(struct children *all) {
    if (all->is_stopping) {
        return;
    }
    if (all->starting < all->count) {
        child_start(&all->list[all->starting++]);
        return;
    }
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->list[i].state != CHILD_RUNNING) {
            return;
        }
    }
    if (!all->ready_told) {
        all->ready_told = true;
        all->ready(all->context);
    }
}

void children_start(struct children *children, void (*ready)(void *context), void *context) {
    children->ready = ready;
    children->context = context;
    children_start_next(children);
}

/* Or the engine would take those that are stopped before it for lost. */
static void child_say_closing(const struct child *child) {
    char byte = (char)PROCESS_CLOSING;
    if (child->line >= 0) {
        (void)send(child->line, &byte, sizeof byte, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void children_say_refused(struct children *children) {
    char byte = (char)PROCESS_REFUSED;
    const struct child *engine = &children->list[0];
    if (engine->line >= 0) {
        (void)send(engine->line, &byte, sizeof byte, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void children_stop_next(struct children *all) {
    while (all->stopping > 0) {
        struct child *child = &all->list[all->stopping - 1];
        if (child->state == CHILD_STOPPING) {
            return;
        }
        if (child->pid > 0) {
            child->state = CHILD_STOPPING;
            (void)kill(child->pid, SIGTERM);
            (void)kill(child->pid, SIGCONT); /* a stopped one cannot hear the first */
            child_arm(child, CHILDREN_STOP_MS);
            return;
        }
        (void)event_del(child->timer);
        child->state = CHILD_GONE;
        all->stopping--;
    }
    all->stopped(all->context);
}

void children_stop(struct children *children, void (*stopped)(void *context), void *context) {
    if (children->is_stopping) {
        return;
    }
    children->is_stopping = true;
    children->stopping = children->count;
    children->stopped = stopped;
    children->context = context;
    for (uint32_t i = 0; i < children->count; i++) {
        child_say_closing(&children->list[i]);
    }
    children_stop_next(children);
}

static int children_list(struct children *all) {
    struct child *child = all->list;
    *child++ = (struct child){.role = PROCESS_ENGINE};
    for (uint32_t i = 0; i < all->conf.field_count; i++) {
        *child++ = (struct child){.role = PROCESS_FIELD, .instance = i};
    }
    *child++ = (struct child){.role = PROCESS_UPLINK};
    *child++ = (struct child){.role = PROCESS_CONSOLE};
    for (uint32_t i = 0; i < all->count; i++) {
        child = &all->list[i];
        child->all = all;
        child->line = -1;
        process_name_format(child->role, child->instance, child->name);
        child->timer = event_new(all->base, -1, 0, child_timer, child);
        if (child->timer == NULL) {
            return err_origin(-ENOMEM);
        }
    }
    return 0;
}

int children_new(struct event_base *base, const struct children_conf *conf,
                 struct children **ret_children) {
    const struct timeval period = {.tv_sec = CHILDREN_WATCH_MS / 1000,
                                   .tv_usec = CHILDREN_WATCH_MS % 1000 * 1000};
    struct children *all = calloc(1, sizeof *all);
    if (all == NULL) {
        return err_origin(-ENOMEM);
    }
    all->base = base;
    all->conf = *conf;
    all->count = conf->field_count + 3;
    all->list = calloc(all->count, sizeof *all->list);
    all->reaper = evsignal_new(base, SIGCHLD, children_reap, all);
    all->watch = event_new(base, -1, EV_PERSIST, children_watch, all);
    int r = all->list == NULL || all->reaper == NULL || all->watch == NULL ? err_origin(-ENOMEM)
                                                                           : children_list(all);
    if (r == 0 && (event_add(all->reaper, NULL) != 0 || event_add(all->watch, &period) != 0)) {
        r = err_origin(-ENOMEM);
    }
    if (r != 0) {
        (void)children_free(all);
        return r;
    }
    *ret_children = all;
    return 0;
}

struct children *children_free(struct children *children) {
    if (children == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; children->list != NULL && i < children->count; i++) {
        if (children->list[i].timer != NULL) {
            child_close(&children->list[i]);
            event_free(children->list[i].timer);
        }
    }
    if (children->reaper != NULL) {
        event_free(children->reaper);
    }
    if (children->watch != NULL) {
        event_free(children->watch);
    }
    free(children->list);
    free(children);
    return NULL;
}
