/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The claim code: the one that stands in the log is good until it is used, and nothing else is
 */
#include "gateway/console/claim.h"
#include "tests/support/state_scene.h"

#define FILE_NAME "claim.code"

static void open_claim(struct claim *claim, const struct state_scene *scene) {
    assert_int_equal(claim_open(claim, scene->fd), 0);
    assert_int_equal(strlen(claim->code), CLAIM_SIZE - 1);
}

static void a_code_is_three_groups_that_nobody_misreads(void **state) {
    (void)state;
    char before[CLAIM_SIZE] = "";
    for (int i = 0; i < 200; i++) {
        struct claim claim;
        assert_int_equal(claim_open(&claim, -1), 0);
        assert_int_equal(strlen(claim.code), 14);
        for (size_t at = 0; at < 14; at++) {
            assert_true(at % 5 == 4
                            ? claim.code[at] == '-'
                            : strchr("23456789ABCDEFGHJKLMNPQRSTUVWXYZ", claim.code[at]) != NULL);
        }
        assert_string_not_equal(claim.code, before);
        memcpy(before, claim.code, sizeof before);
    }
}

static void a_code_that_was_read_stays_good_over_a_restart(void **state) {
    struct claim first, second;
    mode_t before = umask(0);
    open_claim(&first, *state);
    (void)umask(before);
    assert_int_equal(state_scene_mode(*state, FILE_NAME), 0600);
    open_claim(&second, *state);
    assert_string_equal(first.code, second.code);
    assert_true(claim_is(&second, first.code));
}

static void a_code_ends_with_its_use(void **state) {
    struct claim claim, next;
    char code[CLAIM_SIZE];
    open_claim(&claim, *state);
    memcpy(code, claim.code, sizeof code);
    claim_end(&claim);
    assert_false(claim_is(&claim, code));
    assert_false(claim_is(&claim, ""));
    assert_false(state_scene_has(*state, FILE_NAME));
    claim_end(&claim); /* twice is harmless */
    open_claim(&next, *state);
    assert_false(claim_is(&next, code));
}

static void small_letters_and_missing_hyphens_will_do(void **state) {
    struct claim claim;
    state_scene_write_text(*state, FILE_NAME, "7GKM-2WQX-P4HD");
    open_claim(&claim, *state);
    static const char *const right[] = {
        "7GKM-2WQX-P4HD",   "7gkm-2wqx-p4hd",     "7gkm2wqxp4hd",      "7GKM 2WQX P4HD",
        " 7Gkm-2wQX-P4hd ", "7GKM-2WQX-P4HD\r\n", "--7GKM2WQX--P4HD-", "7-G-K-M-2-W-Q-X-P-4-H-D",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_true(claim_is(&claim, right[i]));
    }
}

static void a_guess_that_is_nearly_right_is_wrong(void **state) {
    struct claim claim;
    static const char code[] = "7GKM-2WQX-P4HD";
    state_scene_write_text(*state, FILE_NAME, code);
    open_claim(&claim, *state);
    static const char *const wrong[] = {
        "",
        "-",
        "7GKM",
        "7GKM-2WQX-P4H",
        "7GKM-2WQX-P4HDD",
        "7GKM-2WQX-P4HD7GKM-2WQX-P4HD",
        "7GKM_2WQX_P4HD",
        "7GKM-2WQX-P4H0",
        "7GKM-2WQX-P4H\xc3\x84",
        "7GKM2WQXP4HD\x01",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(claim_is(&claim, wrong[i]));
    }
    for (size_t at = 0; at < sizeof code - 1; at++) {
        char guess[sizeof code];
        memcpy(guess, code, sizeof code);
        guess[at] = guess[at] == 'A' ? 'B' : 'A';
        assert_false(claim_is(&claim, guess));
    }
}

static void a_damaged_file_gives_a_new_code_that_is_kept(void **state) {
    static const char *const damaged[] = {
        "", "7GKM-2WQX-P4H", "7GKM-2WQX-P4H!", "0OI1-0OI1-0OI1", "--------------",
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        struct claim claim, again;
        state_scene_write_text(*state, FILE_NAME, damaged[i]);
        open_claim(&claim, *state);
        assert_false(claim_is(&claim, damaged[i]));
        open_claim(&again, *state);
        assert_string_equal(claim.code, again.code);
    }
    struct claim claim;
    state_scene_write(*state, FILE_NAME, "7GKM-2WQ\0-P4HD", 14);
    open_claim(&claim, *state);
    assert_false(claim_is(&claim, "7GKM-2WQ"));
}

static void what_is_no_file_is_waited_for_by_nobody(void **state) {
    const struct state_scene *scene = *state;
    struct claim claim;
    assert_int_equal(mkfifoat(scene->fd, FILE_NAME, 0600), 0);
    open_claim(&claim, scene);
    assert_true(claim_is(&claim, claim.code));
}

static void without_a_disk_the_code_is_good_until_the_console_ends(void **state) {
    struct claim claim;
    state_scene_lose(*state);
    open_claim(&claim, *state);
    assert_true(claim_is(&claim, claim.code));
    claim_end(&claim);
    assert_false(claim_is(&claim, claim.code));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_three_groups_that_nobody_misreads),
        STATE_SCENE_TEST(a_code_that_was_read_stays_good_over_a_restart),
        STATE_SCENE_TEST(a_code_ends_with_its_use),
        STATE_SCENE_TEST(small_letters_and_missing_hyphens_will_do),
        STATE_SCENE_TEST(a_guess_that_is_nearly_right_is_wrong),
        STATE_SCENE_TEST(a_damaged_file_gives_a_new_code_that_is_kept),
        STATE_SCENE_TEST(what_is_no_file_is_waited_for_by_nobody),
        STATE_SCENE_TEST(without_a_disk_the_code_is_good_until_the_console_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
