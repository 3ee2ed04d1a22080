/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What profilers are told of machine code, read back by readers of our own:
 * the map of names, the dump with code, lines and frames, the object for gdb;
 * frames by what the process's own unwinder finds; and what happens when it
 * cannot be told. (tests/cli/gdb.t asks gdb itself.)
 */
#include "jit/report/report.h"

#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#include "base/os.h"
#include "jit/report/process.h"
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
			check_eq(sizes[2], sizes[0]); /* room was left for it */
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

/* Its parent's file is not a child's: perf looks for each by its number. */
static void test_jitdump_after_fork(void)
{
	struct warnings warnings = {0};
	struct host *host = new_host(BIT(JIT_REPORT_JITDUMP), &warnings);
	struct prog *prog = sample_prog(host);
	struct stat before, after;
	int status = -1;
	pid_t child;

	check_eq(sample_compile(prog), 0);
	check_eq(stat(dump_path, &before), 0);
	child = fork();
	if (!child) {
		struct dumped f;
		struct dump d;
		u32 n = 0;

		jit_free(prog);
		snprintf(dump_path, sizeof(dump_path), "/tmp/jit-%d.dump", (int)getpid());
		if (!sample_compile(prog) && open_dump(&d))
			while (next_dumped(&d, &f))
				n++;
		unlink(dump_path);
		_exit(n == 2 && tap.ok ? 0 : 1);
	}
	check_eq(waitpid(child, &status, 0), child);
	check_eq(status, 0);
	check_eq(stat(dump_path, &after), 0);
	check_eq(after.st_size, before.st_size);
	sample_free(prog);
	host_free(host);
}

/* ---- the object for gdb ---- */

/* What gdb's list has of the code at @image, or NULL. */
static const struct gdb_code *gdb_finds(const struct jit_image *image)
{
	for (const struct gdb_code *code = __jit_debug_descriptor.first; code; code = code->next) {
		const u8 *object = code->object;
		const Elf64_Shdr *text = (const void *)(object + sizeof(Elf64_Ehdr));

		check(!code->next || code->next->prev == code);
		if (text[1].sh_addr == ptr_to_u64(image->code))
			return code;
	}
	return NULL;
}

/* Symbols of an object: how many functions of @image it names by address and size. */
static u32 known_symbols(const struct gdb_code *code, const struct jit_image *image)
{
	const u8 *object = code->object;
	const Elf64_Ehdr *header = (const void *)object;
	const Elf64_Shdr *sections = (const void *)(object + header->e_shoff), *symtab = NULL;
	u32 n = 0;

	check(!memcmp(header->e_ident, ELFMAG, SELFMAG));
	check_eq(header->e_machine, jit_native->elf_machine);
	for (u32 i = 0; i < header->e_shnum; i++) {
		bool inside = sections[i].sh_type == SHT_NOBITS ||
			      sections[i].sh_offset + sections[i].sh_size <= code->size;

		check(inside);
		if (sections[i].sh_type == SHT_SYMTAB)
			symtab = &sections[i];
	}
	for (u32 i = 0; symtab && i < symtab->sh_size / sizeof(Elf64_Sym); i++) {
		const Elf64_Sym *symbol =
			(const Elf64_Sym *)(const void *)(object + symtab->sh_offset) + i;

		for (u32 f = 0; f < image->func_cnt; f++) {
			const struct jit_func *func = &image->funcs[f];

			n += symbol->st_value == ptr_to_u64(image->code + func->start) &&
			     symbol->st_size == func->end - func->start;
		}
	}
	return n;
}

static void test_gdb_list(void)
{
	struct warnings warnings = {0};
	struct host *host = new_host(BIT(JIT_REPORT_GDB), &warnings);
	struct prog *progs[3];

	for (u32 i = 0; i < 3; i++) {
		progs[i] = sample_prog(host);
		check_eq(sample_compile(progs[i]), 0);
	}
	/* In the middle, at the start, at the end. */
	for (u32 gone = 1, left = 3; left; gone = (gone + 1) % 3, left--) {
		for (u32 i = 0, seen = 0; i < 3; i++) {
			const struct gdb_code *code = progs[i] ? gdb_finds(progs[i]->jit) : NULL;

			check(!progs[i] == !code);
			if (code)
				check_eq(known_symbols(code, progs[i]->jit), 2);
			seen += !!code;
			check(i < 2 || seen == left);
		}
		sample_free(progs[gone]);
		progs[gone] = NULL;
	}
	check(!__jit_debug_descriptor.first);
	check_eq(warnings.n, 0);
	host_free(host);
}

/* ---- frames ---- */

