/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs, given to this verifier and to the running kernel: what is
 * accepted here must be accepted there. The other way round a kernel that is
 * newer than 6.12 may know more, so those cases are only counted.
 *
 * Programs are made of fragments that are likely to be legal: arithmetic on
 * numbers and pointers, spills and fills of all widths, comparisons, map
 * values, packets, bounded loops.
 */
#include "verify/generate.h"

#define PROGRAMS 300

static int ours(const struct gen *g, char *message, size_t size, bool show)
{
	const struct prog_rules *rules = &types[g->xdp ? 0 : 1].rules;
	struct verify_result result;
	struct log log;
	struct verify_input input = {
		.mem = &mem_libc,
		.insns = g->insns,
		.insn_cnt = g->cnt,
		.type = types[g->xdp ? 0 : 1].type,
		.rules = rules,
		.gpl_compatible = true,
		.caps = HOST_CAP_ALL,
		.resolve_map = resolve_map,
		.log = &log,
	};
	int err;

	log_init(&log, &mem_libc, show ? LOG_LEVEL1 : 0);
	err = verify(&input, &result);
	if (!err)
		err = result.error;
	if (show)
		printf("%s", buf_str(&log.text));
	log_free(&log);
	snprintf(message, size, "%s", result.message);
	verify_result_free(&result);
	return err;
}

static int linux_says(const struct gen *g, char *log, u32 size)
{
	struct bpf_insn insns[MAX_INSNS + 16];
	union bpf_attr attr = {0};
	int fd;

	memcpy(insns, g->insns, sizeof(insns));
	patch_maps(insns, g->cnt);
	attr.prog_type = types[g->xdp ? 0 : 1].type;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = g->cnt;
	attr.license = ptr_to_u64("GPL");
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = size;
	attr.log_level = 1;
	fd = kernel_bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

int main(int argc, char **argv)
{
	u64 from = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	u64 n = argc > 2 ? strtoull(argv[2], NULL, 0) : PROGRAMS;
	u32 accepted = 0, stricter = 0, messages = 0;
	static char log[1 << 22];
	bool kernel = kernel_usable();
	struct gen g;

	tap_begin("random programs");
	for (u64 seed = from; seed < from + n; seed++) {
		char message[512];
		int a, b;

		generate(&g, seed);
		a = ours(&g, message, sizeof(message), n == 1);
		accepted += !a;
		if (!kernel)
			continue;
		log[0] = 0;
		b = linux_says(&g, log, sizeof(log));
		if (!a && b && b != -ENOSPC)
			tap_fail("seed %llu: accepted, but Linux: %d %.900s",
				 (unsigned long long)seed, b,
				 strlen(log) > 600 ? log + strlen(log) - 600 : log);
		if (a && !b) {
			stricter++;
			if (argc > 1)
				printf("# seed %llu: only Linux accepts: %s\n",
				       (unsigned long long)seed, message);
		}
		if (a && b && b != -ENOSPC && (a != b || !strstr(log, message))) {
			messages++;
			if (argc > 1)
				printf("# seed %llu: %d %s\n# Linux: %d %s\n",
				       (unsigned long long)seed, a, message, b,
				       strlen(log) > 300 ? log + strlen(log) - 300 : log);
		}
	}
	if (accepted < n / 20)
		tap_fail("only %u of %llu programs accepted", accepted, (unsigned long long)n);
	printf("# %u of %llu accepted, %u by Linux alone, %u other messages\n", accepted,
	       (unsigned long long)n, stricter, messages);
	tap_end();
	if (!kernel) {
		tap_begin("the running kernel says the same");
		tap_skip("bpf() is refused");
		tap_end();
	}
	return tap_done();
}
