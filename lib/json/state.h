/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state that the parts of the JSON parser share: the window over the input
 * (window.c), strings (string.c), keys (keys.c) and values (json.c). The inline
 * functions are their fast paths.
 *
 * A NUL and some slack follow the window. So the hot loops compare bytes only
 * (several at a time) and never a length: a NUL stops each of them, and then
 * they check whether the window ended there. Inside a call positions are
 * pointers; between calls they are offsets, because a refill moves text.
 */
#ifndef SVCR_JSON_STATE_H
#define SVCR_JSON_STATE_H

#include "bytes.h"
#include "json.h"

#include <stdarg.h>

#define SVCR_JSON_SLACK 32 /* readable bytes behind the window, and behind every key */
#define SVCR_JSON_NOWHERE SIZE_MAX
#define SVCR_JSON_MAX_MARKS 4
#define SVCR_COLD __attribute__((cold, noinline))

typedef unsigned char uchar;

/* A key of an open object. References to keys are their index plus one; 0 is none. */
struct svcr_json_key {
	uint32_t off; /* in keys.text */
	uint32_t len : 31;
	uint32_t linked : 1; /* is in the hash table */
	uint32_t prev;       /* the previous key of the same object */
	uint32_t hash;       /* set if the object is `mixed` */
	uint32_t next;       /* if linked: the next key in the same slot */
	uint32_t owner;      /* if linked: frame.first of the object */
};

/*
 * The keys of all open objects, innermost last. Keys that are older than the
 * newest mark stay here even when their object is closed.
 */
struct svcr_json_keys {
	struct svcr_json_key *key;
	size_t n, cap;
	char *text;
	size_t len, text_cap;
	uint32_t *slots; /* the hash table: references to keys; a power of two of them */
	size_t n_slots, n_linked;
	uint64_t seed;
};

struct svcr_json_frame {
	/* if `mixed`: one bit for each key's hash; else svcr_order() of the last key */
	uint64_t bloom;
	/* keys.n when the object was entered: differs among objects with keys */
	uint32_t first;
	uint32_t last; /* the newest key */
	uint32_t count;
	bool object;
	bool mixed;  /* its keys do not ascend, so they have hashes */
	bool hashed; /* all its keys are linked */
};

enum svcr_json_place {
	AFTER_VALUE, /* at depth 0: between documents */
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
	uchar *buf, *end;      /* the window; *end is NUL */
	size_t cap;            /* without the slack */
	size_t pos;            /* where the next call starts */
	size_t tok;            /* start of a token that must stay in the window, or NOWHERE */
	uint64_t line, column; /* of buf[0] */
	size_t asked;          /* where svcr_json_line() counted up to, and the line there */
	uint64_t asked_line;
	bool eof;
	bool escaped; /* the string scanned last has escapes */
	enum svcr_json_place place;
	char *side; /* an unescaped string */
	size_t side_cap;
	struct svcr_json_keys keys;
	unsigned int depth, n_marks;
	struct svcr_json_frame frames[SVCR_JSON_MAX_DEPTH];
	struct svcr_json_mark marks[SVCR_JSON_MAX_MARKS];
};

enum {
	C_SPACE = 1,
	C_DIGIT = 2,
	C_PLAIN = 4, /* stands for itself in a string */
	C_WORD = 8   /* must not follow a number or a word */
};

extern const uint8_t svcr_json_class[256];

/* ---- errors: all return NULL ---- */

/* Sets the error, unless there is one, at the place p in the window. */
const uchar *svcr_json_fail(struct svcr_json *j, const uchar *p, int error, const char *fmt, ...)
	__attribute__((cold, format(printf, 4, 5)));
const uchar *svcr_json_no_memory(struct svcr_json *j, const uchar *p) __attribute__((cold));
const uchar *svcr_json_expected(struct svcr_json *j, const uchar *p, const char *what)
	__attribute__((cold));

/* ---- the window ---- */

int svcr_json_window_init(struct svcr_json_state *st);
/*
 * Reads more input into the window and returns the new place of p. Adds nothing
 * at the end or on error.
 */
const uchar *svcr_json_refill(struct svcr_json *j, const uchar *p) __attribute__((cold));
/* Discards the text before p, where the column is less by `less`; between documents only. */
const uchar *svcr_json_drop(struct svcr_json *j, const uchar *p, size_t less) __attribute__((cold));
/* Sets the error at the place p, as svcr_json_fail() does. */
void svcr_json_vfail(struct svcr_json *j, const uchar *p, int error, const char *fmt, va_list ap);

/*
 * Refills if the window ends at p. Then p is at st->end only at the end of the
 * input or on error.
 */
static inline const uchar *svcr_json_settle(struct svcr_json *j, const uchar *p)
{
	if (__builtin_expect(*p || p != j->state->end, 1))
		return p;
	return svcr_json_refill(j, p);
}

