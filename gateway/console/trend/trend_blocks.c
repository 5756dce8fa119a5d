/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_blocks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/state_file.h"

/* Memory for a file of so many points. */
static int blocks_prepare(struct trend_blocks *blocks, uint32_t rows) {
    blocks->begin = sizeof blocks->head + rows * sizeof *blocks->ids;
    blocks->ids = calloc((size_t)rows + 1, sizeof *blocks->ids);
    blocks->block = malloc(trend_block_size_max(rows));
    return blocks->ids == NULL || blocks->block == NULL ? -ENOMEM : 0;
}

/* After a failure: errno outlives it. */
static int blocks_fail(struct trend_blocks *blocks, int r) {
    int reason = errno;
    trend_blocks_close(blocks);
    errno = reason;
    return r;
}

/* A file takes its name when head and ids are in it. Returns false, with errno, and there is none. */
static bool blocks_write_head(struct trend_blocks *blocks, int directory,
                              const struct trend_tier *tier) {
    char unfinished[TREND_FILE_NAME_SIZE], name[TREND_FILE_NAME_SIZE];
    const struct trend_file_head *head = &blocks->head;
    trend_file_name(tier, head->serial, TREND_BLOCKS, true, unfinished);
    trend_file_name(tier, head->serial, TREND_BLOCKS, false, name);
    blocks->fd = state_file_open(directory, unfinished, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC);
    if (blocks->fd >= 0 && disk_write(blocks->fd, head, sizeof *head) &&
        disk_write(blocks->fd, blocks->ids, head->rows * sizeof *blocks->ids) &&
        fsync(blocks->fd) == 0 && renameat(directory, unfinished, directory, name) == 0 &&
        fsync(directory) == 0) {
        return true;
    }
    int reason = errno;
    (void)unlinkat(directory, unfinished, 0);
    (void)unlinkat(directory, name, 0);
    errno = reason;
    return false;
}

int trend_blocks_create(int directory, const struct trend_tier *tier, struct trend_file_head *head,
                        const uint64_t *ids, struct trend_blocks *ret_blocks) {
    struct trend_blocks blocks = TREND_BLOCKS_NULL;
    head->form = TREND_BLOCKS;
    head->table_sum = trend_file_table_sum(ids, head->rows);
    trend_file_head_seal(head);
    blocks.head = *head;
    if (blocks_prepare(&blocks, head->rows) != 0) {
        return blocks_fail(&blocks, -ENOMEM);
    }
    memcpy(blocks.ids, ids, head->rows * sizeof *ids);
    if (!blocks_write_head(&blocks, directory, tier)) {
        return blocks_fail(&blocks, TREND_E_DISK);
    }
    *ret_blocks = blocks;
    return 0;
}

static int blocks_read_head(struct trend_blocks *blocks, const struct trend_tier *tier,
                            uint64_t serial) {
    if (!disk_read_at(blocks->fd, &blocks->head, sizeof blocks->head, 0) ||
        !trend_file_head_is_ours(&blocks->head, tier, serial, TREND_BLOCKS)) {
        return TREND_E_STRANGE;
    }
    uint32_t rows = blocks->head.rows;
    if (blocks_prepare(blocks, rows) != 0) {
        return -ENOMEM;
    }
    bool whole =
        disk_read_at(blocks->fd, blocks->ids, rows * sizeof *blocks->ids, sizeof blocks->head) &&
        blocks->head.table_sum == trend_file_table_sum(blocks->ids, rows);
    return whole ? 0 : TREND_E_STRANGE;
}

int trend_blocks_open(int directory, const struct trend_tier *tier, uint64_t serial, bool writing,
                      struct trend_blocks *ret_blocks) {
    struct trend_blocks blocks = TREND_BLOCKS_NULL;
    char name[TREND_FILE_NAME_SIZE];
    trend_file_name(tier, serial, TREND_BLOCKS, false, name);
    blocks.fd = state_file_open(directory, name, (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (blocks.fd < 0) {
        return errno == EINVAL ? TREND_E_STRANGE : TREND_E_DISK;
    }
    int r = blocks_read_head(&blocks, tier, serial);
    if (r != 0) {
        return blocks_fail(&blocks, r);
    }
    *ret_blocks = blocks;
    return 0;
}

void trend_blocks_close(struct trend_blocks *blocks) {
    if (blocks->fd >= 0) {
        (void)close(blocks->fd);
    }
    free(blocks->ids);
    free(blocks->block);
    *blocks = TREND_BLOCKS_NULL;
}

int trend_blocks_append(struct trend_blocks *blocks, int64_t slot, struct trend_source source,
                        const struct trend_bucket *buckets, uint64_t *offset) {
    size_t size = trend_block_write(slot, source, buckets, blocks->head.rows, blocks->head.step_s,
                                    blocks->block);
    /* What a power cut or a full disk left behind the last whole block goes first. */
    if (ftruncate(blocks->fd, (off_t)*offset) == 0 &&
        lseek(blocks->fd, (off_t)*offset, SEEK_SET) >= 0 &&
        disk_write(blocks->fd, blocks->block, size) && fdatasync(blocks->fd) == 0) {
        *offset += size;
        return 0;
    }
    int reason = errno;
    (void)ftruncate(blocks->fd, (off_t)*offset);
    errno = reason;
    return TREND_E_DISK;
}

uint64_t trend_blocks_visit(const struct trend_blocks *blocks, const struct trend_blocks_part *part,
                            trend_blocks_visitor *visitor, void *context, uint64_t *damaged) {
    uint64_t at = part->offset > blocks->begin ? part->offset : blocks->begin;
    struct stat found;
    uint64_t size = fstat(blocks->fd, &found) == 0 ? (uint64_t)found.st_size : 0;
    while (at < size) {
        struct trend_block_head head;
        if (!disk_read_at(blocks->fd, &head, sizeof head, at) ||
            !trend_block_head_is_sound(&head, blocks->head.rows) ||
            head.size > size - at - sizeof head) {
            (*damaged)++;
            break;
        }
        uint64_t end = at + sizeof head + head.size;
        if (head.slot >= part->first && head.slot < part->end) {
            if (!disk_read_at(blocks->fd, blocks->block, head.size, at + sizeof head) ||
                !trend_block_is_sound(&head, blocks->block)) {
                (*damaged)++;
            } else if (!visitor(context, &head, blocks->block, end)) {
                return end;
            }
        }
        at = end;
    }
    return at;
}
