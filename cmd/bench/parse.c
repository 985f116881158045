/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers of JSON, as references. Only this program is linked with yajl. */
#include "bench.h"
#include "svcrules.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

int run_jansson(int argc, char **argv)
{
	json_error_t err;
	json_t *root;

	if (argc != 1)
		bench_usage();
	root = json_load_file(argv[0], 0, &err);
	if (!root)
		fprintf(stderr, "bench: %s: %s\n", argv[0], err.text);
	json_decref(root);
	return root ? 0 : 2;
}

/* Callbacks that do nothing, so that every event is made. */
static int on_null(void *ctx)
{
	(void)ctx;
	return 1;
}
static int on_bool(void *ctx, int b)
{
	(void)ctx;
	(void)b;
	return 1;
}
static int on_text(void *ctx, const char *s, size_t n)
{
	(void)ctx;
	(void)s;
	(void)n;
	return 1;
}
static int on_string(void *ctx, const unsigned char *s, size_t n)
{
	(void)ctx;
	(void)s;
	(void)n;
	return 1;
}

static const yajl_callbacks events = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_text,
	.yajl_string = on_string,
	.yajl_start_map = on_null,
	.yajl_map_key = on_string,
	.yajl_end_map = on_null,
	.yajl_start_array = on_null,
	.yajl_end_array = on_null,
};

int run_yajl(int argc, char **argv)
{
	static unsigned char buf[1 << 16];
	yajl_handle h = yajl_alloc(&events, NULL, NULL);
	yajl_status s = yajl_status_ok;
	ssize_t n;
	int fd;

	if (argc != 1 || !h)
		bench_usage();
	fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bench_fail(argv[0]);
	while (s == yajl_status_ok && (n = read(fd, buf, sizeof(buf))) > 0)
		s = yajl_parse(h, buf, (size_t)n);
	if (s == yajl_status_ok)
		s = yajl_complete_parse(h);
	close(fd);
	yajl_free(h);
	if (s != yajl_status_ok)
		fprintf(stderr, "bench: %s: yajl refuses it\n", argv[0]);
	return s == yajl_status_ok ? 0 : 2;
}

static long fill(void *arg, char *buf, size_t size)
{
	ssize_t n = read(*(int *)arg, buf, size);

	return n < 0 ? -errno : (long)n;
}

int run_read(int argc, char **argv)
{
	struct svcrules_model *m = svcrules_model_new(NULL, NULL);
	struct svcrules_diags *d = svcrules_diags_new();
	int fd, err;

	if (argc != 1 || !m || !d)
		bench_usage();
	fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bench_fail(argv[0]);
	err = svcrules_model_read(m, argv[0], fill, &fd, d);
	if (err)
		fprintf(stderr, "bench: %s: %s\n", argv[0], strerror(-err));
	svcrules_model_free(m);
	svcrules_diags_free(d);
	close(fd);
	return err ? 2 : 0;
}
