// SPDX-License-Identifier: Apache-2.0
// Creates sockets in the sandbox's network namespace for the gateway: connected to a port of 127.0.0.1 or
// ::1 or of an address of the container's links, or listening on 127.0.0.1. The slot passes them on and keeps none; the sandbox gets none.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "csandbox_channel.h"
#include "network/links.h"
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

// The range of links is local here, so any of its addresses can be the source. Without the option a
// port would be taken for all connections of the namespace.
static long bind_source(long end, uint32_t source) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr = {htonl(source)}};
    int on = 1;
    if (source == 0)
        return 0;
    SYS5(SYS_setsockopt, end, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return SYS3(SYS_bind, end, &place, sizeof place);
}

// Raw calls only: it can run in a process that shares the slot's memory.
static long open_socket(const struct csandbox_socket_order *order, int family) {
    uint16_t port = htons((uint16_t)order->port);
    uint32_t address = order->address ? order->address : INADDR_LOOPBACK;
    struct sockaddr_in place4 = {
        .sin_family = AF_INET, .sin_port = port, .sin_addr = {htonl(address)}};
    struct sockaddr_in6 place6 = {
        .sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const void *place = family == AF_INET ? (void *)&place4 : (void *)&place6;
    long size = family == AF_INET ? sizeof place4 : sizeof place6;
    int type = order->transport == CSANDBOX_DATAGRAMS ? SOCK_DGRAM : SOCK_STREAM;
    long end = SYS3(SYS_socket, family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (end < 0)
        return end;
    long result = bind_source(end, order->source);
    if (result >= 0)
        result = order->header.kind == CSANDBOX_LISTEN ? listen_at(end, place, size)
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

// Addresses other than 127.0.0.1 are the container's own, of its links.
static bool address_is_valid(const struct csandbox_socket_order *order) {
    if (order->address == 0)
        return order->source == 0;
    uint32_t mask = ~0u << (32 - CSANDBOX_LINKS_PREFIX);
    bool is_own = false;
    for (uint32_t i = 0; i < slot.plan.link_count; i++)
        is_own |= order->address == slot.plan.links[i];
    return is_own && order->header.kind == CSANDBOX_DIAL &&
           (order->source & mask) == CSANDBOX_LINKS_NETWORK;
}

static long make_socket(const struct csandbox_socket_order *order, int family) {
    if (order->port == 0 || order->port > UINT16_MAX || order->transport > CSANDBOX_DATAGRAMS ||
        !address_is_valid(order))
        return -EINVAL;
    if (slot.sandbox == 0 || order->sandbox != slot.number)
        return -ESRCH;
    struct socket_job job = {.order = order, .family = family, .network = -1, .result = -ECHILD};
    // The program of a copy has connected already.
    if (order->header.kind == CSANDBOX_LISTEN && slot.copy_listener >= 0 &&
        order->port == template.runtime_port) {
        int listener = slot.copy_listener;
        slot.copy_listener = -1;
        return listener;
    }
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
    if (end != -ECONNREFUSED || order->header.kind != CSANDBOX_DIAL || order->address != 0)
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

void links_order_answer(const struct csandbox_links_order *order) {
    struct csandbox_descriptor_answer answer = {.header = order->header,
                                                .sequence = order->sequence};
    bool is_current = slot.sandbox != 0 && order->sandbox == slot.number;
    answer.error = is_current ? (int32_t)-links_change(order) : ESRCH;
    if (csandbox_send(slot.control, &answer, sizeof answer, NULL, 0) < 0)
        _exit(1);
}
