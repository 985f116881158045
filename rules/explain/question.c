/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/explain/question.h"
#include "diag.h"
#include "near.h"

#include <errno.h>

int svcr_explain_wrong(struct svcr_explain_asked *a, const char *option, int err, const char *fmt,
		       ...)
{
	struct svcrules_diag like = { .severity = SVCRULES_ERROR,
				      .check = "option",
				      .field = option };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	svcr_diag(a->d, &like, "%s", text);
	return err;
}

/* ---- Texts --------------------------------------------------------------- */

/* Splits "production/web" at its slash; false if one of both is empty or there are more. */
static bool split_name(const char *text, struct svcr_str *ns, struct svcr_str *name)
{
	const char *slash = strchr(text, '/');

	if (!slash || slash == text || !slash[1] || strchr(slash + 1, '/'))
		return false;
	*ns = (struct svcr_str){ text, (size_t)(slash - text) };
	*name = (struct svcr_str){ slash + 1, strlen(slash + 1) };
	return true;
}

static bool parse_number(const char *s, uint16_t *ret)
{
	uint32_t n = 0;

	for (; *s >= '0' && *s <= '9' && n < 65536; s++)
		n = n * 10 + (uint32_t)(*s - '0');
	*ret = (uint16_t)n;
	return !*s && n >= 1 && n < 65536;
}

