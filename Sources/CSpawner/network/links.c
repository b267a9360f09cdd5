// SPDX-License-Identifier: Apache-2.0
// Links: the addresses of other containers, in one container's network namespace. The whole range is local
// there, so that no packet leaves the namespace; connections to addresses other than the own ones go to a
// port of 127.0.0.1 where the gateway listens, and the kernel tells it the address that was meant.
#define _GNU_SOURCE
#include "network/links.h"
#include "network/egress.h"
#include "network/nft.h"
#include "slot/slot.h"
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define TABLE "mayfly"
/// Offsets in an IPv4 header, and of the source port in that of TCP.
enum { SOURCE_OFFSET = 12, DESTINATION_OFFSET = 16, SOURCE_PORT_OFFSET = 0 };
/// Bytes of an address that name the range.
enum { RANGE_BYTES = CSANDBOX_LINKS_PREFIX / 8 };
/// After connection tracking (-200), before filters.
enum { DESTINATION_PRIORITY = -100 };
/// Loopback is the first interface of each network namespace.
enum { LOOPBACK = 1 };

static bool are_addresses(const uint32_t *links, uint32_t count) {
    uint32_t mask = ~0u << (32 - CSANDBOX_LINKS_PREFIX);
    if (count > CSANDBOX_LINKS_MAX)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if ((links[i] & mask) != CSANDBOX_LINKS_NETWORK)
            return false;
    return true;
}

bool links_are_valid(const struct csandbox_make_slot *plan) {
    uint32_t excluded = CSANDBOX_SLOT_EMPTY_NETWORK | CSANDBOX_SLOT_TEMPLATE;
    if (!are_addresses(plan->links, plan->link_count))
        return false;
    return plan->link_count > 0 ? !(plan->flags & excluded) : !(plan->flags & CSANDBOX_SLOT_HOSTS);
}

// Without a source of its own a connection to an address of the range would seem to come from that
// address. Without any link it leads nowhere.
static long set_range(int socket) {
    struct netlink_request request;
    struct rtmsg body = {.rtm_family = AF_INET,
                         .rtm_dst_len = CSANDBOX_LINKS_PREFIX,
                         .rtm_table = RT_TABLE_LOCAL,
                         .rtm_protocol = RTPROT_STATIC,
                         .rtm_scope = RT_SCOPE_HOST,
                         .rtm_type = RTN_LOCAL};
    netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &body, sizeof body);
    netlink_put_u32(&request, RTA_DST, htonl(CSANDBOX_LINKS_NETWORK));
    netlink_put_u32(&request, RTA_OIF, LOOPBACK);
    if (slot.plan.link_count > 0)
        netlink_put_u32(&request, RTA_PREFSRC, htonl(slot.plan.links[0]));
    return netlink_call(socket, &request);
}

static long remove_address(int socket, uint32_t address) {
    struct netlink_request request;
    struct ifaddrmsg body = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = LOOPBACK};
    netlink_begin(&request, RTM_DELADDR, 0, &body, sizeof body);
    netlink_put_u32(&request, IFA_LOCAL, htonl(address));
    return netlink_call(socket, &request);
}

static bool contains(const uint32_t *links, uint32_t count, uint32_t address) {
    bool is_there = false;
    for (uint32_t i = 0; i < count; i++)
        is_there |= links[i] == address;
    return is_there;
}

/// How far a change of addresses has come, for its way back.
struct address_change {
    uint32_t added[CSANDBOX_LINKS_MAX], removed[CSANDBOX_LINKS_MAX];
    uint32_t added_count, removed_count;
};

// From the addresses that the namespace has to those of the plan. The route before the removals: it would
// go with the address that it names as its source.
static long set_addresses(int socket, const uint32_t *before, uint32_t count,
                          struct address_change *change) {
    long result = 0;
    for (uint32_t i = 0; i < slot.plan.link_count && result == 0; i++) {
        if (contains(before, count, slot.plan.links[i]))
            continue;
        result = egress_add_address(socket, LOOPBACK, slot.plan.links[i], 32, 0);
        if (result == 0)
            change->added[change->added_count++] = slot.plan.links[i];
    }
    if (result == 0)
        result = set_range(socket);
    for (uint32_t i = 0; i < count && result == 0; i++) {
        if (contains(slot.plan.links, slot.plan.link_count, before[i]))
            continue;
        result = remove_address(socket, before[i]);
        if (result == 0)
            change->removed[change->removed_count++] = before[i];
    }
    return result;
}

// The way back of a change that failed half-way, once the plan has the addresses of before: only what
// the change itself did, so that an address that was in its way stays. Whatever fails here, the rest is
// tried: the error of the change is the one that is reported.
static void restore_addresses(int socket, const struct address_change *change) {
    for (uint32_t i = 0; i < change->removed_count; i++)
        egress_add_address(socket, LOOPBACK, change->removed[i], 32, 0);
    set_range(socket);
    for (uint32_t i = 0; i < change->added_count; i++)
        remove_address(socket, change->added[i]);
}

static void match_range(struct nft_rule *rule) {
    uint32_t network = htonl(CSANDBOX_LINKS_NETWORK);
    nft_match_packet(rule, NFT_PAYLOAD_NETWORK_HEADER, DESTINATION_OFFSET, &network, RANGE_BYTES);
}

