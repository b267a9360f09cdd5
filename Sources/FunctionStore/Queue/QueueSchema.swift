// SPDX-License-Identifier: Apache-2.0
// The tables of the queue. Schema registers them as one migration.

/// Tables and conditions of the queue.
enum QueueSchema {
    /// Of calls that may be claimed: written as in the index, which SQLite uses for this very text only.
    static let isClaimable = "state IN ('queued', 'waiting')"

    /// Bodies and outputs are in tables of their own, so that scans of the calls do not read them.
    ///
    /// `queue_usage` counts what bounds and metrics need, so that nothing is counted by scanning. A call that may be
    /// claimed is `waiting` when an attempt counts against it, else `queued`.
    static let tables = """
        CREATE TABLE queue_calls (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            function TEXT NOT NULL,
            state TEXT NOT NULL,
            attempt INTEGER NOT NULL DEFAULT 0,
            attempts_used INTEGER NOT NULL DEFAULT 0,
            losses INTEGER NOT NULL DEFAULT 0,
            owner TEXT,
            lease_until_us INTEGER,
            due_us INTEGER NOT NULL,
            accepted_at_us INTEGER NOT NULL,
            started_at_us INTEGER,
            finished_at_us INTEGER,
            cancel_requested INTEGER NOT NULL DEFAULT 0,
            head BLOB NOT NULL,
            body_bytes INTEGER NOT NULL,
            callback_url TEXT,
            callback_state TEXT,
            callback_reason TEXT,
            revision INTEGER,
            status INTEGER,
            outcome TEXT,
            exit_code INTEGER,
            signal INTEGER,
            run_ms REAL,
            reason TEXT,
            answer_head BLOB,
            output_bytes INTEGER
        ) STRICT;
        CREATE INDEX queue_calls_due ON queue_calls (function, due_us, sequence) WHERE \(isClaimable);
        CREATE INDEX queue_calls_running ON queue_calls (owner, lease_until_us) WHERE state = 'running';
        CREATE INDEX queue_calls_finished ON queue_calls (finished_at_us, state)
            WHERE finished_at_us IS NOT NULL;
        CREATE TABLE queue_bodies (
            call INTEGER PRIMARY KEY,
            size_bytes INTEGER NOT NULL,
            file TEXT,
            bytes BLOB
        ) STRICT;
        CREATE TABLE queue_outputs (
            call INTEGER PRIMARY KEY,
            size_bytes INTEGER NOT NULL,
            file TEXT,
            bytes BLOB
        ) STRICT;
        CREATE TABLE queue_callbacks (
            call INTEGER PRIMARY KEY,
            attempt INTEGER NOT NULL DEFAULT 0,
            owner TEXT,
            lease_until_us INTEGER,
            due_us INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX queue_callbacks_due ON queue_callbacks (due_us);
        CREATE TABLE queue_usage (
            function TEXT NOT NULL PRIMARY KEY,
            queued INTEGER NOT NULL DEFAULT 0,
            running INTEGER NOT NULL DEFAULT 0,
            waiting INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0,
            body_bytes INTEGER NOT NULL DEFAULT 0,
            output_bytes INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        """
}
