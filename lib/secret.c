/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secret.h"

#include <stdlib.h>
#include <string.h>

const struct svcr_secret_bytes *svcr_secret_get(const struct svcr_secret *s, const char *key)
{
	size_t low = 0, high = s->entries.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int d = strcmp(s->entries.v[mid].key, key);

		if (!d)
			return s->entries.v[mid].value;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

void svcr_secret_bytes_drop(struct svcr_secret_bytes **list)
{
	struct svcr_secret_bytes *b = *list;

	*list = b->next;
	explicit_bzero(b, sizeof(*b) + b->len);
	free(b);
}
