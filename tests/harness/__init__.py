# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Python tests stand on: a private host and broker, REST, and a way into the guest. See README.md."""
