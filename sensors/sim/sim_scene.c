/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_scene.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "sensors/sim/sim_life.h"
#include "sensors/sim/sim_story.h"

enum {
    /* After a stop of the whole machine life skips what it missed beyond this. */
    LIFE_STEPS_MAX = 60,
};

/* What a point or device was before somebody changed it, and who that was. */
struct setting {
    bool set;
    double value;
    uint32_t act; /* SIM_NONE: nobody, or a hand */
};

struct scene_point {
    struct setting setting;
    double shown;
    bool was_shown;
};

struct scene_device {
    struct setting down;
    struct setting answer;
};

struct sim_scene {
    const struct sim_conf *conf;
    struct sim_scene_callbacks callbacks;
    struct scene_device *devices;
    struct scene_point *points;
    struct setting *before; /* by act: what it changed */
    struct sim_life *life;
    struct sim_story story;
    bool over_told;
    struct instant start;
    struct instant life_due;
};

/* ---- what points show ---------------------------------------------------------------------- */

static void point_show(struct sim_scene *scene, uint32_t index) {
    const struct sim_point_conf *conf = &scene->conf->points[index];
    struct scene_point *point = &scene->points[index];
    if (conf->output || (conf->topic != NULL && conf->pointer == NULL)) {
        return;
    }
    double value = point->setting.set ? point->setting.value : sim_life_value(scene->life, index);
    bool same = value == point->shown || (isnan(value) && isnan(point->shown));
    if (point->was_shown && same) {
        return;
    }
    point->shown = value;
    point->was_shown = true;
    scene->callbacks.shown(scene->callbacks.context, index, value);
}

static void points_show(struct sim_scene *scene) {
    for (uint32_t i = 0; i < scene->conf->point_count; i++) {
        point_show(scene, i);
    }
}

double sim_scene_value(const struct sim_scene *scene, uint32_t point) {
    return scene->points[point].shown;
}

void sim_scene_set(struct sim_scene *scene, uint32_t point, double value) {
    assert(!scene->conf->points[point].output);
    scene->points[point].setting = (struct setting){.set = true, .value = value, .act = SIM_NONE};
    point_show(scene, point);
}

void sim_scene_learn(struct sim_scene *scene, uint32_t point, double value) {
    scene->points[point] = (struct scene_point){
        .setting = {.set = true, .value = value, .act = SIM_NONE},
        .shown = value,
        .was_shown = true,
    };
}

/* ---- what happens to devices ---------------------------------------------------------------- */

static void device_tell(struct sim_scene *scene, uint32_t device) {
    const struct scene_device *state = &scene->devices[device];
    scene->callbacks.switched(scene->callbacks.context, device, state->down.set,
                              state->answer.set ? (enum sim_answer)state->answer.value
                                                : SIM_ANSWER_RIGHT);
}

void sim_scene_switch(struct sim_scene *scene, uint32_t device, bool down) {
    scene->devices[device].down = (struct setting){.set = down, .act = SIM_NONE};
    device_tell(scene, device);
}

void sim_scene_answer(struct sim_scene *scene, uint32_t device, enum sim_answer answer) {
    scene->devices[device].answer = (struct setting){
        .set = answer != SIM_ANSWER_RIGHT, .value = (double)answer, .act = SIM_NONE};
    device_tell(scene, device);
}

bool sim_scene_is_down(const struct sim_scene *scene, uint32_t device) {
    return scene->devices[device].down.set;
}

/* ---- the story ------------------------------------------------------------------------------ */

/* What an act changes, or NULL for one that leaves nothing behind. */
static struct setting *act_setting(struct sim_scene *scene, const struct sim_act *act) {
    switch (act->kind) {
    case SIM_ACT_SET:
        return &scene->points[act->point].setting;
    case SIM_ACT_DOWN:
        return &scene->devices[act->device].down;
    case SIM_ACT_ANSWER:
        return &scene->devices[act->device].answer;
    case SIM_ACT_MQTT:
        break;
    }
    return NULL;
}

static void act_apply(struct sim_scene *scene, const struct sim_act *act) {
    if (act->kind == SIM_ACT_SET) {
        point_show(scene, act->point);
    } else {
        device_tell(scene, act->device);
    }
}

static void act_begin(struct sim_scene *scene, uint32_t index) {
    const struct sim_act *act = &scene->conf->story.acts[index];
    struct setting *setting = act_setting(scene, act);
    if (setting == NULL) {
        scene->callbacks.published(scene->callbacks.context, act);
        return;
    }
    scene->before[index] = *setting;
    double value = act->kind == SIM_ACT_ANSWER ? (double)act->answer : act->value;
    *setting = (struct setting){.set = true, .value = value, .act = index};
    act_apply(scene, act);
}

