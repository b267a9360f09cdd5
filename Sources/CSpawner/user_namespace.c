// SPDX-License-Identifier: Apache-2.0
// User namespaces: one per slot, with a range of host ids that no other slot
// has.
#define _GNU_SOURCE
#include "spawner.h"
#include "sys.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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

struct failure map_ids(pid_t pid, uint32_t first_host_id, uint32_t count, bool deny_setgroups) {
    char map[64];
    snprintf(map, sizeof map, "0 %u %u", first_host_id, count);
    if (deny_setgroups)
        TRY(check(CSANDBOX_STEP_ID_MAP, write_proc(pid, "setgroups", "deny")));
    TRY(check(CSANDBOX_STEP_ID_MAP, write_proc(pid, "uid_map", map)));
    return check(CSANDBOX_STEP_ID_MAP, write_proc(pid, "gid_map", map));
}

// Without root only one's own id can be mapped, and setgroups must be given up
// first (kernel 3.19).
struct failure map_single_id(void) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    char map[64];
    TRY(check(CSANDBOX_STEP_USER_NAMESPACE, SYS1(SYS_unshare, CLONE_NEWUSER)));
    TRY(check(CSANDBOX_STEP_ID_MAP, write_proc(0, "setgroups", "deny")));
    snprintf(map, sizeof map, "0 %u 1", uid);
    TRY(check(CSANDBOX_STEP_ID_MAP, write_proc(0, "uid_map", map)));
    snprintf(map, sizeof map, "0 %u 1", gid);
    return check(CSANDBOX_STEP_ID_MAP, write_proc(0, "gid_map", map));
}

static _Noreturn void wait_to_be_killed(void) {
    for (;;)
        pause();
}

static struct failure map_and_open(pid_t pid, uint32_t index, int *descriptor) {
    uint32_t first = rootless() ? 0 : host.configuration.id_base + index * CSANDBOX_IDS_PER_SLOT;
    TRY(map_ids(pid, first, rootless() ? 1 : CSANDBOX_IDS_PER_SLOT, rootless()));
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    *descriptor = open(path, O_RDONLY | O_CLOEXEC);
    return check_errno(CSANDBOX_STEP_USER_NAMESPACE, *descriptor);
}

// A namespace lives as long as its descriptor; the process that was born in it
// is needed only to write its maps.
struct failure user_namespace_make(uint32_t index, int *descriptor) {
    *descriptor = -1;
    long pid = SYS5(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        wait_to_be_killed();
    if (pid < 0)
        return check(CSANDBOX_STEP_USER_NAMESPACE, pid);
    struct failure failure = map_and_open((pid_t)pid, index, descriptor);
    kill((pid_t)pid, SIGKILL);
    waitpid((pid_t)pid, NULL, 0);
    return failure;
}
