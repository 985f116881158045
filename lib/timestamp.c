/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "timestamp.h"

#include <inttypes.h>
#include <stdio.h>

/* The place in the text; `ok` is false once something unexpected was found. */
struct cursor {
	const char *p, *end;
	bool ok;
};

/* Takes exactly n digits; the number is from min to max. */
static int take_number(struct cursor *c, int n, int min, int max)
{
	int value = 0;

	for (; n > 0 && c->p < c->end && *c->p >= '0' && *c->p <= '9'; n--)
		value = value * 10 + (*c->p++ - '0');
	c->ok = c->ok && n == 0 && value >= min && value <= max;
	return value;
}

/* Takes one of the two characters. */
static bool take_letter(struct cursor *c, char a, char b)
{
	if (c->p == c->end || (*c->p != a && *c->p != b))
		return false;
	c->p++;
	return true;
}

static void need_letter(struct cursor *c, char a, char b)
{
	c->ok = take_letter(c, a, b) && c->ok;
}

int64_t svcr_timestamp_days(int year, int month, int day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t past = year - 1; /* whole years since the year 1 */
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return past * 365 + past / 4 - past / 100 + past / 400 + before[month - 1] +
	       (leap && month > 2) + day - 1 - 719162;
}

static int64_t take_date(struct cursor *c)
{
	int year, month, day;

	year = take_number(c, 4, 1, 9999);
	need_letter(c, '-', '-');
	month = take_number(c, 2, 1, 12);
	need_letter(c, '-', '-');
	day = take_number(c, 2, 1, 31);
	return c->ok ? svcr_timestamp_days(year, month, day) : 0;
}

/* Nanoseconds; 0 without a fraction. */
static int64_t take_fraction(struct cursor *c)
{
	int64_t value = 0;
	int n = 0;

	if (!take_letter(c, '.', '.'))
		return 0;
	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
		if (n++ < 9)
			value = value * 10 + (*c->p - '0');
	c->ok = c->ok && n > 0;
	for (; n < 9; n++)
		value *= 10;
	return value;
}

/* Seconds by which the clock is ahead of UTC. */
static int64_t take_offset(struct cursor *c)
{
	int64_t seconds;
	bool behind;

	if (take_letter(c, 'Z', 'z'))
		return 0;
	behind = c->p < c->end && *c->p == '-';
	need_letter(c, '+', '-');
	seconds = take_number(c, 2, 0, 23) * 3600;
	need_letter(c, ':', ':');
	seconds += take_number(c, 2, 0, 59) * 60;
	return behind ? -seconds : seconds;
}

bool svcr_timestamp_parse(int64_t *ret, struct svcr_str s)
{
	struct cursor c = { .p = s.p, .end = s.p + s.len, .ok = true };
	int64_t seconds, fraction, ns;

	seconds = take_date(&c) * 86400;
	need_letter(&c, 'T', 't');
	seconds += take_number(&c, 2, 0, 23) * 3600;
	need_letter(&c, ':', ':');
	seconds += take_number(&c, 2, 0, 59) * 60;
	need_letter(&c, ':', ':');
	seconds += take_number(&c, 2, 0, 60); /* 60: a leap second */
	fraction = take_fraction(&c);
	seconds -= take_offset(&c);
	if (!c.ok || c.p != c.end)
		return false;
	if (__builtin_mul_overflow(seconds, (int64_t)1000000000, &ns) ||
	    __builtin_add_overflow(ns, fraction, &ns))
		ns = seconds < 0 ? INT64_MIN : INT64_MAX;
	*ret = ns;
	return true;
}

const char *svcr_timestamp_text(int64_t ns, char buf[static SVCR_TIMESTAMP_TEXT])
{
	int64_t seconds = ns / 1000000000 - (ns % 1000000000 < 0);
	int64_t days = seconds / 86400 - (seconds % 86400 < 0), of_day = seconds - days * 86400;
	int year = 1970 + (int)(days / 366), month = 12;

	while (year < 9999 && days >= svcr_timestamp_days(year + 1, 1, 1))
		year++;
	while (year > 1 && days < svcr_timestamp_days(year, 1, 1))
		year--;
	while (month > 1 && days < svcr_timestamp_days(year, month, 1))
		month--;
	snprintf(buf, SVCR_TIMESTAMP_TEXT,
		 "%04d-%02d-%02dT%02" PRId64 ":%02" PRId64 ":%02" PRId64 "Z", year, month,
		 (int)(days - svcr_timestamp_days(year, month, 1)) + 1, of_day / 3600,
		 of_day / 60 % 60, of_day % 60);
	return buf;
}
