/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What profilers are told of machine code, read back by readers of our own:
 * the map of names, the dump with code, lines and frames; and what happens when
 * it cannot be told.
 */
#include "jit/report/report.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "jit/target.h"
#include "report_sample.h"

static char map_path[64], dump_path[64];

/* What was said of failures. */
struct warnings {
	u32 n;
	char text[256];
};

static void warned(void *arg, const char *text)
{
	struct warnings *w = arg;

	w->n++;
	snprintf(w->text, sizeof(w->text), "%s", text);
}

static struct host *new_host(u32 reports, struct warnings *warnings)
{
	struct host_options options;
	struct host *host;

	host_options_init(&options);
	options.jit.report = reports;
	options.jit.warn = warned;
	options.jit.warn_arg = warnings;
	return host_new(&options, &host) ? NULL : host;
}

/* ---- names of reports ---- */

static void test_names(void)
{
	struct err err;
	u32 reports = 77;

	check_eq(jit_reports_parse("perf", &reports, &err), 0);
	check_eq(reports, BIT(JIT_REPORT_PERF));
	check_eq(jit_reports_parse("perf,jitdump", &reports, &err), 0);
	check_eq(reports, BIT(JIT_REPORT_PERF) | BIT(JIT_REPORT_JITDUMP));
	check_eq(jit_reports_parse("all", &reports, &err), 0);
	check_eq(reports, BIT(JIT_REPORT_CNT) - 1);
	check_eq(jit_reports_parse("none", &reports, &err), 0);
	check_eq(reports, 0);
	check_eq(jit_reports_parse("perf,per", &reports, &err), -EINVAL);
	check_str(err.text, "no report of the compiler is called 'per'");
}

/* ---- the map of names ---- */

/* Whether the map has exactly this line, and how often. */
static u32 count_lines(u64 start, u32 size, const char *name)
{
	unsigned long at;
	char line[512], got[256];
	unsigned int bytes;
	FILE *file = fopen(map_path, "r");
	u32 n = 0;

	while (file && fgets(line, sizeof(line), file))
		n += sscanf(line, "%lx %x %255s", &at, &bytes, got) == 3 && at == start &&
		     bytes == size && !strcmp(got, name);
	if (file)
		fclose(file);
	return n;
}

static void test_perf_map(void)
{
	const char *const names[] = {"bpf_prog_0000000000000000_entry",
				     "bpf_prog_0000000000000000_twice"};
	struct warnings warnings = {0};
	struct host *hosts[2];
	struct prog *progs[2];

	/* Two hosts write to one file. */
	for (u32 i = 0; i < 2; i++) {
		hosts[i] = new_host(BIT(JIT_REPORT_PERF), &warnings);
		progs[i] = sample_prog(hosts[i]);
		check_eq(sample_compile(progs[i]), 0);
	}
	for (u32 i = 0; i < 2; i++) {
		const struct jit_image *image = progs[i]->jit;

		check_eq(image->func_cnt, 2);
		for (u32 f = 0; f < image->func_cnt; f++) {
			const struct jit_func *func = &image->funcs[f];

			check_eq(count_lines(ptr_to_u64(image->code) + func->start,
					     func->end - func->start, names[func->subprog]),
				 1);
		}
		sample_free(progs[i]);
		host_free(hosts[i]);
	}
	check_eq(warnings.n, 0);
	unlink(map_path);
}

