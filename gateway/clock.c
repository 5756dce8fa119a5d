/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/clock.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Set once by clock_init(), before any thread starts. */
static struct clock_origin origin;

static uint64_t clock_read_ns(clockid_t clock) {
    struct timespec now;
    int r = clock_gettime(clock, &now);
    assert(r == 0); /* both clocks exist on every Linux that runs us */
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void clock_init(const struct clock_origin *new_origin) {
    assert(new_origin->boottime_ns == 0 || new_origin->rate >= 1);
    origin = *new_origin;
}

uint64_t clock_real_ns(void) {
    return clock_read_ns(CLOCK_BOOTTIME);
}

struct timespec clock_real_after(uint64_t span_ns) {
    uint64_t ns = clock_read_ns(CLOCK_MONOTONIC) + span_ns;
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

uint32_t clock_rate(void) {
    return origin.boottime_ns == 0 ? 1 : origin.rate;
}

struct instant clock_instant(void) {
    uint64_t now_ns = clock_real_ns();
    if (origin.boottime_ns == 0) {
        return (struct instant){now_ns};
    }
    return (struct instant){origin.boottime_ns + (now_ns - origin.boottime_ns) * origin.rate};
}

struct wall clock_wall(void) {
    if (origin.boottime_ns == 0) {
        return (struct wall){(int64_t)clock_read_ns(CLOCK_REALTIME)};
    }
    return (struct wall){origin.wall_ns +
                         (int64_t)((clock_real_ns() - origin.boottime_ns) * origin.rate)};
}

/* When a file was written; 0 when there is none. */
static int64_t clock_stamp_ns(const char *path) {
    struct stat file;
    return stat(path, &file) != 0
               ? 0
               : (int64_t)file.st_mtim.tv_sec * (int64_t)NS_PER_S + file.st_mtim.tv_nsec;
}

struct wall clock_floor(void) {
    if (origin.boottime_ns != 0) {
        return (struct wall){0};
    }
    int64_t own_ns = clock_stamp_ns("/proc/self/exe");
    int64_t system_ns = clock_stamp_ns("/usr/lib/clock-epoch");
    return (struct wall){own_ns > system_ns ? own_ns : system_ns};
}

/* Room for the kernel's name of a boot, a UUID. */
enum { BOOT_ID_SIZE = 40 };

/* What the kernel calls this boot; "" if it does not say. */
static void clock_read_boot(char ret[BOOT_ID_SIZE]) {
    int fd = open(CLOCK_BOOT_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, ret, BOOT_ID_SIZE - 1);
    ret[size > 0 ? size : 0] = '\0';
    if (fd >= 0) {
        (void)close(fd);
    }
}

bool clock_boot_is_known(void) {
    char boot[BOOT_ID_SIZE];
    clock_read_boot(boot);
    return boot[0] != '\0';
}

uint64_t clock_timeline(void) {
    char boot[BOOT_ID_SIZE];
    uint64_t digest = 0xcbf29ce484222325u; /* FNV-1a */
    clock_read_boot(boot);
    for (const char *at = boot; *at != '\0'; at++) {
        digest = (digest ^ (unsigned char)*at) * 0x100000001b3u;
    }
    if (boot[0] == '\0') {
        digest ^= clock_real_ns(); /* nobody knows: no other is like it */
    } else if (clock_rate() > 1) {
        digest ^= origin.boottime_ns;
    }
    return digest != 0 ? digest : 1;
}

uint64_t clock_real_span_ns(uint64_t span_ns) {
    uint32_t rate = clock_rate();
    return span_ns / rate + (span_ns % rate != 0);
}

bool clock_wall_of(int64_t second, int64_t rest_ns, struct wall *ret_wall) {
    struct wall wall;
    if (__builtin_mul_overflow(second, (int64_t)NS_PER_S, &wall.ns) ||
        __builtin_add_overflow(wall.ns, rest_ns, &wall.ns)) {
        return false;
    }
    *ret_wall = wall;
    return true;
}

void clock_format(struct wall wall, char ret[CLOCK_TEXT_SIZE]) {
    int64_t second = wall.ns / (int64_t)NS_PER_S;
    int64_t rest_ns = wall.ns % (int64_t)NS_PER_S;
    if (rest_ns < 0) {
        second--;
        rest_ns += (int64_t)NS_PER_S;
    }
    time_t at = (time_t)second;
    struct tm utc = {0};
    (void)gmtime_r(&at, &utc); /* fails only beyond the year 2^31, and leaves a year 1900 then */
    size_t used = strftime(ret, CLOCK_TEXT_SIZE - 6, "%Y-%m-%dT%H:%M:%S", &utc);
    unsigned ms = (unsigned)(rest_ns / (int64_t)NS_PER_MS);
    ret[used++] = '.';
    ret[used++] = (char)('0' + ms / 100);
    ret[used++] = (char)('0' + ms / 10 % 10);
    ret[used++] = (char)('0' + ms % 10);
    ret[used++] = 'Z';
    ret[used] = '\0';
}

/* Read exactly `digits` digits at `*text` and move past them; -1 if there are fewer. */
static int clock_digits(const char **text, int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++) {
        char digit = (*text)[i];
        if (digit < '0' || digit > '9') {
            return -1;
        }
        value = value * 10 + (digit - '0');
    }
    *text += digits;
    return value;
}

static bool clock_literal(const char **text, char wanted) {
    if (**text != wanted) {
        return false;
    }
    (*text)++;
    return true;
}

/* Read ".5" or nothing, as nanoseconds; -1 if a dot has no digit after it. */
static int64_t clock_fraction_ns(const char **text) {
    if (!clock_literal(text, '.')) {
        return 0;
    }
    int64_t weight = (int64_t)NS_PER_S / 10;
    int64_t fraction = 0;
    const char *begin = *text;
    while (**text >= '0' && **text <= '9') {
        fraction += weight * (**text - '0');
        weight /= 10;
        (*text)++;
    }
    return *text == begin ? -1 : fraction;
}

/* Read "Z" or "+08:00", as seconds east of UTC. */
static bool clock_zone(const char **text, int64_t *ret_east_s) {
    if (clock_literal(text, 'Z')) {
        *ret_east_s = 0;
        return true;
    }
    int64_t sign = clock_literal(text, '+') ? 1 : clock_literal(text, '-') ? -1 : 0;
    int hour = sign == 0 ? -1 : clock_digits(text, 2);
    int minute = hour >= 0 && clock_literal(text, ':') ? clock_digits(text, 2) : -1;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return false;
    }
    *ret_east_s = sign * (hour * 3600 + minute * 60);
    return true;
}

