// SPDX-License-Identifier: Apache-2.0
// The permitted imports. The table is the architecture: docs/ARCHITECTURE.md gives its reasons.

enum ImportGraph {
    /// For each room, the rooms and system libraries that it may import.
    static let allowed: [String: Set<String>] = [
        "CArchive": [],
        "CCurl": [],
        "COpenSSL": [],
        "CSeccomp": [],
        "CSandbox": [],
        "CSpawner": ["CSandbox"],
        "FunctionModel": [],
        "Contracts": ["FunctionModel"],
        "Schedules": ["FunctionModel"],
        "FunctionStore": ["FunctionModel"],
        "Sandbox": ["FunctionModel", "CSandbox", "CSeccomp"],
        "SandboxHTTP": ["Sandbox"],
        "SandboxPorts": ["FunctionModel"],
        "OCI": ["FunctionModel", "COpenSSL"],
        "HTTPClient": ["FunctionModel", "CCurl"],
        "TLS": ["COpenSSL"],
        "ACME": ["COpenSSL", "HTTPClient", "TLS"],
        "ImageStore": ["FunctionModel", "OCI", "Sandbox", "CSandbox", "CArchive"],
        "Registry": ["FunctionModel", "OCI", "HTTPClient", "ImageStore", "CSandbox"],
        "ImageBuilder": ["FunctionModel", "OCI", "HTTPClient", "ImageStore", "Sandbox", "CSandbox"],
        "Scheduler": [
            "FunctionModel", "Contracts", "FunctionStore", "OCI", "HTTPClient", "ImageStore", "Registry",
            "ImageBuilder",
            "Sandbox", "SandboxHTTP", "SandboxPorts", "Schedules",
        ],
        "GatewayAPI": ["FunctionModel", "OCI"],
        "Gateway": [
            "FunctionModel", "Contracts", "FunctionStore", "OCI", "ImageStore", "Registry", "ImageBuilder",
            "Scheduler", "GatewayAPI", "TLS",
        ],
        "ManifestReader": ["FunctionModel"],
        "Compose": ["FunctionModel", "ManifestReader"],
        "Server": [
            "ACME", "FunctionModel", "HTTPClient", "ManifestReader", "ImageStore", "Registry", "ImageBuilder",
            "Sandbox", "Scheduler", "Gateway", "OCI", "TLS",
        ],
        "ClientFiles": ["ImageStore", "Registry", "ImageBuilder"],
        "faasctl": [
            "FunctionModel", "OCI", "HTTPClient", "Schedules", "ClientFiles", "GatewayAPI", "ManifestReader",
            "Compose", "Server",
        ],
    ]

    /// Modules of the toolchain and of packages that any room but FunctionModel may import.
    static let commonModules: Set<String> = [
        "Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch", "Logging",
    ]

    /// Modules of packages that only some rooms may import.
    static let owners: [String: Set<String>] = [
        "GRDB": ["FunctionStore"],
        "NIOCore": [
            "Contracts", "Sandbox", "SandboxHTTP", "SandboxPorts", "Scheduler", "GatewayAPI", "Gateway",
            "TLS",
            "faasctl",
        ],
        "NIOTLS": ["TLS", "Gateway"],
        "NIOConcurrencyHelpers": ["Gateway"],
        "NIOPosix": ["SandboxHTTP", "SandboxPorts", "Gateway"],
        "NIOHTTP1": ["SandboxHTTP", "Gateway"],
        "NIOHTTPTypesHTTP1": ["SandboxHTTP"],
        "NIOHTTP2": ["Gateway"],
        "NIOHTTPTypes": ["Gateway"],
        "NIOHTTPTypesHTTP2": ["Gateway"],
        "NIOExtras": ["Gateway"],
        "HTTPTypes": ["Contracts", "SandboxHTTP", "Scheduler", "Gateway"],
        "Hummingbird": ["Gateway"],
        "HummingbirdCore": ["Gateway"],
        "HummingbirdHTTP2": ["Gateway"],
        "ServiceLifecycle": ["Scheduler", "Gateway", "Server"],
        "Metrics": ["Scheduler", "Gateway"],
        "Yams": ["ManifestReader", "faasctl"],
        "ArgumentParser": ["faasctl"],
    ]

