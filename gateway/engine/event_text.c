/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/event_text.h"

#include <stdio.h>
#include <string.h>

#include "gateway/engine/scribe.h"
#include "gateway/number.h"
#include "gateway/zone.h"
#include "rules/text.h"

/* Texts of the product's own, zh and en. */
struct event_words {
    const char *words[LANGUAGE_EN + 1];
};

static const struct event_words builtin_messages[BUILTIN_COUNT] = {
    [BUILTIN_NONE] = {{"{place}:{rule}", "{place}: {rule}"}},
    [BUILTIN_DEVICE_LOST] = {{"设备 {device} 失联,{count} 个测点的数据已过期",
                              "{device}: device lost, {count} points stale"}},
    [BUILTIN_SENSOR_FAULT] = {{"{place}:传感器 {point} 没有有效数据",
                               "{place}: sensor {point} gives no good value"}},
    [BUILTIN_STUCK] = {{"{place}:传感器 {point} 一天没有变化,可能已失效",
                        "{place}: sensor {point} has not moved for a day and may be dead"}},
    [BUILTIN_BATTERY_LOW] = {{"{place}:{point} 电量只剩 {value}{unit}",
                              "{place}: {point} has {value}{unit} left"}},
    [BUILTIN_TAMPER] = {{"{place}:{point} 外壳被打开", "{place}: {point}, the case is open"}},
    [BUILTIN_COMPONENT_LOST] = {{"网关进程 {component} 中断",
                                 "Gateway process {component} is gone"}},
    [BUILTIN_UPLINK_LOST] = {{"与监控后台的连接中断,事件保存在本地",
                              "No connection to the backend; events are kept here"}},
    [BUILTIN_STORAGE] = {{"事件无法写入存储,报警仍会照常发出",
                          "Events cannot be recorded; alarms are told all the same"}},
    [BUILTIN_CLOCK] = {{"系统时钟被调回,时间不可信",
                        "The clock was set back and is not to be trusted"}},
    [BUILTIN_FIRE_PROMOTED] =
        {{"{place}:单个探测器的火警按火警确认处理,无人及时处置或已核实为真",
          "{place}: the fire alarm of one detector counts as confirmed: nobody looked after it in "
          "time, or it is real"}},
};

static const struct event_words builtin_responses[BUILTIN_COUNT] = {
    [BUILTIN_DEVICE_LOST] = {{"检查 {device} 的电源和通信线路;在恢复之前派人巡视相关房间",
                              "Check power and cabling of {device}; look after its rooms in person "
                              "until it is back"}},
    [BUILTIN_SENSOR_FAULT] =
        {{"检查或更换 {point};在恢复之前派人巡视",
          "Check or replace {point}; look after the room in person until then"}},
    [BUILTIN_STUCK] = {{"检查或更换 {point}", "Check or replace {point}"}},
    [BUILTIN_BATTERY_LOW] = {{"一个月内更换 {point} 的电池",
                              "Change the battery of {point} within the month"}},
    [BUILTIN_TAMPER] = {{"到现场查看 {point}", "Look at {point} on the spot"}},
    [BUILTIN_COMPONENT_LOST] = {{"通常会自动恢复;若没有,请联系维护人员",
                                 "It comes back by itself; if not, call the engineer"}},
    [BUILTIN_UPLINK_LOST] = {{"检查网络和消息服务器", "Check the network and the broker"}},
    [BUILTIN_STORAGE] = {{"检查磁盘空间和状态目录的权限",
                          "Check disk space and the permissions of the state directory"}},
    [BUILTIN_CLOCK] =
        {{"检查网关的时间同步和时钟电池;记录的时间可能有误",
          "Check time synchronisation and the clock's battery; times that are recorded "
          "may be wrong"}},
    [BUILTIN_FIRE_PROMOTED] = {{"组织疏散,拨打 119", "Evacuate, call 119"}},
};

