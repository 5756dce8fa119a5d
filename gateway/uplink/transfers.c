/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/transfers.h"

#include <stdlib.h>

#include <event2/event.h>

struct transfers {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    void (*ended)(void *context, CURL *transfer, CURLcode result);
    void *context;
};

static void transfers_reap(struct transfers *transfers) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(transfers->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            transfers->ended(transfers->context, message->easy_handle, message->data.result);
        }
    }
}

static void transfers_ready(evutil_socket_t fd, short what, void *context) {
    struct transfers *transfers = context;
    int running;
    int action = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
                 ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    (void)curl_multi_socket_action(transfers->multi, fd, action, &running);
    transfers_reap(transfers);
}

static void transfers_timed(evutil_socket_t fd, short what, void *context) {
    struct transfers *transfers = context;
    int running;
    (void)fd;
    (void)what;
    (void)curl_multi_socket_action(transfers->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    transfers_reap(transfers);
}

static int transfers_want_socket(CURL *transfer, curl_socket_t fd, int what, void *context,
                                 void *of_socket) {
    struct transfers *transfers = context;
    struct event *event = of_socket;
    (void)transfer;
    if (event != NULL) {
        event_free(event);
        event = NULL;
    }
    if (what != CURL_POLL_REMOVE) {
        short wanted = (short)(((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                               ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0) | EV_PERSIST);
        event = event_new(transfers->base, fd, wanted, transfers_ready, transfers);
        if (event == NULL || event_add(event, NULL) != 0) {
            if (event != NULL) {
                event_free(event);
            }
            return -1; /* the transfer fails */
        }
    }
    (void)curl_multi_assign(transfers->multi, fd, event);
    return 0;
}

static int transfers_want_time(CURLM *multi, long wait_ms, void *context) {
    struct transfers *transfers = context;
    (void)multi;
    if (wait_ms < 0) {
        (void)event_del(transfers->timer);
    } else {
        const struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
        (void)event_add(transfers->timer, &wait);
    }
    return 0;
}

int transfers_new(struct event_base *base,
                  void (*ended)(void *context, CURL *transfer, CURLcode result), void *context,
                  struct transfers **ret_transfers) {
    struct transfers *transfers = calloc(1, sizeof *transfers);
    if (transfers == NULL) {
        return err_origin(-ENOMEM);
    }
    transfers->base = base;
    transfers->ended = ended;
    transfers->context = context;
    transfers->multi = curl_multi_init();
    transfers->timer = event_new(base, -1, 0, transfers_timed, transfers);
    if (transfers->multi == NULL || transfers->timer == NULL) {
        (void)transfers_free(transfers);
        return err_origin(-ENOMEM);
    }
    CURLM *multi = transfers->multi;
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, transfers_want_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, transfers);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, transfers_want_time);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, transfers);
    (void)curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)TRANSFERS_CONNECTIONS_MAX);
    (void)curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                            (long)TRANSFERS_CONNECTIONS_PER_HOST);
    *ret_transfers = transfers;
    return 0;
}

struct transfers *transfers_free(struct transfers *transfers) {
    if (transfers != NULL) {
        if (transfers->multi != NULL) {
            (void)curl_multi_cleanup(transfers->multi);
        }
        if (transfers->timer != NULL) {
            event_free(transfers->timer);
        }
        free(transfers);
    }
    return NULL;
}

bool transfers_begin(struct transfers *transfers, CURL *transfer) {
    return curl_multi_add_handle(transfers->multi, transfer) == CURLM_OK;
}

void transfers_options(CURL *transfer, const char *url, const char *ca, uint32_t limit_ms) {
    (void)curl_easy_setopt(transfer, CURLOPT_URL, url);
    (void)curl_easy_setopt(transfer, CURLOPT_USERAGENT, "tocsin");
    (void)curl_easy_setopt(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(transfer, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(transfer, CURLOPT_NOSIGNAL, 1L);
    /* names.h knows what is to be tried now. */
    (void)curl_easy_setopt(transfer, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    (void)curl_easy_setopt(transfer, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(transfer, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(transfer, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca[0] != '\0') {
        (void)curl_easy_setopt(transfer, CURLOPT_CAINFO, ca);
        (void)curl_easy_setopt(transfer, CURLOPT_CAPATH, NULL);
    }
    (void)curl_easy_setopt(transfer, CURLOPT_TIMEOUT_MS, (long)limit_ms);
}

void transfers_end(struct transfers *transfers, CURL *transfer) {
    /* One that was never begun is not in there, which is all the same. */
    (void)curl_multi_remove_handle(transfers->multi, transfer);
    curl_easy_cleanup(transfer);
}
