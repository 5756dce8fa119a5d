/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: any bytes as the drawing of a place
 *
 * Whatever comes is refused in words, or something is made of it in which nothing runs, fetches or hides; and that,
 * read as a drawing itself, is made of it again.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char site_file[] =
    "tocsin: 1\n"
    "site: {id: t, name: {en: T}, timezone: UTC}\n"
    "places: [{id: care, kind: building, name: {en: Care}, plan: plan.svg, places: [{id: room, kind: bedroom, name: "
    "{en: A}}, {id: bath, kind: bathroom, name: {en: B}}]}]\n"
    "devices: [{id: d, driver: modbus, address: tcp://h, points: [{point: s, place: care/room, kind: smoke, read: "
    "coil 0}]}]\n";

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static int load(const char *drawing, size_t size, struct config_result *ret_result) {
    const struct config_file files[] = {
        {.path = "/site/site.yaml", .bytes = site_file, .size = sizeof site_file - 1},
        {.path = "/site/plan.svg", .bytes = drawing, .size = size},
    };
    struct config_options options = {.files = files, .file_count = 2};
    return config_load("/site/site.yaml", &options, ret_result);
}

static const char *drawing_of(const struct config_result *result) {
    struct site site;
    check(site_view(result->image, result->image_size, &site) == 0 && site.plan_count == 1);
    return site_text(&site, site.plans[0].drawing);
}

static void check_notes(const struct config_result *result) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    check(out != NULL);
    config_print(result, LANGUAGE_EN, out);
    config_print(result, LANGUAGE_ZH, out);
    config_print_json(result, out);
    check(fclose(out) == 0);
    check(strlen(text) == size && strchr(text, '\x1b') == NULL);
    free(text);
}

static void check_drawing(const char *drawing) {
    static const char *const never[] = {"<script", "href", "url(", "style", " on", "<!", "<?", "&"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        check(strstr(drawing, never[i]) == NULL);
    }
    struct config_result again;
    check(load(drawing, strlen(drawing), &again) == 0);
    check(strcmp(drawing_of(&again), drawing) == 0);
    config_result_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct config_result result;
    int r = load((const char *)data, size, &result);
    check(r == 0 || r == CONFIG_E_REFUSED);
    check((r == 0) == (result.error_count == 0));
    if (r == 0) {
        check_drawing(drawing_of(&result));
    }
    check_notes(&result);
    config_result_deinit(&result);
    return 0;
}
