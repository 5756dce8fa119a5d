/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The closed lists: units and their arithmetic, kinds, classes, priorities, qualities; and the text
 * builder that messages about them are made with.
 */

#include <float.h>
#include <stdio.h>
#include <string.h>

#include "rules/kind.h"
#include "rules/reading.h"
#include "rules/text.h"
#include "tests/support/cmocka.h"

static void every_unit_is_found_by_its_own_name_alone(void **state) {
    (void)state;
    for (enum unit unit = UNIT_S; unit < UNIT_COUNT; unit++) {
        const char *name = unit_facts(unit)->name;
        assert_int_equal(unit_find(name, strlen(name)), unit);
        assert_true(unit_facts(unit)->factor > 0);
        assert_true(unit_facts(unit)->per_base >= 1);
    }
    assert_int_equal(unit_find("S", 1), UNIT_COUNT);
    assert_int_equal(unit_find("", 0), UNIT_COUNT);
    assert_int_equal(unit_find("m", 1), UNIT_COUNT);
    assert_int_equal(unit_find("mins", 4), UNIT_COUNT);
    assert_int_equal(unit_find("mins", 3), UNIT_MIN);
}

static void every_dimension_has_a_base_unit_with_factor_one(void **state) {
    (void)state;
    for (enum dimension dimension = 0; dimension < DIMENSION_COUNT; dimension++) {
        enum unit base = dimension_base(dimension);
        assert_int_equal(unit_facts(base)->dimension, dimension);
        assert_true(unit_facts(base)->factor == 1);
        assert_non_null(dimension_name(dimension));
    }
}

/* The compiler's own conversion is the reference. */
static void a_decimal_is_converted_like_a_literal(void **state) {
    (void)state;
    assert_true(unit_base_value(UNIT_NONE, 1, 1) == 0.1);
    assert_true(unit_base_value(UNIT_NONE, 11, 1) == 1.1);
    assert_true(unit_base_value(UNIT_NONE, 999999999999999, 0) == 999999999999999.0);
    assert_true(unit_base_value(UNIT_NONE, 999999999999999, 15) == 0.999999999999999);
    assert_true(unit_base_value(UNIT_NONE, 123456789012345, 7) == 12345678.9012345);
    assert_true(unit_base_value(UNIT_MS, 30, 0) == 0.03);
    assert_true(unit_base_value(UNIT_MS, 1, 15) == 1e-18);
    assert_true(unit_base_value(UNIT_MS, 7, 1) == 0.0007);
    assert_true(unit_base_value(UNIT_PPB, 3, 0) == 0.003);
    assert_true(unit_base_value(UNIT_MIN, 11, 1) == 66.0);
    assert_true(unit_base_value(UNIT_D, 1, 3) == 86.4);
    assert_true(unit_base_value(UNIT_CELSIUS, 215, 1) == 21.5);
}

static void a_span_is_exact_or_told_not_to_fit(void **state) {
    (void)state;
    assert_true(unit_span_ns(UNIT_MS, 1, 0) == 1000000);
    assert_true(unit_span_ns(UNIT_S, 1, 9) == 1);
    assert_true(unit_span_ns(UNIT_S, 19, 10) == 1); /* the rest of a nanosecond is dropped */
    assert_true(unit_span_ns(UNIT_S, 0, 0) == 0);
    assert_true(unit_span_ns(UNIT_D, 999999999999999, 15) == 86399999999999);
    assert_true(unit_span_ns(UNIT_D, 213503, 0) == 213503ull * 86400 * NS_PER_S);
    assert_true(unit_span_ns(UNIT_D, 213504, 0) == UINT64_MAX);
    assert_true(unit_span_ns(UNIT_D, 999999999999999, 0) == UINT64_MAX);
}

