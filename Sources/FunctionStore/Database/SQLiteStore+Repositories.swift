// SPDX-License-Identifier: Apache-2.0
// Which aggregates SQLite keeps. The methods are in the folder of each aggregate.

extension SQLiteStore: FunctionRepository {}
extension SQLiteStore: ImageReferenceRepository {}
extension SQLiteStore: ScheduleRepository {}
extension SQLiteStore: HistoryRepository {}
extension SQLiteStore: NamespaceRepository {}
extension SQLiteStore: QueueRepository {}
extension SQLiteStore: TokenRepository {}
extension SQLiteStore: ContainerRepository {}
