// SPDX-License-Identifier: Apache-2.0
// Translates the typed errors of the rooms below into problems. No room below knows a status code.

import FunctionModel
import FunctionStore
import HTTPTypes
import Hummingbird
import ImageStore
import OCI
import Registry
import Scheduler

extension Problem {
    init(_ error: ModelError) { self.init(400, .invalid, error.description) }

    init(_ error: CatalogError) {
        let text = error.description
        switch error {
        case .unknownFunction: self.init(404, .unknownFunction, text)
        case .unknownRevision: self.init(404, .unknownRevision, text)
        case .unknownNamespace: self.init(400, .unknownNamespace, text)
        case .unknownAlias: self.init(404, .unknownAlias, text)
        case .invalid: self.init(400, .invalid, text)
        case .unknownImage: self.init(400, .unknownImage, text)
        case .unusableImage: self.init(400, .unusableImage, text)
        case .unknownSecret: self.init(400, .unknownSecret, text)
        case .routeTaken, .secretInUse, .nameTaken, .tooManyAliases, .exists, .changedMeanwhile:
            self.init(409, .conflict, text)
        case .unavailable:
            self.init(503, .unavailable, text)
            retryAfterSeconds = 1
        case .storage: self.init(500, .storage, text)
        }
    }

    init(_ error: StoreError) {
        self.init(500, .storage, "the store failed; see the gateway's log", log: "\(error)")
    }

    init(_ error: SecretError) {
        let text = error.description
        switch error {
        case .exists: self.init(409, .conflict, text)
        case .notFound: self.init(404, .unknownSecret, text)
        case .invalidName, .tooLarge, .tooMany: self.init(400, .invalid, text)
        case .system:
            self.init(
                500,
                .storage,
                "the secret files cannot be read or written; see the gateway's log",
                log: text
            )
        }
    }

    init(_ error: ImageError) {
        let text = error.description
        switch error {
        case .unknownImage: self.init(404, .unknownImage, text)
        case .noSpace: self.init(507, .noSpace, text)
        case .inUse: self.init(409, .conflict, text)
        case .missingBlob, .system, .references, .worker: self.init(500, .storage, text, log: text)
        case .cancelled: self.init(StatusTable.status(.cancelled), .cancelled, text)
        default: self.init(400, .unusableImage, text)
        }
    }

    /// Never 401: that is about the gateway's own credentials.
    init(_ error: RegistryError) {
        let text = error.description
        switch error {
        case .notFound, .noPlatform: self.init(404, .unknownImage, text)
        case .notAllowed: self.init(403, .registryDenied, text)
        case .unreachable: self.init(502, .registryUnreachable, text)
        case .refused, .violation, .wrongContent, .unknownMediaType, .tooLarge:
            self.init(502, .registryFailed, text)
        case .credentials, .configuration: self.init(400, .invalid, text)
        case .store(let error): self.init(error)
        case .cancelled: self.init(StatusTable.status(.cancelled), .cancelled, text)
        }
    }

    init(_ error: ContainerError) {
        let text = error.description
        switch error {
        case .invalid(let error): self.init(error)
        case .image(let error): self.init(error)
        case .unavailable:
            self.init(503, .unavailable, text)
            retryAfterSeconds = 1
        case .notStarted: self.init(500, .cannotStart, text, log: text)
        case .unknown: self.init(404, .unknownContainer, text)
        case .unknownVolume: self.init(404, .unknownVolume, text)
        case .unknownNetwork: self.init(404, .unknownNetwork, text)
        case .ambiguous, .nameTaken, .conflict, .port, .volumeInUse, .networkInUse:
            self.init(409, .conflict, text)
        case .storage: self.init(500, .storage, text, log: text)
        }
    }

    init(_ error: ExecError) {
        switch error {
        case .invalid(let error): self.init(error)
        case .image(let error): self.init(error)
        case .unknown(let name):
            self.init(404, .unknownCall, "nothing of the name '\(name)' runs; it may have ended")
        case .ambiguous(let name, let count):
            self.init(
                409,
                .conflict,
                "'\(name)' may mean \(count) that run; name one by its id or container, as 'faasctl ps' shows it"
            )
        case .notRunning(let text): self.init(409, .conflict, text)
        case .unavailable(let text):
            self.init(503, .unavailable, text)
            retryAfterSeconds = 1
        case .notStarted(let text): self.init(500, .cannotStart, text, log: text)
        case .container(let error): self.init(error)
        }
    }

    init(_ error: CopyError) {
        switch error {
        case .notFound(let text): self.init(404, .unknownPath, text)
        case .refused(let text): self.init(400, .invalid, text)
        case .notRunning(let text): self.init(409, .conflict, text)
        case .failed(let text): self.init(500, .storage, text, log: text)
        }
    }

    init(_ error: StoppedWork) {
        self.init(503, .unavailable, error.description)
        retryAfterSeconds = 1
    }

    /// Any error that reaches the edge.
    init(translating error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as LambdaError: self.init(error)
        case let error as ModelError: self.init(error)
        case let error as CatalogError: self.init(error)
        case let error as StoreError: self.init(error)
        case let error as SecretError: self.init(error)
        case let error as OCIError: self.init(ImageError.invalid(error))
        case let error as ImageError: self.init(error)
        case let error as RegistryError: self.init(error)
        case let error as ContainerError: self.init(error)
        case let error as ExecError: self.init(error)
        case let error as CopyError: self.init(error)
        case let error as StoppedWork: self.init(error)
        case let refusal as RunRefusal: self.init(refusal)
        case let refusal as InvocationRefusal: self.init(refusal)
        case let refusal as QueueRefusal: self.init(refusal)
        case let refusal as RequestRefusal: self.init(refusal)
        case let error as HTTPError where error.status == .contentTooLarge:
            self.init(413, .bodyTooLarge, "the request body is larger than this path accepts")
        case let error as HTTPError where error.status == .notFound:
            self.init(404, .unknownPath, "nothing is served at this path")
        case let error as HTTPError:
            self.init(error.status.code, .malformedRequest, error.body ?? error.status.reasonPhrase)
        case is CancellationError:
            self.init(StatusTable.status(.cancelled), .cancelled, "the call was cancelled")
        default:
            self.init(500, .unexpected, "the gateway failed; see its log", log: "\(error)")
        }
    }
}
