// SPDX-License-Identifier: Apache-2.0
// How much of the host one RUN may take. Pure.

package import FunctionModel

/// Bounds of one step's container.
package struct StepLimits: Hashable, Sendable {
    /// Compilers want memory; the other half is for functions.
    package static let memoryShare = 2
    /// Less than this no package manager works.
    package static let memoryFloor = ByteCount.mebibytes(256)
    /// Parallel builds start many short processes; a fork bomb still ends here.
    package static let processesMax = 4096
    /// /dev/shm and files that the step's own mounts hold in memory.
    package static let memoryFilesMax = ByteCount.mebibytes(64)
    /// The step is killed when the disk has less left: running functions and the database need it.
    package static let freeSpaceFloor = ByteCount.mebibytes(512)
    /// How often time and disk are checked.
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
