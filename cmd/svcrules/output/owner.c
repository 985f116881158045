/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/owner.h"
#include "exit.h"
#include "output/place.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_SIZE 1024
#define ENTRY_SIZE_MAX (1 << 20)

/* ---- The user ------------------------------------------------------------ */

/* 0 with *ret_found, or a negative errno. */
static int user_find(const char *name, bool *ret_found, uid_t *ret_uid)
{
	struct passwd entry, *found = NULL;
	char *buf = NULL;
	int err = ERANGE;

	for (size_t size = ENTRY_SIZE; err == ERANGE && size <= ENTRY_SIZE_MAX; size *= 2) {
		free(buf);
		buf = malloc(size);
		err = buf ? getpwnam_r(name, &entry, buf, size, &found) : ENOMEM;
	}
	*ret_found = !err && found;
	if (*ret_found)
		*ret_uid = found->pw_uid;
	free(buf);
	/* databases that do not exist say so in their own ways; see getpwnam(3) */
	return err == ENOENT || err == ESRCH || err == EBADF || err == EPERM ? 0 : -err;
}

static const char *given_user(const struct arguments *a)
{
	const char *name = NULL;

	for (size_t i = 0; i < a->nsettings; i++)
		if (strcmp(a->settings[i].setting->name, a->target->worker_setting) == 0)
			name = a->settings[i].value;
	return name;
}

int owner_find(const struct arguments *a, struct owner *ret)
{
	const char *given = a->target->worker ? given_user(a) : NULL;
	int err;

	*ret = (struct owner){ .name = given ? given : a->target->worker,
			       .setting = a->target->worker_setting };
	if (geteuid() != 0 || !ret->name) {
		ret->name = NULL;
		return EXIT_DONE;
	}
	err = user_find(ret->name, &ret->found, &ret->uid);
	if (err == -ENOMEM)
		return say_enomem();
	if (err) {
		say("cannot look up the user '%s': %s", ret->name, strerror(-err));
		return EXIT_KERNEL;
	}
	if (given && !ret->found) {
		say("--%s: there is no user '%s' on this machine", ret->setting, given);
		return EXIT_USAGE;
	}
	if (ret->found && ret->uid == geteuid())
		ret->name = NULL;
	return EXIT_DONE;
}

int owner_check(const struct owner *o, const struct svcrules_file *f)
{
	if (!o->name || o->found || !f->worker)
		return EXIT_DONE;
	say("there is no user '%s' on this machine, who must own %s: --%s names the user of the "
	    "server's worker processes",
	    o->name, f->name, o->setting);
	return EXIT_USAGE;
}

/* ---- Files --------------------------------------------------------------- */

uid_t owner_uid(const struct owner *o, const struct svcrules_file *f)
{
	return o->name && f->worker ? o->uid : geteuid();
}

int owner_open(const struct place *p, const char *name)
{
	const struct owner *o = &p->owner;
	struct stat st;
	int fd;

	/* root may not, as its privileges are given up */
	if (o->name && o->found && fstatat(p->old, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_uid == o->uid)
		return runner_open(o->runner, p->is_link ? p->used : RUNNER_DIR, name, &st);
	fd = openat(p->old, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int owner_give(const struct place *p, enum runner_slot slot, const struct svcrules_file *f, int fd)
{
	const struct owner *o = &p->owner;
	struct stat st;
	int err;

	if (!o->name || !f->worker)
		return EXIT_DONE;
	err = fstat(fd, &st) < 0 ? -errno : runner_give(o->runner, slot, f->name, &st);
	if (!err)
		return EXIT_DONE;
	/* the kernel's answer for a user that the user namespace does not have */
	say("%s: cannot give %s to the user '%s', who must read it: %s: --%s names the user of the "
	    "server's worker processes",
	    p->shown, f->name, o->name,
	    err == -EINVAL ? "there is no such user in this user namespace" : strerror(-err),
	    o->setting);
	return EXIT_KERNEL;
}
