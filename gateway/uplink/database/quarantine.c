/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/quarantine.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "gateway/clock.h"

bool quarantine_keep(const char *directory, struct wall now, const char *reason, const char *line,
                     size_t size) {
    char path[PATH_MAX];
    char before[PATH_MAX + 2];
    char time[CLOCK_TEXT_SIZE];
    struct stat found;
    int len = snprintf(path, sizeof path, "%s/refused.lines", directory);
    if (len < 0 || (size_t)len >= sizeof path) {
        return false;
    }
    (void)snprintf(before, sizeof before, "%s.1", path);
    if (stat(path, &found) == 0 && found.st_size >= QUARANTINE_BYTES) {
        (void)rename(path, before); /* when it cannot be, the file grows by one more line */
    }
    FILE *file = fopen(path, "ae");
    if (file == NULL) {
        return false;
    }
    clock_format(now, time);
    bool kept = fprintf(file, "# %s %s\n", time, reason) > 0 && fwrite(line, size, 1, file) == 1;
    return fclose(file) == 0 && kept;
}
