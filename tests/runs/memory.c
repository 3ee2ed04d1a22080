/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out of memory while programs run: of each program's allocations one fails,
 * or all from one on. The program is told as Linux tells it (its own check may
 * then say which line missed something), the run's answer is success or
 * -ENOMEM, and nothing stays behind when the object is closed.
 */
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "runs/once.h"
#include "tap.h"

#define MOST 2000 /* allocations of a run that are looked at */

struct failing {
	_Atomic u64 calls;
	u64 first; /* the one that fails, counted from 1; 0: none does */
	bool all;  /* and all that follow */
	_Atomic bool failed;
	_Atomic s64 held;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *mem = ctx;
	u64 call;
	void *moved;

	if (!size) {
		mem->held -= p != NULL;
		free(p);
		return NULL;
	}
	call = ++mem->calls;
	if (mem->first && (mem->all ? call >= mem->first : call == mem->first)) {
		mem->failed = true;
		return NULL;
	}
	moved = realloc(p, size);
	mem->held += !p && moved;
	return moved;
}

/* A fresh object, one of its programs, one run. Whether anything has failed. */
static bool fail_once(struct anybpf *ctx, struct failing *mem, const char *path, const char *name,
		      u64 first)
{
	struct anybpf_object *object = NULL;
	struct anybpf_program *prog;
	u32 retval = 0;
	int ret = anybpf_object_open(ctx, path, &object);

	if (!ret)
		ret = anybpf_object_load(object);
	prog = anybpf_object_find_program(object, name);
	if (ret || !prog) {
		tap_fail("%s: %s", name, anybpf_error(ctx));
		anybpf_object_close(object);
		return false;
	}
	mem->calls = 0;
	mem->failed = false;
	mem->first = first;
	ret = run_once(prog, &retval);
	mem->first = 0;
	if (ret && (ret != -ENOMEM || !mem->failed))
		tap_fail("%s, allocation %llu: %s", name, (unsigned long long)first,
			 strerror(-ret));
	if (retval && !mem->failed)
		tap_fail("%s: what line %u says is not so", name, retval);
	anybpf_object_close(object);
	return mem->failed;
}

static void test_object(const char *path, bool interpret, bool all)
{
	struct failing mem = {.all = all};
	ANYBPF_OPTS(anybpf_options, opts, .realloc = failing_realloc, .realloc_ctx = &mem,
		    .interpret = interpret, .nr_cpus = 2);
	struct anybpf_object *object = NULL;
	char names[64][64];
	u32 n = 0;
	struct anybpf *ctx;

	check_eq(anybpf_new(&opts, &ctx), 0);
	check_eq(anybpf_object_open(ctx, path, &object), 0);
	for (struct anybpf_program *prog = NULL;
	     n < ARRAY_SIZE(names) && (prog = anybpf_object_next_program(object, prog));)
		snprintf(names[n++], sizeof(names[0]), "%s", anybpf_program_name(prog));
	anybpf_object_close(object);
	for (u32 i = 0; i < n; i++)
		for (u64 first = 1; first < MOST && fail_once(ctx, &mem, path, names[i], first);)
			first++;
	anybpf_free(ctx);
	if (mem.held)
		tap_fail("%lld allocations stay behind", (long long)mem.held);
}

int main(int argc, char **argv)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		printf("1..0 # SKIP there is no BTF of the kernel\n");
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		const char *slash = strrchr(argv[i], '/');

		for (u32 how = 0; how < 4; how++) {
			char name[128];

			snprintf(name, sizeof(name), "%s, %s, %s", slash ? slash + 1 : argv[i],
				 how & 1 ? "interpreted" : "compiled",
				 how & 2 ? "all from one on" : "one");
			tap_begin(name);
			test_object(argv[i], how & 1, how & 2);
			tap_end();
		}
	}
	return tap_done();
}
