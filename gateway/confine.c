/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/confine.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- system calls ---- */

#if defined(__x86_64__)
#define CONFINE_ARCHITECTURE AUDIT_ARCH_X86_64
/* Numbers of the x32 interface; none of ours, and a way around every list. */
#define CONFINE_NUMBER_LIMIT 0x40000000u
#elif defined(__aarch64__)
#define CONFINE_ARCHITECTURE AUDIT_ARCH_AARCH64
#define CONFINE_NUMBER_LIMIT UINT32_MAX
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONFINE_LEAKS_ARE_SOUGHT
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define CONFINE_LEAKS_ARE_SOUGHT
#endif

static const uint16_t denied_calls[] = {
    /* starting another program, becoming somebody else */
    SYS_execve,
    SYS_execveat,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_setfsuid,
    SYS_setfsgid,
/* looking into another process; LeakSanitizer stops its own threads that way */
#ifndef CONFINE_LEAKS_ARE_SOUGHT
    SYS_ptrace,
#endif
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_perf_event_open,
    SYS_userfaultfd,
    /* another view of the file system */
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_unshare,
    SYS_setns,
    SYS_open_by_handle_at,
    SYS_mknodat,
    SYS_fanotify_init,
    SYS_quotactl,
    SYS_quotactl_fd,
    /* the kernel and the machine */
    SYS_bpf,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_syslog,
    SYS_vhangup,
    SYS_sethostname,
    SYS_setdomainname,
    /* the clocks: they are only read */
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    /* keys, and a second way to make every system call */
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
#if defined(__x86_64__)
    SYS_mknod,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
};

enum {
    CALL_COUNT = sizeof denied_calls / sizeof *denied_calls,
    FAMILIES_MAX = 4,
    /* architecture 3, number 3, two for each call, socket 2 + one for each family + 2, the end */
    PROGRAM_MAX = 16 + 2 * CALL_COUNT + FAMILIES_MAX,
};

/* The families whose sockets a role needs; 0 ends a list. Resolving a name asks NETLINK. */
static const uint16_t families[PROCESS_ROLE_COUNT][FAMILIES_MAX] = {
    [PROCESS_ENGINE] = {AF_UNIX},
    [PROCESS_FIELD] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK},
    [PROCESS_UPLINK] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK},
    [PROCESS_CONSOLE] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK},
};

#if defined(CONFINE_ARCHITECTURE)
struct filter {
    struct sock_filter code[PROGRAM_MAX];
    uint16_t count;
};

static void filter_add(struct filter *filter, uint16_t code, uint32_t value, uint8_t if_true,
                       uint8_t if_false) {
    assert(filter->count < PROGRAM_MAX);
    filter->code[filter->count++] =
        (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = value};
}

