/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/cli/cli.h"
#include "broker/cli/command-line.h"

/* Who is signed in and where: from the options, ORIEL_BROKER and ORIEL_TOKEN, and the login file,
 * in this order. */
int session_open(Cli *cli, const GlobalOptions *options, KnownBrokers *known);

int session_login(int argc, char **argv, GlobalOptions *options, KnownBrokers *known);
int session_logout(Cli *cli);
int session_whoami(Cli *cli);
