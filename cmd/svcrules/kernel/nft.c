/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/nft.h"
#include "exit.h"
#include "kernel/cleanup.h"
#include "kernel/read.h"
#include "kernel/refused.h"
#include "kernel/tables.h"
#include "kernel/watch.h"
#include "netlink/nfnetlink.h"
#include "netlink/transaction.h"
#include "progress.h"
#include "stream.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 10

enum { AGAIN = -1 }; /* instead of an exit code: the kernel's rules moved */

/* ---- Questions to the kernel -------------------------------------------- */

static bool nft_table_exists(struct session *s, uint8_t family, const char *table)
{
	return nfnetlink_table(s->netfilter, family, table, NULL, NULL) == 0;
}

bool nft_unchanged(struct session *s, uint32_t generation, const char *table, bool ipv4, bool ipv6)
{
	uint32_t now;

	if (transaction_genid(s->netfilter, &now) < 0 || now != generation)
		return false;
	return (!ipv4 || nft_table_exists(s, NFPROTO_IPV4, table)) &&
	       (!ipv6 || nft_table_exists(s, NFPROTO_IPV6, table));
}

static bool nft_same_as_left(struct session *s, const char *table,
			     const struct svcrules_stats *last)
{
	return nft_unchanged(s, last->generation, table, last->ipv4, last->ipv6);
}

bool nft_has_table(struct session *s, const char *table)
{
	return nft_table_exists(s, NFPROTO_IPV4, table) || nft_table_exists(s, NFPROTO_IPV6, table);
}

/* ---- Reading and comparing ---------------------------------------------- */

static int nft_start(struct transition *t)
{
	if (t->nft)
		return EXIT_DONE;
	t->nft = calloc(1, sizeof(*t->nft));
	if (t->nft)
		t->nft->want = svcrules_ruleset_only(t->want, 0);
	return t->nft && t->nft->want ? EXIT_DONE : session_no_memory(t->session);
}

static void nft_know(struct transition *t, struct svcrules_ruleset *known, uint32_t generation)
{
	t->nft->known = known;
	t->nft->known_generation = generation;
	t->nft->known_settled = true;
}

static void nft_forget_reading(struct nft_state *n)
{
	svcrules_changes_free(n->changes);
	if (n->before != n->first)
		svcrules_ruleset_free(n->before);
	n->changes = NULL;
	n->before = NULL;
}

static void nft_release(struct transition *t)
{
	struct nft_state *n = t->nft;

	if (!n)
		return;
	nft_forget_reading(n);
	svcrules_ruleset_free(n->first);
	svcrules_ruleset_free(n->known);
	svcrules_ruleset_free(n->want);
	free(n);
	t->nft = NULL;
}

/* Uses the rules that are known, if the generation proves that the kernel still has them. */
static bool nft_recall(struct session *s, struct nft_state *n)
{
	struct svcrules_stats known;

	if (n->known)
		svcrules_ruleset_stats(n->known, &known);
	n->proved = n->known &&
		    nft_unchanged(s, n->known_generation, known.table, known.ipv4, known.ipv6);
	if (n->proved) {
		n->before = n->known;
		n->generation = n->known_generation;
	} else {
		svcrules_ruleset_free(n->known);
	}
	n->known = NULL;
	return n->proved;
}

static int nft_read(struct session *s, struct nft_state *n)
{
	struct svcrules_stats stats;
	int code = kernel_read_own(s, n->want, &n->before);

	if (code)
		return code;
	svcrules_ruleset_stats(n->before, &stats);
	n->generation = stats.generation;
	return EXIT_DONE;
}

/* Compares what the kernel has with what is wanted. */
static int nft_compare(struct session *s, struct nft_state *n)
{
	int code = EXIT_DONE, err;

	nft_forget_reading(n);
	if (!nft_recall(s, n))
		code = nft_read(s, n);
	if (code)
		return code;
	n->commits = transaction_commits(s->netfilter);
	if (!n->first) {
		n->first = n->before;
		n->first_proved = n->proved;
	}
	if (n->keep && svcrules_keep_removed(n->want, n->before, &n->kept))
		return session_no_memory(s);
	progress_begin(progress_comparing, 0);
	err = svcrules_diff(n->before, n->want, &n->changes);
	progress_end();
	return err ? session_no_memory(s) : EXIT_DONE;
}

/* ---- Changing ----------------------------------------------------------- */

/*
 * Counts what was sent. The first transaction changes services and is what the summary is about;
 * a second one only forgets what was removed.
 */
static int nft_count_sent(struct session *s, struct nft_state *n, size_t messages)
{
	int err = n->messages ? 0 : svcrules_changes_stats(n->changes, &n->sent);

	n->messages += messages;
	return err ? session_no_memory(s) : EXIT_DONE;
}

/* What the answer to a transaction means. */
static int nft_outcome(struct session *s, struct nft_state *n, const struct refused *r)
{
	int err = r->err;
	/* with answers lost, the changes may be made or not: the next reading shows which */
	bool lost = err == -ENOBUFS && r->n == 0;
	int code;

	if (err == -ERESTART) {
		watch_begin(s);
		return AGAIN;
	}
	if (!err || lost) {
		code = nft_count_sent(s, n, r->messages);
		return code ? code : lost ? AGAIN : EXIT_DONE;
	}
	if (n->proved && err != -EPERM)
		return AGAIN;                    /* what was known was wrong after all: read */
	if (err == -ENOENT && !n->tried_again) { /* an element's time was over before the change */
		n->tried_again = true;
		return AGAIN;
	}
	return refused_find(s, n->changes, true, r);
}

