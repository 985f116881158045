/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target for zones: whatever the objects are, either reading or building them fails with an
 * error and nothing is printed, or each line of the zones is a record of a known form whose name is
 * in its zone. Compiled as rules/read_fuzz.c is.
 */
#include "fuzz_main.h"
#include "rules/built_test.h"

#include <ctype.h>
#include <errno.h>

/* Labels of up to 63 letters, digits and dashes, perhaps with '_' first, with dots behind them. */
static bool valid_name(const char *s, size_t len)
{
	size_t label = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.') {
			if (label == 0 || label > 63 || s[i - 1] == '-')
				return false;
			label = 0;
		} else if (islower((unsigned char)s[i]) || isdigit((unsigned char)s[i]) ||
			   (s[i] == '-' && label > 0) || (s[i] == '_' && label == 0)) {
			label++;
		} else {
			return false;
		}
	}
	return len > 1 && len <= 254 && label == 0;
}

static bool within(const char *name, size_t len, const char *zone)
{
	size_t n = strlen(zone);

	return len >= n && memcmp(name + len - n, zone, n) == 0 &&
	       (len == n || name[len - n - 1] == '.');
}

static bool valid_data(const char *type, const char *data)
{
	struct svcr_str s = { data, strlen(data) };
	struct svcr_addr a;
	unsigned port;
	int at = -1;

	if (strcmp(type, "A") == 0 || strcmp(type, "AAAA") == 0)
		return svcr_addr_parse(&a, s) && a.family == (type[1] ? SVCR_IPV6 : SVCR_IPV4);
	if (strcmp(type, "SRV") == 0)
		return sscanf(data, "0 100 %5u %n", &port, &at) == 1 && at > 0 && port > 0 &&
		       port <= 65535 && valid_name(data + at, strlen(data + at));
	if (strcmp(type, "TXT") == 0)
		return strcmp(data, "\"1.1.0\"") == 0 || strcmp(data, "\"namespace\"") == 0;
	if (strcmp(type, "SOA") == 0)
		return true; /* options and numbers */
	return (strcmp(type, "NS") == 0 || strcmp(type, "PTR") == 0 ||
		strcmp(type, "CNAME") == 0) &&
	       valid_name(data, s.len);
}

static bool valid_line(char *line, const char *zone)
{
	char *type = strchr(line, ' '), *data = type ? strchr(type + 1, ' ') : NULL;

	if (!data)
		return false;
	*type++ = *data++ = '\0';
	return valid_name(line, strlen(line)) && within(line, strlen(line), zone) &&
	       valid_data(type, data);
}

/* Every line of a file is a record, but three at its top. */
static void check_file(const struct svcrules_ruleset *rs, size_t i)
{
	struct gen_text t = { NULL, 0 };
	char *rest, *line, *zone;

	if (svcrules_file_print(rs, 0, i, gen_write, &t) || strlen(t.p) != t.len)
		abort();
	rest = t.p;
	line = strsep(&rest, "\n");
	zone = strsep(&rest, "\n");
	if (strncmp(line, "; ", 2) != 0 || strncmp(zone, "$ORIGIN ", 8) != 0 ||
	    strcmp(strsep(&rest, "\n"), "$TTL 5") != 0)
		abort();
	for (line = strsep(&rest, "\n"); rest; line = strsep(&rest, "\n"))
		if (!valid_line(line, zone + 8))
			abort();
	if (!line || *line) /* the last one has an end, too */
		abort();
	free(t.p);
}

static void check_files(const struct svcrules_ruleset *rs)
{
	struct svcrules_file f;
	size_t n = 0;

	for (; svcrules_ruleset_file(rs, 0, n, &f); n++) {
		if (*f.name == '.' || strchr(f.name, '/') || f.secret)
			abort();
		check_file(rs, n);
	}
	if (n == 0)
		abort();
}

static void zones_fuzz_input(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size, SIZE_MAX };
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = svcrules_model_new("dns", o);
	struct svcrules_ruleset *rs = NULL;
	size_t sum = 0;
	int err;

	if (!d || !m)
		abort();
	err = svcrules_model_read(m, "fuzz", fuzz_fill, &in, d);
	if (!err)
		err = svcrules_build(m, o, "dns", d, &rs);
	if (err && (err != -EINVAL || !svcrules_diags_errors(d)))
		abort();
	if (!err) {
		check_files(rs);
		if (svcrules_print(rs, "json", gen_sum, &sum))
			abort();
	}
	svcrules_ruleset_free(rs);
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
}

FUZZ_TARGET(zones_fuzz_input)
