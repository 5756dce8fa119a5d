/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/sim.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <event2/event.h>

#include "gateway/cli/sim_options.h"
#include "gateway/cli/sim_record.h"
#include "gateway/cli/sim_site.h"
#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/config/story.h"
#include "gateway/log.h"
#include "sensors/sim/sim_control.h"

enum {
    EXIT_STOPPED = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    QUOTED_SIZE = 256,
};

/* ---- what it says --------------------------------------------------------------------------- */

struct stage {
    const struct sim_options *options;
    struct site site;
    struct sim_site arrays;
    struct sim_conf conf;
    struct event_base *base;
    struct event *terminate, *interrupt, *over;
    struct sim_field *field;
    struct sim_control *control;
};

static const char *bus_address(const struct stage *stage, uint32_t bus) {
    return site_text(&stage->site, stage->site.buses[bus].address);
}

static const char *bus_device(const struct stage *stage, uint32_t bus) {
    const struct site_bus *row = &stage->site.buses[bus];
    return row->device_count == 0 ? "" : stage->conf.devices[row->device_first].id;
}

static void act_log(const struct stage *stage, const char *event, const struct sim_act *act) {
    char text[QUOTED_SIZE];
    switch (act->kind) {
    case SIM_ACT_SET:
        log_line(LOG_INFO, event, "point=%s value=%g", stage->conf.points[act->point].id,
                 act->value);
        return;
    case SIM_ACT_MQTT:
        log_line(LOG_INFO, event, "topic=%s payload=%s", act->topic,
                 log_quote(act->payload, text, sizeof text));
        return;
    case SIM_ACT_DOWN:
        log_line(LOG_INFO, event, "device=%s down=1", stage->conf.devices[act->device].id);
        return;
    case SIM_ACT_ANSWER:
        log_line(LOG_INFO, event, "device=%s answer=%s", stage->conf.devices[act->device].id,
                 sim_answer_name(act->answer));
        return;
    }
}

static void stage_note(void *context, const struct sim_note *note) {
    const struct stage *stage = context;
    char text[QUOTED_SIZE];
    switch (note->kind) {
    case SIM_NOTE_ACT_BEGINS:
        act_log(stage, "act_begins", &stage->conf.story.acts[note->act]);
        return;
    case SIM_NOTE_ACT_ENDS:
        act_log(stage, "act_ends", &stage->conf.story.acts[note->act]);
        return;
    case SIM_NOTE_STORY_OVER:
        log_line(LOG_INFO, "story_over", "effect=\"the field stays, with its background\"");
        return;
    case SIM_NOTE_BROKER_CONNECTED:
        log_line(LOG_INFO, "broker_connected", "broker=%s", bus_address(stage, note->bus));
        return;
    case SIM_NOTE_BROKER_LOST:
        log_line(LOG_WARNING, "broker_lost",
                 "broker=%s reason=%s effect=\"sensors that publish are not heard\"",
                 bus_address(stage, note->bus), log_quote(note->text, text, sizeof text));
        return;
    case SIM_NOTE_REOPEN_FAILED:
        log_line(LOG_WARNING, "device_cannot_return",
                 "device=%s address=%s effect=\"it stays down; tried again each second\"",
                 bus_device(stage, note->bus), bus_address(stage, note->bus));
        return;
    case SIM_NOTE_MESSAGE_LOST:
        log_line(LOG_WARNING, "message_lost",
                 "broker=%s effect=\"the device is down, or its broker away for too long\"",
                 bus_address(stage, note->bus));
        return;
    }
}

/* Say on one line why a bus could not be opened, and what to do. */
static void bus_explain(const struct stage *stage, uint32_t bus, int r) {
    const char *address = bus_address(stage, bus);
    const char *device = bus_device(stage, bus);
    switch (r) {
    case SIM_E_IN_USE:
        (void)fprintf(
            stderr,
            "tocsin sim: %s of device %s is in use by another process, so nothing is "
            "simulated: stop that, or take another port with "
            "--set devices.%s.address=tcp://127.0.0.1:PORT (and the same for tocsin run)\n",
            address, device, device);
        return;
    case SIM_E_ADDRESS:
        (void)fprintf(
            stderr,
            "tocsin sim: %s of device %s is not an address of this machine that may be "
            "used, so nothing is simulated: move it with "
            "--set devices.%s.address=tcp://127.0.0.1:PORT (and the same for tocsin run)\n",
            address, device, device);
        return;
    case SIM_E_OCCUPIED:
        (void)fprintf(stderr,
                      "tocsin sim: something that is no link stands at the line %s of device %s, "
                      "and is left alone: move the line with --set devices.%s.address=rtu:PATH\n",
                      stage->conf.buses[bus].path, device, device);
        return;
    case SIM_E_DIRECTORY:
        (void)fprintf(stderr,
                      "tocsin sim: the directory of the line %s of device %s cannot be made: make "
                      "it, or move the line with --set devices.%s.address=rtu:PATH\n",
                      stage->conf.buses[bus].path, device, device);
        return;
    default:
        (void)fprintf(stderr, "tocsin sim: %s of device %s cannot be simulated: %s\n", address,
                      device, strerror(r < 0 ? -r : EINVAL));
        return;
    }
}

