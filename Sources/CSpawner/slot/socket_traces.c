// SPDX-License-Identifier: Apache-2.0
// Records whether a sandbox has created sockets. A process can change a network namespace only through a
// socket. A sandbox inherits none, and obtains one only by two system calls, its own or those of another
// process of the same sandbox. The filter reports each of these calls to the slot before it is executed. This
// way no list of kernel state (connections, flow labels, counters, names) has to be complete.
#define _GNU_SOURCE
#include "slot/slot.h"
#include "sys.h"
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/// Room for the line of column names and the beginning of the next line.
enum { TABLE_BYTES = 512 };

static const struct socket_traces no_sockets = {.local_sockets = -1};

void sockets_reset(void) {
    if (slot.sockets.local_sockets >= 0)
        close(slot.sockets.local_sockets);
    slot.sockets = no_sockets;
}

// Opened while the sandbox lives: a process that has ended has no network namespace.
static void open_local_sockets(void) {
    char path[64];
    snprintf(path, sizeof path, "%d/net/unix", slot.sandbox);
    slot.sockets.local_sockets = openat(slot.proc, path, O_RDONLY | O_CLOEXEC);
}

static void record_family(int family) {
    if (family == AF_UNIX && !slot.sockets.has_local)
        open_local_sockets();
    slot.sockets.has_local |= family == AF_UNIX;
    slot.sockets.has_other |= family != AF_UNIX;
    slot.sockets.has_ipv6 |= family == AF_INET6;
}

void sockets_record_gateways(void) { slot.sockets.has_other = slot.sockets.has_gateways = true; }

void sockets_handle_notification(void) {
    struct seccomp_notif call;
    memset(&call, 0, sizeof call);
    // Fails when the caller has exited already.
    if (ioctl(slot.listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
        return;
    record_family((int)call.data.args[0]);
    struct seccomp_notif_resp answer = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ioctl(slot.listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

// A table of /proc/net begins with a line of column names. A table that cannot be read counts as
// not empty.
static bool has_entries(int file) {
    char text[TABLE_BYTES];
    ssize_t size = file < 0 ? -1 : pread(file, text, sizeof text, 0);
    const char *end = size > 0 ? memchr(text, '\n', (size_t)size) : NULL;
    return !end || end + 1 < text + size;
}

static bool table_has_entries(const char *path) {
    int file = openat(slot.proc, path, O_RDONLY | O_CLOEXEC);
    bool result = has_entries(file);
    if (file >= 0)
        close(file);
    return result;
}

bool sockets_used_network(void) { return slot.listener < 0 || slot.sockets.has_other; }

// Local sockets that are in transit to each other outlive all processes, and with them open files
// of the root and their locks.
bool sockets_outlive_sandbox(void) {
    if (slot.listener < 0)
        return slot.shares_empty_network || table_has_entries("self/net/unix") ||
               (slot.plan.flags & CSANDBOX_SLOT_EGRESS && slot.sockets.has_gateways);
    // A slot with egress keeps its network namespace, so what is known to survive there is checked.
    bool keeps_network = slot.plan.flags & CSANDBOX_SLOT_EGRESS;
    return (slot.sockets.has_local && has_entries(slot.sockets.local_sockets)) ||
           (keeps_network && slot.sockets.has_gateways) ||
           (keeps_network && slot.sockets.has_ipv6 && table_has_entries("self/net/ip6_flowlabel"));
}
