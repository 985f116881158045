/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ages in the units of kubectl: two at most, and only one where the second says little. */
#include "list/columns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define NANO 1000000000ll

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, YEAR = 365 * DAY };

/* Of units of `big` seconds and `small` ones: "3d4h", or "3d" where the rest is 0. */
static void age_two(char *buf, int64_t seconds, int64_t big, char big_letter, int64_t small,
		    char small_letter)
{
	int64_t rest = seconds % big / small;

	if (rest)
		snprintf(buf, AGE_TEXT, "%" PRId64 "%c%" PRId64 "%c", seconds / big, big_letter,
			 rest, small_letter);
	else
		snprintf(buf, AGE_TEXT, "%" PRId64 "%c", seconds / big, big_letter);
}

const char *age_text(int64_t now, int64_t then, char buf[static AGE_TEXT])
{
	int64_t s;

	if (!then || __builtin_sub_overflow(now, then, &s))
		return "<unknown>";
	s /= NANO;
	if (s < -1)
		return "<invalid>";
	if (s < 0)
		s = 0;
	if (s < 2 * MINUTE)
		snprintf(buf, AGE_TEXT, "%" PRId64 "s", s);
	else if (s < 10 * MINUTE)
		age_two(buf, s, MINUTE, 'm', 1, 's');
	else if (s < 3 * HOUR)
		snprintf(buf, AGE_TEXT, "%" PRId64 "m", s / MINUTE);
	else if (s < 8 * HOUR)
		age_two(buf, s, HOUR, 'h', MINUTE, 'm');
	else if (s < 48 * HOUR)
		snprintf(buf, AGE_TEXT, "%" PRId64 "h", s / HOUR);
	else if (s < 8 * DAY)
		age_two(buf, s, DAY, 'd', HOUR, 'h');
	else if (s < 2ll * YEAR)
		snprintf(buf, AGE_TEXT, "%" PRId64 "d", s / DAY);
	else if (s < 8ll * YEAR)
		age_two(buf, s, YEAR, 'y', DAY, 'd');
	else
		snprintf(buf, AGE_TEXT, "%" PRId64 "y", s / YEAR);
	return buf;
}

int64_t age_now(void)
{
	const char *given = getenv("SOURCE_DATE_EPOCH");
	struct timespec ts = { 0 };
	long long seconds;
	char *end;

	errno = 0;
	seconds = given && *given ? strtoll(given, &end, 10) : -1;
	if (seconds >= 0 && !errno && !*end && seconds < INT64_MAX / NANO)
		return seconds * NANO;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NANO + ts.tv_nsec;
}
