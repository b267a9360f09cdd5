// SPDX-License-Identifier: Apache-2.0
// State of one slot process, shared by address with the sandboxes it clones
// (CLONE_VM) until they execute.
#pragma once
#include "mounts/root.h"
#include "processes/spawner.h"
#include <stdint.h>

/// Room for a sandbox's set-up code; it calls a few levels deep and keeps no
/// big locals.
#define SANDBOX_STACK_BYTES (32u * 1024u)

enum sandbox_stage { STAGE_NONE, STAGE_SETTING_UP, STAGE_BLOCKED, STAGE_RELEASED };

/// stdin, stdout and stderr of one sandbox; -1 where there is none.
struct stdio_pipes {
    int function[3];
    int gateway[3];
};

/// A folder that the image's configuration names; `is_written` where the root around it is
/// read-only.
struct wanted_folder {
    const char *path;
    bool is_missing;
    bool is_written;
};

/// Processor time of a process and those of its children that it has waited for.
struct cpu_times {
    int64_t user_us;
    int64_t system_us;
};

struct slot {
    uint32_t index;
    struct slot_cgroups cgroups;
    /// Two ends that the gateway holds the others of.
    int control;
    int release;
    /// To the spawner; -1 where sandboxes need nothing of it.
    int binding;
    int signals;
    /// Tells of sockets that sandboxes are about to make; -1 where another filter has the one
    /// listener that the kernel allows: then each of them counts as having made some.
    int listener;
    struct csandbox_make_slot plan;
    /// Options of the writable layer's tmpfs, from plan.disk_bytes.
    char layer_options[LAYER_OPTIONS_MAX];
    /// Bit N: entry N of the mask list exists on this host.
    uint32_t masks;
    bool has_sys;
    /// In the network namespace that all such slots share: a sandbox makes one of
    /// its own before it executes anything, and the slot makes one for those that
    /// come after it.
    bool rests;

    /// The one sandbox: 0 when there is none.
    pid_t sandbox;
    /// How many there were, with this one.
    uint32_t number;
    /// The gateway has its pipes: from then on a release message may be on its way.
    volatile bool is_announced;
    uint32_t oom_before;
    uint32_t pids_refused_before;
    /// Written by the sandbox.
    volatile uint32_t stage;
    volatile int64_t ready_at_ns;
    volatile int64_t exec_at_ns;
    /// As the release message or the assignment said; false while there was none.
    volatile bool is_followed;
    /// What it had used when it was assigned; nothing when that was its start.
    struct cpu_times used_before;
    struct failure sandbox_failure;
    struct stdio_pipes pipes;
    /// Of the sandbox after it, made ahead.
    struct stdio_pipes next_pipes;
    /// With a terminal only: the gateway's end of it, and the function's.
    int terminal_master;
    int terminal;

    /// What the host shows in this slot's one sandbox.
    int trees[CSANDBOX_TREES_MAX];
    uint32_t mount_count;
    struct csandbox_mount mounts[CSANDBOX_MOUNTS_MAX];
    /// Paths are the plan's.
    uint32_t folder_count;
    struct wanted_folder folders[CSANDBOX_FOLDERS_MAX];
    /// Roots have a writable layer, whether or not they can be written to everywhere.
    bool has_layer;
    /// Written by the sandbox; empty unless it found one.
    char missing_interpreter[CSANDBOX_INTERPRETER_MAX];
    /// The slot's own /proc, for times when it is out of sight.
    int proc;
    /// The slot's own mount namespace, to come back to.
    int own_mounts;
    struct root root;
};

extern struct slot slot;

/// mounts/template.c: mounts that outlive sandboxes. The first half is the same
/// for all functions.
/// `own_dev` is a detached /dev, -1 for the spawner's.
struct failure template_private_root(int own_dev);
/// `mounts` is a memfd of records, -1 without.
struct failure template_bind(int rootfs_tree, int secrets, int mounts);

