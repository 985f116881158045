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

/* Starts the process that has tasks; who only reads has one if there are files of others. */
static int start_runner(struct output *o, bool write)
{
	const struct arguments *a = o->arguments;
	struct place *p = &o->place;
	struct runner_task t = {
		.parent = p->parent,
		.parent_path = p->parent_path,
		.work = p->work_name,
		.name = p->name,
		.worker = p->owner.name && p->owner.found,
		.worker_uid = p->owner.uid,
	};
	int err;

	if (write) {
		place_peek(p);
		t.validate = a->value[OPT_VALIDATE];
		t.then = a->value[OPT_THEN];
		t.mode = p->mode;
		t.uid = p->uid;
		t.gid = p->gid;
		t.chown = t.uid != geteuid() || t.gid != getegid();
		t.give = true;
	}
	err = runner_start(&o->runner, &t);
	return err ? place_failed(p, "start a process", err) : EXIT_DONE;
}

int output_open(const struct arguments *a, bool write, struct output *ret)
{
	int code;

	*ret = (struct output){ .arguments = a, .target = a->target->name, .runner = { .fd = -1 } };
	/* who may replace a folder matters to the one who writes it */
	code = place_open(a->directory, !write || a->given[OPT_INSECURE_OUTPUT], &ret->place);
	if (!code)
		code = arguments_wait(a, &ret->wait_ms);
	if (!code)
		code = check_validate(a, &ret->place);
	if (!code)
		code = owner_find(a, &ret->place.owner);
	ret->place.owner.runner = &ret->runner;
	return code ? code : start_runner(ret, write);
}

void output_close(struct output *o)
{
	place_unlock(&o->place);
	place_close(&o->place);
	runner_end(&o->runner);
}
