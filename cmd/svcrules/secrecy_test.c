/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No byte of a Secret stays in the memory of the process: all memory that can be written is
 * searched for pieces of a key, with libyaml and libcrypto as the program has them.
 */
#include "rules/alloc_test.h"
#include "secrecy.h"
#include "svcrules.h"
#include "testdata/certs/certs.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE 16
#define PIECES_MAX 512
#define BLOCK (1 << 16)
#define SHOWN 1 /* what an attempt returns whose messages have a part of the key */
/* The address sanitizer keeps what is freed for a while, which takes long to search each time. */
#ifdef __SANITIZE_ADDRESS__
#define STEP 997
#else
#define STEP 1
#endif
#define OURS 300                    /* allocations of an attempt, of which each fails once */
#define LARGEST ((uint64_t)1 << 26) /* bytes of a mapping that is no shadow of a sanitizer */

/* ---- Pieces of the key ---------------------------------------------------- */

/* All bits are the other way round, so that the search does not find these pieces. */
static unsigned char pieces[PIECES_MAX][PIECE];
static size_t npieces;
static uint8_t first_bytes[1 << 16]; /* two bytes that some piece begins with */

static void piece_add(const unsigned char *p)
{
	ck_assert_uint_lt(npieces, PIECES_MAX);
	for (size_t i = 0; i < PIECE; i++)
		pieces[npieces][i] = (unsigned char)~p[i];
	first_bytes[pieces[npieces][0] << 8 | pieces[npieces][1]] = 1;
	npieces++;
}

/* Decodes base64, from which `skip` characters are known, into `to`; returns the length. */
static size_t test_decode(const char *s, size_t n, unsigned char *to)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	size_t len = 0, k = 0;

	for (size_t i = 0; i < n && s[i] != '='; i++) {
		const char *d = strchr(digits, s[i]);

		if (!s[i] || !d)
			continue;
		bits = bits << 6 | (uint32_t)(d - digits);
		if (++k % 4 != 1)
			to[len++] = (unsigned char)(bits >> (2 * (3 - (k - 1) % 4)));
	}
	return len;
}

/* Adds text in pieces that overlap by none, so a copy of 2 * PIECE bytes has one of them. */
static void pieces_of(const unsigned char *p, size_t from, size_t to)
{
	for (; from + PIECE <= to; from += PIECE)
		piece_add(p + from);
}

/* Of an EC key as PKCS#8: its number is from byte 36 to 67; the public key behind it is known. */
static void find_pieces(void)
{
	unsigned char pem[512], der[256], reversed[32];
	size_t n = test_decode(CERTS_SITE_KEY, strlen(CERTS_SITE_KEY), pem), at;
	const char *body;

	pem[n] = '\0';
	body = strchr((const char *)pem, '\n') + 1;
	at = (size_t)(body - (const char *)pem) + 48;
	pieces_of(pem, at, at + 16);
	pieces_of((const unsigned char *)CERTS_SITE_KEY, at / 3 * 4 + 4, (at + 42) / 3 * 4);
	n = test_decode(body, strcspn(body, "-"), der);
	ck_assert_uint_eq(n, 138);
	pieces_of(der, 36, 68);
	for (size_t i = 0; i < 32; i++)
		reversed[i] = der[67 - i];
	pieces_of(reversed, 0, 32);
	explicit_bzero(pem, sizeof(pem));
	explicit_bzero(der, sizeof(der));
	explicit_bzero(reversed, sizeof(reversed));
}

/* ---- The search ------------------------------------------------------------- */

static int memory_fd = -1;
static unsigned char block[BLOCK + PIECE];

static size_t block_search(size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i + PIECE <= n; i++) {
		/* a byte at a time, the other way round: no copy of a piece comes to be */
		if (!first_bytes[(unsigned char)~block[i] << 8 | (unsigned char)~block[i + 1]])
			continue;
		for (size_t k = 0; k < npieces; k++) {
			size_t same = 0;

			while (same < PIECE && (block[i + same] ^ pieces[k][same]) == 0xff)
				same++;
			found += same == PIECE;
		}
	}
	return found;
}

