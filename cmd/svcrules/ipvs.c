/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs.h"
#include "command.h"
#include "kernel.h"
#include "say.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ip_vs.h>
#include <sys/socket.h>
#include <unistd.h>

#define READS_MAX 20
#define REFUSALS_MAX 20 /* told; more say nothing new */

void ipvs_kernel_release(struct ipvs_kernel *k)
{
	svcrules_ipvs_free(k->have);
	svcrules_nft_free(k->table_now);
	link_release(&k->dummy);
	generic_close(k->genl);
	*k = (struct ipvs_kernel){ .nl = k->nl, .optional = k->optional, .any_owner = k->any_owner };
}

static int open_genl(struct ipvs_kernel *k)
{
	int err = 0;

	if (!k->genl)
		k->genl = generic_open(IPVS_GENL_NAME, &err);
	if (k->genl)
		return EXIT_DONE;
	if (err != -ENOENT && err != -EPROTONOSUPPORT)
		return kernel_failed("reach IPVS", err);
	if (k->optional)
		return EXIT_DONE;
	say("this kernel has no IPVS, or may not load it here: module ip_vs (CONFIG_IP_VS); try 'modprobe ip_vs'");
	return EXIT_KERNEL;
}

static int read_interface(struct ipvs_kernel *k, const char *table)
{
	int err = link_read(&k->dummy);

	if (err)
		return kernel_failed("read the interface " LINK_NAME, err);
	if (k->dummy.foreign) {
		say("the interface %s was not made by svcrules and is left alone: rename or delete it", LINK_NAME);
		return EXIT_KERNEL;
	}
	if (!k->any_owner && *k->dummy.owner && strcmp(k->dummy.owner, table) != 0) {
		say("the interface %s belongs to the table %s of another --table: only one can use IPVS here", LINK_NAME,
		    k->dummy.owner);
		return EXIT_KERNEL;
	}
	return EXIT_DONE;
}

/* An interface that is down serves nothing: its addresses are added again, which does no harm. */
static int decode_addresses(struct ipvs_kernel *k)
{
	int err = 0;

	for (size_t i = 0; i < k->dummy.count && k->dummy.up && !err; i++)
		if (k->dummy.addresses[i].prefix == (k->dummy.addresses[i].family == AF_INET ? 32 : 128))
			err = svcrules_ipvs_decode_address(k->have, k->dummy.addresses[i].family,
							   k->dummy.addresses[i].addr);
	return err;
}

struct real_of {
	struct svcrules_ipvs *have;
	size_t i;
};

static int decode_server(const struct nlmsghdr *nlh, void *arg)
{
	return svcrules_ipvs_decode(arg, nlh);
}

static int decode_real(const struct nlmsghdr *nlh, void *arg)
{
	struct real_of *r = arg;

	return svcrules_ipvs_decode_real(r->have, r->i, nlh);
}

/* What a dump skipped: only ever some, when another namespace's change moved the kernel's list. */
static int read_missing(struct ipvs_kernel *k)
{
	char request[SVCRULES_IPVS_REQUEST_SIZE] __attribute__((aligned(8)));
	size_t at = 0;
	int err = 0;

	while (!err && svcrules_ipvs_ask_missing(k->have, &at, generic_id(k->genl), request)) {
		err = generic_ask(k->genl, request, decode_server, k->have);
		if (!err)
			err = svcrules_ipvs_own(k->have);
		else if (err == -ESRCH) /* gone indeed */
			err = 0;
	}
	return err;
}

static int read_reals(struct ipvs_kernel *k)
{
	char request[SVCRULES_IPVS_REQUEST_SIZE] __attribute__((aligned(8)));
	struct real_of r = { .have = k->have };
	int err = 0;

	for (; !err && svcrules_ipvs_ask_real(k->have, r.i, generic_id(k->genl), request); r.i++) {
		err = generic_dump(k->genl, request, decode_real, &r);
		if (err == -ESRCH) /* gone since the dump of all */
			err = -EINTR;
	}
	return err ? err : svcrules_ipvs_decode_end(k->have);
}

static int read_servers(struct ipvs_kernel *k)
{
	char request[SVCRULES_IPVS_REQUEST_SIZE] __attribute__((aligned(8)));
	int err;

	svcrules_ipvs_ask(generic_id(k->genl), request);
	err = generic_dump(k->genl, request, decode_server, k->have);
	if (!err)
		err = svcrules_ipvs_own(k->have);
	if (!err)
		err = read_missing(k);
	return err ? err : read_reals(k);
}

