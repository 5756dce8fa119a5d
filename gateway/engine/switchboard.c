/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/switchboard.h"

enum { CHANGED_BATCH = 64 };

int switchboard_init(struct switchboard *switchboard, const struct site *site, struct core *core) {
    switchboard->site = site;
    switchboard->core = core;
    return marks_init(&switchboard->unsent, site->ruleset.point_count);
}

void switchboard_deinit(struct switchboard *switchboard) {
    marks_deinit(&switchboard->unsent);
}

static uint32_t switchboard_field(const struct switchboard *switchboard, uint32_t point) {
    return switchboard->site->buses[switchboard->site->points[point].bus].field;
}

/* Send what was collected; on failure its points stay marked. */
static bool switchboard_send(struct switchboard *switchboard, struct engine_peer *peer) {
    struct wire_outputs *message = &switchboard->message;
    message->header = wire_header_of(WIRE_OUTPUTS, wire_size(WIRE_OUTPUTS, message->count));
    message->generation = switchboard->site->header->generation;
    bool sent = engine_peer_send(peer, message) == 0;
    for (uint32_t i = 0; sent && i < message->count; i++) {
        index_set_remove(&switchboard->unsent, message->outputs[i].point);
    }
    message->count = 0;
    return sent;
}

/* Send what this field process has yet to hear, as far as its socket takes it. */
static void switchboard_flush(struct switchboard *switchboard, struct engine_peer *peer) {
    struct wire_outputs *message = &switchboard->message;
    message->count = 0;
    for (uint32_t point = index_set_next(&switchboard->unsent, 0); point != INDEX_NONE;
         point = index_set_next(&switchboard->unsent, point + 1)) {
        if (switchboard_field(switchboard, point) != peer->instance) {
            continue;
        }
        message->outputs[message->count++] = (struct wire_output){
            .point = point & 0x7fffffffu, .on = core_output(switchboard->core, point)};
        if (message->count == WIRE_OUTPUTS_MAX && !switchboard_send(switchboard, peer)) {
            return; /* goes on when it is writable, or anew when it has come back */
        }
    }
    if (message->count > 0) {
        (void)switchboard_send(switchboard, peer);
    }
}

void switchboard_follow(struct switchboard *switchboard, struct engine_peers *peers) {
    uint32_t points[CHANGED_BATCH];
    uint32_t count;
    bool any = false;
    while ((count = core_outputs_changed(switchboard->core, points, CHANGED_BATCH)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            index_set_add(&switchboard->unsent, points[i]);
        }
        any = true;
    }
    for (uint32_t i = 0; any && peers != NULL && i < switchboard->site->header->field_count; i++) {
        struct engine_peer *peer = engine_peers_find(peers, i);
        if (peer != NULL) {
            switchboard_flush(switchboard, peer);
        }
    }
}

void switchboard_join(struct switchboard *switchboard, struct engine_peer *peer) {
    for (uint32_t point = 0; point < switchboard->site->ruleset.point_count; point++) {
        if (switchboard->site->points[point].output != 0 &&
            switchboard_field(switchboard, point) == peer->instance) {
            index_set_add(&switchboard->unsent, point);
        }
    }
    switchboard_flush(switchboard, peer);
}

void switchboard_writable(struct switchboard *switchboard, struct engine_peer *peer) {
    switchboard_flush(switchboard, peer);
}
