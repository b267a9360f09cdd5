// SPDX-License-Identifier: Apache-2.0
// Wires AWS Lambda's API. OwnPaths adds it beside the administrative paths, whose authentication it does not share.

import Hummingbird

extension OwnPaths {
    /// AWS Lambda's API, whose clients sign.
    static func addLambda(
        _ services: GatewayServices,
        _ deployer: FunctionDeployer,
        _ guardian: LoginGuard,
        _ hosts: AdminHosts,
        _ calls: OwnCalls,
        to router: Router<OwnContext>
    ) {
        let group = router.group().add(middleware: LambdaErrors(log: ProblemLog(logger: services.logger)))
            .add(middleware: AdminGate(hosts: hosts))
        let changes = LambdaChanges(
            catalog: services.catalog,
            deployer: deployer,
            packages: LambdaPackages(
                runtimes: services.lambdaRuntimes,
                images: services.images,
                uploads: services.uploads,
                registries: services.registries
            )
        )
        LambdaAPI(
            functions: LambdaFunctions(
                catalog: services.catalog,
                changes: changes
            ),
            invocations: LambdaInvocations(
                routes: calls.routes,
                catalog: services.catalog,
                invoker: services.invoker,
                queue: services.queue,
                accessLog: calls.accessLog,
                spans: services.spans,
                log: services.logTail
            ),
            settings: LambdaSettings(catalog: services.catalog, changes: changes),
            aliases: LambdaAliases(catalog: services.catalog)
        ).add(
            to: group.add(middleware: LambdaDoor(guardian: guardian, bodies: services.runMemory))
                .add(middleware: AuditTrail(log: services.audit))
        )
    }
}
