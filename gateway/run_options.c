/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/run_options.h"

static const struct arguments_words run_usage = {
    {"用法：tocsin run SITE.yaml [选项]...\n"
     "\n"
     "监测一个站点：检查站点文件，启动引擎、现场、上行和控制台进程并保持运行，直到 SIGTERM 或 Ctrl-C。\n"
     "SIGHUP 采用改动后的站点文件：有误的文件不改变任何事；未结束的告警、计时、确认和当前值均保留；\n"
     "被删除或改了标识的规则、测点和地点，其告警将关闭并逐一说明。\n"
     "启动时站点文件有误，则监测上次采用的站点。\n",
     "Usage: tocsin run SITE.yaml [OPTION]...\n"
     "\n"
     "Watch a site: check it, start the engine, the field, the uplink and the console, and keep them\n"
     "alive until SIGTERM or Ctrl-C. SIGHUP takes a changed site file: one that is wrong changes\n"
     "nothing; open alarms, timers, acknowledgements and present values are kept, while a rule, point or\n"
     "place that is gone or has another id closes its alarms, which is told. At a start with a site that\n"
     "is wrong, the one that was accepted last is watched.\n"}};

static const struct arguments_words run_closing = {
    {"退出码：0 正常停止；1 无法运行，或有组件被磁盘卡住而遗留；\n"
     "2 命令有误，或站点文件有误且此前没有采用过站点\n",
     "exit codes: 0 stopped cleanly, 1 could not run, or left a component behind that a disk holds,\n"
     "2 the command is wrong, or the site and none was accepted before\n"}};

enum arguments_end run_options_parse(int argc, char **argv, struct run_options *ret_options) {
    const struct arguments_option options[] = {
        ARGUMENTS_SET(&ret_options->settings),
        {.name = "run",
         .word = "DIR",
         .help = {{"套接字所在目录（默认 /run/tocsin）",
                   "directory of the sockets (default /run/tocsin)"}},
         .text = &ret_options->run_directory},
        {.name = "user",
         .word = "NAME",
         .help = {{"以 root 启动时各组件使用的用户（默认 tocsin，如果存在）",
                   "as root: whom the components become (default tocsin, if there is one)"}},
         .text = &ret_options->user},
        {.name = "assets",
         .word = "DIR",
         .help = {{"网页应用所在目录（默认 " RUN_ASSETS_DEFAULT "）",
                   "directory of the web app (default " RUN_ASSETS_DEFAULT ")"}},
         .text = &ret_options->assets},
        ARGUMENTS_LANGUAGE(&ret_options->language),
        ARGUMENTS_CLOCK(&ret_options->clock),
    };
    const struct arguments_form form = {
        .command = "run",
        .usage = &run_usage,
        .closing = &run_closing,
        .operands_min = 1,
        .operands_max = 1,
        .missing = {{"需要一个站点文件", "it takes one site file"}},
        .surplus = {{"只接受一个站点文件", "it takes one site file"}},
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_options = (struct run_options){.run_directory = "/run/tocsin",
                                        .assets = RUN_ASSETS_DEFAULT,
                                        .language = arguments_environment_language()};
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    ret_options->site = operands[0];
    return end;
}

struct config_options run_options_settings(const struct run_options *options) {
    return (struct config_options){.settings = options->settings.list,
                                   .setting_count = options->settings.count};
}
