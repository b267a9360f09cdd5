// SPDX-License-Identifier: Apache-2.0
// Listening sockets of a template. Each copy opens them again in its own network namespace.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "sys.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

// Connections inherit the last two.
const struct listener_option listener_options[LISTENER_OPTIONS] = {{SOL_SOCKET, SO_REUSEADDR},
                                                                   {SOL_SOCKET, SO_REUSEPORT},
                                                                   {IPPROTO_IPV6, IPV6_V6ONLY},
                                                                   {SOL_SOCKET, SO_KEEPALIVE},
                                                                   {IPPROTO_TCP, TCP_NODELAY}};

static int flag_of(int socket, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(socket, level, name, &value, &size) < 0 ? -1 : value;
}

void socket_record_options(int socket, struct template_descriptor *found) {
    for (int i = 0; i < LISTENER_OPTIONS; i++)
        if (flag_of(socket, listener_options[i].level, listener_options[i].name) > 0)
            found->options |= 1u << i;
}

static bool record(int socket, struct template_descriptor *found) {
    int domain = flag_of(socket, SOL_SOCKET, SO_DOMAIN);
    socklen_t size = sizeof found->address;
    if ((domain != AF_INET && domain != AF_INET6) ||
        flag_of(socket, SOL_SOCKET, SO_TYPE) != SOCK_STREAM ||
        flag_of(socket, SOL_SOCKET, SO_ACCEPTCONN) != 1 ||
        getsockname(socket, (struct sockaddr *)&found->address, &size) < 0)
        return false;
    found->address_size = size;
    socket_record_options(socket, found);
    found->kind = DESCRIPTOR_LISTENER;
    return true;
}

int template_descriptor_get(int number) {
    long process = SYS2(SYS_pidfd_open, template.process, 0);
    if (process < 0)
        return (int)process;
    long descriptor = SYS3(SYS_pidfd_getfd, process, number, 0);
    close((int)process);
    return (int)descriptor;
}

bool listener_record(struct template_descriptor *found) {
    if (template.port == 0)
        return false;
    int socket = template_descriptor_get(found->number);
    bool is_recorded = socket >= 0 && record(socket, found);
    if (socket >= 0)
        close(socket);
    return is_recorded;
}
