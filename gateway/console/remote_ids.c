/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/remote_ids.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/disk.h"
#include "gateway/state_file.h"

#define REMOTE_IDS_FILE_NAME "remote.bin"

#define WINDOW_NS            (REMOTE_WINDOW_S * (int64_t)NS_PER_S)

struct remote_ids_head {
    char magic[8];
    struct wall forgotten;
};

static const char remote_magic[8] = "remote1";

/* ---- the file ---- */

/* As the rows stand in memory: only this machine's console reads them. */
static bool remote_ids_write(const struct remote_ids *ids) {
    struct remote_ids_head head = {.forgotten = ids->forgotten};
    unsigned char bytes[sizeof head + sizeof ids->rows];
    size_t rows_size = ids->count * sizeof *ids->rows;
    memcpy(head.magic, remote_magic, sizeof head.magic);
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, ids->rows, rows_size);
    return ids->directory >= 0 &&
           disk_replace(ids->directory, REMOTE_IDS_FILE_NAME, bytes, sizeof head + rows_size) == 0;
}

static bool remote_id_is_sound(const struct remote_id *row) {
    return memchr(row->user, '\0', sizeof row->user) != NULL &&
           memchr(row->id, '\0', sizeof row->id) != NULL;
}

static bool remote_ids_read_file(struct remote_ids *ids, int fd) {
    struct stat found;
    struct remote_ids_head head;
    size_t row = sizeof *ids->rows;
    if (fstat(fd, &found) != 0 || found.st_size < (off_t)sizeof head ||
        found.st_size > (off_t)(sizeof head + sizeof ids->rows) ||
        ((size_t)found.st_size - sizeof head) % row != 0 ||
        !disk_read_at(fd, &head, sizeof head, 0) ||
        memcmp(head.magic, remote_magic, sizeof head.magic) != 0) {
        return false;
    }
    size_t size = (size_t)found.st_size - sizeof head;
    bool sound = disk_read_at(fd, ids->rows, size, sizeof head);
    for (size_t i = 0; sound && i < size / row; i++) {
        sound = remote_id_is_sound(&ids->rows[i]);
    }
    if (sound) {
        ids->forgotten = head.forgotten;
        ids->count = (uint32_t)(size / row);
    }
    return sound;
}

bool remote_ids_open(struct remote_ids *ids, int directory, struct wall now) {
    *ids = (struct remote_ids){.directory = directory};
    int fd = directory < 0 ? -1 : state_file_open(directory, REMOTE_IDS_FILE_NAME, O_RDONLY);
    if (fd < 0) {
        bool none = directory < 0 || errno == ENOENT;
        ids->forgotten.ns = none ? 0 : now.ns + WINDOW_NS;
        return none;
    }
    bool sound = remote_ids_read_file(ids, fd);
    (void)close(fd);
    if (!sound) {
        ids->forgotten.ns = now.ns + WINDOW_NS;
    }
    return sound;
}

/* ---- taking ---- */

static void remote_ids_forget(struct remote_ids *ids, struct wall now) {
    for (uint32_t i = ids->count; i > 0; i--) {
        struct remote_id *row = &ids->rows[i - 1];
        if (row->time.ns < now.ns - WINDOW_NS) {
            if (row->time.ns > ids->forgotten.ns) {
                ids->forgotten = row->time;
            }
            *row = ids->rows[--ids->count];
        }
    }
}

int remote_ids_take(struct remote_ids *ids, const char *user, const char *id, struct wall time,
                    struct wall now) {
    uint32_t of_person = 0;
    if (time.ns < now.ns - WINDOW_NS || time.ns > now.ns + WINDOW_NS) {
        return REMOTE_IDS_E_TIME;
    }
    remote_ids_forget(ids, now);
    if (time.ns <= ids->forgotten.ns) {
        return REMOTE_IDS_E_OLD;
    }
    for (uint32_t i = 0; i < ids->count; i++) {
        bool same_person = strcmp(ids->rows[i].user, user) == 0;
        of_person += same_person;
        if (same_person && strcmp(ids->rows[i].id, id) == 0) {
            return REMOTE_IDS_E_REPEATED;
        }
    }
    if (ids->count == REMOTE_IDS_MAX || of_person == REMOTE_IDS_PERSON_MAX) {
        return REMOTE_IDS_E_FULL;
    }
    struct remote_id *row = &ids->rows[ids->count++];
    *row = (struct remote_id){.time = time};
    memcpy(row->user, user, strlen(user) + 1);
    memcpy(row->id, id, strlen(id) + 1);
    if (!remote_ids_write(ids)) {
        ids->count--;
        return REMOTE_IDS_E_DISK;
    }
    return 0;
}
