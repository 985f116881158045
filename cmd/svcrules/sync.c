/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sync.h"
#include "cleanup.h"
#include "command.h"
#include "kernel.h"
#include "say.h"

#include <errno.h>
#include <linux/netfilter.h>

#define TRIES_MAX 10
#define REFUSALS_MAX 20 /* told; more say nothing new */

enum { AGAIN = -1 }; /* instead of an exit code: the kernel's rules moved */

static void forget_reading(struct sync *s)
{
	svcrules_changes_free(s->changes);
	if (s->before != s->first)
		svcrules_nft_free(s->before);
	s->changes = NULL;
	s->before = NULL;
}

/* The rules known already, if the generation proves that the kernel still has them. */
static bool recall(struct sync *s)
{
	const struct svcrules_nft *k = s->known;

	s->proved = k && kernel_unchanged(s->nl, s->known_genid, s->table, svcrules_nft_has_table(k, NFPROTO_IPV4),
					  svcrules_nft_has_table(k, NFPROTO_IPV6));
	if (s->proved) {
		s->before = s->known;
		s->genid = s->known_genid;
	} else {
		svcrules_nft_free(s->known);
	}
	s->known = NULL;
	return s->proved;
}

int sync_compare(struct sync *s)
{
	int code;

	forget_reading(s);
	code = recall(s) ? EXIT_DONE : kernel_read_own(s->nl, s->table, &s->before, &s->genid);
	if (code)
		return code;
	s->commits = transaction_commits(s->nl);
	if (!s->first)
		s->first = s->before;
	if (s->keep && svcrules_nft_keep_removed(s->wanted, s->before, &s->kept))
		return say_enomem();
	return svcrules_nft_diff(s->before, s->wanted, &s->changes) ? say_enomem() : EXIT_DONE;
}

static int send_changes(struct sync *s, bool commit)
{
	struct transaction_error errors[REFUSALS_MAX];
	size_t len, messages, nerrors = 0;
	void *buf;
	int err = svcrules_changes_encode(s->changes, &buf, &len, &messages);

	if (err)
		return say_enomem();
	err = transaction_send(s->nl, buf, len, commit, s->genid, messages, errors, REFUSALS_MAX, &nerrors, NULL);
	free(buf);
	if (err == -ERESTART)
		return AGAIN;
	/* With answers lost, the changes may be made or not: the next reading tells. */
	if (!err || (err == -ENOBUFS && nerrors == 0)) {
		if (!s->messages) /* the first are the services'; forgetting what was removed comes after */
			svcrules_changes_stats(s->changes, &s->stats);
		s->messages += messages;
	}
	if (err == -ENOBUFS && nerrors == 0)
		return AGAIN;
	if (err && s->proved && err != -EPERM)
		return AGAIN; /* what was known was wrong after all: read */
	if (err == -ENOENT && s->ipvs && !s->expired) { /* an element's time was over before the change */
		s->expired = true;
		return AGAIN;
	}
	return err ? kernel_refused(s->changes, err, errors, nerrors) : EXIT_DONE;
}

/* Brings the kernel's rules to what is wanted, or with `commit` false asks whether they could be. */
static int synchronize(struct sync *s, bool commit)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		int code = sync_compare(s);

		if (!code && !svcrules_changes_empty(s->changes))
			code = send_changes(s, commit);
		if (code != AGAIN)
			return code;
	}
	return kernel_failed("change the kernel's rules", -ERESTART);
}

int sync_check(struct sync *s)
{
	return synchronize(s, false);
}

static int append(void *arg, const char *buf, size_t len)
{
	return fwrite(buf, 1, len, arg) == len ? 0 : -ENOMEM;
}

/* A copy of what is wanted, as what the kernel is known to have. Without memory it is read instead. */
static void know_wanted(struct sync *s)
{
	char *bytes = NULL;
	size_t len;
	FILE *f = sync_settled(s, &s->known_genid) ? open_memstream(&bytes, &len) : NULL;
	int err;

	if (!f)
		return;
	err = svcrules_nft_pack(s->wanted, append, f);
	if (fclose(f) == 0 && !err && svcrules_nft_unpack(bytes, len, &s->known))
		s->known = NULL;
	free(bytes);
}

/* What the rules before have left behind: remembered clients, flows, and what was kept to find them. */
static int clean(struct sync *s)
{
	int code = cleanup_affinity(s->nl, s->wanted, s->table);

	if (!code)
		code = cleanup_udp(&(struct cleanup_rules){ s->wanted, s->first, s->ipvs, s->retire }, false, &s->flows);
	if (code || !s->kept)
		return code;
	know_wanted(s);
	s->keep = false;
	svcrules_nft_forget_removed(s->wanted);
	return synchronize(s, true);
}

int sync_make(struct sync *s)
{
	int code, then;

	s->keep = true;
	code = synchronize(s, true);
	if (code || (s->proved && !s->messages)) /* then clients and flows were looked after, too */
		return code;
	then = s->then ? s->then(s->arg) : EXIT_DONE; /* what it could not do is no reason to leave the rest undone */
	code = clean(s);
	return then ? then : code;
}

/* The generation after `n` more commits: it counts up and is never 0 (nf_tables_commit()). */
static uint32_t generation_after(uint32_t genid, size_t n)
{
	for (; n > 0; n--)
		if (++genid == 0)
			genid = 1;
	return genid;
}

bool sync_settled(struct sync *s, uint32_t *ret_genid)
{
	uint32_t now;

	if (transaction_genid(s->nl, &now) < 0 || now != generation_after(s->genid, transaction_commits(s->nl) - s->commits))
		return false;
	*ret_genid = now;
	return true;
}

void sync_release(struct sync *s)
{
	forget_reading(s);
	svcrules_nft_free(s->first);
	svcrules_nft_free(s->known);
}
