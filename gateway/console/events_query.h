/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_EVENTS_QUERY_H
#define GATEWAY_CONSOLE_EVENTS_QUERY_H

/*
 * Which recorded events somebody asks for
 *
 * The parameters of /api/v1/events. A place or a point need not be one of the site: the journal also knows
 * those that are gone.
 */

#include "gateway/console/call.h"
#include "gateway/journal/journal_reader.h"

/*
 * Read them into `ret_query`, whose filter is `ret_filter`; the texts are the call's. Ends the call
 * itself and returns false when one of them cannot be meant.
 */
bool events_query_read(struct call *call, struct journal_filter *ret_filter,
                       struct journal_query *ret_query);

#endif
