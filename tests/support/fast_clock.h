/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAST_CLOCK_H
#define TESTS_SUPPORT_FAST_CLOCK_H

/*
 * A real clock that runs sixty-four times as fast
 *
 * For programs that wait for retries thousands of times. In one file of a program that is linked
 * with -Wl,--wrap=clock_real_ns,--wrap=pthread_cond_timedwait.
 */

#include <pthread.h>
#include <stdint.h>
#include <time.h>

enum { FAST_CLOCK_RATE = 64 };

uint64_t __real_clock_real_ns(void);
uint64_t __wrap_clock_real_ns(void);
int __real_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *until);

uint64_t __wrap_clock_real_ns(void) {
    return __real_clock_real_ns() * FAST_CLOCK_RATE;
}

/* The condition is on CLOCK_MONOTONIC; the span from now to `until` is shortened. */
int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                  const struct timespec *until) {
    const int64_t second_ns = 1000000000;
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t span_ns = (until->tv_sec - at.tv_sec) * second_ns + (until->tv_nsec - at.tv_nsec);
    int64_t end_ns = at.tv_nsec + (span_ns > 0 ? span_ns / FAST_CLOCK_RATE : 0);
    at.tv_sec += end_ns / second_ns;
    at.tv_nsec = end_ns % second_ns;
    return __real_pthread_cond_timedwait(condition, mutex, &at);
}

#endif
