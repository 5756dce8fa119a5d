/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a person does in a rule test, in the words of the command line
 *
 *     do: ack RULE/ENTITY                        as: genuine
 *     do: investigate RULE/ENTITY real           by: guo   role: security
 *     do: out-of-service RULE/ENTITY             for: 2 h  reason: dust  second: guo  second_role: security
 *     do: disposition RULE/ENTITY misuse
 *     do: test begin PLACE                       for: 30 min
 */
#include <stdio.h>
#include <string.h>

#include "gateway/config/config_scalar.h"
#include "gateway/config/config_shape.h"
#include "gateway/config/site_names.h"
#include "gateway/replay/rule_test_rows.h"

/* The operands of an act: the alarm or place, and what some verbs have behind it. */
struct act_operands {
    const char *name;
    const char *second; /* NULL: none */
};

/* Words of the command line that are not the verb's own. */
static const struct {
    const char *words;
    enum command_verb verb;
} others[] = {
    {"ack", COMMAND_ACKNOWLEDGE},
    {"test begin", COMMAND_TEST_BEGIN},
    {"test end", COMMAND_TEST_END},
};

/* The verb as the command line has it. */
static const char *verb_words(enum command_verb verb) {
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (others[i].verb == verb) {
            return others[i].words;
        }
    }
    return command_verb_name(verb);
}

/* Find the verb; `*ret_rest` is what stands behind it. Notes what is wrong: COMMAND_VERB_COUNT. */
static enum command_verb verb_read(struct config *config, const struct config_node *node,
                                   const char **ret_rest) {
    const char *words[COMMAND_VERB_COUNT];
    char word[RULE_TEST_WORD_SIZE];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        size_t len = strlen(others[i].words);
        if (strncmp(node->text, others[i].words, len) == 0 && node->text[len] == ' ' &&
            node->text[len + 1] != '\0') {
            *ret_rest = node->text + len + 1;
            return others[i].verb;
        }
    }
    if (!rule_test_split(config, node, word, ret_rest, "such as: ack RULE/ENTITY")) {
        return COMMAND_VERB_COUNT;
    }
    for (unsigned i = 0; i < COMMAND_VERB_COUNT; i++) {
        words[i] = verb_words((enum command_verb)i);
    }
    enum command_verb verb = command_verb_find(word, strlen(word));
    if (verb == COMMAND_VERB_COUNT) {
        rule_test_word_wrong(config, node, word, "what a person does", words, COMMAND_VERB_COUNT);
    }
    return verb;
}

/* Take "RULE/ENTITY word" apart. */
static struct act_operands operands_read(struct config *config, const char *rest) {
    const char *space = strchr(rest, ' ');
    if (space == NULL) {
        return (struct act_operands){.name = rest};
    }
    return (struct act_operands){
        .name = config_format(&config->arena, "%.*s", (int)(space - rest), rest),
        .second = space + 1,
    };
}

/* The alarm or the place that the act is about, which stands at byte `at`. */
static void object_read(struct rule_tests *tests, const struct config_node *node, uint32_t at,
                        const char *name, struct command *command) {
    if (!command_verb_is_about_place(command->verb)) {
        command->alarm = site_names_alarm(tests->config, tests->site, node, at, name);
        return;
    }
    command->place = site_place_find(tests->site, name);
    if (command->place == RULESET_NONE) {
        config_note(tests->config, CONFIG_ERROR,
                    config_node_locate(node, at, (uint32_t)strlen(name)), NULL,
                    "no place `%s` in the site", name);
    }
}

/* What it turned out to be; a note, and DISPOSITION_UNSTATED, if the word says nothing. */
static enum disposition disposition_read(struct config *config, const struct config_node *node,
                                         const char *word) {
    const char *words[DISPOSITION_COUNT];
    for (unsigned i = 0; i + 1 < DISPOSITION_COUNT; i++) {
        words[i] = disposition_name((enum disposition)(i + 1)); /* unstated is no statement */
    }
    enum disposition found = disposition_find(word, strlen(word));
    if (found != DISPOSITION_COUNT && found != DISPOSITION_UNSTATED) {
        return found;
    }
    config_error(config, node, config_words(config, "one of", words, DISPOSITION_COUNT - 1),
                 "`%s` is not what an alarm can turn out to be", word);
    return DISPOSITION_UNSTATED;
}

/* What stands behind the alarm: a result, a disposition, or nothing. */
static void second_read(struct config *config, const struct config_node *node, const char *word,
                        struct command *command) {
    if (command->verb == COMMAND_INVESTIGATE) {
        command->real = word != NULL && strcmp(word, "real") == 0;
        if (word == NULL || (!command->real && strcmp(word, "false") != 0)) {
            config_error(config, node, "such as: investigate RULE/ENTITY real",
                         "what was found there is real or false");
        }
    } else if (command->verb == COMMAND_DISPOSITION) {
        if (word != NULL) {
            command->disposition = disposition_read(config, node, word);
        }
    } else if (word != NULL) {
        config_error(config, node, NULL, "`%s` is too much here", word);
    }
}