/*
 * Back to what it was, unless somebody has changed it since; and an act that began meanwhile must
 * not bring this one back when it ends.
 */
static void act_end(struct sim_scene *scene, uint32_t index) {
    const struct sim_act *act = &scene->conf->story.acts[index];
    struct setting *setting = act_setting(scene, act);
    if (setting == NULL) {
        return;
    }
    if (setting->act == index) {
        *setting = scene->before[index];
        act_apply(scene, act);
    }
    for (uint32_t i = 0; i < scene->conf->story.act_count; i++) {
        if (scene->before[i].act == index) {
            scene->before[i] = scene->before[index];
        }
    }
}

static void story_advance(struct sim_scene *scene, uint64_t elapsed_ns) {
    struct sim_moment moment;
    while (sim_story_next(&scene->story, elapsed_ns, &moment)) {
        if (moment.end) {
            act_end(scene, moment.act);
        } else {
            act_begin(scene, moment.act);
        }
        scene->callbacks.moment(scene->callbacks.context, moment.act, moment.end);
    }
    if (scene->story.count > 0 && scene->story.next == scene->story.count && !scene->over_told) {
        scene->over_told = true;
        scene->callbacks.over(scene->callbacks.context);
    }
}

static void life_advance(struct sim_scene *scene, struct instant now) {
    if (!instant_reached(now, scene->life_due)) {
        return;
    }
    for (int i = 0; i < LIFE_STEPS_MAX && instant_reached(now, scene->life_due); i++) {
        sim_life_step(scene->life);
        scene->life_due = instant_after(scene->life_due, SIM_LIFE_STEP_NS);
    }
    if (instant_reached(now, scene->life_due)) {
        scene->life_due = instant_after(now, SIM_LIFE_STEP_NS);
    }
    points_show(scene);
}

void sim_scene_begin(struct sim_scene *scene, struct instant now) {
    scene->start = now;
    scene->life_due = instant_after(now, SIM_LIFE_STEP_NS);
}

struct instant sim_scene_due(const struct sim_scene *scene) {
    uint64_t story_ns = sim_story_deadline(&scene->story);
    return story_ns == UINT64_MAX
               ? scene->life_due
               : instant_earlier(scene->life_due, instant_after(scene->start, story_ns));
}

void sim_scene_go_on(struct sim_scene *scene, struct instant now) {
    life_advance(scene, now);
    story_advance(scene, instant_span_ns(scene->start, now));
}

/* ---- birth and death ------------------------------------------------------------------------ */

int sim_scene_new(const struct sim_conf *conf, const struct sim_scene_callbacks *callbacks,
                  struct sim_scene **ret_scene) {
    struct sim_scene *scene = calloc(1, sizeof *scene);
    if (scene == NULL) {
        return -ENOMEM;
    }
    scene->conf = conf;
    scene->callbacks = *callbacks;
    /* One more than there are: calloc of nothing may be NULL. */
    scene->devices = calloc(conf->device_count + 1, sizeof *scene->devices);
    scene->points = calloc(conf->point_count + 1, sizeof *scene->points);
    scene->before = calloc(conf->story.act_count + 1, sizeof *scene->before);
    int r = scene->devices == NULL || scene->points == NULL || scene->before == NULL ? -ENOMEM : 0;
    if (r == 0) {
        r = sim_life_new(conf, &scene->life);
    }
    if (r == 0) {
        r = sim_story_init(&scene->story, &conf->story);
    }
    if (r != 0) {
        (void)sim_scene_free(scene);
        return r;
    }
    for (uint32_t i = 0; i < conf->story.act_count; i++) {
        scene->before[i].act = SIM_NONE;
    }
    for (uint32_t i = 0; i < conf->device_count; i++) {
        scene->devices[i].down.act = SIM_NONE;
        scene->devices[i].answer.act = SIM_NONE;
    }
    for (uint32_t i = 0; i < conf->point_count; i++) {
        scene->points[i].setting.act = SIM_NONE;
    }
    points_show(scene);
    *ret_scene = scene;
    return 0;
}

struct sim_scene *sim_scene_free(struct sim_scene *scene) {
    if (scene != NULL) {
        sim_story_deinit(&scene->story);
        (void)sim_life_free(scene->life);
        free(scene->before);
        free(scene->points);
        free(scene->devices);
        free(scene);
    }
    return NULL;
}
