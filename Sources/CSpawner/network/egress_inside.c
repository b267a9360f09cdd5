// SPDX-License-Identifier: Apache-2.0
// The slot's end of its network: one interface, one gateway, and routes that refuse what functions may not
// reach. It is set up before the function starts, which has no capability to change it.
#define _GNU_SOURCE
#include "network/egress.h"
#include "csandbox_channel.h"
#include "slot/slot.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <unistd.h>

/// Settings of this network namespace, in the slot's /proc.
#define NETWORK_SETTINGS "/base/proc/sys/net"

// A kernel without IPv6 has the folder of IPv4 only.
static long disable_ipv6(void) {
    if (access(NETWORK_SETTINGS "/ipv4", F_OK) == 0 && access(NETWORK_SETTINGS "/ipv6", F_OK) != 0)
        return 0;
    int file = open(NETWORK_SETTINGS "/ipv6/conf/" EGRESS_INSIDE_NAME "/disable_ipv6",
                    O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return -errno;
    long result = write(file, "1", 1) < 0 ? -errno : 0;
    close(file);
    return result;
}

static long bring_up(int socket, uint32_t interface) {
    struct netlink_request request;
    struct ifinfomsg body = {
        .ifi_index = (int)interface, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    netlink_begin(&request, RTM_NEWLINK, 0, &body, sizeof body);
    return netlink_call(socket, &request);
}

static long add_route(int socket, uint32_t interface, const struct csandbox_route *route) {
    struct netlink_request request;
    bool refused = route->kind == CSANDBOX_ROUTE_REFUSED;
    struct rtmsg body = {.rtm_family = AF_INET,
                         .rtm_dst_len = route->prefix,
                         .rtm_table = RT_TABLE_MAIN,
                         .rtm_protocol = RTPROT_STATIC,
                         .rtm_scope = RT_SCOPE_UNIVERSE,
                         .rtm_type = refused ? RTN_UNREACHABLE : RTN_UNICAST};
    netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
    netlink_put_u32(&request, RTA_DST, htonl(route->address));
    if (!refused) {
        netlink_put_u32(&request, RTA_GATEWAY, htonl(egress_host_address(slot.host, slot.index)));
        netlink_put_u32(&request, RTA_OIF, interface);
    }
    return netlink_call(socket, &request);
}

// Routes of one kind. Refused ranges come first, so that no packet can leave before they exist.
static long add_routes(int socket, uint32_t interface, uint8_t kind) {
    for (uint32_t i = 0; i < slot.plan.route_count; i++)
        if (slot.plan.routes[i].kind == kind) {
            long result = add_route(socket, interface, &slot.plan.routes[i]);
            if (result < 0)
                return result;
        }
    return 0;
}

static long configure(int socket) {
    uint32_t interface = if_nametoindex(EGRESS_INSIDE_NAME);
    if (interface == 0)
        return -errno;
    long result = disable_ipv6();
    if (result == 0)
        result = egress_add_address(socket, interface, egress_slot_address(slot.host, slot.index),
                                    30, 0);
    if (result == 0)
        result = bring_up(socket, interface);
    if (result == 0)
        result = add_routes(socket, interface, CSANDBOX_ROUTE_REFUSED);
    if (result == 0)
        result = add_routes(socket, interface, CSANDBOX_ROUTE_GATEWAY);
    return result;
}

// Reports that the network namespace exists, then waits for its interface.
static struct failure await_interface(int binding, struct failure so_far) {
    struct csandbox_outcome message = {
        .header = {.kind = CSANDBOX_SLOT_READY}, .step = so_far.step, .error = so_far.error};
    int sent = csandbox_send(binding, &message, sizeof message, NULL, 0);
    TRY(so_far);
    TRY(check(CSANDBOX_STEP_PROTOCOL, sent));
    ssize_t size = csandbox_receive(binding, &message, sizeof message, NULL, NULL, 0);
    if (size != sizeof message)
        return (struct failure){CSANDBOX_STEP_SLOT_VETH, ECONNRESET};
    return (struct failure){message.step, message.error};
}

struct failure egress_join(int binding, struct failure so_far) {
    TRY(await_interface(binding, so_far));
    int socket = netlink_open(NETLINK_ROUTE);
    TRY(check(CSANDBOX_STEP_SLOT_VETH, socket));
    struct failure failure = check(CSANDBOX_STEP_SLOT_VETH, configure(socket));
    close(socket);
    return failure;
}
