// SPDX-License-Identifier: Apache-2.0
// What running processes use, and the list of them; wait4(2) has it for ended ones.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "csandbox_channel.h"
#include "mounts/mount_calls.h"
#include "slot/slot.h"
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/// A line of /proc/PID/stat: 52 numbers and a name of 15 bytes.
enum { STAT_BYTES = 1536 };
/// One piece of a list of processes.
enum { LIST_BYTES = 1024 };
/// Processes of one container that are counted: each costs some microseconds of the container's own
/// processor time.
enum { PROCESSES_MAX = 256 };

// The process name is in parentheses and may contain any byte, so the search for its end starts at
// the end of the line.
struct cpu_times cpu_times_of(pid_t pid) {
    struct cpu_times none = {0, 0};
    char path[64], text[STAT_BYTES];
    snprintf(path, sizeof path, "%d/stat", pid);
    int file = openat(slot.proc, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return none;
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    if (size <= 0)
        return none;
    text[size] = 0;
    const char *end = strrchr(text, ')');
    long user, system, children_user, children_system;
    if (!end || sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld",
                       &user, &system, &children_user, &children_system) != 4)
        return none;
    int64_t tick_us = 1000000 / sysconf(_SC_CLK_TCK);
    return (struct cpu_times){(user + children_user) * tick_us,
                              (system + children_system) * tick_us};
}

static ssize_t read_text(int file, off_t offset, char *text, size_t size) {
    ssize_t count = file < 0 ? -1 : pread(file, text, size - 1, offset);
    text[count > 0 ? count : 0] = 0;
    return count;
}

// Of the cgroup's processes, those that are no sandbox's: the slot's own and its template.
static bool is_slots(pid_t pid) { return pid == getpid() || pid == template.process; }

static void add_process(struct csandbox_usage *usage, pid_t pid) {
    struct cpu_times times = cpu_times_of(pid);
    usage->cpu_us += times.user_us + times.system_us;
    usage->processes++;
}

// Numbers that are cut off are read again, whole, with the next piece; returns how much of the text was
// used.
static off_t add_listed(struct csandbox_usage *usage, const char *text) {
    const char *place = text;
    for (const char *end; (end = strchr(place, '\n')); place = end + 1) {
        pid_t pid = (pid_t)strtol(place, NULL, 10);
        if (pid > 0 && !is_slots(pid) && usage->processes < PROCESSES_MAX)
            add_process(usage, pid);
    }
    return place - text;
}

// A list of cgroup v1 stays as it was first read until it has not been read for a second
// (kernel/cgroup/cgroup-v1.c, CGROUP_PIDLIST_DESTROY_DELAY); one that is opened again is new.
static int open_list(void) {
    char path[32];
    snprintf(path, sizeof path, "self/fd/%d", slot.cgroups.process_list);
    return openat(slot.proc, path, O_RDONLY | O_CLOEXEC);
}

static void add_processes(struct csandbox_usage *usage) {
    char text[LIST_BYTES];
    off_t used = 0;
    int list = open_list();
    while (usage->processes < PROCESSES_MAX && read_text(list, used, text, sizeof text) > 0) {
        off_t count = add_listed(usage, text);
        if (count == 0)
            break;
        used += count;
    }
    if (list >= 0)
        close(list);
    // Where there is no list.
    if (usage->processes == 0)
        add_process(usage, slot.sandbox);
    // What a program used before it was assigned is not its call's.
    int64_t before = (int64_t)(slot.used_before.user_us + slot.used_before.system_us);
    usage->cpu_us = usage->cpu_us > before ? usage->cpu_us - before : 0;
}

long processes_open(void) {
    char path[64];
    struct statfs system;
    if (slot.sandbox == 0 || slot.exec_at_ns == 0)
        return -ESRCH;
    snprintf(path, sizeof path, "%d/root", slot.sandbox);
    int root = openat(slot.proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    long folder = open_in_root(root, "/proc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    close(root);
    if (folder < 0)
        return folder;
    long result = fstatfs((int)folder, &system) < 0   ? -errno
                  : system.f_type == PROC_SUPER_MAGIC ? folder
                                                      : -EXDEV;
    if (result < 0)
        close((int)folder);
    return result;
}

void usage_order_answer(const struct csandbox_usage_order *order) {
    struct csandbox_usage usage = {
        .header = order->header, .sequence = order->sequence, .memory_bytes = -1};
    char text[24];
    if (slot.sandbox == 0 || order->sandbox != slot.number) {
        usage.error = ESRCH;
    } else {
        if (read_text(slot.cgroups.memory_usage, 0, text, sizeof text) > 0)
            usage.memory_bytes = strtoll(text, NULL, 10);
        add_processes(&usage);
    }
    if (csandbox_send(slot.control, &usage, sizeof usage, NULL, 0) < 0)
        _exit(1);
}
