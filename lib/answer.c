/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of the API server that are in the place of objects. */
#include "object.h"
#include "read.h"

#define ANSWER_MAX 300 /* bytes of a message that are shown */

struct status_object {
	const char *status, *message, *reason;
};

static const struct svcr_field status_fields[] = {
	{ SVCR_FIELD("status"), SVCR_F_STRING, .offset = offsetof(struct status_object, status) },
	{ SVCR_FIELD("message"), SVCR_F_STRING, .offset = offsetof(struct status_object, message) },
	{ SVCR_FIELD("reason"), SVCR_F_STRING, .offset = offsetof(struct status_object, reason) },
	SVCR_END
};

static void status_error(struct svcr_reader *r, const struct status_object *s)
{
	const char *says = s->message && *s->message ? s->message :
			   s->reason && *s->reason   ? s->reason :
						       "a failure";
	struct svcr_str shown = svcr_text_line((struct svcr_str){ says, strlen(says) }, ANSWER_MAX);

	svcr_read_error(r, "status",
			"the API server answered with an error, not with objects: %.*s",
			(int)shown.len, shown.p);
}

static bool read_status(struct svcr_reader *r, const struct svcr_head *h, bool failed)
{
	struct status_object s = { NULL, NULL, NULL };

	svcr_read_object(r, status_fields, &s);
	if (failed || (s.status && strcmp(s.status, "Failure") == 0))
		status_error(r, &s);
	else if (h)
		svcr_object_ignore(r, h);
	return true;
}

bool svcr_answer_read(struct svcr_reader *r, const struct svcr_head *h)
{
	if (strcmp(h->kind, "Status") == 0 && (!h->api || strcmp(h->api, "v1") == 0))
		return read_status(r, h, false);
	if (strcmp(h->kind, "Table") != 0 || !h->api || strncmp(h->api, "meta.k8s.io/", 12) != 0)
		return false;
	svcr_read_error(r, "table",
			"this is a Table, which the API server makes for people to read: ask it "
			"for JSON without 'as=Table', or use 'kubectl get -o json'");
	svcr_json_skip(&r->json);
	return true;
}

void svcr_answer_error(struct svcr_reader *r)
{
	read_status(r, NULL, true);
}
