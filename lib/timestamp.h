/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of RFC 3339, which the Kubernetes API uses. */
#ifndef SVCR_TIMESTAMP_H
#define SVCR_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>
#include "str.h"

/*
 * Reads a time such as 2024-05-01T12:00:00.5+02:00 into *ret: nanoseconds since
 * 1970, UTC; what does not fit 64 bits becomes the nearest number that does.
 * Digits of a fraction after the ninth do not count. Returns false, *ret
 * unchanged, if the text is no time.
 */
bool svcr_timestamp_parse(int64_t *ret, struct svcr_str s);

#define SVCR_TIMESTAMP_TEXT 40
/* Writes the time as text, UTC, without a fraction, into `buf` and returns it. */
const char *svcr_timestamp_text(int64_t ns, char buf[static SVCR_TIMESTAMP_TEXT]);

#endif
