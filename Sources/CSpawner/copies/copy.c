// SPDX-License-Identifier: Apache-2.0
// Makes one copy of the template: the template clones itself, the copy stops at once, the slot gives it its
// ids, mounts and /proc, lets it do the calls of the script, takes its pipes, checks it, and lets it go.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "csandbox_channel.h"
#include "mounts/copy_root.h"
#include "sandbox/sandbox.h"
#include "sys.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
/// The kernel kills copies before the template when memory runs out.
#define COPY_OOM_SCORE_ADJUSTMENT "600"

/// What one copy is made of until the slot has it.
struct copy {
    pid_t process;
    int pidfd;
    struct copy_root root;
    int pipes[3];
    /// Listening socket of the Runtime API; -1 without.
    int listener;
    /// Words of the copy's pipes.
    int32_t words[6];
};

static struct failure write_fact(pid_t process, const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "%d/%s", process, name);
    int file = openat(slot.proc, path, O_WRONLY | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_COPY_IDS, file));
    struct failure failure = check_errno(CSANDBOX_STEP_COPY_IDS, write(file, text, strlen(text)));
    close(file);
    return failure;
}

static struct failure resume(pid_t process, uint32_t step) {
    return check_errno(step, ptrace(PTRACE_CONT, process, 0, 0));
}

// With the cookie in the sixth argument the filter lets namespaces and CLONE_PARENT pass. A clone that
// fails comes to the int3 behind it: no instruction of the program runs.
static struct failure begin_clone(void) {
    struct user_regs_struct registers = template.script.registers;
    unsigned long flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
                          CLONE_NEWNET | CLONE_PARENT | CLONE_CHILD_SETTID | SIGCHLD;
    if (!template.tid_registered)
        flags |= CLONE_CHILD_CLEARTID;
    registers.rip = template.pages;
    registers.rax = SYS_clone;
    registers.orig_rax = -1ULL;
    registers.rdi = flags;
    registers.rsi = registers.rdx = registers.r8 = 0;
    registers.r10 = template.tid_word;
    registers.r9 = slot.setup_cookie;
    TRY(check_errno(CSANDBOX_STEP_COPY_CLONE,
                    ptrace(PTRACE_SETREGS, template.process, 0, &registers)));
    return resume(template.process, CSANDBOX_STEP_COPY_CLONE);
}

static struct failure clone_error(void) {
    struct user_regs_struct registers;
    TRY(check_errno(CSANDBOX_STEP_COPY_CLONE,
                    ptrace(PTRACE_GETREGS, template.process, 0, &registers)));
    long result = (long)registers.rax;
    return result < 0 && result > -4096 ? check(CSANDBOX_STEP_COPY_CLONE, result)
                                        : (struct failure){CSANDBOX_STEP_COPY_CLONE, EFAULT};
}

// The template stops twice: at the event that names the copy, and behind its call.
static struct failure clone_template(struct copy *copy) {
    int status;
    unsigned long number = 0;
    TRY(begin_clone());
    TRY(trace_wait(template.process, &status));
    if (status >> 8 != (SIGTRAP | PTRACE_EVENT_FORK << 8) &&
        status >> 8 != (SIGTRAP | PTRACE_EVENT_CLONE << 8))
        return clone_error();
    TRY(check_errno(CSANDBOX_STEP_COPY_CLONE,
                    ptrace(PTRACE_GETEVENTMSG, template.process, 0, &number)));
    copy->process = (pid_t)number;
    TRY(resume(template.process, CSANDBOX_STEP_COPY_CLONE));
    TRY(trace_wait(template.process, &status));
    struct user_regs_struct registers;
    TRY(check_errno(CSANDBOX_STEP_COPY_CLONE,
                    ptrace(PTRACE_GETREGS, template.process, 0, &registers)));
    uint64_t end = template.pages + (uint64_t)(copy_code_failed - copy_code);
    if (status >> 8 != SIGTRAP || registers.rip != end || (long)registers.rax <= 0)
        return (struct failure){CSANDBOX_STEP_COPY_CLONE, EFAULT};
    TRY(trace_wait(copy->process, &status));
    long pidfd = SYS2(SYS_pidfd_open, copy->process, 0);
    copy->pidfd = (int)pidfd;
    return check(CSANDBOX_STEP_COPY_CLONE, pidfd);
}

