// SPDX-License-Identifier: Apache-2.0
// The gateway's nf_tables table: found and removed here over nfnetlink; only nft loads it. A table belongs to
// one run of one data folder, so a supervisor that ends late cannot remove the table of the next.
#define _GNU_SOURCE
#include "network/firewall.h"
#include "network/egress.h"
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// Most tables of earlier runs that are removed at one start; each kill -9 of a supervisor leaves
/// one.
enum { SWEPT_MAX = 16 };
/// Bytes of one packet of a dump; the kernel makes none longer than its reader's buffer.
enum { DUMP_BYTES = 16384 };

static const uint16_t get_table = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
static const uint16_t new_table = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE;
static const uint16_t delete_table = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE;
static const uint16_t get_generation = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;

static void prefix_of_tables(const struct csandbox_configure *configuration, char *name) {
    snprintf(name, EGRESS_TABLE_MAX, "mayfly_%016llx_",
             (unsigned long long)configuration->gateway_hash);
}

static void name_of_table(const struct csandbox_configure *configuration, char *name) {
    snprintf(name, EGRESS_TABLE_MAX, "mayfly_%016llx_%08x",
             (unsigned long long)configuration->gateway_hash, configuration->egress_run);
}

static void begin(struct netlink_request *request, uint16_t type, uint16_t flags, uint8_t family,
                  const char *table) {
    struct nfgenmsg body = {.nfgen_family = family, .version = NFNETLINK_V0};
    netlink_begin(request, type, flags, &body, sizeof body);
    if (table)
        netlink_put(request, NFTA_TABLE_NAME, table, strlen(table) + 1);
}

static long ask(uint16_t type, uint8_t family, const char *table) {
    int socket = netlink_open(NETLINK_NETFILTER);
    if (socket < 0)
        return socket;
    struct netlink_request request;
    begin(&request, type, 0, family, table);
    long result = netlink_call(socket, &request);
    close(socket);
    return result;
}

long firewall_present(const struct csandbox_configure *configuration) {
    char name[EGRESS_TABLE_MAX];
    name_of_table(configuration, name);
    return ask(get_table, NFPROTO_INET, name);
}

bool firewall_supported(void) { return ask(get_generation, NFPROTO_UNSPEC, NULL) == 0; }

// The kernel takes changes as one transaction of three messages: begin, change, end.
static void delete_by_name(const char *name) {
    struct netlink_request parts[3];
    struct nfgenmsg batch = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
    struct iovec vectors[3];
    int socket = netlink_open(NETLINK_NETFILTER);
    if (socket < 0)
        return;
    netlink_begin(&parts[0], NFNL_MSG_BATCH_BEGIN, 0, &batch, sizeof batch);
    begin(&parts[1], delete_table, NLM_F_ACK, NFPROTO_INET, name);
    netlink_begin(&parts[2], NFNL_MSG_BATCH_END, 0, &batch, sizeof batch);
    for (int i = 0; i < 3; i++)
        vectors[i] = (struct iovec){&parts[i], parts[i].header.nlmsg_len};
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = 3};
    // The table may be gone already; after any other error it remains and is found by the next
    // sweep.
    if (sendmsg(socket, &message, MSG_NOSIGNAL) >= 0)
        netlink_acknowledged(socket);
    close(socket);
}

void firewall_remove(const struct csandbox_configure *configuration) {
    char name[EGRESS_TABLE_MAX];
    if (!(configuration->flags & CSANDBOX_EGRESS))
        return;
    name_of_table(configuration, name);
    delete_by_name(name);
}

// Copies the table name of one message of a dump when it has the prefix of this gateway.
static bool own_table(const struct nlmsghdr *message, const char *prefix, char *name) {
    size_t place = NLMSG_LENGTH(sizeof(struct nfgenmsg));
    while (message->nlmsg_type == new_table && place + NLA_HDRLEN <= message->nlmsg_len) {
        const struct nlattr *attribute = (const void *)((const char *)message + place);
        size_t size = attribute->nla_len;
        if (size < NLA_HDRLEN || place + size > message->nlmsg_len)
            return false;
        const char *text = (const char *)attribute + NLA_HDRLEN;
        if (attribute->nla_type == NFTA_TABLE_NAME && size - NLA_HDRLEN <= EGRESS_TABLE_MAX &&
            memchr(text, 0, size - NLA_HDRLEN) && !strncmp(text, prefix, strlen(prefix))) {
            strcpy(name, text);
            return true;
        }
        place += NLA_ALIGN(size);
    }
    return false;
}

// Reads a dump to its end. Returns the number of names.
static int own_tables(int socket, const char *prefix, char names[SWEPT_MAX][EGRESS_TABLE_MAX]) {
    int count = 0;
    union {
        struct nlmsghdr header;
        char bytes[DUMP_BYTES];
    } answer;
    for (;;) {
        ssize_t size = recv(socket, &answer, sizeof answer, 0);
        if (size < 0)
            return count;
        const struct nlmsghdr *message = &answer.header;
        for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
            if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
                return count;
            if (count < SWEPT_MAX && own_table(message, prefix, names[count]))
                count++;
        }
    }
}

void firewall_sweep(const struct csandbox_configure *configuration) {
    char names[SWEPT_MAX][EGRESS_TABLE_MAX], prefix[EGRESS_TABLE_MAX];
    if (!(configuration->flags & CSANDBOX_EGRESS))
        return;
    int socket = netlink_open(NETLINK_NETFILTER);
    if (socket < 0)
        return;
    struct netlink_request request;
    prefix_of_tables(configuration, prefix);
    begin(&request, get_table, NLM_F_DUMP, NFPROTO_INET, NULL);
    int count = send(socket, &request, request.header.nlmsg_len, MSG_NOSIGNAL) < 0
                    ? 0
                    : own_tables(socket, prefix, names);
    close(socket);
    char current[EGRESS_TABLE_MAX];
    name_of_table(configuration, current);
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], current) != 0)
            delete_by_name(names[i]);
}
