/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may see a location. A few source ranges stand in each location of their Ingress. Many would
 * make as many lines as there are ranges times paths, both of which one tenant may write, so they
 * stand once before the servers, and locations ask a variable.
 */
#include "rules/nginx/checks.h"
#include "rules/nginx/writer.h"

#define LISTED_MAX 16 /* ranges that stand in each location */

static size_t count_ranges(const char *ranges)
{
	struct svcr_str word;
	size_t n = 0;

	while (ranges && n <= LISTED_MAX && svcr_nginx_next(&ranges, &word))
		n++;
	return n;
}

static bool has_many(const struct svcr_nginx_settings *s)
{
	return count_ranges(s->value[SVCR_A_ALLOWLIST]) + count_ranges(s->value[SVCR_A_DENYLIST]) >
	       LISTED_MAX;
}

/* True if the right password is enough, wherever it comes from. */
static bool is_either(const struct svcr_nginx_settings *s)
{
	return s->users && strcmp(svcr_nginx_value(s, SVCR_A_SATISFY, "all"), "any") == 0;
}

/* True if some addresses need no password. Those that denylist does not name are not admitted. */
static bool admits_without(const struct svcr_nginx_settings *s)
{
	return is_either(s) && s->value[SVCR_A_ALLOWLIST];
}

static const char *realm_of(const struct svcr_nginx_settings *s)
{
	return svcr_nginx_value(s, SVCR_A_AUTH_REALM, "Authentication Required");
}

/* ---- Before the servers -------------------------------------------------------- */

/* Those of denylist are refused whatever allowlist says; all others, if it is there, too. */
void svcr_nginx_put_sources(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	const char *deny = s->value[SVCR_A_DENYLIST], *allow = s->value[SVCR_A_ALLOWLIST];

	if (!has_many(s) || (is_either(s) && !allow))
		return;
	if (deny)
		svcr_nginx_put_geo(w, "", "denied_", s->word, deny);
	if (allow)
		svcr_nginx_put_geo(w, "", "allowed_", s->word, allow);
	svcr_out(&w->o, "\tmap \"%s%s:%s%s\" $svcrules_refused_%s {\n",
		 deny ? "$svcrules_denied_" : "0", deny ? s->word : "",
		 allow ? "$svcrules_allowed_" : "1", allow ? s->word : "", s->word);
	svcr_out_str(&w->o, "\t\tdefault 1;\n\t\t\"0:1\" \"\";\n\t}\n");
	if (!admits_without(s))
		return;
	svcr_out(&w->o, "\tmap $svcrules_refused_%s $svcrules_realm_%s {\n\t\tdefault ", s->word,
		 s->word);
	svcr_nginx_quote(&w->o, realm_of(s));
	svcr_out_str(&w->o, ";\n\t\t\"\" off;\n\t}\n");
}

/* ---- In a location --------------------------------------------------------------- */

static void put_listed(struct svcr_nginx_writer *w, const char *word, const char *ranges)
{
	char text[SVCR_CIDR_TEXT];
	struct svcr_cidr c;
	bool bad = false;

	while (ranges && svcr_nginx_next_range(&ranges, &c, &bad))
		svcr_out(&w->o, IN "%s %s;\n", word, svcr_cidr_text(&c, text));
}

/* Browsers show a refusal to pages of other origins only with the headers of CORS. */
static void put_refusal(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	svcr_out(&w->o, IN "if ($svcrules_refused_%s) {\n", s->word);
	if (svcr_nginx_on(s, SVCR_A_CORS))
		svcr_nginx_put_cors_headers(w, s, IN "\treturn 403;\n");
	else
		svcr_out_str(&w->o, IN "\treturn 403;\n" IN "}\n");
}

static void put_sources(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	if (!has_many(s)) {
		put_listed(w, "deny", s->value[SVCR_A_DENYLIST]);
		put_listed(w, "allow", s->value[SVCR_A_ALLOWLIST]);
		if (s->value[SVCR_A_ALLOWLIST])
			svcr_out_str(&w->o, IN "deny all;\n");
	} else if (!is_either(s)) {
		put_refusal(w, s);
	}
}

void svcr_nginx_put_access(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s)
{
	put_sources(w, s);
	if (!s->users)
		return;
	svcr_out_str(&w->o, IN "auth_basic ");
	if (has_many(s) && admits_without(s))
		svcr_out(&w->o, "$svcrules_realm_%s", s->word);
	else
		svcr_nginx_quote(&w->o, realm_of(s));
	svcr_out_str(&w->o, ";\n" IN "auth_basic_user_file ");
	svcr_nginx_quote(&w->o, s->users);
	svcr_out_str(&w->o, ";\n");
}
