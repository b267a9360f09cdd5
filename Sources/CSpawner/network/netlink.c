// SPDX-License-Identifier: Apache-2.0
// Builds and exchanges netlink messages for interfaces, routes and the firewall's table.
#define _GNU_SOURCE
#include "network/netlink.h"
#include "sys.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/// Longest wait for the kernel's answer, which exists before send returns: a bound for faults only.
enum { ANSWER_TIMEOUT_S = 5 };
/// Most messages that are read for one acknowledgement.
enum { ANSWERS_MAX = 16 };

int netlink_open(int protocol) {
    // With the cookie: the slot's own filter would otherwise report the call to the slot, which
    // would wait for itself.
    int socket_ = (int)SYS3(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (socket_ < 0)
        return socket_;
    struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
        connect(socket_, (struct sockaddr *)&kernel, sizeof kernel) < 0) {
        int error = errno;
        close(socket_);
        return -error;
    }
    return socket_;
}

void netlink_append(struct netlink_request *request, const void *bytes, size_t size) {
    size_t place = request->header.nlmsg_len;
    if (place + NLMSG_ALIGN(size) > sizeof request->bytes)
        return;
    memcpy(request->bytes + place, bytes, size);
    request->header.nlmsg_len = (uint32_t)(place + NLMSG_ALIGN(size));
}

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *body,
                   size_t size) {
    memset(request, 0, sizeof *request);
    request->header.nlmsg_len = NLMSG_HDRLEN;
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = NLM_F_REQUEST | flags;
    netlink_append(request, body, size);
}

void netlink_put(struct netlink_request *request, uint16_t type, const void *bytes, size_t size) {
    if (request->header.nlmsg_len + NLA_HDRLEN + NLA_ALIGN(size) > sizeof request->bytes)
        return;
    struct nlattr attribute = {.nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type};
    netlink_append(request, &attribute, sizeof attribute);
    netlink_append(request, bytes, size);
}

void netlink_put_u32(struct netlink_request *request, uint16_t type, uint32_t value) {
    netlink_put(request, type, &value, sizeof value);
}

size_t netlink_nest(struct netlink_request *request, uint16_t type) {
    size_t place = request->header.nlmsg_len;
    netlink_put(request, type, NULL, 0);
    return place;
}

void netlink_close(struct netlink_request *request, size_t nest) {
    struct nlattr *attribute = (struct nlattr *)(request->bytes + nest);
    attribute->nla_len = (uint16_t)(request->header.nlmsg_len - nest);
}

static long error_in(const struct nlmsghdr *message, long size) {
    if (size < (long)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || message->nlmsg_type != NLMSG_ERROR)
        return 1;
    return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
}

long netlink_acknowledged(int socket) {
    union {
        struct nlmsghdr header;
        char bytes[4096];
    } answer;
    for (int i = 0; i < ANSWERS_MAX; i++) {
        ssize_t size = recv(socket, &answer, sizeof answer, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        long error = error_in(&answer.header, size);
        if (error <= 0)
            return error;
    }
    return -EPROTO;
}

long netlink_call(int socket, struct netlink_request *request) {
    request->header.nlmsg_flags |= NLM_F_ACK;
    if (send(socket, request, request->header.nlmsg_len, MSG_NOSIGNAL) < 0)
        return -errno;
    return netlink_acknowledged(socket);
}
