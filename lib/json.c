/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pull parser of json.h.
 *
 * The window is followed by a NUL and some slack, so the hot loops look only
 * at bytes (eight at a time) and never at a length: NUL stops each of them,
 * and only then is it asked whether the window ended there. Positions are
 * pointers inside one call and offsets between calls, as refill() moves text.
 */
#include "json.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define WINDOW_START ((size_t)64 << 10)
#define SLACK 32          /* readable bytes after the window's end, and after every key */
#define NOWHERE SIZE_MAX
#define MAX_MARKS 4
#define KEYS_LINEAR 64    /* objects with more keys get a hash table */
#define MAX_KEYS (SVCR_JSON_MAX_WINDOW / sizeof(struct key))
#define EACH_BYTE (~(uint64_t)0 / 255)
#define COLD __attribute__((cold, noinline))

typedef unsigned char uchar;

/* A key of an open object. Indices of keys are kept plus one; 0 is none. */
struct key {
	uint32_t hash;
	uint32_t off;           /* in keys.text */
	uint32_t len : 31;
	uint32_t linked : 1;    /* is in the hash table */
	uint32_t prev;          /* the key before it in the same object */
	uint32_t next;          /* in the same slot, if linked */
	uint32_t owner;         /* frame.first of its object, if linked */
};

/*
 * The keys of all open objects, innermost last. While there are marks, keys
 * older than the newest mark stay here even when their object is closed.
 */
struct keys {
	struct key *key;
	size_t n, cap;
	char *text;
	size_t len, text_cap;
	uint32_t *slots;        /* the table: key indices, a power of two of them */
	size_t n_slots, n_linked;
	uint64_t seed;
};

struct frame {
	uint64_t bloom;         /* one bit for each key's hash */
	uint32_t first;         /* number of keys when it was entered: unique among objects with keys */
	uint32_t last;          /* the newest key */
	uint32_t count;
	bool object;
	bool hashed;            /* all its keys are linked */
};

enum place {
	AFTER_VALUE,            /* at depth 0: between documents */
	BEFORE_VALUE,
	ENTERED
};

struct mark {
	size_t pos;
	unsigned int depth;
	enum place place;
	size_t n_keys;
	struct frame frames[SVCR_JSON_MAX_DEPTH];
};

struct svcr_json_state {
	svcr_json_fill_fn fill;
	void *arg;
	uchar *buf, *end;       /* the window; *end is NUL */
	size_t cap;             /* without SLACK */
	size_t pos;             /* where the next call goes on */
	size_t tok;             /* start of a token that must stay in the window, or NOWHERE */
	uint64_t line, column;  /* of buf[0] */
	bool eof;
	bool started;
	bool escaped;           /* the string scanned last has escapes */
	enum place place;
	char *side;             /* an unescaped string */
	size_t side_cap;
	struct keys keys;
	unsigned int depth, n_marks;
	struct frame frames[SVCR_JSON_MAX_DEPTH];
	struct mark marks[MAX_MARKS];
};

enum {
	C_SPACE = 1,
	C_DIGIT = 2,
	C_PLAIN = 4,            /* stands for itself in a string */
	C_WORD = 8              /* cannot follow a number or a word */
};

static const uint8_t class[256] = {
	['\t'] = C_SPACE, ['\n'] = C_SPACE, ['\r'] = C_SPACE, [' '] = C_SPACE | C_PLAIN,
	['!'] = C_PLAIN, ['#' ... '*'] = C_PLAIN, ['+'] = C_PLAIN | C_WORD, [','] = C_PLAIN,
	['-' ... '.'] = C_PLAIN | C_WORD, ['/'] = C_PLAIN,
	['0' ... '9'] = C_PLAIN | C_WORD | C_DIGIT, [':' ... '@'] = C_PLAIN,
	['A' ... 'Z'] = C_PLAIN | C_WORD, ['['] = C_PLAIN, [']' ... '^'] = C_PLAIN,
	['_'] = C_PLAIN | C_WORD, ['`'] = C_PLAIN, ['a' ... 'z'] = C_PLAIN | C_WORD,
	['{' ... 0x7f] = C_PLAIN,
};

static const uint8_t value_type[256] = {
	['n'] = SVCR_JSON_NULL, ['t'] = SVCR_JSON_BOOL, ['f'] = SVCR_JSON_BOOL,
	['-'] = SVCR_JSON_NUMBER, ['0' ... '9'] = SVCR_JSON_NUMBER,
	['"'] = SVCR_JSON_STRING, ['['] = SVCR_JSON_ARRAY, ['{'] = SVCR_JSON_OBJECT,
};

