// SPDX-License-Identifier: Apache-2.0
// Creates slots: starts a process, as a spare or on request, and binds it to one function.
#define _GNU_SOURCE
#include "csandbox_channel.h"
#include "mounts/mount_calls.h"
#include "network/egress.h"
#include "processes/order.h"
#include "processes/process.h"
#include "processes/spawner.h"
#include "slot/seed.h"
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// Longest wait until a new slot has its own namespaces and can be given a network; usually some
/// milliseconds.
enum { SLOT_TIMEOUT_MS = 5000 };

static struct failure close_on_failure(struct failure failure, int descriptor) {
    if (failed(failure) && descriptor >= 0)
        close(descriptor);
    return failure;
}

// Forks this small process. On v2 the child starts inside its cgroup, which avoids the global lock
// of a migration.
static long clone_slot_process(const struct slot_seed *seed) {
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    if (seed->cgroups.v2_folder >= 0) {
        arguments.flags = CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)seed->cgroups.v2_folder;
    }
    long pid = SYS2(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0)
        slot_main(seed);
    return pid;
}

static struct failure start_process(uint32_t index, bool shares_empty_network) {
    struct slot_entry *entry = &spawner.table.entries[index];
    int pair[2];
    struct slot_seed seed = {.host = spawner.host,
                             .index = index,
                             .shares_empty_network = shares_empty_network,
                             .makes_overlays = spawner.makes_overlays,
                             .empty_network = spawner.empty_network,
                             .empty_network_has_sys = spawner.empty_network_has_sys};
    TRY(cgroups_prepare(index, &seed.cgroups));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        cgroups_close(&seed.cgroups);
        return check_errno(CSANDBOX_STEP_SLOT_CLONE, -1);
    }
    seed.binding = pair[1];
    seed.user_namespace = entry->user_namespace;
    long pid = clone_slot_process(&seed);
    cgroups_close(&seed.cgroups);
    close(pair[1]);
    TRY(close_on_failure(check(CSANDBOX_STEP_SLOT_CLONE, pid), pair[0]));
    entry->pid = (pid_t)pid;
    entry->binding = pair[0];
    entry->id = 0;
    spawner.spares++;
    return success();
}

static struct failure start_slot(uint32_t index, bool shares_empty_network) {
    TRY(entry_ensure_namespace(&spawner.table, spawner.host, index));
    TRY(start_process(index, shares_empty_network));
    entry_mark_taken(&spawner.table, index);
    return success();
}

