/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the page about the rule language says that the checker warns of
 *
 * Each rule in a fence ```check of rules/LANGUAGE.md is checked alone, in the site of
 * tests/config/base:
 *
 *     each: point temperature
 *       raise: value > 90 °C           # warning: this is never true: the alarm is never raised
 *     #        ^^^^^^^^^^^^^
 *       clear: …
 *
 * `each:` is for all that follow; a rule begins at its `raise:`. It is a whole rule otherwise, of a
 * class that nothing is asked of unless it says its own. Every warning must stand on the page, word
 * for word, and exactly above its carets where there are any.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"
#include "tests/support/config_scene.h"

enum { WARNINGS_MAX = 4, TEXT_MAX = 1024 };

static const char file_name[] = "rules.yaml";
static const char mark[] = "# warning: ";

struct warning {
    char text[TEXT_MAX];
    unsigned line, column, width; /* in the file of rules; a column of 0: anywhere */
};

/* A rule of the page, as it stands in the file of rules. */
struct page_rule {
    char each[TEXT_MAX];
    char text[TEXT_MAX];
    unsigned line_count; /* of the text */
    struct warning warnings[WARNINGS_MAX];
    unsigned warning_count;
};

/* What the scene has beside the rule is read, too, so that the checker says nothing of it. */
static const char others[] = "  - rule: others\n"
                             "    each: point [emergency_button, pull_cord, smoke]\n"
                             "    raise: value\n"
                             "    class: fire.supervisory\n"
                             "    message: {en: others}\n";

static unsigned checked;

static void rule_add(struct page_rule *rule, const char *line, size_t len) {
    size_t used = strlen(rule->text);
    int more = snprintf(rule->text + used, TEXT_MAX - used, "    %.*s\n", (int)len, line);
    assert_true(more > 0 && (size_t)more < TEXT_MAX - used);
    rule->line_count++;
}

/* How many letters stand before `at`; the checker counts those. */
static unsigned letters(const char *line, const char *at) {
    unsigned count = 0;
    for (; line < at; line++) {
        count += ((unsigned char)*line & 0xc0) != 0x80;
    }
    return count;
}

/* Does the checker warn so, in the place that the page points at? */
static bool is_said(const char *said, const struct warning *warning, unsigned first_line) {
    char wanted[TEXT_MAX + 64];
    const char *at = said;
    (void)snprintf(wanted, sizeof wanted, ": warning: %s\n", warning->text);
    while ((at = strstr(at, wanted)) != NULL) {
        const char *begin = at;
        unsigned line, column;
        while (begin > said && begin[-1] != '\n') {
            begin--;
        }
        assert_int_equal(sscanf(begin, "rules.yaml:%u:%u:", &line, &column), 2);
        const char *caret = strchr(at, '^');
        assert_non_null(caret);
        bool there = line == first_line + warning->line && column == warning->column &&
                     1 + strspn(caret + 1, "~") == warning->width;
        if (warning->column == 0 || there) {
            return true;
        }
        at++;
    }
    return false;
}

static unsigned count_of(const char *text, const char *words) {
    unsigned count = 0;
    for (; (text = strstr(text, words)) != NULL; text++) {
        count++;
    }
    return count;
}

static void rule_check(struct page_rule *rule) {
    if (rule->line_count == 0) {
        return;
    }
    struct config_scene scene;
    config_scene_begin(&scene);
    char **file = &scene.files[config_scene_file(file_name, strlen(file_name))];
    char *rules = strstr(*file, "rules:\n");
    assert_non_null(rules);
    rules[0] = '\0'; /* its chains are kept */
    unsigned first_line = 1 + count_of(*file, "\n") + 3;
    char *whole = NULL;
    assert_true(asprintf(&whole,
                         "%srules:\n  - rule: page\n    each: %s\n%s%s    message: {en: odd}\n"
                         "    response: {en: go}\n%s",
                         *file, rule->each, rule->text,
                         strstr(rule->text, "class:") != NULL ? "" : "    class: space.climate\n",
                         others) >= 0);
    free(*file);
    *file = whole;
    bool refused;
    char *said = config_scene_check(&scene, &refused);
    bool good = !refused && count_of(said, ": warning: ") == rule->warning_count;
    for (unsigned i = 0; i < rule->warning_count; i++) {
        good = good && is_said(said, &rule->warnings[i], first_line);
    }
    if (!good) {
        fail_msg("of the rule\n%sthe checker says:\n%s", rule->text, said);
    }
    checked += rule->warning_count;
    free(said);
    config_scene_end(&scene);
    rule->text[0] = '\0';
    rule->line_count = 0;
    rule->warning_count = 0;
}

static void page_warning(struct page_rule *rule, const char *text, size_t len) {
    assert_true(rule->warning_count < WARNINGS_MAX && len < TEXT_MAX);
    struct warning *warning = &rule->warnings[rule->warning_count++];
    *warning = (struct warning){.line = rule->line_count - 1};
    memcpy(warning->text, text, len);
}

static void page_line(struct page_rule *rule, const char *line, size_t len) {
    const char *carets = memchr(line, '^', len);
    if (len == 0) {
        return;
    } else if (line[0] == '#') {
        assert_non_null(carets);
        assert_true(rule->warning_count > 0);
        /* The rule is written two columns further to the right; columns count from 1. */
        struct warning *warning = &rule->warnings[rule->warning_count - 1];
        warning->column = letters(line, carets) + 2 + 1;
        warning->width = (unsigned)strspn(carets, "^");
    } else if (strncmp(line, "each: ", 6) == 0) {
        rule_check(rule);
        (void)snprintf(rule->each, sizeof rule->each, "%.*s", (int)len - 6, line + 6);
    } else {
        assert_int_equal(strncmp(line, "  ", 2), 0);
        if (strncmp(line, "  raise:", 8) == 0) {
            rule_check(rule);
        }
        const char *warning = memmem(line, len, mark, strlen(mark));
        rule_add(rule, line + 2, (warning != NULL ? (size_t)(warning - line) : len) - 2);
        if (warning != NULL) {
            warning += strlen(mark);
            page_warning(rule, warning, len - (size_t)(warning - line));
        }
    }
}

static void the_checker_warns_as_the_page_says(void **state) {
    (void)state;
    static struct page_rule rule;
    char *page = text_read(TEST_SOURCE_DIR "/rules/LANGUAGE.md");
    bool inside = false;
    for (const char *line = page; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (strncmp(line, "```", 3) == 0) {
            rule_check(&rule);
            inside = !inside && strncmp(line, "```check\n", 9) == 0;
        } else if (inside) {
            page_line(&rule, line, len);
        }
        line += len + (line[len] == '\n');
    }
    assert_true(checked >= 10);
    free(page);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_checker_warns_as_the_page_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
