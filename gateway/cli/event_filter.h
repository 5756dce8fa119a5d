/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_EVENT_FILTER_H
#define GATEWAY_CLI_EVENT_FILTER_H

/*
 * Which events somebody wants to see
 *
 * What is recorded the console chooses, and is asked for with a query; what comes one by one, from the
 * live stream or on standard input, is looked at here.
 */

#include <jansson.h>

#include "gateway/cli/options.h"

enum { EVENT_FILTER_SIZE = 1536 };

struct event_filter {
    const struct options *options;
    /* "&place=care&since=…", or "" */
    char query[EVENT_FILTER_SIZE];
    uint64_t after, before; /* numbers of events, neither in; 0: not given */
};

/* Keeps `options`. False when they are longer than a query may be. */
bool event_filter_init(struct event_filter *filter, const struct options *options);

/* Is an event of the place, point, type, class and priority? When it was does not matter. */
bool event_filter_fits(const struct event_filter *filter, const json_t *event);

#endif
