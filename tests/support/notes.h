/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_NOTES_H
#define TESTS_SUPPORT_NOTES_H

/*
 * Notes, as they are printed, in either language
 *
 * English is two of its words in a row, outside of what is quoted: no name, key or unit is that.
 */

#include <stdbool.h>

#include "gateway/config/config.h"

/* Is a note, or a part of one, in English? */
bool note_is_english(const char *note);

/*
 * Fails the test when a note, or its hint, is in English in `printed`, where the notes stand with the lines of the
 * file that they are about.
 */
void notes_assert_chinese(const char *printed);

/* The notes about a site in English, to be freed. Fails the test when there is one without its Chinese. */
char *notes_of(const struct config_result *result);

#endif
