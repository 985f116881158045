/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nginx/x509.h"
#include "timestamp.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys and signatures that are weaker are refused by OpenSSL at its security level 2. */
#define SECURITY_BITS 112

/* OpenSSL's type of a certificate, whose name no function here may shadow. */
struct svcr_x509 {
	X509 *leaf;
};

/* What is read and its faults. */
struct x509_reading {
	char *fault;
	bool encrypted; /* a password was asked for */
};

/* Must come before any other function of OpenSSL: later calls read no configuration file either. */
static void x509_start(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT |
				    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS,
			    NULL);
}

/* Takes all errors of OpenSSL; true if memory was short. *ret_last is the last one, 0: none. */
static bool x509_no_memory(unsigned long *ret_last)
{
	unsigned long e;
	bool short_of_it = false;

	*ret_last = 0;
	while ((e = ERR_get_error())) {
		short_of_it = short_of_it || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
		*ret_last = e;
	}
	return short_of_it;
}

static int __attribute__((format(printf, 2, 3)))
x509_fault(struct x509_reading *r, const char *fmt, ...)
{
	unsigned long last;
	va_list ap;

	if (x509_no_memory(&last))
		return -ENOMEM;
	va_start(ap, fmt);
	vsnprintf(r->fault, SVCR_X509_FAULT, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/*
 * Why PEM number n of a file could not be read: `none` if no block begins any more. An error
 * without a reason is one for which there was no memory, either.
 */
static int x509_pem_fault(struct x509_reading *r, const char *none, const char *broken, size_t n)
{
	unsigned long last;

	if (x509_no_memory(&last) || !last)
		return -ENOMEM;
	if (r->encrypted)
		none = broken = "tls.key is encrypted: expected a key without a password";
	if (ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE)
		snprintf(r->fault, SVCR_X509_FAULT, "%s", none);
	else if (n)
		snprintf(r->fault, SVCR_X509_FAULT, "%s %zu cannot be parsed", broken, n);
	else
		snprintf(r->fault, SVCR_X509_FAULT, "%s", broken);
	return *r->fault ? -EINVAL : 0;
}

/* Refuses instead of asking on the terminal. */
static int x509_password(char *buf, int size, int writing, void *arg)
{
	struct x509_reading *r = arg;

	(void)buf;
	(void)size;
	(void)writing;
	r->encrypted = true;
	return -1;
}

/* ---- Strength ---------------------------------------------------------------- */

/* The names of the types of keys that TLS 1.2 and 1.3 use; NULL: another. */
static const char *x509_key_type(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS: return "RSA";
	case EVP_PKEY_EC: return "an elliptic curve";
	case EVP_PKEY_ED25519: return "Ed25519";
	case EVP_PKEY_ED448: return "Ed448";
	default: return NULL;
	}
}

/* The bits of security that its signature gives; as OpenSSL, which does not look at its own. */
static int x509_signature_bits(X509 *x)
{
	int bits = -1;

	if (X509_get_extension_flags(x) & EXFLAG_SS)
		return SECURITY_BITS;
	return X509_get_signature_info(x, NULL, NULL, &bits, NULL) ? bits : -1;
}

/* What nginx checks of certificate number n, from 1, when it loads it. */
static int x509_check(struct x509_reading *r, X509 *x, size_t n)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	const char *type = key ? x509_key_type(key) : NULL;

	if (!key)
		return x509_fault(r, "tls.crt: the key of certificate %zu cannot be parsed", n);
	if (!type)
		return x509_fault(
			r, "tls.crt: certificate %zu has a key of a type that TLS does not use", n);
	if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS)
		return x509_fault(r,
				  "tls.crt: certificate %zu has a key of %d bits of %s, which "
				  "nginx does not load: it is too weak",
				  n, EVP_PKEY_get_bits(key), type);
	if (x509_signature_bits(x) < SECURITY_BITS)
		return x509_fault(r,
				  "tls.crt: certificate %zu is signed with a hash as MD5 or SHA-1, "
				  "which nginx does not load: it is too weak",
				  n);
	return 0;
}

/* ---- PEM ------------------------------------------------------------------- */

/* Parses certificates to the end; takes the first, and checks all. */
static int x509_chain(struct x509_reading *r, BIO *in, X509 **leaf)
{
	static const char broken[] = "tls.crt: certificate";
	size_t n = 1;
	int err;

	ERR_clear_error();
	*leaf = PEM_read_bio_X509_AUX(in, NULL, x509_password, r);
	if (!*leaf)
		return x509_pem_fault(r, "tls.crt has no certificate in PEM", broken, n);
	err = x509_check(r, *leaf, n);
	while (!err) {
		X509 *x;

		ERR_clear_error();
		x = PEM_read_bio_X509(in, NULL, x509_password, r);
		if (!x)
			return x509_pem_fault(r, "", broken, n + 1);
		err = x509_check(r, x, ++n);
		X509_free(x);
	}
	return err;
}

static const void *find_text(struct svcr_str s, const char *what)
{
	return memmem(s.p, s.len, what, strlen(what));
}

/*
 * Parses a key that is the only block of its text and of the type of the certificate's, which takes
 * a quarter of the time that PEM_read_bio_PrivateKey() of OpenSSL 3.0 needs to find the type. NULL:
 * it may be anything else, and no error is left.
 */