static int read_once(struct ipvs_kernel *k)
{
	int err;

	svcrules_ipvs_free(k->have);
	k->have = svcrules_ipvs_new(k->table_now);
	err = k->have ? decode_addresses(k) : -ENOMEM;
	if (err)
		return err;
	return k->genl ? read_servers(k) : svcrules_ipvs_decode_end(k->have);
}

int ipvs_read(struct ipvs_kernel *k, const char *table)
{
	uint32_t genid;
	int code = open_genl(k), err = -EINTR;

	if (!code)
		code = read_interface(k, table);
	if (!code)
		code = kernel_read_own(k->nl, k->any_owner && *k->dummy.owner ? k->dummy.owner : table, &k->table_now,
				       &genid);
	if (code)
		return code;
	for (int i = 0; i < READS_MAX && (err == -EINTR || err == -ENOBUFS); i++)
		err = read_once(k);
	if (err != -EINTR)
		return err ? kernel_failed("read the virtual servers", err) : EXIT_DONE;
	say("cannot read the virtual servers: another program keeps changing IPVS, here or in another namespace; try again");
	return EXIT_KERNEL;
}

bool ipvs_traces(const struct ipvs_kernel *k, const char *table)
{
	struct link_state d;
	bool found = k->any_owner && access("/proc/net/ip_vs", F_OK) == 0; /* then asking loads nothing */

	if (link_read(&d) == 0) {
		found = found || (d.present && !d.foreign && (k->any_owner || !*d.owner || strcmp(d.owner, table) == 0));
		link_release(&d);
	}
	return found || kernel_has_table(k->nl, table);
}

int ipvs_conflicts(const struct ipvs_kernel *k, const struct svcrules_ipvs *wanted)
{
	size_t i = 0;
	char *text;

	for (; i < REFUSALS_MAX && (text = svcrules_ipvs_conflict(k->have, wanted, i)); i++) {
		say("%s: IPVS has a virtual server there that svcrules did not make", text);
		free(text);
	}
	if (i)
		say("nothing was changed; kube-proxy's are removed by 'kube-proxy --cleanup', others by 'ipvsadm -D'");
	return i ? EXIT_KERNEL : EXIT_DONE;
}

/* ---- Changes ----------------------------------------------------------- */

int ipvs_compare(const struct svcrules_ipvs *from, struct svcrules_ipvs *to, struct ipvs_changes *ret)
{
	struct ipvs_changes c = { NULL, NULL };

	if (svcrules_nft_diff(svcrules_ipvs_nft(from), svcrules_ipvs_nft(to), &c.nft) ||
	    svcrules_ipvs_diff(from, to, &c.ipvs)) {
		ipvs_changes_release(&c);
		return say_enomem();
	}
	*ret = c;
	return EXIT_DONE;
}

bool ipvs_changes_empty(const struct ipvs_changes *c)
{
	return svcrules_changes_empty(c->nft) && svcrules_ipvs_changes_empty(c->ipvs);
}

void ipvs_changes_release(struct ipvs_changes *c)
{
	svcrules_changes_free(c->nft);
	svcrules_ipvs_changes_free(c->ipvs);
	*c = (struct ipvs_changes){ NULL, NULL };
}

static int make_interface(const char *table)
{
	int err = link_make(table);

	if (err != -EOPNOTSUPP)
		return err ? kernel_failed("make the interface " LINK_NAME, err) : EXIT_DONE;
	say("cannot make the interface %s: this kernel has no dummy driver (module dummy, CONFIG_DUMMY)", LINK_NAME);
	return EXIT_KERNEL;
}

static size_t count_addresses(const struct svcrules_ipvs_changes *c, bool removals)
{
	uint8_t family;
	size_t n = 0;

	while (svcrules_ipvs_changes_address(c, removals, n, &family))
		n++;
	return n;
}

static int address_refused(bool removals, const struct link_address *a, int err)
{
	bool off = a->family == AF_INET6 && (err == -EACCES || err == -EOPNOTSUPP || err == -EAFNOSUPPORT);
	char text[INET6_ADDRSTRLEN], what[INET6_ADDRSTRLEN + sizeof("remove  from " LINK_NAME)];

	inet_ntop(a->family, a->addr, text, sizeof(text));
	snprintf(what, sizeof(what), "%s %s %s %s", removals ? "remove" : "add", text, removals ? "from" : "to", LINK_NAME);
	if (!off)
		return kernel_failed(what, err);
	say("cannot %s: IPv6 is off on this host (disable_ipv6); --family ipv4 leaves it out", what);
	return EXIT_KERNEL;
}

