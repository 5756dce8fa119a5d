/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/event_text.h"

#include <stdio.h>
#include <string.h>

#include "gateway/audience.h"
#include "gateway/clock.h"
#include "gateway/engine/scribe.h"
#include "gateway/number.h"
#include "gateway/process.h"
#include "gateway/zone.h"
#include "rules/text.h"

/* Texts of the product's own, zh and en. */
struct event_words {
    const char *words[LANGUAGE_EN + 1];
};

static const struct event_words builtin_messages[BUILTIN_COUNT] = {
    [BUILTIN_NONE] = {{"{place}：{rule}", "{place}: {rule}"}},
    [BUILTIN_DEVICE_LOST] =
        {{"设备 {device} 失联：{count} 个传感器没有新数据，这些房间出事可能不会告警",
          "{device} is lost: nothing new from its sensors ({count}), so alarms of "
          "their rooms may not come"}},
    [BUILTIN_SENSOR_FAULT] = {{"{place}：{point} 故障或无有效数据",
                               "{place}: {point} is faulty, or gives no good value"}},
    [BUILTIN_STUCK] = {{"{place}：传感器 {point} 一天没有变化，可能已失效",
                        "{place}: sensor {point} has not moved for a day and may be dead"}},
    [BUILTIN_BATTERY_LOW] = {{"{place}：{point} 电量只剩 {value}{unit}",
                              "{place}: {point} has {value}{unit} left"}},
    [BUILTIN_TAMPER] = {{"{place}：{point} 外壳被打开", "{place}: {point}, the case is open"}},
    [BUILTIN_COMPONENT_LOST] = {{"网关进程 {component} 中断",
                                 "Gateway process {component} is gone"}},
    [BUILTIN_UPLINK_LOST] = {{"事件未能送达监控后台，保存在本地",
                              "Events do not reach the backend; they are kept here"}},
    [BUILTIN_STORAGE] = {{"事件记录不正常，告警仍会照常发出",
                          "The record of events is not in order; alarms are told all the same"}},
    [BUILTIN_NOBODY_LISTENING] = {{"{webhook}中无人能收到告警",
                                   "Nobody among {webhook} can be reached with alarms"}},
    [BUILTIN_CLOCK] = {{"系统时钟被调回，时间不可信",
                        "The clock was set back and is not to be trusted"}},
    [BUILTIN_SITE_REFUSED] = {{"站点文件有误，未被采用；仍按上次采用的站点监测",
                               "The site file is wrong and not in force; rooms are watched by the "
                               "site that was accepted before"}},
    [BUILTIN_CERTIFICATE] =
        {{"{certificate}有效期至 {day}（UTC）；此后连接一旦中断，网关将无法再连上监控后台",
          "{certificate} is good until {day} (UTC): after that the gateway cannot reach the "
          "monitoring centre again once the line breaks"}},
    [BUILTIN_FIRE_PROMOTED] =
        {{"{place}：单个探测器的火警按火警确认处理，无人及时处置或已核实为真",
          "{place}: the fire alarm of one detector counts as confirmed: nobody looked after it in "
          "time, or it is real"}},
};

/*
 * A reader that is understood, and at fault all the same: its clock is. Whoever is sent there must not look at
 * the cabling.
 */
static const struct event_words clock_message = {
    {"{place}：{point} 的时钟不准或无法识别，刷卡虽有记录，但不放行、不算到场",
     "{place}: the clock of {point} is wrong, or cannot be read; its cards are recorded, but excuse no "
     "door and attend no call"}};
static const struct event_words clock_response = {
    {"校准 {point} 的时钟，或在站点文件中去掉该测点的 `time:`；在此之前派人巡视",
     "Set the clock of {point}, or take time: off the point in the site file; look after the place in "
     "person until then"}};

