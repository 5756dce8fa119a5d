/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/losses.h"

#include <assert.h>
#include <stdio.h>

#include "gateway/process.h"

void losses_add(struct losses *losses, const struct loss *loss) {
    if (losses->count == LOSSES_MAX) {
        losses->list[LOSSES_MAX - 1] = *loss;
        losses->displaced++;
        return;
    }
    losses->list[losses->count++] = *loss;
}

/* Those that ended until `until_ns` are over; of the engine's own only if it has `recorded` them. */
static void losses_forget(struct losses *losses, uint64_t until_ns, bool recorded) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < losses->count; i++) {
        const struct loss *loss = &losses->list[i];
        bool over = loss->ended_ns <= until_ns && (recorded || loss->role != PROCESS_ENGINE);
        if (!over) {
            losses->list[kept++] = *loss;
        }
    }
    losses->count = kept;
    losses->displaced = kept == 0 ? 0 : losses->displaced;
}

void losses_recorded(struct losses *losses, uint64_t until_ns) {
    losses_forget(losses, until_ns, true);
}

void losses_seen(struct losses *losses, uint64_t until_ns) {
    losses_forget(losses, until_ns, false);
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
