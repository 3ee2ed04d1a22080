/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdicts of check.txt: what is accepted, what is rejected and in which
 * words. Each case is then put to the running kernel, whose whole log must be
 * the same, and parsed in the other byte order, which must make no difference.
 */
#include <errno.h>

#include "btf/btf.h"
#include "linux_oracle.h"
#include "text.h"

#define LOG_SIZE (1u << 20)
#define MUTANTS	 30 /* of each case */

static struct text_btf btf_text;
static char kernel_log[LOG_SIZE];

static const struct {
	const char *name;
	int code;
} verdicts[] = {
	{"OK", 0},	     {"EINVAL", -EINVAL}, {"E2BIG", -E2BIG},
	{"EEXIST", -EEXIST}, {"ELOOP", -ELOOP},	  {"ENOTSUPP", -ENOTSUPP},
};

static const char *verdict_name(int code)
{
	for (u32 i = 0; i < ARRAY_SIZE(verdicts); i++)
		if (verdicts[i].code == code)
			return verdicts[i].name;
	return "another";
}

/* As bpf(BTF_LOAD), with the whole log. */
static int kernel_verdict(const void *raw, u32 size)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr_to_u64(raw);
	attr.btf_size = size;
	attr.btf_log_buf = ptr_to_u64(kernel_log);
	attr.btf_log_size = LOG_SIZE;
	attr.btf_log_level = 1;
	kernel_log[0] = 0;
	fd = oracle_bpf(BPF_BTF_LOAD, &attr);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int our_verdict(const void *raw, u32 size, struct log *log)
{
	struct btf *btf = NULL;
	int err;

	log_init(log, &mem_libc, 1);
	err = btf_load(&mem_libc, raw, size, &btf, log);
	if (!err)
		btf_free(btf);
	return err;
}

/* Where two texts part. */
static u32 common(const char *a, const char *b)
{
	u32 n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	while (n && a[n - 1] != '\n')
		n--;
	return n;
}

static void compare_kernel(const char *name, int err, const char *log)
{
	char title[256];
	int theirs;
	u32 n;

	snprintf(title, sizeof(title), "%s, as the kernel", name);
	tap_begin(title);
	theirs = kernel_verdict(btf_text.raw, btf_text.size);
	n = common(log, kernel_log);
	if (theirs != err)
		tap_fail("%s, the kernel says %s: %s", verdict_name(err), verdict_name(theirs),
			 kernel_log + n);
	else if (strcmp(log, kernel_log))
		tap_fail("\"%s\", the kernel says \"%s\"", log + n, kernel_log + n);
	tap_end();
}

/* In the other byte order: the same, and the same bytes out when accepted. */
static void check_swapped(int want, const char *want_log)
{
	u32 size = btf_text.size, raw_size;
	struct btf *btf = NULL;
	struct log log;
	struct btf_header h;
	u8 *raw = malloc(size + 1);
	int err;

	memcpy(raw, btf_text.raw, size);
	memcpy(&h, raw, sizeof(h));
	text_swap(raw, size, h.hdr_len + h.type_off, h.type_len);
	log_init(&log, &mem_libc, 1);
	err = btf_parse(&mem_libc, raw, size, NULL, &btf, &log, NULL);
	check_eq(err, want);
	check_str(buf_str(&log.text), want_log);
	if (!err)
		check(!memcmp(btf_raw(btf, &raw_size), btf_text.raw, size) && raw_size == size);
	if (!err)
		btf_free(btf);
	log_free(&log);
	free(raw);
}

struct expectation {
	char verdict[16];
	char text[512];
	bool no_swap;	/* no number stands where it should */
	bool no_kernel; /* on purpose not as the kernel; the file says why */
};

static void run_case(const char *name, const struct expectation *want, bool kernel)
{
	struct err err = {0};
	struct btf *btf = NULL;
	struct log log;
	int got, again;

	text_end(&btf_text);
	tap_begin(name);
	got = our_verdict(btf_text.raw, btf_text.size, &log);
	if (strcmp(verdict_name(got), want->verdict))
		tap_fail("%s, not %s: %s", verdict_name(got), want->verdict, buf_str(&log.text));
	else if (!strstr(buf_str(&log.text), want->text))
		tap_fail("no \"%s\" in: %s", want->text, buf_str(&log.text));
	again = btf_parse(&mem_libc, btf_text.raw, btf_text.size, NULL, &btf, NULL, &err);
	if (!again)
		btf_free(btf);
	check_eq(again, got);
	check_eq(err.code, got);
	check(!got || err.text[0]);
	if (!want->no_swap)
		check_swapped(got, buf_str(&log.text));
	tap_end();
	if (kernel && !want->no_kernel)
		compare_kernel(name, got, buf_str(&log.text));
	log_free(&log);
}

