/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/file/file.h"
#include "list.h"
#include "rules/target.h"

#include <check.h>
#include <errno.h>

static const char *const formats[] = { "text", "json", NULL };
static const char *const change_formats[] = { "text", "json", "diff", NULL };
static const struct svcr_target target = {
	.info = { .name = "files", .formats = formats, .change_formats = change_formats },
};

static struct svcrules_ruleset *file_test_set(void)
{
	struct svcrules_ruleset *rs = calloc(1, sizeof(*rs));

	ck_assert_ptr_nonnull(rs);
	rs->target = &target;
	return rs;
}

/* Adds a file; text NULL: it is not present. */
static struct svcr_file *file_test_add(struct svcrules_ruleset *rs, const char *name, uint32_t mode,
				       const char *text)
{
	struct svcr_file *f = svcr_file_new(name, mode);

	ck_assert_ptr_nonnull(f);
	if (text)
		ck_assert_int_eq(svcr_file_append(f, text, strlen(text)), 0);
	ck_assert_int_eq(svcr_ruleset_add(rs, &f->part), 0);
	return f;
}

static struct svcrules_changes *file_test_diff(struct svcrules_ruleset *from,
					       struct svcrules_ruleset *to)
{
	struct svcrules_changes *c = NULL;

	ck_assert_int_eq(svcrules_diff(from, to, &c), 0);
	return c;
}

/* Compares what was printed with `expected`, and frees it. */
static void file_test_text(struct svcr_buffer *b, const char *expected)
{
	ck_assert_str_eq(b->p ? b->p : "", expected);
	free(b->p);
	*b = (struct svcr_buffer){ NULL };
}

/* The changes of one file from one text to another; NULL: no file. */
static void file_test_change(const char *from_text, uint32_t from_mode, const char *to_text,
			     uint32_t to_mode, const char *expected)
{
	struct svcrules_ruleset *from = file_test_set(), *to = file_test_set();
	struct svcrules_changes_stats stats;
	struct svcr_buffer b = { NULL };
	struct svcrules_changes *c;

	file_test_add(from, "a/b", from_mode, from_text);
	file_test_add(to, "a/b", to_mode, to_text);
	c = file_test_diff(from, to);
	ck_assert_int_eq(svcrules_changes_empty(c), !*expected);
	ck_assert_int_eq(svcrules_changes_stats(c, &stats), 0);
	ck_assert_uint_eq(stats.files, *expected != '\0');
	ck_assert_int_eq(svcrules_changes_print(c, "diff", false, svcr_buffer_append, &b), 0);
	file_test_text(&b, expected);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}

START_TEST(file_diff_lines)
{
	file_test_change("one\ntwo\n", 0644, "one\ntwo\n", 0644, "");
	file_test_change(NULL, 0644, NULL, 0644, "");
	file_test_change("1\n2\n3\n4\n", 0644, "1\n2b\n3b\n4\n", 0644,
			 "--- a/b\n+++ a/b\n-2\n-3\n+2b\n+3b\n");
	file_test_change("1\n2\n", 0644, "0\n1\n2\n", 0644, "--- a/b\n+++ a/b\n+0\n");
	file_test_change("1\n2\n", 0644, "1\n", 0644, "--- a/b\n+++ a/b\n-2\n");
	file_test_change("1\n1\n", 0644, "1\n1\n1\n", 0644, "--- a/b\n+++ a/b\n+1\n");
	file_test_change("1\nx", 0644, "1\nx\n", 0644, "--- a/b\n+++ a/b\n-x\n+x\n");
	file_test_change("ax\n", 0644, "bx\n", 0644, "--- a/b\n+++ a/b\n-ax\n+bx\n");
}
END_TEST

/* Lines that only one text has are found between others, which are not printed. */
START_TEST(file_diff_middle)
{
	file_test_change("serial 1\na\nb\nc\nd\n", 0644, "serial 2\na\nb\nc2\nd\ne\n", 0644,
			 "--- a/b\n+++ a/b\n-serial 1\n+serial 2\n-c\n+c2\n+e\n");
	/* a line that occurs often is not printed if it is next to one that occurs once */
	file_test_change("1\n}\n2\n}\n3\n}\n", 0644, "0\n1\n}\n3\n}\n4\n", 0644,
			 "--- a/b\n+++ a/b\n+0\n-2\n-}\n+4\n");
	/* one that moved is removed and added */
	file_test_change("a\nb\nc\nd\nx\n", 0644, "b\nc\nd\na\ny\n", 0644,
			 "--- a/b\n+++ a/b\n-a\n-x\n+a\n+y\n");
	file_test_change("c\nb\na\n", 0644, "a\nb\nc\n", 0644,
			 "--- a/b\n+++ a/b\n-c\n-b\n+b\n+c\n");
	file_test_change("a\nb", 0644, "b\na\n", 0644, "--- a/b\n+++ a/b\n+b\n-b\n");
}
END_TEST

