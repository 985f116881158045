/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "say.h"

const struct command *const commands[CMD_COUNT] = {
	[CMD_APPLY] = &command_apply,   [CMD_COMPILE] = &command_compile, [CMD_DELETE] = &command_delete,
	[CMD_DIFF] = &command_diff, [CMD_HELP] = &command_help,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < CMD_COUNT; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

int command_unknown(const char *name)
{
	const char *names[CMD_COUNT], *near;

	for (size_t i = 0; i < CMD_COUNT; i++)
		names[i] = commands[i]->name;
	near = nearest(name, names, CMD_COUNT);
	if (near)
		say("unknown command '%s', did you mean '%s'? See 'svcrules help'", name, near);
	else
		say("unknown command '%s'; see 'svcrules help'", name);
	return EXIT_USAGE;
}
