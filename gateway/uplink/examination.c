/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/examination.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "gateway/certificate.h"

enum { HOST_SIZE = 256, NAME_SIZE = 80, PATH_SIZE = 512, STACK_SIZE = 256 * 1024 };

/* One examination while it goes on. */
struct examination {
    const struct examination_conf *conf;
    struct examination_result *result;
    char host[HOST_SIZE];
    char port[8];
    int fd;
    SSL_CTX *context;
    SSL *tls;
};

static void examination_tell(struct examination *own, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void examination_tell(struct examination *own, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(own->result->told, sizeof own->result->told, format, arguments);
    va_end(arguments);
}

/* "ssl://host:port", the host in brackets if it is an IPv6 address. */
static bool examination_split(struct examination *own) {
    const char *host = strstr(own->conf->address, "://");
    host = host == NULL ? own->conf->address : host + 3;
    const char *colon = strrchr(host, ':');
    if (colon == NULL) {
        return false;
    }
    size_t len = (size_t)(colon - host);
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    return len < sizeof own->host &&
           snprintf(own->host, sizeof own->host, "%.*s", (int)len, host) > 0 &&
           snprintf(own->port, sizeof own->port, "%.7s", colon + 1) > 0;
}

static void examination_limit(int fd, int ms) {
    const struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static bool examination_connect(struct examination *own) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int r = getaddrinfo(own->host, own->port, &hints, &found);
    if (r != 0) {
        examination_tell(own, "the name %.80s is not found (%s): look at it and the name server",
                         own->host, gai_strerror(r));
        return false;
    }
    for (const struct addrinfo *at = found; at != NULL && own->fd < 0; at = at->ai_next) {
        own->fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (own->fd >= 0) {
            examination_limit(own->fd, EXAMINATION_LIMIT_MS);
            if (connect(own->fd, at->ai_addr, at->ai_addrlen) != 0) {
                (void)close(own->fd);
                own->fd = -1;
            }
        }
    }
    freeaddrinfo(found);
    if (own->fd < 0) {
        examination_tell(own, "nobody listens there, or the host cannot be reached: look at "
                              "address, port and firewall");
    }
    return own->fd >= 0;
}

/* Our own files: the library says nothing of what it cannot read. */
static bool examination_load(struct examination *own) {
    const struct examination_conf *conf = own->conf;
    own->context = SSL_CTX_new(TLS_client_method());
    if (own->context == NULL) {
        return false;
    }
    bool trusts = conf->ca[0] == '\0'
                      ? SSL_CTX_set_default_verify_paths(own->context) == 1
                      : SSL_CTX_load_verify_locations(own->context, conf->ca, NULL) == 1;
    if (!trusts) {
        examination_tell(own, "the file of `ca` cannot be read, or holds no certificate: no broker "
                              "is trusted until it does");
    } else if (conf->cert[0] != '\0' &&
               SSL_CTX_use_certificate_chain_file(own->context, conf->cert) != 1) {
        examination_tell(own, "the file of `cert` cannot be read, or holds no certificate");
    } else if (conf->key[0] != '\0' &&
               SSL_CTX_use_PrivateKey_file(own->context, conf->key, SSL_FILETYPE_PEM) != 1) {
        examination_tell(own, "the file of `key` cannot be read, or is not the key of `cert`");
    }
    return own->result->told[0] == '\0';
}

/* Go on whatever is wrong: the first fault stays known, and the certificate is still to be seen. */
static int examination_go_on(int sound, X509_STORE_CTX *store) {
    (void)sound;
    (void)store;
    return 1;
}

static bool examination_prepare(struct examination *own) {
    own->tls = SSL_new(own->context);
    if (own->tls == NULL || SSL_set_fd(own->tls, own->fd) != 1) {
        return false;
    }
    X509_VERIFY_PARAM *expected = SSL_get0_param(own->tls);
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, own->host) != 1) {
        (void)SSL_set_tlsext_host_name(own->tls, own->host);
        (void)SSL_set1_host(own->tls, own->host);
    }
    ERR_clear_error();
    SSL_set_verify(own->tls, SSL_VERIFY_PEER, examination_go_on);
    return true;
}

/* ---- what is wrong ---- */

static int64_t examination_time_s(const ASN1_TIME *time) {
    struct tm at;
    return ASN1_TIME_to_tm(time, &at) == 1 ? (int64_t)timegm(&at) : 0;
}

