/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing arrays. Every list of the library has the members v, n and cap in
 * this order: the objects, how many there are, and for how many there is room.
 * While a list grows its objects are malloc'ed; a finished list may have been
 * moved into an arena, and its cap is then 0.
 */
#ifndef SVCR_LIST_H
#define SVCR_LIST_H

#include <stddef.h>

/* The layout that all lists share. */
struct svcr_list {
	void *v;
	size_t n, cap;
};

/* A list type without a name. */
#define SVCR_LIST(type) \
	struct { \
		type *v; \
		size_t n, cap; \
	}

/*
 * Makes room for one more object of `size` bytes in a malloc'ed array, whose
 * capacity doubles when it is full. Returns the new object, zeroed and counted
 * in *n, or NULL when memory is short; the array is then unchanged. The caller
 * frees *array.
 */
void *svcr_grow(void **array, size_t *n, size_t *cap, size_t size);

/* The same for a list: SVCR_GROW(&list). */
#define SVCR_GROW(list) svcr_grow((void **)&(list)->v, &(list)->n, &(list)->cap, sizeof(*(list)->v))

#endif
