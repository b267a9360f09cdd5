// SPDX-License-Identifier: Apache-2.0
// Network of functions with egress: the host's end (spawner), the slot's end, and the firewall's table
// (supervisor).
#pragma once
#include "network/netlink.h"
#include "host.h"
#include "step.h"
#include <sys/types.h>

/// Bytes of the names of a network interface and of a firewall table.
#define EGRESS_INTERFACE_MAX 16u
#define EGRESS_TABLE_MAX 48u

/// Name of the interface inside a slot.
#define EGRESS_INSIDE_NAME "eth0"

/// Each slot has four addresses of the gateway's block: network, host's end,
/// slot's end, broadcast.
static inline uint32_t egress_host_address(const struct host *host, uint32_t index) {
    return host->configuration.egress_network + index * 4 + 1;
}
static inline uint32_t egress_slot_address(const struct host *host, uint32_t index) {
    return host->configuration.egress_network + index * 4 + 2;
}

/// egress_plan.c: whether the egress part of an order is valid for this host.
bool egress_is_valid(const struct host *host, const struct csandbox_make_slot *plan);

/// egress_link.c: creates the interfaces of a slot; called by the spawner, in the host's network
/// namespace.
struct failure egress_attach(const struct host *host, uint32_t index, pid_t slot_process,
                             const struct csandbox_make_slot *plan);
/// Adds one IPv4 address to an interface.
long egress_add_address(int socket, uint32_t interface, uint32_t address, uint8_t prefix,
                        uint32_t flags);

/// egress_inside.c, for the slot: reports `so_far` on `binding`, waits until the spawner has
/// created the interface, and sets it up.
struct failure egress_join(int binding, struct failure so_far);