static size_t mapping_search(uint64_t start, uint64_t end)
{
	uint64_t own = (uint64_t)(uintptr_t)block;
	size_t found = 0;

	for (uint64_t at = start; at < end; at += BLOCK) {
		size_t size = end - at < sizeof(block) ? (size_t)(end - at) : sizeof(block);
		ssize_t n;

		n = pread(memory_fd, block, size, (off_t)at);
		/* not its own copies */
		if (n > 0 && (at + size <= own || at >= own + sizeof(block)))
			found += block_search((size_t)n);
	}
	explicit_bzero(block, sizeof(block));
	return found;
}

/* The number of pieces of the key in memory that can be written. */
static size_t key_search(void)
{
	static char maps[1 << 18];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t n = 0, found = 0;
	ssize_t more;

	ck_assert_int_ge(fd, 0);
	while ((more = read(fd, maps + n, sizeof(maps) - 1 - n)) > 0)
		n += (size_t)more;
	close(fd);
	maps[n] = '\0';
	for (char *line = maps; *line; line = strchr(line, '\n') + 1) {
		char *end;
		uint64_t start = strtoull(line, &end, 16), stop = strtoull(end + 1, &end, 16);

		if (end[2] == 'w' && stop - start < LARGEST)
			found += mapping_search(start, stop);
	}
	return found;
}

/* ---- What is tried ------------------------------------------------------------ */

#define INGRESS_YAML \
	"kind: Ingress\nmetadata: {name: i}\nspec: {ingressClassName: nginx, " \
	"tls: [{hosts: [a.example.com], secretName: s}], rules: [{host: a.example.com}]}\n---\n"
#define INGRESS_JSON \
	"{\"kind\":\"Ingress\",\"metadata\":{\"name\":\"i\"},\"spec\":{\"ingressClassName\":" \
	"\"nginx\",\"tls\":[{\"hosts\":[\"a.example.com\"],\"secretName\":\"s\"}],\"rules\":[" \
	"{\"host\":\"a.example.com\"}]}}"
#define DATA_JSON(key) "\"data\":{\"tls.crt\":\"" CERTS_SITE_CRT "\",\"tls.key\":\"" key "\"}"
#define SECRET_JSON(key) \
	"{" DATA_JSON(key) ",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"type\":" \
			   "\"kubernetes.io/tls\""
#define SECRET_YAML(key) \
	"kind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\ndata:\n" \
	"  tls.crt: " CERTS_SITE_CRT "\n  tls.key: " key "\n"

