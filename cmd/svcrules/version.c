/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "svcrules.h"

#include <stdio.h>

static int version_run(const struct arguments *a)
{
	(void)a;
	printf("svcrules %s\n", svcrules_version());
	return EXIT_DONE;
}

const struct command command_version = {
	.name = "version",
	.synopsis = "",
	.summary = "print the version; also -V and --version",
	.about = "Prints the version.\n",
	.options = (const struct option_group *const[]){ &help_options, NULL },
	.run = version_run,
};
