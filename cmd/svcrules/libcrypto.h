/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenSSL's libcrypto, which is loaded by the commands that need it. */
#ifndef LIBCRYPTO_H
#define LIBCRYPTO_H

#include <stddef.h>

/* Functions in place of malloc(), realloc() and free(). */
struct libcrypto_memory {
	void *(*alloc)(size_t size);
	void *(*grow)(void *p, size_t size);
	void (*release)(void *p);
};

/*
 * Loads the library, which uses these functions for its memory. Returns an exit code, after a
 * message if it is not EXIT_DONE. Before this, no function of the library may be called.
 */
int libcrypto_load(const struct libcrypto_memory *m);

#endif
