// SPDX-License-Identifier: Apache-2.0
// The tables, as numbered migrations. A migration that was released is never edited: add the next one.

import GRDB

enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1-functions") { try $0.execute(sql: functions) }
        migrator.registerMigration("2-schedules") { try $0.execute(sql: schedules) }
        migrator.registerMigration("3-history") { try $0.execute(sql: history) }
        migrator.registerMigration("4-limits") { try $0.execute(sql: limits) }
        migrator.registerMigration("5-catalogue-version") { try $0.execute(sql: catalogueVersion) }
        migrator.registerMigration("6-queue") { try $0.execute(sql: QueueSchema.tables) }
        migrator.registerMigration("7-tokens") { try $0.execute(sql: TokenSchema.tables) }
        migrator.registerMigration("8-start") { try $0.execute(sql: starts) }
        migrator.registerMigration("9-aliases") { try $0.execute(sql: AliasRows.table) }
        migrator.registerMigration("10-containers") { try $0.execute(sql: ContainerSchema.tables) }
        migrator.registerMigration("11-namespaces") { try $0.execute(sql: NamespaceRow.table) }
        migrator.registerMigration("12-networks") { try $0.execute(sql: ContainerSchema.networks) }
        return migrator
    }

    /// Each change of a function raises the version in its own transaction, and marks the function with it.
    private static let catalogueVersion = """
        CREATE TABLE catalogue_version (version INTEGER NOT NULL) STRICT;
        INSERT INTO catalogue_version VALUES (1);
        ALTER TABLE functions ADD COLUMN changed_in_version INTEGER NOT NULL DEFAULT 1;
        CREATE INDEX functions_by_version ON functions (changed_in_version);
        """

    /// Names of ``LimitName``, with commas between; NULL for none.
    private static let limits = "ALTER TABLE invocations ADD COLUMN limits_reached TEXT;"

    /// A ``SandboxStart``; NULL in rows of earlier versions.
    private static let starts = "ALTER TABLE invocations ADD COLUMN start TEXT;"

    /// A removed function keeps its row (`current_number` NULL), so that its numbers are never given again.
    private static let functions = """
        CREATE TABLE functions (
            name TEXT NOT NULL PRIMARY KEY,
            last_number INTEGER NOT NULL,
            current_number INTEGER,
            invocation_count INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE revisions (
            function TEXT NOT NULL REFERENCES functions (name),
            number INTEGER NOT NULL,
            image_reference TEXT NOT NULL,
            image_digest TEXT NOT NULL,
            configuration TEXT NOT NULL,
            created_at_us INTEGER NOT NULL,
            PRIMARY KEY (function, number)
        ) STRICT;
        CREATE INDEX revisions_by_digest ON revisions (image_digest);
        CREATE TABLE image_references (
            reference TEXT NOT NULL PRIMARY KEY,
            digest TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            created_at_us INTEGER NOT NULL
        ) STRICT;
        """

    /// Claims have their own table, because with `overlap: allow` several runs of one schedule are under way.
    private static let schedules = """
        CREATE TABLE schedules (
            function TEXT NOT NULL,
            expression TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            created_at_us INTEGER NOT NULL,
            next_due_us INTEGER,
            last_run_us INTEGER,
            last_outcome TEXT,
            PRIMARY KEY (function, expression, ordinal)
        ) STRICT;
        CREATE TABLE schedule_claims (
            function TEXT NOT NULL,
            expression TEXT NOT NULL,
            ordinal INTEGER NOT NULL,
            due_us INTEGER NOT NULL,
            PRIMARY KEY (function, expression, ordinal, due_us),
            FOREIGN KEY (function, expression, ordinal) REFERENCES schedules ON DELETE CASCADE
        ) STRICT;
        """

    /// An invocation's id is not unique: it may come from the caller's X-Call-Id.
    ///
    /// `history_usage` counts what pruning needs to know, so that nothing is counted by scanning.
    private static let history = """
        CREATE TABLE invocations (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL,
            function TEXT NOT NULL,
            revision INTEGER NOT NULL,
            trigger TEXT NOT NULL,
            started_at_us INTEGER NOT NULL,
            queue_ms REAL NOT NULL,
            start_ms REAL NOT NULL,
            run_ms REAL NOT NULL,
            total_ms REAL NOT NULL,
            status INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            exit_code INTEGER,
            signal INTEGER,
            bytes_in INTEGER NOT NULL,
            bytes_out INTEGER NOT NULL,
            cpu_ms REAL NOT NULL,
            peak_memory_bytes INTEGER NOT NULL,
            fresh INTEGER NOT NULL,
            warm INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX invocations_by_time ON invocations (started_at_us);
        CREATE INDEX invocations_by_function ON invocations (function, started_at_us);
        CREATE INDEX invocations_by_id ON invocations (id);
        CREATE INDEX invocations_failed ON invocations (function, started_at_us) WHERE outcome <> 'ok';
        CREATE TABLE log_lines (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            function TEXT NOT NULL,
            revision INTEGER NOT NULL,
            invocation TEXT NOT NULL,
            written_at_us INTEGER NOT NULL,
            text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX log_lines_by_function ON log_lines (function, written_at_us);
        CREATE INDEX log_lines_by_invocation ON log_lines (invocation);
        CREATE TABLE history_usage (
            function TEXT NOT NULL PRIMARY KEY,
            invocation_rows INTEGER NOT NULL DEFAULT 0,
            log_bytes INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        """
}
