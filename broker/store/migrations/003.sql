-- SPDX-License-Identifier: GPL-3.0-or-later
-- Pools by policy: what becomes of a desktop, how it starts, which of them wait for a user.
ALTER TABLE pools ADD COLUMN policy TEXT NOT NULL DEFAULT 'persistent';      -- floating, persistent, static
ALTER TABLE pools ADD COLUMN start TEXT NOT NULL DEFAULT 'cold';             -- cold, clone
ALTER TABLE pools ADD COLUMN previous_image TEXT NOT NULL DEFAULT '';        -- empty: none to go back to
ALTER TABLE pools ADD COLUMN home_mib BIGINT NOT NULL DEFAULT 0;             -- 0: no home of its own
ALTER TABLE pools ADD COLUMN spares INTEGER NOT NULL DEFAULT 0;              -- ready and waiting, at least
ALTER TABLE pools ADD COLUMN idle_suspend_minutes INTEGER NOT NULL DEFAULT 0;     -- 0: never
ALTER TABLE pools ADD COLUMN disconnected_end_minutes INTEGER NOT NULL DEFAULT 0; -- 0: never
ALTER TABLE pools ADD COLUMN disk_gib INTEGER NOT NULL DEFAULT 0;            -- limits; 0: none
ALTER TABLE pools ADD COLUMN disk_iops INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pools ADD COLUMN disk_mibps INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pools ADD COLUMN net_mbps INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pools ADD COLUMN cpu_percent INTEGER NOT NULL DEFAULT 0;
UPDATE pools SET policy = 'floating' WHERE on_logoff = 'delete';
ALTER TABLE pools DROP COLUMN on_logoff;

-- The machines of a static pool.
CREATE TABLE machines (
    pool_id  TEXT NOT NULL REFERENCES pools (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name     TEXT NOT NULL,
    vnc      TEXT NOT NULL,               -- HOST:PORT
    user_id  TEXT REFERENCES users (id) ON DELETE SET NULL, -- whose it is; NULL: anybody's who is entitled
    PRIMARY KEY (pool_id, position)
);

-- A user's home in a pool: a disk at a host that outlives desktops. Never deleted with a pool or a user, but by name.
CREATE TABLE volumes (
    id         TEXT PRIMARY KEY,
    pool_id    TEXT REFERENCES pools (id) ON DELETE SET NULL,
    user_id    TEXT REFERENCES users (id) ON DELETE SET NULL,
    host       TEXT NOT NULL,
    size_mib   BIGINT NOT NULL,
    doomed     INTEGER NOT NULL DEFAULT 0, -- to be deleted at the host
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX volumes_owner ON volumes (pool_id, user_id);

ALTER TABLE desktops ADD COLUMN template TEXT NOT NULL DEFAULT '';           -- what it is cloned from; empty: it boots cold
ALTER TABLE desktops ADD COLUMN volume_id TEXT REFERENCES volumes (id);
ALTER TABLE desktops ADD COLUMN spare INTEGER NOT NULL DEFAULT 0;            -- nobody's yet
CREATE INDEX desktops_volume ON desktops (volume_id);
