/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/field/inbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "gateway/clock.h"

/* Lost and regained share a slot, because only the newer of the two is true. */
enum slot_kind {
    SLOT_STATE,
    SLOT_ANSWER,
    SLOT_VALUE,
    SLOT_MOMENT,
    SLOT_CROWD,
    SLOT_OUTPUT,
    SLOT_RETIRED,
    SLOT_COUNT
};

struct inbox_slot {
    bool unread;
    uint64_t replaced; /* unread notes that this one stands for beside itself */
    struct sensor_note note;
};

struct inbox {
    const struct site *site;
    int fd;
    atomic_bool rung;       /* the loop has been rung for and has not looked yet */
    _Atomic uint8_t *heard; /* per device: answered since the last heartbeat */
    uint32_t heard_next;    /* the loop's own: where the next round begins */
    pthread_mutex_t lock;   /* guards what follows */
    struct holding *holding;
    struct inbox_slot (*slots)[SLOT_COUNT]; /* per device */
    uint32_t unread;                        /* slots */
    uint64_t notes_replaced;                /* ever */
};

static void inbox_ring(struct inbox *inbox) {
    if (!atomic_exchange(&inbox->rung, true)) {
        (void)eventfd_write(inbox->fd, 1);
    }
}

static void inbox_on_reading(void *context, const struct reading *reading, uint64_t token) {
    struct inbox *inbox = context;
    (void)pthread_mutex_lock(&inbox->lock);
    holding_put(inbox->holding, reading, token, clock_instant());
    (void)pthread_mutex_unlock(&inbox->lock);
    inbox_ring(inbox);
}

/* Called for every poll: a plain look first keeps the cache line shared while it is set already. */
static void inbox_on_heartbeat(void *context, uint32_t device) {
    struct inbox *inbox = context;
    if (atomic_load_explicit(&inbox->heard[device], memory_order_relaxed) == 0) {
        atomic_store_explicit(&inbox->heard[device], 1, memory_order_relaxed);
    }
}

static enum slot_kind inbox_slot_kind(enum sensor_note_kind kind) {
    switch (kind) {
    case SENSOR_DEVICE_ANSWERS:
    case SENSOR_DEVICE_LOST:
    case SENSOR_NOTE_KIND_COUNT:
        return SLOT_STATE;
    case SENSOR_ANSWER_REFUSED:
        return SLOT_ANSWER;
    case SENSOR_MOMENT_DOUBTED:
        return SLOT_MOMENT;
    case SENSOR_TOPIC_CROWDED:
        return SLOT_CROWD;
    case SENSOR_VALUE_REFUSED:
        return SLOT_VALUE;
    case SENSOR_OUTPUT_FAILED:
        return SLOT_OUTPUT;
    case SENSOR_RETIRED_FAILED:
    case SENSOR_RETIRED_RESTED:
        return SLOT_RETIRED;
    }
    return SLOT_STATE;
}

/* An engine that restarts must not be told the old values of a lost device as present ones. */
static void inbox_forget_device(struct inbox *inbox, uint32_t device) {
    const struct ruleset *ruleset = &inbox->site->ruleset;
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        if (ruleset->points[i].device == device) {
            holding_forget(inbox->holding, i);
        }
    }
}

static void inbox_on_note(void *context, const struct sensor_note *note) {
    struct inbox *inbox = context;
    (void)pthread_mutex_lock(&inbox->lock);
    struct inbox_slot *slot = &inbox->slots[note->device][inbox_slot_kind(note->kind)];
    if (slot->unread) {
        slot->replaced++;
        inbox->notes_replaced++;
    } else {
        slot->unread = true;
        slot->replaced = 0;
        inbox->unread++;
    }
    slot->note = *note;
    if (note->kind == SENSOR_DEVICE_LOST) {
        inbox_forget_device(inbox, note->device);
    }
    (void)pthread_mutex_unlock(&inbox->lock);
    inbox_ring(inbox);
}

static struct wall inbox_wall(void *context) {
    (void)context;
    return clock_wall();
}

static uint64_t inbox_real_ns(void *context) {
    (void)context;
    return clock_real_ns();
}

struct sensor_sink inbox_sink(struct inbox *inbox) {
    return (struct sensor_sink){
        .reading = inbox_on_reading,
        .heartbeat = inbox_on_heartbeat,
        .note = inbox_on_note,
        .wall = inbox_wall,
        .real_ns = inbox_real_ns,
        .context = inbox,
    };
}

static enum holding_manner inbox_manner(const struct ruleset_point *point) {
    const struct point_kind_facts *facts = point_kind_facts((enum point_kind)point->kind);
    if (facts->form == POINT_FORM_EVENT) {
        return HOLDING_EVENTS;
    }
    return facts->serves_emergency ? HOLDING_EDGES : HOLDING_NEWEST;
}

/* Not that of any process before, as far as chance goes. */
static uint32_t inbox_life(void) {
    uint32_t life = 0;
    if (getrandom(&life, sizeof life, 0) != (ssize_t)sizeof life || life == 0) {
        life = (uint32_t)(clock_real_ns() / NS_PER_MS) | 1;
    }
    return life;
}

