/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line's options: one table, groups of it that commands name, and the parser.
 * Settings of targets come from the library and follow the option --target.
 */
#ifndef SVCRULES_OPTIONS_H
#define SVCRULES_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "svcrules.h"

enum option_id {
	OPT_FILE,
	OPT_RECURSIVE,
	OPT_FROM,
	OPT_SOURCE, /* of explain */
	OPT_TO,
	OPT_PROTOCOL,
	OPT_QUESTIONS,
	OPT_LIVE,
	OPT_NDOTS,
	OPT_CLUSTER_DOMAIN, /* of explain; elsewhere it is a setting of the target dns */
	OPT_OVERLAY,
	OPT_LIMIT,
	OPT_COLOUR,
	OPT_OUTPUT,          /* of compile */
	OPT_OUTPUT_CHANGES,  /* of diff */
	OPT_OUTPUT_SUMMARY,  /* of apply */
	OPT_OUTPUT_FINDINGS, /* of check */
	OPT_WARN,
	OPT_ERROR,
	OPT_NODE_PORT_RANGE,
	OPT_LOCAL_PORT_RANGE,
	OPT_EXTERNAL_CIDR,
	OPT_OUTPUT_LIST, /* of get */
	OPT_NAMESPACE,
	OPT_ALL_NAMESPACES,
	OPT_OUTPUT_EXPLANATION,
	OPT_DRY_RUN,
	OPT_CHECK,
	OPT_VERIFY,
	OPT_NODE_NAME,
	OPT_NODE_IP,
	OPT_CLUSTER_CIDR,
	OPT_SERVICE_CIDR,
	OPT_MASQUERADE_ALL,
	OPT_MASQUERADE_MARK,
	OPT_NODEPORT_ADDRESSES,
	OPT_ZONE,
	OPT_MAX_SOURCE_RANGES,
	OPT_MAX_ELEMENTS,
	OPT_NETWORK_POLICY,
	OPT_TABLE,
	OPT_FAMILY,
	OPT_TARGET,
	OPT_BACKEND, /* another spelling of --target, which takes its place */
	OPT_ALLOW_EMPTY,
	OPT_STRICT,
	OPT_MAX_LOST,
	OPT_INSECURE_INPUT,
	OPT_VALIDATE,
	OPT_THEN,
	OPT_INSECURE_OUTPUT,
	OPT_WAIT,
	OPT_QUIET,
	OPT_QUIET_UNCHANGED,
	OPT_ANNOTATIONS,
	OPT_CHECKS,
	OPT_COMPLETION,
	OPT_HELP,
	OPT_COUNT
};

struct option_spec {
	const char *name;     /* of one letter: "-f"; longer: "--name" */
	const char *other;    /* a longer name for the same, or NULL */
	const char *argument; /* "FILE"; NULL: takes none */
	const char *choices;  /* the only values, with spaces between; NULL: any */
	const char *offered;  /* values that completion offers if there are no choices, or NULL */
	const char *help;
	bool library; /* handed to svcrules_options_set() under its name */
};

/* Options that belong together. A command lists its groups in the order of its help. */
struct option_group {
	const enum option_id *ids;
	size_t n;
	bool settings;     /* the settings of all targets follow */
	bool apply_only;   /* also the settings that are for apply alone */
	bool compile_only; /* also those that are for compile alone */
	bool explained;    /* only those of targets that can be explained */
	bool removes;      /* --target and --table limit what is removed; without them all is */
};

extern const struct option_group input_options, from_options, question_options, output_options,
	output_changes_options, review_options, summary_options, try_options, node_options,
	table_options, family_options, apply_target_options, compile_target_options, target_options,
	explain_target_options, delete_table_options, delete_try_options, delete_target_options,
	empty_options, check_options, loss_options, insecure_options, writer_options,
	directory_options, list_options, doctor_options, get_options, get_node_options,
	status_options, help_options;

struct command;

/* One option of a command. */
struct option {
	enum option_id id; /* OPT_COUNT: a setting */
	const struct svcrules_setting *setting;
	const struct svcrules_target *target; /* of the setting */
	struct option_spec spec;
};

/* The i-th option of a command, in the order of its help; false past the end. */
bool option_at(const struct command *c, size_t i, struct option *ret);

#define SETTINGS_MAX 64

struct given_setting {
	const struct svcrules_setting *setting;
	const struct svcrules_target *target;
	const char *value; /* the last, unless it is repeatable; NULL without one */
};

/* -W or -E, in the order in which they were given. */
struct given_level {
	enum option_id id;
	const char *value;
};

/* What a command line said; points into it. */
struct arguments {
	bool given[OPT_COUNT];
	const char *value[OPT_COUNT]; /* the last; NULL if not given or without argument */
	struct given_setting settings[SETTINGS_MAX];
	size_t nsettings;
	const struct svcrules_target *target; /* --target, or the default */
	const char *directory;                /* -o DIR; then no format is given */
	const char **files;                   /* each -f, in order */
	size_t nfiles;
	struct given_level *levels;
	size_t nlevels;
	const char **overlays; /* each --overlay, in order */
	size_t noverlays;
	const char **operands;
	size_t noperands;
	char *problem; /* set by a failed parse: a sentence for the user */
};

/*
 * Parses what follows the command's name. Returns 0, -EINVAL with a->problem
 * set, or -ENOMEM. arguments_free() in every case.
 */
int arguments_parse(struct arguments *a, const struct command *c, int argc, char *const *argv);
void arguments_free(struct arguments *a);

/* True for --dry-run and --check: nothing is to be changed. */
bool arguments_trial(const struct arguments *a);
/* True if notices and warnings about the host are not wanted. */
bool arguments_quiet(const struct arguments *a);
/* True if the text is a whole number from 0 to `max`, in digits alone; *ret is it then. */
bool argument_number(const char *text, unsigned long max, unsigned long *ret);

/* --wait in milliseconds, or its default. Returns an exit code, having printed what is wrong. */
int arguments_wait(const struct arguments *a, unsigned *ret_ms);

/* --limit, or its default; 0: none. Returns an exit code, having printed what is wrong. */
int arguments_limit(const struct arguments *a, size_t *ret);

/* The values that are allowed, with spaces between; NULL: any. */
const char *option_choices(enum option_id id);
/* Its name on the command line, without dashes. */
const char *option_name(enum option_id id);
/* The name under which the library knows an option; NULL if it does not. */
const char *option_library_name(enum option_id id);
/* The option as it is typed: "-f" or "--zone"; `buf` is used and returned. */
const char *option_typed(const struct option_spec *s, char buf[static 40]);

/* The name most like `word`, or NULL if none is like it. Equally near: the first. */
const char *nearest(const char *word, const char *const *names, size_t n);

#endif
