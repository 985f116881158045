/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target from the input to the printed rule sets of all targets: every input that can be
 * read can be built and printed, and the output does not depend on the size of
 * the pieces that are read. Built with -DSVCR_LIBFUZZER it is for libFuzzer,
 * else a program that runs files and directories (fuzz_main.h).
 */
#include "fuzz_main.h"
#include "svcrules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_fuzz_hash(void *arg, const char *buf, size_t len)
{
	uint64_t *h = arg;

	for (size_t i = 0; i < len; i++)
		*h = (*h ^ (unsigned char)buf[i]) * 1099511628211u;
	return 0;
}

static struct svcrules_options *read_fuzz_options(struct svcrules_diags *d)
{
	struct svcrules_options *o = svcrules_options_new();

	if (!o || svcrules_options_set(o, "node-name", "node1", d) ||
	    svcrules_options_set(o, "cluster-cidr", "10.244.0.0/16,fd00:244::/48", d) ||
	    svcrules_options_set(o, "network-policy", NULL, d))
		abort();
	return o;
}

/* Adds all formats of the rule set that a target makes of the model to the hash. */
static void read_fuzz_build(const char *target, const struct svcrules_model *m,
			    const struct svcrules_options *o, struct svcrules_diags *d, uint64_t *h)
{
	struct svcrules_ruleset *rs = NULL;
	struct svcrules_stats stats;
	int err;

	err = svcrules_build(m, o, target, d, &rs);
	if (err == -EINVAL && svcrules_diags_errors(d))
		return; /* what this target cannot make of the objects */
	if (err)
		abort();
	svcrules_ruleset_stats(rs, &stats);
	for (size_t i = 0; stats.target->formats[i]; i++)
		if (!svcrules_unprintable(rs, stats.target->formats[i], false) &&
		    svcrules_print(rs, stats.target->formats[i], read_fuzz_hash, h))
			abort();
	svcrules_ruleset_free(rs);
}

/* Returns the hash of the output and of the diagnostics; there is no output when reading fails. */
static uint64_t read_fuzz_run(const char *target, struct fuzz_input in)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = read_fuzz_options(d);
	struct svcrules_model *m = svcrules_model_new(target, o);
	uint64_t h = 14695981039346656037u;
	int err = svcrules_model_read(m, "fuzz", fuzz_fill, &in, d);

	if (!err && svcrules_diags_errors(d))
		abort();
	if (!err)
		read_fuzz_build(target, m, o, d, &h);
	if (err == -22 && svcrules_diags_errors(d) == 0)
		abort();
	for (size_t i = 0; i < svcrules_diags_count(d); i++)
		read_fuzz_hash(&h, svcrules_diags_get(d, i)->text,
			       strlen(svcrules_diags_get(d, i)->text));
	svcrules_options_free(o);
	svcrules_model_free(m);
	svcrules_diags_free(d);
	return h;
}

static void read_fuzz_input(const uint8_t *data, size_t size)
{
	struct fuzz_input whole = { data, size, SIZE_MAX }, pieces = { data, size, 7 };

	for (size_t i = 0; svcrules_target(i); i++) {
		const char *target = svcrules_target(i)->name;

		if (read_fuzz_run(target, whole) != read_fuzz_run(target, pieces))
			abort();
	}
}

FUZZ_TARGET(read_fuzz_input)