/* Where the unwinder came by, from each call of the helper up. */
struct walk {
	const struct jit_image *image;
	uintptr_t runner; /* the C function that runs the program */
	u32 calls;
	u32 paths[4]; /* by call: a decimal digit for each function of the image, and 9 */
};

static struct walk walk;

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *arg)
{
	uintptr_t ip = _Unwind_GetIP(context);
	u64 at = ip - (uintptr_t)walk.image->code;
	u32 *path = arg;

	for (u32 i = 0; i < walk.image->func_cnt; i++) {
		const struct jit_func *func = &walk.image->funcs[i];

		if (at > func->start && at <= func->end)
			*path = *path * 10 + 1 + func->subprog;
	}
	if (*path && (uintptr_t)_Unwind_FindEnclosingFunction((void *)ip) == walk.runner)
		*path = *path * 10 + 9;
	return _URC_NO_REASON;
}

/* Is called by the program's helper. */
static u64 clock_that_walks(void *ctx __unused, int clock __unused)
{
	if (walk.calls < ARRAY_SIZE(walk.paths))
		_Unwind_Backtrace(step, &walk.paths[walk.calls++]);
	return 0;
}

static __attribute__((noinline)) u64 run_sample(const struct prog *prog)
{
	u64 result = engine_run(jit_run, prog, NULL, NULL);

	__asm__ volatile("" ::: "memory"); /* no tail call */
	return result;
}

static void test_unwinding(void)
{
	struct warnings warnings = {0};
	struct host_options options;
	struct environment env;
	struct host *host;
	struct prog *prog;

	environment_init(&env);
	env.clock_ns = clock_that_walks;
	host_options_init(&options);
	options.env = &env;
	options.jit.report = BIT(JIT_REPORT_UNWIND);
	options.jit.warn = warned;
	options.jit.warn_arg = &warnings;
	check_eq(host_new(&options, &host), 0);
	prog = sample_prog(host);
	check_eq(sample_compile(prog), 0);
	walk = (struct walk){.image = prog->jit, .runner = (uintptr_t)run_sample};
	if (warnings.n) {
		check(strstr(warnings.text, "no unwinder is loaded"));
		tap_skip("no libgcc_s");
	} else {
		run_sample(prog);
		check_eq(walk.calls, 3);
		check_eq(walk.paths[0], 219); /* twice() called by entry() */
		check_eq(walk.paths[1], 219);
		check_eq(walk.paths[2], 19);
	}
	sample_free(prog);
	host_free(host);
}

/* ---- want of memory ---- */

/* An allocator that fails at its n-th call and knows what is still allocated. */
struct failing {
	u32 until_failure; /* 0: never */
	s32 live;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *f = ctx;

	if (!size) {
		f->live -= p != NULL;
		free(p);
		return NULL;
	}
	if (f->until_failure && !--f->until_failure)
		return NULL;
	f->live += p == NULL;
	return realloc(p, size);
}

/* Wherever memory ends: what is compiled stays so, is reported or complained of, nothing leaks. */
static void test_out_of_memory(void)
{
	struct failing failing = {0};
	const struct mem mem = {.realloc = failing_realloc, .ctx = &failing};
	struct warnings warnings = {0};
	struct host_options options;
	struct host *host;
	struct prog *prog;
	u32 complaints = 0;
	s32 live;

	host_options_init(&options);
	options.mem = &mem;
	options.jit.report = BIT(JIT_REPORT_CNT) - 1;
	options.jit.warn = warned;
	options.jit.warn_arg = &warnings;
	check_eq(host_new(&options, &host), 0);
	prog = sample_prog(host);
	live = failing.live;
	for (u32 n = 1;; n++) {
		bool failed;
		int ret;

		failing.until_failure = n;
		host->jit_warned = 0;
		warnings.n = 0;
		ret = sample_compile(prog);
		failed = !failing.until_failure;
		failing.until_failure = 0;
		check(!ret || (ret == -ENOMEM && failed));
		check(ret || !failed == !warnings.n);
		check(warnings.n <= 1);
		complaints += warnings.n;
		jit_free(prog);
		check_eq(failing.live, live);
		if (!failed || !tap.ok)
			break;
	}
	check(complaints > JIT_REPORT_CNT);
	check(!__jit_debug_descriptor.first);
	sample_free(prog);
	host_free(host);
	check_eq(failing.live, 0);
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
		run_test(test_jitdump_after_fork);
		run_test(test_gdb_list);
		run_test(test_unwinding);
		run_test(test_out_of_memory);
	} else {
		tap_begin("machine code");
		tap_skip("no JIT for this machine");
		tap_end();
	}
	unlink(map_path);
	unlink(dump_path);
	return tap_done();
}
