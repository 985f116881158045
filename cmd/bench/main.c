/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench: what `make bench` runs in addition to svcrules and nft(8). Not installed. */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct program {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *synopsis, *about;
} programs[] = {
	{ "measure", run_measure, "[--tail FILE] LOG SIZE NAME COMMAND...",
	  "runs COMMAND; appends its seconds and peak memory to LOG" },
	{ "count", run_count, "[--save FILE] LOG SIZE NAME COMMAND...",
	  "runs COMMAND; appends the netlink messages and bytes that it exchanged" },
	{ "replay", run_replay, "FILE", "sends the batches that count saved" },
	{ "parse-jansson", run_jansson, "FILE", "json_load_file() and no more" },
	{ "parse-yajl", run_yajl, "FILE", "a bare event parse" },
	{ "read", run_read, "FILE", "svcrules_model_read() and no more" },
	{ "flows", run_flows, "udp COUNT | tcp COUNT LISTEN-PORT, VIPs on standard input",
	  "microseconds of a new flow, from lines PROTOCOL ADDRESS PORT" },
	{ "throughput", run_throughput, "MILLISECONDS ADDRESS PORT TARGET-PORT",
	  "Gbit/s of one connection" },
};
#define PROGRAMS (sizeof(programs) / sizeof(*programs))

void bench_fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(2);
}

void bench_usage(void)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		fprintf(stderr, "bench %s %s\n    %s\n", programs[i].name, programs[i].synopsis,
			programs[i].about);
	exit(2);
}

double now(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

char *slurp(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	long size = -1;
	char *buf;

	if (f && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (size < 0)
		bench_fail(path);
	rewind(f);
	buf = malloc((size_t)size + 1);
	if (!buf || fread(buf, 1, (size_t)size, f) != (size_t)size)
		bench_fail(path);
	fclose(f);
	*ret_size = (size_t)size;
	return buf;
}

unsigned long bench_number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n > max)
		bench_usage();
	return n;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < PROGRAMS && argc > 1; i++)
		if (strcmp(argv[1], programs[i].name) == 0)
			return programs[i].run(argc - 2, argv + 2);
	bench_usage();
}
