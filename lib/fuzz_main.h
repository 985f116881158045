/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included by every fuzz target. Without -DSVCR_LIBFUZZER it has a main() that
 * runs the target on each file of its arguments, and on each file in their
 * directories, so that a corpus of inputs is an ordinary test.
 */
#ifndef SVCR_FUZZ_MAIN_H
#define SVCR_FUZZ_MAIN_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An input that is read in pieces of at most `step` bytes. */
struct fuzz_input {
	const uint8_t *data;
	size_t len, step;
};

/* A svcrules_fill_fn whose argument is a struct fuzz_input. */
static inline long fuzz_fill(void *arg, char *buf, size_t size)
{
	struct fuzz_input *in = arg;
	size_t n = in->len < in->step ? in->len : in->step;

	if (n > size)
		n = size;
	if (n)
		memcpy(buf, in->data, n);
	in->data += n;
	in->len -= n;
	return (long)n;
}

/*
 * Calls `call` for each netlink message. Each has memory of its own, so that a
 * sanitizer notices a read behind its end.
 */
static inline void fuzz_messages(const uint8_t *data, size_t size,
				 void (*call)(const void *msg, void *arg), void *arg)
{
	while (size >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr nlh;
		size_t step;
		void *copy;

		memcpy(&nlh, data, sizeof(nlh));
		if (nlh.nlmsg_len < sizeof(nlh) || nlh.nlmsg_len > size)
			return;
		copy = malloc(nlh.nlmsg_len);
		if (!copy)
			abort();
		memcpy(copy, data, nlh.nlmsg_len);
		call(copy, arg);
		free(copy);
		step = ((size_t)nlh.nlmsg_len + 3) & ~(size_t)3;
		if (step > size)
			return;
		data += step;
		size -= step;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stands at the end of a fuzz target: libFuzzer, or main(), calls `test_input` for each input. */
#define FUZZ_TARGET(test_input) \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
	{ \
		test_input(data, size); \
		return 0; \
	}

#ifndef SVCR_LIBFUZZER
#include <dirent.h>
#include <errno.h>

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t len = 0, n;

	if (!f) {
		perror(path);
		return 1;
	}
	do {
		data = realloc(data, len + 65536);
		if (!data)
			abort();
		n = fread(data + len, 1, 65536, f);
		len += n;
	} while (n);
	fclose(f);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
	return 0;
}

static int run_path(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return errno == ENOTDIR ? run_file(path) : (perror(path), 1);
	while ((entry = readdir(dir))) {
		char *name;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&name, "%s/%s", path, entry->d_name) < 0)
			abort();
		ret |= run_file(name);
		free(name);
	}
	closedir(dir);
	return ret;
}

int main(int argc, char **argv)
{
	int ret = 0;

	for (int i = 1; i < argc; i++)
		ret |= run_path(argv[i]);
	return ret;
}
#endif
#endif
