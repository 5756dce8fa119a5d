/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_SCALAR_H
#define GATEWAY_CONFIG_SCALAR_H

/*
 * Single values
 *
 * Numbers are decimal and written without quotes, durations and areas carry their unit, texts are
 * never empty. Each function reads one value, notes what is wrong with it and what it should look
 * like, and returns whether it could be used; a NULL node returns false without a note, so that an
 * absent key leaves the default that stands in `ret`.
 */

#include <stdbool.h>

#include "gateway/config/config_model.h"
#include "gateway/config/config_shape.h"

#define CONFIG_MINUTE_NS (60 * NS_PER_S)
#define CONFIG_HOUR_NS   (3600 * NS_PER_S)
#define CONFIG_DAY_NS    (86400 * NS_PER_S)

/* A whole number, min … max. */
bool config_whole(struct config *config, const struct config_node *node, int64_t min, int64_t max,
                  int64_t *ret);

/* A decimal number of at most 15 digits. */
bool config_number(struct config *config, const struct config_node *node, double *ret);

/* true or false. */
bool config_truth(struct config *config, const struct config_node *node, bool *ret);

/* "100 ms", "1 s", "10 min", "2 h", "7 d", within min_ns … max_ns. */
bool config_span(struct config *config, const struct config_node *node, uint64_t min_ns,
                 uint64_t max_ns, uint64_t *ret_ns);

/*
 * The same in whole seconds, where the range guards a promise: `reason` is the promise, and told with
 * a value that would break it.
 */
bool config_span_capped(struct config *config, const struct config_node *node, uint32_t min_s,
                        uint32_t max_s, const char *reason, uint32_t *ret_s);

/* "10 %", a whole number within min … max. */
bool config_percent(struct config *config, const struct config_node *node, uint32_t min,
                    uint32_t max, uint32_t *ret_percent);

/*
 * "256 MiB", "4 GiB", within min … max bytes; and, where there may be none of it, "0 MiB".
 */
bool config_size(struct config *config, const struct config_node *node, uint64_t min, uint64_t max,
                 bool may_be_none, uint64_t *ret_bytes);

/* "640 m2". */
bool config_area(struct config *config, const struct config_node *node, double *ret_m2);

enum config_id_kind { CONFIG_ID_PLAIN, CONFIG_ID_RULE };

/* [a-z0-9-]{1,32}, or for rules [a-z0-9_]{1,32}. */
bool config_id(struct config *config, const struct config_node *node, enum config_id_kind kind,
               const char **ret);

/* The same for the key of a map's member. */
bool config_id_key(struct config *config, const struct config_node *member, const char **ret);

/* Any text of 1 … 200 characters on one line. */
bool config_text(struct config *config, const struct config_node *node, const char **ret);

/* A text in two languages, {zh: …, en: …}; one of them may be missing. */
bool config_name(struct config *config, const struct config_node *node, struct config_name *ret);

/* One of `count` words; `what` is "a driver". */
bool config_word(struct config *config, const struct config_node *node, const char *what,
                 const char *const *words, uint32_t count, uint32_t *ret_index);

/* Kinds and classes, as rules/kind.h has them. */
bool config_point_kind(struct config *config, const struct config_node *node,
                       enum point_kind *ret_kind);
bool config_place_kind(struct config *config, const struct config_node *node,
                       enum place_kind *ret_kind);
bool config_alarm_class(struct config *config, const struct config_node *node,
                        enum alarm_class *ret_class);
/* The hints for words that are none, from a text inside a scalar. */
const char *config_point_kind_hint(struct config *config, const char *wrong);
const char *config_place_kind_hint(struct config *config, const char *wrong);

/* "HH:MM" of `len` bytes as minutes after midnight; 24:00 is 1440. -1 if it is none. */
int config_clock(const char *text, size_t len);

/* "HH:MM-HH:MM"; the end may lie before the begin. False without a note if it has another form. */
bool config_clock_range(const char *text, int *ret_begin, int *ret_end);

/* A path, made absolute by its source's directory. */
bool config_path(struct config *config, const struct config_node *node, const char **ret);

/* A path of a file that should be there; warns, with the consequence, when it is not. */
bool config_secret_path(struct config *config, const struct config_node *node,
                        const char *consequence, const char **ret);

/* … and of one that only this gateway may know: warns, too, when everybody can read it. */
bool config_private_path(struct config *config, const struct config_node *node,
                         const char *consequence, const char **ret);

/* "SCHEME://…": is it an address of http or https with a host? */
bool config_url(struct config *config, const struct config_node *node, const char **ret);

/*
 * Split "host:port", "host" or "[::1]:port". The port is `default_port` when there is none and that
 * is not 0. Notes what is wrong at the place in the scalar; `at` is where the text begins in it.
 */
bool config_host_port(struct config *config, const struct config_node *node, uint32_t at,
                      const char *text, uint32_t default_port, const char **ret_host,
                      uint32_t *ret_port);

/* Is `id` new in the index? Adds it; otherwise notes that `what` of that id exists. */
bool config_claim(struct config *config, struct config_index *index, const struct config_node *node,
                  const char *id, uint32_t value, const char *what);

#endif
