/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a rule set, whatever their kind of part, and rule sets that are files alone. */
#include "rules/file/file.h"
#include "rules/target.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool svcrules_ruleset_file(const struct svcrules_ruleset *rs, size_t part, size_t i,
			   struct svcrules_file *ret)
{
	const struct svcr_part *p = part < rs->nparts ? rs->parts[part] : NULL;

	return p && p->ops->file && p->ops->file(p, i, ret);
}

int svcrules_file_print(const struct svcrules_ruleset *rs, size_t part, size_t i,
			svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };
	struct svcrules_file f;

	if (!svcrules_ruleset_file(rs, part, i, &f))
		return -EINVAL;
	rs->parts[part]->ops->file_print(rs->parts[part], i, &o);
	svcr_out_end(&o);
	if (f.secret) {
		explicit_bzero(o.buf, sizeof(o.buf));
		svcrules_wipe_stack();
	}
	return o.err;
}

static const char *const formats[] = { "text", "json", NULL };
static const char *const change_formats[] = { "diff", "text", "json", NULL };
static const struct svcrules_setting settings[] = { { .name = NULL } };

/* Files that no target made: it is in no list, and builds nothing. */
static const struct svcr_target files_target = {
	.info = { .name = "files",
		  .formats = formats,
		  .change_formats = change_formats,
		  .settings = settings,
		  .table_suffix = "" },
};

struct svcrules_ruleset *svcrules_files_new(void)
{
	struct svcrules_ruleset *rs = calloc(1, sizeof(*rs));

	if (rs)
		rs->target = &files_target;
	return rs;
}

int svcrules_files_add(struct svcrules_ruleset *rs, const struct svcrules_file *f, const char *text,
		       size_t len)
{
	struct svcr_file *file = svcr_file_new(f->name, f->mode);
	int err;

	if (file)
		file->worker = f->worker;
	if (file && f->secret)
		file->secret = file->text.wipe = true;
	err = file && text ? svcr_file_append(file, text, len) : 0;
	if (!err)
		return svcr_ruleset_add(rs, (struct svcr_part *)file);
	svcr_file_free(file);
	return err;
}
