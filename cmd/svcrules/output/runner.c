/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output/runner.h"
#include "output/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define SECRET_MODE 0600

enum runner_ask { ASK_VALIDATE, ASK_THEN, ASK_CHOWN, ASK_GIVE, ASK_OPEN };

struct runner_message {
	enum runner_ask what;
	enum runner_slot slot;
	/* of a file: */
	dev_t dev;
	ino_t ino;
	char name[NAME_MAX + 1];
};

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

/* Returns a file descriptor or a negative errno. */
static int slot_open(const struct runner_task *t, enum runner_slot slot)
{
	int work = slot == RUNNER_DIR ? t->parent : openat(t->parent, t->work, FOLDER), fd;

	if (work < 0)
		return -errno;
	fd = openat(work, slot == RUNNER_DIR ? t->name : runner_slot_name(slot), FOLDER);
	if (fd < 0)
		fd = -errno;
	if (slot != RUNNER_DIR)
		close(work);
	return fd;
}

static int chown_run(const struct runner_task *t, enum runner_slot slot)
{
	int fd = slot_open(t, slot), err;

	if (fd < 0)
		return fd;
	err = fchown(fd, t->uid, t->gid) < 0 || fchmod(fd, t->mode) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* True for the file that the program means, if it is a secret of that user. */
static bool is_secret_of(int fd, const struct runner_message *m, uid_t uid, bool alone)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == m->dev &&
	       st.st_ino == m->ino && (st.st_mode & 07777) == SECRET_MODE && st.st_uid == uid &&
	       (!alone || st.st_nlink == 1);
}

/* Opens the file if it is that. Returns a file descriptor or a negative errno. */
static int secret_open(const struct runner_task *t, const struct runner_message *m, uid_t uid,
		       bool alone)
{
	int dir = slot_open(t, m->slot), fd;

	if (dir < 0)
		return dir;
	fd = openat(dir, m->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(dir);
	if (fd < 0 || is_secret_of(fd, m, uid, alone))
		return fd;
	close(fd);
	return -EPERM;
}

/* The group stays: by the mode it may do nothing. */
static int give_run(const struct runner_task *t, const struct runner_message *m)
{
	int fd = secret_open(t, m, geteuid(), true), err;

	if (fd < 0)
		return fd;
	err = fchown(fd, t->worker_uid, (gid_t)-1) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static bool is_message(const struct runner_message *m)
{
	bool file = m->what == ASK_GIVE || m->what == ASK_OPEN;

	return m->slot < RUNNER_SLOTS + (m->what == ASK_OPEN) &&
	       (!file || (memchr(m->name, '\0', sizeof(m->name)) && manifest_name_ok(m->name)));
}

/* *ret_fd: an open file that belongs to the answer. */
static int runner_answer(const struct runner_task *t, const struct runner_message *m, int *ret_fd)
{
	if (!is_message(m))
		return -EINVAL;
	if (m->what == ASK_VALIDATE && t->validate)
		return validate_run(t, m->slot);
	if (m->what == ASK_THEN && t->then)
		return command_run(t->then);
	if (m->what == ASK_CHOWN && t->chown)
		return chown_run(t, m->slot);
	if (m->what == ASK_GIVE && t->worker && t->give)
		return give_run(t, m);
	if (m->what != ASK_OPEN || !t->worker)
		return -EINVAL;
	*ret_fd = secret_open(t, m, t->worker_uid, false);
	return *ret_fd < 0 ? *ret_fd : 0;
}

union fd_control {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
};

/* Sends the answer, and the file if there is one. */
static bool answer_send(int fd, int answer, int file)
{
	union fd_control control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
					       .cmsg_level = SOL_SOCKET,
					       .cmsg_type = SCM_RIGHTS } };
	struct iovec part = { &answer, sizeof(answer) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	memcpy(CMSG_DATA(&control.head), &file, sizeof(file));
	if (file >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(answer);
}

static void __attribute__((noreturn)) runner_serve(int fd, const struct runner_task *t)
{
	struct runner_message m;
	bool sent = true;

	/* the program that asks has ended if nothing comes any more */
	while (sent && recv(fd, &m, sizeof(m), 0) == (ssize_t)sizeof(m)) {
		int file = -1;
		int answer = runner_answer(t, &m, &file);

		sent = answer_send(fd, answer, file);
		if (file >= 0)
			close(file);
	}
	_exit(0);
}

/* ---- In the program ------------------------------------------------------ */

int runner_start(struct runner *r, const struct runner_task *t)
{
	int fds[2];

	*r = (struct runner){ .fd = -1 };
	if (!t->validate && !t->then && !t->chown && !t->worker)
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

void runner_end(struct runner *r)
{
	if (r->fd < 0)
		return;
	close(r->fd);
	r->fd = -1;
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Receives an answer and, if `ret_file` is not NULL, the file that belongs to it. */
static bool answer_receive(int fd, int *ret_answer, int *ret_file)
{
	union fd_control control;
	struct iovec part = { ret_answer, sizeof(*ret_answer) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n;

	if (ret_file) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	do
		n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*ret_answer))
		return false;
	if (*ret_answer || !ret_file)
		return true;
	/* it is missing if this process has too many open files */
	if (CMSG_FIRSTHDR(&message))
		memcpy(ret_file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*ret_file));
	else
		*ret_answer = -EMFILE;
	return true;
}

/* After a message that is lost no answer could be told from the next. */
static int runner_ask(struct runner *r, const struct runner_message *m, int *ret_file)
{
	int answer = -EPIPE;

	if (r->fd < 0)
		return -EPIPE;
	if (send(r->fd, m, sizeof(*m), MSG_NOSIGNAL) != (ssize_t)sizeof(*m) ||
	    !answer_receive(r->fd, &answer, ret_file)) {
		runner_end(r);
		return -EPIPE;
	}
	return answer;
}

int runner_validate(struct runner *r, enum runner_slot slot)
{
	return runner_ask(r, &(struct runner_message){ .what = ASK_VALIDATE, .slot = slot }, NULL);
}

int runner_then(struct runner *r)
{
	return runner_ask(r, &(struct runner_message){ .what = ASK_THEN }, NULL);
}

int runner_chown(struct runner *r, enum runner_slot slot)
{
	return runner_ask(r, &(struct runner_message){ .what = ASK_CHOWN, .slot = slot }, NULL);
}

/* Asks for something about a file. */
static int runner_ask_file(struct runner *r, struct runner_message *m, const char *name,
			   const struct stat *st, int *ret_file)
{
	size_t len = strlen(name);

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(m->name, name, len + 1);
	m->dev = st->st_dev;
	m->ino = st->st_ino;
	return runner_ask(r, m, ret_file);
}

int runner_give(struct runner *r, enum runner_slot slot, const char *name, const struct stat *st)
{
	struct runner_message m = { .what = ASK_GIVE, .slot = slot };

	return runner_ask_file(r, &m, name, st, NULL);
}

int runner_open(struct runner *r, enum runner_slot slot, const char *name, const struct stat *st)
{
	struct runner_message m = { .what = ASK_OPEN, .slot = slot };
	int fd = -1, err = runner_ask_file(r, &m, name, st, &fd);

	return err ? err : fd;
}
