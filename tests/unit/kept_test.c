/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kept site: what was written is read as it was, or not at all
 *
 * The state directory stands on the disk of tests/support/fault_disk.h, which loses its power at each
 * operation in turn, or fails.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "gateway/config/config_source.h"
#include "gateway/kept.h"
#include "tests/support/cmocka.h"
#include "tests/support/fault_disk.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 160, TEXT_SIZE = 4096, SEEDS = 40, OPERATIONS_MAX = 50 };

struct scene {
    char root[64];
    char disk[PATH_SIZE]; /* the state directory */
    char left[PATH_SIZE]; /* what a power cut leaves of it */
    char file[PATH_SIZE + 16];
};

static const struct config_file two_files[] = {
    {.path = "/etc/tocsin/site.yaml", .bytes = "tocsin: 1\n\0\xff", .size = 12},
    {.path = "/etc/tocsin/a name\nof two lines", .bytes = "", .size = 0},
};
static const struct config_file one_file[] = {
    {.path = "/srv/site.yaml", .bytes = "site: {}", .size = 8},
};
static const struct kept_site old_site = {.accepted = {1795682138123456789},
                                          .version = "0.1.0",
                                          .called = "/etc/tocsin/site.yaml",
                                          .files = two_files,
                                          .file_count = 2};
static const struct kept_site new_site = {.accepted = {1795682139000000000},
                                          .version = "12.0",
                                          .called = "/etc/current\n.yaml",
                                          .files = one_file,
                                          .file_count = 1};

static int begin(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-kept-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->disk, sizeof scene->disk, "%s/disk", scene->root);
    (void)snprintf(scene->left, sizeof scene->left, "%s/left", scene->root);
    (void)snprintf(scene->file, sizeof scene->file, "%s/" KEPT_FILE_NAME, scene->disk);
    assert_int_equal(mkdir(scene->disk, 0700), 0);
    *state = scene;
    return 0;
}

static int end(void **state) {
    struct scene *scene = *state;
    int r = scratch_remove(scene->root);
    free(scene);
    return r;
}

static int write_site(const char *directory, const struct kept_site *site) {
    char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(kept_encode(site, &bytes, &size), 0);
    int r = kept_write(directory, bytes, size);
    free(bytes);
    return r;
}

