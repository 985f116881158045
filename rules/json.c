/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

json_t *svcr_json_append(json_t *list, json_t *item)
{
	if (json_array_append_new(list, item) == 0)
		return list;
	json_decref(list);
	return NULL;
}

json_t *svcr_json_member(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) == 0)
		return object;
	json_decref(object);
	return NULL;
}

int svcr_json_set(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value) == 0 ? 0 : -ENOMEM;
}

struct sink {
	svcrules_write_fn write;
	void *arg;
	int err;
};

static int json_sink_write(const char *buf, size_t len, void *arg)
{
	struct sink *s = arg;

	s->err = s->write(s->arg, buf, len);
	return s->err;
}

int svcr_json_dump(json_t *root, svcrules_write_fn write, void *arg)
{
	struct sink s = { .write = write, .arg = arg };
	/* in ASCII, as U+009B and marks of direction are obeyed by terminals */
	const size_t flags = JSON_INDENT(2) | JSON_ENSURE_ASCII;
	int err = root ? json_dump_callback(root, json_sink_write, &s, flags) : -1;

	json_decref(root);
	if (s.err)
		return s.err;
	return err ? -ENOMEM : write(arg, "\n", 1);
}
