/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The control of salvage_fuzz: a salvage that believes whatever digest it finds
 *
 * An event whose body was changed is kept then as if it were proven. salvage_fuzz has to find that.
 */
#include "gateway/journal/journal_chain.h"

enum journal_chain_step __real_journal_chain_next(struct journal_chain *chain,
                                                  const struct journal_chain_row *row);
enum journal_chain_step __wrap_journal_chain_next(struct journal_chain *chain,
                                                  const struct journal_chain_row *row);

enum journal_chain_step __wrap_journal_chain_next(struct journal_chain *chain,
                                                  const struct journal_chain_row *row) {
    enum journal_chain_step step = __real_journal_chain_next(chain, row);
    return step == CHAIN_BROKEN ? CHAIN_FOLLOWS : step;
}
