/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs ops.txt, which says how it is written, on both sides. */
#include "sides.h"
#include "tap.h"

#define LINE	  256
#define BUF	  (8u << 20)
#define MAX_WORDS 16

static const struct {
	const char *name;
	int code;
} results[] = {
	{"ok", 0},
	{"ENOENT", -ENOENT},
	{"EINVAL", -EINVAL},
	{"E2BIG", -E2BIG},
	{"EEXIST", -EEXIST},
	{"EPERM", -EPERM},
	{"EBADF", -EBADF},
	{"EBUSY", -EBUSY},
	{"ENOSPC", -ENOSPC},
	{"ERANGE", -ERANGE},
	{"ENOTSUPP", -ENOTSUPP},
	{"EOPNOTSUPP", -EOPNOTSUPP},
};

struct script {
	struct side side;
	u32 type, key_size, value_size, cpus;
	bool created;
	u8 *key, *value, *next;
};

/* True when the word names a result, which is then in @code. */
static bool parse_result(const char *word, int *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		if (!strcmp(results[i].name, word)) {
			*code = results[i].code;
			return true;
		}
	}
	return false;
}

static u64 parse_flags(const char *word)
{
	if (!word)
		return 0;
	if (!strcmp(word, "noexist"))
		return BPF_NOEXIST;
	if (!strcmp(word, "exist"))
		return BPF_EXIST;
	if (!strcmp(word, "lock"))
		return BPF_F_LOCK;
	return strtoull(word, NULL, 0);
}

/* The lowest bytes first on a little-endian host, last on a big-endian one. */
static void put_number(u8 *dst, u32 size, u64 number)
{
	memset(dst, 0, size);
	if (size == 4)
		put_u32(dst, (u32)number);
	else if (size == 2)
		put_u16(dst, (u16)number);
	else if (size >= 8)
		put_u64(dst, number);
	else
		for (u32 i = 0; i < size; i++)
			dst[i] = (u8)(number >> 8 * i);
}

