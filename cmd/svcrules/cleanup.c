/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cleanup.h"
#include "command.h"
#include "kernel/conntrack.h"
#include "kernel.h"
#include "say.h"
#include "svcrules.h"

#include <arpa/inet.h>
#include <errno.h>

#define ROUNDS_MAX 3 /* that forgot something: packets on their way may be remembered after the first */
#define TRIES_MAX 20 /* all told, those included that met an entry as it expired */

struct forgetting {
	const struct svcrules_nft *now;
	void *buf;
	size_t len, messages;
};

static int take(const struct nlmsghdr *nlh, void *arg)
{
	struct forgetting *f = arg;

	return svcrules_nft_affinity(f->now, nlh, &f->buf, &f->len, &f->messages);
}

/* One round: 1 if something was forgotten, 0 if there was nothing, or a negative errno. */
static int forget(struct netlink *n, const struct svcrules_nft *now, const char *table, uint8_t family)
{
	struct forgetting f = { .now = now };
	struct transaction_error error;
	size_t nerrors = 0;
	int err = kernel_elements(n, family, table, SVCRULES_NFT_AFFINITY, take, &f);

	if (!err && f.messages) {
		err = transaction_send(n, f.buf, f.len, true, 0, f.messages, &error, 1, &nerrors, NULL);
		/* Expired since the dump: all was refused, so read again. */
		if (err == -ENOENT || err == -ENOBUFS || err == -EEXIST)
			err = -EINTR;
	} else if (err == -ENOENT) {
		err = 0; /* no such map, so nothing remembered */
	}
	free(f.buf);
	return err ? err : f.messages > 0;
}

static int forget_all(struct netlink *n, const struct svcrules_nft *now, const char *table, uint8_t family)
{
	int rounds = 0, err = 0;

	for (int i = 0; i < TRIES_MAX && rounds < ROUNDS_MAX; i++) {
		err = forget(n, now, table, family);
		if (err == 0 || (err < 0 && err != -EINTR && err != -ERESTART))
			return err;
		rounds += err > 0;
	}
	return err < 0 ? err : 0;
}

int cleanup_affinity(struct netlink *n, const struct svcrules_nft *now, const char *table)
{
	for (size_t i = 0; i < KERNEL_FAMILIES; i++) {
		int err;

		if (!svcrules_nft_has_affinity(now, kernel_families[i]))
			continue;
		err = forget_all(n, now, table, kernel_families[i]);
		if (err)
			return kernel_failed("forget clients of endpoints that are gone", err);
	}
	return EXIT_DONE;
}

static bool is_stale(const struct ct_flow *f, void *arg)
{
	const struct cleanup_rules *r = arg;

	if (r->retired && f->translated) /* by nftables, which goes on */
		return false;
	if (r->ipvs)
		return svcrules_ipvs_flow_stale(r->ipvs, r->before, f->family, f->orig_src, f->orig_dst, f->orig_dport,
						f->reply_src, f->reply_sport);
	return svcrules_nft_flow_stale(r->now, r->before, f->family, f->orig_src, f->orig_dst, f->orig_dport,
				       f->reply_src, f->reply_sport);
}

static void flow_print(const struct ct_flow *f, void *arg)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], reply[INET6_ADDRSTRLEN];
	bool v6 = f->family == AF_INET6;
	const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";

	(void)arg;
	inet_ntop(f->family, f->orig_src, src, sizeof(src));
	inet_ntop(f->family, f->orig_dst, dst, sizeof(dst));
	inet_ntop(f->family, f->reply_src, reply, sizeof(reply));
	printf("would delete UDP flow %s%s%s:%u -> %s%s%s:%u, answered by %s%s%s:%u\n", open, src, close,
	       f->orig_sport, open, dst, close, f->orig_dport, open, reply, close, f->reply_sport);
}

int cleanup_udp(const struct cleanup_rules *rules, bool dry_run, size_t *count)
{
	struct cleanup_rules r = *rules;

	*count = 0;
	for (size_t i = 0; i < KERNEL_FAMILIES; i++) {
		uint8_t family = kernel_families[i]; /* NFPROTO_IPV4 is AF_INET, and so on */
		size_t n = 0;
		int err;

		if (!svcrules_nft_has_udp(r.now, family) && !svcrules_nft_has_udp(r.before, family))
			continue;
		err = conntrack_clean_udp(family, is_stale, &r, dry_run, dry_run ? flow_print : NULL, NULL, &n);
		*count += n;
		if (err == -EOPNOTSUPP)
			say("warning: this kernel has no ctnetlink: UDP flows to endpoints that are gone stay");
		else if (err)
			return kernel_failed("delete stale UDP flows", err);
	}
	return EXIT_DONE;
}
