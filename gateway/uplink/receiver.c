/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/receiver.h"

#include <inttypes.h>
#include <stdio.h>

#include <event2/event.h>
#include <openssl/crypto.h>
#include <openssl/x509_vfy.h>

#include "gateway/uplink/names.h"

/* ---- what is known of it ---- */

/* Plan the next probe, sooner while it cannot be reached. */
static void probe_plan(struct receiver *receiver) {
    const struct webhook_times *times = &receiver->host->times;
    bool well = receiver->reachable == TRUTH_TRUE;
    uint32_t wait_ms = well ? times->probe_ms : times->probe_ms_lost;
    const struct timeval wait = {.tv_sec = (time_t)(wait_ms / 1000),
                                 .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000)};
    (void)event_add(receiver->due, &wait);
}

void receiver_note(struct receiver *receiver, enum truth reachable, const char *reason) {
    uint64_t kept_back = 0;
    bool changed = receiver->reachable != (uint8_t)reachable;
    receiver->reachable = (uint8_t)reachable;
    if (reachable == TRUTH_TRUE) {
        names_worked(receiver->conf.url);
    } else {
        names_failed(receiver->conf.url);
    }
    if (reachable == TRUTH_FALSE && log_permit(&receiver->failures, &kept_back)) {
        char told[2 * RECEIVER_REASON_SIZE];
        char quoted[2 * RECEIVER_REASON_SIZE + 16];
        names_explain(receiver->conf.url, reason, told, sizeof told);
        log_line(LOG_WARNING, "webhook_failed",
                 "webhook=%s reason=%s kept_back=%" PRIu64
                 " effect=\"nobody of this role hears of alarms by it until it answers\"",
                 receiver->conf.name, log_quote(told, quoted, sizeof quoted), kept_back);
    } else if (reachable == TRUTH_TRUE && changed) {
        log_line(LOG_NOTICE, "webhook_answers",
                 "webhook=%s effect=\"connections to it come about: its role is called by it\"",
                 receiver->conf.name);
    }
    if (changed) {
        probe_plan(receiver);
        receiver->host->reachable(receiver->host->context, receiver->index, reachable);
    }
}

void receiver_note_split(struct receiver *receiver, const char *reason) {
    uint64_t kept_back = 0;
    if (log_permit(&receiver->splits, &kept_back)) {
        char quoted[256];
        log_line(LOG_NOTICE, "webhook_splits",
                 "webhook=%s reason=%s kept_back=%" PRIu64
                 " effect=\"what was to go in one call goes in a call each\"",
                 receiver->conf.name, log_quote(reason, quoted, sizeof quoted), kept_back);
    }
}

bool receiver_is_signed(const struct receiver *receiver) {
    return receiver->conf.secret_file[0] != '\0';
}

int receiver_secret(struct receiver *receiver, struct secret_shared *ret_secret) {
    int r = secret_file_read_shared(receiver->conf.secret_file, ret_secret);
    if (r == SECRET_E_ABSENT) {
        receiver_note(receiver, TRUTH_FALSE, "its secret_file cannot be read");
    } else if (r != 0) {
        receiver_note(receiver, TRUTH_FALSE, "its secret_file must hold 16 to 1024 bytes");
    }
    return r;
}

bool receiver_token(struct receiver *receiver, char ret_token[SECRET_SIZE]) {
    const char *fault = secret_file_read(receiver->conf.token_file, ret_token);
    if (fault != NULL) {
        receiver_note(receiver, TRUTH_FALSE, fault);
    }
    return fault == NULL;
}

/* Can all be read that a call needs? What cannot is noted. */
static bool receiver_is_equipped(struct receiver *receiver) {
    struct secret_shared secret;
    char token[SECRET_SIZE];
    bool is = (!receiver_is_signed(receiver) || receiver_secret(receiver, &secret) == 0) &&
              (!chat_is(receiver->conf.format) || receiver_token(receiver, token));
    OPENSSL_cleanse(&secret, sizeof secret);
    OPENSSL_cleanse(token, sizeof token);
    return is;
}

/* ---- what goes there ---- */

void receiver_options(const struct receiver *receiver, CURL *transfer) {
    transfers_options(transfer, receiver->conf.url, receiver->conf.ca,
                      receiver->host->times.attempt_ms);
}

void receiver_reason(CURL *transfer, CURLcode result, char ret[RECEIVER_REASON_SIZE]) {
    long verified = X509_V_OK;
    (void)curl_easy_getinfo(transfer, CURLINFO_SSL_VERIFYRESULT, &verified);
    if (result == CURLE_SSL_CACERT_BADFILE) {
        (void)snprintf(ret, RECEIVER_REASON_SIZE, "%s",
                       "no authorities to verify it by: install ca-certificates, or name its `ca`");
    } else if (result != CURLE_PEER_FAILED_VERIFICATION) {
        (void)snprintf(ret, RECEIVER_REASON_SIZE, "%s", curl_easy_strerror(result));
    } else {
        /* libcurl looks at the name by itself, and keeps the result of all else behind that. */
        bool other_host = verified == X509_V_OK || verified == X509_V_ERR_UNSPECIFIED;
        (void)snprintf(ret, RECEIVER_REASON_SIZE, "its certificate is refused: %s",
                       other_host ? "it is for another host"
                                  : X509_verify_cert_error_string(verified));
    }
}

/* ---- probes: can it be reached, before it is needed? ---- */

static void probe_stop(struct receiver *receiver) {
    if (receiver->probe != NULL) {
        transfers_end(receiver->host->transfers, receiver->probe);
        receiver->probe = NULL;
    }
}

static void probe_begin(evutil_socket_t fd, short what, void *context) {
    struct receiver *receiver = context;
    const struct receiver_host *host = receiver->host;
    (void)fd;
    (void)what;
    probe_plan(receiver);
    if (receiver->probe != NULL || host->is_called(host->calls, receiver->index) ||
        !receiver_is_equipped(receiver)) {
        return; /* it is known, or being found out */
    }
    receiver->probe = curl_easy_init();
    if (receiver->probe != NULL) {
        receiver_options(receiver, receiver->probe);
        (void)curl_easy_setopt(receiver->probe, CURLOPT_CONNECT_ONLY, 1L);
        /* One that cannot begin is looked at when the next is due. */
        if (!transfers_begin(host->transfers, receiver->probe)) {
            probe_stop(receiver);
        }
    }
}

void receiver_probed(struct receiver *receiver, const CURL *transfer, CURLcode result) {
    if (receiver->probe == transfer) {
        char reason[RECEIVER_REASON_SIZE];
        receiver_reason(receiver->probe, result, reason);
        probe_stop(receiver);
        receiver_note(receiver, result == CURLE_OK ? TRUTH_TRUE : TRUTH_FALSE, reason);
    }
}

/* ---- birth and death ---- */

int receiver_init(struct receiver *receiver, const struct receiver_host *host, uint32_t index,
                  const struct webhook_conf *conf) {
    *receiver = (struct receiver){
        .host = host,
        .conf = *conf,
        .index = index,
        .reachable = TRUTH_UNKNOWN,
        .due = event_new(host->base, -1, 0, probe_begin, receiver),
    };
    if (receiver->due == NULL) {
        return err_origin(-ENOMEM);
    }
    const struct timeval at_once = {0};
    if (conf->url[0] != '\0') {
        (void)event_add(receiver->due, &at_once);
    }
    return 0;
}

void receiver_deinit(struct receiver *receiver) {
    probe_stop(receiver);
    if (receiver->due != NULL) {
        event_free(receiver->due);
        receiver->due = NULL;
    }
}
