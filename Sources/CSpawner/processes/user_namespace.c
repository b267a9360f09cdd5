// SPDX-License-Identifier: Apache-2.0
// User namespaces: one per slot, each with a range of host ids that no other slot has.
#define _GNU_SOURCE
#include "processes/user_namespace.h"
#include "sys.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static long write_proc(pid_t pid, const char *name, const char *text) {
    char path[64];
    if (pid > 0)
        snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    else
        snprintf(path, sizeof path, "/proc/self/%s", name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return -errno;
    long result = write(file, text, strlen(text)) < 0 ? -errno : 0;
    close(file);
    return result;
}

static struct failure write_maps(pid_t pid, const char *map) {
    TRY(check(CSANDBOX_STEP_ID_MAP, write_proc(pid, "uid_map", map)));
    return check(CSANDBOX_STEP_ID_MAP, write_proc(pid, "gid_map", map));
}

// Maps the ids of a slot to its range of host ids.
static struct failure map_slot(const struct host *host, pid_t pid, uint32_t index) {
    char map[64];
    snprintf(map, sizeof map, "0 %u %u", first_id_of(host, index), CSANDBOX_IDS_PER_SLOT);
    return write_maps(pid, map);
}

// Maps the same ids for all slots. In the surrounding namespace, id 0 and the range after it are
// mapped by different lines, and one line here may not span both.
static struct failure map_slot_rootless(const struct host *host, pid_t pid) {
    char map[64];
    if (single_id(host)) {
        TRY(check(CSANDBOX_STEP_ID_MAP, write_proc(pid, "setgroups", "deny")));
        return write_maps(pid, "0 0 1");
    }
    uint32_t count = host->own_ids < CSANDBOX_IDS_PER_SLOT ? host->own_ids : CSANDBOX_IDS_PER_SLOT;
    snprintf(map, sizeof map, "0 0 1\n1 1 %u", count - 1);
    return write_maps(pid, map);
}

// Without a range only the own id can be mapped, and setgroups must be disabled first (Linux 3.19).
static struct failure map_single_id(uid_t uid, gid_t gid) {
    char map[64];
    TRY(check(CSANDBOX_STEP_ID_MAP, write_proc(0, "setgroups", "deny")));
    snprintf(map, sizeof map, "0 %u 1", uid);
    TRY(check(CSANDBOX_STEP_ID_MAP, write_proc(0, "uid_map", map)));
    snprintf(map, sizeof map, "0 %u 1", gid);
    return check(CSANDBOX_STEP_ID_MAP, write_proc(0, "gid_map", map));
}

// Maps the own id to 0, and the range to the ids after it.
static bool run_mapper(const char *program, pid_t target, uint32_t own, uint32_t first,
                       uint32_t count) {
    char numbers[4][16];
    uint32_t values[] = {(uint32_t)target, own, first, count};
    for (size_t i = 0; i < 4; i++)
        snprintf(numbers[i], sizeof numbers[i], "%u", values[i]);
    char *arguments[] = {(char *)program, numbers[0], "0", numbers[1], "1", "1",
                         numbers[2],      numbers[3], NULL};
    char *environment[] = {NULL};
    pid_t pid = fork();
    if (pid == 0) {
        execve(program, arguments, environment);
        _exit(127);
    }
    int status = -1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

// Runs in a process that stays outside the namespace, as newuidmap(1) requires. Groups come first:
// when newgidmap fails, no map is written yet, and the fallback to one id is still possible.
static _Noreturn void map_from_outside(const struct csandbox_configure *range, int start,
                                       pid_t target, uid_t uid, gid_t gid) {
    char byte;
    if (read(start, &byte, 1) != 1)
        _exit(1);
    _exit(
        run_mapper("/usr/bin/newgidmap", target, gid, range->range_gid, range->range_count) &&
                run_mapper("/usr/bin/newuidmap", target, uid, range->range_uid, range->range_count)
            ? 0
            : 1);
}

static pid_t start_mapper(const struct csandbox_configure *range, int ends[2], uid_t uid,
                          gid_t gid) {
    if (range->range_count == 0 || pipe2(ends, O_CLOEXEC) < 0)
        return 0;
    pid_t target = getpid();
    pid_t mapper = fork();
    if (mapper == 0) {
        close(ends[1]);
        map_from_outside(range, ends[0], target, uid, gid);
    }
    close(ends[0]);
    if (mapper < 0)
        close(ends[1]);
    return mapper > 0 ? mapper : 0;
}

static bool mapper_succeeds(pid_t mapper, int start) {
    int status = -1;
    bool is_started = write(start, "", 1) == 1;
    close(start);
    return waitpid(mapper, &status, 0) == mapper && is_started && status == 0;
}

struct failure own_namespace_enter(struct host *host) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int ends[2];
    host->own_ids = 1;
    pid_t mapper = start_mapper(&host->configuration, ends, uid, gid);
    struct failure failure = check(CSANDBOX_STEP_USER_NAMESPACE, SYS1(SYS_unshare, CLONE_NEWUSER));
    if (mapper > 0 && failed(failure)) {
        close(ends[1]);
        waitpid(mapper, NULL, 0);
    }
    TRY(failure);
    if (mapper > 0 && mapper_succeeds(mapper, ends[1])) {
        host->own_ids = host->configuration.range_count + 1;
        return success();
    }
    return map_single_id(uid, gid);
}

