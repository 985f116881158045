/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "files.h"
#include "input.h"
#include "installed.h"
#include "list/list.h"
#include "privilege.h"
#include "report.h"
#include "say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A kind of objects that can be listed; the first name is the plural. */
struct listed {
	const char *names[6];
	const char *noun;
	int (*input)(struct listing *l, struct svcrules_services *s); /* NULL: policies */
	int (*kernel)(struct listing *l, const struct svcrules_installed *k);
};

static const struct listed listed_kinds[] = {
	{ { "services", "service", "svc" }, "service", list_services, list_installed_services },
	{ { "endpoints", "endpoint", "ep", "endpointslices" },
	  "service",
	  list_endpoints,
	  list_installed_endpoints },
	{ { "policies", "policy", "netpol", "networkpolicies", "networkpolicy" },
	  "network policy",
	  NULL,
	  list_installed_policies },
};

#define LISTED_KINDS (sizeof(listed_kinds) / sizeof(listed_kinds[0]))

struct getting {
	struct arguments args; /* a copy: what makes an input an error elsewhere is none here */
	const struct listed *kind;
	struct svcrules_options *settings;
	struct listing list;
	struct svcrules_services *services;
	struct svcrules_policies *policies;
};

/* ---- The command line -------------------------------------------------------------- */

static int unknown_kind(const char *word)
{
	const char *names[LISTED_KINDS], *near;

	for (size_t i = 0; i < LISTED_KINDS; i++)
		names[i] = listed_kinds[i].names[0];
	near = nearest(word, names, LISTED_KINDS);
	if (near)
		say("'%s' is not known, did you mean '%s'? See 'svcrules help get'", word, near);
	else
		say("'%s' is not known, expected services, endpoints or policies; a name comes "
		    "after one of these",
		    word);
	return EXIT_USAGE;
}

static int get_kind(const char *word, const struct listed **ret)
{
	for (size_t i = 0; i < LISTED_KINDS; i++)
		for (size_t k = 0; listed_kinds[i].names[k]; k++)
			if (strcmp(word, listed_kinds[i].names[k]) == 0) {
				*ret = &listed_kinds[i];
				return EXIT_DONE;
			}
	return unknown_kind(word);
}

static int get_slashed(const char *word, const char *slash, const struct listed **ret)
{
	char *kind = strndup(word, (size_t)(slash - word));
	int code = kind ? get_kind(kind, ret) : say_enomem();

	free(kind);
	if (!code && !slash[1]) {
		say("'%s' has no name behind the '/'; see 'svcrules help get'", word);
		code = EXIT_USAGE;
	}
	return code;
}

/* "svc web api" or "svc/web svc/api": one kind, and names. */
static int get_operands(struct getting *g)
{
	const struct arguments *a = &g->args;
	bool slash = a->noperands && strchr(a->operands[0], '/');
	int code = slash ? EXIT_DONE :
			   get_kind(a->noperands ? a->operands[0] : "services", &g->kind);

	for (size_t i = slash ? 0 : 1; i < a->noperands && !code; i++) {
		const char *name = strchr(a->operands[i], '/');
		const struct listed *kind = g->kind;

		if (slash != (name != NULL)) {
			say("'%s' %s; see 'svcrules help get'", a->operands[i],
			    slash ? "has no kind before the name, as others have" :
				    "has a kind before the name, and one came before");
			return EXIT_USAGE;
		}
		if (name)
			code = get_slashed(a->operands[i], name, &kind);
		if (!code && g->kind && kind != g->kind) {
			say("'%s' is of another kind than '%s': one kind at a time", a->operands[i],
			    a->operands[0]);
			return EXIT_USAGE;
		}
		g->kind = kind;
		if (!code && listing_add_name(&g->list, name ? name + 1 : a->operands[i]))
			code = say_enomem();
	}
	return code;
}

