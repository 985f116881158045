/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Duplicate keys and marks. */
#include "json_test.h"

/*
 * Passes three times over a large list with nested marks, so that the marked text
 * moves and grows.
 */
START_TEST(json_marks)
{
	size_t len;
	char *text = json_make_list(5000, "{}]", &len);
	struct source src = { text, len, (size_t)_i, 0 };
	struct svcr_json j;
	struct svcr_str key;
	int outer, inner;

	svcr_json_init(&j, source_fill, &src);
	ck_assert(svcr_json_more_documents(&j));
	outer = svcr_json_mark(&j);
	for (int pass = 0; pass < 3; pass++) {
		int items = 0;

		ck_assert(svcr_json_enter(&j));
		while (svcr_json_next_item(&j)) {
			inner = svcr_json_mark(&j);
			ck_assert(inner == 1 && svcr_json_skip(&j));
			svcr_json_rewind(&j, inner);
			ck_assert(svcr_json_enter(&j));
			if (items++ < 5000) {
				ck_assert(svcr_json_next_key(&j, &key) && svcr_str_eq(key, "name"));
				ck_assert(svcr_json_skip(&j));
				svcr_json_rewind(&j, inner);
				ck_assert(svcr_json_enter(&j));
			}
			while (svcr_json_next_key(&j, &key))
				ck_assert(svcr_json_skip(&j));
			svcr_json_unmark(&j, inner);
		}
		ck_assert_msg(items == 5001, "%d %s", items, j.message);
		if (pass < 2)
			svcr_json_rewind(&j, outer);
	}
	svcr_json_unmark(&j, outer);
	ck_assert(!svcr_json_more_documents(&j) && !j.failed);
	svcr_json_release(&j);
	free(text);
}
END_TEST

static void json_take_keys(struct svcr_json *j, int n)
{
	struct svcr_str key;

	while (n--)
		ck_assert_msg(svcr_json_next_key(j, &key) && svcr_json_skip(j), "%s", j->message);
}

static const struct {
	int n, again;
} dups[] = {
	{ 1, 0 },   { 2, 0 },  { 63, 0 },  { 63, 62 },   { 64, 0 },    { 64, 63 },    { 65, 0 },
	{ 65, 64 }, { 66, 1 }, { 255, 3 }, { 256, 255 }, { 257, 256 }, { 1000, 500 }, { 100000, 3 },
};

START_TEST(json_duplicates)
{
	for (int with = 0; with < 2; with++) {
		size_t len;
		char *text = json_make_keys(dups[_i].n, with ? dups[_i].again : -1, &len);
		char message[60];
		struct source src = { text, len, 0, 0 };
		struct svcr_json j;

		snprintf(message, sizeof(message), "duplicate key 'key-%d'", dups[_i].again);
		json_read_all(&j, src, NULL);
		ck_assert_int_eq(j.failed, with);
		ck_assert_str_eq(j.message, with ? message : "");
		ck_assert_uint_eq(j.line, with ? (uint64_t)dups[_i].n + 1 : 0);
		free(text);
	}
}
END_TEST

/* Marks inside one object, at any number of keys: rewinding neither loses nor adds a key. */
START_TEST(json_duplicates_and_marks)
{
	for (int first = 0; first < 140; first += 9) {
		size_t len;
		char *text = json_make_keys(300, 299, &len);
		struct source src = { text, len, 0, 0 };
		struct svcr_json j;
		struct svcr_str key;
		int outer, inner;

		svcr_json_init(&j, source_fill, &src);
		ck_assert(svcr_json_more_documents(&j) && svcr_json_enter(&j));
		json_take_keys(&j, first);
		outer = svcr_json_mark(&j);
		json_take_keys(&j, _i);
		inner = svcr_json_mark(&j);
		json_take_keys(&j, 100);
		svcr_json_rewind(&j, outer);
		json_take_keys(&j, 120);
		svcr_json_rewind(&j, inner);
		json_take_keys(&j, 90);
		svcr_json_rewind(&j, inner);
		svcr_json_unmark(&j, inner);
		json_take_keys(&j, 300 - first - _i);
		svcr_json_rewind(&j, outer);
		svcr_json_unmark(&j, outer);
		json_take_keys(&j, 300 - first);
		ck_assert(!svcr_json_next_key(&j, &key));
		ck_assert_str_eq(j.message, "duplicate key 'key-299'");
		svcr_json_release(&j);
		free(text);
	}
}
END_TEST

