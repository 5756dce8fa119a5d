/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One job at a time passes between the loop and the thread: bytes for the open segment, its end, the
 * beginning of the next. Whose each buffer is at a moment follows from `busy`, which the lock
 * guards; the lock is held for pointer moves only.
 */
#include "gateway/engine/recording_ring.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/engine/recording_directory.h"
#include "gateway/engine/recording_segment.h"
#include "gateway/log.h"

/* Real time after a failure. */
#define RETRY_NS (10 * NS_PER_S)
/* Real time after which a job is not slow any more: the disk hangs. */
#define HANG_NS (10 * NS_PER_S)

enum {
    WRITER_STACK_BYTES = 128 * 1024,
    PATH_SIZE = PATH_MAX,
};

/* What the thread is to do, in this order. */
struct recording_job {
    size_t inputs_size; /* of `writing` */
    bool ends, begins;
    struct recording_end end;
};

struct recording_ring {
    const struct site *site;
    uint64_t size, segment_size;
    uint64_t inputs_size; /* of a segment: with more it is full */
    char directory[PATH_SIZE];

    /* the loop's */
    struct recording_codec codec;
    struct recording_point *points;
    unsigned char *filling;
    size_t used;
    uint64_t segment_used; /* bytes of inputs since it began */
    bool open;             /* a segment takes inputs */
    bool owed;             /* what has gathered is to be written as soon as the thread can */
    uint64_t missing;      /* inputs that no segment took since the last one was open */
    uint64_t retry_ns;     /* real: do not begin before */
    uint64_t given_ns;     /* real: when the thread was given its job */
    struct recording_ring_stats stats;
    struct log_limiter drop_limiter, failure_limiter, hang_limiter;

    /* the thread's while it is busy, else the loop's */
    unsigned char *writing;
    struct recording_head head;
    unsigned char *core;
    size_t core_size;
    unsigned char *picture;
    size_t picture_size, picture_room;
    struct recording_job job;

    pthread_t thread;
    bool runs;
    int done;             /* an eventfd: the thread has finished a job; -1 while the ring is off */
    pthread_mutex_t lock; /* guards the three below */
    pthread_cond_t changed;
    bool busy, quits;
    int error; /* positive errno of a job that failed; 0: none since the loop looked */

    /* the thread's */
    struct recording_segment segment;
};

/* ---- the thread: files ---- */

static bool segment_open(struct recording_ring *ring, int directory) {
    char name[RECORDING_NAME_SIZE];
    const struct recording_room room = {.size = ring->size,
                                        .segment_size = ring->segment_size,
                                        .generation = ring->site->header->generation};
    if (!recording_directory_prune(directory, &room, &ring->head.number) ||
        !recording_image_write(directory, ring->site)) {
        return false;
    }
    recording_name_format(ring->head.number, ring->head.generation, name);
    return recording_segment_open(&ring->segment, directory, name) &&
           recording_segment_block(&ring->segment, RECORDING_HEAD, &ring->head,
                                   sizeof ring->head) &&
           recording_segment_block(&ring->segment, RECORDING_CORE, ring->core, ring->core_size) &&
           recording_segment_block(&ring->segment, RECORDING_PICTURE, ring->picture,
                                   ring->picture_size);
}

static bool segment_begin(struct recording_ring *ring) {
    if (mkdir(ring->directory, 0700) != 0 && errno != EEXIST) {
        return false;
    }
    int directory = open(ring->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return false;
    }
    bool good = segment_open(ring, directory);
    int error = errno;
    (void)close(directory);
    errno = error;
    return good;
}

/* Returns 0, or a positive errno after giving the segment up. */
static int ring_work(struct recording_ring *ring) {
    const struct recording_job *job = &ring->job;
    struct recording_segment *segment = &ring->segment;
    bool open = recording_segment_is_open(segment);
    if (open && job->inputs_size > 0 &&
        !recording_segment_block(segment, RECORDING_INPUTS, ring->writing, job->inputs_size)) {
        return recording_segment_abandon(segment);
    }
    if (open && job->ends && !recording_segment_end(segment, &job->end)) {
        return recording_segment_abandon(segment);
    }
    if (job->begins && !segment_begin(ring)) {
        return recording_segment_abandon(segment);
    }
    return 0;
}

