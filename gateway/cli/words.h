/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_WORDS_H
#define GATEWAY_CLI_WORDS_H

/*
 * Words for people
 *
 * What the API calls `latched_acked` or `alarm.raised`, in the reader's language. A word that is
 * not in the tables (of a newer gateway) is shown as it is.
 */

#include "gateway/cli/reader.h"

const char *words_priority(const struct reader *reader, const char *name);
enum tone words_priority_tone(const char *name);

/* Of an alarm: its `state_name`. */
const char *words_state(const struct reader *reader, const char *name);

/* Append to `ret` what the state of an alarm carries beside its name: shelved, silenced, a test … */
void words_marks(const struct reader *reader, const json_t *state, char *ret, size_t size);

/* Of an event: its type without the prefix "tocsin.". */
const char *words_event(const struct reader *reader, const char *type);

/* Whom a step of a chain tells: "role caregiver" … Written into `ret`. */
void words_receiver(const struct reader *reader, const char *to, char *ret, size_t size);

/* An output's kind, a role, and what an alarm turned out to be. */
const char *words_output(const struct reader *reader, const char *name);
const char *words_role(const struct reader *reader, const char *name);
const char *words_disposition(const struct reader *reader, const char *name);

/* Who acted: "wang (engineer, local)". Written into `ret`. */
void words_actor(const struct reader *reader, const char *actor, char *ret, size_t size);

const char *words_quality(const struct reader *reader, const char *name);

/* Of the engine, a component, the journal or the uplink. */
const char *words_presence(const struct reader *reader, const char *name);

#endif