    /// The picture of docs/ARCHITECTURE.md: one arrow for each import that the table allows.
    static var picture: [String] {
        let arrows = allowed.flatMap { room, imports in imports.map { "    \(room) --> \($0)" } }
        return ["```mermaid", "graph BT"] + arrows.sorted() + ["```"]
    }

    /// Imports in Swift and includes in C that the table does not allow.
    static func violations(in file: SourceFile) -> [Violation] {
        guard let room = file.room else { return [] }
        guard let rooms = allowed[room] else {
            return [Violation(path: file.path, line: 0, message: "\(room) is not a room of the import graph")]
        }
        if file.isC { return includeViolations(in: file, rooms: rooms) }
        guard file.isSwift else { return [] }
        var found: [Violation] = []
        for (index, line) in file.code.enumerated() {
            guard let module = importedModule(line), !isAllowed(module, in: room, rooms: rooms) else {
                continue
            }
            found.append(
                Violation(path: file.path, line: index + 1, message: "\(room) must not import \(module)")
            )
        }
        return found
    }

    /// Dependencies in Package.swift between rooms that the table does not allow.
    static func manifestViolations(in manifest: SourceFile) -> [Violation] {
        var found: [Violation] = []
        var target: String?
        for (index, line) in manifest.lines.enumerated() {
            let strings = quotedStrings(line)
            if line.contains("name: \""), !line.contains(".product("), let first = strings.first {
                target = first
            }
            guard let target, let rooms = allowed[target] else { continue }
            for name in strings where name != target && allowed[name] != nil && !rooms.contains(name) {
                found.append(
                    Violation(
                        path: manifest.path,
                        line: index + 1,
                        message: "\(target) must not depend on \(name)"
                    )
                )
            }
        }
        return found
    }

    private static func isAllowed(_ module: String, in room: String, rooms: Set<String>) -> Bool {
        if allowed[module] != nil { return rooms.contains(module) }
        if room == "FunctionModel" { return module == "FoundationEssentials" }
        return commonModules.contains(module) || owners[module]?.contains(room) == true
    }

    /// The module that a line imports; nil when it is no import.
    static func importedModule(_ line: String) -> String? {
        let words = line.words
        guard let position = words.firstIndex(of: "import"), position + 1 < words.count else { return nil }
        let modifiers: Set<String> = [
            "package", "internal", "private", "fileprivate", "public", "testable", "preconcurrency",
            "exported",
            "_exported", "_implementationOnly", "nonisolated",
        ]
        guard words[..<position].allSatisfy({ modifiers.contains($0) }) else { return nil }
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias"]
        let isScoped = kinds.contains(words[position + 1]) && position + 2 < words.count
        return words[isScoped ? position + 2 : position + 1]
    }

    /// Only CSandbox's headers, besides the room's own by folder and name, and the system's.
    private static func includeViolations(in file: SourceFile, rooms: Set<String>) -> [Violation] {
        var found: [Violation] = []
        for (index, line) in file.lines.enumerated() where line.trimmed.hasPrefix("#include \"") {
            guard let header = quotedStrings(line).first else { continue }
            let ownsAll = file.room == "CSandbox" || file.room == "CSpawner"
            if !ownsAll || header.contains("..") {
                found.append(
                    Violation(
                        path: file.path,
                        line: index + 1,
                        message: "\(file.room ?? "") must not include \(header)"
                    )
                )
            }
        }
        return found
    }

    private static func quotedStrings(_ line: String) -> [String] {
        let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 && $0 + 1 < parts.count }.map { String(parts[$0]) }
    }
}
