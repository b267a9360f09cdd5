// SPDX-License-Identifier: Apache-2.0
// The outermost helper. It alone stays in the host's namespaces, with the one
// task of starting the spawner, and of leaving nothing behind when the spawner
// or the gateway dies. The spawner is PID 1 of a PID namespace, so its death is
// the death of every slot and sandbox: the kernel guarantees it, whatever they
// are doing.
#define _GNU_SOURCE
#include "network/egress.h"
#include "mounts/mount_calls.h"
#include "processes/spawner.h"
#include "sys.h"
#include "processes/warden.h"
#include "csandbox_host.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct host host = {.pinned_rootfs = -1, .rootfs_tree = -1};
uint64_t setup_cookie;
/// The ruleset that nft loads when a function first asks for a network; -1
/// without.
static int ruleset = -1;
/// Processes that are opening a tree of the host, and their most: a gateway that was
/// taken over could have more of them than the host bears.
static int tree_openers;
enum { TREE_OPENERS_MAX = 64 };
/// What every CONFIGURE must be equal to; NULL while nobody has pinned anything.
static const struct csandbox_configure *pinned;

static struct failure report_started(pid_t pid, struct failure failure) {
    struct csandbox_started message = {.header = {.kind = CSANDBOX_STARTED},
                                       .pid = pid,
                                       .step = failure.step,
                                       .error = failure.error};
    return check(CSANDBOX_STEP_PROTOCOL,
                 csandbox_send(GATEWAY_SOCKET, &message, sizeof message, NULL, 0));
}

// The spawner's first steps, before it serves: die with the supervisor, keep
// only its socket.
static _Noreturn void spawner_child(int socket) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(GATEWAY_SOCKET);
    if (ruleset >= 0)
        close(ruleset);
    if (host.pinned_rootfs >= 0) {
        close(host.pinned_rootfs);
        if (host.rootfs_tree < 0)
            _exit(1);
    }
    host.socket = socket;
    setup_cookie = host.configuration.cookie;
    spawner_main();
}

// A fork without CLONE_PARENT: the supervisor must be the one that reaps the
// spawner, since only after that is it certain that the whole PID namespace is
// empty and cgroups can be removed.
static pid_t start_spawner(int socket) {
    // Here, where the folder's mount is of this namespace.
    if (host.pinned_rootfs >= 0)
        host.rootfs_tree = (int)raw_open_tree(host.pinned_rootfs, "",
                                              OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (host.pinned_rootfs >= 0 && host.rootfs_tree < 0) {
        report_started(0, check(CSANDBOX_STEP_PRUNE_ROOTFS, host.rootfs_tree));
        close(socket);
        return 0;
    }
    long pid = SYS5(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        spawner_child(socket);
    struct failure failure = check(CSANDBOX_STEP_NAMESPACES, pid);
    close(socket);
    if (host.rootfs_tree >= 0)
        close(host.rootfs_tree);
    report_started((pid_t)pid, failure);
    return pid > 0 ? (pid_t)pid : 0;
}

static bool configuration_is_sane(const struct csandbox_configure *configuration, ssize_t size) {
    return size == sizeof *configuration && configuration->header.kind == CSANDBOX_CONFIGURE &&
           configuration->version == CSANDBOX_PROTOCOL_VERSION &&
           configuration->cgroup_count <= CSANDBOX_CGROUPS_MAX &&
           configuration->filter_count <= CSANDBOX_FILTER_MAX &&
           memchr(configuration->rootfs_directory, 0, sizeof configuration->rootfs_directory);
}

// A new spawner for this configuration: its pid, or 0 when it cannot be.
static pid_t configure(int socket) {
    static bool mapped;
    if (rootless() && !mapped) {
        struct failure failure = own_namespace_enter();
        if (failed(failure)) {
            report_started(0, failure);
            close(socket);
            return 0;
        }
        mapped = true;
    }
    cgroups_sweep(&host.configuration);
    firewall_sweep();
    return start_spawner(socket);
}

// Returns the running spawner's pid, or 0 when the message was refused.
static pid_t handle_configure(const struct csandbox_configure *configuration, ssize_t size,
                              const int *received, size_t count) {
    bool sane = configuration_is_sane(configuration, size) &&
                count == (configuration->flags & CSANDBOX_EGRESS ? 2 : 1);
    bool allowed = sane && (!pinned || !memcmp(configuration, pinned, sizeof *pinned));
    if (!allowed) {
        for (size_t i = 0; i < count; i++)
            close(received[i]);
        report_started(0, (struct failure){CSANDBOX_STEP_PROTOCOL, sane ? EPERM : EPROTO});
        return 0;
    }
    if (pinned) {
        // The rules that root gave count, not those of whoever the gateway is now.
        if (count == 2)
            close(received[1]);
    } else {
        if (ruleset >= 0)
            close(ruleset);
        ruleset = count == 2 ? received[1] : -1;
    }
    host.configuration = *configuration;
    return configure(received[0]);
}

static void handle_firewall(void) {
    long result = ruleset < 0 ? -EOPNOTSUPP : firewall_load(ruleset);
    struct failure failure = check(CSANDBOX_STEP_SLOT_FIREWALL, result);
    struct csandbox_outcome message = {
        .header = {.kind = CSANDBOX_FIREWALL}, .step = failure.step, .error = failure.error};
    csandbox_send(GATEWAY_SOCKET, &message, sizeof message, NULL, 0);
}

// After the spawner was reaped nothing of its PID namespace is left, so its
// cgroups are empty.
static void spawner_ended(pid_t *spawner, int status) {
    *spawner = 0;
    cgroups_sweep(&host.configuration);
    struct csandbox_command message = {.header = {.kind = CSANDBOX_ENDED}, .value = status};
    csandbox_send(GATEWAY_SOCKET, &message, sizeof message, NULL, 0);
}

// The spawner, and processes that opened a tree of the host.
static void reap(pid_t *spawner) {
    int status = 0;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG))
        if (pid == *spawner)
            spawner_ended(spawner, status);
        else if (tree_openers > 0)
            tree_openers--;
}

