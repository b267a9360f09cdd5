// SPDX-License-Identifier: Apache-2.0
// The spawner: PID 1 of its PID namespace and parent of all slots. It carries out orders of the gateway after
// checking each of them.
#define _GNU_SOURCE
#include "processes/spawner.h"
#include "csandbox_channel.h"
#include "mounts/mounts.h"
#include "network/firewall.h"
#include "network/network.h"
#include "processes/process.h"
#include "processes/user_namespace.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/// Most spare slots that the gateway may request; each costs a process and a network namespace.
enum { SPARES_MAX = 64 };

struct spawner spawner;

// On v1 a frozen process dies when it is thawed.
static void kill_entry(uint32_t index) {
    kill(spawner.table.entries[index].pid, SIGKILL);
    if (spawner.limits[index].is_frozen)
        cgroups_freeze(index, false);
}

static void kill_slot(uint32_t id) {
    const struct slot_table *table = &spawner.table;
    for (uint32_t i = 1; id && i <= table->used; i++)
        if (table->entries[i].pid > 0 && table->entries[i].id == id)
            kill_entry(i);
}

static void freeze_slot(uint32_t id, bool freezes) {
    struct failure failure = {CSANDBOX_STEP_CGROUP_FREEZE, ESRCH};
    const struct slot_table *table = &spawner.table;
    for (uint32_t i = 1; id && i <= table->used; i++)
        if (table->entries[i].pid > 0 && table->entries[i].id == id)
            failure = cgroups_freeze(i, freezes);
    outcome_send(spawner.socket, CSANDBOX_FREEZE, id, failure);
}

static void handle_command(const struct csandbox_command *command) {
    if (command->header.kind == CSANDBOX_KILL_SLOT)
        kill_slot(command->header.slot);
    else if (command->header.kind == CSANDBOX_FREEZE)
        freeze_slot(command->header.slot, command->value == 1);
    else if (command->header.kind == CSANDBOX_PING)
        csandbox_send(spawner.socket, command, sizeof *command, NULL, 0);
    else if (command->header.kind == CSANDBOX_SPARE && command->value >= 0)
        spawner.spares_wanted = command->value > SPARES_MAX ? SPARES_MAX : (uint32_t)command->value;
}

// Returns false when the gateway is gone.
static bool handle_message(void) {
    union spawner_message *message = &spawner.message;
    int received[CSANDBOX_DESCRIPTORS_MAX - 1];
    size_t count = CSANDBOX_DESCRIPTORS_MAX - 1;
    ssize_t size = csandbox_receive(spawner.socket, message, sizeof *message, received, &count, 0);
    if (size == 0 || (size < 0 && size != -EMSGSIZE))
        return false;
    if (size >= (ssize_t)sizeof message->header && message->header.kind == CSANDBOX_MAKE_SLOT)
        slot_make(&message->make_slot, size, received, count);
    else if (size == sizeof message->command)
        handle_command(&message->command);
    for (size_t i = 0; i < count; i++)
        close(received[i]);
    return true;
}

// When a function fills its writable layer, the slot process may be the largest one in the cgroup,
// and then the kernel kills it.
static void send_gone(uint32_t index, int status, uint32_t oom_kills) {
    struct csandbox_slot_gone message = {
        .header = {.kind = CSANDBOX_SLOT_GONE, .slot = spawner.table.entries[index].id},
        .wait_status = status};
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        message.oom_kills = oom_kills;
    csandbox_send(spawner.socket, &message, sizeof message, NULL, 0);
}

static void slot_ended(uint32_t index, int status) {
    struct slot_entry *entry = &spawner.table.entries[index];
    // Read for the next slot of this index; the gateway does not wait for the end of this one.
    uint32_t oom_kills = cgroups_oom_kills_of(index);
    if (entry->id == 0)
        spawner.spares--;
    else if (entry->id != UINT32_MAX)
        send_gone(index, status, oom_kills - entry->oom_before);
    entry->oom_before = oom_kills;
    // On v2 a frozen process dies frozen, and the next slot of this index would start so.
    if (spawner.limits[index].is_frozen)
        cgroups_freeze(index, false);
    if (entry->binding >= 0)
        close(entry->binding);
    entry->pid = 0;
    entry->id = 0;
    entry->binding = -1;
}

