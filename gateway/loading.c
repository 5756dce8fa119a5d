/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/loading.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/kept.h"
#include "gateway/log.h"

static const char not_started[] = "not started: no room is watched";

/* ---- sealing ---- */

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

static int loading_map(const struct config_result *result, const char *effect,
                       struct loaded *ret_loaded) {
    int fd = -1;
    int r = loading_seal(result->image, result->image_size, &fd);
    if (r == 0) {
        r = err_fold(site_map(fd, &ret_loaded->site));
    }
    if (r != 0) {
        log_failure("site_not_sealed", r, effect);
        if (fd >= 0) {
            (void)close(fd);
        }
        return r;
    }
    ret_loaded->fd = fd;
    return 0;
}

void loading_drop(struct loaded *loaded) {
    site_unmap(&loaded->site);
    (void)close(loaded->fd);
    free(loaded->kept);
    *loaded = (struct loaded){.fd = -1};
}

/* ---- the site file ---- */

/* What the site file is called, from wherever one looks; NULL when that cannot be said. */
static char *loading_called(const char *path) {
    char here[PATH_MAX];
    char *called = NULL;
    if (path[0] == '/') {
        return strdup(path);
    }
    return getcwd(here, sizeof here) != NULL && asprintf(&called, "%s/%s", here, path) >= 0 ? called
                                                                                            : NULL;
}

/* Make what is to be kept of a good site. One that cannot be kept is watched all the same. */
static void loading_encode(const struct loading *loading, const struct config_result *result,
                           struct loaded *loaded) {
    char *called = loading_called(loading->path);
    const struct kept_site site = {
        .accepted = loaded->accepted,
        .version = TOCSIN_VERSION,
        .called = called != NULL ? called : result->files[0].path,
        .files = result->files,
        .file_count = result->file_count,
    };
    int r = kept_encode(&site, &loaded->kept, &loaded->kept_size);
    free(called);
    if (r != 0) {
        loaded->kept = NULL;
        log_line(
            LOG_ERROR, "site_not_kept",
            "error=\"%s\" effect=\"all rooms are watched; but should the site file be wrong at "
            "the next start, an older site is used, or none\"",
            r == KEPT_E_LARGE ? "its files are larger than 64 MiB" : strerror(-r));
    }
}

/* A site that is loaded, or refused with its notes printed. */
static int loading_read(const struct loading *loading, const char *effect,
                        struct config_result *result, struct loaded *ret_loaded) {
    int r = config_load(loading->path, loading->options, result);
    if (r < 0) {
        log_failure("site_not_loaded", r, effect);
        return r;
    }
    config_print(result, loading->language, stderr);
    return r == CONFIG_E_REFUSED ? LOADING_E_REFUSED : loading_map(result, effect, ret_loaded);
}

static int loading_take(const struct loading *loading, const char *effect,
                        struct config_result *result, struct loaded *ret_loaded) {
    struct loaded loaded = {.fd = -1, .accepted = clock_wall()};
    int r = loading_read(loading, effect, result, &loaded);
    if (r == 0) {
        loading_encode(loading, result, &loaded);
        *ret_loaded = loaded;
    }
    return r;
}

static void loading_tell_refused(const struct config_result *result, const char *effect) {
    log_line(LOG_ERROR, "site_refused", "errors=%u effect=\"%s; mend the site file\"",
             result->error_count, effect);
}

int loading_site(const struct loading *loading, const char *effect, struct loaded *ret_loaded) {
    struct config_result result = CONFIG_RESULT_NULL;
    int r = loading_take(loading, effect, &result, ret_loaded);
    if (r == LOADING_E_REFUSED) {
        loading_tell_refused(&result, effect);
    }
    config_result_deinit(&result);
    return r;
}

/* ---- the kept site ---- */

/* A directory in which it may be, and what the site file says of whose it is to be. */
struct loading_search {
    const struct loading *loading;
    const struct config_identity *identity;
    const char *directory;
};

static const char *loading_quote_kept(const struct loading_search *search, char *ret,
                                      unsigned size) {
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/" KEPT_FILE_NAME, search->directory);
    return log_quote(path, ret, size);
}

static void loading_tell_unusable(const struct loading_search *search, const char *reason) {
    char quoted[512];
    log_line(LOG_ERROR, "kept_site_unusable",
             "file=%s reason=\"%s\" effect=\"it cannot stand in for the site file\"",
             loading_quote_kept(search, quoted, sizeof quoted), reason);
}

/* Is it of the site file that we are to watch? A link that leads elsewhere by now still is the same. */
static bool loading_is_called(const struct loading *loading, const struct kept_site *kept) {
    char absolute[PATH_MAX];
    char *called = loading_called(loading->path);
    bool same = called != NULL && strcmp(called, kept->called) == 0;
    free(called);
    return same || (realpath(loading->path, absolute) != NULL &&
                    strcmp(absolute, kept->files[0].path) == 0);
}

