/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laws of zones, on generated clusters: the order of the input does not matter, each record
 * appears once, and what diff says makes one set of records of the other.
 */
#include "rules/built_test.h"
#include "rules/laws_run_test.h"

#define SEEDS 300

struct lines {
	const char **v;
	size_t n, cap;
};

static void lines_add(struct lines *l, const char *line)
{
	const char **slot = SVCR_GROW(l);

	if (!slot)
		abort();
	*slot = line;
}

static int zone_line_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Cuts the text into the lines that `wanted` takes, without the first `skip` bytes of each. */
static struct lines lines_of(char *text, bool (*wanted)(const char *line), size_t skip)
{
	struct lines l = { NULL, .n = 0 };

	for (char *line; (line = strsep(&text, "\n"));)
		if (*line && wanted(line))
			lines_add(&l, line + skip);
	if (l.n)
		qsort((void *)l.v, l.n, sizeof(*l.v), zone_line_cmp);
	return l;
}

static bool is_record(const char *line)
{
	return *line != ';' && *line != '$' && !strstr(line, " SOA ");
}

static bool is_added(const char *line)
{
	return *line == '+';
}

static bool is_removed(const char *line)
{
	return *line == '-';
}

/* Half of the services are headless, which have the most names. */
static void make_headless(struct gen_cluster *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].id % 2)
			c->v[i].type = GEN_HEADLESS;
}

static struct svcrules_ruleset *law_build(const struct gen_cluster *c, uint64_t shuffle)
{
	return gen_build("dns", c, shuffle);
}

START_TEST(law_order)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ruleset *a, *b;
	char *x, *y;

	make_headless(&c);
	a = law_build(&c, 0);
	b = law_build(&c, (uint64_t)_i + 1);
	x = gen_printed(a, NULL);
	y = gen_printed(b, NULL);
	ck_assert_str_eq(x, y);
	ck_assert(gen_same(a, b));
	free(x);
	free(y);
	svcrules_ruleset_free(a);
	svcrules_ruleset_free(b);
	free(c.v);
}
END_TEST

START_TEST(law_each_once)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, 8);
	struct svcrules_ruleset *rs;
	struct lines l;
	char *text;

	make_headless(&c);
	rs = law_build(&c, 0);
	text = gen_printed(rs, NULL);
	l = lines_of(text, is_record, 0);
	for (size_t i = 1; i < l.n; i++)
		ck_assert_str_ne(l.v[i - 1], l.v[i]);
	free(l.v);
	free(text);
	svcrules_ruleset_free(rs);
	free(c.v);
}
END_TEST

static char *changes_printed(const struct svcrules_changes *c)
{
	struct gen_text t = { NULL, 0 };

	gen_write(&t, "", 0);
	if (svcrules_changes_print(c, "text", false, gen_write, &t))
		abort();
	return t.p;
}

/* The records of one set without those that go, with those that come. */
static struct lines apply_lines(const struct lines *from, const struct lines *gone,
				const struct lines *come)
{
	struct lines made = { NULL, .n = 0 };
	size_t g = 0;

	for (size_t i = 0; i < from->n; i++) {
		if (g < gone->n && strcmp(gone->v[g], from->v[i]) == 0)
			g++;
		else
			lines_add(&made, from->v[i]);
	}
	ck_assert_uint_eq(g, gone->n); /* only what was there goes */
	for (size_t i = 0; i < come->n; i++)
		lines_add(&made, come->v[i]);
	if (made.n)
		qsort((void *)made.v, made.n, sizeof(*made.v), zone_line_cmp);
	return made;
}

static void check_changes(const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c = gen_diff(from, to);
	char *a = gen_printed(from, NULL), *b = gen_printed(to, NULL);
	char *text = changes_printed(c), *again = changes_printed(c);
	bool differ = strcmp(a, b) != 0;
	struct lines old = lines_of(a, is_record, 0), new = lines_of(b, is_record, 0);
	struct lines come = lines_of(text, is_added, 2), gone = lines_of(again, is_removed, 2);
	struct lines made = apply_lines(&old, &gone, &come);

	ck_assert_int_eq(svcrules_changes_empty(c), !differ);
	ck_assert_uint_eq(made.n, new.n);
	for (size_t i = 0; i < made.n; i++)
		ck_assert_str_eq(made.v[i], new.v[i]);
	free(old.v);
	free(new.v);
	free(come.v);
	free(gone.v);
	free(made.v);
	free(a);
	free(b);
	free(text);
	free(again);
	svcrules_changes_free(c);
}

START_TEST(law_changes)
{
	struct svcrules_ruleset *from, *to, *nothing;
	struct gen_cluster a, b;

	gen_pair(&a, &b, _i);
	make_headless(&a);
	make_headless(&b);
	from = law_build(&a, 0);
	to = law_build(&b, 7);
	nothing = svcrules_ruleset_empty(from);
	check_changes(from, to);
	check_changes(to, from);
	check_changes(from, from);
	check_changes(from, nothing);
	check_changes(nothing, to);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	svcrules_ruleset_free(nothing);
	free(a.v);
	free(b.v);
}
END_TEST

/* The serial number of the first zone. */
static unsigned long serial_of(const char *text)
{
	const char *soa = strstr(text, " hostmaster.cluster.local. ");

	ck_assert_ptr_nonnull(soa);
	return strtoul(soa + strlen(" hostmaster.cluster.local. "), NULL, 10);
}

/* A serial number differs when records of its zone do; another order makes none. */
START_TEST(law_serial)
{
	struct gen_cluster a, b;
	struct svcrules_ruleset *from, *to;
	char *x, *y, *end;
	bool same;

	gen_pair(&a, &b, _i);
	from = law_build(&a, 0);
	to = law_build(&b, 3);
	x = gen_printed(from, NULL);
	y = gen_printed(to, NULL);
	for (int i = 0; i < 2; i++) { /* the first zone alone */
		end = strstr(i ? y : x, "\n\n");
		if (end)
			*end = '\0';
	}
	same = strcmp(strstr(x, " NS "), strstr(y, " NS ")) == 0;
	ck_assert_int_eq(serial_of(x) == serial_of(y), same);
	free(x);
	free(y);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	free(a.v);
	free(b.v);
}
END_TEST

static void zone_laws_add(TCase *tc)
{
	tcase_add_loop_test(tc, law_order, 0, SEEDS);
	tcase_add_loop_test(tc, law_each_once, 0, SEEDS);
	tcase_add_loop_test(tc, law_changes, 0, SEEDS);
	tcase_add_loop_test(tc, law_serial, 0, SEEDS);
}

int main(void)
{
	return laws_run("dns laws", zone_laws_add);
}
