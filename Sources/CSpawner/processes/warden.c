// SPDX-License-Identifier: Apache-2.0
// The warden: the only process, beside the supervisors, that stays root when the gateway has given root up.
// The gateway pins configuration and folders while it is root; every later order is checked against them.
// When the gateway ends, the warden ends its workers and supervisors.
#define _GNU_SOURCE
#include "processes/warden.h"
#include "csandbox_channel.h"
#include "csandbox_host.h"
#include "mounts/host_tree.h"
#include "processes/cgroup.h"
#include "processes/order.h"
#include "processes/pinned_file.h"
#include "sys.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// Most workers at once: each file tree that a build reads has one.
enum { WORKERS_MAX = 64 };
/// Longest life of a worker in seconds: a build may read a tree during a RUN step of an hour;
/// unpacking the largest image takes minutes.
enum { WORKER_SECONDS_MAX = 2 * 60 * 60 };
/// Most supervisors at once: one that serves, and others that are about to end.
enum { SUPERVISORS_MAX = 4 };

/// Longest wait until the supervisors have removed their cgroups and ended.
enum { SUPERVISOR_SECONDS_MAX = 5, SUPERVISOR_PAUSE_NS = 10000000 };

struct worker {
    /// 0 while the entry is free.
    pid_t pid;
    time_t until;
};

union warden_message {
    struct csandbox_header header;
    struct csandbox_pin pin;
    struct csandbox_pin_file pin_file;
    struct csandbox_work work;
    struct csandbox_command command;
};

/// All state of the warden's process. It owns the processes that it starts, supervisors and
/// workers, and what the gateway pinned; it owns no spawner, cgroup or firewall table.
static struct warden {
    /// Set by the first PIN, even when its folders could not be opened: a second one is refused.
    bool is_pinned;
    struct pinned pinned;
    struct pinned_files files;
    /// The real path of DATA, the folder that contains the rootfs folder.
    char data[CSANDBOX_PATH_MAX];
    /// The memory that /proc/PID/cmdline shows.
    char *command_name;
    struct worker workers[WORKERS_MAX];
    pid_t supervisors[SUPERVISORS_MAX];
    /// At least one supervisor was killed, which could not remove its cgroups.
    bool has_killed_supervisors;
    /// The message that is being handled.
    union warden_message message;
} warden;

static time_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

// When a supervisor dies, its spawner dies, and with it every container (PDEATHSIG, PID namespace).
static void kill_supervisors(void) {
    for (int i = 0; i < SUPERVISORS_MAX; i++)
        if (warden.supervisors[i] > 0) {
            kill(warden.supervisors[i], SIGKILL);
            warden.has_killed_supervisors = true;
        }
}

static bool has_supervisors(void) {
    for (int i = 0; i < SUPERVISORS_MAX; i++)
        if (warden.supervisors[i] > 0 && waitpid(warden.supervisors[i], NULL, WNOHANG) != 0)
            warden.supervisors[i] = 0;
    for (int i = 0; i < SUPERVISORS_MAX; i++)
        if (warden.supervisors[i] > 0)
            return true;
    return false;
}

// A supervisor notices the end of the gateway itself, unless it is stopped: then the warden kills
// it.
static _Noreturn void gateway_gone(void) {
    struct timespec pause = {0, SUPERVISOR_PAUSE_NS};
    time_t until = now() + SUPERVISOR_SECONDS_MAX;
    for (int i = 0; i < WORKERS_MAX; i++)
        if (warden.workers[i].pid > 0)
            kill(warden.workers[i].pid, SIGKILL);
    while (has_supervisors() && now() < until)
        nanosleep(&pause, NULL);
    kill_supervisors();
    if (warden.has_killed_supervisors)
        cgroups_sweep(&warden.pinned.facts.configuration);
    _exit(0);
}

static bool pin_is_valid(const struct csandbox_pin *pin, ssize_t size, size_t count) {
    size_t wanted = pin->configuration.flags & CSANDBOX_EGRESS ? 2 : 1;
    bool valid = size == sizeof *pin && count == wanted && !warden.is_pinned &&
                 pin->version == CSANDBOX_PROTOCOL_VERSION && pin->service_id != 0 &&
                 configuration_is_valid(&pin->configuration, sizeof pin->configuration);
    for (int i = 0; valid && i < CSANDBOX_PLACES; i++)
        valid = path_is_valid(pin->directories[i]);
    return valid;
}

