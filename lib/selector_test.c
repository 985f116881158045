/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "intern.h"
#include "selector.h"

#include <check.h>

#define MANY 20

struct selector_fixture {
	struct svcr_arena arena;
	struct svcr_strings strings;
	struct svcr_selectors selectors;
};

static const char *word(struct selector_fixture *f, const char *text)
{
	return svcr_intern(&f->strings, &f->arena, (struct svcr_str){ text, strlen(text) });
}

/* Labels of a text "a=b c=" whose keys are sorted. */
static const struct svcr_labels *labels_of(struct selector_fixture *f, const char *text)
{
	struct svcr_pair v[MANY];
	size_t n = 0;

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, " "), key = strcspn(p, "=");

		v[n].key = svcr_intern(&f->strings, &f->arena, (struct svcr_str){ p, key });
		v[n++].value = svcr_intern(&f->strings, &f->arena,
					   (struct svcr_str){ p + key + 1, len - key - 1 });
		p += len + (p[len] == ' ');
	}
	return svcr_labels_intern(&f->selectors, &f->arena, v, n);
}

static void selector_release(struct selector_fixture *f)
{
	svcr_selectors_release(&f->selectors);
	svcr_strings_release(&f->strings);
	svcr_arena_release(&f->arena);
}

/* One requirement, of up to two values, and labels that it holds for or not. */
static const struct {
	enum svcr_operator op;
	const char *key, *values[2], *labels;
	bool holds;
} requirements[] = {
	{ SVCR_IN, "a", { "x" }, "a=x", true },
	{ SVCR_IN, "a", { "x" }, "a=y", false },
	{ SVCR_IN, "a", { "x" }, "", false },
	{ SVCR_IN, "a", { "x", "y" }, "a=y b=x", true },
	{ SVCR_IN, "a", { "x" }, "A=x b=x", false },
	{ SVCR_IN, "a", { "" }, "a=", true },
	{ SVCR_IN, "a", { "" }, "a=x", false },
	{ SVCR_IN, "a", { "" }, "", false },
	{ SVCR_NOT_IN, "a", { "x", "y" }, "a=z", true },
	{ SVCR_NOT_IN, "a", { "x", "y" }, "a=y", false },
	{ SVCR_NOT_IN, "a", { "x", "y" }, "b=x", true },
	{ SVCR_NOT_IN, "a", { "x" }, "", true },
	{ SVCR_EXISTS, "a", { NULL }, "a=", true },
	{ SVCR_EXISTS, "a", { NULL }, "b=a", false },
	{ SVCR_DOES_NOT_EXIST, "a", { NULL }, "a=", false },
	{ SVCR_DOES_NOT_EXIST, "a", { NULL }, "", true },
};

START_TEST(selector_requirements)
{
	struct selector_fixture f = { .arena = SVCR_ARENA_INIT };
	struct svcr_requirement q = { .key = word(&f, requirements[_i].key),
				      .op = requirements[_i].op };
	const char *values[2];
	const struct svcr_selector *s;

	for (q.n = 0; q.n < 2 && requirements[_i].values[q.n]; q.n++)
		values[q.n] = word(&f, requirements[_i].values[q.n]);
	q.values = values;
	s = svcr_selector_intern(&f.selectors, &f.arena, &q, 1);
	ck_assert_int_eq(svcr_selector_matches(s, labels_of(&f, requirements[_i].labels)),
			 requirements[_i].holds);
	if (!*requirements[_i].labels)
		ck_assert_int_eq(svcr_selector_matches(s, NULL), requirements[_i].holds);
	selector_release(&f);
}
END_TEST

START_TEST(selector_all)
{
	struct selector_fixture f = { .arena = SVCR_ARENA_INIT };
	const char *x = word(&f, "x"), *y = word(&f, "y");
	struct svcr_requirement q[2] = { { word(&f, "a"), SVCR_IN, 1, &x },
					 { word(&f, "b"), SVCR_NOT_IN, 1, &y } };
	const struct svcr_selector *none, *both;

	none = svcr_selector_intern(&f.selectors, &f.arena, NULL, 0);
	both = svcr_selector_intern(&f.selectors, &f.arena, q, 2);
	ck_assert(svcr_selector_matches(none, NULL));
	ck_assert(svcr_selector_matches(none, labels_of(&f, "a=x")));
	ck_assert(svcr_selector_matches(both, labels_of(&f, "a=x")));
	ck_assert(!svcr_selector_matches(both, labels_of(&f, "a=x b=y")));
	ck_assert(!svcr_selector_matches(both, labels_of(&f, "b=x")));
	selector_release(&f);
}
END_TEST

