/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One benchmark program on one engine: loaded with maps of its own, filled by
 * its setup, ready to be run and timed. All engines are given the same packet
 * and the same structure around it.
 */
#ifndef ANYBPF_BENCH_SIDE_H
#define ANYBPF_BENCH_SIDE_H

#include "jit/jit.h"
#include "linux_code.h"
#include "load/object.h"
#include "object/packet.h"
#include "programs/native.h"

enum side_kind {
	SIDE_NATIVE,	 /* the source as C, with maps of this library */
	SIDE_LINUX_CALL, /* BPF_PROG_TEST_RUN */
	SIDE_LINUX_CODE, /* the kernel's machine code, in this process */
	SIDE_INTERP,
	SIDE_JIT,
	SIDE_AOT, /* the same compiler's, by way of a file */
	SIDES,
};

struct side {
	enum side_kind kind;
	const struct bench_entry *entry;
	struct anybpf *ctx;
	struct anybpf_object *object;
	struct anybpf_program *program;
	struct prog *prog;		/* of the user engine's kinds */
	struct verify_result *verified; /* of the JIT's: by program of the object */
	struct linux_code code;
	char *file; /* of SIDE_AOT's code */
	u8 *buffer; /* head room, packet, tail room */
	struct xdp_buff xdp;
	u32 most_runs; /* that its ring buffers have room for */
	double best;   /* ns of a run; 0 before the first */
};

const char *side_name(enum side_kind kind);

/*
 * Loads the program from its object in the folder @dir. 0; -EPERM, -ENOSYS or
 * -EOPNOTSUPP where this kind cannot be had (of Linux's code @why says the
 * reason); another errno when something is wrong, and it has been printed.
 */
int side_open(struct side *side, enum side_kind kind, const struct bench_entry *entry,
	      const char *dir, const char **why);
void side_close(struct side *side);

/*
 * Compiles all programs of the JIT's side anew, with @opts and what the
 * verifier found; @ns, which may be NULL, gets the time that the benchmark's own one took.
 * 0 or -errno.
 */
int side_compile(struct side *side, struct jit_options opts, u64 *ns);

/* Runs its setup, on the engine that runs the program. */
int side_setup(struct side *side);
/* One run on a fresh packet, which is left in the buffer: 0 or -errno. */
int side_run(struct side *side, u32 *result);
/* The packet as the last side_run() left it. */
const u8 *side_packet(const struct side *side);
/* Nanoseconds of one run, the mean of @runs on the same packet. Keeps the best. */
void side_time(struct side *side, u32 runs);

/*
 * Whether the maps of two sides that are no global data hold the same. Copies
 * of per-CPU values are added up: engines run on different CPUs. @name gets
 * the first that does not.
 */
bool side_maps_equal(const struct side *a, const struct side *b, const char **name);

#endif