/* Somebody else's file, to which a link leads: it stays as it is, and programs load. */
static void test_links_are_not_followed(void)
{
	struct warnings warnings = {0};
	struct host *host = new_host(BIT(JIT_REPORT_PERF) | BIT(JIT_REPORT_JITDUMP), &warnings);
	char target[] = "/tmp/anybpf-test-XXXXXX", want[256];
	int fd = mkstemp(target);
	struct stat st;

	check(fd >= 0);
	check_eq(symlink(target, map_path), 0);
	check_eq(symlink(target, dump_path), 0);
	for (u32 i = 0; i < 3; i++) {
		struct prog *prog = sample_prog(host);

		check_eq(sample_compile(prog), 0);
		sample_free(prog);
	}
	check_eq(warnings.n, 1); /* the dump's link was ours to remove */
	snprintf(want, sizeof(want), "machine code is not reported (perf): %s: %s", map_path,
		 strerror(ELOOP));
	check_str(warnings.text, want);
	check_eq(fstat(fd, &st), 0);
	check_eq(st.st_size, 0);
	check_eq(lstat(dump_path, &st), 0);
	check(S_ISREG(st.st_mode));
	unlink(map_path);

	/* Nor is a second name of a file. */
	check_eq(link(target, map_path), 0);
	check_eq(os_open_shared(map_path, false), -EPERM);
	unlink(map_path);
	check_eq(mkdir(map_path, 0700), 0);
	check_eq(os_open_shared(map_path, true), -EEXIST);
	rmdir(map_path);
	close(fd);
	unlink(target);
	host_free(host);
}

/* ---- reading the dump ---- */

struct dump {
	u8 *data;
	size_t size;
	size_t at;
};

static bool take(struct dump *d, void *to, size_t size)
{
	if (d->size - d->at < size)
		return false;
	memcpy(to, d->data + d->at, size);
	d->at += size;
	return true;
}

static u64 take_number(struct dump *d, size_t size)
{
	u64 value = 0;

	if (!take(d, &value, size))
		tap_fail("the dump ends at %zu", d->at);
	return value;
}

static const char *take_string(struct dump *d)
{
	const char *s = (const char *)d->data + d->at;
	size_t len = strnlen(s, d->size - d->at);

	if (len == d->size - d->at)
		tap_fail("a string does not end");
	else
		d->at += len + 1;
	return s;
}

static bool open_dump(struct dump *d)
{
	void *data;

	*d = (struct dump){0};
	check_eq(os_read_file(&mem_libc, dump_path, &data, &d->size), 0);
	d->data = tap.ok ? data : NULL;
	if (!tap.ok)
		return false;
	check_eq(take_number(d, 4), 0x4a695444);
	check_eq(take_number(d, 4), 1);
	check_eq(take_number(d, 4), 40);
	check_eq(take_number(d, 4), jit_native->elf_machine);
	check_eq(take_number(d, 4), 0);
	check_eq(take_number(d, 4), getpid());
	check(take_number(d, 8) > 0);
	check_eq(take_number(d, 8), 0);
	return tap.ok;
}

/* One function: the records about it, up to its code. */
struct dumped {
	u64 lines_at;
	u32 lines;
	bool has_frames;
	u64 start, size, index;
	const char *name;
	const u8 *code;
};

static void read_lines(struct dump *d, struct dumped *f)
{
	u64 last = 0, n;

	f->lines_at = take_number(d, 8);
	n = take_number(d, 8);
	for (u64 i = 0; i < n && tap.ok; i++) {
		u64 at = take_number(d, 8);
		u32 line = (u32)take_number(d, 4);

		check(at > last);
		check(i || at == f->lines_at);
		check(line >= 10 && line <= 22);
		check_eq(take_number(d, 4), 0);
		check_str(take_string(d), SAMPLE_FILE);
		last = at;
	}
	f->lines = (u32)n;
}

static void read_code(struct dump *d, struct dumped *f)
{
	check_eq(take_number(d, 4), getpid());
	check(take_number(d, 4) > 0);
	f->start = take_number(d, 8);
	check_eq(take_number(d, 8), f->start);
	f->size = take_number(d, 8);
	f->index = take_number(d, 8);
	f->name = take_string(d);
	f->code = d->data + d->at;
	check(f->size <= d->size - d->at);
	d->at += f->size;
	check(!f->lines || f->lines_at == f->start);
}

