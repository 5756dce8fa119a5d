/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_STATE_SCENE_H
#define TESTS_SUPPORT_STATE_SCENE_H

/*
 * A directory of the state directory's kind, for what one module keeps in it
 *
 *     root/disk    the directory, open as `fd`
 *     root/left    what a power cut leaves of it, for tests that ask (fault_disk.h)
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/cmocka.h"
#include "tests/support/scratch.h"

enum { STATE_SCENE_PATH_SIZE = 160 };

struct state_scene {
    char root[64];
    char disk[80], left[80];
    int fd;
};

/* A test's setup and teardown. */
static inline int state_scene_begin(void **state) {
    struct state_scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-state-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->disk, sizeof scene->disk, "%s/disk", scene->root);
    (void)snprintf(scene->left, sizeof scene->left, "%s/left", scene->root);
    assert_int_equal(mkdir(scene->disk, 0700), 0);
    scene->fd = open(scene->disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(scene->fd >= 0);
    *state = scene;
    return 0;
}

static inline int state_scene_end(void **state) {
    struct state_scene *scene = *state;
    (void)close(scene->fd);
    int r = scratch_remove(scene->root);
    free(scene);
    return r;
}

static inline void state_scene_write(const struct state_scene *scene, const char *name,
                                     const void *bytes, size_t size) {
    int fd = openat(scene->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(close(fd), 0);
}

static inline void state_scene_write_text(const struct state_scene *scene, const char *name,
                                          const char *text) {
    state_scene_write(scene, name, text, strlen(text));
}

/* What stands in a file, and a NUL; freed by the caller. NULL: there is none. */
static inline char *state_scene_read(const struct state_scene *scene, const char *name,
                                     size_t *ret_size) {
    struct stat found;
    int fd = openat(scene->fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    assert_int_equal(fstat(fd, &found), 0);
    char *bytes = calloc(1, (size_t)found.st_size + 1);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, (size_t)found.st_size), found.st_size);
    assert_int_equal(close(fd), 0);
    *ret_size = (size_t)found.st_size;
    return bytes;
}

static inline bool state_scene_has(const struct state_scene *scene, const char *name) {
    return faccessat(scene->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Who may do what with a file. */
static inline mode_t state_scene_mode(const struct state_scene *scene, const char *name) {
    struct stat found;
    assert_int_equal(fstatat(scene->fd, name, &found, AT_SYMLINK_NOFOLLOW), 0);
    return found.st_mode & 07777;
}

/* From here to state_scene_permit() the file cannot be read, not even by root. */
static inline void state_scene_forbid(const struct state_scene *scene, const char *name) {
    assert_int_equal(fchmodat(scene->fd, name, 0, 0), 0);
    if (geteuid() == 0) {
        assert_int_equal(seteuid(65534), 0);
    }
}

static inline void state_scene_permit(const struct state_scene *scene, const char *name) {
    if (getuid() == 0) {
        assert_int_equal(seteuid(0), 0);
    }
    assert_int_equal(fchmodat(scene->fd, name, 0600, 0), 0);
}

/* The directory is gone from the disk: it takes no file from now on. */
static inline void state_scene_lose(const struct state_scene *scene) {
    assert_int_equal(scratch_remove(scene->disk), 0);
}

#define STATE_SCENE_TEST(test)                                                                     \
    cmocka_unit_test_setup_teardown(test, state_scene_begin, state_scene_end)

#endif
