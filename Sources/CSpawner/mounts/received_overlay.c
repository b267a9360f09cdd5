// SPDX-License-Identifier: Apache-2.0
// Requests a writable root from the spawner where it makes them. Raw calls only.
#define _GNU_SOURCE
#include "mounts/mount_calls.h"
#include "mounts/template.h"
#include "slot/slot.h"
#include <sys/socket.h>

/// Room for the trees of a request, and for the two mounts of an answer.
union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * CSANDBOX_OVERLAY_TREES_MAX)];
};

static void close_all(const int *descriptors, int count) {
    for (int i = 0; i < count; i++)
        if (descriptors[i] >= 0)
            SYS1(SYS_close, descriptors[i]);
}

static long ask(const int *trees, size_t count) {
    struct csandbox_overlay request = {.header = {.kind = CSANDBOX_MAKE_OVERLAY},
                                       .sequence = ++slot.overlay_sequence};
    struct iovec part = {&request, sizeof request};
    union control control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int) * count),
                                        .cmsg_level = SOL_SOCKET,
                                        .cmsg_type = SCM_RIGHTS}};
    int *descriptors = (int *)CMSG_DATA(&control.header);
    for (size_t i = 0; i < count; i++)
        descriptors[i] = trees[i];
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    return SYS3(SYS_sendmsg, slot.binding, &message, MSG_NOSIGNAL);
}

// Receives one answer; its descriptors are -1 when it has none.
static struct failure receive(struct csandbox_overlay *answer, int mounts[2]) {
    struct iovec part = {answer, sizeof *answer};
    union control control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    mounts[0] = mounts[1] = -1;
    long size = SYS3(SYS_recvmsg, slot.binding, &message, MSG_CMSG_CLOEXEC);
    TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY, size));
    if (size != sizeof *answer)
        return (struct failure){CSANDBOX_STEP_SANDBOX_OVERLAY, ECONNRESET};
    if (message.msg_controllen >= CMSG_LEN(sizeof(int) * 2)) {
        const int *descriptors = (const int *)CMSG_DATA(&control.header);
        mounts[0] = descriptors[0];
        mounts[1] = descriptors[1];
    }
    return success();
}

// Skips answers to earlier requests, which failed before theirs was read.
static struct failure receive_own(int mounts[2]) {
    struct csandbox_overlay answer;
    for (;;) {
        TRY(receive(&answer, mounts));
        if (answer.sequence == slot.overlay_sequence)
            break;
        close_all(mounts, 2);
    }
    TRY(((struct failure){answer.step, answer.error}));
    return mounts[1] < 0 ? (struct failure){CSANDBOX_STEP_SANDBOX_OVERLAY, EPROTO} : success();
}

static struct failure put_in_place(const int mounts[2]) {
    TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY, raw_move_mount(mounts[0], AT_FDCWD, "/newroot", 0)));
    return check(CSANDBOX_STEP_SANDBOX_LAYER,
                 raw_move_mount(mounts[1], AT_FDCWD, "/base/layer", 0));
}

// That of the template begins at its changes: see mounts/spawner_overlay.c.
static struct failure open_trees(int *trees, size_t count) {
    static const char *const places[CSANDBOX_OVERLAY_TREES_MAX] = {"/base/lower", "/base/files",
                                                                   "/base/template-layer/upper"};
    for (size_t i = 0; i < count; i++) {
        trees[i] = (int)raw_open_tree(AT_FDCWD, places[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        TRY(check(CSANDBOX_STEP_SANDBOX_OVERLAY, trees[i]));
    }
    return success();
}

struct failure overlay_request(bool has_template) {
    int trees[CSANDBOX_OVERLAY_TREES_MAX] = {-1, -1, -1}, mounts[2] = {-1, -1};
    size_t count = has_template ? CSANDBOX_OVERLAY_TREES_MAX : CSANDBOX_OVERLAY_TREES_MIN;
    struct failure failure = open_trees(trees, count);
    if (!failed(failure))
        failure = check(CSANDBOX_STEP_SANDBOX_OVERLAY, ask(trees, count));
    close_all(trees, CSANDBOX_OVERLAY_TREES_MAX);
    if (!failed(failure))
        failure = receive_own(mounts);
    if (!failed(failure))
        failure = put_in_place(mounts);
    close_all(mounts, 2);
    return failure;
}
