/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_audit_text.h"

#include <inttypes.h>

#include "gateway/clock.h"
#include "gateway/hex.h"

enum { DAY_TEXT_SIZE = 32 };

/* The day of a seal as people write it, in UTC. */
static void audit_day(int64_t day, char ret[DAY_TEXT_SIZE]) {
    char text[CLOCK_TEXT_SIZE];
    clock_format((struct wall){day * 86400 * (int64_t)NS_PER_S}, text);
    (void)snprintf(ret, DAY_TEXT_SIZE, "%.10s", text);
}

/* Say what is wrong with the seals. */
static void audit_print_fault(const struct journal_audit *audit, bool zh, FILE *out) {
    const struct audit_seals *seals = &audit->seals;
    const struct journal_seal *seal = &seals->seal;
    char day[DAY_TEXT_SIZE];
    audit_day(seal->day, day);
    if (seals->fault != SEAL_ABSENT && seals->fault != SEAL_SOUND) {
        (void)fprintf(out,
                      zh ? "检查点 %" PRIu64 "（%s，至事件 %" PRIu64 "）："
                         : "checkpoint %" PRIu64 " of %s, up to event %" PRIu64 ": ",
                      seal->number, day, seal->seq);
    }
    switch (seals->fault) {
    case SEAL_SOUND:
        break;
    case SEAL_MISSING:
        (void)fprintf(out,
                      zh ? "它之前的检查点 %" PRIu64 " 至 %" PRIu64 " 缺失：已被删除\n"
                         : "checkpoints %" PRIu64 " to %" PRIu64
                           " before it are missing: they were removed\n",
                      seals->expected, seal->number - 1);
        break;
    case SEAL_FORGED:
        (void)fprintf(out, "%s",
                      zh ? "签名不符：它被改动过，或不属于本网关\n"
                         : "its signature does not fit: it was changed, or is not of this "
                           "gateway\n");
        break;
    case SEAL_STRANGER:
        (void)fprintf(out, "%s",
                      zh ? "由未知的密钥签名：若密钥更换过，请把旧公钥一并放入 --key 的文件；"
                           "否则它是伪造的\n"
                         : "it is signed with an unknown key: if the key was changed, put the "
                           "other public key into the file of --key, too; otherwise it is "
                           "made up\n");
        break;
    case SEAL_OTHER_HEAD:
        (void)fprintf(out, "%s",
                      zh ? "所签的摘要与日志不符：该事件或它之前的事件被改动过\n"
                         : "the journal has another digest there than was signed: events up "
                           "to it were changed, and the chain with them\n");
        break;
    case SEAL_CUT_OFF:
        (void)fprintf(out,
                      zh ? "日志却止于 %" PRIu64 "：末尾的事件被删除\n"
                         : "the journal ends at %" PRIu64 ": events at its end were removed\n",
                      audit->newest_seq);
        break;
    case SEAL_TAKEN:
        (void)fprintf(out, "%s",
                      zh ? "它是最新的检查点，日志中却没有：已被删除，或随损坏的文件丢失\n"
                         : "it is the newest by the file `checkpoint` and not in the journal: it "
                           "was removed, or lost with a damaged file\n");
        break;
    case SEAL_ABSENT:
        (void)fprintf(
            out,
            zh ? "本应每天签署一个检查点，最后一个（%" PRIu64
                 "）之后新的一天已有事件却没有：检查点被删除，或网关未能签名\n"
               : "a checkpoint is expected each day, and after the last one (%" PRIu64
                 ") there are events of a later day without: it was removed, or the gateway "
                 "could not sign\n",
            seals->count == 0 ? 0 : seal->number);
        break;
    }
}

