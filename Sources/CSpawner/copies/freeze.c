// SPDX-License-Identifier: Apache-2.0
// Stops the template in its waiting call for good, checks it, and maps the pages that copies need. Every check comes
// after the stop: what was checked cannot change any more.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "slot/slot.h"
#include "sys.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__x86_64__)
/// The kernel's results of an interrupted call that can be made again (include/linux/errno.h).
enum { ERESTARTSYS = 512, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };
/// syscall; the code segment of 64-bit programs.
enum { SYSCALL_BYTES = 0x050f, CODE_SEGMENT_64 = 0x33 };
/// Bytes of the thread's block in which a C library's thread id is looked for.
enum { THREAD_BLOCK_BYTES = 512 };

static struct failure stop(void) {
    int status;
    long options =
        PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACESYSGOOD;
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_STOP,
                    ptrace(PTRACE_SEIZE, template.process, 0, options)));
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_STOP, ptrace(PTRACE_INTERRUPT, template.process, 0, 0)));
    TRY(trace_wait(template.process, &status));
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_STOP,
                    ptrace(PTRACE_GETREGS, template.process, 0, &template.script.registers)));
    // No signal wakes it from now on.
    uint64_t all = ~0ULL;
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_STOP,
                    ptrace(PTRACE_GETSIGMASK, template.process, sizeof template.signal_mask,
                           &template.signal_mask)));
    return check_errno(CSANDBOX_STEP_TEMPLATE_STOP,
                       ptrace(PTRACE_SETSIGMASK, template.process, sizeof all, &all));
}

static bool read_memory(uint64_t address, void *bytes, size_t size) {
    struct iovec own = {bytes, size}, other = {(void *)(uintptr_t)address, size};
    return process_vm_readv(template.process, &own, 1, &other, 1, 0) == (ssize_t)size;
}

static bool write_memory(uint64_t address, const void *bytes, size_t size) {
    struct iovec own = {(void *)(uintptr_t)bytes, size};
    struct iovec other = {(void *)(uintptr_t)address, size};
    return process_vm_writev(template.process, &own, 1, &other, 1, 0) == (ssize_t)size;
}

// epoll_wait is never made again by the kernel; it has taken nothing from its set, and can be.
static bool can_restart(long number, long result) {
    return result == -ERESTARTSYS || result == -ERESTARTNOHAND ||
           result == -ERESTART_RESTARTBLOCK || (result == -EINTR && waits_in_epoll(number));
}

// It was in its call, and can make it again.
static struct failure check_registers(void) {
    uint16_t bytes = 0;
    template.script.instruction = template.script.registers.rip - 2;
    long number = (long)template.script.registers.orig_rax;
    bool is_waiting = waits_in(number) &&
                      can_restart(number, (long)template.script.registers.rax) &&
                      template.script.registers.cs == CODE_SEGMENT_64;
    if (!is_waiting || !read_memory(template.script.instruction, &bytes, sizeof bytes) ||
        bytes != SYSCALL_BYTES)
        return (struct failure){CSANDBOX_STEP_TEMPLATE_READY, EINTR};
    return success();
}

// A filter of its own could answer the calls of a copy that give up privileges.
static struct failure check_privileges(void) {
    char status[4096], own[4096];
    if (facts_read(template.process, "status", status, sizeof status) < 0 ||
        facts_read(getpid(), "status", own, sizeof own) < 0)
        return (struct failure){CSANDBOX_STEP_TEMPLATE_PRIVILEGES, ESRCH};
    long filters = facts_number(status, "Seccomp_filters");
    if (filters < 1 || filters != facts_number(own, "Seccomp_filters"))
        return (struct failure){CSANDBOX_STEP_TEMPLATE_FILTER, EPERM};
    return facts_is_unprivileged(status)
               ? success()
               : (struct failure){CSANDBOX_STEP_TEMPLATE_PRIVILEGES, EPERM};
}

// What it wrote to stdout belongs to an answer, and no copy would have it. A server's or a runtime's is
// log.
static struct failure check_output(void) {
    int written = 0;
    if (template.port != 0 || template.runtime_port != 0)
        return success();
    if (ioctl(template.ends[1], FIONREAD, &written) < 0 || written != 0)
        return (struct failure){CSANDBOX_STEP_TEMPLATE_OUTPUT, EBUSY};
    return success();
}

// A copy would lack them.
static struct failure check_timers(void) {
    char text[256];
    ssize_t size = facts_read(template.process, "timers", text, sizeof text);
    TRY(check(CSANDBOX_STEP_TEMPLATE_TIMERS, size));
    return size == 0 ? success() : (struct failure){CSANDBOX_STEP_TEMPLATE_TIMERS, EBUSY};
}

