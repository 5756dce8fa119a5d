/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CUT_OPTIONS_H
#define TESTS_SUPPORT_CUT_OPTIONS_H

/*
 * What a program that cuts the power is told: [--points N] [--seed S] [--control NAME]
 *
 * Anything else ends it with 2: a run that was asked for in vain must not look like one that passed.
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cut_options {
    uint64_t points, seed;
    int control; /* index of its name; 0: none */
};

/* `points` of them unless told otherwise; `controls` has the names, the first of them "none". */
static inline struct cut_options cut_options_read(int argc, char **argv, uint64_t points,
                                                  const char *const *controls, int control_count) {
    struct cut_options options = {.points = points, .seed = 1};
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        char *end = NULL;
        if (strcmp(argv[i], "--control") == 0) {
            options.control = 0;
            while (options.control < control_count &&
                   strcmp(value, controls[options.control]) != 0) {
                options.control++;
            }
        } else if (strcmp(argv[i], "--points") == 0) {
            options.points = strtoumax(value, &end, 10);
        } else if (strcmp(argv[i], "--seed") == 0) {
            options.seed = strtoumax(value, &end, 10);
        } else {
            end = argv[i]; /* no such option */
        }
        if (*value == '\0' || options.control == control_count || (end != NULL && *end != '\0')) {
            (void)fprintf(stderr, "%s: cannot take '%s %s'\n", argv[0], argv[i], value);
            exit(2);
        }
    }
    return options;
}

#endif
