/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines are parsed by the tables of options.c. */
#include "command.h"
#include "options.h"
#include "say.h"
#include "target_texts.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

#define WAIT_DEFAULT 10    /* seconds */
#define LIMIT_DEFAULT 100  /* services that diff prints */
#define WAIT_MAX 1000000ul /* seconds; their milliseconds fit an unsigned int */
#define WORD_SIZE 50       /* of a word that may be mistyped, with the terminator */

/* ---- The parser --------------------------------------------------------- */

/* Sets the problem; returns the parser's result. */
static int __attribute__((format(printf, 2, 3)))
problem(struct arguments *a, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&a->problem, format, ap);
	va_end(ap);
	if (n < 0)
		a->problem = NULL;
	return n < 0 ? -ENOMEM : -EINVAL;
}

static bool is_name(const char *name, const char *word, size_t len)
{
	return name && strlen(name) == len && memcmp(name, word, len) == 0;
}

/* Finds the option of that name; false if the command has none. */
static bool find_option(const struct command *c, const char *name, size_t len, struct option *ret)
{
	for (size_t i = 0; option_at(c, i, ret); i++)
		if (is_name(ret->spec.name, name, len) || is_name(ret->spec.other, name, len))
			return true;
	return false;
}

/* The first command that takes an option of that name, or NULL. */
static const struct command *find_taker(const char *name, size_t len, struct option *ret)
{
	for (size_t i = 0; commands[i]; i++)
		if (len > 0 && find_option(commands[i], name, len, ret) &&
		    strlen(ret->spec.name) == len)
			return commands[i];
	return NULL;
}

#define NAMES_MAX 48

static int unknown_option(struct arguments *a, const struct command *c, const char *typed,
			  const char *name, size_t len)
{
	const char *names[NAMES_MAX], *near;
	const struct command *taker;
	char word[WORD_SIZE], buf[40];
	struct option o;
	size_t n = 0;

	taker = find_taker(name, len, &o);
	if (taker && (name - typed == 2) == (o.spec.name[1] != '\0') && taker != c)
		return problem(a, "'%s' has no option '%s', '%s' has; see 'svcrules help %s'",
			       c->name, option_typed(&o.spec, buf), taker->name, c->name);
	for (size_t i = 0; n < NAMES_MAX && option_at(c, i, &o); i++)
		if (o.spec.name[1] || o.spec.other)
			names[n++] = o.spec.name[1] ? o.spec.name : o.spec.other;
	snprintf(word, sizeof(word), "%.*s", (int)(len < WORD_SIZE ? len : WORD_SIZE), name);
	near = nearest(word, names, n);
	if (near)
		return problem(a,
			       "unknown option '%s', did you mean '--%s'? See 'svcrules help %s'",
			       typed, near, c->name);
	return problem(a, "unknown option '%s'; see 'svcrules help %s'", typed, c->name);
}

static int valueless_option(struct arguments *a, const struct command *c, const char *typed)
{
	return problem(a, "'%s': this option takes no value; see 'svcrules help %s'", typed,
		       c->name);
}

