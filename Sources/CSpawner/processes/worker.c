// SPDX-License-Identifier: Apache-2.0
// A worker: the program of the gateway, executed in its own namespaces, as a user that no other process of
// the host has, with one folder. A malicious archive that takes it over controls that folder and nothing
// else.
#define _GNU_SOURCE
#include "processes/warden.h"
#include "mounts/mount_calls.h"
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/// Descriptors of the worker's program: its socket and its folder.
enum { WORKER_SOCKET = 3, WORKER_FOLDER = 4, FIRST_FREE = 5 };
/// Descriptors are first duplicated to numbers from here on, so that none is overwritten.
enum { DUPLICATES_FROM = 16 };
/// Most open files of a worker: one per layer and a handful of folders.
enum { WORKER_FILES = 1024 };
/// Most bytes of writable memory of a worker: the index of a tree with two million entries takes
/// some hundred megabytes.
#define WORKER_MEMORY_BYTES (4UL << 30)

static const int namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                              CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

// The worker sees the ids that images have on disk; for the host they are the range of slot 0,
// which no sandbox has. The gateway's own user owns folders between the trees: its id is mapped
// too, to an id of the host that no user has.
static struct failure map_worker(const struct csandbox_pin *facts, pid_t pid) {
    static const char *const files[] = {"uid_map", "gid_map"};
    uint32_t first = facts->configuration.id_base, service = facts->service_id;
    char map[128], path[64];
    int length = snprintf(map, sizeof map, "0 %u %u\n", first, CSANDBOX_IDS_PER_SLOT);
    if (service >= CSANDBOX_IDS_PER_SLOT)
        snprintf(map + length, sizeof map - (size_t)length, "%u %u 1\n", service, service + 1);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
        int file = open(path, O_WRONLY | O_CLOEXEC);
        TRY(check_errno(CSANDBOX_STEP_WORKER_ID_MAP, file));
        struct failure failure =
            check_errno(CSANDBOX_STEP_WORKER_ID_MAP, write(file, map, strlen(map)));
        close(file);
        TRY(failure);
    }
    return success();
}

static struct failure map_folder(pid_t pid, int tree, uint32_t flags) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int space = open(path, O_RDONLY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_WORKER_ID_MAP, space));
    uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    if (!(flags & CSANDBOX_WORK_WRITABLE))
        attributes |= MOUNT_ATTR_RDONLY;
    long result = raw_mount_setattr(tree, 0, attributes, space);
    close(space);
    return check(CSANDBOX_STEP_WORKER_IDMAP, result);
}

// Resolved beneath a descriptor without symbolic links, so that no link leads elsewhere.
static struct failure open_folder(const struct pinned *pinned, const struct csandbox_work *order,
                                  int *tree) {
    long folder =
        open_beneath(pinned->places[order->place], order->name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    TRY(check(CSANDBOX_STEP_WORKER_FOLDER, folder));
    long result =
        raw_open_tree((int)folder, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    close((int)folder);
    *tree = (int)result;
    return check(CSANDBOX_STEP_WORKER_FOLDER, result);
}

static long limit(int resource, rlim_t value) {
    struct rlimit now, wanted = {value, value};
    if (getrlimit(resource, &now) < 0)
        return -errno;
    if (value > now.rlim_max)
        return 0;
    return setrlimit(resource, &wanted) < 0 ? -errno : 0;
}

// The parent-death signal comes after the ids, whose change clears it.
static long drop_privileges(void) {
    if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return -errno;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    long result = limit(RLIMIT_CORE, 0);
    result = result < 0 ? result : limit(RLIMIT_NOFILE, WORKER_FILES);
    return result < 0 ? result : limit(RLIMIT_DATA, WORKER_MEMORY_BYTES);
}

static long place_descriptors(int socket, int tree) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0)
        return -errno;
    for (int i = 0; i < 3; i++)
        if (dup2(nothing, i) < 0)
            return -errno;
    if (dup2(socket, WORKER_SOCKET) < 0 || dup2(tree, WORKER_FOLDER) < 0)
        return -errno;
    return SYS3(SYS_close_range, FIRST_FREE, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int duplicate_above(int descriptor) {
    return fcntl(descriptor, F_DUPFD_CLOEXEC, DUPLICATES_FROM);
}

// The clone has every capability over its own namespaces, and none over others; the program drops
// most of them before it reads its first order. The three descriptors are duplicated to high
// numbers first, because the low numbers are overwritten next.
static _Noreturn void worker_main(int gateway_program, int socket, int tree, int gate) {
    static char *const arguments[] = {"mayfly-worker", "worker", NULL};
    static char *const environment[] = {NULL};
    sigset_t none;
    char ready;
    if (read(gate, &ready, 1) != 1)
        _exit(1);
    int own = duplicate_above(socket), folder = duplicate_above(tree),
        program = duplicate_above(gateway_program);
    if (own < 0 || folder < 0 || program < 0) {
        outcome_send(socket, CSANDBOX_WORK, 0, check_errno(CSANDBOX_STEP_WORKER_EXEC, -1));
        _exit(1);
    }
    long result = drop_privileges();
    result = result < 0 ? result : place_descriptors(own, folder);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (result >= 0)
        result = SYS5(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
    outcome_send(own, CSANDBOX_WORK, 0, check(CSANDBOX_STEP_WORKER_EXEC, result));
    _exit(1);
}

struct failure worker_start(const struct pinned *pinned, const struct csandbox_work *order,
                            int socket, pid_t *pid) {
    int tree = -1, gate[2];
    *pid = 0;
    TRY(open_folder(pinned, order, &tree));
    if (pipe2(gate, O_CLOEXEC) < 0) {
        close(tree);
        return check_errno(CSANDBOX_STEP_WORKER_CLONE, -1);
    }
    long child = SYS5(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        close(gate[1]);
        worker_main(pinned->program, socket, tree, gate[0]);
    }
    close(gate[0]);
    struct failure failure = check(CSANDBOX_STEP_WORKER_CLONE, child);
    if (child > 0) {
        *pid = (pid_t)child;
        failure = map_worker(&pinned->facts, *pid);
        if (!failed(failure))
            failure = map_folder(*pid, tree, order->flags);
        // Without the byte the worker ends.
        if (!failed(failure) && write(gate[1], "", 1) != 1)
            failure = check_errno(CSANDBOX_STEP_WORKER_CLONE, -1);
    }
    close(gate[1]);
    close(tree);
    return failure;
}
