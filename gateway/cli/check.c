/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/check.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/arguments.h"
#include "gateway/cli/check_report.h"

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_WRONG = 2 };

static const struct arguments_words check_usage = {
    {"用法：tocsin check SITE.yaml [选项]...\n"
     "\n"
     "检查站点及其引用的全部文件，并说明其含义。不启动任何进程。\n"
     "错误、警告和建议用读者的语言；JSON 中的总是英文。\n",
     "Usage: tocsin check SITE.yaml [OPTION]...\n"
     "\n"
     "Check a site and all files it names, and say what was understood. Starts nothing.\n"
     "Errors, warnings and hints are in the reader's language; those of JSON always in English.\n"}};

static const struct arguments_words check_closing = {
    {"退出码：0 站点无误，1 无法检查，2 站点或命令有误\n",
     "exit codes: 0 the site is good, 1 it could not be looked at, 2 the site or the command is wrong\n"}};

struct check_options {
    const char *site;
    struct arguments_settings settings;
    enum site_language language;
    bool json;
    bool keys; /* print the tables of keys, for the test of the schema; not in the help */
};

static enum arguments_end check_parse(int argc, char **argv, struct check_options *ret_options) {
    const struct arguments_option options[] = {
        ARGUMENTS_SET(&ret_options->settings),
        {.name = "json",
         .help = {{"在标准输出打印一个 JSON 对象", "one JSON object on standard output"}},
         .flag = &ret_options->json},
        {.name = "keys", .flag = &ret_options->keys},
        ARGUMENTS_LANGUAGE(&ret_options->language),
    };
    const struct arguments_form form = {
        .command = "check",
        .usage = &check_usage,
        .closing = &check_closing,
        .operands_max = 1,
        .surplus = {{"只接受一个站点文件", "it takes one site file"}},
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_options = (struct check_options){.language = arguments_environment_language()};
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    ret_options->site = operands[0];
    bool needs_site = end == ARGUMENTS_GO_ON && ret_options->site == NULL && !ret_options->keys;
    return needs_site
               ? arguments_refuse(
                     form.command,
                     (struct arguments_words){{"需要站点文件", "it needs a site file"}}, NULL)
               : end;
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
        (void)fprintf(reader->out, "%u 个错误，%u 个警告\n", result->error_count,
                      result->warning_count);
    } else {
        (void)fprintf(reader->out, "%u error%s, %u warning%s\n", result->error_count,
                      result->error_count == 1 ? "" : "s", result->warning_count,
                      result->warning_count == 1 ? "" : "s");
    }
}

static void check_print(const struct config_result *result, const struct site *site,
                        const struct check_options *options) {
    config_print(result, options->language, stderr);
    struct reader reader;
    reader_init(&reader, site != NULL ? stdout : stderr, options->language);
    if (site != NULL) {
        check_report(site, &result->summary, &reader);
    }
    check_count(result, &reader);
    reader_deinit(&reader);
}

int check_main(int argc, char **argv) {
    struct check_options options;
    enum arguments_end end = check_parse(argc, argv, &options);
    if (end != ARGUMENTS_GO_ON) {
        return end;
    }
    if (options.keys) {
        config_print_keys(stdout);
        return EXIT_GOOD;
    }
    struct config_options config = {.settings = options.settings.list,
                                    .setting_count = options.settings.count};
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
