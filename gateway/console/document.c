/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/document.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include <event2/buffer.h>

static const char id_key[] = "\"id\":\"";

/*
 * The early id is the body's own with `u<n>` in the place of its seq; both share site, gateway and
 * boot. `ret_len` is the length of "<site>.<gateway>.<boot>." at the returned place, NULL without
 * an id.
 */
static const char *document_id_stem(const struct document *document, size_t *ret_len) {
    const char *key = memmem(document->body, document->size, id_key, sizeof id_key - 1);
    if (key == NULL) {
        return NULL;
    }
    const char *id = key + sizeof id_key - 1;
    size_t left = document->size - (size_t)(id - document->body);
    const char *end = memchr(id, '"', left);
    const char *dot = end == NULL ? NULL : memrchr(id, '.', (size_t)(end - id));
    if (dot == NULL) {
        return NULL;
    }
    *ret_len = (size_t)(dot + 1 - id);
    return id;
}

bool document_is_sound(const struct document *document) {
    return document->size >= 3 && document->body[0] == '{' &&
           document->body[document->size - 1] == '}' &&
           memchr(document->body, '\n', document->size) == NULL &&
           memchr(document->body, '\r', document->size) == NULL;
}

void document_add(struct evbuffer *out, const struct document *document) {
    assert(document_is_sound(document));
    (void)evbuffer_add(out, document->body, document->size - 1);
    (void)evbuffer_add_printf(out, ",\"durable\":%s,\"replayed\":%s",
                              document->durable ? "true" : "false",
                              document->replayed ? "true" : "false");
    size_t stem_len = 0;
    const char *stem =
        document->durable && document->early != 0 ? document_id_stem(document, &stem_len) : NULL;
    if (stem != NULL) {
        (void)evbuffer_add_printf(out, ",\"first_sent_as\":\"%.*su%" PRIu64 "\"", (int)stem_len,
                                  stem, document->early);
    }
    (void)evbuffer_add(out, "}", 1);
}
