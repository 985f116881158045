/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wipe.h"
#include "svcrules.h"

#define STACK_USED (64 << 10) /* bytes that a call into this library uses at most */
#define LONGEST_COPY 1024

/* Copies zeros, by the same functions and so through the same registers as secrets were copied. */
static void wipe_registers(char *zeros)
{
	for (size_t n = 1; n <= LONGEST_COPY; n += n < 64 ? 1 : n / 2) {
		memmove(zeros, zeros + LONGEST_COPY, n);
		__asm__ volatile("" : : "r"(zeros), "r"(memchr(zeros, 1, n)) : "memory");
	}
}

void __attribute__((noinline)) svcrules_wipe_stack(void)
{
	char below[STACK_USED];

	explicit_bzero(below, sizeof(below));
	wipe_registers(below);
}