/* ---- places and errors ---- */

static size_t count_newlines(const uchar *p, size_t len)
{
	size_t n = 0;

	for (; len >= 128; p += 128, len -= 128) {
		uint8_t part = 0; /* a byte and a constant count, so that it becomes vector code */

		for (int i = 0; i < 128; i++)
			part += p[i] == '\n';
		n += part;
	}
	for (; len; p++, len--)
		n += *p == '\n';
	return n;
}

/* Moves a place given for buf[0] on to buf[len]. */
static void advance_place(const uchar *buf, size_t len, uint64_t *line, uint64_t *column)
{
	size_t n = count_newlines(buf, len);

	*line += n;
	if (n)
		*column = (uint64_t)(buf + len - (const uchar *)memrchr(buf, '\n', len));
	else
		*column += len;
}

static COLD __attribute__((format(printf, 4, 5)))
const uchar *fail(struct svcr_json *j, const uchar *p, int error, const char *fmt, ...)
{
	struct svcr_json_state *st = j->state;
	va_list ap;

	if (j->failed)
		return NULL;
	j->failed = true;
	j->error = error;
	j->line = st->line;
	j->column = st->column;
	advance_place(st->buf, (size_t)(p - st->buf), &j->line, &j->column);
	va_start(ap, fmt);
	vsnprintf(j->message, sizeof(j->message), fmt, ap);
	va_end(ap);
	return NULL;
}

static COLD const uchar *no_memory(struct svcr_json *j, const uchar *p)
{
	return fail(j, p, -ENOMEM, "out of memory");
}

static COLD const uchar *expected(struct svcr_json *j, const uchar *p, const char *what)
{
	if (p == j->state->end)
		return fail(j, p, -EINVAL, "unexpected end of input, expected %s", what);
	if (*p > ' ' && *p < 0x7f)
		return fail(j, p, -EINVAL, "expected %s, found '%c'", what, *p);
	return fail(j, p, -EINVAL, "expected %s, found byte 0x%02x", what, *p);
}

/* A string that is wrong at p, unless the reason is that the input ends at `stop`. */
static COLD const uchar *bad_string(struct svcr_json *j, const uchar *p, const uchar *stop,
				    const char *what)
{
	if (stop == j->state->end)
		return fail(j, stop, -EINVAL, "unexpected end of input in a string");
	return fail(j, p, -EINVAL, "%s", what);
}

/* ---- the window ---- */

static bool grow_window(struct svcr_json *j, size_t cap)
{
	struct svcr_json_state *st = j->state;
	size_t len = (size_t)(st->end - st->buf);
	uchar *buf = realloc(st->buf, cap + SLACK);

	if (!buf)
		return false;
	st->buf = buf;
	st->end = buf + len;
	st->cap = cap;
	return true;
}

static void discard(struct svcr_json_state *st, size_t n)
{
	size_t len = (size_t)(st->end - st->buf);

	advance_place(st->buf, n, &st->line, &st->column);
	memmove(st->buf, st->buf + n, len - n);
	st->end -= n;
	if (st->tok != NOWHERE)
		st->tok -= n;
	for (unsigned int i = 0; i < st->n_marks; i++)
		st->marks[i].pos -= n;
}

/* Makes room for at least one byte: discards what nobody needs, or grows. Returns the new p. */
static const uchar *make_room(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;
	size_t off = (size_t)(p - st->buf), len = (size_t)(st->end - st->buf);
	size_t keep = st->tok < off ? st->tok : off;
	bool most = st->cap == SVCR_JSON_MAX_WINDOW;

	if (st->n_marks && st->marks[0].pos < keep)
		keep = st->marks[0].pos;
	/* moving less than half would make a long token quadratic */
	if (keep == len || (len == st->cap && keep && (most || keep >= st->cap / 2))) {
		discard(st, keep);
		off -= keep;
		len -= keep;
	}
	if (len == st->cap && most)
		fail(j, st->buf + off, -EFBIG, "more than %u MiB of text have to be kept",
		     SVCR_JSON_MAX_WINDOW >> 20);
	else if (len == st->cap && !grow_window(j, st->cap * 2))
		no_memory(j, st->buf + off);
	return st->buf + off;
}

