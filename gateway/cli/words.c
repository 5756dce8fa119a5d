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
    {"journal", "记录", "journal"},
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
    {"alarm.raised", "告警", "alarm raised"},
    {"alarm.reraised", "再次告警", "raised again"},
    {"alarm.acknowledged", "已确认", "acknowledged"},
    {"alarm.realarmed", "重新告警", "calls again"},
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
    {"alarm.cleared", "信号消失", "signal gone"},
    {"alarm.reset", "已复位", "reset"},
    {"alarm.disposed", "处置结论", "result stated"},
    {"alarm.closed", "已结束", "closed"},
    {"alarm.escalated", "已通知", "people called"},
    {"test.begun", "测试开始", "test begun"},
    {"test.tripped", "测试触发", "tripped in test"},
    {"test.untested", "未测试", "not tested"},
    {"test.ended", "测试结束", "test ended"},
    {"flood.begun", "告警泛滥", "alarm flood"},
    {"flood.ended", "泛滥结束", "flood over"},
    {"access.granted", "允许通行", "access granted"},
    {"access.denied", "拒绝通行", "access denied"},
    {"patrol.checkpoint", "巡更打卡", "checkpoint"},
    {"system.started", "网关启动", "gateway started"},
    {"system.clock_stepped", "时钟调整", "clock stepped"},
    {"system.config_changed", "配置变更", "site changed"},
    {"system.config_refused", "配置未采用", "site refused"},
    {"system.walk_test_due", "步行测试到期", "walk test due"},
    {"shift.taken_over", "接班", "taken over"},
    {"system.user_changed", "用户变更", "user changed"},
    {"system.sign_in_held_up", "登录被放慢", "sign-in held up"},
};

static const struct word roles[] = {
    {"caregiver", "护理员", "caregiver"}, {"security", "安保", "security"},
    {"manager", "经理", "manager"},       {"engineer", "工程师", "engineer"},
    {"auditor", "审计员", "auditor"},
};

static const struct word outputs[] = {
    {"sounder", "声报警器", "sounder"},
    {"beacon", "警示灯", "beacon"},
    {"call_lamp", "呼叫灯", "call lamp"},
    {"door_release", "门锁释放", "door release"},
};

static const struct word dispositions[] = {
    {"unstated", "未说明", "not stated"},
    {"genuine", "属实", "genuine"},
    {"equipment", "设备故障", "equipment fault"},
    {"misuse", "误操作", "by mistake"},
    {"test", "测试", "test"},
    {"drill", "演练", "drill"},
    {"duplicate", "重复", "duplicate"},
    {"no_answer", "无人应答", "no answer"},
    {"real", "属实", "real"},
    {"false", "不属实", "false"},
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
    {"refusing", "已连接，但不收取全部事件", "connected, but does not take all events"},
    {"none", "未配置", "not configured"},
    {"ok", "正常", "ok"},
    {"refused", "站点文件有误，未被采用", "the site file is wrong and not in force"},
    {"degraded", "降级", "degraded"},
    {"gaps", "有缺失", "has gaps"},
    {"nothing", "未录制", "nothing is recorded"},
    {"unsigned", "在记录，但检查点未能签名", "records, but cannot sign its checkpoints"},
    {"failed", "故障", "failed"},
    {"open", "可访问", "open"},
    {"ending_certificate", "证书即将到期或已到期", "its certificate ends soon, or has ended"},
    {"old_certificate", "新证书无法使用，沿用旧证书",
     "shows the certificate before: the new one is of no use"},
    {"unknown_certificate", "浏览器会警告证书未知",
     "browsers warn: they do not know its certificate"},
    {"closed", "浏览器无法访问", "no browser can open it"},
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

const char *words_output(const struct reader *reader, const char *name) {
    return WORDS_FIND(reader, outputs, name);
}

const char *words_role(const struct reader *reader, const char *name) {
    return WORDS_FIND(reader, roles, name);
}

const char *words_disposition(const struct reader *reader, const char *name) {
    return WORDS_FIND(reader, dispositions, name);
}

void words_receiver(const struct reader *reader, const char *to, char *ret, size_t size) {
    bool role = strncmp(to, "role ", 5) == 0;
    bool shift = strncmp(to, "shift ", 6) == 0;
    if (role) {
        (void)snprintf(ret, size, "%s%s", reader_text(reader, "角色", "role "),
                       words_role(reader, to + 5));
    } else if (shift) {
        (void)snprintf(ret, size, "%s%s", reader_text(reader, "班次 ", "shift "), to + 6);
    } else if (strcmp(to, "everyone") == 0) {
        (void)snprintf(ret, size, "%s", reader_text(reader, "所有人", "everyone"));
    } else {
        (void)snprintf(ret, size, "%s", to);
    }
}

void words_actor(const struct reader *reader, const char *actor, char *ret, size_t size) {
    static const char local[] = ", local)";
    const char *open = strrchr(actor, '(');
    const char *end = open == NULL ? NULL : strstr(open, local);
    char role[32];
    (void)snprintf(ret, size, "%s", actor);
    if (reader->language == LANGUAGE_ZH && open > actor && end != NULL &&
        (size_t)(end - open) <= sizeof role && end[sizeof local - 1] == '\0') {
        (void)snprintf(role, sizeof role, "%.*s", (int)(end - open - 1), open + 1);
        (void)snprintf(ret, size, "%.*s（%s，本机）", (int)(open - 1 - actor), actor,
                       words_role(reader, role));
    }
}

const char *words_quality(const struct reader *reader, const char *name) {
    return WORDS_FIND(reader, qualities, name);
}

const char *words_presence(const struct reader *reader, const char *name) {
    return WORDS_FIND(reader, presences, name);
}
