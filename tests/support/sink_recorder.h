/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SINK_RECORDER_H
#define TESTS_SUPPORT_SINK_RECORDER_H

/*
 * Sink recorder: a sink that remembers, and lets a test wait for what it expects
 *
 * Every wait ends when its condition holds, or fails the test after RECORDER_DEADLINE_S: no test
 * sleeps for luck, and none depends on how fast the machine is.
 */
#include <stddef.h>

#include "sensors/driver.h"

enum { RECORDER_DEADLINE_S = 60 };

struct sink_recorder;

struct sink_recorder *recorder_new(void);
void recorder_free(struct sink_recorder *recorder);
struct sensor_sink recorder_sink(struct sink_recorder *recorder);

/* How many readings, heartbeats of a device, notes of a kind there were. */
size_t recorder_readings(struct sink_recorder *recorder);
uint64_t recorder_heartbeats(struct sink_recorder *recorder, uint32_t device);
size_t recorder_notes(struct sink_recorder *recorder, enum sensor_note_kind kind);

/* The reading at a place in the order of arrival. */
struct reading recorder_reading(struct sink_recorder *recorder, size_t index);

/* Was there ever a reading of this value? */
bool recorder_saw_value(struct sink_recorder *recorder, double value);

/* Wait for a reading of `point` with this quality and value, at place `from` or later; its place.
 */
size_t recorder_await_reading(struct sink_recorder *recorder, size_t from, uint32_t point,
                              enum quality quality, double value);

/* Wait until `device` has had `count` heartbeats in all. */
void recorder_await_heartbeats(struct sink_recorder *recorder, uint32_t device, uint64_t count);

/* Wait for the `count`th note of a kind; returns it. */
struct sensor_note recorder_await_note(struct sink_recorder *recorder, enum sensor_note_kind kind,
                                       size_t count);

/* Wait until `holds` says so; looked at after every call of the sink and each 5 ms. */
void recorder_await(struct sink_recorder *recorder, bool (*holds)(void *context), void *context,
                    const char *what);

#endif
