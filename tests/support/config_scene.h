/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CONFIG_SCENE_H
#define TESTS_SUPPORT_CONFIG_SCENE_H

/*
 * A scene for the checker: the small site in tests/config/base, copied to a directory of its own in
 * which it is changed and checked
 *
 * A wrong use of the scene fails the test.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCENE_FILE_COUNT = 5, SCENE_SETTINGS_MAX = 16, SCENE_PATH_SIZE = 512 };

struct config_scene {
    char directory[SCENE_PATH_SIZE];
    char *files[SCENE_FILE_COUNT]; /* their texts; changed at will before config_scene_check() */
    char *settings[SCENE_SETTINGS_MAX]; /* of --set; owned as the texts are */
    uint32_t setting_count;
};

/* Read a file; the caller frees it. */
char *text_read(const char *path);

/* Free `text` and return it with its first `from` replaced by `to`; there is one. */
char *text_replace(char *text, const char *from, const char *to);

/* Make the directory and go there. */
void config_scene_begin(struct config_scene *scene);

/* Which file has this name of `len` bytes? */
uint32_t config_scene_file(const char *name, size_t len);

/* Write the files and check the site: what the checker says, with $DIR for the directory. */
char *config_scene_check(const struct config_scene *scene, bool *ret_refused);

/* Remove the directory and free all. */
void config_scene_end(struct config_scene *scene);

#endif
