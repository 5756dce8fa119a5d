/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_CHAT_H
#define GATEWAY_UPLINK_CHAT_H

/*
 * Robots of group chats, as their makers describe them: a webhook's `format`
 *
 *                wecom 企业微信             dingtalk 钉钉                       feishu 飞书
 *     token      ?key=TOKEN                 ?access_token=TOKEN                 /TOKEN
 *     message    {"msgtype":"text","text":{"content":…}}  (both)                {"msg_type":"text","content":{"text":…}}
 *     signed     has none                   &timestamp=ms&sign=…                "timestamp":"s","sign":…
 *     HMAC       –                          key: secret, of "ms\nsecret"        key: "s\nsecret", of nothing
 *     taken      "errcode":0                "errcode":0                         "code":0, before 2023 "StatusCode":0
 *     too often  45009                      130101, 90030                       11232, 99991400
 *     bounds     2,048 bytes, 20 a minute   20 a minute, else shut for 10 min   20 KB, 100 a minute and 5 a second
 *
 * All HMAC are SHA-256, in base64. The status is 200 whatever has become of the message: only the body
 * tells, so that anything which is not clearly taken is not. All functions are pure but for memory.
 *
 * Read in: developer.work.weixin.qq.com/document/path/91770 (wecom), the chapters on access and security
 * of custom robots at open.dingtalk.com (dingtalk), open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
 * and …/server-docs/api-call-guide/frequency-control (feishu). DingTalk names no bound for a text: the
 * least of the others serves for all.
 */

#include <stddef.h>

#include "gateway/secret_file.h"
#include "gateway/site.h"
#include "rules/instant.h"

enum {
    /* Most bytes of a message's text. */
    CHAT_TEXT_MAX = 2048,
    /* An answer is read so far; a longer one is none of theirs. */
    CHAT_ANSWER_MAX = 4096,
    CHAT_REASON_SIZE = 128,
};

/* Is the webhook one of these? */
bool chat_is(enum site_format format);

/* Where a message is posted, to be freed and wiped; `secret` NULL: not signed. NULL without memory. */
char *chat_url(enum site_format format, const char *url, const char *token,
               const struct secret_shared *secret, struct wall wall);

/* What is posted, to be freed. NULL without memory, or when the text is no UTF-8. */
char *chat_body(enum site_format format, const char *text, const struct secret_shared *secret,
                struct wall wall);

enum chat_verdict {
    CHAT_TAKEN,
    CHAT_REFUSED, /* or not understood: it will not be better for being sent at once again */
    CHAT_LIMITED, /* too many messages: it takes none for a while */
};

/*
 * What has become of a message, by the status and the bytes of the answer; `ret_reason` says in words
 * why it was not taken.
 */
enum chat_verdict chat_judge(enum site_format format, long status, const char *answer, size_t size,
                             char ret_reason[CHAT_REASON_SIZE]);

#endif
