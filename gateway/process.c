/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/process.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/confine.h"
#include "gateway/descriptors.h"
#include "gateway/log.h"
#include "gateway/wire.h"
#include "gateway/zone.h"

/* A word that the role has use for. */
struct process_hearer {
    char word;
    uint32_t count; /* of those that nobody has been told of */
    void (*heard)(void *context);
    void *context;
};

struct process_line {
    struct process *process;
    struct event *heartbeat;
    struct event *stop;
    struct event *readable;
    struct descriptors_watch descriptors;
    bool ready_told;
    bool closing;
    bool orphaned;
    uint64_t generation;
    struct losses losses;
    struct process_hearer hearers[PROCESS_WORDS_MAX];
    uint32_t hearer_count;
};

void process_name_format(enum process_role role, uint32_t instance, char ret[PROCESS_NAME_SIZE]) {
    static const char *const names[PROCESS_ROLE_COUNT] = {
        [PROCESS_ENGINE] = "engine",
        [PROCESS_FIELD] = "field",
        [PROCESS_UPLINK] = "uplink",
        [PROCESS_CONSOLE] = "console",
    };
    assert(role < PROCESS_ROLE_COUNT);
    if (role == PROCESS_FIELD) {
        (void)snprintf(ret, PROCESS_NAME_SIZE, "%s-%u", names[role], instance);
    } else {
        (void)snprintf(ret, PROCESS_NAME_SIZE, "%s", names[role]);
    }
}

