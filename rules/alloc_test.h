/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An allocator that fails. The linker wraps malloc() and the like for the objects of this
 * project, and jansson uses the wrappers too; libmnl and libnftnl do not. For one program:
 * the wrappers are defined here.
 */
#ifndef SVCR_ALLOC_TEST_H
#define SVCR_ALLOC_TEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <errno.h>

#define LIVE_MAX 65536

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);
int __wrap_vasprintf(char **ret, const char *fmt, va_list ap);
int __wrap_asprintf(char **ret, const char *fmt, ...);

static struct {
	bool counting;
	bool failed;
	size_t countdown; /* number of the allocation that fails, counted from here; 0: none */
	void *live[LIVE_MAX];
	size_t nlive;
} alloc_state;

static bool alloc_fails(void)
{
	if (!alloc_state.counting || !alloc_state.countdown || --alloc_state.countdown)
		return false;
	alloc_state.failed = true;
	return true;
}

static void *alloc_note(void *p)
{
	if (alloc_state.counting && p) {
		if (alloc_state.nlive == LIVE_MAX)
			abort();
		alloc_state.live[alloc_state.nlive++] = p;
	}
	return p;
}

static void alloc_forget(const void *p)
{
	for (size_t i = alloc_state.nlive; p && i-- > 0;)
		if (alloc_state.live[i] == p) {
			alloc_state.live[i] = alloc_state.live[--alloc_state.nlive];
			return;
		}
}

void *__wrap_malloc(size_t size)
{
	return alloc_fails() ? NULL : alloc_note(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return alloc_fails() ? NULL : alloc_note(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
	if (alloc_fails())
		return NULL;
	alloc_forget(p);
	return alloc_note(__real_realloc(p, size));
}

void __wrap_free(void *p)
{
	alloc_forget(p);
	__real_free(p);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return __wrap_realloc(p, n * size);
}

char *__wrap_strdup(const char *s)
{
	char *p = __wrap_malloc(strlen(s) + 1);

	return p ? memcpy(p, s, strlen(s) + 1) : NULL;
}

int __wrap_vasprintf(char **ret, const char *fmt, va_list ap)
{
	va_list copy;
	int n;

	va_copy(copy, ap);
	n = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	*ret = __wrap_malloc((size_t)n + 1);
	if (*ret)
		return vsnprintf(*ret, (size_t)n + 1, fmt, ap);
	*ret = (char *)1; /* undefined then */
	return -1;
}

int __wrap_asprintf(char **ret, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __wrap_vasprintf(ret, fmt, ap);
	va_end(ap);
	return n;
}

/* Calls with the at-th allocation failing (0: none); *ret_left is the number of leaks. */
static inline int alloc_attempt(int (*call)(void), size_t at, size_t *ret_left)
{
	int err;

	alloc_state.nlive = 0;
	alloc_state.failed = false;
	alloc_state.countdown = at;
	alloc_state.counting = true;
	err = call();
	alloc_state.counting = false;
	*ret_left = alloc_state.nlive;
	return err;
}

static uint64_t alloc_sum; /* of the output of an attempt */

/* A svcrules_write_fn that adds to the sum, so that the test itself allocates nothing. */
static inline int alloc_hash(void *arg, const char *buf, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++)
		alloc_sum = (alloc_sum ^ (unsigned char)buf[i]) * 1099511628211u;
	return 0;
}

/* An attempt that leaves nothing behind, with the sum of its output. */
static inline int alloc_try(int (*call)(void), size_t at)
{
	size_t left;
	int err;

	alloc_sum = 14695981039346656037u;
	err = alloc_attempt(call, at, &left);
	ck_assert_msg(left == 0, "%zu left behind when allocation %zu fails", left, at);
	return err;
}

/*
 * Fails each allocation of `call` in turn, which must then return -ENOMEM (or, if that is an
 * error, `result`), and then none: its result and its output must be those of the first time.
 * Returns the number of allocations.
 */
static inline size_t alloc_every(int (*call)(void), int result, const char *name)
{
	uint64_t expected;
	size_t at;

	ck_assert_int_eq(alloc_try(call, 0), result);
	expected = alloc_sum;
	for (at = 1; at < 100000; at++) {
		int err = alloc_try(call, at);

		if (!alloc_state.failed)
			break;
		ck_assert_msg(err == -ENOMEM || (err && err == result),
			      "%s returns %d when allocation %zu fails", name, err, at);
	}
	ck_assert_int_eq(alloc_try(call, 0), result);
	ck_assert_uint_eq(alloc_sum, expected);
	return at - 1;
}

#endif
