/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "footprint.h"
#include "command.h"
#include "files.h"
#include "kernel/host.h"
#include "state/last_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
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
	s->inputs = open_memstream(&s->inputs_text, &s->inputs_size);
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
	return s->messages && s->inputs ? 0 : -ENOMEM;
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

void footprint_input(struct footprint *s, const char *source, int fd, uint64_t bytes)
{
	bool piped = strcmp(source, "standard input") == 0;
	char *whole = piped ? strdup("-") : *source == '/' ? strdup(source) : NULL;
	char *folder = whole ? NULL : get_current_dir_name();
	struct stat st;
	int64_t written = 0;

	if (!whole && asprintf(&whole, "%s/%s", folder ? folder : ".", source) < 0)
		whole = NULL;
	if (!piped && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		written = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
	for (size_t i = 0; whole && whole[i]; i++)
		if (whole[i] == '\n') /* a line for each */
			whole[i] = '?';
	if (whole)
		fprintf(s->inputs, "%" PRIu64 " %" PRId64 " %s\n", bytes, written, whole);
	free(whole);
	free(folder);
}

void footprint_release(struct footprint *s)
{
	if (s->messages)
		fclose(s->messages);
	if (s->inputs)
		fclose(s->inputs);
	free(s->messages_text);
	free(s->inputs_text);
	free(s->addresses);
	*s = (struct footprint){ .bytes = 0 };
}

bool footprint_equal(const struct footprint *s, const struct last_run *was)
{
	struct siphash so_far = s->sum;
	uint8_t sum[SIPHASH_SIZE];

	siphash_end(&so_far, sum);
	return memcmp(sum, was->digest, sizeof(sum)) == 0 &&
	       strcmp(s->addresses ? s->addresses : "", was->addresses) == 0;
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

static bool footprint_addresses_same(const struct last_run *was)
{
	char *now = NULL;
	bool same = !was->host ||
		    (host_address_list(&now) == 0 && strcmp(now, was->addresses) == 0);

	free(now);
	return same;
}

bool footprint_same(const struct arguments *a, struct files *files, const struct last_run *was)
{
	uint8_t sum[SIPHASH_SIZE];
	unsigned long long bytes;
	struct footprint s;
	bool same = files_size(files, &bytes) && bytes == was->bytes &&
		    footprint_addresses_same(was);

	if (!same)
		return false;
	same = footprint_start(&s, a, was->key) == 0 &&
	       files_each(files, footprint_sum_file, &s) == EXIT_DONE;
	siphash_end(&s.sum, sum);
	footprint_release(&s);
	/* a file that cannot be set back is read as cut short, which is an error then */
	return files_rewind(files) && same && memcmp(sum, was->digest, sizeof(sum)) == 0;
}
