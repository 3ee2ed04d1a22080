/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading and running programs. Loading is a list of passes over one struct
 * load: structure, verify, rewrite to the prepared form, JIT.
 */
#ifndef ANYBPF_PROG_PROG_H
#define ANYBPF_PROG_PROG_H

#include "base/log.h"
#include "object/btf_object.h"
#include "object/prog.h"
#include "object/trampoline.h"
#include "verify/verify.h"

/* What BPF_PROG_LOAD says, with pointers resolved; everything is copied. */
struct prog_load_args {
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	const char *name;    /* "" without */
	const char *license; /* "" without */
	u32 prog_flags;
	const struct bpf_insn *insns;
	u32 insn_cnt;
	struct btf_object *btf; /* or NULL */
	const struct bpf_func_info *func_info;
	u32 func_info_cnt;
	const struct bpf_line_info *line_info;
	u32 line_info_cnt;
	/* A type of @attach_btf, or of @target's BTF; 0: nothing. */
	u32 attach_btf_id;
	struct btf_object *attach_btf; /* the kernel's, or NULL */
	struct prog *target;	       /* or NULL */
	const struct prog_rules *target_rules;
	/* A new reference of what is behind a handle: 0, -EBADF, -EINVAL, -EPROTO (no fd array). */
	int (*map_by_fd)(void *arg, s32 fd, bool by_index, struct map **map);
	int (*btf_by_fd)(void *arg, s32 fd, bool by_index, struct btf_object **btf);
	void *fd_arg;
	u32 stopped_verdict;	 /* see struct prog */
	const struct hook *hook; /* of the type; hook_find() */
	const struct prog_rules *rules;
};

/*
 * The verdict goes to @log and, when @result is not NULL, to it as well (the
 * caller frees it, also on failure). 0 or what bpf() returns.
 */
int prog_load(struct host *host, const struct prog_load_args *args, struct log *log,
	      struct verify_result *result, struct prog **prog);

/* Runs in a slot that the caller has taken with run_begin(); @ctx is the hook's structure. */
u64 prog_run_in(struct run *run, const struct prog *prog, void *ctx);
/* Takes a slot for one execution. */
u64 prog_run(const struct prog *prog, void *ctx);

/*
 * Whether a program that replaces functions fits another one than it was loaded for:
 * 0, or what loading it for that would have answered.
 */
int prog_check_target(const struct prog *prog, const struct prog *target,
		      const struct prog_rules *target_rules, u32 btf_id);
/*
 * The trampoline of one of its functions, which is made when it is first asked
 * for: 0, -EOPNOTSUPP for a program without machine code of its own, -ENOMEM, or why it
 * could not be compiled again.
 */
int prog_trampoline(struct prog *prog, u32 subprog, struct trampoline **t);

/* Whether a licence text counts as GPL compatible, as in Linux's license_is_gpl_compatible(). */
bool license_is_gpl(const char *license);
/* SHA-1 based tag as Linux computes it: map references zeroed. */
void prog_tag(const struct bpf_insn *insns, u32 insn_cnt, u8 tag[BPF_TAG_SIZE]);

#endif
