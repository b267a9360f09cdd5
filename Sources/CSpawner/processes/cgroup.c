// SPDX-License-Identifier: Apache-2.0
// Cgroups of slots on v1, v2 and hybrid hosts. A slot enters its cgroups once, and moves itself: moving
// another process waits for an RCU grace period, which stalls every fork on the machine.
#define _GNU_SOURCE
#include "processes/cgroup.h"
#include "processes/spawner.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/// One period of the processor limit, as Docker sets it.
enum { CPU_PERIOD_US = 100000 };
/// A dying process leaves its cgroup shortly after it is reaped.
enum { SWEEP_ATTEMPTS = 200, SWEEP_PAUSE_NS = 10000000 };

static long write_at(int folder, const char *name, const char *text) {
    int file = openat(folder, name, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return -errno;
    ssize_t written = write(file, text, strlen(text));
    long result = written < 0 ? -errno : 0;
    close(file);
    return result;
}

static long write_number_at(int folder, const char *name, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return write_at(folder, name, text);
}

// The parent folder may not delegate controllers to its children yet. Enabling is idempotent. Each
// controller is written separately, because one that is missing would make the whole write fail; a
// controller that stays off shows in the features.
static void enable_controllers(int folder) {
    static const char *const controllers[] = {"+memory", "+cpu", "+pids"};
    for (size_t i = 0; i < 3; i++)
        write_at(folder, "cgroup.subtree_control", controllers[i]);
}

// Below a threaded cgroup, new folders have the type "domain invalid" and accept no processes.
static bool takes_processes(int folder) {
    char text[32];
    int file = openat(folder, "cgroup.type", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    return size > 0 && strncmp(text, "domain\n", (size_t)size) == 0;
}

static uint32_t v2_features(int folder) {
    uint32_t features = 0;
    enable_controllers(folder);
    int probe = mkdirat(folder, "probe", 0755) == 0 || errno == EEXIST
                    ? openat(folder, "probe", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    : -1;
    if (probe < 0)
        return 0;
    if (!takes_processes(probe)) {
        close(probe);
        unlinkat(folder, "probe", AT_REMOVEDIR);
        return 0;
    }
    if (faccessat(probe, "memory.max", F_OK, 0) == 0)
        features |= CSANDBOX_FEATURE_CGROUP_MEMORY;
    if (faccessat(probe, "cpu.max", F_OK, 0) == 0)
        features |= CSANDBOX_FEATURE_CGROUP_CPU;
    if (faccessat(probe, "pids.max", F_OK, 0) == 0)
        features |= CSANDBOX_FEATURE_CGROUP_PIDS;
    if (features && faccessat(probe, "cgroup.freeze", F_OK, 0) == 0)
        features |= CSANDBOX_FEATURE_FREEZER;
    close(probe);
    unlinkat(folder, "probe", AT_REMOVEDIR);
    return features;
}

static uint32_t features_of(uint32_t kinds, int folder) {
    if (kinds & CSANDBOX_CGROUP_V2)
        return v2_features(folder);
    return (kinds & CSANDBOX_CGROUP_MEMORY ? CSANDBOX_FEATURE_CGROUP_MEMORY : 0) |
           (kinds & CSANDBOX_CGROUP_CPU ? CSANDBOX_FEATURE_CGROUP_CPU : 0) |
           (kinds & CSANDBOX_CGROUP_PIDS ? CSANDBOX_FEATURE_CGROUP_PIDS : 0) |
           (kinds & CSANDBOX_CGROUP_FREEZER ? CSANDBOX_FEATURE_FREEZER : 0);
}

// A hierarchy that cannot be used (read-only, not delegated to this user) costs only its limits:
// the features that are reported to the gateway lack them.
struct failure cgroups_open(void) {
    for (uint32_t i = 0; i < spawner.host->configuration.cgroup_count; i++) {
        const struct csandbox_cgroup *cgroup = &spawner.host->configuration.cgroups[i];
        spawner.cgroup_folders[i] = -1;
        if (mkdir(cgroup->path, 0755) < 0 && errno != EEXIST)
            continue;
        int folder = open(cgroup->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
            return check_errno(CSANDBOX_STEP_CGROUP_CREATE, -1);
        uint32_t features = features_of(cgroup->kinds, folder);
        // A folder without any limit is of no use, and may refuse processes.
        if (features == 0) {
            close(folder);
            continue;
        }
        spawner.cgroup_folders[i] = folder;
        spawner.features |= features;
    }
    return success();
}

static long freeze_at(uint32_t kinds, int folder, bool freezes) {
    if (kinds & CSANDBOX_CGROUP_V2)
        return write_at(folder, "cgroup.freeze", freezes ? "1" : "0");
    return write_at(folder, "freezer.state", freezes ? "FROZEN" : "THAWED");
}

// v1: a frozen process does not die of SIGKILL until it is thawed, so that neither its PID namespace nor
// its cgroup would ever become empty.
void cgroups_thaw(const struct csandbox_configure *configuration) {
    for (uint32_t i = 0; i < configuration->cgroup_count; i++) {
        DIR *folder = configuration->cgroups[i].kinds & CSANDBOX_CGROUP_FREEZER
                          ? opendir(configuration->cgroups[i].path)
                          : NULL;
        if (!folder)
            continue;
        for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
            int slot =
                entry->d_type == DT_DIR && entry->d_name[0] != '.'
                    ? openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    : -1;
            if (slot < 0)
                continue;
            freeze_at(CSANDBOX_CGROUP_FREEZER, slot, false);
            close(slot);
        }
        closedir(folder);
    }
}

static void remove_folder(int parent, const char *name) {
    struct timespec pause = {0, SWEEP_PAUSE_NS};
    for (int attempt = 0; attempt < SWEEP_ATTEMPTS; attempt++) {
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno != EBUSY)
            return;
        nanosleep(&pause, NULL);
    }
}

// By path, because the supervisor never enters the private root. Folders of slots first: a folder
// with children cannot be removed.
void cgroups_sweep(const struct csandbox_configure *configuration) {
    cgroups_thaw(configuration);
    for (uint32_t i = 0; i < configuration->cgroup_count; i++) {
        const char *path = configuration->cgroups[i].path;
        DIR *folder = opendir(path);
        if (!folder)
            continue;
        for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
            if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                remove_folder(dirfd(folder), entry->d_name);
        closedir(folder);
        remove_folder(AT_FDCWD, path);
    }
}

static int slot_folder(uint32_t hierarchy, uint32_t index) {
    char name[24];
    int parent = spawner.cgroup_folders[hierarchy];
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    snprintf(name, sizeof name, "slot-%u", index);
    // The folder exists, unless the index is new.
    int folder = openat(parent, name, flags);
    if (folder >= 0 || errno != ENOENT || mkdirat(parent, name, 0755) < 0)
        return folder;
    spawner.limits[index].are_set = false;
    return openat(parent, name, flags);
}

static void open_pids_files(int folder, struct slot_cgroups *cgroups) {
    cgroups->pids_counter = openat(folder, "pids.events", O_RDONLY | O_CLOEXEC);
    cgroups->pids_current = openat(folder, "pids.current", O_RDONLY | O_CLOEXEC);
}

// Without the file that it enters by a slot would run without limits. Without a counter the cause
// of an end is less precise, and nothing else.
static struct failure open_slot_files(uint32_t kinds, int folder, struct slot_cgroups *cgroups,
                                      uint32_t hierarchy) {
    if (kinds & CSANDBOX_CGROUP_V2) {
        cgroups->v2_folder = folder;
        cgroups->oom_counter = openat(folder, "memory.events", O_RDONLY | O_CLOEXEC);
        cgroups->memory_usage = openat(folder, "memory.current", O_RDONLY | O_CLOEXEC);
        cgroups->process_list = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        if (spawner.features & CSANDBOX_FEATURE_CGROUP_PIDS)
            open_pids_files(folder, cgroups);
        return success();
    }
    cgroups->tasks[hierarchy] = openat(folder, "tasks", O_WRONLY | O_CLOEXEC);
    struct failure failure = check_errno(CSANDBOX_STEP_CGROUP_CREATE, cgroups->tasks[hierarchy]);
    if (kinds & CSANDBOX_CGROUP_MEMORY) {
        cgroups->oom_counter = openat(folder, "memory.oom_control", O_RDONLY | O_CLOEXEC);
        cgroups->memory_usage = openat(folder, "memory.usage_in_bytes", O_RDONLY | O_CLOEXEC);
    }
    // The slot is in each of its hierarchies.
    if (cgroups->process_list < 0)
        cgroups->process_list = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    if (kinds & CSANDBOX_CGROUP_PIDS)
        open_pids_files(folder, cgroups);
    close(folder);
    return failure;
}

struct failure cgroups_prepare(uint32_t index, struct slot_cgroups *cgroups) {
    memset(cgroups, -1, sizeof *cgroups);
    for (uint32_t i = 0; i < spawner.host->configuration.cgroup_count; i++) {
        if (spawner.cgroup_folders[i] < 0)
            continue;
        int folder = slot_folder(i, index);
        struct failure failure = check_errno(CSANDBOX_STEP_CGROUP_CREATE, folder);
        if (!failed(failure))
            failure =
                open_slot_files(spawner.host->configuration.cgroups[i].kinds, folder, cgroups, i);
        if (failed(failure)) {
            cgroups_close(cgroups);
            return failure;
        }
    }
    return success();
}

void cgroups_close(struct slot_cgroups *cgroups) {
    for (uint32_t i = 0; i < CSANDBOX_CGROUPS_MAX; i++)
        if (cgroups->tasks[i] >= 0)
            close(cgroups->tasks[i]);
    if (cgroups->v2_folder >= 0)
        close(cgroups->v2_folder);
    const int files[] = {cgroups->oom_counter, cgroups->pids_counter, cgroups->pids_current,
                         cgroups->memory_usage, cgroups->process_list};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i] >= 0)
            close(files[i]);
    memset(cgroups, -1, sizeof *cgroups);
}

