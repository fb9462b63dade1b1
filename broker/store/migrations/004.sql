-- SPDX-License-Identifier: GPL-3.0-or-later
-- How often a pool is asked for is counted from its sessions.
CREATE INDEX sessions_pool ON sessions (pool_id, created_at);