static void every_kind_class_and_priority_is_found_by_its_own_name(void **state) {
    (void)state;
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        const char *name = point_kind_facts(kind)->name;
        assert_int_equal(point_kind_find(name, strlen(name)), kind);
    }
    for (enum place_kind kind = 0; kind < PLACE_KIND_COUNT; kind++) {
        const char *name = place_kind_name(kind);
        assert_int_equal(place_kind_find(name, strlen(name)), kind);
    }
    for (enum alarm_class each = 0; each < ALARM_CLASS_COUNT; each++) {
        const char *name = alarm_class_facts(each)->name;
        assert_int_equal(alarm_class_find(name, strlen(name)), each);
    }
    for (enum priority priority = 0; priority < PRIORITY_COUNT; priority++) {
        const char *name = priority_name(priority);
        assert_int_equal(priority_find(name, strlen(name)), priority);
    }
    assert_int_equal(point_kind_find("smokey", 6), POINT_KIND_COUNT);
    assert_int_equal(point_kind_find("smokey", 5), POINT_SMOKE);
    assert_int_equal(place_kind_find("", 0), PLACE_KIND_COUNT);
    assert_int_equal(alarm_class_find("fire", 4), ALARM_CLASS_COUNT);
    assert_int_equal(priority_find("High", 4), PRIORITY_COUNT);
}

/* model.md: fires and calls are managed, latched emergencies; only they have no delay. */
/* What calls, in its own words: neither what detects a fire nor what counts people. */
static void only_what_a_person_presses_pulls_or_wears_is_a_call(void **state) {
    (void)state;
    static const enum point_kind calls[] = {
        POINT_EMERGENCY_BUTTON, POINT_PULL_CORD,    POINT_PENDANT,       POINT_BED_EXIT, POINT_FALL,
        POINT_ASSIST_BUTTON,    POINT_PANIC_BUTTON, POINT_ATTEND_BUTTON,
    };
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        bool listed = false;
        for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
            listed = listed || calls[i] == kind;
        }
        assert_int_equal(point_kind_is_call(kind), listed);
    }
}

static void managed_classes_are_latched_emergencies_without_a_delay(void **state) {
    (void)state;
    unsigned managed = 0;
    for (enum alarm_class each = 0; each < ALARM_CLASS_COUNT; each++) {
        const struct alarm_class_facts *facts = alarm_class_facts(each);
        if (facts->managed) {
            managed++;
            assert_int_equal(facts->priority, PRIORITY_EMERGENCY);
            assert_true(facts->latched && facts->delay_capped && facts->needs_response);
        }
        assert_int_equal(facts->needs_response, facts->priority == PRIORITY_EMERGENCY);
        assert_true(!facts->origin || strncmp(facts->name, "call.", 5) == 0);
    }
    assert_int_equal(managed, 5);
    assert_true(alarm_class_facts(CLASS_CALL_EMERGENCY)->origin);
    assert_true(alarm_class_facts(CLASS_CALL_DURESS)->silent);
}

static void the_numbers_of_the_qualities_are_those_of_the_wire(void **state) {
    (void)state;
    static const char *const names[] = {"good", "uncertain", "stale", "fault", "out_of_service"};
    for (enum quality quality = 0; quality < QUALITY_COUNT; quality++) {
        assert_string_equal(quality_name(quality), names[quality]);
        assert_int_equal(quality_usable(quality), quality <= 1);
    }
}

static void a_text_that_fits_is_complete(void **state) {
    (void)state;
    char buffer[16];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    assert_string_equal(buffer, "");
    text_add(&text, "at most ");
    text_add_count(&text, 1234567);
    assert_string_equal(buffer, "at most 1234567"); /* exactly full */
    assert_false(text.cut);
    text_add(&text, "");
    assert_false(text.cut);
}

static void a_text_that_does_not_fit_ends_in_an_ellipsis_between_characters(void **state) {
    (void)state;
    static const char words[] = "烟雾 smoke 温度 temperature";
    for (size_t size = 4; size < 64; size++) {
        char buffer[64];
        struct text text;
        memset(buffer, '#', sizeof buffer);
        text_init(&text, buffer, size);
        text_add(&text, "é");
        text_add(&text, words);
        text_add(&text, "!");
        assert_true(text.len < size && strlen(buffer) == text.len);
        char whole[64];
        snprintf(whole, sizeof whole, "é%s!", words);
        assert_int_equal(text.cut, strlen(whole) >= size);
        size_t kept = text.cut ? text.len - 3 : text.len;
        assert_memory_equal(buffer, whole, kept);
        assert_true(((unsigned char)whole[kept] & 0xc0) != 0x80);
        assert_true(!text.cut || strcmp(buffer + kept, "…") == 0);
        assert_true(size == sizeof buffer || buffer[size] == '#');
    }
}

