/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generic netlink for tests: a family, opened in a namespace of its own, and batches for it. */
#ifndef SVCRULES_NETLINK_GENERIC_TEST_H
#define SVCRULES_NETLINK_GENERIC_TEST_H

#include "namespace_test.h"
#include "netlink/generic.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#define BATCH_ROOM (4u << 20)
#define MAX_ERRORS 20000

static struct generic *g;
static char *batch;
static size_t batch_len;
static uint32_t batch_count;
static struct generic_error *errors;
static size_t nerrors;

static inline void generic_test_setup(const char *family)
{
	int err = 0;

	ck_assert_int_eq(namespace_enter(), 0);
	g = generic_open(family, &err);
	ck_assert_msg(g != NULL, "generic_open: %s", strerror(-err));
	batch = calloc(1, BATCH_ROOM); /* zero, as the padding of attributes */
	errors = calloc(MAX_ERRORS, sizeof(*errors));
	ck_assert(batch && errors);
}

static inline void generic_test_teardown(void)
{
	generic_close(g);
	free(batch);
	free(errors);
}

static inline struct nlmsghdr *generic_message_at(void *to, uint8_t cmd, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(to);
	struct genlmsghdr *gh = mnl_nlmsg_put_extra_header(nlh, sizeof(*gh));

	nlh->nlmsg_type = generic_id(g);
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	gh->cmd = cmd;
	gh->version = 1;
	return nlh;
}

/* Starts a message at the end of the batch; the caller ends it before the next one. */
static inline struct nlmsghdr *generic_message(uint8_t cmd)
{
	return generic_message_at(batch + batch_len, cmd, ++batch_count);
}

static inline void generic_message_end(const struct nlmsghdr *nlh)
{
	batch_len += MNL_ALIGN(nlh->nlmsg_len);
}

/* Sends the batch and empties it. */
static inline int generic_test_send(size_t max_errors)
{
	int r = generic_batch(g, batch, batch_len, batch_count, errors, max_errors, &nerrors);

	batch_len = 0;
	batch_count = 0;
	return r;
}

#endif