static int append_word(const char ***list, size_t *n, const char *s)
{
	const char **p = reallocarray(*list, *n + 1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p[(*n)++] = s;
	*list = p;
	return 0;
}

static int take_setting(struct arguments *a, const struct option *o, const char *value)
{
	size_t i = 0;

	while (i < a->nsettings && (a->settings[i].setting != o->setting || o->setting->repeatable))
		i++;
	if (i == SETTINGS_MAX)
		return problem(a, "too many options");
	a->settings[i] = (struct given_setting){ o->setting, o->target, value };
	a->nsettings = i == a->nsettings ? i + 1 : a->nsettings;
	return 0;
}

static int take_level(struct arguments *a, enum option_id id, const char *value)
{
	struct given_level *p = reallocarray(a->levels, a->nlevels + 1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p[a->nlevels++] = (struct given_level){ id, value };
	a->levels = p;
	return 0;
}

static int take_option(struct arguments *a, const struct option *o, const char *value)
{
	const char *choices = o->spec.choices;
	enum option_id id = o->id == OPT_BACKEND ? OPT_TARGET : o->id;
	char buf[40];

	if (value && !*value)
		return problem(a, "%s: the value is empty, expected %s",
			       option_typed(&o->spec, buf), o->spec.argument);
	/* -o of a target that makes files may be a folder: see check_format() */
	if (choices && value && !strchr(o->spec.argument, '|') && !has_choice(choices, value))
		return problem(a, "%s: '%s' is not known, expected %s%s",
			       option_typed(&o->spec, buf), value,
			       strchr(choices, ' ') ? "one of: " : "", choices);
	if (o->setting)
		return take_setting(a, o, value);
	a->given[id] = true;
	a->value[id] = value;
	if (id == OPT_WARN || id == OPT_ERROR)
		return take_level(a, id, value);
	if (id == OPT_OVERLAY)
		return append_word(&a->overlays, &a->noverlays, value);
	return id == OPT_FILE ? append_word(&a->files, &a->nfiles, value) : 0;
}

/* Takes the option in argv[*at] and, if it stands apart, its value. */
static int parse_one(struct arguments *a, const struct command *c, int argc, char *const *argv,
		     int *at)
{
	const char *typed = argv[*at], *name = typed + 1, *joined = NULL;
	struct option o;
	size_t len = 1;

	if (typed[1] == '-') {
		name = typed + 2;
		len = strcspn(name, "=");
		joined = name[len] ? name + len + 1 : NULL;
	} else if (typed[2]) {
		joined = typed + 2;
	}
	/* a single letter after two dashes, or a word after one, is a mistake */
	if ((len == 1 && typed[1] == '-') || !find_option(c, name, len, &o)) {
		if (typed[1] != '-')
			name = typed + 1, len = strcspn(name, "=");
		return unknown_option(a, c, typed, name, len);
	}
	if (!o.spec.argument)
		return joined ? valueless_option(a, c, typed) : take_option(a, &o, NULL);
	if (!joined && ++*at >= argc)
		return problem(a, "'%s' needs a value: %s; see 'svcrules help %s'", typed,
			       o.spec.argument, c->name);
	return take_option(a, &o, joined ? joined : argv[*at]);
}

static const struct svcrules_target *target_named(const char *name)
{
	const struct svcrules_target *t;
	size_t i = 0;

	while ((t = svcrules_target(i++)))
		if (!name || strcmp(t->name, name) == 0)
			break;
	return t;
}

static bool has_format(const char *const *formats, const char *format)
{
	while (*formats && strcmp(*formats, format) != 0)
		formats++;
	return *formats;
}

/* A word that no target has as a format. Most likely it is mistyped if it is like one. */
static int take_directory(struct arguments *a, const char *word, const char *const *formats)
{
	const char *near;
	size_t n = 0;

	while (formats[n])
		n++;
	near = strchr(word, '/') ? NULL : nearest(word, formats, n);
	if (near)
		return problem(a, "-o: '%s' is not known, did you mean '%s'? A folder is './%s'",
			       word, near, word);
	a->directory = word;
	return 0;
}

/* Checks that the target has the format, or takes the word for a folder. */
static int check_format(struct arguments *a, const struct command *c, enum option_id id)
{
	const char *format = a->value[id];
	bool changes = id == OPT_OUTPUT_CHANGES;
	const struct svcrules_target *t;

	if (!format || has_format(formats_of(a->target, changes), format))
		return 0;
	for (size_t i = 0; (t = svcrules_target(i)); i++)
		if (has_format(formats_of(t, changes), format))
			return problem(a, "'-o %s' needs --target %s; see 'svcrules help %s'",
				       format, t->name, c->name);
	if (a->target->kernel)
		return problem(a, "-o: '%s' is not known, expected one of: %s", format,
			       option_choices(id));
	return take_directory(a, format, formats_of(a->target, changes));
}

/* Refuses options without effect. */
static int check_directory(struct arguments *a, const struct command *c)
{
	static const enum option_id ids[] = { OPT_VALIDATE, OPT_THEN, OPT_WAIT, OPT_QUIET,
					      OPT_INSECURE_OUTPUT };

	if (a->directory && a->given[OPT_FROM])
		return problem(a,
			       "--from and -o DIR name two things to compare with; see "
			       "'svcrules help %s'",
			       c->name);
	for (size_t i = 0; !a->directory && !c->kernel && i < sizeof(ids) / sizeof(*ids); i++)
		if (a->given[ids[i]])
			return problem(a,
				       "--%s needs -o DIR and a target that makes files; see "
				       "'svcrules help %s'",
				       option_name(ids[i]), c->name);
	return 0;
}

/* Refuses settings and formats of another target, which would have no effect. */
static int check_target(struct arguments *a, const struct command *c)
{
	char typed[40];
	static const enum option_id of_tables[] = { OPT_NETWORK_POLICY, OPT_TABLE };
	int err;

	if (!a->target->kernel && c->kernel)
		return problem(
			a,
			"'%s' changes the kernel, but --target %s makes files; see 'svcrules help "
			"compile'",
			c->name, a->target->name);
	for (size_t i = 0; i < a->nsettings; i++) {
		const struct given_setting *s = &a->settings[i];
		const struct option_spec spec = { .name = s->setting->name };

		if (s->target != a->target)
			return problem(a, "'%s' needs --target %s; see 'svcrules help %s'",
				       option_typed(&spec, typed), s->target->name, c->name);
	}
	for (size_t i = 0; i < sizeof(of_tables) / sizeof(of_tables[0]); i++)
		if (a->given[of_tables[i]] && !a->target->kernel)
			return problem(a, "--%s has no effect with --target %s, which makes files",
				       option_name(of_tables[i]), a->target->name);
	err = check_format(a, c, OPT_OUTPUT);
	if (!err)
		err = check_format(a, c, OPT_OUTPUT_CHANGES);
	return err ? err : check_directory(a, c);
}

/* Standard input is gone once it was read. */
static int check_stdin(struct arguments *a, const struct command *c)
{
	size_t n = a->value[OPT_FROM] && strcmp(a->value[OPT_FROM], "-") == 0;

	for (size_t i = 0; i < a->nfiles; i++)
		n += strcmp(a->files[i], "-") == 0;
	for (size_t i = 0; i < a->noverlays; i++)
		n += strcmp(a->overlays[i], "-") == 0;
	if (n < 2)
		return 0;
	return problem(a,
		       "standard input ('-') can be read once, and is named %zu times; see "
		       "'svcrules help %s'",
		       n, c->name);
}

/* With the host's name a node of another name would enforce nothing, and nobody would notice. */
static int check_policy(struct arguments *a, const struct command *c)
{
	/* explain knows the node from the pod that it is asked about */
	if (!a->given[OPT_NETWORK_POLICY] || a->given[OPT_NODE_NAME] || a->given[OPT_SOURCE])
		return 0;
	return problem(a, "--network-policy needs --node-name; see 'svcrules help %s'", c->name);
}

static int unexpected_argument(struct arguments *a, const struct command *c, const char *word)
{
	bool reads = c->options[0] == &input_options;

	return problem(a, "unexpected argument '%s'%s; see 'svcrules help %s'", word,
		       reads ? " (input files are named with -f)" : "", c->name);
}

int arguments_parse(struct arguments *a, const struct command *c, int argc, char *const *argv)
{
	bool options = true;
	int err;

	*a = (struct arguments){ .nfiles = 0 };
	for (int i = 0; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			continue;
		}
		/* "-" alone is a value, never an option */
		if (options && argv[i][0] == '-' && argv[i][1])
			err = parse_one(a, c, argc, argv, &i);
		else if (c->operands)
			err = append_word(&a->operands, &a->noperands, argv[i]);
		else
			err = unexpected_argument(a, c, argv[i]);
		if (err)
			return err;
	}
	a->target = target_named(a->value[OPT_TARGET]);
	err = check_stdin(a, c);
	if (!err)
		err = check_policy(a, c);
	return err ? err : check_target(a, c);
}

bool arguments_trial(const struct arguments *a)
{
	return a->given[OPT_DRY_RUN] || a->given[OPT_CHECK];
}

bool arguments_quiet(const struct arguments *a)
{
	return a->given[OPT_QUIET] || a->given[OPT_QUIET_UNCHANGED];
}

bool argument_number(const char *text, unsigned long max, unsigned long *ret)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n > max)
		return false;
	*ret = n;
	return true;
}

int arguments_wait(const struct arguments *a, unsigned *ret_ms)
{
	const char *value = a->value[OPT_WAIT];
	unsigned long seconds = WAIT_DEFAULT;

	if (value && !argument_number(value, WAIT_MAX, &seconds)) {
		say("--wait: '%s' is not valid, expected seconds from 0 to %lu", value, WAIT_MAX);
		return EXIT_USAGE;
	}
	*ret_ms = (unsigned)seconds * 1000;
	return EXIT_DONE;
}

int arguments_limit(const struct arguments *a, size_t *ret)
{
	const char *value = a->value[OPT_LIMIT];
	unsigned long n = LIMIT_DEFAULT;

	if (value && !argument_number(value, ULONG_MAX, &n)) {
		say("--limit: '%s' is not valid, expected a number, 0 for all", value);
		return EXIT_USAGE;
	}
	*ret = n;
	return EXIT_DONE;
}

void arguments_free(struct arguments *a)
{
	free(a->files);
	free(a->levels);
	free(a->overlays);
	free(a->operands);
	free(a->problem);
	*a = (struct arguments){ .nfiles = 0 };
}
