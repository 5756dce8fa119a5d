/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/premises.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/notify.h"

/* How often it is looked whether the disk has answered, and when it is told that it has not. */
enum { AWAIT_LOOK_MS = 5, AWAIT_TELL_FIRST_MS = 2000, AWAIT_TELL_MS = 10000 };

bool premises_user(const char *name, struct account *ret_account) {
    const bool root = geteuid() == 0;
    const char *wanted = name != NULL ? name : "tocsin";
    *ret_account = (struct account){0};
    if (name == NULL && !root) {
        return true;
    }
    struct account account;
    int r = account_find(wanted, &account);
    if (r != 0 && name == NULL) {
        log_line(
            LOG_WARNING, "runs_as_root",
            "effect=\"the components stay root, held only by seccomp and Landlock: make a user "
            "tocsin, or name another with --user\"");
        return true;
    }
    if (r != 0 || (!root && account.user != geteuid())) {
        char quoted[128];
        log_line(LOG_ERROR, "user_unusable",
                 "user=%s error=\"%s\" effect=\"not started: no room is watched\"",
                 log_quote(wanted, quoted, sizeof quoted),
                 r != 0 ? "there is no such user" : "only root can become another user");
        return false;
    }
    if (root) {
        *ret_account = account;
    }
    return true;
}

/* Make a directory if it is missing, and its parents. Returns 0 or a negative errno. */
static int premises_make(const char *path, mode_t mode) {
    char copy[4096];
    if (strlen(path) >= sizeof copy) {
        return -ENAMETOOLONG;
    }
    memcpy(copy, path, strlen(path) + 1);
    for (char *at = copy + 1; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            if (mkdir(copy, 0755) != 0 && errno != EEXIST) {
                return -errno;
            }
            *at = '/';
        }
    }
    return mkdir(copy, mode) != 0 && errno != EEXIST ? -errno : 0;
}

/*
 * Keep a directory to ourselves for as long as we live. The lock is on the directory itself, so
 * that it works on one that cannot be written. Returns a descriptor that is never closed,
 * -EWOULDBLOCK when another gateway has it, or another negative errno.
 */
static int premises_lock(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int reason = errno;
        (void)close(fd);
        return -reason;
    }
    return fd;
}

/*
 * The uplink and the console make nothing in the state directory but what is in a directory of their own; they say so
 * if they cannot.
 */
static void premises_make_parts(const char *state_directory) {
    static const char *const parts[] = {"uplink", "console"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char path[4096];
        int len = snprintf(path, sizeof path, "%s/%s", state_directory, parts[i]);
        if (len > 0 && (size_t)len < sizeof path) {
            (void)mkdir(path, 0700);
        }
    }
}

/*
 * Make what is missing of the state directory in a process of its own, and wait for that. A disk that
 * hangs would have us in the kernel, deaf to every signal and silent; so it has only the other, and we
 * say so until it answers. Nobody can be started on that disk meanwhile: the engine, whose journal it has,
 * would be caught there likewise. No other thread runs yet, and SIGTERM ends us as it ends anybody.
 */
static void premises_await_disk(const char *path) {
    const struct timespec pause = {.tv_nsec = AWAIT_LOOK_MS * 1000000L};
    uint64_t begun_ns = clock_real_ns();
    uint64_t tell_ns = begun_ns + AWAIT_TELL_FIRST_MS * NS_PER_MS;
    char quoted[512];
    bool told = false;
    pid_t probe = fork();
    if (probe == 0) {
        (void)premises_make(path, 0700);
        premises_make_parts(path);
        _exit(0);
    }
    while (probe > 0 && waitpid(probe, NULL, WNOHANG) == 0) {
        uint64_t now_ns = clock_real_ns();
        if (now_ns >= tell_ns) {
            log_line(
                LOG_ERROR, "state_hangs",
                "state=%s waited_s=%" PRIu64
                " effect=\"not started yet: the disk of this directory does not answer, and no room "
                "is watched until it does\" advice=\"look at the disk (dmesg): unfreeze it, free it "
                "or replace it; or watch with another directory, --set gateway.state=DIR\"",
                log_quote(path, quoted, sizeof quoted), (uint64_t)((now_ns - begun_ns) / NS_PER_S));
            notify_systemd("STATUS=no room is watched: the disk of the state directory hangs");
            tell_ns = now_ns + AWAIT_TELL_MS * NS_PER_MS;
            told = true;
        }
        (void)nanosleep(&pause, NULL);
    }
    if (told) {
        log_line(LOG_NOTICE, "state_answers", "state=%s effect=\"the start goes on\"",
                 log_quote(path, quoted, sizeof quoted));
    }
}

