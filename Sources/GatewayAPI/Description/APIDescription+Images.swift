// SPDX-License-Identifier: Apache-2.0
// Operations about images: what they are, how they come and go, builds.

import FunctionModel

extension APIDescription {
    private static let reference = APIParameter("reference", "The image's name.").required
    private static let archive = APIRequestBody.bytes(type: MediaName.tar)

    static func images(_ table: inout APIOperations) {
        names(&table)
        making(&table)
        transfers(&table)
        care(&table)
    }

    private static func names(_ table: inout APIOperations) {
        table.add(
            "GET",
            APIPath.images,
            APIOperation("Lists images", [200: .json(APISchema.list(["type": "object"]))])
        )
        table.add(
            "POST",
            APIPath.images,
            APIOperation(
                "Loads an archive of images",
                query: [APIParameter("repository", "Completes tags without a repository.")],
                body: archive,
                [200: .json(APISchema.list(["type": "object"]))],
                problems: [507]
            )
        )
        table.add(
            "GET",
            APIPattern.image.pattern,
            APIOperation("Shows an image", [200: .json(["type": "object"])], problems: [404])
        )
        table.add(
            "PUT",
            APIPattern.image.pattern,
            APIOperation(
                "Gives an image this name",
                query: [APIParameter("source", "The image that gets it.").required],
                [201: .empty],
                problems: [404]
            )
        )
        table.add(
            "DELETE",
            APIPattern.image.pattern,
            APIOperation("Removes an image's name", [200: .empty], problems: [404, 409])
        )
    }

    private static func making(_ table: inout APIOperations) {
        table.add(
            "POST",
            APIPath.imageImports,
            APIOperation(
                "Makes an image of a root file system",
                query: [
                    reference, APIParameter("message", "Recorded in the image's history."),
                    APIParameter("change", "A line of a Dockerfile, such as CMD.").repeatable,
                ],
                body: archive,
                [201: .json(APISchema.reference("Named"))],
                problems: [507]
            )
        )
        table.add(
            "GET",
            APIPath.imageHistory,
            APIOperation(
                "Lists the steps that made an image",
                query: [reference],
                [200: .json(APISchema.list(["type": "object"]))],
                problems: [404]
            )
        )
        table.add(
            "GET",
            APIPath.imageArchives,
            APIOperation(
                "Gives images as one archive",
                query: [reference.repeatable],
                [200: .bytes(type: MediaName.tar)],
                problems: [404]
            )
        )
        table.add(
            "POST",
            APIPath.imageIndexes,
            APIOperation(
                "Makes an index of images",
                query: [reference, APIParameter("image", "One of its images.").required.repeatable],
                [201: .json(APISchema.reference("Named"))],
                problems: [404]
            )
        )
    }

    private static func transfers(_ table: inout APIOperations) {
        table.add(
            "POST",
            APIPath.imagePulls,
            APIOperation(
                "Pulls an image from its registry",
                query: [
                    reference, APIParameter("platform", "os/architecture[/variant] of an index."),
                    APIParameter("missing", .flag, "Leave alone what is here."),
                ],
                [200: .bytes(type: MediaName.lines)],
                problems: [404, 502, 507]
            )
        )
        table.add(
            "POST",
            APIPath.imagePushes,
            APIOperation(
                "Pushes an image to its registry",
                query: [reference, APIParameter("target", "Its name at the registry.")],
                [200: .bytes(type: MediaName.lines)],
                problems: [404, 502]
            )
        )
        table.add(
            "POST",
            APIPath.registryLogins,
            APIOperation(
                "Asks a registry whether it accepts the request's credentials; stores nothing",
                query: [APIParameter("registry", "Its host name.").required],
                [204: .empty],
                problems: [404, 502]
            )
        )
    }

    private static func care(_ table: inout APIOperations) {
        table.add(
            "POST",
            APIPath.imagePrune,
            APIOperation(
                "Removes what no image needs",
                query: [
                    APIParameter("all", .flag, "Also images that no revision needs."),
                    APIParameter("cache", .flag, "Also the cache of builds."),
                ],
                [
                    200: .json(
                        APISchema.answer(
                            [
                                "removed_blobs": APISchema.count, "removed_trees": APISchema.count,
                                "freed_bytes": APISchema.count,
                            ],
                            required: ["removed_blobs", "removed_trees", "freed_bytes"]
                        )
                    )
                ]
            )
        )
        table.add(
            "POST",
            APIPath.imageVerify,
            APIOperation(
                "Checks every image; answers what is wrong",
                [200: .json(APISchema.list(["type": "object"]))]
            )
        )
        table.add(
            "POST",
            APIPath.builds,
            APIOperation(
                "Builds an image of a context",
                query: [
                    APIParameter("tag", "The image's name."),
                    APIParameter("dockerfile", "Its path in the context."),
                    APIParameter("target", "The stage to build."),
                    APIParameter("platform", "os/architecture[/variant]."),
                    APIParameter("network", "Of RUN steps: default, egress or none."),
                    APIParameter("no-cache", .flag, "Repeat every step."),
                    APIParameter("nocache", .flag, "The same."),
                    APIParameter("build-arg", "NAME=VALUE.").repeatable,
                    APIParameter("buildarg", "The same.").repeatable,
                    APIParameter("secret", "A secret that RUN steps may mount.").repeatable,
                ],
                body: archive,
                [200: .bytes(type: MediaName.lines)],
                problems: [404, 507]
            )
        )
    }
}