// A sandbox whose slot has died becomes a child of PID 1, so it is reaped here too.
static void reap(void) {
    signals_drain(spawner.signals);
    for (;;) {
        siginfo_t ended = {.si_pid = 0};
        if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) < 0 || ended.si_pid == 0)
            return;
        uint32_t index = entry_of(&spawner.table, ended.si_pid);
        if (index)
            entry_keep_namespace(&spawner.table, index);
        int status;
        if (waitpid(ended.si_pid, &status, 0) == ended.si_pid && index)
            slot_ended(index, status);
    }
}

static void find_features(const struct host *host) {
    if (host->configuration.flags & CSANDBOX_EGRESS && firewall_supported())
        spawner.features |= CSANDBOX_FEATURE_EGRESS;
    if (rootless(host) && !single_id(host))
        spawner.features |= CSANDBOX_FEATURE_ID_RANGE;
    bool has_attributes = tmpfs_has_user_attributes();
    if (has_attributes)
        spawner.features |= CSANDBOX_FEATURE_TMPFS_ATTRIBUTES;
    // Without privileges over the host the spawner has no other attributes either.
    spawner.makes_overlays = !rootless(host) && (!has_attributes || host->configuration.flags &
                                                                        CSANDBOX_SPAWNER_OVERLAYS);
}

// Cgroups come before the mounts, which hide their paths; the empty network namespace after them,
// because its /sys is mounted in the new root.
static struct failure prepare(int rootfs_tree) {
    entries_clear(&spawner.table);
    spawner.signals = signals_open();
    TRY(check_errno(CSANDBOX_STEP_PROTOCOL, spawner.signals));
    TRY(cgroups_open());
    TRY(prune_mounts(spawner.host, rootfs_tree, &spawner.rootfs_folder));
    empty_network_open();
    find_features(spawner.host);
    // The user namespace of the first slot: on a host that forbids user namespaces the start fails,
    // instead of the first call.
    TRY(entry_ensure_namespace(&spawner.table, spawner.host, 1));
#if defined(__x86_64__)
    if (user_namespace_nests(spawner.table.entries[1].user_namespace))
        spawner.features |= CSANDBOX_FEATURE_COPIES;
#endif
    return success();
}

// Returns the number of bindings that are watched after the first two sources; 0 where sandboxes
// make their overlays themselves.
static nfds_t watch_bindings(void) {
    nfds_t count = 0;
    for (uint32_t i = 1; spawner.makes_overlays && i <= spawner.table.used; i++) {
        const struct slot_entry *entry = &spawner.table.entries[i];
        if (entry->pid <= 0 || entry->id == 0 || entry->binding < 0)
            continue;
        spawner.sources[2 + count] = (struct pollfd){.fd = entry->binding, .events = POLLIN};
        spawner.watched[count++] = i;
    }
    return count;
}

static void answer_bindings(nfds_t count) {
    for (nfds_t i = 0; i < count; i++) {
        struct slot_entry *entry = &spawner.table.entries[spawner.watched[i]];
        if (!spawner.sources[2 + i].revents || entry->binding != spawner.sources[2 + i].fd ||
            overlay_answer(entry->binding, first_id_of(spawner.host, spawner.watched[i]),
                           entry->disk_bytes))
            continue;
        close(entry->binding);
        entry->binding = -1;
    }
}

_Noreturn void spawner_main(const struct host *host, int socket, int rootfs_tree) {
    spawner.host = host;
    spawner.socket = socket;
    struct failure failure = prepare(rootfs_tree);
    struct csandbox_ready ready = {.header = {.kind = CSANDBOX_READY},
                                   .features = spawner.features,
                                   .step = failure.step,
                                   .error = failure.error};
    csandbox_send(spawner.socket, &ready, sizeof ready, NULL, 0);
    if (failed(failure))
        _exit(1);
    spawner.sources[0] = (struct pollfd){.fd = spawner.socket, .events = POLLIN};
    spawner.sources[1] = (struct pollfd){.fd = spawner.signals, .events = POLLIN};
    for (;;) {
        nfds_t bindings = watch_bindings();
        // A spare is started only while no message waits.
        int count =
            poll(spawner.sources, 2 + bindings, spawner.spares < spawner.spares_wanted ? 0 : -1);
        if (count < 0 && errno != EINTR)
            _exit(1);
        if (count == 0 && !slot_make_spare())
            spawner.spares_wanted = spawner.spares;
        if (count > 0)
            answer_bindings(bindings);
        if (count > 0 && spawner.sources[1].revents)
            reap();
        if (count > 0 && spawner.sources[0].revents && !handle_message())
            _exit(0);
    }
}
