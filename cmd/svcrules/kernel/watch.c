/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/watch.h"
#include "netlink/notify.h"
#include "netlink/transaction.h"

void watch_begin(struct session *s)
{
	int err;

	if (!s->watch)
		s->watch = notify_open(&err);
	if (s->watch)
		watch_restart(s);
}

bool watch_active(const struct session *s)
{
	return s->watch;
}

void watch_restart(struct session *s)
{
	s->watch_changed = false;
	if (!s->watch)
		return;
	notify_discard(s->watch);
	/* later generations are made after this, so that their notifications are still to come */
	if (transaction_genid(s->netfilter, &s->watch_generation) < 0)
		s->watch_changed = true;
}

struct watched {
	struct session *session;
	const struct svcrules_ruleset *rs;
};

static int watch_message(const struct nlmsghdr *nlh, void *arg)
{
	const struct watched *w = arg;

	if (svcrules_ruleset_concerned(w->rs, nlh))
		w->session->watch_changed = true;
	return 0;
}

/*
 * The kernel counts the generation before a transaction takes effect, and notifies after that:
 * so whatever was read in a generation was changed only by transactions whose notifications come
 * before the notification of that generation.
 */
bool watch_unchanged(struct session *s, const struct svcrules_ruleset *rs, uint32_t *ret_generation)
{
	struct watched w = { s, rs };
	uint32_t now;

	if (!s->watch || s->watch_changed || transaction_genid(s->netfilter, &now) < 0)
		return false;
	if (now != s->watch_generation && notify_read(s->watch, now, watch_message, &w) < 0)
		s->watch_changed = true;
	if (s->watch_changed)
		return false;
	s->watch_generation = now;
	*ret_generation = now;
	return true;
}
