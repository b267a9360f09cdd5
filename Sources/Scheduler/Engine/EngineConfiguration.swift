// SPDX-License-Identifier: Apache-2.0
// All options of the engine below the HTTP edge. faasctl fills them in from flags and files.

package import FunctionModel
package import Logging
package import Sandbox

/// Options of one engine.
package struct EngineConfiguration: Sendable {
    /// DATA: the one folder with everything that survives a restart.
    package var dataDirectory: String
    package var logger: Logger
    /// Sandboxes of all functions at once; nil derives it from the host's memory.
    package var sandboxesMax: Int?
    /// ``sandboxesMax``, or what this host has room for.
    var sandboxesLimit: Int { sandboxesMax ?? HostCapacity.sandboxesMax() }
    /// Whether attached containers may have folders of the host.
    package var hostMounts = true
    /// The limit of containers' writable layers; nil for none.
    package var containerDisk: ByteCount?
    /// Networks that RUN steps of builds reach besides the public internet.
    package var buildAllow: [IPv4Network] = []
    /// Networks that callbacks of asynchronous calls reach besides the public internet.
    package var callbackAllow: [IPv4Network] = []
    /// Short names of images for runs.
    package var runImages = RunImages()
    /// DATA, held already; nil takes it when the engine is made.
    package var folder: HeldDataFolder?
    /// Whether an empty database is accepted beside images and secrets, whose records are then lost.
    package var acceptsNewDatabase = false
    /// What kept root's privileges when this process gave up its own; nil when it never had any, or still has.
    package var warden: Warden?

    /// Takes a span of each call of the queue and of schedules; nil: they are not traced.
    package var spans: (any SpanSink)?
    /// The edge's status table: the HTTP status of a record, whichever trigger it has.
    package var statusOf: @Sendable (Invocation) -> Int

    package init(
        dataDirectory: String,
        logger: Logger,
        statusOf: @escaping @Sendable (Invocation) -> Int
    ) {
        self.dataDirectory = dataDirectory
        self.logger = logger
        self.statusOf = statusOf
    }
}
