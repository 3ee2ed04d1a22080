/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Differential: the same random programs to this library and to the running
 * kernel, by the same calls of bpf(). What is accepted here must be accepted
 * there; what both accept must do the same on the same inputs. That a kernel
 * newer than 6.12 accepts more is counted, no failure, and what it alone knows
 * is set aside. Programs with bpf_csum_diff() are not compared by their
 * results: from 6.13 on it folds its sum.
 *
 *	sound-differential [--unprivileged | --shapes] [PROGRAMS [FIRST SEED]]
 *
 * Unprivileged, the programs are loaded without capabilities and not run.
 * With --shapes they are those that sound-jit compiles.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tap.h"

#include "sound/exec.h"

#define PROGRAMS 500
#define INPUTS	 2
#define LOG_SIZE (1u << 22)

struct counts {
	u64 programs, both, neither, errnos, messages, here_only, linux_only, linux_bugs, newer,
		runs, by_chance, different;
};

static struct pair {
	struct exec exec, other; /* to tell what results are worth */
	struct world *here, linux_;
	struct counts n;
	bool show, unprivileged, shapes;
	bool newer; /* than the Linux that this library follows, 6.12 */
	char log[LOG_SIZE], linux_log[LOG_SIZE];
} pair;

/* The words of the rejection: the last line before the statistics. */
static const char *last_words(char *log, char *buf, size_t size)
{
	char *end = log + strlen(log), *stats = strstr(log, "\nprocessed "), *line;

	if (stats)
		end = stats;
	while (end > log && end[-1] == '\n')
		end--;
	*end = 0;
	line = strrchr(log, '\n');
	snprintf(buf, size, "%s", line ? line + 1 : log);
	return buf;
}

static void verdicts(struct pair *p, const struct gen *g, int here, int there)
{
	char a[512], b[512];

	if (here >= 0 && there >= 0) {
		p->n.both++;
		return;
	}
	/* Once more with a log; Linux says what it thinks of the room for it. */
	if (here < 0)
		world_load(p->here, g, p->log, LOG_SIZE);
	if (there < 0)
		world_load(&p->linux_, g, p->linux_log, LOG_SIZE);
	last_words(p->log, a, sizeof(a));
	last_words(p->linux_log, b, sizeof(b));
	/* Its own word for it; callbacks in code that is never reached bring it about in 6.18. */
	if (!strncmp(b, "verifier bug", 12)) {
		p->n.linux_bugs++;
		return;
	}
	if (here < 0 && there < 0) {
		p->n.neither++;
		p->n.errnos += here == there;
		if (here == there && !strcmp(a, b))
			p->n.messages++;
		else
			printf("# seed %llu: words: %d %s | Linux: %d %s\n",
			       (unsigned long long)g->seed, here, a, there, b);
		return;
	}
	/* It also links numbers by negative distances, which its check of offsets then minds. */
	if (p->newer && (gen_newer(g) || strstr(b, " pointer offset -"))) {
		p->n.newer++;
		return;
	}
	if (here < 0) {
		p->n.linux_only++;
		printf("# seed %llu: only Linux accepts: %d %s\n", (unsigned long long)g->seed,
		       here, a);
		return;
	}
	p->n.here_only++;
	printf("# seed %llu: accepted, but Linux: %d %s\n", (unsigned long long)g->seed, there, b);
	tap_fail("seed %llu: accepted, but Linux: %d %s", (unsigned long long)g->seed, there, b);
}

static void compare_runs(struct pair *p, const struct gen *g, int here, int there)
{
	static struct outcome a, b;
	char differs[OUTCOME_TEXT];
	struct input in;

	for (u32 i = 0; i < INPUTS; i++) {
		u64 seed = g->seed * INPUTS + i;

		input_make(&in, g, seed);
		/* What a test run gives XDP programs: the loopback device and its only queue. */
		if (g->type == BPF_PROG_TYPE_XDP) {
			in.mark = 1;
			in.priority = 0;
		}
		world_fill(p->here, g, seed, false);
		world_fill(&p->linux_, g, seed, false);
		world_run(p->here, g, here, &in, &a);
		world_run(&p->linux_, g, there, &in, &b);
		p->n.runs++;
		if (!outcome_differs(&a, &b, differs))
			continue;
		if (exec_by_chance(&p->exec, &p->other, g, &in, seed)) {
			p->n.by_chance++;
			continue;
		}
		p->n.different++;
		printf("# seed %llu, input %u: %s\n", (unsigned long long)g->seed, i, differs);
		tap_fail("seed %llu, input %u: %s", (unsigned long long)g->seed, i, differs);
		return;
	}
}

