// SPDX-License-Identifier: Apache-2.0
// The contract of SecretRepository, for every implementation.

import Foundation
import FunctionStore
import Testing

@Suite struct SecretContractTests {
    /// Two processes' views of the same secrets.
    private struct Secrets {
        let folder: TemporaryFolder
        let first: any SecretRepository
        let second: any SecretRepository

        init(_ maker: RepositoryMaker) throws {
            folder = try TemporaryFolder()
            first = try maker.openSecrets(folder)
            second = try maker.openSecrets(folder)
        }
    }

    @Test(
        "a secret is made once, read, replaced, listed and removed, by either process",
        arguments: RepositoryMaker.all
    )
    func life(_ maker: RepositoryMaker) async throws {
        let secrets = try Secrets(maker)
        #expect(try await secrets.first.list() == [])
        try await secrets.first.create("b", [1, 2, 0, 255])
        try await secrets.second.create("a", [])
        #expect(try await secrets.first.list() == ["a", "b"])
        #expect(try await secrets.second.read("b") == [1, 2, 0, 255])
        #expect(try await secrets.first.read("a") == [])
        await #expect(throws: SecretError.exists("b")) { try await secrets.second.create("b", [9]) }
        try await secrets.second.update("b", [3])
        #expect(try await secrets.first.read("b") == [3])
        try await secrets.first.remove("b")
        await #expect(throws: SecretError.notFound("b")) { try await secrets.second.remove("b") }
        await #expect(throws: SecretError.notFound("b")) { try await secrets.second.update("b", [1]) }
        await #expect(throws: SecretError.notFound("b")) { try await secrets.second.read("b") }
        await #expect(throws: SecretError.notFound("b")) { try await secrets.second.file(of: "b") }
        #expect(try await secrets.second.list() == ["a"])
    }

    @Test("a build step's file holds the value", arguments: RepositoryMaker.all)
    func file(_ maker: RepositoryMaker) async throws {
        let secrets = try Secrets(maker)
        try await secrets.first.create("key", [7, 8])
        let path = try await secrets.second.file(of: "key")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([7, 8]))
    }

    @Test("a name that is no plain file name is refused everywhere", arguments: RepositoryMaker.all)
    func names(_ maker: RepositoryMaker) async throws {
        let secrets = try Secrets(maker)
        for name in [
            "", ".", "..", ".hidden", "../a", "a/b", "a b", "a\0", String(repeating: "a", count: 254),
        ] {
            let refusal = SecretError.invalidName(name)
            await #expect(throws: refusal) { try await secrets.first.create(name, [1]) }
            await #expect(throws: refusal) { try await secrets.first.update(name, [1]) }
            await #expect(throws: refusal) { try await secrets.first.read(name) }
            await #expect(throws: refusal) { try await secrets.first.file(of: name) }
            await #expect(throws: refusal) { try await secrets.first.remove(name) }
        }
        #expect(try await secrets.first.list() == [])
    }

    @Test("the largest value is stored, one byte more is refused", arguments: RepositoryMaker.all)
    func size(_ maker: RepositoryMaker) async throws {
        let secrets = try Secrets(maker)
        let value = [UInt8](repeating: 7, count: SecretLimits.valueBytesMax)
        try await secrets.first.create("a", value)
        let refusal = SecretError.tooLarge(
            name: "a",
            bytes: value.count + 1,
            bytesMax: SecretLimits.valueBytesMax
        )
        await #expect(throws: refusal) { try await secrets.first.update("a", value + [1]) }
        #expect(try await secrets.first.read("a") == value)
    }

    @Test(
        "of callers of two processes that make one secret exactly one succeeds, and its value is whole",
        arguments: RepositoryMaker.all
    )
    func race(_ maker: RepositoryMaker) async throws {
        let secrets = try Secrets(maker)
        for round in 0..<25 {
            let values = [[UInt8](repeating: 1, count: 10_000), [UInt8](repeating: 2, count: 20_000)]
            let winners = try await withThrowingTaskGroup(of: Int?.self) { group in
                for caller in 0..<4 {
                    let repository = caller % 2 == 0 ? secrets.first : secrets.second
                    group.addTask {
                        do throws(SecretError) {
                            try await repository.create("\(round)", values[caller % 2])
                            return caller % 2
                        } catch .exists {
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: [Int]()) { winners, winner in
                    if let winner { winners.append(winner) }
                }
            }
            #expect(winners.count == 1)
            #expect(try await secrets.first.read("\(round)") == values[winners.first ?? 0])
        }
    }
}
