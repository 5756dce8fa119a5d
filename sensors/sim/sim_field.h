/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_FIELD_H
#define SENSORS_SIM_FIELD_H

/*
 * The simulated field
 *
 * Every device of a site, spoken to over the protocols that the real ones speak, in one event loop:
 *
 *     life ──┐ background values        ┌──▶ image ──▶ TCP server, serial line   (Modbus)
 *            ├──▶ value of each point ──┤
 *     story ─┤ what is set goes before  └──▶ payload ──▶ publisher               (MQTT)
 *     control┘
 *
 * A point shows what life gives it until a story or somebody at the control socket sets it; then it
 * shows that, and life goes on unseen until the act is over. What is set is there for the very next
 * request. When two acts overlap, only the later one takes its value back.
 *
 * A device that is down shows it as the real one would: alone at its address, the port refuses, or
 * the sensors leave the broker; where others share the address, only it falls silent. A serial line
 * always stays, since it is the gateway's own end.
 */

#include "sensors/sim/sim_conf.h"

struct event_base;
struct sim_field;

enum sim_note_kind {
    SIM_NOTE_ACT_BEGINS,
    SIM_NOTE_ACT_ENDS,
    SIM_NOTE_STORY_OVER,
    SIM_NOTE_BROKER_CONNECTED,
    SIM_NOTE_BROKER_LOST,
    SIM_NOTE_REOPEN_FAILED, /* a device came back, but its port is taken; tried again each second */
    SIM_NOTE_MESSAGE_LOST,  /* a broker was away for longer than the queue lasts */
};

struct sim_note {
    enum sim_note_kind kind;
    uint32_t act;     /* ACT_BEGINS, ACT_ENDS */
    uint32_t bus;     /* BROKER_…, REOPEN_FAILED, MESSAGE_LOST */
    const char *text; /* BROKER_LOST: why; valid during the call */
};

struct sim_field_callbacks {
    void (*note)(void *context, const struct sim_note *note);
    void *context;
};

/* Build the field. Borrows `conf` and `clock`. Opens nothing yet. Returns 0 or -ENOMEM. */
SIM_NODISCARD int sim_field_new(struct event_base *base, const struct sim_conf *conf,
                                const struct sim_clock *clock,
                                const struct sim_field_callbacks *callbacks,
                                struct sim_field **ret_field);

/* Close everything and remove the links of serial lines. */
struct sim_field *sim_field_free(struct sim_field *field);

/*
 * Open every bus and begin the story. Returns 0, or what a bus could not do: SIM_E_IN_USE,
 * SIM_E_ADDRESS, SIM_E_OCCUPIED, SIM_E_DIRECTORY or a negative errno; then `*ret_bus` is that bus.
 * A broker that is away is no error: sensors wait for theirs.
 */
SIM_NODISCARD int sim_field_start(struct sim_field *field, uint32_t *ret_bus);

const struct sim_conf *sim_field_conf(const struct sim_field *field);

/* Can the point's registers hold the value? Always, where it has none. */
bool sim_field_holds(const struct sim_field *field, uint32_t point, double value);

/* Set a point that is neither output nor event point, from now on. */
void sim_field_set(struct sim_field *field, uint32_t point, double value);

/*
 * Publish a payload, a JSON text, on a topic of the device, and take the values in it for those of
 * the topic's points. Returns 0, or SIM_E_FULL when it was not taken, also because the device is
 * down.
 */
SIM_NODISCARD int sim_field_publish(struct sim_field *field, uint32_t device, const char *topic,
                                    const char *payload);

void sim_field_switch(struct sim_field *field, uint32_t device, bool down);

/* Only of Modbus devices. */
void sim_field_answer(struct sim_field *field, uint32_t device, enum sim_answer answer);

/* Is an output on, as last written by the gateway? */
bool sim_field_is_on(struct sim_field *field, uint32_t point);

/* How many requests reached a Modbus device. */
uint64_t sim_field_requests(const struct sim_field *field, uint32_t device);

/* Find by name; SIM_NONE when there is none. The device of a topic is that of its first point. */
uint32_t sim_field_point_find(const struct sim_field *field, const char *id);
uint32_t sim_field_device_find(const struct sim_field *field, const char *id);
uint32_t sim_field_topic_device(const struct sim_field *field, const char *topic);

#endif
