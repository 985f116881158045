/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reasons in words. */
#include "reasons.h"
#include "timestamp.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	const char *name, *words;
} why_texts[SVCR_WHY__COUNT] = {
	[SVCR_WHY_NONE] = { "", "" },
	[SVCR_WHY_EXTERNAL_NAME] = { "external-name", "type ExternalName" },
	[SVCR_WHY_OTHER_PROXY] = { "other-proxy", "of another proxy" },
	[SVCR_WHY_HEADLESS] = { "headless", "headless" },
	[SVCR_WHY_PENDING] = { "pending", "no cluster IP" },
	[SVCR_WHY_NO_PORTS] = { "no-ports", "no port" },
	[SVCR_WHY_TOO_LARGE] = { "too-many-elements", "too many elements" },
	[SVCR_WHY_BAD_ADDRESS] = { "unusable-address", "unusable address" },
	[SVCR_WHY_NO_FAMILY] = { "no-family", "no cluster IP of this family" },
	[SVCR_WHY_CONFLICT] = { "conflict", "belongs to another service" },
	[SVCR_WHY_NOBODY] = { "nobody-admitted", "no source is admitted" },
	[SVCR_WHY_NO_SLICE] = { "no-slice", "no EndpointSlice" },
	[SVCR_WHY_NO_POD] = { "no-pod", "no pod matches" },
	[SVCR_WHY_NO_ENDPOINT] = { "no-endpoint", "no endpoint" },
	[SVCR_WHY_FQDN] = { "fqdn-endpoints", "names instead of addresses" },
	[SVCR_WHY_PORT] = { "no-such-port", "no endpoint has this port" },
	[SVCR_WHY_PROTOCOL] = { "wrong-protocol", "no endpoint has this protocol" },
	[SVCR_WHY_FAMILY] = { "wrong-family", "no endpoint of this family" },
	[SVCR_WHY_BAD_ENDPOINT] = { "unusable-endpoints", "unusable endpoint addresses" },
	[SVCR_WHY_NOT_READY] = { "not-ready", "no endpoint is ready" },
	[SVCR_WHY_ELSEWHERE] = { "not-on-this-node", "no ready endpoint on this node" },
};

const char *svcr_why_name(enum svcr_why why)
{
	return why_texts[why].name;
}

const char *svcr_why_words(enum svcr_why why)
{
	return why_texts[why].words;
}

/* ---- Pieces of text ---------------------------------------------------------- */

/* Text that is cut where the room ends. */
struct phrase {
	char *p;
	size_t n;
};

static void __attribute__((format(printf, 2, 3))) phrase_add(struct phrase *t, const char *fmt, ...)
{
	size_t room = SVCR_REASON_TEXT - t->n;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, room, fmt, ap);
	va_end(ap);
	t->n += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static const char *protocol_word(uint8_t protocol)
{
	return protocol == SVCR_UDP ? "UDP" : protocol == SVCR_SCTP ? "SCTP" : "TCP";
}

static void phrase_count(struct phrase *t, size_t n, const char *noun)
{
	phrase_add(t, "%zu %s%s", n, noun, n == 1 ? "" : "s");
}

/* "a, b and c", "a, b, c and 2 others". */
static void phrase_names(struct phrase *t, const struct svcr_reason *w)
{
	size_t shown = w->nnames < SVCR_WHY_NAMES ? w->nnames : SVCR_WHY_NAMES;

	for (size_t i = 0; i < shown; i++)
		phrase_add(t, "%s%.63s",
			   i == 0                               ? "" :
			   i + 1 == shown && shown == w->nnames ? " and " :
								  ", ",
			   *w->names[i] ? w->names[i] : "one without a name");
	if (w->nnames > shown)
		phrase_add(t, " and %zu other%s", w->nnames - shown,
			   w->nnames - shown == 1 ? "" : "s");
}

static const char *slices_word(const struct svcr_reason *w)
{
	return w->from_pods ? "its pods" : w->legacy ? "its Endpoints" : "its slices";
}

