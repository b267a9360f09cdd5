// SPDX-License-Identifier: Apache-2.0
// A slot process: born generic, bound to one function, then the parent of that
// function's sandboxes, one at a time.
#define _GNU_SOURCE
#include "slot/slot.h"
#include "sys.h"
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/// Function processes go first when the host runs out of memory.
#define OOM_SCORE_ADJUSTMENT "500"

struct slot slot;

static struct failure prefer_as_oom_victim(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return check_errno(CSANDBOX_STEP_SLOT_LIMITS, -1);
    ssize_t written = write(file, OOM_SCORE_ADJUSTMENT, sizeof OOM_SCORE_ADJUSTMENT - 1);
    struct failure failure = check_errno(CSANDBOX_STEP_SLOT_LIMITS, written);
    close(file);
    return failure;
}

// Root of the user namespace, and of nothing else. The C library is not asked:
// this process has one thread.
static struct failure become_namespace_root(int user_namespace) {
    TRY(check(CSANDBOX_STEP_SLOT_SETNS, SYS2(SYS_setns, user_namespace, CLONE_NEWUSER)));
    if (!single_id())
        TRY(check(CSANDBOX_STEP_SLOT_IDS, SYS2(SYS_setgroups, 0, NULL)));
    TRY(check(CSANDBOX_STEP_SLOT_IDS, SYS3(SYS_setresgid, 0, 0, 0)));
    return check(CSANDBOX_STEP_SLOT_IDS, SYS3(SYS_setresuid, 0, 0, 0));
}

// Descriptors of other slots and of the host must not be inherited: only these
// stay, from 3 on.
static void keep_only(int *const kept[], int count) {
    int next = 3;
    for (int i = 0; i < count; i++)
        if (*kept[i] >= 0)
            *kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, 3 + count);
    for (int i = 0; i < count; i++)
        if (*kept[i] >= 0)
            *kept[i] = dup3(*kept[i], next++, O_CLOEXEC);
    SYS3(SYS_close_range, next, ~0U, 0);
}

// Everything that is the same for all functions, done ahead of time in a spare
// slot.
static struct failure become_slot(const struct slot_seed *seed) {
    TRY(prefer_as_oom_victim());
    TRY(cgroups_enter(&seed->cgroups));
    // While there is the power to: inside of the user namespace there is none over it.
    int own_dev = -1;
    TRY(own_dev_make(&own_dev));
    if (seed->rests)
        TRY(check(CSANDBOX_STEP_SLOT_UNSHARE, SYS2(SYS_setns, host.empty_network, CLONE_NEWNET)));
    TRY(become_namespace_root(seed->user_namespace));
    unsigned long network = seed->rests ? 0 : CLONE_NEWNET;
    TRY(check(CSANDBOX_STEP_SLOT_UNSHARE,
              SYS1(SYS_unshare, CLONE_NEWNS | network | CLONE_NEWUTS | CLONE_NEWCGROUP)));
    // Cleared by the change of ids, so only now; the spawner is PID 1 here,
    // whoever else is parent is not it.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != 1)
        _exit(1);
    TRY(own_time_make());
    if (!seed->rests)
        TRY(loopback_up());
    TRY(template_private_root(own_dev));
    return harden_filter();
}

static void tell(uint32_t kind, struct failure failure) {
    struct csandbox_outcome message = {.header = {.kind = kind, .slot = slot.plan.header.slot},
                                       .step = failure.step,
                                       .error = failure.error};
    csandbox_send(slot.control, &message, sizeof message, NULL, 0);
}

void layer_options(char *text, uint64_t disk_bytes) {
    // Small files: one inode per block, but enough for an ordinary tree.
    uint64_t inodes = disk_bytes / 4096 > 1024 ? disk_bytes / 4096 : 1024;
    snprintf(text, LAYER_OPTIONS_MAX, "size=%llu,nr_inodes=%llu,mode=0755",
             (unsigned long long)disk_bytes, (unsigned long long)inodes);
}

/// What came with the order besides the two sockets, -1 where there is none.
struct belongings {
    int rootfs;
    int secrets;
    int mounts;
};

static struct failure bind_to_function(const struct belongings *own) {
    if (slot.rests && !(slot.plan.flags & CSANDBOX_SLOT_RESTING))
        return (struct failure){CSANDBOX_STEP_PROTOCOL, EINVAL};
    layer_options(slot.layer_options, slot.plan.disk_bytes);
    TRY(check(CSANDBOX_STEP_SLOT_HOSTNAME,
              SYS2(SYS_sethostname, slot.plan.hostname, strlen(slot.plan.hostname))));
    TRY(template_bind(own->rootfs, own->secrets, own->mounts));
    TRY(sandbox_prepare());
    slot.masks = masks_present();
    slot.oom_before = cgroups_oom_kills(&slot.cgroups);
    slot.pids_refused_before = cgroups_pids_refused(&slot.cgroups);
    return harden_capabilities(slot.plan.capabilities);
}