/* Lines with numbers: up, down, or each one twice. malloc'ed. */
static char *file_test_numbers(unsigned lines, bool down, bool twice)
{
	char *text = malloc(lines * 8 + 1), *p = text;

	ck_assert_ptr_nonnull(text);
	for (unsigned i = 0; i < lines; i++)
		p += snprintf(p, 9, "%u\n", down ? lines - 1 - i : twice ? i / 2 : i);
	return text;
}

/* No texts make the time grow with the square of their lines. */
START_TEST(file_diff_many)
{
	struct svcrules_ruleset *from = file_test_set(), *to = file_test_set();
	struct svcr_file *a = file_test_add(from, "a", 0644, "first\n");
	struct svcr_file *b = file_test_add(to, "a", 0644, "one\n");
	char *numbers = file_test_numbers(200000, false, _i);
	char *others = file_test_numbers(200000, !_i, _i);
	struct svcr_buffer out = { NULL };
	struct svcrules_changes *c;

	ck_assert_int_eq(svcr_file_append(a, numbers, strlen(numbers)), 0);
	ck_assert_int_eq(svcr_file_append(b, others, strlen(others)), 0);
	ck_assert_int_eq(svcr_file_append(b, "last\n", 5), 0);
	c = file_test_diff(from, to);
	ck_assert_int_eq(svcrules_changes_print(c, "diff", false, svcr_buffer_append, &out), 0);
	ck_assert_uint_gt(out.len, 1000000); /* no order to keep, or no line that occurs once */
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	free(numbers);
	free(others);
	free(out.p);
}
END_TEST

START_TEST(file_diff_whole)
{
	file_test_change(NULL, 0644, "1\n", 0644, "--- /dev/null\n+++ a/b\n+1\n");
	file_test_change("1\n", 0644, NULL, 0644, "--- a/b\n+++ /dev/null\n-1\n");
	file_test_change(NULL, 0644, "", 0644, "--- /dev/null\n+++ a/b\n");
	file_test_change("1\n", 0644, "1\n", 0600,
			 "--- a/b\n+++ a/b\nold mode 0644\nnew mode 0600\n");
	file_test_change("1\n", 0644, NULL, 0600, "--- a/b\n+++ /dev/null\n-1\n");
}
END_TEST