static int inbox_holding(struct inbox *inbox) {
    const struct ruleset *ruleset = &inbox->site->ruleset;
    uint8_t *manners = calloc((size_t)ruleset->point_count + 1, 1);
    if (manners == NULL) {
        return err_origin(-ENOMEM);
    }
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        manners[i] = (uint8_t)inbox_manner(&ruleset->points[i]);
    }
    int r = holding_new(manners, ruleset->point_count, inbox_life(), &inbox->holding);
    free(manners);
    return err_trace(r);
}

int inbox_new(const struct site *site, struct inbox **ret_inbox) {
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL) {
        return err_origin(-ENOMEM);
    }
    (void)pthread_mutex_init(&inbox->lock, NULL);
    inbox->site = site;
    size_t devices = (size_t)site->ruleset.device_count + 1;
    inbox->heard = calloc(devices, sizeof *inbox->heard);
    inbox->slots = calloc(devices, sizeof *inbox->slots);
    inbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int r = 0;
    if (inbox->fd < 0) {
        r = err_origin(-errno);
    } else if (inbox->heard == NULL || inbox->slots == NULL) {
        r = err_origin(-ENOMEM);
    } else {
        r = err_trace(inbox_holding(inbox));
    }
    if (r != 0) {
        (void)inbox_free(inbox);
        return r;
    }
    *ret_inbox = inbox;
    return 0;
}

struct inbox *inbox_free(struct inbox *inbox) {
    if (inbox != NULL) {
        (void)holding_free(inbox->holding);
        if (inbox->fd >= 0) {
            (void)close(inbox->fd);
        }
        free((void *)inbox->heard);
        free(inbox->slots);
        (void)pthread_mutex_destroy(&inbox->lock);
        free(inbox);
    }
    return NULL;
}

int inbox_fd(const struct inbox *inbox) {
    return inbox->fd;
}

void inbox_hush(struct inbox *inbox) {
    eventfd_t rings;
    (void)eventfd_read(inbox->fd, &rings);
    /* Before the loop looks: whatever comes after this rings again. */
    atomic_store(&inbox->rung, false);
}

uint32_t inbox_readings(struct inbox *inbox, struct wire_reading *ret, uint32_t room) {
    (void)pthread_mutex_lock(&inbox->lock);
    uint32_t count = holding_take(inbox->holding, ret, room);
    (void)pthread_mutex_unlock(&inbox->lock);
    return count;
}

void inbox_restart(struct inbox *inbox, const struct wire_reading *unsent, uint32_t count) {
    (void)pthread_mutex_lock(&inbox->lock);
    holding_restart(inbox->holding, unsent, count);
    (void)pthread_mutex_unlock(&inbox->lock);
}

void inbox_confirm(struct inbox *inbox, uint64_t token) {
    (void)pthread_mutex_lock(&inbox->lock);
    holding_confirm(inbox->holding, token);
    (void)pthread_mutex_unlock(&inbox->lock);
}

struct holding_counts inbox_counts(struct inbox *inbox) {
    (void)pthread_mutex_lock(&inbox->lock);
    struct holding_counts counts = holding_counts(inbox->holding);
    (void)pthread_mutex_unlock(&inbox->lock);
    return counts;
}

uint64_t inbox_notes_replaced(struct inbox *inbox) {
    (void)pthread_mutex_lock(&inbox->lock);
    uint64_t count = inbox->notes_replaced;
    (void)pthread_mutex_unlock(&inbox->lock);
    return count;
}

/* The first unread slot; there is one. */
static struct inbox_slot *inbox_unread(struct inbox *inbox) {
    for (uint32_t i = 0; i < inbox->site->ruleset.device_count; i++) {
        for (int kind = 0; kind < SLOT_COUNT; kind++) {
            if (inbox->slots[i][kind].unread) {
                return &inbox->slots[i][kind];
            }
        }
    }
    return NULL;
}

bool inbox_note(struct inbox *inbox, struct sensor_note *ret_note, uint64_t *ret_replaced) {
    (void)pthread_mutex_lock(&inbox->lock);
    struct inbox_slot *slot = inbox->unread > 0 ? inbox_unread(inbox) : NULL;
    if (slot != NULL) {
        slot->unread = false;
        inbox->unread--;
        *ret_note = slot->note;
        *ret_replaced = slot->replaced;
    }
    (void)pthread_mutex_unlock(&inbox->lock);
    return slot != NULL;
}

uint32_t inbox_heartbeats(struct inbox *inbox, uint32_t *ret_devices, uint32_t room) {
    uint32_t device_count = inbox->site->ruleset.device_count;
    uint32_t count = 0;
    for (uint32_t i = 0; i < device_count && count < room; i++) {
        uint32_t device = (inbox->heard_next + i) % device_count;
        if (atomic_load_explicit(&inbox->heard[device], memory_order_relaxed) != 0) {
            atomic_store_explicit(&inbox->heard[device], 0, memory_order_relaxed);
            ret_devices[count++] = device;
        }
    }
    if (count == room && count > 0) { /* there may be more: the next call begins behind the last */
        inbox->heard_next = (ret_devices[count - 1] + 1) % device_count;
    }
    return count;
}
