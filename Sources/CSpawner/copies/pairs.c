// SPDX-License-Identifier: Apache-2.0
// Pairs of connected sockets, as event loops have one to wake themselves. A copy makes a new pair. The template is
// stopped and no other process is there, so a byte that is put into one end and arrives at another proves a pair.
#define _GNU_SOURCE
#include "copies/copies.h"
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int value_of(int socket, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(socket, SOL_SOCKET, name, &value, &size) < 0 ? -1 : value;
}

// With an address, or without another end, it is no pair's.
static bool may_be_pair(int socket) {
    struct sockaddr_storage own, peer;
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    return value_of(socket, SO_DOMAIN) == AF_UNIX && value_of(socket, SO_TYPE) == SOCK_STREAM &&
           getsockname(socket, (struct sockaddr *)&own, &own_size) == 0 &&
           getpeername(socket, (struct sockaddr *)&peer, &peer_size) == 0 &&
           own_size == sizeof(sa_family_t) && peer_size == sizeof(sa_family_t);
}

bool pair_record(struct template_descriptor *found) {
    int socket = template_descriptor_get(found->number);
    bool may_be = socket >= 0 && may_be_pair(socket);
    if (socket >= 0)
        close(socket);
    found->kind = DESCRIPTOR_PAIR;
    found->other = -1;
    return may_be;
}

static int filled(int socket) {
    int count = -1;
    return ioctl(socket, FIONREAD, &count) < 0 ? -1 : count;
}

// Whether a byte goes from one to the other; it is taken out again.
static bool carries(int from, int to) {
    char byte = 0;
    if (filled(from) != 0 || filled(to) != 0 ||
        send(from, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
        return false;
    bool arrived = filled(to) == 1;
    return recv(to, &byte, 1, MSG_DONTWAIT) == 1 && arrived;
}

static bool is_pair(int first, int second) {
    int one = template_descriptor_get(first), other = template_descriptor_get(second);
    bool is = one >= 0 && other >= 0 && carries(one, other) && carries(other, one);
    if (one >= 0)
        close(one);
    if (other >= 0)
        close(other);
    return is;
}

static bool find_other(struct template_descriptor *first) {
    for (uint32_t i = 0; i < template.descriptor_count; i++) {
        struct template_descriptor *second = &template.descriptors[i];
        if (second == first || second->kind != DESCRIPTOR_PAIR || second->other >= 0 ||
            !is_pair(first->number, second->number))
            continue;
        first->other = second->number;
        second->other = first->number;
        return true;
    }
    return false;
}

struct failure pairs_match(void) {
    for (uint32_t i = 0; i < template.descriptor_count; i++) {
        struct template_descriptor *found = &template.descriptors[i];
        if (found->kind == DESCRIPTOR_PAIR && found->other < 0 && !find_other(found))
            return descriptor_refuse(found->number, found->path);
    }
    return success();
}
