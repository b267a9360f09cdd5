// SPDX-License-Identifier: Apache-2.0
// The host's end of a slot's network: a pair of interfaces, of which one is created inside the slot's network
// namespace and removed with it.
#define _GNU_SOURCE
#include "network/egress.h"
#include "network/firewall.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void put_name(struct netlink_request *request, const char *name) {
    netlink_put(request, IFLA_IFNAME, name, strlen(name) + 1);
}

static long make_pair(int socket, const char *name, uint32_t group, pid_t slot_process) {
    struct netlink_request request;
    struct ifinfomsg up = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    // Down at first: the slot disables IPv6 before it brings its end up.
    struct ifinfomsg peer = {.ifi_family = AF_UNSPEC};
    netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &up, sizeof up);
    put_name(&request, name);
    netlink_put_u32(&request, IFLA_GROUP, group);
    size_t information = netlink_nest(&request, IFLA_LINKINFO);
    netlink_put(&request, IFLA_INFO_KIND, "veth", 4);
    size_t data = netlink_nest(&request, IFLA_INFO_DATA);
    size_t inside = netlink_nest(&request, VETH_INFO_PEER);
    netlink_append(&request, &peer, sizeof peer);
    put_name(&request, EGRESS_INSIDE_NAME);
    netlink_put_u32(&request, IFLA_NET_NS_PID, (uint32_t)slot_process);
    netlink_close(&request, inside);
    netlink_close(&request, data);
    netlink_close(&request, information);
    return netlink_call(socket, &request);
}

static long remove_link(int socket, const char *name) {
    struct netlink_request request;
    struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
    netlink_begin(&request, RTM_DELLINK, 0, &any, sizeof any);
    put_name(&request, name);
    return netlink_call(socket, &request);
}

long egress_add_address(int socket, uint32_t interface, uint32_t address, uint8_t prefix,
                        uint32_t flags) {
    struct netlink_request request;
    struct ifaddrmsg body = {
        .ifa_family = AF_INET, .ifa_prefixlen = prefix, .ifa_index = interface};
    netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
    netlink_put_u32(&request, IFA_LOCAL, htonl(address));
    netlink_put_u32(&request, IFA_ADDRESS, htonl(address));
    netlink_put_u32(&request, IFA_FLAGS, flags);
    return netlink_call(socket, &request);
}

// Exclusive (NLM_F_EXCL): when another program already routes this address, its traffic must not
// reach a function.
static long route_to_slot(const struct host *host, int socket, uint32_t interface, uint32_t index) {
    struct netlink_request request;
    struct rtmsg body = {.rtm_family = AF_INET,
                         .rtm_dst_len = 32,
                         .rtm_table = RT_TABLE_MAIN,
                         .rtm_protocol = RTPROT_STATIC,
                         .rtm_scope = RT_SCOPE_LINK,
                         .rtm_type = RTN_UNICAST};
    netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof body);
    netlink_put_u32(&request, RTA_DST, htonl(egress_slot_address(host, index)));
    netlink_put_u32(&request, RTA_PREFSRC, htonl(egress_host_address(host, index)));
    netlink_put_u32(&request, RTA_OIF, interface);
    return netlink_call(socket, &request);
}

// Written only when it is off, because writing resets settings of single interfaces.
static long switch_forwarding_on(void) {
    char now = 0;
    int file = open("/proc/sys/net/ipv4/ip_forward", O_RDWR | O_CLOEXEC);
    if (file < 0)
        return -errno;
    long result = pread(file, &now, 1, 0) == 1 && now == '1' ? 0 : pwrite(file, "1", 1, 0);
    long error = result < 0 ? -errno : 0;
    close(file);
    return error;
}

// The interface of an ended slot may still exist, because the kernel removes network namespaces
// asynchronously. When its removal fails, so does the second attempt.
static long pair_in_place(int socket, const char *name, uint32_t group, pid_t slot_process) {
    long result = make_pair(socket, name, group, slot_process);
    if (result != -EEXIST)
        return result;
    remove_link(socket, name);
    return make_pair(socket, name, group, slot_process);
}

static long attach(const struct host *host, int socket, uint32_t index, pid_t slot_process,
                   uint32_t group) {
    char name[EGRESS_INTERFACE_MAX];
    snprintf(name, sizeof name, "mf%04x-%u", (unsigned)(host->configuration.gateway_hash & 0xffff),
             index);
    long result = pair_in_place(socket, name, group, slot_process);
    if (result < 0)
        return result;
    uint32_t interface = if_nametoindex(name);
    if (interface == 0)
        return -errno;
    result = egress_add_address(socket, interface, egress_host_address(host, index), 30,
                                IFA_F_NOPREFIXROUTE);
    if (result == 0)
        result = route_to_slot(host, socket, interface, index);
    if (result < 0)
        remove_link(socket, name);
    return result;
}

struct failure egress_attach(const struct host *host, uint32_t index, pid_t slot_process,
                             const struct csandbox_make_slot *plan) {
    // Checked for each slot: a flush of the host's rules also removes this table, and without it no
    // function gets a network. The checks come before the interface, which then needs no removal.
    TRY(check(CSANDBOX_STEP_SLOT_FIREWALL, firewall_present(&host->configuration)));
    TRY(check(CSANDBOX_STEP_SLOT_VETH, switch_forwarding_on()));
    int socket = netlink_open(NETLINK_ROUTE);
    TRY(check(CSANDBOX_STEP_SLOT_VETH, socket));
    uint32_t group = CSANDBOX_EGRESS_GROUP + plan->egress_class;
    struct failure failure =
        check(CSANDBOX_STEP_SLOT_VETH, attach(host, socket, index, slot_process, group));
    close(socket);
    return failure;
}