// Which limits the sandbox came to, besides the memory's.
static uint32_t limits_reached(void) {
    uint32_t refused = cgroups_pids_refused(&slot.cgroups);
    uint32_t reached = refused != slot.pids_refused_before ? CSANDBOX_LIMIT_PIDS : 0;
    slot.pids_refused_before = refused;
    return root_is_full(&slot.root) ? reached | CSANDBOX_LIMIT_DISK : reached;
}

// The pipes of the next sandbox go with the end of this one, and whoever has them may
// release it: neither message nor wake-up is needed in between.
static bool send_exit_and_next(struct csandbox_exit *message) {
    if (!slot.is_followed || failed(sandbox_next_pipes()))
        return false;
    message->next_sandbox = slot.number + 1;
    if (csandbox_send(slot.control, message, sizeof *message, slot.next_pipes.gateway, 3) < 0)
        return false;
    sandbox_next_announced();
    return true;
}

// The kernel refuses descriptors while too many of this user's are on their way between
// sockets (unix(7), ETOOMANYREFS). The end is told all the same: a call waits for it.
static void send_exit(struct csandbox_exit *message) {
    if (send_exit_and_next(message))
        return;
    slot.is_followed = false;
    message->next_sandbox = 0;
    if (csandbox_send(slot.control, message, sizeof *message, NULL, 0) < 0)
        _exit(1);
}

// What it used from its assignment on.
static int64_t used_since(const struct timeval *used, int64_t before) {
    int64_t since = used->tv_sec * 1000000 + used->tv_usec - before;
    return since > 0 ? since : 0;
}

static void tell_exit(int status, const struct rusage *usage) {
    // Also of one that ended well: it may have outlived what was killed.
    uint32_t oom_now = cgroups_oom_kills(&slot.cgroups);
    struct csandbox_exit message = {
        .header = {.kind = CSANDBOX_SANDBOX_EXIT, .slot = slot.plan.header.slot},
        .wait_status = status,
        .step = slot.sandbox_failure.step,
        .error = slot.sandbox_failure.error,
        .oom_kills = oom_now - slot.oom_before,
        .limits_reached = limits_reached(),
        .user_time_us = used_since(&usage->ru_utime, slot.used_before.user_us),
        .system_time_us = used_since(&usage->ru_stime, slot.used_before.system_us),
        .max_rss_bytes = usage->ru_maxrss * 1024,
        .ready_at_ns = slot.ready_at_ns,
        .exec_at_ns = slot.exec_at_ns,
    };
    memcpy(message.interpreter, slot.missing_interpreter, sizeof message.interpreter);
    slot.oom_before = oom_now;
    send_exit(&message);
}

// A sandbox that did not come so far as to read its release message. If one may be on
// its way, then the next sandbox would take it for its own: there is none.
static void give_up_sandbox(struct failure failure) {
    tell(CSANDBOX_SANDBOX_FAILED, failure);
    if (slot.is_announced)
        _exit(1);
}

static void make_sandbox(void) {
    struct failure failure =
        slot.sandbox ? (struct failure){CSANDBOX_STEP_PROTOCOL, EBUSY} : sandbox_start();
    if (failed(failure))
        give_up_sandbox(failure);
}

// When PID 1 of the sandbox can be reaped, everything else in its PID namespace
// already was: kernel, exit.c.
static void reap_sandbox(void) {
    struct signalfd_siginfo info;
    // One at most is pending, however many children ended.
    if (read(slot.signals, &info, sizeof info) < 0)
        return;
    int status;
    struct rusage usage;
    if (slot.sandbox == 0 || wait4(slot.sandbox, &status, WNOHANG, &usage) != slot.sandbox)
        return;
    slot.sandbox = 0;
    // Whoever hears of the end reads the folder with the changes: by then nothing
    // is mounted over it.
    if (slot.plan.flags & CSANDBOX_SLOT_LAYER)
        root_let_go(&slot.root);
    bool was_released = slot.stage == STAGE_RELEASED;
    if (!was_released)
        give_up_sandbox(failed(slot.sandbox_failure)
                            ? slot.sandbox_failure
                            : (struct failure){CSANDBOX_STEP_SANDBOX_RELEASE, ECHILD});
    slot.is_announced = false;
    // No root and no network of this slot are what they were: it ends, and another takes its place.
    bool is_last = was_released && sockets_outlive();
    if (is_last)
        slot.is_followed = false;
    if (was_released)
        tell_exit(status, &usage);
    if (is_last)
        _exit(0);
    // Only now, off the caller's way.
    root_take_back(&slot.root, was_released);
    if (slot.is_followed)
        make_sandbox();
}

