// SPDX-License-Identifier: Apache-2.0
// Drops privileges. faasctl calls it at its start, and as a worker.
#define _GNU_SOURCE
#include "csandbox_privileges.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct csandbox_instruction) == sizeof(struct sock_filter), "same layout");

/// Capabilities that a worker needs for owners and modes of an image's files.
static const uint64_t file_capabilities = 1ULL << CAP_CHOWN | 1ULL << CAP_DAC_OVERRIDE |
                                          1ULL << CAP_FOWNER | 1ULL << CAP_FSETID |
                                          1ULL << CAP_SETFCAP;

static int set_capabilities(uint64_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = (uint32_t)kept, .permitted = (uint32_t)kept},
        {.effective = (uint32_t)(kept >> 32), .permitted = (uint32_t)(kept >> 32)},
    };
    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int drop_bounding(uint64_t kept) {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
        if (!(kept >> capability & 1) && prctl(PR_CAPBSET_DROP, capability) < 0)
            return -errno;
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ? -errno : 0;
}

static int set_filter(const struct csandbox_instruction *filter, size_t count) {
    if (count > CSANDBOX_FILTER_MAX)
        return -EINVAL;
    struct sock_fprog program = {.len = (unsigned short)count,
                                 .filter = (struct sock_filter *)filter};
    long result =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
    return result < 0 ? -errno : 0;
}

int csandbox_drop_privileges(uid_t user, gid_t group, bool keeps_ports,
                             const struct csandbox_instruction *filter, size_t count) {
    int result = drop_bounding(0);
    if (result < 0)
        return result;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
        setresgid(group, group, group) < 0)
        return -errno;
    // With root as saved user id the kernel keeps the permitted capabilities; csandbox_drop_ports
    // gives that id up, which clears them.
    if (setresuid(user, user, keeps_ports ? 0 : user) < 0)
        return -errno;
    result = set_capabilities(keeps_ports ? 1ULL << CAP_NET_BIND_SERVICE : 0);
    result = result < 0 ? result : set_filter(filter, count);
    if (result < 0)
        return result;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

/// Longest wait for the first thread, in steps of a millisecond. The thread runs nothing else.
enum { FIRST_THREAD_STEPS_MAX = 5000, FIRST_THREAD_STEP_US = 1000 };

/// Argument and result of the first thread's signal handler, which gets no pointer.
static struct first_thread {
    uid_t user;
    /// 0 before, 1 when the ids are changed, else -errno.
    volatile sig_atomic_t outcome;
} first_thread;

static void drop_in_handler(int number) {
    int saved = errno;
    uid_t user = first_thread.user;
    first_thread.outcome = syscall(SYS_setresuid, user, user, user) < 0 ? -errno : 1;
    errno = saved;
}

// The first thread of a Swift program ends early but remains in the kernel's list of threads, while
// the C library no longer counts it. It still handles signals.
static int drop_in_first_thread(uid_t user) {
    struct sigaction action = {.sa_handler = drop_in_handler, .sa_flags = SA_RESTART};
    int number = SIGRTMAX - 1;
    first_thread.user = user;
    if (sigaction(number, &action, NULL) < 0 || syscall(SYS_tgkill, getpid(), getpid(), number) < 0)
        return -errno;
    for (int i = 0; i < FIRST_THREAD_STEPS_MAX && first_thread.outcome == 0; i++)
        usleep(FIRST_THREAD_STEP_US);
    signal(number, SIG_IGN);
    if (first_thread.outcome == 0)
        return -ETIMEDOUT;
    return first_thread.outcome > 0 ? 0 : first_thread.outcome;
}

int csandbox_drop_ports(uid_t user) {
    // The C library does this in every thread, except those that have ended.
    if (setresuid(user, user, user) < 0)
        return -errno;
    int result = drop_in_first_thread(user);
    if (result < 0)
        return result;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int csandbox_thread_count(void) {
    DIR *folder = opendir("/proc/self/task");
    int count = 0;
    if (!folder)
        return -errno;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

int csandbox_confine(const struct csandbox_instruction *filter, size_t count, uint32_t *step) {
    *step = CSANDBOX_STEP_WORKER_ROOT;
    int result = csandbox_empty_root();
    if (result < 0)
        return result;
    *step = CSANDBOX_STEP_WORKER_CAPABILITIES;
    result = drop_bounding(file_capabilities);
    result = result < 0 ? result : set_capabilities(file_capabilities);
    if (result < 0)
        return result;
    *step = CSANDBOX_STEP_WORKER_SECCOMP;
    return set_filter(filter, count);
}