static int nft_send(struct session *s, struct nft_state *n, bool commit)
{
	struct refused r;
	int code = refused_send(s, n->changes, SVCRULES_ADD, commit, &n->generation,
				n->proved ? NULL : n->before, &r);

	return code ? code : nft_outcome(s, n, &r);
}

/*
 * Brings the kernel's rules to what is wanted or, unless `commit`, asks whether it would accept
 * that.
 */
static int nft_converge(struct transition *t, bool commit)
{
	struct session *s = t->session;
	struct nft_state *n = t->nft;

	for (int i = 0; i < TRIES_MAX; i++) {
		int code = nft_compare(s, n);

		if (!code && t->judge)
			code = t->judge(n->changes, t->judge_arg);
		if (!code && !svcrules_changes_empty(n->changes))
			code = nft_send(s, n, commit);
		if (code != AGAIN)
			return code;
	}
	return session_failed(s, "change the kernel's rules", -ERESTART);
}

static int nft_sent(struct transition *t, int code)
{
	t->sent = t->nft->sent;
	t->messages = t->nft->messages;
	t->proved = t->nft->first_proved;
	return code;
}

static int nft_check(struct transition *t)
{
	return nft_sent(t, nft_converge(t, false));
}

static int nft_make(struct transition *t, size_t part, enum svcrules_stage stage, bool *ret_stop)
{
	int code = EXIT_DONE;

	(void)part;
	if (stage != SVCRULES_ADD)
		return code;
	t->nft->keep = true;
	code = nft_sent(t, nft_converge(t, true));
	*ret_stop = code != EXIT_DONE;
	return code;
}

/* The generation after `n` more commits: it counts up and is never 0 (nf_tables_commit()). */
static uint32_t generation_after(uint32_t generation, size_t n)
{
	for (; n > 0; n--)
		if (++generation == 0)
			generation = 1;
	return generation;
}

static bool nft_settled(struct transition *t, uint32_t *ret_generation)
{
	struct netlink *nl = t->session->netfilter;
	const struct nft_state *n = t->nft;
	uint32_t now;

	if (transaction_genid(nl, &now) < 0 ||
	    now != generation_after(n->generation, transaction_commits(nl) - n->commits))
		return false;
	*ret_generation = now;
	return true;
}

/* ---- What the rules before left behind ---------------------------------- */

/* Keeps a copy of what is wanted as what the kernel is known to have; without memory none. */
static void nft_know_wanted(struct transition *t)
{
	struct nft_state *n = t->nft;
	char *bytes = NULL;
	size_t len;
	FILE *f = nft_settled(t, &n->known_generation) ? open_memstream(&bytes, &len) : NULL;
	int err;

	if (!f)
		return;
	err = svcrules_pack(n->want, stream_append, f);
	if (stream_end(f, &bytes))
		return;
	if (!err && svcrules_unpack(n->want, bytes, len, &n->known))
		n->known = NULL;
	free(bytes);
}

/* Makes the kernel forget clients and flows of endpoints that are gone. */
static int nft_finish(struct transition *t)
{
	struct session *s = t->session;
	struct nft_state *n = t->nft;
	bool settled = n->proved && n->known_settled;
	const struct cleanup_rules rules = { .now = t->successor ? t->successor : t->want,
					     .before = n->first,
					     .retired = t->successor != NULL,
					     .unsettled = !settled };
	int code;

	if (settled && !n->messages)
		return EXIT_DONE; /* the run before cleaned up, too */
	code = cleanup_clients(s, t->want);
	if (!code)
		code = cleanup_flows(s, &rules, &t->flows);
	if (code || !n->kept)
		return code;
	nft_know_wanted(t);
	n->keep = false;
	svcrules_forget_removed(n->want);
	return nft_sent(t, nft_converge(t, true));
}

/* ---- Another target serves now ------------------------------------------ */

static bool nft_in_use(struct session *s, const struct svcrules_ruleset *like, bool any_table)
{
	struct svcrules_ruleset *found = NULL;
	struct svcrules_stats stats;
	uint8_t family;
	bool any;

	svcrules_ruleset_stats(like, &stats);
	if (kernel_find(s, stats.target->name, any_table ? NULL : stats.table, &found))
		return true; /* the error shows when it is read */
	any = svcrules_ruleset_table(found, 0, &family);
	svcrules_ruleset_free(found);
	return any;
}

/*
 * The rules first, so that the other target alone serves; then flows of services that these
 * tables had and `now` has not, while the maps still show which; then the tables.
 */
static int nft_retire(struct transition *t, const struct svcrules_ruleset *now, bool *ret_left)
{
	struct session *s = t->session;
	struct svcrules_ruleset *old = NULL;
	struct tables_choice choice;
	struct svcrules_stats stats;
	int code;

	svcrules_ruleset_stats(t->want, &stats);
	choice = (struct tables_choice){ .target = stats.target->name, .name = stats.table };
	*ret_left = false;
	code = tables_stop(s, &choice);
	if (!code)
		code = kernel_read(s, t->want, &old);
	if (!code)
		code = cleanup_flows(s, &(struct cleanup_rules){ .now = now, .before = old },
				     &t->flows);
	svcrules_ruleset_free(old);
	return code ? code : tables_delete(s, &choice, NULL, NULL);
}

const struct driver driver_nft = {
	.kind = "nft",
	.reading = "read the kernel's rules",
	.reads_itself = true,
	.start = nft_start,
	.release = nft_release,
	.check = nft_check,
	.make = nft_make,
	.finish = nft_finish,
	.settled = nft_settled,
	.unchanged = nft_same_as_left,
	.know = nft_know,
	.in_use = nft_in_use,
	.retire = nft_retire,
};
