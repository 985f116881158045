/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modules of the kernel that targets need. None is loaded to find out, as asking the kernel for
 * what is in it might.
 */
#include "doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PATH_SIZE 512

/* True if a file of modules has "/NAME.ko": "kernel/drivers/net/dummy.ko.xz: ...". */
static bool file_lists(const char *path, const char *name)
{
	char *line = NULL, wanted[64];
	size_t size = 0;
	bool found = false;
	FILE *f = fopen(path, "re");

	snprintf(wanted, sizeof(wanted), "/%s.ko", name);
	while (f && !found && getline(&line, &size, f) > 0) {
		line[strcspn(line, ":\n")] = '\0'; /* what it depends on follows */
		found = strstr(line, wanted);
	}
	free(line);
	if (f)
		(void)fclose(f);
	return found;
}

/* The module is loaded, or modprobe(8) finds it: by files that depmod(8) writes for each kernel. */
static bool has_module(const char *name)
{
	static const char *const files[] = { "modules.dep", "modules.builtin" };
	struct utsname kernel;
	char path[PATH_SIZE];
	bool found;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	found = access(path, F_OK) == 0;
	if (uname(&kernel) < 0)
		return found;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files) && !found; i++) {
		snprintf(path, sizeof(path), "/lib/modules/%s/%s", kernel.release, files[i]);
		found = file_lists(path, name);
	}
	return found;
}

/* The names of those that are missing; NULL: none is, or memory is short. */
static char *missing_modules(struct doctor *d, const struct svcrules_target *t)
{
	char *text = NULL, *longer;

	for (const char *const *name = t->modules; *name; name++) {
		if (has_module(*name))
			continue;
		longer = doctor_text("%s%s%s", text ? text : "", text ? ", " : "", *name);
		free(text);
		text = longer;
		if (!text) {
			d->no_memory = true;
			break;
		}
	}
	return text;
}

void doctor_modules(struct doctor *d)
{
	const struct svcrules_target *t;

	for (size_t i = 0; (t = svcrules_target(i)); i++) {
		char *missing = t->modules ? missing_modules(d, t) : NULL;

		if (missing)
			doctor_find(d, d->stats.target == t ? VERDICT_TROUBLE : VERDICT_NOTE,
				    "that target does not work on this node",
				    doctor_text("use another --target, or a kernel with them"),
				    "the target %s needs modules that this kernel has neither as "
				    "files nor in itself: %s",
				    t->name, missing);
		else if (t->modules)
			doctor_fine(d, "the modules that the target %s needs are there", t->name);
		free(missing);
	}
}