static struct failure give_ids(const struct copy *copy) {
    TRY(write_fact(copy->process, "uid_map", template.uid_map));
    TRY(write_fact(copy->process, "gid_map", template.gid_map));
    return write_fact(copy->process, "oom_score_adj", COPY_OOM_SCORE_ADJUSTMENT);
}

static struct failure run_script(const struct copy *copy) {
    int status;
    struct user_regs_struct registers;
    TRY(resume(copy->process, CSANDBOX_STEP_COPY_SETUP));
    TRY(trace_wait(copy->process, &status));
    TRY(check_errno(CSANDBOX_STEP_COPY_SETUP,
                    ptrace(PTRACE_GETREGS, copy->process, 0, &registers)));
    uint64_t end = template.pages + (uint64_t)(copy_code_stopped - copy_code);
    if (status >> 8 == SIGTRAP && registers.rip == end)
        return success();
    long result = (long)registers.rax;
    return (struct failure){CSANDBOX_STEP_COPY_SETUP,
                            result < 0 && result > -4096 ? (int32_t)-result : EFAULT};
}

// The slot gets the gateway's ends; the copy gets none of the slot's descriptors.
static struct failure take_pipes(struct copy *copy) {
    struct iovec own = {copy->words, sizeof copy->words};
    struct iovec other = {(void *)(uintptr_t)(template.pages + WORD_PIPES), sizeof copy->words};
    if (process_vm_readv(copy->process, &own, 1, &other, 1, 0) != sizeof copy->words)
        return (struct failure){CSANDBOX_STEP_COPY_PIPES, EFAULT};
    static const int far[3] = {1, 2, 4};
    for (int i = 0; i < 3; i++) {
        long end = SYS3(SYS_pidfd_getfd, copy->pidfd, copy->words[far[i]], 0);
        TRY(check(CSANDBOX_STEP_COPY_PIPES, end));
        copy->pipes[i] = (int)end;
        int flags = fcntl(copy->pipes[i], F_GETFL);
        TRY(check_errno(CSANDBOX_STEP_COPY_PIPES,
                        fcntl(copy->pipes[i], F_SETFL, flags | O_NONBLOCK)));
    }
    return success();
}

// The gateway gets it when it asks to listen there.
static struct failure take_listener(struct copy *copy) {
    int32_t number;
    struct iovec own = {&number, sizeof number};
    struct iovec other = {(void *)(uintptr_t)(template.pages + WORD_LISTENER), sizeof number};
    if (template.runtime_port == 0)
        return success();
    if (process_vm_readv(copy->process, &own, 1, &other, 1, 0) != sizeof number)
        return (struct failure){CSANDBOX_STEP_COPY_PIPES, EFAULT};
    long listener = SYS3(SYS_pidfd_getfd, copy->pidfd, number, 0);
    copy->listener = (int)listener;
    return check(CSANDBOX_STEP_COPY_PIPES, listener);
}

static bool has_root(const struct copy *copy) {
    char path[32];
    struct stat own, given;
    snprintf(path, sizeof path, "%d/root", copy->process);
    return fstatat(slot.proc, path, &own, 0) == 0 && fstat(copy->root.tree, &given) == 0 &&
           own.st_dev == given.st_dev && own.st_ino == given.st_ino;
}

// From outside, not on the word of the copy.
static struct failure check_copy(const struct copy *copy) {
    char status[4096], own[4096];
    if (facts_read(copy->process, "status", status, sizeof status) < 0 ||
        facts_read(getpid(), "status", own, sizeof own) < 0)
        return (struct failure){CSANDBOX_STEP_COPY_CHECK, ESRCH};
    bool is_right =
        facts_is_unprivileged(status) && facts_number(status, "Threads") == 1 &&
        facts_number(status, "Seccomp_filters") == facts_number(own, "Seccomp_filters") &&
        facts_number(status, "TracerPid") > 0 && has_root(copy);
    return is_right ? success() : (struct failure){CSANDBOX_STEP_COPY_CHECK, EPERM};
}

