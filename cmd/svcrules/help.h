/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCRULES_HELP_H
#define SVCRULES_HELP_H

#include <stdio.h>

struct command;

/* The whole help of one command, made from the tables. */
void help_command(FILE *to, const struct command *c);

#endif
