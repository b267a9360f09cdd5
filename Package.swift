// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// Targets are listed bottom-up: a target may only depend on those above it (Tests/TidyTests holds the graph).

import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let cSettings: [CSetting] = [
    .unsafeFlags([
        "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-fno-strict-aliasing",
    ])
]

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHTTPTypesHTTP2 = Target.Dependency.product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "mayfly",
    products: [
        .executable(name: "faasctl", targets: ["faasctl"]),
        .executable(name: "CSpawner", targets: ["CSpawner"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .target(name: "CSandbox", cSettings: cSettings),
        .executableTarget(
            name: "CSpawner",
            dependencies: ["CSandbox"],
            // Includes name the folder: "slot/slot.h".
            cSettings: cSettings + [.headerSearchPath(".")],
            // Nothing of the Swift runtime: a program of 0.7 MB instead of 6.7.
            linkerSettings: [
                .unsafeFlags(["-static-stdlib", "-nostartfiles", "-Xclang-linker", "-static"])
            ]
        ),
        .target(name: "FunctionModel", swiftSettings: swiftSettings),
        .target(
            name: "FunctionStore",
            dependencies: ["FunctionModel", grdb, logging],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Sandbox",
            dependencies: ["CSandbox", "CSeccomp", "FunctionModel", nioCore, logging],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Contracts",
            dependencies: ["FunctionModel", httpTypes, nioCore],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "SandboxHTTP",
            dependencies: ["Sandbox", httpTypes, nioCore, nioHTTP1, nioPosix, nioHTTPTypesHTTP1],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "SandboxPorts",
            dependencies: ["FunctionModel", nioCore, nioPosix],
            swiftSettings: swiftSettings
        ),
        .target(name: "Schedules", dependencies: ["FunctionModel"], swiftSettings: swiftSettings),
        .target(name: "OCI", dependencies: ["COpenSSL", "FunctionModel"], swiftSettings: swiftSettings),
        .target(name: "TLS", dependencies: ["COpenSSL", nioCore, nioTLS], swiftSettings: swiftSettings),
        .target(name: "HTTPClient", dependencies: ["CCurl", "FunctionModel"], swiftSettings: swiftSettings),
        .target(
            name: "ACME",
            dependencies: ["COpenSSL", "HTTPClient", "TLS", logging],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ImageStore",
            dependencies: ["CArchive", "CSandbox", "FunctionModel", "OCI", "Sandbox", logging],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Registry",
            dependencies: ["CSandbox", "FunctionModel", "OCI", "HTTPClient", "ImageStore"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ImageBuilder",
            dependencies: [
                "CSandbox", "FunctionModel", "OCI", "HTTPClient", "Sandbox", "ImageStore", logging,
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Scheduler",
            dependencies: [
                "FunctionModel", "Contracts", "FunctionStore", "OCI", "HTTPClient", "ImageStore", "Registry",
                "ImageBuilder", "Sandbox", "SandboxHTTP", "SandboxPorts", "Schedules", httpTypes, nioCore,
                logging, lifecycle,
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "GatewayAPI",
            dependencies: ["FunctionModel", "OCI", nioCore],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Gateway",
            dependencies: [
                "FunctionModel", "Contracts", "FunctionStore", "OCI", "ImageStore", "Registry",
                "ImageBuilder", "Scheduler", "GatewayAPI", "TLS", hummingbird, hummingbirdCore,
                httpTypes, nioCore, nioHTTP1, nioHTTP2, nioHTTPTypes, nioHTTPTypesHTTP2, nioTLS, logging,
                lifecycle,
            ],
            swiftSettings: swiftSettings
        ),
        .target(name: "ManifestReader", dependencies: ["FunctionModel", yams], swiftSettings: swiftSettings),
        .target(
            name: "Compose",
            dependencies: ["FunctionModel", "ManifestReader"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "Server",
            dependencies: [
                "ACME", "FunctionModel", "HTTPClient", "ManifestReader", "ImageStore", "Registry",
                "ImageBuilder", "Sandbox", "Scheduler", "Gateway", "OCI", "TLS", logging, lifecycle,
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ClientFiles",
            dependencies: ["ImageStore", "Registry", "ImageBuilder"],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "faasctl",
            dependencies: [
                "FunctionModel", "OCI", "HTTPClient", "Schedules", "ClientFiles", "GatewayAPI",
                "ManifestReader", "Compose", "Server", nioCore, yams, logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings
        ),
        // Not a part of what is installed: bench/layers runs it.
        .executableTarget(
            name: "LayerBench",
            dependencies: ["Sandbox", nioCore, logging],
            path: "bench/LayerBench",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FunctionModelTests",
            dependencies: ["FunctionModel"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FunctionStoreTests",
            dependencies: ["FunctionStore", "FunctionModel", grdb, logging],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "SandboxTests",
            dependencies: ["Sandbox", "CSandbox", "FunctionModel", nioCore, logging],
            exclude: ["Programs"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "TLSTests",
            dependencies: ["TLS", "COpenSSL", nioCore, nioEmbedded, nioPosix, nioTLS],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ACMETests",
            dependencies: ["ACME", "COpenSSL", "HTTPClient", "TLS", logging],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "SandboxHTTPTests",
            dependencies: ["SandboxHTTP", "Sandbox", httpTypes, nioCore],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "SandboxPortsTests",
            dependencies: ["SandboxPorts", "FunctionModel", nioCore],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ContractsTests",
            dependencies: ["Contracts", "FunctionModel", httpTypes, nioCore],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ImagesTests",
            dependencies: [
                "OCI", "HTTPClient", "ImageStore", "Registry", "ImageBuilder", "CSandbox", "FunctionModel",
                "Sandbox", logging,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "SchedulerTests",
            dependencies: [
                "Scheduler", "Contracts", "FunctionModel", "FunctionStore", "OCI", "HTTPClient", "ImageStore",
                "Registry", "ImageBuilder", "Sandbox", "Schedules", httpTypes, nioCore, logging,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "SchedulesTests",
            dependencies: ["Schedules", "FunctionModel"],
            exclude: ["Programs"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ClientFilesTests",
            dependencies: ["ClientFiles", "ImageStore"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "GatewayAPITests",
            dependencies: ["GatewayAPI", "FunctionModel", "OCI", nioCore],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "Contracts", "GatewayAPI", "Scheduler", "FunctionModel", "FunctionStore", "OCI",
                "HTTPClient",
                "ImageStore", "Registry", "ImageBuilder", "Sandbox", hummingbird, httpTypes, nioCore,
                nioEmbedded, logging,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ComposeTests",
            dependencies: ["Compose", "FunctionModel", "ManifestReader"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Server", "ACME", "ManifestReader", "FunctionModel", "Gateway", "ImageStore", "Registry",
                "Sandbox", "Scheduler", "TLS", logging,
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FaasctlTests",
            dependencies: [
                "faasctl", "Server", "ManifestReader", "FunctionModel", "GatewayAPI", "Compose",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ReferenceTests",
            dependencies: [
                "faasctl", "Contracts", "Server", "ManifestReader", "Compose", "FunctionModel", "Gateway",
                "GatewayAPI", "Sandbox",
                "ImageStore", "Scheduler",
                httpTypes, yams,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["FunctionModel", grdb],
            exclude: ["Programs"],
            swiftSettings: swiftSettings
        ),
        .testTarget(name: "TidyTests", swiftSettings: swiftSettings),
    ]
)
