/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comments of pull requests: whatever names, reasons and numbers are, they have fewer than 65,536
 * characters, rows are whole, details closed, and nothing outside code spans comes from an object.
 */
#include "rules/markdown.h"
#include "rules/json.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that mean something to Markdown, HTML, GitHub, terminals, or are parts of characters. */
static const char hostile[] =
	"`|<img src=x>@org/team\n```\n</details>| --- |\\`#1 https://x.example "
	"\033[31m\r\t\x7f\xe4\xb8\xad\xf0\x9f\x98\x80[a](b)*_~";

/* Fills `size` bytes with hostile ones, from another place for each number. */
static void hostile_text(char *buf, size_t size, size_t number)
{
	for (size_t i = 0; i + 1 < size; i++) {
		char c = hostile[(i + number) % (sizeof(hostile) - 1)];

		buf[i] = c == ':' || c == ',' ? '|' : c; /* the name ends there */
	}
	buf[size - 1] = '\0';
}

enum sizes { LINES = 10000, NAME = 253, ITEMS = 150 };

/* A service of its own for each line, of every fate in turn. */
static void add_lines(struct svcr_report *r, size_t lines, size_t items)
{
	char name[NAME + 1];

	for (size_t i = 0; i < lines; i++) {
		uint8_t key[SVCR_REPORT_KEY] = { 1, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
						 (uint8_t)i };
		struct svcr_report_line *l;

		ck_assert_int_eq(svcr_report_add(r, key, sizeof(key)), 0);
		l = &r->v[r->n - 1];
		hostile_text(name, sizeof(name), i);
		for (size_t k = 0, n = i; k < 6; k++, n /= 10)
			name[5 - k] = (char)('0' + n % 10);
		l->cut = strdup(name);
		l->name = l->cut;
		l->place = strdup("10.96.0.1:80/tcp");
		l->in_from = i % 4 != 0;
		l->in_to = i % 4 != 1;
		l->before.inside = l->in_from;
		l->after.inside = i % 4 == 0 || i % 4 == 3;
		l->before.endpoints = items;
		svcr_texts_add(&l->added, "refused: %s", name);
		for (size_t k = 0; k < items; k++)
			svcr_texts_add(i % 4 ? &l->removed : &l->added, "10.244.1.11:%zu", k);
	}
	r->grouped = true;
	ck_assert_int_eq(svcr_report_group(r), 0);
}

/* Checks one line of a page, outside fences. Returns its number of cells. */
static size_t check_line(const char *line, size_t len)
{
	bool span = false;
	size_t bars = 0;

	for (size_t i = 0; i < len; i++) {
		span ^= line[i] == '`';
		bars += line[i] == '|';
		ck_assert_msg(line[i] >= ' ' && line[i] <= '~', "byte %d", line[i]);
		if (!span)
			ck_assert_msg(!strchr("@#\\[]", line[i]), "%.*s", (int)len, line);
		if (!span && line[i] == '<')
			ck_assert(strncmp(line, "<details><summary>Details</summary>", len) == 0 ||
				  strncmp(line, "</details>", len) == 0);
	}
	ck_assert(!span);
	if (*line == '|')
		ck_assert(line[len - 1] == '|');
	return *line == '|' ? bars : 0;
}

static void check_page(const struct svcr_buffer *text)
{
	size_t cells = 0, fences = 0, open = 0;

	ck_assert_uint_lt(text->len, 65536);
	for (const char *p = text->p, *end; *p; p = end + 1) {
		size_t bars;

		end = strchr(p, '\n');
		ck_assert_ptr_nonnull(end);
		if (strncmp(p, "```", 3) == 0) {
			ck_assert_uint_eq((size_t)(end - p), 3);
			fences++;
			continue;
		}
		if (fences % 2) {
			ck_assert_ptr_null(memchr(p, '`', (size_t)(end - p)));
			continue;
		}
		open += strncmp(p, "<details>", 9) == 0;
		open -= strncmp(p, "</details>", 10) == 0;
		bars = end > p ? check_line(p, (size_t)(end - p)) : 0;
		if (bars && cells)
			ck_assert_uint_eq(bars, cells); /* the table has as many cells as before */
		cells = bars;
	}
	ck_assert_uint_eq(fences % 2, 0);
	ck_assert_uint_eq(open, 0);
}

struct page_case {
	size_t services, policies, items, remarks, notes, limit;
};

static const struct page_case pages[] = {
	{ LINES, LINES, 3, 0, 0, 0 },
	{ LINES, LINES, 3, 500, 500, 0 },
	{ LINES, 0, ITEMS, 500, 0, 100 },
	{ 0, LINES, ITEMS, 0, 500, 100 },
	{ 3, 3, 3, 3, 3, 2 },
	{ 1, 0, 20000, 0, 0, 0 },
	{ 300, 100, 1, 100, 100, 100 },
};

/* Lines of hostile text. */
static char *many_lines(size_t n)
{
	char *text = calloc(n + 1, NAME);

	for (size_t i = 0; i < n; i++) {
		char *line = text + i * (NAME - 1);

		hostile_text(line, NAME, i);
		for (char *p = line; *p; p++)
			if (*p == '\n')
				*p = '|';
		line[NAME - 2] = '\n';
	}
	return text;
}

START_TEST(page_of_hostile_names)
{
	static const char *const formats[] = { "text", "nft", NULL };
	const struct page_case *c = &pages[_i];
	struct svcr_report services = { NULL, .n = 0 }, policies = { NULL, .n = 0 };
	char *remarks = many_lines(c->remarks), *notes = many_lines(c->notes);
	struct svcr_buffer text = { .len = 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &text };
	struct svcr_review v = { .services = &services,
				 .policies = &policies,
				 .internals = 7,
				 .notes = notes,
				 .remarks = remarks,
				 .node = hostile,
				 .formats = formats,
				 .limit = c->limit };

	add_lines(&services, c->services, c->items);
	add_lines(&policies, c->policies, c->items);
	ck_assert_int_eq(svcr_review_markdown(&v, &o), 0);
	ck_assert_int_eq(svcr_out_end(&o), 0);
	check_page(&text);
	if (c->services > 1000) /* what is left out is counted, and much is not */
		ck_assert_ptr_nonnull(strstr(text.p, " more addresses and ports"));
	if (c->services > 1000 && !c->limit)
		ck_assert_uint_gt(text.len, 40000);
	if (c->items > 1000)
		ck_assert_ptr_nonnull(strstr(text.p, ", and 19900 more"));
	free(text.p);
	free(remarks);
	free(notes);
	svcr_report_release(&services);
	svcr_report_release(&policies);
}
END_TEST

START_TEST(page_of_text)
{
	static const size_t lines[] = { 0, 1, 2, 400, 10000 };
	char *body = many_lines(lines[_i]), *remarks = many_lines(300);
	struct svcr_buffer text = { .len = 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &text };

	ck_assert_int_eq(svcr_markdown_text(body, remarks, &o), 0);
	ck_assert_int_eq(svcr_out_end(&o), 0);
	check_page(&text);
	svcr_buffer_release(&text);
	ck_assert_int_eq(svcr_markdown_same(remarks, &o), 0);
	ck_assert_int_eq(svcr_out_end(&o), 0);
	check_page(&text);
	svcr_buffer_release(&text);
	free(body);
	free(remarks);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("markdown");
	TCase *tc = tcase_create("markdown");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, page_of_hostile_names, 0, sizeof(pages) / sizeof(pages[0]));
	tcase_add_loop_test(tc, page_of_text, 0, 5);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
