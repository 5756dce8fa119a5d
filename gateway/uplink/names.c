/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/names.h"

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/resolver.h"
#include "gateway/uplink/note_file.h"

/* A line is a host, a space, a literal and the newline. */
enum { LINE_SIZE = NAMES_HOST_SIZE + INET6_ADDRSTRLEN, FILE_SIZE = NAMES_MAX * LINE_SIZE };

struct name {
    char host[NAMES_HOST_SIZE];
    char newest[INET6_ADDRSTRLEN];   /* "" until it was found */
    char good[INET6_ADDRSTRLEN];     /* "" until something answered */
    char handed[INET6_ADDRSTRLEN];   /* out last */
    char failure[NAMES_REASON_SIZE]; /* of the last question; "" when it was answered */
    bool asked;                      /* and answered, or failed, at least once */
    bool prefers_good;               /* the newest did not work */
    bool doubted;                    /* to be asked for again */
};

/* See the header for why this is one per process. */
static struct {
    pthread_mutex_t lock;
    struct name names[NAMES_MAX];
    uint32_t count;
    uint64_t since_real_ns; /* when the first question was asked */
    bool changed;           /* what is good, since it was written down */
} book = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct names {
    struct resolver *resolver;
    char path[NOTE_FILE_PATH_SIZE];
    struct log_limiter limiter;
};

static void book_lock(void) {
    (void)pthread_mutex_lock(&book.lock);
}

static void book_unlock(void) {
    (void)pthread_mutex_unlock(&book.lock);
}

bool names_host(const char *address, char ret[NAMES_HOST_SIZE]) {
    const char *host = strstr(address, "://");
    host = host == NULL ? address : host + 3;
    size_t len = strcspn(host, "/?#");
    const char *user = memrchr(host, '@', len);
    if (user != NULL) {
        len -= (size_t)(user + 1 - host);
        host = user + 1;
    }
    if (len > 0 && host[0] == '[') {
        host++;
        len = strcspn(host, "]");
    } else {
        const char *colon = memchr(host, ':', len);
        len = colon == NULL ? len : (size_t)(colon - host);
    }
    if (len == 0 || len >= NAMES_HOST_SIZE) {
        return false;
    }
    memcpy(ret, host, len);
    ret[len] = '\0';
    return true;
}

/* ---- the book, under its lock ---- */

static struct name *book_find(const char *host) {
    for (uint32_t i = 0; i < book.count; i++) {
        if (strcasecmp(book.names[i].host, host) == 0) {
            return &book.names[i];
        }
    }
    return NULL;
}

static struct name *book_find_of(const char *address) {
    char host[NAMES_HOST_SIZE];
    return names_host(address, host) ? book_find(host) : NULL;
}

/* The first answer may take as long as people do not notice. */
static bool name_is_awaited(const struct name *name) {
    return !name->asked && name->newest[0] == '\0' &&
           clock_real_ns() - book.since_real_ns < (uint64_t)NAMES_WAIT_MS * NS_PER_MS;
}

static enum names_state name_state(const struct name *name) {
    if (name_is_awaited(name)) {
        return NAMES_ASKING;
    } else if (name->newest[0] == '\0' && name->good[0] == '\0') {
        return NAMES_UNKNOWN;
    }
    return name->failure[0] != '\0' || !name->asked ? NAMES_KEPT : NAMES_FINE;
}

/* The address to try now; "" when there is none. */
static const char *name_choose(const struct name *name) {
    bool good = name->good[0] != '\0' && (name->prefers_good || name->newest[0] == '\0');
    return good ? name->good : name->newest;
}

enum names_state names_look(const char *address, char ret_reason[NAMES_REASON_SIZE]) {
    enum names_state state = NAMES_FINE;
    ret_reason[0] = '\0';
    book_lock();
    const struct name *name = book_find_of(address);
    if (name != NULL) {
        state = name_state(name);
        (void)snprintf(ret_reason, NAMES_REASON_SIZE, "%s",
                       name->failure[0] != '\0' ? name->failure : "no answer yet");
    }
    book_unlock();
    return state;
}

