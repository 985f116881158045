/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option table, its parser, and what is made from it. */
#include <check.h>
#include <errno.h>
#include <stdint.h>

#include "command.h"
#include "help.h"
#include "say.h"

#define ARGS_MAX 8
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

static int parse(struct arguments *a, enum command_id c, const char *const *words)
{
	char *argv[ARGS_MAX + 1];
	int n = 0;

	for (; n < ARGS_MAX && words[n]; n++)
		argv[n] = (char *)(uintptr_t)words[n]; /* the parser does not write */
	return arguments_parse(a, c, n, argv);
}

static const struct {
	const char *words[ARGS_MAX];
	enum command_id command;
	enum option_id option;
	const char *value; /* NULL: given without one */
	size_t nfiles;
} good[] = {
	{ { "-f", "a.json" }, CMD_APPLY, OPT_FILE, "a.json", 1 },
	{ { "-fa.json" }, CMD_APPLY, OPT_FILE, "a.json", 1 },
	{ { "-f", "-" }, CMD_APPLY, OPT_FILE, "-", 1 },
	{ { "-f", "a", "-f", "b", "-fc" }, CMD_DIFF, OPT_FILE, "c", 3 },
	{ { "--zone", "z" }, CMD_APPLY, OPT_ZONE, "z", 0 },
	{ { "--zone=z" }, CMD_APPLY, OPT_ZONE, "z", 0 },
	{ { "--zone=" }, CMD_APPLY, OPT_ZONE, "", 0 },
	{ { "--zone=a=b" }, CMD_APPLY, OPT_ZONE, "a=b", 0 },
	{ { "--zone", "a", "--zone", "b" }, CMD_APPLY, OPT_ZONE, "b", 0 },
	{ { "--dry-run", "-f", "x" }, CMD_APPLY, OPT_DRY_RUN, NULL, 1 },
	{ { "-f", "x", "--masquerade-all" }, CMD_COMPILE, OPT_MASQUERADE_ALL, NULL, 1 },
	{ { "-o", "json" }, CMD_COMPILE, OPT_OUTPUT_COMPILE, "json", 0 },
	{ { "-otext" }, CMD_DIFF, OPT_OUTPUT_DIFF, "text", 0 },
	{ { "--backend", "nftables" }, CMD_APPLY, OPT_BACKEND, "nftables", 0 },
	{ { "--backend", "ipvs", "--strict-arp" }, CMD_APPLY, OPT_BACKEND, "ipvs", 0 },
	{ { "--help" }, CMD_DELETE, OPT_HELP, NULL, 0 },
	{ { "-h" }, CMD_DELETE, OPT_HELP, NULL, 0 },
	{ { "--wait", "0" }, CMD_DELETE, OPT_WAIT, "0", 0 },
};

START_TEST(test_good)
{
	struct arguments a;

	ck_assert_int_eq(parse(&a, good[_i].command, good[_i].words), 0);
	ck_assert_ptr_null(a.problem);
	ck_assert(a.given[good[_i].option]);
	ck_assert_pstr_eq(a.value[good[_i].option], good[_i].value);
	ck_assert_uint_eq(a.nfiles, good[_i].nfiles);
	arguments_free(&a);
}
END_TEST

static const struct {
	const char *words[ARGS_MAX];
	enum command_id command;
	const char *problem; /* its beginning */
} bad[] = {
	{ { "--dryrun" }, CMD_APPLY, "unknown option '--dryrun', did you mean '--dry-run'? See 'svcrules help apply'" },
	{ { "--node-ips=1" }, CMD_APPLY, "unknown option '--node-ips=1', did you mean '--node-ip'?" },
	{ { "--masq" }, CMD_APPLY, "unknown option '--masq', did you mean '--masquerade-all'?" },
	{ { "--hlep" }, CMD_APPLY, "unknown option '--hlep', did you mean '--help'?" },
	{ { "-quiet" }, CMD_APPLY, "unknown option '-quiet', did you mean" },
	{ { "--xyzzyx" }, CMD_APPLY, "unknown option '--xyzzyx'; see 'svcrules help apply'" },
	{ { "-x" }, CMD_APPLY, "unknown option '-x'; see" },
	{ { "--" "=" }, CMD_APPLY, "unknown option '--='; see" },
	{ { "--from", "x" }, CMD_APPLY, "'apply' has no option '--from', 'diff' has" },
	{ { "-o", "json" }, CMD_APPLY, "'apply' has no option '-o', 'compile' has" },
	{ { "-f" }, CMD_APPLY, "'-f' needs a value: FILE" },
	{ { "--zone" }, CMD_APPLY, "'--zone' needs a value: NAME" },
	{ { "--dry-run=yes" }, CMD_APPLY, "'--dry-run=yes': this option takes no value" },
	{ { "--backend", "iptables" }, CMD_APPLY, "--backend: 'iptables' is not known, expected one of: nftables ipvs" },
	{ { "--strict-arp" }, CMD_APPLY, "'--strict-arp' needs --backend ipvs; see 'svcrules help apply'" },
	{ { "--ipvs-scheduler=lc", "--backend=nftables" }, CMD_DIFF, "'--ipvs-scheduler' needs --backend ipvs" },
	{ { "-o", "ipvsadm" }, CMD_COMPILE, "'-o ipvsadm' needs --backend ipvs; see 'svcrules help compile'" },
	{ { "-o", "yaml" }, CMD_COMPILE, "-o: 'yaml' is not known, expected one of: nft json" },
	{ { "-o", "nft json" }, CMD_COMPILE, "-o: 'nft json' is not known" },
	{ { "-o", "" }, CMD_COMPILE, "-o: '' is not known" },
	{ { "services.json" }, CMD_APPLY, "unexpected argument 'services.json' (input files are named with -f)" },
	{ { "--", "--quiet" }, CMD_DELETE, "unexpected argument '--quiet'; see" },
};

