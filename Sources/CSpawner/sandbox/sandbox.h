// SPDX-License-Identifier: Apache-2.0
// A sandbox's process between clone and execve. It shares the slot's memory, so its functions make raw system
// calls only.
#pragma once
#include "slot/slot.h"

/// clone.c: starts a process on its own stack; its entry may make raw calls only. Returns its id or
/// -errno.
long clone_onto_stack(unsigned long flags, char *stack, size_t size, int (*entry)(void *),
                      void *argument);

/// clone.c: the same with clone3(2), which takes its flags from memory; sets the stack.
struct clone_args;
long clone3_onto_stack(struct clone_args *arguments, size_t arguments_size, char *stack,
                       size_t size, int (*entry)(void *), void *argument);

/// start.c, for the slot: creates and closes the pipes of one process.
struct failure stdio_pipes_make(struct stdio_pipes *pipes);
void stdio_pipes_close(const struct stdio_pipes *pipes);
/// start.c, for the slot: creates the pipes of the next sandbox, unless they exist.
struct failure sandbox_next_pipes(void);
/// start.c, for the slot: notes that the gateway has its ends of them.
void sandbox_next_announced(void);
/// start.c, for the slot: starts the sandbox process; does not wait for its set-up.
struct failure sandbox_start(void);
/// start.c, for the slot: to be called once, when the slot is bound to a function.
struct failure sandbox_prepare(void);

/// setup.c: entry of the sandbox process.
int sandbox_main(void *unused);
/// enter_root.c: moves the sandbox into the root, with a /proc of its own.
struct failure sandbox_enter_root(void);
/// enter_root.c: a detached /proc, read-only; of the PID namespace at `pids` (Linux 6.17), NULL for
/// this process's. Then mounts it at /proc with its masks.
struct failure sandbox_make_proc(const char *pids, long *tree);
struct failure sandbox_fill_proc(int proc);
/// volumes.c: mounts the volumes of the plan.
struct failure sandbox_mount_volumes(void);
/// interpreter.c: sets slot.missing_interpreter when `path` names an interpreter that does not
/// exist.
void sandbox_find_missing_interpreter(const char *path);
/// terminal.c: opens a new terminal; makes its end the stdio and controlling terminal of a new
/// session, or only the latter.
struct failure sandbox_open_terminal(struct terminal *terminal);
struct failure sandbox_take_terminal(int peer);
struct failure sandbox_control_terminal(void);
/// announce.c: most descriptors of one message; sends one to the gateway. Returns -errno.
enum { RAW_DESCRIPTORS_MAX = 4 };
long raw_send_to_gateway(const void *bytes, size_t size, const int *descriptors, size_t count);
/// masks.c: covers or write-protects the paths in the working directory, which is /proc.
struct failure sandbox_mask_proc(void);
/// masks.c, for the slot: which paths of the list this kernel has.
uint32_t masks_present(void);
/// Who a process of a container is, in its own numbers, and where it starts.
struct container_user {
    uint32_t uid, gid, group_count;
    const uint32_t *groups;
    const char *directory;
    /// It keeps the capabilities for a network namespace until sandbox_leave_empty_network.
    bool makes_network;
};
/// identity.c: changes this process to a user, who may have the capabilities of the plan if it is
/// root; drops all others, and those too in a user namespace that it entered.
struct failure become_container_user(const struct container_user *user);
struct failure drop_entered_capabilities(void);
/// identity.c: changes to the user of the plan. In a slot that shares the empty network namespace
/// the first call keeps the capabilities for creating one, and the second uses and drops them;
/// nothing may be executed in between.
struct failure sandbox_become_user(void);
struct failure sandbox_leave_empty_network(void);
/// The strings of argv, then of environ, each with its NUL.
struct command_strings {
    const char *strings;
    size_t size;
    uint32_t argument_count, environment_count;
};
/// exec.c: splits them into slot.pointers, argv and environ with a NULL each. Returns environ; NULL
/// when they are not valid.
const char **sandbox_split(const struct command_strings *command);
/// exec.c: executes slot.pointers, as execvp(3) does: the first file that can be; EACCES has
/// precedence over ENOENT. Returns -errno.
long sandbox_execute(const char **environment);
/// Another process in the running sandbox while the slot makes it (slot/entered.c).
struct entry {
    const struct csandbox_enter *order;
    size_t size;
    uint32_t number;
    struct stdio_pipes pipes;
    /// A pipe for the failure: its ends for the gateway and for the process.
    int failure_gateway, failure_process;
    /// The number that the helper has for the latter.
    int reports_to;
    /// A pidfd of PID 1.
    int sandbox;
    /// What the helper has done: sent the answer, and made the process.
    bool is_announced;
    pid_t process;
    struct failure failure;
};
/// enter.c: entry of the helper, which makes the process of a `struct entry`.
int enter_main(void *entry);
/// The descriptor of the init's program while a sandbox with an init waits.
enum { SANDBOX_INIT_DESCRIPTOR = 4 };
/// exec.c: waits for the release message and executes; returns only after a failure.
struct failure sandbox_wait_and_execute(void);
/// exec.c: CLOCK_MONOTONIC, read without the C library.
int64_t sandbox_now_ns(void);