/* What the seals prove, and what they do not. */
static void audit_print_seals(const struct journal_audit *audit, bool zh, FILE *out) {
    const struct audit_seals *seals = &audit->seals;
    char day[DAY_TEXT_SIZE];
    uint64_t unsigned_events = audit->unsigned_events;
    if (seals->count == 0) {
        (void)fprintf(out, "%s",
                      zh ? "没有检查点：能写入该文件的人可以重算全部摘要\n"
                         : "there is no checkpoint: whoever can write the file could compute all "
                           "digests anew\n");
        return;
    }
    if (seals->fault == SEAL_SOUND) {
        audit_day(seals->seal.day, day);
        (void)fprintf(out,
                      zh ? "检查点 %" PRIu64 " 个，最后一个是 %" PRIu64 "（%s，至事件 %" PRIu64
                           "），签名涵盖 %" PRIu64 " 条事件%s\n"
                         : "%" PRIu64 " checkpoints, the last is %" PRIu64
                           " of %s, up to event %" PRIu64 "; signed are %" PRIu64 " events%s\n",
                      seals->count, seals->seal.number, day, seals->seal.seq, seals->covered,
                      seals->keys_known ? ""
                      : zh              ? "；是否为本网关的密钥，须用 --key 核对"
                           : "; whether with the gateway's own key only --key can tell");
    }
    if (unsigned_events > 0) {
        (void)fprintf(out,
                      zh ? "尚未签名：事件 %" PRIu64 " 起共 %" PRIu64 " 条\n"
                         : "not signed yet: from event %" PRIu64 " on, %" PRIu64 " events\n",
                      audit->unsigned_seq, unsigned_events);
    }
    if (audit->events > seals->covered + unsigned_events) {
        (void)fprintf(out,
                      zh ? "另有 %" PRIu64 " 条没有检查点能证明\n"
                         : "%" PRIu64 " more events are proven by no checkpoint\n",
                      audit->events - seals->covered - unsigned_events);
    }
}

/* What is gone, and what was lost. */
static void audit_print_gone(const struct journal_audit *audit, bool zh, FILE *out) {
    if (audit->let_go > 0) {
        (void)fprintf(out,
                      zh ? "，其间 %" PRIu64 " 条已不再保存"
                         : "; %" PRIu64 " between them are no longer kept",
                      audit->let_go);
    }
    if (audit->gone_alarms > 0) {
        (void)fprintf(out,
                      zh ? "；不再保存的签名事件中 %" PRIu64 " 条属于告警"
                         : "; of the signed ones that are no longer kept %" PRIu64 " are of alarms",
                      audit->gone_alarms);
    }
    if (audit->lost > 0) {
        (void)fprintf(out,
                      zh ? "；因空间不足，曾有 %" PRIu64 " 条活动事件在外部全部收到之前被删除"
                         : "; for want of room %" PRIu64
                           " of activity went before everybody outside had them",
                      audit->lost);
    }
    (void)fprintf(out, "\n");
    if (audit->skipped > 0) {
        (void)fprintf(out,
                      zh ? "编号中有 %" PRIu64 " 个从未使用\n"
                         : "%" PRIu64 " numbers between them were never used\n",
                      audit->skipped);
    }
    if (audit->unproven > 0) {
        (void)fprintf(
            out,
            zh ? "有 %" PRIu64 " 处之前的记录随损坏的文件丢失，无法证明\n"
               : "in %" PRIu64
                 " places what stood before was lost with a damaged file and cannot be proven\n",
            audit->unproven);
    } else if (audit->noted > audit->lost_ends) {
        (void)fprintf(
            out,
            zh ? "曾从损坏的文件抢救记录，%" PRIu64
                 " 处之前的记录丢失；其后的检查点已签署现有内容\n"
               : "a damaged file was salvaged: in %" PRIu64
                 " places what stood before was lost; a checkpoint since has signed what is "
                 "here\n",
            audit->noted - audit->lost_ends);
    }
}

static void audit_print_digest(const unsigned char digest[JOURNAL_DIGEST_SIZE], FILE *out) {
    char text[2 * JOURNAL_DIGEST_SIZE + 1];
    hex_format(digest, JOURNAL_DIGEST_SIZE, text);
    (void)fprintf(out, "%s\n", text);
}

