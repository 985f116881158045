/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets walk through the rules of random clusters: each address and port leads where the view
 * says, from each kind of source; and however many there are, through few rules.
 */
#include "rules/iptables/walk_test.h"
#include "rules/built_test.h"
#include "rules/json.h"
#include "rules/laws_run_test.h"
#include "select.h"

#include <math.h>

#define UNUSED_PORT 7

static struct walk walk_of_text(const char *text)
{
	struct walk w = { .n = 0 };
	char *copy = strdup(text);

	walk_read(&w, copy);
	free(copy);
	return w;
}

static char *walk_text(struct svcrules_ruleset *rs, size_t file)
{
	struct svcr_buffer text = { NULL, .len = 0 };

	ck_assert_int_eq(svcrules_file_print(rs, 0, file, svcr_buffer_append, &text), 0);
	return text.p;
}

static struct svcr_addr walk_addr(const char *s)
{
	struct svcr_addr a;

	ck_assert(svcr_addr_parse(&a, (struct svcr_str){ s, strlen(s) }));
	return a;
}

static bool ipt_in_ranges(const struct svcr_range *v, size_t n, const struct svcr_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (svcr_addr_cmp(&v[i].first, a) <= 0 && svcr_addr_cmp(a, &v[i].last) <= 0)
			return true;
	return false;
}

/* ---- One packet --------------------------------------------------------- */

/* Every endpoint of the list is equally likely, and there is no other outcome. */
static void assert_balanced(const struct walk *w, const struct svcr_endpoint_addrs *l, bool marked)
{
	double all = 0;

	ck_assert_uint_eq(w->n, l->n);
	for (size_t i = 0; i < w->n; i++) {
		size_t found = 0;

		for (size_t k = 0; k < l->n; k++)
			found += svcr_endpoint_addr_cmp(&w->v[i].endpoint, &l->v[k]) == 0;
		ck_assert_uint_eq(found, 1);
		ck_assert_int_eq(w->v[i].marked, marked);
		ck_assert_double_lt(fabs(w->v[i].chance * (double)l->n - 1), 1e-6);
		all += w->v[i].chance;
	}
	ck_assert_double_lt(fabs(all - 1), 1e-6);
}

struct source {
	struct svcr_addr addr;
	bool pod, inside, node;
};

static void assert_local(const struct walk *w, const struct svcr_vip *v, const struct source *s)
{
	if (s->inside || s->node)
		assert_balanced(w, &v->choice->cluster, s->node && !s->inside);
	else if (v->choice->local.n)
		assert_balanced(w, &v->choice->local, false);
	else
		ck_assert_double_gt(w->dropped, 0.999);
}

/* What must become of a packet to the VIP, by what the manual says. */
static void assert_vip(const struct walk *w, const struct svcr_view *view,
		       const struct svcrules_options *o, const struct svcr_vip *v,
		       const struct source *s)
{
	bool known = view->npod_ranges[v->addr.family] > 0;
	const struct svcr_endpoint_addrs *l;

	if (v->sources && !ipt_in_ranges(v->sources->v, v->sources->n, &s->addr)) {
		ck_assert_double_gt(w->dropped, 0.999);
	} else if (!v->choice->cluster.n) {
		ck_assert_double_gt(w->rejected, 0.999);
	} else if (v->kind == SVCR_VIP_CLUSTER) {
		l = v->local ? &v->choice->local : &v->choice->cluster;
		if (l->n)
			assert_balanced(w, l, o->masquerade_all || (known && !s->pod));
		else
			ck_assert_double_gt(w->dropped, 0.999);
	} else if (v->local) {
		assert_local(w, v, s);
	} else {
		assert_balanced(w, &v->choice->cluster, true);
	}
}

static bool is_vip(const struct svcr_view *view, const struct walk_packet *p)
{
	for (size_t i = 0; i < view->nvips; i++)
		if (svcr_addr_eq(&view->vips[i].addr, &p->to) && view->vips[i].port == p->port &&
		    view->vips[i].protocol == p->protocol)
			return true;
	return false;
}