// DATA is the parent of the rootfs folder's real path.
static bool find_data(void) {
    char *end = path_of_descriptor(warden.pinned.places[CSANDBOX_PLACE_ROOTFS], warden.data)
                    ? strrchr(warden.data, '/')
                    : NULL;
    if (!end || end == warden.data)
        return false;
    *end = 0;
    return true;
}

// Opened once: a later change of what the paths name has no effect.
static struct failure open_places(void) {
    for (int i = 0; i < CSANDBOX_PLACES; i++)
        warden.pinned.places[i] = -1;
    for (int i = 0; i < CSANDBOX_PLACES; i++) {
        const char *path = warden.pinned.facts.directories[i];
        warden.pinned.places[i] = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        TRY(check_errno(CSANDBOX_STEP_WORKER_FOLDER, warden.pinned.places[i]));
    }
    return find_data() ? success() : (struct failure){CSANDBOX_STEP_WORKER_FOLDER, EINVAL};
}

static void handle_pin(const struct csandbox_pin *pin, ssize_t size, int *received, size_t *count) {
    struct failure failure = {CSANDBOX_STEP_PROTOCOL, EPROTO};
    if (pin_is_valid(pin, size, *count)) {
        warden.pinned.facts = *pin;
        warden.pinned.program = received[0];
        warden.pinned.ruleset = *count == 2 ? received[1] : -1;
        *count = 0;
        warden.is_pinned = true;
        failure = open_places();
    }
    outcome_send(GATEWAY_SOCKET, CSANDBOX_PIN, 0, failure);
}

static void send_not_started(int socket, int error) {
    started_send(socket, 0, (struct failure){CSANDBOX_STEP_SUPERVISOR, error});
}

// Turns a fork of the warden into what a supervisor expects. It keeps the new socket in the place
// of the gateway's, the rootfs folder and the ruleset.
static void become_supervisor(int socket, struct supervisor_seed *seed) {
    // Higher than the descriptors that are replaced, and low enough for a limit of few open files.
    enum { ROOTFS = GATEWAY_SOCKET + 1, RULES, FIRST_FREE, DUPLICATES_FROM = 24 };
    const struct pinned *pinned = &warden.pinned;
    int rootfs = fcntl(pinned->places[CSANDBOX_PLACE_ROOTFS], F_DUPFD_CLOEXEC, DUPLICATES_FROM);
    int rules = pinned->ruleset < 0 ? -1 : fcntl(pinned->ruleset, F_DUPFD_CLOEXEC, DUPLICATES_FROM);
    if (dup3(socket, GATEWAY_SOCKET, O_CLOEXEC) < 0) {
        send_not_started(socket, errno);
        _exit(1);
    }
    seed->rootfs_folder = dup3(rootfs, ROOTFS, O_CLOEXEC);
    seed->ruleset = pinned->ruleset < 0 ? -1 : dup3(rules, RULES, O_CLOEXEC);
    if (seed->rootfs_folder < 0 || (pinned->ruleset >= 0 && seed->ruleset < 0)) {
        send_not_started(GATEWAY_SOCKET, errno);
        _exit(1);
    }
    SYS3(SYS_close_range, seed->ruleset < 0 ? RULES : FIRST_FREE, ~0U, 0);
    seed->configuration = &pinned->facts.configuration;
    seed->data = warden.data;
    _Static_assert(sizeof CSANDBOX_WARDEN_NAME == sizeof CSANDBOX_SUPERVISOR_NAME, "one length");
    memcpy(warden.command_name, CSANDBOX_SUPERVISOR_NAME, sizeof CSANDBOX_SUPERVISOR_NAME);
}

// Failures are reported on the new socket; the supervisor sends all later messages on it. Returns
// true in the child.
static bool handle_supervise(int socket, struct supervisor_seed *seed) {
    for (int i = 0; i < SUPERVISORS_MAX; i++) {
        if (warden.supervisors[i] > 0)
            continue;
        pid_t pid = fork();
        if (pid == 0) {
            become_supervisor(socket, seed);
            return true;
        }
        if (pid < 0)
            send_not_started(socket, errno);
        else
            warden.supervisors[i] = pid;
        return false;
    }
    send_not_started(socket, EAGAIN);
    return false;
}