// Opens a read-only mount of one rootfs, with the owners mapped to the ids of the slot.
static struct failure open_rootfs(const char *name, int user_namespace, int *tree) {
    long folder = open_beneath(spawner.rootfs_folder, name, O_PATH | O_DIRECTORY);
    TRY(check(CSANDBOX_STEP_SLOT_ROOTFS, folder));
    long result =
        raw_open_tree((int)folder, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    close((int)folder);
    TRY(check(CSANDBOX_STEP_SLOT_ROOTFS, result));
    *tree = (int)result;
    uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    bool has_owners = rootless(spawner.host) || shares_ids(spawner.host);
    result = raw_mount_setattr(*tree, 0, attributes, has_owners ? -1 : user_namespace);
    return close_on_failure(check(CSANDBOX_STEP_SLOT_IDMAP, result), *tree);
}

// Maps the owners of the host's folders and files to the ids of the slot, as for the rootfs, and
// makes them read-only where asked. Recursive, because without privileges a tree comes with the
// mounts in it.
static struct failure set_tree_attributes(const struct csandbox_make_slot *plan, const int *trees,
                                          int user_namespace) {
    for (uint32_t i = 0; i < plan->tree_count; i++) {
        uint64_t read_only = plan->trees_read_only >> i & 1 ? MOUNT_ATTR_RDONLY : 0;
        uint64_t attributes = read_only | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        long result = raw_mount_setattr(trees[i], AT_RECURSIVE, attributes,
                                        rootless(spawner.host) ? -1 : user_namespace);
        // Files of DATA then have matching owners on disk; other files of the host have owners
        // without a mapping.
        if (result == -EINVAL && shares_ids(spawner.host))
            result = raw_mount_setattr(trees[i], AT_RECURSIVE, attributes, -1);
        TRY(check(CSANDBOX_STEP_SLOT_IDMAP, result));
    }
    return success();
}

static uint32_t take_spare(struct failure *failure) {
    for (uint32_t i = 1; spawner.spares > 0 && i <= spawner.table.used; i++)
        if (spawner.table.entries[i].pid > 0 && spawner.table.entries[i].id == 0)
            return i;
    uint32_t index = entry_free(&spawner.table);
    *failure =
        index ? start_slot(index, false) : (struct failure){CSANDBOX_STEP_SLOT_CLONE, ENOSPC};
    return failed(*failure) ? 0 : index;
}

// Starts a new slot, because spares have a network namespace of their own already. When that fails,
// a spare serves as well.
static uint32_t take_empty_network_slot(struct failure *failure) {
    uint32_t index = spawner.empty_network >= 0 ? entry_free(&spawner.table) : 0;
    if (index && !failed(start_slot(index, true)))
        return index;
    return take_spare(failure);
}

// Limits come before the order, which starts the slot's work. Both kinds of trees need the user
// namespace, whose descriptor is closed after them.
static struct failure bind_slot(uint32_t index, const struct csandbox_make_slot *plan,
                                const int *received, size_t count) {
    struct slot_entry *entry = &spawner.table.entries[index];
    int descriptors[CSANDBOX_DESCRIPTORS_MAX] = {received[0], received[1]};
    TRY(cgroups_limit(index, plan));
    TRY(set_tree_attributes(plan, received + count - plan->tree_count, entry->user_namespace));
    TRY(open_rootfs(plan->rootfs, entry->user_namespace, &descriptors[2]));
    entry_close_namespace(entry);
    memcpy(descriptors + 3, received + 2, (count - 2) * sizeof *received);
    long result = csandbox_send(entry->binding, plan, sizeof *plan, descriptors, count + 1);
    close(descriptors[2]);
    return check(CSANDBOX_STEP_PROTOCOL, result);
}

// Waits until the slot has its network namespace. Only slots with egress send this message.
static struct failure attach_network(uint32_t index, const struct csandbox_make_slot *plan) {
    struct slot_entry *entry = &spawner.table.entries[index];
    struct pollfd source = {.fd = entry->binding, .events = POLLIN};
    struct csandbox_outcome message;
    if (poll(&source, 1, SLOT_TIMEOUT_MS) != 1)
        return (struct failure){CSANDBOX_STEP_SLOT_VETH, ETIMEDOUT};
    ssize_t size =
        csandbox_receive(entry->binding, &message, sizeof message, NULL, NULL, MSG_DONTWAIT);
    if (size != sizeof message)
        return (struct failure){CSANDBOX_STEP_SLOT_VETH, ECONNRESET};
    TRY(((struct failure){message.step, message.error}));
    TRY(egress_attach(spawner.host, index, entry->pid, plan));
    message = (struct csandbox_outcome){.header = {.kind = CSANDBOX_SLOT_READY}};
    return check(CSANDBOX_STEP_PROTOCOL,
                 csandbox_send(entry->binding, &message, sizeof message, NULL, 0));
}

static void send_failed(uint32_t id, struct failure failure) {
    outcome_send(spawner.socket, CSANDBOX_SLOT_FAILED, id, failure);
}

void slot_make(const struct csandbox_make_slot *plan, ssize_t size, const int *received,
               size_t count) {
    struct failure failure = success();
    if (!order_is_valid(spawner.host, plan, size, count)) {
        send_failed(plan->header.slot, (struct failure){CSANDBOX_STEP_PROTOCOL, EINVAL});
        return;
    }
    uint32_t index = plan->flags & CSANDBOX_SLOT_EMPTY_NETWORK ? take_empty_network_slot(&failure)
                                                               : take_spare(&failure);
    if (index) {
        spawner.spares--;
        spawner.table.entries[index].id = plan->header.slot;
        failure = bind_slot(index, plan, received, count);
        if (!failed(failure) && plan->flags & CSANDBOX_SLOT_EGRESS)
            failure = attach_network(index, plan);
        spawner.table.entries[index].disk_bytes = plan->disk_bytes;
        if (!spawner.makes_overlays || failed(failure)) {
            close(spawner.table.entries[index].binding);
            spawner.table.entries[index].binding = -1;
        }
    }
    if (!failed(failure))
        return;
    // The process also ends when its socket closes. Its index stays taken until it is reaped; its
    // number does not.
    if (index) {
        spawner.table.entries[index].id = UINT32_MAX;
        kill(spawner.table.entries[index].pid, SIGKILL);
    }
    send_failed(plan->header.slot, failure);
}

bool slot_make_spare(void) {
    uint32_t index = spawner.spares < spawner.spares_wanted ? entry_free(&spawner.table) : 0;
    if (index == 0)
        return false;
    struct failure failure = start_slot(index, false);
    // The failure is reported when a function needs a slot. An immediate retry would only fail
    // again.
    if (failed(failure))
        spawner.spares_wanted = 0;
    return true;
}
