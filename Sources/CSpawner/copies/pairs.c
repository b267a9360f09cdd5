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

static bool is_open_end(const struct template_descriptor *found) {
    return found->kind == DESCRIPTOR_PAIR && found->other < 0;
}

// What was in one of them already could be taken for the byte.
static bool are_empty(void) {
    for (uint32_t i = 0; i < template.descriptor_count; i++) {
        if (!is_open_end(&template.descriptors[i]))
            continue;
        int socket = template_descriptor_get(template.descriptors[i].number);
        bool is_empty = socket >= 0 && filled(socket) == 0;
        if (socket >= 0)
            close(socket);
        if (!is_empty)
            return false;
    }
    return true;
}

static bool put_byte(int number) {
    char byte = 0;
    int socket = template_descriptor_get(number);
    bool is_sent = socket >= 0 && send(socket, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
    if (socket >= 0)
        close(socket);
    return is_sent;
}

static bool take_byte(int number) {
    char byte;
    int socket = template_descriptor_get(number);
    bool is_taken = socket >= 0 && filled(socket) == 1 && recv(socket, &byte, 1, MSG_DONTWAIT) == 1;
    if (socket >= 0)
        close(socket);
    return is_taken;
}

// The end where a byte arrives that is put into the first; one must go back the same way.
static bool find_other(struct template_descriptor *first) {
    if (!are_empty() || !put_byte(first->number))
        return false;
    for (uint32_t i = 0; i < template.descriptor_count; i++) {
        struct template_descriptor *second = &template.descriptors[i];
        if (second == first || !is_open_end(second) || !take_byte(second->number))
            continue;
        if (!put_byte(second->number) || !take_byte(first->number))
            return false;
        first->other = second->number;
        second->other = first->number;
        return true;
    }
    return false;
}

struct failure pairs_match(void) {
    for (uint32_t i = 0; i < template.descriptor_count; i++) {
        struct template_descriptor *found = &template.descriptors[i];
        if (is_open_end(found) && !find_other(found))
            return descriptor_refuse(found->number, found->path);
    }
    return success();
}
