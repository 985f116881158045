/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "list.h"

void *svcr_grow(void **array, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 8, bytes;
		void *p;

		if (__builtin_mul_overflow(more, size, &bytes))
			return NULL;
		p = realloc(*array, bytes);
		if (!p)
			return NULL;
		*array = p;
		*cap = more;
	}
	memset((char *)*array + *n * size, 0, size);
	return (char *)*array + (*n)++ * size;
}
