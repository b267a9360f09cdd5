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
/// terminal.c: opens a new terminal; makes it the controlling one.
struct failure sandbox_open_terminal(void);
struct failure sandbox_take_terminal(void);
/// masks.c: covers or write-protects the paths in the working directory, which is /proc.
struct failure sandbox_mask_proc(void);
/// masks.c, for the slot: which paths of the list this kernel has.
uint32_t masks_present(void);
/// identity.c: changes to the user of the plan. In a slot that shares the empty network namespace
/// the first call keeps the capabilities for creating one, and the second uses and drops them;
/// nothing may be executed in between.
struct failure sandbox_become_user(void);
struct failure sandbox_leave_empty_network(void);
/// exec.c: waits for the release message and executes; returns only after a failure.
struct failure sandbox_wait_and_execute(void);
/// exec.c: CLOCK_MONOTONIC, read without the C library.
int64_t sandbox_now_ns(void);