static int change_addresses(struct ipvs_kernel *k, const struct svcrules_ipvs_changes *c, bool removals)
{
	struct link_error errors[REFUSALS_MAX];
	size_t n = count_addresses(c, removals), nerrors = 0;
	struct link_address *v = calloc(n + 1, sizeof(*v));
	int err = 0, code = EXIT_DONE;

	if (!v)
		return say_enomem();
	for (size_t i = 0; i < n; i++) { /* NFPROTO_IPV4 is AF_INET, and so on */
		const uint8_t *addr = svcrules_ipvs_changes_address(c, removals, i, &v[i].family);

		v[i].prefix = v[i].family == AF_INET ? 32 : 128;
		memcpy(v[i].addr, addr, v[i].prefix / 8);
	}
	if (n)
		err = link_addresses(!removals, v, n, errors, REFUSALS_MAX, &nerrors);
	for (size_t i = 0; i < nerrors; i++)
		code = address_refused(removals, &v[errors[i].index], errors[i].err);
	if (err && !nerrors)
		code = kernel_failed("change the addresses of " LINK_NAME, err);
	free(v);
	k->messages += n;
	return code;
}

static bool is_consequence(const struct svcrules_ipvs_changes *c, bool removals, const struct generic_error *errors, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (svcrules_ipvs_changes_same_server(c, removals, errors[k].seq, errors[i].seq))
			return true;
	return false;
}

static int refusals_say(const struct svcrules_ipvs_changes *c, bool removals, const struct generic_error *errors, size_t n)
{
	int code = EXIT_DONE, told = 0;

	for (size_t i = 0; i < n; i++) {
		char *text;

		if (svcrules_ipvs_changes_harmless(c, removals, errors[i].seq, errors[i].err))
			continue;
		code = EXIT_KERNEL;
		if (told == REFUSALS_MAX || is_consequence(c, removals, errors, i))
			continue;
		told++;
		text = svcrules_ipvs_changes_describe(c, removals, errors[i].seq, errors[i].err);
		say("%s", text ? text : "a change of IPVS was refused");
		free(text);
	}
	return code;
}

static int send_stage(struct ipvs_kernel *k, const struct svcrules_ipvs_changes *c, bool removals)
{
	struct generic_error *errors;
	size_t len, messages, nerrors = 0;
	void *buf;
	int err, code;

	if (!k->genl) /* then there is no virtual server to remove */
		return EXIT_DONE;
	if (svcrules_ipvs_changes_encode(c, removals, generic_id(k->genl), &buf, &len, &messages))
		return say_enomem();
	errors = calloc(messages + 1, sizeof(*errors)); /* room for all: harmless ones must not hide another */
	err = errors ? 0 : -ENOMEM;
	if (!err && messages)
		err = generic_batch(k->genl, buf, len, messages, errors, messages, &nerrors);
	free(buf);
	k->messages += messages;
	code = refusals_say(c, removals, errors, nerrors);
	if (err && (nerrors == 0 || err != errors[0].err)) /* no refusal, but the sending */
		code = kernel_failed("change IPVS", err);
	free(errors);
	return code;
}

static int remove_interface(struct ipvs_kernel *k)
{
	int err = k->dummy.present ? link_delete() : 0;

	k->messages += k->dummy.present;
	return err ? kernel_failed("delete the interface " LINK_NAME, err) : EXIT_DONE;
}

static int first_of(int code, int next)
{
	return code ? code : next;
}

/* A change that is refused keeps none of the others from being made. */
static int make_changes(struct ipvs_kernel *k, const struct svcrules_ipvs_changes *c, const char *table, bool bound)
{
	int code = bound ? make_interface(table) : EXIT_DONE;

	if (code)
		return code;
	code = change_addresses(k, c, false);
	code = first_of(code, send_stage(k, c, false));
	code = first_of(code, send_stage(k, c, true));
	return first_of(code, bound ? change_addresses(k, c, true) : remove_interface(k));
}

int ipvs_make(struct ipvs_kernel *k, const struct svcrules_ipvs *wanted, const char *table)
{
	struct svcrules_ipvs_changes *c;
	int code = svcrules_ipvs_diff(k->have, wanted, &c) ? say_enomem() : EXIT_DONE;

	if (code)
		return code;
	code = make_changes(k, c, table, svcrules_ipvs_addresses(wanted) > 0);
	svcrules_ipvs_changes_free(c);
	return code;
}

int ipvs_remove(struct ipvs_kernel *k, size_t *ret_servers)
{
	struct svcrules_ipvs *nothing = svcrules_ipvs_new(k->table_now);
	int code = nothing ? ipvs_make(k, nothing, "") : say_enomem();

	if (!code)
		*ret_servers = svcrules_ipvs_servers(k->have);
	svcrules_ipvs_free(nothing);
	return code;
}