static void examination_name(const X509_NAME *name, char ret[NAME_SIZE]) {
    if (X509_NAME_get_text_by_NID((X509_NAME *)(uintptr_t)name, NID_commonName, ret, NAME_SIZE) <=
        0) {
        (void)snprintf(ret, NAME_SIZE, "nobody named");
    }
}

/* The first name that the certificate is good for. */
static void examination_host_of(X509 *certificate, char ret[NAME_SIZE]) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    examination_name(X509_get_subject_name(certificate), ret);
    if (sk_GENERAL_NAME_num(names) > 0) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
        if (name->type == GEN_DNS) {
            (void)snprintf(ret, NAME_SIZE, "%.*s", ASN1_STRING_length(name->d.dNSName),
                           (const char *)ASN1_STRING_get0_data(name->d.dNSName));
        }
    }
    GENERAL_NAMES_free(names);
}

/* What OpenSSL found wrong with the broker's certificate. Texts of others are cut short. */
static void examination_judge(struct examination *own, X509 *certificate, long fault) {
    char name[NAME_SIZE];
    char day[CERTIFICATE_DAY_SIZE];
    switch (fault) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        certificate_day(own->result->until_s, day);
        examination_tell(own,
                         "the broker's certificate, or its authority's, has expired on %s: renew "
                         "it there, or set this gateway's clock; until then nothing is sent to it",
                         day);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        certificate_day(examination_time_s(X509_get0_notBefore(certificate)), day);
        examination_tell(own,
                         "the broker's certificate is not valid before %s: set this gateway's "
                         "clock; until then nothing is sent to it",
                         day);
        return;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        examination_host_of(certificate, name);
        examination_tell(own,
                         "the broker's certificate is for %.40s, not for %.40s: write that name in "
                         "`brokers`, or give the broker another certificate; nothing is sent to it",
                         name, own->host);
        return;
    default:
        examination_name(X509_get_issuer_name(certificate), name);
        examination_tell(own,
                         "the broker's certificate is not signed by an authority in `ca` but by "
                         "%.40s (%.50s): somebody may be in between; nothing is sent to it",
                         name, X509_verify_cert_error_string(fault));
        return;
    }
}

/* The handshake failed on the other side's word, or for want of a common language. */
static void examination_refusal(struct examination *own) {
    unsigned long code = ERR_peek_error();
    switch (ERR_GET_REASON(code)) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        examination_tell(own, "the broker wants a certificate of ours: name it under `cert` and "
                              "`key`; until then it takes nothing");
        return;
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        examination_tell(own, "the broker says that our certificate has expired: renew `cert`; "
                              "until then it takes nothing");
        return;
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        examination_tell(own,
                         "the broker does not trust our certificate (%.60s): have `cert` "
                         "signed by its authority; until then it takes nothing",
                         ERR_reason_error_string(code));
        return;
    default:
        break;
    }
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    examination_tell(own,
                     "no TLS with it (%.100s): look at whether its port speaks TLS 1.2 or newer",
                     reason == NULL ? "it closed or did not answer" : reason);
}

/* The first of the certificates shown to end. */
static void examination_read_ends(struct examination *own) {
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(own->tls);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        int64_t until_s = examination_time_s(X509_get0_notAfter(sk_X509_value(chain, i)));
        if (own->result->until_s == 0 || until_s < own->result->until_s) {
            own->result->until_s = until_s;
        }
    }
}

static void examination_shake(struct examination *own) {
    bool shaken = SSL_connect(own->tls) == 1;
    examination_read_ends(own);
    X509 *certificate = SSL_get0_peer_certificate(own->tls);
    long fault = SSL_get_verify_result(own->tls);
    if (certificate != NULL && fault != X509_V_OK) {
        examination_judge(own, certificate, fault);
        return;
    }
    char byte;
    if (shaken) {
        examination_limit(own->fd, EXAMINATION_LISTEN_MS);
        int n = SSL_peek(own->tls, &byte, sizeof byte);
        shaken = n > 0 || SSL_get_error(own->tls, n) != SSL_ERROR_SSL;
    }
    if (!shaken) {
        examination_refusal(own);
    }
}

/* Without memory OpenSSL finds fault with whatever it was about: with a file, or with the broker. */
static void examination_look_for_memory(struct examination *own) {
    unsigned long code;
    bool scarce = own->tls != NULL && SSL_get_verify_result(own->tls) == X509_V_ERR_OUT_OF_MEM;
    while ((code = ERR_get_error()) != 0) {
        int reason = ERR_GET_REASON(code);
        scarce = scarce || reason == ERR_R_MALLOC_FAILURE || reason == ERR_R_INIT_FAIL;
    }
    if (scarce) {
        examination_tell(own,
                         "there is no memory for TLS here: nothing is sent to the broker until "
                         "there is; look at what else runs on this machine");
    }
}

