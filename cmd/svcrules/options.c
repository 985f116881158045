/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"
#include "command.h"
#include "say.h"

#include <errno.h>
#include <stdarg.h>

#define ON(c) (1u << CMD_##c)
#define READERS (ON(APPLY) | ON(COMPILE) | ON(DIFF))
#define WRITERS (ON(APPLY) | ON(DELETE))
#define ALL ((1u << CMD_COUNT) - 1)
#define WAIT_DEFAULT 10    /* seconds */
#define WAIT_MAX 1000000ul /* seconds; their milliseconds fit an unsigned int */
#define DRAIN_DEFAULT 900  /* seconds */
#define DRAIN_MAX 604800ul /* a week */
#define WORD_MAX_LEN 48 /* longer words are like nothing we know */

const struct option_spec option_specs[OPT_COUNT] = {
	[OPT_FILE] = { "f", "FILE", NULL, "read FILE, '-' (standard input), or a directory's *.json; repeatable",
		       READERS, false },
	[OPT_FROM] = { "from", "FILE", NULL, "compare with FILE instead of the kernel", ON(DIFF), false },
	[OPT_OUTPUT_COMPILE] = { "o", "FORMAT", "nft json ip ipvsadm",
				 "print for nft(8), as json, or for IPVS for ip(8) or ipvsadm(8)", ON(COMPILE), false },
	[OPT_OUTPUT_DIFF] = { "o", "FORMAT", "text nft json ip ipvsadm",
			      "print services (text, default), json, or commands for nft, ip, ipvsadm",
			      ON(DIFF), false },
	[OPT_DRY_RUN] = { "dry-run", NULL, NULL, "print what would change; touch nothing", ON(APPLY), false },
	[OPT_CHECK] = { "check", NULL, NULL, "let the kernel validate the change without making it", ON(APPLY),
			false },
	[OPT_VERIFY] = { "verify", NULL, NULL, "read the kernel's rules even if none seems to have changed them",
			 ON(APPLY), false },
	[OPT_NODE_NAME] = { "node-name", "NAME", NULL, "this node's name (default: the host's)", READERS, true },
	[OPT_NODE_IP] = { "node-ip", "ADDRESS,...", NULL, "this node's addresses (default: its Node object's)",
			  READERS, true },
	[OPT_CLUSTER_CIDR] = { "cluster-cidr", "CIDR,...", NULL, "the pods' prefixes (default: of the Node objects)",
			       READERS, true },
	[OPT_SERVICE_CIDR] = { "service-cidr", "CIDR,...", NULL, "the cluster IPs' prefixes", READERS, true },
	[OPT_MASQUERADE_ALL] = { "masquerade-all", NULL, NULL, "masquerade all traffic to services' addresses", READERS,
				 true },
	[OPT_MASQUERADE_MARK] = { "masquerade-mark", "BIT", NULL, "the packet mark to use (default: 0x4000)",
				  READERS, true },
	[OPT_NODEPORT_ADDRESSES] = { "nodeport-addresses", "CIDR,...|primary", NULL,
				     "serve node ports on these addresses only", READERS, true },
	[OPT_ZONE] = { "zone", "NAME", NULL, "this node's zone (default: its Node object's)", READERS, true },
	[OPT_TABLE] = { "table", "NAME", NULL, "name of the nftables tables (default: svcrules)",
			READERS | ON(DELETE), true },
	[OPT_FAMILY] = { "family", "FAMILY", "ipv4 ipv6 both", "ipv4, ipv6 or both (default)", READERS, true },
	[OPT_BACKEND] = { "backend", "NAME", "nftables ipvs", "nftables (default) or ipvs", READERS | ON(DELETE), false },
	[OPT_IPVS_SCHEDULER] = { "ipvs-scheduler", "NAME", NULL, "for IPVS: how endpoints are chosen (default: rr)",
				 READERS, true },
	[OPT_DRAIN_TIMEOUT] = { "drain-timeout", "SECONDS", NULL,
				"for IPVS: how long a removed endpoint may keep its connections (default: 900)", ON(APPLY),
				false },
	[OPT_NO_SYSCTLS] = { "no-sysctls", NULL, NULL, "for IPVS: set no net.ipv4.vs sysctl, warn where one is wrong",
			     ON(APPLY), false },
	[OPT_STRICT_ARP] = { "strict-arp", NULL, NULL, "for IPVS: set arp_ignore and arp_announce, for load-balancer IPs",
			     ON(APPLY), false },
	[OPT_ALLOW_EMPTY] = { "allow-empty", NULL, NULL, "accept input without any Service", READERS, false },
	[OPT_WAIT] = { "wait", "SECONDS", NULL, "wait so long for another svcrules (default: 10)", WRITERS, false },
	[OPT_QUIET] = { "quiet", NULL, NULL, "print nothing unless something is wrong", WRITERS, false },
	[OPT_COMPLETION] = { "completion", "SHELL", "bash", "print a completion script for bash", ON(HELP), false },
	[OPT_HELP] = { "h", NULL, NULL, "print this help; also --help", ALL, false },
};

