// SPDX-License-Identifier: Apache-2.0
// The slot's process: parent of one function's sandboxes, one at a time. It shares its memory with the
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

/// The two ends of a terminal.
struct terminal {
    int master;
    int peer;
};

/// A process that entered the running sandbox; a child of the slot. No PID: a free place.
struct entered_process {
    pid_t pid;
    /// Counted in this slot, from 1 on.
    uint32_t number;
};

/// A folder that the image's configuration names. `is_written`: it stays writable in a read-only
/// root.
struct wanted_folder {
    const char *path;
    bool is_missing;
    bool is_written;
};

/// Processor time of a process and of the children that it has waited for.
struct cpu_times {
    int64_t user_us;
    int64_t system_us;
};

/// Sockets that were made in the sandbox's network namespace (socket_traces.c).
struct socket_traces {
    /// Created by the sandbox.
    bool has_local, has_other, has_ipv6;
    /// Created by the slot for the gateway, which may keep it longer than the sandbox lives.
    bool has_gateways;
    /// Table of local sockets in the namespace of the sandbox, which may differ from the slot's; -1
    /// without.
    int local_sockets;
};

/// One order of the gateway.
union slot_order {
    struct csandbox_header header;
    struct csandbox_command command;
    struct csandbox_socket_order socket;
    struct csandbox_links_order links;
    struct csandbox_file_order file;
    struct csandbox_usage_order usage;
    struct csandbox_enter enter;
};

/// All state of the slot's process. It owns the sandbox's process, the mounts of its root, and the
/// namespaces of the slot. Before execve a sandbox reads it, and writes the members that say so.
struct slot {
    /// First member: the raw system calls read it by the address (sys.h). 0 in the processes above
    /// a slot, which have no filter.
    uint64_t setup_cookie;
    /// Memory of the supervisor, inherited.
    const struct host *host;
    uint32_t index;
    struct slot_cgroups cgroups;
    /// Sockets to the gateway.
    int control;
    int release;
    /// Socket to the spawner; -1 where the slot requests nothing of it.
    int binding;
    int signals;
    /// Becomes readable when a sandbox is about to create a socket; -1 when another filter of this
    /// process has the only listener that the kernel allows: then every sandbox counts as having
    /// created sockets.
    int listener;
    struct csandbox_make_slot plan;
    /// Limits of the function's open files, as far as the host allows them.
    struct rlimit open_files;
    /// Options of the writable layer's tmpfs, from plan.disk_bytes.
    char layer_options[LAYER_OPTIONS_MAX];
    /// Bit N: entry N of the mask list exists on this host.
    uint32_t masks;
    bool has_sys;
    /// /sys is an overlay of the spawner's view of the empty network namespace.
    bool is_sys_overlay;
    /// The slot is in the empty network namespace, which it shares with others. A sandbox creates
    /// its own before it executes; after it, the slot creates one for the following sandboxes.
    bool shares_empty_network;

    /// PID of the sandbox; 0 when there is none.
    pid_t sandbox;
    /// Number of the current sandbox in this slot, from 1 on.
    uint32_t number;
    /// The gateway has the pipes of the sandbox, so its release message may arrive at any time.
    /// Also written by the sandbox.
    volatile bool is_announced;
    uint32_t oom_before;
    uint32_t pids_refused_before;
    /// Written by the sandbox.
    volatile uint32_t stage;
    volatile int64_t ready_at_ns;
    volatile int64_t exec_at_ns;
    /// The slot makes the next sandbox as soon as this one has ended; set by the release message or
    /// the assignment. Also written by the sandbox.
    volatile bool prepares_next;
    /// Processor time used before the assignment; zero when release and assignment were one
    /// message.
    struct cpu_times used_before;
    /// Written by the sandbox.
    struct failure sandbox_failure;
    struct stdio_pipes pipes;
    /// Pipes of the next sandbox, created ahead.
    struct stdio_pipes next_pipes;
    /// With a terminal only: its ends for the gateway and for the function. Written by the sandbox.
    struct terminal terminal;

    struct entered_process entered[CSANDBOX_ENTERED_MAX];
    /// Number of the process that entered last.
    uint32_t entered_last;

