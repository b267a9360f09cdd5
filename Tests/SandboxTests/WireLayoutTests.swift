// SPDX-License-Identifier: Apache-2.0
// Swift's view of the messages is C's: the same sizes and offsets as CSandbox/layout.c asserts.

import CSandbox
import Testing

@testable import Sandbox

@Suite("Layout of messages")
struct WireLayoutTests {
    @Test("what all messages have in common")
    func common() {
        #expect(MemoryLayout<csandbox_header>.size == 8)
        #expect(MemoryLayout<csandbox_header>.offset(of: \.kind) == 0)
        #expect(MemoryLayout<csandbox_header>.offset(of: \.slot) == 4)

        #expect(MemoryLayout<csandbox_command>.size == 16)
        #expect(MemoryLayout<csandbox_command>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_command>.offset(of: \.value) == 8)
        #expect(MemoryLayout<csandbox_command>.offset(of: \.sandbox) == 12)

        #expect(MemoryLayout<csandbox_outcome>.size == 20)
        #expect(MemoryLayout<csandbox_outcome>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_outcome>.offset(of: \.step) == 8)
        #expect(MemoryLayout<csandbox_outcome>.offset(of: \.error) == 12)
        #expect(MemoryLayout<csandbox_outcome>.offset(of: \.sandbox) == 16)
    }

    @Test("messages of warden and supervisor")
    func host() {
        #expect(MemoryLayout<csandbox_cgroup>.size == 1028)
        #expect(MemoryLayout<csandbox_cgroup>.offset(of: \.kinds) == 0)
        #expect(MemoryLayout<csandbox_cgroup>.offset(of: \.path) == 4)

        #expect(MemoryLayout<csandbox_instruction>.size == 8)
        #expect(MemoryLayout<csandbox_instruction>.offset(of: \.code) == 0)
        #expect(MemoryLayout<csandbox_instruction>.offset(of: \.jump_true) == 2)
        #expect(MemoryLayout<csandbox_instruction>.offset(of: \.jump_false) == 3)
        #expect(MemoryLayout<csandbox_instruction>.offset(of: \.k) == 4)

        #expect(MemoryLayout<csandbox_configure>.size == 37976)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.version) == 8)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.flags) == 12)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.id_base) == 16)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.range_uid) == 20)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.range_gid) == 24)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.range_count) == 28)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.cgroup_count) == 32)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.cgroups) == 36)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.rootfs_directory) == 4148)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.cookie) == 5176)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.gateway_hash) == 5184)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.egress_run) == 5192)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.egress_network) == 5196)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.filter_count) == 5200)
        #expect(MemoryLayout<csandbox_configure>.offset(of: \.filter) == 5204)

        #expect(MemoryLayout<csandbox_pin>.size == 41064)
        #expect(MemoryLayout<csandbox_pin>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_pin>.offset(of: \.version) == 8)
        #expect(MemoryLayout<csandbox_pin>.offset(of: \.service_id) == 12)
        #expect(MemoryLayout<csandbox_pin>.offset(of: \.directories) == 16)
        #expect(MemoryLayout<csandbox_pin>.offset(of: \.configuration) == 3088)

        #expect(MemoryLayout<csandbox_work>.size == 272)
        #expect(MemoryLayout<csandbox_work>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_work>.offset(of: \.place) == 8)
        #expect(MemoryLayout<csandbox_work>.offset(of: \.flags) == 12)
        #expect(MemoryLayout<csandbox_work>.offset(of: \.name) == 16)

        #expect(MemoryLayout<csandbox_started>.size == 20)
        #expect(MemoryLayout<csandbox_started>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_started>.offset(of: \.pid) == 8)
        #expect(MemoryLayout<csandbox_started>.offset(of: \.step) == 12)
        #expect(MemoryLayout<csandbox_started>.offset(of: \.error) == 16)

        #expect(MemoryLayout<csandbox_pin_file>.size == 1032)
        #expect(MemoryLayout<csandbox_pin_file>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_pin_file>.offset(of: \.path) == 8)

        #expect(MemoryLayout<csandbox_open_tree>.size == 2056)
        #expect(MemoryLayout<csandbox_open_tree>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_open_tree>.offset(of: \.folder) == 8)
        #expect(MemoryLayout<csandbox_open_tree>.offset(of: \.name) == 1032)
    }

