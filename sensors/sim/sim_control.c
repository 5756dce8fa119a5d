/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

enum { CONTROL_BACKLOG = 4 };

struct control_client {
    int fd; /* -1: free */
    struct sim_control *control;
    struct event *readable;
    size_t size;
    char buffer[SIM_COMMAND_SIZE];
};

struct sim_control {
    struct event_base *base;
    struct sim_field *field;
    struct sockaddr_un address;
    int listener;
    struct event *acceptable;
    struct control_client clients[SIM_CONTROL_CLIENTS_MAX];
};

static void client_close(struct control_client *client) {
    event_free(client->readable);
    (void)close(client->fd);
    client->fd = -1;
}

/* Run the first whole line, if there is one. Returns 1 if there was, 0 if not, -1 to hang up. */
static int client_line(struct control_client *client) {
    char *end = memchr(client->buffer, '\n', client->size);
    if (end == NULL) {
        return client->size < sizeof client->buffer ? 0 : -1;
    }
    *end = '\0';
    if (end > client->buffer && end[-1] == '\r') {
        end[-1] = '\0';
    }
    char reply[SIM_COMMAND_REPLY_SIZE + 1];
    sim_command_run(client->control->field, client->buffer, reply);
    size_t reply_size = strlen(reply);
    reply[reply_size++] = '\n';
    size_t used = (size_t)(end + 1 - client->buffer);
    client->size -= used;
    memmove(client->buffer, end + 1, client->size);
    /* A client that leaves a buffer full of answers unread is not interested. */
    ssize_t sent = send(client->fd, reply, reply_size, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == (ssize_t)reply_size ? 1 : -1;
}

static void client_readable(evutil_socket_t fd, short what, void *context) {
    (void)what;
    struct control_client *client = context;
    ssize_t got = recv(fd, client->buffer + client->size, sizeof client->buffer - client->size, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        client_close(client);
        return;
    }
    client->size += (size_t)got;
    int r;
    do {
        r = client_line(client);
    } while (r > 0);
    if (r < 0) {
        client_close(client);
    }
}

static bool client_open(struct control_client *client, int fd) {
    client->readable =
        event_new(client->control->base, fd, EV_READ | EV_PERSIST, client_readable, client);
    if (client->readable == NULL) {
        return false;
    }
    if (event_add(client->readable, NULL) != 0) {
        event_free(client->readable);
        return false;
    }
    client->fd = fd;
    client->size = 0;
    return true;
}

static void control_acceptable(evutil_socket_t listener, short what, void *context) {
    (void)what;
    struct sim_control *control = context;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return; /* gone again */
    }
    for (int i = 0; i < SIM_CONTROL_CLIENTS_MAX; i++) {
        if (control->clients[i].fd < 0) {
            if (!client_open(&control->clients[i], fd)) {
                break;
            }
            return;
        }
    }
    (void)close(fd);
}

static int control_listen(struct sim_control *control) {
    const char *path = control->address.sun_path;
    struct stat there;
    if (lstat(path, &there) == 0) {
        if (!S_ISSOCK(there.st_mode)) {
            return SIM_E_OCCUPIED;
        }
        if (unlink(path) != 0) {
            return -errno;
        }
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    control->listener = fd;
    /* The mode of the descriptor becomes the socket's: nobody else gets in, not even for a moment.
     */
    if (fchmod(fd, 0600) != 0) {
        return -errno;
    }
    if (bind(fd, (const struct sockaddr *)&control->address, sizeof control->address) != 0) {
        return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? SIM_E_DIRECTORY : -errno;
    }
    return listen(fd, CONTROL_BACKLOG) != 0 ? -errno : 0;
}

int sim_control_new(struct event_base *base, const char *path, struct sim_field *field,
                    struct sim_control **ret_control) {
    size_t size = strlen(path) + 1;
    if (size > sizeof((struct sockaddr_un *)0)->sun_path) {
        return SIM_E_ADDRESS;
    }
    struct sim_control *control = calloc(1, sizeof *control);
    if (control == NULL) {
        return -ENOMEM;
    }
    control->base = base;
    control->field = field;
    control->listener = -1;
    control->address.sun_family = AF_UNIX;
    memcpy(control->address.sun_path, path, size);
    for (int i = 0; i < SIM_CONTROL_CLIENTS_MAX; i++) {
        control->clients[i].fd = -1;
        control->clients[i].control = control;
    }
    int r = control_listen(control);
    if (r == 0) {
        control->acceptable =
            event_new(base, control->listener, EV_READ | EV_PERSIST, control_acceptable, control);
        if (control->acceptable == NULL || event_add(control->acceptable, NULL) != 0) {
            r = -ENOMEM;
        }
    }
    if (r != 0) {
        (void)sim_control_free(control);
        return r;
    }
    *ret_control = control;
    return 0;
}

struct sim_control *sim_control_free(struct sim_control *control) {
    if (control == NULL) {
        return NULL;
    }
    for (int i = 0; i < SIM_CONTROL_CLIENTS_MAX; i++) {
        if (control->clients[i].fd >= 0) {
            client_close(&control->clients[i]);
        }
    }
    if (control->acceptable != NULL) {
        event_free(control->acceptable);
        (void)unlink(control->address.sun_path); /* else the next start replaces it */
    }
    if (control->listener >= 0) {
        (void)close(control->listener);
    }
    free(control);
    return NULL;
}
