/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/children.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/descriptors.h"
#include "gateway/log.h"
#include "gateway/spawn.h"
#include "gateway/stuck.h"

enum child_state { CHILD_WAITING, CHILD_STARTING, CHILD_RUNNING, CHILD_STOPPING, CHILD_GONE };

struct child {
    struct children *all;
    enum process_role role;
    uint32_t instance;
    char name[PROCESS_NAME_SIZE];
    enum child_state state;
    pid_t pid;
    uint64_t number; /* of the process; see losses.h */
    int line;        /* our end; -1 while there is no process */
    struct event *readable;
    struct event *timer; /* by state: start again, ready too late, stop too late */
    uint64_t started_ns;
    uint64_t heard_ns;
    uint32_t retry_ms;  /* the next back-off; 0: start at once */
    uint64_t renewals;  /* times that it made room for another */
    bool kept;          /* it lives on when the others are stopped */
    uint64_t hung_ns;   /* it was killed because it had been silent since then; 0: it was not */
    struct stuck stuck; /* whether it was killed, for whatever reason */
};

struct children {
    struct event_base *base;
    struct children_conf conf;
    struct child *list; /* in the order of starting */
    uint32_t count;
    uint32_t starting; /* the one that is started next; count: all have been */
    uint32_t stopping; /* how many still run while stopping */
    bool is_stopping;
    bool is_ending; /* … for good: nobody is waited for that cannot be killed */
    uint32_t left;  /* of those, how many were left behind */
    bool ready_told;
    uint64_t watched_ns; /* when it was last looked who is silent */
    struct descriptors_watch descriptors;
    uint64_t numbered;    /* of the newest process */
    struct losses losses; /* what no engine has recorded */
    uint64_t disk_ns;     /* when the engine said last that the disk has answered */
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

static void child_became_ready(struct child *child) {
    if (child->state != CHILD_STARTING) {
        return;
    }
    child->state = CHILD_RUNNING;
    (void)event_del(child->timer);
    children_start_next(child->all);
}

/*
 * Hand what is kept to the engine, if there is one. What finds its line full, because the engine hangs, is
 * said with its next heartbeat, or to the next one at its start.
 */
static void children_say_losses(const struct children *all) {
    const struct child *engine = &all->list[0];
    const struct process_losses said = {.word = (char)PROCESS_LOSSES, .losses = all->losses};
    assert(engine->role == PROCESS_ENGINE);
    if (all->losses.count > 0 && engine->line >= 0) {
        (void)send(engine->line, &said, sizeof said, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void children_hear_engine(struct children *all, const struct process_told *said,
                                 size_t size) {
    if (said->word == (char)PROCESS_TOLD && size == sizeof *said) {
        losses_recorded(&all->losses, said->serial);
    } else if (said->word == (char)PROCESS_DISK_ANSWERS) {
        all->disk_ns = clock_real_ns();
    } else if (said->word == (char)PROCESS_ALIVE) {
        children_say_losses(all);
    }
}

static void child_heard(evutil_socket_t fd, short what, void *context) {
    (void)what;
    struct child *child = context;
    struct process_told said;
    ssize_t size;
    while ((size = recv(fd, &said, sizeof said, MSG_DONTWAIT)) > 0) {
        child->heard_ns = clock_real_ns();
        if (said.word == (char)PROCESS_READY) {
            child_became_ready(child);
        }
        if (child->role == PROCESS_ENGINE) {
            children_hear_engine(child->all, &said, (size_t)size);
        }
    }
}

/* Is it the one that the others wait for while all are started in order? */
static bool child_is_newest(const struct child *child) {
    return child->all->starting > 0 && child == &child->all->list[child->all->starting - 1];
}

/* Keep that it is gone, and say so. */
static void child_keep_loss(struct child *child, enum loss_end end, uint32_t code) {
    const uint64_t now_ns = clock_real_ns();
    const struct loss loss = {
        .role = (uint32_t)child->role,
        .instance = child->instance,
        .end = (uint32_t)(child->hung_ns > 0 ? LOSS_HUNG : end),
        .code = child->hung_ns > 0 ? 0 : code,
        .since_ns = child->hung_ns > 0 ? child->hung_ns : now_ns,
        .ended_ns = now_ns,
        .number = child->number,
    };
    losses_add(&child->all->losses, &loss);
    children_say_losses(child->all);
    child->hung_ns = 0;
}

/* The child's process is gone, or none could be made: plan the next life. */
static void child_ended(struct child *child, enum loss_end end, uint32_t code) {
    uint64_t lived_ns = clock_real_ns() - child->started_ns;
    char how[LOSS_TEXT_SIZE];
    loss_text(end, code, false, how);
    child_keep_loss(child, end, code);
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
    static const struct losses none = {0};
    child->started_ns = clock_real_ns();
    child->heard_ns = child->started_ns;
    child->number = ++child->all->numbered;
    child->all->conf.setup.number = child->number;
    child->all->conf.setup.losses = child->role == PROCESS_ENGINE ? child->all->losses : none;
    int r =
        spawn_process(&child->all->conf, child->role, child->instance, &child->pid, &child->line);
    if (r != 0) {
        log_failure("start_failed", r, "the component is tried again");
        child_ended(child, LOSS_NOT_STARTED, 0);
        return;
    }
    child->state = CHILD_STARTING;
    child->stuck = (struct stuck){0};
    child->hung_ns = 0; /* also of one that ended by itself just before it was killed */
    child->readable =
        event_new(child->all->base, child->line, EV_READ | EV_PERSIST, child_heard, child);
    assert(child->readable != NULL);
    (void)event_add(child->readable, NULL);
    child_arm(child, CHILDREN_READY_MS);
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

static struct stuck_process child_stuck_process(const struct child *child) {
    return (struct stuck_process){.name = child->name,
                                  .pid = child->pid,
                                  .role = child->role,
                                  .state_directory = child->all->conf.state_directory};
}

static bool child_is_stuck(const struct child *child, uint64_t now_ns) {
    return child->pid > 0 && stuck_is_held(&child->stuck, now_ns);
}

/* We end without it. It is reaped by whoever inherits it, when the disk has let go of it. */
static void child_leave(struct child *child) {
    const struct stuck_process who = child_stuck_process(child);
    stuck_leave(&child->stuck, &who, clock_real_ns());
    child_close(child);
    child->state = CHILD_GONE;
    child->pid = 0;
    child->all->left++;
    children_stop_next(child->all);
}

/* It was told to stop, and has not. */
static void child_overstays(struct child *child) {
    if (child->all->is_ending && child_is_stuck(child, clock_real_ns())) {
        child_leave(child);
        return;
    }
    if (child->stuck.killed_ns == 0) {
        log_line(LOG_WARNING, "slow_stop", "component=%s effect=\"it is killed\"", child->name);
    }
    stuck_kill(&child->stuck, child->pid);
    child_arm(child, STUCK_MS);
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
        child_overstays(child);
        return;
    case CHILD_RUNNING:
    case CHILD_GONE:
        return;
    }
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

/* How a process that was reaped with `status` came to its end. */
static enum loss_end child_end(int status, uint32_t *ret_code) {
    bool is_killed = WIFSIGNALED(status);
    *ret_code = (uint32_t)(is_killed ? WTERMSIG(status) : WEXITSTATUS(status));
    return is_killed ? LOSS_KILLED : LOSS_EXITED;
}

/* Its process was reaped with `status`. */
static void child_reaped(struct child *child, int status) {
    uint32_t code;
    enum loss_end end = child_end(status, &code);
    /* What it has said last: an engine may have recorded losses. */
    if (child->line >= 0) {
        child_heard(child->line, EV_READ, child);
    }
    child_close(child);
    if (child->all->is_stopping) {
        if (child->kept) {
            child_keep_loss(child, end, code);
        }
        child->state = CHILD_GONE;
        child->pid = 0;
        children_stop_next(child->all);
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == PROCESS_EXIT_RENEWED && child_renewed(child)) {
        return;
    }
    child_ended(child, end, code);
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

/* Say which site is in force to one that was kept; one that cannot be told must not live on. */
static void child_say_generation(struct child *child) {
    const struct process_generation said = {.word = (char)PROCESS_GENERATION,
                                            .generation = child->all->conf.generation};
    if (send(child->line, &said, sizeof said, MSG_NOSIGNAL | MSG_DONTWAIT) !=
        (ssize_t)sizeof said) {
        log_line(LOG_ERROR, "component_deaf",
                 "component=%s effect=\"it is killed and started again with the changed site\"",
                 child->name);
        stuck_kill(&child->stuck, child->pid);
    }
}

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

static void children_watch(evutil_socket_t fd, short what, void *context) {
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

uint32_t children_left(const struct children *children) {
    return children->left;
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
    while (all->starting < all->count) {
        struct child *child = &all->list[all->starting++];
        if (child->state == CHILD_RUNNING) {
            child_say_generation(child); /* again: the engine is there, and waits for it */
        } else {
            child_start(child);
            return;
        }
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

static void child_say(const struct child *child, enum process_word word) {
    char byte = (char)word;
    if (child->line >= 0) {
        (void)send(child->line, &byte, sizeof byte, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void children_say_retired(struct children *children) {
    for (uint32_t i = 0; i < children->count; i++) {
        if (children->list[i].role == PROCESS_FIELD) {
            child_say(&children->list[i], PROCESS_RETIRED);
        }
    }
}

void children_say_refused(struct children *children, bool is_refused) {
    children->conf.setup.site_refused = is_refused;
    child_say(&children->list[0], is_refused ? PROCESS_REFUSED : PROCESS_MENDED); /* the engine */
}

bool children_disk_answers(struct children *children, uint64_t since_ns) {
    const struct child *engine = &children->list[0];
    if (engine->pid <= 0 || children->disk_ns >= since_ns) {
        return true;
    }
    child_say(engine, PROCESS_TRY_DISK);
    return false;
}

/* The field process of a number; there is one. */
static struct child *children_field(struct children *all, uint32_t instance) {
    assert(instance < all->conf.field_count);
    return &all->list[1 + instance]; /* behind the engine */
}

bool children_keep(struct children *children, uint32_t instance) {
    struct child *child = children_field(children, instance);
    child->kept = child->state == CHILD_RUNNING && child->pid > 0;
    return child->kept;
}

static void children_stop_next(struct children *all) {
    while (all->stopping > 0) {
        struct child *child = &all->list[all->stopping - 1];
        if (child->state == CHILD_STOPPING) {
            return;
        }
        if (child->kept) {
            all->stopping--;
            continue;
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

void children_end(struct children *children, void (*stopped)(void *context), void *context) {
    children->is_ending = true;
    children_stop(children, stopped, context);
}

void children_stop(struct children *children, void (*stopped)(void *context), void *context) {
    for (uint32_t i = 0; i < children->count; i++) {
        struct child *child = &children->list[i];
        child->kept = child->kept && !children->is_stopping;
        if (!child->kept) {
            /* Or the engine would take those that are stopped before it for lost. */
            child_say(child, PROCESS_CLOSING);
        }
    }
    children->is_stopping = true;
    children->stopping = children->count;
    children->stopped = stopped;
    children->context = context;
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

/* Take a process over from the child that has kept it, unless it has died meanwhile. */
static int child_adopt(struct child *child, struct child *kept) {
    if (kept->pid <= 0) {
        return 0;
    }
    child->readable =
        event_new(child->all->base, kept->line, EV_READ | EV_PERSIST, child_heard, child);
    if (child->readable == NULL || event_add(child->readable, NULL) != 0) {
        return err_origin(-ENOMEM);
    }
    event_free(kept->readable);
    kept->readable = NULL;
    child->pid = kept->pid;
    child->number = kept->number;
    child->line = kept->line;
    child->started_ns = kept->started_ns;
    child->heard_ns = kept->heard_ns;
    child->renewals = kept->renewals;
    child->hung_ns = kept->hung_ns;
    child->stuck = kept->stuck;
    child->state = CHILD_RUNNING;
    kept->pid = 0;
    kept->line = -1;
    kept->state = CHILD_GONE;
    child_say_generation(child);
    return 0;
}

static int children_adopt(struct children *all, struct children *from) {
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < from->conf.field_count; i++) {
        struct child *kept = children_field(from, i);
        if (kept->kept) {
            r = child_adopt(children_field(all, i), kept);
        }
    }
    /* One that died between the two reapers is looked for now: nobody says it again. */
    event_active(all->reaper, EV_SIGNAL, 1);
    return r;
}

int children_new(struct event_base *base, const struct children_conf *conf, struct children *from,
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
    if (r == 0 && from != NULL) {
        all->losses = from->losses;
        all->numbered = from->numbered;
        r = err_trace(children_adopt(all, from));
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