static void test_program(struct pair *p, u64 seed)
{
	static struct gen g;
	int here, there;

	if (p->unprivileged)
		gen_program_plain(&g, seed);
	else if (p->shapes)
		gen_program_shapes(&g, seed);
	else
		gen_program(&g, seed);
	if (p->show)
		gen_print(g.insns, g.cnt);
	p->n.programs++;
	world_fill(p->here, &g, seed, world_uses(&g, GEN_RING));
	world_fill(&p->linux_, &g, seed, world_uses(&g, GEN_RING));
	here = world_load(p->here, &g, NULL, 0);
	there = world_load(&p->linux_, &g, NULL, 0);
	verdicts(p, &g, here, there);
	if (p->show) {
		/* Accepted ones as well. */
		world_load(p->here, &g, p->log, LOG_SIZE);
		world_load(&p->linux_, &g, p->linux_log, LOG_SIZE);
		printf("%s\n---- Linux\n%s\n", p->log, p->linux_log);
	}
	if (!p->unprivileged && here >= 0 && there >= 0 && !gen_by_chance(&g) &&
	    !gen_calls(&g, BPF_FUNC_csum_diff))
		compare_runs(p, &g, here, there);
	if (here >= 0)
		p->here->engine->ops->close(p->here->engine, here);
	if (there >= 0)
		p->linux_.engine->ops->close(p->linux_.engine, there);
}

/* A sentence of numbers: scripts/conformance adds those of several runs up. */
static void report(const struct counts *n)
{
	const u64 figures[] = {n->programs,   n->both,	    n->neither,	   n->errnos,
			       n->messages,   n->here_only, n->linux_only, n->newer,
			       n->linux_bugs, n->runs,	    n->by_chance,  n->different};
	static const char *const words[] = {
		"programs",
		"accepted by both",
		"by neither",
		"of these with the same errno",
		"with the same words",
		"accepted here only",
		"by Linux only",
		"set aside for what newer kernels know of negation and byte order",
		"where Linux names a bug of its own",
		"runs compared",
		"by chance",
		"different",
	};

	printf("# differential:");
	for (u32 i = 0; i < ARRAY_SIZE(words); i++)
		printf("%s %llu %s", i ? "," : "", (unsigned long long)figures[i], words[i]);
	printf("\n");
}

static bool kernel_is_newer(void)
{
	struct utsname name;
	u32 major, minor;

	return uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2 || major > 6 ||
	       (major == 6 && minor > 12);
}

/* From here on neither engine finds capabilities. False where Linux takes no such programs. */
static bool drop_capabilities(struct pair *p)
{
	struct {
		u32 version;
		s32 pid;
	} head = {0x20080522, 0};
	struct {
		u32 effective, permitted, inheritable;
	} none[2] = {0};
	int fd = open("/proc/sys/kernel/unprivileged_bpf_disabled", O_RDONLY | O_CLOEXEC);
	char disabled = '1';

	if (fd >= 0) {
		if (read(fd, &disabled, 1) != 1)
			disabled = '1';
		close(fd);
	}
	p->exec.host->caps = 0;
	p->exec.host->unprivileged_bpf_disabled = false;
	return disabled == '0' && !syscall(SYS_capset, &head, none);
}

int main(int argc, char **argv)
{
	bool unprivileged = argc > 1 && !strcmp(argv[1], "--unprivileged");
	bool shapes = argc > 1 && !strcmp(argv[1], "--shapes");
	int at = unprivileged || shapes ? 2 : 1;
	u64 programs = argc > at ? strtoull(argv[at], NULL, 0) : PROGRAMS;
	u64 first = argc > at + 1 ? strtoull(argv[at + 1], NULL, 0) : 1;
	struct engine *kernel;
	struct pair *p = &pair;

	tap_begin("Linux says and does the same");
	if (engine_kernel_new(&mem_libc, &kernel)) {
		tap_skip("bpf() is refused");
		tap_end();
		return tap_done();
	}
	if (exec_open(&p->exec) || exec_open(&p->other) || world_open(&p->linux_, kernel)) {
		printf("Bail out! no maps\n");
		return 1;
	}
	p->here = &p->exec.world;
	p->unprivileged = unprivileged;
	p->shapes = shapes;
	if (unprivileged && !drop_capabilities(p)) {
		tap_skip("Linux takes no programs without capabilities");
		tap_end();
		return tap_done();
	}
	p->show = programs == 1;
	p->newer = kernel_is_newer();
	printf("# seeds %llu to %llu\n", (unsigned long long)first,
	       (unsigned long long)(first + programs - 1));
	for (u64 seed = first; seed < first + programs; seed++)
		test_program(p, seed);
	if (programs > 100 &&
	    (p->n.both < programs / (unprivileged ? 10 : 5) || p->n.neither < programs / 20))
		tap_fail("%llu accepted, %llu not: that tests little",
			 (unsigned long long)p->n.both, (unsigned long long)p->n.neither);
	tap_end();
	exec_close(&p->exec);
	exec_close(&p->other);
	world_close(&p->linux_);
	engine_free(kernel);
	tap_done();
	report(&p->n);
	return tap.failed ? 1 : 0;
}
