/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault_vfs.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <sqlite3.h>

#include "tests/support/fault_disk.h"

/* One open file; SQLite makes room for the real one behind it. */
struct vfs_file {
    sqlite3_file base;
    struct fault_file *file; /* NULL: not watched */
    bool names_due;          /* its name is synced with it the next time, as the unix VFS does */
    sqlite3_int64 real[];    /* aligned as SQLite aligns it */
};

static sqlite3_vfs *real_vfs; /* set once, before there is a second thread */

static struct vfs_file *vfs_of(sqlite3_file *base) {
    return (struct vfs_file *)base;
}

static sqlite3_file *vfs_real(sqlite3_file *base) {
    return (sqlite3_file *)vfs_of(base)->real;
}

/* As the unix VFS says it: no room is told apart, everything else is an error of input or output. */
static int vfs_result(int error, int result) {
    return error == ENOSPC ? SQLITE_FULL : result;
}

static int vfs_close(sqlite3_file *base) {
    return vfs_real(base)->pMethods->xClose(vfs_real(base));
}

static int vfs_read(sqlite3_file *base, void *ret, int size, sqlite3_int64 offset) {
    if (vfs_of(base)->file != NULL && fault_disk_other(FAULT_READ) != 0) {
        return SQLITE_IOERR_READ;
    }
    return vfs_real(base)->pMethods->xRead(vfs_real(base), ret, size, offset);
}

static int vfs_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 offset) {
    size_t done = (size_t)size;
    int error = 0;
    if (vfs_of(base)->file != NULL) {
        error = fault_disk_write(vfs_of(base)->file, bytes, (size_t)size, (uint64_t)offset, &done);
    }
    if (done > 0) {
        int result = vfs_real(base)->pMethods->xWrite(vfs_real(base), bytes, (int)done, offset);
        assert(result == SQLITE_OK);
    }
    return error == 0 ? SQLITE_OK : vfs_result(error, SQLITE_IOERR_WRITE);
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size) {
    if (vfs_of(base)->file != NULL &&
        fault_disk_truncate(vfs_of(base)->file, (uint64_t)size) != 0) {
        return SQLITE_IOERR_TRUNCATE;
    }
    return vfs_real(base)->pMethods->xTruncate(vfs_real(base), size);
}

static int vfs_sync(sqlite3_file *base, int flags) {
    struct vfs_file *file = vfs_of(base);
    (void)flags;
    if (file->file == NULL) {
        return SQLITE_OK;
    }
    if (fault_disk_sync(file->file) != 0) {
        return SQLITE_IOERR_FSYNC;
    }
    /* The unix VFS ignores whether the directory could be synced, and tries it once. */
    if (file->names_due) {
        (void)fault_disk_sync_names();
        file->names_due = false;
    }
    return SQLITE_OK;
}

static int vfs_file_size(sqlite3_file *base, sqlite3_int64 *ret_size) {
    return vfs_real(base)->pMethods->xFileSize(vfs_real(base), ret_size);
}

static int vfs_lock(sqlite3_file *base, int level) {
    return vfs_real(base)->pMethods->xLock(vfs_real(base), level);
}

static int vfs_unlock(sqlite3_file *base, int level) {
    return vfs_real(base)->pMethods->xUnlock(vfs_real(base), level);
}

static int vfs_check_lock(sqlite3_file *base, int *ret_locked) {
    return vfs_real(base)->pMethods->xCheckReservedLock(vfs_real(base), ret_locked);
}

static int vfs_control(sqlite3_file *base, int operation, void *argument) {
    return vfs_real(base)->pMethods->xFileControl(vfs_real(base), operation, argument);
}

static int vfs_sector_size(sqlite3_file *base) {
    return vfs_real(base)->pMethods->xSectorSize(vfs_real(base));
}

static int vfs_characteristics(sqlite3_file *base) {
    return vfs_real(base)->pMethods->xDeviceCharacteristics(vfs_real(base));
}

static int vfs_shared_map(sqlite3_file *base, int page, int page_size, int extend,
                          void volatile **ret_memory) {
    if (vfs_of(base)->file != NULL && extend != 0 && fault_disk_other(FAULT_SHARED) != 0) {
        return SQLITE_IOERR_SHMSIZE;
    }
    return vfs_real(base)->pMethods->xShmMap(vfs_real(base), page, page_size, extend, ret_memory);
}

static int vfs_shared_lock(sqlite3_file *base, int offset, int count, int flags) {
    return vfs_real(base)->pMethods->xShmLock(vfs_real(base), offset, count, flags);
}

static void vfs_shared_barrier(sqlite3_file *base) {
    vfs_real(base)->pMethods->xShmBarrier(vfs_real(base));
}

static int vfs_shared_unmap(sqlite3_file *base, int remove) {
    return vfs_real(base)->pMethods->xShmUnmap(vfs_real(base), remove);
}

static const sqlite3_io_methods vfs_methods = {
    .iVersion = 2,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_file_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_lock,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
    .xShmMap = vfs_shared_map,
    .xShmLock = vfs_shared_lock,
    .xShmBarrier = vfs_shared_barrier,
    .xShmUnmap = vfs_shared_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags,
                    int *ret_flags) {
    struct vfs_file *file = vfs_of(base);
    bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
    (void)vfs;
    *file = (struct vfs_file){0};
    if (name != NULL && (flags & SQLITE_OPEN_READWRITE) != 0) {
        int error = fault_disk_open(name, creates, false, &file->file);
        if (error == EROFS) {
            flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
            file->file = fault_disk_file(name);
        } else if (error != 0) {
            return SQLITE_CANTOPEN;
        }
    } else if (name != NULL) {
        file->file = fault_disk_file(name);
    }
    int result = real_vfs->xOpen(real_vfs, name, vfs_real(base), flags, ret_flags);
    if ((vfs_real(base))->pMethods != NULL) {
        file->base.pMethods = &vfs_methods;
    }
    file->names_due =
        creates &&
        (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    return result;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_names) {
    (void)vfs;
    bool watched = fault_disk_file(name) != NULL;
    if (watched && fault_disk_remove(name) != 0) {
        return SQLITE_IOERR_DELETE;
    }
    int result = real_vfs->xDelete(real_vfs, name, 0);
    if (watched && result == SQLITE_OK && sync_names != 0 && fault_disk_sync_names() != 0) {
        result = SQLITE_IOERR_DIR_FSYNC;
    }
    return result;
}

void fault_vfs_register(void) {
    static sqlite3_vfs vfs;
    assert(real_vfs == NULL);
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "fault";
    vfs.szOsFile = (int)sizeof(struct vfs_file) + real_vfs->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    int result = sqlite3_vfs_register(&vfs, 1);
    assert(result == SQLITE_OK);
}
