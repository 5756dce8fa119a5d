/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/sim_options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/replay_options.h"
#include "rules/unit.h"

static const struct arguments_words sim_usage = {
    {"用法：tocsin sim SITE.yaml [选项]...\n"
     "\n"
     "模拟站点的现场：每个 Modbus 设备在其地址上应答，每条串行线路是以其命名的伪终端，\n"
     "MQTT 传感器向其消息代理发布。\n",
     "Usage: tocsin sim SITE.yaml [OPTION]...\n"
     "\n"
     "Act out the field of a site: every Modbus device is served on its address, every serial line is\n"
     "a pseudo-terminal under its name, and MQTT sensors publish to their broker.\n"}};

static const struct arguments_words sim_closing = {
    {"控制套接字的命令，每行一条，各以一行 `ok ...` 或 `error ...` 应答：\n"
     "  set POINT VALUE      mqtt TOPIC JSON      coil POINT      polls DEVICE\n"
     "  device DEVICE up|down|garbage|drip|wrong_unit|short|long|exception|close|late|silent\n"
     "\n"
     "退出码：0 正常停止，1 无法运行，2 站点、剧本或命令有误\n",
     "Commands of the control socket, one a line, each answered by a line `ok ...` or `error ...`:\n"
     "  set POINT VALUE      mqtt TOPIC JSON      coil POINT      polls DEVICE\n"
     "  device DEVICE up|down|garbage|drip|wrong_unit|short|long|exception|close|late|silent\n"
     "\n"
     "exit codes: 0 stopped cleanly, 1 could not run, 2 the site, the story or the command is wrong\n"}};

/* "10 s", "10s", "2 min". */
static bool duration_read(const char *text, void *value) {
    uint64_t *span_ns = value;
    char *word;
    double number = strtod(text, &word);
    word += strspn(word, " ");
    enum unit unit = unit_find(word, strlen(word));
    if (unit == UNIT_COUNT || unit_facts(unit)->dimension != DIMENSION_TIME) {
        return false;
    }
    double span_s = number * unit_facts(unit)->factor;
    if (!(span_s > 0 && span_s <= 1e9)) {
        return false;
    }
    *span_ns = (uint64_t)ceil(span_s * (double)NS_PER_S);
    return true;
}

static bool seed_read(const char *text, void *value) {
    struct sim_seed *seed = value;
    char *end;
    errno = 0;
    seed->value = strtoull(text, &end, 10);
    seed->given = text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
    return seed->given;
}

/* What goes with what. */
static enum arguments_end sim_check(const char *command, const struct sim_options *options) {
    if (options->still && options->story != NULL) {
        return arguments_refuse(
            command,
            (struct arguments_words){
                {"--still 与 --story 不能同时使用", "--still and --story exclude each other"}},
            NULL);
    } else if (options->record == NULL) {
        return ARGUMENTS_GO_ON;
    } else if (options->control != NULL) {
        return arguments_refuse(
            command,
            (struct arguments_words){
                {"--record 与 --control 不能同时使用：此时不提供服务",
                 "--record and --control exclude each other: nothing is served"}},
            NULL);
    } else if (options->story == NULL && options->for_ns == 0) {
        return arguments_refuse(
            command,
            (struct arguments_words){
                {"没有会结束的 --story 时，--record 需要 --for",
                 "--record needs --for where there is no --story, which would end"}},
            NULL);
    } else if (replay_path_is_export(options->record)) {
        return arguments_refuse(
            command,
            (struct arguments_words){
                {"录制文件不是数据库的导出，名称却如此",
                 "a recording is no export of a database, as its name would say"}},
            options->record);
    }
    return ARGUMENTS_GO_ON;
}

enum arguments_end sim_options_parse(int argc, char **argv, struct sim_options *ret_options) {
    const struct arguments_option options[] = {
        {.name = "story",
         .word = "FILE",
         .help = {{"按此剧本模拟；没有剧本则模拟日常活动",
                   "act out this story; without one ordinary life goes on"}},
         .text = &ret_options->story},
        {.name = "still",
         .help = {{"没有剧本时：一切静止", "without a story: nothing moves by itself"}},
         .flag = &ret_options->still},
        ARGUMENTS_SET(&ret_options->settings),
        {.name = "control",
         .word = "PATH",
         .help = {{"用于实时操作的 Unix 套接字：set、mqtt、device、coil、polls",
                   "Unix socket to act live: set, mqtt, device, coil, polls"}},
         .text = &ret_options->control},
        {.name = "seed",
         .word = "N",
         .help = {{"日常活动的随机种子，代替剧本中的",
                   "seed of the background, instead of the story's"}},
         .read = seed_read,
         .value = &ret_options->seed,
         .wrong = {{"--seed 为整数，而不是", "--seed is a whole number, not"}}},
        {.name = "for",
         .word = "DURATION",
         .help = {{"经过此时间后结束（10 s、2 min）", "end after this time (10 s, 2 min)"}},
         .read = duration_read,
         .value = &ret_options->for_ns,
         .wrong = {{"--for 为时长，如 10 s 或 2 min，而不是",
                    "--for is a duration, such as 10 s or 2 min, not"}}},
        ARGUMENTS_CLOCK(&ret_options->clock),
        {.name = "record",
         .word = "FILE",
         .help = {{"不提供服务：把网关会从剧本听到的一切尽快写入 FILE（此时 RATE 无效），\n"
                   "直到剧本结束或满 --for 的时间；之后\n"
                   "tocsin replay FILE --into STATE 由此生成状态目录",
                   "serve nothing: write what a gateway would hear of the story into FILE, as\n"
                   "fast as it can (RATE is nothing then), until it is over or for --for; then\n"
                   "tocsin replay FILE --into STATE makes a state directory of it"}},
         .text = &ret_options->record},
    };
    const struct arguments_form form = {
        .command = "sim",
        .usage = &sim_usage,
        .closing = &sim_closing,
        .operands_min = 1,
        .operands_max = 1,
        .missing = {{"需要一个站点文件", "it takes one site file"}},
        .surplus = {{"只接受一个站点文件", "it takes one site file"}},
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_options = (struct sim_options){0};
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    ret_options->site = operands[0];
    return end == ARGUMENTS_GO_ON ? sim_check(form.command, ret_options) : end;
}
