/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_DOOMED_H
#define TESTS_SUPPORT_DOOMED_H

/*
 * What must end the process: an assertion of ours that does not hold
 *
 * The deed is done in a child, whose words on stderr nobody needs.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Does `deed` of `of` abort? */
static inline bool doomed(void (*deed)(void *of), void *of) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        if (freopen("/dev/null", "w", stderr) != NULL) {
            deed(of);
        }
        _exit(0);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

#endif
