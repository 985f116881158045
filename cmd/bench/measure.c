/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command and writes down what it took. With --tail the command reads
 * FILE from a pipe, and "tail" is the time from the moment when all but FILE's
 * last bytes are read, that is: parsed, if the command parses as it reads.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HELD_BACK 64 /* bytes: the end of the outermost list */

struct run {
	const char *log, *size, *name, *tail;
	char **command;
	double wall, tail_wall;
	struct rusage used;
	int status;
};

static pid_t measure_start(const struct run *r, int input)
{
	pid_t pid = vfork(); /* not fork: peak memory is counted from the parent's */

	if (pid < 0)
		bench_fail("vfork");
	if (pid == 0) {
		if (input >= 0)
			dup2(input, STDIN_FILENO);
		execvp(r->command[0], r->command);
		_exit(127);
	}
	return pid;
}

static void measure_write(int fd, const char *buf, size_t size)
{
	while (size) {
		ssize_t n = write(fd, buf, size);

		if (n < 0 && errno != EINTR)
			bench_fail("write");
		buf += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

/* Until the reader has taken all and, after a while, surely waits for more. */
static void wait_empty(int fd)
{
	const struct timespec pause = { .tv_nsec = 1000000 }, settle = { .tv_nsec = 100000000 };
	int left = 1;

	while (ioctl(fd, FIONREAD, &left) == 0 && left)
		nanosleep(&pause, NULL);
	nanosleep(&settle, NULL);
}

/* Returns when the rest was handed over. */
static double feed(const char *path, int fd)
{
	size_t size, first;
	char *buf = slurp(path, &size);
	double t;

	first = size > HELD_BACK ? size - HELD_BACK : 0;
	measure_write(fd, buf, first);
	wait_empty(fd);
	t = now();
	measure_write(fd, buf + first, size - first);
	close(fd);
	free(buf);
	return t;
}

static void run_command(struct run *r)
{
	int ends[2] = { -1, -1 };
	double begin, held = 0;
	pid_t pid;

	if (r->tail && pipe2(ends, O_CLOEXEC))
		bench_fail("pipe");
	begin = now();
	pid = measure_start(r, ends[0]);
	if (r->tail) {
		close(ends[0]);
		held = feed(r->tail, ends[1]);
	}
	if (wait4(pid, &r->status, 0, &r->used) != pid)
		bench_fail("wait");
	r->wall = now() - begin;
	r->tail_wall = now() - held;
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void measure_write_log(const struct run *r)
{
	FILE *f = fopen(r->log, "ae");

	if (!f)
		bench_fail(r->log);
	if (r->tail)
		fprintf(f, "%s\t%s\ttail\t%.6f\n", r->size, r->name, r->tail_wall);
	else
		fprintf(f, "%s\t%s\twall\t%.6f\n", r->size, r->name, r->wall);
	fprintf(f, "%s\t%s\tuser\t%.6f\n%s\t%s\tsys\t%.6f\n", r->size, r->name,
		seconds(&r->used.ru_utime), r->size, r->name, seconds(&r->used.ru_stime));
	fprintf(f, "%s\t%s\tpeak\t%ld\n", r->size, r->name, r->used.ru_maxrss * 1024);
	if (fclose(f))
		bench_fail(r->log);
}

int run_measure(int argc, char **argv)
{
	struct run r = { 0 };

	if (argc > 1 && strcmp(argv[0], "--tail") == 0) {
		r.tail = argv[1];
		argc -= 2;
		argv += 2;
	}
	if (argc < 4)
		bench_usage();
	r.log = argv[0];
	r.size = argv[1];
	r.name = argv[2];
	r.command = argv + 3;
	run_command(&r);
	if (WIFEXITED(r.status) && WEXITSTATUS(r.status) < 2) /* 1: diff found something */
		measure_write_log(&r);
	return WIFEXITED(r.status) ? WEXITSTATUS(r.status) : 3;
}
