/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_SCENE_H
#define SENSORS_SIM_SCENE_H

/*
 * The scene: what every point of the field shows, and when that changes
 *
 *     life ──┐ background values
 *            ├──▶ value of each point ──▶ callbacks: shown, switched, published
 *     story ─┤ what is set goes before
 *     a hand ┘
 *
 * A point shows what life gives it until a story or somebody's hand sets it; then it shows that, and
 * life goes on unseen until the act is over. When two acts overlap, only the later one takes its
 * value back.
 *
 * It knows neither clock nor bus: its caller says what time it is, and makes heard what is shown.
 * Callbacks come in a fixed order, so that the same story is the same evening each time.
 */

#include "sensors/sim/sim_conf.h"

struct sim_scene;

/* They may ask the scene, and tell it what somebody else has made heard: sim_scene_learn(). */
struct sim_scene_callbacks {
    /* A point, no output and no event point, shows another value than before. */
    void (*shown)(void *context, uint32_t point, double value);
    /* A device may be up or down now, and answer in another way. */
    void (*switched)(void *context, uint32_t device, bool down, enum sim_answer answer);
    /* An act says something on a topic. */
    void (*published)(void *context, const struct sim_act *act);
    /* An act of the story begins or ends. */
    void (*moment)(void *context, uint32_t act, bool end);
    void (*over)(void *context); /* the story, once, after its last moment */
    void *context;
};

/* Borrows `conf`. Every point is shown once, before it returns. Returns 0 or -ENOMEM. */
SIM_NODISCARD int sim_scene_new(const struct sim_conf *conf,
                                const struct sim_scene_callbacks *callbacks,
                                struct sim_scene **ret_scene);
struct sim_scene *sim_scene_free(struct sim_scene *scene);

/* The story begins at `now`. */
void sim_scene_begin(struct sim_scene *scene, struct instant now);

/* When it wants to go on: life's next step or the story's next moment. Once begun, never `never`. */
struct instant sim_scene_due(const struct sim_scene *scene);

/* Go on with all that is due at `now`. */
void sim_scene_go_on(struct sim_scene *scene, struct instant now);

/* Set a point that is neither output nor event point, from now on. */
void sim_scene_set(struct sim_scene *scene, uint32_t point, double value);

/* The same for one that somebody else has made heard: it is not shown again. */
void sim_scene_learn(struct sim_scene *scene, uint32_t point, double value);

void sim_scene_switch(struct sim_scene *scene, uint32_t device, bool down);
void sim_scene_answer(struct sim_scene *scene, uint32_t device, enum sim_answer answer);

bool sim_scene_is_down(const struct sim_scene *scene, uint32_t device);

/* The value that a point shows. */
double sim_scene_value(const struct sim_scene *scene, uint32_t point);

#endif