/* Texts in memory that cannot be written, where nothing is searched. */
static const struct trial {
	const char *name, *text;
	int result;
} trials[] = {
	{ "JSON", INGRESS_JSON SECRET_JSON(CERTS_SITE_KEY) "}", 0 },
	{ "JSON with escapes", INGRESS_JSON SECRET_JSON("\\u004c\\u0053" CERTS_SITE_KEY) "}",
	  -EINVAL },
	{ "JSON, read as an Ingress first",
	  INGRESS_JSON
	  "{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/"
	  "last-applied-configuration\":\"" CERTS_SITE_KEY "\"},\"name\":\"s\"}," DATA_JSON(
		  CERTS_SITE_KEY) ",\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\"}",
	  0 },
	{ "JSON that ends", INGRESS_JSON SECRET_JSON(CERTS_SITE_KEY), -EINVAL },
	{ "JSON that ends in the key", INGRESS_JSON "{\"data\":{\"a\":\"" CERTS_SITE_KEY, -EINVAL },
	{ "JSON of the wrong type",
	  INGRESS_JSON "{\"data\":[\"" CERTS_SITE_KEY "\"],\"kind\":\"Secret\"}", -EINVAL },
	{ "JSON with a key in a key", SECRET_JSON(CERTS_SITE_KEY) ",\"" CERTS_SITE_KEY "\":1}", 0 },
	{ "text behind JSON", INGRESS_JSON "\n" CERTS_SITE_KEY "\n", -EINVAL },
	{ "text", CERTS_SITE_KEY, -EINVAL },
	{ "another key", INGRESS_JSON SECRET_JSON(CERTS_SITE_KEY CERTS_SITE_KEY) "}", -EINVAL },
	{ "a type that is not kept",
	  "{" DATA_JSON(
		  CERTS_SITE_KEY) ",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"type\":"
				  "\"x/y\"}",
	  0 },
	{ "YAML", INGRESS_YAML SECRET_YAML(CERTS_SITE_KEY), 0 },
	{ "YAML in quotes", INGRESS_YAML SECRET_YAML("\"" CERTS_SITE_KEY "\""), 0 },
	{ "YAML with an anchor",
	  INGRESS_YAML SECRET_YAML("&k " CERTS_SITE_KEY) "stringData: {a: *k, b: *k}\n", 0 },
	{ "YAML as a block", INGRESS_YAML SECRET_YAML("|\n    " CERTS_SITE_KEY "\n"), 0 },
	{ "YAML as binary", INGRESS_YAML SECRET_YAML("!!binary " CERTS_SITE_KEY), -EINVAL },
	{ "YAML with a wrong tag", INGRESS_YAML SECRET_YAML("!!int " CERTS_SITE_KEY), -EINVAL },
	{ "YAML with an error", INGRESS_YAML SECRET_YAML(CERTS_SITE_KEY) " : [\n", -EINVAL },
	{ "YAML that ends", INGRESS_YAML SECRET_YAML("\"" CERTS_SITE_KEY), -EINVAL },
	{ "a scalar", INGRESS_YAML CERTS_SITE_KEY "\n", -EINVAL },
};

static const char *trial_text; /* that is tried */

/* Texts with 200 kB behind the key, so that memory grows after it was read. */
static const char *const large[] = {
	INGRESS_JSON
	"{" DATA_JSON(CERTS_SITE_KEY) ",\"kind\":\"Secret\",\"metadata\":{"
				      "\"name\":\"s\"},\"stringData\":{\"a\":\"%.*s\"},"
				      "\"type\":\"kubernetes.io/tls\"}",
	INGRESS_YAML SECRET_YAML("&k " CERTS_SITE_KEY) "stringData: {b: *k, a: \"%.*s\"}\n",
};

/* Makes such a text in memory that cannot be written. */
static const char *large_text(const char *format)
{
	static char filler[200001];
	size_t size = 1 << 18;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	memset(filler, 'x', sizeof(filler) - 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(p, size, format, (int)sizeof(filler) - 1, filler);
#pragma GCC diagnostic pop
	ck_assert_int_eq(mprotect(p, size, PROT_READ), 0);
	return p;
}

static long trial_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strnlen(*text, size);

	n = n < 100 ? n : 100;
	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

static int print_files(const struct svcrules_ruleset *rs)
{
	static const char *const formats[] = { NULL, "text", "json" };
	struct svcrules_file f;
	int err = 0;

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats) && !err; i++)
		err = svcrules_print(rs, formats[i], alloc_hash, NULL);
	for (size_t i = 0; !err && svcrules_ruleset_file(rs, 0, i, &f); i++)
		err = svcrules_file_print(rs, 0, i, alloc_hash, NULL);
	return err;
}

static bool expect_found; /* while the Secret is in memory */

static int build_and_print(const struct svcrules_model *m, const struct svcrules_options *o,
			   struct svcrules_diags *d)
{
	struct svcrules_ruleset *rs = NULL;
	int err = svcrules_build(m, o, "nginx", d, &rs);

	if (!err)
		err = print_files(rs);
	if (expect_found && !err)
		ck_assert_uint_gt(key_search(), 0);
	svcrules_ruleset_free(rs);
	return err;
}

static bool diags_show(const struct svcrules_diags *d)
{
	const struct svcrules_diag *g;

	for (size_t i = 0; (g = svcrules_diags_get(d, i)); i++)
		for (size_t k = 0; k + 8 < strlen(CERTS_SITE_KEY); k++)
			if (memmem(g->text, strlen(g->text), &CERTS_SITE_KEY[k], 8))
				return true;
	return false;
}

