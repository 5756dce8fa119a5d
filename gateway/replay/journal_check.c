/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/journal_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/wire.h"

enum { ROWS = 256, PATH_SIZE = 4096 };

struct check_row {
    uint64_t seq;
    struct wall wall;
    size_t size;
    char body[WIRE_BODY_MAX];
};

struct journal_check {
    char directory[PATH_SIZE];
    struct journal_reader *reader;
    uint32_t count; /* rows that were read ahead */
    struct check_row rows[ROWS];
};

int journal_check_new(const char *path, struct journal_check **ret_check) {
    static const char name[] = "/journal.db";
    size_t len = strlen(path);
    size_t tail = sizeof name - 1;
    struct journal_check *check = calloc(1, sizeof *check);
    if (check == NULL || len >= sizeof check->directory) {
        free(check);
        return err_origin(check == NULL ? -ENOMEM : -ENAMETOOLONG);
    }
    memcpy(check->directory, path, len + 1);
    if (len > tail && strcmp(path + len - tail, name) == 0) {
        check->directory[len - tail] = '\0';
    } else if (strcmp(path, name + 1) == 0) {
        strcpy(check->directory, ".");
    }
    char file[PATH_SIZE + sizeof name];
    (void)snprintf(file, sizeof file, "%s%s", check->directory, name);
    if (access(file, F_OK) != 0) {
        (void)journal_check_free(check);
        return JOURNAL_CHECK_E_NONE;
    }
    int r = journal_reader_new(check->directory, &check->reader);
    if (r != 0) {
        (void)journal_check_free(check);
        return err_trace(r);
    }
    *ret_check = check;
    return 0;
}

struct journal_check *journal_check_free(struct journal_check *check) {
    if (check != NULL) {
        check->reader = journal_reader_free(check->reader);
        free(check);
    }
    return NULL;
}

static bool check_row(void *context, const struct journal_row *row) {
    struct journal_check *check = context;
    struct check_row *kept = &check->rows[check->count++];
    kept->seq = row->seq;
    kept->wall = row->wall;
    kept->size = row->body_size < sizeof kept->body ? row->body_size : sizeof kept->body;
    memcpy(kept->body, row->body, kept->size);
    return check->count < ROWS;
}

/* The row of `seq`; NULL if there is none. */
static const struct check_row *check_find(struct journal_check *check, uint64_t seq) {
    if (check->count == 0 || seq < check->rows[0].seq || seq > check->rows[check->count - 1].seq) {
        const struct journal_query query = {
            .after_seq = seq - 1, .until_seq = UINT64_MAX, .lane = -1, .limit = ROWS};
        uint64_t last;
        check->count = 0;
        if (seq == 0 || journal_read(check->reader, &query, check_row, check, &last) != 0) {
            return NULL;
        }
    }
    for (uint32_t i = 0; i < check->count; i++) {
        if (check->rows[i].seq == seq) {
            return &check->rows[i];
        }
    }
    return NULL;
}

static const struct check_row *check_look(struct journal_check *check, uint64_t seq,
                                          const char **ret_recorded, size_t *ret_size) {
    const struct check_row *row = check_find(check, seq);
    *ret_recorded = row != NULL ? row->body : "";
    *ret_size = row != NULL ? row->size : 0;
    return row;
}

enum journal_finding_kind journal_check_next(struct journal_check *check, uint64_t seq,
                                             const char *body, size_t size,
                                             const char **ret_recorded, size_t *ret_size) {
    if (check_look(check, seq, ret_recorded, ret_size) == NULL) {
        return JOURNAL_CHECK_ABSENT;
    }
    return *ret_size == size && memcmp(*ret_recorded, body, size) == 0 ? JOURNAL_CHECK_EQUAL
                                                                       : JOURNAL_CHECK_DIFFERENT;
}

struct check_each {
    void (*row)(void *context, const struct journal_check_row *row);
    void *context;
};

static bool check_hand(void *context, const struct journal_row *row) {
    const struct check_each *each = context;
    const struct journal_check_row handed = {
        .seq = row->seq, .wall = row->wall, .body = row->body, .size = row->body_size};
    each->row(each->context, &handed);
    return true;
}

void journal_check_each(struct journal_check *check, uint64_t seq, uint64_t until,
                        void (*row)(void *context, const struct journal_check_row *row),
                        void *context) {
    struct check_each each = {row, context};
    struct journal_query query = {
        .after_seq = seq - 1, .until_seq = until - 1, .lane = -1, .limit = ROWS};
    uint64_t last = 0;
    do {
        if (seq == 0 || query.after_seq >= query.until_seq ||
            journal_read(check->reader, &query, check_hand, &each, &last) != 0) {
            return;
        }
        query.after_seq = last;
    } while (last > 0);
}