static bool read_expectation(const char *line, struct expectation *want)
{
	const char *flag;

	memset(want, 0, sizeof(*want));
	if (sscanf(line, "\t=> %15s %511[^\n]", want->verdict, want->text) < 1)
		return false;
	flag = strstr(want->text, "# ");
	if (flag) {
		want->no_swap = strstr(flag, "no-swap");
		want->no_kernel = strstr(flag, "no-kernel");
		want->text[flag - want->text] = 0;
		for (size_t n = strlen(want->text); n && want->text[n - 1] == ' '; n--)
			want->text[n - 1] = 0;
	}
	return true;
}

/* ---- mutants ---- */

static struct {
	u64 random;
	u32 tried, accepted, stricter;
	struct text_btf original;
	char why[1024]; /* of the first that differs */
} mutants = {.random = 0x9e3779b97f4a7c15ull};

static u32 random_below(u32 n)
{
	mutants.random ^= mutants.random << 13;
	mutants.random ^= mutants.random >> 7;
	mutants.random ^= mutants.random << 17;
	return (u32)(mutants.random >> 32) % n;
}

static u32 random_word(u32 old)
{
	switch (random_below(6)) {
	case 0:
		return random_below(10);
	case 1:
		return random_below(20) << 24 | random_below(3) | random_below(2) << 31;
	case 2:
		return old ^ 1u << random_below(32);
	case 3:
		return old + random_below(9) - 4;
	case 4:
		return random_below(200);
	default:
		return old >> random_below(8) << random_below(8);
	}
}

/*
 * Where Linux accepts what we do not, it is that a type contains itself or an
 * array is larger than Linux has counted (see btf/layout.c).
 */
static bool is_stricter(int ours, int theirs, const char *log)
{
	u32 n = common(log, kernel_log);

	return ours == -EINVAL && !theirs && !kernel_log[n] &&
	       (strstr(log + n, "Loop detected") || strstr(log + n, "Array size overflows"));
}

static void try_mutant(const char *name)
{
	struct log log;
	int ours = our_verdict(btf_text.raw, btf_text.size, &log);
	int theirs = kernel_verdict(btf_text.raw, btf_text.size);
	const char *text = buf_str(&log.text);
	u32 n = common(text, kernel_log);

	mutants.tried++;
	mutants.accepted += !ours;
	if (is_stricter(ours, theirs, text))
		mutants.stricter++;
	else if ((ours != theirs || strcmp(text, kernel_log)) && !mutants.why[0])
		snprintf(mutants.why, sizeof(mutants.why),
			 "mutant %u, of \"%s\": %s: %.300s, the kernel says %s: %.300s",
			 mutants.tried, name, verdict_name(ours), text + n, verdict_name(theirs),
			 kernel_log + n);
	log_free(&log);
}

/* Changes a few words of the types and compares. */
static void try_mutants(const char *name)
{
	struct btf_header h;
	u32 at, words;

	memcpy(&h, btf_text.raw, sizeof(h));
	at = h.hdr_len + h.type_off;
	words = h.type_len / 4;
	if (btf_text.size < sizeof(h) || !words || at > 256 || h.type_len > btf_text.size - at)
		return;
	memcpy(&mutants.original, &btf_text, sizeof(btf_text));
	for (u32 i = 0; i < MUTANTS; i++) {
		memcpy(btf_text.raw, mutants.original.raw, btf_text.size);
		for (u32 n = 1 + random_below(3); n > 0; n--) {
			u8 *word = btf_text.raw + at + 4 * random_below(words);

			put_u32(word, random_word(get_u32(word)));
		}
		try_mutant(name);
	}
}

static void report_mutants(void)
{
	tap_begin("mutants, as the kernel");
	printf("# %u mutants, %u accepted, %u that only the kernel accepts\n", mutants.tried,
	       mutants.accepted, mutants.stricter);
	check(mutants.tried > 1000 && mutants.accepted > 100);
	if (mutants.why[0])
		tap_fail("%s", mutants.why);
	tap_end();
}

/* ---- the file ---- */

static void run_file(const char *file, bool kernel)
{
	char line[4096], name[200] = "";
	struct expectation want;
	FILE *f = text_open(file);

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (line[strspn(line, "\t")] == '#' || !line[0])
			continue;
		if (line[0] != '\t') {
			snprintf(name, sizeof(name), "%.199s", line);
			text_begin(&btf_text);
		} else if (read_expectation(line, &want)) {
			run_case(name, &want, kernel);
			if (kernel)
				try_mutants(name);
		} else if (!text_line(&btf_text, line)) {
			tap_begin(name);
			tap_fail("cannot read \"%s\"", line);
			tap_end();
		}
	}
	if (f)
		fclose(f);
}

static bool kernel_present(void)
{
	static const char *const lines[] = {"INT int 4 32 SIGNED"};

	text_begin(&btf_text);
	text_line(&btf_text, lines[0]);
	text_end(&btf_text);
	return kernel_verdict(btf_text.raw, btf_text.size) == 0;
}

int main(void)
{
	bool kernel = kernel_present();

	run_file("check.txt", kernel);
	if (kernel) {
		report_mutants();
	} else {
		tap_begin("as the kernel");
		tap_skip("the kernel takes no BTF from us");
		tap_end();
	}
	return tap_done();
}