static _Noreturn void wait_to_be_killed(void) {
    for (;;)
        pause();
}

static bool is_own_namespace(int descriptor) {
    struct stat own, other;
    return stat("/proc/self/ns/user", &own) == 0 && fstat(descriptor, &other) == 0 &&
           own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

// A slot that was killed before it entered its namespace is still in the spawner's.
int user_namespace_of(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || !is_own_namespace(descriptor))
        return descriptor;
    close(descriptor);
    errno = ESRCH;
    return -1;
}

// Some limits per user (inotify instances, bytes of message queues, signals) are also counted for
// the owner of a user namespace, once for all namespaces of that owner. So each slot's namespace
// has an owner of its own, whose id no other slot has.
static long become_owner(const struct host *host, uint32_t index) {
    if (rootless(host))
        return 0;
    long owner = host->configuration.id_base + index * CSANDBOX_IDS_PER_SLOT;
    // The process keeps its capabilities: some hosts forbid unprivileged users to create
    // namespaces.
    long result = SYS2(SYS_prctl, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
    return result < 0 ? result : SYS3(SYS_setresuid, owner, owner, owner);
}

static _Noreturn void run_owner(const struct host *host, uint32_t index, int answer) {
    long result = become_owner(host, index);
    if (result == 0)
        result = SYS1(SYS_unshare, CLONE_NEWUSER);
    if (write(answer, &result, sizeof result) != sizeof result)
        _exit(1);
    wait_to_be_killed();
}

// Returns the pid of the process that creates the namespace, or -errno. The process still has to be
// reaped when `made` is negative.
static long start_owner(const struct host *host, uint32_t index, long *made) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    long pid = SYS5(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        run_owner(host, index, ends[1]);
    close(ends[1]);
    // The process ended without an answer.
    if (pid > 0 && read(ends[0], made, sizeof *made) != sizeof *made)
        *made = -ECHILD;
    close(ends[0]);
    return pid;
}

static struct failure map_and_open(const struct host *host, pid_t pid, uint32_t index,
                                   int *descriptor) {
    TRY(rootless(host) ? map_slot_rootless(host, pid) : map_slot(host, pid, index));
    *descriptor = user_namespace_of(pid);
    return check_errno(CSANDBOX_STEP_USER_NAMESPACE, *descriptor);
}

// The descriptor keeps the namespace alive; the process in it is needed only until its maps are
// written.
struct failure user_namespace_make(const struct host *host, uint32_t index, int *descriptor) {
    *descriptor = -1;
    long made = 0;
    long pid = start_owner(host, index, &made);
    TRY(check(CSANDBOX_STEP_USER_NAMESPACE, pid));
    struct failure failure = check(CSANDBOX_STEP_USER_NAMESPACE, made);
    if (!failed(failure))
        failure = map_and_open(host, (pid_t)pid, index, descriptor);
    kill((pid_t)pid, SIGKILL);
    waitpid((pid_t)pid, NULL, 0);
    return failure;
}

// As a template clones itself: as a user of the slot's namespace, without a capability, and into a child of its
// parent. That child ends at once; the spawner reaps it as any.
static _Noreturn void run_nested(int user_namespace) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (SYS2(SYS_setns, user_namespace, CLONE_NEWUSER) < 0 || SYS3(SYS_setresgid, 0, 0, 0) < 0 ||
        SYS3(SYS_setresuid, 0, 0, 0) < 0 || SYS2(SYS_capset, &header, none) < 0)
        _exit(1);
    long pid = SYS5(SYS_clone, CLONE_NEWUSER | CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    _exit(pid < 0);
}

bool user_namespace_nests(int user_namespace) {
    long pid = SYS5(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        run_nested(user_namespace);
    int status;
    return pid > 0 && waitpid((pid_t)pid, &status, 0) == pid && status == 0;
}
