/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/event_filter.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/cli/session.h"

/* Append "&name=value"; nothing without a value. False when there is no room. */
static bool filter_add(struct event_filter *filter, const char *name, const char *value) {
    size_t size = strlen(filter->query);
    if (value == NULL) {
        return true;
    }
    size_t room = sizeof filter->query - size;
    if (strlen(name) + 3 * strlen(value) + sizeof "&=" > room) { /* each byte may become %XX */
        return false;
    }
    int len = snprintf(filter->query + size, room, "&%s=", name);
    client_escape(value, filter->query + size + len, room - (size_t)len);
    return true;
}

/* A number of an event; 0 when it is none. */
static uint64_t filter_seq(const char *text) {
    enum { DIGITS_MAX = 18 };
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
    bool number = digits > 0 && digits <= DIGITS_MAX && text[digits] == '\0';
    return number ? strtoull(text, NULL, 10) : 0;
}

bool event_filter_init(struct event_filter *filter, const struct options *options) {
    uint64_t first = filter_seq(options->since), last = filter_seq(options->until);
    *filter = (struct event_filter){
        .options = options,
        .after = first > 0 ? first - 1 : 0,
        .before = last > 0 ? last + 1 : 0,
    };
    return filter_add(filter, "place", options->place) &&
           filter_add(filter, "point", options->point) &&
           filter_add(filter, "type", options->type) &&
           filter_add(filter, "class", options->class) &&
           filter_add(filter, "priority", options->priority) &&
           filter_add(filter, "since", first > 0 ? NULL : options->since) &&
           filter_add(filter, "until", last > 0 ? NULL : options->until);
}

/* Is it the word that is wanted, or does it begin with it before a `joint`? */
static bool filter_begins(const char *wanted, const char *found, char joint) {
    size_t len = wanted == NULL ? 0 : strlen(wanted);
    return wanted == NULL ||
           (strncmp(found, wanted, len) == 0 && (found[len] == '\0' || found[len] == joint));
}

static const char *filter_type(const char *type) {
    static const char all[] = "tocsin.";
    bool whole = type != NULL && strncmp(type, all, strlen(all)) == 0;
    return whole ? type + strlen(all) : type;
}

bool event_filter_fits(const struct event_filter *filter, const json_t *event) {
    const struct options *options = filter->options;
    const json_t *data = json_object_get(event, "data");
    return filter_begins(filter_type(options->type), filter_type(member_text(event, "type")),
                         '.') &&
           filter_begins(options->class, member_text(data, "class"), '.') &&
           filter_begins(options->place, member_text(data, "place"), '/') &&
           filter_begins(options->point, member_text(event, "subject"), '\0') &&
           filter_begins(options->priority, member_text(data, "priority"), '\0');
}
