/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/check_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/table.h"
#include "gateway/cli/words.h"
#include "gateway/config/config_alarms.h"

enum { CELL_SIZE = 256 };

/* A duration in the largest unit that keeps it whole. */
static void report_span(uint64_t ms, char ret[CELL_SIZE]) {
    if (ms % 1000 != 0) {
        (void)snprintf(ret, CELL_SIZE, "%llu ms", (unsigned long long)ms);
    } else if (ms % 60000 != 0 || ms == 0) {
        (void)snprintf(ret, CELL_SIZE, "%llu s", (unsigned long long)(ms / 1000));
    } else {
        (void)snprintf(ret, CELL_SIZE, "%llu min", (unsigned long long)(ms / 60000));
    }
}

static void report_heading(const struct reader *reader, const char *zh, const char *en,
                           uint32_t count) {
    (void)fputc('\n', reader->out);
    reader_put(reader, TONE_NOTICE, reader_text(reader, zh, en));
    (void)fprintf(reader->out, "  %u\n", count);
}

static const char *report_name(const struct site *site, const struct reader *reader,
                               struct site_name name) {
    return site_name_text(site, name, reader->language);
}

/* What of the state directory's disk each part may take, in bytes; 0: it is not kept. */
struct report_disk {
    uint64_t journal, history, recordings, waiting;
};

static struct report_disk report_disk_of(const struct site *site) {
    const struct site_header *header = site->header;
    return (struct report_disk){
        .journal = header->journal_size,
        .history = header->history_size,
        .recordings = header->recordings_size,
        .waiting = header->influx_url != 0 ? header->influx_spool_size : 0,
    };
}

static void report_disk(const struct site *site, const struct reader *reader) {
    const struct report_disk disk = report_disk_of(site);
    const struct {
        const char *zh, *en;
        uint64_t bytes;
    } parts[] = {
        {"日志", "journal", disk.journal},
        {"曲线历史", "history for charts", disk.history},
        {"重放记录", "recordings for replay", disk.recordings},
        {"待写入数据库", "what waits for the database", disk.waiting},
    };
    uint64_t sum = 0;
    (void)fputs(reader_text(reader, "磁盘占用上限", "disk at most"), reader->out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        sum += parts[i].bytes;
        if (parts[i].bytes > 0) {
            (void)fprintf(reader->out, "  %s %" PRIu64 " MiB",
                          reader_text(reader, parts[i].zh, parts[i].en), parts[i].bytes >> 20);
        }
    }
    (void)fprintf(reader->out, "  %s %" PRIu64 " MiB\n", reader_text(reader, "合计", "in all"),
                  sum >> 20);
}

static json_t *report_json_disk(const struct site *site) {
    const struct report_disk disk = report_disk_of(site);
    return json_pack("{s:I, s:I, s:I, s:I}", "journal", (json_int_t)disk.journal, "history",
                     (json_int_t)disk.history, "recordings", (json_int_t)disk.recordings, "waiting",
                     (json_int_t)disk.waiting);
}

static void report_title(const struct site *site, const struct reader *reader) {
    reader_put(reader, TONE_GOOD, report_name(site, reader, site->header->site_name));
    (void)fprintf(reader->out, "  %s/%s  %s\n", site_text(site, site->header->site_id),
                  site_text(site, site->header->gateway_id),
                  site_text(site, site->header->timezone));
    (void)fprintf(reader->out, "%s  %s\n", reader_text(reader, "数据目录", "state"),
                  site_text(site, site->header->state_directory));
    report_disk(site, reader);
    for (uint32_t i = 0; i < site->broker_count; i++) {
        (void)fprintf(
            reader->out, "%s  %s  MQTT %s\n", reader_text(reader, "上报至", "publishes to"),
            site_text(site, site->brokers[i]), site->header->mqtt_version == 5 ? "5" : "3.1.1");
    }
    if (site->broker_count == 0) {
        (void)fprintf(
            reader->out, "%s\n",
            reader_text(reader, "不上报：没有 mqtt 一节", "publishes nowhere: there is no `mqtt`"));
    }
    if (site->header->influx_url != 0) {
        (void)fprintf(reader->out, "%s  %s\n", reader_text(reader, "历史写入", "writes history to"),
                      site_text(site, site->header->influx_url));
    }
}