static int get_arguments(struct getting *g)
{
	const struct arguments *a = &g->args;
	const char *format = a->value[OPT_OUTPUT_LIST];
	int code;

	g->list = (struct listing){
		.ns = a->given[OPT_ALL_NAMESPACES] ? NULL :
		      a->given[OPT_NAMESPACE]      ? a->value[OPT_NAMESPACE] :
						     "default",
		.wide = format && strcmp(format, "wide") == 0,
		.json = format && strcmp(format, "json") == 0,
		.now = age_now(),
	};
	code = get_operands(g);
	if (code)
		return code;
	if (a->given[OPT_ALL_NAMESPACES] && g->list.nnames) {
		say("a name is looked for in one namespace: -A and '%s' do not go together",
		    g->list.names[0].name);
		return EXIT_USAGE;
	}
	if (a->given[OPT_ALL_NAMESPACES] && a->given[OPT_NAMESPACE]) {
		say("-A and -n exclude each other; see 'svcrules help get'");
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

/* ---- The end ------------------------------------------------------------------------ */

/* Says what was not found, on standard error. Returns an exit code. */
static int get_missed(const struct getting *g, const struct listed_name *n)
{
	const struct listing *l = &g->list;
	const char *where = g->args.nfiles ? "" : " in the kernel's rules";

	if (n->found)
		return EXIT_DONE;
	if (n->elsewhere)
		say("no %s %s/%s%s, but %s/%s: -n %s", g->kind->noun, l->ns, n->name, where,
		    n->elsewhere, n->name, n->elsewhere);
	else if (n->near)
		say("no %s %s/%s%s, did you mean '%s'?", g->kind->noun, l->ns, n->name, where,
		    n->near);
	else
		say("no %s %s/%s%s", g->kind->noun, l->ns, n->name, where);
	return EXIT_DIFFERS;
}

/* Says that there is nothing, as kubectl does. */
static void get_nothing(const struct listing *l)
{
	if (l->nnames)
		say("service %s/%s has no endpoint", l->ns, l->names[0].name);
	else
		fprintf(stderr, "No resources found%s%s%s\n", l->ns ? " in " : "",
			l->ns ? l->ns : "", l->ns ? " namespace." : "");
}

static int get_end(const struct getting *g, int err)
{
	const struct listing *l = &g->list;
	int code = EXIT_DONE;

	if (err || l->failed)
		return say_enomem();
	if (fflush(stdout) == 0)
		for (size_t i = 0; i < l->nnames; i++)
			code |= get_missed(g, &l->names[i]);
	if (!l->shown && !code)
		get_nothing(l);
	return code;
}

/* ---- From the input ------------------------------------------------------------------- */

static int get_build(void *arg, const struct svcrules_model *m, struct svcrules_diags *d)
{
	struct getting *g = arg;
	int err = g->kind->input ? svcrules_services_new(m, g->settings, d, &g->services) :
				   svcrules_policies_new(m, g->settings, &g->policies);

	return err ? say_enomem() : EXIT_DONE;
}

static int get_print(void *arg, const struct svcrules_model *m)
{
	struct getting *g = arg;

	(void)m;
	return get_end(g, g->kind->input ? g->kind->input(&g->list, g->services) :
					   list_policies(&g->list, g->policies));
}

static int get_files(struct getting *g)
{
	const struct input_use use = { get_build, get_print, g };
	struct files files = { .n = 0 };
	int code = svcrules_options_set(g->settings, "explain", NULL, NULL) ? say_enomem() :
									      EXIT_DONE;

	if (!code && !g->kind->input &&
	    svcrules_options_set(g->settings, "network-policy", NULL, NULL))
		code = say_enomem();
	if (!code)
		code = input_open(&g->args, g->args.files, g->args.nfiles, false, &files);
	privilege_drop(false);
	if (!code)
		code = input_use(&g->args, &files, g->settings, false,
				 svcrules_model_new(NULL, g->settings), &use);
	files_close(&files);
	svcrules_services_free(g->services);
	svcrules_policies_free(g->policies);
	return code;
}

/* ---- From the kernel -------------------------------------------------------------------- */

static int get_kernel(struct getting *g)
{
	struct svcrules_installed *k = NULL;
	struct svcrules_ruleset *have = NULL;
	struct session s;
	int code, err;

	privilege_drop(true);
	code = session_open(&s, g->settings);
	if (code) {
		findings_print(&s, false);
		say("'get -f FILE' reads the input instead, and needs neither root nor the kernel");
	}
	if (!code)
		code = installed_read(&s, g->settings, &have);
	findings_print(&s, false);
	session_close(&s);
	if (code)
		return code;
	if (!have) {
		say("there are no tables '%s' of svcrules in this network namespace; --table names "
		    "others, and 'get -f FILE' reads the input instead",
		    svcrules_options_get(g->settings, "table"));
		return EXIT_DIFFERS;
	}
	err = svcrules_installed_new(have, &k);
	code = get_end(g, err ? err : g->kind->kernel(&g->list, k));
	svcrules_installed_free(k);
	svcrules_ruleset_free(have);
	return code;
}

static int get_run(const struct arguments *a)
{
	struct getting g = { .args = *a };
	int code = get_arguments(&g);

	g.args.given[OPT_ALLOW_EMPTY] = g.args.given[OPT_QUIET] = true;
	if (!code)
		code = input_settings(a, &g.settings);
	if (code) {
		listing_release(&g.list);
		return code;
	}
	code = a->nfiles ? get_files(&g) : get_kernel(&g);
	listing_release(&g.list);
	svcrules_options_free(g.settings);
	return code;
}

const struct command command_get = {
	.name = "get",
	.synopsis = "[services|endpoints|policies] [NAME]... [-f FILE]... [OPTION...]",
	.summary = "list services, endpoints or network policies of this node",
	.about = "Lists what FILE has or, without -f, what the kernel's rules serve, of which\n"
		 "names, addresses and ports are known. '-o wide' counts endpoints on this node,\n"
		 "ready ones and all, or says why a service has none; of endpoints it lists each.\n"
		 "Exit status: 0 done, 1 no object of that name, above 1 error.\n",
	.options = (const struct option_group *const[]){ &input_options, &get_options,
							 &get_node_options, &table_options,
							 &family_options, &help_options, NULL },
	.operands = true,
	.words = "services endpoints policies",
	.run = get_run,
};