static void write_bytes(const struct scene *scene, const char *bytes, size_t size) {
    FILE *file = fopen(scene->file, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static bool is_site(const struct kept_site *is, const struct kept_site *want) {
    bool same = is->accepted.ns == want->accepted.ns && strcmp(is->version, want->version) == 0 &&
                strcmp(is->called, want->called) == 0 && is->file_count == want->file_count;
    for (uint32_t i = 0; same && i < want->file_count; i++) {
        same = strcmp(is->files[i].path, want->files[i].path) == 0 &&
               is->files[i].size == want->files[i].size &&
               memcmp(is->files[i].bytes, want->files[i].bytes, want->files[i].size) == 0;
    }
    return same;
}

/* Read what is kept there; NULL, or the one of the two that it is. */
static const struct kept_site *read_site(const char *directory) {
    struct kept_site *site = NULL;
    int r = kept_read(directory, &site);
    if (r == KEPT_E_MISSING) {
        return NULL;
    }
    assert_int_equal(r, 0);
    const struct kept_site *known = is_site(site, &new_site) ? &new_site : &old_site;
    assert_true(is_site(site, known));
    free(site);
    return known;
}

static void expect_damaged(const struct scene *scene) {
    struct kept_site *site = NULL;
    assert_int_equal(kept_read(scene->disk, &site), KEPT_E_DAMAGED);
    assert_null(site);
}

static void what_was_kept_is_read_as_it_was_and_the_newest_counts(void **state) {
    struct scene *scene = *state;
    assert_null(read_site(scene->disk));
    assert_int_equal(write_site(scene->disk, &old_site), 0);
    assert_ptr_equal(read_site(scene->disk), &old_site);
    assert_int_equal(write_site(scene->disk, &new_site), 0);
    assert_ptr_equal(read_site(scene->disk), &new_site);
}

static void it_is_its_owners_alone_and_nothing_is_left_beside_it(void **state) {
    struct scene *scene = *state;
    struct stat status;
    mode_t before = umask(0);
    assert_int_equal(write_site(scene->disk, &old_site), 0);
    (void)umask(before);
    assert_int_equal(stat(scene->file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    (void)strcat(scene->file, ".tmp");
    assert_int_not_equal(access(scene->file, F_OK), 0);
}

/* Whoever owns the directory may put a link there, and the writer may be root. */
static void a_link_in_its_place_is_not_followed(void **state) {
    struct scene *scene = *state;
    char temporary[PATH_SIZE + 32];
    char other[PATH_SIZE];
    struct stat status;
    (void)snprintf(other, sizeof other, "%s/other", scene->root);
    (void)snprintf(temporary, sizeof temporary, "%s.tmp", scene->file);
    FILE *file = fopen(other, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(link(other, temporary), 0);
    assert_int_equal(symlink(other, scene->file), 0);
    struct kept_site *site = NULL;
    assert_true(kept_read(scene->disk, &site) < 0);
    assert_int_equal(write_site(scene->disk, &old_site), 0);
    assert_ptr_equal(read_site(scene->disk), &old_site);
    assert_int_equal(stat(other, &status), 0);
    assert_int_equal(status.st_size, 0);
}

static void there_is_none_where_there_is_no_directory_and_none_that_is_no_file(void **state) {
    struct scene *scene = *state;
    struct kept_site *site = NULL;
    assert_int_equal(kept_read(scene->left, &site), KEPT_E_MISSING);
    assert_int_equal(mkdir(scene->file, 0700), 0);
    assert_int_equal(kept_read(scene->disk, &site), KEPT_E_DAMAGED);
    assert_int_equal(rmdir(scene->file), 0);
    assert_int_equal(mkfifo(scene->file, 0600), 0);
    assert_int_equal(kept_read(scene->disk, &site), KEPT_E_DAMAGED);
    assert_null(site);
}

static void damage_at_any_byte_is_found(void **state) {
    struct scene *scene = *state;
    static const unsigned char masks[] = {0x01, 0x20, 0x80};
    char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(kept_encode(&old_site, &bytes, &size), 0);
    for (size_t at = 0; at < size; at++) {
        for (size_t i = 0; i < sizeof masks; i++) {
            bytes[at] = (char)(bytes[at] ^ masks[i]);
            write_bytes(scene, bytes, size);
            expect_damaged(scene);
            bytes[at] = (char)(bytes[at] ^ masks[i]);
        }
    }
    for (size_t len = 0; len < size; len++) {
        write_bytes(scene, bytes, len);
        expect_damaged(scene);
    }
    write_bytes(scene, bytes, size);
    assert_ptr_equal(read_site(scene->disk), &old_site);
    free(bytes);
}

/* Write a text under a digest that is right. */
static void write_sealed(const struct scene *scene, const char *text) {
    char whole[TEXT_SIZE];
    unsigned char digest[SHA256_DIGEST_LENGTH];
    (void)SHA256((const unsigned char *)text, strlen(text), digest);
    int len = snprintf(whole, sizeof whole, "tocsin kept site 1\nsha256 ");
    for (size_t i = 0; i < sizeof digest; i++) {
        len += snprintf(whole + len, sizeof whole - (size_t)len, "%02x", digest[i]);
    }
    len += snprintf(whole + len, sizeof whole - (size_t)len, "\n%s", text);
    write_bytes(scene, whole, (size_t)len);
}

#define SEALED_HEAD "accepted 1\nversion 1\ncalled 2\n/a\n"
#define SEALED_FILE "file 2 3\n/a\nabc\n"

static void a_form_that_this_version_does_not_write_is_none(void **state) {
    struct scene *scene = *state;
    static const char *const wrong[] = {
        "",
        SEALED_HEAD,
        SEALED_HEAD "files 1\n",
        SEALED_HEAD "files 0\n",
        SEALED_HEAD "files 2\n" SEALED_FILE,
        SEALED_HEAD "files 1\n" SEALED_FILE "x",
        SEALED_HEAD "files 1\n" SEALED_FILE SEALED_FILE,
        SEALED_HEAD "files -1\n" SEALED_FILE,
        SEALED_HEAD "files 1x\n" SEALED_FILE,
        SEALED_HEAD "files 18446744073709551616\n" SEALED_FILE,
        SEALED_HEAD "files 1\nfile 2\n/a\nabc\n",
        SEALED_HEAD "files 1\nfile 2 4\n/a\nabc\n",
        SEALED_HEAD "files 1\nfile 2 18446744073709551615\n/a\nabc\n",
        SEALED_HEAD "files 1\nfile 18446744073709551615 3\n/a\nabc\n",
        SEALED_HEAD "files 1\nfile 1 3\n/a\nabc\n",
        "accepted\nversion 1\ncalled 2\n/a\nfiles 1\n" SEALED_FILE,
        "version 1\naccepted 1\ncalled 2\n/a\nfiles 1\n" SEALED_FILE,
    };
    write_sealed(scene, SEALED_HEAD "files 1\n" SEALED_FILE);
    struct kept_site *site = NULL;
    assert_int_equal(kept_read(scene->disk, &site), 0);
    free(site);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        print_message("%s\n", wrong[i]);
        write_sealed(scene, wrong[i]);
        expect_damaged(scene);
    }
}

static void a_site_of_as_many_files_as_there_may_be_is_kept(void **state) {
    struct scene *scene = *state;
    struct config_file files[CONFIG_FILES_MAX];
    struct kept_site site = new_site;
    struct kept_site *read = NULL;
    for (size_t i = 0; i < CONFIG_FILES_MAX; i++) {
        files[i] = one_file[0];
    }
    site.files = files;
    site.file_count = CONFIG_FILES_MAX;
    assert_int_equal(write_site(scene->disk, &site), 0);
    assert_int_equal(kept_read(scene->disk, &read), 0);
    assert_true(is_site(read, &site));
    free(read);

    char text[64];
    (void)snprintf(text, sizeof text, SEALED_HEAD "files %d\n", CONFIG_FILES_MAX + 1);
    write_sealed(scene, text);
    expect_damaged(scene);
}

/* Encode a site of one file of so many bytes. */
static int encode_size(size_t file_size, size_t *ret_size) {
    char *large = calloc(1, file_size);
    char *bytes = NULL;
    assert_non_null(large);
    const struct config_file file = {.path = "/a", .bytes = large, .size = file_size};
    const struct kept_site site = {.version = "1", .called = "/a", .files = &file, .file_count = 1};
    int r = kept_encode(&site, &bytes, ret_size);
    if (r == 0) {
        free(bytes);
    }
    free(large);
    return r;
}

static void a_site_that_is_too_large_is_not_kept_and_one_byte_less_is(void **state) {
    (void)state;
    size_t size = 0;
    assert_int_equal(encode_size(KEPT_SIZE_MAX - 1024, &size), 0);
    size_t most = KEPT_SIZE_MAX - (size - (KEPT_SIZE_MAX - 1024));
    assert_int_equal(encode_size(most, &size), 0);
    assert_int_equal(size, KEPT_SIZE_MAX);
    assert_int_equal(encode_size(most + 1, &size), KEPT_E_LARGE);
    assert_int_equal(encode_size(KEPT_SIZE_MAX + 1, &size), KEPT_E_LARGE);
}

/* ---- the disk fails --------------------------------------------------------------------------- */

struct counts {
    unsigned points, old, new;
    unsigned lost; /* neither, or the old one although the new one was confirmed */
};

/* Is what is left what it may be? */
static void judge(const char *directory, bool confirmed, struct counts *counts) {
    struct kept_site *site = NULL;
    int r = kept_read(directory, &site);
    bool is_new = r == 0 && is_site(site, &new_site);
    bool is_old = r == 0 && is_site(site, &old_site);
    if (r == 0) {
        free(site);
    }
    counts->points++;
    counts->new += is_new;
    counts->old += is_old;
    counts->lost += (!is_new && !is_old) || (confirmed && !is_new);
}

/* Replace the old site on a disk that meets the fault at that operation; false when nothing met it. */
static bool replace(const struct scene *scene, enum fault_kind kind, uint64_t at, uint64_t seed,
                    bool lies, struct counts *counts) {
    assert_int_equal(write_site(scene->disk, &old_site), 0);
    fault_disk_mount(scene->disk);
    fault_disk_lie(lies);
    fault_disk_plan(kind, at, true);
    int r = write_site(scene->disk, &new_site);
    bool met = fault_disk_met() > 0;
    assert_true(!met || r != 0);
    if (kind == FAULT_POWER) {
        assert_int_equal(mkdir(scene->left, 0700), 0);
        fault_disk_survive(scene->left, seed);
        judge(scene->left, r == 0, counts);
        assert_int_equal(scratch_remove(scene->left), 0);
    }
    fault_disk_plan(FAULT_NONE, 0, false);
    fault_disk_lie(false);
    if (kind != FAULT_POWER) {
        judge(scene->disk, r == 0, counts);
        assert_int_equal(write_site(scene->disk, &new_site), 0); /* once there is room again */
        judge(scene->disk, true, counts);
    }
    fault_disk_unmount();
    return met;
}

static void replace_everywhere(const struct scene *scene, enum fault_kind kind, uint64_t seeds,
                               bool lies, struct counts *counts) {
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        uint64_t at = 1;
        while (replace(scene, kind, at, seed * OPERATIONS_MAX + at, lies, counts)) {
            at++;
            assert_true(at < OPERATIONS_MAX);
        }
        assert_true(at > (kind == FAULT_READ_ONLY ? 1 : 4)); /* write, sync, rename, sync again */
    }
}

static void a_power_cut_at_any_step_leaves_one_of_them_whole(void **state) {
    struct counts counts = {0};
    replace_everywhere(*state, FAULT_POWER, SEEDS, false, &counts);
    assert_int_equal(counts.lost, 0);
    assert_true(counts.old > 0 && counts.new > 0);
    print_message("row: cuts=%u lost=%u\n", counts.points, counts.lost);
}

static void a_disk_that_only_says_that_it_has_synced_is_found_out(void **state) {
    struct counts counts = {0};
    replace_everywhere(*state, FAULT_POWER, SEEDS, true, &counts);
    assert_true(counts.lost > 0);
}

static void a_disk_that_is_full_or_fails_leaves_one_of_them_whole_and_takes_the_next(void **state) {
    struct counts counts = {0};
    replace_everywhere(*state, FAULT_FULL, 1, false, &counts);
    replace_everywhere(*state, FAULT_IO, 1, false, &counts);
    replace_everywhere(*state, FAULT_READ_ONLY, 1, false, &counts);
    assert_int_equal(counts.lost, 0);
    print_message("row: failures=%u lost=%u\n", counts.points, counts.lost);
}

int main(void) {
#define KEPT_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        KEPT_TEST(what_was_kept_is_read_as_it_was_and_the_newest_counts),
        KEPT_TEST(it_is_its_owners_alone_and_nothing_is_left_beside_it),
        KEPT_TEST(a_link_in_its_place_is_not_followed),
        KEPT_TEST(there_is_none_where_there_is_no_directory_and_none_that_is_no_file),
        KEPT_TEST(damage_at_any_byte_is_found),
        KEPT_TEST(a_form_that_this_version_does_not_write_is_none),
        KEPT_TEST(a_site_of_as_many_files_as_there_may_be_is_kept),
        cmocka_unit_test(a_site_that_is_too_large_is_not_kept_and_one_byte_less_is),
        KEPT_TEST(a_power_cut_at_any_step_leaves_one_of_them_whole),
        KEPT_TEST(a_disk_that_only_says_that_it_has_synced_is_found_out),
        KEPT_TEST(a_disk_that_is_full_or_fails_leaves_one_of_them_whole_and_takes_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
