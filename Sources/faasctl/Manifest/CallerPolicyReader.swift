// SPDX-License-Identifier: Apache-2.0
// The maps of a function's configuration about callers: cors and rate. ConfigurationReader drives it.

import FunctionModel
import ManifestReader

extension PolicyReader {
    func cors() throws(ManifestError) -> CORSConfiguration {
        let mapping = try mapping(CORSConfiguration.CodingKeys.self)
        guard let node = mapping["origins"] else {
            throw node.mistake("'\(node.path)' lacks 'origins', expected a list of origins")
        }
        return CORSConfiguration(origins: try node.texts())
    }

    func rate() throws(ManifestError) -> RateConfiguration {
        let mapping = try mapping(RateConfiguration.CodingKeys.self)
        guard let requests = mapping["requests"] else {
            throw node.mistake("'\(node.path)' lacks 'requests', expected a rate such as 100/s")
        }
        var rate = RateConfiguration(requests: try requests.value(RequestRate.init(_:field:)))
        rate.burst = try mapping["burst"]?.integer()
        if let node = mapping["per"] { rate.per = try node.choice(RateConfiguration.Subject.self) }
        return rate
    }
}
