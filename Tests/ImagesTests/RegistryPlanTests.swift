// SPDX-License-Identifier: Apache-2.0
// The pure machines of transfers: retries, downloads, uploads.

import Foundation
import Testing

@testable import ImageBuilder
@testable import Registry

/// Always the same number: jitter at its least or its most.
private struct Fixed: RandomNumberGenerator {
    var value: UInt64
    mutating func next() -> UInt64 { value }
}

@Suite("Registry retry plan")
struct RegistryRetryPlanTests {
    @Test("delays double up to their limit, between half and all of it")
    func delays() {
        for (value, part) in [(UInt64.min, 0.5), (UInt64.max, 1.0)] {
            var random = Fixed(value: value)
            var limits = RetryPlan.Limits()
            limits.attemptsMax = 9
            var plan = RetryPlan(limits: limits)
            for seconds in [0.25, 0.5, 1, 2, 4, 8, 8, 8] {
                guard case .wait(let delay) = plan.failed(.broken, using: &random) else {
                    Issue.record("gave up")
                    return
                }
                let wanted = Duration.seconds(seconds * part)
                #expect(delay > wanted - .milliseconds(1) && delay < wanted + .milliseconds(1))
            }
            #expect(plan.failed(.broken, using: &random) == .giveUp)
        }
    }

    @Test("an unreachable host is given up soon, a refusal at once, and a long wait is not waited")
    func givingUp() {
        var random = Fixed(value: 0)
        var unreachable = RetryPlan()
        #expect(unreachable.failed(.unreachable, using: &random) != .giveUp)
        #expect(unreachable.failed(.unreachable, using: &random) == .giveUp)
        for status in [400, 401, 403, 404, 416, 501] {
            var plan = RetryPlan()
            #expect(plan.failed(.status(status, retryAfter: nil), using: &random) == .giveUp)
        }
        var patient = RetryPlan()
        #expect(patient.failed(.status(429, retryAfter: .seconds(7)), using: &random) == .wait(.seconds(7)))
        #expect(patient.failed(.status(429, retryAfter: .seconds(61)), using: &random) == .giveUp)
    }

    @Test("progress makes the next failure a first one, so often")
    func progress() {
        var random = Fixed(value: 0)
        var plan = RetryPlan()
        for _ in 0..<plan.limits.resumptionsMax {
            #expect(plan.failed(.broken, using: &random) != .giveUp)
            plan.progressed()
        }
        var more = 0
        while plan.failed(.broken, using: &random) != .giveUp {
            plan.progressed()
            more += 1
        }
        #expect(more == plan.limits.attemptsMax - 1)
    }

    @Test("Retry-After is seconds or a date")
    func retryAfter() throws {
        let now = Date(timeIntervalSince1970: 784_111_777)
        #expect(RetryAfter.parse("120", now: now) == .seconds(120))
        #expect(RetryAfter.parse(" 0 ", now: now) == .zero)
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:47 GMT", now: now) == .seconds(10))
        #expect(RetryAfter.parse("Sun, 06 Nov 1984 08:49:47 GMT", now: now) == .zero)
        for bad in [nil, "", "soon", "-1", "1.5"] { #expect(RetryAfter.parse(bad, now: now) == nil) }
        #expect(RetryAfter.parse("99999999999999999999", now: now) == .seconds(9_999_999_999))
    }
}

@Suite("Registry download state")
struct RegistryDownloadStateTests {
    private var random = Fixed(value: 0)

    private func state(_ written: Int = 0) -> DownloadState {
        DownloadState(sizeBytes: 100, writtenBytes: written, limits: RetryPlan.Limits())
    }

    @Test("what is whole is verified, what is not is asked for from its end")
    func start() {
        #expect(state().next() == .request(from: 0) && state(40).next() == .request(from: 40))
        #expect(state(100).next() == .verify)
        #expect(DownloadState(sizeBytes: 0, writtenBytes: 0, limits: .init()).next() == .verify)
    }

    @Test(
        "an answer is appended, restarts the download, or is no content",
        arguments: [
            (0, 200, nil, .append),
            (40, 200, nil, .restart),
            (40, 206, "bytes 40-99/100", .append),
            (40, 206, "bytes 40-99/*", .append),
            (40, 206, "bytes 0-99/100", .decline),
            (40, 206, "bytes 40-99/101", .decline),
            (40, 206, nil, .decline),
            (40, 416, "bytes */100", .decline),
            (0, 404, nil, .decline),
            (0, 307, nil, .decline),
        ] as [(Int, Int, String?, DownloadState.Acceptance)]
    )
    func answers(written: Int, status: Int, range: String?, expected: DownloadState.Acceptance) {
        var state = state(written)
        #expect(state.answered(status: status, contentRange: range) == expected)
    }

    @Test("a range that was not asked for, and 416, lead to a request from the first byte, not for ever")
    mutating func restarts() {
        for status in [206, 416] {
            var state = state(40)
            for _ in 0..<DownloadState.restartsMax {
                _ = state.answered(status: status, contentRange: "bytes 1-2/3")
                #expect(state.ended(status: status, retryAfter: nil, using: &random) == .request(from: 0))
            }
            _ = state.answered(status: status, contentRange: "bytes 1-2/3")
            guard case .violation = state.ended(status: status, retryAfter: nil, using: &random) else {
                Issue.record("went on")
                return
            }
        }
    }

