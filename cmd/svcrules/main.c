/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "progress.h"
#include "say.h"
#include "svcrules.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/*
 * A closed standard stream would be given to the first file or socket opened,
 * and our output written into it. What takes its place fails when used.
 */
static void streams_secure(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			_exit(EXIT_KERNEL);
}

/* True if help is asked for anywhere: behind other options, and whatever is wrong with them. */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int main_run(const struct command *c, int argc, char **argv)
{
	struct arguments a;
	int err, code;

	if (asks_for_help(argc, argv))
		return command_find("help")->run(&(struct arguments){
			.operands = (const char *[]){ c->name }, .noperands = 1 });
	err = arguments_parse(&a, c, argc, argv);
	if (err == -EINVAL) {
		say("%s", a.problem);
		code = EXIT_USAGE;
	} else if (err) {
		code = say_enomem();
	} else {
		if (!arguments_quiet(&a))
			progress_allow();
		code = c->run(&a);
		progress_end();
		if (a.target && a.target->secrets)
			svcrules_wipe_stack();
	}
	arguments_free(&a);
	return code;
}

int main(int argc, char **argv)
{
	const struct command *c;

	streams_secure();
	/* writing fails instead, so that no change of the kernel is cut short; see out_end() */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (argc < 2) {
		say("no command given; see 'svcrules help'");
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return out_end(command_find("version")->run(&(struct arguments){ .nfiles = 0 }));
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return out_end(command_find("help")->run(&(struct arguments){ .nfiles = 0 }));
	if (argv[1][0] == '-') {
		say("unknown option '%s' before the command; see 'svcrules help'", argv[1]);
		return EXIT_USAGE;
	}
	c = command_find(argv[1]);
	return c ? out_end(main_run(c, argc - 2, argv + 2)) : command_unknown(argv[1]);
}