// A terminal is the sandbox's own: there is nothing to hand out ahead.
static void assign_sandbox(bool prepares_next) {
    slot.used_before = cpu_times_of(slot.sandbox);
    if (prepares_next && !(slot.plan.flags & CSANDBOX_SLOT_TERMINAL))
        slot.is_followed = true;
}

static void handle_command(const struct csandbox_command *command) {
    if (command->header.kind == CSANDBOX_MAKE_SANDBOX) {
        make_sandbox();
        return;
    }
    // The one that it is for may have ended.
    if (slot.sandbox == 0 || command->sandbox != slot.number)
        return;
    if (command->header.kind == CSANDBOX_SIGNAL && command->value > 0)
        kill(slot.sandbox, command->value);
    else if (command->header.kind == CSANDBOX_ASSIGN)
        assign_sandbox(command->value != 0);
}

union order {
    struct csandbox_header header;
    struct csandbox_command command;
    struct csandbox_socket_order socket;
};

static void handle_order(const union order *order, size_t size) {
    bool is_socket = order->header.kind == CSANDBOX_DIAL || order->header.kind == CSANDBOX_LISTEN;
    if (is_socket && size == sizeof order->socket)
        socket_order_answer(&order->socket);
    else if (!is_socket && size == sizeof order->command)
        handle_command(&order->command);
}

static void take_order(void) {
    union order order = {.header = {0, 0}};
    ssize_t size = csandbox_receive(slot.control, &order, sizeof order, NULL, NULL, MSG_DONTWAIT);
    // The gateway let go of this slot: its sandbox dies with it (PDEATHSIG).
    if (size == 0 || (size < 0 && size != -EAGAIN && size != -EMSGSIZE))
        _exit(0);
    if (size > 0)
        handle_order(&order, (size_t)size);
}

// Orders before the end of the sandbox: its assignment counts, however short its invocation was.
static _Noreturn void serve(void) {
    struct pollfd sources[3] = {{.fd = slot.control, .events = POLLIN},
                                {.fd = slot.signals, .events = POLLIN},
                                {.fd = slot.listener, .events = POLLIN}};
    for (;;) {
        if (poll(sources, 3, -1) < 0 && errno != EINTR)
            _exit(1);
        if (sources[2].revents)
            sockets_answer();
        if (sources[0].revents)
            take_order();
        if (sources[1].revents)
            reap_sandbox();
    }
}

static int child_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

// In the order of the wire contract; the spawner has checked the number.
static struct belongings take_descriptors(const int *received) {
    slot.control = *received++;
    slot.release = *received++;
    struct belongings own = {.rootfs = *received++, .secrets = -1, .mounts = -1};
    if (slot.plan.flags & CSANDBOX_SLOT_SECRETS)
        own.secrets = *received++;
    if (slot.plan.flags & CSANDBOX_SLOT_MOUNTS)
        own.mounts = *received++;
    for (uint32_t i = 0; i < slot.plan.tree_count; i++)
        slot.trees[i] = *received++;
    return own;
}

static void let_go(const struct belongings *own) {
    close(own->rootfs);
    if (own->secrets >= 0)
        close(own->secrets);
    if (own->mounts >= 0)
        close(own->mounts);
}

_Noreturn void slot_main(const struct slot_seed *seed) {
    slot.index = seed->index;
    slot.rests = seed->rests;
    slot.listener = -1;
    prctl(PR_SET_NAME, "mayfly-slot");
    slot.cgroups = seed->cgroups;
    int binding = seed->binding;
    struct failure failure = become_slot(seed);
    int *const kept[] = {&binding, &slot.cgroups.oom_counter, &slot.cgroups.pids_counter,
                         &slot.listener};
    keep_only(kept, sizeof kept / sizeof kept[0]);
    // Not before: the spawner may hold more descriptors than a function may.
    if (!failed(failure))
        failure = harden_limits();
    int received[CSANDBOX_DESCRIPTORS_MAX];
    size_t count = CSANDBOX_DESCRIPTORS_MAX;
    ssize_t size = csandbox_receive(binding, &slot.plan, sizeof slot.plan, received, &count, 0);
    if (size != sizeof slot.plan || count < 3)
        _exit(1);
    // Without privileges over the host there is one id; whoever the image names runs as it.
    if (single_id())
        slot.plan.uid = slot.plan.gid = 0;
    struct belongings own = take_descriptors(received);
    slot.signals = child_signals();
    if (slot.plan.flags & CSANDBOX_SLOT_EGRESS)
        failure = egress_join(binding, failure);
    slot.binding = host.hands_overlays ? binding : -1;
    if (slot.binding < 0)
        close(binding);
    if (!failed(failure))
        failure = bind_to_function(&own);
    let_go(&own);
    tell(failed(failure) ? CSANDBOX_SLOT_FAILED : CSANDBOX_SLOT_READY, failure);
    if (failed(failure))
        _exit(1);
    if (slot.plan.flags & CSANDBOX_SLOT_FOLLOWED)
        make_sandbox();
    serve();
}
