/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the library, from those of the command line. */
#include "command.h"
#include "input.h"
#include "kernel/host.h"
#include "say.h"
#include "text_file.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static int input_set(struct svcrules_options *o, const char *name, const char *value,
		     const char *file)
{
	struct svcrules_diags *d = svcrules_diags_new();
	int err = d ? svcrules_options_set(o, name, value, d) : -ENOMEM;

	if (err == -EINVAL && svcrules_diags_count(d)) {
		const struct svcrules_diag *g = svcrules_diags_get(d, 0);

		say("%s: %s%s%s", g->field ? g->field : name, file ? file : "", file ? ": " : "",
		    g->text);
	} else if (err) {
		say("--%s: %s", name, strerror(-err));
	}
	svcrules_diags_free(d);
	return !err ? EXIT_DONE : err == -ENOMEM ? EXIT_KERNEL : EXIT_USAGE;
}

/* Sets a setting to the text of the file that is named. */
static int input_set_file(struct svcrules_options *o, const struct given_setting *s)
{
	char *text = NULL;
	int err = text_read(s->value, &text);
	int code;

	if (err) {
		say("--%s: %s: cannot read: %s", s->setting->name, s->value, strerror(-err));
		return err == -ENOMEM ? EXIT_KERNEL : EXIT_USAGE;
	}
	code = input_set(o, s->setting->name, text, s->value);
	free(text);
	return code;
}

/* The time by which certificates are judged: what a build that must be repeatable says, or now. */
static int input_set_now(struct svcrules_options *o)
{
	const char *given = getenv("SOURCE_DATE_EPOCH");
	struct svcrules_diags *d = svcrules_diags_new();
	char text[32];
	int err;

	snprintf(text, sizeof(text), "%lld", (long long)time(NULL));
	given = given && *given ? given : NULL;
	err = d ? svcrules_options_set(o, "now", given ? given : text, d) : -ENOMEM;
	svcrules_diags_free(d);
	if (err == -EINVAL)
		say("SOURCE_DATE_EPOCH: '%s' is not valid, expected seconds since 1970", given);
	return !err ? EXIT_DONE : err == -EINVAL ? EXIT_USAGE : say_enomem();
}

/* `host`: the node's name is the host's unless given; else all that an input has is judged. */
static int make_settings(const struct arguments *a, bool host, struct svcrules_options **ret)
{
	struct svcrules_options *o;
	char name[256];
	int code = EXIT_DONE;

	o = svcrules_options_new();
	if (!o)
		return say_enomem();
	if (host && !a->given[OPT_NODE_NAME] && host_name(name, sizeof(name)) == 0)
		code = input_set(o, "node-name", name, NULL);
	if (!code && (a->target->secrets || !host))
		code = input_set_now(o);
	for (size_t i = 0; i < OPT_COUNT && !code; i++)
		if (a->given[i] && option_library_name(i))
			code = input_set(o, option_library_name(i), a->value[i], NULL);
	for (size_t i = 0; i < a->nsettings && !code; i++)
		code = a->settings[i].setting->file ? input_set_file(o, &a->settings[i]) :
						      input_set(o, a->settings[i].setting->name,
								a->settings[i].value, NULL);
	if (code)
		svcrules_options_free(o);
	else
		*ret = o;
	return code;
}

int input_settings(const struct arguments *a, struct svcrules_options **ret)
{
	return make_settings(a, true, ret);
}

int input_settings_given(const struct arguments *a, struct svcrules_options **ret)
{
	return make_settings(a, false, ret);
}
