/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/sim_record.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/field/point_format.h"
#include "gateway/replay/tape_writer.h"
#include "gateway/zone.h"
#include "sensors/schedule.h"
#include "sensors/sim/sim_payload.h"
#include "sensors/sim/sim_scene.h"

#define HEARTBEAT_NS NS_PER_S

/* What the gateway was told of a point. */
struct record_point {
    bool told;
    uint8_t quality;
    double value;
    struct instant due; /* of one that is published: its state is told again */
};

struct record_device {
    bool well; /* it answers, and rightly */
    bool lost; /* … and the gateway has given it up */
    struct instant unwell;
    uint64_t patience_ns; /* until it is given up */
};

struct record {
    const struct site *site;
    const struct sim_conf *conf;
    struct sim_scene *scene; /* NULL while it is made: every point is shown then */
    struct tape_writer *writer;
    struct record_point *points;
    struct record_device *devices;
    struct instant now;
    bool over;
};

static void record_take(struct record *record, struct input input) {
    tape_writer_take(record->writer, record->now, &input);
}

/* ---- readings ---- */

/* Is it worth telling? As the driver sees it: dead bands are for numbers of polled points. */
static bool point_has_changed(const struct record *record, uint32_t point, enum quality quality,
                              double value) {
    const struct record_point *before = &record->points[point];
    if (!before->told || before->quality != quality) {
        return true;
    }
    double deadband =
        record->conf->points[point].encoding.truth ? 0 : point_deadband(record->site, point);
    return deadband > 0 ? fabs(value - before->value) >= deadband : value != before->value;
}

static void reading_take(struct record *record, uint32_t point, struct reading reading) {
    reading.point = point;
    record->points[point].told = true;
    record->points[point].quality = reading.quality;
    record->points[point].value = reading.value;
    record_take(record, (struct input){.kind = INPUT_READING, .reading = reading});
}

/* What the driver reads in the registers that hold `value`. */
static void polled_tell(struct record *record, uint32_t point, double value) {
    const struct sim_encoding *encoding = &record->conf->points[point].encoding;
    struct register_format format = point_format(record->site, point);
    uint16_t words[SIM_ENCODE_WORDS_MAX] = {0};
    uint8_t bytes[2 * SIM_ENCODE_WORDS_MAX];
    struct reading reading = {.measured = tape_writer_wall(record->writer, record->now)};
    (void)sim_encode(encoding, value, words); /* else it is at its end stop */
    for (uint32_t i = 0; i < SIM_ENCODE_WORDS_MAX; i++) {
        bytes[2 * i] = (uint8_t)(words[i] >> 8);
        bytes[2 * i + 1] = (uint8_t)words[i];
    }
    bool bit = encoding->table == SIM_TABLE_COIL || encoding->table == SIM_TABLE_DISCRETE;
    enum quality quality = bit ? register_decode_bit(&format, words[0] != 0, &reading.value)
                               : register_decode(&format, bytes, &reading.value);
    reading.quality = (uint8_t)quality;
    if (point_has_changed(record, point, quality, reading.value)) {
        reading_take(record, point, reading);
    }
}

/* What the driver reads in a text that was published. Returns whether it is a reading. */
static bool text_tell(struct record *record, uint32_t point, const char *text) {
    struct payload_format format = point_payload_format(record->site, point);
    struct wall now = tape_writer_wall(record->writer, record->now);
    struct reading reading;
    char detail[SENSOR_DETAIL_SIZE];
    if (payload_read(&format, text, strlen(text), now, &reading, detail) == SENSOR_CAUSE_GARBLED) {
        return false;
    }
    reading_take(record, point, reading);
    return true;
}

static void published_tell(struct record *record, uint32_t point, double value) {
    const struct sim_point_conf *conf = &record->conf->points[point];
    json_t *payload = json_object();
    char *text = payload != NULL && sim_payload_put(payload, conf, value) == 0
                     ? json_dumps(payload, JSON_COMPACT)
                     : NULL;
    if (text != NULL) {
        (void)text_tell(record, point, text);
    }
    free(text);
    json_decref(payload);
    record->points[point].due =
        conf->silence_ns > 0 ? instant_after(record->now, conf->silence_ns / 3) : INSTANT_NEVER;
}

/* Has the point a value that lasts? */
static bool point_has_value(const struct record *record, uint32_t point) {
    const struct sim_point_conf *conf = &record->conf->points[point];
    return !conf->output && (conf->topic == NULL || conf->pointer != NULL);
}

static void point_tell(struct record *record, uint32_t point, double value) {
    const struct sim_point_conf *conf = &record->conf->points[point];
    if (!record->devices[conf->device].well) {
        return; /* nobody hears it */
    } else if (conf->topic == NULL) {
        polled_tell(record, point, value);
    } else {
        published_tell(record, point, value);
    }
}

/* ---- what the scene says ---- */

static void point_shown(void *context, uint32_t point, double value) {
    point_tell(context, point, value);
}

/* Tell what all points of the device show, to a gateway that did not hear it or has forgotten it. */
static void device_tell(struct record *record, uint32_t device) {
    for (uint32_t i = 0; i < record->conf->point_count; i++) {
        if (record->conf->points[i].device == device && point_has_value(record, i)) {
            point_tell(record, i, sim_scene_value(record->scene, i));
        }
    }
}

static bool device_publishes(const struct record *record, uint32_t device) {
    return record->conf->buses[record->conf->devices[device].bus].kind == SIM_BUS_MQTT;
}