void names_explain(const char *address, const char *reason, char *ret, size_t size) {
    char failure[NAMES_REASON_SIZE];
    switch (names_look(address, failure)) {
    case NAMES_FINE:
    case NAMES_ASKING:
        (void)snprintf(ret, size, "%s", reason);
        return;
    case NAMES_KEPT:
        (void)snprintf(
            ret, size,
            "%s; its name does not resolve (%s): the address at which it last answered is "
            "tried",
            reason, failure);
        return;
    case NAMES_UNKNOWN:
        (void)snprintf(
            ret, size,
            "its name does not resolve (%s): look at the name, and at the name server of "
            "this gateway",
            failure);
        return;
    }
}

void names_worked(const char *address) {
    book_lock();
    struct name *name = book_find_of(address);
    if (name != NULL && name->handed[0] != '\0' && strcmp(name->good, name->handed) != 0) {
        memcpy(name->good, name->handed, sizeof name->good);
        book.changed = true;
    }
    book_unlock();
}

void names_failed(const char *address) {
    book_lock();
    struct name *name = book_find_of(address);
    if (name != NULL) {
        name->prefers_good = !name->prefers_good;
        name->doubted = true;
    }
    book_unlock();
}

/* ---- in front of the C library ---- */

typedef int lookup(const char *node, const char *service, const struct addrinfo *hints,
                   struct addrinfo **result);

static lookup *lookup_of_library(void) {
    lookup *found;
    *(void **)&found = dlsym(RTLD_NEXT, "getaddrinfo");
    return found;
}

/* Is it in the book, and as what? Waits while the first answer is still to come. */
static bool book_answer(const char *host, char ret_literal[INET6_ADDRSTRLEN]) {
    const struct timespec pause = {.tv_nsec = 10 * (long)NS_PER_MS};
    for (;;) {
        book_lock();
        struct name *name = book_find(host);
        bool awaited = name != NULL && name_is_awaited(name);
        if (name != NULL && !awaited) {
            memcpy(name->handed, name_choose(name), sizeof name->handed);
            memcpy(ret_literal, name->handed, sizeof name->handed);
        }
        book_unlock();
        if (!awaited) {
            return name != NULL;
        }
        (void)nanosleep(&pause, NULL);
    }
}

int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict result) {
    char literal[INET6_ADDRSTRLEN];
    lookup *library = lookup_of_library();
    if (node == NULL || !book_answer(node, literal)) {
        return library(node, service, hints, result);
    } else if (literal[0] == '\0') {
        return EAI_AGAIN;
    }
    struct addrinfo numeric = hints == NULL ? (struct addrinfo){0} : *hints;
    numeric.ai_flags = (numeric.ai_flags & ~AI_CANONNAME) | AI_NUMERICHOST;
    return library(literal, service, &numeric, result);
}

/* ---- answers ---- */

static void names_found(void *context, uint32_t tag, const char *literal) {
    (void)context;
    book_lock();
    struct name *name = &book.names[tag];
    (void)snprintf(name->newest, sizeof name->newest, "%s", literal);
    name->prefers_good = false;
    book_unlock();
}

static void names_asked(void *context, uint32_t tag, const char *failure) {
    (void)context;
    book_lock();
    struct name *name = &book.names[tag];
    name->asked = true;
    (void)snprintf(name->failure, sizeof name->failure, "%s", failure == NULL ? "" : failure);
    book_unlock();
}

/* ---- what is kept ---- */

/* Lines "host literal"; what is no such line, or of no name that is in the book, is passed over. */
static void names_recall(const struct names *names) {
    char text[FILE_SIZE];
    char *rest = text;
    note_file_read(names->path, text, sizeof text);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *literal = strchr(line, ' ');
        if (literal == NULL) {
            continue;
        }
        *literal++ = '\0';
        struct name *name = book_find(line);
        if (name != NULL && resolver_is_literal(literal)) {
            (void)snprintf(name->good, sizeof name->good, "%s", literal);
        }
    }
}