bool option_taken(enum option_id id, enum command_id command)
{
	return option_specs[id].commands & (1u << command);
}

const char *option_typed(const struct option_spec *s, char buf[static 40])
{
	snprintf(buf, 40, "%s%s", s->name[1] ? "--" : "-", s->name);
	return buf;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[WORD_MAX_LEN + 1][WORD_MAX_LEN + 1];

	for (size_t i = 0; i <= na; i++)
		row[i][0] = i;
	for (size_t j = 0; j <= nb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= na; i++)
		for (size_t j = 1; j <= nb; j++) {
			size_t d = min3(row[i - 1][j] + 1, row[i][j - 1] + 1,
					row[i - 1][j - 1] + (a[i - 1] != b[j - 1]));

			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = min3(d, row[i - 2][j - 2] + 1, d);
			row[i][j] = d;
		}
	return row[na][nb];
}

const char *nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word), best = 0;
	const char *found = NULL;

	if (len == 0 || len > WORD_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(names[i]), longer = len > other ? len : other;
		size_t d;

		if (other > WORD_MAX_LEN)
			continue;
		d = distance(word, len, names[i], other);
		/* A word cut short is a better guess than its distance says. */
		if (len >= 2 && strncmp(word, names[i], len) == 0)
			d = 1;
		if (d * 2 <= longer && (!found || d < best))
			best = d, found = names[i];
	}
	return found;
}

/* Sets the problem; returns what the parser shall return. */
static int __attribute__((format(printf, 2, 3))) problem(struct arguments *a, const char *format, ...)
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

/* The first command that takes the option. */
static const char *taker(const struct option_spec *s)
{
	return commands[__builtin_ctz(s->commands)]->name;
}

static int unknown_option(struct arguments *a, enum command_id command, const char *typed, const char *name,
			  size_t len)
{
	const char *own = commands[command]->name, *names[OPT_COUNT + 1], *near;
	const struct option_spec *elsewhere = NULL;
	char word[WORD_MAX_LEN + 2], buf[40];
	size_t n = 0;

	for (size_t i = 0; i < OPT_COUNT; i++) {
		const struct option_spec *s = &option_specs[i];

		if (option_taken((enum option_id)i, command) && s->name[1])
			names[n++] = s->name;
		else if (strlen(s->name) == len && memcmp(s->name, name, len) == 0)
			elsewhere = elsewhere ? elsewhere : s;
	}
	names[n++] = "help";
	if (elsewhere && (name - typed == 2) == (elsewhere->name[1] != '\0'))
		return problem(a, "'%s' has no option '%s', '%s' has; see 'svcrules help %s'", own,
			       option_typed(elsewhere, buf), taker(elsewhere), own);
	snprintf(word, sizeof(word), "%.*s", (int)(len < WORD_MAX_LEN + 1 ? len : WORD_MAX_LEN + 1), name);
	near = nearest(word, names, n);
	if (near)
		return problem(a, "unknown option '%s', did you mean '--%s'? See 'svcrules help %s'", typed, near, own);
	return problem(a, "unknown option '%s'; see 'svcrules help %s'", typed, own);
}

static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices; len && *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, value, n) == 0)
			return true;
		p += n;
	}
	return false;
}