static void device_switched(void *context, uint32_t index, bool down, enum sim_answer answer) {
    struct record *record = context;
    struct record_device *device = &record->devices[index];
    bool well = !down && answer == SIM_ANSWER_RIGHT;
    if (well == device->well) {
        return;
    }
    device->well = well;
    device->unwell = record->now;
    if (!well) {
        return;
    }
    if (device->lost) {
        record_take(record,
                    (struct input){.kind = INPUT_DEVICE, .subject = index, .state = TRUTH_TRUE});
    }
    device->lost = false;
    device_tell(record, index);
}

static void act_published(void *context, const struct sim_act *act) {
    struct record *record = context;
    const struct sim_conf *conf = record->conf;
    if (!record->devices[act->device].well) {
        return;
    }
    json_t *parsed = json_loads(act->payload, 0, NULL);
    for (uint32_t i = 0; i < conf->point_count; i++) {
        const struct sim_point_conf *point = &conf->points[i];
        double value;
        if (point->topic == NULL || strcmp(point->topic, act->topic) != 0) {
            continue;
        }
        (void)text_tell(record, i, act->payload);
        if (point->pointer != NULL && sim_payload_value(parsed, point, &value)) {
            sim_scene_learn(record->scene, i, value);
        }
    }
    json_decref(parsed);
}

static void story_moment(void *context, uint32_t act, bool end) {
    (void)context;
    (void)act;
    (void)end;
}

static void story_over(void *context) {
    struct record *record = context;
    record->over = true;
}

/* ---- once a second ---- */

/* One that speaks Modbus answers each second, or is given up; a broker's sensors are only silent. */
static void device_second(struct record *record, uint32_t index) {
    struct record_device *device = &record->devices[index];
    if (device->well || device_publishes(record, index)) {
        record_take(record, (struct input){.kind = INPUT_HEARTBEAT, .subject = index});
        return;
    }
    if (device->lost || instant_span_ns(device->unwell, record->now) < device->patience_ns) {
        return;
    }
    device->lost = true;
    for (uint32_t i = 0; i < record->conf->point_count; i++) {
        if (record->conf->points[i].device == index) {
            record->points[i].told = false;
        }
    }
    record_take(record,
                (struct input){.kind = INPUT_DEVICE, .subject = index, .state = TRUTH_FALSE});
}

static void record_second(struct record *record) {
    for (uint32_t i = 0; i < record->conf->device_count; i++) {
        device_second(record, i);
    }
    for (uint32_t i = 0; i < record->conf->point_count; i++) {
        if (instant_reached(record->now, record->points[i].due)) {
            point_tell(record, i, sim_scene_value(record->scene, i));
        }
    }
}

/* ---- the whole of it ---- */

static uint64_t longer_ns(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static int record_init(struct record *record) {
    const struct sim_conf *conf = record->conf;
    record->points = calloc((size_t)conf->point_count + 1, sizeof *record->points);
    record->devices = calloc((size_t)conf->device_count + 1, sizeof *record->devices);
    if (record->points == NULL || record->devices == NULL) {
        return err_origin(-ENOMEM);
    }
    for (uint32_t i = 0; i < conf->point_count; i++) {
        record->points[i].due = INSTANT_NEVER;
    }
    for (uint32_t i = 0; i < conf->device_count; i++) {
        const struct site_device *row = &record->site->devices[i];
        uint64_t poll_ns = longer_ns(row->poll_ms, row->timeout_ms) * NS_PER_MS;
        record->devices[i].well = true;
        record->devices[i].patience_ns =
            longer_ns(SCHEDULE_MISSES * poll_ns, SCHEDULE_LOST_AFTER_NS);
    }
    const struct sim_scene_callbacks callbacks = {
        .shown = point_shown,
        .switched = device_switched,
        .published = act_published,
        .moment = story_moment,
        .over = story_over,
        .context = record,
    };
    int r = sim_scene_new(conf, &callbacks, &record->scene);
    return r == 0 ? 0 : err_origin(r);
}

static void record_play(struct record *record, uint64_t for_ns) {
    struct instant begin = record->now;
    struct instant end = for_ns > 0 ? instant_after(begin, for_ns) : INSTANT_NEVER;
    struct instant second = instant_after(begin, HEARTBEAT_NS);
    sim_scene_begin(record->scene, begin);
    while (!(record->over && for_ns == 0) && !tape_writer_failed(record->writer)) {
        struct instant next = instant_earlier(second, sim_scene_due(record->scene));
        if (next.ns > end.ns) {
            break;
        }
        record->now = next;
        if (instant_reached(next, second)) {
            record_second(record);
            second = instant_after(second, HEARTBEAT_NS);
        }
        sim_scene_go_on(record->scene, next);
    }
    record->now = for_ns > 0 ? end : record->now;
    tape_writer_take(record->writer, record->now, NULL);
}

int sim_record_run(const struct sim_record_conf *conf, const struct site *site,
                   const struct sim_conf *field, struct sim_record_result *ret_result) {
    struct record record = {.site = site, .conf = field, .now = TAPE_WRITER_BEGIN};
    zone_init(site_text(site, site->header->timezone));
    int r = tape_writer_new(conf->path, site, conf->begin, &record.writer);
    if (r == TAPE_WRITER_E_EXISTS) {
        return SIM_RECORD_E_EXISTS;
    }
    if (r == 0) {
        r = record_init(&record);
    }
    if (r == 0) {
        struct tape_writer_counts counts;
        record_play(&record, conf->for_ns);
        r = tape_writer_finish(record.writer, &counts);
        *ret_result = (struct sim_record_result){
            .inputs = counts.inputs,
            .events = counts.events,
            .span_ns = instant_span_ns(TAPE_WRITER_BEGIN, record.now),
        };
    }
    record.scene = sim_scene_free(record.scene);
    record.writer = tape_writer_free(record.writer);
    free(record.devices);
    free(record.points);
    return r == 0 ? 0 : err_trace(r);
}