/* ROLE_COUNT where it is not given or wrong. */
static enum role role_read(struct config *config, const struct config_node *node) {
    const char *words[ROLE_COUNT];
    uint32_t role = ROLE_COUNT;
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        words[i] = role_name((enum role)i);
    }
    (void)config_word(config, node, "a role", words, ROLE_COUNT, &role);
    return (enum role)role;
}

/* Copy a name that is given; it fits, or is noted to be too long. */
static void text_read(struct config *config, const struct config_node *node, char *ret,
                      size_t size) {
    const char *text;
    if (!config_text(config, node, &text)) {
        return;
    } else if (strlen(text) >= size) {
        config_error(config, node, NULL, "it has at most %zu bytes", size - 1);
        return;
    }
    (void)snprintf(ret, size, "%s", text);
}

/* Who does it, with whom, why and for how long. */
static void circumstances_read(struct config *config, const struct config_node *const *fields,
                               struct command *command) {
    const char *disposition;
    uint64_t span_ns;
    enum role role = role_read(config, fields[CONFIG_TEST_STEP_ROLE]);
    command->role = role == ROLE_COUNT ? ROLE_ENGINEER : role;
    command->second_role = role_read(config, fields[CONFIG_TEST_STEP_SECOND_ROLE]);
    text_read(config, fields[CONFIG_TEST_STEP_BY], command->actor, sizeof command->actor);
    text_read(config, fields[CONFIG_TEST_STEP_SECOND], command->second_actor,
              sizeof command->second_actor);
    text_read(config, fields[CONFIG_TEST_STEP_REASON], command->reason, sizeof command->reason);
    /* One person in two roles is still one person. */
    if (strcmp(command->actor, command->second_actor) == 0) {
        command->second_actor[0] = '\0';
    }
    if (config_span(config, fields[CONFIG_TEST_STEP_FOR], NS_PER_S, RULE_TEST_SPAN_MAX_NS,
                    &span_ns)) {
        command->duration_s = (uint32_t)(span_ns / NS_PER_S);
    }
    if (config_text(config, fields[CONFIG_TEST_STEP_AS], &disposition)) {
        command->disposition = disposition_read(config, fields[CONFIG_TEST_STEP_AS], disposition);
    }
}

static void refusal_read(struct config *config, const struct config_node *const *fields,
                         struct rule_test_step *step) {
    const struct config_node *node = fields[CONFIG_TEST_STEP_REFUSED];
    enum { FIRST = COMMAND_ACCEPTED + 1, REASONS = COMMAND_REFUSAL_COUNT - FIRST };
    const char *words[REASONS];
    uint32_t word;
    for (unsigned i = 0; i < REASONS; i++) {
        words[i] = command_refusal_name((enum command_refusal)(FIRST + i));
    }
    step->refused = COMMAND_ACCEPTED;
    if (config_word(config, node, "a reason to refuse", words, REASONS, &word)) {
        step->refused = (enum command_refusal)(FIRST + word);
        step->refusal = node;
    }
}

/* What says more of an act is an error in a step that has none. */
static void act_missing(struct config *config, const struct config_node *const *fields) {
    static const unsigned more[] = {
        CONFIG_TEST_STEP_AS,     CONFIG_TEST_STEP_BY,          CONFIG_TEST_STEP_ROLE,
        CONFIG_TEST_STEP_SECOND, CONFIG_TEST_STEP_SECOND_ROLE, CONFIG_TEST_STEP_REASON,
        CONFIG_TEST_STEP_FOR,    CONFIG_TEST_STEP_REFUSED,
    };
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        const struct config_node *node = fields[more[i]];
        if (node != NULL) {
            config_error(config, node->key, "add do: and what is done, such as: ack RULE/ENTITY",
                         "`%s` without `do`: nothing is done in this step", node->key->text);
        }
    }
}

void rule_test_act_read(struct rule_tests *tests, const struct config_node *const *fields,
                        struct rule_test_step *step) {
    struct config *config = tests->config;
    const struct config_node *act = fields[CONFIG_TEST_STEP_DO];
    struct command *command = &step->command;
    const char *rest;
    *command = (struct command){
        .alarm = RULESET_NONE, .place = RULESET_NONE, .second_role = ROLE_COUNT, .actor = "test"};
    if (act == NULL) {
        act_missing(config, fields);
        return;
    }
    circumstances_read(config, fields, command);
    refusal_read(config, fields, step);
    if (!config_is_scalar(config, act)) {
        return;
    }
    command->verb = verb_read(config, act, &rest);
    if (command->verb == COMMAND_VERB_COUNT) {
        return;
    }
    struct act_operands operands = operands_read(config, rest);
    step->act = act;
    object_read(tests, act, (uint32_t)(rest - act->text), operands.name, command);
    second_read(config, act, operands.second, command);
}
