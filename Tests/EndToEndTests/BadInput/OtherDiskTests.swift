// SPDX-License-Identifier: Apache-2.0
// Data folders on file systems that cannot be mounted with other owners: functions run all the same, and it is said.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct OtherDiskTests {
        @Test(
            "on a disk without idmapped mounts root is kept only when asked for, and image files have their owners"
        )
        func prepared() async throws {
            try await Self.withOverlay { disk in
                let refused = try await Command.run(
                    Fixtures.faasctl,
                    ["serve", "--listen", "127.0.0.1:0", "--data-dir", disk + "/data"],
                    secondsMax: Patience.seconds(20)
                )
                #expect(refused.code == 1)
                #expect(refused.error.contains("--allow-root"), "\(refused.error)")
                let doctor = try await Command.run(
                    Fixtures.faasctl,
                    ["doctor", "--data-dir", disk + "/data"]
                )
                #expect(doctor.code == 1)
                #expect(doctor.text.contains("--allow-root"), "\(doctor.text)")
                let gateway = try await GatewayUnderTest(
                    dataFolder: disk + "/data",
                    arguments: ["--allow-root"]
                )
                #expect(gateway.logText.contains("lacks idmapped mounts"), "\(gateway.logText)")
                #expect(gateway.logText.contains("lacks unprivileged gateway"), "\(gateway.logText)")
                let folder = try await Self.owners()
                defer { folder.remove() }
                try await gateway.require("deploy", folder.url.path)
                for _ in 0..<2 {
                    let lines = try await gateway.call("/function/owners").lines
                    #expect(lines.prefix(4) == ["0:0 755", "5:6 600", "0:0 600", "written"], "\(lines)")
                    // Root of the container is an unprivileged user of the host.
                    let map = lines.last?.split(separator: " ").compactMap { UInt32($0) } ?? []
                    #expect(map.count == 3 && map[1] > 65_536, "\(lines)")
                }
                await gateway.stop()
            }
        }

        @Test("a data folder that comes from such a disk to another one, and back, serves what it served")
        func moved() async throws {
            let folder = try await Self.owners()
            defer { folder.remove() }
            try await Self.withOverlay { disk in
                let first = try await GatewayUnderTest(
                    dataFolder: disk + "/data",
                    arguments: ["--allow-root"]
                )
                try await first.require("deploy", folder.url.path)
                let expected = try await first.call("/function/owners").lines.prefix(4)
                #expect(expected.last == "written")
                await first.stop()
                let place = try TemporaryFolder()
                defer { place.remove() }
                let moved = place.url.appendingPathComponent("data").path
                try await Command.require("cp", "-a", disk + "/data", moved)

                let second = try await GatewayUnderTest(dataFolder: moved)
                #expect(!second.logText.contains("lacks idmapped mounts"), "\(second.logText)")
                #expect(try await second.call("/function/owners").lines.prefix(4) == expected)
                await second.stop()
                try await Command.require("rm", "-rf", disk + "/data")
                try await Command.require("cp", "-a", moved, disk + "/data")

                let third = try await GatewayUnderTest(
                    dataFolder: disk + "/data",
                    arguments: ["--allow-root"]
                )
                #expect(try await third.call("/function/owners").lines.prefix(4) == expected)
                await third.stop()
            }
        }

        /// A function that shows the owners of its files, as the user who must be able to read them.
        private static func owners() async throws -> TemporaryFolder {
            let script = """
                b=/bin/busybox
                $b stat -c '%u:%g %a' / /foreign /private
                $b cat /private >/dev/null && $b rm /private && $b rm -r /etc && $b mkdir /etc && echo written
                $b cat /proc/self/uid_map
                """
            let folder = try await Fixtures.shell(script, name: "owners")
            try folder.write("secret", to: "private")
            try folder.write(
                """
                FROM scratch
                COPY busybox /bin/busybox
                COPY run /run.sh
                COPY --chown=5:6 --chmod=600 private /foreign
                COPY --chmod=600 private /private
                CMD ["/bin/busybox", "sh", "/run.sh"]

                """,
                to: "Dockerfile"
            )
            return folder
        }

        /// An overlay can be a layer of another overlay, and cannot be mounted with other owners.
        private static func withOverlay(_ body: (String) async throws -> Void) async throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let base = folder.url.appendingPathComponent("base").path
            let disk = folder.url.appendingPathComponent("disk").path
            for path in [base, disk] {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            try await Command.require("mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "none", base)
            let result: Result<Void, any Error>
            do {
                try await Command.require("mkdir", base + "/lower", base + "/upper", base + "/work")
                let options = "lowerdir=\(base)/lower,upperdir=\(base)/upper,workdir=\(base)/work"
                try await Command.require("mount", "-t", "overlay", "-o", options, "none", disk)
                result = await Self.caught { try await body(disk) }
            } catch {
                result = .failure(error)
            }
            // The last namespace of a gateway lets go a moment after its end.
            _ = try await Command.run("/usr/bin/env", ["umount", "--lazy", disk])
            _ = try await Command.run("/usr/bin/env", ["umount", "--lazy", base])
            try result.get()
        }

        private static func caught(_ body: () async throws -> Void) async -> Result<Void, any Error> {
            do { return .success(try await body()) } catch { return .failure(error) }
        }
    }
}
