// SPDX-License-Identifier: Apache-2.0
// A folder for one test, gone afterwards, with something outside of the unpacked root that must stay as it is.

import CSandbox
import Foundation
import Glibc

@testable import ImageStore

/// One test's files: `root` is unpacked into, `outside` must not change.
final class Scratch {
    let path: String
    var root: String { path + "/root" }
    var outside: String { path + "/outside" }

    init() throws {
        path = NSTemporaryDirectory() + "images-test-\(UInt64.random(in: 0 ... .max))"
        try Directories.make(path + "/root")
        try Directories.make(path + "/outside/folder")
        try write("secret", to: "outside/file")
    }

    deinit {
        // A store that is let go of may still be marking a tree as durable, in a folder that is being emptied.
        for _ in 0..<50 {
            // A test that failed half-way must not fail again here.
            try? Directories.removeTree(path: path)
            if access(path, F_OK) != 0 { return }
            usleep(2000)
        }
    }

    func write(_ content: String, to name: String) throws {
        try write(Array(content.utf8), to: name)
    }

    func write(_ content: [UInt8], to name: String) throws {
        try Data(content).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: path + "/" + name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Unpacks layers, given as tar bytes, into `root`.
    @discardableResult
    func unpack(_ layers: [[UInt8]], options: UnpackOptions = .plain) throws -> UnpackReport {
        var descriptors: [Int32] = []
        defer { descriptors.forEach { close($0) } }
        for (index, layer) in layers.enumerated() {
            try write(layer, to: "layer\(index)")
            descriptors.append(open(path + "/layer\(index)", O_RDONLY))
        }
        let directory = open(root, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        return try LayerUnpacker.unpack(layers: descriptors, into: directory, options: options)
    }

    func status(_ name: String) -> stat? {
        var status = stat()
        return lstat(path + "/" + name, &status) == 0 ? status : nil
    }

    /// Everything below a folder: name, kind, mode, owner, content or target; sorted.
    func listing(_ folder: String) -> [String] {
        var lines: [String] = []
        let base = path + "/" + folder
        for name in FileManager.default.enumerator(atPath: base)?.allObjects as? [String] ?? [] {
            guard let status = status(folder + "/" + name) else { continue }
            var line = "\(name) \(String(status.st_mode, radix: 8)) \(status.st_uid):\(status.st_gid)"
            switch status.st_mode & S_IFMT {
            case S_IFREG: line += " " + (read(folder + "/" + name) ?? "")
            case S_IFLNK:
                line +=
                    " -> "
                    + ((try? FileManager.default.destinationOfSymbolicLink(atPath: base + "/" + name)) ?? "")
            default: break
            }
            lines.append(line)
        }
        return lines.sorted()
    }

    /// True when nothing beside `root` and the layers has appeared or changed.
    var isOutsideUntouched: Bool {
        let names = (try? Directories.names(in: path)) ?? []
        let known = names.allSatisfy { $0 == "root" || $0 == "outside" || $0.hasPrefix("layer") }
        return known && listing("outside").count == 2 && read("outside/file") == "secret"
            && status("outside/file")?.st_nlink == 1
    }
}

extension UnpackOptions {
    /// Just the layers, without the mount points that every image gets.
    static var plain: UnpackOptions {
        var options = UnpackOptions()
        options.addsMountPoints = false
        options.keepsOwners = geteuid() == 0
        return options
    }
}