static struct worker *free_worker(void) {
    for (int i = 0; i < WORKERS_MAX; i++)
        if (warden.workers[i].pid == 0)
            return &warden.workers[i];
    return NULL;
}

static bool work_is_valid(const struct csandbox_work *order, ssize_t size) {
    return size == sizeof *order && order->place < CSANDBOX_PLACES &&
           (order->flags & ~(uint32_t)CSANDBOX_WORK_WRITABLE) == 0 && order->name[0] &&
           memchr(order->name, 0, sizeof order->name);
}

static void handle_work(const struct csandbox_work *order, ssize_t size, int socket) {
    struct worker *worker = free_worker();
    struct failure failure = {CSANDBOX_STEP_WORKER_CLONE, EAGAIN};
    if (!work_is_valid(order, size))
        failure = (struct failure){CSANDBOX_STEP_PROTOCOL, EPROTO};
    else if (worker)
        failure = worker_start(&warden.pinned, order, socket, &worker->pid);
    if (worker)
        worker->until = now() + WORKER_SECONDS_MAX;
    if (failed(failure))
        outcome_send(socket, CSANDBOX_WORK, 0, failure);
}

// Returns true in a child that is to become a supervisor.
static bool handle_message(struct supervisor_seed *seed) {
    union warden_message *message = &warden.message;
    int received[2];
    size_t count = 2;
    ssize_t size = csandbox_receive(GATEWAY_SOCKET, message, sizeof *message, received, &count, 0);
    if (size == 0 || (size < 0 && size != -EMSGSIZE))
        gateway_gone();
    uint32_t kind = size >= (ssize_t)sizeof message->header ? message->header.kind : 0;
    bool is_command = size == sizeof message->command;
    if (kind == CSANDBOX_PIN)
        handle_pin(&message->pin, size, received, &count);
    else if (kind == CSANDBOX_PIN_FILE && !warden.is_pinned)
        outcome_send(GATEWAY_SOCKET, CSANDBOX_PIN_FILE, 0,
                     pinned_file_add(&warden.files, &message->pin_file, size));
    else if (kind == CSANDBOX_OPEN_FILE && warden.is_pinned && count == 1 && is_command)
        pinned_file_send(&warden.files, message->header.slot, received[0]);
    else if (kind == CSANDBOX_SUPERVISE && warden.is_pinned && count == 1 && is_command) {
        if (handle_supervise(received[0], seed))
            return true;
    } else if (kind == CSANDBOX_KILL_SUPERVISORS && is_command)
        kill_supervisors();
    else if (kind == CSANDBOX_WORK && warden.is_pinned && count == 1)
        handle_work(&message->work, size, received[0]);
    for (size_t i = 0; i < count; i++)
        close(received[i]);
    return false;
}

static void reap(int signals) {
    signals_drain(signals);
    for (pid_t pid = waitpid(-1, NULL, WNOHANG); pid > 0; pid = waitpid(-1, NULL, WNOHANG)) {
        for (int i = 0; i < WORKERS_MAX; i++)
            if (warden.workers[i].pid == pid)
                warden.workers[i].pid = 0;
        for (int i = 0; i < SUPERVISORS_MAX; i++)
            if (warden.supervisors[i] == pid)
                warden.supervisors[i] = 0;
    }
}

// Kills workers whose time is over. Returns the milliseconds until the next deadline, -1 without
// one.
static int enforce_deadlines(void) {
    time_t next = 0;
    for (int i = 0; i < WORKERS_MAX; i++) {
        if (warden.workers[i].pid <= 0)
            continue;
        if (warden.workers[i].until <= now())
            kill(warden.workers[i].pid, SIGKILL);
        else if (next == 0 || warden.workers[i].until < next)
            next = warden.workers[i].until;
    }
    return next == 0 ? -1 : (int)(next - now() + 1) * 1000;
}

void warden_main(char *name, struct supervisor_seed *seed) {
    warden.command_name = name;
    prctl(PR_SET_NAME, "mayfly-warden");
    int signals = signals_open();
    // The gateway sees its socket close.
    if (signals < 0)
        _exit(1);
    struct pollfd sources[2] = {{.fd = GATEWAY_SOCKET, .events = POLLIN},
                                {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(sources, 2, enforce_deadlines()) < 0) {
            if (errno != EINTR)
                gateway_gone();
            continue;
        }
        if (sources[1].revents)
            reap(signals);
        if (sources[0].revents && handle_message(seed))
            return;
    }
}
