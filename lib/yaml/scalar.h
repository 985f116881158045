/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The types of YAML scalars, as kubectl's reader has them: go-yaml 2 in
 * sigs.k8s.io/yaml (resolve.go there). Quoted scalars are strings; plain ones are
 *
 *   null    "" ~ null Null NULL
 *   bool    y Y yes Yes YES true True TRUE on On ON, and
 *           n N no No NO false False FALSE off Off OFF
 *   int     decimal, 0x1f, 0b11, 0o17, 017; with a sign; underscores are left out
 *   float   1.5 .5 1. 1e3, with a sign; underscores are left out
 *   special .inf .nan and so on, which JSON does not have
 *   string  everything else, also dates
 *
 * An explicit tag (!!str, !!int, ...) demands a type.
 */
#ifndef SVCR_YAML_SCALAR_H
#define SVCR_YAML_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include "str.h"

enum svcr_scalar_type {
	SVCR_SCALAR_NULL,
	SVCR_SCALAR_BOOL,
	SVCR_SCALAR_INT,
	SVCR_SCALAR_FLOAT,
	SVCR_SCALAR_SPECIAL, /* infinite, or no number */
	SVCR_SCALAR_STRING,
	SVCR_SCALAR_BINARY, /* of an explicit tag: base64 */
	SVCR_SCALAR_WRONG,  /* not of the type that the tag demands */
};

#define SVCR_SCALAR_NUMBER_MAX 400 /* bytes of a number in the input; longer ones are strings */
#define SVCR_SCALAR_TEXT 448       /* bytes of a number as JSON, with the terminator */

/*
 * Returns the type of a scalar. `tag` is its tag in full ("tag:yaml.org,2002:int"),
 * or NULL; `plain`: it is written without quotes. For SVCR_SCALAR_BOOL, _INT and
 * _FLOAT, `text` gets the value as JSON.
 */
enum svcr_scalar_type svcr_scalar_resolve(struct svcr_str s, const char *tag, bool plain,
					  char text[static SVCR_SCALAR_TEXT]);

/*
 * Decodes base64, without white space, into `to`, which has room for len / 4 * 3
 * bytes. Returns the number of bytes, or -1 if it is not base64.
 */
long svcr_scalar_base64(struct svcr_str s, char *to);

#endif
