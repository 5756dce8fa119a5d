/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/broker.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/clock.h"

enum { PATIENCE_S = 20 };

static void broker_require(bool condition, const char *what) {
    if (!condition) {
        perror(what);
        abort();
    }
}

static struct sockaddr_in broker_loopback(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
}

uint16_t free_port(void) {
    struct sockaddr_in address = broker_loopback(0);
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    broker_require(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 &&
                       getsockname(fd, (struct sockaddr *)&address, &len) == 0,
                   "free port");
    (void)close(fd);
    return ntohs(address.sin_port);
}

void broker_init(struct broker *broker, const char *extra) {
    memset(broker, 0, sizeof *broker);
    broker->port = free_port();
    (void)snprintf(broker->directory, sizeof broker->directory, "/tmp/tocsin-broker-XXXXXX");
    broker_require(mkdtemp(broker->directory) != NULL, "scratch directory");
    (void)snprintf(broker->address, sizeof broker->address, "tcp://127.0.0.1:%u", broker->port);
    (void)snprintf(broker->tls_address, sizeof broker->tls_address, "ssl://localhost:%u",
                   broker->port);
    (void)snprintf(broker->extra, sizeof broker->extra, "%s", extra);
}

/* Start a program; the child ends with the test, however that ends. */
static pid_t broker_spawn(const char *const *arguments, int out) {
    pid_t parent = getpid();
    pid_t pid = fork();
    broker_require(pid >= 0, "fork");
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0) {
            _exit(127);
        }
        (void)execv(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    return pid;
}

static bool broker_accepts(const struct broker *broker) {
    struct sockaddr_in address = broker_loopback(broker->port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool accepts = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return accepts;
}

void broker_start(struct broker *broker) {
    char path[64];
    (void)snprintf(path, sizeof path, "%s/mosquitto.conf", broker->directory);
    FILE *conf = fopen(path, "we");
    broker_require(conf != NULL, "configuration");
    (void)fprintf(
        conf, "listener %u 127.0.0.1\nuser root\npersistence false\nlog_dest stderr\n%s\n%s\n",
        broker->port, strstr(broker->extra, "allow_anonymous") ? "" : "allow_anonymous true",
        broker->extra);
    broker_require(fclose(conf) == 0, "configuration");
    char log_path[64];
    (void)snprintf(log_path, sizeof log_path, "%s/log", broker->directory);
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const char *const arguments[] = {"/usr/sbin/mosquitto", "-c", path, NULL};
    broker->pid = broker_spawn(arguments, log);
    (void)close(log);
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (!broker_accepts(broker)) {
        broker_require(clock_real_ns() < deadline_ns && waitpid(broker->pid, NULL, WNOHANG) == 0,
                       "mosquitto");
        (void)poll(NULL, 0, 5);
    }
}

void broker_signal(struct broker *broker, int signal) {
    broker_require(broker->pid > 0 && kill(broker->pid, signal) == 0, "signal");
    if (signal == SIGKILL || signal == SIGTERM) {
        (void)waitpid(broker->pid, NULL, 0);
        broker->pid = 0;
    }
}

void broker_free(struct broker *broker) {
    if (broker->pid > 0) {
        broker_signal(broker, SIGKILL);
    }
    DIR *directory = opendir(broker->directory);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        (void)unlinkat(dirfd(directory), entry->d_name, 0); /* "." and ".." refuse */
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    (void)rmdir(broker->directory);
}

void subscriber_start(struct subscriber *subscriber, const struct broker *broker,
                      const char *filter) {
    memset(subscriber, 0, sizeof *subscriber);
    int ends[2];
    broker_require(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    char port[8];
    (void)snprintf(port, sizeof port, "%u", broker->port);
    /* Line by line: a pipe would otherwise hold its output back until it is much. */
    const char *const arguments[] = {"/usr/bin/stdbuf",
                                     "-oL",
                                     "mosquitto_sub",
                                     "-d",
                                     "-h",
                                     "127.0.0.1",
                                     "-p",
                                     port,
                                     "-q",
                                     "1",
                                     "-t",
                                     filter,
                                     "-F",
                                     "%r %t %p",
                                     NULL};
    subscriber->pid = broker_spawn(arguments, ends[1]);
    (void)close(ends[1]);
    subscriber->out = ends[0];
    uint64_t deadline_ns = clock_real_ns() + PATIENCE_S * NS_PER_S;
    while (!subscriber_has(subscriber, "Subscribed")) {
        broker_require(clock_real_ns() < deadline_ns, "mosquitto_sub");
        struct pollfd out = {.fd = subscriber->out, .events = POLLIN};
        (void)poll(&out, 1, 100);
    }
}

bool subscriber_has(struct subscriber *subscriber, const char *wanted) {
    struct pollfd out = {.fd = subscriber->out, .events = POLLIN};
    while (subscriber->len < sizeof subscriber->text - 1 && poll(&out, 1, 0) > 0) {
        ssize_t len = read(subscriber->out, subscriber->text + subscriber->len,
                           sizeof subscriber->text - 1 - subscriber->len);
        if (len <= 0) {
            break;
        }
        subscriber->len += (size_t)len;
    }
    return strstr(subscriber->text, wanted) != NULL;
}

void subscriber_stop(struct subscriber *subscriber) {
    (void)kill(subscriber->pid, SIGKILL);
    (void)waitpid(subscriber->pid, NULL, 0);
    (void)close(subscriber->out);
}
