/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/tls.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "gateway/clock.h"
#include "gateway/log.h"

/* Whom nobody listens to: a certificate is shown to everybody, a password is never asked for. */
static int tls_no_password(char *ret, int size, int writing, void *context) {
    (void)ret;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static SSL_CTX *tls_context(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_default_passwd_cb(context, tls_no_password);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_PRIORITIZE_CHACHA);
    /* Hundreds of pages wait for events: what is idle holds no buffers. */
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

static void tls_reason(char *ret, size_t size) {
    unsigned long code = ERR_peek_last_error();
    if (code == 0) {
        (void)snprintf(ret, size, "%s", strerror(errno));
    } else {
        ERR_error_string_n(code, ret, size);
    }
    ERR_clear_error();
}

/* What is shown from now on; takes `context`. */
static void tls_show(struct tls *tls, SSL_CTX *context) {
    tls->renewals += tls->context != NULL;
    SSL_CTX_free(tls->context);
    tls->context = context;
    tls->until_s = certificate_until_s(SSL_CTX_get0_certificate(context));
}

static void tls_watch(struct tls *tls, struct wall now) {
    const char *certificate = site_text(tls->site, tls->site->header->console_cert);
    char day[CERTIFICATE_DAY_SIZE], quoted[512];
    int32_t days = 0;
    tls->ends_soon = tls->until_s != 0 && certificate_ends_soon(tls->until_s, now);
    if (certificate_watch_step(&tls->watch, tls->until_s, now, &days)) {
        certificate_day(tls->until_s, day);
        log_line(
            days == 0 ? LOG_ERROR : LOG_WARNING,
            days == 0 ? "certificate_expired" : "certificate_expires",
            "certificate=console file=%s until=%s within_days=%" PRId32
            " effect=\"browsers warn of the console then, and phones that take no warning show no calls; replace the "
            "files of gateway.console.cert and key: they are taken within seconds\"",
            log_quote(certificate, quoted, sizeof quoted), day, days);
    }
}

/* ---- the site's own certificate ---- */

static bool tls_has_changed(struct stat *known, const char *path) {
    struct stat found = {0};
    (void)stat(path, &found); /* one that is gone is another too */
    bool changed = found.st_ino != known->st_ino || found.st_size != known->st_size ||
                   found.st_mtim.tv_sec != known->st_mtim.tv_sec ||
                   found.st_mtim.tv_nsec != known->st_mtim.tv_nsec;
    *known = found;
    return changed;
}

static bool tls_look_files(struct tls *tls) {
    const struct site_header *header = tls->site->header;
    const char *certificate = site_text(tls->site, header->console_cert);
    const char *key = site_text(tls->site, header->console_key);
    bool changed = tls_has_changed(&tls->certificate, certificate);
    changed = tls_has_changed(&tls->key, key) || changed;
    /* Files that were never there look as they did before the first look. */
    changed = changed || (tls->context == NULL && !tls->unusable);
    /* What could not be used may be usable with other permissions, or with memory, and looks the same. */
    if (!changed && !tls->unusable) {
        return false;
    }
    SSL_CTX *context = tls_context();
    char quoted[512], reason[256];
    if (context != NULL && SSL_CTX_use_certificate_chain_file(context, certificate) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(context) == 1) {
        log_line(LOG_NOTICE, "console_certificate", "cert=%s effect=\"shown to whoever comes\"",
                 log_quote(certificate, quoted, sizeof quoted));
        tls_show(tls, context);
        tls->unusable = false;
        tls->stands_in = false;
        return true;
    }
    tls_reason(reason, sizeof reason);
    SSL_CTX_free(context);
    tls->faults++;
    tls->unusable = true;
    if (!changed) {
        return false; /* it was told */
    }
    log_line(
        LOG_ERROR, "console_certificate_unusable",
        "cert=%s reason=\"%s\" effect=\"%s\" advice=\"gateway.console.cert and key have to be PEM "
        "files that belong together, and the gateway has to be able to read them\"",
        log_quote(certificate, quoted, sizeof quoted), reason,
        tls->context != NULL && !tls->stands_in
            ? "the one before is shown on"
            : "one of the site's own authority stands in, of which browsers warn");
    return false;
}

/* ---- the certificate of the site's authority ---- */

static void tls_host(const struct tls *tls, char *ret, size_t size) {
    const char *listen = site_text(tls->site, tls->site->header->console_listen);
    const char *colon = strrchr(listen, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - listen);
    bool bracketed = len >= 2 && listen[0] == '[' && listen[len - 1] == ']';
    (void)snprintf(ret, size, "%.*s", (int)(bracketed ? len - 2 : len), listen + bracketed);
}

static void tls_tell_state(struct tls *tls, enum authority_state state) {
    static const char *const effects[] = {
        [AUTHORITY_KEPT] = "its certificate is kept again",
        [AUTHORITY_UNSAVED] =
            "the disk did not take the certificate: with the next start browsers warn of "
            "another one; look at the state directory",
        [AUTHORITY_DAMAGED] =
            "browsers warn of a certificate that they do not know; restore console/ of the state "
            "directory from a backup, or remove authority.crt and authority.key there and install "
            "the new authority on each device",
    };
    if (state != tls->told) {
        tls->told = state;
        log_line(state == AUTHORITY_KEPT ? LOG_NOTICE : LOG_ERROR, "console_authority",
                 "effect=\"%s\"", effects[state]);
    }
}

static bool tls_look_authority(struct tls *tls, struct wall now) {
    char host[256], names[AUTHORITY_NAMES_SIZE], reason[256];
    tls_host(tls, host, sizeof host);
    authority_names(host, names);
    const struct authority_conf conf = {
        .directory = tls->directory,
        .site = site_name_text(tls->site, tls->site->header->site_name, LANGUAGE_EN),
        .names = names,
        .now = now,
    };
    struct authority_server *server = &tls->authority;
    if (authority_ensure(&conf, server) != 0) {
        tls->faults++;
        return false;
    }
    tls_tell_state(tls, server->state);
    bool show = server->made || tls->context == NULL || tls->unshown;
    SSL_CTX *context = show ? tls_context() : NULL;
    if (context != NULL && SSL_CTX_use_certificate(context, server->shown.certificate) == 1 &&
        SSL_CTX_use_PrivateKey(context, server->shown.key) == 1) {
        log_line(LOG_NOTICE, "console_certificate",
                 "names=\"%s\" effect=\"shown to whoever comes\"", names);
        tls_show(tls, context);
        tls->unshown = false;
    } else if (show) {
        tls_reason(reason, sizeof reason);
        SSL_CTX_free(context);
        tls->faults++;
        tls->unshown = true;
        show = false;
        log_line(LOG_ERROR, "console_certificate_unusable", "reason=\"%s\"", reason);
    }
    return show;
}

/* ---- both ---- */

void tls_init(struct tls *tls, const struct site *site) {
    char path[4096];
    const char *state = site_text(site, site->header->state_directory);
    *tls = (struct tls){.site = site, .directory = -1};
    int len = snprintf(path, sizeof path, "%s/console", state);
    if (len > 0 && (size_t)len < sizeof path) {
        tls->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
}

void tls_deinit(struct tls *tls) {
    SSL_CTX_free(tls->context);
    authority_server_free(&tls->authority);
    if (tls->directory >= 0) {
        (void)close(tls->directory);
    }
    *tls = (struct tls){.directory = -1};
}

enum tls_shown tls_shown(const struct tls *tls) {
    bool own = tls->site->header->console_cert != 0 && !tls->stands_in;
    if (tls->stands_in || (!own && tls->told == AUTHORITY_DAMAGED)) {
        return TLS_SHOWN_UNKNOWN;
    }
    if (own && tls->unusable) {
        return TLS_SHOWN_OLD;
    }
    return tls->ends_soon ? TLS_SHOWN_ENDING : TLS_SHOWN_MEANT;
}

/* See to what is shown. Returns true when it is another than before. */
static bool tls_renew(struct tls *tls, struct wall now) {
    bool shown = tls->site->header->console_cert != 0 && tls_look_files(tls);
    if (tls->site->header->console_cert == 0) {
        return tls_look_authority(tls, now);
    } else if (tls->unusable && (tls->context == NULL || tls->stands_in)) {
        tls->stands_in = true;
        return tls_look_authority(tls, now);
    }
    return shown;
}

bool tls_look(struct tls *tls, struct wall now, uint64_t real_ns) {
    if (real_ns < tls->next_look_real_ns) {
        return false;
    }
    tls->next_look_real_ns = real_ns + (uint64_t)TLS_LOOK_S * NS_PER_S;
    bool renewed = tls_renew(tls, now);
    tls_watch(tls, now);
    return renewed;
}
