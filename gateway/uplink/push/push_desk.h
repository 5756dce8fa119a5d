/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_PUSH_PUSH_DESK_H
#define GATEWAY_UPLINK_PUSH_PUSH_DESK_H

/*
 * What the console asks about phones, and what it is told
 */

#include "gateway/uplink/push/push.h"
#include "gateway/wire.h"

/* Do what is asked; the answer's size is in its header. Nothing in the message is believed. */
void push_answer(struct push *push, const struct wire_push *message, struct wire_push_result *ret);

#endif
