// SPDX-License-Identifier: Apache-2.0
// Names of functions as AWS's clients write them, and the operations of their paths.

import FunctionModel
import GatewayAPI
import NIOCore
import Testing

@testable import Gateway

@Suite("A reference to a function")
struct FunctionReferenceTests {
    @Test(
        "is a name, a partial or a full ARN, with a qualifier or without",
        arguments: [
            ("f", nil), ("f:3", "3"), ("f:prod", "prod"), ("f:$LATEST", nil), ("function:f", nil),
            ("123456789012:function:f", nil), ("123456789012:function:f:prod", "prod"),
            ("arn:aws:lambda:us-east-1:123456789012:function:f", nil),
            ("arn:aws:lambda:eu-west-1:000000000000:function:f:3", "3"),
        ] as [(String, String?)]
    ) func forms(_ text: String, _ qualifier: String?) throws {
        let reference = try FunctionReference(text)
        #expect(reference.name.text == "f" && reference.qualifier == qualifier)
        #expect(try FunctionReference(text, qualifier: qualifier).qualifier == qualifier)
    }

    @Test(
        "is refused when it is none",
        arguments: [
            "", ":", "f:", "f:a:b", "f:a b", "a b", "arn:aws:s3:us-east-1:1:function:f", "arn:aws:lambda:f",
            "arn:aws:lambda:us-east-1:1:layer:f", "-f", String(repeating: "f", count: 65),
            String(repeating: "f:", count: 200),
        ]
    ) func malformed(_ text: String) {
        let error = #expect(throws: LambdaError.self) { try FunctionReference(text) }
        #expect(error?.type == "InvalidParameterValueException" && error?.status == 400)
    }

    @Test("whose qualifier is not that of the query is refused")
    func mismatch() throws {
        #expect(throws: LambdaError.self) { try FunctionReference("f:1", qualifier: "2") }
        #expect(try FunctionReference("f", qualifier: "2").version == 2)
    }

    @Test("is in the path of an operation, which every operation has")
    func routes() {
        for operation in LambdaOperation.allCases {
            let parts = operation.pattern.split(separator: " ")
            let target = (parts.last ?? "").split(separator: "?")
            let segments = (target.first ?? "").split(separator: "/").map {
                $0.hasPrefix(":") ? "arn:x/y" : String($0)
            }
            let found = LambdaRoute.find(
                String(parts.first ?? ""),
                segments,
                parameters: target.dropFirst().map { $0 }
            )
            #expect(found?.operation == operation, "\(operation)")
            #expect(found?.function == (operation.namesFunction ? "arn:x/y" : ""), "\(operation)")
        }
        #expect(LambdaRoute.find("GET", ["2015-03-31", "functions", "f", "x"], parameters: []) == nil)
        #expect(LambdaRoute.find("GET", ["2015-03-30", "functions"], parameters: []) == nil)
        #expect(LambdaRoute.find("PATCH", ["2015-03-31", "functions"], parameters: []) == nil)
        #expect(LambdaRoute.find("GET", [], parameters: []) == nil)
    }

    @Test("is in paths that no function can take")
    func reserved() {
        for version in LambdaRoute.versions {
            #expect(throws: ModelError.self, "\(version)") { try Route("/\(version)/x") }
        }
    }

    @Test("and its operation ask for a scope: to call, to read or to change")
    func rules() {
        for operation in LambdaOperation.allCases {
            let rule = RouteRules.rule(operation)
            let isCall = operation.rawValue.hasPrefix("Invoke")
            #expect(rule.scope == (isCall ? .invoke : operation.isReading ? .read : .deploy), "\(operation)")
            if operation.namesFunction { #expect(rule.subject == .path, "\(operation)") }
        }
    }

    @Test("frames of an event stream have the lengths and codes that botocore reads")
    func frames() {
        #expect(EventStream.crc("123456789".utf8) == 0xCBF4_3926)
        let frame = EventStream.event("E", contentType: "t", ByteBuffer(string: "ab"))
        let bytes = Array(frame.readableBytesView)
        #expect(bytes.count == Int(bytes[3]) && bytes.count == 16 + Int(bytes[7]) + 2)
        #expect(
            EventStream.crc(bytes.dropLast(4)) == bytes.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        )
        #expect(EventStream.crc(bytes.prefix(8)) == bytes[8..<12].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }
}