static void *ring_run(void *context) {
    struct recording_ring *ring = context;
    (void)pthread_setname_np(pthread_self(), "recording");
    (void)pthread_mutex_lock(&ring->lock);
    while (ring->busy || !ring->quits) {
        if (!ring->busy) {
            (void)pthread_cond_wait(&ring->changed, &ring->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&ring->lock);
        int error = ring_work(ring);
        (void)pthread_mutex_lock(&ring->lock);
        ring->error = error != 0 ? error : ring->error;
        ring->busy = false;
        (void)pthread_cond_broadcast(&ring->changed);
        (void)eventfd_write(ring->done, 1);
    }
    (void)pthread_mutex_unlock(&ring->lock);
    return NULL;
}

/* ---- the loop ---- */

/* The thread is at work: has the disk kept it for so long that it hangs? */
static void ring_tell_hang(struct recording_ring *ring) {
    uint64_t kept_back;
    char quoted[512];
    uint64_t waited_ns = clock_real_ns() - ring->given_ns;
    if (waited_ns >= HANG_NS && log_permit(&ring->hang_limiter, &kept_back)) {
        log_line(LOG_WARNING, "recording_hangs",
                 "directory=%s waited_s=%" PRIu64
                 " effect=\"the disk does not answer: what the sensors say now cannot be replayed "
                 "later; alarms are not affected\" advice=\"look at the disk of this directory "
                 "(dmesg)\"",
                 log_quote(ring->directory, quoted, sizeof quoted),
                 (uint64_t)(waited_ns / NS_PER_S));
    }
}

/* Does the thread have nothing to do? Takes note of what failed. */
static bool ring_is_idle(struct recording_ring *ring) {
    (void)pthread_mutex_lock(&ring->lock);
    bool idle = !ring->busy;
    int error = ring->error;
    ring->error = 0;
    (void)pthread_mutex_unlock(&ring->lock);
    if (!idle) {
        ring_tell_hang(ring);
    }
    if (error == 0) {
        return idle;
    }
    uint64_t kept_back;
    char text[256];
    ring->stats.failures++;
    ring->open = false;
    ring->used = 0;
    ring->retry_ns = clock_real_ns() + RETRY_NS;
    if (log_permit(&ring->failure_limiter, &kept_back)) {
        log_line(LOG_WARNING, "recording_failed",
                 "directory=%s reason=%s failures=%" PRIu64
                 " effect=\"what the sensors say now cannot be replayed later; alarms are not "
                 "affected; it is tried again every 10 s\"",
                 ring->directory, log_quote(strerror(error), text, sizeof text),
                 ring->stats.failures);
    }
    return idle;
}

/* Give the thread its job, with all inputs that have gathered. It is idle. */
static void ring_hand_over(struct recording_ring *ring, struct recording_job job) {
    unsigned char *filled = ring->filling;
    ring->filling = ring->writing;
    ring->writing = filled;
    job.inputs_size = ring->used;
    ring->segment_used += sizeof(struct recording_block_head);
    ring->used = 0;
    ring->owed = false;
    ring->job = job;
    ring->given_ns = clock_real_ns();
    (void)pthread_mutex_lock(&ring->lock);
    ring->busy = true;
    (void)pthread_cond_broadcast(&ring->changed);
    (void)pthread_mutex_unlock(&ring->lock);
}

static void ring_miss(struct recording_ring *ring) {
    uint64_t kept_back;
    ring->open = false;
    ring->missing++;
    ring->stats.dropped++;
    if (log_permit(&ring->drop_limiter, &kept_back)) {
        log_line(LOG_WARNING, "recording_dropped",
                 "dropped=%" PRIu64
                 " effect=\"the disk is too slow: these inputs cannot be replayed, the next "
                 "recording begins anew; alarms are not affected\"",
                 ring->stats.dropped);
    }
}

void recording_ring_add(struct recording_ring *ring, const struct input *input) {
    if (ring->size == 0) {
        return;
    }
    size_t size = 0;
    if (ring->open) {
        size = recording_encode(&ring->codec, input, ring->filling + ring->used,
                                RECORDING_INPUTS_MAX - ring->used);
        if (size == 0) {
            ring_miss(ring);
            return;
        }
        ring->used += size;
        ring->segment_used += size;
        ring->stats.inputs++;
    } else if (ring->stats.segments > 0) {
        ring->missing++;
        ring->stats.dropped++;
    }
}

/* What a full segment has left goes with the beginning of the next one, which needs the thread. */
static bool ring_is_full(const struct recording_ring *ring) {
    return ring->segment_used >= ring->inputs_size;
}

bool recording_ring_is_due(struct recording_ring *ring) {
    return ring->size > 0 && (!ring->open || ring_is_full(ring)) &&
           (ring->retry_ns == 0 || clock_real_ns() >= ring->retry_ns) && ring_is_idle(ring) &&
           (ring->retry_ns == 0 || clock_real_ns() >= ring->retry_ns);
}

static void ring_codec_begin(struct recording_ring *ring, const struct recording_moment *moment) {
    uint32_t count = ring->site->ruleset.point_count;
    memset(ring->points, 0, count * sizeof *ring->points);
    recording_init(&ring->codec, moment->at, moment->wall, ring->points, count);
}

void recording_ring_begin(struct recording_ring *ring, const struct core *core,
                          const struct recording_moment *moment) {
    struct recording_job job = {.begins = true, .ends = true};
    struct recording_head *head = &ring->head;
    job.end.reason = ring->missing > 0 ? RECORDING_ENDS_DROPPED : RECORDING_ENDS_FULL;
    job.end.dropped = ring->missing;
    head->follows = ring->open ? 1 : 0;
    head->rate = moment->rate;
    head->next_seq = moment->next_seq;
    head->at_ns = moment->at.ns;
    head->wall_ns = moment->wall.ns;
    memset(head->boot, 0, sizeof head->boot);
    strncpy(head->boot, moment->boot, sizeof head->boot - 1);
    core_snapshot(core, ring->core);
    ring_codec_begin(ring, moment);
    ring->picture_size = recording_picture_encode(core, moment->wall, &ring->codec, ring->picture,
                                                  ring->picture_room);
    ring_codec_begin(ring, moment);
    ring->open = true;
    ring->missing = 0;
    ring->segment_used = 0;
    ring->retry_ns = 0;
    ring->stats.segments++;
    ring_hand_over(ring, job);
}

void recording_ring_flush(struct recording_ring *ring, bool now) {
    ring->owed = ring->owed || now || ring->used >= RECORDING_FLUSH;
    bool wanted = ring->owed && ring->used > 0 && !ring_is_full(ring);
    if (wanted && ring_is_idle(ring) && ring->used > 0) {
        ring_hand_over(ring, (struct recording_job){.begins = false});
    }
    ring->owed = ring->owed && ring->used > 0;
}

int recording_ring_fd(const struct recording_ring *ring) {
    return ring->done;
}

void recording_ring_written(struct recording_ring *ring) {
    eventfd_t jobs;
    (void)eventfd_read(ring->done, &jobs);
    recording_ring_flush(ring, false);
}

void recording_ring_stats(struct recording_ring *ring, struct recording_ring_stats *ret_stats) {
    bool idle = ring_is_idle(ring);
    *ret_stats = ring->stats;
    ret_stats->writing = !idle;
}

/* ---- birth and death ---- */

static int ring_allocate(struct recording_ring *ring) {
    const struct ruleset *ruleset = &ring->site->ruleset;
    ring->core_size = core_size(ruleset);
    ring->picture_room = recording_picture_room(ruleset);
    ring->points = calloc((size_t)ruleset->point_count + 1, sizeof *ring->points);
    ring->filling = malloc(RECORDING_INPUTS_MAX);
    ring->writing = malloc(RECORDING_INPUTS_MAX);
    ring->core = malloc(ring->core_size);
    ring->picture = malloc(ring->picture_room);
    return ring->points != NULL && ring->filling != NULL && ring->writing != NULL &&
                   ring->core != NULL && ring->picture != NULL
               ? 0
               : err_origin(-ENOMEM);
}

/*
 * A segment is worth its snapshot only if it holds as much again, and a ring two of those. It is
 * full when one more buffer might not fit.
 */
static void ring_divide(struct recording_ring *ring) {
    uint64_t opening = sizeof ring->head + ring->core_size + ring->picture_room;
    uint64_t share = ring->size / RECORDING_SEGMENTS;
    uint64_t least = 2 * (opening + RECORDING_INPUTS_MAX);
    ring->segment_size = share > least ? share : least;
    ring->inputs_size = ring->segment_size - opening - RECORDING_INPUTS_MAX;
    uint64_t wanted = ring->site->size + 2 * ring->segment_size;
    if (ring->size > 0 && wanted > ring->size) {
        log_line(LOG_WARNING, "recording_off",
                 "wanted_bytes=%" PRIu64
                 " effect=\"gateway.recordings is too small for this site: nothing can be "
                 "replayed\"",
                 wanted);
        ring->size = 0;
    }
}

static int ring_start(struct recording_ring *ring) {
    pthread_attr_t attributes;
    ring->done = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (ring->done < 0) {
        return err_origin(-errno);
    }
    if (pthread_attr_init(&attributes) != 0) {
        return err_origin(-ENOMEM);
    }
    int r = pthread_attr_setstacksize(&attributes, WRITER_STACK_BYTES);
    if (r == 0) {
        r = pthread_create(&ring->thread, &attributes, ring_run, ring);
    }
    (void)pthread_attr_destroy(&attributes);
    ring->runs = r == 0;
    return r == 0 ? 0 : err_origin(-r);
}

int recording_ring_new(const struct site *site, uint64_t size, struct recording_ring **ret_ring) {
    struct recording_ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL) {
        return err_origin(-ENOMEM);
    }
    ring->site = site;
    ring->size = size;
    ring->segment = RECORDING_SEGMENT_NULL;
    ring->done = -1;
    (void)pthread_mutex_init(&ring->lock, NULL); /* neither of these two can fail on Linux */
    (void)pthread_cond_init(&ring->changed, NULL);
    int len = snprintf(ring->directory, sizeof ring->directory, "%s/%s",
                       site_text(site, site->header->state_directory), RECORDING_DIRECTORY);
    int r = len > 0 && (size_t)len < sizeof ring->directory ? 0 : err_origin(-ENAMETOOLONG);
    if (r == 0 && size > 0) {
        r = ring_allocate(ring);
        if (r == 0) {
            recording_head_of(ring->site, &ring->head);
            ring_divide(ring);
            r = ring_start(ring);
        }
    }
    if (r != 0) {
        (void)recording_ring_free(ring);
        return err_trace(r);
    }
    *ret_ring = ring;
    return 0;
}

