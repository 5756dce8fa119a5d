/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_LIFE_H
#define SENSORS_SIM_LIFE_H

/*
 * Life going on
 *
 * The background of a story: people who come, go and move, and air that they warm and breathe. Once
 * a second each place takes a step. People drift around the number that the story names; somebody
 * who enters counts on the door's counter, motion flickers, presence holds. Climate values wander
 * around where they began. Everything else keeps the value of a quiet day: no button is pressed, no
 * door is open, the mains are on.
 *
 * Each point has a stream of chance of its own, so that adding a device to a site does not change
 * what the others do. The same seed gives the same life.
 */

#include "sensors/sim/sim_conf.h"

/* Life's step, in clock time. */
#define SIM_LIFE_STEP_NS NS_PER_S

struct sim_life;

/* Borrows `conf`. Returns 0 or -ENOMEM. */
SIM_NODISCARD int sim_life_new(const struct sim_conf *conf, struct sim_life **ret_life);
struct sim_life *sim_life_free(struct sim_life *life);

/* Go on by one step. */
void sim_life_step(struct sim_life *life);

/* The value of a point, in its own unit. Event points and outputs have 0. */
double sim_life_value(const struct sim_life *life, uint32_t point);

/* Does this kind show how many people are in a place? */
bool sim_life_shows_people(enum point_kind kind);

/* Does this kind wander with the air of a place? Then `*ret_usual` is a value that alarms nobody.
 */
bool sim_life_is_climate(enum point_kind kind, double *ret_usual);

#endif
