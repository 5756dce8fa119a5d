/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/mqtt_notes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mqtt_notes {
    pthread_mutex_t lock;
    int wake;
    uint32_t first, count;
    uint64_t lost;
    bool left_out;
    struct mqtt_note ring[MQTT_NOTES_MAX];
};

int mqtt_notes_new(struct mqtt_notes **ret_notes) {
    struct mqtt_notes *notes = calloc(1, sizeof *notes);
    if (notes == NULL) {
        return err_origin(-ENOMEM);
    }
    notes->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (notes->wake < 0) {
        int r = err_origin(-errno);
        free(notes);
        return r;
    }
    int r = pthread_mutex_init(&notes->lock, NULL);
    if (r != 0) {
        (void)close(notes->wake);
        free(notes);
        return err_origin(-r);
    }
    *ret_notes = notes;
    return 0;
}

struct mqtt_notes *mqtt_notes_free(struct mqtt_notes *notes) {
    if (notes == NULL) {
        return NULL;
    }
    struct mqtt_note note;
    while (mqtt_notes_pop(notes, &note)) {
        free(note.text);
    }
    (void)pthread_mutex_destroy(&notes->lock);
    (void)close(notes->wake);
    free(notes);
    return NULL;
}

void mqtt_notes_push(struct mqtt_notes *notes, const struct mqtt_note *note, const char *text) {
    char *copy = text == NULL ? NULL : strdup(text);
    (void)pthread_mutex_lock(&notes->lock);
    /* Of these others decide how many there are. */
    bool is_others = note->kind == MQTT_NOTE_RETAINED || note->kind == MQTT_NOTE_OVERWRITTEN;
    bool kept =
        notes->count < (is_others ? (uint32_t)MQTT_NOTES_RETAINED_MAX : (uint32_t)MQTT_NOTES_MAX);
    bool first = notes->count == 0;
    if (kept) {
        struct mqtt_note *place = &notes->ring[(notes->first + notes->count) % MQTT_NOTES_MAX];
        *place = *note;
        place->text = copy;
        notes->count++;
    } else if (is_others) {
        notes->left_out = true;
    } else {
        notes->lost++;
    }
    (void)pthread_mutex_unlock(&notes->lock);
    if (!kept) {
        free(copy);
    } else if (first) {
        /* The counter cannot overflow, and a loop that is already awake needs no second call. */
        (void)!write(notes->wake, &(uint64_t){1}, sizeof(uint64_t));
    }
}

bool mqtt_notes_pop(struct mqtt_notes *notes, struct mqtt_note *ret_note) {
    (void)pthread_mutex_lock(&notes->lock);
    bool found = notes->count > 0;
    if (found) {
        *ret_note = notes->ring[notes->first];
        notes->first = (notes->first + 1) % MQTT_NOTES_MAX;
        notes->count--;
    }
    (void)pthread_mutex_unlock(&notes->lock);
    return found;
}

int mqtt_notes_fd(const struct mqtt_notes *notes) {
    return notes->wake;
}

void mqtt_notes_rest(struct mqtt_notes *notes) {
    uint64_t count;
    (void)!read(notes->wake, &count, sizeof count); /* empty is fine: the notes themselves count */
}

bool mqtt_notes_left_out(struct mqtt_notes *notes) {
    (void)pthread_mutex_lock(&notes->lock);
    bool left_out = notes->left_out;
    notes->left_out = false;
    (void)pthread_mutex_unlock(&notes->lock);
    return left_out;
}

uint64_t mqtt_notes_lost(struct mqtt_notes *notes) {
    (void)pthread_mutex_lock(&notes->lock);
    uint64_t lost = notes->lost;
    notes->lost = 0;
    (void)pthread_mutex_unlock(&notes->lock);
    return lost;
}
