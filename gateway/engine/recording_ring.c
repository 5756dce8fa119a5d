/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One job at a time passes between the loop and the thread: bytes for the open segment, its end, the
 * beginning of the next. Whose each buffer is at a moment follows from `busy`, which the lock
 * guards; the lock is held for pointer moves only.
 */
#include "gateway/engine/recording_ring.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/wire.h"

/* Real time after a failure. */
#define RETRY_NS (10 * NS_PER_S)

enum {
    WRITER_STACK_BYTES = 128 * 1024,
    /* The longest input of a picture: a reading, with all its bytes. */
    PICTURE_INPUT_MAX = 64,
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
    uint64_t missing;      /* inputs that no segment took since the last one was open */
    uint64_t retry_ns;     /* real: do not begin before */
    struct recording_ring_stats stats;
    struct log_limiter drop_limiter, failure_limiter;

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
    pthread_mutex_t lock; /* guards the three below */
    pthread_cond_t changed;
    bool busy, quits;
    int error; /* positive errno of a job that failed; 0: none since the loop looked */

    /* the thread's */
    int fd;         /* -1: no segment */
    uint64_t whole; /* bytes of it that are blocks from end to end */
};

/* ---- the thread: files ---- */

static bool segment_write(struct recording_ring *ring, const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(ring->fd, at, size);
        if (written < 0 && errno == EINTR) {
            continue;
        } else if (written <= 0) {
            return false;
        }
        at += written;
        size -= (size_t)written;
    }
    return true;
}

static bool segment_block(struct recording_ring *ring, enum recording_block kind, const void *body,
                          size_t size) {
    struct recording_block_head head = recording_block_of(kind, body, size);
    if (!segment_write(ring, &head, sizeof head) || !segment_write(ring, body, size)) {
        return false;
    }
    ring->whole += sizeof head + size;
    return true;
}

/* Give the segment up after its last whole block; returns the errno that was the reason. */
static int segment_abandon(struct recording_ring *ring) {
    int error = errno;
    if (ring->fd >= 0) {
        (void)!ftruncate(ring->fd, (off_t)ring->whole); /* a reader stops there in any case */
        (void)close(ring->fd);
        ring->fd = -1;
    }
    return error;
}

/* What is in the directory. */
struct ring_listing {
    uint64_t bytes;
    uint64_t lowest, highest; /* numbers of segments; lowest is UINT64_MAX if there are none */
    char oldest[RECORDING_NAME_SIZE];
};

static uint64_t file_size(int directory, const char *name) {
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)status.st_size
                                                                       : 0;
}

/* Call `visit` for each entry. Returns false if the directory cannot be read. */
static bool directory_walk(int directory, void (*visit)(void *context, int dir, const char *name),
                           void *context) {
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    if (stream == NULL) {
        if (again >= 0) {
            (void)close(again);
        }
        return false;
    }
    for (struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        visit(context, directory, entry->d_name);
    }
    (void)closedir(stream);
    return true;
}

static void listing_visit(void *context, int directory, const char *name) {
    struct ring_listing *listing = context;
    uint64_t number, generation;
    listing->bytes += name[0] == '.' ? 0 : file_size(directory, name);
    if (!recording_name_parse(name, &number, &generation)) {
        return;
    }
    listing->highest = number > listing->highest ? number : listing->highest;
    if (number < listing->lowest) {
        listing->lowest = number;
        recording_name_format(number, generation, listing->oldest);
    }
}

static bool directory_list(int directory, struct ring_listing *ret) {
    *ret = (struct ring_listing){.lowest = UINT64_MAX};
    return directory_walk(directory, listing_visit, ret);
}

/* A site image is kept as long as a segment of its generation is. */
struct ring_image {
    char name[RECORDING_NAME_SIZE];
    bool wanted;
};

static void image_visit(void *context, int directory, const char *name) {
    struct ring_image *image = context;
    uint64_t number, generation;
    char site[RECORDING_NAME_SIZE];
    (void)directory;
    if (recording_name_parse(name, &number, &generation)) {
        recording_site_name_format(generation, site);
        image->wanted = image->wanted || strcmp(site, image->name) == 0;
    }
}

static void images_visit(void *context, int directory, const char *name) {
    const char *own = context;
    struct ring_image image = {.wanted = false};
    const char *dot = strrchr(name, '.');
    if (dot == NULL || strcmp(dot, ".site") != 0 || strcmp(name, own) == 0 ||
        strlen(name) >= sizeof image.name) {
        return;
    }
    memcpy(image.name, name, strlen(name) + 1);
    if (directory_walk(directory, image_visit, &image) && !image.wanted) {
        (void)unlinkat(directory, name, 0); /* tried again with the next segment */
    }
}

/* Make room for one more segment. Returns false, with errno, if that cannot be. */
static bool directory_prune(struct recording_ring *ring, int directory, uint64_t *ret_number) {
    struct ring_listing listing;
    struct statvfs disk;
    char own[RECORDING_NAME_SIZE];
    if (!directory_list(directory, &listing)) {
        return false;
    }
    *ret_number = listing.highest + 1;
    while (listing.bytes + ring->segment_size > ring->size && listing.lowest != UINT64_MAX) {
        if (unlinkat(directory, listing.oldest, 0) != 0 || !directory_list(directory, &listing)) {
            return false;
        }
    }
    recording_site_name_format(ring->site->header->generation, own);
    (void)directory_walk(directory, images_visit, own);
    if (fstatvfs(directory, &disk) != 0) {
        return false;
    }
    if ((uint64_t)disk.f_bavail * disk.f_frsize < RECORDING_SPARE + ring->segment_size) {
        errno = ENOSPC;
        return false;
    }
    return true;
}