static int trial_run(void)
{
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = o && d ? svcrules_model_new("nginx", o) : NULL;
	const char *text = trial_text;
	int err = m ? svcrules_model_read(m, "input", trial_fill, &text, d) : -ENOMEM;

	if (!err)
		err = build_and_print(m, o, d);
	if (d && svcrules_diags_failed(d))
		err = -ENOMEM;
	if (d && diags_show(d))
		err = SHOWN;
	svcrules_model_free(m);
	svcrules_diags_free(d);
	svcrules_options_free(o);
	svcrules_wipe_stack(); /* as the program does */
	return err;
}

static void secrecy_setup(void)
{
	memory_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(memory_fd, 0);
	find_pieces();
	ck_assert_int_eq(secrecy_start(), 0);
}

/* The search finds a key in memory, on the stack and in memory that was freed. */
START_TEST(secrecy_finds)
{
	size_t n = strlen(CERTS_SITE_KEY);
	char *p = malloc(n + 1), local[400];
	volatile char *kept = local;

	ck_assert_uint_eq(key_search(), 0);
	memcpy(p, CERTS_SITE_KEY, n + 1);
	ck_assert_uint_gt(key_search(), 0);
	__real_free(p);
	ck_assert_uint_gt(key_search(), 0);
	p = __real_malloc(n + 1);
	memset(p, 0, n + 1);
	ck_assert_uint_eq(key_search(), 0);
	memcpy(local, CERTS_SITE_KEY, n + 1);
	ck_assert_uint_gt(key_search(), 0);
	ck_assert_int_eq(kept[0], 'L');
	explicit_bzero(local, sizeof(local));
	ck_assert_uint_eq(key_search(), 0);
	free(p);
}
END_TEST

START_TEST(secrecy_leaves_nothing)
{
	const struct trial *t = &trials[_i];
	int err;

	trial_text = t->text;
	expect_found = t->result == 0 && strstr(t->text, "Ingress");
	ck_assert_uint_eq(key_search(), 0);
	err = trial_run();
	ck_assert_msg(err == t->result, "%s: %d", t->name, err);
	ck_assert_msg(key_search() == 0, "%s leaves the key in memory", t->name);
}
END_TEST

START_TEST(secrecy_of_large)
{
	trial_text = large_text(large[_i]);
	ck_assert_uint_eq(key_search(), 0);
	ck_assert_int_eq(trial_run(), 0);
	ck_assert_uint_eq(key_search(), 0);
}
END_TEST

/*
 * The same when memory is short, at each place. OpenSSL makes do without some of its own, and does
 * not always say that this is why a key cannot be parsed; of its many only some fail here.
 */
START_TEST(secrecy_without_memory)
{
	const struct trial *t = &trials[_i];
	size_t left, at = 0;

	trial_text = t->text;
	alloc_attempt(trial_run, 0, &left);
	do {
		int err;

		at += at < OURS ? STEP : STEP + 28;
		err = alloc_attempt(trial_run, at, &left);

		ck_assert_msg(err == -ENOMEM || err == -EINVAL || err == t->result,
			      "%s: %d when allocation %zu fails", t->name, err, at);
		ck_assert_msg(key_search() == 0, "%s leaves the key when allocation %zu fails",
			      t->name, at);
	} while (alloc_state.failed);
	ck_assert_uint_gt(at, 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secrecy");
	TCase *tc = tcase_create("secrecy");
	SRunner *runner = srunner_create(suite);
	int failed, n = (int)(sizeof(trials) / sizeof(*trials));

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, secrecy_setup, NULL);
	if (STEP == 1)
		tcase_add_test(tc, secrecy_finds);
	tcase_add_loop_test(tc, secrecy_leaves_nothing, 0, n);
	tcase_add_loop_test(tc, secrecy_of_large, 0, 2);
	tcase_add_loop_test(tc, secrecy_without_memory, 0, n);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
