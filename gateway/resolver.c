/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "gateway/log.h"

struct resolver_name {
    struct resolver *resolver;
    const char *host;
    uint32_t tag;
    char literal[INET6_ADDRSTRLEN]; /* empty until it was found */
    bool failing;
    struct event *timer;
    struct evdns_getaddrinfo_request *request; /* NULL unless one is under way */
    struct resolver_name *next;
};

struct resolver {
    struct event_base *base;
    struct evdns_base *dns;
    void (*found)(void *context, uint32_t tag, const char *literal);
    void *context;
    struct resolver_name *names;
};

int resolver_is_literal(const char *host) {
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static bool resolver_format(const struct evutil_addrinfo *info, char ret[INET6_ADDRSTRLEN]) {
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
    char host[300], why[120];
    if (failing && !name->failing) {
        log_line(LOG_WARNING, "name_not_resolved", "host=%s reason=%s effect=\"%s\"",
                 log_quote(name->host, host, sizeof host), log_quote(reason, why, sizeof why),
                 name->literal[0] == '\0' ? "its devices cannot be reached"
                                          : "its last address is used");
    } else if (!failing && name->failing) {
        log_line(LOG_NOTICE, "name_resolved", "host=%s effect=\"its devices can be reached\"",
                 log_quote(name->host, host, sizeof host));
    }
    name->failing = failing;
}

static void resolver_answer(int result, struct evutil_addrinfo *answers, void *context) {
    struct resolver_name *name = context;
    name->request = NULL;
    if (result == EVUTIL_EAI_CANCEL) {
        return;
    }
    char literal[INET6_ADDRSTRLEN] = "";
    if (result == 0 && answers != NULL && resolver_format(answers, literal)) {
        resolver_tell(name, false, NULL);
        if (strcmp(literal, name->literal) != 0) {
            memcpy(name->literal, literal, sizeof name->literal);
            name->resolver->found(name->resolver->context, name->tag, name->literal);
        }
        resolver_later(name, RESOLVER_REFRESH_S);
    } else {
        resolver_tell(name, true, evutil_gai_strerror(result));
        resolver_later(name, RESOLVER_RETRY_S);
    }
    if (answers != NULL) {
        evutil_freeaddrinfo(answers);
    }
}

static void resolver_ask(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct resolver_name *name = context;
    const struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    /* The answer may come during the call, from the hosts file; then there is no request to keep.
     */
    struct evdns_getaddrinfo_request *request =
        evdns_getaddrinfo(name->resolver->dns, name->host, NULL, &hints, resolver_answer, name);
    if (request != NULL) {
        name->request = request;
    }
}

int resolver_new(struct event_base *base,
                 void (*found)(void *context, uint32_t tag, const char *literal), void *context,
                 struct resolver **ret_resolver) {
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (resolver == NULL) {
        return err_origin(-ENOMEM);
    }
    *resolver = (struct resolver){.base = base, .found = found, .context = context};
    resolver->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (resolver->dns == NULL) {
        free(resolver);
        return err_origin(-ENOMEM);
    }
    /* Without the file libevent asks 127.0.0.1, and the names fail one by one with a line each. */
    (void)evdns_base_resolv_conf_parse(resolver->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    *ret_resolver = resolver;
    return 0;
}

int resolver_add(struct resolver *resolver, const char *host, uint32_t tag) {
    struct resolver_name *name = calloc(1, sizeof *name);
    if (name == NULL) {
        return err_origin(-ENOMEM);
    }
    name->resolver = resolver;
    name->host = host;
    name->tag = tag;
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
