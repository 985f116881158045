/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/file/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

/* The lines of one text. */
struct lines {
	struct svcr_span *v; /* malloc'ed */
	size_t n;
	size_t *sorted; /* numbers of lines, by their text; malloc'ed */
};

/* A line that occurs once in each text. */
struct pair {
	size_t a, b;   /* its numbers */
	size_t before; /* the pair before it in the longest chain that ends with it, or NONE */
};

/* The length of the first line, with its end. */
static size_t line_len(struct svcr_span s)
{
	const char *end = s.n ? memchr(s.p, '\n', s.n) : NULL;

	return end ? (size_t)(end - s.p) + 1 : s.n;
}

/* Cuts off the first lines that the texts have in common. */
static void cut_same_start(struct svcr_span *a, struct svcr_span *b)
{
	while (a->n) {
		size_t n = line_len(*a);

		if (n != line_len(*b) || memcmp(a->p, b->p, n) != 0)
			return;
		*a = (struct svcr_span){ a->p + n, a->n - n };
		*b = (struct svcr_span){ b->p + n, b->n - n };
	}
}

/* Cuts off the last lines that the texts have in common. */
static void cut_same_end(struct svcr_span *ret_a, struct svcr_span *ret_b)
{
	const char *a = ret_a->p, *b = ret_b->p;
	size_t na = ret_a->n, nb = ret_b->n;

	while (na > 0 && nb > 0 && a[na - 1] == b[nb - 1]) {
		na--;
		nb--;
		if ((na == 0 || a[na - 1] == '\n') && (nb == 0 || b[nb - 1] == '\n')) {
			ret_a->n = na;
			ret_b->n = nb;
		}
	}
}

/* ---- Lines ---------------------------------------------------------------- */

static int compare_spans(const struct svcr_span *a, const struct svcr_span *b)
{
	int order = memcmp(a->p, b->p, a->n < b->n ? a->n : b->n);

	return order ? order : (a->n > b->n) - (a->n < b->n);
}

static int compare_lines(const void *a, const void *b, void *arg)
{
	const struct lines *l = arg;

	return compare_spans(&l->v[*(const size_t *)a], &l->v[*(const size_t *)b]);
}

static void lines_free(struct lines *l)
{
	free(l->v);
	free(l->sorted);
}

static int lines_split(struct svcr_span s, struct lines *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n' || i + 1 == s.n;
	*ret = (struct lines){ .n = n,
			       .v = calloc(n + 1, sizeof(*ret->v)),
			       .sorted = calloc(n + 1, sizeof(*ret->sorted)) };
	if (!ret->v || !ret->sorted)
		return -ENOMEM;
	for (size_t i = 0, len; i < n; i++, s = (struct svcr_span){ s.p + len, s.n - len }) {
		len = line_len(s);
		ret->v[i] = (struct svcr_span){ s.p, len };
		ret->sorted[i] = i;
	}
	qsort_r(ret->sorted, n, sizeof(*ret->sorted), compare_lines, ret);
	return 0;
}

/* Prints one line. A zero byte, which no file that was made has, ends it. */
static void line_print(struct svcr_out *o, const char *sign, const struct svcr_span *s)
{
	bool whole = s->p[s->n - 1] == '\n' && !memchr(s->p, '\0', s->n);

	svcr_out(o, "%s%.*s%s", sign, (int)s->n, s->p, whole ? "" : "\n");
}

/* ---- Pairs ---------------------------------------------------------------- */

/* The number of lines like the `at`-th of the sorted ones, from there on. */
static size_t same_lines(const struct lines *l, size_t at)
{
	size_t n = 1;

	while (at + n < l->n && compare_lines(&l->sorted[at], &l->sorted[at + n], (void *)l) == 0)
		n++;
	return n;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->a > y->a) - (x->a < y->a);
}

/* Finds the lines that occur once in each text, in the order of `a`. Returns their number. */
static size_t find_pairs(const struct lines *a, const struct lines *b, struct pair *pairs)
{
	size_t n = 0;

	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		int order = compare_spans(&a->v[a->sorted[i]], &b->v[b->sorted[k]]);
		size_t in_a = same_lines(a, i), in_b = same_lines(b, k);

		if (order == 0 && in_a == 1 && in_b == 1)
			pairs[n++] = (struct pair){ a->sorted[i], b->sorted[k], NONE };
		i += order <= 0 ? in_a : 0;
		k += order >= 0 ? in_b : 0;
	}
	qsort(pairs, n, sizeof(*pairs), compare_pairs);
	return n;
}

/*
 * Keeps the longest chain of pairs whose lines have the same order in both texts. `ends[i]` is the
 * pair with the least `b` that ends a chain of i + 1. Returns the length of the chain.
 */
static size_t keep_chain(struct pair *pairs, size_t n, size_t *ends)
{
	size_t longest = 0, at;

	for (size_t i = 0; i < n; i++) {
		size_t low = 0, high = longest;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (pairs[ends[middle]].b < pairs[i].b)
				low = middle + 1;
			else
				high = middle;
		}
		pairs[i].before = low ? ends[low - 1] : NONE;
		ends[low] = i;
		longest += low == longest;
	}
	at = longest ? ends[longest - 1] : NONE;
	for (size_t i = longest; i-- > 0; at = pairs[at].before)
		ends[i] = at;
	return longest;
}

/* ---- The difference -------------------------------------------------------- */

struct lines_diff {
	struct svcr_out *o;
	struct lines a, b;
	struct pair *pairs;
	size_t *chain;
};

/* Prints what differs between two lines that both have: `a` and `b` up to their ends. */
static void gap_print(const struct lines_diff *d, size_t a, size_t end_a, size_t b, size_t end_b)
{
	while (a < end_a && b < end_b && compare_spans(&d->a.v[a], &d->b.v[b]) == 0)
		a++, b++;
	while (a < end_a && b < end_b && compare_spans(&d->a.v[end_a - 1], &d->b.v[end_b - 1]) == 0)
		end_a--, end_b--;
	for (; a < end_a; a++)
		line_print(d->o, "-", &d->a.v[a]);
	for (; b < end_b; b++)
		line_print(d->o, "+", &d->b.v[b]);
}

static int lines_print(struct lines_diff *d)
{
	size_t n = d->a.n < d->b.n ? d->a.n : d->b.n, a = 0, b = 0;

	d->pairs = calloc(n + 1, sizeof(*d->pairs));
	d->chain = calloc(n + 1, sizeof(*d->chain));
	if (!d->pairs || !d->chain)
		return -ENOMEM;
	n = keep_chain(d->pairs, find_pairs(&d->a, &d->b, d->pairs), d->chain);
	for (size_t i = 0; i < n; i++) {
		const struct pair *p = &d->pairs[d->chain[i]];

		gap_print(d, a, p->a, b, p->b);
		a = p->a + 1;
		b = p->b + 1;
	}
	gap_print(d, a, d->a.n, b, d->b.n);
	return 0;
}

void svcr_lines_diff(struct svcr_out *o, struct svcr_span a, struct svcr_span b)
{
	struct lines_diff d = { .o = o };
	int err;

	cut_same_start(&a, &b);
	cut_same_end(&a, &b);
	err = lines_split(a, &d.a);
	if (!err)
		err = lines_split(b, &d.b);
	if (!err)
		err = lines_print(&d);
	if (err && !o->err)
		o->err = err;
	lines_free(&d.a);
	lines_free(&d.b);
	free(d.pairs);
	free(d.chain);
}
