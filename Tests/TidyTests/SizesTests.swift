// SPDX-License-Identifier: Apache-2.0
// Lengths of files and functions.

import Testing

@Suite("Sizes")
struct SizesTests {
    @Test("no file or function of the tree is too long")
    func tree() {
        expectNone(SourceTree.files.flatMap { Sizes.violations(in: $0) })
    }

    @Test("a file of 401 lines is found, one of 400 is not")
    func longFile() {
        let line = "let a = 1\n"
        #expect(Sizes.violations(in: SourceFile("a.swift", String(repeating: line, count: 401))).count == 1)
        #expect(Sizes.violations(in: SourceFile("a.swift", String(repeating: line, count: 400))) == [])
    }

    @Test("a Swift function of 61 lines is found at its line, one of 60 is not")
    func longSwiftFunction() {
        func sample(_ lines: Int) -> SourceFile {
            let body = String(repeating: "        work(\"}\")  // }\n", count: lines - 2)
            return SourceFile("a.swift", "struct A {\n    func long() -> Int {\n\(body)    }\n}\n")
        }
        #expect(Sizes.violations(in: sample(61)).map(\.line) == [2])
        #expect(Sizes.violations(in: sample(60)) == [])
    }

    @Test("a C function of 41 lines is found, one of 40 is not")
    func longCFunction() {
        func sample(_ lines: Int) -> SourceFile {
            let body = String(repeating: "    work('}'); /* } */\n", count: lines - 2)
            return SourceFile("a.c", "struct a {\n    int b;\n};\n\nstatic int long_one(int a) {\n\(body)}\n")
        }
        #expect(Sizes.violations(in: sample(41)).map(\.line) == [5])
        #expect(Sizes.violations(in: sample(40)) == [])
    }

    @Test("functions are found with their names: nested ones, initializers, and not what has no body")
    func finder() {
        let text = """
            protocol P {
                func requirement(_ a: Int) throws -> Int
                init()
            }
            extension A {
                init(a: Int = { 1 }()) { self.init() }
                func outer<T>(
                    _ a: T
                ) async throws(E)
                    -> [T] where T: Sendable
                {
                    func inner() {}
                }
                static func == (lhs: A, rhs: A) -> Bool { true }
            }
            """
        let spans = FunctionFinder.swiftFunctions(in: SourceFile("a.swift", text))
        #expect(spans.map(\.name) == ["init", "outer", "inner", "operator"])
        #expect(spans.map(\.lineCount) == [1, 7, 1, 1])
    }
}
