// SPDX-License-Identifier: Apache-2.0
// The resource limits of one RUN. Pure.

package import FunctionModel

/// Bounds of one step's container.
package struct StepLimits: Hashable, Sendable {
    /// Half of the host's memory; the other half is for functions.
    package static let memoryShare = 2
    /// Package managers fail with less than this.
    package static let memoryFloor = ByteCount.mebibytes(256)
    /// Enough for parallel compilations; stops a fork bomb.
    package static let processesMax = 4096
    /// Size of /dev/shm and of the step's tmpfs mounts.
    package static let memoryFilesMax = ByteCount.mebibytes(64)
    /// The step is killed when the disk has less free space: running functions and the database need it.
    package static let freeSpaceFloor = ByteCount.mebibytes(512)
    /// The interval of checks of time and disk.
    package static let watchInterval = Duration.seconds(1)

    package var sandbox: Limits
    package var freeSpaceFloor = Self.freeSpaceFloor
    package var watchInterval = Self.watchInterval

    /// The bounds on a host of this size: all processors, half of the memory.
    package init(hostMemoryBytes: Int, processors: Int) {
        sandbox = Limits()
        sandbox.memory = max(Self.memoryFloor, ByteCount(bytes: hostMemoryBytes / Self.memoryShare))
        sandbox.cpu = Millicores(count: max(1, processors) * 1000)
        sandbox.pids = Self.processesMax
        sandbox.disk = Self.memoryFilesMax
    }
}
