/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Blocks and runs: what is written comes back, and nothing else is ever taken for it.
 */

#include <string.h>

#include "gateway/console/trend/trend_block.h"
#include "gateway/console/trend/trend_run.h"
#include "tests/support/cmocka.h"

enum { STEP_S = 60, ROWS = 9, SLOTS = 60, ID = 77 };

static const struct trend_bucket steady = {21.5, 21.5, 21.5, 21.5, 0, 60000, 60000};
static const struct trend_bucket busy = {1234560.5, 1234570.25, 1234566.75, 1234567.5,
                                         12,        59000,      60000};
static const struct trend_bucket bad = {.watched_ms = 60000};
static const struct trend_bucket nothing;

static void assert_same(const struct trend_bucket *a, const struct trend_bucket *b) {
    assert_true(a->min == b->min && a->max == b->max && a->mean == b->mean && a->last == b->last);
    assert_int_equal(a->changes, b->changes);
    assert_int_equal(a->good_ms, b->good_ms);
    assert_int_equal(a->watched_ms, b->watched_ms);
}

static void fill(struct trend_bucket *buckets, uint32_t count) {
    const struct trend_bucket *const kinds[] = {&steady, &busy, &bad, &nothing, &steady};
    for (uint32_t i = 0; i < count; i++) {
        buckets[i] = *kinds[i % 5];
    }
}

struct block {
    struct trend_block_head head;
    unsigned char body[ROWS * (TREND_ROW_SIZE_MAX + 1)];
};

static size_t write_block(struct block *block, const struct trend_bucket *buckets) {
    unsigned char bytes[sizeof *block];
    const struct trend_source source = {.serial = 3, .offset = 4096};
    assert_true(trend_block_size_max(ROWS) <= sizeof bytes);
    size_t size = trend_block_write(29000000, source, buckets, ROWS, STEP_S, bytes);
    memset(block, 0xAA, sizeof *block);
    memcpy(block, bytes, size);
    return size;
}

static bool block_is_sound(const struct block *block) {
    return trend_block_head_is_sound(&block->head, ROWS) &&
           trend_block_is_sound(&block->head, block->body);
}

static void a_block_comes_back_as_it_was_written(void **state) {
    (void)state;
    struct trend_bucket buckets[ROWS];
    struct block block;
    fill(buckets, ROWS);
    size_t size = write_block(&block, buckets);
    assert_true(block_is_sound(&block));
    assert_int_equal(block.head.size + sizeof block.head, size);
    assert_int_equal(block.head.slot, 29000000);
    struct trend_rows rows;
    trend_rows_begin(&rows, &block.head, block.body, STEP_S);
    for (uint32_t i = 0; i < ROWS; i++) {
        struct trend_bucket bucket;
        assert_true(trend_rows_read(&rows, i, &bucket));
        assert_same(&bucket, &buckets[i]);
    }
    /* Some rows alone. */
    trend_rows_begin(&rows, &block.head, block.body, STEP_S);
    for (uint32_t i = 2; i < ROWS; i += 3) {
        struct trend_bucket bucket;
        assert_true(trend_rows_read(&rows, i, &bucket));
        assert_same(&bucket, &buckets[i]);
    }
}

static void no_byte_of_a_block_can_be_another_one(void **state) {
    (void)state;
    struct trend_bucket buckets[ROWS];
    struct block block;
    fill(buckets, ROWS);
    size_t size = write_block(&block, buckets);
    for (size_t at = 0; at < size; at++) {
        for (unsigned flip = 1; flip < 256; flip += 63) {
            ((unsigned char *)&block)[at] ^= (unsigned char)flip;
            assert_false(block_is_sound(&block));
            ((unsigned char *)&block)[at] ^= (unsigned char)flip;
        }
    }
    assert_true(block_is_sound(&block));
}

static void a_block_of_another_number_of_points_is_none_of_ours(void **state) {
    (void)state;
    struct trend_bucket buckets[ROWS];
    struct block block;
    fill(buckets, ROWS);
    (void)write_block(&block, buckets);
    assert_false(trend_block_head_is_sound(&block.head, ROWS - 1));
    assert_false(trend_block_head_is_sound(&block.head, ROWS + 1));
}

static void a_small_change_of_a_large_number_is_kept(void **state) {
    (void)state;
    const struct trend_bucket meter = {98765432.125, 98765433.25, 98765432.75, 98765433.25, 3,
                                       60000,        60000};
    unsigned char bytes[TREND_ROW_SIZE_MAX];
    struct trend_bucket bucket;
    trend_row_write(TREND_ROW_FULL, &meter, bytes);
    assert_true(trend_row_read(TREND_ROW_FULL, bytes, STEP_S, &bucket));
    assert_same(&bucket, &meter);
}

