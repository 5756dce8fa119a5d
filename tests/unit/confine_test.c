/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a confined process may still do. Each attempt is made by a child of its own that confines
 * itself first, as the components do, and reports the error number of its attempt; 0: it worked.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/confine.h"
#include "tests/support/cmocka.h"

/* Exit codes beside the error numbers, none of which is so high. */
enum { NOT_CONFINED = 250, NO_MEANS = 251 };

struct scene {
    char root[32];
    char state[64], run[64], secrets[64], other[64];
    char journal[96], key[96], foreign[96], missing[96];
    const char *secret_list[1];
};

static void scene_path(char *ret, size_t size, const char *directory, const char *name) {
    (void)snprintf(ret, size, "%s/%s", directory, name);
}

static void scene_file(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(close(fd), 0);
}

static int scene_open(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    strcpy(scene->root, "/tmp/tocsin-confine.XXXXXX");
    if (mkdtemp(scene->root) == NULL) {
        return -1;
    }
    char *const directories[] = {scene->state, scene->run, scene->secrets, scene->other};
    static const char *const names[] = {"state", "run", "secrets", "other"};
    for (size_t i = 0; i < 4; i++) {
        scene_path(directories[i], sizeof scene->state, scene->root, names[i]);
        assert_int_equal(mkdir(directories[i], 0700), 0);
    }
    scene_path(scene->journal, sizeof scene->journal, scene->state, "journal.db");
    scene_path(scene->key, sizeof scene->key, scene->secrets, "key.pem");
    scene_path(scene->foreign, sizeof scene->foreign, scene->other, "letter");
    scene_path(scene->missing, sizeof scene->missing, scene->state, "new");
    scene_file(scene->journal);
    scene_file(scene->key);
    scene_file(scene->foreign);
    scene->secret_list[0] = scene->key;
    *state = scene;
    return 0;
}

static int scene_close(void **state) {
    struct scene *scene = *state;
    const char *const files[] = {scene->journal, scene->key, scene->foreign, scene->missing};
    for (size_t i = 0; i < 4; i++) {
        (void)unlink(files[i]); /* a test may have removed it, or never made it */
    }
    const char *const directories[] = {scene->state, scene->run, scene->secrets, scene->other,
                                       scene->root};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(rmdir(directories[i]), 0);
    }
    free(scene);
    return 0;
}

/* What a child tries, in the scene; returns 0 or the error number. */
typedef int attempt_made(const struct scene *scene);

static int tried(long result) {
    return result < 0 ? errno : 0;
}

/* Needs: the means without which the attempt says nothing about confinement. */
enum needs { NEEDS_CALLS, NEEDS_LANDLOCK };

static int confined(const struct scene *scene, enum process_role role, enum needs needs,
                    attempt_made *attempt) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct confine_conf conf = {
            .role = role,
            .state_directory = scene->state,
            .run_directory = scene->run,
            .assets = "/usr/share",
            .secrets = scene->secret_list,
            .secret_count = 1,
        };
        struct confine confine;
        if (confine_process(&conf, &confine) != 0) {
            _exit(NOT_CONFINED);
        }
        bool has = needs == NEEDS_CALLS ? confine.calls : confine.landlock > 0;
        _exit(has ? attempt(scene) : NO_MEANS);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_MEANS) {
        skip(); /* this kernel cannot: the log of a gateway on it says so */
    }
    assert_int_not_equal(WEXITSTATUS(status), NOT_CONFINED);
    return WEXITSTATUS(status);
}

/* ---- system calls ---- */

static int attempt_exec(const struct scene *scene) {
    (void)scene;
    char *const arguments[] = {(char[]){"true"}, NULL};
    return tried(execv("/bin/true", arguments));
}

static int attempt_mount(const struct scene *scene) {
    return tried(mount("none", scene->other, "tmpfs", 0, ""));
}

static int attempt_unshare(const struct scene *scene) {
    (void)scene;
    return tried(syscall(SYS_unshare, 0));
}

static int attempt_bpf(const struct scene *scene) {
    (void)scene;
    return tried(syscall(SYS_bpf, 0, NULL, 0));
}

static int attempt_module(const struct scene *scene) {
    (void)scene;
    return tried(syscall(SYS_delete_module, "no-such-module", 0));
}

static int attempt_kexec(const struct scene *scene) {
    (void)scene;
    return tried(syscall(SYS_kexec_load, 0, 17, NULL, 0));
}

