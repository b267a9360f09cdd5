// SPDX-License-Identifier: Apache-2.0
// The distribution's nginx or HAProxy in front of a gateway, with one kept connection to it.

import Foundation
import Glibc

/// A proxy for the time of one test; call ``stop()``.
final class ProxyUnderTest: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case nginx, haproxy

        var program: String { "/usr/sbin/" + rawValue }
    }

    static let areInstalled = Kind.allCases.allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0.program)
    }

    let port: Int
    private let folder: TemporaryFolder
    private let processID: Int32

    /// Starts one and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - kind: which one.
    ///   - gateway: the port behind it.
    /// - Throws: ``HarnessError`` with what it wrote when it did not start.
    init(_ kind: Kind, gateway: Int) async throws {
        folder = try TemporaryFolder()
        port = try RegistryUnderTest.freePort()
        let place = folder.url.path
        let text =
            switch kind {
            case .nginx: Self.nginx(port: port, gateway: gateway, folder: place)
            case .haproxy: Self.haproxy(port: port, gateway: gateway)
            }
        try folder.write(text, to: "proxy.conf")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: kind.program)
        process.arguments =
            switch kind {
            case .nginx: ["-p", place, "-c", place + "/proxy.conf", "-e", place + "/error.log"]
            case .haproxy: ["-db", "-f", place + "/proxy.conf"]
            }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try Command.createFile(folder.url.appendingPathComponent("output"))
        try process.start()
        processID = process.processIdentifier
        for _ in 0..<200 {
            if (try? RawConnection(port: port)) != nil { return }
            try await Task.sleep(for: .milliseconds(25))
        }
        let output = (try? String(contentsOfFile: place + "/output", encoding: .utf8)) ?? ""
        stop()
        throw HarnessError("\(kind.rawValue) did not start: \(output)")
    }

    func stop() {
        // Both end their workers with themselves.
        kill(processID, SIGTERM)
        folder.remove()
    }

    /// As lenient as it can be told to be, and everything passed on as it comes.
    private static func nginx(port: Int, gateway: Int, folder: String) -> String {
        """
        daemon off;
        user root;
        worker_processes 1;
        pid \(folder)/pid;
        error_log \(folder)/error.log crit;
        events { worker_connections 512; }
        http {
            access_log off;
            client_body_temp_path \(folder)/body;
            proxy_temp_path \(folder)/proxy;
            fastcgi_temp_path \(folder)/fastcgi;
            uwsgi_temp_path \(folder)/uwsgi;
            scgi_temp_path \(folder)/scgi;
            ignore_invalid_headers off;
            underscores_in_headers on;
            merge_slashes off;
            client_body_timeout 1s;
            client_header_timeout 1s;
            upstream gateway { server 127.0.0.1:\(gateway); keepalive 1; }
            server {
                listen 127.0.0.1:\(port);
                location / {
                    proxy_pass http://gateway;
                    proxy_http_version 1.1;
                    proxy_set_header Connection "";
                    proxy_request_buffering off;
                    proxy_buffering off;
                }
            }
        }

        """
    }

    private static func haproxy(port: Int, gateway: Int) -> String {
        """
        defaults
            mode http
            timeout connect 5s
            timeout client 1s
            timeout http-request 1s
            timeout server 10s
            http-reuse always
        frontend all
            bind 127.0.0.1:\(port)
            option accept-invalid-http-request
            default_backend gateway
        backend gateway
            option accept-invalid-http-response
            server gateway 127.0.0.1:\(gateway) pool-max-conn 1

        """
    }
}