/* ---- Pods ---------------------------------------------------------------------- */

static void phrase_selector(struct phrase *t, const struct svcr_service *s)
{
	for (uint32_t i = 0; i < s->nselector && i < SVCR_WHY_NAMES; i++)
		phrase_add(t, "%s%.63s=%.63s", i ? "," : "", s->selector[i].key,
			   s->selector[i].value);
	if (s->nselector > SVCR_WHY_NAMES)
		phrase_add(t, ",...");
}

static const char *pod_noun(const struct svcr_pod_facts *f)
{
	return f->planned ? "pod template" : "pod";
}

/* What pods have in place of the label that is probably wrong. */
static void phrase_meant(struct phrase *t, const struct svcr_pod_facts *f)
{
	bool most = f->with * 2 > f->all;
	const char *noun = pod_noun(f);

	phrase_add(t, "; ");
	if (f->with == f->all)
		phrase_add(t, f->all == 1 ? "its only %s has " : "all of its %ss have ", noun);
	else if (most)
		phrase_add(t, "most of its %ss have ", noun);
	else
		phrase_add(t, "%zu of its %zu %ss %s ", f->with, f->all, noun,
			   f->with == 1 ? "has" : "have");
	if (f->meant)
		phrase_add(t, "%.63s=%.63s%s", f->wrong->key, f->meant,
			   f->near || most ? " (did you mean it?)" : "");
	else
		phrase_add(t, "no label %.63s", f->wrong->key);
}

static void phrase_no_pod(struct phrase *t, const struct svcr_reason *w)
{
	const struct svcr_pod_facts *f = &w->pods;

	phrase_add(t, "the selector ");
	phrase_selector(t, w->service);
	if (f->ended) {
		phrase_add(t, " matches only pods that have ended");
		return;
	}
	phrase_add(t, " matches no %s of namespace %.63s", pod_noun(f), w->service->ns);
	if (f->known && !f->all)
		phrase_add(t, ", which has none");
	else if (f->wrong)
		phrase_meant(t, f);
}

/* "(web-1 since 2026-11-20T10:00:00Z)" */
static void phrase_worst(struct phrase *t, const struct svcr_pod_facts *f)
{
	char time[SVCR_TIMESTAMP_TEXT];

	if (!f->name)
		return;
	phrase_add(t, " (%.253s", f->name);
	if (f->since)
		phrase_add(t, " since %s",
			   svcr_timestamp_text(f->since * INT64_C(1000000000), time));
	phrase_add(t, ")");
}

static void phrase_pods_match(struct phrase *t, const struct svcr_pod_facts *f)
{
	phrase_count(t, f->matched, "pod");
	phrase_add(t, " match%s", f->matched == 1 ? "es" : "");
}

static void phrase_target(struct phrase *t, const struct svcr_pod_facts *f)
{
	phrase_add(t, "targetPort '%.63s' is a name that no container of the ", f->target);
	if (f->matched == 1)
		phrase_add(t, "only matching %s has", pod_noun(f));
	else
		phrase_add(t, "%zu matching %ss has", f->matched, pod_noun(f));
}

/* ---- Each reason ----------------------------------------------------------------- */

static void phrase_no_slice(struct phrase *t, const struct svcr_reason *w)
{
	phrase_add(t, "no EndpointSlice has the label kubernetes.io/service-name=%.63s",
		   w->service->name);
	if (!w->service->nselector && w->service->ports.n)
		phrase_add(t, "; without a selector, somebody has to make one");
	else if (w->pods.known && !w->pods.matched) {
		phrase_add(t, "; ");
		phrase_no_pod(t, w);
	}
}

static void phrase_from_pods(struct phrase *t, const struct svcr_reason *w)
{
	if (!w->pods.known || !w->pods.matched) {
		phrase_no_pod(t, w);
		return;
	}
	phrase_pods_match(t, &w->pods);
	phrase_add(t, ", none has an address");
	phrase_worst(t, &w->pods);
}