static EVP_PKEY *x509_usual_key(struct svcr_str text, const EVP_PKEY *public_key)
{
	const char *first = find_text(text, "-----BEGIN ");
	struct svcr_str rest = { first, first ? text.len - (size_t)(first - text.p) : 0 };
	BIO *in = BIO_new_mem_buf(text.p, (int)text.len);
	OSSL_DECODER_CTX *d = NULL;
	EVP_PKEY *key = NULL;

	if (in && first && !find_text(rest, "ENCRYPTED") &&
	    !find_text((struct svcr_str){ first + 1, rest.len - 1 }, "-----BEGIN "))
		d = OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL,
						  EVP_PKEY_get0_type_name(public_key),
						  OSSL_KEYMGMT_SELECT_KEYPAIR, NULL, NULL);
	if (d)
		OSSL_DECODER_from_bio(d, in);
	OSSL_DECODER_CTX_free(d);
	BIO_free(in);
	ERR_clear_error();
	return key;
}

static int x509_key(struct x509_reading *r, struct svcr_str text, BIO *in, X509 *leaf)
{
	bool any = find_text(text, "PRIVATE KEY-----");
	EVP_PKEY *key = x509_usual_key(text, X509_get0_pubkey(leaf));
	int err = 0;

	if (!key)
		key = PEM_read_bio_PrivateKey(in, NULL, x509_password, r);
	if (!key)
		return x509_pem_fault(r, "tls.key has no private key in PEM",
				      any ? "tls.key: the private key cannot be parsed" :
					    "tls.key has no private key in PEM",
				      0);
	ERR_clear_error();
	if (X509_check_private_key(leaf, key) != 1)
		err = x509_fault(r, "tls.key is not the key of the first certificate in tls.crt");
	EVP_PKEY_free(key);
	return err;
}

/* Text in memory; -EINVAL if it cannot be PEM. */
static int x509_open(struct x509_reading *r, const char *name, struct svcr_str s, BIO **ret)
{
	ERR_clear_error();
	if (memchr(s.p, '\0', s.len) || s.len > INT_MAX)
		return x509_fault(r, "%s is not PEM: it has a NUL byte", name);
	*ret = BIO_new_mem_buf(s.p, (int)s.len);
	return *ret ? 0 : -ENOMEM;
}

static int x509_read_leaf(struct x509_reading *r, struct svcr_str chain, struct svcr_str key,
			  X509 **leaf)
{
	BIO *crt = NULL, *in = NULL;
	int err = x509_open(r, "tls.crt", chain, &crt);

	if (!err)
		err = x509_open(r, "tls.key", key, &in);
	if (!err)
		err = x509_chain(r, crt, leaf);
	if (!err)
		err = x509_key(r, key, in, *leaf);
	BIO_free(crt);
	BIO_free(in);
	ERR_clear_error();
	return err;
}

int svcr_x509_read(struct svcr_str chain, struct svcr_str key, struct svcr_x509 **ret,
		   char fault[static SVCR_X509_FAULT])
{
	struct x509_reading r = { .fault = fault };
	struct svcr_x509 *x = malloc(sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	x->leaf = NULL;
	x509_start();
	err = x509_read_leaf(&r, chain, key, &x->leaf);
	if (err)
		svcr_x509_free(x);
	else
		*ret = x;
	return err;
}

void svcr_x509_free(struct svcr_x509 *x)
{
	if (!x)
		return;
	X509_free(x->leaf);
	free(x);
}

/* ---- Names and dates --------------------------------------------------------- */

enum svcr_x509_name svcr_x509_names(const struct svcr_x509 *x, const char *host)
{
	const unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
	char any[300];

	/* a certificate names all hosts of a wildcard if it names one that nobody can mean */
	snprintf(any, sizeof(any), "%s%s", *host == '*' ? "any-host-of-the-wildcard" : "",
		 *host == '*' ? host + 1 : host);
	if (X509_check_host(x->leaf, any, 0, flags | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) ==
	    1)
		return SVCR_X509_NAMED;
	return X509_check_host(x->leaf, any, 0, flags, NULL) == 1 ? SVCR_X509_COMMON_NAME :
								    SVCR_X509_UNNAMED;
}

/*
 * Writes the time of a certificate, which is in UTC, into `date`, and returns it in seconds since
 * 1970. OpenSSL's own comparisons use gmtime_r(), which reads the zone of the machine from a file.
 */
static int64_t x509_seconds(const ASN1_TIME *t, char date[static SVCR_X509_DATE])
{
	struct tm tm = { .tm_mday = 1 };

	ASN1_TIME_to_tm(t, &tm);
	snprintf(date, SVCR_X509_DATE, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return svcr_timestamp_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 86400 +
	       tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
}

enum svcr_x509_time svcr_x509_at(const struct svcr_x509 *x, int64_t now,
				 char date[static SVCR_X509_DATE])
{
	if (x509_seconds(X509_get0_notBefore(x->leaf), date) > now)
		return SVCR_X509_EARLY;
	return x509_seconds(X509_get0_notAfter(x->leaf), date) < now ? SVCR_X509_PAST :
								       SVCR_X509_VALID;
}

void svcr_x509_sha256(struct svcr_str s, unsigned char hash[static 32])
{
	x509_start();
	SHA256((const unsigned char *)s.p, s.len, hash);
}
