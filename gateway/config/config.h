/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

/*
 * Configuration: from a site file to a site image
 *
 * A site is written in YAML: one site file, which names files of rules, tours, the facility
 * standard and, in SVG, drawn floor plans. config_load() reads them all, checks everything and reports everything that is wrong,
 * not just the first thing, each with its place:
 *
 *     site.yaml:4:3: error: `timezome` is not a key of site
 *       timezome: Asia/Shanghai
 *       ^~~~~~~~
 *       hint: did you mean `timezone`?
 *
 * A site without errors is compiled into the image of gateway/site.h. Warnings do not stop it: they
 * say what the site does that its author may not have meant.
 *
 *     config_source    the files, as they are read
 *     config_yaml      from the YAML of each to its tree; config_node the tree, with a mark on every word
 *     config_identity  whose site it is, when it was refused
 *     config_shape     which keys there are (config_keys.def), and reading them
 *     config_scalar    numbers, durations, ids, addresses
 *     config_note      errors and warnings; config_arena their memory, and all other
 *     config_set       --set PATH=VALUE
 *     config_site  config_places  config_calendar  config_devices  config_points  config_rules
 *     config_duty (shifts, webhooks, chains)  config_tours  config_standard: the parts of a site
 *     config_plans     the drawn floor plans of places; config_drawing reads one
 *     config_layout    the order of the rows; config_bind: do the rules fit them?
 *     config_lint      what is legal and yet odd
 *     config_image     the compiled bytes
 *     story            what the simulated field acts out, read by the same means
 *
 * Nothing of this is needed while the gateway runs. Not for use from several threads at once.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "gateway/err.h"
#include "gateway/site.h"

/* A file that a site consists of. */
struct config_file {
    const char *path; /* absolute */
    const char *bytes;
    size_t size;
};

struct config_options {
    const char *const *settings; /* of --set: "gateway.state=/var/lib/tocsin" */
    uint32_t setting_count;
    const struct config_file *files; /* the site file first: no others are read; NULL: the disk's */
    uint32_t file_count;
    const char *zoneinfo; /* directory of the time zones; NULL: /usr/share/zoneinfo */
    const char *rules;    /* a file of rules instead of those that the site names; NULL: those */
};

/* What was read besides the image: for those who print it. Valid until config_result_deinit(). */
struct config_summary {
    uint32_t file_count;
    uint32_t chain_count, webhook_count, shift_count, tour_count, checkpoint_count;
    const char *standard;       /* id, or NULL */
    uint32_t requirement_count; /* of the standard */
    uint32_t rule_count;        /* rules of the site's own, which stand first in the image */
};

/*
 * What a site that is refused says of itself all the same, as far as that can be read: NULL where it
 * says nothing. Settings count. For whoever looks for one that was accepted before.
 */
struct config_identity {
    const char *site_id, *gateway_id;
    const char *state_directory; /* absolute; what is meant where it is not given as well */
};

struct config;

struct config_result {
    struct config *config; /* everything below lives in it */
    const void *image;     /* NULL unless the site is good; aligned to 8 */
    size_t image_size;
    uint32_t error_count;
    uint32_t warning_count;
    struct config_summary summary;
    struct config_identity identity; /* of one that was refused */
    const struct config_file *files; /* of a good site: all that were read, the site file first */
    uint32_t file_count;
};

#define CONFIG_RESULT_NULL ((struct config_result){0})

#define CONFIG_E_REFUSED   1 /* the site has errors; they are in the result */

/*
 * Read and check the site file at `path` and all that it names. Borrows its arguments for the call. Where
 * the options give the files, `path` is only what the site file is called in the notes; the files that it
 * names, and those that are no part of a site, such as secrets, are looked for where it stood.
 *
 * Returns 0 with an image, or CONFIG_E_REFUSED without one; in both cases `result` holds the notes
 * and is to be released. A negative errno (no memory) leaves nothing to release.
 */
NODISCARD int config_load(const char *path, const struct config_options *options,
                          struct config_result *result);

/* The image, to be copied into the sealed memfd. NULL and 0 if the site was refused. */
const void *config_image(const struct config_result *result, size_t *ret_size);

/* Print errors and warnings in the order of the files, each with its line and caret. */
void config_print(const struct config_result *result, enum site_language language, FILE *out);

/* Print errors and warnings as one JSON array of objects. */
void config_print_json(const struct config_result *result, FILE *out);

/*
 * Print the tables of keys and the closed lists of words as a JSON object:
 * {"shapes": {"place": {"id": {"required": true, "form": "scalar"}}}, "place_kind": ["site", …]}.
 * The test that holds the JSON Schema to the checker reads it.
 */
void config_print_keys(FILE *out);

/* Release. Harmless on CONFIG_RESULT_NULL and when repeated. */
void config_result_deinit(struct config_result *result);

#endif
