/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/cli/cli.h"

/* What the table in nouns.c runs. Each returns an exit status and has printed its result or what
 * went wrong. */
int verb_list(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_show(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_create(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_set(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_delete(Cli *cli, const Noun *noun, char **names, json_t *body);

int verb_group_add(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_group_remove(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_image_import(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_image_build(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_template_cancel(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_image_cancel(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_pool_rollback(Cli *cli, const Noun *noun, char **names, json_t *body);
/* names: the pool and a machine of it; body: {password}. */
int verb_pool_machine_password(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_template_make(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_desktop_suspend(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_desktop_resume(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_desktop_create(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_desktop_start(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_desktop_stop(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_session_create(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_session_why(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_session_stats(Cli *cli, const Noun *noun, char **names, json_t *body);
int verb_session_vv(Cli *cli, const Noun *noun, char **names, json_t *body);