static struct failure let_go(const struct copy *copy) {
    TRY(check_errno(CSANDBOX_STEP_COPY_CHECK,
                    ptrace(PTRACE_SETSIGMASK, copy->process, sizeof template.signal_mask,
                           &template.signal_mask)));
    return check_errno(CSANDBOX_STEP_COPY_CHECK, ptrace(PTRACE_DETACH, copy->process, 0, 0));
}

static struct failure make(struct copy *copy) {
    TRY(copy_root_make(&copy->root, template.has_layer));
    TRY(clone_template(copy));
    TRY(give_ids(copy));
    TRY(copy_root_attach(&copy->root, copy->process, copy->pidfd));
    TRY(run_script(copy));
    TRY(take_pipes(copy));
    TRY(take_listener(copy));
    return check_copy(copy);
}

static int64_t cost_us(void) { return facts_cost_us(getpid()) + facts_cost_us(template.process); }

// The first copy shows the price of all: huge or finely divided memory is dear to copy.
static struct failure check_cost(int64_t before_us) {
    if (template.is_first_copy_made)
        return success();
    template.is_first_copy_made = true;
    int64_t copy_us = cost_us() - before_us;
    bool is_dear = copy_us > template.start_cost_us && copy_us > COPY_COST_MIN_US;
    return is_dear ? (struct failure){CSANDBOX_STEP_COPY_COST, ETIME} : success();
}

static void become_sandbox(struct copy *copy) {
    slot.sandbox = copy->process;
    slot.number++;
    slot.stage = STAGE_RELEASED;
    slot.sandbox_failure = success();
    slot.missing_interpreter[0] = 0;
    slot.prepares_next = false;
    slot.used_before = (struct cpu_times){0, 0};
    slot.ready_at_ns = slot.exec_at_ns = facts_now_ns();
    slot.copy_layer = copy->root.layer;
    copy->root.layer = -1;
    slot.copy_listener = copy->listener;
    copy->listener = -1;
}

static struct failure announce(const struct copy *copy) {
    struct csandbox_outcome message = {
        .header = {.kind = CSANDBOX_SANDBOX_READY, .slot = slot.plan.header.slot},
        .sandbox = slot.number};
    return check(CSANDBOX_STEP_SANDBOX_ANNOUNCE,
                 csandbox_send(slot.control, &message, sizeof message, copy->pipes, 3));
}

static void close_all(struct copy *copy) {
    int descriptors[] = {copy->pidfd,    copy->root.tree, copy->root.layer, copy->listener,
                         copy->pipes[0], copy->pipes[1],  copy->pipes[2]};
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
}

// The template may be anywhere, and is not used again.
static void give_up(const struct copy *copy) {
    template.stage = TEMPLATE_LOST;
    if (template.process > 0)
        kill(template.process, SIGKILL);
    if (copy->process > 0)
        trace_end(copy->process);
}

struct failure copy_make(void) {
    struct copy copy = {.pidfd = -1, .root = {-1, -1}, .pipes = {-1, -1, -1}, .listener = -1};
    if (template.stage != TEMPLATE_CHECKED)
        return (struct failure){CSANDBOX_STEP_COPY_CLONE, ESRCH};
    int64_t before_us = cost_us();
    sockets_reset();
    struct failure failure = make(&copy);
    if (!failed(failure))
        failure = check_cost(before_us);
    if (!failed(failure))
        failure = let_go(&copy);
    if (!failed(failure)) {
        become_sandbox(&copy);
        failure = announce(&copy);
        slot.sandbox = failed(failure) ? 0 : slot.sandbox;
    }
    if (failed(failure))
        give_up(&copy);
    close_all(&copy);
    return failure;
}
#else
struct failure copy_make(void) {
    return (struct failure){CSANDBOX_STEP_TEMPLATE_SUPPORT, ENOSYS};
}
#endif
