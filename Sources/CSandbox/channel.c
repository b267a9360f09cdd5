// SPDX-License-Identifier: Apache-2.0
// Packets with file descriptors, and the names of steps.
#define _GNU_SOURCE
#include "csandbox_channel.h"
#include "csandbox_wire.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * CSANDBOX_DESCRIPTORS_MAX)];
};

int csandbox_send(int socket, const void *bytes, size_t size, const int *descriptors,
                  size_t count) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union control control;
    if (count > CSANDBOX_DESCRIPTORS_MAX)
        return -EINVAL;
    if (count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

// Passes on as many of the received descriptors as the caller has room for, and closes the others,
// so that a sender cannot fill this process's table of open files.
static size_t take_descriptors(struct msghdr *message, int *descriptors, size_t room) {
    size_t taken = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (taken < room)
                descriptors[taken++] = descriptor;
            else
                close(descriptor);
        }
    }
    return taken;
}

ssize_t csandbox_receive(int socket, void *bytes, size_t size, int *descriptors, size_t *count,
                         int flags) {
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    union control control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    ssize_t received;
    do
        received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    size_t room = count ? *count : 0;
    size_t taken = received >= 0 ? take_descriptors(&message, descriptors, room) : 0;
    if (count)
        *count = taken;
    if (received < 0)
        return -errno;
    return message.msg_flags & MSG_TRUNC ? -EMSGSIZE : received;
}

static const char *const step_names[] = {
#define CSANDBOX_STEP_NAME(name, text) text,
    CSANDBOX_STEPS(CSANDBOX_STEP_NAME)
#undef CSANDBOX_STEP_NAME
};

const char *csandbox_step_name(uint32_t step) {
    return step < CSANDBOX_STEP_COUNT ? step_names[step] : "unknown";
}