/* Have what did not work looked up again: the peer may have moved. */
static void names_ask_again(struct names *names) {
    for (uint32_t i = 0; i < book.count; i++) {
        book_lock();
        bool doubted = book.names[i].doubted;
        book.names[i].doubted = false;
        book_unlock();
        if (doubted) {
            resolver_doubt(names->resolver, i);
        }
    }
}

/* Write down what is good now, if that has changed. */
static void names_note(struct names *names) {
    char text[FILE_SIZE];
    size_t len = 0;
    book_lock();
    bool changed = book.changed;
    book.changed = false;
    text[0] = '\0';
    for (uint32_t i = 0; i < book.count && changed; i++) {
        const struct name *name = &book.names[i];
        if (name->good[0] != '\0') {
            len +=
                (size_t)snprintf(text + len, sizeof text - len, "%s %s\n", name->host, name->good);
        }
    }
    book_unlock();
    int r = changed ? note_file_write(names->path, text) : 0;
    uint64_t kept_back = 0;
    if (r != 0 && log_permit(&names->limiter, &kept_back)) {
        log_line(
            LOG_WARNING, "addresses_not_noted",
            "file=uplink/addresses error=\"%s\" kept_back=%llu effect=\"after a restart without a "
            "name server, nobody outside can be told until it is back\"",
            strerror(-r), (unsigned long long)kept_back);
    }
}

void names_tick(struct names *names) {
    names_ask_again(names);
    names_note(names);
}

/* ---- birth and death ---- */

static void names_add(const char *address) {
    char host[NAMES_HOST_SIZE];
    if (address[0] != '\0' && names_host(address, host) && !resolver_is_literal(host) &&
        book_find(host) == NULL && book.count < NAMES_MAX) {
        struct name *name = &book.names[book.count++];
        *name = (struct name){0};
        memcpy(name->host, host, sizeof name->host);
    }
}

static void names_add_all(const struct site *site) {
    book.count = 0;
    book.changed = false;
    book.since_real_ns = clock_real_ns();
    for (uint32_t i = 0; i < site->broker_count; i++) {
        names_add(site_text(site, site->brokers[i]));
    }
    for (uint32_t i = 0; i < site->webhook_count; i++) {
        names_add(site_text(site, site->webhooks[i].url));
    }
    names_add(site_text(site, site->header->influx_url));
}

int names_new(struct event_base *base, const struct site *site, struct names **ret_names) {
    static const struct resolver_words words = {
        .unknown = "whoever has that name cannot be told anything; what is recorded waits for it",
        .kept = "its last address is used",
        .back = "it is reached by its name again",
    };
    static const struct resolver_callbacks callbacks = {.found = names_found, .asked = names_asked};
    struct names *names = calloc(1, sizeof *names);
    if (names == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = err_trace(
        note_file_path(site_text(site, site->header->state_directory), "addresses", names->path));
    if (r == 0) {
        r = err_trace(resolver_new(base, &words, &callbacks, names, &names->resolver));
    }
    book_lock();
    if (r == 0) {
        names_add_all(site);
        names_recall(names);
    }
    book_unlock();
    for (uint32_t i = 0; r == 0 && i < book.count; i++) {
        bool kept = book.names[i].good[0] != '\0';
        r = err_trace(resolver_add(names->resolver, book.names[i].host, i, kept));
    }
    if (r != 0) {
        (void)names_free(names);
        return r;
    }
    *ret_names = names;
    return 0;
}

struct names *names_free(struct names *names) {
    if (names != NULL) {
        names_note(names);
        (void)resolver_free(names->resolver);
        book_lock();
        book.count = 0;
        book_unlock();
        free(names);
    }
    return NULL;
}
