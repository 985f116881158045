/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slices follow the ports of a Service that has changed. */
#include "overlay_ports.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char a[] = "a", b[] = "b", c[] = "c", unnamed[] = "", http[] = "http", web[] = "web";

#define MANY 20000

struct follow_case {
	struct svcr_service_port before[3], now[3];
	struct svcr_slice_port slice[3], expected[3];
	bool unknown;
};

#define PORT(n, p, t, name_of_target) \
	{ \
		.name = (n), .protocol = SVCR_TCP, .port = (p), .target = (t), \
		.target_name = (name_of_target) \
	}
#define AT(n, p) \
	{ \
		(n), (p), SVCR_TCP \
	}

static const struct follow_case cases[] = {
	/* a port is renamed, and its number as well */
	{ { PORT(a, 80, 8080, NULL) },
	  { PORT(b, 81, 8080, NULL) },
	  { AT(a, 8080) },
	  { AT(b, 8080) },
	  false },
	/* names are exchanged: the target decides */
	{ { PORT(a, 80, 8080, NULL), PORT(b, 90, 9090, NULL) },
	  { PORT(a, 80, 9090, NULL), PORT(b, 90, 8080, NULL) },
	  { AT(a, 8080), AT(b, 9090) },
	  { AT(a, 9090), AT(b, 8080) },
	  false },
	/* another number; without targetPort it is that of the port */
	{ { PORT(a, 80, 8080, NULL) },
	  { PORT(a, 80, 8081, NULL) },
	  { AT(a, 8080) },
	  { AT(a, 8081) },
	  false },
	{ { PORT(unnamed, 80, 0, NULL) },
	  { PORT(unnamed, 80, 80, NULL) },
	  { AT(unnamed, 80) },
	  { AT(unnamed, 80) },
	  false },
	{ { PORT(a, 80, 8080, NULL) },
	  { PORT(a, 80, 0, NULL) },
	  { AT(a, 8080) },
	  { AT(a, 80) },
	  false },
	/* one port becomes two, one is removed */
	{ { PORT(unnamed, 80, 8080, NULL) },
	  { PORT(a, 80, 8080, NULL), PORT(b, 81, 8081, NULL) },
	  { AT(unnamed, 8080) },
	  { AT(a, 8080), AT(b, 8081) },
	  false },
	{ { PORT(a, 80, 8080, NULL), PORT(b, 81, 8081, NULL) },
	  { PORT(b, 81, 8081, NULL) },
	  { AT(a, 8080), AT(b, 8081) },
	  { AT(b, 8081) },
	  false },
	/* a name that another port had; one that none had, of an old port and of a new one */
	{ { PORT(a, 80, 0, http) },
	  { PORT(b, 81, 0, http) },
	  { AT(a, 8080) },
	  { AT(b, 8080) },
	  false },
	{ { PORT(a, 80, 8080, NULL) },
	  { PORT(a, 80, 0, http), PORT(b, 81, 0, web) },
	  { AT(a, 8080) },
	  { AT(a, 8080) },
	  true },
	{ { PORT(a, 80, 8080, NULL) },
	  { PORT(c, 80, 0, http) },
	  { AT(a, 8080) },
	  { AT(c, 8080) },
	  true },
	/* of several ports with the target the one of the same number; a slice without the port */
	{ { PORT(a, 80, 0, http), PORT(b, 81, 0, http) },
	  { PORT(c, 81, 0, http) },
	  { AT(a, 1), AT(b, 2) },
	  { AT(c, 2) },
	  false },
	{ { PORT(a, 80, 0, http) },
	  { PORT(b, 80, 0, http) },
	  { AT(c, 1) },
	  { AT(NULL, 0) },
	  false },
};

static size_t count_ports(const struct svcr_service_port *v)
{
	size_t n = 0;

	while (n < 3 && v[n].port)
		n++;
	return n;
}

START_TEST(slices_follow)
{
	const struct follow_case *x = &cases[_i];
	struct svcr_service_port v[3], w[3];
	struct svcr_slice_port s[3];
	struct svcr_service before = { .ports = { v, count_ports(x->before), 3 } };
	struct svcr_service now = { .ports = { w, count_ports(x->now), 3 } };
	struct svcr_slice slice = { .ports = { s, 0, 3 } };
	struct svcr_arena arena = SVCR_ARENA_INIT;
	struct svcr_old_ports old = { .by_name = NULL };
	struct svcr_followed_port f[3];
	size_t n = 0;

	memcpy(v, x->before, sizeof(v));
	memcpy(w, x->now, sizeof(w));
	memcpy(s, x->slice, sizeof(s));
	while (slice.ports.n < 3 && s[slice.ports.n].port)
		slice.ports.n++;
	ck_assert_int_eq(svcr_old_ports_make(&old, &before), 0);
	ck_assert_int_eq(svcr_follow_ports(&old, &now, f) != NULL, x->unknown);
	svcr_old_ports_release(&old);
	ck_assert_int_eq(svcr_follow_slice(&slice, &now, f, &arena), 0);
	for (; n < 3 && x->expected[n].port; n++) {
		ck_assert_uint_lt(n, slice.ports.n);
		ck_assert_str_eq(slice.ports.v[n].name, x->expected[n].name);
		ck_assert_uint_eq(slice.ports.v[n].port, x->expected[n].port);
	}
	ck_assert_uint_eq(slice.ports.n, n);
	svcr_arena_release(&arena);
}
END_TEST

/* 20,000 ports that are all renamed: their number times itself would take minutes. */
START_TEST(many_ports)
{
	static struct svcr_service_port v[MANY], w[MANY];
	static struct svcr_slice_port s[MANY];
	static struct svcr_followed_port f[MANY];
	static char names[2 * MANY];
	struct svcr_service before = { .ports = { v, MANY, MANY } };
	struct svcr_service now = { .ports = { w, MANY, MANY } };
	struct svcr_slice slice = { .ports = { s, MANY, MANY } };
	struct svcr_arena arena = SVCR_ARENA_INIT;
	struct svcr_old_ports old = { .by_name = NULL };

	for (size_t i = 0; i < MANY; i++) {
		v[i] = (struct svcr_service_port)PORT(&names[i], (uint16_t)(i + 1), 0, NULL);
		w[i] = (struct svcr_service_port)PORT(&names[MANY + i], (uint16_t)(i + 1), 0, NULL);
		s[i] = (struct svcr_slice_port)AT(&names[i], (uint16_t)(i + 1));
	}
	ck_assert_int_eq(svcr_old_ports_make(&old, &before), 0);
	for (int k = 0; k < 20; k++) {
		ck_assert_ptr_null(svcr_follow_ports(&old, &now, f));
		slice.ports = (struct svcr_slice_ports){ s, MANY, MANY };
		ck_assert_int_eq(svcr_follow_slice(&slice, &now, f, &arena), 0);
		ck_assert_uint_eq(slice.ports.n, MANY);
		ck_assert_uint_eq(slice.ports.v[MANY - 1].port, MANY);
	}
	svcr_old_ports_release(&old);
	svcr_arena_release(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay-ports");
	TCase *tc = tcase_create("overlay-ports");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, slices_follow, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, many_ports);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