// v1 only: "0" names the writing process, which the kernel moves without the global lock.
struct failure cgroups_enter(const struct slot_cgroups *cgroups) {
    for (uint32_t i = 0; i < CSANDBOX_CGROUPS_MAX; i++)
        if (cgroups->tasks[i] >= 0 && write(cgroups->tasks[i], "0", 1) < 0)
            return check_errno(CSANDBOX_STEP_CGROUP_ENTER, -1);
    return success();
}

/// Fraction (1/N) of the memory limit that socket buffers may use in addition: v1 counts them
/// separately, and not at all without a limit of their own. v2 counts them with the other memory.
enum { SOCKET_MEMORY_SHARE = 4 };

// The limit of memory and swap together (memsw) may never be below the limit of memory, so the
// first write removes it and the last sets it. Kernels without swap accounting or TCP accounting
// lack these files, and swappiness cannot be written on some: the memory limit holds without them,
// so only its own write is checked.
static long limit_memory_v1(int folder, uint64_t bytes) {
    write_number_at(folder, "memory.kmem.tcp.limit_in_bytes", bytes / SOCKET_MEMORY_SHARE);
    write_at(folder, "memory.memsw.limit_in_bytes", "-1");
    long result = write_number_at(folder, "memory.limit_in_bytes", bytes);
    write_at(folder, "memory.swappiness", "0");
    write_number_at(folder, "memory.memsw.limit_in_bytes", bytes);
    return result;
}

