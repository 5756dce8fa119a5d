/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAULT_DISK_H
#define TESTS_SUPPORT_FAULT_DISK_H

/*
 * A disk that loses its power, and one that fails
 *
 * What a program does to the files below one directory is done to them, and noted here: SQLite's by
 * fault_vfs.h, our own by fault_calls.h. Of each file the disk knows what was synced and, in their
 * order, the writes and cuts since; of the directory likewise which names were synced, and the
 * names made, changed and removed since.
 *
 *     write, write, sync │ write, cut, write ┊ power cut        what survives:
 *     ───── durable ─────┴───── at random ───┘                  durable + some of the rest
 *
 * Of the rest each sector of 512 bytes survives or not by itself, so that later writes may survive
 * earlier ones, and now and then holds rubbish where it was written to; a byte that was not written
 * stays as it was (SQLite assumes the same: SQLITE_POWERSAFE_OVERWRITE). Names survive as a prefix,
 * as a journaling file system keeps them. From the cut on every operation fails with EIO.
 *
 * Directories are taken for durable. Nothing is really synced, watched or not, for the kernel does
 * not fail here. One disk at a time; any thread may use its files.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_operation {
    FAULT_OPEN, /* for writing */
    FAULT_READ,
    FAULT_WRITE,
    FAULT_TRUNCATE,
    FAULT_SYNC,
    FAULT_NAME,   /* rename and unlink */
    FAULT_SHARED, /* SQLite's shared memory grows */
    FAULT_OPERATION_COUNT,
};

enum fault_kind {
    FAULT_NONE,
    FAULT_POWER,
    FAULT_FULL, /* ENOSPC, with half of a write done */
    FAULT_IO,   /* EIO, likewise */
    FAULT_READ_ONLY,
    FAULT_SLOW, /* nothing fails, but it takes its time */
    FAULT_KIND_COUNT,
};

struct fault_file;

/* Begin to note what happens below `root`; what stands there is durable. */
void fault_disk_mount(const char *root);
void fault_disk_unmount(void);
bool fault_disk_is_mounted(void);

/*
 * Have the `at`-th operation from now on, counted from 1, that `kind` can concern meet it, and all
 * after it if `stays`. FAULT_NONE ends the present fault.
 */
void fault_disk_plan(enum fault_kind kind, uint64_t at, bool stays);

/* From now on a sync is confirmed, as ever, but nothing reaches the disk by it: a control's disk. */
void fault_disk_lie(bool lies);

/* Operations that the plan counted, and those that have met its fault. */
uint64_t fault_disk_counted(void);
uint64_t fault_disk_met(void);

/* Write into the empty directory `target` what a power cut would leave now. */
void fault_disk_survive(const char *target, uint64_t seed);

/* ---- for fault_vfs.c and fault_calls.c ---- */

/* The file at `path`; NULL where the disk does not watch it. */
struct fault_file *fault_disk_file(const char *path);

/*
 * Each notes an operation and returns 0: do it, or the errno with which it fails. Of a write that
 * fails `ret_size` bytes are to be done all the same.
 */
int fault_disk_open(const char *path, bool create, bool empty, struct fault_file **ret_file);
int fault_disk_write(struct fault_file *file, const void *bytes, size_t size, uint64_t offset,
                     size_t *ret_size);
int fault_disk_truncate(struct fault_file *file, uint64_t size);
int fault_disk_sync(struct fault_file *file);
int fault_disk_sync_names(void);
int fault_disk_rename(const char *from, const char *to);
int fault_disk_remove(const char *path);
int fault_disk_other(enum fault_operation operation);

#endif