// Whether it died or is to be replaced: only when it is reaped are its cgroups empty.
static void end_spawner(pid_t *spawner) {
    if (*spawner <= 0)
        return;
    kill(*spawner, SIGKILL);
    waitpid(*spawner, NULL, 0);
    *spawner = 0;
    cgroups_sweep(&host.configuration);
}

static _Noreturn void gateway_gone(pid_t spawner) {
    end_spawner(&spawner);
    cgroups_sweep(&host.configuration);
    firewall_remove();
    _exit(0);
}

static void handle_message(pid_t *spawner) {
    static struct csandbox_configure message;
    int received[2];
    size_t count = 2;
    ssize_t size = csandbox_receive(GATEWAY_SOCKET, &message, sizeof message, received, &count, 0);
    if (size <= 0 && size != -EMSGSIZE)
        gateway_gone(*spawner);
    if (size == sizeof(struct csandbox_command) && message.header.kind == CSANDBOX_FIREWALL) {
        for (size_t i = 0; i < count; i++)
            close(received[i]);
        handle_firewall();
        return;
    }
    if (size == sizeof(struct csandbox_open_tree) && message.header.kind == CSANDBOX_OPEN_TREE) {
        // Without an answer its socket closes.
        if (count == 1 && tree_openers < TREE_OPENERS_MAX &&
            host_tree_open((const struct csandbox_open_tree *)&message, received[0],
                           pinned != NULL) > 0)
            tree_openers++;
        for (size_t i = 0; i < count; i++)
            close(received[i]);
        return;
    }
    end_spawner(spawner);
    *spawner = handle_configure(&message, size, received, count);
}

int signal_descriptor(void) {
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

_Noreturn void supervisor_main(const struct csandbox_configure *only, int only_ruleset) {
    pinned = only;
    ruleset = only_ruleset;
    // Executed from a descriptor, it would be shown by that number.
    prctl(PR_SET_NAME, CSANDBOX_SUPERVISOR_NAME);
    host.signals = signal_descriptor();
    pid_t spawner = 0;
    struct pollfd sources[2] = {{.fd = GATEWAY_SOCKET, .events = POLLIN},
                                {.fd = host.signals, .events = POLLIN}};
    for (;;) {
        if (poll(sources, 2, -1) < 0 && errno != EINTR)
            gateway_gone(spawner);
        if (sources[1].revents) {
            struct signalfd_siginfo info;
            while (read(host.signals, &info, sizeof info) > 0)
                ;
            reap(&spawner);
        }
        if (sources[0].revents)
            handle_message(&spawner);
    }
}

// Either the one process that an ordinary user's gateway has, or the warden of
// one that began as root.
int main(int count, char **arguments) {
    SYS3(SYS_close_range, GATEWAY_SOCKET + 1, ~0U, 0);
    // A container that managed to execute this program has no gateway.
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(GATEWAY_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
        _exit(1);
    // Its own session: a Ctrl-C in the terminal is the gateway's to handle, in
    // order.
    setsid();
    if (count > 0 && !strcmp(arguments[0], CSANDBOX_WARDEN_NAME))
        warden_main(arguments[0]);
    supervisor_main(NULL, -1);
}
