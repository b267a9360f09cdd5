// SPDX-License-Identifier: Apache-2.0
// netlink(7) messages of a bounded size, without a library or another program.
#pragma once
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes of one request; the largest, a pair of interfaces, takes about 150.
#define NETLINK_REQUEST_MAX 512u

struct netlink_request {
    union {
        struct nlmsghdr header;
        char bytes[NETLINK_REQUEST_MAX];
    };
};

/// Opens a netlink socket with a receive timeout of five seconds. Returns it or -errno.
int netlink_open(int protocol);

/// Begins a message: a header, then `size` bytes of the family's own header.
void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *body,
                   size_t size);
/// Adds one attribute. One that does not fit is left out, and the kernel refuses the message; the
/// callers' attributes fit.
void netlink_put(struct netlink_request *request, uint16_t type, const void *bytes, size_t size);
void netlink_put_u32(struct netlink_request *request, uint16_t type, uint32_t value);
/// Adds padded bytes that are not an attribute.
void netlink_append(struct netlink_request *request, const void *bytes, size_t size);
/// Begins a nested attribute, which netlink_close ends. Returns its position.
size_t netlink_nest(struct netlink_request *request, uint16_t type);
void netlink_close(struct netlink_request *request, size_t nest);

/// Sends one message and waits for its acknowledgement: 0 or -errno.
long netlink_call(int socket, struct netlink_request *request);
/// Waits for the acknowledgement of the last message: 0 or -errno. Skips a bounded number of other
/// messages.
long netlink_acknowledged(int socket);
