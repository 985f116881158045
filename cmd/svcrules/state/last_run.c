/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/last_run.h"
#include "state/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define MAGIC "svcrules state 4"
#define TEXT_MAX (1u << 20)
#define NAME_SIZE 300

/* Where and by whom a file was written: another place's is not believed. */
struct place {
	uint64_t netns;      /* cookie */
	uint64_t program[5]; /* device, inode, size, time of its last change */
	char boot[40];
};

/*
 * The start of the file: no padding, numbers in the host's order. Messages, addresses, names of
 * inputs, their sum and the rules follow.
 */
struct head {
	char magic[16];
	struct place place;
	uint8_t key[SIPHASH_SIZE], digest[SIPHASH_SIZE];
	uint64_t bytes, genid, flags, services, ports, endpoints, elements;
	uint64_t headless, external_names, pending, others, nowhere, isolated_pods, policies;
	uint64_t messages_len, addresses_len, inputs_len, rules_len;
	int64_t changed;
	char version[32];
	char routed[2][48]; /* as in struct svcrules_stats, terminated */
	uint8_t rules_sum[SIPHASH_SIZE];
};

enum { FLAG_IPV4 = 1, FLAG_IPV6 = 2, FLAG_POD_CIDRS = 4, FLAG_HOST = 8 };

static int read_boot_id(char *buf, size_t size)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 ? 0 : -ENOENT;
}

static int netns_cookie(uint64_t *ret)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*ret);
	int r = fd < 0 ? -1 : getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret, &len);

	if (fd >= 0)
		close(fd);
	return r < 0 ? -ENOENT : 0;
}

static int place_find(struct place *p)
{
	struct stat st;
	int err;

	*p = (struct place){ .netns = 0 };
	if (stat("/proc/self/exe", &st) < 0)
		return -ENOENT;
	p->program[0] = st.st_dev;
	p->program[1] = st.st_ino;
	p->program[2] = (uint64_t)st.st_size;
	p->program[3] = (uint64_t)st.st_ctim.tv_sec;
	p->program[4] = (uint64_t)st.st_ctim.tv_nsec;
	err = netns_cookie(&p->netns);
	return err ? err : read_boot_id(p->boot, sizeof(p->boot));
}

/* A namespace's inode number comes again when it is gone, so that files do not pile up. */
static int file_name(const char *table, char name[static NAME_SIZE])
{
	unsigned long long ino;
	int len;

	if (strchr(table, '/') || state_namespace(&ino))
		return -ENOENT;
	len = snprintf(name, NAME_SIZE, "nftables-%s-%llu", table, ino);
	return len < NAME_SIZE ? 0 : -ENOENT;
}

/* The file, open, and its size; -ENOENT if there is none that could be believed. */
static int file_open(const char *dir, const char *table, size_t *size)
{
	int d = state_dir_open(dir, false), fd = -1;
	char name[NAME_SIZE];
	struct stat st;

	if (d >= 0 && file_name(table, name) == 0)
		fd = openat(d, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (d >= 0)
		close(d);
	if (fd < 0)
		return -ENOENT;
	if (fstat(fd, &st) == 0 && state_is_private(&st, S_IFREG)) {
		*size = (size_t)st.st_size;
		return fd;
	}
	close(fd);
	return -ENOENT;
}

static int read_at(int fd, void *buf, size_t len, size_t at)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -ENOENT;
		done += (size_t)n;
	}
	return 0;
}

static size_t texts_len(const struct head *h)
{
	return h->messages_len + h->addresses_len + h->inputs_len;
}

static void sum_head(const struct head *h, const char *texts, uint8_t sum[SIPHASH_SIZE])
{
	struct siphash s;

	siphash_start(&s, h->key);
	siphash_add(&s, h, sizeof(*h));
	siphash_add(&s, texts, texts_len(h));
	siphash_end(&s, sum);
}

/* Bytes before the rules. */
static size_t head_len(const struct head *h)
{
	return sizeof(*h) + texts_len(h) + SIPHASH_SIZE;
}

static bool head_plausible(const struct head *h, size_t size)
{
	struct place here;

	return memcmp(h->magic, MAGIC, sizeof(h->magic)) == 0 && h->messages_len <= TEXT_MAX &&
	       h->addresses_len <= TEXT_MAX && h->inputs_len <= TEXT_MAX && head_len(h) <= size &&
	       h->rules_len == size - head_len(h) && place_find(&here) == 0 &&
	       memcmp(&h->place, &here, sizeof(here)) == 0;
}

