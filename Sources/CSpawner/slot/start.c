// SPDX-License-Identifier: Apache-2.0
// The start of a slot's process: what is the same for all functions, done ahead in a spare slot; then what
// binds it to one function.
#define _GNU_SOURCE
#include "csandbox_channel.h"
#include "mounts/template.h"
#include "network/egress.h"
#include "network/links.h"
#include "network/network.h"
#include "processes/process.h"
#include "sandbox/sandbox.h"
#include "sys.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/// The kernel kills function processes first when the host runs out of memory.
#define OOM_SCORE_ADJUSTMENT "500"

static struct failure prefer_as_oom_victim(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return check_errno(CSANDBOX_STEP_SLOT_LIMITS, -1);
    ssize_t written = write(file, OOM_SCORE_ADJUSTMENT, sizeof OOM_SCORE_ADJUSTMENT - 1);
    struct failure failure = check_errno(CSANDBOX_STEP_SLOT_LIMITS, written);
    close(file);
    return failure;
}

// Becomes root of the user namespace. Raw system calls suffice, because this process has one
// thread.
static struct failure become_namespace_root(int user_namespace) {
    TRY(check(CSANDBOX_STEP_SLOT_SETNS, SYS2(SYS_setns, user_namespace, CLONE_NEWUSER)));
    if (!single_id(slot.host))
        TRY(check(CSANDBOX_STEP_SLOT_IDS, SYS2(SYS_setgroups, 0, NULL)));
    TRY(check(CSANDBOX_STEP_SLOT_IDS, SYS3(SYS_setresgid, 0, 0, 0)));
    return check(CSANDBOX_STEP_SLOT_IDS, SYS3(SYS_setresuid, 0, 0, 0));
}

// Closes the descriptors of other slots and of the host, and moves the kept ones to the numbers
// from 3 on.
static struct failure keep_only(int *const kept[], int count) {
    int next = 3;
    for (int i = 0; i < count; i++)
        if (*kept[i] >= 0) {
            *kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, 3 + count);
            TRY(check_errno(CSANDBOX_STEP_SLOT_LIMITS, *kept[i]));
        }
    for (int i = 0; i < count; i++)
        if (*kept[i] >= 0) {
            *kept[i] = dup3(*kept[i], next++, O_CLOEXEC);
            TRY(check_errno(CSANDBOX_STEP_SLOT_LIMITS, *kept[i]));
        }
    return check(CSANDBOX_STEP_SLOT_LIMITS, SYS3(SYS_close_range, next, ~0U, 0));
}

static struct failure become_generic(const struct slot_seed *seed) {
    // Both need privileges over the host, which the user namespace takes away.
    TRY(prefer_as_oom_victim());
    TRY(cgroups_enter(&seed->cgroups));
    // Before the user namespace, too: in another one device nodes do not work.
    int own_dev = -1;
    TRY(own_dev_make(slot.host, &own_dev));
    if (seed->shares_empty_network)
        TRY(check(CSANDBOX_STEP_SLOT_UNSHARE, SYS2(SYS_setns, seed->empty_network, CLONE_NEWNET)));
    TRY(become_namespace_root(seed->user_namespace));
    unsigned long network = seed->shares_empty_network ? 0 : CLONE_NEWNET;
    TRY(check(CSANDBOX_STEP_SLOT_UNSHARE,
              SYS1(SYS_unshare, CLONE_NEWNS | network | CLONE_NEWUTS | CLONE_NEWCGROUP)));
    // The change of ids clears the signal, so it is set after it. The spawner is PID 1 here;
    // another parent means that it has died.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != 1)
        _exit(1);
    TRY(own_time_make());
    if (!seed->shares_empty_network)
        TRY(loopback_up());
    TRY(template_private_root(seed, own_dev));
    // Last: without the cookie it forbids the calls of the steps before.
    return harden_filter();
}

/// Descriptors that come with the order after the two sockets; -1 where there is none.
struct bind_descriptors {
    int rootfs;
    int secrets;
    int mounts;
};