static const struct event_words activity_messages[EVENT_TYPE_COUNT] = {
    [EVENT_TEST_BEGUN] = {{"{place}:开始测试,报警只作标记,不会通知人员",
                           "{place}: under test; alarms are marked and nobody is called"}},
    [EVENT_TEST_TRIPPED] = {{"{place}:{point} 测试通过", "{place}: {point} tested"}},
    [EVENT_TEST_UNTESTED] = {{"{place}:{point} 在测试中从未触发",
                              "{place}: {point} was never tripped in the test"}},
    [EVENT_TEST_ENDED] = {{"{place}:测试结束,报警恢复通知",
                           "{place}: test over; alarms call people again"}},
    [EVENT_FLOOD_BEGUN] = {{"10 分钟内告警过多,次要告警合并为一个事件",
                            "Too many alarms in ten minutes: minor ones are folded into one"}},
    [EVENT_FLOOD_ENDED] = {{"告警数量恢复正常", "The flood of alarms is over"}},
    [EVENT_ACCESS_GRANTED] = {{"{place}:刷卡通过", "{place}: access granted"}},
    [EVENT_ACCESS_DENIED] = {{"{place}:刷卡被拒", "{place}: access denied"}},
    [EVENT_PATROL_CHECKPOINT] = {{"{place}:巡逻打卡", "{place}: patrol checkpoint"}},
    [EVENT_SYSTEM_STARTED] = {{"网关已启动", "Gateway started"}},
    [EVENT_SYSTEM_CONFIG_CHANGED] = {{"站点配置已更换", "The site's configuration has changed"}},
    [EVENT_SYSTEM_CONFIG_REFUSED] =
        {{"更改后的站点配置有误,未被采用,原配置继续有效;请运行 tocsin check 查看原因",
          "A changed configuration is wrong and was not taken; the one before stays in force: "
          "`tocsin check` says why"}},
    [EVENT_SYSTEM_WALK_TEST_DUE] =
        {{"{place}:有 {count} 个按钮或探测器逾期未做步行测试,请开始测试并逐个触发",
          "{place}: walk test due, {count} buttons or detectors were not tested in time; begin a test "
          "and trip each"}},
    [EVENT_SYSTEM_CLOCK_STEPPED] = {{"系统时钟被调整 {step} 秒", "Clock stepped by {step} s"}},
};

/* Everything a placeholder may ask for. */
struct event_view {
    const struct site *site;
    const struct core_event *event;
    const struct ruleset_alarm *alarm; /* NULL for activity */
    struct wall raised;
    enum site_language language;
};

static void event_fill_place(const struct event_view *view, struct text *text) {
    uint32_t place = view->event->place;
    struct site_name name =
        place == RULESET_NONE ? view->site->header->site_name : view->site->places[place].name;
    const char *words = site_name_text(view->site, name, view->language);
    if (*words == '\0' && place != RULESET_NONE) {
        words = site_text(view->site, view->site->places[place].id);
    }
    text_add(text, words);
}

static void event_fill_value(const struct event_view *view, struct text *text) {
    char number[NUMBER_SIZE];
    if (!quality_usable(view->event->quality)) {
        text_add(text, "?");
        return;
    }
    /* People read six digits; the exact number stands beside the text. */
    (void)snprintf(number, sizeof number, "%.6g", view->event->value);
    text_add(text, number);
}

/* The number that the rule's expression shows as its value, if it shows one; NULL otherwise. */
static const struct expr_op *event_shown(const struct event_view *view) {
    const struct ruleset *ruleset = &view->site->ruleset;
    if (view->alarm == NULL) {
        return NULL;
    }
    const struct ruleset_rule *rule = &ruleset->rules[view->alarm->rule];
    for (uint32_t i = rule->op_first; i < rule->op_first + rule->op_count; i++) {
        if (ruleset->ops[i].code == EXPR_SHOW) {
            return &ruleset->ops[i];
        }
    }
    return NULL;
}

static void event_fill_unit(const struct event_view *view, struct text *text) {
    uint32_t point = view->event->point;
    const struct expr_op *shown = event_shown(view);
    if (shown != NULL) {
        text_add(text, unit_facts(dimension_base((enum dimension)shown->slot))->name);
        return;
    }
    if (point != RULESET_NONE) {
        enum point_kind kind = (enum point_kind)view->site->ruleset.points[point].kind;
        text_add(text, unit_facts(point_kind_facts(kind)->unit)->name);
    }
}

static void event_fill_point(const struct event_view *view, struct text *text) {
    uint32_t point = view->event->point;
    if (point == RULESET_NONE && view->alarm != NULL && view->alarm->entity_kind == ENTITY_POINT) {
        point = view->alarm->entity;
    }
    if (point != RULESET_NONE) {
        text_add(text, site_text(view->site, view->site->points[point].id));
    }
}

static void event_fill_since(const struct event_view *view, struct text *text) {
    char local[ZONE_TEXT_SIZE];
    zone_format(view->raised, local);
    text_add(text, local);
}

static void event_fill_device(const struct event_view *view, struct text *text) {
    if (view->alarm != NULL && view->alarm->entity_kind == ENTITY_DEVICE) {
        text_add(text, site_text(view->site, view->site->devices[view->alarm->entity].id));
    }
}