static void a_text_is_empty_at_first(void **state) {
    (void)state;
    char buffer[8] = "xxxxxxx";
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    assert_string_equal(buffer, "");
}

static void counts_are_written_in_full(void **state) {
    (void)state;
    char buffer[32];
    struct text text;
    text_init(&text, buffer, sizeof buffer);
    text_add_count(&text, 0);
    text_add(&text, " ");
    text_add_count(&text, UINT64_MAX);
    assert_string_equal(buffer, "0 18446744073709551615");
}

static void a_quotation_is_one_short_line(void **state) {
    (void)state;
    char buffer[128];
    struct text text;
    memset(buffer, 'x', sizeof buffer);
    text_init(&text, buffer, sizeof buffer);
    text_add_written(&text, "a\nb", 3);
    assert_string_equal(buffer, "a b");
    text_init(&text, buffer, sizeof buffer);
    text_add_quoted(&text, "a\nb\tc", 5);
    assert_string_equal(buffer, "`a b c`");
    text_init(&text, buffer, sizeof buffer);
    char lengthy[TEXT_QUOTED_MAX + 1];
    memset(lengthy, 'x', sizeof lengthy);
    text_add_quoted(&text, lengthy, TEXT_QUOTED_MAX);
    assert_int_equal(strlen(buffer), TEXT_QUOTED_MAX + 2);
    text_init(&text, buffer, sizeof buffer);
    text_add_quoted(&text, lengthy, TEXT_QUOTED_MAX + 1);
    assert_string_equal(buffer + 1 + TEXT_QUOTED_MAX, "…`");
}

static void what_a_kind_can_be_follows_from_what_it_measures(void **state) {
    (void)state;
    static const struct {
        enum point_kind kind;
        double least, most;
    } rows[] = {
        {POINT_TEMPERATURE, -273.15, DBL_MAX},
        {POINT_HUMIDITY, 0, 100},
        {POINT_BATTERY, 0, 100},
        {POINT_CO2, 0, DBL_MAX},
        {POINT_ILLUMINANCE, 0, DBL_MAX},
        {POINT_OCCUPANCY_COUNT, 0, DBL_MAX},
        {POINT_PEOPLE_IN, 0, DBL_MAX},
        {POINT_TURNSTILE, 0, DBL_MAX},
        {POINT_NOISE, -DBL_MAX, DBL_MAX},
        {POINT_SMOKE, -DBL_MAX, DBL_MAX},
        {POINT_CHECKPOINT, -DBL_MAX, DBL_MAX},
        {POINT_SOUNDER, -DBL_MAX, DBL_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct point_kind_range range = point_kind_range(rows[i].kind);
        assert_true(range.least == rows[i].least && range.most == rows[i].most);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_is_found_by_its_own_name_alone),
        cmocka_unit_test(every_dimension_has_a_base_unit_with_factor_one),
        cmocka_unit_test(a_decimal_is_converted_like_a_literal),
        cmocka_unit_test(a_span_is_exact_or_told_not_to_fit),
        cmocka_unit_test(every_kind_class_and_priority_is_found_by_its_own_name),
        cmocka_unit_test(what_a_kind_can_be_follows_from_what_it_measures),
        cmocka_unit_test(only_what_a_person_presses_pulls_or_wears_is_a_call),
        cmocka_unit_test(managed_classes_are_latched_emergencies_without_a_delay),
        cmocka_unit_test(the_numbers_of_the_qualities_are_those_of_the_wire),
        cmocka_unit_test(a_text_that_fits_is_complete),
        cmocka_unit_test(a_text_that_does_not_fit_ends_in_an_ellipsis_between_characters),
        cmocka_unit_test(a_text_is_empty_at_first),
        cmocka_unit_test(counts_are_written_in_full),
        cmocka_unit_test(a_quotation_is_one_short_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
