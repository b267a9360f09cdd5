// SPDX-License-Identifier: Apache-2.0
// The JSON of the list of functions, from parts that are encoded once for each revision. FunctionsAPI drives it.

import FunctionModel
import GatewayAPI
import NIOCore
import Scheduler
import Synchronization

/// Writes elements of GET /system/functions without encoding each configuration again.
///
/// A revision never changes, and its encoded configuration is nearly all of an element: encoding 2,000 of them took
/// 180 ms. The parts take about as much memory as the list itself, and go with the revision.
final class FunctionListForms: Sendable {
    /// By name; the current revision's only.
    private let forms = Mutex<[FunctionName: FunctionForm]>([:])

    /// The list as JSON: the bytes that ``FunctionStatusBody`` of each status would be encoded as.
    ///
    /// - Parameters:
    ///   - statuses: the elements.
    ///   - names: every function that exists; the parts of others are dropped.
    ///   - withUsage: whether each element has `usage`.
    /// - Returns: the whole array.
    /// - Throws: what the encoder throws; the types here give it no reason to.
    func list(_ statuses: [FunctionStatus], of names: some Sequence<FunctionName>, withUsage: Bool) throws
        -> ByteBuffer
    {
        var known = forms.withLock { $0 }
        var made: [FunctionForm] = []
        var list = ByteBuffer()
        list.writeStaticString("[")
        for (index, status) in statuses.enumerated() {
            if index > 0 { list.writeStaticString(",") }
            let revision = status.revision
            let form: FunctionForm
            if let found = known[revision.function], found.number == revision.number {
                form = found
            } else {
                form = try FunctionForm(revision)
                made.append(form)
            }
            try form.write(status, withUsage: withUsage, to: &list)
        }
        list.writeStaticString("]")
        for form in made { known[form.function] = form }
        let existing = Set(names)
        if !made.isEmpty || known.count > existing.count {
            forms.withLock { $0 = known.filter { existing.contains($0.key) } }
        }
        return list
    }
}

/// The parts of one revision's element between the values that change.
///
/// The keys of an element are sorted, as the encoder writes them; a test compares both.
struct FunctionForm: Sendable {
    let function: FunctionName
    /// Of the revision.
    let number: Int
    private let annotations: String
    private let image: String
    private let labels: String
    private let digest: String
    private let revision: String
    private let name: String
    private let secrets: String

    /// - Throws: what the encoder throws.
    init(_ revision: Revision) throws {
        let body = FunctionStatusBody(FunctionStatus(revision: revision), withUsage: false)
        function = revision.function
        number = revision.number
        annotations = try "{\"annotations\":\(Self.json(body.annotations)),\"availableReplicas\":"
        image = try """
        ,"constraints":\(Self.json(body.constraints)),"createdAt":\(Self.json(body.createdAt)),\
        "envProcess":\(Self.json(body.envProcess)),"envVars":\(Self.json(body.envVars)),\
        "image":\(Self.json(body.image)),"invocationCount":
        """
        labels = try """
        ,"labels":\(Self.json(body.labels)),"limits":\(Self.json(body.limits)),\
        "mayfly":{"configuration":\(Self.json(revision.configuration))
        """
        digest = try ",\"imageDigest\":\(Self.json(revision.imageDigest)),\"ready\":"
        self.revision = ",\"revision\":\(revision.number),\"running\":"
        name = try """
        },"name":\(Self.json(body.name)),"namespace":\(Self.json(body.namespace)),\
        "readOnlyRootFilesystem":\(Self.json(body.readOnlyRootFilesystem)),"replicas":
        """
        let requests = try body.requests.map { try ",\"requests\":\(Self.json($0))" } ?? ""
        secrets = try "\(requests),\"secrets\":\(Self.json(body.secrets))"
    }

    /// Appends the element of a status of this revision.
    ///
    /// - Throws: what the encoder throws.
    func write(_ status: FunctionStatus, withUsage: Bool, to list: inout ByteBuffer) throws {
        let replicas = FunctionStatusBody.replicas(status)
        list.writeString(annotations)
        list.writeString(String(replicas.available))
        list.writeString(image)
        list.writeString(String(status.invocationCount))
        list.writeString(labels)
        if let failure = status.failure { list.writeString(try ",\"failure\":\(Self.json(failure))") }
        list.writeString(digest)
        list.writeString(String(status.warm))
        list.writeString(revision)
        list.writeString(String(status.running))
        if let template = FunctionStatusBody.template(status) {
            list.writeString(try ",\"template\":\(Self.json(template))")
        }
        list.writeString(",\"waiting\":")
        list.writeString(String(status.waiting))
        list.writeString(name)
        list.writeString(String(replicas.all))
        list.writeString(secrets)
        if withUsage { list.writeString(try ",\"usage\":\(Self.json(FunctionStatusBody.Usage()))") }
        list.writeStaticString("}")
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try APIJSON.encode(value), as: UTF8.self)
    }
}
