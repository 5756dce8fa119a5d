/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/secret_file.h"

#include <stdio.h>
#include <string.h>

bool secret_file_read(const char *path, char ret[SECRET_SIZE]) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    size_t len = fread(ret, 1, SECRET_SIZE - 1, file);
    bool read = ferror(file) == 0;
    (void)fclose(file);
    ret[len] = '\0';
    ret[strcspn(ret, "\r\n")] = '\0';
    return read;
}
