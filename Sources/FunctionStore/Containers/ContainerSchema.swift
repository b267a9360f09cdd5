// SPDX-License-Identifier: Apache-2.0
// The tables of containers and volumes; Schema registers them as one migration. Requests and conditions are JSON.

enum ContainerSchema {
    /// A number is a part of the addresses of a network's members.
    static let networks = """
        CREATE TABLE networks (
            name TEXT NOT NULL PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            number INTEGER NOT NULL UNIQUE,
            labels TEXT NOT NULL,
            created_at_us INTEGER NOT NULL
        ) STRICT;
        """
    static let tables = """
        CREATE TABLE containers (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            image_digest TEXT NOT NULL,
            request TEXT NOT NULL,
            created_at_us INTEGER NOT NULL,
            status TEXT NOT NULL,
            exit_code INTEGER NOT NULL,
            error TEXT NOT NULL,
            out_of_memory INTEGER NOT NULL,
            started_at_us INTEGER,
            finished_at_us INTEGER,
            restart_count INTEGER NOT NULL,
            stopped INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE volumes (
            name TEXT NOT NULL PRIMARY KEY,
            labels TEXT NOT NULL,
            created_at_us INTEGER NOT NULL
        ) STRICT;
        """
}