void examination_run(const struct examination_conf *conf, struct examination_result *ret) {
    struct examination own = {.conf = conf, .result = ret, .fd = -1};
    memset(ret, 0, sizeof *ret);
    ERR_clear_error();
    if (examination_split(&own) && examination_load(&own) && examination_connect(&own) &&
        examination_prepare(&own)) {
        examination_shake(&own);
        /* It hears that nothing more comes; its answer is nothing to us. */
        (void)SSL_shutdown(own.tls);
    }
    examination_look_for_memory(&own);
    SSL_free(own.tls);
    SSL_CTX_free(own.context);
    if (own.fd >= 0) {
        (void)close(own.fd);
    }
    ERR_clear_error(); /* of the freeing */
}

/* ---- the thread ---- */

struct examiner {
    pthread_mutex_t lock;
    struct mqtt_notes *notes; /* NULL once the owner has gone */
    bool busy;
    uint32_t attempt;
    char address[PATH_SIZE], ca[PATH_SIZE], cert[PATH_SIZE], key[PATH_SIZE];
};

int examiner_new(struct mqtt_notes *notes, struct examiner **ret_examiner) {
    struct examiner *examiner = calloc(1, sizeof *examiner);
    if (examiner == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = pthread_mutex_init(&examiner->lock, NULL);
    if (r != 0) {
        free(examiner);
        return err_origin(-r);
    }
    examiner->notes = notes;
    *ret_examiner = examiner;
    return 0;
}

static void examiner_release(struct examiner *examiner) {
    (void)pthread_mutex_destroy(&examiner->lock);
    free(examiner);
}

struct examiner *examiner_free(struct examiner *examiner) {
    if (examiner == NULL) {
        return NULL;
    }
    (void)pthread_mutex_lock(&examiner->lock);
    bool busy = examiner->busy; /* then the thread is the last */
    examiner->notes = NULL;
    (void)pthread_mutex_unlock(&examiner->lock);
    if (!busy) {
        examiner_release(examiner);
    }
    return NULL;
}

static void *examiner_work(void *context) {
    struct examiner *examiner = context;
    const struct examination_conf conf = {
        .address = examiner->address,
        .ca = examiner->ca,
        .cert = examiner->cert,
        .key = examiner->key,
    };
    struct examination_result result;
    examination_run(&conf, &result);
    OPENSSL_thread_stop();
    (void)pthread_mutex_lock(&examiner->lock);
    bool last = examiner->notes == NULL;
    if (!last) {
        const struct mqtt_note note = {
            .kind = MQTT_NOTE_EXAMINED,
            .attempt = examiner->attempt,
            .until_s = result.until_s,
        };
        mqtt_notes_push(examiner->notes, &note, result.told[0] == '\0' ? NULL : result.told);
    }
    examiner->busy = false;
    (void)pthread_mutex_unlock(&examiner->lock);
    if (last) {
        examiner_release(examiner);
    }
    return NULL;
}

bool examiner_start(struct examiner *examiner, const struct examination_conf *conf,
                    uint32_t attempt) {
    (void)pthread_mutex_lock(&examiner->lock);
    bool free_now = !examiner->busy;
    examiner->busy = true;
    (void)pthread_mutex_unlock(&examiner->lock);
    if (!free_now) {
        return false;
    }
    examiner->attempt = attempt;
    (void)snprintf(examiner->address, sizeof examiner->address, "%s", conf->address);
    (void)snprintf(examiner->ca, sizeof examiner->ca, "%s", conf->ca);
    (void)snprintf(examiner->cert, sizeof examiner->cert, "%s", conf->cert);
    (void)snprintf(examiner->key, sizeof examiner->key, "%s", conf->key);
    pthread_attr_t attributes;
    pthread_t thread;
    bool started = pthread_attr_init(&attributes) == 0;
    if (started) {
        (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
        (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        started = pthread_create(&thread, &attributes, examiner_work, examiner) == 0;
        (void)pthread_attr_destroy(&attributes);
    }
    if (!started) {
        (void)pthread_mutex_lock(&examiner->lock);
        examiner->busy = false;
        (void)pthread_mutex_unlock(&examiner->lock);
    }
    return started;
}
