/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "gateway/clock.h"
#include "gateway/log.h"

struct resolver_name {
    struct resolver *resolver;
    const char *host;
    uint32_t tag;
    char literal[INET6_ADDRSTRLEN]; /* empty until it was found */
    bool kept;                      /* its user has another address */
    bool failing;
    uint64_t asked_real_ns;
    struct event *timer;
    struct evdns_getaddrinfo_request *request; /* NULL unless one is under way */
    struct resolver_name *next;
};

struct resolver {
    struct event_base *base;
    struct evdns_base *dns;
    bool was_read;
    struct timespec read_at; /* the file of name servers as it was read: when it had been changed */
    struct resolver_words words;
    struct resolver_callbacks callbacks;
    void *context;
    struct resolver_name *names;
};

int resolver_is_literal(const char *host) {
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

/* The first IPv4 address of an answer, else the first; NULL when there is none. */
static const struct evutil_addrinfo *resolver_prefer(const struct evutil_addrinfo *answers) {
    for (const struct evutil_addrinfo *at = answers; at != NULL; at = at->ai_next) {
        if (at->ai_family == AF_INET) {
            return at;
        }
    }
    return answers;
}

static bool resolver_format(const struct evutil_addrinfo *info, char ret[INET6_ADDRSTRLEN]) {
    if (info == NULL) {
        return false;
    }
    if (info->ai_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)info->ai_addr;
        return inet_ntop(AF_INET, &v4->sin_addr, ret, INET6_ADDRSTRLEN) != NULL;
    }
    if (info->ai_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)info->ai_addr;
        return inet_ntop(AF_INET6, &v6->sin6_addr, ret, INET6_ADDRSTRLEN) != NULL;
    }
    return false;
}

static void resolver_later(struct resolver_name *name, int wait_s) {
    const struct timeval wait = {.tv_sec = wait_s};
    (void)event_add(name->timer, &wait);
}

/* Said once when a name begins to fail, and once when it is found again. */
static void resolver_tell(struct resolver_name *name, bool failing, const char *reason) {
    const struct resolver_words *words = &name->resolver->words;
    char host[300], why[120];
    if (failing && !name->failing) {
        log_line(LOG_WARNING, "name_not_resolved", "host=%s reason=%s effect=\"%s\"",
                 log_quote(name->host, host, sizeof host), log_quote(reason, why, sizeof why),
                 name->literal[0] == '\0' && !name->kept ? words->unknown : words->kept);
    } else if (!failing && name->failing) {
        log_line(LOG_NOTICE, "name_resolved", "host=%s effect=\"%s\"",
                 log_quote(name->host, host, sizeof host), words->back);
    }
    name->failing = failing;
}

static void resolver_answer(int result, struct evutil_addrinfo *answers, void *context) {
    struct resolver_name *name = context;
    const struct resolver *resolver = name->resolver;
    name->request = NULL;
    if (result == EVUTIL_EAI_CANCEL) {
        return;
    }
    char literal[INET6_ADDRSTRLEN] = "";
    bool found = result == 0 && resolver_format(resolver_prefer(answers), literal);
    const char *failure = found         ? NULL
                          : result == 0 ? "it has no address"
                                        : evutil_gai_strerror(result);
    resolver_tell(name, !found, failure);
    if (found && strcmp(literal, name->literal) != 0) {
        memcpy(name->literal, literal, sizeof name->literal);
        resolver->callbacks.found(resolver->context, name->tag, name->literal);
    }
    if (resolver->callbacks.asked != NULL) {
        resolver->callbacks.asked(resolver->context, name->tag, failure);
    }
    resolver_later(name, found ? RESOLVER_REFRESH_S : RESOLVER_RETRY_S);
    if (answers != NULL) {
        evutil_freeaddrinfo(answers);
    }
}

/* Read which name servers there are, unless that was read as it stands. */
static void resolver_read_servers(struct resolver *resolver) {
    static const char path[] = "/etc/resolv.conf";
    struct stat file;
    if (stat(path, &file) != 0) {
        file.st_mtim = (struct timespec){0};
    }
    if (resolver->was_read && file.st_mtim.tv_sec == resolver->read_at.tv_sec &&
        file.st_mtim.tv_nsec == resolver->read_at.tv_nsec) {
        return;
    }
    resolver->was_read = true;
    resolver->read_at = file.st_mtim;
    evdns_base_clear_host_addresses(resolver->dns);
    (void)evdns_base_clear_nameservers_and_suspend(resolver->dns);
    (void)evdns_base_resolv_conf_parse(resolver->dns, DNS_OPTIONS_ALL, path);
    (void)evdns_base_resume(resolver->dns);
}

static void resolver_ask(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct resolver_name *name = context;
    name->asked_real_ns = clock_real_ns();
    if (name->failing) {
        resolver_read_servers(name->resolver);
    }
    const struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    /* The answer may come during the call, from the hosts file; then there is no request to keep.
     */
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(name->resolver->dns, name->host, NULL, &hints, resolver_answer, name);
    if (request != NULL) {
        name->request = request;
    }
}

int resolver_new(struct event_base *base, const struct resolver_words *words,
                 const struct resolver_callbacks *callbacks, void *context,
                 struct resolver **ret_resolver) {
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (resolver == NULL) {
        return err_origin(-ENOMEM);
    }
    *resolver = (struct resolver){
        .base = base, .words = *words, .callbacks = *callbacks, .context = context};
    resolver->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (resolver->dns == NULL) {
        free(resolver);
        return err_origin(-ENOMEM);
    }
    /* Without the file libevent asks 127.0.0.1, and the names fail one by one with a line each. */
    resolver_read_servers(resolver);
    *ret_resolver = resolver;
    return 0;
}

int resolver_add(struct resolver *resolver, const char *host, uint32_t tag, bool kept) {
    struct resolver_name *name = calloc(1, sizeof *name);
    if (name == NULL) {
        return err_origin(-ENOMEM);
    }
    name->resolver = resolver;
    name->host = host;
    name->tag = tag;
    name->kept = kept;
    name->timer = event_new(resolver->base, -1, 0, resolver_ask, name);
    if (name->timer == NULL) {
        free(name);
        return err_origin(-ENOMEM);
    }
    name->next = resolver->names;
    resolver->names = name;
    resolver_later(name, 0);
    return 0;
}

void resolver_doubt(struct resolver *resolver, uint32_t tag) {
    for (struct resolver_name *name = resolver->names; name != NULL; name = name->next) {
        if (name->tag == tag && name->request == NULL &&
            clock_real_ns() - name->asked_real_ns >= RESOLVER_RETRY_S * NS_PER_S) {
            resolver_later(name, 0);
        }
    }
}

struct resolver *resolver_free(struct resolver *resolver) {
    if (resolver == NULL) {
        return NULL;
    }
    for (struct resolver_name *name = resolver->names; name != NULL; name = name->next) {
        if (name->request != NULL) {
            evdns_getaddrinfo_cancel(name->request);
        }
    }
    evdns_base_free(resolver->dns, 1);
    while (resolver->names != NULL) {
        struct resolver_name *name = resolver->names;
        resolver->names = name->next;
        event_free(name->timer);
        free(name);
    }
    free(resolver);
    return NULL;
}
