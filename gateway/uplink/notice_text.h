/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_NOTICE_TEXT_H
#define GATEWAY_UPLINK_NOTICE_TEXT_H

/*
 * What a person reads of a step of a chain, in one language
 *
 *     title     【紧急】日间照料室：紧急呼叫            [EMERGENCY] Day-care room: emergency call
 *     response  立即到场，查看老人状况                  Go there at once; check the resident
 *     foot      15:17 · 第 3 步，共 3 步                15:17 · step 3 of 3
 *
 * All of it comes from the event: nothing is said of anybody that the alarm's own text does not say.
 * The time of day is that of the site's zone.
 */

#include <stdbool.h>
#include <stddef.h>

#include "gateway/site.h"

enum { NOTICE_TITLE_SIZE = 768, NOTICE_RESPONSE_SIZE = 768, NOTICE_FOOT_SIZE = 96 };

struct notice_text {
    char title[NOTICE_TITLE_SIZE];
    char response[NOTICE_RESPONSE_SIZE]; /* "": the rule has none */
    char foot[NOTICE_FOOT_SIZE];
};

/* Read it from the JSON of an event. Returns false, with nothing to be used, when that is none. */
bool notice_text_read(const char *body, size_t size, enum site_language language,
                      struct notice_text *ret);

/* Write all of it, a line each, in at most `size` bytes with the NUL; cut between two characters. */
void notice_text_write(const struct notice_text *text, char *ret, size_t size);

/* Copy at most `size` bytes with the NUL, an ellipsis where it was cut, never inside a character. */
void notice_text_cut(const char *text, char *ret, size_t size);

#endif