static void filter_load(struct filter *filter, size_t offset) {
    filter_add(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void filter_return(struct filter *filter, uint32_t action) {
    filter_add(filter, BPF_RET | BPF_K, action, 0, 0);
}

/*
 * Refuse what is denied, allow the rest. A comparison is followed by the answer for "equal" and
 * jumps over it otherwise.
 */
static void filter_build(struct filter *filter, enum process_role role) {
    const uint32_t refuse = SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA);
    const uint16_t equal = BPF_JMP | BPF_JEQ | BPF_K;
    filter_load(filter, offsetof(struct seccomp_data, arch));
    filter_add(filter, equal, CONFINE_ARCHITECTURE, 1, 0);
    filter_return(filter, refuse);
    filter_load(filter, offsetof(struct seccomp_data, nr));
    filter_add(filter, BPF_JMP | BPF_JGE | BPF_K, CONFINE_NUMBER_LIMIT, 0, 1);
    filter_return(filter, refuse);
    for (size_t i = 0; i < CALL_COUNT; i++) {
        filter_add(filter, equal, denied_calls[i], 0, 1);
        filter_return(filter, refuse);
    }
    uint8_t family_count = 0;
    while (family_count < FAMILIES_MAX && families[role][family_count] != 0) {
        family_count++;
    }
    /* Not a socket: over the load, the families and the refusal. */
    filter_add(filter, equal, SYS_socket, 0, (uint8_t)(family_count + 2));
    filter_load(filter, offsetof(struct seccomp_data, args)); /* the lower half: little-endian */
    for (uint8_t i = 0; i < family_count; i++) {
        filter_add(filter, equal, families[role][i], (uint8_t)(family_count - i), 0);
    }
    filter_return(filter, refuse);
    filter_return(filter, SECCOMP_RET_ALLOW);
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "where the lower half of args is");

static int confine_calls(enum process_role role, bool *ret_done) {
    struct filter filter = {.count = 0};
    filter_build(&filter, role);
    const struct sock_fprog program = {.len = filter.count, .filter = filter.code};
    /* All threads: a sanitizer has one of its own by now. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0) {
        *ret_done = true;
        return 0;
    }
    *ret_done = false;
    return errno == ENOSYS || errno == EINVAL ? 0 : err_origin(-errno);
}
#else
/* No list of numbers is kept for this machine. */
static int confine_calls(enum process_role role, bool *ret_done) {
    (void)role;
    *ret_done = false;
    return 0;
}
#endif

/* ---- files ---- */

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (UINT64_C(1) << 14) /* Landlock 3, Linux 6.2 */
#endif

/* Rights on files alone, and those that only a directory has. */
#define FILE_READ  (UINT64_C(0) | LANDLOCK_ACCESS_FS_READ_FILE)
#define FILE_WRITE (FILE_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define TREE_READ  (FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR)
#define TREE_WRITE (TREE_READ | FILE_WRITE)
/* A line is opened, not made, shortened or listed. */
#define DEVICE_WRITE (FILE_READ | LANDLOCK_ACCESS_FS_WRITE_FILE)
#define TREE_CHANGE                                                                                \
    (TREE_WRITE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |                      \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR)
#define TREE_SOCKETS (TREE_READ | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE)
/* Everything that Landlock can guard but the few that none of us ever gets stay in here too. */
#define ALL_RIGHTS                                                                                 \
    (TREE_CHANGE | TREE_SOCKETS | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |      \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM)

struct fence {
    int fd;
    uint64_t handled; /* rights that this kernel knows */
};

/* Give `rights` on everything below `path`; one that does not exist is passed over. */
static int fence_open(const struct fence *fence, const char *path, uint64_t rights) {
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : err_origin(-errno);
    }
    const struct landlock_path_beneath_attr beneath = {.allowed_access = rights & fence->handled,
                                                       .parent_fd = fd};
    int r = syscall(SYS_landlock_add_rule, fence->fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0
                ? 0
                : err_origin(-errno);
    (void)close(fd);
    return r;
}

static int fence_open_all(const struct fence *fence, const char *const *paths, uint32_t count,
                          uint64_t rights) {
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < count; i++) {
        r = fence_open(fence, paths[i], rights);
    }
    return r;
}

/* Cut the last part off an absolute path: "/a/b" becomes "/a", "/a" becomes "/". */
static void fence_cut(char *path) {
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] != '/') {
        len--;
    }
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    path[len] = '\0';
}

/*
 * The state directory may be missing, or come back where a file stands now: what holds it, then,
 * is where the engine may make it.
 */
static int fence_open_state(const struct fence *fence, const char *path, uint64_t rights) {
    char holder[PATH_MAX];
    struct stat found;
    if (strlen(path) >= sizeof holder) {
        return err_origin(-ENAMETOOLONG);
    }
    memcpy(holder, path, strlen(path) + 1);
    while (strcmp(holder, "/") != 0 && (stat(holder, &found) != 0 || !S_ISDIR(found.st_mode))) {
        fence_cut(holder);
    }
    return fence_open(fence, holder, rights);
}

/* Let everything be changed in a directory of the state directory; there is none without a disk. */
static int fence_open_part(const struct fence *fence, const char *path, const char *part) {
    char inside[PATH_MAX];
    int len = snprintf(inside, sizeof inside, "%s/%s", path, part);
    return len < 0 || (size_t)len >= sizeof inside ? err_origin(-ENAMETOOLONG)
                                                   : fence_open(fence, inside, TREE_CHANGE);
}

