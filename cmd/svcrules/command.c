/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "say.h"

#include <string.h>

extern const struct command command_apply, command_check, command_compile, command_delete,
	command_diff, command_doctor, command_explain, command_get, command_help, command_status,
	command_version;

/* clang-format off */
const struct command *const commands[] = {
	&command_apply,
	&command_check,
	&command_compile,
	&command_delete,
	&command_diff,
	&command_doctor,
	&command_explain,
	&command_get,
	&command_help,
	&command_status,
	&command_version,
	NULL
};
/* clang-format on */

#define COMMANDS (sizeof(commands) / sizeof(commands[0]) - 1)

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

int command_unknown(const char *name)
{
	const char *names[COMMANDS], *near;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	near = nearest(name, names, COMMANDS);
	if (near)
		say("unknown command '%s', did you mean '%s'? See 'svcrules help'", name, near);
	else
		say("unknown command '%s'; see 'svcrules help'", name);
	return EXIT_USAGE;
}
