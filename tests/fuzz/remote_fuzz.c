/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: what somebody sends to the command topic
 *
 * Whatever comes is refused, or is a command of a verb about a subject, by somebody who could be in the list, of a
 * time; and nothing is signed with a key that nobody has used. What is read of it goes on to the reader of orders, as it
 * does in the console.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/console/order_body.h"
#include "gateway/console/remote_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static void order(const struct remote_text *text) {
    const struct asker asker = {.kind = ASKER_REMOTE, .role = ROLE_CAREGIVER, .name = "王敏"};
    struct command command = {
        .verb = text->verb, .role = ROLE_CAREGIVER, .second_role = ROLE_COUNT};
    struct order_second second;
    const char *wrong = NULL;
    char *rest = json_dumps(text->inner, JSON_COMPACT);
    check(rest != NULL);
    if (order_body_read(rest, strlen(rest), &asker, clock_wall(), &command, &second, &wrong)) {
        check(strcmp(command.actor, "王敏 (caregiver, mqtt)") == 0);
        check(command.second_actor[0] == '\0' && second.id[0] == '\0');
    }
    free(rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct remote_text text;
    bool sound = remote_text_read((const char *)data, size, &text);
    struct person person;
    check(text.user[0] == '\0' || person_name(&person, text.user, "x"));
    check(strlen(text.id) < REMOTE_ID_SIZE && strpbrk(text.id, "\"\\/ ") == NULL);
    if (sound) {
        check(text.user[0] != '\0' && text.id[0] != '\0' && text.subject[0] != '\0');
        check(text.verb < COMMAND_VERB_COUNT);
        check(!remote_text_is_signed(&text, "site/gateway", "a key that nobody has"));
        order(&text);
    }
    remote_text_release(&text);
    return 0;
}
