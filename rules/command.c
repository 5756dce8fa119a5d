/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/command.h"

#include <assert.h>
#include <string.h>

static const char *const verbs[COMMAND_VERB_COUNT] = {
    [COMMAND_ACKNOWLEDGE] = "acknowledge",
    [COMMAND_ATTEND] = "attend",
    [COMMAND_INVESTIGATE] = "investigate",
    [COMMAND_SILENCE] = "silence",
    [COMMAND_RESET] = "reset",
    [COMMAND_SHELVE] = "shelve",
    [COMMAND_UNSHELVE] = "unshelve",
    [COMMAND_OUT_OF_SERVICE] = "out-of-service",
    [COMMAND_IN_SERVICE] = "in-service",
    [COMMAND_DISPOSITION] = "disposition",
    [COMMAND_TEST_BEGIN] = "test-begin",
    [COMMAND_TEST_END] = "test-end",
};

static const char *const dispositions[DISPOSITION_COUNT] = {
    [DISPOSITION_UNSTATED] = "unstated",   [DISPOSITION_GENUINE] = "genuine",
    [DISPOSITION_EQUIPMENT] = "equipment", [DISPOSITION_MISUSE] = "misuse",
    [DISPOSITION_TEST] = "test",           [DISPOSITION_DRILL] = "drill",
    [DISPOSITION_DUPLICATE] = "duplicate", [DISPOSITION_NO_ANSWER] = "no_answer",
};

static const char *const refusals[COMMAND_REFUSAL_COUNT] = {
    [COMMAND_ACCEPTED] = "accepted",
    [COMMAND_REFUSED_UNKNOWN] = "unknown_alarm",
    [COMMAND_REFUSED_UNKNOWN_PLACE] = "unknown_place",
    [COMMAND_REFUSED_ROLE] = "role_not_permitted",
    [COMMAND_REFUSED_NORMAL] = "not_raised",
    [COMMAND_REFUSED_ACKED] = "already_acknowledged",
    [COMMAND_REFUSED_ATTENDED] = "already_attended",
    [COMMAND_REFUSED_ACK_REQUIRED] = "ack_required",
    [COMMAND_REFUSED_STILL_ACTIVE] = "still_active",
    [COMMAND_REFUSED_QUALITY] = "quality_not_good",
    [COMMAND_REFUSED_UNKNOWN_STATE] = "condition_unknown",
    [COMMAND_REFUSED_ATTEND_REQUIRED] = "attend_required",
    [COMMAND_REFUSED_NOT_LATCHED] = "not_latched",
    [COMMAND_REFUSED_NOT_FIRE] = "not_fire",
    [COMMAND_REFUSED_INVESTIGATED] = "already_investigated",
    [COMMAND_REFUSED_SILENCED] = "already_silenced",
    [COMMAND_REFUSED_TOO_LONG] = "too_long",
    [COMMAND_REFUSED_NO_DURATION] = "duration_required",
    [COMMAND_REFUSED_NO_REASON] = "reason_required",
    [COMMAND_REFUSED_MANAGED] = "managed",
    [COMMAND_REFUSED_SECOND_ROLE] = "second_role_required",
    [COMMAND_REFUSED_SHELVED] = "already_shelved",
    [COMMAND_REFUSED_NOT_SHELVED] = "not_shelved",
    [COMMAND_REFUSED_OUT_OF_SERVICE] = "already_out_of_service",
    [COMMAND_REFUSED_IN_SERVICE] = "not_out_of_service",
    [COMMAND_REFUSED_NO_DISPOSITION] = "disposition_required",
    [COMMAND_REFUSED_TOO_LATE] = "too_late",
    [COMMAND_REFUSED_TESTING] = "already_testing",
    [COMMAND_REFUSED_NOT_TESTING] = "not_testing",
    [COMMAND_REFUSED_IN_EARNEST] = "in_earnest",
};

/* The index of a word of `len` bytes in `words`; `count` when it is not there. */
static unsigned command_word_find(const char *const *words, unsigned count, const char *word,
                                  size_t len) {
    unsigned i = 0;
    while (i < count && (strlen(words[i]) != len || memcmp(words[i], word, len) != 0)) {
        i++;
    }
    return i;
}

const char *command_verb_name(enum command_verb verb) {
    assert(verb < COMMAND_VERB_COUNT);
    return verbs[verb];
}

enum command_verb command_verb_find(const char *word, size_t len) {
    return (enum command_verb)command_word_find(verbs, COMMAND_VERB_COUNT, word, len);
}

bool command_verb_is_about_place(enum command_verb verb) {
    assert(verb < COMMAND_VERB_COUNT);
    return verb >= COMMAND_TEST_BEGIN;
}

const char *disposition_name(enum disposition disposition) {
    assert(disposition < DISPOSITION_COUNT);
    return dispositions[disposition];
}

enum disposition disposition_find(const char *word, size_t len) {
    return (enum disposition)command_word_find(dispositions, DISPOSITION_COUNT, word, len);
}

const char *command_refusal_name(enum command_refusal refusal) {
    assert(refusal < COMMAND_REFUSAL_COUNT);
    return refusals[refusal];
}

enum command_refusal command_refuse_span(const struct command *command, uint32_t max_s) {
    if (command->duration_s == 0) {
        return COMMAND_REFUSED_NO_DURATION;
    } else if (command->duration_s > max_s) {
        return COMMAND_REFUSED_TOO_LONG;
    }
    return command->reason[0] == '\0' ? COMMAND_REFUSED_NO_REASON : COMMAND_ACCEPTED;
}
