/* SPDX-License-Identifier: Apache-2.0 */

/* What a broker holds may be more than can wait, and must not cost an answer. */
#include <stdlib.h>

#include "gateway/uplink/mqtt_notes.h"
#include "tests/support/cmocka.h"

static void push(struct mqtt_notes *notes, enum mqtt_note_kind kind, uint32_t count) {
    const struct mqtt_note note = {.kind = kind};
    for (uint32_t i = 0; i < count; i++) {
        mqtt_notes_push(notes, &note, kind == MQTT_NOTE_RETAINED ? "t\n{}" : NULL);
    }
}

static uint32_t drain(struct mqtt_notes *notes) {
    struct mqtt_note note;
    uint32_t count = 0;
    while (mqtt_notes_pop(notes, &note)) {
        free(note.text);
        count++;
    }
    return count;
}

static void as_many_retained_messages_as_half_of_it_are_told(void **state) {
    (void)state;
    struct mqtt_notes *notes;
    assert_int_equal(mqtt_notes_new(&notes), 0);
    push(notes, MQTT_NOTE_RETAINED, MQTT_NOTES_RETAINED_MAX);
    assert_false(mqtt_notes_left_out(notes));
    assert_int_equal(drain(notes), MQTT_NOTES_RETAINED_MAX);
    (void)mqtt_notes_free(notes);
}

static void one_more_is_left_out_and_told_to_be_and_no_answer_is_lost(void **state) {
    (void)state;
    struct mqtt_notes *notes;
    assert_int_equal(mqtt_notes_new(&notes), 0);
    push(notes, MQTT_NOTE_RETAINED, MQTT_NOTES_RETAINED_MAX + 1);
    push(notes, MQTT_NOTE_TAKEN, MQTT_NOTES_MAX - MQTT_NOTES_RETAINED_MAX);
    assert_int_equal(mqtt_notes_lost(notes), 0);
    assert_true(mqtt_notes_left_out(notes));
    assert_false(mqtt_notes_left_out(notes)); /* told once */
    push(notes, MQTT_NOTE_TAKEN, 1);
    assert_int_equal(mqtt_notes_lost(notes), 1);
    assert_int_equal(drain(notes), MQTT_NOTES_MAX);
    (void)mqtt_notes_free(notes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_retained_messages_as_half_of_it_are_told),
        cmocka_unit_test(one_more_is_left_out_and_told_to_be_and_no_answer_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
