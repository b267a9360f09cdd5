// SPDX-License-Identifier: Apache-2.0
// Root's last process beside the supervisors: the gateway tells it once, while
// it is still root, where everything is; from then on it asks, and each order
// is checked against what was pinned. It dies with the gateway, and so do all
// workers.
#define _GNU_SOURCE
#include "processes/warden.h"
#include "csandbox_host.h"
#include "sys.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// Workers at once: every file tree that a build reads from has one.
enum { WORKERS_MAX = 64 };
/// Longest life of a worker: a build may read from a tree while a RUN of an hour
/// runs; unpacking the largest image takes minutes.
enum { WORKER_SECONDS_MAX = 2 * 60 * 60 };
/// Supervisors at once: one that works, others that are about to end.
enum { SUPERVISORS_MAX = 4 };

struct pinned pinned_facts;
static bool is_pinned;
/// What people see as this process's command.
static char *own_name;

static struct worker {
    pid_t pid;
    time_t until;
} workers[WORKERS_MAX];

static pid_t supervisors[SUPERVISORS_MAX];

static time_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/// Longest wait for the supervisors' own end, in which they remove their cgroups.
enum { SUPERVISOR_SECONDS_MAX = 5, SUPERVISOR_PAUSE_NS = 10000000 };

// Where this is necessary, nobody removes their cgroups.
static bool were_killed;

// Each takes its spawner along, and that every container (PDEATHSIG).
static void kill_supervisors(void) {
    for (int i = 0; i < SUPERVISORS_MAX; i++)
        if (supervisors[i] > 0) {
            kill(supervisors[i], SIGKILL);
            were_killed = true;
        }
}

static bool has_supervisors(void) {
    for (int i = 0; i < SUPERVISORS_MAX; i++)
        if (supervisors[i] > 0 && waitpid(supervisors[i], NULL, WNOHANG) != 0)
            supervisors[i] = 0;
    for (int i = 0; i < SUPERVISORS_MAX; i++)
        if (supervisors[i] > 0)
            return true;
    return false;
}

// Supervisors see the gateway's end by themselves, but for one that is stopped: nobody else
// would be left to end it.
static _Noreturn void gateway_gone(void) {
    struct timespec pause = {0, SUPERVISOR_PAUSE_NS};
    time_t until = now() + SUPERVISOR_SECONDS_MAX;
    for (int i = 0; i < WORKERS_MAX; i++)
        if (workers[i].pid > 0)
            kill(workers[i].pid, SIGKILL);
    while (has_supervisors() && now() < until)
        nanosleep(&pause, NULL);
    kill_supervisors();
    if (were_killed)
        cgroups_sweep(&host.configuration);
    _exit(0);
}

static void answer(int socket, uint32_t kind, struct failure failure) {
    struct csandbox_outcome message = {
        .header = {.kind = kind}, .step = failure.step, .error = failure.error};
    csandbox_send(socket, &message, sizeof message, NULL, 0);
}

static bool is_path(const char *bytes) {
    return bytes[0] == '/' && memchr(bytes, 0, CSANDBOX_PATH_MAX);
}

static bool pin_is_sane(const struct csandbox_pin *pin, ssize_t size, size_t count) {
    size_t wanted = pin->configuration.flags & CSANDBOX_EGRESS ? 2 : 1;
    bool sane = size == sizeof *pin && count == wanted && !is_pinned &&
                pin->version == CSANDBOX_PROTOCOL_VERSION && pin->service_id != 0;
    for (int i = 0; sane && i < CSANDBOX_PLACES; i++)
        sane = is_path(pin->directories[i]);
    return sane;
}

// Opened once: what the gateway does to the paths later changes nothing.
static struct failure open_places(void) {
    for (int i = 0; i < CSANDBOX_PLACES; i++) {
        const char *path = pinned_facts.facts.directories[i];
        pinned_facts.places[i] = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        TRY(check_errno(CSANDBOX_STEP_WORKER_FOLDER, pinned_facts.places[i]));
    }
    host.pinned_rootfs = pinned_facts.places[CSANDBOX_PLACE_ROOTFS];
    char *end = path_of_descriptor(host.pinned_rootfs, host.pinned_data)
                    ? strrchr(host.pinned_data, '/')
                    : NULL;
    if (!end || end == host.pinned_data)
        return (struct failure){CSANDBOX_STEP_WORKER_FOLDER, EINVAL};
    *end = 0;
    return fine();
}

static void handle_pin(const struct csandbox_pin *pin, ssize_t size, int *received, size_t *count) {
    if (!pin_is_sane(pin, size, *count)) {
        answer(GATEWAY_SOCKET, CSANDBOX_PIN, (struct failure){CSANDBOX_STEP_PROTOCOL, EPROTO});
        return;
    }
    pinned_facts.facts = *pin;
    pinned_facts.program = received[0];
    pinned_facts.ruleset = *count == 2 ? received[1] : -1;
    *count = 0;
    is_pinned = true;
    host.configuration = pin->configuration;
    answer(GATEWAY_SOCKET, CSANDBOX_PIN, open_places());
}

static void tell_not_started(int socket, int error) {
    struct csandbox_started message = {
        .header = {.kind = CSANDBOX_STARTED}, .step = CSANDBOX_STEP_SUPERVISOR, .error = error};
    csandbox_send(socket, &message, sizeof message, NULL, 0);
}

