"""Tables of backups, backup jobs and restore jobs."""

from __future__ import annotations

from .store import register_ddl

register_ddl(
    """
    CREATE TABLE IF NOT EXISTS app_backups (
        id TEXT PRIMARY KEY,
        app_id TEXT NOT NULL,
        isn TEXT NOT NULL,
        backup_at INTEGER NOT NULL,
        files_size INTEGER NOT NULL,
        db_size INTEGER NOT NULL,
        description TEXT,
        expires_at INTEGER NOT NULL,
        manifest TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS app_backups_by_app ON app_backups (app_id, backup_at);
    CREATE TABLE IF NOT EXISTS app_backup_jobs (
        serial INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        app_id TEXT NOT NULL,
        app_backup_id TEXT,
        job_status TEXT NOT NULL,
        description TEXT,
        work_estimate INTEGER,
        work_completed INTEGER,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        done_at INTEGER
    ) STRICT;
    CREATE TABLE IF NOT EXISTS app_restore_jobs (
        serial INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        app_id TEXT NOT NULL,
        creator_id TEXT,
        org_id TEXT,
        title TEXT,
        job_status TEXT NOT NULL,
        progress TEXT,
        error TEXT,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        done_at INTEGER
    ) STRICT
    """
)