static void control_explain(const char *path, int r) {
    const char *why = r == SIM_E_OCCUPIED    ? "something that is no socket stands there"
                      : r == SIM_E_ADDRESS   ? "a socket's path has at most 107 bytes"
                      : r == SIM_E_DIRECTORY ? "its directory is not there or may not be written to"
                                             : strerror(r < 0 ? -r : EINVAL);
    (void)fprintf(stderr, "tocsin sim: no control socket at %s: %s; choose another --control\n",
                  path, why);
}

static void ready_print(const struct stage *stage) {
    uint32_t kinds[SIM_BUS_MQTT + 1] = {0};
    for (uint32_t i = 0; i < stage->conf.bus_count; i++) {
        kinds[stage->conf.buses[i].kind]++;
    }
    (void)printf("event=sim_ready site=%s devices=%" PRIu32 " points=%" PRIu32 " tcp=%" PRIu32
                 " rtu=%" PRIu32 " mqtt=%" PRIu32 " acts=%" PRIu32 "\n",
                 stage->conf.name, stage->conf.device_count, stage->conf.point_count,
                 kinds[SIM_BUS_TCP], kinds[SIM_BUS_RTU], kinds[SIM_BUS_MQTT],
                 stage->conf.story.act_count);
    (void)fflush(stdout);
}

/* ---- the run -------------------------------------------------------------------------------- */

static void stage_stop(evutil_socket_t signal_number, short what, void *context) {
    (void)signal_number;
    (void)what;
    struct stage *stage = context;
    (void)event_base_loopbreak(stage->base); /* only fails without a base */
}

static int stage_open(struct stage *stage, const struct sim_clock *clock) {
    stage->base = event_base_new();
    if (stage->base == NULL) {
        return err_origin(-ENOMEM);
    }
    stage->terminate = evsignal_new(stage->base, SIGTERM, stage_stop, stage);
    stage->interrupt = evsignal_new(stage->base, SIGINT, stage_stop, stage);
    stage->over = evtimer_new(stage->base, stage_stop, stage);
    if (stage->terminate == NULL || stage->interrupt == NULL || stage->over == NULL ||
        event_add(stage->terminate, NULL) != 0 || event_add(stage->interrupt, NULL) != 0) {
        return err_origin(-ENOMEM);
    }
    const struct sim_field_callbacks callbacks = {.note = stage_note, .context = stage};
    return err_trace(sim_field_new(stage->base, &stage->conf, clock, &callbacks, &stage->field));
}

static void stage_close(struct stage *stage) {
    stage->control = sim_control_free(stage->control);
    stage->field = sim_field_free(stage->field);
    struct event *events[] = {stage->terminate, stage->interrupt, stage->over};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    if (stage->base != NULL) {
        event_base_free(stage->base);
    }
    sim_site_deinit(&stage->arrays);
}

/* Open all addresses, then the control socket: who sees that one finds the field ready. */
static int stage_start(struct stage *stage) {
    uint32_t bus = 0;
    int r = sim_field_start(stage->field, &bus);
    if (r != 0) {
        bus_explain(stage, bus, r);
        return EXIT_FAILED;
    }
    if (stage->options->control != NULL) {
        r = sim_control_new(stage->base, stage->options->control, stage->field, &stage->control);
        if (r != 0) {
            control_explain(stage->options->control, r);
            return EXIT_FAILED;
        }
    }
    ready_print(stage); /* last: who has read it may speak to the socket */
    return 0;
}