// The child keeps its new socket, where the gateway's was, the rootfs folder and the
// ruleset.
static _Noreturn void become_supervisor(int socket) {
    // Above what a warden has open, and low enough for a host with few descriptors.
    enum { ROOTFS = GATEWAY_SOCKET + 1, RULES, FIRST_FREE, OUT_OF_THE_WAY = 24 };
    int rootfs = fcntl(host.pinned_rootfs, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    int rules = pinned_facts.ruleset < 0
                    ? -1
                    : fcntl(pinned_facts.ruleset, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    dup2(socket, GATEWAY_SOCKET);
    host.pinned_rootfs = dup3(rootfs, ROOTFS, O_CLOEXEC);
    if (host.pinned_rootfs < 0) {
        tell_not_started(GATEWAY_SOCKET, errno);
        _exit(1);
    }
    if (rules >= 0)
        rules = dup3(rules, RULES, O_CLOEXEC);
    SYS3(SYS_close_range, rules < 0 ? RULES : FIRST_FREE, ~0U, 0);
    _Static_assert(sizeof CSANDBOX_WARDEN_NAME == sizeof CSANDBOX_SUPERVISOR_NAME, "one length");
    memcpy(own_name, CSANDBOX_SUPERVISOR_NAME, sizeof CSANDBOX_SUPERVISOR_NAME);
    supervisor_main(&pinned_facts.facts.configuration, rules);
}

// The supervisor says the rest, on the same socket, which closes when there is none.
static void handle_supervise(int socket) {
    for (int i = 0; i < SUPERVISORS_MAX; i++) {
        if (supervisors[i] > 0)
            continue;
        supervisors[i] = fork();
        if (supervisors[i] == 0)
            become_supervisor(socket);
        if (supervisors[i] < 0) {
            tell_not_started(socket, errno);
            supervisors[i] = 0;
        }
        return;
    }
    tell_not_started(socket, EAGAIN);
}

static struct worker *free_worker(void) {
    for (int i = 0; i < WORKERS_MAX; i++)
        if (workers[i].pid == 0)
            return &workers[i];
    return NULL;
}

static bool work_is_sane(const struct csandbox_work *order, ssize_t size) {
    return size == sizeof *order && order->place < CSANDBOX_PLACES &&
           (order->flags & ~(uint32_t)CSANDBOX_WORK_WRITABLE) == 0 && order->name[0] &&
           memchr(order->name, 0, sizeof order->name);
}

static void handle_work(const struct csandbox_work *order, ssize_t size, int socket) {
    struct worker *worker = free_worker();
    struct failure failure = {CSANDBOX_STEP_WORKER_CLONE, EAGAIN};
    if (!work_is_sane(order, size))
        failure = (struct failure){CSANDBOX_STEP_PROTOCOL, EPROTO};
    else if (worker)
        failure = worker_start(order, socket, &worker->pid);
    if (worker)
        worker->until = now() + WORKER_SECONDS_MAX;
    if (failed(failure))
        answer(socket, CSANDBOX_WORK, failure);
}

static void handle_message(void) {
    static union {
        struct csandbox_header header;
        struct csandbox_pin pin;
        struct csandbox_work work;
        struct csandbox_command command;
    } message;
    int received[2];
    size_t count = 2;
    ssize_t size = csandbox_receive(GATEWAY_SOCKET, &message, sizeof message, received, &count, 0);
    if (size == 0 || (size < 0 && size != -EMSGSIZE))
        gateway_gone();
    uint32_t kind = size >= (ssize_t)sizeof message.header ? message.header.kind : 0;
    if (kind == CSANDBOX_PIN)
        handle_pin(&message.pin, size, received, &count);
    else if (kind == CSANDBOX_SUPERVISE && is_pinned && count == 1 &&
             size == sizeof message.command)
        handle_supervise(received[0]);
    else if (kind == CSANDBOX_KILL_SUPERVISORS && size == sizeof message.command)
        kill_supervisors();
    else if (kind == CSANDBOX_WORK && is_pinned && count == 1)
        handle_work(&message.work, size, received[0]);
    for (size_t i = 0; i < count; i++)
        close(received[i]);
}

static void reap(int signals) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) > 0)
        ;
    for (pid_t pid = waitpid(-1, NULL, WNOHANG); pid > 0; pid = waitpid(-1, NULL, WNOHANG)) {
        for (int i = 0; i < WORKERS_MAX; i++)
            if (workers[i].pid == pid)
                workers[i].pid = 0;
        for (int i = 0; i < SUPERVISORS_MAX; i++)
            if (supervisors[i] == pid)
                supervisors[i] = 0;
    }
}

// Milliseconds until the next worker's time is over; those whose time is over
// are killed.
static int enforce_deadlines(void) {
    time_t next = 0;
    for (int i = 0; i < WORKERS_MAX; i++) {
        if (workers[i].pid <= 0)
            continue;
        if (workers[i].until <= now())
            kill(workers[i].pid, SIGKILL);
        else if (next == 0 || workers[i].until < next)
            next = workers[i].until;
    }
    return next == 0 ? -1 : (int)(next - now() + 1) * 1000;
}

_Noreturn void warden_main(char *name) {
    own_name = name;
    prctl(PR_SET_NAME, "mayfly-warden");
    int signals = signal_descriptor();
    struct pollfd sources[2] = {{.fd = GATEWAY_SOCKET, .events = POLLIN},
                                {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(sources, 2, enforce_deadlines()) < 0 && errno != EINTR)
            gateway_gone();
        if (sources[1].revents)
            reap(signals);
        if (sources[0].revents)
            handle_message();
        sources[0].revents = sources[1].revents = 0;
    }
}
