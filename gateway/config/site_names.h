/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_SITE_NAMES_H
#define GATEWAY_CONFIG_SITE_NAMES_H

/*
 * Names of a compiled site, in files that are read against it: stories and rule tests
 *
 * Each finds what the text of a node names and notes an error at it, with the name that was probably
 * meant, when the site has no such thing; RULESET_NONE then.
 */

#include "gateway/config/config_model.h"

uint32_t site_names_point(struct config *config, const struct site *site,
                          const struct config_node *node);
uint32_t site_names_place(struct config *config, const struct site *site,
                          const struct config_node *node);
uint32_t site_names_device(struct config *config, const struct site *site,
                           const struct config_node *node);

/* An alarm by `name`, which stands at byte `at` of the node's text. */
uint32_t site_names_alarm(struct config *config, const struct site *site,
                          const struct config_node *node, uint32_t at, const char *name);

/* The hint for a name that is not there, from `count` that are. */
const char *site_names_hint(struct config *config, const struct site *site, const char *wrong,
                            uint32_t count,
                            const char *(*name_of)(const struct site *site, uint32_t index));

#endif
