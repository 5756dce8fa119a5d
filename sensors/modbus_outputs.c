/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_outputs.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

enum output_state { OUTPUT_OFF, OUTPUT_ON, OUTPUT_UNKNOWN };

enum output_duty { OUTPUT_SERVES, OUTPUT_RETIRES, OUTPUT_RESTED, OUTPUT_LEFT };

struct mboutput {
    _Atomic uint8_t wanted; /* enum output_state; set from any thread */
    _Atomic uint8_t duty;   /* enum output_duty; retired and left from any thread */
    uint8_t known;          /* enum output_state, as it was last read */
    uint8_t failed;         /* enum output_state of the wish that failed last; UNKNOWN: none */
    uint64_t checked_ns;    /* when it was last read */
    uint64_t check_ns;      /* when it is to be looked at again */
    uint64_t retry_ns;      /* after a failure: not tried before */
    uint64_t backoff_ns;
};

int mboutputs_init(struct mboutputs *outputs, uint32_t count) {
    *outputs = (struct mboutputs){.count = count};
    if (count == 0) {
        return 0;
    }
    outputs->list = calloc(count, sizeof *outputs->list);
    if (outputs->list == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        atomic_init(&outputs->list[i].wanted, OUTPUT_UNKNOWN);
        atomic_init(&outputs->list[i].duty, OUTPUT_SERVES);
        outputs->list[i].known = OUTPUT_UNKNOWN;
        outputs->list[i].failed = OUTPUT_UNKNOWN;
    }
    return 0;
}

void mboutputs_deinit(struct mboutputs *outputs) {
    free(outputs->list);
    outputs->list = NULL;
}

void mboutputs_want(struct mboutputs *outputs, uint32_t index, bool on) {
    atomic_store(&outputs->list[index].wanted, on ? OUTPUT_ON : OUTPUT_OFF);
}

void mboutputs_retire(struct mboutputs *outputs, uint32_t index) {
    uint8_t serves = OUTPUT_SERVES;
    (void)atomic_compare_exchange_strong(&outputs->list[index].duty, &serves, OUTPUT_RETIRES);
}

void mboutputs_leave(struct mboutputs *outputs, uint32_t index) {
    uint8_t retires = OUTPUT_RETIRES;
    (void)atomic_compare_exchange_strong(&outputs->list[index].duty, &retires, OUTPUT_LEFT);
}

bool mboutputs_is_retired(const struct mboutputs *outputs, uint32_t index) {
    return atomic_load(&outputs->list[index].duty) != OUTPUT_SERVES;
}

bool mboutputs_is_rested(const struct mboutputs *outputs, uint32_t index) {
    return atomic_load(&outputs->list[index].duty) == OUTPUT_RESTED;
}

/* What the output is to be; UNKNOWN: it is to be left alone. */
static uint8_t mboutput_wanted(const struct mboutput *output, enum output_duty duty) {
    switch (duty) {
    case OUTPUT_SERVES:
        return atomic_load(&output->wanted);
    case OUTPUT_RETIRES:
        return OUTPUT_OFF;
    case OUTPUT_RESTED:
    case OUTPUT_LEFT:
        break;
    }
    return OUTPUT_UNKNOWN;
}

/* When the output is due, its wish being `wanted`, which is to be looked at or to be written. */
static uint64_t mboutput_due_ns(const struct mboutputs *outputs, const struct mboutput *output,
                                uint8_t wanted, bool look) {
    if (look) {
        return output->check_ns;
    } else if (wanted != output->failed) {
        return 0; /* a new wish */
    }
    return output->retry_ns > outputs->rest_ns ? output->retry_ns : outputs->rest_ns;
}

enum mboutput_act mboutputs_next(struct mboutputs *outputs,
                                 bool (*reachable)(void *context, uint32_t index), void *context,
                                 uint64_t now_ns, uint32_t *ret_index, bool *ret_on,
                                 uint64_t *ret_due_ns) {
    *ret_due_ns = UINT64_MAX;
    for (uint32_t i = 0; i < outputs->count; i++) {
        uint32_t index = (outputs->next + i) % outputs->count;
        const struct mboutput *output = &outputs->list[index];
        enum output_duty duty = (enum output_duty)atomic_load(&output->duty);
        uint8_t wanted = mboutput_wanted(output, duty);
        if (wanted == OUTPUT_UNKNOWN || !reachable(context, index)) {
            continue;
        }
        bool look = duty == OUTPUT_SERVES && wanted == output->known;
        uint64_t due_ns = mboutput_due_ns(outputs, output, wanted, look);
        if (due_ns <= now_ns) {
            outputs->next = (index + 1) % outputs->count;
            *ret_index = index;
            *ret_on = wanted == OUTPUT_ON;
            return look ? MBOUTPUT_LOOK : MBOUTPUT_WRITE;
        }
        *ret_due_ns = due_ns < *ret_due_ns ? due_ns : *ret_due_ns;
    }
    return MBOUTPUT_REST;
}

void mboutputs_seen(struct mboutputs *outputs, uint32_t index, bool on, uint64_t now_ns) {
    struct mboutput *output = &outputs->list[index];
    output->known = on ? OUTPUT_ON : OUTPUT_OFF;
    output->failed = OUTPUT_UNKNOWN;
    output->backoff_ns = 0;
    output->checked_ns = now_ns;
    output->check_ns = now_ns + OUTPUT_CHECK_NS;
    if (!on) {
        uint8_t retires = OUTPUT_RETIRES;
        (void)atomic_compare_exchange_strong(&output->duty, &retires, OUTPUT_RESTED);
    }
}

void mboutputs_failed(struct mboutputs *outputs, uint32_t index, bool on, uint64_t began_ns,
                      uint64_t now_ns) {
    struct mboutput *output = &outputs->list[index];
    uint64_t backoff_ns = output->backoff_ns == 0 ? OUTPUT_RETRY_MIN_NS : 2 * output->backoff_ns;
    output->backoff_ns = backoff_ns < OUTPUT_RETRY_MAX_NS ? backoff_ns : OUTPUT_RETRY_MAX_NS;
    output->retry_ns = now_ns + output->backoff_ns;
    output->failed = on ? OUTPUT_ON : OUTPUT_OFF;
    output->known = OUTPUT_UNKNOWN;
    outputs->rest_ns = now_ns + OUTPUT_REST * (now_ns - began_ns);
}

void mboutputs_forget(struct mboutputs *outputs, uint32_t index) {
    outputs->list[index].known = OUTPUT_UNKNOWN;
}

void mboutputs_regained(struct mboutputs *outputs, uint32_t index) {
    struct mboutput *output = &outputs->list[index];
    output->known = OUTPUT_UNKNOWN;
    output->failed = OUTPUT_UNKNOWN;
    output->backoff_ns = 0;
}

void mboutputs_reopened(struct mboutputs *outputs) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        struct mboutput *output = &outputs->list[i];
        uint64_t check_ns = output->checked_ns + OUTPUT_RECHECK_NS;
        output->check_ns = check_ns < output->check_ns ? check_ns : output->check_ns;
    }
}
