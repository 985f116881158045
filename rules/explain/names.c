/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names, resolved as the resolver of a pod does it. */
#include "rules/explain/question.h"

#include <errno.h>

int svcr_explain_resolve(struct svcr_explain_asked *a, struct svcr_str name, const char *port)
{
	(void)port;
	return svcr_explain_wrong(a, "--to", -EINVAL, "%.*s: names are not resolved", (int)name.len,
				  name.p);
}
