// SPDX-License-Identifier: Apache-2.0
// Checks the egress part of an order.
#include "network/egress.h"
#include <string.h>

static bool route_is_valid(const struct csandbox_route *route) {
    if (route->prefix > 32 ||
        (route->kind != CSANDBOX_ROUTE_GATEWAY && route->kind != CSANDBOX_ROUTE_REFUSED))
        return false;
    uint32_t mask = route->prefix ? ~0u << (32 - route->prefix) : 0;
    return (route->address & ~mask) == 0;
}

bool egress_is_valid(const struct host *host, const struct csandbox_make_slot *plan) {
    if (!(plan->flags & CSANDBOX_SLOT_EGRESS))
        return plan->route_count == 0 && plan->resolv_conf[0] == 0;
    if (!(host->configuration.flags & CSANDBOX_EGRESS) || rootless(host) ||
        plan->route_count > CSANDBOX_ROUTES_MAX || plan->egress_class >= CSANDBOX_EGRESS_CLASSES ||
        !memchr(plan->resolv_conf, 0, sizeof plan->resolv_conf))
        return false;
    for (uint32_t i = 0; i < plan->route_count; i++)
        if (!route_is_valid(&plan->routes[i]))
            return false;
    return true;
}