    /// Folders and files of the host, for the one sandbox of this slot.
    int trees[CSANDBOX_TREES_MAX];
    uint32_t mount_count;
    struct csandbox_mount mounts[CSANDBOX_MOUNTS_MAX];
    /// Paths point into the plan.
    uint32_t folder_count;
    struct wanted_folder folders[CSANDBOX_FOLDERS_MAX];
    /// Roots have a writable layer; a read-only root has one for its volumes.
    bool has_layer;
    /// Written by the sandbox; empty unless execve failed for want of an interpreter.
    char missing_interpreter[CSANDBOX_INTERPRETER_MAX];
    /// The slot's own /proc, which is not mounted in the namespaces of its roots.
    int proc;
    /// This program, which is PID 1 of sandboxes with an init; -1 without.
    int init;
    /// The slot's own mount namespace.
    int own_mounts;
    struct root root;
    struct socket_traces sockets;
    /// A folder of the writable layer of the copy that is the sandbox; -1 without.
    int copy_layer;
    /// Where its program has asked for its request, until the gateway asks to listen there; -1 without.
    int copy_listener;
    /// Number of requests to the spawner for an overlay.
    uint32_t overlay_sequence;

    /// Used by the sandbox; too large for its stack.
    struct csandbox_release release_message;
    /// With one place more for the init's name.
    const char *pointers[CSANDBOX_POINTERS_MAX + 3];
    char sandbox_stack[SANDBOX_STACK_BYTES] __attribute__((aligned(16)));
    /// The order that was received last. Larger than a stack should hold; pages that no order fills
    /// take no memory.
    union slot_order order;
    /// Used by the helper that enters the sandbox, and by the process that it makes, which has a copy.
    char helper_stack[SANDBOX_STACK_BYTES] __attribute__((aligned(16)));
    char entered_stack[SANDBOX_STACK_BYTES] __attribute__((aligned(16)));
};

extern struct slot slot;
_Static_assert(offsetof(struct slot, setup_cookie) == 0, "sys.h reads it by the address");

/// start.c: prepares what is the same for all functions. `*binding` is the socket to the spawner
/// before and after the call; all other descriptors of the spawner are closed.
struct failure slot_become_generic(const struct slot_seed *seed, int *binding);
/// start.c: waits for the order that binds the slot to a function, carries it out unless an earlier
/// step has failed, and reports the outcome. After a failure it ends this process.
void slot_bind(int binding, bool makes_overlays, struct failure so_far);
/// exit.c: makes a sandbox and reports a failure.
void sandbox_make(void);
/// exit.c: reaps the sandbox when it has ended, reports its end, and makes the next sandbox where
/// that is wanted.
void sandbox_reap(void);

/// harden.c: resource limits; bounding set and no_new_privs; the seccomp filter.
struct failure harden_limits(void);
struct failure harden_capabilities(uint64_t kept);
struct failure harden_filter(void);
/// harden.c: lowers the limit of open files; called by a sandbox after it has sent its descriptors.
struct failure harden_open_files(void);

/// socket_traces.c: to be called before each sandbox; and when `listener` is readable, because a
/// sandbox is about to create a socket.
void sockets_reset(void);
void sockets_handle_notification(void);
/// socket_traces.c: records that the slot creates a socket for the gateway in the sandbox's network
/// namespace.
void sockets_record_gateways(void);
/// socket_traces.c: whether the ended sandbox can have changed its network namespace; and whether
/// something of it outlives it and is visible beyond that namespace.
bool sockets_used_network(void);
bool sockets_outlive_sandbox(void);
/// sockets.c: answers DIAL and LISTEN; blocks for DIAL_WAIT_MS at most.
void socket_order_answer(const struct csandbox_socket_order *order);
/// sockets.c: answers LINK.
void links_order_answer(const struct csandbox_links_order *order);
/// sockets.c: passes a descriptor to the gateway and closes it here, or reports -errno.
void answer_with_descriptor(struct csandbox_header header, uint32_t sequence, long opened);
/// live_files.c: whether the sandbox runs and its root is the slot's; carries out an order for it, by
/// a process that is in its mount namespace. `path` is changed for moments. Returns a descriptor or
/// -errno.
bool live_files_allowed(void);
long live_file(int root, const struct csandbox_file_order *order, char *path);
/// usage.c: the running sandbox's /proc, as a folder of procfs whatever its program did. Returns a descriptor
/// or -errno.
long processes_open(void);
/// files.c: answers OPEN_IN_ROOT.
void file_order_answer(const struct csandbox_file_order *order);
/// entered.c: answers ENTER, whose packet has `size` bytes.
void enter_order_answer(const struct csandbox_enter *order, size_t size);
/// entered.c: signals a process that entered; no effect once it was reaped.
void entered_signal(uint32_t number, int signal);
/// entered.c: reaps those that have ended and reports their ends.
void entered_reap(void);
/// usage.c: answers USAGE.
void usage_order_answer(const struct csandbox_usage_order *order);
/// usage.c: processor time of a process so far; zero when it cannot be read.
struct cpu_times cpu_times_of(pid_t pid);
