// SPDX-License-Identifier: Apache-2.0
// The steps of every set-up, with number and name: a failure is reported as a step and an errno.
#pragma once
#include <stdint.h>

/// The step in which a set-up failed, in the order of a start from the supervisor to execve;
/// workers come last.
#define CSANDBOX_STEPS(X)                                                                          \
    X(NONE, "none")                                                                                \
    X(PROTOCOL, "protocol")                                                                        \
    X(SUPERVISOR, "supervisor process")                                                            \
    X(USER_NAMESPACE, "user namespace")                                                            \
    X(ID_MAP, "uid_map")                                                                           \
    X(NAMESPACES, "namespaces")                                                                    \
    X(PRUNE_TMPFS, "private root tmpfs")                                                           \
    X(PRUNE_PROC, "private root /proc")                                                            \
    X(PRUNE_SYS, "private root /sys")                                                              \
    X(PRUNE_DEV, "private root /dev")                                                              \
    X(PRUNE_ROOTFS, "bind of the rootfs folder")                                                   \
    X(PRUNE_PIVOT, "pivot into the private root")                                                  \
    X(CGROUP_CREATE, "cgroup create")                                                              \
    X(CGROUP_ENTER, "cgroup enter")                                                                \
    X(CGROUP_MEMORY, "cgroup memory limit")                                                        \
    X(CGROUP_CPU, "cgroup cpu limit")                                                              \
    X(CGROUP_PIDS, "cgroup pids limit")                                                            \
    X(CGROUP_FREEZE, "cgroup freezer")                                                             \
    X(SLOT_CLONE, "slot process")                                                                  \
    X(SLOT_SETNS, "enter user namespace")                                                          \
    X(SLOT_IDS, "slot user ids")                                                                   \
    X(SLOT_UNSHARE, "slot namespaces")                                                             \
    X(SLOT_LOOPBACK, "loopback up")                                                                \
    X(SLOT_FIREWALL, "egress firewall")                                                            \
    X(SLOT_VETH, "egress interface")                                                               \
    X(SLOT_LINKS, "links to other containers (nf_tables with nat and redir)")                      \
    X(SLOT_LIMITS, "resource limits")                                                              \
    X(SLOT_BOUNDING, "capability bounding set")                                                    \
    X(SLOT_NO_NEW_PRIVS, "no_new_privs")                                                           \
    X(HOST_TREE, "folder of the host")                                                             \
    X(SLOT_ROOTFS, "rootfs mount")                                                                 \
    X(SLOT_IDMAP, "idmapped mount")                                                                \
    X(SLOT_TEMPLATE, "mount template")                                                             \
    X(SLOT_DEV, "/dev of the slot")                                                                \
    X(SLOT_SYS, "/sys of the slot")                                                                \
    X(SLOT_LAYER, "folder of the writable layer")                                                  \
    X(SLOT_MOUNTS, "mount table")                                                                  \
    X(SLOT_SECRETS, "secrets")                                                                     \
    X(SLOT_HOSTNAME, "hostname")                                                                   \
    X(SLOT_SECCOMP, "seccomp")                                                                     \
    X(SANDBOX_PIPES, "stdio pipes")                                                                \
    X(SANDBOX_CLONE, "sandbox process")                                                            \
    X(SANDBOX_LAYER, "writable layer")                                                             \
    X(SANDBOX_OVERLAY, "overlay")                                                                  \
    X(SANDBOX_PROC, "/proc")                                                                       \
    X(SANDBOX_DEV, "/dev")                                                                         \
    X(SANDBOX_DEVPTS, "/dev/pts")                                                                  \
    X(SANDBOX_SHM, "/dev/shm")                                                                     \
    X(SANDBOX_MQUEUE, "/dev/mqueue")                                                               \
    X(SANDBOX_SYS, "/sys")                                                                         \
    X(SANDBOX_TMP, "/tmp")                                                                         \
    X(SANDBOX_SECRETS, "/run/secrets")                                                             \
    X(SANDBOX_ETC, "files of /etc")                                                                \
    X(SANDBOX_FOLDERS, "folders of the image's configuration")                                     \
    X(SANDBOX_TERMINAL, "terminal")                                                                \
    X(SANDBOX_MASKS, "masked paths")                                                               \
    X(SANDBOX_MOUNTS, "mounts of the user")                                                        \
    X(SANDBOX_ROOT, "root of the sandbox")                                                         \
    X(SANDBOX_SESSION, "session")                                                                  \
    X(SANDBOX_STDIO, "stdio")                                                                      \
    X(SANDBOX_LIMITS, "limit of open files")                                                       \
    X(SANDBOX_USER, "user and groups")                                                             \
    X(SANDBOX_CAPABILITIES, "capabilities")                                                        \
    X(SANDBOX_DIRECTORY, "working directory")                                                      \
    X(SANDBOX_ANNOUNCE, "announce")                                                                \
    X(SANDBOX_RELEASE, "release message")                                                          \
    X(SANDBOX_NETWORK, "network namespace of the sandbox")                                         \
    X(SANDBOX_EXEC, "execve")                                                                      \
    X(ENTER_NAMESPACES, "namespaces of the running container")                                     \
    X(ENTER_CLONE, "another process in the container")                                             \
    X(TEMPLATE_SUPPORT, "templates on this host")                                                  \
    X(TEMPLATE_NAMESPACE, "the template's process namespace")                                      \
    X(TEMPLATE_CLONE, "template process")                                                          \
    X(TEMPLATE_START, "start of the template")                                                     \
    X(TEMPLATE_READY, "the template's wait for its request")                                       \
    X(TEMPLATE_STOP, "stop of the template")                                                       \
    X(TEMPLATE_PROCESSES, "other processes of the template")                                       \
    X(TEMPLATE_THREADS, "threads of the template")                                                 \
    X(TEMPLATE_PRIVILEGES, "privileges of the template")                                           \
    X(TEMPLATE_FILTER, "system call filters of the template")                                      \
    X(TEMPLATE_INPUT, "standard streams of the template")                                          \
    X(TEMPLATE_OUTPUT, "output of the template")                                                   \
    X(TEMPLATE_DESCRIPTORS, "descriptors of the template")                                         \
    X(TEMPLATE_MEMORY, "memory of the template")                                                   \
    X(TEMPLATE_MAPPINGS, "mappings of the template")                                               \
    X(TEMPLATE_TIMERS, "timers of the template")                                                   \
    X(TEMPLATE_DIRECTORY, "working directory of the template")                                     \
    X(TEMPLATE_CODE, "code in the template")                                                       \
    X(TEMPLATE_THREAD_ID, "thread id of the template")                                             \
    X(COPY_ROOT, "root of the copy")                                                               \
    X(COPY_CLONE, "clone of the template")                                                         \
    X(COPY_IDS, "user ids of the copy")                                                            \
    X(COPY_PROC, "/proc of the copy")                                                              \
    X(COPY_MOUNTS, "mounts of the copy")                                                           \
    X(COPY_SETUP, "set-up in the copy")                                                            \
    X(COPY_PIPES, "pipes of the copy")                                                             \
    X(COPY_CHECK, "check of the copy")                                                             \
    X(COPY_COST, "cost of a copy")                                                                 \
    X(WORKER_FOLDER, "the worker's folder")                                                        \
    X(WORKER_CLONE, "worker process")                                                              \
    X(WORKER_ID_MAP, "the worker's user ids")                                                      \
    X(WORKER_IDMAP, "idmapped mount of the worker's folder")                                       \
    X(WORKER_EXEC, "the worker's program")                                                         \
    X(WORKER_ROOT, "the worker's empty root")                                                      \
    X(WORKER_CAPABILITIES, "the worker's capabilities")                                            \
    X(WORKER_SECCOMP, "the worker's seccomp filter")                                               \
    X(PINNED_FILE, "a file that root can read")

enum csandbox_step {
#define CSANDBOX_STEP_CASE(name, text) CSANDBOX_STEP_##name,
    CSANDBOX_STEPS(CSANDBOX_STEP_CASE)
#undef CSANDBOX_STEP_CASE
        CSANDBOX_STEP_COUNT
};

/// The name of a step for messages; "unknown" out of range.
const char *csandbox_step_name(uint32_t step);
