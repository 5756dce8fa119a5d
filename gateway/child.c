/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One child: its process, from the start to its end and to the next one
 */
#include <assert.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/children_parts.h"
#include "gateway/log.h"
#include "gateway/spawn.h"

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
    if (child->role == PROCESS_ENGINE) {
        child->all->conf.setup.is_reload = 0; /* whoever comes after this one was not reloaded */
    }
    children_start_next(child->all);
}

void child_say(const struct child *child, enum process_word word) {
    char byte = (char)word;
    if (child->line >= 0) {
        (void)send(child->line, &byte, sizeof byte, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void child_say_generation(struct child *child) {
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

void child_start(struct child *child) {
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

void child_stop(struct child *child) {
    child->state = CHILD_STOPPING;
    (void)kill(child->pid, SIGTERM);
    (void)kill(child->pid, SIGCONT); /* a stopped one cannot hear the first */
    child_arm(child, CHILDREN_STOP_MS);
}

struct stuck_process child_stuck_process(const struct child *child) {
    return (struct stuck_process){.name = child->name,
                                  .pid = child->pid,
                                  .role = child->role,
                                  .state_directory = child->all->conf.state_directory};
}

bool child_is_stuck(const struct child *child, uint64_t now_ns) {
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

void child_reaped(struct child *child, int status) {
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

int child_adopt(struct child *child, struct child *kept) {
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

int child_init(struct child *child, struct children *all) {
    child->all = all;
    child->line = -1;
    process_name_format(child->role, child->instance, child->name);
    child->timer = event_new(all->base, -1, 0, child_timer, child);
    return child->timer != NULL ? 0 : err_origin(-ENOMEM);
}

void child_deinit(struct child *child) {
    if (child->timer != NULL) {
        child_close(child);
        event_free(child->timer);
    }
}
