/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/check.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "gateway/cli/check_report.h"

enum { CHECK_SETTINGS_MAX = 256, EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_WRONG = 2 };

static const char check_help[] =
    "usage: tocsin check SITE.yaml [option]...\n"
    "\n"
    "Check a site and all files it names, and say what was understood. Starts nothing.\n"
    "\n"
    "  --set PATH=VALUE     override a scalar of the site file (repeatable), for example\n"
    "                       --set devices.care-io.address=tcp://127.0.0.1:1602\n"
    "  --json               one JSON object on standard output\n"
    "  --lang zh|en         language of what is printed (default from LANG)\n"
    "\n"
    "exit codes: 0 the site is good, 1 it could not be looked at, 2 the site or the command is wrong\n";

struct check_options {
    const char *site;
    const char *settings[CHECK_SETTINGS_MAX];
    uint32_t setting_count;
    enum site_language language;
    bool json;
    bool keys; /* print the tables of keys, for the test of the schema; not in the help */
};

enum check_end { CHECK_GO_ON, CHECK_HELP, CHECK_USAGE };

static enum check_end check_usage(const char *what, const char *value) {
    (void)fprintf(stderr, "tocsin check: %s%s%s; see tocsin check --help\n", what,
                  value != NULL ? ": " : "", value != NULL ? value : "");
    return CHECK_USAGE;
}

static enum check_end check_option(int option, const char *value, struct check_options *options) {
    switch (option) {
    case 's':
        if (options->setting_count == CHECK_SETTINGS_MAX) {
            return check_usage("too many --set", NULL);
        }
        options->settings[options->setting_count++] = value;
        return CHECK_GO_ON;
    case 'j':
        options->json = true;
        return CHECK_GO_ON;
    case 'k':
        options->keys = true;
        return CHECK_GO_ON;
    case 'l':
        if (strcmp(value, "zh") != 0 && strcmp(value, "en") != 0) {
            return check_usage("--lang is zh or en, not", value);
        }
        options->language = strcmp(value, "zh") == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
        return CHECK_GO_ON;
    case 'h':
        (void)fputs(check_help, stdout);
        return CHECK_HELP;
    default:
        return check_usage("unknown option, or one without its value", value);
    }
}

static enum check_end check_parse(int argc, char **argv, struct check_options *options) {
    static const struct option names[] = {
        {"set", required_argument, NULL, 's'},  {"json", no_argument, NULL, 'j'},
        {"lang", required_argument, NULL, 'l'}, {"keys", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    int option;
    opterr = 0;
    optind = 0; /* the GNU way to begin anew: tocsin has looked at its own options before */
    while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        char *value = option == '?' ? argv[optind - 1] : optarg;
        enum check_end end = check_option(option, value, options);
        if (end != CHECK_GO_ON) {
            return end;
        }
    }
    if (options->keys && optind == argc) {
        return CHECK_GO_ON;
    }
    if (optind != argc - 1) {
        return check_usage(optind == argc ? "it needs a site file" : "it takes one site file",
                           NULL);
    }
    options->site = argv[optind];
    return CHECK_GO_ON;
}

static void check_print_json(const struct config_result *result, const struct site *site) {
    (void)printf("{\"ok\": %s, \"errors\": %u, \"warnings\": %u,\n\"notes\": ",
                 site != NULL ? "true" : "false", result->error_count, result->warning_count);
    config_print_json(result, stdout);
    (void)fputs(",\n\"site\": ", stdout);
    json_t *report = site != NULL ? check_report_json(site) : NULL;
    if (report == NULL || json_dumpf(report, stdout, JSON_INDENT(2)) != 0) {
        (void)fputs("null", stdout);
    }
    json_decref(report);
    (void)fputs("}\n", stdout);
}

static void check_count(const struct config_result *result, struct reader *reader) {
    if (reader->language == LANGUAGE_ZH) {
        (void)fprintf(reader->out, "%u 个错误,%u 个警告\n", result->error_count,
                      result->warning_count);
    } else {
        (void)fprintf(reader->out, "%u error%s, %u warning%s\n", result->error_count,
                      result->error_count == 1 ? "" : "s", result->warning_count,
                      result->warning_count == 1 ? "" : "s");
    }
}

static void check_print(const struct config_result *result, const struct site *site,
                        const struct check_options *options) {
    config_print(result, stderr);
    struct reader reader;
    reader_init(&reader, site != NULL ? stdout : stderr, options->language);
    if (site != NULL) {
        check_report(site, &result->summary, &reader);
    }
    check_count(result, &reader);
    reader_deinit(&reader);
}

int check_main(int argc, char **argv) {
    struct check_options options = {.language = reader_environment_language()};
    enum check_end end = check_parse(argc, argv, &options);
    if (end != CHECK_GO_ON) {
        return end == CHECK_HELP ? EXIT_GOOD : EXIT_WRONG;
    }
    if (options.keys) {
        config_print_keys(stdout);
        return EXIT_GOOD;
    }
    struct config_options config = {.settings = options.settings,
                                    .setting_count = options.setting_count};
    struct config_result result;
    int r = config_load(options.site, &config, &result);
    if (r < 0) {
        (void)fprintf(stderr, "tocsin check: %s: %s\n", options.site, strerror(-r));
        return EXIT_FAILED;
    }
    struct site site;
    if (r == 0) {
        int viewed = site_view(result.image, result.image_size, &site);
        assert(viewed == 0 && "the compiler and the reader of images agree");
    }
    const struct site *good = r == 0 ? &site : NULL;
    if (options.json) {
        check_print_json(&result, good);
    } else {
        check_print(&result, good, &options);
    }
    config_result_deinit(&result);
    return r == 0 ? EXIT_GOOD : EXIT_WRONG;
}
