// SPDX-License-Identifier: Apache-2.0
// One request while it is served. Edge makes it and hands it to the function handler or the admin router.

/// What every handler knows of its request besides the request itself.
struct ReceivedCall: Sendable {
    /// X-Call-Id.
    let id: String
    let arrived: WallTime
    let target: RequestTarget
    let connection: Connection
    /// The client, behind trusted proxies.
    let client: ClientOrigin
}

/// The client is gone, or its answer cannot be completed: the connection is closed without another byte.
struct Abandoned: Error {}
