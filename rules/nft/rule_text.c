/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/rule_text.h"
#include "addr.h"
#include "protocol.h"

#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text of bounded length; what does not fit is cut. */
struct rule_text {
	uint8_t family;
	bool cut;
	size_t len;
	char buf[SVCR_NFT_RULE_TEXT];
};

/* A part of a rule's canonical text. */
struct slice {
	const char *p;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void text_say(struct rule_text *t, const char *fmt,
							   ...)
{
	size_t room = sizeof(t->buf) - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, room, fmt, ap);
	va_end(ap);
	t->cut |= n < 0 || (size_t)n >= room;
	t->len = n < 0 ? t->len : (size_t)n < room ? t->len + (size_t)n : sizeof(t->buf) - 1;
}

static void text_slice(struct rule_text *t, struct slice s)
{
	text_say(t, "%.*s", (int)(s.len < SVCR_NFT_RULE_TEXT ? s.len : SVCR_NFT_RULE_TEXT), s.p);
}

/* If `s` is "word(...)", what is between the parentheses. */
static bool inside_of(struct slice s, const char *word, struct slice *ret)
{
	size_t n = strlen(word);

	if (s.len < n + 2 || memcmp(s.p, word, n) != 0 || s.p[n] != '(' || s.p[s.len - 1] != ')')
		return false;
	*ret = (struct slice){ s.p + n + 1, s.len - n - 2 };
	return true;
}

/* Takes what stands before the first `c` that is in no parentheses; the rest is left in *s. */
static struct slice take_until(struct slice *s, char c)
{
	struct slice first = *s;
	size_t depth = 0, i = 0;

	for (; i < s->len && (s->p[i] != c || depth); i++) {
		depth += s->p[i] == '(';
		depth -= s->p[i] == ')' && depth;
	}
	first.len = i;
	s->p += i < s->len ? i + 1 : i;
	s->len -= i < s->len ? i + 1 : i;
	return first;
}

static unsigned long slice_number(struct slice s)
{
	unsigned long n = 0;

	for (size_t i = 0; i < s.len && s.p[i] >= '0' && s.p[i] <= '9' && n < 1ul << 31; i++)
		n = n * 10 + (unsigned long)(s.p[i] - '0');
	return n;
}

/* ---- Values --------------------------------------------------------------------- */