/* The next function; false at the end. */
static bool next_dumped(struct dump *d, struct dumped *f)
{
	static u64 last_time;
	u64 id = 1;

	*f = (struct dumped){0};
	while (id && d->at < d->size && tap.ok) {
		size_t start = d->at;
		u64 size, sizes[3];

		id = take_number(d, 4);
		size = take_number(d, 4);
		last_time = take_number(d, 8);
		check(last_time > 0);
		switch (id) {
		case 0:
			read_code(d, f);
			break;
		case 2:
			read_lines(d, f);
			break;
		case 4:
			for (u32 i = 0; i < 3; i++)
				sizes[i] = take_number(d, 8);
			check_eq(size, 40 + sizes[0]);
			check(sizes[1] == 20 && sizes[0] > 20);
			d->at += sizes[0];
			f->has_frames = true;
			break;
		default:
			tap_fail("unknown record %llu", (unsigned long long)id);
		}
		check_eq(d->at, start + size);
	}
	return !id && tap.ok;
}

static void test_jitdump(void)
{
	struct warnings warnings = {0};
	struct host *host = new_host(BIT(JIT_REPORT_JITDUMP), &warnings);
	struct prog *prog = sample_prog(host);
	const struct jit_image *image;
	u32 found[2] = {0};
	struct dumped f;
	struct dump d;

	check_eq(sample_compile(prog), 0);
	image = prog->jit;
	if (open_dump(&d)) {
		while (next_dumped(&d, &f)) {
			for (u32 i = 0; i < image->func_cnt; i++) {
				const struct jit_func *func = &image->funcs[i];
				const u8 *code = image->code + func->start;

				if (f.start != ptr_to_u64(code))
					continue;
				found[i]++;
				check_eq(f.size, func->end - func->start);
				check(!memcmp(f.code, code, f.size));
				check(strstr(f.name, func->subprog ? "_twice" : "_entry"));
				check(f.lines >= 2);
				check(f.has_frames);
			}
		}
		check_eq(found[0], 1);
		check_eq(found[1], 1);
	}
	mem_free(&mem_libc, d.data);
	check_eq(warnings.n, 0);
	sample_free(prog);
	host_free(host);
}

#define THREADS 4
#define LOADS	40

static void *load_many(void *arg)
{
	struct host *host = arg;

	for (u32 i = 0; i < LOADS; i++) {
		struct prog *prog = sample_prog(host);

		if (sample_compile(prog))
			return host;
		sample_free(prog);
	}
	return NULL;
}

/* Threads of several hosts: one file, whole records, no number twice. */
static void test_jitdump_threads(void)
{
	static bool seen[4 * (THREADS + 1) * LOADS];
	struct warnings warnings = {0};
	struct host *hosts[THREADS];
	pthread_t threads[THREADS];
	struct dumped f;
	struct dump d;
	u32 n = 0, before = 0;

	if (open_dump(&d))
		while (next_dumped(&d, &f))
			before++;
	mem_free(&mem_libc, d.data);
	for (u32 i = 0; i < THREADS; i++) {
		hosts[i] = new_host(BIT(JIT_REPORT_JITDUMP), &warnings);
		check_eq(pthread_create(&threads[i], NULL, load_many, hosts[i]), 0);
	}
	for (u32 i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		check(!failed);
		host_free(hosts[i]);
	}
	if (open_dump(&d)) {
		for (; next_dumped(&d, &f); n++) {
			check(f.index < ARRAY_SIZE(seen) && !seen[f.index]);
			if (tap.ok)
				seen[f.index] = true;
		}
		check_eq(n, before + 2 * THREADS * LOADS);
	}
	mem_free(&mem_libc, d.data);
	check_eq(warnings.n, 0);
}

int main(void)
{
	snprintf(map_path, sizeof(map_path), "/tmp/perf-%d.map", (int)getpid());
	snprintf(dump_path, sizeof(dump_path), "/tmp/jit-%d.dump", (int)getpid());
	run_test(test_names);
	if (jit_present()) {
		run_test(test_perf_map);
		run_test(test_links_are_not_followed);
		run_test(test_jitdump);
		run_test(test_jitdump_threads);
	} else {
		tap_begin("machine code");
		tap_skip("no JIT for this machine");
		tap_end();
	}
	unlink(map_path);
	unlink(dump_path);
	return tap_done();
}
