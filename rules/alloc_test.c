/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fails every allocation in turn: the functions must return -ENOMEM and leak
 * nothing. The linker wraps the allocator for the objects of this project, and
 * jansson uses the wrappers too; libmnl and libnftnl do not.
 */
#include "rules/nftables/diff.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define LIVE_MAX 65536

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

/* ---- The allocator ------------------------------------------------------ */

static bool counting;
static size_t countdown; /* number of the allocation that fails, counted from here; 0: none */
static bool failed;
static void *live[LIVE_MAX];
static size_t nlive;

static bool alloc_fails(void)
{
	if (!counting || !countdown || --countdown)
		return false;
	failed = true;
	return true;
}

static void *alloc_note(void *p)
{
	if (counting && p) {
		if (nlive == LIVE_MAX)
			abort();
		live[nlive++] = p;
	}
	return p;
}

static void alloc_forget(const void *p)
{
	for (size_t i = nlive; p && i-- > 0;)
		if (live[i] == p) {
			live[i] = live[--nlive];
			return;
		}
}

void *__wrap_malloc(size_t size)
{
	return alloc_fails() ? NULL : alloc_note(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return alloc_fails() ? NULL : alloc_note(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
	if (alloc_fails())
		return NULL;
	alloc_forget(p);
	return alloc_note(__real_realloc(p, size));
}

void __wrap_free(void *p)
{
	alloc_forget(p);
	__real_free(p);
}

/* ---- Attempts ----------------------------------------------------------- */

#define SERVICE(name, ip, spec) \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"" name "\"}," \
	"\"spec\":{\"clusterIP\":\"" ip "\"," spec "," \
	"\"ports\":[{\"name\":\"p\",\"port\":80,\"nodePort\":30080}," \
	"{\"name\":\"q\",\"port\":53,\"protocol\":\"UDP\"}]}," \
	"\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.1\"}," \
	"{\"ip\":\"2001:db8::7\"}]}}}"
#define SLICE(name, endpoints) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"" name "-1\"," \
	"\"labels\":{\"kubernetes.io/service-name\":\"" name "\"}}," \
	"\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"p\",\"port\":8080}," \
	"{\"name\":\"q\",\"port\":53,\"protocol\":\"UDP\"}],\"endpoints\":[" endpoints "]}"
#define END(ip) \
	"{\"addresses\":[\"" ip "\"],\"nodeName\":\"n1\"," \
	"\"hints\":{\"forZones\":[{\"name\":\"z\"}]}}"
#define LEGACY \
	"{\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"b\"}," \
	"\"subsets\":[{\"addresses\":[{\"ip\":\"10.244.0.9\"}]," \
	"\"ports\":[{\"name\":\"p\",\"port\":8080}]}]}"
#define NODE \
	"{\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"}," \
	"\"spec\":{\"podCIDR\":\"10.244.0.0/24\"}," \
	"\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"192.0.2.1\"}]}}"
#define LOCAL \
	"\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\"," \
	"\"loadBalancerSourceRanges\":[\"192.0.2.0/24\"]"
#define STICKY "\"sessionAffinity\":\"ClientIP\",\"externalIPs\":[\"198.51.100.1\",\"127.0.0.1\"]"

static const char *const inputs[] = {
	"{\"kind\":\"List\",\"items\":["
	SERVICE("a", "10.96.0.1", LOCAL) "," SERVICE("b", "10.96.0.2", STICKY) ","
	SLICE("a", END("10.244.0.1") "," END("10.244.0.2")) "," LEGACY "," NODE
	",{\"kind\":\"Pod\"}]}",
	"{\"items\":["
	SERVICE("a", "10.96.0.1", STICKY) "," SERVICE("c", "fd00::1", LOCAL) ","
	SLICE("a", END("10.244.0.3") "," END("10.244.0.2") "," END("10.244.0.4"))
	"],\"kind\":\"List\"}",
};

/* Hashes the output, so that the test itself allocates nothing. */
static int alloc_hash(void *arg, const char *buf, size_t len)
{
	uint64_t *h = arg;

	for (size_t i = 0; i < len; i++)
		*h = (*h ^ (unsigned char)buf[i]) * 1099511628211u;
	return 0;
}

static long alloc_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text) < size ? strlen(*text) : size;

	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

