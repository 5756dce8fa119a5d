/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_chain.h"

#include <string.h>

void journal_chain_init(struct journal_chain *chain, struct journal_hasher *hasher, bool midway) {
    *chain = (struct journal_chain){.hasher = hasher, .midway = midway};
}

static bool chain_proves(const struct journal_chain *chain, const unsigned char *before,
                         const struct journal_chain_row *row) {
    unsigned char expected[JOURNAL_DIGEST_SIZE];
    journal_digest_next(chain->hasher, before, row->body, row->body_size, expected);
    return memcmp(expected, row->digest, sizeof expected) == 0;
}

enum journal_chain_step journal_chain_next(struct journal_chain *chain,
                                           const struct journal_chain_row *row) {
    if (row->body == NULL || row->digest == NULL) {
        return CHAIN_BROKEN;
    }
    enum journal_chain_step step = CHAIN_BROKEN;
    if (chain->midway || chain_proves(chain, chain->digest, row)) {
        step = row->begins && row->before == NULL ? CHAIN_RESUMES : CHAIN_FOLLOWS;
    } else if (row->begins && row->before == NULL) {
        step = CHAIN_UNPROVEN;
    } else if (row->begins && chain_proves(chain, row->before, row)) {
        step = CHAIN_BEGINS;
    }
    chain->midway = false;
    memcpy(chain->digest, row->digest, sizeof chain->digest);
    return step;
}

bool journal_chain_row_of(sqlite3_stmt *statement, int column, struct journal_chain_row *ret_row) {
    const unsigned char *digest = sqlite3_column_blob(statement, column + 1);
    const unsigned char *before = sqlite3_column_blob(statement, column + 3);
    bool sound =
        digest != NULL && sqlite3_column_bytes(statement, column + 1) == JOURNAL_DIGEST_SIZE;
    *ret_row = (struct journal_chain_row){
        .body = sqlite3_column_text(statement, column),
        .body_size = (size_t)sqlite3_column_bytes(statement, column),
        .digest = sound ? digest : NULL,
        .begins = sqlite3_column_type(statement, column + 2) != SQLITE_NULL,
        .before = before,
    };
    return before == NULL || sqlite3_column_bytes(statement, column + 3) == JOURNAL_DIGEST_SIZE;
}
