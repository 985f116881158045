/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "footprint.h"
#include "command.h"
#include "files.h"
#include "kernel/host.h"
#include "state/last_run.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE (256u << 10)

static void footprint_text(struct footprint *s, const char *text)
{
	siphash_add(&s->sum, text, strlen(text) + 1);
}

int footprint_start(struct footprint *s, const struct arguments *a, const uint8_t key[SIPHASH_SIZE])
{
	char name[256] = "";

	*s = (struct footprint){ .bytes = 0 };
	s->messages = open_memstream(&s->messages_text, &s->messages_size);
	siphash_start(&s->sum, key);
	for (unsigned int i = 0; i < OPT_COUNT; i++) {
		if (!a->given[i] || i == OPT_FILE || i == OPT_WAIT || i == OPT_VERIFY)
			continue;
		siphash_add(&s->sum, &i, sizeof(i));
		footprint_text(s, a->value[i] ? a->value[i] : "");
	}
	for (size_t i = 0; i < a->nsettings; i++) {
		footprint_text(s, a->settings[i].setting->name);
		footprint_text(s, a->settings[i].value ? a->settings[i].value : "");
	}
	if (!a->given[OPT_NODE_NAME])
		(void)host_name(name, sizeof(name));
	footprint_text(s, name);
	return s->messages ? 0 : -ENOMEM;
}

void footprint_file(struct footprint *s, const char *source)
{
	footprint_text(s, source);
}

void footprint_file_end(struct footprint *s, uint64_t bytes)
{
	siphash_add(&s->sum, &bytes, sizeof(bytes));
	s->bytes += bytes;
}

void footprint_release(struct footprint *s)
{
	if (s->messages)
		fclose(s->messages);
	free(s->messages_text);
	free(s->addresses);
	*s = (struct footprint){ .bytes = 0 };
}

static int footprint_sum_file(void *arg, const char *source, int fd)
{
	struct footprint *s = arg;
	char *buf = malloc(READ_SIZE);
	uint64_t bytes = 0;
	long n = -ENOMEM;

	footprint_file(s, source);
	while (buf && (n = files_fill(&fd, buf, READ_SIZE)) > 0) {
		siphash_add(&s->sum, buf, (size_t)n);
		bytes += (uint64_t)n;
	}
	footprint_file_end(s, bytes);
	free(buf);
	return n < 0 ? EXIT_INPUT : EXIT_DONE;
}

/* False if the sizes alone show a difference, or if one of the files cannot be read twice. */
static bool footprint_sizes_agree(const struct arguments *a, const struct last_run *was)
{
	uint64_t bytes = 0;
	struct stat st;

	for (size_t i = 0; i < a->nfiles; i++) {
		if (strcmp(a->files[i], "-") == 0 || stat(a->files[i], &st) < 0)
			return false;
		if (S_ISDIR(st.st_mode)) /* its files are found only while they are read */
			return true;
		if (!S_ISREG(st.st_mode))
			return false;
		bytes += (uint64_t)st.st_size;
	}
	return a->nfiles > 0 && bytes == was->bytes;
}

static bool footprint_addresses_same(const struct last_run *was)
{
	char *now = NULL;
	bool same = !*was->addresses ||
		    (host_address_list(&now) == 0 && strcmp(now, was->addresses) == 0);

	free(now);
	return same;
}

bool footprint_same(const struct arguments *a, const struct last_run *was)
{
	uint8_t sum[SIPHASH_SIZE];
	struct footprint s;
	struct files f = { .each = footprint_sum_file,
			   .arg = &s,
			   .recursive = a->given[OPT_RECURSIVE],
			   .silent = true };
	bool same = footprint_sizes_agree(a, was) && footprint_addresses_same(was);

	if (!same)
		return false;
	same = footprint_start(&s, a, was->key) == 0 &&
	       files_each(&f, a->files, a->nfiles) == EXIT_DONE && !f.bad;
	siphash_end(&s.sum, sum);
	footprint_release(&s);
	return same && memcmp(sum, was->digest, sizeof(sum)) == 0;
}
