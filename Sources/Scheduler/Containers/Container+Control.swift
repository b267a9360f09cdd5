// SPDX-License-Identifier: Apache-2.0
// What people do to a container: stop, signals, a new name, removal.

import FunctionModel
import FunctionStore
import Glibc
import ImageStore
import Logging
import OCI
package import Sandbox
import Synchronization

extension Container {
    /// Longest wait for the end after SIGKILL: the kernel ends a container within milliseconds.
    static let endingMax = Duration.seconds(5)

    /// Its stop signal and grace.
    package var stopPolicy: ContainerSession.StopPolicy {
        let (request, imageSignal) = storage.withLock { ($0.definition.request, $0.image?.stopSignal) }
        let seconds = request.stopTimeout ?? ContainerRequest.stopTimeoutDefault
        return ContainerSession.StopPolicy(
            signal: StopSignal.number(request.stopSignal ?? imageSignal),
            grace: .seconds(seconds)
        )
    }

    /// Stops it and waits for its end; nothing happens where it does not run.
    ///
    /// - Parameters:
    ///   - signal: in place of its own.
    ///   - grace: in place of its own.
    /// - Returns: whether it has ended.
    package func stop(signal: Int32? = nil, grace: Duration? = nil) async -> Bool {
        let own = stopPolicy
        let policy = ContainerSession.StopPolicy(signal: signal ?? own.signal, grace: grace ?? own.grace)
        await thaw()
        guard let session = requestStop(by: policy, forever: true) else {
            await persist()
            notifyWaiters(hasEnded: false)
            return await waitForRest(atMost: Self.endingMax)
        }
        // A pause may have come before the signal.
        await thaw()
        guard await session.waitForEnd(atMost: policy.grace + Self.endingMax) else { return false }
        guard await waitForRest(atMost: Self.endingMax) else { return false }
        rooms.events.tell(.stop, definition)
        return true
    }

    /// The gateway ends: as ``stop(signal:grace:)``, without waiting; its policy counts at the next start.
    ///
    /// - Parameter graceMax: the gateway's own bound.
    func stopWithGateway(graceMax: Duration) {
        var policy = stopPolicy
        policy.grace = min(policy.grace, graceMax)
        if storage.withLock({ $0.mayBeFrozen }) { Task { await thaw() } }
        let isKilled = storage.withLock { $0.definition.request.isRemoved }
        _ = requestStop(by: isKilled ? .killAtOnce : policy, forever: false)
    }

    /// - Returns: what ends now; nil where nothing runs.
    private func requestStop(by policy: ContainerSession.StopPolicy, forever: Bool) -> ContainerSession? {
        let (decision, session, delay) = storage.withLock { storage in
            (storage.life.stopRequested(forever: forever), storage.session, storage.delay)
        }
        switch decision {
        case .signal, .thawAndSignal:
            session?.stop(.cancelled, by: policy)
            return session
        case .rests:
            delay?.cancel()
            log.endFollowing()
            return nil
        case .whenStarted, .nothing: return nil
        }
    }

