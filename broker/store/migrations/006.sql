-- SPDX-License-Identifier: GPL-3.0-or-later
-- Passwords of machines stand sealed (store/secrets.h). Those from before are sealed when the broker starts: then “password” is empty.
ALTER TABLE machines ADD COLUMN sealed TEXT NOT NULL DEFAULT '';    -- empty: none
