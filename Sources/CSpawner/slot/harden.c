// SPDX-License-Identifier: Apache-2.0
// What a slot gives up once, for itself and every sandbox.
#define _GNU_SOURCE
#include "slot/slot.h"
#include "sys.h"
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/// Open files of functions: the soft limit that programs with select(2) expect, the hard limit that
/// databases and servers ask for.
enum { OPEN_FILES_SOFT = 1024, OPEN_FILES_HARD = 4096 };
/// Open files of the slot. The kernel lets a user send descriptors only while fewer than this limit
/// are in transit (unix(7)); it is higher than what functions, which may have the same user, can
/// put in transit.
enum { SLOT_OPEN_FILES = 16384 };
/// Bytes in POSIX message queues: the kernel's default. They are counted per user, and each slot
/// has its own user.
enum { MESSAGE_QUEUE_BYTES = 819200 };
/// Locked memory: the default of most distributions. It counts against the memory limit as well.
enum { LOCKED_MEMORY_BYTES = 8 * 1024 * 1024 };

// Lowers a limit, never raises it: that needs privileges over the host.
static void clip(struct rlimit *limit, rlim_t max) {
    if (limit->rlim_max > max)
        limit->rlim_max = max;
    if (limit->rlim_cur > limit->rlim_max)
        limit->rlim_cur = limit->rlim_max;
}

struct failure harden_limits(void) {
    slot.open_files = (struct rlimit){OPEN_FILES_SOFT, OPEN_FILES_HARD};
    static const struct {
        int resource;
        struct rlimit limit;
    } limits[] = {
        {RLIMIT_CORE, {0, 0}},
        {RLIMIT_NOFILE, {SLOT_OPEN_FILES, SLOT_OPEN_FILES}},
        {RLIMIT_MSGQUEUE, {MESSAGE_QUEUE_BYTES, MESSAGE_QUEUE_BYTES}},
        {RLIMIT_MEMLOCK, {LOCKED_MEMORY_BYTES, LOCKED_MEMORY_BYTES}},
        {RLIMIT_RTPRIO, {0, 0}},
        {RLIMIT_NICE, {0, 0}},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rlimit now, wanted = limits[i].limit;
        TRY(check_errno(CSANDBOX_STEP_SLOT_LIMITS, getrlimit(limits[i].resource, &now)));
        clip(&wanted, now.rlim_max);
        TRY(check_errno(CSANDBOX_STEP_SLOT_LIMITS, setrlimit(limits[i].resource, &wanted)));
        if (limits[i].resource == RLIMIT_NOFILE)
            clip(&slot.open_files, wanted.rlim_max);
    }
    return success();
}

// Lowers the limit for the program. It also bounds the descriptors in transit, so it follows the
// last message with descriptors. Raw calls only.
struct failure harden_open_files(void) {
    return check(CSANDBOX_STEP_SANDBOX_LIMITS,
                 SYS4(SYS_prlimit64, 0, RLIMIT_NOFILE, &slot.open_files, NULL));
}

// Drops capabilities from the bounding set only: the slot keeps its own, and no program that it
// executes can have more than `kept`. With NOROOT uid 0 gains none by execve.
struct failure harden_capabilities(uint64_t kept) {
    unsigned long bits =
        SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED | SECBIT_KEEP_CAPS_LOCKED;
    if (kept == 0)
        bits |= SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;
    TRY(check_errno(CSANDBOX_STEP_SLOT_BOUNDING, prctl(PR_SET_SECUREBITS, bits)));
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
        if (!(kept >> capability & 1))
            TRY(check_errno(CSANDBOX_STEP_SLOT_BOUNDING, prctl(PR_CAPBSET_DROP, capability)));
    return check_errno(CSANDBOX_STEP_SLOT_NO_NEW_PRIVS, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static long attach(struct sock_fprog *program, unsigned long flags) {
    return SYS3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW | flags,
                program);
}

// Without a listener, the system calls that would be reported are allowed.
static void allow_without_listener(struct sock_fprog *program) {
    for (unsigned i = 0; i < program->len; i++)
        if (program->filter[i].code == (BPF_RET | BPF_K) &&
            program->filter[i].k == SECCOMP_RET_USER_NOTIF)
            program->filter[i].k = SECCOMP_RET_ALLOW;
}

// A process can have one listener over all of its filters; a container manager around Mayfly (LXD)
// may have it.
static long attach_listening(struct sock_fprog *program) {
    long listener =
        attach(program, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    // Before Linux 5.19, without this flag, signals interrupt the reported call.
    return listener == -EINVAL ? attach(program, SECCOMP_FILTER_FLAG_NEW_LISTENER) : listener;
}

// Attached once per slot and inherited: each attachment compiles the filter.
struct failure harden_filter(void) {
    _Static_assert(sizeof(struct csandbox_instruction) == sizeof(struct sock_filter),
                   "same layout");
    struct sock_fprog program = {
        .len = (unsigned short)slot.host->configuration.filter_count,
        .filter = (struct sock_filter *)slot.host->configuration.filter,
    };
    if (program.len == 0)
        return (struct failure){CSANDBOX_STEP_SLOT_SECCOMP, ENODATA};
    long result = attach_listening(&program);
    slot.listener = result < 0 ? -1 : (int)result;
    if (result < 0) {
        allow_without_listener(&program);
        result = attach(&program, 0);
    }
    return check(CSANDBOX_STEP_SLOT_SECCOMP, result);
}