/* Long lists are searched in another way than short ones. */
START_TEST(selector_long_lists)
{
	struct selector_fixture f = { .arena = SVCR_ARENA_INIT };
	struct svcr_pair pairs[MANY];
	const char *values[MANY];
	const struct svcr_labels *labels;
	char text[8];

	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "k%02d", 2 * i);
		pairs[i].key = word(&f, text);
		pairs[i].value = values[i] = word(&f, text);
	}
	labels = svcr_labels_intern(&f.selectors, &f.arena, pairs, MANY);
	for (int i = -1; i < 2 * MANY; i++) {
		struct svcr_requirement q = { .op = SVCR_EXISTS };
		struct svcr_requirement in = { pairs[3].key, SVCR_IN, MANY, values };
		bool even = i >= 0 && i % 2 == 0;
		struct svcr_pair one = { pairs[3].key, NULL };

		snprintf(text, sizeof(text), "k%02d", i);
		q.key = one.value = word(&f, text);
		ck_assert_int_eq(
			svcr_selector_matches(svcr_selector_intern(&f.selectors, &f.arena, &q, 1),
					      labels),
			even);
		ck_assert_int_eq(
			svcr_selector_matches(svcr_selector_intern(&f.selectors, &f.arena, &in, 1),
					      svcr_labels_intern(&f.selectors, &f.arena, &one, 1)),
			even);
	}
	selector_release(&f);
}
END_TEST

START_TEST(selector_stored_once)
{
	struct selector_fixture f = { .arena = SVCR_ARENA_INIT };
	const struct svcr_labels *empty = labels_of(&f, ""), *one = labels_of(&f, "a=x");
	const char *values[2] = { word(&f, "x"), word(&f, "y") };
	struct svcr_requirement q[2] = { { word(&f, "a"), SVCR_IN, 2, values },
					 { word(&f, "a"), SVCR_EXISTS, 0, NULL } };
	const struct svcr_selector *s = svcr_selector_intern(&f.selectors, &f.arena, q, 2), *t;
	char text[16];

	ck_assert_ptr_ne(empty, one);
	ck_assert_uint_eq(empty->n, 0);
	for (int i = 0; i < 1000; i++) { /* tables grow */
		snprintf(text, sizeof(text), "n=%d", i);
		ck_assert_str_eq(labels_of(&f, text)->v[0].value, text + 2);
	}
	ck_assert_ptr_eq(labels_of(&f, ""), empty);
	ck_assert_ptr_eq(labels_of(&f, "a=x"), one);
	ck_assert_ptr_ne(labels_of(&f, "a=x b=y"), one);
	ck_assert_uint_eq(f.selectors.labels.used, 1003);
	values[1] = word(&f, "z"); /* the list of values was copied */
	t = svcr_selector_intern(&f.selectors, &f.arena, q, 2);
	ck_assert_ptr_ne(s, t);
	ck_assert_str_eq(s->v[0].values[1], "y");
	values[1] = word(&f, "y");
	ck_assert_ptr_eq(svcr_selector_intern(&f.selectors, &f.arena, q, 2), s);
	ck_assert_ptr_ne(svcr_selector_intern(&f.selectors, &f.arena, q, 1), s);
	selector_release(&f);
}
END_TEST

/* The hash is of the content: in two models, where strings are elsewhere, it is the same. */
START_TEST(selector_hashes)
{
	struct selector_fixture f = { .arena = SVCR_ARENA_INIT }, g = f;
	const char *x = word(&f, "x"), *y;
	struct svcr_requirement q = { word(&f, "a"), SVCR_IN, 1, &x }, p;
	const struct svcr_selector *s = svcr_selector_intern(&f.selectors, &f.arena, &q, 1), *t;

	word(&g, "something else first");
	y = word(&g, "x");
	p = (struct svcr_requirement){ word(&g, "a"), SVCR_IN, 1, &y };
	t = svcr_selector_intern(&g.selectors, &g.arena, &p, 1);
	ck_assert_uint_eq(labels_of(&f, "a=x b=")->hash, labels_of(&g, "a=x b=")->hash);
	ck_assert_uint_ne(labels_of(&f, "a=x b=")->hash, labels_of(&f, "a= b=x")->hash);
	ck_assert_uint_eq(s->hash, t->hash);
	p.op = SVCR_NOT_IN;
	ck_assert_uint_ne(svcr_selector_intern(&g.selectors, &g.arena, &p, 1)->hash, t->hash);
	selector_release(&f);
	selector_release(&g);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("selector");
	TCase *tc = tcase_create("selector");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, selector_requirements, 0,
			    (int)(sizeof(requirements) / sizeof(*requirements)));
	tcase_add_test(tc, selector_all);
	tcase_add_test(tc, selector_long_lists);
	tcase_add_test(tc, selector_stored_once);
	tcase_add_test(tc, selector_hashes);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
