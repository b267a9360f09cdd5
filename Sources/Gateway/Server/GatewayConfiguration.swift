// SPDX-License-Identifier: Apache-2.0
// All options of the HTTP edge. faasctl fills them in from flags and files; GatewayServer reads them.

package import FunctionModel
package import Logging
import NIOCore
package import Registry
package import Scheduler
package import TLS

/// Options of the HTTP edge.
package struct GatewayConfiguration: Sendable {
    /// Address to listen on: a name, an IPv4 or an IPv6 address.
    package var host = "127.0.0.1"
    /// TCP port to listen on; 0 lets the kernel choose one.
    package var port = 8080
    /// DATA: credentials lie in `DATA/secrets`, uploads pass through `DATA/run`.
    package var dataDirectory: String
    /// Certificates and keys; nil serves HTTP without TLS.
    package var tls: TLSServer?
    /// The listener without TLS that redirects to this one; nil for none.
    package var redirect: RedirectConfiguration?
    /// The listener for /metrics alone; nil serves /metrics on the main one.
    package var metrics: MetricsConfiguration?
    /// Takes a span of each call; nil: calls are not traced.
    package var spans: (any SpanSink)?
    package var limits = GatewayLimits()
    /// Names under which administrative paths are served, besides addresses, loopback's and the machine's own.
    package var adminHosts: [String] = []
    /// Networks of proxies in front, whose word about the client counts.
    package var trustedProxies: [IPv4Network] = []
    /// Whether connections of these proxies begin with a header of the PROXY protocol, on every listener.
    package var proxyProtocol = false
    /// Whether /metrics asks for the admin's credentials.
    package var metricsNeedCredentials = false
    /// Mirrors and plain-http registries.
    package var registries = RegistryConfiguration()
    /// Images of AWS Lambda's runtimes, for ZIP packages.
    package var lambdaRuntimes = LambdaRuntimes()
    /// Networks that pulls may reach besides the public internet.
    package var buildAllow: [IPv4Network] = []
    /// Level of the one line per invocation.
    package var accessLogLevel: Logger.Level = .debug
    /// What `/system/info` calls the gateway's release.
    package var version = "0.1.0"

    package init(dataDirectory: String) { self.dataDirectory = dataDirectory }
}

/// Options of the listener that redirects to HTTPS.
package struct RedirectConfiguration: Sendable {
    /// Connections at once: each sends one short request, and answers wait for nothing.
    static let connectionsMax = 1024

    package var host: String
    package var port: Int
    /// Names that are redirected besides those that a certificate covers.
    package var hosts: [String] = []
    /// Answers to an authority's HTTP challenges; nil when no authority is asked for certificates.
    package var challenges: ChallengeTable?

    /// - Parameters:
    ///   - host: address to listen on.
    ///   - port: 0 lets the kernel choose one.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// Options of the listener for metrics.
package struct MetricsConfiguration: Sendable {
    /// Connections at once: a few scrapers, each with one.
    static let connectionsMax = 64

    package var host: String
    package var port: Int

    /// - Parameters:
    ///   - host: address to listen on.
    ///   - port: 0 lets the kernel choose one.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

/// Bounds of what a client may send or hold.
package struct GatewayLimits: Hashable, Sendable {
    /// A request target, in bytes.
    ///
    /// It goes into the environment three times, which one packet to the sandbox bounds (120 KiB).
    package var targetBytesMax = 32 << 10
    /// One header field, in bytes.
    package var headerFieldBytesMax = 32 << 10
    /// All header fields together, in bytes.
    ///
    /// They go into the environment twice.
    package var headerBytesMax = 48 << 10
    /// Header fields.
    ///
    /// Browsers send about 20, proxies add a few.
    package var headerCountMax = 256
    /// An idle connection is closed after this time; not while a function runs.
    package var idleTimeout = Duration.seconds(75)
    /// From the first byte of a request to the end of its head.
    ///
    /// Heads are sent at once; this is for lost packets and slow links.
    package var headTimeout = Duration.seconds(30)
    /// Longest silence in the middle of a body.
    ///
    /// Long enough for a phone between two cells, short enough that a stalled upload does not hold a sandbox for a
    /// whole timeout.
    package var bodyTimeout = Duration.seconds(20)
    /// Connections at once; more wait in the kernel's backlog.
    ///
    /// Each costs about 20 KiB and a descriptor.
    package var connectionsMax = 8192
    /// An image archive or build context, in bytes.
    package var uploadBytesMax = 8 << 30
    /// A JSON body of the admin API, in bytes.
    ///
    /// A deployment with a big environment is a few KiB.
    package var adminBodyBytesMax = 1 << 20

    package init() {}

    /// How much sooner than an idle connection a silent upload ends, so that it gets an answer.
    private static let uploadMargin = Duration.seconds(5)

    var parser: RequestParser.Limits {
        .init(
            targetBytesMax: targetBytesMax,
            fieldBytesMax: headerFieldBytesMax,
            headBytesMax: headerBytesMax,
            fieldCountMax: headerCountMax
        )
    }

    var times: ReadWatch.Limits {
        .init(
            head: TimeAmount(headTimeout),
            body: TimeAmount(bodyTimeout),
            upload: TimeAmount(max(bodyTimeout, idleTimeout - Self.uploadMargin))
        )
    }
}
