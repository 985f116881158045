/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/tables.h"
#include "exit.h"
#include "kernel/cleanup.h"
#include "kernel/read.h"
#include "kernel/refused.h"
#include "netlink/transaction.h"
#include "state/last_run.h"
#include "state/state_dir.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 10

enum { AGAIN = -1 }; /* instead of an exit code: the tables changed meanwhile */

/* The tables found, and the changes that delete them. */
struct tables {
	struct svcrules_ruleset *found, *none;
	struct svcrules_changes *changes;
};

static void tables_release(struct tables *t)
{
	svcrules_changes_free(t->changes);
	svcrules_ruleset_free(t->found);
	svcrules_ruleset_free(t->none);
	*t = (struct tables){ NULL, NULL, NULL };
}

/* One transaction; `generation` 0: whatever it is. */
static int tables_send(struct session *s, const struct tables *t, enum svcrules_stage stage,
		       uint32_t generation)
{
	struct refused r;
	int code = refused_send(s, t->changes, stage, true, &generation, NULL, &r);

	if (code || !r.err)
		return code;
	if (r.err == -ERESTART || (r.err == -ENOBUFS && !r.n))
		return AGAIN;
	return refused_find(s, t->changes, false, &r);
}

static int tables_find(struct session *s, const struct tables_choice *choice, struct tables *t)
{
	int err = kernel_find(s, choice->target, choice->name, &t->found);

	*t = (struct tables){ .found = err ? NULL : t->found };
	if (!err)
		t->none = svcrules_ruleset_empty(t->found);
	if (!err && !t->none)
		err = -ENOMEM;
	return err ? err : svcrules_diff(t->found, t->none, &t->changes);
}

/* Deletes flows to services of the tables of one name. What cannot be read has none. */
static int tables_clean_one(struct session *s, const char *name, size_t *flows)
{
	struct svcrules_ruleset *like = svcrules_ruleset_new(svcrules_target_of_table(name)->name,
							     s->settings, name);
	struct svcrules_ruleset *only = like ? svcrules_ruleset_only(like, 0) : NULL;
	struct svcrules_ruleset *had = NULL, *none = NULL;
	int code = only ? EXIT_DONE : session_no_memory(s);

	if (!code && kernel_read(s, only, &had) == EXIT_DONE) {
		none = svcrules_ruleset_empty(had);
		code = none ? cleanup_flows(s,
					    &(struct cleanup_rules){ .now = none, .before = had },
					    flows) :
			      session_no_memory(s);
		svcrules_ruleset_free(had);
	}
	svcrules_ruleset_free(none);
	svcrules_ruleset_free(only);
	svcrules_ruleset_free(like);
	return code;
}

bool tables_of_policies(const char *name, size_t *ret_base)
{
	size_t len = strlen(name), end = strlen(SVCRULES_POLICY_SUFFIX);

	if (len <= end || strcmp(name + len - end, SVCRULES_POLICY_SUFFIX) != 0)
		return false;
	if (ret_base)
		*ret_base = len - end;
	return true;
}

static int tables_clean(struct session *s, const struct tables *t, size_t *flows)
{
	const char *name, *other;
	uint8_t family;
	int code = EXIT_DONE;

	for (size_t i = 0; !code && (name = svcrules_ruleset_table(t->found, i, &family)); i++) {
		/* with the table of the other family; and policies translate nothing */
		bool done = tables_of_policies(name, NULL);

		for (size_t k = 0; k < i; k++) {
			other = svcrules_ruleset_table(t->found, k, &family);
			done = done || strcmp(name, other) == 0;
		}
		if (!done)
			code = tables_clean_one(s, name, flows);
	}
	return code;
}

/*
 * Deletes the rules first, in a transaction of their own: see svcr_nft_encode_stop() in rules/nft
 * for the reason.
 */
static int tables_remove(struct session *s, const struct tables *t, uint32_t generation,
			 size_t *flows)
{
	int code = tables_send(s, t, SVCRULES_STOP, generation), err;

	if (!code && flows)
		code = tables_clean(s, t, flows);
	if (code)
		return code;
	err = transaction_genid(s->netfilter, &generation);
	return err ? session_failed(s, "read the kernel's tables", err) :
		     tables_send(s, t, SVCRULES_ADD, generation);
}

static void tables_report_family(const struct tables *t, uint8_t wanted, const char *word,
				 tables_deleted_fn deleted, void *arg)
{
	const char *name;
	uint8_t family;

	for (size_t i = 0; (name = svcrules_ruleset_table(t->found, i, &family)); i++)
		if (family == wanted)
			deleted(word, name, arg);
}

static void tables_report(const struct tables *t, tables_deleted_fn deleted, void *arg)
{
	tables_report_family(t, NFPROTO_IPV4, "ip", deleted, arg);
	tables_report_family(t, NFPROTO_IPV6, "ip6", deleted, arg);
}

static void tables_forget(const struct tables *t)
{
	const char *name;
	uint8_t family;

	for (size_t i = 0; (name = svcrules_ruleset_table(t->found, i, &family)); i++)
		last_run_forget(STATE_DIR, name);
}

/* One try. */
static int tables_try(struct session *s, const struct tables_choice *choice,
		      tables_deleted_fn deleted, void *arg)
{
	struct tables t = { NULL, NULL, NULL };
	uint32_t generation;
	int err = transaction_genid(s->netfilter, &generation), code = EXIT_DONE;

	if (!err)
		err = tables_find(s, choice, &t);
	if (err == -EINTR || err == -ENOBUFS)
		code = AGAIN;
	else if (err)
		code = session_failed(s, "read the kernel's tables", err);
	if (!code && choice->report_foreign)
		code = kernel_obstacles(s, t.found, t.none);
	if (!code && !choice->dry_run && !svcrules_changes_empty(t.changes))
		code = tables_remove(s, &t, generation, choice->flows);
	if (!code && !choice->dry_run)
		tables_forget(&t);
	if (!code && deleted)
		tables_report(&t, deleted, arg);
	tables_release(&t);
	return code;
}

int tables_delete(struct session *s, const struct tables_choice *choice, tables_deleted_fn deleted,
		  void *arg)
{
	int code = AGAIN;

	for (int i = 0; i < TRIES_MAX && code == AGAIN; i++)
		code = tables_try(s, choice, deleted, arg);
	return code == AGAIN ? session_failed(s, "delete tables", -EINTR) : code;
}

int tables_stop(struct session *s, const struct tables_choice *choice)
{
	struct tables t = { NULL, NULL, NULL };
	int err = tables_find(s, choice, &t), code = EXIT_DONE;

	if (err)
		code = session_failed(s, "read the kernel's tables", err);
	else if (!svcrules_changes_empty(t.changes))
		code = tables_send(s, &t, SVCRULES_STOP, 0);
	tables_release(&t);
	return code == AGAIN ? session_failed(s, "remove rules", -EINTR) : code;
}
