/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_SERVICES_H
#define GATEWAY_CONFIG_SERVICES_H

/*
 * The five kinds of help that a care centre offers: 助洁 助餐 助浴 助医 助急
 */

#include <stdbool.h>

#include "gateway/config/config_model.h"

enum { CONFIG_SERVICE_COUNT = 5 };

extern const char *const config_services[CONFIG_SERVICE_COUNT];

/* Check a list of services. */
bool config_services_check(struct config *config, const struct config_node *list);

#endif