// Only connections of links are tracked: entries are kernel memory that no limit of the container
// counts.
static void add_tracking(struct nft_batch *batch) {
    uint32_t loopback = htonl(INADDR_LOOPBACK);
    uint16_t port = htons(CSANDBOX_LINKS_PORT);
    nft_add_chain(batch, TABLE, "tracking", "filter", NF_IP_PRI_RAW);
    struct nft_rule rule = nft_add_rule(batch, TABLE, "tracking");
    match_range(&rule);
    nft_match_protocol(&rule, IPPROTO_TCP);
    nft_verdict(&rule, NFT_RETURN);
    nft_rule_end(&rule);
    // The answers of the gateway's listener.
    rule = nft_add_rule(batch, TABLE, "tracking");
    nft_match_packet(&rule, NFT_PAYLOAD_NETWORK_HEADER, SOURCE_OFFSET, &loopback, sizeof loopback);
    nft_match_protocol(&rule, IPPROTO_TCP);
    nft_match_packet(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, SOURCE_PORT_OFFSET, &port, sizeof port);
    nft_verdict(&rule, NFT_RETURN);
    nft_rule_end(&rule);
    rule = nft_add_rule(batch, TABLE, "tracking");
    nft_notrack(&rule);
    nft_rule_end(&rule);
}

static void except_own_addresses(struct nft_batch *batch, const char *chain) {
    for (uint32_t i = 0; i < slot.plan.link_count; i++) {
        uint32_t own = htonl(slot.plan.links[i]);
        struct nft_rule rule = nft_add_rule(batch, TABLE, chain);
        nft_match_packet(&rule, NFT_PAYLOAD_NETWORK_HEADER, DESTINATION_OFFSET, &own, sizeof own);
        nft_verdict(&rule, NFT_RETURN);
        nft_rule_end(&rule);
    }
}

static void add_destinations(struct nft_batch *batch) {
    nft_add_chain(batch, TABLE, "links", "nat", DESTINATION_PRIORITY);
    except_own_addresses(batch, "links");
    struct nft_rule rule = nft_add_rule(batch, TABLE, "links");
    match_range(&rule);
    nft_match_protocol(&rule, IPPROTO_TCP);
    nft_redirect(&rule, CSANDBOX_LINKS_PORT);
    nft_rule_end(&rule);
}

// In a chain of filters, because the other one does not see untracked packets. Without it datagrams
// for other containers would reach this one's own sockets.
static void add_refusals(struct nft_batch *batch) {
    nft_add_chain(batch, TABLE, "refusals", "filter", NF_IP_PRI_FILTER);
    except_own_addresses(batch, "refusals");
    struct nft_rule rule = nft_add_rule(batch, TABLE, "refusals");
    match_range(&rule);
    nft_match_protocol(&rule, IPPROTO_TCP);
    nft_verdict(&rule, NFT_RETURN);
    nft_rule_end(&rule);
    rule = nft_add_rule(batch, TABLE, "refusals");
    match_range(&rule);
    nft_verdict(&rule, NF_DROP);
    nft_rule_end(&rule);
}

static long load_table(bool replaces) {
    struct nft_batch batch = {.count = 0};
    if (replaces)
        nft_remove_table(&batch, TABLE);
    nft_add_table(&batch, TABLE);
    add_tracking(&batch);
    add_destinations(&batch);
    add_refusals(&batch);
    batch.changes[batch.count - 1].header.nlmsg_flags |= NLM_F_ACK;
    return nft_commit(&batch);
}

static long set_up_addresses(void) {
    struct address_change change = {.added_count = 0};
    int socket = netlink_open(NETLINK_ROUTE);
    if (socket < 0)
        return socket;
    long result = set_addresses(socket, NULL, 0, &change);
    close(socket);
    return result;
}

struct failure links_up(void) {
    if (slot.plan.link_count == 0)
        return success();
    TRY(check(CSANDBOX_STEP_SLOT_LINKS, set_up_addresses()));
    return check(CSANDBOX_STEP_SLOT_LINKS, load_table(false));
}

static void take(const uint32_t *links, uint32_t count) {
    memcpy(slot.plan.links, links, count * sizeof links[0]);
    slot.plan.link_count = count;
}

long links_change(const struct csandbox_links_order *order) {
    uint32_t before[CSANDBOX_LINKS_MAX], count = slot.plan.link_count;
    struct address_change change = {.added_count = 0};
    if (!(slot.plan.flags & CSANDBOX_SLOT_HOSTS) || !are_addresses(order->links, order->link_count))
        return -EINVAL;
    // What can fail before anything has changed.
    int socket = netlink_open(NETLINK_ROUTE);
    if (socket < 0)
        return socket;
    memcpy(before, slot.plan.links, sizeof before);
    take(order->links, order->link_count);
    long result = load_table(true);
    if (result == 0)
        result = set_addresses(socket, before, count, &change);
    if (result < 0) {
        take(before, count);
        restore_addresses(socket, &change);
        load_table(true);
    }
    close(socket);
    return result;
}