static void phrase_empty(struct phrase *t, const struct svcr_reason *w)
{
	if (w->pods.known && !w->pods.matched) {
		phrase_no_pod(t, w);
		return;
	}
	phrase_add(t, w->legacy ? "its Endpoints object has no address" :
				  "its slices have no endpoint");
	if (!w->pods.known)
		return;
	phrase_add(t, "; ");
	phrase_pods_match(t, &w->pods);
	if (w->pods.families && !(w->pods.families & 1u << w->family))
		phrase_add(t, ", with addresses of %s alone",
			   w->family == SVCR_IPV6 ? "IPv4" : "IPv6");
	phrase_worst(t, &w->pods);
}

static void phrase_port(struct phrase *t, const struct svcr_reason *w)
{
	const char *name = w->port->name;

	if (w->pods.target) {
		phrase_target(t, &w->pods);
		if (w->pods.target_near)
			phrase_add(t, " (did you mean %.63s?)", w->pods.target_near);
		return;
	}
	if (w->no_number) {
		phrase_add(t, "%s have %s%.63s without a number", slices_word(w),
			   *name ? "the port " : "the unnamed port", name);
		return;
	}
	if (!w->nnames) {
		phrase_add(t, "%s have no port for %s", slices_word(w),
			   protocol_word(w->port->protocol));
		return;
	}
	phrase_add(t, "%s have the port%s ", slices_word(w), w->nnames == 1 ? "" : "s");
	phrase_names(t, w);
	phrase_add(t, ", not %.63s", *name ? name : "one without a name");
	if (w->nearest && *w->nearest)
		phrase_add(t, " (did you mean %.63s?)", w->nearest);
}

static void phrase_elsewhere(struct phrase *t, const struct svcr_reason *w)
{
	phrase_add(t, "policy Local: ");
	if (w->here) {
		if (w->here == 1)
			phrase_add(t, "the only endpoint on this node is not ready");
		else
			phrase_add(t, "none of the %zu endpoints on this node is ready", w->here);
		phrase_add(t, ", %zu on other nodes %s", w->endpoints,
			   w->endpoints == 1 ? "is" : "are");
		return;
	}
	phrase_count(t, w->endpoints, "endpoint");
	if (!w->nnames) {
		phrase_add(t, ", on unknown nodes");
		return;
	}
	phrase_add(t, ", %son ",
		   w->endpoints == 1 || w->nnames > 1 ? "" :
		   w->endpoints == 2                  ? "both " :
							"all ");
	phrase_names(t, w);
}

static void phrase_not_ready(struct phrase *t, const struct svcr_reason *w)
{
	size_t n = w->endpoints;

	if (w->pods.known && w->pods.matched) {
		phrase_pods_match(t, &w->pods);
		n = w->pods.matched;
	} else {
		phrase_count(t, n, "endpoint");
	}
	phrase_add(t, n == 1 ? ", it is not ready" : ", none is ready");
	if (w->pods.known)
		phrase_worst(t, &w->pods);
}

/* "the older Service a/b" */
static void phrase_winner(struct phrase *t, const struct svcr_reason *w)
{
	const struct svcr_service *mine = w->service, *other = w->winner->service;
	static const char *const kinds[] = { [SVCR_VIP_CLUSTER] = ", as its cluster IP",
					     [SVCR_VIP_BALANCER] = ", as its load-balancer IP",
					     [SVCR_VIP_EXTERNAL] = ", as its external IP",
					     [SVCR_VIP_NODE_PORT] = ", as its node port" };
	bool older = other->created && mine->created && other->created < mine->created;

	phrase_add(t, "belongs to the %sService %.63s/%.63s%s", older ? "older " : "", other->ns,
		   other->name, older ? "" : kinds[w->winner->kind]);
}