    @Test("a short answer is a break, a long one is refused, a whole one is verified")
    mutating func lengths() {
        var state = state()
        _ = state.answered(status: 200, contentRange: nil)
        #expect(state.received(60) == true)
        guard case .wait = state.ended(status: 200, retryAfter: nil, using: &random) else {
            Issue.record("no wait")
            return
        }
        #expect(state.next() == .request(from: 60))
        _ = state.answered(status: 206, contentRange: "bytes 60-99/100")
        let isTooLong = !state.received(41)
        #expect(isTooLong)
        #expect(state.received(40) == true)
        #expect(state.isPatched)
        #expect(state.ended(status: 206, retryAfter: nil, using: &random) == .verify)
    }

    @Test("a refusal is final, a busy server is asked again")
    mutating func refusals() {
        var state = state()
        _ = state.answered(status: 404, contentRange: nil)
        #expect(state.ended(status: 404, retryAfter: nil, using: &random) == .refused)
        _ = state.answered(status: 503, contentRange: nil)
        #expect(state.ended(status: 503, retryAfter: .seconds(9), using: &random) == .wait(.seconds(9)))
    }

    @Test(
        "Content-Range is read strictly",
        arguments: ["bytes 5-4/9", "bytes -1-4/9", "bytes 1-9/9", "items 1-2/3", "bytes 1-2", "bytes a-b/c"]
    )
    func contentRange(text: String) {
        #expect(ContentRange(text) == nil)
    }
}

@Suite("Registry upload state")
struct RegistryUploadStateTests {
    private var random = Fixed(value: 0)

    private func state(_ size: Int, mountFrom: String? = nil) -> UploadState {
        UploadState(
            sizeBytes: size,
            monolithicBytesMax: 10,
            chunkBytes: 20,
            mountFrom: mountFrom,
            limits: .init()
        )
    }

    private let opened = UploadState.Answer(status: 202, hasLocation: true)

    @Test("a small blob goes whole, a mounted one not at all")
    mutating func small() {
        var whole = state(10)
        #expect(whole.answered(opened, using: &random) == .putWhole)
        #expect(whole.answered(.init(status: 201), using: &random) == .done(.uploaded))
        var mounted = state(10, mountFrom: "base")
        #expect(mounted.next() == .open(mountFrom: "base"))
        #expect(mounted.answered(.init(status: 201), using: &random) == .done(.mounted(from: "base")))
        var refused = state(10, mountFrom: "base")
        #expect(refused.answered(.init(status: 403), using: &random) == .open(mountFrom: nil))
        #expect(refused.answered(.init(status: 403), using: &random) == .refused)
    }

    @Test("a large blob goes in chunks of at least what the registry wants, from where it says")
    mutating func chunks() {
        var state = state(100)
        var answer = opened
        answer.chunkBytesMin = 40
        #expect(state.answered(answer, using: &random) == .patch(0..<40))
        #expect(
            state.answered(.init(status: 202, hasLocation: true, lastByte: 29), using: &random)
                == .patch(30..<70)
        )
        #expect(state.answered(.init(status: 202, hasLocation: true), using: &random) == .patch(70..<100))
        #expect(state.answered(.init(status: 202, lastByte: 99), using: &random) == .close)
        #expect(state.answered(.init(status: 201), using: &random) == .done(.uploaded))
    }

    @Test("after a break or 416 the registry is asked how far it came; `0-0` is nothing")
    mutating func asks() {
        for (last, next) in [(0, UploadState.Step.patch(0..<20)), (14, .patch(15..<35))] {
            var state = state(100)
            _ = state.answered(opened, using: &random)
            guard case .wait = state.broke(.broken, using: &random) else {
                Issue.record("no wait")
                return
            }
            #expect(state.next() == .ask)
            #expect(state.answered(.init(status: 204, lastByte: last), using: &random) == next)
        }
    }

    @Test("a registry that says 416 for ever, or forgets every upload, is given up")
    mutating func bounds() {
        var stubborn = state(100)
        var steps = 0
        var step = stubborn.answered(opened, using: &random)
        while steps < 200 {
            switch step {
            case .open: step = stubborn.answered(opened, using: &random)
            case .patch: step = stubborn.answered(.init(status: 416), using: &random)
            case .ask: step = stubborn.answered(.init(status: 204, lastByte: 0), using: &random)
            default: steps = 1000
            }
            steps += 1
        }
        guard case .violation = step else {
            Issue.record("went on")
            return
        }
    }

    @Test("a refused first chunk means that chunks are unknown; a later one is a refusal")
    mutating func noChunks() {
        var state = state(100)
        _ = state.answered(opened, using: &random)
        #expect(state.answered(.init(status: 405), using: &random) == .open(mountFrom: nil))
        #expect(state.answered(opened, using: &random) == .putWhole)
        var later = self.state(100)
        _ = later.answered(opened, using: &random)
        _ = later.answered(.init(status: 202), using: &random)
        #expect(later.answered(.init(status: 405), using: &random) == .refused)
    }

    @Test("answers that cannot be are violations")
    mutating func violations() {
        for last in [-1, 50] {
            var state = state(100)
            _ = state.answered(opened, using: &random)
            guard case .violation = state.answered(.init(status: 202, lastByte: last), using: &random) else {
                Issue.record("went on")
                return
            }
        }
        var empty = state(5)
        guard case .violation = empty.answered(.init(status: 202), using: &random) else {
            Issue.record("went on")
            return
        }
    }
}