static int string_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static unsigned int json_random_below(uint64_t *state, unsigned int n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(*state >> 33) % n;
}

struct few_keys {
	char text[24][24];
	const char *v[24];
	int n;
};

/* Makes keys with a common beginning, of which a random number of the first are sorted. */
static void make_few(struct few_keys *k, uint64_t *state)
{
	unsigned int in_order = json_random_below(state, 30);

	k->n = 1 + (int)json_random_below(state, 24);
	for (int i = 0; i < k->n; i++) {
		unsigned int len = 5 + json_random_below(state, 8);

		memset(k->text[i], 'a', 5);
		for (unsigned int c = 5; c < len; c++)
			k->text[i][c] = "ab\x7f"[json_random_below(state, 3)];
		k->text[i][len] = '\0';
		k->v[i] = k->text[i];
	}
	qsort(k->v, in_order < (unsigned int)k->n ? in_order : (size_t)k->n, sizeof(*k->v),
	      string_cmp);
}

/* Returns the index of the first key that repeats an earlier one, or -1. */
static int find_again(const struct few_keys *k)
{
	for (int i = 0; i < k->n; i++)
		for (int first = 0; first < i; first++)
			if (strcmp(k->v[i], k->v[first]) == 0)
				return i;
	return -1;
}

START_TEST(json_duplicates_in_order)
{
	uint64_t state = 1;

	for (int round = 0; round < 20000; round++) {
		char text[1024];
		size_t len = 0;
		struct few_keys k;
		struct svcr_json j;
		int again;

		make_few(&k, &state);
		again = find_again(&k);
		for (int i = 0; i < k.n; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n\"%s\":%d",
						i ? "," : "{", k.v[i], i);
		text[len++] = '}';
		json_read_all(&j, (struct source){ text, len, 0, 0 }, NULL);
		ck_assert_msg(j.failed == (again >= 0) &&
				      (int)j.line == (again < 0 ? 0 : again + 2),
			      "%.*s: %s", (int)len, text, j.message);
	}
}
END_TEST

/* A rewind to a container that was left restores its keys. */
START_TEST(json_mark_left)
{
	struct source src = {
		TEXT("[{\"a\":{\"b\":0,\"c\":1},\"d\":2},{\"x\":1,\"y\":2,\"z\":3,\"x\":4}]"), 0, 0
	};
	struct svcr_json j;
	struct svcr_str key;
	int mark;

	svcr_json_init(&j, source_fill, &src);
	ck_assert(svcr_json_more_documents(&j) && svcr_json_enter(&j) && svcr_json_next_item(&j));
	ck_assert(svcr_json_enter(&j) && svcr_json_next_key(&j, &key) && svcr_json_enter(&j));
	json_take_keys(&j, 1);
	mark = svcr_json_mark(&j);
	for (int pass = 0; pass < 3; pass++) {
		json_take_keys(&j, 1);
		ck_assert(!svcr_json_next_key(&j, &key));
		json_take_keys(&j, 1);
		ck_assert(!svcr_json_next_key(&j, &key) && svcr_json_next_item(&j) &&
			  svcr_json_enter(&j));
		json_take_keys(&j, 3);
		if (pass < 2)
			svcr_json_rewind(&j, mark);
	}
	ck_assert(!svcr_json_next_key(&j, &key));
	ck_assert_str_eq(j.message, "duplicate key 'x'");
	svcr_json_release(&j);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("keys");

	tcase_add_loop_test(tc, json_marks, 0, 3);
	tcase_add_loop_test(tc, json_duplicates, 0, (int)ARRAY_SIZE(dups));
	tcase_add_test(tc, json_duplicates_in_order);
	tcase_add_loop_test(tc, json_duplicates_and_marks, 0, 65);
	tcase_add_test(tc, json_mark_left);
	return json_run_tests(tc);
}
