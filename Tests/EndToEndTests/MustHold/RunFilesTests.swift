// SPDX-License-Identifier: Apache-2.0
// Files of POST /v1/run, where the image and its program are hostile.

import Foundation
import Testing

extension EndToEnd {
    @Suite struct RunFilesTests {
        @Test("files come in, belong to the user, and go out after the end, byte for byte")
        func files() async throws {
            try await RunScene.with { gateway in
                let bytes = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 9) })
                let files: [[String: Any]] = [
                    ["path": "in/deep/a", "content": "text\n", "mode": "0600"],
                    ["path": "/w/old", "content_base64": bytes.base64EncodedString()],
                    ["path": "/link/linked", "content": "1"], ["path": "/up/up", "content": "2"],
                    ["path": "/w/run.sh", "content": "#!/bin/sh\necho ran", "mode": "755"],
                ]
                let script =
                    "cat in/deep/a /w/linked /w/up; stat -c '%u %a' in/deep in/deep/a; /w/run.sh; "
                    + "cp /w/old /w/new; printf '\\377' > bad; ln -s /w/old sym; : > empty"
                let paths = [
                    "/w/new", "in/deep/a", "bad", "empty", "sym", "none", "/w/fifo", "/w/pipe", "/w/environ",
                    "/proc/1/environ", "/dev/zero", "/w", "/link/old",
                ]
                let answer = try await gateway.run(
                    RunScene.shell(
                        script,
                        ["files": files, "return_files": paths, "user": "app", "workdir": "/w"]
                    )
                )
                let expected = "text\n127 755\n7 600\nran\n"
                #expect(
                    answer["stdout"] as? String == expected,
                    "\(answer["stdout"] ?? "") \(answer["stderr"] ?? "")"
                )
                let out = try #require(answer["files"] as? [[String: Any]])
                #expect(out.compactMap { $0["path"] as? String } == paths)
                #expect(out[0]["content_base64"] as? String == bytes.base64EncodedString())
                #expect(
                    out[1]["content"] as? String == "text\n" && out[2]["content_base64"] as? String == "/w=="
                )
                #expect(out[3]["content"] as? String == "")
                for index in 4..<12 { #expect(out[index]["error"] != nil, "\(paths[index])") }
                #expect(out[12]["content_base64"] as? String == bytes.base64EncodedString())
                let clean = try await gateway.run(RunScene.shell("ls /w", ["user": "app", "workdir": "/w"]))
                #expect(clean["stdout"] as? String == "environ\nfifo\nold\npipe\n")
            }
        }

        @Test("files lead nowhere outside of the container's own root, and nothing runs then")
        func hostileFiles() async throws {
            try await RunScene.with { gateway in
                let paths = [
                    "/proc/sys/kernel/core_pattern", "/dev/null", "/dev/shm/x", "/sys/x", "/w/fifo",
                    "/w/pipe",
                    "/w/environ", "/w", "/w/old/x",
                ]
                for path in paths {
                    let file = ["path": path, "content": "x"]
                    let answer = try await gateway.postRun(RunScene.shell("echo ran", ["files": [file]]))
                    #expect(answer.status == 400, "\(path): \(answer.text)")
                }
                let large = ["path": "/big", "content": String(repeating: "x", count: 9 << 20)]
                let full = try await gateway.postRun(
                    RunScene.shell(":", ["files": [large], "limits": ["disk": "4Mi"]])
                )
                #expect(full.status == 400 && full.text.contains("No space"), "\(full.text)")
                let mixed = [
                    ["path": "/w/good", "content": "secret"], ["path": "/dev/null", "content": "x"],
                ]
                #expect(try await gateway.postRun(RunScene.shell(":", ["files": mixed])).status == 400)
                for _ in 0..<4 {
                    let after = try await gateway.run(RunScene.shell("ls /w; ls -d /big"))
                    #expect(after["stdout"] as? String == "environ\nfifo\nold\npipe\n")
                }
            }
        }

        @Test("a program that makes its files a trap gives nothing but its own files, in time")
        func traps() async throws {
            try await RunScene.with { gateway in
                let script = """
                    ln -s / /w/root; ln -s /proc /w/proc; ln -s ../../../../../etc /w/etc; truncate -s 900G /w/sparse
                    truncate -s 1M /w/holes; truncate -s 17M /w/large; mkdir /w/dir; echo x > /w/-
                    echo y > /w/mine; ln /w/mine /w/hard
                    mkfifo /w/dir/f; ln -s /w/loop /w/loop; ln -s /dev /w/dev; exec 9>/w/deleted; rm /w/deleted
                    (sleep 100; echo late > /w/late) &
                    """
                let paths = [
                    "/w/root/etc/passwd", "/w/proc/1/environ", "/w/etc/shadow", "/w/sparse", "/w/holes",
                    "/w/large",
                    "/w/dir", "/w/hard", "/w/-", "/w/dir/f", "/w/loop", "/w/dev/zero", "/w/deleted",
                    "/w/late",
                    "/w/proc/self/fd/9", "/w/old/x",
                ]
                let answer = try await gateway.run(
                    RunScene.shell(
                        script,
                        ["return_files": paths, "limits": ["disk": "8Mi"], "user": "app", "workdir": "/w"]
                    )
                )
                #expect(answer["exit_code"] as? Int == 0, "\(answer["stderr"] ?? "")")
                let files = try #require(answer["files"] as? [[String: Any]])
                let given = files.filter { $0["error"] == nil }.compactMap { $0["path"] as? String }
                #expect(given == ["/w/root/etc/passwd", "/w/holes", "/w/hard", "/w/-"], "\(files)")
                #expect(files[0]["content"] as? String == "app:x:7:8::/w:/bin/sh\n")
                #expect((files[4]["content"] as? String)?.utf8.count == 1 << 20)
            }
        }

        @Test("files of a program that ends at once are there, every time")
        func short() async throws {
            try await RunScene.with { gateway in
                await withTaskGroup(of: String?.self) { group in
                    for number in 0..<24 {
                        group.addTask {
                            let body = RunScene.shell("echo \(number) > /o", ["return_files": ["/o"]])
                            let answer = try? await gateway.run(body)
                            let file = (answer?["files"] as? [[String: Any]])?.first
                            return file?["content"] as? String == "\(number)\n" ? nil : "\(answer ?? [:])"
                        }
                    }
                    for await wrong in group { #expect(wrong == nil) }
                }
            }
        }
    }
}