START_TEST(test_bad)
{
	struct arguments a;

	ck_assert_int_eq(parse(&a, bad[_i].command, bad[_i].words), -EINVAL);
	ck_assert_msg(strncmp(a.problem, bad[_i].problem, strlen(bad[_i].problem)) == 0, "%s", a.problem);
	arguments_free(&a);
}
END_TEST

START_TEST(test_long_word)
{
	char word[5000];
	const char *const words[ARGS_MAX] = { word };
	struct arguments a;

	memset(word, '-', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	ck_assert_int_eq(parse(&a, CMD_APPLY, words), -EINVAL);
	arguments_free(&a);
}
END_TEST

START_TEST(test_nearest)
{
	static const char *const names[] = { "apply", "compile", "delete", "diff", "help" };

	ck_assert_str_eq(nearest("aply", names, COUNT(names)), "apply");
	ck_assert_str_eq(nearest("dif", names, COUNT(names)), "diff");
	ck_assert_str_eq(nearest("hepl", names, COUNT(names)), "help");
	ck_assert_str_eq(nearest("co", names, COUNT(names)), "compile");
	ck_assert_ptr_null(nearest("zzzzzz", names, COUNT(names)));
	ck_assert_ptr_null(nearest("", names, COUNT(names)));
}
END_TEST

static char *text_of(void (*print)(FILE *, const void *), const void *arg)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	print(f, arg);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

static void print_help(FILE *f, const void *c)
{
	help_command(f, c);
}

static void print_completion(FILE *f, const void *unused)
{
	(void)unused;
	help_completion(f);
}

/* Each command's help names each of its options, and explains it, and no other. */
START_TEST(test_help)
{
	const struct command *c = commands[_i];
	char *text = text_of(print_help, c), typed[40], line[64];

	ck_assert_int_eq(c->id, _i);
	ck_assert_ptr_eq(command_find(c->name), c);
	ck_assert_ptr_nonnull(strstr(text, c->synopsis));
	for (size_t i = 0; i < OPT_COUNT; i++) {
		const struct option_spec *s = &option_specs[i];

		snprintf(line, sizeof(line), "\n  %s ", option_typed(s, typed));
		if (option_taken((enum option_id)i, c->id)) {
			ck_assert_msg(strstr(text, line) != NULL, "%s: %s", c->name, typed);
			ck_assert_msg(strstr(text, s->help) != NULL, "%s: %s", c->name, s->help);
		} else if (s->name[1]) {
			ck_assert_msg(strstr(text, line) == NULL, "%s: %s", c->name, typed);
		}
	}
	for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
		ck_assert_msg(strcspn(p, "\n") <= 110, "%s", p);
	free(text);
}
END_TEST

START_TEST(test_table)
{
	const struct option_spec *s = &option_specs[_i];

	ck_assert_ptr_nonnull(s->name);
	ck_assert_ptr_nonnull(s->help);
	ck_assert_uint_ne(s->commands, 0);
	ck_assert(!s->choices || s->argument);
	/* No command has two of one name. */
	for (int i = 0; i < _i; i++)
		ck_assert(strcmp(option_specs[i].name, s->name) != 0 || !(option_specs[i].commands & s->commands));
}
END_TEST

START_TEST(test_completion)
{
	char *text = text_of(print_completion, NULL), typed[40];

	for (size_t i = 0; i < OPT_COUNT; i++)
		ck_assert_ptr_nonnull(strstr(text, option_typed(&option_specs[i], typed)));
	for (size_t i = 0; i < CMD_COUNT; i++)
		ck_assert_ptr_nonnull(strstr(text, commands[i]->name));
	free(text);
}
END_TEST

static const struct {
	const char *raw, *escaped;
} escapes[] = {
	{ "plain", "plain" },
	{ "", "" },
	{ "a\nb\tc\r", "a\\nb\\tc\\r" },
	{ "\033[31mred", "\\x1b[31mred" },
	{ "\177", "\\x7f" },
	{ "gr\303\274n \360\237\230\200", "gr\303\274n \360\237\230\200" },
	{ "\302\233m", "\\u009bm" },         /* CSI in one character */
	{ "\342\200\256x", "\\u202ex" },     /* right-to-left override */
	{ "\377\303", "\\xff\\xc3" },        /* no UTF-8 */
	{ "\342\200", "\\xe2\\x80" },        /* cut short */
};

START_TEST(test_escape)
{
	char *s = say_escape(escapes[_i].raw);

	ck_assert_str_eq(s, escapes[_i].escaped);
	free(s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, test_good, 0, COUNT(good));
	tcase_add_loop_test(t, test_bad, 0, COUNT(bad));
	tcase_add_test(t, test_long_word);
	tcase_add_test(t, test_nearest);
	tcase_add_loop_test(t, test_help, 0, CMD_COUNT);
	tcase_add_loop_test(t, test_table, 0, OPT_COUNT);
	tcase_add_test(t, test_completion);
	tcase_add_loop_test(t, test_escape, 0, COUNT(escapes));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
