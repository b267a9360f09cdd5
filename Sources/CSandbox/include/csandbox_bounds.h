// SPDX-License-Identifier: Apache-2.0
// Bounds of the messages between gateway, spawner and slots.
#pragma once

/// Instructions of a seccomp filter; the kernel's own bound is BPF_MAXINSNS.
#define CSANDBOX_FILTER_MAX 4096u
/// Hierarchies of one host for memory, cpu and pids, with room for co-mounts.
#define CSANDBOX_CGROUPS_MAX 4u
/// Supplementary groups of one user; NGROUPS_MAX is 65536, images use a few.
#define CSANDBOX_GROUPS_MAX 32u
/// Strings of argv and environ. Below a SEQPACKET's send buffer of 208 KiB.
#define CSANDBOX_STRINGS_MAX 122880u
/// Pointers in argv plus environ.
#define CSANDBOX_POINTERS_MAX 4096u
/// Folders and files of the host in one sandbox; more than command lines name.
#define CSANDBOX_TREES_MAX 16u
/// Mounts of one sandbox besides its own.
#define CSANDBOX_MOUNTS_MAX 16u
/// Folders that an image's configuration names, and the bytes of their paths, NULs included.
#define CSANDBOX_FOLDERS_MAX 32u
#define CSANDBOX_FOLDERS_BYTES 4096u
/// Bytes of the interpreter that a file names, with its NUL; a longer one is truncated.
#define CSANDBOX_INTERPRETER_MAX 128u
/// Bytes of the name of what keeps a process from being a template, with its NUL; a longer one is
/// truncated.
#define CSANDBOX_CULPRIT_MAX 128u
/// Largest packet that any helper sends to the gateway.
#define CSANDBOX_TO_GATEWAY_MAX 256u
/// Descriptors that come with a sandbox: the gateway's ends of its stdin, stdout and stderr.
#define CSANDBOX_STDIO_COUNT 3u
/// File descriptors that one message can carry: two sockets, rootfs, secrets,
/// mount table, and the trees.
#define CSANDBOX_DESCRIPTORS_MAX 21u
/// Slots of one gateway: one 64 Ki range of user ids each, below 2^31.
#define CSANDBOX_SLOTS_MAX 4000u
/// User ids in each slot's range.
#define CSANDBOX_IDS_PER_SLOT 65536u
/// Path bounds: names below the rootfs folder, host names, working directories.
#define CSANDBOX_NAME_MAX 256u
#define CSANDBOX_HOSTNAME_MAX 65u
#define CSANDBOX_DIRECTORY_MAX 1024u
#define CSANDBOX_PATH_MAX 1024u
/// Routes of one function's network: about a dozen refused ranges, three name
/// servers, and what egress_allow names, each possibly with a refusal inside.
#define CSANDBOX_ROUTES_MAX 96u
/// Bytes of a resolv.conf: three name servers, 256 characters of search domains.
#define CSANDBOX_RESOLV_MAX 1024u
/// Calls of openat2 for one path. The kernel (fs/namei.c) answers EAGAIN to ".." within a root when any rename or
/// mount on the whole system happened meanwhile, those of other sandboxes too. A loop of renames on another processor
/// can keep step with the calls, so that a thousand fail in a row, where a path with many ".." takes as long as a
/// rename; 4,096 calls take about 40 ms.
#define CSANDBOX_OPEN_CALLS_MAX 4096u
/// Bytes of further lines of /etc/hosts with their NUL: about sixty names of a container.
#define CSANDBOX_HOSTS_MAX 2048u
/// Addresses of one container: one in each of its networks, or one for the links of a function.
#define CSANDBOX_LINKS_MAX 8u
/// The range of all networks, 172.30.0.0/16 as Docker has it: a container sees it as its own.
#define CSANDBOX_LINKS_NETWORK 0xac1e0000u
#define CSANDBOX_LINKS_PREFIX 16u
/// Where the gateway listens for connections to other containers, on 127.0.0.1 in the container: tcpmux,
/// which programs do not use.
#define CSANDBOX_LINKS_PORT 1u
/// Processes that entered one running sandbox and have not ended: people, health checks and scripts
/// use a few at once.
#define CSANDBOX_ENTERED_MAX 32u
/// Interface groups of slots with a network begin here ("MF"); the firewall distinguishes egress
/// classes by them.
#define CSANDBOX_EGRESS_GROUP 0x4d460000u
