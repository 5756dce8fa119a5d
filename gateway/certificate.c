/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/certificate.h"

#include <stdio.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define DAY_S          INT64_C(86400)
#define ENDS_SOON_DAYS 14

int64_t certificate_until_s(const X509 *certificate) {
    struct tm end;
    return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1 ? (int64_t)timegm(&end) : 0;
}

/* Call `each` with the end of every certificate of a PEM file, until it returns false. */
static void certificate_each(const char *path, bool (*each)(void *context, int64_t until_s),
                             void *context) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    X509 *certificate;
    bool more = true;
    while (more && (certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        int64_t until_s = certificate_until_s(certificate);
        more = until_s == 0 || each(context, until_s);
        X509_free(certificate);
    }
    (void)fclose(file);
    ERR_clear_error(); /* the end of the file is an error to the library */
}

static bool certificate_first(void *context, int64_t until_s) {
    *(int64_t *)context = until_s;
    return false;
}

int64_t certificate_file_until_s(const char *path) {
    int64_t until_s = 0;
    certificate_each(path, certificate_first, &until_s);
    return until_s;
}

struct certificate_choice {
    int64_t now_s;
    int64_t next_s; /* the first to end of those that are good; 0: none is */
    int64_t last_s;
};

static bool certificate_choose(void *context, int64_t until_s) {
    struct certificate_choice *choice = context;
    if (until_s > choice->now_s && (choice->next_s == 0 || until_s < choice->next_s)) {
        choice->next_s = until_s;
    }
    if (until_s > choice->last_s) {
        choice->last_s = until_s;
    }
    return true;
}

int64_t certificate_authorities_until_s(const char *path, struct wall now) {
    struct certificate_choice choice = {.now_s = now.ns / (int64_t)NS_PER_S};
    certificate_each(path, certificate_choose, &choice);
    return choice.next_s != 0 ? choice.next_s : choice.last_s;
}

bool certificate_watch_step(struct certificate_watch *watch, int64_t until_s, struct wall now,
                            int32_t *ret_days) {
    static const int32_t steps[] = {0, 1, 7, 14, 30};
    if (until_s == 0) {
        return false;
    }
    if (until_s != watch->until_s) {
        *watch = (struct certificate_watch){.until_s = until_s};
    }
    int64_t left_s = until_s - now.ns / (int64_t)NS_PER_S;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (left_s <= steps[i] * DAY_S) {
            bool news = !watch->told || steps[i] < watch->told_days;
            if (news) {
                watch->told = true;
                watch->told_days = steps[i];
                *ret_days = steps[i];
            }
            return news;
        }
    }
    return false;
}

bool certificate_ends_soon(int64_t until_s, struct wall now) {
    return until_s - now.ns / (int64_t)NS_PER_S <= ENDS_SOON_DAYS * DAY_S;
}

void certificate_day(int64_t until_s, char ret[CERTIFICATE_DAY_SIZE]) {
    time_t at = (time_t)until_s;
    struct tm day;
    if (gmtime_r(&at, &day) == NULL || strftime(ret, CERTIFICATE_DAY_SIZE, "%Y-%m-%d", &day) == 0) {
        ret[0] = '\0';
    }
}
