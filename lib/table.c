/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#define TABLE_FIRST_SIZE 256

bool svcr_table_grow(struct svcr_table *t)
{
	struct svcr_table larger = { .used = t->used,
				     .size = t->size ? t->size * 2 : TABLE_FIRST_SIZE };

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < t->size; i++) {
		struct svcr_slot *slot;

		if (!t->slots[i].entry)
			continue;
		slot = svcr_table_first(&larger, t->slots[i].hash);
		while (slot->entry)
			slot = svcr_table_next(&larger, slot);
		*slot = t->slots[i];
	}
	free(t->slots);
	*t = larger;
	return true;
}

void svcr_table_release(struct svcr_table *t)
{
	free(t->slots);
	*t = (struct svcr_table){ 0 };
}