static struct failure map_pages(void) {
    long address, ignored;
    uint64_t map[6] = {0, PAGES_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1ULL,
                       0};
    TRY(trace_call(SYS_mmap, map, &address));
    template.pages = (uint64_t)address;
    if (!write_memory(template.pages, copy_code, (size_t)(copy_code_end - copy_code)))
        return (struct failure){CSANDBOX_STEP_TEMPLATE_CODE, EFAULT};
    uint64_t code[6] = {template.pages, PAGE_BYTES, PROT_READ | PROT_EXEC};
    return trace_call(SYS_mprotect, code, &ignored);
}

static struct failure protect_script(void) {
    long ignored;
    if (!write_memory(template.pages + PAGE_BYTES, &template.script, sizeof template.script))
        return (struct failure){CSANDBOX_STEP_TEMPLATE_CODE, EFAULT};
    uint64_t pages[6] = {template.pages + PAGE_BYTES, SCRIPT_PAGES * PAGE_BYTES, PROT_READ};
    return trace_call(SYS_mprotect, pages, &ignored);
}

// musl keeps the id in the thread's block and registers the address of a lock.
static bool find_in_thread_block(void) {
    int32_t words[THREAD_BLOCK_BYTES / 4];
    int found = 0;
    if (!read_memory(template.script.registers.fs_base, words, sizeof words))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i] == TEMPLATE_TID) {
            template.tid_word = template.script.registers.fs_base + i * sizeof words[0];
            found++;
        }
    return found == 1;
}

// Without the right word the copy's C library would take itself for another thread.
static struct failure find_thread_id(void) {
    long ignored;
    int32_t id = 0;
    uint64_t ask[6] = {PR_GET_TID_ADDRESS, template.pages + WORD_SCRATCH};
    TRY(trace_call(SYS_prctl, ask, &ignored));
    template.tid_registered = 0;
    if (!read_memory(template.pages + WORD_SCRATCH, &template.tid_word, sizeof template.tid_word))
        return (struct failure){CSANDBOX_STEP_TEMPLATE_THREAD_ID, EFAULT};
    if (template.tid_word && read_memory(template.tid_word, &id, sizeof id) && id == TEMPLATE_TID)
        return success();
    template.tid_registered = template.tid_word;
    return find_in_thread_block() ? success()
                                  : (struct failure){CSANDBOX_STEP_TEMPLATE_THREAD_ID, ENODATA};
}

static struct failure check_all(void) {
    TRY(check_registers());
    TRY(check_processes());
    TRY(check_privileges());
    TRY(check_output());
    TRY(check_descriptors());
    TRY(check_memory());
    TRY(check_event_loop());
    return check_timers();
}

static struct failure read_directory(char *directory, size_t size) {
    char path[32];
    snprintf(path, sizeof path, "%d/cwd", template.process);
    ssize_t length = readlinkat(slot.proc, path, directory, size);
    TRY(check_errno(CSANDBOX_STEP_TEMPLATE_DIRECTORY, length));
    if ((size_t)length == size || directory[0] != '/')
        return (struct failure){CSANDBOX_STEP_TEMPLATE_DIRECTORY, ENAMETOOLONG};
    directory[length] = 0;
    return success();
}

// The identity maps of the slot's user namespace, in a copy's.
static struct failure read_map(const char *name, char *map, size_t size) {
    char text[256];
    TRY(check(CSANDBOX_STEP_COPY_IDS, facts_read(getpid(), name, text, sizeof text)));
    size_t filled = 0;
    unsigned inside, outside, count;
    int taken;
    for (const char *line = text;
         sscanf(line, "%u %u %u%n", &inside, &outside, &count, &taken) == 3; line += taken)
        filled += (size_t)snprintf(map + filled, filled < size ? size - filled : 0, "%u %u %u\n",
                                   inside, inside, count);
    return filled > 0 && filled < size ? success()
                                       : (struct failure){CSANDBOX_STEP_COPY_IDS, E2BIG};
}

struct failure template_freeze(void) {
    char directory[CSANDBOX_DIRECTORY_MAX];
    void *robust_list = NULL;
    size_t size = 0;
    TRY(stop());
    TRY(check_all());
    TRY(read_directory(directory, sizeof directory));
    TRY(read_map("uid_map", template.uid_map, sizeof template.uid_map));
    TRY(read_map("gid_map", template.gid_map, sizeof template.gid_map));
    TRY(map_pages());
    TRY(find_thread_id());
    long result = SYS3(SYS_get_robust_list, template.process, &robust_list, &size);
    TRY(check(CSANDBOX_STEP_TEMPLATE_THREAD_ID, result));
    TRY(script_write(directory, (uint64_t)(uintptr_t)robust_list));
    template.has_layer = slot.has_layer && !root_is_unchanged(&slot.root);
    return protect_script();
}
#else
struct failure template_freeze(void) {
    return (struct failure){CSANDBOX_STEP_TEMPLATE_SUPPORT, ENOSYS};
}
#endif
