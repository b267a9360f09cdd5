// SPDX-License-Identifier: Apache-2.0
// Whether the template is alone. Another process could share its memory, or trace it, and change the code
// that copies run. The template is stopped by now, so nothing new can begin there.
#define _GNU_SOURCE
#include "copies/copies.h"
#include "slot/slot.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/// Processes of a slot with a template: the slot's own, PID 1 of the namespace, the template.
enum { OWN_PROCESSES = 3 };
/// Processes that have just ended count until the kernel has released them: longest wait for that.
enum { RELEASE_WAIT_MS = 100 };
/// Longest time for two listings: far less than 32,768 forks take, see is_alone_in_listing.
enum { LISTINGS_MS = 200 };

static void wait_a_millisecond(void) {
    struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
}

// The template's own /proc, which shows its PID namespace. It has no capability to replace it.
static DIR *open_namespace_proc(void) {
    char path[64];
    struct statfs system;
    snprintf(path, sizeof path, "%d/root/proc", template.process);
    int folder = openat(slot.proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_proc =
        folder >= 0 && fstatfs(folder, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
    DIR *listing = is_proc ? fdopendir(folder) : NULL;
    if (folder >= 0 && !listing)
        close(folder);
    return listing;
}

static int count_others(void) {
    DIR *listing = open_namespace_proc();
    if (!listing)
        return -1;
    int others = 0;
    for (struct dirent *entry; (entry = readdir(listing));) {
        int number = atoi(entry->d_name);
        others += number > 1 && number != TEMPLATE_TID;
    }
    closedir(listing);
    return others;
}

// One atomic read counts every process and thread, zombies too. No process of a function can leave the
// slot's cgroup. Processes of the slot that had this cgroup before may still be ending in it: they are in
// another PID namespace, and are waited for as long as a start may take.
static struct failure check_cgroup(void) {
    int64_t now = facts_now_ns(), end = now + RELEASE_WAIT_MS * 1000000LL;
    int64_t last = template.asked_ns + TEMPLATE_START_MS * 1000000LL;
    for (; now < end || (now < last && count_others() == 0); now = facts_now_ns()) {
        template.number = cgroups_pids_now(&slot.cgroups) - OWN_PROCESSES;
        if (template.number == 0)
            return success();
        wait_a_millisecond();
    }
    return (struct failure){CSANDBOX_STEP_TEMPLATE_PROCESSES, EBUSY};
}

// Where the host has no cgroup for it. A listing goes through the ids upwards, and a new process has
// a higher id than all before it: it can only be missed when the ids start over in the middle of the
// listing. They do not start over twice within the time for two listings.
static struct failure check_listings(void) {
    int64_t begin = facts_now_ns();
    for (int i = 0; i < 2; i++) {
        int others = count_others();
        template.number = others > 0 ? (uint32_t)others : 0;
        if (others != 0)
            return (struct failure){CSANDBOX_STEP_TEMPLATE_PROCESSES, others < 0 ? EIO : EBUSY};
    }
    if (facts_now_ns() - begin > LISTINGS_MS * 1000000LL)
        return (struct failure){CSANDBOX_STEP_TEMPLATE_PROCESSES, ETIMEDOUT};
    return success();
}

struct failure check_processes(void) {
    char status[4096];
    if (facts_read(template.process, "status", status, sizeof status) < 0)
        return (struct failure){CSANDBOX_STEP_TEMPLATE_THREADS, ESRCH};
    long threads = facts_number(status, "Threads");
    if (threads != 1) {
        template.number = (uint32_t)threads;
        return (struct failure){CSANDBOX_STEP_TEMPLATE_THREADS, EBUSY};
    }
    return slot.cgroups.pids_current >= 0 ? check_cgroup() : check_listings();
}
