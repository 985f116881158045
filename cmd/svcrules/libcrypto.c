/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates are parsed by OpenSSL's libcrypto. The dynamic linker needs 0.9 ms for it, which is
 * two thirds of what a run takes that only prints its version; so the program is not linked with
 * it, but has these functions, which call those of the library after it was loaded.
 */
#include "libcrypto.h"
#include "exit.h"
#include "say.h"

#include <assert.h>
#include <dlfcn.h>
#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#define TEXT_OF(x) #x
#define SONAME(version) "libcrypto.so." TEXT_OF(version)
#define LIBRARY SONAME(OPENSSL_SHLIB_VERSION)

/* clang-format off */
/* The functions that the library of this project calls: type, name, parameters, arguments. */
#define FUNCTIONS(F) \
	F(int, ASN1_TIME_to_tm, (const ASN1_TIME *s, struct tm *tm), (s, tm)) \
	F(int, BIO_free, (BIO *b), (b)) \
	F(BIO *, BIO_new_mem_buf, (const void *buf, int len), (buf, len)) \
	F(void, ERR_clear_error, (void), ()) \
	F(unsigned long, ERR_get_error, (void), ()) \
	F(void, EVP_PKEY_free, (EVP_PKEY *key), (key)) \
	F(int, EVP_PKEY_get_base_id, (const EVP_PKEY *key), (key)) \
	F(int, EVP_PKEY_get_bits, (const EVP_PKEY *key), (key)) \
	F(int, EVP_PKEY_get_security_bits, (const EVP_PKEY *key), (key)) \
	F(const char *, EVP_PKEY_get0_type_name, (const EVP_PKEY *key), (key)) \
	F(void, OSSL_DECODER_CTX_free, (OSSL_DECODER_CTX *d), (d)) \
	F(OSSL_DECODER_CTX *, OSSL_DECODER_CTX_new_for_pkey, \
	  (EVP_PKEY **key, const char *form, const char *structure, const char *type, int which, \
	   OSSL_LIB_CTX *library, const char *query), \
	  (key, form, structure, type, which, library, query)) \
	F(int, OSSL_DECODER_from_bio, (OSSL_DECODER_CTX *d, BIO *in), (d, in)) \
	F(int, OPENSSL_init_crypto, (uint64_t o, const OPENSSL_INIT_SETTINGS *s), (o, s)) \
	F(EVP_PKEY *, PEM_read_bio_PrivateKey, \
	  (BIO *b, EVP_PKEY **x, pem_password_cb *f, void *u), (b, x, f, u)) \
	F(X509 *, PEM_read_bio_X509, (BIO *b, X509 **x, pem_password_cb *f, void *u), \
	  (b, x, f, u)) \
	F(X509 *, PEM_read_bio_X509_AUX, (BIO *b, X509 **x, pem_password_cb *f, void *u), \
	  (b, x, f, u)) \
	F(unsigned char *, SHA256, (const unsigned char *d, size_t n, unsigned char *md), \
	  (d, n, md)) \
	F(int, X509_check_host, (X509 *x, const char *chk, size_t n, unsigned f, char **peer), \
	  (x, chk, n, f, peer)) \
	F(int, X509_check_private_key, (const X509 *x, const EVP_PKEY *key), (x, key)) \
	F(void, X509_free, (X509 *x), (x)) \
	F(const ASN1_TIME *, X509_get0_notAfter, (const X509 *x), (x)) \
	F(const ASN1_TIME *, X509_get0_notBefore, (const X509 *x), (x)) \
	F(EVP_PKEY *, X509_get0_pubkey, (const X509 *x), (x)) \
	F(uint32_t, X509_get_extension_flags, (X509 *x), (x)) \
	F(int, X509_get_signature_info, (X509 *x, int *m, int *p, int *bits, uint32_t *f), \
	  (x, m, p, bits, f))
/* clang-format on */

#define POINTER(type, name, parameters, arguments) static __typeof__(name) *real_##name;
FUNCTIONS(POINTER)

#define FORWARD(type, name, parameters, arguments) \
	type name parameters \
	{ \
		assert(real_##name); \
		return real_##name arguments; \
	}
FUNCTIONS(FORWARD)

static const struct {
	const char *name;
	void **real;
} functions[] = {
#define ROW(type, name, parameters, arguments) { #name, (void **)&real_##name },
	FUNCTIONS(ROW)
};

static struct libcrypto_memory memory;

static void *crypto_alloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return memory.alloc(size);
}

static void *crypto_grow(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return memory.grow(p, size);
}

static void crypto_release(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	memory.release(p);
}

int libcrypto_load(const struct libcrypto_memory *m)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	__typeof__(CRYPTO_set_mem_functions) *set = NULL;
	size_t n = 0;

	memory = *m;
	if (library)
		*(void **)&set = dlsym(library, "CRYPTO_set_mem_functions");
	while (set && n < sizeof(functions) / sizeof(*functions) &&
	       (*functions[n].real = dlsym(library, functions[n].name)))
		n++;
	if (n < sizeof(functions) / sizeof(*functions))
		say("certificates are parsed by OpenSSL's " LIBRARY ", which cannot be loaded: %s",
		    dlerror());
	else if (!set(crypto_alloc, crypto_grow, crypto_release))
		say("warning: OpenSSL keeps its own memory, which may show keys");
	return n < sizeof(functions) / sizeof(*functions) ? EXIT_KERNEL : EXIT_DONE;
}
