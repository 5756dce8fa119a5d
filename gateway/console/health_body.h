/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_HEALTH_BODY_H
#define GATEWAY_CONSOLE_HEALTH_BODY_H

/*
 * What stands between the sensors and those who are called, as JSON
 *
 * The engine, the other processes, the journal, the ways out, and the door by which people look.
 */

#include <jansson.h>

#include "gateway/console/door.h"
#include "gateway/console/view.h"

enum health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_FAILED };

/* What stands best for all: without a fresh word from the engine it is FAILED. */
enum health health_of(const struct view *view, enum door_state door, uint64_t real_ns);
json_t *health_body(const struct view *view, enum door_state door, uint64_t real_ns);

#endif
