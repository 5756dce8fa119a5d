/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"

enum {
    LINE_SIZE = 1024,
    QUOTED_SIZE = 512,
};

#define LIMITER_PERIOD_NS (60 * NS_PER_S)

/* Set once by log_init(), before any thread starts. */
static const char *log_process = "tocsin";

/* Lines that whoever reads the log had no room for, since the last one that was written. */
static atomic_uint_fast64_t log_lost;

void log_init(const char *process) {
    log_process = process;
}

void log_never_wait(void) {
    struct stat status;
    if (fstat(STDERR_FILENO, &status) != 0) {
        return;
    }
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
        /* A description of our own: the one that we have is also the shell's. */
        int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0) {
            (void)dup2(fd, STDERR_FILENO);
            (void)close(fd);
        }
    } else if (S_ISSOCK(status.st_mode)) {
        int flags = fcntl(STDERR_FILENO, F_GETFL);
        if (flags >= 0) {
            (void)fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
        }
    }
}

/* Write a line whole, if there is room for it. A log that fails has nowhere to say so; the work goes on. */
static bool log_write(const char *line, size_t size) {
    ssize_t written = write(STDERR_FILENO, line, size);
    return written >= 0 || errno != EAGAIN;
}

/* Begin a line; returns how long it is. */
static size_t log_begin(char line[LINE_SIZE], enum log_level level, const char *event) {
    int head =
        snprintf(line, LINE_SIZE, "<%d>process=%s event=%s ", (int)level, log_process, event);
    size_t used = head < 0 ? 0 : (size_t)head;
    return used > LINE_SIZE - 2 ? LINE_SIZE - 2 : used;
}

__attribute__((format(printf, 3, 0))) static void log_end(char line[LINE_SIZE], size_t used,
                                                          const char *fields, va_list arguments) {
    int tail = vsnprintf(line + used, LINE_SIZE - 1 - used, fields, arguments);
    if (tail > 0) {
        used += (size_t)tail < LINE_SIZE - 1 - used ? (size_t)tail : LINE_SIZE - 2 - used;
    }
    line[used++] = '\n';
    if (!log_write(line, used)) {
        atomic_fetch_add(&log_lost, 1);
    }
}

/* Say how many lines are missing here. What cannot be said now is said before the next line. */
static void log_tell_lost(void) {
    uint64_t lost = atomic_exchange(&log_lost, 0);
    if (lost == 0) {
        return;
    }
    char line[LINE_SIZE];
    size_t used = log_begin(line, LOG_WARNING, "log_lines_lost");
    int tail =
        snprintf(line + used, LINE_SIZE - used,
                 "count=%" PRIu64 " effect=\"whoever reads the log stood still; all rooms were "
                 "watched meanwhile\"\n",
                 lost);
    if (tail < 0 || !log_write(line, used + (size_t)tail)) {
        atomic_fetch_add(&log_lost, lost);
    }
}

void log_line(enum log_level level, const char *event, const char *fields, ...) {
    char line[LINE_SIZE];
    va_list arguments;
    log_tell_lost();
    va_start(arguments, fields);
    log_end(line, log_begin(line, level, event), fields, arguments);
    va_end(arguments);
}

void log_failure(const char *event, int r, const char *effect) {
    char quoted[QUOTED_SIZE];
    log_line(LOG_ERROR, event, "error=\"%s\" path=%s effect=\"%s\"", strerror(r < 0 ? -r : r),
             log_quote(err_path(), quoted, sizeof quoted), effect);
}

/* Bytes of the UTF-8 character that begins with `byte`; 1 for anything that begins none. */
static unsigned log_character_size(unsigned char byte) {
    return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
}

const char *log_quote(const char *text, char *ret, unsigned size) {
    unsigned used = 0;
    ret[used++] = '"';
    while (*text != '\0') {
        unsigned char byte = (unsigned char)*text;
        bool escaped = byte == '"' || byte == '\\';
        unsigned width = log_character_size(byte);
        /* Room for the character, its escape, the closing quote and the NUL. */
        if (used + width + (escaped ? 1 : 0) + 2 > size) {
            break;
        }
        if (escaped) {
            ret[used++] = '\\';
        }
        for (unsigned i = 0; i < width && *text != '\0'; i++, text++) {
            bool control = (unsigned char)*text < 0x20 || *text == 0x7f;
            ret[used++] = control ? ' ' : *text;
        }
    }
    ret[used++] = '"';
    ret[used] = '\0';
    return ret;
}

int log_permit(struct log_limiter *limiter, uint64_t *ret_kept_back) {
    uint64_t now_ns = clock_real_ns();
    if (now_ns < limiter->next_ns) {
        limiter->kept_back++;
        return 0;
    }
    *ret_kept_back = limiter->kept_back;
    limiter->kept_back = 0;
    limiter->next_ns = now_ns + LIMITER_PERIOD_NS;
    return 1;
}

static uint64_t log_digest(const char *text) {
    uint64_t digest = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (; *text != '\0'; text++) {
        digest = (digest ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return digest;
}

int log_permit_reason(struct log_reasons *reasons, const char *reason, uint64_t *ret_kept_back) {
    const uint64_t now_ns = clock_real_ns();
    const uint64_t digest = log_digest(reason);
    int place = 0;
    for (int i = 0; i < LOG_REASONS_MAX; i++) {
        if (reasons->list[i].next_ns > 0 && reasons->list[i].digest == digest) {
            place = i;
            break;
        } else if (reasons->list[i].next_ns < reasons->list[place].next_ns) {
            place = i;
        }
    }
    if (now_ns < reasons->list[place].next_ns) {
        reasons->kept_back++;
        return 0;
    }
    *ret_kept_back = reasons->kept_back;
    reasons->kept_back = 0;
    reasons->list[place].digest = digest;
    reasons->list[place].next_ns = now_ns + LIMITER_PERIOD_NS;
    return 1;
}
