/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/weight.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

uint64_t weight_of_process(void) {
    FILE *file = fopen("/proc/self/statm", "re");
    char text[128] = "";
    if (file == NULL) {
        return 0;
    }
    (void)!fgets(text, sizeof text, file);
    (void)fclose(file);
    /* Pages in all, resident, shared: see proc(5). */
    char *at = text;
    (void)strtoull(at, &at, 10);
    uint64_t resident = strtoull(at, &at, 10);
    uint64_t shared = strtoull(at, &at, 10);
    return resident < shared ? 0 : (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool weight_step(struct weight *weight, uint64_t bytes, bool idle) {
    if (weight->first_bytes == 0) {
        weight->first_bytes = bytes;
    }
    weight->bytes = bytes;
    uint64_t growth = bytes > weight->first_bytes ? bytes - weight->first_bytes : 0;
    return growth > WEIGHT_GROWTH_MAX && (idle || growth > 2 * WEIGHT_GROWTH_MAX);
}