static bool is_percpu(const struct script *s)
{
	return s->type == BPF_MAP_TYPE_PERCPU_ARRAY || s->type == BPF_MAP_TYPE_PERCPU_HASH ||
	       s->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static void put_value(struct script *s, u64 number)
{
	u32 copies = is_percpu(s) ? s->cpus : 1;

	memset(s->value, 0, BUF);
	for (u32 i = 0; i < copies; i++)
		put_number(s->value + i * ROUND_UP(s->value_size, 8u), s->value_size, number);
}

static bool value_is(struct script *s, u64 number)
{
	u32 copies = is_percpu(s) ? s->cpus : 1;
	u8 *want = calloc(1, s->value_size + 8);
	bool ok = true;

	put_number(want, s->value_size, number);
	for (u32 i = 0; i < copies; i++)
		ok = ok && !memcmp(want, s->value + i * ROUND_UP(s->value_size, 8u), s->value_size);
	free(want);
	return ok;
}

/* A number, or bytes and the length of a prefix as in 10.1.0.0/16. */
static void put_key(const struct script *s, u8 *dst, const char *word)
{
	const char *slash = strchr(word, '/');
	char *at = (char *)(uintptr_t)word;

	if (!slash) {
		put_number(dst, s->key_size, strtoull(word, NULL, 0));
		return;
	}
	memset(dst, 0, s->key_size);
	put_u32(dst, (u32)strtoul(slash + 1, NULL, 0));
	for (u32 i = 4; i < s->key_size && at < slash; i++, at++)
		dst[i] = (u8)strtoul(at, &at, 0);
}

static void *parse_key(struct script *s, const char *word)
{
	if (!strcmp(word, "none"))
		return NULL;
	put_key(s, s->key, word);
	return s->key;
}

static int run_map(struct script *s, char **word, u32 n)
{
	union bpf_attr attr = {0};
	int type = map_type_by_name(word[1]);
	int ret;

	side_close(&s->side);
	attr.map_type = type < 0 ? (u32)strtoul(word[1], NULL, 0) : (u32)type;
	for (u32 i = 2; i < n; i++) {
		char *at = strchr(word[i], '=');
		u64 number = at ? strtoull(at + 1, NULL, 0) : 0;

		if (!at)
			continue;
		*at = 0;
		if (!strcmp(word[i], "key"))
			attr.key_size = (u32)number;
		else if (!strcmp(word[i], "value"))
			attr.value_size = (u32)number;
		else if (!strcmp(word[i], "max"))
			attr.max_entries = (u32)number;
		else if (!strcmp(word[i], "flags"))
			attr.map_flags = (u32)number;
		else if (!strcmp(word[i], "node"))
			attr.numa_node = (u32)number;
		else if (!strcmp(word[i], "extra"))
			attr.map_extra = number;
		else if (!strcmp(word[i], "name"))
			memcpy(attr.map_name, at + 1, strlen(at + 1) < 16 ? strlen(at + 1) : 16);
		*at = '=';
	}
	ret = side_create(&s->side, &attr);
	s->created = !ret;
	s->type = attr.map_type;
	s->key_size = attr.key_size;
	s->value_size = attr.value_size;
	return ret;
}

static int count_keys(struct script *s)
{
	int n = 0;
	u8 *key = NULL;

	while (n < 1000 && !side_next(&s->side, key, s->next)) {
		memcpy(s->key, s->next, s->key_size);
		key = s->key;
		n++;
	}
	return n;
}

static int run_line(struct script *s, char **word, u32 n)
{
	u64 flags = parse_flags(n > 2 ? word[2] : NULL);

	if (!strcmp(word[0], "map"))
		return run_map(s, word, n);
	if (!s->created)
		return -EBADF;
	if (!strcmp(word[0], "freeze"))
		return side_freeze(&s->side);
	if (!strcmp(word[0], "count"))
		return count_keys(s);
	if (!strcmp(word[0], "update")) {
		put_value(s, strtoull(word[2], NULL, 0));
		return side_update(&s->side, parse_key(s, word[1]), s->value,
				   parse_flags(n > 3 ? word[3] : NULL));
	}
	if (!strcmp(word[0], "has")) {
		put_value(s, strtoull(word[1], NULL, 0));
		return side_lookup(&s->side, NULL, s->value, flags);
	}
	memset(s->value, 0xaa, 4096);
	if (!strcmp(word[0], "lookup"))
		return side_lookup(&s->side, parse_key(s, word[1]), s->value, flags);
	if (!strcmp(word[0], "take"))
		return side_take(&s->side, parse_key(s, word[1]), s->value, flags);
	if (!strcmp(word[0], "delete"))
		return side_delete(&s->side, parse_key(s, word[1]));
	if (!strcmp(word[0], "next"))
		return side_next(&s->side, parse_key(s, word[1]), s->next);
	tap_fail("unknown operation %s", word[0]);
	return 0;
}

static bool as_expected(struct script *s, const char *op, const char *want, int got)
{
	u64 number = strtoull(want, NULL, 0);
	u8 key[512];
	int code;

	if (parse_result(want, &code))
		return got == code;
	if (!strcmp(op, "count"))
		return got == (int)number;
	if (got)
		return false;
	if (strcmp(op, "next"))
		return value_is(s, number);
	put_key(s, key, want);
	return !memcmp(key, s->next, s->key_size);
}

static void check_line(struct script *s, char *line, u32 number)
{
	char copy[LINE], *word[MAX_WORDS], *arrow = strstr(line, "->");
	char *want, *save;
	u32 n = 0;
	int got;

	snprintf(copy, sizeof(copy), "%s", line);
	if (!arrow) {
		tap_fail("line %u: no ->", number);
		return;
	}
	*arrow = 0;
	want = strtok(arrow + 2, " \t\n");
	for (char *w = strtok_r(line, " \t", &save); w && n < MAX_WORDS;
	     w = strtok_r(NULL, " \t", &save))
		word[n++] = w;
	got = run_line(s, word, n);
	if (!as_expected(s, word[0], want, got))
		tap_fail("%s, line %u: %.*s gave %d", s->side.name, number,
			 (int)strcspn(copy, "\n"), copy, got);
}

static FILE *open_data(const char *name)
{
	const char *dir = getenv("ANYBPF_TEST_DATA");
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : ".", name);
	return fopen(path, "r");
}

/* One test case per map. */
static void run_script(struct script *s)
{
	FILE *f = open_data("ops.txt");
	char line[LINE], name[240];
	bool open = false;

	for (u32 number = 1; f && fgets(line, sizeof(line), f); number++) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!strncmp(line, "map ", 4)) {
			if (open)
				tap_end();
			snprintf(name, sizeof(name), "%s %u: %.*s", s->side.name, number,
				 (int)strcspn(line, "\n"), line);
			for (char *at = name; (at = strchr(at, '#'));)
				*at = ' ';
			tap_begin(name);
			open = true;
		}
		check_line(s, line, number);
	}
	if (!open)
		tap_begin("ops.txt");
	check(f);
	tap_end();
	if (f)
		fclose(f);
	side_close(&s->side);
}

int main(void)
{
	struct script s = {0};
	struct host *host;

	s.key = calloc(1, 4096);
	s.next = calloc(1, 4096);
	s.value = calloc(1, BUF);
	if (host_new(NULL, &host))
		return 1;
	s.side = (struct side){.name = "here", .host = host, .fd = -1};
	s.cpus = host->env.nr_cpus;
	run_script(&s);
	host_free(host);
	s.side = (struct side){.name = "Linux", .fd = -1};
	s.cpus = possible_cpus();
	if (kernel_allows_maps()) {
		run_script(&s);
	} else {
		tap_begin("Linux");
		tap_skip("the kernel does not allow bpf()");
		tap_end();
	}
	free(s.key);
	free(s.next);
	free(s.value);
	return tap_done();
}