/// slot/harden.c: limits, bounding set, no_new_privs; then the filter.
struct failure harden_limits(void);
struct failure harden_capabilities(uint64_t kept);
struct failure harden_filter(void);
/// slot/harden.c: called by a sandbox that has sent all that it sends.
struct failure harden_open_files(void);

/// network/egress_inside.c: waits on `binding` for the spawner's interface and sets it
/// up; hands on a failure of the steps before.
struct failure egress_join(int binding, struct failure so_far);

/// slot/socket_traces.c: before each sandbox; when it is about to make a socket (`listener` can be read).
void sockets_forget(void);
void sockets_answer(void);
/// slot/socket_traces.c: the slot makes one for the gateway in the sandbox's network namespace.
void sockets_made_for_gateway(void);
/// slot/sockets.c: answers DIAL and LISTEN within DIAL_WAIT_MS.
void socket_order_answer(const struct csandbox_socket_order *order);
/// slot/usage.c: what a process has used so far; nothing where that cannot be read.
struct cpu_times cpu_times_of(pid_t pid);
/// sandbox/clone.c: a process on a stack of its own, whose entry may use raw calls only. Returns
/// its id or -errno.
long clone_onto_stack(unsigned long flags, char *stack, size_t size, int (*entry)(void *),
                      void *argument);
/// slot/socket_traces.c: whether the sandbox that has ended did anything to its network namespace; and
/// whether something of it is there still, that reaches further than that.
bool sockets_used_network(void);
bool sockets_outlive(void);

/// sandbox/start.c: the pipes of the sandbox that is started next, unless they are there.
struct failure sandbox_next_pipes(void);
/// sandbox/start.c: the gateway has got its ends of them.
void sandbox_next_announced(void);
/// sandbox/start.c: makes the sandbox process. Returns when it runs, not when it is
/// ready.
struct failure sandbox_start(void);
/// sandbox/start.c: call once, before the filter is attached.
struct failure sandbox_prepare(void);
/// sandbox/setup.c: entry of the sandbox process.
int sandbox_main(void *unused);
/// sandbox/enter_root.c: moves the sandbox into the root, with a /proc of its own.
struct failure sandbox_enter_root(void);
/// sandbox/volumes.c: files of /etc over an image whose changes are kept; then
/// what the plan mounts.
struct failure sandbox_bind_etc(void);
struct failure sandbox_mount_volumes(void);
/// sandbox/volumes.c: descriptor of a place below `root` as if that were "/", or -errno; what is
/// missing on the way is made.
long make_in_root(int root, const char *target, bool folder);
/// mounts/folders.c: which folders of the plan the image in `lower` lacks; makes them, once per
/// slot; then what a new root needs for them, which is read-only afterwards when it is to be.
void folders_choose(int lower);
struct failure folders_lay(void);
struct failure folders_make(void);
/// sandbox/interpreter.c: what a file asks for that cannot be found itself, for the exit message.
void sandbox_find_missing_interpreter(const char *path);
/// sandbox/terminal.c: opens a terminal of the sandbox's own; then makes it the
/// controlling one.
struct failure sandbox_open_terminal(void);
struct failure sandbox_take_terminal(void);
/// sandbox/overlay.c: puts a root and a layer of the spawner's making in place.
struct failure sandbox_take_overlay(void);
/// sandbox/masks.c
struct failure sandbox_mask_proc(void);
uint32_t masks_present(void);
/// sandbox/identity.c: in a slot that rests, what it takes to make a network
/// namespace is kept; then that is used and given up. Nothing may be executed in
/// between.
struct failure sandbox_become_user(void);
struct failure sandbox_leave_rest(void);
/// sandbox/exec.c: waits for the release message and executes; returns only on
/// failure.
struct failure sandbox_wait_and_execute(void);
/// sandbox/exec.c: CLOCK_MONOTONIC, asked without the C library.
int64_t sandbox_now_ns(void);