static const struct event_words builtin_responses[BUILTIN_COUNT] = {
    [BUILTIN_DEVICE_LOST] = {{"检查 {device} 的电源和通信线路；在恢复之前派人巡视相关房间",
                              "Check power and cabling of {device}; look after its rooms in person "
                              "until it is back"}},
    [BUILTIN_SENSOR_FAULT] =
        {{"检查或更换 {point} 及其接线；在恢复之前派人巡视",
          "Check or replace {point} and its cabling; look after the room in person until then"}},
    [BUILTIN_STUCK] = {{"检查或更换 {point}", "Check or replace {point}"}},
    [BUILTIN_BATTERY_LOW] = {{"一个月内更换 {point} 的电池",
                              "Change the battery of {point} within the month"}},
    [BUILTIN_TAMPER] = {{"到现场查看 {point}", "Look at {point} on the spot"}},
    [BUILTIN_COMPONENT_LOST] = {{"通常会自动恢复；若没有，请联系维护人员",
                                 "It comes back by itself; if not, call the engineer"}},
    [BUILTIN_UPLINK_LOST] =
        {{"恢复之前外部收不到告警，请派人在本地值守；检查网络和消息代理（连接、权限、配额、报文大小），"
          "网关日志写明原因",
          "Nobody outside hears of alarms until it is over: have somebody watch here. Check the network "
          "and the broker (connection, rights, quota, message size); the gateway's log says what it is"}},
    [BUILTIN_STORAGE] =
        {{"网关日志中以 journal_ 开头的记录写明原因：无法写入、空间不足、无法签名，或原日志损坏、"
          "缺失、属于另一站点；据此检查磁盘、目录权限和密钥",
          "The lines journal_… of the gateway's log say what it is: not written, too "
          "little room, not signed, or a journal that was damaged, missing or of "
          "another site; see to the disk, the directory's rights or the key"}},
    [BUILTIN_NOBODY_LISTENING] =
        {{"检查{webhook}的 webhook 地址与密钥，以及其人员的手机能否收到测试消息，并指定专人值守",
          "Check the webhook of {webhook} and its secret, and whether the phones of its people get "
          "their tests; have somebody watch"}},
    [BUILTIN_CLOCK] =
        {{"检查网关的时间同步和时钟电池；记录的时间可能有误",
          "Check time synchronisation and the clock's battery; times that are recorded "
          "may be wrong"}},
    [BUILTIN_SITE_REFUSED] =
        {{"用 tocsin check 查看错误，改正站点文件后重新加载；文件中新增的房间在此之前不受监测",
          "Mend the site file (tocsin check says what is wrong) and reload; a room that is new in "
          "it is not watched until then"}},
    [BUILTIN_CERTIFICATE] = {{"{renewal}；网关会自行采用，无需重启",
                              "{renewal}; the gateway takes it without a restart"}},
    [BUILTIN_FIRE_PROMOTED] = {{"组织疏散，拨打 119", "Evacuate, call 119"}},
};

static const struct event_words activity_messages[EVENT_TYPE_COUNT] = {
    [EVENT_TEST_BEGUN] = {{"{place}：开始测试，告警只作标记，不会通知人员",
                           "{place}: under test; alarms are marked and nobody is called"}},
    [EVENT_TEST_TRIPPED] = {{"{place}：{point} 测试通过", "{place}: {point} tested"}},
    [EVENT_TEST_UNTESTED] = {{"{place}：{point} 在测试中从未触发",
                              "{place}: {point} was never tripped in the test"}},
    [EVENT_TEST_ENDED] = {{"{place}：测试结束，告警恢复通知",
                           "{place}: test over; alarms call people again"}},
    [EVENT_FLOOD_BEGUN] = {{"10 分钟内告警过多，次要告警合并为一个事件",
                            "Too many alarms in ten minutes: minor ones are folded into one"}},
    [EVENT_FLOOD_ENDED] = {{"告警数量恢复正常", "The flood of alarms is over"}},
    [EVENT_ACCESS_GRANTED] = {{"{place}：刷卡通过", "{place}: access granted"}},
    [EVENT_ACCESS_DENIED] = {{"{place}：刷卡被拒", "{place}: access denied"}},
    [EVENT_PATROL_CHECKPOINT] = {{"{place}：巡更打卡", "{place}: patrol checkpoint"}},
    [EVENT_SYSTEM_STARTED] = {{"网关已启动", "Gateway started"}},
    [EVENT_SYSTEM_CONFIG_CHANGED] = {{"站点配置已采用，现已生效",
                                      "The site file was taken and is in force"}},
    [EVENT_SYSTEM_CONFIG_REFUSED] =
        {{"站点配置文件有误，未被采用，原配置继续有效；请运行 tocsin check 查看原因，改正后重新加载",
          "The site file is wrong and was not taken; the site before it stays in force: `tocsin check` "
          "says why; mend it, then reload"}},
    [EVENT_SYSTEM_WALK_TEST_DUE] =
        {{"{place}：有 {count} 个按钮或探测器逾期未做步行测试，请开始测试并逐个触发",
          "{place}: walk test due, {count} buttons or detectors were not tested in time; begin a test "
          "and trip each"}},
    [EVENT_SYSTEM_CLOCK_STEPPED] = {{"系统时钟被调整 {step} 秒", "Clock stepped by {step} s"}},
};