static uint32_t report_depth(const struct site *site, uint32_t place) {
    uint32_t depth = 0;
    while (site->ruleset.places[place].parent != RULESET_NONE) {
        place = site->ruleset.places[place].parent;
        depth++;
    }
    return depth;
}

static void report_places(const struct site *site, struct reader *reader) {
    bool zh = reader->language == LANGUAGE_ZH;
    struct table table;
    table_init(&table, 6);
    table.right[3] = true;
    table.right[4] = true;
    report_heading(reader, "地点", "places", site->ruleset.place_count);
    for (uint32_t i = 0; i < site->ruleset.place_count; i++) {
        const struct ruleset_place *place = &site->ruleset.places[i];
        char id[CELL_SIZE], area[CELL_SIZE] = "", capacity[CELL_SIZE] = "", points[CELL_SIZE] = "";
        (void)snprintf(id, sizeof id, "  %*s%s", (int)(2 * report_depth(site, i)), "",
                       site_text(site, site->places[i].id));
        if (place->area_m2 >= 0) {
            (void)snprintf(area, sizeof area, "%.10g m2", place->area_m2);
        }
        if (place->capacity >= 0) {
            (void)snprintf(capacity, sizeof capacity, zh ? "%.0f 人" : "for %.0f", place->capacity);
        }
        (void)snprintf(points, sizeof points, zh ? "%u 个测点" : "%u points",
                       place->point_end - place->point_first);
        const char *cells[] = {id,
                               place_kind_name(place->kind),
                               report_name(site, reader, site->places[i].name),
                               area,
                               capacity,
                               place->point_end > place->point_first ? points : ""};
        table_add(&table, TONE_PLAIN, cells);
    }
    table_print(&table, reader);
    table_deinit(&table);
}

/* How many points each device has. The caller frees it. */
static uint32_t *report_device_points(const struct site *site) {
    uint32_t *counts = calloc((size_t)site->ruleset.device_count + 1, sizeof *counts);
    for (uint32_t i = 0; counts != NULL && i < site->ruleset.point_count; i++) {
        counts[site->ruleset.points[i].device]++;
    }
    return counts;
}

static void report_devices(const struct site *site, struct reader *reader) {
    bool zh = reader->language == LANGUAGE_ZH;
    uint32_t *counts = report_device_points(site);
    struct table table;
    table_init(&table, 5);
    report_heading(reader, "设备", "devices", site->ruleset.device_count);
    for (uint32_t i = 0; i < site->ruleset.device_count; i++) {
        const struct site_device *device = &site->devices[i];
        const struct site_bus *bus = &site->buses[device->bus];
        bool modbus = bus->kind != SITE_BUS_MQTT;
        char id[CELL_SIZE], unit[CELL_SIZE] = "", pace[CELL_SIZE] = "", points[CELL_SIZE];
        (void)snprintf(id, sizeof id, "  %s", site_text(site, device->id));
        if (modbus) {
            char poll[CELL_SIZE], timeout[CELL_SIZE];
            report_span(device->poll_ms, poll);
            report_span(device->timeout_ms, timeout);
            (void)snprintf(unit, sizeof unit, zh ? "单元 %u" : "unit %u", device->unit);
            (void)snprintf(pace, sizeof pace,
                           zh ? "每 %.40s，限时 %.40s" : "polled every %.40s, answers within %.40s",
                           poll, timeout);
        }
        (void)snprintf(points, sizeof points, zh ? "%u 个测点" : "%u points",
                       counts != NULL ? counts[i] : 0);
        const char *cells[] = {id, site_text(site, bus->address), unit, pace, points};
        table_add(&table, TONE_PLAIN, cells);
    }
    table_print(&table, reader);
    table_deinit(&table);
    free(counts);
}