static int alloc_options(struct svcrules_options *o, struct svcrules_diags *d)
{
	static const char *const settings[][2] = {
		{ "node-name", "n1" }, { "node-ip", "192.0.2.1, 2001:db8::1" },
		{ "service-cidr", "10.96.0.0/12" }, { "nodeport-addresses", "192.0.2.0/24" },
		{ "zone", "z" }, { "cluster-cidr", "10.244.0.0/16" },
	};
	int err = o && d ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(settings) && !err; i++)
		err = svcrules_options_set(o, settings[i][0], settings[i][1], d);
	return err;
}

/* Builds for nftables into `nft` or for IPVS into `ipvs`; the other is NULL. */
static int build_either(const char *text, struct svcrules_nft **nft, struct svcrules_ipvs **ipvs)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = svcrules_model_new();
	int err = m ? alloc_options(o, d) : -ENOMEM;

	if (!err)
		err = svcrules_model_read(m, "input", alloc_fill, &text, d);
	if (!err)
		err = nft ? svcrules_nft_build(m, o, d, nft) : svcrules_ipvs_build(m, o, d, ipvs);
	if (d && svcrules_diags_failed(d)) {
		if (!err && nft) {
			svcrules_nft_free(*nft);
		} else if (!err) {
			svcrules_ipvs_free(*ipvs);
			*ipvs = NULL;
		}
		err = -ENOMEM;
	}
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return err;
}

static int alloc_build(const char *text, struct svcrules_nft **ret)
{
	return build_either(text, ret, NULL);
}

/* The hash of all output of an attempt. */
static uint64_t sum;
static struct svcrules_nft *values[2];
static void *messages;
static size_t messages_len;

static int try_build(void)
{
	struct svcrules_nft *n;
	int err = alloc_build(inputs[0], &n);

	if (err)
		return err;
	err = svcrules_nft_print(n, alloc_hash, &sum);
	svcrules_nft_free(n);
	return err;
}

static int try_ipvs_build(void)
{
	struct svcrules_ipvs *v;
	int err = build_either(inputs[0], NULL, &v);

	if (err)
		return err;
	err = svcrules_ipvs_print(v, SVCRULES_IPVS_ALL, alloc_hash, &sum);
	if (!err)
		err = svcrules_ipvs_print_json(v, alloc_hash, &sum);
	svcrules_ipvs_free(v);
	return err;
}

static int print_ipvs_changes(const struct svcrules_ipvs_changes *c,
			      const struct svcrules_changes *nft)
{
	size_t len, n;
	void *buf;
	int err = svcrules_ipvs_changes_encode(c, false, 29, &buf, &len, &n);

	if (err)
		return err;
	alloc_hash(&sum, buf, len);
	free(buf);
	for (size_t i = 1; i <= n && !err; i++) {
		char *text = svcrules_ipvs_changes_describe(c, false, (uint32_t)i, -ENOENT);

		if (text)
			alloc_hash(&sum, text, strlen(text));
		else
			err = -ENOMEM;
		free(text);
	}
	if (!err)
		err = svcrules_ipvs_changes_print(c, nft, false, alloc_hash, &sum);
	return err ? err : svcrules_ipvs_changes_print_json(c, nft, alloc_hash, &sum);
}

static int alloc_compare_ipvs(const struct svcrules_ipvs *from, struct svcrules_ipvs *to)
{
	struct svcrules_changes *nft = NULL;
	struct svcrules_ipvs_changes *c = NULL;
	int err = svcrules_ipvs_settle(from, to, 900, SVCRULES_IPVS_APPLY);

	if (!err)
		err = svcrules_nft_diff(svcrules_ipvs_nft(from), svcrules_ipvs_nft(to), &nft);
	if (!err)
		err = svcrules_ipvs_diff(from, to, &c);
	if (!err)
		err = print_ipvs_changes(c, nft);
	svcrules_ipvs_changes_free(c);
	svcrules_changes_free(nft);
	return err;
}

static int try_ipvs_changes(void)
{
	struct svcrules_ipvs *from = NULL, *to = NULL;
	int err = build_either(inputs[0], NULL, &from);

	if (!err)
		err = build_either(inputs[1], NULL, &to);
	if (!err)
		err = alloc_compare_ipvs(from, to);
	svcrules_ipvs_free(from);
	svcrules_ipvs_free(to);
	return err;
}

static int try_print_json(void)
{
	return svcrules_nft_print_json(values[0], alloc_hash, &sum);
}

static int try_changes(int (*call)(struct svcrules_changes *c))
{
	struct svcrules_changes *c;
	int err = svcrules_nft_diff(values[0], values[1], &c);

	if (err)
		return err;
	err = call(c);
	svcrules_changes_free(c);
	return err;
}

