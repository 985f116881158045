/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secrecy.h"
#include "libcrypto.h"
#include "say.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static bool secrecy; /* secrecy_start() was called */

/* ---- Memory of other libraries ---------------------------------------------- */

static void wipe_free(void *p)
{
	if (p && secrecy)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *wipe_grow(void *p, size_t size)
{
	size_t old = p ? malloc_usable_size(p) : 0;
	void *grown;

	if (!p || !secrecy)
		return realloc(p, size);
	grown = malloc(size);
	if (!grown)
		return NULL;
	memcpy(grown, p, old < size ? old : size);
	wipe_free(p);
	return grown;
}

/* ---- Memory of libyaml ------------------------------------------------------ */

/*
 * libyaml collects a scalar in memory that grows, and leaves the copies which it moved from in
 * memory that is free. All its allocations go through these four functions, which the ones of the
 * program take the place of: the dynamic linker finds them first. Weak, as a static libyaml has
 * them, too; then they are not used.
 */
#define OF_LIBYAML __attribute__((weak, visibility("default"), used))

void *yaml_malloc(size_t size);
void *yaml_realloc(void *p, size_t size);
void yaml_free(void *p);
unsigned char *yaml_strdup(const unsigned char *s);

OF_LIBYAML void *yaml_malloc(size_t size)
{
	return malloc(size ? size : 1);
}

OF_LIBYAML void yaml_free(void *p)
{
	wipe_free(p);
}

OF_LIBYAML void *yaml_realloc(void *p, size_t size)
{
	return wipe_grow(p, size ? size : 1);
}

OF_LIBYAML unsigned char *yaml_strdup(const unsigned char *s)
{
	return s ? (unsigned char *)strdup((const char *)s) : NULL;
}

/* ---- Start --------------------------------------------------------------------- */

void secrecy_begin(void)
{
	/* a core dump, or a debugger of the same user, would show keys */
	const struct rlimit none = { 0, 0 };

	secrecy = true;
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		say("warning: cannot forbid core dumps, which may show keys: %s", strerror(errno));
}

int secrecy_certificates(void)
{
	const struct libcrypto_memory m = { malloc, wipe_grow, wipe_free };

	return libcrypto_load(&m);
}

int secrecy_start(void)
{
	secrecy_begin();
	return secrecy_certificates();
}
