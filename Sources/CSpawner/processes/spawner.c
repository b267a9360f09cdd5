// SPDX-License-Identifier: Apache-2.0
// The spawner: PID 1 of its PID namespace, parent of all slots. Takes orders
// from the gateway, trusts none of them.
#define _GNU_SOURCE
#include "network/egress.h"
#include "mounts/mount_calls.h"
#include "processes/slot_table.h"
#include "processes/spawner.h"
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/// Spare slots that the gateway may ask for; each is a process and a network
/// namespace.
enum { SPARES_MAX = 64 };
/// Longest wait for a fresh slot's own namespaces before it gets a network; they
/// take some milliseconds.
enum { SLOT_TIMEOUT_MS = 5000 };

static uint32_t spares;
static uint32_t spares_wanted;

static struct failure close_on_failure(struct failure failure, int descriptor) {
    if (failed(failure) && descriptor >= 0)
        close(descriptor);
    return failure;
}

// A copy of this small process. On v2 it is born inside its cgroup, which
// spares the migration's global lock.
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

static struct failure start_process(uint32_t index, bool rests) {
    struct entry *entry = &entries[index];
    int pair[2];
    struct slot_seed seed = {.index = index, .rests = rests};
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
    spares++;
    return fine();
}

static struct failure start_slot(uint32_t index, bool rests) {
    TRY(entry_need_namespace(index));
    TRY(start_process(index, rests));
    entry_is_taken(index);
    return fine();
}

