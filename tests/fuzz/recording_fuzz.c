/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: any bytes as a recording
 *
 * Whatever comes, the decoder gives inputs or says what is wrong and where, never past the end; and
 * what it gave is written again and read back as the same.
 */

#include <stdlib.h>
#include <string.h>

#include "rules/recording.h"

enum { POINTS = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static void check_input(const struct input *input, const struct instant before) {
    check(input->kind < INPUT_KIND_COUNT);
    check(input->at.ns >= before.ns && input->at.ns != INSTANT_NEVER.ns);
    check(input->kind != INPUT_COMMAND || input->command != NULL);
    if (input->command != NULL) {
        check(input->command->actor[0] != '\0');
        check(memchr(input->command->actor, '\0', sizeof input->command->actor) != NULL);
        check(memchr(input->command->reason, '\0', sizeof input->command->reason) != NULL);
    }
}

/* Write the input by one codec and read it by another; it comes back byte for byte. */
static void check_again(struct recording_codec *writing, struct recording_codec *reading,
                        const struct input *input) {
    unsigned char bytes[RECORDING_INPUT_MAX];
    struct input again;
    struct command command;
    size_t size = recording_encode(writing, input, bytes, sizeof bytes);
    check(size > 0);
    struct recording_bytes cursor = {.begin = bytes, .size = size};
    check(recording_decode(reading, &cursor, &again, &command) && cursor.at == size);
    if (input->command != NULL) {
        check(memcmp(&command, input->command, sizeof command) == 0);
        again.command = input->command;
    }
    check(memcmp(&again, input, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct recording_point points[3][POINTS] = {0};
    struct recording_codec codecs[3];
    /* A copy of its exact length, so that a read past the end is seen. */
    unsigned char *bytes = malloc(size > 0 ? size : 1);
    check(bytes != NULL);
    memcpy(bytes, data, size);
    for (int i = 0; i < 3; i++) {
        recording_init(&codecs[i], (struct instant){7}, (struct wall){-7}, points[i], POINTS);
    }
    struct recording_bytes cursor = {.begin = bytes, .size = size};
    struct instant before = {7};
    struct input input;
    struct command command;
    while (recording_decode(&codecs[0], &cursor, &input, &command)) {
        check_input(&input, before);
        check_again(&codecs[1], &codecs[2], &input);
        before = input.at;
    }
    check(cursor.at <= size);
    check((cursor.at == size) == (cursor.damage == RECORDING_WHOLE));
    check(recording_damage_text(cursor.damage)[0] != '\0');
    free(bytes);
    return 0;
}
