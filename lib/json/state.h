/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the parser of json.h share: its state, the window over
 * the input (window.c), strings (string.c) and keys (keys.c).
 *
 * The window is followed by a NUL and some slack, so the hot loops look only
 * at bytes (several at a time) and never at a length: NUL stops each of them,
 * and only then is it asked whether the window ended there. Positions are
 * pointers inside one call and offsets between calls, as a refill moves text.
 */
#ifndef SVCR_JSON_STATE_H
#define SVCR_JSON_STATE_H

#include "bytes.h"
#include "json.h"

#define SVCR_JSON_SLACK 32 /* readable bytes after the window's end, and after every key */
#define SVCR_JSON_NOWHERE SIZE_MAX
#define SVCR_JSON_MAX_MARKS 4
#define SVCR_COLD __attribute__((cold, noinline))

typedef unsigned char uchar;

/* A key of an open object. Indices of keys are kept plus one; 0 is none. */
struct svcr_json_key {
	uint32_t off;           /* in keys.text */
	uint32_t len : 31;
	uint32_t linked : 1;    /* is in the hash table */
	uint32_t prev;          /* the key before it in the same object */
	uint32_t hash;          /* unless its object's keys are in order */
	uint32_t next;          /* in the same slot, if linked */
	uint32_t owner;         /* frame.first of its object, if linked */
};

/*
 * The keys of all open objects, innermost last. While there are marks, keys
 * older than the newest mark stay here even when their object is closed.
 */
struct svcr_json_keys {
	struct svcr_json_key *key;
	size_t n, cap;
	char *text;
	size_t len, text_cap;
	uint32_t *slots;        /* the table: key indices, a power of two of them */
	size_t n_slots, n_linked;
	uint64_t seed;
};

struct svcr_json_frame {
	uint64_t bloom;         /* one bit for each key's hash; while they are in order the last one's svcr_order() */
	uint32_t first;         /* number of keys when it was entered: unique among objects with keys */
	uint32_t last;          /* the newest key */
	uint32_t count;
	bool object;
	bool mixed;             /* its keys are not in ascending order, so they have hashes */
	bool hashed;            /* all its keys are linked */
};

enum svcr_json_place {
	AFTER_VALUE,            /* at depth 0: between documents */
	BEFORE_VALUE,
	ENTERED
};

struct svcr_json_mark {
	size_t pos;
	unsigned int depth;
	enum svcr_json_place place;
	size_t n_keys;
	struct svcr_json_frame frames[SVCR_JSON_MAX_DEPTH];
};

struct svcr_json_state {
	svcr_json_fill_fn fill;
	void *arg;
	uchar *buf, *end;       /* the window; *end is NUL */
	size_t cap;             /* without the slack */
	size_t pos;             /* where the next call goes on */
	size_t tok;             /* start of a token that must stay in the window, or NOWHERE */
	uint64_t line, column;  /* of buf[0] */
	bool eof;
	bool started;
	bool escaped;           /* the string scanned last has escapes */
	enum svcr_json_place place;
	char *side;             /* an unescaped string */
	size_t side_cap;
	struct svcr_json_keys keys;
	unsigned int depth, n_marks;
	struct svcr_json_frame frames[SVCR_JSON_MAX_DEPTH];
	struct svcr_json_mark marks[SVCR_JSON_MAX_MARKS];
};

enum {
	C_SPACE = 1,
	C_DIGIT = 2,
	C_PLAIN = 4,            /* stands for itself in a string */
	C_WORD = 8              /* cannot follow a number or a word */
};

extern const uint8_t svcr_json_class[256];

/* ---- errors: all return NULL ---- */

const uchar *svcr_json_fail(struct svcr_json *j, const uchar *p, int error, const char *fmt, ...)
	__attribute__((cold, format(printf, 4, 5)));
const uchar *svcr_json_no_memory(struct svcr_json *j, const uchar *p) __attribute__((cold));
const uchar *svcr_json_expected(struct svcr_json *j, const uchar *p, const char *what) __attribute__((cold));

/* ---- the window ---- */

int svcr_json_window_init(struct svcr_json_state *st);
/* Appends to the window and returns where p is now. At the end of input or on error nothing is added. */
const uchar *svcr_json_refill(struct svcr_json *j, const uchar *p) __attribute__((cold));

/* If p is where the window ends, gets more of the input. Afterwards p is at st->end only at the end or on error. */
static inline const uchar *svcr_json_settle(struct svcr_json *j, const uchar *p)
{
	if (__builtin_expect(*p || p != j->state->end, 1))
		return p;
	return svcr_json_refill(j, p);
}

/* Gets n bytes from p on into the window, or all there are. */
static inline const uchar *svcr_json_ensure(struct svcr_json *j, const uchar *p, size_t n)
{
	struct svcr_json_state *st = j->state;

	while (__builtin_expect((size_t)(st->end - p) < n && !st->eof && !j->failed, 0))
		p = svcr_json_refill(j, p);
	return p;
}

/* Tuned for a newline and 4 to 40 blanks, which is what kubectl prints between any two tokens. */
static inline const uchar *svcr_json_skip_space(struct svcr_json *j, const uchar *p)
{
	p += *p == ' ';
	while (*p <= ' ') {
		p += *p == '\n';
		p = svcr_skip_blanks(p);
		if (*p > ' ')
			break;
		if (svcr_json_class[*p] & C_SPACE) {
			p++;
			continue;
		}
		if (p != j->state->end)
			break;
		p = svcr_json_refill(j, p);
		if (p == j->state->end)
			break;
	}
	return p;
}

