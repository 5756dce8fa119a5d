/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_YAML_H
#define GATEWAY_CONFIG_YAML_H

/*
 * From the YAML of a source to its tree
 *
 * libfyaml reads the YAML; what stays is our own small tree. Anchors, aliases, tags and complex keys are
 * refused: a site file means what it says where it says it, and cannot grow by reference.
 */

struct config;
struct config_source;

/* Parse a source; its root is NULL when that is broken or empty. Everything that is wrong is noted. */
void config_yaml_parse(struct config *config, struct config_source *source);

/* Release what a load that ran out of memory left behind. */
void config_yaml_abandon(struct config *config);

#endif