/* Open what holds each file, and what holds the file that a link leads to. */
static int fence_open_holders(const struct fence *fence, const char *const *paths, uint32_t count,
                              uint64_t rights) {
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < count; i++) {
        char holder[PATH_MAX];
        if (strlen(paths[i]) >= sizeof holder) {
            return err_origin(-ENAMETOOLONG);
        }
        memcpy(holder, paths[i], strlen(paths[i]) + 1);
        fence_cut(holder);
        r = fence_open(fence, holder, rights);
        if (r == 0 && realpath(paths[i], holder) != NULL) {
            fence_cut(holder);
            r = fence_open(fence, holder, rights);
        }
    }
    return r;
}

static int fence_open_system(const struct fence *fence) {
    static const char *const trees[] = {
        "/usr",
        "/lib",
        "/lib64",
        "/etc",
        "/proc",
        "/sys",
        /* where the addresses of name servers may really stand */
        "/run/systemd/resolve",
        "/run/resolvconf",
        "/run/NetworkManager",
    };
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"};
    int r = fence_open_all(fence, trees, sizeof trees / sizeof *trees, TREE_READ);
    return r == 0 ? fence_open_all(fence, devices, sizeof devices / sizeof *devices, FILE_WRITE)
                  : r;
}

static int fence_open_role(const struct fence *fence, const struct confine_conf *conf) {
    int r = 0;
    switch (conf->role) {
    case PROCESS_ENGINE:
        r = fence_open_holders(fence, conf->secrets, conf->secret_count, TREE_READ);
        if (r == 0) {
            r = fence_open_state(fence, conf->state_directory, TREE_CHANGE);
        }
        return r == 0 ? fence_open(fence, conf->run_directory, TREE_SOCKETS) : r;
    case PROCESS_FIELD:
        r = fence_open_holders(fence, conf->secrets, conf->secret_count, TREE_READ);
        if (r == 0) {
            r = fence_open(fence, "/dev", DEVICE_WRITE);
        }
        return r == 0 ? fence_open_holders(fence, conf->lines, conf->line_count, DEVICE_WRITE) : r;
    case PROCESS_UPLINK:
        r = fence_open_holders(fence, conf->secrets, conf->secret_count, TREE_READ);
        if (r == 0) {
            r = fence_open_state(fence, conf->state_directory, TREE_WRITE);
        }
        return r == 0 ? fence_open_part(fence, conf->state_directory, "uplink") : r;
    case PROCESS_CONSOLE:
        r = fence_open_holders(fence, conf->secrets, conf->secret_count, TREE_READ);
        if (r == 0) {
            r = fence_open_state(fence, conf->state_directory, TREE_WRITE);
        }
        if (r == 0) {
            r = fence_open_part(fence, conf->state_directory, "console");
        }
        if (r == 0) {
            r = fence_open(fence, conf->assets, TREE_READ);
        }
        return r == 0 ? fence_open(fence, conf->run_directory, TREE_SOCKETS) : r;
    case PROCESS_ROLE_COUNT:
        break;
    }
    return 0;
}

static int confine_files(const struct confine_conf *conf, int *ret_landlock) {
    *ret_landlock = 0;
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) {
        return 0; /* not built in, or not switched on */
    }
    struct fence fence = {.fd = -1, .handled = ALL_RIGHTS};
    if (version < 3) {
        fence.handled &= ~LANDLOCK_ACCESS_FS_TRUNCATE;
    }
    const struct landlock_ruleset_attr ruleset = {.handled_access_fs = fence.handled};
    fence.fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
    if (fence.fd < 0) {
        return err_origin(-errno);
    }
    int r = fence_open_system(&fence);
    if (r == 0) {
        r = fence_open_role(&fence, conf);
    }
    if (r == 0 && syscall(SYS_landlock_restrict_self, fence.fd, 0) != 0) {
        r = err_origin(-errno);
    }
    (void)close(fence.fd);
    if (r == 0) {
        *ret_landlock = (int)version;
    }
    return r;
}

int confine_process(const struct confine_conf *conf, struct confine *ret) {
    assert(conf->role < PROCESS_ROLE_COUNT);
    struct confine confine = {0};
    /* Both means ask for it, so that a program with more rights cannot be started to get around. */
    int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : err_origin(-errno);
    if (r == 0) {
        r = confine_files(conf, &confine.landlock);
    }
    if (r == 0) {
        r = confine_calls(conf->role, &confine.calls);
    }
    if (r == 0) {
        *ret = confine;
    }
    return r;
}
