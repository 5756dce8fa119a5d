/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/spool.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "gateway/disk.h"
#include "gateway/state_file.h"

enum { NAME_SIZE = 32 };

/* In front of each record, in the machine's own order: a spool does not travel. */
struct record_head {
    uint32_t magic;
    uint32_t size;
    uint32_t lines;
    uint32_t sum; /* CRC-32 of size, lines and bytes */
};

#define RECORD_WAITS UINT32_C(0x31505354) /* "TSP1" */
#define RECORD_DONE  UINT32_C(0x30505354)

struct spool_file {
    uint64_t number;
    uint64_t size;  /* bytes of whole records */
    uint64_t lines; /* that are not done */
};

struct spool {
    int directory;
    uint64_t size_max;
    struct spool_file *files; /* oldest first */
    uint32_t count, room;
    uint64_t next_number;
    int write_fd;         /* of the newest file; -1: the next record begins a new one */
    int read_fd;          /* of the oldest file; -1: not open */
    uint64_t read_offset; /* where its oldest record is */
    unsigned char *bytes; /* of the record that was read last */
    size_t bytes_size;
    struct spool_place in_hand; /* the record that was read last, and is not known to be done … */
    uint32_t in_hand_lines;     /* … or 0 */
    bool in_hand_only;          /* its file went for want of room: whoever has it has all of it */
    struct spool_stats stats;
};

static void spool_name(uint64_t number, char ret[NAME_SIZE]) {
    (void)snprintf(ret, NAME_SIZE, "%010" PRIu64 ".lines", number);
}

