/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion scripts for shells, made from the tables of commands and options. */
#ifndef SVCRULES_COMPLETION_H
#define SVCRULES_COMPLETION_H

#include <stdio.h>

/* The shells, with spaces between. */
#define COMPLETION_SHELLS "bash zsh fish"

/* Prints the script for one of them. */
void completion_print(FILE *to, const char *shell);

#endif
