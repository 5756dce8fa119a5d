/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The baseline for polling: libmodbus and nothing else
 *
 *     bare_poll PERIOD_MS SECONDS PORT...
 *
 * Connects to each port and reads 16 holding registers from each at the given pace, the way a
 * program of thirty lines would; prints the polls done and the processor time they took.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <modbus/modbus.h>

enum { DEVICES_MAX = 256, REGISTERS = 16 };

static double cpu_us(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int argc, char **argv) {
    if (argc < 4 || argc - 3 > DEVICES_MAX) {
        (void)fprintf(stderr, "usage: bare_poll PERIOD_MS SECONDS PORT...\n");
        return 2;
    }
    long period_ms = strtol(argv[1], NULL, 10);
    long rounds = strtol(argv[2], NULL, 10) * 1000 / period_ms;
    int devices = argc - 3;
    modbus_t *contexts[DEVICES_MAX];
    for (int i = 0; i < devices; i++) {
        contexts[i] = modbus_new_tcp("127.0.0.1", (int)strtol(argv[i + 3], NULL, 10));
        if (contexts[i] == NULL || modbus_set_slave(contexts[i], 1) != 0 ||
            modbus_connect(contexts[i]) != 0) {
            (void)fprintf(stderr, "bare_poll: port %s: %s\n", argv[i + 3], strerror(errno));
            return 1;
        }
    }
    struct timespec next;
    (void)clock_gettime(CLOCK_MONOTONIC, &next);
    double before_us = cpu_us();
    long polls = 0;
    for (long round = 0; round < rounds; round++) {
        for (int i = 0; i < devices; i++) {
            uint16_t registers[REGISTERS];
            if (modbus_read_registers(contexts[i], 0, REGISTERS, registers) != REGISTERS) {
                (void)fprintf(stderr, "bare_poll: %s\n", modbus_strerror(errno));
                return 1;
            }
            polls++;
        }
        next.tv_nsec += period_ms * 1000000;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
    double spent_us = cpu_us() - before_us;
    for (int i = 0; i < devices; i++) {
        modbus_close(contexts[i]);
        modbus_free(contexts[i]);
    }
    (void)printf("polls=%ld cpu_us=%.0f\n", polls, spent_us);
    return 0;
}