static int stage_run(struct stage *stage) {
    static const struct sim_clock clock = {clock_instant, clock_real_span_ns};
    int r = stage_open(stage, &clock);
    if (r != 0) {
        log_failure("sim_failed", r, "no device is simulated");
        return EXIT_FAILED;
    }
    int code = stage_start(stage);
    if (code != 0) {
        return code;
    }
    if (stage->options->for_ns > 0) {
        uint64_t real_us = clock_real_span_ns(stage->options->for_ns) / 1000 + 1;
        const struct timeval after = {.tv_sec = (time_t)(real_us / 1000000),
                                      .tv_usec = (suseconds_t)(real_us % 1000000)};
        (void)evtimer_add(stage->over, &after); /* only fails for an event that was not made */
    }
    return event_base_dispatch(stage->base) < 0 ? EXIT_FAILED : EXIT_STOPPED;
}

/* Read the story against the site, or make one up. Returns 0 or an exit code. */
static int story_prepare(const struct sim_options *options, const struct site *site,
                         struct story *story) {
    int r = options->story != NULL ? story_load(options->story, site, story)
                                   : story_everyday(site, options->still, story);
    if (r < 0) {
        log_failure("story_failed", r, "no device is simulated");
        return EXIT_FAILED;
    }
    story_print(story, arguments_environment_language(), stderr);
    if (options->seed.given) {
        story->conf.seed = options->seed.value;
    }
    return r == 0 ? 0 : EXIT_USAGE;
}

/* Write the story down instead of acting it out. */
static int stage_record(const struct stage *stage) {
    const struct sim_options *options = stage->options;
    const struct sim_record_conf conf = {
        .path = options->record,
        .begin =
            options->clock.boottime_ns != 0 ? (struct wall){options->clock.wall_ns} : clock_wall(),
        .for_ns = options->for_ns,
    };
    struct sim_record_result result;
    int r = sim_record_run(&conf, &stage->site, &stage->conf, &result);
    if (r == SIM_RECORD_E_EXISTS) {
        (void)fprintf(stderr, "tocsin sim: %s is there already, and is kept: name another file\n",
                      options->record);
        return EXIT_FAILED;
    } else if (r < 0) {
        (void)fprintf(stderr, "tocsin sim: the story is not recorded in %s: %s (%s)\n",
                      options->record, strerror(-r), err_path());
        return EXIT_FAILED;
    }
    (void)printf("event=sim_recorded file=%s site=%s seconds=%" PRIu64 " inputs=%" PRIu64
                 " events=%" PRIu64 "\n",
                 options->record, stage->conf.name, (uint64_t)(result.span_ns / NS_PER_S),
                 result.inputs, result.events);
    return EXIT_STOPPED;
}

/* With a site that is good: tell its story. */
static int site_simulate(const struct sim_options *options, const struct config_result *result) {
    struct stage stage = {.options = options};
    struct story story = STORY_NULL;
    if (site_view(result->image, result->image_size, &stage.site) != 0) {
        (void)fputs("tocsin sim: the compiled site is not one of this build\n", stderr);
        return EXIT_FAILED;
    }
    int code = story_prepare(options, &stage.site, &story);
    if (code == 0) {
        int r = sim_site_init(&stage.site, &stage.arrays, &stage.conf);
        if (r != 0) {
            log_failure("sim_failed", r, "no device is simulated");
            code = EXIT_FAILED;
        } else {
            stage.conf.story = story.conf;
            code = options->record != NULL ? stage_record(&stage) : stage_run(&stage);
        }
    }
    stage_close(&stage);
    story_deinit(&story);
    return code;
}

int sim_main(int argc, char **argv) {
    struct sim_options options;
    enum arguments_end end = sim_options_parse(argc, argv, &options);
    if (end != ARGUMENTS_GO_ON) {
        return end;
    }
    log_init("sim");
    clock_init(&options.clock);
    /* A peer that has gone away is noticed by the write that fails. */
    (void)signal(SIGPIPE, SIG_IGN);
    const struct config_options config_options = {.settings = options.settings.list,
                                                  .setting_count = options.settings.count};
    struct config_result result = CONFIG_RESULT_NULL;
    int r = config_load(options.site, &config_options, &result);
    if (r < 0) {
        log_failure("site_failed", r, "no device is simulated");
        return EXIT_FAILED;
    }
    int code = EXIT_USAGE;
    if (r == 0) {
        code = site_simulate(&options, &result);
    } else {
        config_print(&result, arguments_environment_language(), stderr);
    }
    config_result_deinit(&result);
    return code;
}