static int head_read(int fd, size_t size, struct head *h, char **ret_texts)
{
	uint8_t sum[SIPHASH_SIZE];
	size_t len;
	char *texts;
	int err = read_at(fd, h, sizeof(*h), 0);

	if (err || !head_plausible(h, size))
		return -ENOENT;
	len = head_len(h) - sizeof(*h);
	texts = malloc(len);
	if (!texts)
		return -ENOMEM;
	err = read_at(fd, texts, len, sizeof(*h));
	if (!err) {
		sum_head(h, texts, sum);
		if (memcmp(sum, texts + len - SIPHASH_SIZE, SIPHASH_SIZE) != 0)
			err = -ENOENT;
	}
	if (err)
		free(texts);
	else
		*ret_texts = texts;
	return err;
}

static int last_run_fill(struct last_run *s, const struct head *h, const char *texts)
{
	*s = (struct last_run){ .bytes = h->bytes,
				.host = h->flags & FLAG_HOST,
				.changed = h->changed };
	snprintf(s->version, sizeof(s->version), "%.*s", (int)sizeof(s->version) - 1, h->version);
	memcpy(s->key, h->key, sizeof(s->key));
	memcpy(s->digest, h->digest, sizeof(s->digest));
	s->stats = (struct svcrules_stats){
		.services = h->services,
		.ports = h->ports,
		.headless = h->headless,
		.external_names = h->external_names,
		.pending = h->pending,
		.others = h->others,
		.nowhere = h->nowhere,
		.endpoints = h->endpoints,
		.elements = h->elements,
		.isolated_pods = h->isolated_pods,
		.policies = h->policies,
		.pod_cidrs_known = h->flags & FLAG_POD_CIDRS,
		.ipv4 = h->flags & FLAG_IPV4,
		.ipv6 = h->flags & FLAG_IPV6,
		.generation = (uint32_t)h->genid,
	};
	for (int i = 0; i < 2; i++)
		snprintf(s->stats.routed[i], sizeof(s->stats.routed[i]), "%.*s",
			 (int)sizeof(s->stats.routed[i]) - 1, h->routed[i]);
	s->messages = strndup(texts, h->messages_len);
	s->addresses = strndup(texts + h->messages_len, h->addresses_len);
	s->inputs = strndup(texts + h->messages_len + h->addresses_len, h->inputs_len);
	if (s->messages && s->addresses && s->inputs)
		return 0;
	last_run_release(s);
	return -ENOMEM;
}

