/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Drawn floor plans: what is made of a drawing, and how much of one is read. (What is refused stands in the cases
 * plan_*.case of tests/config.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/config/config.h"
#include "gateway/config/config_drawing.h"
#include "tests/support/cmocka.h"

static const char site_text_bytes[] =
    "tocsin: 1\n"
    "site: {id: t, name: {en: T}, timezone: UTC}\n"
    "places: [{id: care, kind: building, name: {en: Care}, plan: care.svg, places: [{id: a, kind: bedroom, name: "
    "{en: A}}, {id: b, kind: bathroom, name: {en: B}}]}]\n"
    "devices: [{id: d, driver: modbus, address: tcp://h, points: [{point: s, place: care/a, kind: smoke, read: "
    "coil 0}]}]\n";

static const char head[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">";

/* Load the site with this drawing. */
static struct config_result load(const char *drawing) {
    const struct config_file files[] = {
        {.path = "/site/site.yaml", .bytes = site_text_bytes, .size = sizeof site_text_bytes - 1},
        {.path = "/site/care.svg", .bytes = drawing, .size = strlen(drawing)},
    };
    struct config_options options = {.files = files, .file_count = 2};
    struct config_result result;
    int r = config_load("/site/site.yaml", &options, &result);
    assert_true(r == 0 || r == CONFIG_E_REFUSED);
    return result;
}

static struct site viewed(const struct config_result *result) {
    struct site site;
    assert_non_null(result->image);
    assert_int_equal(site_view(result->image, result->image_size, &site), 0);
    return site;
}

static void assert_drawn(const char *drawing, const char *expected) {
    struct config_result result = load(drawing);
    struct site site = viewed(&result);
    uint32_t care = site_place_find(&site, "care");
    assert_non_null(site_plan_of(&site, care));
    assert_string_equal(site_text(&site, site_plan_of(&site, care)->drawing), expected);
    assert_null(site_plan_of(&site, site_place_find(&site, "care/a")));
    config_result_deinit(&result);
}

static void assert_refused(const char *drawing, const char *reason) {
    struct config_result result = load(drawing);
    char *said = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&said, &size);
    assert_non_null(out);
    config_print(&result, LANGUAGE_EN, out);
    assert_int_equal(fclose(out), 0);
    assert_null(result.image);
    assert_int_equal(result.error_count, 1);
    assert_non_null(strstr(said, reason));
    free(said);
    config_result_deinit(&result);
}

static void of_a_drawing_only_its_shapes_are_taken(void **state) {
    (void)state;
    assert_drawn(
        "\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?>\n"
        "<svg:svg xmlns:svg='http://www.w3.org/2000/svg' xmlns:i='http://www.inkscape.org/namespaces/inkscape' "
        "width='20mm' height='10mm' viewBox='0,0 20 1e1'><i:grid units='mm'/><svg:title>Care</svg:title>"
        "<svg:g i:label='Walls' id='g1' class='x' transform='translate(1,2)' style='stroke-width:0.5px;stroke:#000;'>"
        "<svg:path d='M0 0\nh20' fill='red' style=' fill : none ; opacity:1'/></svg:g>"
        "<svg:rect x='1' y='2' width='3' height='4' r='9' data-place='care/a' fill='transparent'/>"
        "<svg:g visibility='hidden'><svg:path d='M0 0'/></svg:g>"
        "<svg:text>A</svg:text></svg:svg>",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 20 10\">"
        "<g transform=\"translate(1,2)\" stroke=\"black\" stroke-width=\"0.5\">"
        "<path d=\"M0 0 h20\" fill=\"none\"></path></g>"
        "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" fill=\"none\" data-place=\"care/a\"></rect></svg>");
}

/* However a shape is written, turned or bent: what can be seen of a 9 by 9 drawing is not said to be unseen. */
static void a_room_that_can_be_seen_is_not_warned_of(void **state) {
    (void)state;
    static const char *const shapes[] = {
        "<circle cx='0' cy='0' r='1' transform='translate(3,3) scale(9) rotate(45)' data-place='care/a'/>",
        "<path d='m2,2h70v56h-70z' data-place='care/a'/>",
        "<path d='M4 3a9 9 0 01.5.5 9 9 0 1 1-.5-.5' data-place='care/a'/>",
        "<path d='M20 20M1 1C200-9 1 1 1 1' data-place='care/a'/>",
        "<g data-place='care/a'><line x1='2' y1='2' x2='9' y2='2'/><line x1='9' y1='2' x2='9' y2='9'/></g>",
        "<polygon points='-5-5 5-5 5,5' data-place='care/a'/>",
        "<path d='M0 0T9 9 18 0' data-place='care/a'/>",
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char drawing[512], *said = NULL;
        size_t size = 0;
        (void)snprintf(drawing, sizeof drawing, "%s%s</svg>", head, shapes[i]);
        struct config_result result = load(drawing);
        FILE *out = open_memstream(&said, &size);
        assert_non_null(out);
        config_print(&result, LANGUAGE_EN, out);
        assert_int_equal(fclose(out), 0);
        assert_non_null(result.image);
        assert_null(strstr(said, "nobody can see"));
        free(said);
        config_result_deinit(&result);
    }
}

/* Two drawings that look the same are told apart by what is in them, and by nothing else. */
static void another_drawing_has_another_digest(void **state) {
    (void)state;
    static const char *const drawings[] = {
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><path d='M0 0h4v4z' data-place='care/a'/></svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>\n<path data-place='care/a' d='M0 0h4v4z'/>\n</svg>",
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><path d='M0 0h4v5z' data-place='care/a'/></svg>",
    };
    uint64_t digests[3], generations[3];
    for (int i = 0; i < 3; i++) {
        struct config_result result = load(drawings[i]);
        struct site site = viewed(&result);
        digests[i] = site_plan_of(&site, site_place_find(&site, "care"))->digest;
        generations[i] = site.header->generation;
        config_result_deinit(&result);
    }
    assert_true(digests[0] == digests[1] && digests[0] != digests[2]);
    assert_true(generations[0] == generations[1] && generations[0] != generations[2]);
}

/* `count` times `piece` behind the head of a drawing, with a place at its end. */
static char *drawing_of(size_t count, const char *piece) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fputs(head, out);
    for (size_t i = 0; i < count; i++) {
        (void)fputs(piece, out);
    }
    (void)fputs("<path d='M0 0h1v1z' data-place='care/a'/></svg>", out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void a_drawing_without_end_is_refused_by_its_limit(void **state) {
    (void)state;
    char *good = drawing_of(CONFIG_DRAWING_SHAPES_MAX - 1, "<line x2='1'/>");
    char *shapes = drawing_of(CONFIG_DRAWING_SHAPES_MAX, "<line x2='1'/>");
    char *bytes = drawing_of(CONFIG_DRAWING_FILE_SIZE_MAX / 64 + 1,
                             "<!-- 012345678901234567890123456789012345678901234567890123456 -->");
    struct config_result result = load(good);
    assert_non_null(result.image);
    config_result_deinit(&result);
    assert_refused(shapes, "a drawing has at most 5000 shapes");
    assert_refused(bytes, "the drawing is larger than 1 MiB");
    free(good);
    free(shapes);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_drawing_only_its_shapes_are_taken),
        cmocka_unit_test(a_room_that_can_be_seen_is_not_warned_of),
        cmocka_unit_test(another_drawing_has_another_digest),
        cmocka_unit_test(a_drawing_without_end_is_refused_by_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