static bool loading_is_directory(const char *one, const char *other) {
    struct stat first;
    struct stat second;
    return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Why a kept site that is sound is not the one to be watched; NULL when it is. */
static const char *loading_mismatch(const struct loading_search *search, const struct site *site) {
    const struct config_identity *identity = search->identity;
    const char *site_id = site_text(site, site->header->site_id);
    const char *gateway_id = site_text(site, site->header->gateway_id);
    if ((identity->site_id != NULL && strcmp(identity->site_id, site_id) != 0) ||
        (identity->gateway_id != NULL && strcmp(identity->gateway_id, gateway_id) != 0)) {
        return "it is of another site.id or gateway.id than the site file, and the journal is its";
    }
    if (!loading_is_directory(search->directory, site_text(site, site->header->state_directory))) {
        return "its gateway.state is another directory";
    }
    return NULL;
}

/* Compile the kept site as if it stood on the disk. */
static int loading_compile(const struct loading_search *search, const struct kept_site *kept,
                           struct loaded *ret_loaded) {
    struct config_options options = *search->loading->options;
    struct config_result result = CONFIG_RESULT_NULL;
    struct loaded loaded = {.fd = -1, .accepted = kept->accepted};
    char accepted[CLOCK_TEXT_SIZE];
    char quoted[512];
    options.files = kept->files;
    options.file_count = kept->file_count;
    const struct loading again = {
        .path = search->loading->path, .options = &options, .language = search->loading->language};
    clock_format(kept->accepted, accepted);
    log_line(
        LOG_NOTICE, "kept_site",
        "file=%s accepted=%s version=%s effect=\"the site file is wrong; what is noted of it from "
        "here on is of the one that was accepted then\"",
        loading_quote_kept(search, quoted, sizeof quoted), accepted, kept->version);
    int r = loading_read(&again, not_started, &result, &loaded);
    const char *mismatch = r == 0 ? loading_mismatch(search, &loaded.site) : NULL;
    config_result_deinit(&result);
    if (r == LOADING_E_REFUSED) {
        loading_tell_unusable(search, "version " TOCSIN_VERSION
                                      " does not take it; its errors stand above, and where they "
                                      "stand in its files");
    } else if (mismatch != NULL) {
        loading_tell_unusable(search, mismatch);
        loading_drop(&loaded);
        r = LOADING_E_REFUSED;
    } else if (r == 0) {
        *ret_loaded = loaded;
    }
    return r;
}

/* Returns 0, or LOADING_E_REFUSED when there is none that can be used, which has been told. */
static int loading_search(const struct loading_search *search, struct loaded *ret_loaded) {
    struct kept_site *kept = NULL;
    char reason[512];
    int r = kept_read(search->directory, &kept);
    if (r == KEPT_E_MISSING) {
        return LOADING_E_REFUSED;
    } else if (r != 0) {
        loading_tell_unusable(search, r == KEPT_E_DAMAGED ? "it is damaged" : strerror(-r));
        return LOADING_E_REFUSED;
    }
    if (loading_is_called(search->loading, kept)) {
        r = loading_compile(search, kept, ret_loaded);
    } else {
        (void)snprintf(reason, sizeof reason, "it is of another site file, %s", kept->called);
        loading_tell_unusable(search, reason);
        r = LOADING_E_REFUSED;
    }
    free(kept);
    return r;
}

/* The first directory that systemd has made for our state; NULL when it has not. */
static char *loading_systemd_directory(void) {
    const char *directories = getenv("STATE_DIRECTORY");
    return directories != NULL && directories[0] == '/'
               ? strndup(directories, strcspn(directories, ":"))
               : NULL;
}

static int loading_stand_in(const struct loading *loading, const struct config_identity *identity,
                            struct loaded *ret_loaded) {
    char *made = loading_systemd_directory();
    const char *const directories[] = {identity->state_directory, made};
    int r = LOADING_E_REFUSED;
    for (size_t i = 0; r == LOADING_E_REFUSED && i < sizeof directories / sizeof *directories;
         i++) {
        const struct loading_search search = {loading, identity, directories[i]};
        bool again =
            i > 0 && directories[0] != NULL && made != NULL && strcmp(directories[0], made) == 0;
        if (directories[i] != NULL && !again) {
            r = loading_search(&search, ret_loaded);
        }
    }
    free(made);
    return r;
}

int loading_start(const struct loading *loading, struct loaded *ret_loaded, bool *ret_stands_in) {
    struct config_result result = CONFIG_RESULT_NULL;
    char accepted[CLOCK_TEXT_SIZE];
    int r = loading_take(loading, not_started, &result, ret_loaded);
    *ret_stands_in = r == LOADING_E_REFUSED;
    if (r == LOADING_E_REFUSED) {
        r = loading_stand_in(loading, &result.identity, ret_loaded);
    }
    if (r == LOADING_E_REFUSED) {
        loading_tell_refused(&result, not_started);
    } else if (r == 0 && *ret_stands_in) {
        clock_format(ret_loaded->accepted, accepted);
        log_line(
            LOG_ERROR, "site_refused",
            "errors=%u accepted=%s effect=\"all rooms are watched by the site that was accepted "
            "then, and what was changed since does not hold; mend the site file, then reload\"",
            result.error_count, accepted);
    }
    config_result_deinit(&result);
    return r;
}

/* ---- from one site to another ---- */

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
