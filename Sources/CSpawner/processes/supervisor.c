// SPDX-License-Identifier: Apache-2.0
// The outermost helper process. Only it stays in the host's namespaces. It starts the spawner, and removes
// what the spawner leaves when the spawner or the gateway ends. The spawner is PID 1 of a PID namespace, so
// the kernel kills every slot and sandbox when it dies, whatever their state.
#define _GNU_SOURCE
#include "processes/supervisor.h"
#include "csandbox_channel.h"
#include "csandbox_host.h"
#include "host.h"
#include "mounts/host_tree.h"
#include "mounts/mount_calls.h"
#include "network/firewall.h"
#include "processes/cgroup.h"
#include "processes/order.h"
#include "processes/spawner.h"
#include "processes/user_namespace.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/// Most processes at once that open a tree of the host: a compromised gateway could otherwise start
/// any number of them.
enum { TREE_OPENERS_MAX = 64 };

/// All state of the supervisor's process. It owns the spawner's process, this gateway's cgroups
/// and its firewall table: it starts or creates them, and removes them.
static struct supervisor {
    struct supervisor_seed seed;
    /// Written before a spawner starts, which inherits it.
    struct host host;
    int signals;
    /// 0 while there is none.
    pid_t spawner;
    /// The ruleset that nft loads when a function first asks for a network; -1 without.
    int ruleset;
    /// Processes that are opening a tree of the host.
    int tree_openers;
    /// Rootless: this process is in its own user namespace, which it enters once.
    bool has_own_namespace;
    /// The message that is being handled.
    struct csandbox_configure message;
} supervisor;

// First steps of the spawner: die with the supervisor, and keep only its socket.
static _Noreturn void spawner_child(int socket, int rootfs_tree) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(GATEWAY_SOCKET);
    close(supervisor.signals);
    if (supervisor.ruleset >= 0)
        close(supervisor.ruleset);
    if (supervisor.seed.rootfs_folder >= 0)
        close(supervisor.seed.rootfs_folder);
    spawner_main(&supervisor.host, socket, rootfs_tree);
}

// A fork without CLONE_PARENT: the supervisor must reap the spawner itself, because only after that
// is the whole PID namespace known to be empty, so that its cgroups can be removed.
static pid_t start_spawner(int socket) {
    long tree = -1;
    // In the supervisor, because the mount of the folder belongs to its mount namespace.
    if (supervisor.seed.rootfs_folder >= 0) {
        tree = raw_open_tree(supervisor.seed.rootfs_folder, "",
                             OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        if (tree < 0) {
            started_send(GATEWAY_SOCKET, 0, check(CSANDBOX_STEP_PRUNE_ROOTFS, tree));
            close(socket);
            return 0;
        }
    }
    long pid = SYS5(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        spawner_child(socket, (int)tree);
    struct failure failure = check(CSANDBOX_STEP_NAMESPACES, pid);
    close(socket);
    if (tree >= 0)
        close((int)tree);
    started_send(GATEWAY_SOCKET, pid > 0 ? (pid_t)pid : 0, failure);
    return pid > 0 ? (pid_t)pid : 0;
}

// Starts a spawner with this configuration. Returns its pid, or 0 when it cannot be started. The
// sweeps come first: folders and tables of a killed predecessor must not be taken for the new ones.
static pid_t configure(int socket) {
    if (rootless(&supervisor.host) && !supervisor.has_own_namespace) {
        struct failure failure = own_namespace_enter(&supervisor.host);
        if (failed(failure)) {
            started_send(GATEWAY_SOCKET, 0, failure);
            close(socket);
            return 0;
        }
        supervisor.has_own_namespace = true;
    }
    cgroups_sweep(&supervisor.host.configuration);
    firewall_sweep(&supervisor.host.configuration);
    return start_spawner(socket);
}

// With a warden, the ruleset that root passed counts, not the one of the unprivileged gateway.
static void take_ruleset(const int *received, size_t count) {
    int ruleset = count == 2 ? received[1] : -1;
    if (supervisor.seed.configuration) {
        if (ruleset >= 0)
            close(ruleset);
        return;
    }
    if (supervisor.ruleset >= 0)
        close(supervisor.ruleset);
    supervisor.ruleset = ruleset;
}

// Returns the pid of the new spawner, or 0 when the message was refused.
static pid_t handle_configure(ssize_t size, const int *received, size_t count) {
    const struct csandbox_configure *pinned = supervisor.seed.configuration;
    const struct csandbox_configure *wanted = &supervisor.message;
    bool is_valid =
        configuration_is_valid(wanted, size) && count == (wanted->flags & CSANDBOX_EGRESS ? 2 : 1);
    if (!is_valid || (pinned && memcmp(wanted, pinned, sizeof *pinned))) {
        for (size_t i = 0; i < count; i++)
            close(received[i]);
        started_send(GATEWAY_SOCKET, 0,
                     (struct failure){CSANDBOX_STEP_PROTOCOL, is_valid ? EPERM : EPROTO});
        return 0;
    }
    take_ruleset(received, count);
    supervisor.host.configuration = *wanted;
    return configure(received[0]);
}

static void handle_firewall(void) {
    long result = supervisor.ruleset < 0
                      ? -EOPNOTSUPP
                      : firewall_load(&supervisor.host.configuration, supervisor.ruleset);
    outcome_send(GATEWAY_SOCKET, CSANDBOX_FIREWALL, 0, check(CSANDBOX_STEP_SLOT_FIREWALL, result));
}

// When there is no answer, the socket for it closes.
static void handle_open_tree(const struct csandbox_open_tree *order, int answer) {
    struct host_tree_rules rules = {
        .is_recursive = rootless(&supervisor.host),
        .data = supervisor.seed.data,
        .is_data_only = supervisor.host.configuration.flags & CSANDBOX_DATA_ONLY,
    };
    if (supervisor.tree_openers < TREE_OPENERS_MAX && host_tree_open(order, answer, &rules) > 0)
        supervisor.tree_openers++;
}

// After the spawner has been reaped no process of its PID namespace is left, so its cgroups are
// empty.
static void spawner_ended(int status) {
    supervisor.spawner = 0;
    cgroups_sweep(&supervisor.host.configuration);
    struct csandbox_command message = {.header = {.kind = CSANDBOX_ENDED}, .value = status};
    csandbox_send(GATEWAY_SOCKET, &message, sizeof message, NULL, 0);
}

// Reaps the spawner and the processes that opened trees of the host.
static void reap(void) {
    int status = 0;
    signals_drain(supervisor.signals);
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG))
        if (pid == supervisor.spawner)
            spawner_ended(status);
        else if (supervisor.tree_openers > 0)
            supervisor.tree_openers--;
}

