// SPDX-License-Identifier: Apache-2.0
// Between a Revision and its row. The configuration is kept in function.yaml's own form, as JSON.

import FoundationEssentials
import FunctionModel
import GRDB

enum RevisionRow {
    static func encode(_ configuration: FunctionConfiguration) throws(StoreError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return try String(decoding: encoder.encode(configuration), as: UTF8.self)
        } catch {
            throw .failed(reason: "the configuration cannot be encoded: \(error)")
        }
    }

    static func decode(_ row: Row) throws(StoreError) -> Revision {
        do {
            let json: String = row["configuration"]
            return Revision(
                function: try FunctionName(row["function"]),
                number: row["number"],
                imageReference: row["image_reference"],
                imageDigest: try DigestColumn.read(row["image_digest"], of: "revisions"),
                configuration: try JSONDecoder().decode(FunctionConfiguration.self, from: Data(json.utf8)),
                createdAt: Date(microseconds: row["created_at_us"])
            )
        } catch let error as StoreError {
            throw error
        } catch {
            throw .malformedRow(table: "revisions", reason: "\(error)")
        }
    }
}
