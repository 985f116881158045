/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A borrowed run of bytes; not terminated. */
#ifndef SVCR_STR_H
#define SVCR_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct svcr_str {
	const char *p;
	size_t len;
};

static inline bool svcr_str_eq(struct svcr_str s, const char *literal)
{
	return strlen(literal) == s.len && memcmp(s.p, literal, s.len) == 0;
}

#endif