/* Which certificate it is, and who renews it how. */
static const struct event_words certificate_names[CERTIFICATE_COUNT] = {
    [CERTIFICATE_OURS] = {{"本网关的证书", "The certificate of this gateway"}},
    [CERTIFICATE_AUTHORITY] = {{"所信任的颁发机构（CA）的证书",
                                "The certificate of the authority (CA) that is trusted"}},
    [CERTIFICATE_BROKER] = {{"消息代理的证书", "The certificate of the broker"}},
};

static const struct event_words certificate_renewals[CERTIFICATE_COUNT] = {
    [CERTIFICATE_OURS] = {{"换上新的证书和密钥文件（站点文件中的 cert 和 key）",
                           "Put a new certificate and its key into the files of `cert` and `key`"}},
    [CERTIFICATE_AUTHORITY] = {{"把接替的 CA 证书加入 ca 文件",
                                "Add the certificate of its successor to the file of `ca`"}},
    [CERTIFICATE_BROKER] = {{"请消息代理的管理员更换证书",
                             "Have whoever runs the broker renew its certificate there"}},
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

/*
 * The point that the words are about: that of the alarm, or of the activity. An alarm of a place is of
 * no point: which of them spoke last stands beside the text, and is not kept with the alarm.
 */
static uint32_t event_point(const struct event_view *view) {
    if (view->alarm == NULL) {
        return view->event->point;
    }
    return view->alarm->entity_kind == ENTITY_POINT ? view->alarm->entity : RULESET_NONE;
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
    uint32_t point = event_point(view);
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

static void event_fill_webhook(const struct event_view *view, struct text *text) {
    if (view->alarm == NULL || view->alarm->entity_kind != ENTITY_LISTENER) {
        return;
    }
    const struct site_webhook *row = &view->site->webhooks[view->alarm->entity];
    char words[AUDIENCE_WORDS_SIZE];
    audience_words(view->site, (enum chain_to)row->to, row->receiver, view->language, words);
    text_add(text, words);
}

static void event_fill_certificate_words(const struct event_view *view, struct text *text,
                                         const struct event_words words[CERTIFICATE_COUNT]) {
    if (view->alarm != NULL && view->alarm->entity_kind == ENTITY_CERTIFICATE) {
        text_add(text, words[view->alarm->entity].words[view->language]);
    }
}

static void event_fill_certificate(const struct event_view *view, struct text *text) {
    event_fill_certificate_words(view, text, certificate_names);
}

static void event_fill_renewal(const struct event_view *view, struct text *text) {
    event_fill_certificate_words(view, text, certificate_renewals);
}

/* The day on which a certificate ends. */
static void event_fill_day(const struct event_view *view, struct text *text) {
    char day[CLOCK_TEXT_SIZE];
    if (!(view->event->value > 0)) {
        text_add(text, "?");
        return;
    }
    clock_format((struct wall){(int64_t)view->event->value * (int64_t)NS_PER_S}, day);
    text_add_bytes(text, day, strlen("2026-11-22"));
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
    {"{place}", event_fill_place},     {"{value}", event_fill_value},
    {"{unit}", event_fill_unit},       {"{point}", event_fill_point},
    {"{since}", event_fill_since},     {"{device}", event_fill_device},
    {"{count}", event_fill_count},     {"{component}", event_fill_component},
    {"{rule}", event_fill_rule},       {"{step}", event_fill_step},
    {"{webhook}", event_fill_webhook}, {"{certificate}", event_fill_certificate},
    {"{renewal}", event_fill_renewal}, {"{day}", event_fill_day},
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

/* Is it about a reader whose last card was understood, and is of another time than now, or of no known one? */
static bool event_is_of_clock(const struct event_view *view) {
    const struct ruleset *ruleset = &view->site->ruleset;
    if (ruleset->rules[view->alarm->rule].builtin != BUILTIN_SENSOR_FAULT) {
        return false;
    }
    uint16_t kind = ruleset->points[view->alarm->entity].kind;
    return view->event->axes.active && quality_usable(view->event->quality) &&
           point_kind_facts((enum point_kind)kind)->form == POINT_FORM_EVENT;
}

/* The site's own words for a text of the rule, or the product's. */
static const char *event_words(const struct event_view *view, struct site_name own,
                               const struct event_words builtin[BUILTIN_COUNT],
                               const struct event_words *of_clock) {
    const char *words = site_name_text(view->site, own, view->language);
    if (*words == '\0') {
        uint8_t which = view->site->ruleset.rules[view->alarm->rule].builtin;
        const struct event_words *own_words = event_is_of_clock(view) ? of_clock : &builtin[which];
        words = own_words->words[view->language];
    }
    return words != NULL ? words : "";
}

void event_text_message(const struct site *site, const struct core_event *event, struct wall raised,
                        enum site_language language, char ret[EVENT_TEXT_SIZE]) {
    struct event_view view = event_view(site, event, raised, language);
    const char *words = view.alarm != NULL
                            ? event_words(&view, site->rules[view.alarm->rule].message,
                                          builtin_messages, &clock_message)
                            : activity_messages[event->type].words[language];
    event_expand(&view, words != NULL ? words : "", ret);
}

void event_text_loss(const struct site *site, const struct event_loss *loss,
                     enum site_language language, char ret[EVENT_TEXT_SIZE]) {
    char name[PROCESS_NAME_SIZE];
    char how[LOSS_TEXT_SIZE];
    bool chinese = language == LANGUAGE_ZH;
    double gone_s = (double)loss->gone_ns / (double)NS_PER_S;
    site_component_name(site, loss->component, name, sizeof name);
    loss_text(loss->end, loss->code, chinese, how);
    if (loss->component == site_component_engine(site)) {
        (void)snprintf(
            ret, EVENT_TEXT_SIZE,
            chinese ? "网关进程 %s 中断了 %.1f 秒（%s），其间没有判定任何告警，收到的数据现在补判"
                    : "Gateway process %s was gone for %.1f s (%s): no alarm was decided "
                      "meanwhile, what was read is decided now",
            name, gone_s, how);
        return;
    }
    (void)snprintf(ret, EVENT_TEXT_SIZE,
                   chinese
                       ? "网关进程 %s 在 %.1f 秒前中断（%s），当时引擎也不在"
                       : "Gateway process %s was lost %.1f s ago (%s), while the engine was gone "
                         "as well",
                   name, gone_s, how);
}

void event_text_response(const struct site *site, const struct core_event *event,
                         struct wall raised, enum site_language language,
                         char ret[EVENT_TEXT_SIZE]) {
    struct event_view view = event_view(site, event, raised, language);
    ret[0] = '\0';
    if (view.alarm != NULL) {
        event_expand(&view,
                     event_words(&view, site->rules[view.alarm->rule].response, builtin_responses,
                                 &clock_response),
                     ret);
    }
}
