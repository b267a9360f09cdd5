// SPDX-License-Identifier: Apache-2.0
// The layout of every message, as both sides have it: gateway and helper are built by two compilers. WireLayoutTests
// has the same numbers for Swift. A change of one also raises CSANDBOX_PROTOCOL_VERSION.
#include "csandbox_wire.h"
#include <stddef.h>

#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
#define PLACE(type, field, bytes)                                                                  \
    _Static_assert(offsetof(struct type, field) == (bytes), #type "." #field)

SIZE(csandbox_header, 8);
PLACE(csandbox_header, kind, 0);
PLACE(csandbox_header, slot, 4);

SIZE(csandbox_command, 16);
PLACE(csandbox_command, header, 0);
PLACE(csandbox_command, value, 8);
PLACE(csandbox_command, sandbox, 12);

SIZE(csandbox_outcome, 20);
PLACE(csandbox_outcome, header, 0);
PLACE(csandbox_outcome, step, 8);
PLACE(csandbox_outcome, error, 12);
PLACE(csandbox_outcome, sandbox, 16);

SIZE(csandbox_cgroup, 1028);
PLACE(csandbox_cgroup, kinds, 0);
PLACE(csandbox_cgroup, path, 4);

SIZE(csandbox_instruction, 8);
PLACE(csandbox_instruction, code, 0);
PLACE(csandbox_instruction, jump_true, 2);
PLACE(csandbox_instruction, jump_false, 3);
PLACE(csandbox_instruction, k, 4);

SIZE(csandbox_configure, 37976);
PLACE(csandbox_configure, header, 0);
PLACE(csandbox_configure, version, 8);
PLACE(csandbox_configure, flags, 12);
PLACE(csandbox_configure, id_base, 16);
PLACE(csandbox_configure, range_uid, 20);
PLACE(csandbox_configure, range_gid, 24);
PLACE(csandbox_configure, range_count, 28);
PLACE(csandbox_configure, cgroup_count, 32);
PLACE(csandbox_configure, cgroups, 36);
PLACE(csandbox_configure, rootfs_directory, 4148);
PLACE(csandbox_configure, cookie, 5176);
PLACE(csandbox_configure, gateway_hash, 5184);
PLACE(csandbox_configure, egress_run, 5192);
PLACE(csandbox_configure, egress_network, 5196);
PLACE(csandbox_configure, filter_count, 5200);
PLACE(csandbox_configure, filter, 5204);

SIZE(csandbox_pin, 41064);
PLACE(csandbox_pin, header, 0);
PLACE(csandbox_pin, version, 8);
PLACE(csandbox_pin, service_id, 12);
PLACE(csandbox_pin, directories, 16);
PLACE(csandbox_pin, configuration, 3088);

SIZE(csandbox_work, 272);
PLACE(csandbox_work, header, 0);
PLACE(csandbox_work, place, 8);
PLACE(csandbox_work, flags, 12);
PLACE(csandbox_work, name, 16);

SIZE(csandbox_pin_file, 1032);
PLACE(csandbox_pin_file, header, 0);
PLACE(csandbox_pin_file, path, 8);

SIZE(csandbox_started, 20);
PLACE(csandbox_started, header, 0);
PLACE(csandbox_started, pid, 8);
PLACE(csandbox_started, step, 12);
PLACE(csandbox_started, error, 16);

SIZE(csandbox_open_tree, 2056);
PLACE(csandbox_open_tree, header, 0);
PLACE(csandbox_open_tree, folder, 8);
PLACE(csandbox_open_tree, name, 1032);

SIZE(csandbox_ready, 20);
PLACE(csandbox_ready, header, 0);
PLACE(csandbox_ready, features, 8);
PLACE(csandbox_ready, step, 12);
PLACE(csandbox_ready, error, 16);

SIZE(csandbox_route, 8);
PLACE(csandbox_route, address, 0);
PLACE(csandbox_route, prefix, 4);
PLACE(csandbox_route, kind, 5);
PLACE(csandbox_route, unused, 6);

SIZE(csandbox_make_slot, 9528);
PLACE(csandbox_make_slot, header, 0);
PLACE(csandbox_make_slot, flags, 8);
PLACE(csandbox_make_slot, uid, 12);
PLACE(csandbox_make_slot, gid, 16);
PLACE(csandbox_make_slot, group_count, 20);
PLACE(csandbox_make_slot, groups, 24);
PLACE(csandbox_make_slot, capabilities, 152);
PLACE(csandbox_make_slot, memory_bytes, 160);
PLACE(csandbox_make_slot, disk_bytes, 168);
PLACE(csandbox_make_slot, cpu_millicores, 176);
PLACE(csandbox_make_slot, pids, 180);
PLACE(csandbox_make_slot, rootfs, 184);
PLACE(csandbox_make_slot, hostname, 440);
PLACE(csandbox_make_slot, directory, 505);
PLACE(csandbox_make_slot, folder_count, 1532);
PLACE(csandbox_make_slot, volume_count, 1536);
PLACE(csandbox_make_slot, folders, 1540);
PLACE(csandbox_make_slot, egress_class, 5636);
PLACE(csandbox_make_slot, route_count, 5640);
PLACE(csandbox_make_slot, routes, 5644);
PLACE(csandbox_make_slot, resolv_conf, 6412);
PLACE(csandbox_make_slot, tree_count, 7436);
PLACE(csandbox_make_slot, trees_read_only, 7440);
PLACE(csandbox_make_slot, hosts, 7444);
PLACE(csandbox_make_slot, link_count, 9492);
PLACE(csandbox_make_slot, links, 9496);

SIZE(csandbox_mount, 1040);
PLACE(csandbox_mount, target, 0);
PLACE(csandbox_mount, tree, 1024);
PLACE(csandbox_mount, unused, 1028);
PLACE(csandbox_mount, size_bytes, 1032);

SIZE(csandbox_secret, 260);
PLACE(csandbox_secret, name, 0);
PLACE(csandbox_secret, size, 256);

SIZE(csandbox_slot_gone, 16);
PLACE(csandbox_slot_gone, header, 0);
PLACE(csandbox_slot_gone, wait_status, 8);
PLACE(csandbox_slot_gone, oom_kills, 12);

SIZE(csandbox_overlay, 20);
PLACE(csandbox_overlay, header, 0);
PLACE(csandbox_overlay, sequence, 8);
PLACE(csandbox_overlay, step, 12);
PLACE(csandbox_overlay, error, 16);

SIZE(csandbox_exit, 200);
PLACE(csandbox_exit, header, 0);
PLACE(csandbox_exit, wait_status, 8);
PLACE(csandbox_exit, step, 12);
PLACE(csandbox_exit, error, 16);
PLACE(csandbox_exit, oom_kills, 20);
PLACE(csandbox_exit, limits_reached, 24);
PLACE(csandbox_exit, next_sandbox, 28);
PLACE(csandbox_exit, user_time_us, 32);
PLACE(csandbox_exit, system_time_us, 40);
PLACE(csandbox_exit, max_rss_bytes, 48);
PLACE(csandbox_exit, ready_at_ns, 56);
PLACE(csandbox_exit, exec_at_ns, 64);
PLACE(csandbox_exit, interpreter, 72);

SIZE(csandbox_release_head, 20);
PLACE(csandbox_release_head, header, 0);
PLACE(csandbox_release_head, argument_count, 8);
PLACE(csandbox_release_head, environment_count, 12);
PLACE(csandbox_release_head, prepares_next, 16);

SIZE(csandbox_release, 122900);
PLACE(csandbox_release, head, 0);
PLACE(csandbox_release, strings, 20);

SIZE(csandbox_socket_order, 32);
PLACE(csandbox_socket_order, header, 0);
PLACE(csandbox_socket_order, sandbox, 8);
PLACE(csandbox_socket_order, sequence, 12);
PLACE(csandbox_socket_order, port, 16);
PLACE(csandbox_socket_order, transport, 20);
PLACE(csandbox_socket_order, address, 24);
PLACE(csandbox_socket_order, source, 28);

SIZE(csandbox_links_order, 52);
PLACE(csandbox_links_order, header, 0);
PLACE(csandbox_links_order, sandbox, 8);
PLACE(csandbox_links_order, sequence, 12);
PLACE(csandbox_links_order, link_count, 16);
PLACE(csandbox_links_order, links, 20);

SIZE(csandbox_descriptor_answer, 16);
PLACE(csandbox_descriptor_answer, header, 0);
PLACE(csandbox_descriptor_answer, sequence, 8);
PLACE(csandbox_descriptor_answer, error, 12);

SIZE(csandbox_template_answer, 148);
PLACE(csandbox_template_answer, header, 0);
PLACE(csandbox_template_answer, step, 8);
PLACE(csandbox_template_answer, error, 12);
PLACE(csandbox_template_answer, number, 16);
PLACE(csandbox_template_answer, culprit, 20);

SIZE(csandbox_file_order, 2072);
PLACE(csandbox_file_order, header, 0);
PLACE(csandbox_file_order, sandbox, 8);
PLACE(csandbox_file_order, sequence, 12);
PLACE(csandbox_file_order, action, 16);
PLACE(csandbox_file_order, mode, 20);
PLACE(csandbox_file_order, path, 24);
PLACE(csandbox_file_order, target, 1048);

SIZE(csandbox_usage_order, 16);
PLACE(csandbox_usage_order, header, 0);
PLACE(csandbox_usage_order, sandbox, 8);
PLACE(csandbox_usage_order, sequence, 12);

SIZE(csandbox_usage, 40);
PLACE(csandbox_usage, header, 0);
PLACE(csandbox_usage, sequence, 8);
PLACE(csandbox_usage, error, 12);
PLACE(csandbox_usage, memory_bytes, 16);
PLACE(csandbox_usage, cpu_us, 24);
PLACE(csandbox_usage, processes, 32);
PLACE(csandbox_usage, unused, 36);

SIZE(csandbox_enter_head, 1192);
PLACE(csandbox_enter_head, header, 0);
PLACE(csandbox_enter_head, sandbox, 8);
PLACE(csandbox_enter_head, sequence, 12);
PLACE(csandbox_enter_head, flags, 16);
PLACE(csandbox_enter_head, uid, 20);
PLACE(csandbox_enter_head, gid, 24);
PLACE(csandbox_enter_head, group_count, 28);
PLACE(csandbox_enter_head, groups, 32);
PLACE(csandbox_enter_head, argument_count, 160);
PLACE(csandbox_enter_head, environment_count, 164);
PLACE(csandbox_enter_head, directory, 168);

SIZE(csandbox_enter, 124072);
PLACE(csandbox_enter, head, 0);
PLACE(csandbox_enter, strings, 1192);

SIZE(csandbox_enter_answer, 24);
PLACE(csandbox_enter_answer, header, 0);
PLACE(csandbox_enter_answer, sequence, 8);
PLACE(csandbox_enter_answer, error, 12);
PLACE(csandbox_enter_answer, step, 16);
PLACE(csandbox_enter_answer, process, 20);

SIZE(csandbox_enter_failure, 136);
PLACE(csandbox_enter_failure, step, 0);
PLACE(csandbox_enter_failure, error, 4);
PLACE(csandbox_enter_failure, interpreter, 8);

SIZE(csandbox_entered_exit, 40);
PLACE(csandbox_entered_exit, header, 0);
PLACE(csandbox_entered_exit, process, 8);
PLACE(csandbox_entered_exit, wait_status, 12);
PLACE(csandbox_entered_exit, user_time_us, 16);
PLACE(csandbox_entered_exit, system_time_us, 24);
PLACE(csandbox_entered_exit, max_rss_bytes, 32);
