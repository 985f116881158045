/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target for the YAML converter: its output is always JSON, up to an error or a
 * duplicate key; input and output in pieces have the same outcome; and the place of an error is
 * in the input. Built with -DSVCR_LIBFUZZER it is for libFuzzer, else a program that runs files
 * and directories (fuzz_main.h).
 */
#include "fuzz_main.h"
#include "json/json.h"
#include "yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct yaml_fuzz_outcome {
	struct svcr_json j;
	struct svcr_yaml y;
	size_t documents;
};

static void yaml_fuzz_run(struct yaml_fuzz_outcome *o, struct fuzz_input in)
{
	struct svcr_str none = { NULL, 0 };

	if (svcr_yaml_init(&o->y, none, 1, fuzz_fill, &in) < 0 ||
	    svcr_json_init(&o->j, svcr_yaml_fill, &o->y) < 0)
		abort();
	o->j.returns = true;
	for (o->documents = 0; svcr_json_more_documents(&o->j); o->documents++)
		svcr_json_skip(&o->j);
	svcr_json_release(&o->j);
	svcr_yaml_release(&o->y);
}

static void yaml_fuzz_input(const uint8_t *data, size_t size)
{
	struct fuzz_input whole = { data, size, SIZE_MAX }, bytes = { data, size, 1 };
	struct yaml_fuzz_outcome a, b;
	uint64_t lines = 2; /* libyaml counts one more at the end of the input */

	yaml_fuzz_run(&a, whole);
	yaml_fuzz_run(&b, bytes);
	if (a.j.failed != b.j.failed || a.y.failed != b.y.failed || a.documents != b.documents)
		abort();
	if (a.j.failed && !a.y.failed && strncmp(a.j.message, "duplicate key", 13) != 0)
		abort();
	if (a.y.failed && (strcmp(a.y.message, b.y.message) != 0 || a.y.line != b.y.line ||
			   a.y.column != b.y.column))
		abort();
	for (size_t i = 0; i < size; i++) /* libyaml's line breaks, NEL, LS and PS too */
		lines += data[i] == '\n' || data[i] == '\r' || data[i] >= 0x80;
	if ((a.y.failed && a.y.line > lines) || (!a.y.failed && a.j.failed && a.j.line > lines))
		abort();
}

FUZZ_TARGET(yaml_fuzz_input)