/* A port that no service defines: refused at cluster IPs, and nothing of ours elsewhere. */
static void assert_undefined(struct walk *w, const struct svcr_view *view,
			     const struct walk_packet *like)
{
	struct walk_packet p = *like;
	uint8_t f = p.to.family;
	bool cluster = bsearch(&p.to, view->cluster_ips, view->ncluster_ips, sizeof(p.to),
			       svcr_addr_cmp_sort);

	p.port = UNUSED_PORT;
	if (is_vip(view, &p))
		return;
	walk_new(w, &p, false);
	ck_assert_uint_eq(w->n, 0);
	ck_assert_int_eq(w->rejected > 0.999, cluster);
	ck_assert_int_eq(w->dropped > 0.999,
			 !cluster && ipt_in_ranges(view->service_ranges[f],
						   view->nservice_ranges[f], &p.to));
}

static void walk_vip(struct walk *w, const struct svcr_view *view, const struct svcrules_options *o,
		     const struct svcr_vip *v)
{
	static const char *const sources[SVCR_FAMILY__COUNT][4] = {
		{ "10.244.0.77", "10.244.9.7", "192.0.2.1", "198.51.100.99" },
		{ "fd00:244::77", "fd00:244:9::7", "2001:db8::1", "2001:db8:99::1" },
	};
	uint8_t f = v->addr.family;

	for (size_t i = 0; i < 4; i++) {
		struct source s = { .addr = walk_addr(sources[f][i]), .node = i == 2 };
		struct walk_packet p = { s.addr, v->addr, v->protocol, v->port, false, false };

		s.pod = ipt_in_ranges(view->pod_ranges[f], view->npod_ranges[f], &s.addr);
		s.inside = view->nown_pod_ranges[f] ?
				   ipt_in_ranges(view->own_pod_ranges[f], view->nown_pod_ranges[f],
						 &s.addr) :
				   s.pod;
		walk_new(w, &p, false);
		assert_vip(w, view, o, v, &s);
		if (s.node) {
			walk_new(w, &p, true);
			assert_vip(w, view, o, v, &s);
		}
		ck_assert_uint_le(w->depth, 16);
		assert_undefined(w, view, &p);
	}
}

START_TEST(walk_everywhere)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, 1 + (size_t)_i % 14);
	char *text = gen_json(&c, 0);
	struct gen_input in = gen_read("iptables", text, c.options);
	struct svcrules_ruleset *rs = gen_build_input(&in);
	struct walk w[SVCR_FAMILY__COUNT];
	struct svcr_view view;

	ck_assert_int_eq(svcr_select(&view, in.m, in.o, in.d), 0);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
		char *printed = walk_text(rs, f);

		w[f] = walk_of_text(printed);
		free(printed);
	}
	for (size_t i = 0; i < view.nvips; i++)
		walk_vip(&w[view.vips[i].addr.family], &view, in.o, &view.vips[i]);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		walk_release(&w[f]);
	svcr_view_release(&view);
	svcrules_ruleset_free(rs);
	gen_release(&in);
	free(text);
	free(c.v);
}
END_TEST

/* ---- Many addresses ----------------------------------------------------- */

#define HEAD "{\"kind\":\"List\",\"items\":["
#define PODS \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s\",\"labels\":{" \
	"\"kubernetes.io/service-name\":\"s0\"}},\"addressType\":\"IPv%d\",\"ports\":[" \
	"{\"name\":\"p\",\"port\":80}],\"endpoints\":[{\"addresses\":[\"%s\"]}]}]}"