/* A word that finds the line full is dropped: the next one says the same. */
static void process_say(enum process_word word) {
    char byte = (char)word;
    (void)send(PROCESS_FD_LINE, &byte, sizeof byte, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Also when somebody else had looked at the line: at the next heartbeat. */
static void process_tell_words(struct process_line *line) {
    for (uint32_t i = 0; i < line->hearer_count; i++) {
        struct process_hearer *hearer = &line->hearers[i];
        for (; hearer->count > 0; hearer->count--) {
            hearer->heard(hearer->context);
        }
    }
}

static void process_heartbeat(evutil_socket_t fd, short what, void *context) {
    static const char *const without[PROCESS_ROLE_COUNT] = {
        [PROCESS_ENGINE] = "alarms are decided and recorded as before; a component that is started "
                           "anew is taken in when there is one",
        [PROCESS_FIELD] = "what is connected is watched; a device that breaks off is not reached "
                          "again until there is one",
        [PROCESS_UPLINK] = "no broker, webhook or database is connected to until there is one; "
                           "events wait in the journal",
        [PROCESS_CONSOLE] = "new clients wait until there is one; those that are there are served",
    };
    struct process_line *line = context;
    (void)fd;
    (void)what;
    process_say(PROCESS_ALIVE);
    descriptors_look(&line->descriptors, without[line->process->role]);
    process_tell_words(context);
}

static void process_stop(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct process_line *line = context;
    (void)event_base_loopbreak(line->process->base);
}

/* A word of the supervisor, with what goes along. */
union process_said {
    char word;
    struct process_generation generation;
    struct process_losses losses;
};

static void process_take_word(struct process_line *line, const union process_said *said,
                              size_t size) {
    line->closing = line->closing || said->word == (char)PROCESS_CLOSING;
    if (said->word == (char)PROCESS_GENERATION && size == sizeof said->generation) {
        line->generation = said->generation.generation;
    }
    if (said->word == (char)PROCESS_LOSSES && size == sizeof said->losses) {
        line->losses = said->losses.losses;
    }
    for (uint32_t i = 0; i < line->hearer_count; i++) {
        line->hearers[i].count += line->hearers[i].word == said->word;
    }
}

static void process_hear(struct process_line *line) {
    union process_said said = {0};
    ssize_t r;
    while ((r = recv(PROCESS_FD_LINE, &said, sizeof said, MSG_DONTWAIT)) > 0) {
        process_take_word(line, &said, (size_t)r);
    }
    if (r == 0) {
        line->orphaned = true;
        (void)event_base_loopbreak(line->process->base);
    }
}

static void process_line_readable(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    process_hear(context);
    process_tell_words(context);
}

void process_on_word(struct process *process, enum process_word word, void (*heard)(void *context),
                     void *context) {
    struct process_line *line = process->line;
    assert(line->hearer_count < PROCESS_WORDS_MAX);
    line->hearers[line->hearer_count++] =
        (struct process_hearer){.word = (char)word, .heard = heard, .context = context};
}

uint64_t process_generation(const struct process *process) {
    return process->line->generation;
}

/* It looks at the line itself: what happened after the word may be dealt with before it. */
bool process_is_closing(struct process *process) {
    process_hear(process->line);
    return process->line->closing;
}

void process_ready(struct process *process) {
    if (!process->line->ready_told) {
        process->line->ready_told = true;
        process_say(PROCESS_READY);
    }
}

/* A word that finds the line full is dropped here too: the losses are handed over again. */
void process_told(uint64_t serial) {
    const struct process_told told = {.word = (char)PROCESS_TOLD, .serial = serial};
    (void)send(PROCESS_FD_LINE, &told, sizeof told, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void process_disk_answers(void) {
    process_say(PROCESS_DISK_ANSWERS);
}

const struct losses *process_losses(struct process *process) {
    process_hear(process->line);
    assert(process->line->losses.count <= LOSSES_MAX);
    return &process->line->losses;
}

int process_loop(struct process *process) {
    struct process_line *line = process->line;
    (void)event_base_dispatch(process->base);
    if (line->orphaned) {
        log_line(LOG_WARNING, "supervisor_gone", "effect=\"%s stops\"", process->name);
    }
    return 0;
}

static int process_line_open(struct process *process, struct process_line *line) {
    const struct timeval second = {.tv_sec = 1};
    line->process = process;
    line->generation = process->site.header->generation;
    line->heartbeat = event_new(process->base, -1, EV_PERSIST, process_heartbeat, line);
    line->stop = evsignal_new(process->base, SIGTERM, process_stop, line);
    line->readable = event_new(process->base, PROCESS_FD_LINE, EV_READ | EV_PERSIST,
                               process_line_readable, line);
    if (line->heartbeat == NULL || line->stop == NULL || line->readable == NULL ||
        event_add(line->heartbeat, &second) != 0 || event_add(line->stop, NULL) != 0 ||
        event_add(line->readable, NULL) != 0) {
        return err_origin(-ENOMEM);
    }
    process->line = line;
    return 0;
}

static void process_line_close(struct process_line *line) {
    struct event *const events[] = {line->heartbeat, line->stop, line->readable};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
}

/* SIGINT from a terminal reaches the whole group; only the supervisor answers it, in order. */
static void process_signals(void) {
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* Add a path to a list, unless the site does not name one. */
static void process_add_path(const struct site *site, uint32_t path, const char **list,
                             uint32_t *count) {
    if (path != 0) {
        list[(*count)++] = site_text(site, path);
    }
}

/* Files that a site names once, beside those of its webhooks. */
enum { SECRETS_MAX = 10 };

/* The files that the site names and this role reads: certificates, keys, passwords. */
static uint32_t process_secrets(const struct process *process, const char **ret) {
    const struct site *site = &process->site;
    const struct site_header *header = site->header;
    uint32_t count = 0;
    if (process->role == PROCESS_ENGINE) {
        process_add_path(site, header->journal_signing_key_file, ret, &count);
    }
    if (process->role == PROCESS_CONSOLE) {
        process_add_path(site, header->console_cert, ret, &count);
        process_add_path(site, header->console_key, ret, &count);
    }
    if (process->role == PROCESS_FIELD || process->role == PROCESS_UPLINK) {
        process_add_path(site, header->mqtt_ca, ret, &count);
    }
    if (process->role == PROCESS_UPLINK) {
        process_add_path(site, header->mqtt_cert, ret, &count);
        process_add_path(site, header->mqtt_key, ret, &count);
        process_add_path(site, header->mqtt_password_file, ret, &count);
        process_add_path(site, header->influx_token_file, ret, &count);
        process_add_path(site, header->influx_password_file, ret, &count);
        process_add_path(site, header->influx_ca, ret, &count);
        process_add_path(site, header->push_ca, ret, &count);
        for (uint32_t i = 0; i < site->webhook_count; i++) {
            process_add_path(site, site->webhooks[i].secret_file, ret, &count);
            process_add_path(site, site->webhooks[i].ca, ret, &count);
            process_add_path(site, site->webhooks[i].token_file, ret, &count);
        }
    }
    return count;
}

static uint32_t process_lines(const struct process *process, const char **ret) {
    const struct site *site = &process->site;
    uint32_t count = 0;
    for (uint32_t i = 0; process->role == PROCESS_FIELD && i < site->bus_count; i++) {
        const struct site_bus *bus = &site->buses[i];
        if (bus->kind == SITE_BUS_MODBUS_RTU && bus->field == process->instance) {
            process_add_path(site, bus->host, ret, &count);
        }
    }
    return count;
}

/* Give up what the role does not need, and say what is in force. */
static int process_confine(const struct process *process) {
    const struct site *site = &process->site;
    const char **secrets = calloc(3 * (size_t)site->webhook_count + SECRETS_MAX, sizeof *secrets);
    const char **lines = calloc((size_t)site->bus_count + 1, sizeof *lines);
    struct confine confine = {0};
    if (secrets == NULL || lines == NULL) {
        free(lines);
        free(secrets);
        return err_origin(-ENOMEM);
    }
    const struct confine_conf conf = {
        .role = process->role,
        .state_directory = site_text(site, site->header->state_directory),
        .run_directory = process->run_directory,
        .assets = process->assets,
        .secrets = secrets,
        .secret_count = process_secrets(process, secrets),
        .lines = lines,
        .line_count = process_lines(process, lines),
    };
    int r = confine_process(&conf, &confine);
    free(lines);
    free(secrets);
    if (r == 0) {
        log_line(
            LOG_NOTICE, "confined", "user=%u seccomp=%s landlock=%d effect=\"%s\"",
            (unsigned)geteuid(), confine.calls ? "on" : "off", confine.landlock,
            confine.calls && confine.landlock > 0
                ? "taken over, it could start no program and touch only its own files"
                : "this kernel lacks what would keep a component that is taken over in bounds");
    }
    return r;
}

int process_main(int (*const roles[PROCESS_ROLE_COUNT])(struct process *process)) {
    struct process_setup setup;
    if (recv(PROCESS_FD_LINE, &setup, sizeof setup, 0) != (ssize_t)sizeof setup ||
        setup.role >= PROCESS_ROLE_COUNT || setup.losses.count > LOSSES_MAX) {
        (void)fprintf(stderr, "tocsin: --process is how `tocsin run` starts its children\n");
        return 2;
    }
    setup.run_directory[sizeof setup.run_directory - 1] = '\0';
    setup.console_socket[sizeof setup.console_socket - 1] = '\0';
    setup.assets[sizeof setup.assets - 1] = '\0';
    process_signals();
    clock_init(&setup.clock);

    char name[PROCESS_NAME_SIZE];
    process_name_format((enum process_role)setup.role, setup.instance, name);
    log_init(name);
    (void)prctl(PR_SET_NAME, name);

    struct process_line line = {.losses = setup.losses};
    struct process process = {
        .role = (enum process_role)setup.role,
        .instance = setup.instance,
        .name = name,
        .run_directory = setup.run_directory,
        .console_socket = setup.console_socket,
        .assets = setup.assets,
        .language = (enum site_language)setup.language,
        .number = setup.number,
        .site_refused = setup.site_refused != 0,
        .site_accepted = setup.site_accepted,
        .is_reload = setup.is_reload != 0,
        .base = event_base_new(),
    };
    int r = err_fold(site_map(PROCESS_FD_SITE, &process.site));
    if (r == 0 && process.base == NULL) {
        r = err_origin(-ENOMEM);
    }
    if (r == 0) {
        (void)
            build_digest(); /* of files that are out of reach afterwards: this one and the zone's */
        zone_init(site_text(&process.site, process.site.header->timezone));
        r = err_trace(process_confine(&process));
    }
    if (r == 0) {
        r = err_trace(process_line_open(&process, &line));
    }
    if (r == 0) {
        r = err_trace(roles[setup.role](&process));
    }
    if (r != 0) {
        log_failure("process_failed", r, "it is started again");
    }
    process_line_close(&line);
    if (process.base != NULL) {
        event_base_free(process.base);
    }
    return r != 0 ? 1 : process.renewed ? PROCESS_EXIT_RENEWED : 0;
}
