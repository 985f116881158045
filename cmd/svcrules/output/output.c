/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/output.h"
#include "exit.h"
#include "say.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What is substituted for {} in a command is not quoted, and must not need it. */
static int check_validate(const struct arguments *a, const struct place *p)
{
	const char *command = a->value[OPT_VALIDATE];

	if (!command)
		return EXIT_DONE;
	if (!strstr(command, "{}")) {
		say("--validate: '%s' has no {}, which stands for the new folder", command);
		return EXIT_USAGE;
	}
	if (runner_path_ok(p->parent_path) && runner_path_ok(p->work_name))
		return EXIT_DONE;
	say("--validate: a shell does not take '%s/%s' for one word: name a folder whose path has "
	    "only letters, digits and /._-+,:@%%=",
	    p->parent_path, p->name);
	return EXIT_USAGE;
}

int output_open(const struct arguments *a, bool write, struct output *ret)
{
	struct runner_task t = { .validate = a->value[OPT_VALIDATE], .then = a->value[OPT_THEN] };
	int code, err;

	*ret = (struct output){ .arguments = a, .target = a->target->name, .runner = { .fd = -1 } };
	/* who may replace a folder matters to the one who writes it */
	code = place_open(a->directory, !write || a->given[OPT_INSECURE_OUTPUT], &ret->place);
	if (!code)
		code = arguments_wait(a, &ret->wait_ms);
	if (!code)
		code = check_validate(a, &ret->place);
	if (code || !write)
		return code;
	place_peek(&ret->place);
	t.parent = ret->place.parent;
	t.parent_path = ret->place.parent_path;
	t.work = ret->place.work_name;
	t.mode = ret->place.mode;
	t.uid = ret->place.uid;
	t.gid = ret->place.gid;
	t.chown = t.uid != geteuid() || t.gid != getegid();
	err = runner_start(&ret->runner, &t);
	return err ? place_failed(&ret->place, "start a process", err) : EXIT_DONE;
}

void output_close(struct output *o)
{
	place_unlock(&o->place);
	place_close(&o->place);
	runner_end(&o->runner);
}
