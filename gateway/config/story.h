/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_STORY_H
#define GATEWAY_CONFIG_STORY_H

/*
 * Stories: what the simulated field acts out
 *
 *     story:
 *       name: an evening at the community centre
 *       speed: 1                            # times pass this much faster
 *       background:
 *         seed: 7
 *         people: {care/dining: 18}         # how many are usually in a place
 *         climate: {care/club: {temperature: 23.1}}
 *       acts:
 *         - {at: 5 s,  set: {care/day-care/button-1: 1}, for: 2 s}
 *         - {at: 15 s, mqtt: {field/gate/reader: {card: 40213344, granted: true}}}
 *         - {at: 60 s, device: fire-panel, down: 15 s}
 *         - {at: 95 s, device: climate, answer: garbage, for: 5 s}
 *
 * A story is read against its site and checked as completely as a site is: every point, place,
 * device and topic must be there, a value must be one that its point can have, and every error is
 * told with its place. An act that sets or changes something ends after `for`, and without it
 * lasts; a message is a moment and has no end. Values are in the unit in which the site has the
 * point read.
 */

#include <stdio.h>

#include "gateway/err.h"
#include "gateway/site.h"
#include "sensors/sim/sim_conf.h"

struct config;

struct story {
    struct config *config; /* everything below lives in it */
    struct sim_story_conf conf;
    uint32_t error_count;
};

#define STORY_NULL      ((struct story){0})

#define STORY_E_REFUSED 1 /* the story has errors; story_print() says which */

/*
 * Read and check the story file at `path` against `site`, whose indexes the acts then have. Returns
 * 0 with a story; STORY_E_REFUSED, with errors to be printed; in both cases it is to be released. A
 * negative errno (no memory) leaves nothing to release.
 */
NODISCARD int story_load(const char *path, const struct site *site, struct story *ret_story);

/*
 * The story of a field that was given none: ordinary life, with people in every place that has a
 * capacity and can show them, and air that wanders. With `still` nothing moves at all. Never
 * refused.
 */
NODISCARD int story_everyday(const struct site *site, bool still, struct story *ret_story);

/* Print the errors, each with its line and caret. */
void story_print(struct story *story, enum site_language language, FILE *out);

/* Release. Harmless on STORY_NULL and when repeated. */
void story_deinit(struct story *story);

#endif
