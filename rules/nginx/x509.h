/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates and their keys, parsed by OpenSSL's libcrypto from memory alone: it opens no file,
 * reads no configuration and asks for no password.
 */
#ifndef SVCR_NGINX_X509_H
#define SVCR_NGINX_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "str.h"

#define SVCR_X509_FAULT 160 /* bytes of a fault, with the terminator */

struct svcr_x509; /* the first certificate of a chain */

/*
 * Parses a chain of certificates and the key of the first, both PEM. Whatever nginx with OpenSSL 3
 * would not load is a fault. Returns 0 and sets *ret, -EINVAL and writes into `fault` what is
 * wrong, or -ENOMEM.
 */
int svcr_x509_read(struct svcr_str chain, struct svcr_str key, struct svcr_x509 **ret,
		   char fault[static SVCR_X509_FAULT]);
void svcr_x509_free(struct svcr_x509 *x); /* accepts NULL */

enum svcr_x509_name {
	SVCR_X509_NAMED,
	SVCR_X509_COMMON_NAME, /* in the common name alone, where clients no longer look */
	SVCR_X509_UNNAMED
};

/* Whether the certificate names the host; a host "*.x" stands for all hosts of one label more. */
enum svcr_x509_name svcr_x509_names(const struct svcr_x509 *x, const char *host);

enum svcr_x509_time { SVCR_X509_VALID, SVCR_X509_EARLY, SVCR_X509_PAST };

#define SVCR_X509_DATE 80 /* bytes of "2024-01-31T00:00:00Z", were its numbers any */

/*
 * Whether the certificate is valid at a time, in seconds since 1970. If it is not, `date` gets
 * when it begins or has ended.
 */
enum svcr_x509_time svcr_x509_at(const struct svcr_x509 *x, int64_t now,
				 char date[static SVCR_X509_DATE]);

/* The SHA-256 of the bytes. */
void svcr_x509_sha256(struct svcr_str s, unsigned char hash[static 32]);

#endif
