/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_REPLAY_EXPORT_H
#define GATEWAY_CLI_REPLAY_EXPORT_H

/*
 * The export of a database that is to be replayed
 *
 * What is wrong with it is told on standard error: of a file that cannot be read what it is, what is
 * wanted, and by which command it is made; of one that can, each wrong line, and how many were left out.
 */

#include "gateway/cli/replay_options.h"
#include "gateway/cli/replay_report.h"
#include "gateway/replay/history.h"

#define REPLAY_EXPORT_E_TOLD 1 /* there is nothing to be played; it was said why */

/*
 * Read the export that the options name. Returns 0 with a history of at least one reading, to be
 * ended by history_deinit(); REPLAY_EXPORT_E_TOLD; or <0.
 */
NODISCARD int replay_export_read(const struct replay_options *options, const struct site *site,
                                 struct replay_report *report, struct history *ret_history);

#endif
