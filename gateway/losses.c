/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/losses.h"

#include <assert.h>
#include <stdio.h>

void losses_add(struct losses *losses, const struct loss *loss) {
    if (losses->count == LOSSES_MAX) {
        losses->displaced++;
        losses->count--;
    }
    losses->list[losses->count] = *loss;
    losses->list[losses->count++].serial = ++losses->newest;
}

void losses_recorded(struct losses *losses, uint64_t serial) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < losses->count; i++) {
        if (losses->list[i].serial > serial) {
            losses->list[kept++] = losses->list[i];
        }
    }
    losses->count = kept;
    losses->displaced = kept == 0 ? 0 : losses->displaced;
}

void loss_text(enum loss_end end, uint32_t code, bool chinese, char ret[LOSS_TEXT_SIZE]) {
    ret[0] = '\0';
    switch (end) {
    case LOSS_KILLED:
        (void)snprintf(ret, LOSS_TEXT_SIZE, chinese ? "被信号 %u 终止" : "killed by signal %u",
                       code);
        return;
    case LOSS_EXITED:
        (void)snprintf(ret, LOSS_TEXT_SIZE, chinese ? "以代码 %u 退出" : "exited with %u", code);
        return;
    case LOSS_HUNG:
        (void)snprintf(ret, LOSS_TEXT_SIZE, "%s",
                       chinese ? "停止响应后被终止" : "did not answer and was killed");
        return;
    case LOSS_NOT_STARTED:
        (void)snprintf(ret, LOSS_TEXT_SIZE, "%s", chinese ? "无法启动" : "could not be started");
        return;
    case LOSS_UNKNOWN:
    case LOSS_END_COUNT:
        return;
    }
    assert(false && "an end of no kind");
}
