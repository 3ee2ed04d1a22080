/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What verification costs, here and in Linux, in the same run:
 *
 *	bench-verify [ROUNDS] OBJECT...
 *
 * Loads each program of the objects ROUNDS times (5) on either engine in turn
 * and prints a JSON line for it. Times are what each verifier says itself in
 * the last lines of its log at level 4, the best of the rounds: explored
 * instructions, states, microseconds. "load_us" is the whole system call.
 * "kb" is the peak of memory that one load takes, kernel memory included, as
 * a memory control group sees it, for both engines; null where groups cannot
 * be made and of programs that Linux verifies in less than 2 ms.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "load/object.h"

#define LOG_SIZE 65536
#define ENGINES	 2
/* Linux counts memory in steps of 256 KB: there is nothing to see of a small program. */
#define HEAVY_USEC 2000

/* What one load said. */
struct sample {
	int error;
	u64 usec, load_usec;
	u32 explored, states, peak_states;
	long kb;
	char reason[160];
};

/* Stands before the context's engine and asks for the statistics of each load. */
struct probe {
	struct engine base;
	struct engine *inner;
	struct sample last;
	char log[LOG_SIZE];
};

struct side {
	struct anybpf *ctx;
	struct anybpf_object *object;
	struct probe probe;
};

/* ---- the engine between ---- */

static struct probe *probe_of(struct engine *engine)
{
	return container_of(engine, struct probe, base);
}

static void read_statistics(struct sample *s, const char *log)
{
	const char *time = strstr(log, "verification time "), *line = strstr(log, "processed ");
	size_t n = time ? (size_t)(time - log) : strlen(log), at;

	s->usec = time ? strtoull(time + strlen("verification time "), NULL, 10) : 0;
	if (line)
		(void)sscanf(
			line,
			"processed %u insns (limit %*u) max_states_per_insn %*u total_states %u "
			"peak_states %u",
			&s->explored, &s->states, &s->peak_states);
	/* The last line before the statistics. */
	while (n && log[n - 1] == '\n')
		n--;
	for (at = n; at && log[at - 1] != '\n';)
		at--;
	snprintf(s->reason, sizeof(s->reason), "%.*s", (int)(n - at), log + at);
}

static int probe_bpf(struct engine *engine, enum bpf_cmd cmd, union bpf_attr *attr, u32 size)
{
	struct probe *p = probe_of(engine);
	u64 start;
	int ret;

	if (cmd != BPF_PROG_LOAD)
		return engine_bpf(p->inner, cmd, attr, size);
	attr->log_level = 4;
	attr->log_buf = (u64)(uintptr_t)p->log;
	attr->log_size = sizeof(p->log);
	p->log[0] = 0;
	p->last = (struct sample){0};
	start = os_clock_ns(CLOCK_MONOTONIC);
	ret = engine_bpf(p->inner, cmd, attr, size);
	p->last.load_usec = (os_clock_ns(CLOCK_MONOTONIC) - start) / 1000;
	p->last.error = ret < 0 ? ret : 0;
	read_statistics(&p->last, p->log);
	/* The log has been had: nobody has to ask for it once more. */
	return ret == -EPERM || ret >= 0 ? ret : -EPERM;
}

static int probe_close(struct engine *engine, int fd)
{
	struct engine *inner = probe_of(engine)->inner;

	return inner->ops->close(inner, fd);
}

static int probe_mmap(struct engine *engine, int fd, u64 offset, size_t size, bool writable,
		      void **addr)
{
	struct engine *inner = probe_of(engine)->inner;

	return inner->ops->mmap(inner, fd, offset, size, writable, addr);
}

static int probe_munmap(struct engine *engine, void *addr, size_t size)
{
	struct engine *inner = probe_of(engine)->inner;

	return inner->ops->munmap(inner, addr, size);
}

static void probe_free(struct engine *engine)
{
	engine_free(probe_of(engine)->inner);
}

static const struct engine_ops probe_ops = {
	.name = "probe",
	.bpf = probe_bpf,
	.close = probe_close,
	.mmap = probe_mmap,
	.munmap = probe_munmap,
	.free = probe_free,
};

/* ---- one load ---- */

static void load_once(struct side *side, struct anybpf_program *prog)
{
	int ret = object_load_program(prog, 0);

	/* The loader itself had something against it. */
	if (ret && !side->probe.last.error)
		side->probe.last.error = ret;
	if (prog->fd >= 0)
		side->probe.base.ops->close(&side->probe.base, prog->fd);
	prog->fd = -1;
}

static void merge(struct sample *best, const struct sample *s)
{
	u64 usec = best->usec && best->usec < s->usec ? best->usec : s->usec;
	u64 load =
		best->load_usec && best->load_usec < s->load_usec ? best->load_usec : s->load_usec;

	*best = *s;
	best->usec = usec;
	best->load_usec = load;
}

/* ---- memory: a control group of a child's own ---- */

static char group[PATH_MAX];

static bool group_write(const char *file, const char *text)
{
	char path[PATH_MAX + 64];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	f = fopen(path, "we");
	if (!f)
		return false;
	ok = fputs(text, f) >= 0;
	return fclose(f) == 0 && ok;
}

