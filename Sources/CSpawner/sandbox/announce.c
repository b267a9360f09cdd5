// SPDX-License-Identifier: Apache-2.0
// A message with descriptors to the gateway from a process that shares the slot's memory. Raw calls only.
#define _GNU_SOURCE
#include "sandbox/sandbox.h"
#include "sys.h"
#include <sys/socket.h>

long raw_send_to_gateway(const void *bytes, size_t size, const int *descriptors, size_t count) {
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * RAW_DESCRIPTORS_MAX)];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int) * count),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    if (count > RAW_DESCRIPTORS_MAX)
        return -EINVAL;
    int *place = (int *)CMSG_DATA(&control.header);
    for (size_t i = 0; i < count; i++)
        place[i] = descriptors[i];
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    return SYS3(SYS_sendmsg, slot.control, &message, MSG_NOSIGNAL);
}