/* Parse a time at the start of `*text` and move past it. */
static int clock_scan(const char **text, struct wall *ret_wall) {
    struct tm utc = {0};
    int year = clock_digits(text, 4);
    int month = year >= 0 && clock_literal(text, '-') ? clock_digits(text, 2) : -1;
    int day = month >= 1 && clock_literal(text, '-') ? clock_digits(text, 2) : -1;
    int hour = day >= 1 && clock_literal(text, 'T') ? clock_digits(text, 2) : -1;
    int minute = hour >= 0 && clock_literal(text, ':') ? clock_digits(text, 2) : -1;
    int second = minute >= 0 && clock_literal(text, ':') ? clock_digits(text, 2) : -1;
    if (second < 0 || year < 1970 || month > 12 || hour > 23 || minute > 59 || second > 60) {
        return CLOCK_E_FORMAT;
    }
    int64_t fraction_ns = clock_fraction_ns(text);
    int64_t east_s = 0;
    if (fraction_ns < 0 || !clock_zone(text, &east_s)) {
        return CLOCK_E_FORMAT;
    }
    utc.tm_year = year - 1900;
    utc.tm_mon = month - 1;
    utc.tm_mday = day;
    utc.tm_hour = hour;
    utc.tm_min = minute;
    utc.tm_sec = second;
    time_t at = timegm(&utc);
    if (utc.tm_mday != day) { /* timegm() turned 30 February into March */
        return CLOCK_E_FORMAT;
    }
    return clock_wall_of((int64_t)at - east_s, fraction_ns, ret_wall) ? 0 : CLOCK_E_FORMAT;
}

int clock_parse_wall(const char *text, struct wall *ret_wall) {
    struct wall wall;
    if (clock_scan(&text, &wall) != 0 || *text != '\0') {
        return CLOCK_E_FORMAT;
    }
    *ret_wall = wall;
    return 0;
}

int clock_parse(const char *text, struct clock_origin *ret_origin) {
    struct wall start;
    if (clock_scan(&text, &start) != 0 || !clock_literal(&text, '@')) {
        return CLOCK_E_FORMAT;
    }
    uint32_t rate = 0;
    const char *begin = text;
    while (*text >= '0' && *text <= '9' && rate <= CLOCK_RATE_MAX) {
        rate = rate * 10 + (uint32_t)(*text++ - '0');
    }
    if (*text != '\0' || text == begin || rate < 1 || rate > CLOCK_RATE_MAX) {
        return CLOCK_E_FORMAT;
    }
    *ret_origin = (struct clock_origin){
        .boottime_ns = clock_real_ns(),
        .wall_ns = start.ns,
        .rate = rate,
    };
    return 0;
}
