// SPDX-License-Identifier: Apache-2.0
// The processes of a running container, read from its own /proc. EnteredProcesses makes one for each list.

import FoundationEssentials
import Glibc
import ImageStore
import Sandbox

/// A folder of procfs that shows one container's PID namespace.
struct ProcessList: ~Copyable {
    /// Processes that are listed; a container has so many at most unless its request asks for more.
    static let countMax = 4096
    /// Bytes of one process's arguments that are read: they may be megabytes.
    static let commandBytesMax = 4096
    /// Bytes of the arguments of all of them; those of further ones are left out.
    static let commandsBytesMax = 1 << 20
    /// Bytes of one of the other texts; the longest, `status`, has 1.5 KiB.
    private static let textBytesMax = 8192

    private let folder: OwnedDescriptor

    init(_ folder: consuming OwnedDescriptor) { self.folder = folder }

    /// Reads all processes; those that end meanwhile are left out.
    ///
    /// Blocks for some microseconds a process.
    ///
    /// - Parameter rootfs: the image's tree, for names of users.
    /// - Returns: the processes, by number.
    /// - Throws: ``ExecError``.
    func read(rootfs: String) throws(ExecError) -> [ContainerProcess] {
        let names: [UInt32: String]
        do throws(ImageError) { names = try ContainerUserLookup.names(rootfs: rootfs) } catch {
            throw .image(error)
        }
        let units = Self.units()
        var commandBytes = 0
        return try numbers().prefix(Self.countMax).compactMap { number in
            guard var texts = texts(number) else { return nil }
            commandBytes += texts.command.count
            if commandBytes > Self.commandsBytesMax { texts.command = [] }
            guard var process = ContainerProcess(texts, units) else { return nil }
            if let name = names[process.userID] { process.user = name }
            return process
        }
    }

    private static func units() -> ContainerProcess.Units {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return ContainerProcess.Units(
            ticksPerSecond: max(1, sysconf(Int32(_SC_CLK_TCK))),
            pageBytes: sysconf(Int32(_SC_PAGESIZE)),
            uptime: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9,
            now: Date()
        )
    }

    private func numbers() throws(ExecError) -> [Int32] {
        // With a position of its own.
        let raw = openat(folder.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0, let directory = fdopendir(raw) else {
            let reason = errno
            if raw >= 0 { close(raw) }
            throw .notStarted("the processes cannot be listed: errno \(reason)")
        }
        defer { closedir(directory) }
        var numbers: [Int32] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if let number = Int32(String(decoding: name, as: UTF8.self)) { numbers.append(number) }
        }
        return numbers.sorted()
    }

    /// All through one folder, which stays that process's when its number is given to another one.
    private func texts(_ number: Int32) -> ContainerProcess.Texts? {
        let process = openat(folder.raw, "\(number)", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard process >= 0 else { return nil }
        defer { close(process) }
        guard let stat = Self.bytes("stat", in: process, max: Self.textBytesMax),
            let status = Self.bytes("status", in: process, max: Self.textBytesMax),
            let map = Self.bytes("uid_map", in: process, max: Self.textBytesMax),
            let command = Self.bytes("cmdline", in: process, max: Self.commandBytesMax)
        else { return nil }
        return ContainerProcess.Texts(
            stat: String(decoding: stat, as: UTF8.self),
            status: String(decoding: status, as: UTF8.self),
            userMap: String(decoding: map, as: UTF8.self),
            command: command
        )
    }

    private static func bytes(_ name: String, in process: Int32, max: Int) -> [UInt8]? {
        let file = openat(process, name, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        while bytes.count < max {
            var piece = [UInt8](repeating: 0, count: max - bytes.count)
            let count = Glibc.read(file, &piece, piece.count)
            guard count >= 0 else { return nil }
            guard count > 0 else { break }
            bytes += piece.prefix(count)
        }
        return bytes
    }
}

extension EnteredProcesses {
    /// Lists the processes of a container or call that runs.
    ///
    /// - Parameter name: as with ``start(_:_:)``.
    /// - Returns: the processes, by number.
    /// - Throws: ``ExecError``.
    @concurrent package func processes(of name: String) async throws(ExecError) -> [ContainerProcess] {
        // Each holds a thread while it reads, and some megabytes.
        await lists.take()
        defer { lists.end() }
        let session = try find(target: name).session
        let list: ProcessList
        do throws(SandboxError) { list = ProcessList(try await session.openProcesses()) } catch {
            guard case .gone = error else { throw .notStarted(error.description) }
            throw .notRunning("its program has not been executed yet, or has ended")
        }
        return try list.read(rootfs: session.defaults.rootfs)
    }
}