/* Reads "10.96.0.10:80" or "[fd00::1]:80". */
static bool parse_place(const char *text, struct svcr_addr *addr, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	struct svcr_str s = { text, colon ? (size_t)(colon - text) : 0 };

	if (!colon || !parse_number(colon + 1, port))
		return false;
	if (s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
		s = (struct svcr_str){ s.p + 1, s.len - 2 };
	else if (memchr(s.p, ':', s.len))
		return false;
	return svcr_addr_parse(addr, s);
}

bool svcr_explain_is_place(const char *text)
{
	struct svcr_addr addr;
	uint16_t port;

	return parse_place(text, &addr, &port);
}

/* ---- The source ---------------------------------------------------------- */

static const struct svcr_pod *find_pod(const struct svcrules_model *m, struct svcr_str ns,
				       struct svcr_str name)
{
	for (size_t i = 0; i < m->pods.n; i++)
		if (svcr_str_eq(ns, m->pods.v[i].ns) && svcr_str_eq(name, m->pods.v[i].name))
			return &m->pods.v[i];
	return NULL;
}

const char *svcrules_explain_node(const struct svcrules_model *m, const struct svcrules_question *q)
{
	struct svcr_explainer x = { .m = m };
	const struct svcr_pod *p = NULL;
	struct svcr_str ns, name;
	struct svcr_addr addr;

	if (svcr_addr_parse(&addr, (struct svcr_str){ q->from, strlen(q->from) }))
		p = svcr_explain_pod(&x, &addr);
	else if (split_name(q->from, &ns, &name))
		p = find_pod(m, ns, name);
	return p ? p->node : NULL;
}

static void set_from(struct svcr_explain_asked *a, const struct svcr_addr *addr, const char *name,
		     const char *detail, bool host)
{
	/* the first one of a family counts */
	if (a->has[addr->family])
		return;
	a->has[addr->family] = true;
	a->from[addr->family] = (struct svcr_explain_place){
		.addr = *addr, .name = name, .detail = detail, .host = host
	};
}

static bool on_this_node(const struct svcr_explain_asked *a, const struct svcr_pod *p)
{
	return p->node && a->x->o->node_name && strcmp(p->node, a->x->o->node_name) == 0;
}

/* "on this node", "on node2", or NULL without memory. */
static const char *pod_detail(struct svcr_explain_asked *a, const struct svcr_pod *p)
{
	struct svcr_arena *r = &a->x->e->arena;
	const char *host = p->host_network ? ", on the host's network" : "";

	if (!p->node)
		return svcr_arena_printf(r, "a pod on no node yet%s", host);
	if (on_this_node(a, p))
		return svcr_arena_printf(r, "on this node, %s%s", p->node, host);
	return svcr_arena_printf(r, "on %s%s", p->node, host);
}

static int from_pod(struct svcr_explain_asked *a, const struct svcr_pod *p)
{
	const char *name = svcr_arena_printf(&a->x->e->arena, "%s/%s", p->ns, p->name);
	const char *detail = pod_detail(a, p);

	if (!name || !detail)
		return -ENOMEM;
	a->pod = p;
	for (size_t i = 0; i < p->ips.n; i++)
		set_from(a, &p->ips.v[i], name, detail, p->host_network && on_this_node(a, p));
	if (p->ips.n)
		return 0;
	return svcr_explain_wrong(a, "--from", -ENOENT, "Pod %s has no address%s", name,
				  p->node ? "" : ": it is on no node yet");
}

static int no_pod(struct svcr_explain_asked *a, struct svcr_str ns, struct svcr_str name)
{
	char word[256];
	struct svcr_nearest near = { .word = word };
	const struct svcrules_model *m = a->x->m;
	bool known = false;

	snprintf(word, sizeof(word), "%.*s", (int)name.len, name.p);
	for (size_t i = 0; i < m->pods.n; i++)
		if (svcr_str_eq(ns, m->pods.v[i].ns)) {
			known = true;
			svcr_nearest_try(&near, m->pods.v[i].name);
		}
	if (near.best)
		return svcr_explain_wrong(a, "--from", -ENOENT,
					  "no Pod %.*s/%s in the input, did you mean %.*s/%s?",
					  (int)ns.len, ns.p, word, (int)ns.len, ns.p, near.best);
	return svcr_explain_wrong(a, "--from", -ENOENT, "no Pod %.*s/%s in the input%s",
				  (int)ns.len, ns.p, word,
				  !m->pods.n ? " (-f), which has no Pod at all" :
				  !known     ? ", nor any other one of that namespace" :
					       "");
}

static int from_name(struct svcr_explain_asked *a, struct svcr_str ns, struct svcr_str name)
{
	const struct svcr_pod *p = find_pod(a->x->m, ns, name);

	return p ? from_pod(a, p) : no_pod(a, ns, name);
}

static int from_address(struct svcr_explain_asked *a, const struct svcr_addr *addr)
{
	const struct svcr_pod *p = svcr_explain_pod(a->x, addr);
	bool host = svcr_explain_own(a->x, addr);
	const char *name = NULL, *detail = host ? "this node" : NULL;

	if (p && !host) {
		name = svcr_arena_printf(&a->x->e->arena, "%s/%s", p->ns, p->name);
		detail = pod_detail(a, p);
		if (!name || !detail)
			return -ENOMEM;
		a->pod = p;
	}
	set_from(a, addr, name, detail, host);
	return 0;
}

static int asked_from_node(struct svcr_explain_asked *a)
{
	const struct svcr_addrs *primary = &a->x->primary;

	for (size_t i = 0; i < primary->n; i++)
		set_from(a, &primary->v[i], "node", "this node", true);
	for (size_t i = 0; i < a->x->own.n; i++)
		set_from(a, &a->x->own.v[i], "node", "this node", true);
	if (a->x->own.n)
		return 0;
	return svcr_explain_wrong(a, "--from", -ENOENT,
				  "this node has no address: the input has no Node '%.253s' with "
				  "one (--node-name), and --node-ip names none",
				  a->x->o->node_name ? a->x->o->node_name : "");
}

/* Addresses for documentation (RFC 5737 and 3849), which nobody has. */
static int from_outside(struct svcr_explain_asked *a)
{
	static const struct svcr_addr outside[] = { { SVCR_IPV4, { 198, 51, 100, 1 } },
						    { SVCR_IPV6,
						      { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } };

	for (size_t i = 0; i < 2; i++)
		set_from(a, &outside[i], "outside", "a client outside the cluster", false);
	return 0;
}

int svcr_explain_from(struct svcr_explain_asked *a)
{
	const char *text = a->q->from;
	struct svcr_str ns, name;
	struct svcr_addr addr;

	if (strcmp(text, "node") == 0)
		return asked_from_node(a);
	if (strcmp(text, "outside") == 0)
		return from_outside(a);
	if (svcr_addr_parse(&addr, (struct svcr_str){ text, strlen(text) }))
		return from_address(a, &addr);
	if (split_name(text, &ns, &name))
		return from_name(a, ns, name);
	return svcr_explain_wrong(a, "--from", -EINVAL,
				  "'%.200s' is not valid, expected an address, namespace/pod, node "
				  "or outside",
				  text);
}

/* ---- The destination ----------------------------------------------------- */

int svcr_explain_add_flow(struct svcr_explain_asked *a, const struct svcr_addr *to, uint16_t port,
			  const char *name, const char *detail)
{
	struct svcr_explain_flow *f;

	if (!a->has[to->family] || !a->x->o->families[to->family])
		return 0;
	f = SVCR_GROW(&a->x->e->flows);
	if (!f)
		return -ENOMEM;
	f->from = a->from[to->family];
	f->protocol = a->q->protocol;
	f->to = (struct svcr_explain_place){
		.addr = *to, .port = port, .name = name, .detail = detail
	};
	return 0;
}

/* Splits "web:http" at its colon; *port is NULL without one. */
static struct svcr_str split_port(const char *text, const char **port)
{
	const char *colon = strchr(text, ':');

	*port = colon ? colon + 1 : NULL;
	return (struct svcr_str){ text, colon ? (size_t)(colon - text) : strlen(text) };
}

static int no_service(struct svcr_explain_asked *a, struct svcr_str ns, struct svcr_str name)
{
	char word[256];
	struct svcr_nearest near = { .word = word };
	const struct svcrules_model *m = a->x->m;
	const char *elsewhere = NULL;

	snprintf(word, sizeof(word), "%.*s", (int)name.len, name.p);
	for (size_t i = 0; i < m->services.n; i++)
		if (svcr_str_eq(ns, m->services.v[i].ns))
			svcr_nearest_try(&near, m->services.v[i].name);
		else if (svcr_str_eq(name, m->services.v[i].name) &&
			 (!elsewhere || strcmp(m->services.v[i].ns, elsewhere) < 0))
			elsewhere = m->services.v[i].ns;
	if (elsewhere)
		return svcr_explain_wrong(a, "--to", -ENOENT,
					  "no Service %.*s/%s in the input, but %s/%s", (int)ns.len,
					  ns.p, word, elsewhere, word);
	if (near.best)
		return svcr_explain_wrong(a, "--to", -ENOENT,
					  "no Service %.*s/%s in the input, did you mean %.*s/%s?",
					  (int)ns.len, ns.p, word, (int)ns.len, ns.p, near.best);
	return svcr_explain_wrong(a, "--to", -ENOENT, "no Service %.*s/%s in the input%s",
				  (int)ns.len, ns.p, word,
				  m->services.n ? "" : " (-f), which has no Service at all");
}

static int to_name(struct svcr_explain_asked *a, struct svcr_str ns, const char *rest)
{
	const struct svcrules_model *m = a->x->m;
	const char *port;
	struct svcr_str name = split_port(rest, &port);

	for (size_t i = 0; i < m->services.n; i++)
		if (svcr_str_eq(ns, m->services.v[i].ns) &&
		    svcr_str_eq(name, m->services.v[i].name))
			return svcr_explain_service(a, &m->services.v[i], port);
	return no_service(a, ns, name);
}

/* The destination has addresses, but the source none of their families. */
static int question_families(struct svcr_explain_asked *a)
{
	if (a->x->e->flows.n || a->x->e->note)
		return 0;
	return svcr_explain_wrong(a, "--to", -ENOENT,
				  "'%.200s' and '%.200s' have no address of the same family",
				  a->q->from, a->q->to);
}

/* Of a list that need not be sorted. */
static bool node_has_address(const struct svcr_addrs *l, const struct svcr_addr *addr)
{
	for (size_t i = 0; i < l->n; i++)
		if (svcr_addr_eq(&l->v[i], addr))
			return true;
	return false;
}

/*
 * An address of another node, whose rules decide about its node ports: packets that go there pass
 * here.
 */
static const char *node_detail(struct svcr_explain_asked *a, const struct svcr_addr *addr)
{
	const struct svcrules_model *m = a->x->m;
	const char *name = NULL;

	for (size_t i = 0; m && i < m->nodes.n; i++)
		if ((node_has_address(&m->nodes.v[i].internal_ips, addr) ||
		     node_has_address(&m->nodes.v[i].other_ips, addr)) &&
		    (!name || strcmp(m->nodes.v[i].name, name) < 0))
			name = m->nodes.v[i].name;
	return name ? svcr_arena_printf(&a->x->e->arena,
					"of %s, whose rules decide on node ports: --node-name %s",
					name, name) :
		      NULL;
}

/* An address of a pod has its name too. */
static int to_address(struct svcr_explain_asked *a, const struct svcr_addr *addr, uint16_t port)
{
	const struct svcr_pod *p = svcr_explain_pod(a->x, addr);
	const char *name, *detail;

	if (!p)
		return svcr_explain_add_flow(a, addr, port, NULL,
					     svcr_explain_own(a->x, addr) ? NULL :
									    node_detail(a, addr));
	name = svcr_arena_printf(&a->x->e->arena, "%s/%s", p->ns, p->name);
	detail = pod_detail(a, p);
	return name && detail ? svcr_explain_add_flow(a, addr, port, name, detail) : -ENOMEM;
}

/* Reads an address, also one in brackets. */
static bool parse_bracketed(struct svcr_addr *ret, const char *text, size_t len)
{
	struct svcr_str s = { text, len };

	if (s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
		s = (struct svcr_str){ s.p + 1, s.len - 2 };
	return svcr_addr_parse(ret, s);
}

/* True for an address with something else than a port behind it. */
static bool bad_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	struct svcr_addr addr;

	return parse_bracketed(&addr, text, colon ? (size_t)(colon - text) : 0);
}

int svcr_explain_to(struct svcr_explain_asked *a)
{
	const char *text = a->q->to, *port;
	struct svcr_str ns, name;
	struct svcr_addr addr;
	uint16_t number;
	int err;

	if (parse_place(text, &addr, &number)) {
		err = to_address(a, &addr, number);
	} else if (parse_bracketed(&addr, text, strlen(text))) {
		return svcr_explain_wrong(a, "--to", -EINVAL, "'%s' has no port, expected %s", text,
					  addr.family == SVCR_IPV6 ? "[ADDRESS]:PORT" :
								     "ADDRESS:PORT");
	} else if (bad_port(text)) {
		return svcr_explain_wrong(a, "--to", -EINVAL,
					  "'%.200s' has no port that is one, expected 1-65535",
					  text);
	} else if (split_name(text, &ns, &name) && name.p[name.len - 1] != ':') {
		err = to_name(a, ns, name.p);
	} else {
		name = split_port(text, &port);
		if (!name.len || strchr(text, '/') || (port && (!*port || strchr(port, ':'))))
			return svcr_explain_wrong(a, "--to", -EINVAL,
						  "'%.200s' is not valid, expected ADDRESS:PORT, "
						  "namespace/service[:port] or a DNS name",
						  text);
		err = svcr_explain_resolve(a, name, port);
	}
	return err ? err : question_families(a);
}
