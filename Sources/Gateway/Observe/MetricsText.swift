// SPDX-License-Identifier: Apache-2.0
// Writes metric families into one buffer, in Prometheus's format or OpenMetrics's. The pages of metrics use it.

import NIOCore

/// The text of a scrape while it is written.
///
/// A page of 2,000 functions has some 50,000 lines: lines are bytes in one buffer, without a text of their own.
struct MetricsText: Sendable {
    enum Format: Hashable, Sendable {
        /// Prometheus's text exposition format 0.0.4.
        case prometheus
        /// OpenMetrics 1.0.
        case openMetrics

        var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }

        /// The format that a scraper prefers (RFC 9110, section 12.5.1); Prometheus's where it does not say.
        init(accept: String?) {
            let types = (accept ?? "").lowercased().split(separator: ",").map { range in
                let parts = range.split(separator: ";").map { $0.drop { $0 == " " } }
                let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap {
                    Double($0.dropFirst(2))
                }
                return (name: (parts.first ?? "").prefix { $0 != " " }, weight: weight ?? 1)
            }
            func weight(_ names: String...) -> Double {
                types.first { type in names.contains { type.name == $0 } }?.weight ?? 0
            }
            let open = weight("application/openmetrics-text")
            self = open > 0 && open >= weight("text/plain") ? .openMetrics : .prometheus
        }
    }

    enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    let format: Format
    private(set) var buffer: ByteBuffer

    /// - Parameters:
    ///   - format: of the page.
    ///   - capacity: bytes that the page is likely to have.
    init(_ format: Format = .prometheus, capacity: Int = 4096) {
        self.format = format
        buffer = ByteBufferAllocator().buffer(capacity: capacity)
    }

    /// What was written, as text; for tests.
    var text: String { String(buffer: buffer) }

    /// The two lines above a family's samples.
    ///
    /// OpenMetrics names a counter without the `_total` of its samples, and knows no counter whose samples lack it.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        var (name, kind) = (name[...], kind.rawValue)
        if format == .openMetrics, kind == Kind.counter.rawValue {
            if name.hasSuffix("_total") { name = name.dropLast("_total".count) } else { kind = "unknown" }
        }
        write("# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n")
    }

    /// One sample.
    ///
    /// - Parameters:
    ///   - name: of the sample.
    ///   - labels: as they stand between the braces; nothing is escaped. Empty: no braces.
    ///   - value: of the sample.
    mutating func sample(_ name: String, _ labels: String = "", _ value: Int) {
        key(name, labels)
        write(value)
        write("\n")
    }

    mutating func sample(_ name: String, _ labels: String = "", _ value: Double) {
        key(name, labels)
        write(value.description)
        write("\n")
    }

    /// The samples of one histogram.
    ///
    /// - Parameters:
    ///   - name: of the family.
    ///   - labels: as they stand between the braces.
    ///   - bounds: upper bounds of all buckets but the last, as they stand in `le`.
    ///   - counts: per bucket, not cumulative; the last one is everything above the bounds.
    ///   - sum: of all values.
    ///   - exemplars: by the place of their bucket; only OpenMetrics has them.
    mutating func histogram(
        _ name: String,
        _ labels: String,
        bounds: [String],
        counts: [Int],
        sum: Double,
        exemplars: [Int: FunctionMetrics.Exemplar] = [:]
    ) {
        let start = Array("\(name)_bucket{\(labels)\(labels.isEmpty ? "" : ",")le=\"".utf8)
        var below = 0
        for (index, count) in counts.enumerated() {
            below += count
            // As bytes: nine tenths of a page are these lines.
            buffer.writeBytes(start)
            write(index < bounds.count ? bounds[index] : "+Inf")
            write("\"} ")
            write(below)
            if format == .openMetrics, let exemplar = exemplars[index] { write(exemplar) }
            write("\n")
        }
        sample("\(name)_sum", labels, sum)
        sample("\(name)_count", labels, below)
    }

    /// The end of the page, which OpenMetrics marks.
    mutating func finish() {
        if format == .openMetrics { write("# EOF\n") }
    }

    private mutating func write(_ exemplar: FunctionMetrics.Exemplar) {
        let (second, rest) = exemplar.unixNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let fraction = String(1000 + rest / 1_000_000).dropFirst()
        write(" # {trace_id=\"\(exemplar.traceID)\"} \(exemplar.seconds) \(second).\(fraction)")
    }

    private mutating func key(_ name: String, _ labels: String) {
        write(name)
        if !labels.isEmpty {
            write("{")
            write(labels)
            write("}")
        }
        write(" ")
    }

    private mutating func write(_ text: String) { buffer.writeString(text) }

    private mutating func write(_ number: Int) { buffer.writeString(String(number)) }
}
