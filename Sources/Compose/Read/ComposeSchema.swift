// SPDX-License-Identifier: Apache-2.0
// Every key of compose files that has an effect, and the specification's keys that have none, each with a reason.

/// The keys of compose files; the reference enumerates these.
package enum ComposeSchema {
    /// Of the file.
    package static let top = ["name", "version", "services", "volumes", "networks", "secrets", "configs"]
    package static let topRefused = [
        "include": "name the files with several -f",
        "models": "Mayfly runs no models",
    ]

    /// Of a service.
    package static let service = [
        "attach", "build", "cap_add", "cap_drop", "command", "configs", "container_name", "cpus",
        "depends_on",
        "deploy", "entrypoint", "env_file", "environment", "expose", "extends", "extra_hosts", "healthcheck",
        "hostname", "image", "init", "labels", "mem_limit", "network_mode", "networks",
        "pids_limit", "ports", "profiles", "pull_policy", "read_only", "restart", "secrets", "stdin_open",
        "stop_grace_period", "stop_signal", "tmpfs", "tty", "user", "volumes", "working_dir", functionKey,
    ]
    package static let serviceRefused: [String: String] = {
        var reasons = [
            "annotations": "use labels",
            "cgroup": "every container has a cgroup namespace of its own",
            "cgroup_parent": "the gateway places its cgroups itself",
            "credential_spec": "it is for Windows",
            "develop": "run 'faasctl compose up --build' after a change",
            "domainname": "write the whole name in hostname",
            "external_links": "put both services into one network",
            "group_add": "the groups of /etc/group in the image apply",
            "ipc": "every container has an IPC namespace of its own",
            "isolation": "it is for Windows",
            "label_file": "write the labels in labels",
            "links": "services of one network reach each other by name; order them with depends_on",
            "logging": "the gateway keeps and rotates logs itself",
            "mac_address": "networks of a project have no link layer",
            "models": "Mayfly runs no models",
            "oom_kill_disable": "a container over its memory limit is killed",
            "oom_score_adj": "the gateway sets it",
            "pid": "every container has a PID namespace of its own",
            "post_start": "run it in the entrypoint, or in a service with depends_on",
            "pre_stop": "handle stop_signal in the program",
            "privileged": "no container gets the privileges of the host; name capabilities in cap_add",
            "provider": "a provider is a program of the client's machine",
            "runtime": "there is one runtime",
            "scale": "a project runs one container of each service",
            "security_opt": "the seccomp policy and no_new_privs always apply",
            "storage_opt": "the gateway's disk budget applies",
            "use_api_socket": "a container has no access to the gateway",
            "userns_mode": "every container has a user namespace of its own",
            "uts": "every container has a UTS namespace of its own",
            "volumes_from": "mount the same named volume in both services",
        ]
        for key in limitKeys { reasons[key] = "the limits are cpus, mem_limit and pids_limit" }
        for key in ["device_cgroup_rules", "devices", "gpus"] {
            reasons[key] = "a container has no devices of the host"
        }
        for key in ["dns", "dns_opt", "dns_search"] {
            reasons[key] = "the names of the project's networks are resolved"
        }
        for key in ["platform", "sysctls", "ulimits", "shm_size"] {
            reasons[key] = "the gateway's own setting applies"
        }
        return reasons
    }()
    private static let limitKeys = [
        "blkio_config", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares", "cpuset", "mem_reservation", "mem_swappiness", "memswap_limit",
    ]

    /// A service with this key is a function.
    package static let functionKey = "x-mayfly"
    /// Keys of a service that a function takes as well.
    package static let functionService = [
        "build", "command", "depends_on", "env_file", "environment", "extends", "image", "labels", "networks",
        "profiles", "pull_policy", functionKey,
    ]

    package static let build = ["args", "context", "dockerfile", "no_cache", "target"]
    package static let buildRefused: [String: String] = {
        var reasons = [
            "dockerfile_inline": "write the Dockerfile to a file", "tags": "use 'faasctl image tag'",
        ]
        let others = [
            "additional_contexts", "cache_from", "cache_to", "entitlements", "extra_hosts", "isolation",
            "labels",
            "network", "platforms", "privileged", "provenance", "pull", "sbom", "secrets", "shm_size", "ssh",
            "ulimits",
        ]
        for key in others { reasons[key] = "the builder has no such setting" }
        return reasons
    }()

    package static let dependency = ["condition", "required", "restart"]
    package static let healthcheck = [
        "disable", "interval", "retries", "start_interval", "start_period", "test", "timeout",
    ]
    package static let attachment = ["aliases"]
    package static let attachmentRefused: [String: String] = {
        var reasons: [String: String] = [:]
        let others = [
            "driver_opts", "gw_priority", "interface_name", "ipv4_address", "ipv6_address", "link_local_ips",
            "mac_address", "priority",
        ]
        for key in others { reasons[key] = "services are reached by name" }
        return reasons
    }()
    package static let port = ["host_ip", "mode", "name", "protocol", "published", "target"]
    package static let portRefused = ["app_protocol": "ports are carried as they are"]
    package static let mount = ["bind", "read_only", "source", "target", "tmpfs", "type", "volume"]
    package static let mountRefused = [
        "consistency": "files of the host are mounted themselves", "image": "use COPY --from",
    ]
    package static let mountBind = ["create_host_path"]
    package static let mountBindRefused = [
        "propagation": "mounts of the host do not appear later", "recursive": "mounts below are not included",
        "selinux": "owners are mapped instead",
    ]
    package static let mountTemporary = ["size"]
    package static let mountTemporaryRefused = ["mode": "the folder's mode is fixed"]
    package static let mountVolumeRefused = [
        "nocopy": "an empty volume takes the image's files", "subpath": "mount the whole volume",
        "labels": "set them under volumes",
    ]
    package static let grant = ["source", "target"]
    package static let grantRefused: [String: String] = {
        var reasons: [String: String] = [:]
        for key in ["gid", "mode", "uid"] {
            reasons[key] = "the file has the owner and mode that it has on the host"
        }
        return reasons
    }()
    package static let environmentFile = ["format", "path", "required"]
    package static let deploy = ["resources", "restart_policy"]
    package static let deployRefused: [String: String] = {
        var reasons = [
            "replicas": "a project runs one container of each service", "labels": "use labels of the service",
        ]
        for key in ["endpoint_mode", "mode", "placement", "rollback_config", "update_config"] {
            reasons[key] = "there is one host"
        }
        return reasons
    }()
    package static let resources = ["limits"]
    package static let resourcesRefused = ["reservations": "the host's resources are not reserved"]
    package static let resourceLimits = ["cpus", "memory", "pids"]
    package static let restartPolicy = ["condition", "max_attempts"]
    package static let restartPolicyRefused = [
        "delay": "the gateway waits longer after each attempt",
        "window": "the gateway decides when a start succeeded",
    ]

    package static let volume = ["driver", "external", "labels", "name"]
    package static let volumeRefused = ["driver_opts": "volumes are folders of the gateway"]
    package static let network = ["driver", "external", "internal", "labels", "name"]
    package static let networkRefused: [String: String] = {
        var reasons: [String: String] = [:]
        for key in ["attachable", "driver_opts", "enable_ipv4", "enable_ipv6", "ipam"] {
            reasons[key] = "services are reached by name, there are no addresses to choose"
        }
        return reasons
    }()
    package static let content = ["file"]
    package static let contentRefused: [String: String] = {
        var reasons = ["labels": "contents are mounted, not stored"]
        for key in ["content", "environment", "external", "name", "template_driver"] {
            reasons[key] = "files are mounted: name one in 'file'"
        }
        for key in ["driver", "driver_opts"] { reasons[key] = "contents are files of this machine" }
        return reasons
    }()
}
