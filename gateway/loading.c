/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/loading.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/log.h"

/* Put the image where nobody can change it any more. */
static int loading_seal(const void *image, size_t size, int *ret_fd) {
    int fd = memfd_create("tocsin-site", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return err_origin(-errno);
    }
    for (size_t written = 0; written < size;) {
        ssize_t n = write(fd, (const char *)image + written, size - written);
        if (n < 0 && errno != EINTR) {
            int r = err_origin(-errno);
            (void)close(fd);
            return r;
        }
        written += n > 0 ? (size_t)n : 0;
    }
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        int r = err_origin(-errno);
        (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int loading_site(const char *path, const struct config_options *options, const char *effect,
                 struct site *ret_site, int *ret_fd) {
    struct config_result result = CONFIG_RESULT_NULL;
    int r = config_load(path, options, &result);
    if (r < 0) {
        log_failure("site_not_loaded", r, effect);
        return r;
    }
    config_print(&result, stderr);
    if (r == CONFIG_E_REFUSED) {
        log_line(LOG_ERROR, "site_refused", "errors=%u effect=\"%s; mend the site file\"",
                 result.error_count, effect);
        config_result_deinit(&result);
        return LOADING_E_REFUSED;
    }
    int fd = -1;
    r = loading_seal(result.image, result.image_size, &fd);
    config_result_deinit(&result);
    if (r == 0) {
        r = err_fold(site_map(fd, ret_site));
    }
    if (r != 0) {
        log_failure("site_not_sealed", r, effect);
        if (fd >= 0) {
            (void)close(fd);
        }
        return r;
    }
    *ret_fd = fd;
    return 0;
}

const char *loading_obstacle(const struct site *from, const struct site *to) {
    if (strcmp(site_text(from, from->header->site_id), site_text(to, to->header->site_id)) != 0 ||
        strcmp(site_text(from, from->header->gateway_id), site_text(to, to->header->gateway_id)) !=
            0) {
        return "site.id or gateway.id is another one, and the journal belongs to the old";
    }
    if (strcmp(site_text(from, from->header->state_directory),
               site_text(to, to->header->state_directory)) != 0) {
        return "gateway.state is another directory, and the journal is in the old";
    }
    return NULL;
}
