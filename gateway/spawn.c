/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* In the child, between fork and exec: only async-signal-safe calls. */
static _Noreturn void spawn_exec(const struct children_conf *conf, enum process_role role,
                                 int line_fd) {
    /* Each may already stand where another belongs: move them out of the way first. */
    int site = fcntl(conf->site_fd, F_DUPFD_CLOEXEC, 10);
    int line = fcntl(line_fd, F_DUPFD_CLOEXEC, 10);
    int retired = fcntl(conf->retired_fd, F_DUPFD_CLOEXEC, 10);
    if (site < 0 || line < 0 || retired < 0 || dup2(site, PROCESS_FD_SITE) < 0 ||
        dup2(line, PROCESS_FD_LINE) < 0 ||
        (role == PROCESS_FIELD && dup2(retired, PROCESS_FD_RETIRED) < 0)) {
        _exit(127);
    }
    /*
     * Until the program is another one, our handlers are still the supervisor's, and would tell it
     * of a signal that was meant for the child.
     */
    static const int handled[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
        (void)signal(handled[i], SIG_DFL);
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (account_become(&conf->account) != 0) {
        _exit(126);
    }
    char *const arguments[] = {(char[]){"tocsin"}, (char[]){"--process"}, NULL};
    (void)execv("/proc/self/exe", arguments);
    _exit(127);
}

static int spawn_fork(const struct children_conf *conf, enum process_role role, int line_fd,
                      pid_t *ret_pid) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        spawn_exec(conf, role, line_fd);
    }
    int r = pid < 0 ? err_origin(-errno) : 0;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (r == 0) {
        *ret_pid = pid;
    }
    return r;
}

int spawn_process(const struct children_conf *conf, enum process_role role, uint32_t instance,
                  pid_t *ret_pid, int *ret_line) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return err_origin(-errno);
    }
    struct process_setup setup = conf->setup;
    setup.role = (uint32_t)role;
    setup.instance = instance;
    int r = send(ends[0], &setup, sizeof setup, MSG_NOSIGNAL) == (ssize_t)sizeof setup &&
                    fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0
                ? 0
                : err_origin(-errno);
    if (r == 0) {
        r = err_trace(spawn_fork(conf, role, ends[1], ret_pid));
    }
    (void)close(ends[1]);
    if (r != 0) {
        (void)close(ends[0]);
        return r;
    }
    *ret_line = ends[0];
    return 0;
}