static void report_points(const struct site *site, struct reader *reader) {
    uint32_t counts[POINT_KIND_COUNT] = {0};
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        counts[site->ruleset.points[i].kind]++;
    }
    report_heading(reader, "测点", "points", site->ruleset.point_count);
    struct table table;
    table_init(&table, 2);
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        if (counts[kind] > 0) {
            char name[CELL_SIZE], count[CELL_SIZE];
            (void)snprintf(name, sizeof name, "  %s", point_kind_facts(kind)->name);
            (void)snprintf(count, sizeof count, "%u", counts[kind]);
            const char *cells[] = {name, count};
            table_add(&table, TONE_PLAIN, cells);
        }
    }
    table_print(&table, reader);
    table_deinit(&table);
}

static void report_rules(const struct site *site, struct reader *reader) {
    struct table table;
    table_init(&table, 6);
    table.right[3] = true;
    report_heading(reader, "规则", "rules", site->ruleset.rule_count);
    for (uint32_t i = 0; i < site->ruleset.rule_count; i++) {
        const struct ruleset_rule *rule = &site->ruleset.rules[i];
        char id[CELL_SIZE], alarms[CELL_SIZE], remark[CELL_SIZE] = "";
        (void)snprintf(id, sizeof id, "  %s", site_text(site, site->rules[i].id));
        (void)snprintf(alarms, sizeof alarms, "%u", rule->alarm_count);
        if (rule->builtin != BUILTIN_NONE) {
            (void)snprintf(remark, sizeof remark, "%s", reader_text(reader, "内置", "built in"));
        }
        const char *cells[] = {
            id,
            alarm_class_facts(rule->class)->name,
            words_priority(reader, priority_name(rule->priority)),
            alarms,
            reader_text(reader, "个告警", rule->alarm_count == 1 ? "alarm" : "alarms"),
            remark};
        table_add(&table, TONE_PLAIN, cells);
    }
    table_print(&table, reader);
    table_deinit(&table);
}

/* The numbers of alarms that the site has changed, beside what they would be. */
static void report_numbers(const struct site *site, struct reader *reader) {
    bool zh = reader->language == LANGUAGE_ZH;
    uint32_t count, changed = 0;
    const struct alarm_number *numbers = alarm_numbers(&count);
    struct table table;
    table_init(&table, 3);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t value = alarm_number_value(&numbers[i], site->ruleset.times);
        uint32_t usual = alarm_number_value(&numbers[i], &alarm_times_default);
        if (value != usual) {
            char name[CELL_SIZE], is[SITE_SPAN_SIZE], was[SITE_SPAN_SIZE], remark[CELL_SIZE];
            alarm_number_format(numbers[i].form, value, is);
            alarm_number_format(numbers[i].form, usual, was);
            (void)snprintf(name, sizeof name, "  %s", numbers[i].name);
            (void)snprintf(remark, sizeof remark, zh ? "默认 %s" : "instead of %s", was);
            const char *cells[] = {name, is, remark};
            table_add(&table, TONE_PLAIN, cells);
            changed++;
        }
    }
    if (changed > 0) {
        report_heading(reader, "更改的告警时限与界限", "numbers of alarms changed", changed);
        table_print(&table, reader);
    }
    table_deinit(&table);
}

static void report_others(const struct site *site, const struct config_summary *summary,
                          const struct reader *reader) {
    bool zh = reader->language == LANGUAGE_ZH;
    (void)fprintf(
        reader->out,
        zh ? "\n另已检查：升级链 %u，webhook %u，班次 %u，巡逻路线 %u（巡更点 %u），平面图 %u\n"
           : "\nalso checked: chains %u, webhooks %u, shifts %u, tours %u (checkpoints %u), floor plans %u\n",
        summary->chain_count, summary->webhook_count, summary->shift_count, summary->tour_count,
        summary->checkpoint_count, site->plan_count);
    if (summary->standard != NULL) {
        (void)fprintf(reader->out,
                      zh ? "设施标准：%s（%u 项要求）\n" : "standard: %s (requirements %u)\n",
                      summary->standard, summary->requirement_count);
    }
}

