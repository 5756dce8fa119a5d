/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_CHINESE_H
#define GATEWAY_CONFIG_CHINESE_H

/*
 * Notes in Chinese
 *
 * What is wrong with a site is said in English where it is found, partly by rules/, which knows one language only.
 * Whoever reads Chinese gets it from the pairs of config_chinese.def: a pair's English is the format that the
 * sources print with, and what stood at its conversions is put into its Chinese, itself in Chinese where there is a
 * pair for it. What stands between backticks was written by somebody and stays, as do names: a place may be called
 * `rules`. A note without a pair stays as it is; a test holds that there is one for each that is known.
 */

#include <stddef.h>

enum { CONFIG_CHINESE_SIZE = 1024 };

/* Write `english` in Chinese, cut to its size. Returns `ret`, or `english` when no pair fits. */
const char *config_chinese(const char *english, char ret[CONFIG_CHINESE_SIZE]);

#endif
