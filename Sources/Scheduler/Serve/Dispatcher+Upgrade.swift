// SPDX-License-Identifier: Apache-2.0
// A call that asks for another protocol, such as WebSocket (RFC 6455). Part of Dispatcher.

import Contracts
import HTTPTypes
import NIOCore
import Sandbox
import SandboxHTTP

extension Dispatcher {
    /// Sends the request; where the server agrees, bytes go both ways until one side ends or a limit is reached.
    ///
    /// The client's bytes count as its body (`limits.body`), the server's as its output (`limits.output`), and the time
    /// limit is the call's. The server is ended with the connection and serves no other call.
    func upgrade(_ started: StartedRun, _ program: StartedProgram, _ port: UInt16) async -> InvocationAnswer {
        let running = started.running
        let connection: ServerConnection
        do throws(ExchangeFailure) {
            connection = try await program.connect(port: port, mayTunnel: true)
        } catch {
            return await broken(started, nil, .unreachable)
        }
        let first = await send(started, connection)
        guard case .head(let response) = first, response.status == .switchingProtocols,
            connection.hasSwitched
        else {
            let exchange = ServerExchange(program: program, connection: connection, pump: RequestPump())
            return await answered(started, exchange, first)
        }
        let head = HTTPForwarding.response(response)
        running.headReceived(head)
        let pump = RequestPump(started.run.call.request, into: connection, of: running)
        let answer = ServerAnswer(connection, running) { running.session.stop(.answered) }
        return streaming(started, pump, head, ByteBuffer(), answer, answer.nextStreamed)
    }
}
