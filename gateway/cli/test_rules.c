/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/test_rules.h"

#include <stdio.h>
#include <string.h>

#include "gateway/arguments.h"
#include "gateway/cli/reader.h"
#include "gateway/replay/rule_test.h"

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_WRONG = 2 };

static const struct arguments_words test_rules_usage = {
    {"用法：tocsin test-rules FILE.yaml [选项]...\n"
     "\n"
     "运行一个文件中的测试：何时应发生什么。文件写明其站点，例如：\n"
     "\n"
     "  site: site.yaml\n"
     "  tests:\n"
     "    - test: 夜间门一直开着\n"
     "      begin: 2026-11-23 23:00\n"
     "      steps:\n"
     "        - {at: 5 s, set: {hall/gate/door: 1}}\n"
     "        - {at: 34 s}\n"
     "        - {at: 35 s, expect: [raised door_held/hall/gate/door]}\n"
     "        - {at: 50 s, do: ack door_held/hall/gate/door, by: ma, role: security,\n"
     "           expect: [acknowledged door_held/hall/gate/door]}\n"
     "\n"
     "开始时每个设备都在线，每个布尔量都为假。上一步与本步之间发生的必须恰好是 `expect` 所写；\n"
     "升级通知和产品自身的告警可以另外出现。从一开始就成立的，写在第一步。\n"
     "`escalated ALARM to role caregiver` 写明呼叫谁（与升级链的 `to` 相同）；\n"
     "`calls nobody` 表示除所写的以外不呼叫任何人。\n"
     "\n"
     "`do` 用命令行的词（investigate ALARM real、disposition ALARM misuse、test begin PLACE）；\n"
     "选项对应 by、role、reason、for、as、second、second_role。测点保持所设的值；\n"
     "`set: {POINT: silent}` 和 `device: {DEVICE: silent}` 使其不再上报。\n"
     "测点不可能有的值按故障处理，与设备上报这样的值相同。\n",
     "Usage: tocsin test-rules FILE.yaml [OPTION]...\n"
     "\n"
     "Run the tests of a file: what should happen when. It names its site, and for example says:\n"
     "\n"
     "  site: site.yaml\n"
     "  tests:\n"
     "    - test: a door that is held open at night\n"
     "      begin: 2026-11-23 23:00\n"
     "      steps:\n"
     "        - {at: 5 s, set: {hall/gate/door: 1}}\n"
     "        - {at: 34 s}\n"
     "        - {at: 35 s, expect: [raised door_held/hall/gate/door]}\n"
     "        - {at: 50 s, do: ack door_held/hall/gate/door, by: ma, role: security,\n"
     "           expect: [acknowledged door_held/hall/gate/door]}\n"
     "\n"
     "At the beginning every device is there and every truth is false. Exactly what `expect` says comes\n"
     "between the step before and this one; escalations and the product's own alarms may come besides.\n"
     "What is so from the beginning is expected in the first step. `escalated ALARM to role caregiver`\n"
     "says who is called, as the chain's `to` does, and `calls nobody` that nobody else is.\n"
     "\n"
     "`do` has the words of the command line (investigate ALARM real, disposition ALARM misuse, test begin\n"
     "PLACE), with by, role, reason, for, as, second and second_role for its options. A point stays what\n"
     "it was set to; `set: {POINT: silent}` and `device: {DEVICE: silent}` let one fall silent.\n"
     "A value that the point cannot have is a fault of it, as it is when a device says so.\n"}};

static const struct arguments_words test_rules_closing = {
    {"退出码：0 全部通过，1 有测试失败，2 文件、其站点或命令有误\n",
     "exit codes: 0 all tests passed, 1 a test failed, 2 the file, its site or the command is wrong\n"}};

struct test_rules {
    const char *path;
    struct arguments_settings settings;
    struct rule_test_options options;
    enum site_language language;
    struct reader reader;
};

static enum arguments_end test_rules_parse(int argc, char **argv, struct test_rules *ret_run) {
    const struct arguments_option options[] = {
        {.name = "site",
         .word = "SITE.yaml",
         .help = {{"使用另一个站点，而不用文件所写的", "another site than the file names"}},
         .text = &ret_run->options.site},
        ARGUMENTS_SET(&ret_run->settings),
        ARGUMENTS_LANGUAGE(&ret_run->language),
    };
    const struct arguments_form form = {
        .command = "test-rules",
        .usage = &test_rules_usage,
        .closing = &test_rules_closing,
        .operands_min = 1,
        .operands_max = 1,
        .missing = {{"需要一个测试文件", "it needs a file of tests"}},
        .surplus = {{"只接受一个文件", "it takes one file"}},
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_run = (struct test_rules){.language = arguments_environment_language()};
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    ret_run->path = operands[0];
    return end;
}

static void test_rules_ran(void *context, const char *name, uint32_t failures) {
    const struct test_rules *run = context;
    const struct reader *reader = &run->reader;
    reader_put(reader, failures == 0 ? TONE_GOOD : TONE_DANGER,
               failures == 0 ? reader_text(reader, "通过  ", "passed  ")
                             : reader_text(reader, "失败  ", "FAILED  "));
    reader_put(reader, TONE_PLAIN, name);
    (void)fputc('\n', reader->out);
}

static int test_rules_run(struct test_rules *run) {
    struct rule_test_result result;
    const struct reader *reader = &run->reader;
    run->options.settings = run->settings.list;
    run->options.setting_count = run->settings.count;
    run->options.language = run->language;
    int r = rule_test_file(run->path, &run->options, stderr, test_rules_ran, run, &result);
    if (r == RULE_TEST_E_REFUSED) {
        return EXIT_WRONG;
    } else if (r != 0) {
        (void)fprintf(stderr, "tocsin test-rules: %s: %s\n", run->path, strerror(-r));
        return EXIT_FAILED;
    }
    (void)fprintf(reader->out, "%s: %u, %s: %u\n", reader_text(reader, "通过", "passed"),
                  result.passed, reader_text(reader, "失败", "failed"), result.failed);
    return result.failed == 0 ? EXIT_GOOD : EXIT_FAILED;
}

int test_rules_main(int argc, char **argv) {
    struct test_rules run;
    enum arguments_end end = test_rules_parse(argc, argv, &run);
    if (end != ARGUMENTS_GO_ON) {
        return end;
    }
    reader_init(&run.reader, stdout, run.language);
    int exit_code = test_rules_run(&run);
    reader_deinit(&run.reader);
    return exit_code;
}
