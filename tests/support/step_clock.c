/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A wall clock that a test can set, under a program that runs
 *
 *     LD_PRELOAD=libstep_clock.so STEP_CLOCK=FILE program
 *
 * FILE holds one int64_t: by how many nanoseconds the wall clock is off. It is mapped before the
 * program gives up its rights to open it. Monotonic clocks stay as they are, and so does what waits by
 * one; but with STEP_CLOCK_INSTANTS, which makes a program whose delays go by a clock that is set, so does
 * the one that instants come from. What waits until a wall time waits as with a clock that was really set:
 * until the clock shows that time.
 */
#include <assert.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t no_offset;
static const volatile int64_t *offset_ns = &no_offset;
static bool sets_instants;

__attribute__((constructor)) static void step_clock_init(void) {
    const char *path = getenv("STEP_CLOCK");
    sets_instants = getenv("STEP_CLOCK_INSTANTS") != NULL;
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset_ns, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (map != MAP_FAILED) {
        offset_ns = map;
    }
}

static void shift(struct timespec *time, int64_t by_ns) {
    const int64_t second = 1000000000;
    int64_t ns = time->tv_nsec + by_ns % second;
    time->tv_sec += by_ns / second + (ns >= second) - (ns < 0);
    time->tv_nsec = ns >= second ? ns - second : ns < 0 ? ns + second : ns;
}

static int real_time(clockid_t clock, struct timespec *ret) {
    static int (*real)(clockid_t clock, struct timespec * ret);
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    }
    return real(clock, ret);
}

int clock_gettime(clockid_t clock, struct timespec *ret) {
    int r = real_time(clock, ret);
    bool is_set = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
                  (clock == CLOCK_BOOTTIME && sets_instants);
    if (r == 0 && is_set) {
        shift(ret, *offset_ns);
    }
    return r;
}

int gettimeofday(struct timeval *ret, void *zone) {
    struct timespec now;
    (void)zone;
    int r = clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return r;
}

time_t time(time_t *ret) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL) {
        *ret = now.tv_sec;
    }
    return now.tv_sec;
}

/* Conditions of old programs are other ones under the same names, and the default is one of those. */
static void *condition_symbol(const char *name) {
    void *newest = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
    return newest != NULL ? newest : dlsym(RTLD_NEXT, name);
}

/* The conditions whose clock is the monotonic one; a free place is NULL. */
enum { MONOTONIC_MAX = 64 };
static _Atomic(pthread_cond_t *) monotonic[MONOTONIC_MAX];

/* Put `with` in the place of `old`; false when there is no such place. */
static bool monotonic_exchange(pthread_cond_t *old, pthread_cond_t *with) {
    for (int i = 0; i < MONOTONIC_MAX; i++) {
        pthread_cond_t *expected = old;
        if (atomic_compare_exchange_strong(&monotonic[i], &expected, with)) {
            return true;
        }
    }
    return false;
}

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes) {
    static int (*real)(pthread_cond_t * condition, const pthread_condattr_t *attributes);
    clockid_t clock = CLOCK_REALTIME;
    if (real == NULL) {
        *(void **)&real = condition_symbol("pthread_cond_init");
    }
    if (attributes != NULL) {
        (void)pthread_condattr_getclock(attributes, &clock);
    }
    (void)monotonic_exchange(condition, NULL);
    if (clock == CLOCK_MONOTONIC) {
        bool room = monotonic_exchange(NULL, condition);
        assert(room);
    }
    return real(condition, attributes);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                           const struct timespec *until) {
    static int (*real)(pthread_cond_t * condition, pthread_mutex_t * mutex,
                       const struct timespec *until);
    struct timespec moved = *until;
    if (real == NULL) {
        *(void **)&real = condition_symbol("pthread_cond_timedwait");
    }
    if (!monotonic_exchange(condition, condition)) {
        shift(&moved, -*offset_ns);
    }
    return real(condition, mutex, &moved);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    static int (*real)(sem_t * semaphore, const struct timespec *until);
    struct timespec moved = *until;
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "sem_timedwait");
    }
    shift(&moved, -*offset_ns);
    return real(semaphore, &moved);
}