    /// Suspends until no run is under way; until the span is over at most.
    private func waitForRest(atMost span: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                _ = await self.wait(for: .notRunning)
                return self.storage.withLock { $0.holds(.notRunning) }
            }
            group.addTask {
                // A cancelled sleep means that it has ended in time.
                _ = try? await Task.sleep(for: span)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    /// Sends PID 1 a signal; SIGKILL ends all of its processes.
    ///
    /// - Returns: whether it has ended by now.
    /// - Throws: ``ContainerError/conflict(_:)`` when it does not run.
    package func kill(_ number: Int32) async throws(ContainerError) -> Bool {
        if number == SIGKILL { await thaw() }
        // Its slot reads no order now.
        if number != SIGKILL, isPaused {
            throw .conflict("cannot kill container: \(name): container \(id) is paused: unpause it first")
        }
        let endsIt = number == SIGKILL || number == stopPolicy.signal
        let (decision, session) = storage.withLock { storage in
            (storage.life.killRequested(endsIt: endsIt), storage.session)
        }
        guard decision != .isNotRunning, let session else {
            throw .conflict("cannot kill container: \(name): container \(id) is not running")
        }
        rooms.events.tell(.kill, definition)
        guard number == SIGKILL else {
            session.signal(number)
            return false
        }
        session.kill(.cancelled)
        guard await session.waitForEnd(atMost: Self.endingMax) else { return false }
        return await waitForRest(atMost: Self.endingMax)
    }

    /// Sends PID 1 a signal that is passed on from its caller; nothing happens when it does not run.
    package func signal(_ number: Int32) { if !isPaused { session?.signal(number) } }

    private var isPaused: Bool { storage.withLock { $0.life.phase == .paused } }

    /// Gives it another name.
    ///
    /// - Throws: ``ContainerError``.
    func rename(to text: String, countMax: Int) async throws(ContainerError) {
        let name: String
        do throws(ModelError) { name = try ContainerName.checked(text) } catch { throw .invalid(error) }
        let claim: NameClaim
        do throws(StoreError) { claim = try await rooms.store.renameContainer(id, to: name) } catch {
            throw ContainerError(error)
        }
        guard claim == .made else { throw ContainerError(claim, name: name, countMax: countMax) }
        storage.withLock { $0.definition.name = name }
        rooms.networks.rename(id, to: name)
        rooms.events.tell(.rename, definition)
    }

    /// Removes it with its files.
    ///
    /// - Parameter force: ends it first.
    /// - Throws: ``ContainerError/conflict(_:)`` when it runs, or its files stay.
    package func remove(force: Bool) async throws(ContainerError) {
        let (decision, session, delay) = storage.withLock { storage in
            (storage.life.removalRequested(force: force), storage.session, storage.delay)
        }
        switch decision {
        case .isRemoved: throw .unknown(id)
        case .isCopying: throw .conflict("container \(name) is being copied or connected; try again")
        case .isActive(let status):
            let advice =
                status == .paused
                ? "unpause and then stop the container before removal or force remove"
                : "stop the container before removal or force remove"
            throw .conflict("cannot remove container \"\(name)\": container is \(status.rawValue): \(advice)")
        case .remove:
            delay?.cancel()
            let reason = await finishRemoval()
            notifyWaiters(hasEnded: false)
            if let reason { throw .storage("container \(name) is removed, but files of it stay: \(reason)") }
        case .killFirst:
            await thaw()
            session?.kill(.cancelled)
            let isRemoved = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    _ = await self.wait(for: .removed)
                    return self.storage.withLock { $0.life.phase == .removed }
                }
                group.addTask {
                    // A cancelled sleep means that it has ended in time.
                    _ = try? await Task.sleep(for: Self.endingMax * 2)
                    return false
                }
                defer { group.cancelAll() }
                return await group.next() ?? false
            }
            guard isRemoved else { throw .conflict("container \(name) does not end; try again") }
        }
    }

    /// Its row first: a gateway that is killed now sweeps the files at its next start.
    @discardableResult
    func finishRemoval() async -> String? {
        log.close()
        rooms.folders.leave(id)
        rooms.networks.leave(id)
        var reason = await removeRow()
        rooms.events.tell(.destroy, definition)
        let stays = await rooms.folders.remove(id)
        // Its files may be what filled the disk.
        if reason != nil { reason = await removeRow() }
        rooms.onRemoval(self)
        return reason ?? stays
    }

    /// - Returns: why the store keeps it; nil when it does not.
    private func removeRow() async -> String? {
        do throws(StoreError) {
            _ = try await rooms.store.removeContainer(id)
            return nil
        } catch {
            rooms.logger.error(
                "a container stays in the store",
                metadata: ["container": "\(id)", "reason": "\(error)"]
            )
            return "\(error)"
        }
    }
}
