// SPDX-License-Identifier: Apache-2.0
// Writes nf_tables' messages: numbers are in network byte order, an expression is a name and its data.
#define _GNU_SOURCE
#include "network/nft.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// The one register that rules here use.
enum { REGISTER = NFT_REG_1 };

static void put_number(struct netlink_request *request, uint16_t type, uint32_t value) {
    netlink_put_u32(request, type, htonl(value));
}

static void put_text(struct netlink_request *request, uint16_t type, const char *text) {
    netlink_put(request, type, text, strlen(text) + 1);
}

static size_t nest(struct netlink_request *request, uint16_t type) {
    return netlink_nest(request, type | NLA_F_NESTED);
}

static struct netlink_request *add(struct nft_batch *batch, uint16_t type, uint16_t flags) {
    struct nfgenmsg body = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};
    if (batch->count == NFT_CHANGES_MAX) {
        batch->is_overfull = true;
        batch->count--;
    }
    struct netlink_request *request = &batch->changes[batch->count++];
    netlink_begin(request, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_CREATE | flags,
                  &body, sizeof body);
    return request;
}

void nft_add_table(struct nft_batch *batch, const char *table) {
    put_text(add(batch, NFT_MSG_NEWTABLE, 0), NFTA_TABLE_NAME, table);
}

void nft_remove_table(struct nft_batch *batch, const char *table) {
    put_text(add(batch, NFT_MSG_DELTABLE, 0), NFTA_TABLE_NAME, table);
}

void nft_add_chain(struct nft_batch *batch, const char *table, const char *chain, const char *type,
                   int priority) {
    struct netlink_request *request = add(batch, NFT_MSG_NEWCHAIN, 0);
    put_text(request, NFTA_CHAIN_TABLE, table);
    put_text(request, NFTA_CHAIN_NAME, chain);
    size_t hook = nest(request, NFTA_CHAIN_HOOK);
    put_number(request, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
    put_number(request, NFTA_HOOK_PRIORITY, (uint32_t)priority);
    netlink_close(request, hook);
    put_text(request, NFTA_CHAIN_TYPE, type);
}

struct nft_rule nft_add_rule(struct nft_batch *batch, const char *table, const char *chain) {
    struct netlink_request *request = add(batch, NFT_MSG_NEWRULE, NLM_F_APPEND);
    put_text(request, NFTA_RULE_TABLE, table);
    put_text(request, NFTA_RULE_CHAIN, chain);
    return (struct nft_rule){request, nest(request, NFTA_RULE_EXPRESSIONS)};
}

void nft_rule_end(struct nft_rule *rule) { netlink_close(rule->request, rule->expressions); }

// Where an expression and its data begin.
struct expression {
    size_t element, data;
};

static struct expression begin(struct nft_rule *rule, const char *name) {
    struct expression expression = {.element = nest(rule->request, NFTA_LIST_ELEM)};
    put_text(rule->request, NFTA_EXPR_NAME, name);
    expression.data = nest(rule->request, NFTA_EXPR_DATA);
    return expression;
}

static void end(struct nft_rule *rule, struct expression expression) {
    netlink_close(rule->request, expression.data);
    netlink_close(rule->request, expression.element);
}

static void put_value(struct nft_rule *rule, uint16_t type, const void *bytes, size_t size) {
    size_t data = nest(rule->request, type);
    netlink_put(rule->request, NFTA_DATA_VALUE, bytes, size);
    netlink_close(rule->request, data);
}

static void compare(struct nft_rule *rule, const void *bytes, size_t size) {
    struct expression expression = begin(rule, "cmp");
    put_number(rule->request, NFTA_CMP_SREG, REGISTER);
    put_number(rule->request, NFTA_CMP_OP, NFT_CMP_EQ);
    put_value(rule, NFTA_CMP_DATA, bytes, size);
    end(rule, expression);
}

void nft_match_packet(struct nft_rule *rule, uint32_t base, uint32_t offset, const void *bytes,
                      uint32_t size) {
    struct expression expression = begin(rule, "payload");
    put_number(rule->request, NFTA_PAYLOAD_DREG, REGISTER);
    put_number(rule->request, NFTA_PAYLOAD_BASE, base);
    put_number(rule->request, NFTA_PAYLOAD_OFFSET, offset);
    put_number(rule->request, NFTA_PAYLOAD_LEN, size);
    end(rule, expression);
    compare(rule, bytes, size);
}

void nft_match_protocol(struct nft_rule *rule, uint8_t protocol) {
    struct expression expression = begin(rule, "meta");
    put_number(rule->request, NFTA_META_DREG, REGISTER);
    put_number(rule->request, NFTA_META_KEY, NFT_META_L4PROTO);
    end(rule, expression);
    compare(rule, &protocol, sizeof protocol);
}

void nft_verdict(struct nft_rule *rule, int code) {
    struct expression expression = begin(rule, "immediate");
    put_number(rule->request, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    size_t data = nest(rule->request, NFTA_IMMEDIATE_DATA);
    size_t verdict = nest(rule->request, NFTA_DATA_VERDICT);
    put_number(rule->request, NFTA_VERDICT_CODE, (uint32_t)code);
    netlink_close(rule->request, verdict);
    netlink_close(rule->request, data);
    end(rule, expression);
}

void nft_redirect(struct nft_rule *rule, uint16_t port) {
    uint16_t wire = htons(port);
    struct expression expression = begin(rule, "immediate");
    put_number(rule->request, NFTA_IMMEDIATE_DREG, REGISTER);
    put_value(rule, NFTA_IMMEDIATE_DATA, &wire, sizeof wire);
    end(rule, expression);
    expression = begin(rule, "redir");
    put_number(rule->request, NFTA_REDIR_REG_PROTO_MIN, REGISTER);
    put_number(rule->request, NFTA_REDIR_REG_PROTO_MAX, REGISTER);
    end(rule, expression);
}

void nft_notrack(struct nft_rule *rule) {
    size_t element = nest(rule->request, NFTA_LIST_ELEM);
    put_text(rule->request, NFTA_EXPR_NAME, "notrack");
    netlink_close(rule->request, element);
}

long nft_commit(const struct nft_batch *batch) {
    struct netlink_request first, last;
    struct nfgenmsg body = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
    struct iovec vectors[NFT_CHANGES_MAX + 2];
    if (batch->is_overfull)
        return -E2BIG;
    int socket = netlink_open(NETLINK_NETFILTER);
    if (socket < 0)
        return socket;
    netlink_begin(&first, NFNL_MSG_BATCH_BEGIN, 0, &body, sizeof body);
    netlink_begin(&last, NFNL_MSG_BATCH_END, 0, &body, sizeof body);
    vectors[0] = (struct iovec){&first, first.header.nlmsg_len};
    for (uint32_t i = 0; i < batch->count; i++)
        vectors[i + 1] =
            (struct iovec){(void *)&batch->changes[i], batch->changes[i].header.nlmsg_len};
    vectors[batch->count + 1] = (struct iovec){&last, last.header.nlmsg_len};
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = batch->count + 2};
    // The last change asks for the acknowledgement; a refused one is answered in any case.
    long result =
        sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : netlink_acknowledged(socket);
    close(socket);
    return result;
}
