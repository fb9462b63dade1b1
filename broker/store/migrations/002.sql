-- SPDX-License-Identifier: GPL-3.0-or-later
-- Hosts made known while the broker runs, beside those of the configuration.
CREATE TABLE hosts (
    name       TEXT PRIMARY KEY,
    address    TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
