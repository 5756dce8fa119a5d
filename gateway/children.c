/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/children.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "gateway/children_parts.h"

/*
 * Hand what is kept to the engine, if there is one. What finds its line full, because the engine hangs, is
 * said with its next heartbeat, or to the next one at its start.
 */
void children_say_losses(const struct children *all) {
    const struct child *engine = &all->list[0];
    const struct process_losses said = {.word = (char)PROCESS_LOSSES, .losses = all->losses};
    assert(engine->role == PROCESS_ENGINE);
    if (all->losses.count > 0 && engine->line >= 0) {
        (void)send(engine->line, &said, sizeof said, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void children_hear_engine(struct children *all, const struct process_told *said, size_t size) {
    if (said->word == (char)PROCESS_TOLD && size == sizeof *said) {
        losses_recorded(&all->losses, said->serial);
    } else if (said->word == (char)PROCESS_DISK_ANSWERS) {
        all->disk_ns = clock_real_ns();
    } else if (said->word == (char)PROCESS_ALIVE) {
        children_say_losses(all);
    }
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

uint32_t children_left(const struct children *children) {
    return children->left;
}

void children_start_next(struct children *all) {
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

void children_stop_next(struct children *all) {
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
            child_stop(child);
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
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < all->count; i++) {
        r = err_trace(child_init(&all->list[i], all));
    }
    return r;
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
    all->conf.setup.is_reload = from != NULL;
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
        child_deinit(&children->list[i]);
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
