// SPDX-License-Identifier: Apache-2.0
// Creates sockets in the sandbox's network namespace for the gateway: connected to a port of 127.0.0.1 or
// ::1, or listening on 127.0.0.1. The slot passes them on and keeps none; the sandbox gets none.
#define _GNU_SOURCE
#include "csandbox_channel.h"
#include "sandbox/sandbox.h"
#include "sys.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/// Longest wait for a connection. Over loopback it is immediate unless the server's backlog is
/// full.
enum { DIAL_WAIT_MS = 100 };
/// Most connections that wait for the gateway to accept them.
enum { LISTEN_BACKLOG = 128 };
/// Stack of the process that runs open_socket_inside.
enum { SOCKET_STACK_BYTES = 16384 };

struct socket_job {
    const struct csandbox_socket_order *order;
    int family;
    /// Network namespace to enter first; -1 for the slot's own.
    int network;
    /// A descriptor or -errno.
    long result;
};

static long listen_at(long end, const void *place, long size) {
    long result = SYS3(SYS_bind, end, place, size);
    return result < 0 ? result : SYS2(SYS_listen, end, LISTEN_BACKLOG);
}

// Raw calls only: it can run in a process that shares the slot's memory.
static long open_socket(const struct csandbox_socket_order *order, int family) {
    uint16_t port = htons((uint16_t)order->port);
    struct sockaddr_in place4 = {
        .sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 place6 = {
        .sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const void *place = family == AF_INET ? (void *)&place4 : (void *)&place6;
    long size = family == AF_INET ? sizeof place4 : sizeof place6;
    long end = SYS3(SYS_socket, family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (end < 0)
        return end;
    long result = order->header.kind == CSANDBOX_LISTEN ? listen_at(end, place, size)
                                                        : SYS3(SYS_connect, end, place, size);
    if (result >= 0 || result == -EINPROGRESS)
        return end;
    SYS1(SYS_close, end);
    return result;
}

static int open_socket_inside(void *argument) {
    struct socket_job *job = argument;
    job->result = SYS2(SYS_setns, job->network, CLONE_NEWNET);
    if (job->result >= 0)
        job->result = open_socket(job->order, job->family);
    return 0;
}

// The slot itself could not return: it has no capability over the empty network namespace, which
// belongs to another user namespace. The child shares memory and descriptors, and the slot waits
// for its end.
static void open_socket_in_child(struct socket_job *job) {
    char stack[SOCKET_STACK_BYTES] __attribute__((aligned(16)));
    long pid = clone_onto_stack(CLONE_VM | CLONE_FILES | CLONE_VFORK, stack, sizeof stack,
                                open_socket_inside, job);
    if (pid < 0)
        job->result = pid;
    else
        SYS4(SYS_wait4, pid, NULL, __WALL, NULL);
}

// Before execve the sandbox may still be in the empty network namespace.
static int network_of_sandbox(void) {
    char path[64];
    if (slot.exec_at_ns == 0)
        return -EAGAIN;
    snprintf(path, sizeof path, "%d/ns/net", slot.sandbox);
    int file = openat(slot.proc, path, O_RDONLY | O_CLOEXEC);
    return file >= 0 ? file : errno == ENOENT ? -ESRCH : -errno;
}

static long make_socket(const struct csandbox_socket_order *order, int family) {
    if (order->port == 0 || order->port > UINT16_MAX)
        return -EINVAL;
    if (slot.sandbox == 0 || order->sandbox != slot.number)
        return -ESRCH;
    struct socket_job job = {.order = order, .family = family, .network = -1, .result = -ECHILD};
    // A copy has a network namespace of its own, too.
    bool is_inside = slot.shares_empty_network || slot.plan.flags & CSANDBOX_SLOT_TEMPLATE;
    if (!is_inside) {
        sockets_record_gateways();
        return open_socket(order, family);
    }
    job.network = network_of_sandbox();
    if (job.network < 0)
        return job.network;
    sockets_record_gateways();
    open_socket_in_child(&job);
    close(job.network);
    return job.result;
}

// Returns 0 or -errno.
static long wait_connected(int end) {
    struct pollfd source = {.fd = end, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    if (poll(&source, 1, DIAL_WAIT_MS) != 1)
        return -ETIMEDOUT;
    return getsockopt(end, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}

// Returns a descriptor or -errno.
static long make_connected(const struct csandbox_socket_order *order, int family) {
    long end = make_socket(order, family);
    if (end < 0 || order->header.kind != CSANDBOX_DIAL)
        return end;
    long result = wait_connected((int)end);
    if (result == 0)
        return end;
    close((int)end);
    return result;
}

// 127.0.0.1 first, because most servers listen there; a server bound to "localhost" may have chosen
// ::1 alone. What counts where neither answers is the refusal of the first.
static long make_either(const struct csandbox_socket_order *order) {
    long end = make_connected(order, AF_INET);
    if (end != -ECONNREFUSED || order->header.kind != CSANDBOX_DIAL)
        return end;
    long other = make_connected(order, AF_INET6);
    return other >= 0 ? other : end;
}

void answer_with_descriptor(struct csandbox_header header, uint32_t sequence, long opened) {
    struct csandbox_descriptor_answer answer = {.header = header, .sequence = sequence};
    int descriptor = (int)opened;
    long result = opened < 0 ? opened : 0;
    if (result == 0) {
        result = csandbox_send(slot.control, &answer, sizeof answer, &descriptor, 1);
        close(descriptor);
    }
    if (result == 0)
        return;
    // Also when the kernel refuses to pass the descriptor (unix(7), ETOOMANYREFS).
    answer.error = (int32_t)-result;
    if (csandbox_send(slot.control, &answer, sizeof answer, NULL, 0) < 0)
        _exit(1);
}

void socket_order_answer(const struct csandbox_socket_order *order) {
    answer_with_descriptor(order->header, order->sequence, make_either(order));
}
