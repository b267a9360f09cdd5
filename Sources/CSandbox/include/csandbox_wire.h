// SPDX-License-Identifier: Apache-2.0
// The messages between gateway, warden, supervisor, spawner and slots, one header for each family. Every
// message is one SOCK_SEQPACKET packet on one machine, so structs are sent as they are in memory; the
// receiver checks lengths and counts of every message. layout.c asserts the layouts for C, WireLayoutTests
// for Swift.
#pragma once
#include "csandbox_host_messages.h"
#include "csandbox_slot_messages.h"
#include "csandbox_spawner_messages.h"
