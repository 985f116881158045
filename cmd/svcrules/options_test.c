/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option table, its parser, and what is made from it. */
#include <check.h>
#include <errno.h>
#include <stdint.h>

#include "command.h"
#include "completion.h"
#include "help.h"
#include "escape.h"
#include "say.h"

#define ARGS_MAX 8
#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

extern const struct command command_apply, command_compile, command_delete, command_diff,
	command_help;

static char *options_test_texts[32];
static size_t options_test_ntexts;

static void options_test_teardown(void)
{
	while (options_test_ntexts > 0)
		free(options_test_texts[--options_test_ntexts]);
}

/* A copy of `text`, until the test ends, with the name of the second target for each "@". */
static const char *options_test_text(const char *text)
{
	char *copy = NULL;
	size_t size;
	FILE *f = open_memstream(&copy, &size);

	ck_assert_ptr_nonnull(f);
	for (; *text; text++)
		if (*text == '@')
			fputs(svcrules_target(1)->name, f);
		else
			fputc(*text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_uint_lt(options_test_ntexts, 32);
	options_test_texts[options_test_ntexts++] = copy;
	return copy;
}

static int options_test_parse(struct arguments *a, const struct command *c,
			      const char *const *words)
{
	char *argv[ARGS_MAX + 1];
	int n = 0;

	for (; n < ARGS_MAX && words[n]; n++) /* the parser does not write */
		argv[n] = (char *)(uintptr_t)options_test_text(words[n]);
	return arguments_parse(a, c, n, argv);
}

static const struct {
	const char *words[ARGS_MAX];
	const struct command *command;
	enum option_id option;
	const char *value; /* NULL: given without one */
	size_t nfiles;
} good[] = {
	{ { "-f", "a.json" }, &command_apply, OPT_FILE, "a.json", 1 },
	{ { "-fa.json" }, &command_apply, OPT_FILE, "a.json", 1 },
	{ { "-f", "-" }, &command_apply, OPT_FILE, "-", 1 },
	{ { "-f", "a", "-f", "b", "-fc" }, &command_diff, OPT_FILE, "c", 3 },
	{ { "--zone", "z" }, &command_apply, OPT_ZONE, "z", 0 },
	{ { "--zone=z" }, &command_apply, OPT_ZONE, "z", 0 },
	{ { "--filename", "a" }, &command_apply, OPT_FILE, "a", 1 },
	{ { "--filename=a", "-f", "b" }, &command_diff, OPT_FILE, "b", 2 },
	{ { "-R" }, &command_compile, OPT_RECURSIVE, NULL, 0 },
	{ { "--recursive" }, &command_compile, OPT_RECURSIVE, NULL, 0 },
	{ { "--from", "-", "-f", "a" }, &command_diff, OPT_FROM, "-", 1 },
	{ { "--zone=a=b" }, &command_apply, OPT_ZONE, "a=b", 0 },
	{ { "--zone", "a", "--zone", "b" }, &command_apply, OPT_ZONE, "b", 0 },
	{ { "--dry-run", "-f", "x" }, &command_apply, OPT_DRY_RUN, NULL, 1 },
	{ { "--dry-run" }, &command_delete, OPT_DRY_RUN, NULL, 0 },
	{ { "--quiet-unchanged", "-f", "x" }, &command_apply, OPT_QUIET_UNCHANGED, NULL, 1 },
	{ { "-o", "json", "-f", "x" }, &command_apply, OPT_OUTPUT_SUMMARY, "json", 1 },
	{ { "-f", "x", "--masquerade-all" }, &command_compile, OPT_MASQUERADE_ALL, NULL, 1 },
	{ { "--network-policy", "--node-name", "n" }, &command_diff, OPT_NETWORK_POLICY, NULL, 0 },
	{ { "-o", "json" }, &command_compile, OPT_OUTPUT, "json", 0 },
	{ { "-otext" }, &command_diff, OPT_OUTPUT_CHANGES, "text", 0 },
	{ { "--backend", "nftables" }, &command_apply, OPT_TARGET, "nftables", 0 },
	{ { "--backend", "@", "--strict-arp" }, &command_apply, OPT_TARGET, "@", 0 },
	{ { "--target", "nftables" }, &command_apply, OPT_TARGET, "nftables", 0 },
	{ { "--target=@", "--strict-arp" }, &command_apply, OPT_TARGET, "@", 0 },
	{ { "--target", "@" }, &command_delete, OPT_TARGET, "@", 0 },
	{ { "--backend=@", "--target=nftables" }, &command_diff, OPT_TARGET, "nftables", 0 },
	{ { "--target=nftables", "--backend=@", "-oip" },
	  &command_diff,
	  OPT_OUTPUT_CHANGES,
	  "ip",
	  0 },
	{ { "--help" }, &command_delete, OPT_HELP, NULL, 0 },
	{ { "-h" }, &command_delete, OPT_HELP, NULL, 0 },
	{ { "--wait", "0" }, &command_delete, OPT_WAIT, "0", 0 },
};

START_TEST(test_options_good)
{
	struct arguments a;

	ck_assert_int_eq(options_test_parse(&a, good[_i].command, good[_i].words), 0);
	ck_assert_ptr_null(a.problem);
	ck_assert(a.given[good[_i].option]);
	ck_assert_pstr_eq(a.value[good[_i].option],
			  good[_i].value ? options_test_text(good[_i].value) : NULL);
	ck_assert(!a.given[OPT_BACKEND]);
	ck_assert_uint_eq(a.nfiles, good[_i].nfiles);
	arguments_free(&a);
}
END_TEST

static const struct {
	const char *words[ARGS_MAX];
	const struct command *command;
	const char *problem; /* its beginning */
} bad[] = {
	{ { "--dryrun" },
	  &command_apply,
	  "unknown option '--dryrun', did you mean '--dry-run'? See 'svcrules help apply'" },
	{ { "--node-ips=1" },
	  &command_apply,
	  "unknown option '--node-ips=1', did you mean '--node-ip'?" },
	{ { "--masq" },
	  &command_apply,
	  "unknown option '--masq', did you mean '--masquerade-all'?" },
	{ { "--network-policy" },
	  &command_apply,
	  "--network-policy needs --node-name; see 'svcrules help apply'" },
	{ { "--network-policy", "--node-name=n" },
	  &command_delete,
	  "'delete' has no option '--network-policy'" },
	{ { "--hlep" }, &command_apply, "unknown option '--hlep', did you mean '--help'?" },
	{ { "-quiet" }, &command_apply, "unknown option '-quiet', did you mean" },
	{ { "--xyzzyx" }, &command_apply, "unknown option '--xyzzyx'; see 'svcrules help apply'" },
	{ { "-x" }, &command_apply, "unknown option '-x'; see" },
	{ { "--"
	    "=" },
	  &command_apply,
	  "unknown option '--='; see" },
	{ { "--from", "x" }, &command_apply, "'apply' has no option '--from', 'diff' has" },
	{ { "-o", "json" }, &command_delete, "'delete' has no option '-o', 'apply' has" },
	{ { "-o", "nft" }, &command_apply, "-o: 'nft' is not known, expected one of: text json" },
	{ { "--insecure-input" },
	  &command_compile,
	  "'compile' has no option '--insecure-input', 'apply' has" },
	{ { "--drain-timeout=5" },
	  &command_apply,
	  "'--drain-timeout' needs --target @; see 'svcrules help apply'" },
	{ { "-f" }, &command_apply, "'-f' needs a value: FILE" },
	{ { "--zone" }, &command_apply, "'--zone' needs a value: NAME" },
	{ { "--dry-run=yes" }, &command_apply, "'--dry-run=yes': this option takes no value" },
	{ { "--backend", "haproxy" },
	  &command_apply,
	  "--backend: 'haproxy' is not known, expected one of: nftables @" },
	{ { "--strict-arp" },
	  &command_apply,
	  "'--strict-arp' needs --target @; see 'svcrules help apply'" },
	{ { "--@-scheduler=lc", "--backend=nftables" },
	  &command_diff,
	  "'--@-scheduler' needs --target @" },
	{ { "-o", "@adm" },
	  &command_compile,
	  "'-o @adm' needs --target @; see 'svcrules help compile'" },
	{ { "-o", "yaml" },
	  &command_compile,
	  "-o: 'yaml' is not known, expected one of: nft json" },
	{ { "-o", "nft json" }, &command_compile, "-o: 'nft json' is not known" },
	{ { "-o", "" }, &command_compile, "-o: the value is empty, expected FORMAT" },
	{ { "--zone=" }, &command_apply, "--zone: the value is empty, expected NAME" },
	{ { "--node-name", "" }, &command_apply, "--node-name: the value is empty, expected NAME" },
	{ { "-f", "" }, &command_apply, "-f: the value is empty, expected FILE" },
	{ { "--filename=" }, &command_apply, "-f: the value is empty, expected FILE" },
	{ { "--@-scheduler", "" }, &command_apply, "--@-scheduler: the value is empty" },
	{ { "--from", "-", "-f", "-" }, &command_diff, "standard input ('-') can be read once" },
	{ { "-f", "-", "-f", "a", "-f", "-" },
	  &command_apply,
	  "standard input ('-') can be read once, and is named 2 times" },
	{ { "--filenam", "a" }, &command_apply, "unknown option '--filenam', did you mean" },
	{ { "services.json" },
	  &command_apply,
	  "unexpected argument 'services.json' (input files are named with -f)" },
	{ { "--", "--quiet" }, &command_delete, "unexpected argument '--quiet'; see" },
	{ { "--target", "haproxy" },
	  &command_apply,
	  "--target: 'haproxy' is not known, expected one of: nftables @" },
	{ { "--target=" }, &command_delete, "--target: the value is empty, expected NAME" },
	{ { "--target" },
	  &command_apply,
	  "'--target' needs a value: NAME; see 'svcrules help apply'" },
	{ { "--targte=@" },
	  &command_apply,
	  "unknown option '--targte=@', did you mean '--target'? See" },
	{ { "--target=nftables", "--strict-arp" },
	  &command_apply,
	  "'--strict-arp' needs --target @; see" },
	{ { "--no-sysctls", "--target=@", "--backend=nftables" },
	  &command_apply,
	  "'--no-sysctls' needs --target @" },
	{ { "-o", "@adm", "--from=x" },
	  &command_diff,
	  "'-o @adm' needs --target @; see 'svcrules help diff'" },
	{ { "-o", "text" },
	  &command_compile,
	  "'-o text' needs --target dns; see 'svcrules help compile'" },
	{ { "-o", "out" }, &command_compile, "-o: 'out' is not known, expected one of: nft json " },
	{ { "-o", "jsno", "--target=dns" },
	  &command_compile,
	  "-o: 'jsno' is not known, did you mean 'json'? A folder is './jsno'" },
	{ { "-o", "nft", "--target=dns" }, &command_diff, "'-o nft' needs --target nftables" },
	{ { "--target=dns", "-o", "out", "--from=x" },
	  &command_diff,
	  "--from and -o DIR name two things to compare with; see" },
	{ { "--then=x", "--target=dns", "-o", "json" },
	  &command_compile,
	  "--then needs -o DIR and a target that makes files; see" },
	{ { "--wait=1" }, &command_compile, "--wait needs -o DIR and a target that makes files" },
	{ { "--validate=x" }, &command_diff, "'diff' has no option '--validate', 'compile' has" },
	{ { "-o", "x" },
	  &command_diff,
	  "-o: 'x' is not known, expected one of: text nft json markdown ip @adm" },
	{ { "--drain-timeout=1", "--target=@" },
	  &command_diff,
	  "'diff' has no option '--drain-timeout', 'apply' has; see 'svcrules help diff'" },
	{ { "--family=any" },
	  &command_apply,
	  "--family: 'any' is not known, expected one of: ipv4 ipv6 both" },
	{ { "--completion", "csh" },
	  &command_help,
	  "--completion: 'csh' is not known, expected one of: bash zsh fish" },
	{ { "--zone", "z" },
	  &command_delete,
	  "'delete' has no option '--zone', 'apply' has; see 'svcrules help delete'" },
};

START_TEST(test_options_bad)
{
	const char *problem;
	struct arguments a;

	ck_assert_int_eq(options_test_parse(&a, bad[_i].command, bad[_i].words), -EINVAL);
	problem = options_test_text(bad[_i].problem);
	ck_assert_msg(strncmp(a.problem, problem, strlen(problem)) == 0, "%s", a.problem);
	arguments_free(&a);
}
END_TEST

/*
 * Settings of targets are kept in the order in which they were first given; the last value
 * counts.
 */
START_TEST(test_options_settings)
{
	static const char *const words[ARGS_MAX] = {
		"--strict-arp",      "--@-scheduler",    "lc",
		"--drain-timeout=5", "--@-scheduler=sh", "--target=@",
	};
	struct arguments a;

	ck_assert_int_eq(options_test_parse(&a, &command_apply, words), 0);
	ck_assert_ptr_eq(a.target, svcrules_target(1));
	ck_assert_uint_eq(a.nsettings, 3);
	ck_assert_str_eq(a.settings[0].setting->name, "strict-arp");
	ck_assert_ptr_null(a.settings[0].value);
	ck_assert_str_eq(a.settings[1].setting->name, options_test_text("@-scheduler"));
	ck_assert_str_eq(a.settings[1].value, "sh");
	ck_assert_str_eq(a.settings[2].setting->name, "drain-timeout");
	ck_assert_str_eq(a.settings[2].value, "5");
	for (size_t i = 0; i < a.nsettings; i++)
		ck_assert_ptr_eq(a.settings[i].target, svcrules_target(1));
	arguments_free(&a);
}
END_TEST

START_TEST(test_options_long_word)
{
	char word[5000];
	const char *const words[ARGS_MAX] = { word };
	struct arguments a;

	memset(word, '-', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	ck_assert_int_eq(options_test_parse(&a, &command_apply, words), -EINVAL);
	arguments_free(&a);
}
END_TEST

START_TEST(test_options_nearest)
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

static char *options_test_print(void (*print)(FILE *, const void *), const void *arg)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	print(f, arg);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

static void options_test_help(FILE *f, const void *c)
{
	help_command(f, c);
}

static void options_test_completion(FILE *f, const void *shell)
{
	completion_print(f, shell);
}

static bool options_test_taken(const struct command *c, const char *name)
{
	struct option o;

	for (size_t i = 0; option_at(c, i, &o); i++)
		if (strcmp(o.spec.name, name) == 0)
			return true;
	return false;
}

/* True if `text`, whose lines end between any two words, has the words of `help`. */
static bool options_test_says(const char *text, const char *help)
{
	for (; *text; text++) {
		const char *t = text, *h = help;

		while (*h && (*t == *h || (*t == '\n' && *h == ' '))) {
			t += *t == '\n' ? 1 + strspn(t + 1, " ") : 1;
			h++;
		}
		if (!*h)
			return true;
	}
	return false;
}

/* Each command's help names each of its options, and explains it, and no other. */
START_TEST(test_options_help)
{
	const struct command *c = commands[_i];
	char *text = options_test_print(options_test_help, c), typed[40], line[64];
	struct option o;

	ck_assert_ptr_eq(command_find(c->name), c);
	ck_assert_ptr_nonnull(strstr(text, c->synopsis));
	for (size_t k = 0; commands[k]; k++)
		for (size_t i = 0; option_at(commands[k], i, &o); i++) {
			snprintf(line, sizeof(line), "\n  %s ", option_typed(&o.spec, typed));
			if (commands[k] == c) {
				ck_assert_msg(strstr(text, line) != NULL, "%s: %s", c->name, typed);
				ck_assert_msg(options_test_says(text, o.spec.help), "%s: %s",
					      c->name, o.spec.help);
			} else if (o.spec.name[1] && !options_test_taken(c, o.spec.name)) {
				ck_assert_msg(strstr(text, line) == NULL, "%s: %s", c->name, typed);
			}
		}
	for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
		ck_assert_msg(strcspn(p, "\n") <= 100, "%s", p);
	free(text);
}
END_TEST

/* Each option is complete, and no command has two of one name. */
START_TEST(test_options_table)
{
	const struct command *c = commands[_i];
	struct option o, other;

	for (size_t i = 0; option_at(c, i, &o); i++) {
		ck_assert_ptr_nonnull(o.spec.name);
		ck_assert_ptr_nonnull(o.spec.help);
		ck_assert(!o.spec.choices || o.spec.argument);
		ck_assert(!o.setting == (o.id != OPT_COUNT));
		for (size_t k = 0; k < i; k++) {
			ck_assert(option_at(c, k, &other));
			ck_assert_str_ne(o.spec.name, other.spec.name);
		}
	}
}
END_TEST

/* Each setting of a target is an option of the commands that build rule sets, or of apply alone. */
START_TEST(test_options_settings_are_options)
{
	static const struct command *const builders[] = { &command_compile, &command_diff };
	const struct svcrules_target *t = svcrules_target((size_t)_i);

	for (const struct svcrules_setting *s = t->settings; s->name; s++) {
		ck_assert_int_eq(options_test_taken(&command_apply, s->name), t->kernel);
		for (size_t i = 0; i < 2; i++)
			ck_assert_int_eq(options_test_taken(builders[i], s->name),
					 !s->apply_only && (!s->compile_only ||
							    builders[i] == &command_compile));
		ck_assert(!options_test_taken(&command_delete, s->name));
	}
}
END_TEST

/* A word that is no format is a folder, wherever the target is named. */
START_TEST(test_options_folder)
{
	static const struct {
		const char *const argv[5];
		const char *folder;
	} lines[] = {
		{ { "-o", "out", "--target=dns" }, "out" },
		{ { "--target=dns", "-o", "./json" }, "./json" },
		{ { "--target=dns", "-oa/jsno", "--then=x" }, "a/jsno" },
		{ { "--target=dns", "-o", "out", "-o", "json" }, NULL },
		{ { "--target=dns", "-o", "json", "-o", "out" }, "out" },
	};
	struct arguments a;
	int n = 0;

	while (n < 5 && lines[_i].argv[n])
		n++;
	ck_assert_int_eq(arguments_parse(&a, &command_compile, n, (char *const *)lines[_i].argv),
			 0);
	if (lines[_i].folder)
		ck_assert_str_eq(a.directory, lines[_i].folder);
	else
		ck_assert_ptr_null(a.directory);
	arguments_free(&a);
}
END_TEST

START_TEST(test_options_completion)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };
	char *text = options_test_print(options_test_completion, shells[_i]);
	struct option o;

	for (size_t c = 0; commands[c]; c++) {
		ck_assert_ptr_nonnull(strstr(text, commands[c]->name));
		for (size_t i = 0; option_at(commands[c], i, &o); i++) {
			ck_assert_ptr_nonnull(strstr(text, o.spec.name));
			ck_assert(!o.spec.choices || strstr(text, o.spec.choices));
		}
	}
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
	{ "\302\233m", "\\u009bm" },                      /* CSI in one character */
	{ "\342\200\256x", "\\u202ex" },                  /* right-to-left override */
	{ "a\342\200\213b\302\255", "a\\u200bb\\u00ad" }, /* no width, soft hyphen */
	{ "\357\273\277a", "\\ufeffa" },                  /* byte-order mark */
	{ "\363\240\201\201", "\\U000e0041" },            /* tag */
	{ "\342\201\240\357\276\240", "\\u2060\\uffa0" }, /* joiner, filler */
	{ "\377\303", "\\xff\\xc3" },                     /* no UTF-8 */
	{ "\342\200", "\\xe2\\x80" },                     /* cut short */
};

START_TEST(test_options_escape)
{
	char *s = escape_text(escapes[_i].raw);

	ck_assert_str_eq(s, escapes[_i].escaped);
	free(s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");
	SRunner *r = srunner_create(s);
	int failed, ncommands = 0, ntargets = 0;

	while (commands[ncommands])
		ncommands++;
	while (svcrules_target((size_t)ntargets))
		ntargets++;
	tcase_add_checked_fixture(t, NULL, options_test_teardown);
	tcase_add_loop_test(t, test_options_good, 0, COUNT(good));
	tcase_add_loop_test(t, test_options_folder, 0, 5);
	tcase_add_loop_test(t, test_options_bad, 0, COUNT(bad));
	tcase_add_test(t, test_options_settings);
	tcase_add_test(t, test_options_long_word);
	tcase_add_test(t, test_options_nearest);
	tcase_add_loop_test(t, test_options_help, 0, ncommands);
	tcase_add_loop_test(t, test_options_table, 0, ncommands);
	tcase_add_loop_test(t, test_options_settings_are_options, 0, ntargets);
	tcase_add_loop_test(t, test_options_completion, 0, 3);
	tcase_add_loop_test(t, test_options_escape, 0, COUNT(escapes));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