static void close_fd(int *fd) {
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

/* The sum of what it covers of the head, to go on from with the bytes. */
static uint32_t record_sum_head(const struct record_head *head) {
    uLong sum = crc32(0, (const Bytef *)&head->size, sizeof head->size);
    return (uint32_t)crc32(sum, (const Bytef *)&head->lines, sizeof head->lines);
}

static uint32_t record_sum(const struct record_head *head, const void *bytes) {
    return (uint32_t)crc32(record_sum_head(head), bytes, head->size);
}

/* Do the bytes behind `head` at `offset` have its sum? */
static bool record_is_sound(int fd, uint64_t offset, const struct record_head *head) {
    unsigned char piece[4096];
    uint32_t sum = record_sum_head(head);
    for (size_t done = 0; done < head->size;) {
        size_t count = head->size - done < sizeof piece ? head->size - done : sizeof piece;
        if (!disk_read_at(fd, piece, count, offset + sizeof *head + done)) {
            return false;
        }
        sum = (uint32_t)crc32(sum, piece, (uInt)count);
        done += count;
    }
    return sum == head->sum;
}

static bool record_mark_is_known(const struct record_head *head) {
    return head->magic == RECORD_WAITS || head->magic == RECORD_DONE;
}

/*
 * Read the head at `offset`; false when none that makes sense is there. A power cut while a record
 * is marked as done may leave any mark: then it waits, for what stands behind it must be found.
 */
static bool record_read_head(int fd, uint64_t offset, struct record_head *ret_head) {
    return disk_read_at(fd, ret_head, sizeof *ret_head, offset) && ret_head->size > 0 &&
           ret_head->size <= SPOOL_RECORD_MAX &&
           (record_mark_is_known(ret_head) || record_is_sound(fd, offset, ret_head));
}

/* ---- files ---- */

static int spool_file_open(const struct spool *spool, uint64_t number, int flags) {
    char name[NAME_SIZE];
    spool_name(number, name);
    return state_file_open(spool->directory, name, flags);
}

/* Make room for one more in the list; false without memory. */
static bool spool_list_grow(struct spool *spool) {
    if (spool->count < spool->room) {
        return true;
    }
    uint32_t room = spool->room == 0 ? 16 : 2 * spool->room;
    struct spool_file *files = realloc(spool->files, room * sizeof *files);
    if (files == NULL) {
        return false;
    }
    spool->files = files;
    spool->room = room;
    return true;
}

/* Remove the oldest file; what of it is not done is lost. Returns how many lines that was. */
static uint64_t spool_remove_oldest(struct spool *spool) {
    struct spool_file oldest = spool->files[0];
    char name[NAME_SIZE];
    close_fd(&spool->read_fd);
    if (spool->count == 1) {
        close_fd(&spool->write_fd);
    }
    spool_name(oldest.number, name);
    (void)unlinkat(spool->directory, name, 0);
    spool->count--;
    memmove(spool->files, spool->files + 1, spool->count * sizeof *spool->files);
    spool->read_offset = 0;
    spool->stats.bytes -= oldest.size;
    spool->stats.lines -= oldest.lines;
    return oldest.lines;
}

/* The oldest file goes for want of room. What somebody has in hand is not lost by that. */
static void spool_drop_oldest(struct spool *spool) {
    const uint64_t file = spool->files[0].number;
    uint64_t lines = spool_remove_oldest(spool);
    if (spool->in_hand_lines > 0 && spool->in_hand.file == file) {
        spool->in_hand_only = true;
        lines -= spool->in_hand_lines;
    }
    spool->stats.dropped_lines += lines;
}

/* The record in hand is done; or another one is taken, and if it had no other place it is lost now. */
static void spool_let_go(struct spool *spool, bool done) {
    if (spool->in_hand_only && !done) {
        spool->stats.dropped_lines += spool->in_hand_lines;
    }
    spool->in_hand_lines = 0;
    spool->in_hand_only = false;
}

static void spool_take_in_hand(struct spool *spool, const struct spool_record *record) {
    spool_let_go(spool, false);
    spool->in_hand = record->place;
    spool->in_hand_lines = record->lines;
}

/* The newest file holds nothing: each refusal of a full disk would leave one more, until they take the place of lines. */
static void spool_remove_empty(struct spool *spool) {
    const struct spool_file *newest = &spool->files[spool->count - 1];
    char name[NAME_SIZE];
    assert(newest->size == 0);
    spool_name(newest->number, name);
    (void)unlinkat(spool->directory, name, 0);
    spool->count--;
}

static bool spool_begin_file(struct spool *spool) {
    if (!spool_list_grow(spool)) {
        errno = ENOMEM;
        return false;
    }
    int fd = spool_file_open(spool, spool->next_number, O_RDWR | O_CREAT | O_EXCL);
    if (fd < 0) {
        return false;
    }
    /* The file's name is only durable once its directory is. */
    bool is_durable = fsync(spool->directory) == 0;
    spool->files[spool->count++] = (struct spool_file){.number = spool->next_number++};
    if (!is_durable) {
        close_fd(&fd);
        spool_remove_empty(spool);
        return false;
    }
    spool->write_fd = fd;
    return true;
}

/* ---- what an earlier life left ---- */

static int compare_numbers(const void *a, const void *b) {
    const struct spool_file *left = a;
    const struct spool_file *right = b;
    return (left->number > right->number) - (left->number < right->number);
}

/* Count what waits in a file. */
static void spool_survey(struct spool *spool, struct spool_file *file) {
    struct record_head head;
    struct stat found;
    int fd = spool_file_open(spool, file->number, O_RDONLY);
    if (fd < 0) {
        spool->stats.damaged++;
        return;
    }
    uint64_t whole = fstat(fd, &found) == 0 ? (uint64_t)found.st_size : 0;
    while (record_read_head(fd, file->size, &head) &&
           file->size + sizeof head + head.size <= whole) {
        file->size += sizeof head + head.size;
        file->lines += head.magic != RECORD_DONE ? head.lines : 0;
        spool->stats.damaged += !record_mark_is_known(&head);
    }
    spool->stats.damaged += file->size != whole;
    spool->stats.bytes += file->size;
    spool->stats.lines += file->lines;
    close_fd(&fd);
}

static int spool_find(struct spool *spool) {
    int fd = openat(spool->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    if (listing == NULL) {
        int r = err_origin(-errno);
        close_fd(&fd);
        return r;
    }
    const struct dirent *entry;
    bool memory = true;
    while (memory && (entry = readdir(listing)) != NULL) {
        char name[NAME_SIZE];
        uint64_t number = strtoull(entry->d_name, NULL, 10);
        spool_name(number, name); /* what is not written like this is no file of ours */
        if (strcmp(name, entry->d_name) == 0 && (memory = spool_list_grow(spool))) {
            spool->files[spool->count++] = (struct spool_file){.number = number};
        }
    }
    (void)closedir(listing);
    if (!memory) {
        return err_origin(-ENOMEM);
    }
    if (spool->count > 0) {
        qsort(spool->files, spool->count, sizeof *spool->files, compare_numbers);
        spool->next_number = spool->files[spool->count - 1].number + 1;
    }
    for (uint32_t i = 0; i < spool->count; i++) {
        spool_survey(spool, &spool->files[i]);
    }
    return 0;
}

int spool_new(const char *directory, uint64_t size_max, struct spool **ret_spool) {
    assert(size_max >= SPOOL_SIZE_MIN);
    struct spool *spool = calloc(1, sizeof *spool);
    if (spool == NULL) {
        return err_origin(-ENOMEM);
    }
    *spool = (struct spool){
        .directory = -1, .size_max = size_max, .write_fd = -1, .read_fd = -1, .next_number = 1};
    int r = mkdir(directory, 0700) == 0 || errno == EEXIST ? 0 : err_origin(-errno);
    if (r == 0) {
        spool->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = spool->directory >= 0 ? spool_find(spool) : err_origin(-errno);
    }
    if (r != 0) {
        (void)spool_free(spool);
        return err_trace(r);
    }
    *ret_spool = spool;
    return 0;
}

struct spool *spool_free(struct spool *spool) {
    if (spool != NULL) {
        close_fd(&spool->write_fd);
        close_fd(&spool->read_fd);
        close_fd(&spool->directory);
        free(spool->files);
        free(spool->bytes);
        free(spool);
    }
    return NULL;
}

/* ---- records ---- */

int spool_append(struct spool *spool, const void *bytes, size_t size, uint32_t lines,
                 struct spool_place *ret_place) {
    assert(size > 0 && size <= SPOOL_RECORD_MAX);
    struct record_head head = {.magic = RECORD_WAITS, .size = (uint32_t)size, .lines = lines};
    head.sum = record_sum(&head, bytes);
    const uint64_t need = sizeof head + size;
    if (spool->write_fd >= 0 && spool->files[spool->count - 1].size + need > SPOOL_FILE_BYTES) {
        close_fd(&spool->write_fd);
    }
    while (spool->count > 0 && (spool->stats.bytes + need > spool->size_max ||
                                (spool->write_fd < 0 && spool->count == SPOOL_FILES_MAX))) {
        spool_drop_oldest(spool);
    }
    if (spool->write_fd < 0 && !spool_begin_file(spool)) {
        spool->stats.failures++;
        return SPOOL_E_FAILED;
    }
    struct spool_file *file = &spool->files[spool->count - 1];
    if (!disk_write(spool->write_fd, &head, sizeof head) ||
        !disk_write(spool->write_fd, bytes, size) || fdatasync(spool->write_fd) != 0) {
        int error = errno;
        /* A reader stops at the end of the whole records in any case. */
        (void)!ftruncate(spool->write_fd, (off_t)file->size);
        close_fd(&spool->write_fd);
        if (file->size == 0) {
            spool_remove_empty(spool);
        }
        spool->stats.failures++;
        errno = error;
        return SPOOL_E_FAILED;
    }
    *ret_place = (struct spool_place){.file = file->number, .offset = file->size};
    file->size += need;
    file->lines += lines;
    spool->stats.bytes += need;
    spool->stats.lines += lines;
    return 0;
}

/* Room for the bytes of one record, which stays: they are all of much the same size. */
static bool spool_make_room(struct spool *spool, size_t size) {
    if (spool->bytes_size >= size) {
        return true;
    }
    unsigned char *bytes = realloc(spool->bytes, size);
    if (bytes == NULL) {
        return false;
    }
    spool->bytes = bytes;
    spool->bytes_size = size;
    return true;
}

/* Count what remains of the oldest file as damaged, and leave it. */
static void spool_give_up_oldest(struct spool *spool) {
    spool->stats.damaged++;
    spool->stats.dropped_lines += spool_remove_oldest(spool);
}

/* Step over a record of the oldest file. */
static void spool_pass(struct spool *spool, const struct record_head *head) {
    struct spool_file *file = &spool->files[0];
    spool->read_offset += sizeof *head + head->size;
    if (head->magic != RECORD_DONE) {
        uint64_t lines = head->lines < file->lines ? head->lines : file->lines;
        file->lines -= lines;
        spool->stats.lines -= lines;
    }
    if (spool->read_offset >= file->size) {
        (void)spool_remove_oldest(spool);
    }
}

/* Look at the record at the reading position. */
enum look { LOOK_HERE, LOOK_ON, LOOK_NOTHING };

static enum look spool_look(struct spool *spool, struct spool_record *ret_record) {
    struct record_head head;
    const struct spool_file *file = &spool->files[0];
    if (spool->read_offset >= file->size) {
        (void)spool_remove_oldest(spool); /* nothing of it was whole */
        return LOOK_ON;
    }
    if (spool->read_fd < 0) {
        spool->read_fd = spool_file_open(spool, file->number, O_RDONLY);
    }
    if (spool->read_fd < 0 || !record_read_head(spool->read_fd, spool->read_offset, &head)) {
        spool_give_up_oldest(spool);
        return LOOK_ON;
    }
    if (head.magic == RECORD_DONE) {
        spool_pass(spool, &head);
        return LOOK_ON;
    }
    if (!spool_make_room(spool, head.size)) {
        return LOOK_NOTHING; /* once there is memory again */
    }
    if (!disk_read_at(spool->read_fd, spool->bytes, head.size, spool->read_offset + sizeof head) ||
        record_sum(&head, spool->bytes) != head.sum) {
        spool->stats.damaged++;
        spool->stats.dropped_lines += head.lines;
        spool_pass(spool, &head);
        return LOOK_ON;
    }
    *ret_record = (struct spool_record){
        .place = {.file = file->number, .offset = spool->read_offset},
        .bytes = spool->bytes,
        .size = head.size,
        .lines = head.lines,
    };
    return LOOK_HERE;
}

int spool_oldest(struct spool *spool, struct spool_record *ret_record) {
    while (spool->count > 0) {
        switch (spool_look(spool, ret_record)) {
        case LOOK_HERE:
            spool_take_in_hand(spool, ret_record);
            return 0;
        case LOOK_NOTHING:
            return SPOOL_E_EMPTY;
        case LOOK_ON:
            break;
        }
    }
    return SPOOL_E_EMPTY;
}

void spool_done(struct spool *spool, struct spool_place place) {
    uint32_t i = 0;
    if (place.file == spool->in_hand.file && place.offset == spool->in_hand.offset) {
        spool_let_go(spool, true);
    }
    while (i < spool->count && spool->files[i].number != place.file) {
        i++;
    }
    if (i == spool->count || (i == 0 && place.offset < spool->read_offset)) {
        return; /* went for want of room */
    }
    struct record_head head;
    const bool oldest = i == 0 && place.offset == spool->read_offset;
    int fd = spool_file_open(spool, place.file, O_RDWR);
    if (fd >= 0 && record_read_head(fd, place.offset, &head)) {
        if (oldest) {
            spool_pass(spool, &head);
        } else if (head.magic != RECORD_DONE) {
            const uint32_t done = RECORD_DONE;
            if (pwrite(fd, &done, sizeof done, (off_t)place.offset) == (ssize_t)sizeof done) {
                spool->files[i].lines -= head.lines;
                spool->stats.lines -= head.lines;
            }
        }
    }
    close_fd(&fd);
}

struct spool_stats spool_stats(const struct spool *spool) {
    return spool->stats;
}
