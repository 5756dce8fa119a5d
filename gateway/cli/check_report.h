/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_CHECK_REPORT_H
#define GATEWAY_CLI_CHECK_REPORT_H

/*
 * What a site was understood to be
 *
 * Told from the compiled image and not from the file, so that it shows what the gateway will do and
 * not what the author hoped. `summary` adds what is checked but not compiled.
 */

#include <jansson.h>

#include "gateway/cli/reader.h"
#include "gateway/config/config.h"

/* Print it for people. */
void check_report(const struct site *site, const struct config_summary *summary,
                  struct reader *reader);

/* The same as a JSON object, which the caller releases; NULL without memory. */
json_t *check_report_json(const struct site *site);

#endif
