/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum runner_ask { ASK_VALIDATE, ASK_THEN, ASK_CHOWN };

const char *runner_slot_name(enum runner_slot slot)
{
	static const char *const names[RUNNER_SLOTS] = { "new", "a", "b" };

	return names[slot];
}

bool runner_path_ok(const char *path)
{
	return path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "/._-+,:@%=")] == '\0';
}

char *runner_command(const char *command, const char *path)
{
	size_t holes = 0, n = strlen(path);
	const char *hole;
	char *text, *p;

	for (hole = command; (hole = strstr(hole, "{}")); hole += 2)
		holes++;
	text = malloc(strlen(command) + holes * n + 1);
	for (p = text; text && (hole = strstr(command, "{}")); command = hole + 2) {
		p = mempcpy(p, command, (size_t)(hole - command));
		p = mempcpy(p, path, n);
	}
	if (text)
		memcpy(p, command, strlen(command) + 1);
	return text;
}

/* ---- In the process ------------------------------------------------------ */

static void __attribute__((noreturn)) command_exec(const char *command)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* its words belong to the messages: standard output is the program's product */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int command_run(const char *command)
{
	pid_t pid = command ? fork() : -1;
	int status;

	if (pid == 0)
		command_exec(command);
	if (pid < 0)
		return command ? -errno : -ENOMEM;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

static int validate_run(const struct runner_task *t, enum runner_slot slot)
{
	char *path = NULL, *command = NULL;
	int status;

	if (asprintf(&path, "%s/%s/%s", strcmp(t->parent_path, "/") == 0 ? "" : t->parent_path,
		     t->work, runner_slot_name(slot)) < 0)
		return -ENOMEM;
	command = runner_command(t->validate, path);
	status = command_run(command);
	free(command);
	free(path);
	return status;
}

static int chown_run(const struct runner_task *t, enum runner_slot slot)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int work = openat(t->parent, t->work, flags);
	int fd = work < 0 ? -1 : openat(work, runner_slot_name(slot), flags);
	int err = fd < 0 || fchown(fd, t->uid, t->gid) < 0 || fchmod(fd, t->mode) < 0 ? -errno : 0;

	if (work >= 0)
		close(work);
	if (fd >= 0)
		close(fd);
	return err;
}

static int runner_answer(const struct runner_task *t, const uint8_t ask[2])
{
	if (ask[1] >= RUNNER_SLOTS)
		return -EINVAL;
	if (ask[0] == ASK_VALIDATE && t->validate)
		return validate_run(t, ask[1]);
	if (ask[0] == ASK_THEN && t->then)
		return command_run(t->then);
	if (ask[0] == ASK_CHOWN && t->chown)
		return chown_run(t, ask[1]);
	return -EINVAL;
}

static void __attribute__((noreturn)) runner_serve(int fd, const struct runner_task *t)
{
	uint8_t ask[2];

	/* the program that asks has ended if nothing comes any more */
	while (recv(fd, ask, sizeof(ask), 0) == (ssize_t)sizeof(ask)) {
		int answer = runner_answer(t, ask);

		if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) != (ssize_t)sizeof(answer))
			break;
	}
	_exit(0);
}

/* ---- In the program ------------------------------------------------------ */

int runner_start(struct runner *r, const struct runner_task *t)
{
	int fds[2];

	*r = (struct runner){ .fd = -1 };
	if (!t->validate && !t->then && !t->chown)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	r->pid = fork();
	if (r->pid == 0) {
		close(fds[0]);
		runner_serve(fds[1], t);
	}
	close(fds[1]);
	if (r->pid < 0) {
		int err = -errno;

		close(fds[0]);
		return err;
	}
	r->fd = fds[0];
	return 0;
}

static int runner_ask(struct runner *r, enum runner_ask what, enum runner_slot slot)
{
	uint8_t ask[2] = { (uint8_t)what, (uint8_t)slot };
	int answer;
	ssize_t n;

	if (r->fd < 0)
		return -EINVAL;
	if (send(r->fd, ask, sizeof(ask), MSG_NOSIGNAL) != (ssize_t)sizeof(ask))
		return -errno;
	do
		n = recv(r->fd, &answer, sizeof(answer), 0);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(answer) ? answer : -EPIPE;
}

int runner_validate(struct runner *r, enum runner_slot slot)
{
	return runner_ask(r, ASK_VALIDATE, slot);
}

int runner_then(struct runner *r)
{
	return runner_ask(r, ASK_THEN, RUNNER_NEW);
}

int runner_chown(struct runner *r, enum runner_slot slot)
{
	return runner_ask(r, ASK_CHOWN, slot);
}

void runner_end(struct runner *r)
{
	if (r->fd < 0)
		return;
	close(r->fd);
	r->fd = -1;
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
