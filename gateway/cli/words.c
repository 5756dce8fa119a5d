/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/words.h"

#include <stdio.h>
#include <string.h>

struct word {
    const char *name;
    const char *zh;
    const char *en;
};

static const struct word priorities[] = {
    {"emergency", "紧急", "EMERGENCY"}, {"urgent", "加急", "urgent"},
    {"high", "重要", "high"},           {"low", "一般", "low"},
    {"journal", "记录", "-"},
};

static const struct word states[] = {
    {"normal", "正常", "normal"},
    {"pending", "待定", "pending"},
    {"unacknowledged", "未确认", "unacknowledged"},
    {"acknowledged", "已确认", "acknowledged"},
    {"returned_unacked", "已恢复·未确认", "over, unacknowledged"},
    {"returned_acked", "已恢复·已确认", "over, acknowledged"},
    {"latched_unacked", "已恢复·锁存·未确认", "over, latched, unacknowledged"},
    {"latched_acked", "已恢复·锁存·待复位", "over, latched, to be reset"},
};

/* What an alarm's state carries beside its name, in the order in which it is said. */
static const struct word marks[] = {
    {"out_of_service", "停用", "out of service"},
    {"by_design", "已抑制", "suppressed"},
    {"shelved", "搁置", "shelved"},
    {"silenced", "已消音", "silenced"},
    {"test", "测试", "test"},
    {"chattering", "频繁", "chattering"},
};

static const struct word events[] = {
    {"alarm.raised", "报警", "raised"},
    {"alarm.reraised", "再次报警", "raised again"},
    {"alarm.acknowledged", "已确认", "acknowledged"},
    {"alarm.realarmed", "重新报警", "calls again"},
    {"alarm.attended", "已到场", "attended"},
    {"alarm.investigated", "已核实", "investigated"},
    {"alarm.silenced", "已消音", "silenced"},
    {"alarm.unsilenced", "恢复声音", "sound on again"},
    {"alarm.shelved", "已搁置", "shelved"},
    {"alarm.unshelved", "取消搁置", "unshelved"},
    {"alarm.out_of_service", "已停用", "out of service"},
    {"alarm.in_service", "恢复使用", "in service"},
    {"alarm.suppressed", "已抑制", "suppressed"},
    {"alarm.unsuppressed", "取消抑制", "unsuppressed"},
    {"alarm.cleared", "已恢复", "cleared"},
    {"alarm.reset", "已复位", "reset"},
    {"alarm.disposed", "处置结论", "disposition"},
    {"alarm.closed", "已关闭", "closed"},
    {"alarm.escalated", "升级通知", "escalated"},
    {"test.begun", "测试开始", "test begun"},
    {"test.tripped", "测试触发", "tested"},
    {"test.untested", "未测试", "not tested"},
    {"test.ended", "测试结束", "test ended"},
    {"flood.begun", "告警泛滥", "alarm flood"},
    {"flood.ended", "泛滥结束", "flood over"},
    {"access.granted", "准许通行", "access granted"},
    {"access.denied", "拒绝通行", "access denied"},
    {"patrol.checkpoint", "巡更打卡", "checkpoint"},
    {"system.started", "网关启动", "gateway started"},
    {"system.clock_stepped", "时钟校正", "clock stepped"},
    {"system.config_changed", "配置变更", "site changed"},
    {"system.config_refused", "配置未采用", "site refused"},
    {"system.walk_test_due", "步行测试到期", "walk test due"},
};

static const struct word qualities[] = {
    {"good", "正常", "good"},
    {"uncertain", "存疑", "uncertain"},
    {"stale", "过期", "stale"},
    {"fault", "故障", "fault"},
    {"out_of_service", "停用", "out of service"},
};

static const struct word presences[] = {
    {"present", "在线", "present"},
    {"away", "离线", "away"},
    {"silent", "无响应", "silent"},
    {"syncing", "同步中", "syncing"},
    {"lost", "丢失", "lost"},
    {"unknown", "未知", "unknown"},
    {"connected", "已连接", "connected"},
    {"ok", "正常", "ok"},
    {"degraded", "降级", "degraded"},
    {"failed", "故障", "failed"},
};

#define WORDS_FIND(reader, table, name)                                                            \
    words_find((reader), (table), sizeof(table) / sizeof *(table), (name))

static const char *words_find(const struct reader *reader, const struct word *words, size_t count,
                              const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].name, name) == 0) {
            return reader_text(reader, words[i].zh, words[i].en);
        }
    }
    return name;
}

const char *words_priority(const struct reader *reader, const char *name) {
    return WORDS_FIND(reader, priorities, name);
}

enum tone words_priority_tone(const char *name) {
    if (strcmp(name, "emergency") == 0) {
        return TONE_DANGER;
    }
    if (strcmp(name, "urgent") == 0 || strcmp(name, "high") == 0) {
        return TONE_WARNING;
    }
    return strcmp(name, "low") == 0 ? TONE_NOTICE : TONE_DIM;
}

const char *words_state(const struct reader *reader, const char *name) {
    return WORDS_FIND(reader, states, name);
}

void words_marks(const struct reader *reader, const json_t *state, char *ret, size_t size) {
    size_t len = strlen(ret);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (json_is_true(json_object_get(state, marks[i].name)) && len < size) {
            len += (size_t)snprintf(ret + len, size - len, "%s%s", reader_text(reader, "·", ", "),
                                    reader_text(reader, marks[i].zh, marks[i].en));
        }
    }
}

const char *words_event(const struct reader *reader, const char *type) {
    return WORDS_FIND(reader, events, type);
}

const char *words_quality(const struct reader *reader, const char *name) {
    return WORDS_FIND(reader, qualities, name);
}

const char *words_presence(const struct reader *reader, const char *name) {
    return WORDS_FIND(reader, presences, name);
}