/*
 * Take the state directory. One that another gateway has is the end; one that cannot be used is
 * not: the engine watches without a journal and says so.
 */
static bool premises_take_state(const char *path) {
    int r = premises_make(path, 0700);
    int lock = r == 0 ? premises_lock(path) : r;
    char quoted[512];
    if (lock == -EWOULDBLOCK) {
        log_line(
            LOG_ERROR, "state_in_use",
            "state=%s effect=\"not started: another tocsin run watches with this state directory; "
            "stop that one, or give this one another with --set gateway.state=DIR\"",
            log_quote(path, quoted, sizeof quoted));
        return false;
    }
    if (lock < 0) {
        log_line(
            LOG_ERROR, "state_unusable",
            "state=%s error=\"%s\" effect=\"the rooms are watched and alarms go out, but nothing is "
            "recorded; make the directory writable\"",
            log_quote(path, quoted, sizeof quoted), strerror(-lock));
    }
    premises_make_parts(path);
    return true;
}

/* Make the run directory and take it. Sockets have nowhere else to go, so a failure is the end. */
static bool premises_take_sockets(const char *path) {
    int r = premises_make(path, 0750);
    int lock = r == 0 ? premises_lock(path) : r;
    if (lock >= 0) {
        return true;
    }
    char quoted[512];
    log_line(
        LOG_ERROR, lock == -EWOULDBLOCK ? "run_directory_in_use" : "run_directory_unusable",
        "run=%s error=\"%s\" effect=\"not started: no room is watched; give another directory with "
        "--run DIR\"",
        log_quote(path, quoted, sizeof quoted),
        lock == -EWOULDBLOCK ? "another tocsin run has it" : strerror(-lock));
    return false;
}

/* Write an absolute path of at most a socket's length; false when it is longer. */
static bool premises_paths(const char *directory, struct process_setup *setup) {
    char absolute[4096];
    if (realpath(directory, absolute) == NULL) {
        return false;
    }
    int run = snprintf(setup->run_directory, sizeof setup->run_directory, "%s", absolute);
    int console =
        snprintf(setup->console_socket, sizeof setup->console_socket, "%s/console.sock", absolute);
    return run >= 0 && (size_t)run < sizeof setup->run_directory && console >= 0 &&
           (size_t)console < sizeof setup->console_socket;
}

/* What could not be given may still be usable; whoever needs it says what is wrong with it. */
static void premises_give(const struct account *account, const char *path) {
    int r = account_give(account, path);
    if (r != 0) {
        char quoted[512];
        log_line(LOG_ERROR, "directory_not_given",
                 "path=%s error=\"%s\" effect=\"the components may not be able to use it\"",
                 log_quote(path, quoted, sizeof quoted), strerror(-r));
    }
}

bool premises_take(const char *run_directory, const char *state_directory,
                   const struct account *account, struct process_setup *setup) {
    premises_await_disk(state_directory); /* before there is a lock that the other would share */
    if (!premises_take_sockets(run_directory) || !premises_take_state(state_directory)) {
        return false;
    }
    if (!premises_paths(run_directory, setup)) {
        log_line(
            LOG_ERROR, "run_directory_unusable",
            "effect=\"not started: no room is watched; the path of console.sock would be longer than "
            "%zu bytes: give a shorter directory with --run DIR\"",
            sizeof setup->console_socket - 1);
        return false;
    }
    premises_give(account, run_directory);
    premises_give(account, state_directory);
    return true;
}
