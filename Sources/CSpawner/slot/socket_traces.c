// SPDX-License-Identifier: Apache-2.0
// Whether a sandbox has made sockets. Everything that a process can do to a network namespace it
// does by a socket, and a sandbox comes to one by two system calls only: it inherits none, and
// a sender in the same sandbox made its socket by the same calls. The filter lets this slot's process
// know of each before it happens, and lets it happen then. So no list of what the kernel keeps
// of connections, flow labels, counters or names can be incomplete.
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

/// A line of names, and the beginning of another.
enum { TABLE_BYTES = 512 };

static const struct socket_traces no_sockets = {.local_sockets = -1};

void sockets_forget(void) {
    if (slot.sockets.local_sockets >= 0)
        close(slot.sockets.local_sockets);
    slot.sockets = no_sockets;
}

// While the sandbox is there, since a process that has ended has no namespace.
static void open_local_sockets(void) {
    char path[64];
    snprintf(path, sizeof path, "%d/net/unix", slot.sandbox);
    slot.sockets.local_sockets = openat(slot.proc, path, O_RDONLY | O_CLOEXEC);
}

static void remember(int family) {
    if (family == AF_UNIX && !slot.sockets.has_local)
        open_local_sockets();
    slot.sockets.has_local |= family == AF_UNIX;
    slot.sockets.has_other |= family != AF_UNIX;
    slot.sockets.has_ipv6 |= family == AF_INET6;
}

void sockets_made_for_gateway(void) { slot.sockets.has_other = slot.sockets.has_gateways = true; }

void sockets_answer(void) {
    struct seccomp_notif call;
    memset(&call, 0, sizeof call);
    // The caller may have exited already.
    if (ioctl(slot.listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
        return;
    remember((int)call.data.args[0]);
    struct seccomp_notif_resp answer = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ioctl(slot.listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

// A table of /proc/net has a line of names; what cannot be read counts as more than that.
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

// Local sockets that are on their way between each other outlive all processes, and so does what
// is on its way with them: open files of the root, with their locks.
bool sockets_outlive(void) {
    if (slot.listener < 0)
        return slot.rests || table_has_entries("self/net/unix") ||
               (slot.plan.flags & CSANDBOX_SLOT_EGRESS && slot.sockets.has_gateways);
    // An interface to the outside keeps its namespace, so that what is known to stay is looked for.
    bool keeps_network = slot.plan.flags & CSANDBOX_SLOT_EGRESS;
    return (slot.sockets.has_local && has_entries(slot.sockets.local_sockets)) ||
           (keeps_network && slot.sockets.has_gateways) ||
           (keeps_network && slot.sockets.has_ipv6 && table_has_entries("self/net/ip6_flowlabel"));
}