/* Opens the file and reads what comes before the rules: a descriptor, -ENOENT or -ENOMEM. */
static int file_read(const char *dir, const char *table, struct head *h, char **ret_texts)
{
	size_t size;
	int fd = file_open(dir, table, &size), err;

	if (fd < 0)
		return fd;
	err = head_read(fd, size, h, ret_texts);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int last_run_read(const char *dir, const char *table, struct last_run *ret)
{
	struct head h;
	char *texts;
	int fd = file_read(dir, table, &h, &texts), err;
	struct stat st;

	if (fd < 0)
		return fd;
	err = last_run_fill(ret, &h, texts);
	if (!err && fstat(fd, &st) == 0)
		ret->ran = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
	close(fd);
	free(texts);
	return err;
}

static int rules_read(int fd, const struct head *h, const struct svcrules_ruleset *like,
		      struct svcrules_ruleset **ret)
{
	char *map = mmap(NULL, head_len(h) + h->rules_len, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
			 fd, 0);
	const char *rules = map + head_len(h);
	uint8_t sum[SIPHASH_SIZE];
	struct siphash s;
	int err = -ENOENT;

	if (map == MAP_FAILED)
		return -ENOENT;
	siphash_start(&s, h->key);
	siphash_add(&s, rules, h->rules_len);
	siphash_end(&s, sum);
	if (memcmp(sum, h->rules_sum, sizeof(sum)) == 0)
		err = svcrules_unpack(like, rules, h->rules_len, ret);
	munmap(map, head_len(h) + h->rules_len);
	return err == -EBADMSG ? -ENOENT : err;
}

int last_run_read_rules(const char *dir, const struct svcrules_ruleset *like,
			const struct last_run *s, struct svcrules_ruleset **ret)
{
	struct svcrules_stats stats;
	char *texts;
	struct head h;
	int fd, err = -ENOENT;

	svcrules_ruleset_stats(like, &stats);
	fd = file_read(dir, stats.table, &h, &texts);

	if (fd < 0)
		return fd;
	free(texts);
	if (memcmp(h.key, s->key, sizeof(h.key)) == 0 && h.genid == s->stats.generation)
		err = rules_read(fd, &h, like, ret);
	close(fd);
	return err;
}

struct writer {
	int fd;
	size_t len;
	struct siphash sum;
};

static int last_run_write_all(int fd, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int write_rules(void *arg, const char *buf, size_t len)
{
	struct writer *w = arg;

	siphash_add(&w->sum, buf, len);
	w->len += len;
	return last_run_write_all(w->fd, buf, len);
}

static void head_fill(struct head *h, const struct last_run *s)
{
	memcpy(h->magic, MAGIC, sizeof(h->magic));
	memcpy(h->key, s->key, sizeof(h->key));
	memcpy(h->digest, s->digest, sizeof(h->digest));
	h->bytes = s->bytes;
	h->genid = s->stats.generation;
	h->flags = (s->stats.ipv4 ? FLAG_IPV4 : 0) | (s->stats.ipv6 ? FLAG_IPV6 : 0) |
		   (s->stats.pod_cidrs_known ? FLAG_POD_CIDRS : 0) | (s->host ? FLAG_HOST : 0);
	h->services = s->stats.services;
	h->ports = s->stats.ports;
	h->headless = s->stats.headless;
	h->external_names = s->stats.external_names;
	h->pending = s->stats.pending;
	h->others = s->stats.others;
	h->nowhere = s->stats.nowhere;
	h->endpoints = s->stats.endpoints;
	h->elements = s->stats.elements;
	h->isolated_pods = s->stats.isolated_pods;
	h->policies = s->stats.policies;
	for (int i = 0; i < 2; i++)
		memcpy(h->routed[i], s->stats.routed[i], sizeof(s->stats.routed[i]));
	h->messages_len = strlen(s->messages);
	h->addresses_len = strlen(s->addresses);
	h->inputs_len = strlen(s->inputs);
	h->changed = s->changed;
	memcpy(h->version, s->version, strnlen(s->version, sizeof(h->version) - 1));
}

/* The head, once the rules are written and their sum is known. */
static int write_head(int fd, const struct head *h, const struct last_run *s)
{
	uint8_t sum[SIPHASH_SIZE];
	char *texts = NULL;
	int err;

	if (asprintf(&texts, "%s%s%s", s->messages, s->addresses, s->inputs) < 0)
		return -ENOMEM;
	sum_head(h, texts, sum);
	err = lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
	if (!err)
		err = last_run_write_all(fd, (const char *)h, sizeof(*h));
	if (!err)
		err = last_run_write_all(fd, texts, texts_len(h));
	if (!err)
		err = last_run_write_all(fd, (const char *)sum, sizeof(sum));
	free(texts);
	return err;
}

static int write_file(int fd, const struct last_run *s, const struct svcrules_ruleset *rules)
{
	struct head h = { .bytes = 0 };
	struct writer w = { .fd = fd };
	int err = place_find(&h.place);

	if (err)
		return err;
	head_fill(&h, s);
	if (h.messages_len > TEXT_MAX || h.addresses_len > TEXT_MAX || h.inputs_len > TEXT_MAX)
		return -EFBIG;
	siphash_start(&w.sum, h.key);
	if (lseek(fd, (off_t)head_len(&h), SEEK_SET) < 0)
		return -errno;
	err = svcrules_pack(rules, write_rules, &w);
	h.rules_len = w.len;
	siphash_end(&w.sum, h.rules_sum);
	return err ? err : write_head(fd, &h, s);
}

/* Under another name first: a reader sees the old file or the new one. */
static int replace(int dir, const char *name, const struct last_run *s,
		   const struct svcrules_ruleset *rules)
{
	char other[NAME_SIZE + 24];
	int fd, err;

	/* the caller has the lock: no other process uses that name */
	snprintf(other, sizeof(other), ".%s.new", name);
	if (unlinkat(dir, other, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, other, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = write_file(fd, s, rules);
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && renameat(dir, other, dir, name) < 0)
		err = -errno;
	if (err)
		(void)unlinkat(dir, other, 0);
	return err;
}

int last_run_write(const char *dir, const struct last_run *s, const struct svcrules_ruleset *rules)
{
	struct svcrules_stats stats;
	char name[NAME_SIZE];
	int fd, err;

	svcrules_ruleset_stats(rules, &stats);
	err = file_name(stats.table, name);
	if (err)
		return err;
	fd = state_dir_open(dir, true);
	if (fd < 0)
		return fd;
	err = replace(fd, name, s, rules);
	close(fd);
	return err;
}

void last_run_touch(const char *dir, const char *table)
{
	size_t size;
	int fd = file_open(dir, table, &size);

	if (fd < 0)
		return;
	(void)futimens(fd, NULL);
	close(fd);
}

void last_run_forget(const char *dir, const char *table)
{
	int fd = state_dir_open(dir, false);
	char name[NAME_SIZE];

	if (fd < 0)
		return;
	if (file_name(table, name) == 0)
		(void)unlinkat(fd, name, 0);
	close(fd);
}

void last_run_release(struct last_run *s)
{
	free(s->messages);
	free(s->addresses);
	free(s->inputs);
	s->messages = s->addresses = s->inputs = NULL;
}