/* Files are told apart by their names: they are paired whatever their order. */
START_TEST(file_pairs)
{
	struct svcrules_ruleset *from = file_test_set(), *to = file_test_set();
	struct svcrules_changes_stats stats;
	struct svcr_buffer b = { NULL };
	struct svcrules_changes *c;

	file_test_add(from, "gone", 0644, "g\n");
	file_test_add(from, "same", 0644, "s\n");
	file_test_add(from, "changed", 0644, "1\n");
	file_test_add(to, "changed", 0644, "2\n");
	file_test_add(to, "new", 0600, "n\n");
	file_test_add(to, "same", 0644, "s\n");
	c = file_test_diff(from, to);
	ck_assert_int_eq(svcrules_changes_stats(c, &stats), 0);
	ck_assert_uint_eq(stats.files, 3);
	ck_assert_int_eq(svcrules_changes_print(c, "text", false, svcr_buffer_append, &b), 0);
	file_test_text(&b, "~ file changed\n+ file new\n- file gone\n");
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

static json_t *file_test_json(struct svcr_buffer *b)
{
	json_t *root = json_loads(b->p, 0, NULL);

	ck_assert_ptr_nonnull(root);
	free(b->p);
	*b = (struct svcr_buffer){ NULL };
	return root;
}

START_TEST(file_json_members)
{
	struct svcrules_ruleset *from = file_test_set(), *to = file_test_set();
	struct svcr_buffer b = { NULL };
	struct svcrules_changes *c;
	json_t *root, *wanted;

	file_test_add(from, "old", SVCR_FILE_PUBLIC, "o");
	file_test_add(to, "absent", SVCR_FILE_PUBLIC, NULL);
	file_test_add(to, "key.pem", SVCR_FILE_SECRET, "k\n");
	ck_assert_int_eq(svcrules_print(to, "json", svcr_buffer_append, &b), 0);
	root = file_test_json(&b);
	wanted = json_pack("[{s:s, s:s, s:s}]", "name", "key.pem", "mode", "0600", "text", "k\n");
	ck_assert(json_equal(json_object_get(root, "files"), wanted));
	json_decref(root);
	json_decref(wanted);

	c = file_test_diff(from, to);
	ck_assert_int_eq(svcrules_changes_print(c, "json", false, svcr_buffer_append, &b), 0);
	root = file_test_json(&b);
	wanted = json_pack("[{s:s, s:s}, {s:s, s:s}]", "op", "add", "name", "key.pem", "op",
			   "remove", "name", "old");
	ck_assert(json_equal(json_object_get(root, "files"), wanted));
	json_decref(root);
	json_decref(wanted);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

START_TEST(file_describes_itself)
{
	struct svcrules_ruleset *rs = file_test_set();
	struct svcr_file *f = file_test_add(rs, "a", 0644, NULL);
	struct svcr_buffer b = { NULL };
	struct svcrules_part p;

	ck_assert_int_eq(svcrules_ruleset_part(rs, 0, &p), true);
	ck_assert_str_eq(p.kind, "file");
	ck_assert(!p.present);
	ck_assert_int_eq(svcr_file_append(f, "x", 1), 0);
	ck_assert_int_eq(svcr_file_append(f, "y", 1), 0);
	ck_assert_int_eq(svcrules_ruleset_part(rs, 0, &p), true);
	ck_assert(p.present);
	ck_assert_int_eq(svcrules_print(rs, "text", svcr_buffer_append, &b), 0);
	file_test_text(&b, "xy");
	ck_assert(!svcrules_ruleset_part(rs, 1, &p));
	svcrules_ruleset_free(rs);
}
END_TEST

/* A file is written and not sent: no stage of the transaction has messages for it. */
START_TEST(file_has_no_messages)
{
	struct svcrules_ruleset *from = file_test_set(), *to = file_test_set();
	struct svcrules_messages messages = { NULL };
	struct svcrules_changes *c;

	file_test_add(to, "a", 0644, "x");
	c = file_test_diff(from, to);
	ck_assert_int_eq(svcrules_changes_encode(c, 0, SVCRULES_ADD, 0, &messages), 0);
	ck_assert_uint_eq(messages.count, 0);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

/* Lists the files of all parts, and streams their texts. */
START_TEST(file_lists_files)
{
	struct svcrules_ruleset *rs = file_test_set();
	struct svcr_buffer b = { NULL };
	struct svcrules_file f;

	file_test_add(rs, "absent", SVCR_FILE_PUBLIC, NULL);
	file_test_add(rs, "zone", SVCR_FILE_PUBLIC, "z\n");
	file_test_add(rs, "key", SVCR_FILE_SECRET, "k\n");
	ck_assert(!svcrules_ruleset_file(rs, 0, 0, &f));
	ck_assert_int_eq(svcrules_file_print(rs, 0, 0, svcr_buffer_append, &b), -EINVAL);
	ck_assert(svcrules_ruleset_file(rs, 1, 0, &f));
	ck_assert_str_eq(f.name, "zone");
	ck_assert_uint_eq(f.mode, 0644);
	ck_assert(!f.secret);
	ck_assert(!svcrules_ruleset_file(rs, 1, 1, &f));
	ck_assert(svcrules_ruleset_file(rs, 2, 0, &f));
	ck_assert_uint_eq(f.mode, 0600);
	ck_assert(f.secret);
	ck_assert(!svcrules_ruleset_file(rs, 3, 0, &f));
	ck_assert_int_eq(svcrules_file_print(rs, 2, 0, svcr_buffer_append, &b), 0);
	file_test_text(&b, "k\n");
	svcrules_ruleset_free(rs);
}
END_TEST

static void file_test_read(struct svcrules_ruleset *rs, const char *name, unsigned mode,
			   const char *text, size_t len)
{
	struct svcrules_file f = { .name = name, .mode = mode };

	ck_assert_int_eq(svcrules_files_add(rs, &f, text, len), 0);
}

/* Sets of files that were read: any bytes, a file that is missing, a secret. */
START_TEST(file_sets)
{
	struct svcrules_ruleset *from = svcrules_files_new(), *to = svcrules_files_new();
	struct svcr_buffer b = { NULL };
	struct svcrules_changes *c;

	ck_assert_ptr_nonnull(from);
	ck_assert_ptr_nonnull(to);
	file_test_read(from, "edited", 0644, "1\n2\0x\n", 6);
	file_test_read(to, "edited", 0644, "1\n2\n", 4);
	file_test_read(from, "key", 0600, "old\n", 4);
	file_test_read(to, "key", 0600, "new\n", 4);
	file_test_read(from, "opened", 0644, "k\n", 2);
	file_test_read(to, "opened", 0600, "k\n", 2);
	file_test_read(from, "missing", 0644, NULL, 0);
	file_test_read(to, "missing", 0644, "", 0);
	c = file_test_diff(from, to);
	ck_assert_int_eq(svcrules_changes_print(c, NULL, false, svcr_buffer_append, &b), 0);
	file_test_text(&b, "--- edited\n+++ edited\n-2\n+2\n"
			   "--- key\n+++ key\nsecret: lines not shown\n"
			   "--- opened\n+++ opened\nold mode 0644\nnew mode 0600\n"
			   "--- /dev/null\n+++ missing\n");
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("file");
	TCase *tc = tcase_create("file");
	SRunner *runner = srunner_create(suite);
	int bad;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, file_diff_lines);
	tcase_add_test(tc, file_diff_middle);
	tcase_add_loop_test(tc, file_diff_many, 0, 2);
	tcase_add_test(tc, file_diff_whole);
	tcase_add_test(tc, file_pairs);
	tcase_add_test(tc, file_json_members);
	tcase_add_test(tc, file_describes_itself);
	tcase_add_test(tc, file_has_no_messages);
	tcase_add_test(tc, file_lists_files);
	tcase_add_test(tc, file_sets);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