/* Wait for the thread, give it what is left, and wait again. */
static void ring_stop(struct recording_ring *ring) {
    (void)pthread_mutex_lock(&ring->lock);
    while (ring->busy) {
        (void)pthread_cond_wait(&ring->changed, &ring->lock);
    }
    (void)pthread_mutex_unlock(&ring->lock);
    struct recording_job job = {.ends = true};
    job.end.reason = ring->missing > 0 ? RECORDING_ENDS_DROPPED : RECORDING_ENDS_STOPPED;
    job.end.dropped = ring->missing;
    ring_hand_over(ring, job);
    (void)pthread_mutex_lock(&ring->lock);
    ring->quits = true;
    (void)pthread_cond_broadcast(&ring->changed);
    (void)pthread_mutex_unlock(&ring->lock);
    (void)pthread_join(ring->thread, NULL);
}

struct recording_ring *recording_ring_free(struct recording_ring *ring) {
    if (ring == NULL) {
        return NULL;
    }
    if (ring->runs) {
        ring_stop(ring);
    }
    if (ring->done >= 0) {
        (void)close(ring->done);
    }
    (void)pthread_cond_destroy(&ring->changed);
    (void)pthread_mutex_destroy(&ring->lock);
    free(ring->picture);
    free(ring->core);
    free(ring->writing);
    free(ring->filling);
    free(ring->points);
    free(ring);
    return NULL;
}
