/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target for the JSON parser: skipping and walking over an input have the
 * same outcome, whole or in pieces. Built with -DSVCR_LIBFUZZER it is for
 * libFuzzer, else a program that runs files and directories (fuzz_main.h).
 */
#include "fuzz_main.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes the next value. Outer objects are skipped first and then read again from a mark. */
static void fuzz_walk(struct svcr_json *j, int marks)
{
	struct svcr_str s;
	bool b;
	int mark;

	switch (svcr_json_peek(j)) {
	case SVCR_JSON_OBJECT:
		mark = marks < 4 ? svcr_json_mark(j) : -1;
		if (mark >= 0) {
			svcr_json_skip(j);
			svcr_json_rewind(j, mark);
		}
		if (svcr_json_enter(j))
			while (svcr_json_next_key(j, &s))
				fuzz_walk(j, marks + 1);
		if (mark >= 0)
			svcr_json_unmark(j, mark);
		break;
	case SVCR_JSON_ARRAY:
		if (svcr_json_enter(j))
			while (svcr_json_next_item(j))
				fuzz_walk(j, marks);
		break;
	case SVCR_JSON_STRING: svcr_json_string(j, &s); break;
	case SVCR_JSON_NUMBER: svcr_json_number(j, &s); break;
	case SVCR_JSON_BOOL: svcr_json_bool(j, &b); break;
	default: svcr_json_skip(j);
	}
}

static void fuzz_read_all(struct svcr_json *j, struct fuzz_input in, bool by_walking)
{
	if (svcr_json_init(j, fuzz_fill, &in) < 0)
		abort();
	while (svcr_json_more_documents(j))
		if (by_walking)
			fuzz_walk(j, 0);
		else
			svcr_json_skip(j);
	svcr_json_release(j);
}

static void json_fuzz_input(const uint8_t *data, size_t size)
{
	struct fuzz_input whole = { data, size, SIZE_MAX }, bytes = { data, size, 1 };
	struct svcr_json a, b;

	fuzz_read_all(&a, whole, false);
	for (int i = 1; i < 4; i++) {
		fuzz_read_all(&b, i & 1 ? bytes : whole, i & 2);
		if (a.failed != b.failed || a.error != b.error || a.line != b.line ||
		    a.column != b.column || strcmp(a.message, b.message) != 0)
			abort();
	}
}

FUZZ_TARGET(json_fuzz_input)
