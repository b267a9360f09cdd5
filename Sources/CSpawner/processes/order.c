// SPDX-License-Identifier: Apache-2.0
// Checks of orders: no number that arrives in a message is used unchecked.
#include "processes/order.h"
#include "network/egress.h"
#include "network/links.h"
#include <string.h>

static bool is_text(const char *bytes, size_t size) { return bytes[0] && memchr(bytes, 0, size); }

static size_t descriptors_wanted(const struct csandbox_make_slot *plan) {
    return 2 + (plan->flags & CSANDBOX_SLOT_SECRETS ? 1 : 0) +
           (plan->flags & CSANDBOX_SLOT_MOUNTS ? 1 : 0) + plan->tree_count;
}

static bool trees_are_valid(const struct csandbox_make_slot *plan) {
    return plan->tree_count <= CSANDBOX_TREES_MAX &&
           (plan->tree_count > 0 || !(plan->flags & CSANDBOX_SLOT_LAYER)) &&
           !(plan->flags & CSANDBOX_SLOT_LAYER && plan->flags & CSANDBOX_SLOT_READ_ONLY);
}

// A slot that needs a network from its start, or serves one sandbox only, cannot share the empty
// network namespace.
static bool empty_network_is_valid(const struct csandbox_make_slot *plan) {
    uint32_t excluded =
        CSANDBOX_SLOT_EGRESS | CSANDBOX_SLOT_LAYER | CSANDBOX_SLOT_TERMINAL | CSANDBOX_SLOT_MOUNTS;
    return !(plan->flags & CSANDBOX_SLOT_EMPTY_NETWORK && plan->flags & excluded);
}

// A copy has the network namespace and the root of its own that the slot gives it, and no privilege.
static bool template_is_valid(const struct csandbox_make_slot *plan) {
    uint32_t excluded = CSANDBOX_SLOT_EGRESS | CSANDBOX_SLOT_LAYER | CSANDBOX_SLOT_TERMINAL |
                        CSANDBOX_SLOT_MOUNTS | CSANDBOX_SLOT_EMPTY_NETWORK |
                        CSANDBOX_SLOT_PREPARES_FIRST | CSANDBOX_SLOT_INIT;
    return !(plan->flags & CSANDBOX_SLOT_TEMPLATE) ||
           (!(plan->flags & excluded) && plan->capabilities == 0);
}

static bool folders_are_valid(const struct csandbox_make_slot *plan) {
    if (plan->folder_count > CSANDBOX_FOLDERS_MAX || plan->volume_count > plan->folder_count)
        return false;
    const char *place = plan->folders, *end = plan->folders + sizeof plan->folders;
    for (uint32_t i = 0; i < plan->folder_count; i++) {
        const char *stop = place < end ? memchr(place, 0, (size_t)(end - place)) : NULL;
        if (!stop || place[0] != '/' || stop - place >= CSANDBOX_PATH_MAX)
            return false;
        place = stop + 1;
    }
    return true;
}

bool path_is_valid(const char *bytes) {
    return bytes[0] == '/' && memchr(bytes, 0, CSANDBOX_PATH_MAX);
}

bool configuration_is_valid(const struct csandbox_configure *configuration, ssize_t size) {
    bool is_valid = size == sizeof *configuration &&
                    configuration->header.kind == CSANDBOX_CONFIGURE &&
                    configuration->version == CSANDBOX_PROTOCOL_VERSION &&
                    configuration->cgroup_count <= CSANDBOX_CGROUPS_MAX &&
                    configuration->filter_count <= CSANDBOX_FILTER_MAX &&
                    path_is_valid(configuration->rootfs_directory);
    for (uint32_t i = 0; is_valid && i < configuration->cgroup_count; i++)
        is_valid = path_is_valid(configuration->cgroups[i].path);
    return is_valid;
}

bool order_is_valid(const struct host *host, const struct csandbox_make_slot *plan, ssize_t size,
                    size_t count) {
    return size == sizeof *plan && plan->header.slot != 0 && trees_are_valid(plan) &&
           count == descriptors_wanted(plan) && plan->group_count <= CSANDBOX_GROUPS_MAX &&
           plan->uid < CSANDBOX_IDS_PER_SLOT && plan->gid < CSANDBOX_IDS_PER_SLOT &&
           is_text(plan->rootfs, sizeof plan->rootfs) &&
           is_text(plan->hostname, sizeof plan->hostname) &&
           is_text(plan->directory, sizeof plan->directory) &&
           memchr(plan->hosts, 0, sizeof plan->hosts) && plan->memory_bytes > 0 &&
           plan->disk_bytes > 0 && plan->cpu_millicores > 0 && plan->pids > 0 &&
           egress_is_valid(host, plan) && empty_network_is_valid(plan) && template_is_valid(plan) &&
           links_are_valid(plan) && folders_are_valid(plan);
}
