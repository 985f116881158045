/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs of `make bench`: one a file, each with a table entry in main.c. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

/* Ends the program with what failed and errno's text. */
__attribute__((noreturn)) void bench_fail(const char *what);
/* Ends the program: wrong arguments. */
__attribute__((noreturn)) void bench_usage(void);
/* Seconds of a clock that only goes forward. */
double now(void);
/* A whole file; *ret_size bytes, malloc'ed. Ends the program if it cannot be read. */
char *slurp(const char *path, size_t *ret_size);
/* A number from 0 to `max`, or the end of the program. */
unsigned long bench_number(const char *text, unsigned long max);

/* Each takes what follows its name and returns an exit status. */
int run_measure(int argc, char **argv);
int run_count(int argc, char **argv);
int run_replay(int argc, char **argv);
int run_jansson(int argc, char **argv);
int run_yajl(int argc, char **argv);
int run_read(int argc, char **argv);
int run_flows(int argc, char **argv);
int run_throughput(int argc, char **argv);

#endif
