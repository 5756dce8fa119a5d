/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_filter.h"

#include <stdio.h>
#include <string.h>

#include "gateway/journal/journal_reader.h"
#include "gateway/site.h"

/* Is it the point that the event is about? Of an alarm that stands behind the name of its rule. */
static bool filter_is_point(const char *wanted, const struct journal_row *row) {
    const char *slash = row->alarm != NULL ? strchr(row->alarm, '/') : NULL;
    const char *about = slash != NULL ? slash + 1 : row->alarm != NULL ? NULL : row->point;
    return wanted == NULL || (about != NULL && strcmp(wanted, about) == 0);
}

static bool filter_is_type(const char *wanted, const char *found) {
    size_t len = wanted == NULL ? 0 : strlen(wanted);
    return wanted == NULL ||
           (strncmp(wanted, found, len) == 0 && (found[len] == '\0' || found[len] == '.'));
}

/*
 * Does the body say the word under this key, or what begins with it? A quote within a text stands behind a backslash, so that
 * nothing that people wrote looks like a member.
 */
static bool filter_is_said(const char *key, const char *wanted, const char *body) {
    char member[64];
    if (wanted == NULL) {
        return true;
    }
    int len = snprintf(member, sizeof member, "\"%s\":\"%s", key, wanted);
    const char *found = len > 0 && (size_t)len < sizeof member ? strstr(body, member) : NULL;
    return found != NULL && (found[len] == '"' || found[len] == '.');
}

bool journal_filter_fits(const struct journal_filter *filter, const struct journal_row *row) {
    /* As events are told: whoever asks up to the time that one has been told with gets it. */
    int64_t told_ns = row->wall.ns - row->wall.ns % (int64_t)NS_PER_MS;
    return (filter->lane < 0 || filter->lane == (int)row->lane) && told_ns >= filter->since.ns &&
           told_ns <= filter->until.ns && filter_is_type(filter->type, row->type) &&
           filter_is_point(filter->point, row) &&
           (filter->place == NULL ||
            (row->place != NULL && site_place_is_within(row->place, filter->place))) &&
           filter_is_said("class", filter->class, row->body) &&
           filter_is_said("priority", filter->priority, row->body);
}
