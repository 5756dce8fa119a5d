/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAULT_VFS_H
#define TESTS_SUPPORT_FAULT_VFS_H

/*
 * SQLite on the disk of fault_disk.h
 *
 * A VFS around the default one, which it replaces: the files are real, beside the process's own
 * locks and shared memory, and each operation on a file that the disk watches is put to the disk
 * first. The shared memory is not on the disk: SQLite makes it anew from the log.
 */

/* Make it the default of this process; once. */
void fault_vfs_register(void);

#endif