    @Test("messages of the spawner")
    func spawner() {
        #expect(MemoryLayout<csandbox_ready>.size == 20)
        #expect(MemoryLayout<csandbox_ready>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_ready>.offset(of: \.features) == 8)
        #expect(MemoryLayout<csandbox_ready>.offset(of: \.step) == 12)
        #expect(MemoryLayout<csandbox_ready>.offset(of: \.error) == 16)

        #expect(MemoryLayout<csandbox_route>.size == 8)
        #expect(MemoryLayout<csandbox_route>.offset(of: \.address) == 0)
        #expect(MemoryLayout<csandbox_route>.offset(of: \.prefix) == 4)
        #expect(MemoryLayout<csandbox_route>.offset(of: \.kind) == 5)
        #expect(MemoryLayout<csandbox_route>.offset(of: \.unused) == 6)

        #expect(MemoryLayout<csandbox_make_slot>.size == 9528)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.flags) == 8)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.uid) == 12)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.gid) == 16)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.group_count) == 20)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.groups) == 24)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.capabilities) == 152)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.memory_bytes) == 160)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.disk_bytes) == 168)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.cpu_millicores) == 176)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.pids) == 180)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.rootfs) == 184)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.hostname) == 440)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.directory) == 505)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.folder_count) == 1532)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.volume_count) == 1536)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.folders) == 1540)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.egress_class) == 5636)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.route_count) == 5640)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.routes) == 5644)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.resolv_conf) == 6412)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.tree_count) == 7436)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.trees_read_only) == 7440)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.hosts) == 7444)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.link_count) == 9492)
        #expect(MemoryLayout<csandbox_make_slot>.offset(of: \.links) == 9496)

        #expect(MemoryLayout<csandbox_mount>.size == 1040)
        #expect(MemoryLayout<csandbox_mount>.offset(of: \.target) == 0)
        #expect(MemoryLayout<csandbox_mount>.offset(of: \.tree) == 1024)
        #expect(MemoryLayout<csandbox_mount>.offset(of: \.unused) == 1028)
        #expect(MemoryLayout<csandbox_mount>.offset(of: \.size_bytes) == 1032)

        #expect(MemoryLayout<csandbox_secret>.size == 260)
        #expect(MemoryLayout<csandbox_secret>.offset(of: \.name) == 0)
        #expect(MemoryLayout<csandbox_secret>.offset(of: \.size) == 256)

        #expect(MemoryLayout<csandbox_slot_gone>.size == 16)
        #expect(MemoryLayout<csandbox_slot_gone>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_slot_gone>.offset(of: \.wait_status) == 8)
        #expect(MemoryLayout<csandbox_slot_gone>.offset(of: \.oom_kills) == 12)
    }

    @Test("messages of slots")
    func slot() {
        #expect(MemoryLayout<csandbox_overlay>.size == 20)
        #expect(MemoryLayout<csandbox_overlay>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_overlay>.offset(of: \.sequence) == 8)
        #expect(MemoryLayout<csandbox_overlay>.offset(of: \.step) == 12)
        #expect(MemoryLayout<csandbox_overlay>.offset(of: \.error) == 16)

        #expect(MemoryLayout<csandbox_exit>.size == 200)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.wait_status) == 8)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.step) == 12)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.error) == 16)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.oom_kills) == 20)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.limits_reached) == 24)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.next_sandbox) == 28)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.user_time_us) == 32)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.system_time_us) == 40)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.max_rss_bytes) == 48)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.ready_at_ns) == 56)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.exec_at_ns) == 64)
        #expect(MemoryLayout<csandbox_exit>.offset(of: \.interpreter) == 72)

        #expect(MemoryLayout<csandbox_release_head>.size == 20)
        #expect(MemoryLayout<csandbox_release_head>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_release_head>.offset(of: \.argument_count) == 8)
        #expect(MemoryLayout<csandbox_release_head>.offset(of: \.environment_count) == 12)
        #expect(MemoryLayout<csandbox_release_head>.offset(of: \.prepares_next) == 16)

        #expect(MemoryLayout<csandbox_socket_order>.size == 32)
        #expect(MemoryLayout<csandbox_socket_order>.offset(of: \.transport) == 20)
        #expect(MemoryLayout<csandbox_socket_order>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_socket_order>.offset(of: \.sandbox) == 8)
        #expect(MemoryLayout<csandbox_socket_order>.offset(of: \.sequence) == 12)
        #expect(MemoryLayout<csandbox_socket_order>.offset(of: \.port) == 16)
        #expect(MemoryLayout<csandbox_socket_order>.offset(of: \.address) == 24)
        #expect(MemoryLayout<csandbox_socket_order>.offset(of: \.source) == 28)

        #expect(MemoryLayout<csandbox_links_order>.size == 52)
        #expect(MemoryLayout<csandbox_links_order>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_links_order>.offset(of: \.sandbox) == 8)
        #expect(MemoryLayout<csandbox_links_order>.offset(of: \.sequence) == 12)
        #expect(MemoryLayout<csandbox_links_order>.offset(of: \.link_count) == 16)
        #expect(MemoryLayout<csandbox_links_order>.offset(of: \.links) == 20)

        #expect(MemoryLayout<csandbox_descriptor_answer>.size == 16)
        #expect(MemoryLayout<csandbox_descriptor_answer>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_descriptor_answer>.offset(of: \.sequence) == 8)
        #expect(MemoryLayout<csandbox_descriptor_answer>.offset(of: \.error) == 12)

        #expect(MemoryLayout<csandbox_template_answer>.size == 148)
        #expect(MemoryLayout<csandbox_template_answer>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_template_answer>.offset(of: \.step) == 8)
        #expect(MemoryLayout<csandbox_template_answer>.offset(of: \.error) == 12)
        #expect(MemoryLayout<csandbox_template_answer>.offset(of: \.number) == 16)
        #expect(MemoryLayout<csandbox_template_answer>.offset(of: \.culprit) == 20)
    }

