// SPDX-License-Identifier: Apache-2.0
// A worker: the gateway's own program, begun anew in namespaces of its own, as
// a user that nothing else on the host is, with one folder. What strangers'
// archives can make of it has power over that folder and nothing else.
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
/// Descriptors move above these before they come to their places.
enum { OUT_OF_THE_WAY = 16 };
/// Open files of a worker: one per layer and a handful of folders.
enum { WORKER_FILES = 1024 };
/// Bytes of memory that a worker may write to: the ledger of a tree with two
/// million entries takes some hundred megabytes.
#define WORKER_MEMORY_BYTES (4UL << 30)

static const int namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                              CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

// Ids of images are what they are on the disk; to the host they are slot 0's
// range, which no sandbox has. Folders of the gateway's own user lie between
// trees: it is mapped as well, to an id that is nobody's.
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
    return fine();
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

// By descriptor and real names only, so that nobody leads it elsewhere.
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

static long become_root_of_nothing(void) {
    if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return -errno;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    long result = limit(RLIMIT_CORE, 0);
    result = result < 0 ? result : limit(RLIMIT_NOFILE, WORKER_FILES);
    return result < 0 ? result : limit(RLIMIT_DATA, WORKER_MEMORY_BYTES);
}

static long place_descriptors(int socket, int tree, int program) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0)
        return -errno;
    for (int i = 0; i < 3; i++)
        if (dup2(nothing, i) < 0)
            return -errno;
    if (dup2(socket, WORKER_SOCKET) < 0 || dup2(tree, WORKER_FOLDER) < 0 || program < 0)
        return -errno;
    return SYS3(SYS_close_range, FIRST_FREE, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int move_away(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY); }

// Born with every capability over its own namespaces, over nothing else. The
// program gives up most of them before it reads its first order.
static _Noreturn void worker_main(int gateway_program, int socket, int tree, int gate) {
    static char *const arguments[] = {"mayfly-worker", "worker", NULL};
    static char *const environment[] = {NULL};
    sigset_t none;
    char ready;
    if (read(gate, &ready, 1) != 1)
        _exit(1);
    int own = move_away(socket), folder = move_away(tree), program = move_away(gateway_program);
    if (own < 0)
        _exit(1);
    long result = become_root_of_nothing();
    result = result < 0 ? result : place_descriptors(own, folder, program);
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
        // Without the byte it ends by itself.
        if (!failed(failure) && write(gate[1], "", 1) != 1)
            failure = check_errno(CSANDBOX_STEP_WORKER_CLONE, -1);
    }
    close(gate[1]);
    close(tree);
    return failure;
}
