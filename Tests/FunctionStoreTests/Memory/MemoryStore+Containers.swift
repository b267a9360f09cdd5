// SPDX-License-Identifier: Apache-2.0
// Containers and volumes in memory.

import Foundation
import FunctionModel

@testable import FunctionStore

extension MemoryStore: ContainerRepository {
    func createContainer(_ container: StoredContainer, countMax: Int) async throws(StoreError) -> NameClaim {
        try transaction { (tables) throws(StoreError) in
            guard tables.containers.count < countMax else { return .full }
            if let taken = tables.claim(container.name) { return taken }
            tables.containers.append(container)
            return .made
        }
    }

    func containers() async throws(StoreError) -> [StoredContainer] {
        try transaction { (tables) throws(StoreError) in
            tables.containers.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        }
    }

    func setCondition(_ condition: StoredContainer.Condition, of id: String) async throws(StoreError) {
        try transaction { (tables) throws(StoreError) in
            guard let index = tables.containers.firstIndex(where: { $0.id == id }) else { return }
            tables.containers[index].condition = condition
        }
    }

    func renameContainer(_ id: String, to name: String) async throws(StoreError) -> NameClaim {
        try transaction { (tables) throws(StoreError) in
            if let taken = tables.claim(name) { return taken }
            guard let index = tables.containers.firstIndex(where: { $0.id == id }) else { return .unknown }
            tables.containers[index].name = name
            return .made
        }
    }

    func setRequest(_ request: ContainerRequest, of id: String) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            guard let index = tables.containers.firstIndex(where: { $0.id == id }) else { return false }
            tables.containers[index].request = request
            return true
        }
    }

    func removeContainer(_ id: String) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            let before = tables.containers.count
            tables.containers.removeAll { $0.id == id }
            return tables.containers.count < before
        }
    }

    func createVolume(_ volume: StoredVolume) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            guard !tables.volumes.contains(where: { $0.name == volume.name }) else { return false }
            tables.volumes.append(volume)
            return true
        }
    }

    func volumes() async throws(StoreError) -> [StoredVolume] {
        try transaction { (tables) throws(StoreError) in tables.volumes.sorted { $0.name < $1.name } }
    }

    func removeVolume(_ name: String) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            let before = tables.volumes.count
            tables.volumes.removeAll { $0.name == name }
            return tables.volumes.count < before
        }
    }
}

extension MemoryStore {
    func createNetwork(_ network: StoredNetwork) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            let isTaken = tables.networks.contains { $0.name == network.name || $0.number == network.number }
            if !isTaken { tables.networks.append(network) }
            return !isTaken
        }
    }

    func networks() async throws(StoreError) -> [StoredNetwork] {
        try transaction { (tables) throws(StoreError) in tables.networks.sorted { $0.name < $1.name } }
    }

    func removeNetwork(_ name: String) async throws(StoreError) -> Bool {
        try transaction { (tables) throws(StoreError) in
            let before = tables.networks.count
            tables.networks.removeAll { $0.name == name }
            return tables.networks.count < before
        }
    }
}

extension MemoryStore.Tables {
    fileprivate func claim(_ name: String) -> NameClaim? {
        if let other = containers.first(where: { $0.name == name }) { return .takenByContainer(id: other.id) }
        return functions.contains { $0.key.text == name && $0.value.current != nil } ? .takenByFunction : nil
    }
}