static uint8_t nibble(char c)
{
	return (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

/* Reads hexadecimal digits; returns the number of bytes. */
static size_t slice_bytes(struct slice s, uint8_t *bytes, size_t size)
{
	size_t n = 0;

	for (; n < size && n * 2 + 1 < s.len; n++)
		bytes[n] = (uint8_t)(nibble(s.p[n * 2]) << 4 | nibble(s.p[n * 2 + 1]));
	return n;
}

static unsigned long big_endian(const uint8_t *bytes, size_t n)
{
	unsigned long v = 0;

	for (size_t i = 0; i < n && i < 8; i++)
		v = v << 8 | bytes[i];
	return v;
}

/* In the order of this machine, as marks and states have it. */
static uint32_t native(const uint8_t *bytes, size_t n)
{
	uint32_t v = 0;

	memcpy(&v, bytes, n < sizeof(v) ? n : sizeof(v));
	return v;
}

/* What a value is, which says how it is written. */
enum value { VALUE_OTHER, VALUE_ADDRESS, VALUE_PORT, VALUE_PROTOCOL, VALUE_NAME, VALUE_NATIVE };

static void text_states(struct rule_text *t, uint32_t states)
{
	static const char *const names[] = { "invalid", "established", "related", "new" };
	const char *comma = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (states & 1u << i) {
			text_say(t, "%s%s", comma, names[i]);
			comma = ",";
		}
	if (!*comma)
		text_say(t, "0x%x", states);
}

static bool is_protocol(uint8_t number)
{
	return number == SVCR_TCP || number == SVCR_UDP || number == SVCR_SCTP;
}

static void text_value(struct rule_text *t, enum value v, struct slice hex)
{
	uint8_t b[16] = { 0 };
	size_t n = slice_bytes(hex, b, sizeof(b));
	struct svcr_addr a = { .family = t->family };
	char text[SVCR_ADDR_TEXT];

	if (v == VALUE_ADDRESS && n && n <= svcr_addr_len(t->family)) {
		memcpy(a.bytes, b, n);
		text_say(t, "%s", svcr_addr_text(&a, text));
		if (n < svcr_addr_len(t->family))
			text_say(t, "/%zu", n * 8);
	} else if (v == VALUE_NAME) {
		text_say(t, "\"%.*s\"", (int)n, (const char *)b);
	} else if (v == VALUE_PROTOCOL && n == 1 && is_protocol(b[0])) {
		text_say(t, "%s", svcr_protocol_name(b[0]));
	} else if (v == VALUE_NATIVE && n == 4) {
		text_say(t, "0x%x", native(b, n));
	} else if ((v == VALUE_PORT || v == VALUE_PROTOCOL) && n <= 2) {
		text_say(t, "%lu", big_endian(b, n));
	} else {
		text_say(t, "0x");
		text_slice(t, hex);
	}
}

/* ---- What is loaded -------------------------------------------------------------- */

static enum value text_symbol(struct rule_text *t, struct slice s);

/* clang-format off */
static const struct {
	unsigned long number;
	const char *name;
	enum value value;
} metas[] = {
	{ NFT_META_LEN, "length", VALUE_NATIVE }, { NFT_META_PROTOCOL, "protocol", VALUE_OTHER },
	{ NFT_META_PRIORITY, "priority", VALUE_NATIVE }, { NFT_META_MARK, "mark", VALUE_NATIVE },
	{ NFT_META_IIF, "iif", VALUE_NATIVE }, { NFT_META_OIF, "oif", VALUE_NATIVE },
	{ NFT_META_IIFNAME, "iifname", VALUE_NAME }, { NFT_META_OIFNAME, "oifname", VALUE_NAME },
	{ NFT_META_SKUID, "skuid", VALUE_NATIVE }, { NFT_META_SKGID, "skgid", VALUE_NATIVE },
	{ NFT_META_NFPROTO, "nfproto", VALUE_OTHER },
	{ NFT_META_L4PROTO, "l4proto", VALUE_PROTOCOL },
}, cts[] = {
	{ NFT_CT_STATE, "state", VALUE_NATIVE }, { NFT_CT_DIRECTION, "direction", VALUE_OTHER },
	{ NFT_CT_STATUS, "status", VALUE_NATIVE }, { NFT_CT_MARK, "mark", VALUE_NATIVE },
};
/* clang-format on */

static enum value text_payload(struct rule_text *t, struct slice s)
{
	unsigned long base = slice_number(take_until(&s, '+'));
	unsigned long offset = slice_number(take_until(&s, ':')), len = slice_number(s);
	bool v6 = t->family == SVCR_IPV6;
	unsigned long source = v6 ? 8 : 12, destination = v6 ? 24 : 16;

	if (base == NFT_PAYLOAD_NETWORK_HEADER && (offset == source || offset == destination) &&
	    len <= svcr_addr_len(t->family)) {
		text_say(t, "%s %s", v6 ? "ip6" : "ip", offset == source ? "saddr" : "daddr");
		return VALUE_ADDRESS;
	}
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && offset <= 2 && len == 2) {
		text_say(t, "th %s", offset ? "dport" : "sport");
		return VALUE_PORT;
	}
	text_say(t, "@%s,%lu,%lu",
		 base == NFT_PAYLOAD_NETWORK_HEADER   ? "nh" :
		 base == NFT_PAYLOAD_TRANSPORT_HEADER ? "th" :
							"ll",
		 offset * 8, len * 8);
	return VALUE_OTHER;
}

static enum value text_meta(struct rule_text *t, unsigned long number)
{
	for (size_t i = 0; i < sizeof(metas) / sizeof(metas[0]); i++)
		if (metas[i].number == number) {
			text_say(t, "%s%s",
				 number <= NFT_META_MARK || number >= NFT_META_SKUID ? "meta " : "",
				 metas[i].name);
			return metas[i].value;
		}
	text_say(t, "meta %lu", number);
	return VALUE_OTHER;
}

static enum value text_ct(struct rule_text *t, struct slice s)
{
	unsigned long number = slice_number(take_until(&s, ':'));

	for (size_t i = 0; i < sizeof(cts) / sizeof(cts[0]); i++)
		if (cts[i].number == number) {
			text_say(t, "ct %s", cts[i].name);
			return cts[i].value;
		}
	text_say(t, "ct %lu", number);
	return VALUE_OTHER;
}

/* "SYMBOL & MASK ^ XOR": the operation 0 of nf_tables. */
static enum value text_bits(struct rule_text *t, struct slice s)
{
	struct slice symbol, mask;
	enum value v;

	take_until(&s, ':');
	symbol = take_until(&s, '&');
	mask = take_until(&s, '^');
	v = text_symbol(t, symbol);
	text_say(t, " & ");
	text_value(t,
		   v == VALUE_ADDRESS && mask.len == 2u * svcr_addr_len(t->family) ? VALUE_ADDRESS :
		   v == VALUE_NATIVE                                               ? VALUE_NATIVE :
										     VALUE_OTHER,
		   mask);
	if (strspn(s.p, "0") < s.len) {
		text_say(t, " ^ ");
		text_value(t, v, s);
	}
	return v;
}

/* Prints several symbols with a '.' between them. */
static void text_key(struct rule_text *t, struct slice s)
{
	bool first = true;

	do {
		text_say(t, "%s", first ? "" : " . ");
		text_symbol(t, take_until(&s, ','));
		first = false;
	} while (s.len);
}

/* "KEY map @SET" of "SET:KEY". */
static void text_map(struct rule_text *t, struct slice s, const char *word)
{
	struct slice set = take_until(&s, ':');

	text_key(t, s);
	text_say(t, " %s@", word);
	text_slice(t, set);
}

static enum value text_symbol(struct rule_text *t, struct slice s)
{
	struct slice in;

	if (inside_of(s, "payload", &in))
		return text_payload(t, in);
	if (inside_of(s, "meta", &in))
		return text_meta(t, slice_number(in));
	if (inside_of(s, "ct", &in))
		return text_ct(t, in);
	if (inside_of(s, "bits", &in))
		return text_bits(t, in);
	if (inside_of(s, "byteorder", &in)) {
		take_until(&in, ':');
		take_until(&in, ':');
		take_until(&in, ':');
		return text_symbol(t, in);
	}
	if (inside_of(s, "immediate", &in))
		text_value(t, VALUE_OTHER, in);
	else if (inside_of(s, "map", &in) || inside_of(s, "map-port", &in))
		text_map(t, in, "map ");
	else
		text_slice(t, s);
	return VALUE_OTHER;
}

/* ---- Statements ------------------------------------------------------------------ */

/* Splits at the last colon, as symbols may have some; the rest before it is left in *s. */
static struct slice take_last(struct slice *s)
{
	struct slice last = { s->p + s->len, 0 };

	while (last.len < s->len && last.p[-1] != ':') {
		last.p--;
		last.len++;
	}
	s->len -= last.len < s->len ? last.len + 1 : s->len;
	return last;
}

/* "ct state & MASK != 0", which nft(8) writes as a list of states. */
static bool text_state_list(struct rule_text *t, unsigned long op, struct slice symbol,
			    struct slice hex)
{
	struct slice in, of, mask;
	uint8_t b[4] = { 0 };

	if (op != NFT_CMP_NEQ || strspn(hex.p, "0") < hex.len || !inside_of(symbol, "bits", &in))
		return false;
	take_until(&in, ':');
	of = take_until(&in, '&');
	mask = take_until(&in, '^');
	if (of.len < 5 || memcmp(of.p, "ct(0:", 5) != 0 || mask.len != 8)
		return false;
	slice_bytes(mask, b, sizeof(b));
	text_say(t, "ct state ");
	text_states(t, native(b, sizeof(b)));
	return true;
}

static void text_compare(struct rule_text *t, struct slice s)
{
	static const char *const ops[] = { "", "!= ", "< ", "<= ", "> ", ">= " };
	unsigned long op = slice_number(take_until(&s, ':'));
	struct slice hex = take_last(&s);
	enum value v;

	if (text_state_list(t, op, s, hex))
		return;
	v = text_symbol(t, s);
	text_say(t, " %s", op < sizeof(ops) / sizeof(ops[0]) ? ops[op] : "? ");
	text_value(t, v, hex);
}

static void text_lookup(struct rule_text *t, struct slice s)
{
	bool negated = slice_number(take_until(&s, ':')) & NFT_LOOKUP_F_INV;

	text_map(t, s, negated ? "!= " : "");
}

static void text_vmap(struct rule_text *t, struct slice s)
{
	take_until(&s, ':');
	text_map(t, s, "vmap ");
}

static void text_verdict(struct rule_text *t, struct slice s)
{
	struct slice code = take_until(&s, ':');
	bool negative = code.len && *code.p == '-';
	unsigned long n = slice_number((struct slice){ code.p + negative, code.len - negative });
	static const char *const own[] = { NULL, "continue", "break", "jump ", "goto ", "return" };

	if (!negative)
		text_say(t, "%s", n == 0 ? "drop" : n == 1 ? "accept" : "queue");
	else if (n < sizeof(own) / sizeof(own[0]) && own[n])
		text_say(t, "%s", own[n]);
	text_slice(t, s);
}

static void text_nat(struct rule_text *t, struct slice s)
{
	unsigned long type = slice_number(take_until(&s, ':'));
	struct slice addr, port, hex;

	take_until(&s, ':');
	addr = take_until(&s, ':');
	port = take_until(&s, ':');
	text_say(t, "%s to ", type == NFT_NAT_SNAT ? "snat" : "dnat");
	if (inside_of(addr, "immediate", &hex))
		text_value(t, VALUE_ADDRESS, hex);
	else
		text_symbol(t, addr);
	if (port.len)
		text_say(t, ":");
	if (inside_of(port, "immediate", &hex))
		text_value(t, VALUE_PORT, (struct slice){ hex.p, hex.len < 4 ? hex.len : 4 });
	else
		text_symbol(t, port);
}

static void text_meta_set(struct rule_text *t, struct slice s)
{
	struct slice key = take_until(&s, '='), hex;

	text_meta(t, slice_number(key));
	text_say(t, " set ");
	if (inside_of(s, "immediate", &hex))
		text_value(t, VALUE_NATIVE, hex);
	else
		text_symbol(t, s);
}

static void text_dynset(struct rule_text *t, struct slice s)
{
	struct slice set;

	take_until(&s, ':');
	set = take_until(&s, ':');
	text_say(t, "update @");
	text_slice(t, set);
	text_say(t, " { ");
	text_key(t, take_until(&s, ':'));
	text_say(t, " }");
}

static void text_masq(struct rule_text *t, struct slice s)
{
	(void)s;
	text_say(t, "masquerade");
}

static void text_reject(struct rule_text *t, struct slice s)
{
	text_say(t, "reject%s", slice_number(s) == NFT_REJECT_TCP_RST ? " with tcp reset" : "");
}

static const struct {
	const char *word;
	void (*text)(struct rule_text *t, struct slice s);
} statements[] = {
	{ "cmp", text_compare },     { "lookup", text_lookup },     { "vmap", text_vmap },
	{ "verdict", text_verdict }, { "nat", text_nat },           { "masq", text_masq },
	{ "reject", text_reject },   { "meta-set", text_meta_set }, { "dynset", text_dynset },
};

static void text_statement(struct rule_text *t, struct slice s)
{
	static const char unknown[] = "(not ours)";
	struct slice in;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (inside_of(s, statements[i].word, &in)) {
			statements[i].text(t, in);
			return;
		}
	if (s.len > strlen(unknown) &&
	    memcmp(s.p + s.len - strlen(unknown), unknown, strlen(unknown)) == 0)
		s.len -= strlen(unknown); /* "counter", "limit", "log" */
	text_slice(t, s);
}

void svcr_nft_out_canon(struct svcr_out *o, uint8_t family, const char *canon)
{
	struct rule_text t = { .family = family };
	struct slice s = { canon, strcspn(canon, "#") };

	while (s.len) {
		struct slice one = take_until(&s, ';');

		if (one.len && t.len)
			text_say(&t, " ");
		text_statement(&t, one);
	}
	if (canon[strcspn(canon, "#")])
		text_say(&t, "%scomment \"%s\"", t.len ? " " : "", canon + strcspn(canon, "#") + 1);
	for (size_t i = 0; i < t.len; i++) {
		char c = t.buf[i] < ' ' || t.buf[i] > '~' ? '?' : t.buf[i];

		svcr_out_bytes(o, &c, 1);
	}
	svcr_out_str(o, t.cut ? "..." : "");
}