/* Keep the site image beside its recordings; written whole or not at all. */
static bool image_write(struct recording_ring *ring, int directory) {
    char name[RECORDING_NAME_SIZE];
    static const char partial[] = "partial";
    recording_site_name_format(ring->site->header->generation, name);
    if (faccessat(directory, name, F_OK, 0) == 0) {
        return true;
    }
    ring->fd = openat(directory, partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = ring->fd >= 0 && segment_write(ring, ring->site->header, ring->site->size) &&
                renameat(directory, partial, directory, name) == 0;
    int error = errno;
    if (ring->fd >= 0) {
        (void)close(ring->fd);
    }
    ring->fd = -1;
    errno = error;
    return good;
}

static bool segment_open(struct recording_ring *ring, int directory) {
    char name[RECORDING_NAME_SIZE];
    if (!directory_prune(ring, directory, &ring->head.number) || !image_write(ring, directory)) {
        return false;
    }
    recording_name_format(ring->head.number, ring->head.generation, name);
    ring->fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ring->whole = 0;
    return ring->fd >= 0 && segment_block(ring, RECORDING_HEAD, &ring->head, sizeof ring->head) &&
           segment_block(ring, RECORDING_CORE, ring->core, ring->core_size) &&
           segment_block(ring, RECORDING_PICTURE, ring->picture, ring->picture_size);
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
    if (ring->fd >= 0 && job->inputs_size > 0 &&
        !segment_block(ring, RECORDING_INPUTS, ring->writing, job->inputs_size)) {
        return segment_abandon(ring);
    }
    if (ring->fd >= 0 && job->ends) {
        bool good = segment_block(ring, RECORDING_END, &job->end, sizeof job->end);
        if (!good) {
            return segment_abandon(ring);
        }
        (void)close(ring->fd);
        ring->fd = -1;
    }
    if (job->begins && !segment_begin(ring)) {
        return segment_abandon(ring);
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
    }
    (void)pthread_mutex_unlock(&ring->lock);
    return NULL;
}

/* ---- the loop ---- */

/* Does the thread have nothing to do? Takes note of what failed. */
static bool ring_is_idle(struct recording_ring *ring) {
    (void)pthread_mutex_lock(&ring->lock);
    bool idle = !ring->busy;
    int error = ring->error;
    ring->error = 0;
    (void)pthread_mutex_unlock(&ring->lock);
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
    ring->job = job;
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

static void ring_picture(struct recording_ring *ring, const struct core *core,
                         const struct recording_moment *moment) {
    struct input input;
    ring_codec_begin(ring, moment);
    ring->picture_size = 0;
    for (uint32_t i = 0; core_picture(core, i, moment->wall, &input); i++) {
        input.at = moment->at;
        size_t size = recording_encode(&ring->codec, &input, ring->picture + ring->picture_size,
                                       ring->picture_room - ring->picture_size);
        assert(size > 0);
        ring->picture_size += size;
    }
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
    ring_picture(ring, core, moment);
    ring_codec_begin(ring, moment);
    ring->open = true;
    ring->missing = 0;
    ring->segment_used = 0;
    ring->retry_ns = 0;
    ring->stats.segments++;
    ring_hand_over(ring, job);
}

void recording_ring_flush(struct recording_ring *ring, bool now) {
    bool wanted = ring->used > 0 && (now || ring->used >= RECORDING_FLUSH) && !ring_is_full(ring);
    if (wanted && ring_is_idle(ring) && ring->used > 0) {
        ring_hand_over(ring, (struct recording_job){.begins = false});
    }
}

void recording_ring_stats(struct recording_ring *ring, struct recording_ring_stats *ret_stats) {
    bool idle = ring_is_idle(ring);
    *ret_stats = ring->stats;
    ret_stats->writing = !idle;
}

/* ---- birth and death ---- */

static void ring_head(struct recording_ring *ring) {
    const struct site *site = ring->site;
    struct recording_head *head = &ring->head;
    recording_head_begin(head);
    memcpy(head->build, build_digest(), sizeof head->build);
    recording_rules_digest(site, head->rules);
    head->generation = site->header->generation;
    head->point_count = site->ruleset.point_count;
    strncpy(head->site, site_text(site, site->header->site_id), sizeof head->site - 1);
    strncpy(head->gateway, site_text(site, site->header->gateway_id), sizeof head->gateway - 1);
}

static int ring_allocate(struct recording_ring *ring) {
    const struct ruleset *ruleset = &ring->site->ruleset;
    ring->core_size = core_size(ruleset);
    ring->picture_room = (size_t)core_picture_count(ruleset) * PICTURE_INPUT_MAX;
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
    ring->fd = -1;
    (void)pthread_mutex_init(&ring->lock, NULL); /* neither of these two can fail on Linux */
    (void)pthread_cond_init(&ring->changed, NULL);
    int len = snprintf(ring->directory, sizeof ring->directory, "%s/%s",
                       site_text(site, site->header->state_directory), RECORDING_DIRECTORY);
    int r = len > 0 && (size_t)len < sizeof ring->directory ? 0 : err_origin(-ENAMETOOLONG);
    if (r == 0 && size > 0) {
        r = ring_allocate(ring);
        if (r == 0) {
            ring_head(ring);
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