/* Say what is wrong with the events. */
static void audit_print_wrong(const struct journal_audit *audit, bool zh, FILE *out) {
    uint64_t seq = audit->fault_seq;
    switch (audit->fault) {
    case AUDIT_SOUND:
        break;
    case AUDIT_CHANGED:
        (void)fprintf(out,
                      zh ? "事件 %" PRIu64 " 与记录时不符：它或它之前的事件被改动过\n"
                         : "event %" PRIu64
                           " is not what was recorded: it, or what stood before it, was changed\n",
                      seq);
        break;
    case AUDIT_COLUMN:
        (void)fprintf(out,
                      zh ? "事件 %" PRIu64 " 的列 %s 与其正文不符：被改动过\n"
                         : "event %" PRIu64
                           " is not what was recorded: its column `%s` is not what its body says\n",
                      seq, audit->column);
        break;
    case AUDIT_REMOVED:
        (void)fprintf(
            out,
            zh ? "事件 %" PRIu64 " 缺失而更早的同类事件仍在：不是保存期所致，已被删除\n"
               : "event %" PRIu64
                 " is gone, and older ones of its kind are here: retention does not do that, "
                 "it was removed\n",
            seq);
        break;
    case AUDIT_EARLY:
        (void)fprintf(
            out,
            zh ? "告警事件 %" PRIu64 " 在一周之内即已缺失：不是保存期所致，已被删除\n"
               : "event %" PRIu64
                 ", of an alarm, is gone within a week: retention does not do that, it was "
                 "removed\n",
            seq);
        break;
    case AUDIT_OTHER:
        (void)fprintf(out,
                      zh ? "事件 %" PRIu64 " 至 %" PRIu64
                           " 与检查点所签不符：其中有事件被改动或删除，或随损坏的文件丢失\n"
                         : "events %" PRIu64 " to %" PRIu64
                           " are not those that their checkpoint has signed: some of them were "
                           "changed or removed, or lost with a damaged file\n",
                      seq, audit->fault_last);
        break;
    case AUDIT_LOST:
        (void)fprintf(out,
                      zh ? "事件 %" PRIu64 " 与 %" PRIu64
                           " 之间曾有当时最新的记录，现已不在：被删除，或随损坏的文件丢失\n"
                         : "events had been recorded between %" PRIu64 " and %" PRIu64
                           " and are not here: they were the newest then, and were removed or lost "
                           "with a damaged file\n",
                      seq, audit->fault_last);
        break;
    case AUDIT_UNPROVEN:
        (void)fprintf(
            out,
            zh ? "只有 %" PRIu64 " 处是抢救损坏文件时记下的：其余的被改动过\n"
               : "only %" PRIu64
                 " of these places were noted when a damaged file was salvaged: the others "
                 "were made up\n",
            audit->noted);
        break;
    case AUDIT_CUT_OFF:
        if (audit->confirmed > audit->newest_seq) {
            (void)fprintf(
                out,
                zh ? "外部已确认到 %" PRIu64 "，日志却止于 %" PRIu64 "：末尾的事件被删除\n"
                   : "up to %" PRIu64 " was confirmed outside, but the journal ends at %" PRIu64
                     ": events at its end were removed\n",
                audit->confirmed, audit->newest_seq);
        } else {
            (void)fprintf(out,
                          zh ? "文件 witness 记到 %" PRIu64 "，日志却止于 %" PRIu64
                               "：末尾的事件被删除或丢失\n"
                             : "the file `witness` knows of event %" PRIu64
                               ", but the journal ends at %" PRIu64
                               ": events at its end were removed or lost\n",
                          seq, audit->newest_seq);
        }
        break;
    }
}

bool journal_audit_print(const struct journal_audit *audit, enum site_language language,
                         FILE *out) {
    const bool zh = language == LANGUAGE_ZH;
    bool good = journal_audit_is_good(audit);
    (void)fprintf(out,
                  zh ? "事件 %" PRIu64 " 条，编号 %" PRIu64 " 至 %" PRIu64
                     : "%" PRIu64 " events, %" PRIu64 " to %" PRIu64,
                  audit->events, audit->first_seq, audit->newest_seq);
    audit_print_gone(audit, zh, out);
    audit_print_seals(audit, zh, out);
    audit_print_wrong(audit, zh, out);
    audit_print_fault(audit, zh, out);
    if (good) {
        (void)fprintf(out, "%s",
                      zh ? "与记录时一致；末条摘要 " : "all is as it was recorded; digest ");
        audit_print_digest(audit->digest, out);
    } else if (audit->fault == AUDIT_SOUND && audit->seals.fault == SEAL_SOUND) {
        (void)fprintf(out, "%s",
                      zh ? "其余与记录时一致，但并非全部可以证明\n"
                         : "the rest is as it was recorded, but not all of it can be proven\n");
    }
    return good;
}
