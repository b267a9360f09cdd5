// SPDX-License-Identifier: Apache-2.0
// What a function's containers have besides their image. FunctionPreparer asks.

import FunctionModel
import ImageStore
import Sandbox

extension ContainerOverrides {
    /// Translates a configuration.
    ///
    /// - Parameters:
    ///   - name: the function; also its sandboxes' host name.
    ///   - configuration: checked already.
    ///   - secrets: the values of the secrets that it names.
    init(_ name: FunctionName, _ configuration: FunctionConfiguration, secrets: [SandboxSecret]) {
        self.init(hostname: name.localName)
        command = configuration.command
        environment = configuration.environment
        readOnlyRoot = configuration.readOnlyRootFilesystem
        limits = configuration.limits
        network = configuration.network
        egressAllow = configuration.egressAllow
        capabilities = configuration.capabilities
        let services = configuration.services
        if !services.isEmpty { links = [ServiceUse.ownAddress] }
        hosts = services.enumerated().map { index, service in
            HostEntry(name: service.alias, address: ServiceUse.address(index).description)
        }
        self.secrets = secrets
    }
}
