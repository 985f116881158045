/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kubernetes' IntOrString, such as a targetPort: a number, or the name of a port. */
#ifndef SVCR_INT_OR_STRING_H
#define SVCR_INT_OR_STRING_H

#include <stdint.h>

enum svcr_int_or_string_type { SVCR_NEITHER, SVCR_INT, SVCR_STRING };

/* Zeroed when the object has no such field. */
struct svcr_int_or_string {
	enum svcr_int_or_string_type type;
	uint32_t number;    /* of type SVCR_INT */
	const char *string; /* of type SVCR_STRING, interned; else NULL */
};

#endif
