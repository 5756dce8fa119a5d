/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whether what the broker takes arrives anywhere
 *
 * A broker of MQTT 3.1.1 has no way to refuse a message: it confirms one that its access rules forbid, and
 * drops it. So the line listens to a topic of its own and says a word there now and then.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/uplink/mqtt_link_parts.h"

enum {
    /* Words in a row that did not come back: from here on the broker passes nothing on. */
    LOOP_MISSES_MAX = 3,
    LOOP_WORD_SIZE = 64,
};

static void link_loop_enter(struct mqtt_link *link, enum mqtt_link_loop state, const char *reason) {
    bool changed = state != link->loop.state;
    link->loop.state = state;
    if (changed || state == MQTT_LINK_LOOP_PROVEN) {
        link->callbacks.looped(link->context, state, reason);
    }
}

/* What is said in this session begins so; nobody else can know it who does not hear it. */
static int link_loop_mark(const struct mqtt_link *link, char ret[LOOP_WORD_SIZE]) {
    return snprintf(ret, LOOP_WORD_SIZE, "%016llx.%u.", (unsigned long long)link->conf.seed,
                    link->attempt);
}

static void link_loop_say(struct mqtt_link *link, uint64_t now_ns) {
    struct link_loop *loop = &link->loop;
    char word[LOOP_WORD_SIZE];
    int at = link_loop_mark(link, word);
    int len = at + snprintf(word + at, sizeof word - (size_t)at, "%llu",
                            (unsigned long long)++loop->words);
    assert(len < LOOP_WORD_SIZE);
    if (link_is_too_large(link, link_packet_size(link->conf.loop_topic, (size_t)len))) {
        link_loop_forbidden(link, "its maximum packet size leaves no room for a word");
        return;
    }
    /* A line that is just going down says so itself. */
    if (link_send(link, link->conf.loop_topic, word, (size_t)len, false, TICKET_LOOP) == 0) {
        loop->said_ns = now_ns;
        loop->awaited = true;
    }
}

void link_loop_begin(struct mqtt_link *link) {
    struct link_loop *loop = &link->loop;
    loop->open = link->conf.loop_topic != NULL;
    loop->proven = false;
    loop->awaited = false;
    loop->misses = 0;
    loop->said_ns = 0;
    if (!loop->open) {
        return;
    }
    if (link->broken_off >= BROKEN_OFF_MAX) {
        link_loop_forbidden(link, "it may be what it ends the connection for, again and again");
        return;
    }
    mqtt_client_subscribe_own(link_client(link), link->conf.loop_topic);
    link_loop_tick(link, clock_real_ns());
}

void link_loop_forbidden(struct mqtt_link *link, const char *reason) {
    link->loop.open = false;
    link_loop_enter(link, MQTT_LINK_LOOP_FORBIDDEN, reason);
}

void link_loop_tick(struct mqtt_link *link, uint64_t now_ns) {
    struct link_loop *loop = &link->loop;
    bool due = loop->said_ns == 0 || now_ns - loop->said_ns >= link_ns(link->conf.loop_ms);
    if (!loop->open || !due || link->flights.count >= link->window) {
        return;
    }
    if (loop->awaited) {
        loop->misses++;
        link->counters.loop_missed++;
    }
    if (loop->misses >= LOOP_MISSES_MAX) {
        bool worked = loop->proven;
        link_loop_enter(link, MQTT_LINK_LOOP_BROKEN, "");
        if (link_leave(
                link,
                "the broker confirms what it is sent and passes nothing on: the next one is tried")) {
            return;
        }
        if (worked) {
            /* What worked may work again in a new session; where it never did, another would not help. */
            link_close(link, "the broker confirms what it is sent and no longer passes it on");
            return;
        }
    }
    link_loop_say(link, now_ns);
}

void link_loop_heard(struct mqtt_link *link, const char *word) {
    struct link_loop *loop = &link->loop;
    char mark[LOOP_WORD_SIZE];
    int len = link_loop_mark(link, mark);
    if (link->state != LINK_UP || !loop->open || strncmp(word, mark, (size_t)len) != 0) {
        return;
    }
    bool was_broken = loop->misses >= LOOP_MISSES_MAX;
    loop->proven = true;
    loop->awaited = false;
    loop->misses = 0;
    link_loop_enter(link, MQTT_LINK_LOOP_PROVEN, "");
    if (was_broken) {
        /* What is retained was dropped too: all of it is published at the start of a session. */
        link_anew(link, "the broker passes messages on again: a new session tells it all states");
    }
}
