/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privilege.h"
#include "say.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

/* Fills libcap-ng's state with what is to be kept; false if the process' own cannot be read. */
static bool privilege_choose(bool net_admin)
{
	bool effective, permitted;

	if (capng_get_caps_process() < 0)
		return false;
	effective = net_admin && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);
	permitted = net_admin && capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN);
	capng_clear(CAPNG_SELECT_BOTH);
	if (permitted)
		capng_update(CAPNG_ADD, CAPNG_PERMITTED, CAP_NET_ADMIN);
	if (effective)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, CAP_NET_ADMIN);
	return true;
}

void privilege_drop(bool net_admin)
{
	bool limit;

	errno = 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		say("warning: cannot set no_new_privs: %s; the run goes on without",
		    strerror(errno));
	limit = capng_get_caps_process() == 0 &&
		capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	/* the bounding set first, as long as CAP_SETPCAP is there */
	if (!privilege_choose(net_admin) || (limit && capng_apply(CAPNG_SELECT_BOUNDS) < 0) ||
	    capng_apply(CAPNG_SELECT_CAPS) < 0)
		say("warning: cannot give up capabilities: %s; the run goes on with them",
		    errno ? strerror(errno) : "the kernel does not tell them");
}
