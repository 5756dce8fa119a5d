/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/field/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/log.h"

enum { REPORT_PLACES_NAMED = 3 };

/* What the log remembers of one device. */
struct report_device {
    uint64_t lost_ns; /* when it was lost, real time; 0 while it answers or was never lost */
    struct log_limiter limiters[SENSOR_NOTE_KIND_COUNT];
};

struct report {
    const struct site *site;
    struct report_device *devices;
};

int report_new(const struct site *site, struct report **ret_report) {
    struct report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        return err_origin(-ENOMEM);
    }
    report->site = site;
    report->devices = calloc((size_t)site->ruleset.device_count + 1, sizeof *report->devices);
    if (report->devices == NULL) {
        free(report);
        return err_origin(-ENOMEM);
    }
    *ret_report = report;
    return 0;
}

struct report *report_free(struct report *report) {
    if (report != NULL) {
        free(report->devices);
        free(report);
    }
    return NULL;
}

void report_reason(const struct sensor_note *note, char ret[REPORT_REASON_SIZE]) {
    const char *cause = sensor_cause_text(note->cause);
    bool detail_alone = note->cause == SENSOR_CAUSE_NONE || note->cause == SENSOR_CAUSE_TIMEOUT;
    if (note->detail[0] == '\0' || detail_alone) {
        (void)snprintf(ret, REPORT_REASON_SIZE, "%s",
                       note->detail[0] == '\0' ? cause : note->detail);
    } else {
        (void)snprintf(ret, REPORT_REASON_SIZE, "%s (%.80s)", cause, note->detail);
    }
}

/* Append to `text` of `size` bytes; what does not fit is cut. */
static void report_append(char *text, size_t size, const char *before, const char *word) {
    size_t len = strlen(text);
    (void)snprintf(text + len, size - len, "%s%s", before, word);
}

/* "15 points in care/day-care, care/dining, care/rehab and 5 more places". */
static void report_places(const struct report *report, uint32_t device, const char *what, char *ret,
                          size_t size) {
    const struct site *site = report->site;
    const char *named[REPORT_PLACES_NAMED];
    uint32_t points = 0, places = 0, last_place = RULESET_NONE;
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        const struct ruleset_point *point = &site->ruleset.points[i];
        if (point->device != device || site->points[i].output != 0) {
            continue;
        }
        points++;
        if (point->place != last_place) { /* points stand sorted by place */
            last_place = point->place;
            if (places < REPORT_PLACES_NAMED) {
                named[places] = site_text(site, site->places[last_place].id);
            }
            places++;
        }
    }
    (void)snprintf(ret, size, "%u %s %s in ", points, points == 1 ? "point" : "points", what);
    for (uint32_t i = 0; i < places && i < REPORT_PLACES_NAMED; i++) {
        report_append(ret, size, i == 0 ? "" : ", ", named[i]);
    }
    if (places > REPORT_PLACES_NAMED) {
        char more[48];
        (void)snprintf(more, sizeof more, "%u more %s", places - REPORT_PLACES_NAMED,
                       places - REPORT_PLACES_NAMED == 1 ? "place" : "places");
        report_append(ret, size, " and ", more);
    }
}

static void report_state(struct report *report, const struct sensor_note *note) {
    struct report_device *device = &report->devices[note->device];
    const char *id = site_text(report->site, report->site->devices[note->device].id);
    char reason[REPORT_REASON_SIZE], quoted[2 * REPORT_REASON_SIZE], effect[400];
    if (note->kind == SENSOR_DEVICE_LOST) {
        device->lost_ns = clock_real_ns();
        report_reason(note, reason);
        report_places(report, note->device, "stale", effect, sizeof effect);
        log_line(LOG_WARNING, "device_lost", "device=%s reason=%s effect=\"%s\"", id,
                 log_quote(reason, quoted, sizeof quoted), effect);
        return;
    }
    report_places(report, note->device, "watched", effect, sizeof effect);
    if (device->lost_ns == 0) {
        log_line(LOG_INFO, "device_answers", "device=%s effect=\"%s\"", id, effect);
        return;
    }
    uint64_t outage_ms = (clock_real_ns() - device->lost_ns) / NS_PER_MS;
    log_line(LOG_NOTICE, "device_regained", "device=%s outage_ms=%llu effect=\"%s\"", id,
             (unsigned long long)outage_ms, effect);
    device->lost_ns = 0;
}

/* What a failure that is not a loss means for those who watch. */
static const struct {
    const char *event;
    const char *effect;
} words[SENSOR_NOTE_KIND_COUNT] = {
    [SENSOR_ANSWER_REFUSED] = {"answer_refused", "thrown away; the last good values stand"},
    [SENSOR_VALUE_REFUSED] = {"value_refused", "the point is in fault until it has a good value"},
    [SENSOR_MOMENT_DOUBTED] = {"moment_doubted",
                               "recorded, but it excuses no door and attends no call, and the "
                               "point is in fault until its next that is of now: set the reader's "
                               "clock, or take time: off the point"},
    [SENSOR_TOPIC_CROWDED] = {"topic_crowded",
                              "of this topic only the oldest that waited and its newest are taken; "
                              "find out why it publishes so much; others are taken as before"},
    [SENSOR_OUTPUT_FAILED] = {"output_failed",
                              "it may not sound or light; tried again each second"},
    [SENSOR_RETIRED_FAILED] = {"retired_output_failed",
                               "it was taken out of the site and may still be on: switch it off by "
                               "hand; tried again meanwhile"},
};

static void report_failure(struct report *report, const struct sensor_note *note,
                           uint64_t replaced) {
    struct log_limiter *limiter = &report->devices[note->device].limiters[note->kind];
    uint64_t kept_back;
    if (!log_permit(limiter, &kept_back)) {
        limiter->kept_back += replaced;
        return;
    }
    const struct site *site = report->site;
    const char *device = site_text(site, site->devices[note->device].id);
    bool published = site->buses[site->devices[note->device].bus].kind == SITE_BUS_MQTT;
    /* An answer of a polled device is about many points; a message is about its topic. */
    bool has_point =
        published || (note->kind != SENSOR_ANSWER_REFUSED && note->kind != SENSOR_RETIRED_FAILED);
    const char *point = has_point ? site_text(site, site->points[note->point].id) : "-";
    const char *topic = published ? site_text(site, site->points[note->point].mqtt_topic) : "";
    char reason[REPORT_REASON_SIZE], quoted[2 * REPORT_REASON_SIZE], quoted_topic[256];
    report_reason(note, reason);
    log_line(LOG_WARNING, words[note->kind].event,
             "device=%s point=%s%s%s reason=%s kept_back=%llu effect=\"%s\"", device, point,
             published ? " topic=" : "",
             published ? log_quote(topic, quoted_topic, sizeof quoted_topic) : "",
             log_quote(reason, quoted, sizeof quoted), (unsigned long long)(kept_back + replaced),
             words[note->kind].effect);
}

void report_note(struct report *report, const struct sensor_note *note, uint64_t replaced) {
    if (note->kind == SENSOR_DEVICE_LOST || note->kind == SENSOR_DEVICE_ANSWERS) {
        report_state(report, note);
    } else if (note->kind != SENSOR_RETIRED_RESTED) { /* whoever keeps the list tells of that */
        report_failure(report, note, replaced);
    }
}
