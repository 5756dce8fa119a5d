/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/clock.h"

enum {
    LINE_SIZE = 1024,
    QUOTED_SIZE = 512,
};

#define LIMITER_PERIOD_NS (60 * NS_PER_S)

/* Set once by log_init(), before any thread starts. */
static const char *log_process = "tocsin";

void log_init(const char *process) {
    log_process = process;
}

void log_line(enum log_level level, const char *event, const char *fields, ...) {
    char line[LINE_SIZE];
    int head =
        snprintf(line, sizeof line, "<%d>process=%s event=%s ", (int)level, log_process, event);
    size_t used = head < 0 ? 0 : (size_t)head;
    if (used > sizeof line - 2) {
        used = sizeof line - 2;
    }
    va_list arguments;
    va_start(arguments, fields);
    int tail = vsnprintf(line + used, sizeof line - 1 - used, fields, arguments);
    va_end(arguments);
    if (tail > 0) {
        used += (size_t)tail < sizeof line - 1 - used ? (size_t)tail : sizeof line - 2 - used;
    }
    line[used++] = '\n';
    /* A log that cannot be written has nowhere to say so; the work goes on. */
    (void)!write(STDERR_FILENO, line, used);
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