// A kernel without swap accounting lacks the file of swap.
static long limit_memory_v2(int folder, uint64_t bytes) {
    write_at(folder, "memory.swap.max", "0");
    return write_number_at(folder, "memory.max", bytes);
}

static long limit_cpu_v1(int folder, uint32_t millicores) {
    long result = write_number_at(folder, "cpu.cfs_period_us", CPU_PERIOD_US);
    if (result < 0)
        return result;
    return write_number_at(folder, "cpu.cfs_quota_us", (uint64_t)millicores * CPU_PERIOD_US / 1000);
}

static long limit_cpu_v2(int folder, uint32_t millicores) {
    char text[48];
    snprintf(text, sizeof text, "%llu %d", (unsigned long long)millicores * CPU_PERIOD_US / 1000,
             CPU_PERIOD_US);
    return write_at(folder, "cpu.max", text);
}

// The slot's process counts too; so do a template and PID 1 of its namespace.
static uint32_t pids_of(const struct csandbox_make_slot *plan) {
    return plan->pids + (plan->flags & CSANDBOX_SLOT_TEMPLATE ? 3 : 1);
}

static struct failure limit_hierarchy(uint32_t kinds, int folder,
                                      const struct csandbox_make_slot *plan) {
    bool v2 = kinds & CSANDBOX_CGROUP_V2;
    uint32_t has = v2 ? spawner.features : features_of(kinds, folder);
    if (has & CSANDBOX_FEATURE_CGROUP_MEMORY)
        TRY(check(CSANDBOX_STEP_CGROUP_MEMORY, v2 ? limit_memory_v2(folder, plan->memory_bytes)
                                                  : limit_memory_v1(folder, plan->memory_bytes)));
    if (has & CSANDBOX_FEATURE_CGROUP_CPU)
        TRY(check(CSANDBOX_STEP_CGROUP_CPU, v2 ? limit_cpu_v2(folder, plan->cpu_millicores)
                                               : limit_cpu_v1(folder, plan->cpu_millicores)));
    if (has & CSANDBOX_FEATURE_CGROUP_PIDS)
        TRY(check(CSANDBOX_STEP_CGROUP_PIDS, write_number_at(folder, "pids.max", pids_of(plan))));
    return success();
}