static struct failure bind_to_function(const struct bind_descriptors *own) {
    if (slot.shares_empty_network && !(slot.plan.flags & CSANDBOX_SLOT_EMPTY_NETWORK))
        return (struct failure){CSANDBOX_STEP_PROTOCOL, EINVAL};
    TRY(links_up());
    layer_options(slot.layer_options, slot.plan.disk_bytes);
    TRY(check(CSANDBOX_STEP_SLOT_HOSTNAME,
              SYS2(SYS_sethostname, slot.plan.hostname, strlen(slot.plan.hostname))));
    TRY(template_bind(own->rootfs, own->secrets, own->mounts));
    TRY(sandbox_prepare());
    slot.masks = masks_present();
    slot.oom_before = cgroups_oom_kills(&slot.cgroups);
    slot.pids_refused_before = cgroups_pids_refused(&slot.cgroups);
    // Before the first sandbox, which inherits it.
    return harden_capabilities(slot.plan.capabilities);
}

// In the order of the protocol; the spawner has checked the number.
static struct bind_descriptors take_descriptors(const int *received) {
    slot.control = *received++;
    slot.release = *received++;
    struct bind_descriptors own = {.rootfs = *received++, .secrets = -1, .mounts = -1};
    if (slot.plan.flags & CSANDBOX_SLOT_SECRETS)
        own.secrets = *received++;
    if (slot.plan.flags & CSANDBOX_SLOT_MOUNTS)
        own.mounts = *received++;
    for (uint32_t i = 0; i < slot.plan.tree_count; i++)
        slot.trees[i] = *received++;
    return own;
}

static void close_bind_descriptors(const struct bind_descriptors *own) {
    close(own->rootfs);
    if (own->secrets >= 0)
        close(own->secrets);
    if (own->mounts >= 0)
        close(own->mounts);
}

struct failure slot_become_generic(const struct slot_seed *seed, int *binding) {
    struct failure failure = become_generic(seed);
    int *const kept[] = {binding,
                         &slot.cgroups.oom_counter,
                         &slot.cgroups.pids_counter,
                         &slot.cgroups.pids_current,
                         &slot.cgroups.memory_usage,
                         &slot.cgroups.process_list,
                         &slot.listener};
    struct failure kept_failure = keep_only(kept, sizeof kept / sizeof kept[0]);
    if (!failed(failure))
        failure = kept_failure;
    // After the others are closed: the spawner may have more open files than a slot is allowed.
    return failed(failure) ? failure : harden_limits();
}

void slot_bind(int binding, bool makes_overlays, struct failure so_far) {
    int received[CSANDBOX_DESCRIPTORS_MAX];
    size_t count = CSANDBOX_DESCRIPTORS_MAX;
    ssize_t size = csandbox_receive(binding, &slot.plan, sizeof slot.plan, received, &count, 0);
    if (size != sizeof slot.plan || count < 3)
        _exit(1);
    // Without privileges over the host there is one id, which every user of the image gets.
    if (single_id(slot.host))
        slot.plan.uid = slot.plan.gid = 0;
    struct bind_descriptors own = take_descriptors(received);
    struct failure failure = so_far;
    if (slot.plan.flags & CSANDBOX_SLOT_EGRESS)
        failure = egress_join(binding, failure);
    slot.binding = makes_overlays ? binding : -1;
    if (slot.binding < 0)
        close(binding);
    slot.signals = signals_open();
    if (!failed(failure))
        failure = check_errno(CSANDBOX_STEP_PROTOCOL, slot.signals);
    if (!failed(failure))
        failure = bind_to_function(&own);
    close_bind_descriptors(&own);
    outcome_send(slot.control, failed(failure) ? CSANDBOX_SLOT_FAILED : CSANDBOX_SLOT_READY,
                 slot.plan.header.slot, failure);
    if (failed(failure))
        _exit(1);
}
