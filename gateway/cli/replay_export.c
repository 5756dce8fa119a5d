/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/replay_export.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/err.h"

/* One export, while it is read. */
struct export {
    const struct replay_options *options;
    const struct site *site;
    struct replay_report *report;
};

static const char *say(const struct export *export, const char *zh, const char *en) {
    return reader_text(export->report->reader, zh, en);
}

static void export_tell(const struct export *export, const char *what) {
    (void)fprintf(stderr, "tocsin replay: %s: %s\n", export->options->recording, what);
}

static void export_count(const struct export *export, uint64_t count, const char *zh,
                         const char *en) {
    if (count > 0) {
        (void)fprintf(stderr, "%s: %" PRIu64 "\n", say(export, zh, en), count);
    }
}

static void export_complain(void *context, uint64_t line, uint32_t column, const char *what,
                            const char *about) {
    const struct export *export = context;
    export->report->incomplete = true;
    if (!replay_report_may_complain(export->report)) {
        return;
    }
    (void)fprintf(stderr, "%s:%" PRIu64, export->options->recording, line);
    if (column > 0) {
        (void)fprintf(stderr, ":%u", column);
    }
    (void)fprintf(stderr, ": %s%s%s\n", what, about[0] != '\0' ? ": " : "", about);
}

/*
 * What can be replayed and how it is made. The commands stand in the reference of each database:
 * the README of InfluxDB 1's cmd/influx_inspect, docs.influxdata.com "influxd inspect export-lp" (2),
 * docs.victoriametrics.com "How to export data in JSON line format".
 */
static void export_tell_wanted(const struct export *export) {
    (void)fprintf(
        stderr,
        "%s\n"
        "  InfluxDB 1:      influx_inspect export -database DATABASE -datadir DATA -waldir WAL "
        "-out month.lp\n"
        "  InfluxDB 2:      influxd inspect export-lp --bucket-id ID --engine-path ENGINE "
        "--output-path month.lp\n"
        "  VictoriaMetrics: curl http://HOST:8428/api/v1/export --data-urlencode "
        "'match[]={site=\"%s\"}' -d max_rows_per_line=10000 -o month.jsonl\n",
        say(export, "可重放的文件：InfluxDB 行协议，或 VictoriaMetrics 的 JSON 行。导出命令：",
            "what can be replayed is InfluxDB line protocol or VictoriaMetrics' JSON lines, "
            "made by:"),
        site_text(export->site, export->site->header->site_id));
}

/* Why a file of this format is not read. */
static const char *format_text(const struct export *export, enum history_format format) {
    switch (format) {
    case HISTORY_FORMAT_EMPTY:
        return say(export, "文件是空的", "the file is empty");
    case HISTORY_FORMAT_COMPRESSED:
        return say(export, "文件是 gzip 压缩的，请先用 gunzip 解压",
                   "the file is compressed by gzip: unpack it first, by gunzip");
    case HISTORY_FORMAT_WIDE:
        return say(export, "文件是 UTF-16 编码，请另存为 UTF-8",
                   "the file is UTF-16: save it as UTF-8");
    case HISTORY_FORMAT_TABLE:
        return say(export, "文件是 CSV 表格，无法重放",
                   "the file is CSV, which cannot be replayed");
    case HISTORY_FORMAT_JSON:
        return say(export, "文件是查询结果的 JSON，不是导出文件",
                   "the file is JSON, but no export: it may be the answer to a query");
    case HISTORY_FORMAT_LINES:
    case HISTORY_FORMAT_SERIES:
        break;
    }
    return say(export, "其中没有该站点的任何读数", "it has no reading of this site");
}

/* How lines of that name are taken as this gateway's, which may have had it then. */
static void export_tell_name(const struct export *export, const char *site_id,
                             const char *gateway_id) {
    (void)fprintf(stderr, "%s%s%s%s%s\n",
                  say(export, "若其实就是本网关（改过名），请加上",
                      "if it is this one, which had that name then, add"),
                  site_id[0] != '\0' ? " --set site.id=" : "", site_id,
                  gateway_id[0] != '\0' ? " --set gateway.id=" : "", gateway_id);
}

static void export_tell_foreign(const struct export *export, const struct history *history) {
    const struct site *site = export->site;
    if (history->foreign == 0) {
        return;
    }
    (void)fprintf(
        stderr, "%s: %" PRIu64 " (%s %s/%s, %s %s/%s)\n",
        say(export, "已略过的其他站点或网关的行", "lines left out of another site or gateway"),
        history->foreign, say(export, "第一行属于", "the first is of"), history->foreign_site,
        history->foreign_gateway, say(export, "本网关是", "this one is"),
        site_text(site, site->header->site_id), site_text(site, site->header->gateway_id));
    if (history->count == 0) {
        export_tell_name(export, history->foreign_site, history->foreign_gateway);
    }
}

static void export_tell_counts(const struct export *export, const struct history *history) {
    export_count(export, history->wrong, "已略过的错误行或读数", "wrong lines left out");
    export_count(export, history->strange, "已略过的不属于本站点的行",
                 "lines left out of points that the site does not have");
    export_count(export, history->impossible, "超出测点量程、按故障处理的读数",
                 "readings outside the range of their point, which are faults");
    export_tell_foreign(export, history);
}

/* Is there something to be played? It is told if not. */
static bool export_is_good(const struct export *export, const struct history *history) {
    if (history->count == 0) {
        export_tell(export, format_text(export, history->format));
        if (history->wrong > 0) {
            export_tell_wanted(export);
        }
        return false;
    }
    if (history_is_too_long(history)) {
        (void)fprintf(
            stderr,
            "tocsin replay: %s: there are more than %d years between the first reading and "
            "the last, so nothing was played: give it a shorter export (a single line "
            "with a wrong time is enough)\n",
            export->options->recording, HISTORY_YEARS_MAX);
        return false;
    }
    return true;
}

int replay_export_read(const struct replay_options *options, const struct site *site,
                       struct replay_report *report, struct history *ret_history) {
    struct export export = {.options = options, .site = site, .report = report};
    FILE *file = fopen(options->recording, "r");
    if (file == NULL) {
        export_tell(&export, strerror(errno));
        return REPLAY_EXPORT_E_TOLD;
    }
    int r = history_read(ret_history, file, site, export_complain, &export);
    (void)fclose(file);
    if (r == HISTORY_E_FORMAT) {
        export_tell(&export, format_text(&export, ret_history->format));
        export_tell_wanted(&export);
        return REPLAY_EXPORT_E_TOLD;
    } else if (r == HISTORY_E_MANY) {
        export_tell(&export, say(&export, "读数太多，请导出较短的时间段",
                                 "it has too many readings: export a shorter time"));
        return REPLAY_EXPORT_E_TOLD;
    } else if (r != 0) {
        return err_trace(r);
    }
    export_tell_counts(&export, ret_history);
    if (!export_is_good(&export, ret_history)) {
        history_deinit(ret_history);
        return REPLAY_EXPORT_E_TOLD;
    }
    return 0;
}