/* The service has no cluster IP of the family, or the option `family` is for the other one. */
static void phrase_no_family(struct phrase *t, const struct svcr_reason *w)
{
	const char *family = w->family == SVCR_IPV6 ? "IPv6" : "IPv4";
	const struct svcr_addrs *l = w->service ? &w->service->cluster_ips : NULL;

	for (size_t i = 0; l && i < l->n; i++)
		if (l->v[i].family == w->family) {
			phrase_add(t, "left out: --family leaves out %s", family);
			return;
		}
	phrase_add(t, "left out: no cluster IP of %s", family);
}

static void phrase_left_out(struct phrase *t, const struct svcr_reason *w)
{
	char text[SVCR_ADDR_TEXT];

	switch (w->why) {
	case SVCR_WHY_EXTERNAL_NAME: phrase_add(t, "the type ExternalName has no addresses"); break;
	case SVCR_WHY_OTHER_PROXY:
		phrase_add(t, "a label gives the service to another proxy");
		break;
	case SVCR_WHY_HEADLESS: phrase_add(t, "headless: clients ask DNS for the endpoints"); break;
	case SVCR_WHY_PENDING: phrase_add(t, "it has no cluster IP yet"); break;
	case SVCR_WHY_NO_PORTS: phrase_add(t, "it has no port"); break;
	case SVCR_WHY_TOO_LARGE:
		phrase_add(
			t,
			"left out: its addresses, ports and endpoints make more than %zu elements "
			"(--max-elements)",
			w->max);
		break;
	case SVCR_WHY_BAD_ADDRESS:
		phrase_add(t, "left out: %s is %s address, no service can have it",
			   svcr_addr_text(&w->addr, text), svcr_addr_unusable(&w->addr));
		break;
	case SVCR_WHY_NO_FAMILY: phrase_no_family(t, w); break;
	default:
		phrase_add(t,
			   w->addr.family == SVCR_IPV6 ? "left out: [%s]:%u " : "left out: %s:%u ",
			   svcr_addr_text(&w->addr, text), w->number);
		phrase_winner(t, w);
	}
}

static void phrase_refused(struct phrase *t, const struct svcr_reason *w)
{
	char text[SVCR_ADDR_TEXT];

	switch (w->why) {
	case SVCR_WHY_NOBODY: phrase_add(t, "loadBalancerSourceRanges admit nobody"); break;
	case SVCR_WHY_NO_SLICE: phrase_no_slice(t, w); break;
	case SVCR_WHY_NO_POD: phrase_from_pods(t, w); break;
	case SVCR_WHY_NO_ENDPOINT: phrase_empty(t, w); break;
	case SVCR_WHY_FQDN:
		phrase_add(t, "its slices have names (addressType FQDN), no addresses");
		break;
	case SVCR_WHY_PORT: phrase_port(t, w); break;
	case SVCR_WHY_PROTOCOL:
		phrase_add(t, "%s have %s%.63s for %s, not %s", slices_word(w),
			   *w->port->name ? "the port " : "the unnamed port", w->port->name,
			   protocol_word(w->protocol), protocol_word(w->port->protocol));
		break;
	case SVCR_WHY_FAMILY:
		phrase_add(t, "only %s endpoints", w->family == SVCR_IPV6 ? "IPv4" : "IPv6");
		break;
	case SVCR_WHY_BAD_ENDPOINT:
		phrase_add(t, "%s is %s address, no endpoint can have it",
			   svcr_addr_text(&w->addr, text), svcr_addr_unusable(&w->addr));
		break;
	case SVCR_WHY_NOT_READY: phrase_not_ready(t, w); break;
	default: phrase_elsewhere(t, w);
	}
}

const char *svcr_reason_text(const struct svcr_reason *why, char *buf)
{
	struct phrase t = { buf, 0 };

	*buf = '\0';
	if (why->why == SVCR_WHY_NONE)
		return buf;
	if (why->why < SVCR_WHY_NOBODY)
		phrase_left_out(&t, why);
	else
		phrase_refused(&t, why);
	return buf;
}
