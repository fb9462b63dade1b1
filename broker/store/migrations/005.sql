-- SPDX-License-Identifier: GPL-3.0-or-later
-- A static pool's machines are given out: each desktop of such a pool stands for one of them.
ALTER TABLE machines ADD COLUMN password TEXT NOT NULL DEFAULT '';  -- of its VNC server; a host needs it as it is
ALTER TABLE desktops ADD COLUMN machine TEXT NOT NULL DEFAULT '';   -- the machine's name; empty: the desktop is made of an image