/* Points that nobody hears of while the device is lost; or those that were not tested. */
static void event_fill_count(const struct event_view *view, struct text *text) {
    uint64_t count = 0;
    if (view->event->type == EVENT_SYSTEM_WALK_TEST_DUE) {
        text_add_count(text, view->event->count);
        return;
    } else if (view->alarm == NULL || view->alarm->entity_kind != ENTITY_DEVICE) {
        return;
    }
    for (uint32_t p = 0; p < view->site->ruleset.point_count; p++) {
        count += view->site->ruleset.points[p].device == view->alarm->entity &&
                 view->site->points[p].output == 0;
    }
    text_add_count(text, count);
}

static void event_fill_component(const struct event_view *view, struct text *text) {
    char name[64];
    if (view->alarm != NULL && view->alarm->entity_kind == ENTITY_COMPONENT) {
        site_component_name(view->site, view->alarm->entity, name, sizeof name);
        text_add(text, name);
    }
}

static void event_fill_rule(const struct event_view *view, struct text *text) {
    if (view->alarm != NULL) {
        text_add(text, site_text(view->site, view->site->rules[view->alarm->rule].id));
    }
}

static void event_fill_step(const struct event_view *view, struct text *text) {
    char number[NUMBER_SIZE];
    (void)snprintf(number, sizeof number, "%+.1f", (double)view->event->step_ns / (double)NS_PER_S);
    text_add(text, number);
}

static const struct {
    const char *name;
    void (*fill)(const struct event_view *view, struct text *text);
} placeholders[] = {
    {"{place}", event_fill_place}, {"{value}", event_fill_value},
    {"{unit}", event_fill_unit},   {"{point}", event_fill_point},
    {"{since}", event_fill_since}, {"{device}", event_fill_device},
    {"{count}", event_fill_count}, {"{component}", event_fill_component},
    {"{rule}", event_fill_rule},   {"{step}", event_fill_step},
};

/* Fill in the placeholder that `words` begins with, if it is one. Returns its length or 0. */
static size_t event_fill(const struct event_view *view, const char *words, struct text *text) {
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++) {
        size_t len = strlen(placeholders[i].name);
        if (strncmp(words, placeholders[i].name, len) == 0) {
            placeholders[i].fill(view, text);
            return len;
        }
    }
    return 0;
}

static void event_expand(const struct event_view *view, const char *words,
                         char ret[EVENT_TEXT_SIZE]) {
    struct text text;
    text_init(&text, ret, EVENT_TEXT_SIZE);
    while (*words != '\0') {
        size_t plain = strcspn(words, "{");
        text_add_bytes(&text, words, plain);
        words += plain;
        size_t filled = event_fill(view, words, &text);
        if (filled == 0 && *words == '{') {
            text_add_bytes(&text, words, 1);
            filled = 1;
        }
        words += filled;
    }
}

static struct event_view event_view(const struct site *site, const struct core_event *event,
                                    struct wall raised, enum site_language language) {
    return (struct event_view){
        .site = site,
        .event = event,
        .alarm = event->alarm != RULESET_NONE ? &site->ruleset.alarms[event->alarm] : NULL,
        .raised = raised,
        .language = language,
    };
}

/* The site's own words for a text of the rule, or the product's. */
static const char *event_words(const struct event_view *view, struct site_name own,
                               const struct event_words builtin[BUILTIN_COUNT]) {
    const char *words = site_name_text(view->site, own, view->language);
    if (*words == '\0') {
        uint8_t which = view->site->ruleset.rules[view->alarm->rule].builtin;
        words = builtin[which].words[view->language];
    }
    return words != NULL ? words : "";
}

void event_text_message(const struct site *site, const struct core_event *event, struct wall raised,
                        enum site_language language, char ret[EVENT_TEXT_SIZE]) {
    struct event_view view = event_view(site, event, raised, language);
    const char *words =
        view.alarm != NULL
            ? event_words(&view, site->rules[view.alarm->rule].message, builtin_messages)
            : activity_messages[event->type].words[language];
    event_expand(&view, words != NULL ? words : "", ret);
}

void event_text_response(const struct site *site, const struct core_event *event,
                         struct wall raised, enum site_language language,
                         char ret[EVENT_TEXT_SIZE]) {
    struct event_view view = event_view(site, event, raised, language);
    ret[0] = '\0';
    if (view.alarm != NULL) {
        event_expand(&view,
                     event_words(&view, site->rules[view.alarm->rule].response, builtin_responses),
                     ret);
    }
}
