// SPDX-License-Identifier: Apache-2.0
// Whether a sandbox has changed its root. All of its processes have ended by then, so the state no longer
// changes. A change of a file's state changes its times. Their resolution (milliseconds before Linux 6.13,
// seconds for message queues) could hide a change directly after the root was made: then the state itself is
// compared.
#define _GNU_SOURCE
#include "mounts/root.h"
#include "slot/slot.h"
#include "sys.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/// Room for "." and ".." and a few more; names that do not fit count as a change.
enum { NAMES_BYTES = 512, NAMES_TOO_MANY = -1 };

static struct failure open_trace(struct root *root, const char *path, int flags) {
    int folder = open(path, flags | O_NOFOLLOW | O_CLOEXEC);
    TRY(check_errno(CSANDBOX_STEP_SANDBOX_LAYER, folder));
    root->traces[root->trace_count++].folder = folder;
    return success();
}

struct failure root_open_traces(struct root *root) {
    int flags = O_RDONLY | O_DIRECTORY;
    root->trace_count = 0;
    if (slot.has_layer)
        TRY(open_trace(root, "/base/layer/upper", flags));
    if (slot.plan.flags & CSANDBOX_SLOT_READ_ONLY)
        TRY(open_trace(root, "/base/layer/tmp", flags));
    TRY(open_trace(root, "/base/layer/shm", flags));
    TRY(open_trace(root, "/newroot/dev/mqueue", flags));
    TRY(open_trace(root, "/newroot/dev/pts", flags));
    return open_trace(root, "/newroot/dev/pts/ptmx", O_PATH);
}

void root_close_traces(struct root *root) {
    for (int i = 0; i < root->trace_count; i++)
        close(root->traces[i].folder);
    root->trace_count = 0;
}

static int count_names(int folder) {
    char bytes[NAMES_BYTES] __attribute__((aligned(8)));
    int count = 0;
    if (lseek(folder, 0, SEEK_SET) < 0)
        return NAMES_TOO_MANY;
    for (int calls = 0; calls < 2; calls++) {
        long size = syscall(SYS_getdents64, folder, bytes, sizeof bytes);
        if (size <= 0)
            return size == 0 ? count : NAMES_TOO_MANY;
        for (long place = 0; place < size; count++)
            place += ((struct dirent64 *)(bytes + place))->d_reclen;
    }
    return NAMES_TOO_MANY;
}

static bool read_times(int folder, struct trace *trace) {
    struct statx status;
    unsigned wanted = STATX_MODE | STATX_UID | STATX_GID | STATX_MTIME | STATX_CTIME;
    if (syscall(SYS_statx, folder, "", AT_EMPTY_PATH, wanted, &status) < 0)
        return false;
    *trace = (struct trace){
        .folder = folder,
        .mode = status.stx_mode,
        .owner = status.stx_uid,
        .group = status.stx_gid,
        .modified_s = status.stx_mtime.tv_sec,
        .modified_ns = status.stx_mtime.tv_nsec,
        .changed_s = status.stx_ctime.tv_sec,
        .changed_ns = status.stx_ctime.tv_nsec,
        .attributes = status.stx_attributes,
    };
    return true;
}

static bool read_trace(int folder, struct trace *trace) {
    if (!read_times(folder, trace))
        return false;
    if (!S_ISDIR(trace->mode))
        return true;
    trace->extended_bytes = flistxattr(folder, NULL, 0);
    // A file system without flags gives the same error each time.
    if (ioctl(folder, FS_IOC_GETFLAGS, &trace->flags) < 0)
        trace->flags = -errno;
    trace->names = count_names(folder);
    return trace->names != NAMES_TOO_MANY;
}

struct failure root_record(struct root *root) {
    for (int i = 0; i < root->trace_count; i++)
        if (!read_trace(root->traces[i].folder, &root->traces[i]))
            return (struct failure){CSANDBOX_STEP_SANDBOX_LAYER, EIO};
    return success();
}

static bool has_same_times(const struct trace *now, const struct trace *before) {
    return now->mode == before->mode && now->owner == before->owner &&
           now->group == before->group && now->attributes == before->attributes &&
           now->modified_s == before->modified_s && now->modified_ns == before->modified_ns &&
           now->changed_s == before->changed_s && now->changed_ns == before->changed_ns;
}

static bool is_same(const struct trace *now, const struct trace *before) {
    return has_same_times(now, before) && now->extended_bytes == before->extended_bytes &&
           now->flags == before->flags && now->names == before->names;
}

bool root_is_unchanged(const struct root *root) {
    // A root with kept changes or volumes of the host serves one sandbox only.
    if (slot.plan.flags & (CSANDBOX_SLOT_LAYER | CSANDBOX_SLOT_MOUNTS))
        return false;
    for (int i = 0; i < root->trace_count; i++) {
        const struct trace *before = &root->traces[i];
        struct trace now;
        bool untouched = root->is_settled
                             ? read_times(before->folder, &now) && has_same_times(&now, before)
                             : read_trace(before->folder, &now) && is_same(&now, before);
        if (!untouched)
            return false;
    }
    return true;
}

// Some file systems, such as message queues, keep whole seconds only.
static bool is_past(const struct trace *trace, const struct timespec *now) {
    return now->tv_sec > trace->changed_s ||
           (now->tv_sec == trace->changed_s && trace->changed_ns != 0 &&
            now->tv_nsec > (long)trace->changed_ns);
}

bool root_has_settled(const struct root *root) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0)
        return false;
    for (int i = 0; i < root->trace_count; i++)
        if (!is_past(&root->traces[i], &now))
            return false;
    return true;
}

bool layer_is_full(int folder) {
    struct statfs space;
    return fstatfs(folder, &space) == 0 && space.f_blocks > 0 &&
           (space.f_bavail == 0 || space.f_ffree == 0);
}

bool root_is_full(const struct root *root) {
    return root->trace_count > 0 && layer_is_full(root->traces[0].folder);
}