struct failure cgroups_limit(uint32_t index, const struct csandbox_make_slot *plan) {
    struct cgroup_limits *now = &spawner.limits[index];
    if (now->are_set && now->memory_bytes == plan->memory_bytes && now->pids == pids_of(plan) &&
        now->cpu_millicores == plan->cpu_millicores)
        return success();
    now->are_set = false;
    for (uint32_t i = 0; i < spawner.host->configuration.cgroup_count; i++) {
        if (spawner.cgroup_folders[i] < 0)
            continue;
        int folder = slot_folder(i, index);
        if (folder < 0)
            return check_errno(CSANDBOX_STEP_CGROUP_CREATE, -1);
        struct failure failure =
            limit_hierarchy(spawner.host->configuration.cgroups[i].kinds, folder, plan);
        close(folder);
        TRY(failure);
    }
    *now = (struct cgroup_limits){.are_set = true,
                                  .is_frozen = now->is_frozen,
                                  .cpu_millicores = plan->cpu_millicores,
                                  .memory_bytes = plan->memory_bytes,
                                  .pids = pids_of(plan)};
    return success();
}

// Reads a count from a file of `key value` lines; 0 when the file or the key is missing.
static uint32_t read_count(int file, const char *key) {
    char text[512];
    ssize_t size = file < 0 ? -1 : pread(file, text, sizeof text - 1, 0);
    if (size <= 0)
        return 0;
    text[size] = 0;
    const char *place = strstr(text, key);
    return place ? (uint32_t)strtoul(place + strlen(key), NULL, 10) : 0;
}

uint32_t cgroups_oom_kills(const struct slot_cgroups *cgroups) {
    // No other key ends in "oom_kill "; v1 also has "oom_kill_disable", without the space.
    return read_count(cgroups->oom_counter, "oom_kill ");
}

uint32_t cgroups_pids_refused(const struct slot_cgroups *cgroups) {
    return read_count(cgroups->pids_counter, "max ");
}

uint32_t cgroups_pids_now(const struct slot_cgroups *cgroups) {
    return read_count(cgroups->pids_current, "");
}

uint32_t cgroups_oom_kills_of(uint32_t index) {
    struct slot_cgroups cgroups;
    if (failed(cgroups_prepare(index, &cgroups)))
        return 0;
    uint32_t kills = cgroups_oom_kills(&cgroups);
    cgroups_close(&cgroups);
    return kills;
}

struct failure cgroups_freeze(uint32_t index, bool freezes) {
    long result = -EOPNOTSUPP;
    for (uint32_t i = 0; i < spawner.host->configuration.cgroup_count; i++) {
        uint32_t kinds = spawner.host->configuration.cgroups[i].kinds;
        if (spawner.cgroup_folders[i] < 0 ||
            !(kinds & (CSANDBOX_CGROUP_V2 | CSANDBOX_CGROUP_FREEZER)))
            continue;
        int folder = slot_folder(i, index);
        result = folder < 0 ? -errno : freeze_at(kinds, folder, freezes);
        if (folder >= 0)
            close(folder);
        if (result < 0)
            break;
    }
    spawner.limits[index].is_frozen = freezes;
    return check(CSANDBOX_STEP_CGROUP_FREEZE, result);
}