static int attempt_keys(const struct scene *scene) {
    (void)scene;
    return tried(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static int attempt_userfaultfd(const struct scene *scene) {
    (void)scene;
    return tried(syscall(SYS_userfaultfd, 0));
}

static int attempt_io_uring(const struct scene *scene) {
    (void)scene;
    return tried(syscall(SYS_io_uring_setup, 1, NULL));
}

static int attempt_look_into(const struct scene *scene) {
    (void)scene;
    return tried(process_vm_readv(getppid(), NULL, 0, NULL, 0, 0));
}

static int attempt_clock(const struct scene *scene) {
    (void)scene;
    return tried(syscall(SYS_clock_settime, 99, NULL));
}

static int attempt_user(const struct scene *scene) {
    (void)scene;
    return tried(syscall(SYS_setuid, getuid()));
}

static void no_component_may_make_a_call_that_none_ever_needs(void **state) {
    static attempt_made *const attempts[] = {
        attempt_exec,     attempt_mount,     attempt_unshare, attempt_bpf,
        attempt_module,   attempt_kexec,     attempt_keys,    attempt_userfaultfd,
        attempt_io_uring, attempt_look_into, attempt_clock,   attempt_user,
    };
    for (int role = 0; role < PROCESS_ROLE_COUNT; role++) {
        for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
            int got = confined(*state, (enum process_role)role, NEEDS_CALLS, attempts[i]);
            if (got != EPERM) {
                fail_msg("role %d, attempt %zu: %s", role, i, strerror(got));
            }
        }
    }
}

#if !defined(__SANITIZE_ADDRESS__) /* there LeakSanitizer needs it */
static int attempt_trace(const struct scene *scene) {
    (void)scene;
    return tried(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static void no_component_may_trace_a_process(void **state) {
    assert_int_equal(confined(*state, PROCESS_FIELD, NEEDS_CALLS, attempt_trace), EPERM);
}
#endif

static int attempt_socket(int family) {
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return tried(fd);
}

static int attempt_unix(const struct scene *scene) {
    (void)scene;
    return attempt_socket(AF_UNIX);
}

static int attempt_ip(const struct scene *scene) {
    (void)scene;
    return attempt_socket(AF_INET);
}

/* Without confinement these work for everybody: EPERM above is ours. */
static void a_process_that_is_not_confined_may(void **state) {
    static attempt_made *const attempts[] = {attempt_user, attempt_look_into, attempt_ip};
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        assert_int_equal(attempts[i](*state), 0);
    }
}

static int attempt_packet(const struct scene *scene) {
    (void)scene;
    return tried(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static void who_decides_has_no_network(void **state) {
    static const struct {
        enum process_role role;
        int ip;
    } cases[PROCESS_ROLE_COUNT] = {
        {PROCESS_ENGINE, EPERM}, {PROCESS_FIELD, 0}, {PROCESS_UPLINK, 0}, {PROCESS_CONSOLE, 0}};
    for (size_t i = 0; i < PROCESS_ROLE_COUNT; i++) {
        assert_int_equal(confined(*state, cases[i].role, NEEDS_CALLS, attempt_unix), 0);
        assert_int_equal(confined(*state, cases[i].role, NEEDS_CALLS, attempt_ip), cases[i].ip);
        assert_int_equal(confined(*state, cases[i].role, NEEDS_CALLS, attempt_packet), EPERM);
    }
}

static int attempt_look_at_status(const struct scene *scene) {
    (void)scene;
    char text[4096] = {0};
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) {
        return errno;
    }
    return strstr(text, "\nNoNewPrivs:\t1\n") != NULL && strstr(text, "\nSeccomp:\t2\n") != NULL
               ? 0
               : ENODATA;
}

static void the_kernel_shows_that_a_component_is_confined(void **state) {
    assert_int_equal(confined(*state, PROCESS_ENGINE, NEEDS_CALLS, attempt_look_at_status), 0);
}

/* ---- files ---- */

static int attempt_open(const char *path, int flags) {
    return tried(open(path, flags | O_CLOEXEC, 0600));
}

static int read_journal(const struct scene *scene) {
    return attempt_open(scene->journal, O_RDONLY);
}

static int write_journal(const struct scene *scene) {
    return attempt_open(scene->journal, O_RDWR);
}

static int make_in_state(const struct scene *scene) {
    return attempt_open(scene->missing, O_WRONLY | O_CREAT);
}

static int remove_from_state(const struct scene *scene) {
    return tried(unlink(scene->journal));
}

static int read_key(const struct scene *scene) {
    return attempt_open(scene->key, O_RDONLY);
}

static int write_key(const struct scene *scene) {
    return attempt_open(scene->key, O_WRONLY);
}

static int read_foreign(const struct scene *scene) {
    return attempt_open(scene->foreign, O_RDONLY);
}

static int list_foreign(const struct scene *scene) {
    return opendir(scene->other) == NULL ? errno : 0;
}

static int write_foreign(const struct scene *scene) {
    return attempt_open(scene->foreign, O_WRONLY);
}

static int read_system(const struct scene *scene) {
    (void)scene;
    return attempt_open("/etc/passwd", O_RDONLY);
}

static int write_system(const struct scene *scene) {
    (void)scene;
    return attempt_open("/etc/passwd", O_WRONLY);
}

static int write_null(const struct scene *scene) {
    (void)scene;
    return attempt_open("/dev/null", O_WRONLY);
}

/* Listen in the run directory, and take the socket away again. */
static int listen_in_run(const struct scene *scene) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s", scene->run);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        return errno;
    }
    return tried(unlink(address.sun_path));
}

static void each_component_touches_its_own_files_only(void **state) {
    static const struct {
        const char *name;
        attempt_made *attempt;
        int expected[PROCESS_ROLE_COUNT]; /* engine, field, uplink, console */
    } cases[] = {
        {"read the journal", read_journal, {0, EACCES, 0, 0}},
        {"write to the journal's files", write_journal, {0, EACCES, 0, 0}},
        {"make a file in state", make_in_state, {0, EACCES, EACCES, EACCES}},
        {"read a secret that it was given", read_key, {0, 0, 0, 0}},
        {"write to a secret", write_key, {EACCES, EACCES, EACCES, EACCES}},
        {"read somebody's file", read_foreign, {EACCES, EACCES, EACCES, EACCES}},
        {"list somebody's directory", list_foreign, {EACCES, EACCES, EACCES, EACCES}},
        {"write to somebody's file", write_foreign, {EACCES, EACCES, EACCES, EACCES}},
        {"read the system's settings", read_system, {0, 0, 0, 0}},
        {"write to the system's settings", write_system, {EACCES, EACCES, EACCES, EACCES}},
        {"write to /dev/null", write_null, {0, 0, 0, 0}},
        {"listen in the run directory", listen_in_run, {0, EACCES, EACCES, 0}},
        {"remove the journal", remove_from_state, {0, EACCES, EACCES, EACCES}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int role = PROCESS_ROLE_COUNT - 1; role >= 0; role--) {
            int got = confined(*state, (enum process_role)role, NEEDS_LANDLOCK, cases[i].attempt);
            if (got != cases[i].expected[role]) {
                fail_msg("%s, role %d: %s", cases[i].name, role, strerror(got));
            }
        }
    }
}

static int make_state(const struct scene *scene) {
    return tried(mkdir(scene->state, 0700)) != 0 ? errno : make_in_state(scene);
}

static void a_state_directory_that_is_missing_can_still_be_made(void **state) {
    struct scene *scene = *state;
    assert_int_equal(unlink(scene->journal), 0);
    assert_int_equal(rmdir(scene->state), 0);
    assert_int_equal(confined(scene, PROCESS_ENGINE, NEEDS_LANDLOCK, make_state), 0);
}

static int read_renewed_key(const struct scene *scene) {
    return attempt_open(scene->key, O_RDONLY);
}

/* Confines, then waits until the parent has replaced the file. */
static void a_secret_that_is_replaced_can_be_read_anew(void **state) {
    struct scene *scene = *state;
    assert_int_equal(unlink(scene->key), 0); /* not even there at the start */
    int go[2];
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char byte;
        const struct confine_conf conf = {
            .role = PROCESS_UPLINK,
            .state_directory = scene->state,
            .run_directory = scene->run,
            .assets = "/usr/share",
            .secrets = scene->secret_list,
            .secret_count = 1,
        };
        struct confine confine;
        if (close(go[1]) != 0 || confine_process(&conf, &confine) != 0 ||
            read(go[0], &byte, 1) != 1) {
            _exit(NOT_CONFINED);
        }
        _exit(read_renewed_key(scene));
    }
    scene_file(scene->key);
    assert_int_equal(write(go[1], "g", 1), 1);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(close(go[0]) | close(go[1]), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
#define WITH_SCENE(claim) cmocka_unit_test_setup_teardown(claim, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(no_component_may_make_a_call_that_none_ever_needs),
        WITH_SCENE(a_process_that_is_not_confined_may),
#if !defined(__SANITIZE_ADDRESS__)
        WITH_SCENE(no_component_may_trace_a_process),
#endif
        WITH_SCENE(who_decides_has_no_network),
        WITH_SCENE(the_kernel_shows_that_a_component_is_confined),
        WITH_SCENE(each_component_touches_its_own_files_only),
        WITH_SCENE(a_state_directory_that_is_missing_can_still_be_made),
        WITH_SCENE(a_secret_that_is_replaced_can_be_read_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
