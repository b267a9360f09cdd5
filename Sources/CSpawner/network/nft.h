// SPDX-License-Identifier: Apache-2.0
// Changes of nf_tables as one batch over nfnetlink: the kernel applies all of it or nothing.
#pragma once
#include "network/netlink.h"
#include "csandbox_bounds.h"
#include <stdbool.h>

/// Changes of one batch: the removal of a table, a table, three chains, six rules, and two for each address of
/// a link.
#define NFT_CHANGES_MAX (11u + 2u * CSANDBOX_LINKS_MAX)

struct nft_batch {
    uint32_t count;
    /// There were more changes than the batch takes: it is refused.
    bool is_overfull;
    /// Between the begin and the end of the batch.
    struct netlink_request changes[NFT_CHANGES_MAX];
};

/// A rule that is being written into the batch's last change.
struct nft_rule {
    struct netlink_request *request;
    size_t expressions;
};

void nft_add_table(struct nft_batch *batch, const char *table);
/// Removes a table with everything in it; the batch may add it anew, and nothing goes past it meanwhile.
void nft_remove_table(struct nft_batch *batch, const char *table);
/// Adds a chain of the family ip at the hook of what processes of this namespace send.
void nft_add_chain(struct nft_batch *batch, const char *table, const char *chain, const char *type,
                   int priority);
struct nft_rule nft_add_rule(struct nft_batch *batch, const char *table, const char *chain);
void nft_rule_end(struct nft_rule *rule);
/// The rule goes on only where these bytes of the packet are equal; `base` is enum nft_payload_bases.
void nft_match_packet(struct nft_rule *rule, uint32_t base, uint32_t offset, const void *bytes,
                      uint32_t size);
/// The rule goes on only for this protocol above IP.
void nft_match_protocol(struct nft_rule *rule, uint8_t protocol);
/// The verdict: NFT_RETURN, NF_DROP.
void nft_verdict(struct nft_rule *rule, int code);
/// Sends the packet's connection to this port of 127.0.0.1.
void nft_redirect(struct nft_rule *rule, uint16_t port);
/// The packet's connection is not tracked.
void nft_notrack(struct nft_rule *rule);
/// Sends the batch to this process's network namespace: 0 or -errno.
long nft_commit(const struct nft_batch *batch);
