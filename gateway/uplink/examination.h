/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_EXAMINATION_H
#define GATEWAY_UPLINK_EXAMINATION_H

/*
 * The examination of a broker's TLS: why it is refused, in words
 *
 * The MQTT library says of a handshake that failed no more than that it failed, and shows nobody the
 * broker's certificate. So the line has a second look by OpenSSL itself: it makes the same
 * handshake with the same files, on a connection that carries nothing, and says what is wrong, what
 * that means and what to do; or, when all is well, until when the broker's certificates are good.
 * It trusts nobody: what decides whether a broker is spoken to is the library's own check.
 *
 * It waits for a network, so that it runs in a thread of its own, one at a time, and brings a note
 * (mqtt_notes.h).
 */

#include <stdbool.h>

#include "gateway/uplink/mqtt_notes.h"

struct examiner;

enum {
    /* Bounds of each wait for the other end, and of what is listened for after the handshake: a
     * broker that refuses our certificate says so only then (RFC 8446, 4.4.2.4). */
    EXAMINATION_LIMIT_MS = 5000,
    EXAMINATION_LISTEN_MS = 500,
    EXAMINATION_TEXT_SIZE = 240,
};

/* The files are "" where not given. */
struct examination_conf {
    const char *address; /* "ssl://host:port" */
    const char *ca, *cert, *key;
};

/* What was found. */
struct examination_result {
    int64_t until_s; /* when the first of the broker's certificates ends; 0: was not seen */
    char told[EXAMINATION_TEXT_SIZE]; /* "" when nothing is wrong */
};

/* Examine now, in this thread. Takes up to some ten seconds, and the name server's time. */
void examination_run(const struct examination_conf *conf, struct examination_result *ret);

/* Make an examiner; keeps `notes` until examiner_free(). */
NODISCARD int examiner_new(struct mqtt_notes *notes, struct examiner **ret_examiner);

/* An examination that is under way ends by itself, and tells nobody. */
struct examiner *examiner_free(struct examiner *examiner);

/*
 * Begin an examination; copies `conf`. A note EXAMINED of `attempt` follows. Returns false when one
 * is under way, or there is no thread to be had: then none follows.
 */
bool examiner_start(struct examiner *examiner, const struct examination_conf *conf,
                    uint32_t attempt);

#endif
