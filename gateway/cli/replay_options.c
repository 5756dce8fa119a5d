/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/replay_options.h"

#include <string.h>

static const struct arguments_words replay_usage = {
    {"用法：tocsin replay RECORDING [选项]...\n"
     "\n"
     "让核心重新听一遍传感器所说，并打印事件，每行一个 JSON 对象。\n"
     "\n"
     "RECORDING 为 <state>/recordings、状态目录本身、其中一个 *.recording，或数据库的导出文件\n"
     "（后者需要 --site）：\n"
     "\n"
     "  *.lp     InfluxDB 行协议（时间以纳秒计）：\n"
     "           influx_inspect export -database DATABASE -datadir DATA -waldir WAL -out month.lp\n"
     "             （第 1 版；-start 和 -end 只取一段）\n"
     "           influxd inspect export-lp --bucket-id ID --engine-path ENGINE --output-path month.lp\n"
     "             （第 2 版；--start 和 --end）\n"
     "  *.jsonl  VictoriaMetrics 的 JSON 行：\n"
     "           curl http://HOST:8428/api/v1/export --data-urlencode 'match[]={site=\"ID\"}' \\\n"
     "             -d max_rows_per_line=10000 -o month.jsonl   （-d start= 和 -d end=）\n",
     "Usage: tocsin replay RECORDING [OPTION]...\n"
     "\n"
     "Let a core hear once more what the sensors said, and print the events, one JSON object a line.\n"
     "\n"
     "RECORDING is <state>/recordings, the state directory itself, one *.recording of it, or the export\n"
     "of a database, which needs --site:\n"
     "\n"
     "  *.lp     InfluxDB line protocol (times in ns):\n"
     "           influx_inspect export -database DATABASE -datadir DATA -waldir WAL -out month.lp\n"
     "             (version 1; -start and -end for a part of it)\n"
     "           influxd inspect export-lp --bucket-id ID --engine-path ENGINE --output-path month.lp\n"
     "             (version 2; --start and --end)\n"
     "  *.jsonl  JSON lines of VictoriaMetrics:\n"
     "           curl http://HOST:8428/api/v1/export --data-urlencode 'match[]={site=\"ID\"}' \\\n"
     "             -d max_rows_per_line=10000 -o month.jsonl   (-d start= and -d end=)\n"}};

static const struct arguments_words replay_closing = {
    {"退出码：0 完成，给出 --journal 时且完全一致；1 有差异，或有缺失、损坏；\n"
     "2 站点、规则或命令有误\n",
     "exit codes: 0 done, and equal where --journal was given; 1 it is different, or something is\n"
     "missing or damaged; 2 the site, the rules or the command is wrong\n"}};

bool replay_path_is_export(const char *path) {
    static const char *const suffixes[] = {".lp", ".jsonl", ".json", ".csv", ".gz"};
    size_t len = strlen(path);
    for (unsigned i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t tail = strlen(suffixes[i]);
        if (len > tail && strcmp(path + len - tail, suffixes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What does not go together, in words; NULL: all does. */
static const struct arguments_words *replay_contradiction(struct replay_options *options) {
    static const struct {
        const struct arguments_words export_needs_site, export_has_no_journal, against_needs_site,
            against_or_journal, into_alone, settings_need_site;
    } words = {
        {{"数据库的导出文件需要 --site", "the export of a database needs --site"}},
        {{"--journal 只用于录制文件：历史数据没有全部输入",
          "--journal is for a recording: a history has not all inputs"}},
        {{"--against 需要 --site，替换的是它的规则",
          "--against needs --site, whose rules are replaced"}},
        {{"--against 与 --journal 不能同时使用", "--against and --journal exclude each other"}},
        {{"--into 不能与 --against 或 --journal 同时使用",
          "--into goes with neither --against nor --journal"}},
        {{"--set 需要 --site", "--set needs --site"}},
    };
    options->history = replay_path_is_export(options->recording);
    if (options->history && options->site == NULL) {
        return &words.export_needs_site;
    } else if (options->history && options->journal != NULL) {
        return &words.export_has_no_journal;
    } else if (options->against != NULL && options->site == NULL) {
        return &words.against_needs_site;
    } else if (options->against != NULL && options->journal != NULL) {
        return &words.against_or_journal;
    } else if (options->into != NULL && (options->against != NULL || options->journal != NULL)) {
        return &words.into_alone;
    } else if (options->settings.count > 0 && options->site == NULL) {
        return &words.settings_need_site;
    }
    return NULL;
}

enum arguments_end replay_options_parse(int argc, char **argv, struct replay_options *ret_options) {
    const struct arguments_option options[] = {
        {.name = "site",
         .word = "SITE.yaml",
         .help = {{"用此站点的规则和名称，而不用录制时的",
                   "with the rules and names of this site, instead of those that were\n"
                   "recorded"}},
         .text = &ret_options->site},
        ARGUMENTS_SET(&ret_options->settings),
        {.name = "journal",
         .word = "PATH",
         .help = {{"与日志（journal.db 或其目录）双向逐字节比较",
                   "compare with the journal (journal.db, or its directory), byte by byte,\n"
                   "both ways"}},
         .text = &ret_options->journal},
        {.name = "against",
         .word = "RULES.yaml",
         .help = {{"不打印事件，而打印换用这些规则后的差别：\n"
                   "+ 只有新规则才有，- 新规则没有，~ 时间或文字不同，其下列出差别",
                   "instead of the events, print what these rules would have changed:\n"
                   "+ only with them, - only without, ~ at another time or with other words,\n"
                   "and below that what is different"}},
         .text = &ret_options->against},
        {.name = "into",
         .word = "STATE",
         .help = {{"不打印，而把事件当作真实发生的，记入新状态目录中的独立日志",
                   "instead of printing, record the events in a journal of its own, in a new\n"
                   "state directory, as if they had happened"}},
         .text = &ret_options->into},
        {.name = "text",
         .help = {{"供人阅读的文本行，与 `tocsin events` 相同",
                   "lines for people, as `tocsin events` shows them"}},
         .flag = &ret_options->text},
        ARGUMENTS_LANGUAGE(&ret_options->language),
    };
    const struct arguments_form form = {
        .command = "replay",
        .usage = &replay_usage,
        .closing = &replay_closing,
        .operands_min = 1,
        .operands_max = 1,
        .missing = {{"需要一个录制文件", "it needs a recording"}},
        .surplus = {{"只接受一个录制文件", "it takes one recording"}},
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_options = (struct replay_options){.language = arguments_environment_language()};
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    ret_options->recording = operands[0];
    const struct arguments_words *wrong =
        end == ARGUMENTS_GO_ON ? replay_contradiction(ret_options) : NULL;
    return wrong != NULL ? arguments_refuse(form.command, *wrong, NULL) : end;
}
