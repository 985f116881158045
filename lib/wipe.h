/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that may hold bytes of Secrets is overwritten before it is freed or moved. Each function
 * has a flag, so that inputs without Secrets pay nothing.
 */
#ifndef SVCR_WIPE_H
#define SVCR_WIPE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* free(), of `size` bytes. */
static inline void svcr_wipe_free(void *p, size_t size, bool wipe)
{
	if (wipe && p)
		explicit_bzero(p, size);
	free(p);
}

/* realloc(), from `old` to `size` bytes, which are more: none that moves leaves a copy behind. */
static inline void *svcr_wipe_grow(void *p, size_t old, size_t size, bool wipe)
{
	void *grown;

	if (!wipe)
		return realloc(p, size);
	grown = malloc(size);
	if (!grown)
		return NULL;
	if (p)
		memcpy(grown, p, old);
	svcr_wipe_free(p, old, true);
	return grown;
}

#endif
