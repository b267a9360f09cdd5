// SPDX-License-Identifier: Apache-2.0
// Opens what lies in the data folder. Engine makes one at its start.

import FunctionStore
import ImageStore
import Logging
import Sandbox

/// The stores of one data folder.
struct EngineData {
    let store: SQLiteStore
    let secrets: SecretStore
    let images: ImageStore
    /// How image files are reached on this host.
    let trees: TreeAccess
    /// The files of containers that stay.
    let containers: ContainerFolders
    /// What runs now, and what the gateway before did not finish.
    let unfinished: (calls: UnfinishedCalls?, left: [UnfinishedCall])

    /// Opens the database, the secrets and the images.
    ///
    /// Blocks.
    ///
    /// - Parameter configuration: whose data folder is held already.
    /// - Throws: ``EngineError``.
    init(_ configuration: EngineConfiguration) throws(EngineError) {
        let folder = configuration.dataDirectory
        trees = TreeAccess(warden: configuration.warden, idShift: OwnerTranslation.shift(for: folder))
        store = try Self.openDatabase(configuration)
        containers = ContainerFolders(dataDirectory: folder, trees: trees, logger: configuration.logger)
        do throws(EngineError) {
            unfinished = try UnfinishedCalls.open(folder + "/run/calls")
        } catch {
            // A full disk must not keep the gateway from a start.
            configuration.logger.warning("calls run without notes: \(error)")
            unfinished = (nil, [])
        }
        do throws(SecretError) {
            secrets = try SecretStore(folder: folder + "/secrets/functions")
        } catch {
            throw .store(reason: error.description)
        }
        do throws(ImageError) {
            try containers.make()
            images = try ImageStore(
                dataDirectory: folder,
                references: StoredReferences(store: store),
                trees: trees,
                logger: configuration.logger
            )
        } catch {
            throw .images(reason: error.description)
        }
    }

    /// An empty database is refused beside traces of an earlier one, unless the configuration accepts that.
    private static func openDatabase(
        _ configuration: EngineConfiguration
    ) throws(EngineError) -> SQLiteStore {
        let folder = configuration.dataDirectory
        let traces = configuration.acceptsNewDatabase ? [] : DataTraces.find(in: folder)
        do throws(StoreError) {
            return try SQLiteStore(
                path: folder + "/mayfly.sqlite",
                mayBeNew: traces.isEmpty,
                logger: configuration.logger
            )
        } catch .missing(let path) {
            throw .databaseMissing(path: path, traces: traces)
        } catch {
            throw .store(reason: error.description)
        }
    }
}

extension Containers {
    /// The containers of a data folder.
    convenience init(
        _ data: EngineData,
        _ configuration: EngineConfiguration,
        _ timer: DeadlineTimer,
        spawner: @escaping @Sendable () -> Spawner?
    ) {
        self.init(
            images: data.images,
            store: data.store,
            folders: data.containers,
            hostMounts: configuration.hostMounts,
            diskDefault: configuration.containerDisk,
            descriptorsMax: HostCapacity.descriptorsMax,
            timer: timer,
            spawner: spawner
        )
    }
}