// A read-only view of one rootfs in which the image's root is the slot's root.
static struct failure open_rootfs(const char *name, int user_namespace, int *tree) {
    long folder = open_beneath(host.rootfs_folder, name, O_PATH | O_DIRECTORY);
    TRY(check(CSANDBOX_STEP_SLOT_ROOTFS, folder));
    long result =
        raw_open_tree((int)folder, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    close((int)folder);
    TRY(check(CSANDBOX_STEP_SLOT_ROOTFS, result));
    *tree = (int)result;
    uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    bool has_owners = rootless() || shares_ids();
    result = raw_mount_setattr(*tree, 0, attributes, has_owners ? -1 : user_namespace);
    return close_on_failure(check(CSANDBOX_STEP_SLOT_IDMAP, result), *tree);
}

// Folders and files of the host: their root is the slot's root, as with rootfs.
// Recursive, since without privileges they come with what is mounted in them.
static struct failure dress_trees(const struct csandbox_make_slot *plan, const int *trees,
                                  int user_namespace) {
    for (uint32_t i = 0; i < plan->tree_count; i++) {
        uint64_t read_only = plan->trees_read_only >> i & 1 ? MOUNT_ATTR_RDONLY : 0;
        uint64_t attributes = read_only | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        long result =
            raw_mount_setattr(trees[i], AT_RECURSIVE, attributes, rootless() ? -1 : user_namespace);
        // Those of DATA have owners that fit; those of the host are nobody's then.
        if (result == -EINVAL && shares_ids())
            result = raw_mount_setattr(trees[i], AT_RECURSIVE, attributes, -1);
        TRY(check(CSANDBOX_STEP_SLOT_IDMAP, result));
    }
    return fine();
}

static uint32_t take_spare(struct failure *failure) {
    for (uint32_t i = 1; spares > 0 && i <= entries_used; i++)
        if (entries[i].pid > 0 && entries[i].id == 0)
            return i;
    uint32_t index = entry_free();
    *failure =
        index ? start_slot(index, false) : (struct failure){CSANDBOX_STEP_SLOT_CLONE, ENOSPC};
    return failed(*failure) ? 0 : index;
}

// A fresh one: spares have a network namespace already. Where none can be made,
// any other does as well.
static uint32_t take_resting(struct failure *failure) {
    uint32_t index = host.empty_network >= 0 ? entry_free() : 0;
    if (index && !failed(start_slot(index, true)))
        return index;
    return take_spare(failure);
}

static struct failure bind_slot(uint32_t index, const struct csandbox_make_slot *plan,
                                const int *received, size_t count) {
    struct entry *entry = &entries[index];
    int descriptors[CSANDBOX_DESCRIPTORS_MAX] = {received[0], received[1]};
    TRY(cgroups_limit(index, plan));
    TRY(dress_trees(plan, received + count - plan->tree_count, entry->user_namespace));
    TRY(open_rootfs(plan->rootfs, entry->user_namespace, &descriptors[2]));
    entry_close_namespace(entry);
    memcpy(descriptors + 3, received + 2, (count - 2) * sizeof *received);
    long result = csandbox_send(entry->binding, plan, sizeof *plan, descriptors, count + 1);
    close(descriptors[2]);
    return check(CSANDBOX_STEP_PROTOCOL, result);
}

// Only slots with a network say that they are ready for it: the others are not
// waited for.
static struct failure attach_network(uint32_t index, const struct csandbox_make_slot *plan) {
    struct entry *entry = &entries[index];
    struct pollfd source = {.fd = entry->binding, .events = POLLIN};
    struct csandbox_outcome message;
    if (poll(&source, 1, SLOT_TIMEOUT_MS) != 1)
        return (struct failure){CSANDBOX_STEP_SLOT_VETH, ETIMEDOUT};
    ssize_t size =
        csandbox_receive(entry->binding, &message, sizeof message, NULL, NULL, MSG_DONTWAIT);
    if (size != sizeof message)
        return (struct failure){CSANDBOX_STEP_SLOT_VETH, ECONNRESET};
    TRY(((struct failure){message.step, message.error}));
    TRY(egress_attach(index, entry->pid, plan));
    message = (struct csandbox_outcome){.header = {.kind = CSANDBOX_SLOT_READY}};
    return check(CSANDBOX_STEP_PROTOCOL,
                 csandbox_send(entry->binding, &message, sizeof message, NULL, 0));
}

static void tell_failed(uint32_t id, struct failure failure) {
    struct csandbox_outcome message = {.header = {.kind = CSANDBOX_SLOT_FAILED, .slot = id},
                                       .step = failure.step,
                                       .error = failure.error};
    csandbox_send(host.socket, &message, sizeof message, NULL, 0);
}

static void make_slot(const struct csandbox_make_slot *plan, ssize_t size, const int *received,
                      size_t count) {
    struct failure failure = fine();
    if (!order_is_sane(plan, size, count)) {
        tell_failed(plan->header.slot, (struct failure){CSANDBOX_STEP_PROTOCOL, EINVAL});
        return;
    }
    uint32_t index =
        plan->flags & CSANDBOX_SLOT_RESTING ? take_resting(&failure) : take_spare(&failure);
    if (index) {
        spares--;
        entries[index].id = plan->header.slot;
        failure = bind_slot(index, plan, received, count);
        if (!failed(failure) && plan->flags & CSANDBOX_SLOT_EGRESS)
            failure = attach_network(index, plan);
        entries[index].disk_bytes = plan->disk_bytes;
        if (!host.hands_overlays || failed(failure)) {
            close(entries[index].binding);
            entries[index].binding = -1;
        }
    }
    if (!failed(failure))
        return;
    // The process ends by itself when its socket closes; until it is reaped its
    // index is taken, its name is not.
    if (index) {
        entries[index].id = UINT32_MAX;
        kill(entries[index].pid, SIGKILL);
    }
    tell_failed(plan->header.slot, failure);
}

static void kill_slot(uint32_t id) {
    for (uint32_t i = 1; id && i <= entries_used; i++)
        if (entries[i].pid > 0 && entries[i].id == id)
            kill(entries[i].pid, SIGKILL);
}

// Returns false when the gateway is gone.
static bool handle_message(void) {
    static union {
        struct csandbox_header header;
        struct csandbox_make_slot make_slot;
        struct csandbox_command command;
    } message;
    int received[CSANDBOX_DESCRIPTORS_MAX - 1];
    size_t count = CSANDBOX_DESCRIPTORS_MAX - 1;
    ssize_t size = csandbox_receive(host.socket, &message, sizeof message, received, &count, 0);
    if (size == 0 || (size < 0 && size != -EMSGSIZE))
        return false;
    if (size >= (ssize_t)sizeof message.header && message.header.kind == CSANDBOX_MAKE_SLOT)
        make_slot(&message.make_slot, size, received, count);
    else if (size == sizeof message.command && message.header.kind == CSANDBOX_KILL_SLOT)
        kill_slot(message.header.slot);
    else if (size == sizeof message.command && message.header.kind == CSANDBOX_PING)
        csandbox_send(host.socket, &message.command, sizeof message.command, NULL, 0);
    else if (size == sizeof message.command && message.header.kind == CSANDBOX_SPARE &&
             message.command.value >= 0)
        spares_wanted =
            message.command.value > SPARES_MAX ? SPARES_MAX : (uint32_t)message.command.value;
    for (size_t i = 0; i < count; i++)
        close(received[i]);
    return true;
}

// Where a function fills its layer, the kernel may find no larger process in the
// cgroup than the slot's own.
static void tell_gone(uint32_t index, int status, uint32_t oom_kills) {
    struct csandbox_slot_gone message = {
        .header = {.kind = CSANDBOX_SLOT_GONE, .slot = entries[index].id}, .wait_status = status};
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        message.oom_kills = oom_kills;
    csandbox_send(host.socket, &message, sizeof message, NULL, 0);
}

static void slot_ended(uint32_t index, int status) {
    struct entry *entry = &entries[index];
    // Read here for the next slot of this index: nobody waits for this one's end.
    uint32_t oom_kills = cgroups_oom_kills_of(index);
    if (entry->id == 0)
        spares--;
    else if (entry->id != UINT32_MAX)
        tell_gone(index, status, oom_kills - entry->oom_before);
    entry->oom_before = oom_kills;
    if (entry->binding >= 0)
        close(entry->binding);
    entry->pid = 0;
    entry->id = 0;
    entry->binding = -1;
}

// Sandboxes whose slot died before them come to PID 1 as orphans: they are
// reaped here too.
static void reap(void) {
    struct signalfd_siginfo info;
    while (read(host.signals, &info, sizeof info) > 0)
        ;
    for (;;) {
        siginfo_t ended = {.si_pid = 0};
        if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) < 0 || ended.si_pid == 0)
            return;
        uint32_t index = entry_of(ended.si_pid);
        if (index)
            entry_keep_namespace(&entries[index]);
        int status;
        if (waitpid(ended.si_pid, &status, 0) == ended.si_pid && index)
            slot_ended(index, status);
    }
}

