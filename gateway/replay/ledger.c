/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/ledger.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/engine/alarm_state.h"
#include "gateway/engine/recorder.h"

/* Events and states that share a commit. */
enum { LEDGER_BATCH = 512 };

struct ledger {
    const struct site *site;
    struct event_base *base;
    struct recorder *recorder;
    struct alarm_decision *decisions; /* by alarm */
    uint32_t gathered;                /* since the last commit */
    uint64_t settled;                 /* everything up to this ticket is recorded */
    int error;
};

static void ledger_told(void *context, const struct wire_event *message,
                        const struct journal_event *event) {
    (void)context;
    (void)message;
    (void)event;
}

static void ledger_stated(void *context, const struct journal_alarm *alarm) {
    (void)context;
    (void)alarm;
}

static void ledger_early(void *context) {
    (void)context;
}

static void ledger_settled(void *context, uint64_t ticket) {
    struct ledger *ledger = context;
    ledger->settled = ticket;
}

static void ledger_storage(void *context, bool well) {
    struct ledger *ledger = context;
    ledger->error = well || ledger->error != 0 ? ledger->error : err_origin(-EIO);
}

static void ledger_renewed(void *context) {
    ledger_storage(context, false);
}

int ledger_new(const struct site *site, const char *directory, struct ledger **ret_ledger) {
    static const struct recorder_callbacks callbacks = {
        ledger_told, ledger_stated, ledger_early, ledger_settled, ledger_storage, ledger_renewed,
    };
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/journal.db", directory);
    if (access(path, F_OK) == 0) {
        return LEDGER_E_EXISTS;
    }
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        return err_origin(-ENOMEM);
    }
    ledger->site = site;
    ledger->base = event_base_new();
    ledger->decisions = calloc((size_t)site->ruleset.alarm_count + 1, sizeof *ledger->decisions);
    int r = ledger->base != NULL && ledger->decisions != NULL ? 0 : err_origin(-ENOMEM);
    if (r == 0) {
        r = recorder_new(site, directory, ledger->base, &callbacks, ledger, &ledger->recorder);
    }
    if (r == 0) {
        r = recorder_start(ledger->recorder);
    }
    if (r == 0 && !journal_is_recording(recorder_journal(ledger->recorder))) {
        r = err_origin(-EIO);
    }
    if (r != 0) {
        (void)ledger_free(ledger);
        return err_trace(r);
    }
    *ret_ledger = ledger;
    return 0;
}

int ledger_finish(struct ledger *ledger) {
    uint64_t ticket = recorder_submit(ledger->recorder);
    while (ledger->error == 0 && ledger->settled < ticket) {
        if (event_base_loop(ledger->base, EVLOOP_ONCE) != 0) {
            ledger->error = err_origin(-EIO);
        }
    }
    ledger->gathered = 0;
    return ledger->error == 0 ? 0 : err_trace(ledger->error);
}

struct ledger *ledger_free(struct ledger *ledger) {
    if (ledger == NULL) {
        return NULL;
    }
    ledger->recorder = recorder_free(ledger->recorder);
    if (ledger->base != NULL) {
        event_base_free(ledger->base);
    }
    free(ledger->decisions);
    free(ledger);
    return NULL;
}

static void ledger_gather(struct ledger *ledger) {
    if (++ledger->gathered >= LEDGER_BATCH) {
        (void)!ledger_finish(ledger); /* its error is kept */
    }
}

void ledger_event(struct ledger *ledger, const struct rehearsal *rehearsal,
                  const struct core_event *event) {
    if (ledger->error != 0) {
        return;
    } else if (event->alarm != RULESET_NONE) {
        ledger->decisions[event->alarm] = (struct alarm_decision){
            .value = event->value, .quality = (uint32_t)event->quality, .changed = event->wall};
    }
    const struct event_context context =
        event_context_of(ledger->site, rehearsal->core, rehearsal->input, event);
    int r = recorder_add(ledger->recorder, event, &context, NULL);
    ledger->error = r != 0 ? err_trace(r) : ledger->error;
    ledger_gather(ledger);
}

void ledger_alarm(struct ledger *ledger, const struct rehearsal *rehearsal, uint32_t alarm,
                  struct wall wall) {
    if (ledger->error != 0) {
        return;
    }
    struct journal_alarm *state =
        alarm_state_new(rehearsal->core, alarm, ledger->site->ruleset.alarms[alarm].memory_count,
                        &ledger->decisions[alarm], rehearsal->newest, wall);
    if (state == NULL) {
        ledger->error = err_origin(-ENOMEM);
        return;
    }
    recorder_add_alarm(ledger->recorder, state);
    ledger_gather(ledger);
}
