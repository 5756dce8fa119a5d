/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/weight.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

uint64_t weight_of_process(void) {
    FILE *file = fopen("/proc/self/statm", "re");
    uint64_t resident = 0;
    uint64_t shared = 0;
    if (file == NULL) {
        return 0;
    }
    if (fscanf(file, "%*u %" SCNu64 " %" SCNu64, &resident, &shared) != 2 || shared > resident) {
        resident = shared;
    }
    (void)fclose(file);
    return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool weight_step(struct weight *weight, uint64_t bytes, bool idle) {
    if (weight->first_bytes == 0) {
        weight->first_bytes = bytes;
    }
    weight->bytes = bytes;
    uint64_t growth = bytes > weight->first_bytes ? bytes - weight->first_bytes : 0;
    return growth > WEIGHT_GROWTH_MAX && (idle || growth > 2 * WEIGHT_GROWTH_MAX);
}
