/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target_texts.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Words for --target and -o, made once from the list of targets. */
static struct target_texts texts;

const char *const *formats_of(const struct svcrules_target *t, bool changes)
{
	return changes ? t->change_formats : t->formats;
}

bool has_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices; len && *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, value, n) == 0)
			return true;
		p += n;
	}
	return false;
}

static void __attribute__((format(printf, 2, 3)))
text_add(char text[static TARGET_TEXT_SIZE], const char *format, ...)
{
	size_t n = strlen(text);
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(text + n, TARGET_TEXT_SIZE - n, format, ap);
	va_end(ap);
	assert(len >= 0 && (size_t)len < TARGET_TEXT_SIZE - n);
}

/* "a b" for the choices, and "a (default), b" for the help. */
static void make_targets_texts(void)
{
	const struct svcrules_target *t;

	text_add(texts.targets_help, "what to compile to: ");
	text_add(texts.targets_removed_help, "remove only what this target installed: ");
	for (size_t i = 0; (t = svcrules_target(i)); i++) {
		const char *comma = i ? ", " : "";

		text_add(texts.targets, "%s%s", i ? " " : "", t->name);
		text_add(texts.targets_help, "%s%s%s", comma, t->name, i ? "" : " (default)");
		text_add(texts.targets_removed_help, "%s%s", comma, t->name);
	}
}

/* "nft json ip" for `choices`, and "nft (default), json; for NAME also ip" for the help. */
static void make_formats_texts(bool changes, char choices[static TARGET_TEXT_SIZE],
			       char help[static TARGET_TEXT_SIZE])
{
	const struct svcrules_target *t;

	text_add(help, changes ? "how to print it, or the folder to compare with: " :
				 "how to print it, or the folder to write: ");
	for (size_t i = 0; (t = svcrules_target(i)); i++) {
		bool any = false; /* of this target alone */

		for (const char *const *f = formats_of(t, changes); *f; f++) {
			if (!**f || has_choice(choices, *f))
				continue;
			if (i && !any)
				text_add(help, "; for %s also ", t->name);
			text_add(help, "%s%s%s", any ? ", " : "", *f, *choices ? "" : " (default)");
			text_add(choices, "%s%s", *choices ? " " : "", *f);
			any = true;
		}
	}
}

static void make_refused_text(void)
{
	struct svcrules_annotation a;
	const struct svcrules_target *t;
	size_t n = 0;

	for (size_t i = 0; (t = svcrules_target(i)); i++)
		for (size_t k = 0; svcrules_annotation(t->name, k, &a); k++) {
			if (a.expected)
				continue;
			n += (size_t)snprintf(texts.refused + n, sizeof(texts.refused) - n, "%s%s",
					      n ? " " : "", a.name);
			assert(n < sizeof(texts.refused));
		}
}

const struct target_texts *target_texts(void)
{
	static bool made;

	if (!made) {
		make_targets_texts();
		make_formats_texts(false, texts.formats, texts.formats_help);
		make_formats_texts(true, texts.change_formats, texts.change_formats_help);
		make_refused_text();
		made = true;
	}
	return &texts;
}

const char *check_texts(bool both)
{
	static char text[2][REFUSED_TEXT_SIZE];
	static bool made[2];
	struct svcrules_check c;
	size_t n = 0;

	for (size_t i = 0; !made[both] && svcrules_check_at(i, &c); i++) {
		n += (size_t)snprintf(text[both] + n, REFUSED_TEXT_SIZE - n, "%s%s", n ? " " : "",
				      c.name);
		assert(n < REFUSED_TEXT_SIZE);
		if (both)
			n += (size_t)snprintf(text[both] + n, REFUSED_TEXT_SIZE - n, " no-%s",
					      c.name);
		assert(n < REFUSED_TEXT_SIZE);
	}
	made[both] = true;
	return text[both];
}
