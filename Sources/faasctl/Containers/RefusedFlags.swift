// SPDX-License-Identifier: Apache-2.0
// Flags of Docker's run that have no place here, and what to use instead. RunCommand asks after the parser refused one.

enum RefusedFlags {
    private static let noAccess = "a container reaches nothing of the host; -v shows it folders"

    private static let reasons = [
        "--privileged":
            "a container never has privileges over the host; --cap-drop takes some of its own away",
        "--net": "write --network",
        "--link": "it is a part of Docker's past; put both containers into a network with --network",
        "--device": noAccess, "--gpus": noAccess, "--pid": noAccess, "--ipc": noAccess, "--uts": noAccess,
        "--userns": "each container has a user namespace of its own",
        "--cgroupns": "each container has a cgroup namespace of its own",
        "--security-opt": "the system call filter and the masks of functions hold for each container",
        "--ulimit": "use --memory, --pids-limit and --cpus", "--memory-swap": "containers have no swap",
        "--cpu-shares": "use --cpus", "--cpuset-cpus": "use --cpus", "--shm-size": "use --memory",
        "--log-driver": "logs are kept by the gateway; see 'faasctl logs'",
        "--log-opt": "logs are kept by the gateway; see 'faasctl logs'",
        "--runtime": "the gateway makes containers itself",
        "--platform": "pull the image for this host's platform",
    ]

    /// Why a flag is refused.
    ///
    /// - Parameter word: as it was typed, with a value perhaps.
    /// - Returns: empty for one that Docker does not have either.
    static func advice(_ word: String) -> String {
        reasons[String(word.prefix { $0 != "=" })].map { "; " + $0 } ?? ""
    }
}
