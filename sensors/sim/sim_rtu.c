/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_rtu.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

#include <event2/event.h>

#include "sensors/sim/sim_outbox.h"

enum { RTU_BUFFER_SIZE = 2 * SIM_FRAME_MAX, TERMINAL_NAME_SIZE = 64 };

struct sim_rtu {
    struct sim_units units;
    char *path;
    bool linked;
    char terminal[TERMINAL_NAME_SIZE]; /* "/dev/pts/7" */
    int ours;                          /* the end that answers */
    int theirs; /* kept open, so that the line survives a gateway that closes it */
    struct event *readable;
    struct event *silence;
    struct timeval silence_min;
    struct sim_outbox outbox;
    bool skipping; /* noise was seen; nothing counts until the line is silent */
    size_t size;
    uint8_t buffer[RTU_BUFFER_SIZE];
};

static void rtu_answer(struct sim_rtu *rtu, const struct sim_request *request) {
    struct sim_reply reply;
    sim_units_answer(&rtu->units, SIM_FRAMING_RTU, request, &reply);
    if (reply.size > 0) {
        sim_outbox_send(&rtu->outbox, &reply);
    }
}

/* Answer the requests at the start of the buffer; what is left may become one. */
static void rtu_serve(struct sim_rtu *rtu, bool silence) {
    while (rtu->size > 0 && !rtu->skipping) {
        struct sim_request request;
        enum sim_cut cut = sim_frame_cut_rtu(rtu->buffer, rtu->size, silence, &request);
        if (cut == SIM_CUT_MORE) {
            return;
        }
        if (cut == SIM_CUT_NOISE) {
            rtu->skipping = true;
            break;
        }
        rtu_answer(rtu, &request);
        rtu->size -= request.frame_size;
        memmove(rtu->buffer, rtu->buffer + request.frame_size, rtu->size);
    }
    if (rtu->skipping) {
        rtu->size = 0;
    }
}

static void rtu_silent(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct sim_rtu *rtu = context;
    rtu_serve(rtu, true);
    rtu->skipping = false;
    rtu->size = 0;
}

static void rtu_readable(evutil_socket_t fd, short what, void *context) {
    (void)what;
    struct sim_rtu *rtu = context;
    /* Nothing that may become a frame fills the buffer: rtu_serve() calls it noise before. */
    ssize_t got = read(fd, rtu->buffer + rtu->size, sizeof rtu->buffer - rtu->size);
    if (got <= 0) {
        return; /* our own second descriptor keeps the line up, so this is only EAGAIN or EINTR */
    }
    rtu->size += (size_t)got;
    rtu_serve(rtu, false);
    (void)evtimer_add(rtu->silence,
                      &rtu->silence_min); /* only fails for an event that was not made */
}

/* Open the pair. The line is raw: no echo, no translation, eight bits. */
static int terminals_open(struct sim_rtu *rtu) {
    rtu->ours = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (rtu->ours < 0 || grantpt(rtu->ours) != 0 || unlockpt(rtu->ours) != 0) {
        return -errno;
    }
    int r = ptsname_r(rtu->ours, rtu->terminal, sizeof rtu->terminal);
    if (r != 0) {
        return -r;
    }
    rtu->theirs = open(rtu->terminal, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;
    if (rtu->theirs < 0 || tcgetattr(rtu->theirs, &raw) != 0) {
        return -errno;
    }
    cfmakeraw(&raw);
    return tcsetattr(rtu->theirs, TCSANOW, &raw) != 0 ? -errno : 0;
}

/* Make the directory that `path` lies in, if it is missing. */
static int directory_make(const char *path) {
    char *directory = strdup(path);
    if (directory == NULL) {
        return -ENOMEM;
    }
    char *slash = strrchr(directory, '/');
    int r = 0;
    if (slash != NULL && slash != directory) {
        *slash = '\0';
        if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
            r = SIM_E_DIRECTORY;
        }
    }
    free(directory);
    return r;
}

static int link_lay(struct sim_rtu *rtu) {
    int r = directory_make(rtu->path);
    if (r != 0) {
        return r;
    }
    struct stat there;
    if (lstat(rtu->path, &there) == 0) {
        if (!S_ISLNK(there.st_mode)) {
            return SIM_E_OCCUPIED;
        }
        if (unlink(rtu->path) != 0) {
            return -errno;
        }
    }
    if (symlink(rtu->terminal, rtu->path) != 0) {
        return -errno;
    }
    rtu->linked = true;
    return 0;
}

/* Another field may have laid its own link in the meantime; that one stays. */
static void link_remove(const struct sim_rtu *rtu) {
    char target[TERMINAL_NAME_SIZE];
    ssize_t size = readlink(rtu->path, target, sizeof target);
    if (size == (ssize_t)strlen(rtu->terminal) &&
        memcmp(target, rtu->terminal, (size_t)size) == 0) {
        (void)unlink(rtu->path); /* a link that stays behind is replaced at the next start */
    }
}

static int rtu_open(struct sim_rtu *rtu, struct event_base *base) {
    int r = terminals_open(rtu);
    if (r != 0) {
        return r;
    }
    r = sim_outbox_init(&rtu->outbox, base, rtu->ours, SIM_FRAMING_RTU);
    if (r != 0) {
        return r;
    }
    rtu->readable = event_new(base, rtu->ours, EV_READ | EV_PERSIST, rtu_readable, rtu);
    rtu->silence = evtimer_new(base, rtu_silent, rtu);
    if (rtu->readable == NULL || rtu->silence == NULL || event_add(rtu->readable, NULL) != 0) {
        return -ENOMEM;
    }
    return link_lay(rtu);
}

int sim_rtu_new(struct event_base *base, const char *path, const struct sim_units *units,
                uint32_t silence_ms, struct sim_rtu **ret_rtu) {
    assert(path[0] == '/');
    struct sim_rtu *rtu = calloc(1, sizeof *rtu);
    if (rtu == NULL) {
        return -ENOMEM;
    }
    rtu->units = *units;
    rtu->silence_min = (struct timeval){.tv_sec = (time_t)(silence_ms / 1000),
                                        .tv_usec = (suseconds_t)(silence_ms % 1000) * 1000};
    rtu->ours = -1;
    rtu->theirs = -1;
    rtu->path = strdup(path);
    int r = rtu->path == NULL ? -ENOMEM : rtu_open(rtu, base);
    if (r != 0) {
        (void)sim_rtu_free(rtu);
        return r;
    }
    *ret_rtu = rtu;
    return 0;
}

struct sim_rtu *sim_rtu_free(struct sim_rtu *rtu) {
    if (rtu == NULL) {
        return NULL;
    }
    if (rtu->linked) {
        link_remove(rtu);
    }
    sim_outbox_deinit(&rtu->outbox);
    if (rtu->silence != NULL) {
        event_free(rtu->silence);
    }
    if (rtu->readable != NULL) {
        event_free(rtu->readable);
    }
    if (rtu->theirs >= 0) {
        (void)close(rtu->theirs);
    }
    if (rtu->ours >= 0) {
        (void)close(rtu->ours);
    }
    free(rtu->path);
    free(rtu);
    return NULL;
}
