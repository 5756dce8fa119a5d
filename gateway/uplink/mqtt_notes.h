/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_MQTT_NOTES_H
#define GATEWAY_UPLINK_MQTT_NOTES_H

/*
 * Notes from the MQTT library's threads
 *
 * The library calls back from threads of its own while it holds its lock, so that asking it
 * anything from inside a callback can stop the process for ever. Our callbacks therefore only write
 * a note into this bounded queue and wake the loop, which reads them in order and decides.
 *
 *     library's thread ── push ──▶ [ notes ] ── eventfd ──▶ loop ── pop
 *
 * A queue that is full loses the note and counts it; the loop then treats the connection as broken,
 * because it can no longer know what was taken. It cannot fill up in normal work: each message in
 * flight causes one note, and at most MQTT_NOTES_MAX / 8 are in flight. But a broker may hold any
 * number of messages: notes of those fill half of it at most, and what is beyond is only known to be
 * more; it can be asked for again.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/err.h"

enum {
    MQTT_NOTES_MAX = 1024,
    MQTT_NOTES_RETAINED_MAX =
        MQTT_NOTES_MAX / 2, /* waiting notes, before one RETAINED more is left out */
};

/* So much of a retained message is told. */
enum { MQTT_NOTE_START_MAX = 255 };

enum mqtt_note_kind {
    MQTT_NOTE_CONNECTED, /* number: the broker's receive maximum; and its other limits */
    MQTT_NOTE_FAILED,    /* an attempt to connect: number is the library's code, text the reason */
    MQTT_NOTE_LOST,      /* the connection has ended by itself */
    MQTT_NOTE_CLOSED,    /* the connection has ended as we asked */
    MQTT_NOTE_TLS,       /* text: what OpenSSL objects to; a failure follows */
    MQTT_NOTE_TURNED_AWAY, /* the broker says why it will close: number is the MQTT 5 reason */
    MQTT_NOTE_TAKEN,       /* a PUBACK; key names the message */
    MQTT_NOTE_REFUSED,  /* a negative PUBACK, number is the reason, or never sent at all: below 0 */
    MQTT_NOTE_EXAMINED, /* an examination is over: text is what is wrong, or NULL; and until_s */
    MQTT_NOTE_OWN,      /* text: what came on the client's own topic */
    MQTT_NOTE_OWN_REFUSED,      /* the broker does not let us hear it */
    MQTT_NOTE_COMMANDS,         /* commands wait in the intake */
    MQTT_NOTE_COMMANDS_REFUSED, /* the broker does not let us hear them */
    /* The broker holds a retained message: its topic in text, a newline, and what it begins with. */
    MQTT_NOTE_RETAINED,
    MQTT_NOTE_OVERWRITTEN, /* text: a topic of ours alone, which somebody else has published on */
};

struct mqtt_note {
    enum mqtt_note_kind kind;
    uint32_t attempt; /* the connection it belongs to */
    uint32_t key;
    int number;
    uint32_t packet_max;   /* the broker takes packets of so many bytes; 0: it named no bound */
    uint32_t keep_alive_s; /* it wants to hear something so often; 0: as we said */
    bool keeps_nothing;    /* it holds no retained messages */
    bool confirms_nothing; /* it takes QoS 0 alone, which is never confirmed */
    int64_t until_s;       /* when the broker's certificate ends, in wall time; 0: not known */
    char *text;            /* on the heap, or NULL; whoever pops the note frees it */
};

struct mqtt_notes;

NODISCARD int mqtt_notes_new(struct mqtt_notes **ret_notes);
/* Only after the last callback can have come. Frees what was not popped. */
struct mqtt_notes *mqtt_notes_free(struct mqtt_notes *notes);

/* From any thread. Takes a copy of `text`. */
void mqtt_notes_push(struct mqtt_notes *notes, const struct mqtt_note *note, const char *text);

/* Take the oldest note; false when there is none. */
bool mqtt_notes_pop(struct mqtt_notes *notes, struct mqtt_note *ret_note);

/* The descriptor that becomes readable when notes come; mqtt_notes_rest() before popping them. */
int mqtt_notes_fd(const struct mqtt_notes *notes);
void mqtt_notes_rest(struct mqtt_notes *notes);

/* Were notes RETAINED left out since the last call? */
bool mqtt_notes_left_out(struct mqtt_notes *notes);

/* How many other notes were lost since the last call. */
uint64_t mqtt_notes_lost(struct mqtt_notes *notes);

#endif