static void a_change_at_the_very_border_of_a_minute_is_kept(void **state) {
    (void)state;
    const struct trend_bucket edge = {5, 5, 5, 5, 1, 60000, 60000};
    unsigned char bytes[TREND_ROW_SIZE_MAX];
    struct trend_bucket bucket;
    enum trend_row form = trend_row_form(&edge, STEP_S);
    trend_row_write(form, &edge, bytes);
    assert_true(trend_row_read(form, bytes, STEP_S, &bucket));
    assert_same(&bucket, &edge);
}

static void a_band_wider_than_any_float_is_still_a_band(void **state) {
    (void)state;
    const struct trend_bucket wide = {-1e300, 1e300, 0, 1e300, 3, 60000, 60000};
    unsigned char bytes[TREND_ROW_SIZE_MAX];
    struct trend_bucket bucket;
    trend_row_write(TREND_ROW_FULL, &wide, bytes);
    assert_true(trend_row_read(TREND_ROW_FULL, bytes, STEP_S, &bucket));
    assert_true(bucket.min <= bucket.mean && bucket.mean <= bucket.max && bucket.last == 1e300);
}

static void a_run_comes_back_as_it_was_written(void **state) {
    (void)state;
    struct trend_bucket buckets[SLOTS], again[SLOTS];
    unsigned char bytes[TREND_RUN_SIZE_MAX];
    fill(buckets, SLOTS);
    /* Steady ones of several values beside each other. */
    buckets[20] = (struct trend_bucket){3, 3, 3, 3, 0, 60000, 60000};
    buckets[21] = buckets[20];
    buckets[22] = (struct trend_bucket){4, 4, 4, 4, 0, 60000, 60000};
    size_t size = trend_run_write(ID, buckets, SLOTS, STEP_S, bytes);
    assert_true(trend_run_read(bytes, size, ID, SLOTS, STEP_S, again));
    for (uint32_t i = 0; i < SLOTS; i++) {
        assert_same(&again[i], &buckets[i]);
    }
}

static void a_quiet_day_takes_34_bytes_and_one_without_the_point_none(void **state) {
    (void)state;
    struct trend_bucket buckets[TREND_RUN_SLOTS_MAX] = {{0}};
    unsigned char bytes[TREND_RUN_SIZE_MAX];
    assert_int_equal(trend_run_write(ID, buckets, TREND_RUN_SLOTS_MAX, 900, bytes), 0);
    for (uint32_t i = 0; i < TREND_RUN_SLOTS_MAX; i++) {
        buckets[i] = (struct trend_bucket){1, 1, 1, 1, 0, 900000, 900000};
    }
    assert_int_equal(trend_run_write(ID, buckets, TREND_RUN_SLOTS_MAX, 900, bytes), 34);
}

static void the_longest_run_fits(void **state) {
    (void)state;
    struct trend_bucket buckets[TREND_RUN_SLOTS_MAX];
    unsigned char bytes[TREND_RUN_SIZE_MAX];
    for (uint32_t i = 0; i < TREND_RUN_SLOTS_MAX; i++) {
        buckets[i] = i % 2 == 0 ? busy : (struct trend_bucket){1, 2, 1, 2, 1, 60000, 60000};
    }
    assert_true(trend_run_write(ID, buckets, TREND_RUN_SLOTS_MAX, STEP_S, bytes) <= sizeof bytes);
    assert_true(TREND_RUN_SIZE_MAX < UINT16_MAX);
}

static void a_run_cut_short_or_with_another_byte_is_none(void **state) {
    (void)state;
    struct trend_bucket buckets[SLOTS], again[SLOTS];
    unsigned char bytes[TREND_RUN_SIZE_MAX];
    fill(buckets, SLOTS);
    size_t size = trend_run_write(ID, buckets, SLOTS, STEP_S, bytes);
    for (size_t at = 0; at < size; at++) {
        assert_false(trend_run_read(bytes, at, ID, SLOTS, STEP_S, again));
        bytes[at] ^= 0x40;
        assert_false(trend_run_read(bytes, size, ID, SLOTS, STEP_S, again));
        bytes[at] ^= 0x40;
    }
    assert_false(trend_run_read(bytes, size, ID + 1, SLOTS, STEP_S, again));
    assert_false(trend_run_read(bytes, size, ID, SLOTS - 1, STEP_S, again));
    assert_true(trend_run_read(bytes, size, ID, SLOTS, STEP_S, again));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_comes_back_as_it_was_written),
        cmocka_unit_test(no_byte_of_a_block_can_be_another_one),
        cmocka_unit_test(a_block_of_another_number_of_points_is_none_of_ours),
        cmocka_unit_test(a_small_change_of_a_large_number_is_kept),
        cmocka_unit_test(a_change_at_the_very_border_of_a_minute_is_kept),
        cmocka_unit_test(a_band_wider_than_any_float_is_still_a_band),
        cmocka_unit_test(a_run_comes_back_as_it_was_written),
        cmocka_unit_test(a_quiet_day_takes_34_bytes_and_one_without_the_point_none),
        cmocka_unit_test(the_longest_run_fits),
        cmocka_unit_test(a_run_cut_short_or_with_another_byte_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
