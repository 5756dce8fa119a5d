/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_CREDENTIALS_H
#define GATEWAY_UPLINK_CREDENTIALS_H

/*
 * The files by which this gateway and its broker know each other: have they been renewed?
 *
 * A connection goes on with what was read when it began. Who renews a certificate puts a new file over the
 * old one and expects that it is used, at the latest when the old one ends. So each connection remembers
 * what its files held, and a look now and then finds that they hold something else: by their contents,
 * because a renewal may move a link, or copy a file with its old times.
 *
 *     look   same   →
 *     look   other  →  wait: the certificate may be there, and its key not yet
 *     look   other, the same as before, and sound  →  renewed
 *     look   other, the same as before, not sound  →  the fault, told once; the connection stands
 */

#include <stdbool.h>
#include <stdint.h>

enum { CREDENTIALS_STAMP_SIZE = 32, CREDENTIALS_FAULT_SIZE = 200 };

/* Paths; "" where not given. */
struct credentials_files {
    const char *ca, *cert, *key;
};

struct credentials_stamp {
    unsigned char bytes[CREDENTIALS_STAMP_SIZE];
};

struct credentials {
    struct credentials_stamp used; /* what the connection has read */
    struct credentials_stamp seen; /* at the last look */
    bool faulty;                   /* what was seen last is not sound, which was told */
};

/* A connection is about to read the files. */
void credentials_begin(struct credentials *credentials, const struct credentials_files *files);

/* Do the files hold now what the connection has read? */
bool credentials_are_used(const struct credentials *credentials,
                          const struct credentials_files *files);

enum credentials_news {
    CREDENTIALS_SAME,    /* or not twice the same yet, or a fault that was told */
    CREDENTIALS_RENEWED, /* a new connection would read others, which are sound */
    CREDENTIALS_FAULTY,  /* … which are not, as `ret_fault` says for people */
};

/* Look at them once. */
enum credentials_news credentials_look(struct credentials *credentials,
                                       const struct credentials_files *files,
                                       char ret_fault[CREDENTIALS_FAULT_SIZE]);

#endif