    @Test("orders of files")
    func file() {
        #expect(MemoryLayout<csandbox_file_order>.size == 2072)
        #expect(MemoryLayout<csandbox_file_order>.offset(of: \.target) == 1048)
        #expect(MemoryLayout<csandbox_file_order>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_file_order>.offset(of: \.sandbox) == 8)
        #expect(MemoryLayout<csandbox_file_order>.offset(of: \.sequence) == 12)
        #expect(MemoryLayout<csandbox_file_order>.offset(of: \.action) == 16)
        #expect(MemoryLayout<csandbox_file_order>.offset(of: \.mode) == 20)
        #expect(MemoryLayout<csandbox_file_order>.offset(of: \.path) == 24)
    }

    @Test("the question for what a sandbox uses, and its answer, have the layout that C has")
    func usage() {
        #expect(MemoryLayout<csandbox_usage_order>.size == 16)
        #expect(MemoryLayout<csandbox_usage_order>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_usage_order>.offset(of: \.sandbox) == 8)
        #expect(MemoryLayout<csandbox_usage_order>.offset(of: \.sequence) == 12)

        #expect(MemoryLayout<csandbox_usage>.size == 40)
        #expect(MemoryLayout<csandbox_usage>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_usage>.offset(of: \.sequence) == 8)
        #expect(MemoryLayout<csandbox_usage>.offset(of: \.error) == 12)
        #expect(MemoryLayout<csandbox_usage>.offset(of: \.memory_bytes) == 16)
        #expect(MemoryLayout<csandbox_usage>.offset(of: \.cpu_us) == 24)
        #expect(MemoryLayout<csandbox_usage>.offset(of: \.processes) == 32)
        #expect(MemoryLayout<csandbox_usage>.offset(of: \.unused) == 36)
    }

    @Test("a command follows its head without a gap, and strings end where the message ends")
    func release() throws {
        let ends = try OwnedDescriptor.packetPair()
        let command = SandboxCommand(arguments: ["a", "bc"], environment: ["D=e"])
        try ReleaseMessage.send(command, preparesNext: true, slot: 7, to: ends.first.raw)
        let (kind, head, strings) = Packet.receive(from: ends.second.raw) { received in
            guard case .packet(let kind, let bytes, _) = received,
                let head = Packet.read(csandbox_release_head.self, bytes)
            else { return (csandbox_kind(0), csandbox_release_head(), [UInt8]()) }
            return (kind, head, Array(bytes[MemoryLayout<csandbox_release_head>.size...]))
        }
        #expect(kind == CSANDBOX_RELEASE)
        #expect(head.header.slot == 7)
        #expect(head.argument_count == 2)
        #expect(head.environment_count == 1)
        #expect(head.prepares_next == 1)
        #expect(strings == Array("a\0bc\0D=e\0".utf8))
    }

    @Test("messages about processes that enter")
    func enter() {
        #expect(MemoryLayout<csandbox_enter_head>.size == 1192)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.sandbox) == 8)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.sequence) == 12)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.flags) == 16)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.uid) == 20)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.gid) == 24)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.group_count) == 28)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.groups) == 32)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.argument_count) == 160)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.environment_count) == 164)
        #expect(MemoryLayout<csandbox_enter_head>.offset(of: \.directory) == 168)

        #expect(MemoryLayout<csandbox_enter_answer>.size == 24)
        #expect(MemoryLayout<csandbox_enter_answer>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_enter_answer>.offset(of: \.sequence) == 8)
        #expect(MemoryLayout<csandbox_enter_answer>.offset(of: \.error) == 12)
        #expect(MemoryLayout<csandbox_enter_answer>.offset(of: \.step) == 16)
        #expect(MemoryLayout<csandbox_enter_answer>.offset(of: \.process) == 20)

        #expect(MemoryLayout<csandbox_enter_failure>.size == 136)
        #expect(MemoryLayout<csandbox_enter_failure>.offset(of: \.step) == 0)
        #expect(MemoryLayout<csandbox_enter_failure>.offset(of: \.error) == 4)
        #expect(MemoryLayout<csandbox_enter_failure>.offset(of: \.interpreter) == 8)

        #expect(MemoryLayout<csandbox_entered_exit>.size == 40)
        #expect(MemoryLayout<csandbox_entered_exit>.offset(of: \.header) == 0)
        #expect(MemoryLayout<csandbox_entered_exit>.offset(of: \.process) == 8)
        #expect(MemoryLayout<csandbox_entered_exit>.offset(of: \.wait_status) == 12)
        #expect(MemoryLayout<csandbox_entered_exit>.offset(of: \.user_time_us) == 16)
        #expect(MemoryLayout<csandbox_entered_exit>.offset(of: \.system_time_us) == 24)
        #expect(MemoryLayout<csandbox_entered_exit>.offset(of: \.max_rss_bytes) == 32)
    }
}