/* Appends to the window and returns where p is now. At the end of input or on error nothing is added. */
static COLD const uchar *refill(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;
	size_t room;
	long n;

	if (st->eof || j->failed)
		return p;
	p = make_room(j, p);
	if (j->failed)
		return p;
	room = st->cap - (size_t)(st->end - st->buf);
	n = st->fill(st->arg, (char *)st->end, room);
	if (n < 0) {
		int saved = errno;

		*st->end = 0;
		errno = (int)-n;
		fail(j, st->end, (int)n, "cannot read: %m");
		errno = saved;
	} else {
		assert((size_t)n <= room);
		st->end += n;
		st->eof = n == 0;
	}
	memset(st->end, 0, SLACK);
	return p;
}

/* If p is where the window ends, gets more of the input. Afterwards p is at st->end only at the end or on error. */
static inline const uchar *settle(struct svcr_json *j, const uchar *p)
{
	if (__builtin_expect(*p || p != j->state->end, 1))
		return p;
	return refill(j, p);
}

/* Gets n bytes from p on into the window, or all there are. */
static inline const uchar *ensure(struct svcr_json *j, const uchar *p, size_t n)
{
	struct svcr_json_state *st = j->state;

	while (__builtin_expect((size_t)(st->end - p) < n && !st->eof && !j->failed, 0))
		p = refill(j, p);
	return p;
}

static inline uint64_t load64(const void *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* The index in memory of the first byte that is not 0; x is not 0. */
static inline unsigned int first_byte(uint64_t x)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (unsigned int)__builtin_ctzll(x) / 8;
#else
	return (unsigned int)__builtin_clzll(x) / 8;
#endif
}

/* Tuned for a newline and 4 to 40 blanks, which is what kubectl prints between any two tokens. */
static inline const uchar *skip_space(struct svcr_json *j, const uchar *p)
{
	while (*p <= ' ') {
		uint64_t x;

		p += *p == '\n';
		while ((x = load64(p) ^ EACH_BYTE * ' ') == 0)
			p += 8;
		p += first_byte(x);
		if (*p > ' ')
			break;
		if (class[*p] & C_SPACE) {
			p++;
			continue;
		}
		if (p != j->state->end)
			break;
		p = refill(j, p);
		if (p == j->state->end)
			break;
	}
	return p;
}

/* ---- strings ---- */

/* The first byte from p on that does not stand for itself. */
static inline const uchar *skip_plain(const uchar *p)
{
	for (;;) {
		uint64_t x = load64(p), quote = x ^ EACH_BYTE * '"', escape = x ^ EACH_BYTE * '\\';
		uint64_t found = (((quote - EACH_BYTE) & ~quote) | ((escape - EACH_BYTE) & ~escape) |
				  (x - EACH_BYTE * ' ') | x) & EACH_BYTE * 0x80;

		if (!found) {
			p += 8;
			continue;
		}
		p += first_byte(found);
		if (!(class[*p] & C_PLAIN))
			return p;
		p++; /* a borrow from a neighbour; on big-endian machines only */
	}
}

static inline bool is_tail(uchar c)
{
	return (c & 0xc0) == 0x80;
}

/* The length of the UTF-8 sequence of two to four bytes at p; 0 if it is not one. */
static size_t utf8_length(const uchar *p)
{
	if (p[0] < 0xc2 || p[0] > 0xf4 || !is_tail(p[1]))
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || !is_tail(p[2]))
		return 0;
	if (p[0] < 0xf0)
		return 3;
	if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) || !is_tail(p[3]))
		return 0;
	return 4;
}

static const uchar *scan_utf8(struct svcr_json *j, const uchar *p)
{
	while (*p >= 0x80) {
		size_t n;

		p = ensure(j, p, *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2);
		n = utf8_length(p);
		if (!n)
			return fail(j, p, -EINVAL, "invalid UTF-8 in a string");
		p += n;
	}
	return p;
}

