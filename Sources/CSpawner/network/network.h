// SPDX-License-Identifier: Apache-2.0
// Network namespaces that have loopback and nothing else.
#pragma once
#include "step.h"

/// loopback.c: sets up loopback in this process's network namespace. Raw calls only.
struct failure loopback_up(void);
/// empty_network.c, for the spawner: sets spawner.empty_network. To be called once, after
/// prune_mounts.
void empty_network_open(void);