static void report_totals(const struct site *site, const struct reader *reader) {
    bool zh = reader->language == LANGUAGE_ZH;
    (void)fprintf(reader->out,
                  zh ? "\n合计：地点 %u，设备 %u，测点 %u，规则 %u，告警 %u\n"
                     : "\ntotal: %u places, %u devices, %u points, %u rules, %u alarms\n",
                  site->ruleset.place_count, site->ruleset.device_count, site->ruleset.point_count,
                  site->ruleset.rule_count, site->ruleset.alarm_count);
}

void check_report(const struct site *site, const struct config_summary *summary,
                  struct reader *reader) {
    report_title(site, reader);
    report_places(site, reader);
    report_devices(site, reader);
    report_points(site, reader);
    report_rules(site, reader);
    report_numbers(site, reader);
    report_others(site, summary, reader);
    report_totals(site, reader);
}

static json_t *report_json_name(const struct site *site, struct site_name name) {
    return json_pack("{s:s, s:s}", "zh", site_text(site, name.zh), "en", site_text(site, name.en));
}

static json_t *report_json_places(const struct site *site) {
    json_t *rows = json_array();
    for (uint32_t i = 0; i < site->ruleset.place_count; i++) {
        const struct ruleset_place *place = &site->ruleset.places[i];
        json_t *row = json_pack("{s:s, s:s, s:o, s:i}", "id", site_text(site, site->places[i].id),
                                "kind", place_kind_name(place->kind), "name",
                                report_json_name(site, site->places[i].name), "points",
                                (int)(place->point_end - place->point_first));
        if (place->area_m2 >= 0) {
            (void)json_object_set_new(row, "area_m2", json_real(place->area_m2));
        }
        if (place->capacity >= 0) {
            (void)json_object_set_new(row, "capacity", json_real(place->capacity));
        }
        (void)json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *report_json_devices(const struct site *site) {
    json_t *rows = json_array();
    uint32_t *counts = report_device_points(site);
    for (uint32_t i = 0; i < site->ruleset.device_count; i++) {
        const struct site_device *device = &site->devices[i];
        (void)json_array_append_new(
            rows,
            json_pack("{s:s, s:s, s:i, s:i, s:i, s:i}", "id", site_text(site, device->id),
                      "address", site_text(site, site->buses[device->bus].address), "unit",
                      (int)device->unit, "poll_ms", (int)device->poll_ms, "timeout_ms",
                      (int)device->timeout_ms, "points", counts != NULL ? (int)counts[i] : 0));
    }
    free(counts);
    return rows;
}

static json_t *report_json_rules(const struct site *site) {
    json_t *rows = json_array();
    for (uint32_t i = 0; i < site->ruleset.rule_count; i++) {
        const struct ruleset_rule *rule = &site->ruleset.rules[i];
        (void)json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:i, s:b}", "id", site_text(site, site->rules[i].id),
                            "class", alarm_class_facts(rule->class)->name, "priority",
                            priority_name(rule->priority), "alarms", (int)rule->alarm_count,
                            "built_in", rule->builtin != BUILTIN_NONE));
    }
    return rows;
}

/* All numbers of the alarms, by name, in seconds, per cent or pieces. */
static json_t *report_json_numbers(const struct site *site) {
    json_t *rows = json_object();
    uint32_t count;
    const struct alarm_number *numbers = alarm_numbers(&count);
    for (uint32_t i = 0; i < count; i++) {
        (void)json_object_set_new(
            rows, numbers[i].name,
            json_integer((json_int_t)alarm_number_value(&numbers[i], site->ruleset.times)));
    }
    return rows;
}

json_t *check_report_json(const struct site *site) {
    char generation[17];
    (void)snprintf(generation, sizeof generation, "%016llx",
                   (unsigned long long)site->header->generation);
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:i, s:o, s:o, s:i}", "id",
                     site_text(site, site->header->site_id), "gateway",
                     site_text(site, site->header->gateway_id), "name",
                     report_json_name(site, site->header->site_name), "timezone",
                     site_text(site, site->header->timezone), "generation", generation, "disk",
                     report_json_disk(site), "places", report_json_places(site), "devices",
                     report_json_devices(site), "points", (int)site->ruleset.point_count, "rules",
                     report_json_rules(site), "numbers", report_json_numbers(site), "alarms",
                     (int)site->ruleset.alarm_count);
}