static int hex_digit(uchar c)
{
	if (class[c] & C_DIGIT)
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of four hexadecimal digits; -1 if they are not, with *stop at the first that is not. */
static long hex4(const uchar *p, const uchar **stop)
{
	long value = 0;

	for (*stop = p; *stop < p + 4; ++*stop) {
		int digit = hex_digit(**stop);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static const uchar *scan_unicode(struct svcr_json *j, const uchar *p)
{
	const uchar *stop;
	long c;

	p = ensure(j, p, 6);
	c = hex4(p + 2, &stop);
	if (c < 0)
		return bad_string(j, p, stop, "\\u needs four hexadecimal digits");
	if (c == 0)
		return fail(j, p, -EINVAL, "\\u0000 is not allowed in a string");
	if (c < 0xd800 || c > 0xdfff)
		return p + 6;
	if (c > 0xdbff)
		return fail(j, p, -EINVAL, "unpaired surrogate \\u%04lx in a string", c);
	p = ensure(j, p, 12);
	stop = p + 6;
	if (*stop == '\\' && *++stop == 'u') {
		long low = hex4(p + 8, &stop);

		if (low >= 0xdc00 && low <= 0xdfff)
			return p + 12;
		if (low >= 0)
			stop = p; /* complete, and past it the window may end */
	}
	return bad_string(j, p, stop, "unpaired surrogate in a string");
}

static inline const uchar *scan_escape(struct svcr_json *j, const uchar *p)
{
	p = ensure(j, p, 2);
	switch (p[1]) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
		return p + 2;
	case 'u':
		return scan_unicode(j, p);
	default:
		return bad_string(j, p, p + 1, "unknown escape in a string");
	}
}

/* At a control character in a string, or the window's end: where to go on, or NULL. */
static COLD const uchar *string_edge(struct svcr_json *j, const uchar *p)
{
	p = settle(j, p);
	if (p == j->state->end)
		return bad_string(j, p, p, "");
	if (*p < ' ')
		return fail(j, p, -EINVAL, "control character 0x%02x in a string", *p);
	return p;
}

/* Checks the string whose quote is at p and returns its end. st->tok is then its start, until released. */
static inline const uchar *scan_string(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;

	st->tok = (size_t)(p - st->buf);
	st->escaped = false;
	p++;
	while (p) {
		p = skip_plain(p);
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			st->escaped = true;
			p = scan_escape(j, p);
		} else if (*p >= 0x80) {
			p = scan_utf8(j, p);
		} else {
			p = string_edge(j, p);
		}
	}
	return NULL;
}

static char *put_utf8(char *q, unsigned long c)
{
	if (c < 0x80) {
		*q++ = (char)c;
		return q;
	}
	if (c < 0x800) {
		*q++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*q++ = (char)(0xe0 | c >> 12);
		} else {
			*q++ = (char)(0xf0 | c >> 18);
			*q++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*q++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*q++ = (char)(0x80 | (c & 0x3f));
	return q;
}

/* Writes what the (checked) escape at *p stands for. */
static char *put_escape(char *q, const uchar **p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const uchar *e = *p, *stop;
	long c;

	if (e[1] != 'u') {
		*p += 2;
		*q++ = to[strchr(from, e[1]) - from];
		return q;
	}
	*p += 6;
	c = hex4(e + 2, &stop);
	if (c >= 0xd800 && c <= 0xdbff) {
		*p += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (hex4(e + 8, &stop) - 0xdc00);
	}
	return put_utf8(q, (unsigned long)c);
}

static bool unescape(struct svcr_json *j, const uchar *p, const uchar *end, struct svcr_str *s)
{
	struct svcr_json_state *st = j->state;
	size_t need = (size_t)(end - p) + SLACK; /* no escape is shorter than what it stands for */
	char *q;

	if (need > st->side_cap) {
		char *side = realloc(st->side, need * 2);

		if (!side)
			return no_memory(j, p);
		st->side = side;
		st->side_cap = need * 2;
	}
	for (q = st->side; p < end;) {
		const uchar *stop = memchr(p, '\\', (size_t)(end - p));
		size_t n = (size_t)((stop ? stop : end) - p);

		memcpy(q, p, n);
		q += n;
		p += n;
		if (stop)
			q = put_escape(q, &p);
	}
	memset(q, 0, 8); /* read, though not used, by hash_key */
	*s = (struct svcr_str){ st->side, (size_t)(q - st->side) };
	return true;
}

/* The text of the string scanned last, which ends at p; releases st->tok. */
static inline bool string_text(struct svcr_json *j, const uchar *p, struct svcr_str *s)
{
	struct svcr_json_state *st = j->state;
	const uchar *start = st->buf + st->tok + 1;

	st->tok = NOWHERE;
	if (__builtin_expect(st->escaped, 0))
		return unescape(j, start, p - 1, s);
	*s = (struct svcr_str){ (const char *)start, (size_t)(p - 1 - start) };
	return true;
}

/* ---- numbers and words ---- */

static const uchar *scan_digits(struct svcr_json *j, const uchar *p)
{
	if (!(class[*p] & C_DIGIT))
		return expected(j, p, "a digit in a number");
	do
		p = settle(j, p + 1);
	while (class[*p] & C_DIGIT);
	return p;
}

static const uchar *scan_number(struct svcr_json *j, const uchar *p)
{
	j->state->tok = (size_t)(p - j->state->buf);
	if (*p == '-')
		p = settle(j, p + 1);
	p = *p == '0' ? settle(j, p + 1) : scan_digits(j, p);
	if (p && *p == '.')
		p = scan_digits(j, settle(j, p + 1));
	if (p && (*p == 'e' || *p == 'E')) {
		p = settle(j, p + 1);
		if (*p == '+' || *p == '-')
			p = settle(j, p + 1);
		p = scan_digits(j, p);
	}
	if (p && class[*p] & C_WORD)
		return expected(j, p, "the end of a number");
	return p;
}

static const uchar *scan_word(struct svcr_json *j, const uchar *p)
{
	const char *word = *p == 'n' ? "null" : *p == 't' ? "true" : "false";
	const char *w = word;

	while (*w && *p == (uchar)*w) {
		p = settle(j, p + 1);
		w++;
	}
	if (!*w && !(class[*p] & C_WORD))
		return p;
	return expected(j, p, *word == 'n' ? "the word 'null'" :
			*word == 't' ? "the word 'true'" : "the word 'false'");
}

/* ---- keys ---- */

static inline uint64_t mix(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
#else
	uint64_t cross = (a >> 32) * (uint32_t)b ^ (b >> 32) * (uint32_t)a;

	return (a >> 32) * (b >> 32) ^ (uint64_t)(uint32_t)a * (uint32_t)b ^ (cross << 32 | cross >> 32);
#endif
}

/* Seeded, so that nobody can prepare an object whose keys collide. Reads up to 7 bytes too many. */
static inline uint32_t hash_key(uint64_t seed, struct svcr_str s)
{
	uint64_t h = seed ^ s.len;

	for (; s.len >= 8; s.p += 8, s.len -= 8)
		h = mix(h ^ load64(s.p), 0x9e3779b97f4a7c15);
	if (s.len) {
		uint64_t x = load64(s.p);
		unsigned int unused = 64 - 8 * (unsigned int)s.len;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		x <<= unused;
#else
		x >>= unused;
#endif
		h = mix(h ^ x, 0xd6e8feb86659fd93);
	}
	return (uint32_t)(mix(h, 0xa0761d6478bd642f) >> 16);
}

static uint32_t *slot_of(struct keys *ks, uint32_t hash, uint32_t owner)
{
	return &ks->slots[(hash ^ owner * 0x9e3779b1) & (ks->n_slots - 1)];
}

static void link_slot(struct keys *ks, size_t i)
{
	uint32_t *slot = slot_of(ks, ks->key[i].hash, ks->key[i].owner);

	ks->key[i].next = *slot;
	*slot = (uint32_t)i + 1;
}

static bool grow_slots(struct keys *ks)
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

static bool link_key(struct keys *ks, size_t i, const struct frame *f)
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

/* Takes the keys from index `from` on out of the table. */
static void unlink_keys(struct keys *ks, size_t from)
{
	for (size_t i = ks->n; ks->n_linked && i-- > from;) {
		struct key *k = &ks->key[i];
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

/* Forgets the keys from index n on, except those that a mark needs. */
static inline void cut_keys(struct svcr_json_state *st, size_t n)
{
	struct keys *ks = &st->keys;

	if (st->n_marks && st->marks[st->n_marks - 1].n_keys > n)
		n = st->marks[st->n_marks - 1].n_keys;
	if (ks->n_linked)
		unlink_keys(ks, n);
	ks->n = n;
	ks->len = n ? ks->key[n - 1].off + ks->key[n - 1].len : 0;
}

static COLD bool hash_object(struct keys *ks, struct frame *f)
{
	for (uint32_t i = f->last; i; i = ks->key[i - 1].prev)
		if (!link_key(ks, i - 1, f))
			return false;
	f->hashed = true;
	return true;
}

static bool has_key(struct keys *ks, const struct frame *f, uint32_t hash, struct svcr_str s)
{
	uint32_t i = f->hashed ? *slot_of(ks, hash, f->first) : f->last;

	while (i) {
		const struct key *k = &ks->key[i - 1];

		if (k->hash == hash && k->len == s.len && (!f->hashed || k->owner == f->first) &&
		    memcmp(ks->text + k->off, s.p, s.len) == 0)
			return true;
		i = f->hashed ? k->next : k->prev;
	}
	return false;
}

/* Makes room for one more key of `len` bytes. Returns 0, -ENOMEM or -EFBIG. */
static COLD int grow_keys(struct keys *ks, size_t len)
{
	if (ks->n == MAX_KEYS || ks->len + len > SVCR_JSON_MAX_WINDOW)
		return -EFBIG;
	if (ks->n == ks->cap) {
		size_t cap = ks->cap ? ks->cap * 2 : 256;
		struct key *key = realloc(ks->key, cap * sizeof(*key));

		if (!key)
			return -ENOMEM;
		ks->key = key;
		ks->cap = cap;
	}
	if (ks->len + len + SLACK > ks->text_cap) {
		size_t cap = (ks->len + len) * 2 + 4096;
		char *text = realloc(ks->text, cap);

		if (!text)
			return -ENOMEM;
		ks->text = text;
		ks->text_cap = cap;
	}
	return 0;
}

static COLD const uchar *duplicate(struct svcr_json *j, const uchar *p, struct svcr_str s)
{
	char shown[104];
	size_t n = s.len < 100 ? s.len : 100;

	while (n < s.len && n && is_tail((uchar)s.p[n]))
		n--;
	for (size_t i = 0; i < n; i++) { /* nothing that a terminal obeys: C0, DEL, C1 */
		uchar c = (uchar)s.p[i];
		bool c1 = i && c < 0xa0 && is_tail(c) && (uchar)s.p[i - 1] == 0xc2;

		if (c1)
			shown[i - 1] = '?';
		shown[i] = c < ' ' || c == 0x7f || c1 ? '?' : (char)c;
	}
	memcpy(shown + n, "...", 4);
	if (n == s.len)
		shown[n] = 0;
	return fail(j, p, -EINVAL, "duplicate key '%s'", shown);
}

static COLD bool key_failure(struct svcr_json *j, const uchar *p, int error)
{
	if (error == -EFBIG)
		fail(j, p, error, "too many keys in the open objects");
	else
		no_memory(j, p);
	return false;
}

/* Copies the key `s`, read at p, to the innermost object; *s is then the copy. */
static inline bool add_key(struct svcr_json *j, const uchar *p, struct svcr_str *s)
{
	struct keys *ks = &j->state->keys;
	struct frame *f = &j->state->frames[j->state->depth - 1];
	uint32_t hash = hash_key(ks->seed, *s);
	uint64_t bit = (uint64_t)1 << (hash >> 26);
	int ret = 0;

	if (f->count >= KEYS_LINEAR && !f->hashed && !hash_object(ks, f))
		return key_failure(j, p, -ENOMEM);
	if (f->bloom & bit && has_key(ks, f, hash, *s))
		return duplicate(j, p, *s);
	if (ks->n == ks->cap || ks->len + s->len + SLACK > ks->text_cap)
		ret = grow_keys(ks, s->len);
	if (ret)
		return key_failure(j, p, ret);
	for (size_t i = 0; i < s->len; i += 16)
		memcpy(ks->text + ks->len + i, s->p + i, 16);
	s->p = ks->text + ks->len;
	ks->key[ks->n++] = (struct key){ .hash = hash, .off = (uint32_t)ks->len,
					 .len = (uint32_t)s->len & 0x7fffffff, .prev = f->last };
	ks->len += s->len;
	f->last = (uint32_t)ks->n;
	f->bloom |= bit;
	f->count++;
	if (f->hashed && !link_key(ks, ks->n - 1, f))
		return key_failure(j, p, -ENOMEM);
	return true;
}

/* ---- steps: each takes the place in the window and returns the new one, or NULL on error ---- */

static const uchar *open_container(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;

	if (st->depth == SVCR_JSON_MAX_DEPTH)
		return fail(j, p, -EINVAL, "nested deeper than %d", SVCR_JSON_MAX_DEPTH);
	st->frames[st->depth++] = (struct frame){ .object = *p == '{', .first = (uint32_t)st->keys.n };
	st->place = ENTERED;
	return p + 1;
}

static const uchar *close_container(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;
	const struct frame *f = &st->frames[--st->depth];

	if (f->object)
		cut_keys(st, f->first);
	st->place = AFTER_VALUE;
	return p + 1;
}

/* To the next member's value, or out of the object; st->place tells. */
static inline const uchar *step_object(struct svcr_json *j, const uchar *p, struct svcr_str *key)
{
	struct svcr_json_state *st = j->state;

	p = skip_space(j, p);
	if (*p == '}')
		return close_container(j, p);
	if (st->place == AFTER_VALUE) {
		if (*p != ',')
			return expected(j, p, "',' or '}' after a member");
		p = skip_space(j, p + 1);
	}
	if (*p != '"')
		return expected(j, p, st->place == ENTERED ? "a key or '}'" : "a key after ','");
	p = scan_string(j, p);
	if (!p)
		return NULL;
	{
		const uchar *start = st->buf + st->tok;

		if (!string_text(j, p, key) || !add_key(j, start, key))
			return NULL;
	}
	p = skip_space(j, p);
	if (*p != ':')
		return expected(j, p, "':' after a key");
	st->place = BEFORE_VALUE;
	return p + 1;
}

/* To the next item, or out of the array. */
static inline const uchar *step_array(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;

	p = skip_space(j, p);
	if (*p == ']')
		return close_container(j, p);
	if (st->place == AFTER_VALUE) {
		if (*p != ',')
			return expected(j, p, "',' or ']' after an item");
		p++;
	}
	st->place = BEFORE_VALUE;
	return p;
}

static const uchar *scan_scalar(struct svcr_json *j, const uchar *p)
{
	switch (value_type[*p]) {
	case SVCR_JSON_STRING:
		p = scan_string(j, p);
		break;
	case SVCR_JSON_NUMBER:
		p = scan_number(j, p);
		break;
	case SVCR_JSON_NULL:
	case SVCR_JSON_BOOL:
		p = scan_word(j, p);
		break;
	default:
		return expected(j, p, "a value");
	}
	j->state->place = AFTER_VALUE;
	return p;
}

/* Where the next value starts, checked to be one; NULL on error. */
static inline const uchar *value_start(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	const uchar *p;

	if (j->failed)
		return NULL;
	assert(st->place == BEFORE_VALUE);
	p = skip_space(j, st->buf + st->pos);
	st->pos = (size_t)(p - st->buf);
	return value_type[*p] ? p : expected(j, p, "a value");
}

static inline bool finish(struct svcr_json *j, const uchar *p)
{
	if (!p || j->failed)
		return false;
	j->state->pos = (size_t)(p - j->state->buf);
	j->state->tok = NOWHERE;
	return true;
}

/* ---- the interface ---- */

int svcr_json_init(struct svcr_json *j, svcr_json_fill_fn fill, void *arg)
{
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
	struct svcr_json_state *st;

	memset(j, 0, sizeof(*j));
	st = calloc(1, sizeof(*st));
	j->state = st;
	if (!st || !grow_window(j, WINDOW_START)) {
		svcr_json_release(j);
		j->failed = true;
		j->error = -ENOMEM;
		return -ENOMEM;
	}
	memset(st->end, 0, SLACK);
	st->fill = fill;
	st->arg = arg;
	st->tok = NOWHERE;
	st->line = st->column = 1;
	st->keys.seed = (uintptr_t)st ^ (random ? load64(random) : 0);
	return 0;
}

void svcr_json_release(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;

	if (!st)
		return;
	free(st->buf);
	free(st->side);
	free(st->keys.key);
	free(st->keys.text);
	free(st->keys.slots);
	free(st);
	j->state = NULL;
}

bool svcr_json_more_documents(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	const uchar *p;

	if (j->failed)
		return false;
	assert(st->depth == 0 && st->place == AFTER_VALUE);
	p = st->buf + st->pos;
	if (!st->started) {
		p = ensure(j, p, 3);
		if (memcmp(p, "\xef\xbb\xbf", 3) == 0) {
			p += 3;
			st->column -= 3; /* not seen, not counted; may wrap for now */
		}
		st->started = true;
	}
	p = skip_space(j, p);
	if (!finish(j, p) || p == st->end)
		return false;
	st->place = BEFORE_VALUE;
	return true;
}

enum svcr_json_type svcr_json_peek(struct svcr_json *j)
{
	const uchar *p = value_start(j);

	return p ? (enum svcr_json_type)value_type[*p] : SVCR_JSON_ERROR;
}

bool svcr_json_enter(struct svcr_json *j)
{
	const uchar *p = value_start(j);

	if (!p)
		return false;
	assert(*p == '{' || *p == '[');
	return finish(j, open_container(j, p));
}

bool svcr_json_next_key(struct svcr_json *j, struct svcr_str *key)
{
	struct svcr_json_state *st = j->state;
	struct svcr_str s;

	if (j->failed)
		return false;
	assert(st->depth && st->frames[st->depth - 1].object && st->place != BEFORE_VALUE);
	if (!finish(j, step_object(j, st->buf + st->pos, &s)) || st->place != BEFORE_VALUE)
		return false;
	*key = s;
	return true;
}

bool svcr_json_next_item(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;

	if (j->failed)
		return false;
	assert(st->depth && !st->frames[st->depth - 1].object && st->place != BEFORE_VALUE);
	return finish(j, step_array(j, st->buf + st->pos)) && st->place == BEFORE_VALUE;
}

bool svcr_json_string(struct svcr_json *j, struct svcr_str *s)
{
	const uchar *p = value_start(j);
	struct svcr_str text;

	if (!p)
		return false;
	assert(*p == '"');
	p = scan_scalar(j, p);
	if (!p || !string_text(j, p, &text) || !finish(j, p))
		return false;
	*s = text;
	return true;
}

bool svcr_json_bool(struct svcr_json *j, bool *b)
{
	const uchar *p = value_start(j);
	bool value;

	if (!p)
		return false;
	assert(*p == 't' || *p == 'f');
	value = *p == 't';
	if (!finish(j, scan_scalar(j, p)))
		return false;
	*b = value;
	return true;
}

bool svcr_json_number(struct svcr_json *j, struct svcr_str *text)
{
	const uchar *p = value_start(j), *start;

	if (!p)
		return false;
	assert(value_type[*p] == SVCR_JSON_NUMBER);
	p = scan_scalar(j, p);
	start = j->state->buf + j->state->tok;
	if (!finish(j, p))
		return false;
	*text = (struct svcr_str){ (const char *)start, (size_t)(p - start) };
	return true;
}

bool svcr_json_skip(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	const uchar *p = value_start(j);
	unsigned int base;
	struct svcr_str key;

	if (!p)
		return false;
	base = st->depth;
	do {
		p = skip_space(j, p);
		p = *p == '{' || *p == '[' ? open_container(j, p) : scan_scalar(j, p);
		st->tok = NOWHERE;
		while (p && st->place != BEFORE_VALUE && st->depth > base)
			p = st->frames[st->depth - 1].object ? step_object(j, p, &key) : step_array(j, p);
	} while (p && st->depth > base);
	return finish(j, p);
}

int svcr_json_mark(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	struct mark *m;

	if (j->failed)
		return -1;
	assert(st->n_marks < MAX_MARKS);
	m = &st->marks[st->n_marks];
	m->pos = st->pos;
	m->depth = st->depth;
	m->place = st->place;
	m->n_keys = st->keys.n;
	memcpy(m->frames, st->frames, st->depth * sizeof(*m->frames));
	return (int)st->n_marks++;
}

void svcr_json_rewind(struct svcr_json *j, int mark)
{
	struct svcr_json_state *st = j->state;
	struct mark *m;

	if (j->failed)
		return;
	assert(mark >= 0 && (unsigned int)mark < st->n_marks);
	m = &st->marks[mark];
	/* inner marks keep their keys, but these are not in the table until going back there */
	unlink_keys(&st->keys, m->n_keys);
	for (unsigned int i = (unsigned int)mark + 1; i < st->n_marks; i++)
		for (unsigned int d = 0; d < st->marks[i].depth; d++)
			st->marks[i].frames[d].hashed = false;
	cut_keys(st, m->n_keys);
	st->pos = m->pos;
	st->depth = m->depth;
	st->place = m->place;
	memcpy(st->frames, m->frames, m->depth * sizeof(*m->frames));
}

void svcr_json_unmark(struct svcr_json *j, int mark)
{
	if (j->failed)
		return;
	assert(mark >= 0 && (unsigned int)mark + 1 == j->state->n_marks);
	j->state->n_marks--;
}
