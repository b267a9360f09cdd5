// SPDX-License-Identifier: Apache-2.0
// The slot's process: parent of one function's sandboxes, one at a time. Its state is shared by address with the
// sandboxes that it clones (CLONE_VM) until they execute.
#pragma once
#include "mounts/mounts.h"
#include "mounts/root.h"
#include "slot/seed.h"
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/// Room for a sandbox's set-up code; it calls a few levels deep, and its largest local is a path
/// of 4 KiB.
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

/// Sockets that were made in the sandbox's network namespace (socket_traces.c).
struct socket_traces {
    /// By the sandbox.
    bool has_local, has_other, has_ipv6;
    /// By the slot for the gateway, which may keep them for longer than the sandbox lives.
    bool has_gateways;
    /// Table of local sockets of the sandbox's namespace, which may not be the slot's; -1 without.
    int local_sockets;
};

/// All state of the slot's process. It owns its sandbox's process, the mounts that sandboxes use,
/// and its namespaces. Before execve a sandbox reads it and writes the members that say so.
struct slot {
    /// First, because the raw system calls read it without this declaration (sys.h). 0 in the
    /// processes above a slot, which have no filter.
    uint64_t setup_cookie;
    /// The supervisor's, inherited.
    const struct host *host;
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
    /// What functions get, as far as the host allows it.
    struct rlimit open_files;
    /// Options of the writable layer's tmpfs, from plan.disk_bytes.
    char layer_options[LAYER_OPTIONS_MAX];
    /// Bit N: entry N of the mask list exists on this host.
    uint32_t masks;
    bool has_sys;
    /// /sys is laid over the spawner's view of the empty network namespace.
    bool is_sys_laid;
    /// In the network namespace that all such slots share: a sandbox makes one of
    /// its own before it executes anything, and the slot makes one for those that
    /// come after it.
    bool rests;

    /// The one sandbox: 0 when there is none.
    pid_t sandbox;
    /// How many there were, with this one.
    uint32_t number;
    /// The gateway has its pipes: from then on a release message may be on its way. Written by the
    /// sandbox too.
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
    /// Written by the sandbox.
    struct failure sandbox_failure;
    struct stdio_pipes pipes;
    /// Of the sandbox after it, made ahead.
    struct stdio_pipes next_pipes;
    /// With a terminal only: the gateway's end of it, and the function's. Written by the sandbox.
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
    struct socket_traces sockets;
    /// Requests to the spawner for an overlay, so far.
    uint32_t overlay_sequence;

    /// Read and written by the sandbox, whose stack is too small for them.
    struct csandbox_release release_message;
    const char *pointers[CSANDBOX_POINTERS_MAX + 2];
    char sandbox_stack[SANDBOX_STACK_BYTES] __attribute__((aligned(16)));
};

extern struct slot slot;
_Static_assert(offsetof(struct slot, setup_cookie) == 0, "sys.h reads it by the address");

/// start.c: what is the same for all functions. `*binding` is the socket to the spawner, before and
/// after: every other descriptor of the spawner is closed.
struct failure slot_become_generic(const struct slot_seed *seed, int *binding);
/// start.c: waits for the order that binds the slot to one function and carries it out, unless a
/// step before has failed. Reports the outcome; ends this process after a failure.
void slot_bind(int binding, bool hands_overlays, struct failure so_far);
/// exit.c: makes a sandbox, or reports why not.
void sandbox_make(void);
/// exit.c: reaps the sandbox when it has ended, and makes the next one where that is wanted.
void sandbox_reap(void);

/// harden.c: limits, bounding set, no_new_privs; then the filter.
struct failure harden_limits(void);
struct failure harden_capabilities(uint64_t kept);
struct failure harden_filter(void);
/// harden.c: called by a sandbox that has sent all that it sends.
struct failure harden_open_files(void);

/// socket_traces.c: before each sandbox; when it is about to make a socket (`listener` can be read).
void sockets_forget(void);
void sockets_answer(void);
/// socket_traces.c: the slot makes one for the gateway in the sandbox's network namespace.
void sockets_made_for_gateway(void);
/// socket_traces.c: whether the sandbox that has ended did anything to its network namespace; and
/// whether something of it is there still, that reaches further than that.
bool sockets_used_network(void);
bool sockets_outlive(void);
/// sockets.c: answers DIAL and LISTEN within DIAL_WAIT_MS.
void socket_order_answer(const struct csandbox_socket_order *order);
/// usage.c: what a process has used so far; nothing where that cannot be read.
struct cpu_times cpu_times_of(pid_t pid);