/* ---- strings ---- */

/* From a byte in a string that does not stand for itself, and is no quote: where to go on, or NULL. */
const uchar *svcr_json_special(struct svcr_json *j, const uchar *p);
/* The same string without escapes, kept in st->side. */
bool svcr_json_unescape(struct svcr_json *j, const uchar *p, const uchar *end, struct svcr_str *s);

static inline bool svcr_json_is_tail(uchar c)
{
	return (c & 0xc0) == 0x80;
}

/* Checks the string whose quote is at p and returns its end. st->tok is then its start, until released. */
static inline const uchar *svcr_json_scan_string(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;

	st->tok = (size_t)(p - st->buf);
	st->escaped = false;
	p = svcr_skip_text(p + 1);
	while (__builtin_expect(*p != '"', 0)) {
		/* may be plain all the same: a borrow from a neighbour, on big-endian machines only */
		p = svcr_json_class[*p] & C_PLAIN ? p + 1 : svcr_json_special(j, p);
		if (!p)
			return NULL;
		p = svcr_skip_text(p);
	}
	return p + 1;
}

/* The text of the string scanned last, which ends at p; releases st->tok. */
static inline bool svcr_json_string_text(struct svcr_json *j, const uchar *p, struct svcr_str *s)
{
	struct svcr_json_state *st = j->state;
	const uchar *start = st->buf + st->tok + 1;

	st->tok = SVCR_JSON_NOWHERE;
	if (__builtin_expect(st->escaped, 0))
		return svcr_json_unescape(j, start, p - 1, s);
	*s = (struct svcr_str){ (const char *)start, (size_t)(p - 1 - start) };
	return true;
}

/* ---- keys ---- */

/* True if the key `s`, read at p, may be added to the innermost object; fails if it is there already. */
bool svcr_json_check_key(struct svcr_json *j, const uchar *p, struct svcr_str s, uint32_t *ret_hash)
	__attribute__((noinline));
/* Makes room for one more key of `len` bytes; fails if there cannot be. */
bool svcr_json_grow_keys(struct svcr_json *j, const uchar *p, size_t len) __attribute__((cold));
/* Puts the newest key into the table of its object. */
bool svcr_json_link_newest(struct svcr_json *j, const uchar *p);
/* Takes the keys from index `from` on out of the table. */
void svcr_json_unlink_keys(struct svcr_json_keys *ks, size_t from);

/* True if `s` comes after all keys of an object whose keys are in order; `order` is its first bytes. */
static inline bool svcr_json_key_ascends(const struct svcr_json_keys *ks, const struct svcr_json_frame *f,
					 struct svcr_str s, uint64_t order)
{
	const struct svcr_json_key *last;
	size_t n;
	int d;

	if (f->mixed)
		return false;
	if (order != f->bloom || !f->count)
		return order > f->bloom || !f->count;
	if (s.len <= 8)
		return false; /* the same, or shorter */
	last = &ks->key[f->last - 1];
	if (last->len <= 8)
		return true;
	n = (s.len < last->len ? s.len : last->len) - 8;
	d = memcmp(s.p + 8, ks->text + last->off + 8, n);
	return d ? d > 0 : s.len > last->len;
}

/* Copies the key `s`, read at p, to the innermost object; *s is then the copy. */
static inline bool svcr_json_add_key(struct svcr_json *j, const uchar *p, struct svcr_str *s)
{
	struct svcr_json_keys *ks = &j->state->keys;
	struct svcr_json_frame *f = &j->state->frames[j->state->depth - 1];
	uint64_t order = svcr_order(s->p, s->len);
	bool ascends = svcr_json_key_ascends(ks, f, *s, order);
	uint32_t hash = 0;

	if (__builtin_expect(!ascends, 0) && !svcr_json_check_key(j, p, *s, &hash))
		return false;
	if (__builtin_expect(ks->n == ks->cap || ks->len + s->len + SVCR_JSON_SLACK > ks->text_cap, 0) &&
	    !svcr_json_grow_keys(j, p, s->len))
		return false;
	for (size_t i = 0; i < s->len; i += 16)
		memcpy(ks->text + ks->len + i, s->p + i, 16);
	s->p = ks->text + ks->len;
	ks->key[ks->n++] = (struct svcr_json_key){ .hash = hash, .off = (uint32_t)ks->len,
						   .len = (uint32_t)s->len & 0x7fffffff, .prev = f->last };
	ks->len += s->len;
	f->last = (uint32_t)ks->n;
	f->count++;
	if (ascends)
		f->bloom = order;
	return !f->hashed || svcr_json_link_newest(j, p);
}

/* Forgets the keys from index n on, except those that a mark needs. */
static inline void svcr_json_cut_keys(struct svcr_json_state *st, size_t n)
{
	struct svcr_json_keys *ks = &st->keys;

	if (st->n_marks && st->marks[st->n_marks - 1].n_keys > n)
		n = st->marks[st->n_marks - 1].n_keys;
	if (ks->n_linked)
		svcr_json_unlink_keys(ks, n);
	ks->n = n;
	ks->len = n ? ks->key[n - 1].off + ks->key[n - 1].len : 0;
}

#endif