/* Refills until n bytes from p on are in the window, or all that the input has. */
static inline const uchar *svcr_json_ensure(struct svcr_json *j, const uchar *p, size_t n)
{
	struct svcr_json_state *st = j->state;

	while (__builtin_expect((size_t)(st->end - p) < n && !st->eof && !j->failed, 0))
		p = svcr_json_refill(j, p);
	return p;
}

/* Tuned for a newline and 4 to 40 blanks, which kubectl prints between two tokens. */
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

/*
 * Checks a byte in a string that is no quote and does not stand for itself.
 * Returns the place behind, or NULL.
 */
const uchar *svcr_json_special(struct svcr_json *j, const uchar *p);
/* Writes the string from p to end without escapes into st->side, and sets *s to it. */
bool svcr_json_unescape(struct svcr_json *j, const uchar *p, const uchar *end, struct svcr_str *s);

static inline bool svcr_json_is_tail(uchar c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * Checks the string whose quote is at p and returns its end. st->tok holds its
 * start in the window.
 */
static inline const uchar *svcr_json_scan_string(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;

	st->tok = (size_t)(p - st->buf);
	st->escaped = false;
	p = svcr_skip_text(p + 1);
	while (__builtin_expect(*p != '"', 0)) {
		/*
		 * a plain byte can stop svcr_skip_text() by a borrow from its
		 * neighbour, on big-endian machines
		 */
		p = svcr_json_class[*p] & C_PLAIN ? p + 1 : svcr_json_special(j, p);
		if (!p)
			return NULL;
		p = svcr_skip_text(p);
	}
	return p + 1;
}

/* Sets *s to the text of the string that was scanned last and ends at p; releases st->tok. */
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

/* Fails if the innermost object has the key `s`, read at p; else returns true and sets the hash. */
bool svcr_json_check_key(struct svcr_json *j, const uchar *p, struct svcr_str s, uint32_t *ret_hash)
	__attribute__((noinline));
/* Makes room for one more key of `len` bytes. Fails when memory is short or a limit is reached. */
bool svcr_json_grow_keys(struct svcr_json *j, const uchar *p, size_t len) __attribute__((cold));
/* Puts the newest key into the table of its object. */
bool svcr_json_link_newest(struct svcr_json *j, const uchar *p);
/* Removes the keys from index `from` on from the table. */
void svcr_json_unlink_keys(struct svcr_json_keys *ks, size_t from);

/*
 * True if the keys of the object ascend and `s` is above all of them; `order` is
 * svcr_order() of `s`.
 */
static inline bool svcr_json_key_ascends(const struct svcr_json_keys *ks,
					 const struct svcr_json_frame *f, struct svcr_str s,
					 uint64_t order)
{
	const struct svcr_json_key *last;
	size_t n;
	int d;

	if (f->mixed)
		return false;
	if (order != f->bloom || !f->count)
		return order > f->bloom || !f->count;
	if (s.len <= 8)
		return false; /* equal, or a prefix of the last key */
	last = &ks->key[f->last - 1];
	if (last->len <= 8)
		return true;
	n = (s.len < last->len ? s.len : last->len) - 8;
	d = memcmp(s.p + 8, ks->text + last->off + 8, n);
	return d ? d > 0 : s.len > last->len;
}

/* Adds the key `s`, read at p, to the innermost object, and sets *s to the copy. */
static inline bool svcr_json_add_key(struct svcr_json *j, const uchar *p, struct svcr_str *s)
{
	struct svcr_json_keys *ks = &j->state->keys;
	struct svcr_json_frame *f = &j->state->frames[j->state->depth - 1];
	uint64_t order = svcr_order(s->p, s->len);
	bool ascends = svcr_json_key_ascends(ks, f, *s, order);
	uint32_t hash = 0;

	if (__builtin_expect(!ascends, 0) && !svcr_json_check_key(j, p, *s, &hash))
		return false;
	if (__builtin_expect(ks->n == ks->cap || ks->len + s->len + SVCR_JSON_SLACK > ks->text_cap,
			     0) &&
	    !svcr_json_grow_keys(j, p, s->len))
		return false;
	for (size_t i = 0; i < s->len; i += 16)
		memcpy(ks->text + ks->len + i, s->p + i, 16);
	s->p = ks->text + ks->len;
	ks->key[ks->n++] = (struct svcr_json_key){ .hash = hash,
						   .off = (uint32_t)ks->len,
						   .len = (uint32_t)s->len & 0x7fffffff,
						   .prev = f->last };
	ks->len += s->len;
	f->last = (uint32_t)ks->n;
	f->count++;
	if (ascends)
		f->bloom = order;
	return !f->hashed || svcr_json_link_newest(j, p);
}

/* Removes the keys from index n on, except keys that a mark needs. */
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
