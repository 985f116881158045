/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * YAML 1.1 as JSON text: a source of bytes for the JSON parser (json/json.h), so
 * that all that reads JSON reads YAML. libyaml parses; here scalars get their
 * types, and aliases and merge keys are resolved.
 *
 *     svcr_yaml_init(&y, fill, arg);
 *     svcr_json_init(&j, svcr_yaml_fill, &y);
 *     j.returns = true;
 *     ...
 *     if (j.failed && y.failed) the error of `y` is the one to report
 *     svcr_json_release(&j);
 *     svcr_yaml_release(&y);
 *
 * The JSON text has the same lines as the YAML text, and each key is in the column
 * that it has there, so the JSON parser's errors (duplicate keys) have their places
 * in the YAML text. Documents that are null or have only comments leave nothing.
 *
 * Scalars are typed as kubectl does it (sigs.k8s.io/yaml, which is go-yaml 2): see
 * scalar.h. Keys that are numbers, true or false become strings. These are errors:
 * keys that are null, lists or mappings; numbers that JSON does not have (.inf);
 * aliases of unknown anchors, of anchors around them, and such that expand to more
 * than SVCR_YAML_MAX_EXPANDED bytes and the length of the input.
 */
#ifndef SVCR_YAML_H
#define SVCR_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "str.h"

#define SVCR_YAML_MAX_DEPTH 128
#define SVCR_YAML_MAX_EXPANDED (16u << 20) /* bytes of JSON that aliases stand for */
#define SVCR_YAML_MAX_ANCHORED (64u << 20) /* bytes of JSON inside of anchors, a document */
#define SVCR_YAML_MAX_MERGED 1000          /* keys of a mapping with a merge key */

/* As svcr_json_fill_fn. */
typedef long (*svcr_yaml_fill_fn)(void *arg, char *buf, size_t size);

struct svcr_yaml {
	bool failed;
	bool unread;       /* `fill` failed: there is no error in the text */
	int error;         /* -EINVAL: no YAML; -ENOMEM; or fill's */
	char message[256]; /* names what was found and what was expected */
	uint64_t line;     /* of the error, from 1 */
	uint64_t column;   /* in characters, from 1 */
	bool wipe; /* set after svcr_yaml_init(): memory is overwritten before it is freed */
	struct svcr_yaml_state *state; /* private */
};

/*
 * Starts a converter. The input is `first`, which is the line `line` of a text and
 * must outlive the converter, and then what `fill` gives. Returns 0 or -ENOMEM.
 */
int svcr_yaml_init(struct svcr_yaml *y, struct svcr_str first, uint64_t line,
		   svcr_yaml_fill_fn fill, void *arg);
void svcr_yaml_release(struct svcr_yaml *y); /* accepts a zeroed struct */

/* Makes up to `size` bytes of JSON; a svcr_json_fill_fn whose argument is a struct svcr_yaml. */
long svcr_yaml_fill(void *arg, char *buf, size_t size);

#endif
