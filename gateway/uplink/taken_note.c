/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/taken_note.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/uplink/note_file.h"

enum {
    /* Two numbers of 20 and 10 digits, what parts them, and the NUL that the next line takes over. */
    LINE_SIZE = 20 + 1 + 10 + 1 + 1,
    TEXT_SIZE = (OUTBOX_AHEAD_MAX + 1) * LINE_SIZE,
};

static const char note_name[] = "taken";

/* A whole number above 0, of decimals alone; 0: it is none. */
static uint64_t taken_number(const char *text) {
    bool good = text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
    errno = 0;
    unsigned long long number = good ? strtoull(text, NULL, 10) : 0;
    return errno == 0 ? number : 0;
}

int taken_note_leave(const char *state_directory, const char *boot, const struct outbox *outbox) {
    char path[NOTE_FILE_PATH_SIZE];
    assert(!outbox->connected);
    if (outbox->ahead_count == 0 || taken_number(boot) == 0) {
        return 0;
    }
    int r = err_trace(note_file_path(state_directory, note_name, path));
    char *text = r == 0 ? malloc(TEXT_SIZE) : NULL;
    if (text == NULL) {
        return r != 0 ? r : err_origin(-ENOMEM);
    }
    size_t len = (size_t)snprintf(text, TEXT_SIZE, "%s\n", boot);
    for (uint32_t i = 0; i < outbox->ahead_count; i++) {
        len += (size_t)snprintf(text + len, TEXT_SIZE - len, "%" PRIu64 " %" PRIu32 "\n",
                                outbox->ahead[i].seq, outbox->ahead[i].order);
    }
    r = err_trace(note_file_write(path, text));
    free(text);
    return r;
}

/* A line of the list; false: it is damaged, or cut. An alarm event's order is never 0. */
static bool taken_parse(char *line, uint64_t *ret_seq, uint32_t *ret_order) {
    char *space = strchr(line, ' ');
    if (space == NULL) {
        return false;
    }
    *space = '\0';
    uint64_t order = taken_number(space + 1);
    *ret_seq = taken_number(line);
    *ret_order = (uint32_t)order;
    return *ret_seq != 0 && order != 0 && order <= UINT32_MAX;
}

/* A boot without a journal has no number. */
static uint32_t taken_recall(char *text, const char *boot, struct outbox *outbox) {
    uint32_t count = 0;
    uint64_t seq = 0;
    uint32_t order = 0;
    char *rest = text;
    char *line = strtok_r(text, "\n", &rest);
    uint64_t left_by = line == NULL ? 0 : taken_number(line);
    if (left_by == 0 || left_by > taken_number(boot)) {
        return 0;
    }
    while ((line = strtok_r(NULL, "\n", &rest)) != NULL && taken_parse(line, &seq, &order)) {
        count += outbox_recall(outbox, seq, order);
    }
    return count;
}

uint32_t taken_note_recall(const char *state_directory, const char *boot, struct outbox *outbox) {
    char path[NOTE_FILE_PATH_SIZE];
    char *text = note_file_path(state_directory, note_name, path) == 0 ? malloc(TEXT_SIZE) : NULL;
    uint32_t count = 0;
    if (text != NULL) {
        note_file_read(path, text, TEXT_SIZE);
        if (text[0] != '\0' && unlink(path) == 0) {
            count = taken_recall(text, boot, outbox);
        }
    }
    free(text);
    return count;
}