static struct failure prepare(void) {
    entries_clear();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    host.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    TRY(check_errno(CSANDBOX_STEP_PROTOCOL, host.signals));
    TRY(cgroups_open());
    TRY(prune_mounts());
    empty_network_open();
    if (host.configuration.flags & CSANDBOX_EGRESS && firewall_supported())
        host.features |= CSANDBOX_FEATURE_EGRESS;
    if (rootless() && !single_id())
        host.features |= CSANDBOX_FEATURE_ID_RANGE;
    if (tmpfs_has_user_attributes())
        host.features |= CSANDBOX_FEATURE_TMPFS_ATTRIBUTES;
    // Without privileges over the host there are no other attributes to use.
    host.hands_overlays = !rootless() && (!(host.features & CSANDBOX_FEATURE_TMPFS_ATTRIBUTES) ||
                                          host.configuration.flags & CSANDBOX_HAND_OVERLAYS);
    // The first slot's: a host that forbids user namespaces is told at the
    // start, not by the first call.
    return entry_need_namespace(1);
}

static bool make_spare(void) {
    uint32_t index = spares < spares_wanted ? entry_free() : 0;
    if (index == 0)
        return false;
    struct failure failure = start_slot(index, false);
    // Told when a function needs the slot; trying again at once would only fail
    // again.
    if (failed(failure))
        spares_wanted = 0;
    return true;
}

/// Gateway, signals, and the slots whose sandboxes ask for overlays.
static struct pollfd sources[2 + CSANDBOX_SLOTS_MAX];
static uint32_t watched[CSANDBOX_SLOTS_MAX];

// Returns how many bindings are watched behind the first two sources: none
// where sandboxes make their overlays themselves.
static nfds_t watch_bindings(void) {
    nfds_t count = 0;
    for (uint32_t i = 1; host.hands_overlays && i <= entries_used; i++) {
        if (entries[i].pid <= 0 || entries[i].id == 0 || entries[i].binding < 0)
            continue;
        sources[2 + count] = (struct pollfd){.fd = entries[i].binding, .events = POLLIN};
        watched[count++] = i;
    }
    return count;
}

static void answer_bindings(nfds_t count) {
    for (nfds_t i = 0; i < count; i++) {
        struct entry *entry = &entries[watched[i]];
        if (!sources[2 + i].revents || entry->binding != sources[2 + i].fd ||
            overlay_answer(entry->binding, watched[i], entry->disk_bytes))
            continue;
        close(entry->binding);
        entry->binding = -1;
    }
}

_Noreturn void spawner_main(void) {
    struct failure failure = prepare();
    struct csandbox_ready ready = {.header = {.kind = CSANDBOX_READY},
                                   .features = host.features,
                                   .step = failure.step,
                                   .error = failure.error};
    csandbox_send(host.socket, &ready, sizeof ready, NULL, 0);
    if (failed(failure))
        _exit(1);
    sources[0] = (struct pollfd){.fd = host.socket, .events = POLLIN};
    sources[1] = (struct pollfd){.fd = host.signals, .events = POLLIN};
    for (;;) {
        nfds_t bindings = watch_bindings();
        // Spares are built only while nobody waits for anything else.
        int count = poll(sources, 2 + bindings, spares < spares_wanted ? 0 : -1);
        if (count < 0 && errno != EINTR)
            _exit(1);
        if (count == 0 && !make_spare())
            spares_wanted = spares;
        if (count > 0)
            answer_bindings(bindings);
        if (count > 0 && sources[1].revents)
            reap();
        if (count > 0 && sources[0].revents && !handle_message())
            _exit(0);
    }
}