static int call_encode(struct svcrules_changes *c)
{
	size_t len, n;
	void *buf;
	int err = svcrules_changes_encode(c, &buf, &len, &n);

	if (err)
		return err;
	alloc_hash(&sum, buf, len);
	for (size_t i = 1; i <= n && !err; i++) {
		char *text = svcrules_changes_describe(c, (uint32_t)i);

		if (text)
			alloc_hash(&sum, text, strlen(text));
		else
			err = -ENOMEM;
		free(text);
	}
	free(buf);
	return err;
}

static int call_print(struct svcrules_changes *c)
{
	int err = svcrules_changes_print(c, true, alloc_hash, &sum);

	return err ? err : svcrules_changes_print_nft(c, alloc_hash, &sum);
}

static int call_print_json(struct svcrules_changes *c)
{
	return svcrules_changes_print_json(c, alloc_hash, &sum);
}

static int try_encode(void)
{
	return try_changes(call_encode);
}

static int try_print(void)
{
	return try_changes(call_print);
}

static int try_changes_json(void)
{
	return try_changes(call_print_json);
}

static int decode_all(struct svcrules_nft *n)
{
	int left = (int)messages_len, err = 0;

	for (const struct nlmsghdr *nlh = messages; mnl_nlmsg_ok(nlh, left) && !err;
	     nlh = mnl_nlmsg_next(nlh, &left))
		err = svcrules_nft_decode(n, nlh);
	return err ? err : svcrules_nft_decode_end(n);
}

static int try_decode(void)
{
	struct svcrules_nft *n = svcrules_nft_new("svcrules");
	int err = n ? decode_all(n) : -ENOMEM;

	if (!err) {
		struct svcrules_changes *c;

		err = svcrules_nft_diff(n, values[0], &c);
		if (!err) {
			alloc_hash(&sum, svcrules_changes_empty(c) ? "=" : "/", 1);
			svcrules_changes_free(c);
		}
	}
	svcrules_nft_free(n);
	return err;
}

/* ---- The tests ---------------------------------------------------------- */

static void alloc_setup(void)
{
	struct svcrules_nft *empty = svcrules_nft_new("svcrules");
	struct svcrules_changes *c;
	size_t n;

	ck_assert_int_eq(alloc_build(inputs[0], &values[0]), 0);
	ck_assert_int_eq(alloc_build(inputs[1], &values[1]), 0);
	ck_assert_int_eq(svcrules_nft_diff(empty, values[0], &c), 0);
	ck_assert_int_eq(svcrules_changes_encode(c, &messages, &messages_len, &n), 0);
	svcrules_changes_free(c);
	svcrules_nft_free(empty);
}

static void alloc_teardown(void)
{
	svcrules_nft_free(values[0]);
	svcrules_nft_free(values[1]);
	free(messages);
}

static int attempt(int (*call)(void), size_t at)
{
	int err;

	sum = 14695981039346656037u;
	nlive = 0;
	failed = false;
	countdown = at;
	counting = true;
	err = call();
	counting = false;
	ck_assert_msg(nlive == 0, "%zu left behind when allocation %zu fails", nlive, at);
	return err;
}

static const struct { const char *name; int (*call)(void); } tries[] = {
	{ "build", try_build }, { "print_json", try_print_json }, { "encode", try_encode },
	{ "print", try_print },
	{ "changes_json", try_changes_json }, { "decode", try_decode },
	{ "ipvs_build", try_ipvs_build }, { "ipvs_changes", try_ipvs_changes },
};

START_TEST(alloc_every_failure)
{
	uint64_t expected;
	size_t at;

	ck_assert_int_eq(attempt(tries[_i].call, 0), 0);
	expected = sum;
	for (at = 1; at < 100000; at++) {
		int err = attempt(tries[_i].call, at);

		if (!failed)
			break;
		ck_assert_msg(err == -ENOMEM, "%s says %d when allocation %zu fails",
			      tries[_i].name, err, at);
	}
	ck_assert_uint_gt(at, 5);
	ck_assert_int_eq(attempt(tries[_i].call, 0), 0);
	ck_assert_uint_eq(sum, expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alloc");
	TCase *tc = tcase_create("alloc");
	SRunner *runner = srunner_create(suite);
	int bad;

	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, alloc_setup, alloc_teardown);
	tcase_add_loop_test(tc, alloc_every_failure, 0, (int)ARRAY_SIZE(tries));
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
