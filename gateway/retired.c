/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/retired.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/log.h"

static int retired_map_size(int fd, struct retired **ret_retired) {
    void *bytes = mmap(NULL, sizeof(struct retired), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) {
        return err_origin(-errno);
    }
    *ret_retired = bytes;
    return 0;
}

/* Its size is sealed: nobody can take the memory away under the others. */
int retired_new(struct retired **ret_retired, int *ret_fd) {
    int fd = memfd_create("tocsin-retired", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return err_origin(-errno);
    }
    int r = ftruncate(fd, (off_t)sizeof(struct retired)) != 0 ||
                    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) != 0
                ? err_origin(-errno)
                : retired_map_size(fd, ret_retired);
    if (r != 0) {
        (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int retired_map(int fd, struct retired **ret_retired) {
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return err_origin(-errno);
    }
    return status.st_size == (off_t)sizeof(struct retired) ? retired_map_size(fd, ret_retired)
                                                           : err_origin(-EBADF);
}

void retired_unmap(struct retired *retired) {
    if (retired != NULL) {
        (void)munmap(retired, sizeof *retired);
    }
}

/* ---- telling ---- */

/* The field processes can write to the list: one that was taken over may have left a text without an end. */
void retired_tell(const struct retired_coil *coil, const char *event, const char *reason) {
    char bus[RETIRED_ADDRESS_SIZE];
    char quoted[2 * RETIRED_ADDRESS_SIZE];
    (void)snprintf(bus, sizeof bus, "%.*s", (int)sizeof bus - 1, coil->bus);
    log_line(
        LOG_WARNING, event,
        "device=%.*s point=%.*s address=%s unit=%u coil=%u reason=\"%s\" effect=\"it was taken out "
        "of the site and may still be on: go there and switch it off by hand\"",
        (int)sizeof coil->device - 1, coil->device, (int)sizeof coil->point - 1, coil->point,
        log_quote(bus, quoted, sizeof quoted), (unsigned)coil->unit, (unsigned)coil->address,
        reason);
}

void retired_tell_waiting(const struct retired *retired, const char *reason) {
    for (uint32_t i = 0; i < RETIRED_MAX; i++) {
        if (atomic_load(&retired->coils[i].state) == RETIRED_WANTED) {
            retired_tell(&retired->coils[i], "output_may_be_on", reason);
        }
    }
}

/* ---- comparing ---- */

/* Where a coil is on the wire. */
struct retired_where {
    uint32_t bus; /* its number, which it mostly keeps: where to look first */
    uint32_t kind, port;
    const char *host;
    uint16_t unit, address;
};

static struct retired_where retired_where_of(const struct site *site, uint32_t point) {
    const struct site_device *device = &site->devices[site->ruleset.points[point].device];
    const struct site_bus *bus = &site->buses[device->bus];
    return (struct retired_where){
        .bus = device->bus,
        .kind = bus->kind,
        .port = bus->port,
        .host = site_text(site, bus->host),
        .unit = (uint16_t)device->unit,
        .address = site->points[point].modbus_address,
    };
}

static struct retired_where retired_where_coil(const struct retired_coil *coil) {
    return (struct retired_where){
        .kind = coil->kind,
        .port = coil->port,
        .host = coil->host,
        .unit = coil->unit,
        .address = coil->address,
    };
}

static bool retired_is_on(const struct retired_where *where, const struct site *site,
                          const struct site_bus *bus) {
    return where->kind == bus->kind && where->port == bus->port &&
           strcmp(where->host, site_text(site, bus->host)) == 0;
}

bool retired_is_at(const struct retired_coil *coil, const struct site *site, uint32_t device) {
    const struct retired_where where = retired_where_coil(coil);
    const struct site_device *row = &site->devices[device];
    return coil->unit == row->unit && retired_is_on(&where, site, &site->buses[row->bus]);
}

/* The outputs of a site by where they are, sorted. */
struct retired_outputs {
    const struct site *site;
    uint64_t *keys;
    size_t count;
};

static uint64_t retired_key(uint32_t bus, uint16_t unit, uint16_t address) {
    return (uint64_t)bus << 32 | (uint64_t)unit << 16 | address;
}

static int retired_order(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static int retired_outputs_init(struct retired_outputs *outputs, const struct site *site) {
    *outputs = (struct retired_outputs){.site = site};
    outputs->keys = calloc((size_t)site->ruleset.point_count + 1, sizeof *outputs->keys);
    if (outputs->keys == NULL) {
        return err_origin(-ENOMEM);
    }
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        const struct site_device *device = &site->devices[site->ruleset.points[i].device];
        if (site->points[i].output != 0) {
            outputs->keys[outputs->count++] =
                retired_key(device->bus, (uint16_t)device->unit, site->points[i].modbus_address);
        }
    }
    qsort(outputs->keys, outputs->count, sizeof *outputs->keys, retired_order);
    return 0;
}

static bool retired_is_output(const struct retired_where *where,
                              const struct retired_outputs *outputs) {
    const struct site *site = outputs->site;
    for (uint32_t i = 0; i < site->bus_count; i++) {
        uint32_t bus = (where->bus + i) % site->bus_count;
        if (retired_is_on(where, site, &site->buses[bus])) {
            uint64_t key = retired_key(bus, where->unit, where->address);
            return bsearch(&key, outputs->keys, outputs->count, sizeof *outputs->keys,
                           retired_order) != NULL;
        }
    }
    return false;
}

bool retired_is_old(const struct retired_coil *coil, uint64_t now_ns) {
    return now_ns - coil->since_ns >= RETIRED_TRY_NS;
}

/* ---- the list ---- */

/* Fill in a row, but for its state. */
static void retired_describe(struct retired_coil *coil, const struct site *site, uint32_t point,
                             uint64_t now_ns) {
    const struct retired_where where = retired_where_of(site, point);
    const struct site_device *device = &site->devices[site->ruleset.points[point].device];
    coil->kind = where.kind;
    coil->port = where.port;
    coil->unit = where.unit;
    coil->address = where.address;
    coil->since_ns = now_ns;
    coil->invert = site->points[point].invert;
    (void)snprintf(coil->host, sizeof coil->host, "%s", where.host);
    (void)snprintf(coil->bus, sizeof coil->bus, "%s",
                   site_text(site, site->buses[device->bus].address));
    (void)snprintf(coil->device, sizeof coil->device, "%s", site_text(site, device->id));
    (void)snprintf(coil->point, sizeof coil->point, "%s", site_text(site, site->points[point].id));
}

static struct retired_coil *retired_free_row(struct retired *retired) {
    for (uint32_t i = 0; i < RETIRED_MAX; i++) {
        if (atomic_load(&retired->coils[i].state) == RETIRED_FREE) {
            return &retired->coils[i];
        }
    }
    return NULL;
}

/* List an output of `site`. It is not listed yet: when it became one, it was struck off. */
static void retired_add(struct retired *retired, const struct site *site, uint32_t point,
                        uint64_t now_ns) {
    struct retired_coil unlisted = {.state = RETIRED_FREE};
    struct retired_coil *row = retired_free_row(retired);
    /* The path of a line may be longer than what is kept; cut, it would be another line. */
    bool fits = strlen(retired_where_of(site, point).host) < RETIRED_HOST_SIZE;
    retired_describe(row != NULL && fits ? row : &unlisted, site, point, now_ns);
    if (row != NULL && fits) {
        atomic_store(&row->state, RETIRED_WANTED); /* last: others may look at any time */
    } else {
        retired_tell(&unlisted, "output_may_be_on",
                     fits ? "too many outputs were taken out at once to switch off this one too"
                          : "the path of its line is too long to be kept");
    }
}

static void retired_strike(struct retired *retired, const struct retired_outputs *outputs,
                           uint64_t now_ns) {
    for (uint32_t i = 0; i < RETIRED_MAX; i++) {
        struct retired_coil *coil = &retired->coils[i];
        const struct retired_where where = retired_where_coil(coil);
        uint32_t state = atomic_load(&coil->state);
        if (state == RETIRED_RESTED ||
            (state == RETIRED_WANTED &&
             (retired_is_old(coil, now_ns) || retired_is_output(&where, outputs)))) {
            atomic_store(&coil->state, RETIRED_FREE);
        }
    }
}

int retired_change(struct retired *retired, const struct site *from, const struct site *to,
                   uint64_t now_ns) {
    struct retired_outputs outputs;
    int r = retired_outputs_init(&outputs, to);
    if (r != 0) {
        return r;
    }
    retired_strike(retired, &outputs, now_ns);
    for (uint32_t i = 0; i < from->ruleset.point_count; i++) {
        if (from->points[i].output != 0) {
            const struct retired_where where = retired_where_of(from, i);
            if (!retired_is_output(&where, &outputs)) {
                retired_add(retired, from, i, now_ns);
            }
        }
    }
    free(outputs.keys);
    return 0;
}

uint32_t retired_waiting(const struct retired *retired, uint64_t since_ns) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < RETIRED_MAX; i++) {
        const struct retired_coil *coil = &retired->coils[i];
        count += atomic_load(&coil->state) == RETIRED_WANTED && coil->since_ns >= since_ns;
    }
    return count;
}
