/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/secret_file.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read at most `size` bytes of the file; below 0 when it cannot be read. */
static ssize_t secret_file_bytes(const char *path, char *ret, size_t size) {
    struct stat found;
    ssize_t len = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) {
        len = read(fd, ret, size);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return len;
}

const char *secret_file_read(const char *path, char ret[SECRET_SIZE]) {
    ssize_t size = secret_file_bytes(path, ret, SECRET_SIZE);
    const char *fault = NULL;
    size_t len = 0;
    while (len < SECRET_SIZE && (ssize_t)len < size && strchr("\r\n", ret[len]) == NULL) {
        len++;
    }
    if (size < 0) {
        fault = "the file with its password or token cannot be read";
    } else if (len < SECRET_SIZE && (ssize_t)len < size && ret[len] == '\0') {
        fault =
            "the file with its password or token has a NUL byte in its first line: write it anew, as "
            "text";
    } else if (len == 0) {
        fault = "the file with its password or token has nothing in its first line";
    } else if (len == SECRET_SIZE) {
        fault = "the file with its password or token has more than 1023 bytes in its first line";
    }
    if (fault != NULL) {
        explicit_bzero(ret, SECRET_SIZE);
        return fault;
    }
    ret[len] = '\0';
    return NULL;
}

const char *secret_file_fault(const char *path) {
    char secret[SECRET_SIZE];
    const char *fault = secret_file_read(path, secret);
    explicit_bzero(secret, sizeof secret);
    return fault;
}

int secret_file_read_shared(const char *path, struct secret_shared *ret_secret) {
    char text[SECRET_SHARED_FILE_MAX + 1];
    ssize_t size = secret_file_bytes(path, text, sizeof text);
    size_t end = size < 0 ? 0 : (size_t)size;
    size_t begin = 0;
    int r = 0;
    while (begin < end && isspace((unsigned char)text[begin])) {
        begin++;
    }
    while (end > begin && isspace((unsigned char)text[end - 1])) {
        end--;
    }
    if (size < 0) {
        r = SECRET_E_ABSENT;
    } else if (size == (ssize_t)sizeof text || end - begin > SECRET_SHARED_SIZE_MAX) {
        r = SECRET_E_LONG;
    } else if (end - begin < SECRET_SHARED_SIZE_MIN) {
        r = SECRET_E_SHORT;
    } else {
        memcpy(ret_secret->bytes, text + begin, end - begin);
        ret_secret->size = end - begin;
    }
    explicit_bzero(text, sizeof text);
    return r;
}
