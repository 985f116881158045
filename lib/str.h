/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Borrowed bytes that are not terminated. */
#ifndef SVCR_STR_H
#define SVCR_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct svcr_str {
	const char *p;
	size_t len;
};

/* True if `s` has the same bytes as a terminated string. */
static inline bool svcr_str_eq(struct svcr_str s, const char *literal)
{
	return strlen(literal) == s.len && memcmp(s.p, literal, s.len) == 0;
}

#endif