/* Builds from services whose i-th has the cluster IP that `ip` writes, all with an endpoint. */
static struct svcrules_ruleset *build_many(size_t n, void (*ip)(FILE *f, size_t i), bool six)
{
	const char *endpoint = six ? "fd00:244::1" : "10.244.0.1";
	struct svcrules_ruleset *rs;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs(HEAD, f);
	for (size_t i = 0; i < n; i++) {
		fprintf(f,
			"{\"kind\":\"Service\",\"metadata\":{\"name\":\"s%zu\"},\"spec\":{"
			"\"clusterIP\":\"",
			i);
		ip(f, i);
		fputs("\",\"ports\":[{\"name\":\"p\",\"port\":80}]}},", f);
		fprintf(f,
			"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"s%zu\",\"labels\":{"
			"\"kubernetes.io/service-name\":\"s%zu\"}},\"addressType\":\"IPv%d\","
			"\"ports\":[{\"name\":\"p\",\"port\":80}],\"endpoints\":[{\"addresses\":["
			"\"%s\"]}]},",
			i, i, six ? 6 : 4, endpoint);
	}
	fprintf(f, PODS, six ? 6 : 4, endpoint);
	fclose(f);
	rs = gen_build_text("iptables", text, 2);
	free(text);
	return rs;
}

static void ip_spread(FILE *f, size_t i)
{
	fprintf(f, "10.%zu.%zu.%zu", 96 + i % 3, i * 7 % 256, i * 31 % 253 + 1);
}

static void ip_row(FILE *f, size_t i)
{
	fprintf(f, "10.96.%zu.%zu", i / 250, i % 250 + 1);
}

/* Each address shares one bit more with the first, so that halves would be as unequal as can be. */
static void ip_comb(FILE *f, size_t i)
{
	uint8_t bytes[16] = { 0xfd };

	if (i)
		bytes[1 + i / 8] = (uint8_t)(0x80 >> i % 8);
	else
		bytes[15] = 0;
	bytes[15] |= 1;
	for (int k = 0; k < 16; k += 2)
		fprintf(f, "%s%02x%02x", k ? ":" : "", bytes[k], bytes[k + 1]);
}

static const struct {
	size_t n;
	void (*ip)(FILE *f, size_t i);
	size_t most; /* rules that a packet meets */
	bool six;
} many[] = {
	{ 1, ip_row, 20, false },    { 9, ip_row, 30, false },    { 700, ip_spread, 60, false },
	{ 3000, ip_row, 75, false }, { 110, ip_comb, 130, true },
};

START_TEST(walk_many)
{
	struct svcrules_ruleset *rs = build_many(many[_i].n, many[_i].ip, many[_i].six);
	char *text = walk_text(rs, many[_i].six), ip[64];
	struct walk w = walk_of_text(text);
	size_t most = 0;

	for (size_t i = 0; i<many[_i].n; i += many[_i].n> 500 ? 17 : 1) {
		struct walk_packet p = { .protocol = SVCR_TCP, .port = 80 };
		FILE *f = fmemopen(ip, sizeof(ip), "w");

		many[_i].ip(f, i);
		fclose(f);
		p.to = walk_addr(ip);
		p.from = walk_addr(many[_i].six ? "2001:db8:99::1" : "198.51.100.99");
		walk_new(&w, &p, false);
		ck_assert_uint_eq(w.n, 1);
		ck_assert_uint_le(w.depth, 16);
		most = w.evaluated > most ? w.evaluated : most;
		p.port = UNUSED_PORT;
		walk_new(&w, &p, false);
		ck_assert_double_gt(w.rejected, 0.999);
	}
	ck_assert_uint_le(most, many[_i].most);
	free(text);
	walk_release(&w);
	svcrules_ruleset_free(rs);
}
END_TEST

static void ipt_walk_add(TCase *tc)
{
	tcase_add_loop_test(tc, walk_everywhere, 0, 300);
	tcase_add_loop_test(tc, walk_many, 0, (int)(sizeof(many) / sizeof(many[0])));
}

int main(void)
{
	return laws_run("iptables walk", ipt_walk_add);
}
