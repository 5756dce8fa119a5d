/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_life.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct life_place {
    bool peopled;
    double usual; /* people that the story names */
    uint32_t now;
    uint32_t entered, left; /* since the start, with those who were there already */
    struct sim_random random;
};

struct life_point {
    double value;
    double usual; /* climate: comes back to this */
    bool wanders;
    struct sim_random random;
};

struct sim_life {
    const struct sim_conf *conf;
    struct life_place *places;
    struct life_point *points;
};

/*
 * The air of a room: where it is without a story, how far one second may carry it, and how far it
 * strays. The middle values raise no alarm under the example's rules.
 */
static const struct climate {
    enum point_kind kind;
    double usual, step, reach;
} climates[] = {
    {POINT_TEMPERATURE, 21.5, 0.02, 0.6}, {POINT_HUMIDITY, 45, 0.1, 4}, {POINT_CO2, 650, 3, 60},
    {POINT_ILLUMINANCE, 320, 4, 60},      {POINT_NOISE, 42, 0.5, 6},
};

enum { CLIMATE_COUNT = sizeof climates / sizeof climates[0] };

/* Chances in one second. */
#define CHANCE_COME_OR_GO   0.08
#define CHANCE_MOTION_RESTS 0.25
#define CHANCE_MOTION_EACH  0.05 /* for each person there … */
#define CHANCE_MOTION_MOST  0.60 /* … up to this */

static const struct climate *climate_of(enum point_kind kind) {
    for (int i = 0; i < CLIMATE_COUNT; i++) {
        if (climates[i].kind == kind) {
            return &climates[i];
        }
    }
    return NULL;
}

bool sim_life_is_climate(enum point_kind kind, double *ret_usual) {
    const struct climate *climate = climate_of(kind);
    if (climate == NULL) {
        return false;
    }
    *ret_usual = climate->usual;
    return true;
}

bool sim_life_shows_people(enum point_kind kind) {
    return kind == POINT_MOTION || kind == POINT_PRESENCE || kind == POINT_OCCUPANCY_COUNT ||
           kind == POINT_PEOPLE_IN || kind == POINT_PEOPLE_OUT;
}

/* A stream of its own for each place and point: the seed is spread by what it belongs to. */
static struct sim_random random_for(uint64_t seed, const char *id) {
    uint64_t spread = 0xcbf29ce484222325u; /* FNV-1a */
    for (const char *at = id; *at != '\0'; at++) {
        spread = (spread ^ (unsigned char)*at) * 0x100000001b3u;
    }
    struct sim_random random = {.state = seed ^ spread};
    (void)sim_random_next(&random); /* similar ids begin with similar states */
    return random;
}

static double quiet_value(enum point_kind kind) {
    if (kind == POINT_MAINS_POWER) {
        return 1;
    }
    if (kind == POINT_BATTERY) {
        return 95;
    }
    const struct climate *climate = climate_of(kind);
    return climate != NULL ? climate->usual : 0;
}

/* Show on the points of people how many are in their place now. */
static void point_show_people(struct sim_life *life, uint32_t index) {
    struct life_point *point = &life->points[index];
    const struct life_place *place = &life->places[life->conf->points[index].place];
    enum point_kind kind = life->conf->points[index].kind;
    if (!place->peopled) {
        return;
    }
    if (kind == POINT_PRESENCE) {
        point->value = place->now > 0;
    } else if (kind == POINT_OCCUPANCY_COUNT) {
        point->value = place->now;
    } else if (kind == POINT_PEOPLE_IN) {
        point->value = place->entered;
    } else if (kind == POINT_PEOPLE_OUT) {
        point->value = place->left;
    }
}

static void life_seed(struct sim_life *life) {
    const struct sim_conf *conf = life->conf;
    for (uint32_t i = 0; i < conf->place_count; i++) {
        life->places[i].random = random_for(conf->story.seed, conf->places[i].id);
    }
    for (uint32_t i = 0; i < conf->story.people_count; i++) {
        const struct sim_people_conf *people = &conf->story.people[i];
        struct life_place *place = &life->places[people->place];
        place->peopled = true;
        place->usual = people->count;
        place->now = (uint32_t)people->count;
        place->entered = place->now;
    }
    for (uint32_t i = 0; i < conf->point_count; i++) {
        life->points[i].random = random_for(conf->story.seed, conf->points[i].id);
        life->points[i].value = quiet_value(conf->points[i].kind);
        point_show_people(life, i);
    }
}

static void life_climate(struct sim_life *life) {
    const struct sim_conf *conf = life->conf;
    for (uint32_t i = 0; i < conf->story.climate_count; i++) {
        const struct sim_climate_conf *climate = &conf->story.climate[i];
        for (uint32_t p = 0; p < conf->point_count; p++) {
            if (conf->points[p].place == climate->place && conf->points[p].kind == climate->kind) {
                life->points[p].value = climate->value;
                life->points[p].usual = climate->value;
                life->points[p].wanders = true;
            }
        }
    }
}

int sim_life_new(const struct sim_conf *conf, struct sim_life **ret_life) {
    struct sim_life *life = calloc(1, sizeof *life);
    if (life == NULL) {
        return -ENOMEM;
    }
    life->conf = conf;
    life->places = calloc(conf->place_count + 1, sizeof *life->places);
    life->points = calloc(conf->point_count + 1, sizeof *life->points);
    if (life->places == NULL || life->points == NULL) {
        (void)sim_life_free(life);
        return -ENOMEM;
    }
    life_seed(life);
    life_climate(life);
    *ret_life = life;
    return 0;
}

struct sim_life *sim_life_free(struct sim_life *life) {
    if (life != NULL) {
        free(life->points);
        free(life->places);
        free(life);
    }
    return NULL;
}

/* Somebody comes or goes now and then; the fuller the place against what is usual, the rather out.
 */
static void place_step(struct life_place *place) {
    double draw = sim_random_share(&place->random);
    double most = ceil(place->usual * 1.5);
    if (!place->peopled || most == 0 || draw >= CHANCE_COME_OR_GO) {
        return;
    }
    bool goes = sim_random_share(&place->random) < (double)place->now / (2 * place->usual);
    if (goes && place->now > 0) {
        place->now--;
        place->left++;
    } else if (!goes && place->now < most) {
        place->now++;
        place->entered++;
    }
}

static void motion_step(struct life_point *point, const struct life_place *place) {
    double draw = sim_random_share(&point->random);
    if (point->value != 0) {
        point->value = draw >= CHANCE_MOTION_RESTS;
    } else {
        point->value = draw < fmin(CHANCE_MOTION_EACH * place->now, CHANCE_MOTION_MOST);
    }
}

static void climate_step(struct life_point *point, const struct climate *climate) {
    double draw = 2 * sim_random_share(&point->random) - 1;
    double back = (point->usual - point->value) / climate->reach; /* the further, the stronger */
    point->value += climate->step * (draw + back);
}

void sim_life_step(struct sim_life *life) {
    for (uint32_t i = 0; i < life->conf->place_count; i++) {
        place_step(&life->places[i]);
    }
    for (uint32_t i = 0; i < life->conf->point_count; i++) {
        const struct sim_point_conf *conf = &life->conf->points[i];
        if (conf->kind == POINT_MOTION) {
            motion_step(&life->points[i], &life->places[conf->place]);
        } else if (life->points[i].wanders) {
            climate_step(&life->points[i], climate_of(conf->kind));
        } else {
            point_show_people(life, i);
        }
    }
}

double sim_life_value(const struct sim_life *life, uint32_t point) {
    assert(point < life->conf->point_count);
    return life->points[point].value;
}
