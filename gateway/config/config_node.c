/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_node.h"

#include <assert.h>
#include <string.h>

#include "gateway/config/config_source.h"

bool config_node_is_missing(const struct config_node *node) {
    return node->kind == CONFIG_SCALAR && node->style == CONFIG_PLAIN && node->len == 0;
}

struct config_node *config_node_member(const struct config_node *map, const char *key) {
    assert(map->kind == CONFIG_MAP);
    struct config_node *member = map->first;
    while (member != NULL && strcmp(member->key->text, key) != 0) {
        member = member->next;
    }
    return member;
}

void config_node_append(struct config_node *parent, struct config_node *member) {
    assert(parent->kind != CONFIG_SCALAR);
    member->parent = parent;
    member->next = NULL;
    if (parent->last != NULL) {
        parent->last->next = member;
    } else {
        parent->first = member;
    }
    parent->last = member;
    parent->count++;
}

/* Bytes of the escape at `raw`, which begins with a backslash, and of what it means. */
static void node_escape(const char *raw, uint32_t *ret_raw, uint32_t *ret_text) {
    switch (raw[1]) {
    case 'x':
        *ret_raw = 4;
        *ret_text = raw[2] >= '8' ? 2 : 1;
        return;
    case 'u':
        *ret_raw = 6;
        *ret_text = raw[2] != '0' || raw[3] >= '8' ? 3 : raw[3] != '0' || raw[4] >= '8' ? 2 : 1;
        return;
    case 'U':
        *ret_raw = 10;
        *ret_text = 4;
        return;
    case '\n':
        *ret_raw = 2;
        *ret_text = 0;
        return;
    case '_':
    case 'N':
        *ret_raw = 2;
        *ret_text = 2;
        return;
    case 'L':
    case 'P':
        *ret_raw = 2;
        *ret_text = 3;
        return;
    default:
        *ret_raw = 2;
        *ret_text = 1;
        return;
    }
}

static bool node_is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Walk source and text side by side up to byte `at` of the text. Where they differ it is an escape,
 * or white space that the YAML form has folded or stripped; spaces of either side are then passed
 * over until they agree again.
 */
struct config_mark config_node_locate(const struct config_node *node, uint32_t at, uint32_t len) {
    assert(node->kind == CONFIG_SCALAR);
    const struct config_source *source = node->mark.source;
    uint32_t raw = node->mark.at;
    uint32_t end = node->mark.at + node->mark.len;
    uint32_t begin = raw;
    uint32_t text = 0;
    bool begun = false;
    while (raw < end && text < at + len && text < node->len) {
        if (text >= at && !begun && !node_is_space(source->bytes[raw])) {
            begin = raw;
            begun = true;
        }
        if (node->style == CONFIG_DOUBLE && source->bytes[raw] == '\\') {
            uint32_t raw_len, text_len;
            node_escape(source->bytes + raw, &raw_len, &text_len);
            raw += raw_len;
            text += text_len;
        } else if (node->style == CONFIG_SINGLE && source->bytes[raw] == '\'' && raw + 1 < end) {
            raw += 2;
            text++;
        } else if (source->bytes[raw] == node->text[text]) {
            raw++;
            text++;
        } else if (node_is_space(source->bytes[raw])) {
            raw++;
        } else if (node_is_space(node->text[text])) {
            text++;
        } else {
            return node->mark;
        }
    }
    if (!begun) {
        begin = raw;
    }
    return (struct config_mark){
        .source = source, .at = begin, .len = raw > begin ? raw - begin : 0};
}