static long group_read(const char *file)
{
	char path[PATH_MAX + 64];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

/* Below the memory group that this process is in: version 1, whose peak can be set back. */
static void group_make(void)
{
	char line[PATH_MAX], *name;
	FILE *f = fopen("/proc/self/cgroup", "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		name = strstr(line, ":memory:");
		if (name)
			snprintf(group, sizeof(group), "/sys/fs/cgroup/memory%s/anybpf-bench-%d",
				 name + strlen(":memory:"), (int)getpid());
	}
	if (f)
		fclose(f);
	if (*group && mkdir(group, 0755))
		*group = 0;
}

static void group_remove(void)
{
	if (*group)
		rmdir(group);
}

static long child_peak(struct side *side, struct anybpf_program *prog)
{
	long before;

	/* The first load fills caches and makes the memory that both have anyway. */
	load_once(side, prog);
	malloc_trim(0);
	if (!group_write("cgroup.procs", "0"))
		return -1;
	/* The pages of the heap that a load touches are this process's own from here on. */
	load_once(side, prog);
	malloc_trim(0);
	before = group_read("memory.usage_in_bytes");
	if (before < 0 || !group_write("memory.max_usage_in_bytes", "0"))
		return -1;
	load_once(side, prog);
	return (group_read("memory.max_usage_in_bytes") - before) / 1024;
}

static long peak_kb(struct side *side, struct anybpf_program *prog)
{
	int fds[2], status;
	long kb = -1;
	pid_t pid;

	if (!*group || pipe(fds))
		return -1;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		kb = child_peak(side, prog);
		_exit(write(fds[1], &kb, sizeof(kb)) != sizeof(kb));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status ||
	    read(fds[0], &kb, sizeof(kb)) != sizeof(kb))
		kb = -1;
	close(fds[0]);
	close(fds[1]);
	return kb;
}

/* ---- objects ---- */

static int side_open(struct side *side, enum anybpf_engine engine, const char *path)
{
	ANYBPF_OPTS(anybpf_options, opts, .engine = engine, .verify_only = true);
	int ret = anybpf_new(&opts, &side->ctx);

	side->object = NULL;
	if (ret)
		return ret;
	side->probe.base.ops = &probe_ops;
	side->probe.inner = side->ctx->engine;
	ret = anybpf_object_open(side->ctx, path, &side->object);
	if (!ret)
		ret = object_prepare(side->object);
	side->ctx->engine = &side->probe.base;
	return ret;
}

static void side_close(struct side *side)
{
	if (side->object)
		anybpf_object_close(side->object);
	if (side->ctx)
		anybpf_free(side->ctx);
}

static void print_sample(const char *name, const struct sample *s)
{
	printf(", \"%s\": {\"error\": %d, \"us\": %llu, \"load_us\": %llu, \"explored\": %u, "
	       "\"states\": %u, \"peak_states\": %u, \"kb\": ",
	       name, s->error, (unsigned long long)s->usec, (unsigned long long)s->load_usec,
	       s->explored, s->states, s->peak_states);
	if (s->kb < 0)
		printf("null");
	else
		printf("%ld", s->kb);
	printf(", \"why\": \"");
	for (const char *c = s->error ? s->reason : ""; *c; c++)
		if (*c >= ' ' && *c != '"' && *c != '\\')
			putchar(*c);
	printf("\"}");
}

static void bench_program(struct side *sides, const char *path, u32 i, u32 rounds)
{
	static const char *const names[] = {"user", "kernel"};
	struct sample best[ENGINES] = {0};
	const struct anybpf_program *prog = &sides[0].object->progs[i];
	const char *slash = strrchr(path, '/');

	for (u32 r = 0; r < rounds; r++) {
		for (u32 e = 0; e < ENGINES; e++) {
			load_once(&sides[e], &sides[e].object->progs[i]);
			merge(&best[e], &sides[e].probe.last);
		}
	}
	for (u32 e = 0; e < ENGINES; e++) {
		bool heavy = !best[e].error && best[1].usec >= HEAVY_USEC;

		best[e].kb = heavy ? peak_kb(&sides[e], &sides[e].object->progs[i]) : -1;
	}
	printf("{\"object\": \"%s\", \"program\": \"%s\", \"insns\": %u", slash ? slash + 1 : path,
	       prog->spec->name, prog->insn_cnt);
	for (u32 e = 0; e < ENGINES; e++)
		print_sample(names[e], &best[e]);
	printf("}\n");
}

static void bench_object(const char *path, u32 rounds)
{
	struct side *sides = calloc(ENGINES, sizeof(*sides));
	int err;

	if (!sides)
		abort();
	err = side_open(&sides[0], ANYBPF_ENGINE_USER, path);
	if (!err)
		err = side_open(&sides[1], ANYBPF_ENGINE_KERNEL, path);
	if (err)
		fprintf(stderr, "%s: %s\n", path,
			sides[1].ctx   ? anybpf_error(sides[1].ctx)
			: sides[0].ctx ? anybpf_error(sides[0].ctx)
				       : strerror(-err));
	for (u32 i = 0; !err && i < sides[0].object->prog_cnt; i++)
		bench_program(sides, path, i, rounds);
	for (u32 e = 0; e < ENGINES; e++)
		side_close(&sides[e]);
	free(sides);
}

int main(int argc, char **argv)
{
	u32 rounds = argc > 1 ? (u32)strtoul(argv[1], NULL, 10) : 0;

	group_make();
	for (int i = rounds ? 2 : 1; i < argc; i++)
		bench_object(argv[i], rounds ? rounds : 5);
	group_remove();
	return 0;
}
