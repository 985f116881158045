/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of open objects, in each of which a key may occur once. */
#include "state.h"
#include "hash.h"
#include "wipe.h"

#include <errno.h>
#include <stdlib.h>

/* objects with more keys than this, if the keys do not ascend, use the hash table */
#define KEYS_LINEAR 64
#define MAX_KEYS (SVCR_JSON_MAX_WINDOW / sizeof(struct svcr_json_key))

static inline uint64_t bloom_bit(uint32_t hash)
{
	return (uint64_t)1 << (hash >> 26);
}

static uint32_t *slot_of(struct svcr_json_keys *ks, uint32_t hash, uint32_t owner)
{
	return &ks->slots[(hash ^ owner * 0x9e3779b1) & (ks->n_slots - 1)];
}

static void link_slot(struct svcr_json_keys *ks, size_t i)
{
	uint32_t *slot = slot_of(ks, ks->key[i].hash, ks->key[i].owner);

	ks->key[i].next = *slot;
	*slot = (uint32_t)i + 1;
}

static bool grow_slots(struct svcr_json_keys *ks)
{
	size_t n = ks->n_slots ? ks->n_slots * 2 : KEYS_LINEAR * 4;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return false;
	free(ks->slots);
	ks->slots = slots;
	ks->n_slots = n;
	for (size_t i = 0; i < ks->n; i++)
		if (ks->key[i].linked)
			link_slot(ks, i);
	return true;
}

static bool link_key(struct svcr_json_keys *ks, size_t i, const struct svcr_json_frame *f)
{
	if (ks->key[i].linked)
		return true;
	if (ks->n_linked == ks->n_slots && !grow_slots(ks))
		return false;
	ks->key[i].owner = f->first;
	ks->key[i].linked = 1;
	ks->n_linked++;
	link_slot(ks, i);
	return true;
}

void svcr_json_unlink_keys(struct svcr_json_keys *ks, size_t from)
{
	for (size_t i = ks->n; ks->n_linked && i-- > from;) {
		struct svcr_json_key *k = &ks->key[i];
		uint32_t *at;

		if (!k->linked)
			continue;
		at = slot_of(ks, k->hash, k->owner);
		while (*at != i + 1)
			at = &ks->key[*at - 1].next;
		*at = k->next;
		k->linked = 0;
		ks->n_linked--;
	}
}

/* Gives all keys of the object a hash, when the first key comes that does not ascend. */
static void mix_object(struct svcr_json_keys *ks, struct svcr_json_frame *f)
{
	f->bloom = 0;
	for (uint32_t i = f->last; i; i = ks->key[i - 1].prev) {
		struct svcr_json_key *k = &ks->key[i - 1];

		k->hash = svcr_hash(ks->seed, ks->text + k->off, k->len);
		f->bloom |= bloom_bit(k->hash);
	}
	f->mixed = true;
}

/* Puts all keys of the object into the table. */
static SVCR_COLD bool hash_object(struct svcr_json_keys *ks, struct svcr_json_frame *f)
{
	for (uint32_t i = f->last; i; i = ks->key[i - 1].prev)
		if (!link_key(ks, i - 1, f))
			return false;
	f->hashed = true;
	return true;
}

static bool has_key(struct svcr_json_keys *ks, const struct svcr_json_frame *f, uint32_t hash,
		    struct svcr_str s)
{
	uint32_t i = f->hashed ? *slot_of(ks, hash, f->first) : f->last;

	while (i) {
		const struct svcr_json_key *k = &ks->key[i - 1];

		if (k->hash == hash && k->len == s.len && (!f->hashed || k->owner == f->first) &&
		    memcmp(ks->text + k->off, s.p, s.len) == 0)
			return true;
		i = f->hashed ? k->next : k->prev;
	}
	return false;
}

/* Makes room for one more key of `len` bytes. Returns 0, -ENOMEM or -EFBIG. */
static SVCR_COLD int grow_keys(struct svcr_json_keys *ks, size_t len, bool wipe)
{
	if (ks->n == MAX_KEYS || ks->len + len > SVCR_JSON_MAX_WINDOW)
		return -EFBIG;
	if (ks->n == ks->cap) {
		size_t cap = ks->cap ? ks->cap * 2 : 256;
		struct svcr_json_key *key = realloc(ks->key, cap * sizeof(*key));

		if (!key)
			return -ENOMEM;
		ks->key = key;
		ks->cap = cap;
	}
	if (ks->len + len + SVCR_JSON_SLACK > ks->text_cap) {
		size_t cap = (ks->len + len) * 2 + 4096;
		char *text = svcr_wipe_grow(ks->text, ks->text_cap, cap, wipe);

		if (!text)
			return -ENOMEM;
		ks->text = text;
		ks->text_cap = cap;
	}
	return 0;
}

static SVCR_COLD const uchar *duplicate(struct svcr_json *j, const uchar *p, struct svcr_str s)
{
	char shown[104];
	size_t n = s.len < 100 ? s.len : 100;

	while (n < s.len && n && svcr_json_is_tail((uchar)s.p[n]))
		n--;
	for (size_t i = 0; i < n; i++) { /* replaces control characters of terminals: C0, DEL, C1 */
		uchar c = (uchar)s.p[i];
		bool c1 = i && c < 0xa0 && svcr_json_is_tail(c) && (uchar)s.p[i - 1] == 0xc2;

		if (c1)
			shown[i - 1] = '?';
		shown[i] = c < ' ' || c == 0x7f || c1 ? '?' : (char)c;
	}
	memcpy(shown + n, "...", 4);
	if (n == s.len)
		shown[n] = 0;
	return svcr_json_fail(j, p, -EINVAL, "duplicate key '%s'", shown);
}

static bool key_failure(struct svcr_json *j, const uchar *p, int error)
{
	if (error == -EFBIG)
		svcr_json_fail(j, p, error, "too many keys in the open objects");
	else
		svcr_json_no_memory(j, p);
	return false;
}

bool svcr_json_grow_keys(struct svcr_json *j, const uchar *p, size_t len)
{
	int err = grow_keys(&j->state->keys, len, j->wipe);

	return !err || key_failure(j, p, err);
}

bool svcr_json_link_newest(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_keys *ks = &j->state->keys;

	return link_key(ks, ks->n - 1, &j->state->frames[j->state->depth - 1]) ||
	       key_failure(j, p, -ENOMEM);
}

bool svcr_json_check_key(struct svcr_json *j, const uchar *p, struct svcr_str s, uint32_t *ret_hash)
{
	struct svcr_json_keys *ks = &j->state->keys;
	struct svcr_json_frame *f = &j->state->frames[j->state->depth - 1];
	uint32_t hash = svcr_hash(ks->seed, s.p, s.len);

	if (!f->mixed)
		mix_object(ks, f);
	if (f->count >= KEYS_LINEAR && !f->hashed && !hash_object(ks, f))
		return key_failure(j, p, -ENOMEM);
	if (f->bloom & bloom_bit(hash) && has_key(ks, f, hash, s))
		return duplicate(j, p, s);
	f->bloom |= bloom_bit(hash);
	*ret_hash = hash;
	return true;
}