static int append(const char ***list, size_t *n, const char *s)
{
	const char **p = reallocarray(*list, *n + 1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p[(*n)++] = s;
	*list = p;
	return 0;
}

static int take(struct arguments *a, enum option_id id, const char *value)
{
	const struct option_spec *s = &option_specs[id];
	char buf[40];

	if (s->choices && value && !is_choice(s->choices, value))
		return problem(a, "%s: '%s' is not known, expected %s%s", option_typed(s, buf), value,
			       strchr(s->choices, ' ') ? "one of: " : "", s->choices);
	a->given[id] = true;
	a->value[id] = value;
	return id == OPT_FILE ? append(&a->files, &a->nfiles, value) : 0;
}

/* Finds the option of that name for the command; OPT_COUNT if there is none. */
static enum option_id find(enum command_id command, const char *name, size_t len)
{
	if (len == 4 && memcmp(name, "help", 4) == 0)
		return OPT_HELP;
	for (unsigned i = 0; i < OPT_COUNT; i++) {
		const char *known = option_specs[i].name;

		if (option_taken((enum option_id)i, command) && strlen(known) == len && memcmp(known, name, len) == 0)
			return (enum option_id)i;
	}
	return OPT_COUNT;
}

/* Takes the option in argv[*at] and, if it stands apart, its value. */
static int parse_one(struct arguments *a, enum command_id command, int argc, char *const *argv, int *at)
{
	const char *typed = argv[*at], *name = typed + 1, *joined = NULL;
	size_t len = 1;
	enum option_id id;

	if (typed[1] == '-') {
		name = typed + 2;
		len = strcspn(name, "=");
		joined = name[len] ? name + len + 1 : NULL;
	} else if (typed[2]) {
		joined = typed + 2;
	}
	/* A single letter after two dashes, a word after one: a slip of the finger, and told as one. */
	id = len == 1 && typed[1] == '-' ? OPT_COUNT : find(command, name, len);
	if (id == OPT_COUNT) {
		if (typed[1] != '-')
			name = typed + 1, len = strcspn(name, "=");
		return unknown_option(a, command, typed, name, len);
	}
	if (!option_specs[id].argument)
		return joined ? problem(a, "'%s': this option takes no value; see 'svcrules help %s'", typed,
					commands[command]->name)
			      : take(a, id, NULL);
	if (!joined && ++*at >= argc)
		return problem(a, "'%s' needs a value: %s; see 'svcrules help %s'", typed, option_specs[id].argument,
			       commands[command]->name);
	return take(a, id, joined ? joined : argv[*at]);
}

/* What would have no effect is a mistake. (--drain-timeout has one, after a change of back ends.) */
static int only_ipvs(struct arguments *a, enum command_id command)
{
	static const enum option_id ids[] = { OPT_IPVS_SCHEDULER, OPT_NO_SYSCTLS, OPT_STRICT_ARP };
	static const enum option_id outputs[] = { OPT_OUTPUT_COMPILE, OPT_OUTPUT_DIFF };
	char typed[40];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]) && !arguments_ipvs(a); i++)
		if (a->given[ids[i]])
			return problem(a, "'%s' needs --backend ipvs; see 'svcrules help %s'",
				       option_typed(&option_specs[ids[i]], typed), commands[command]->name);
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]) && !arguments_ipvs(a); i++)
		if (a->value[outputs[i]] && strncmp(a->value[outputs[i]], "ip", 2) == 0)
			return problem(a, "'-o %s' needs --backend ipvs; see 'svcrules help %s'", a->value[outputs[i]],
				       commands[command]->name);
	return 0;
}

int arguments_parse(struct arguments *a, enum command_id command, int argc, char *const *argv)
{
	bool options = true;

	*a = (struct arguments){ 0 };
	for (int i = 0; i < argc; i++) {
		int err;

		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			continue;
		}
		/* "-" alone is a value, never an option */
		if (options && argv[i][0] == '-' && argv[i][1])
			err = parse_one(a, command, argc, argv, &i);
		else if (command == CMD_HELP)
			err = append(&a->operands, &a->noperands, argv[i]);
		else
			err = problem(a, "unexpected argument '%s'%s; see 'svcrules help %s'", argv[i],
				      command == CMD_DELETE ? "" : " (input files are named with -f)",
				      commands[command]->name);
		if (err)
			return err;
	}
	return only_ipvs(a, command);
}

bool arguments_trial(const struct arguments *a)
{
	return a->given[OPT_DRY_RUN] || a->given[OPT_CHECK];
}

bool arguments_ipvs(const struct arguments *a)
{
	return a->value[OPT_BACKEND] && strcmp(a->value[OPT_BACKEND], "ipvs") == 0;
}

/* An option's value in seconds. Returns an exit code. */
static int options_seconds(const struct arguments *a, enum option_id id, unsigned long fallback,
			   unsigned long max, unsigned *ret)
{
	const char *value = a->value[id];
	unsigned long seconds = fallback;
	char *end, typed[40];

	if (value) {
		errno = 0;
		seconds = strtoul(value, &end, 10);
		if (*value < '0' || *value > '9' || *end || errno || seconds > max) {
			say("%s: '%s' is not valid, expected seconds from 0 to %lu",
			    option_typed(&option_specs[id], typed), value, max);
			return EXIT_USAGE;
		}
	}
	*ret = (unsigned)seconds;
	return EXIT_DONE;
}

int options_wait(const struct arguments *a, unsigned *ret_ms)
{
	unsigned seconds;
	int code = options_seconds(a, OPT_WAIT, WAIT_DEFAULT, WAIT_MAX, &seconds);

	if (!code)
		*ret_ms = seconds * 1000;
	return code;
}

int options_drain_timeout(const struct arguments *a, unsigned *ret_seconds)
{
	return options_seconds(a, OPT_DRAIN_TIMEOUT, DRAIN_DEFAULT, DRAIN_MAX, ret_seconds);
}

void arguments_free(struct arguments *a)
{
	free(a->files);
	free(a->operands);
	free(a->problem);
	*a = (struct arguments){ 0 };
}
