-- SPDX-License-Identifier: GPL-3.0-or-later
-- Times are seconds since the epoch; truth is 0 or 1.

CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    full_name     TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    roles         TEXT NOT NULL,          -- words, separated by commas
    disabled      INTEGER NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE user_groups (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_user ON group_members (user_id);

CREATE TABLE pools (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    title      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    image      TEXT NOT NULL,
    host       TEXT NOT NULL,             -- empty: any
    cpus       INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    maximum    INTEGER NOT NULL,          -- 0: no bound
    on_logoff  TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- An entitlement points at its user or group, so that a deleted one takes its rights along.
CREATE TABLE entitlements (
    pool_id  TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    user_id  TEXT REFERENCES users (id) ON DELETE CASCADE,
    group_id TEXT REFERENCES user_groups (id) ON DELETE CASCADE,
    PRIMARY KEY (pool_id, position)       -- neither: everyone
);

-- The desktops this broker wants. A row outlives its pool and user until the host says that the desktop is gone.
CREATE TABLE desktops (
    id         TEXT PRIMARY KEY,
    pool_id    TEXT REFERENCES pools (id) ON DELETE SET NULL,
    user_id    TEXT REFERENCES users (id) ON DELETE SET NULL,
    host       TEXT NOT NULL,
    name       TEXT NOT NULL,
    image      TEXT NOT NULL,
    cpus       INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    confirmed  INTEGER NOT NULL,          -- the host has answered its creation
    doomed     INTEGER NOT NULL,          -- to be deleted at the host
    created_at BIGINT NOT NULL
);
CREATE INDEX desktops_host ON desktops (host);
CREATE INDEX desktops_pool ON desktops (pool_id);

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    pool_id    TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    desktop_id TEXT NOT NULL,
    state      TEXT NOT NULL,
    step       TEXT NOT NULL,
    step_text  TEXT NOT NULL,
    progress   INTEGER NOT NULL,
    reason     TEXT,
    created_at BIGINT NOT NULL,
    ended_at   BIGINT
);
CREATE UNIQUE INDEX sessions_living ON sessions (user_id, pool_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_desktop ON sessions (desktop_id);

CREATE TABLE session_why (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    at         BIGINT NOT NULL,
    verdict    TEXT NOT NULL,
    text       TEXT NOT NULL,
    PRIMARY KEY (session_id, position)
);

CREATE TABLE tokens (
    hash       TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE audit (
    id      BIGINT PRIMARY KEY,           -- microseconds since the epoch, made to rise
    actor   TEXT NOT NULL,
    address TEXT NOT NULL,
    action  TEXT NOT NULL,
    target  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail  TEXT NOT NULL
);

-- Desktops that a host reports and nobody here asked for: deleted only after a grace period.
CREATE TABLE strangers (
    desktop_id TEXT PRIMARY KEY,
    host       TEXT NOT NULL,
    seen_at    BIGINT NOT NULL
);