// Also for a spawner that is replaced: its cgroups are empty only after it has been reaped.
static void end_spawner(void) {
    if (supervisor.spawner <= 0)
        return;
    kill(supervisor.spawner, SIGKILL);
    cgroups_thaw(&supervisor.host.configuration);
    waitpid(supervisor.spawner, NULL, 0);
    supervisor.spawner = 0;
    cgroups_sweep(&supervisor.host.configuration);
}

static _Noreturn void gateway_gone(void) {
    end_spawner();
    cgroups_sweep(&supervisor.host.configuration);
    firewall_remove(&supervisor.host.configuration);
    _exit(0);
}

static void handle_message(void) {
    struct csandbox_configure *message = &supervisor.message;
    int received[2];
    size_t count = 2;
    ssize_t size = csandbox_receive(GATEWAY_SOCKET, message, sizeof *message, received, &count, 0);
    if (size <= 0 && size != -EMSGSIZE)
        gateway_gone();
    uint32_t kind = size >= (ssize_t)sizeof message->header ? message->header.kind : 0;
    if (kind == CSANDBOX_FIREWALL && size == sizeof(struct csandbox_command)) {
        handle_firewall();
    } else if (kind == CSANDBOX_OPEN_TREE && size == sizeof(struct csandbox_open_tree)) {
        if (count == 1)
            handle_open_tree((const struct csandbox_open_tree *)message, received[0]);
    } else {
        end_spawner();
        supervisor.spawner = handle_configure(size, received, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        close(received[i]);
}

_Noreturn void supervisor_main(const struct supervisor_seed *seed) {
    supervisor.seed = *seed;
    supervisor.ruleset = seed->ruleset;
    // The program was executed from a descriptor, whose number would otherwise be its name.
    prctl(PR_SET_NAME, CSANDBOX_SUPERVISOR_NAME);
    supervisor.signals = signals_open();
    if (supervisor.signals < 0) {
        started_send(GATEWAY_SOCKET, 0, check_errno(CSANDBOX_STEP_SUPERVISOR, -1));
        _exit(1);
    }
    struct pollfd sources[2] = {{.fd = GATEWAY_SOCKET, .events = POLLIN},
                                {.fd = supervisor.signals, .events = POLLIN}};
    for (;;) {
        if (poll(sources, 2, -1) < 0) {
            if (errno != EINTR)
                gateway_gone();
            continue;
        }
        if (sources[1].revents)
            reap();
        if (sources[0].revents)
            handle_message();
    }
}
