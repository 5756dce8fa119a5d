/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: any bytes as a site
 *
 * The bytes are five texts with a NUL between them: the site file, a file of rules, one of tours,
 * one of a standard, and a `--set`. Where the site file is empty a small good one stands in, so
 * that the others are reached without first inventing a site. Whatever comes, the load ends with an
 * image that its own reader accepts, or with errors that can be printed as text; and it leaves no
 * memory behind, which the sanitizer watches.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * libfyaml 0.7.12 loses the buffer of a quoted scalar that it refuses for its length; a load that
 * is refused happens once, so that is left to it. What our own code allocates is still watched.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void) {
    return "leak:libfyaml.so\n";
}

enum { FILE_COUNT = 4, PART_COUNT = FILE_COUNT + 1 };

static const char *const names[FILE_COUNT] = {"site.yaml", "rules.yaml", "tours.yaml",
                                              "standard.yaml"};

static const char good_site[] =
    "tocsin: 1\n"
    "site: {id: t, name: {en: T}, timezone: UTC, standard: standard.yaml}\n"
    "rules: [rules.yaml]\n"
    "tours: [tours.yaml]\n"
    "shifts: {care: {mon-sun: \"07:00-19:00\", people: [wang]}}\n"
    "places: [{id: room, kind: bedroom, name: {en: Room}, places: [{id: bath, kind: bathroom, "
    "name: {en: B}}]}]\n"
    "devices:\n"
    "- {id: d, driver: modbus, address: tcp://h, points: [{point: s, place: room, kind: smoke, "
    "read: coil 0}, {point: t, place: room, kind: temperature, read: input 0}, {point: o, place: "
    "room, kind: sounder, write: coil 1}]}\n"
    "- {id: m, driver: mqtt, broker: tcp://h, points: [{point: c, place: room/bath, kind: "
    "checkpoint, topic: c, code: /c}]}\n";

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

/* One directory for the whole run, on a file system in memory where there is one. */
static char directory[64];
static char paths[FILE_COUNT][128];

static void directory_remove(void) {
    for (int i = 0; i < FILE_COUNT; i++) {
        (void)unlink(paths[i]);
    }
    (void)rmdir(directory);
}

static void directory_make(void) {
    (void)snprintf(directory, sizeof directory, "%s/tocsin-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    check(mkdtemp(directory) != NULL);
    for (int i = 0; i < FILE_COUNT; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s/%s", directory, names[i]);
    }
    (void)atexit(directory_remove);
}

static void file_write(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    check(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
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

/* A site that is good is made again from its files as it was. */
static void check_again(const struct config_result *result, const struct config_options *options) {
    struct config_options given = *options;
    struct config_result again;
    given.files = result->files;
    given.file_count = result->file_count;
    check(config_load("elsewhere", &given, &again) == 0);
    check(again.image_size == result->image_size &&
          memcmp(again.image, result->image, again.image_size) == 0);
    config_result_deinit(&again);
}

static void check_load(const char *setting) {
    struct config_options options = {.settings = &setting, .setting_count = setting[0] != '\0'};
    struct config_result result;
    int r = config_load(paths[0], &options, &result);
    check(r == 0 || r == CONFIG_E_REFUSED);
    check((r == 0) == (result.error_count == 0));
    if (r == 0) {
        struct site site;
        check(site_view(result.image, result.image_size, &site) == 0);
        check_again(&result, &options);
    }
    check_notes(&result);
    config_result_deinit(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (directory[0] == '\0') {
        directory_make();
    }
    char *text = malloc(size + 1);
    check(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    const char *parts[PART_COUNT];
    size_t at = 0;
    for (int i = 0; i < PART_COUNT; i++) {
        parts[i] = text + (at < size ? at : size);
        at += strlen(parts[i]) + 1;
    }
    for (int i = 0; i < FILE_COUNT; i++) {
        file_write(paths[i], i == 0 && parts[0][0] == '\0' ? good_site : parts[i]);
    }
    check_load(parts[FILE_COUNT]);
    free(text);
    return 0;
}
