/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier: a pure function of a program and descriptions of what is
 * around it to a verdict, a log and facts. Path sensitive, as Linux's is. It
 * keeps nothing after it returns and can be called from any thread.
 */
#ifndef ANYBPF_VERIFY_VERIFY_H
#define ANYBPF_VERIFY_VERIFY_H

#include "base/arena.h"
#include "base/log.h"
#include "btf/btf.h"
#include "helper/kfunc.h"
#include "object/fact.h"
#include "verify/rules.h"

/* What was spent on one instruction; also of a program that was rejected. */
struct insn_cost {
	u32 explored;	 /* how often it was looked at, on all paths */
	u32 checkpoints; /* states that were kept at it */
};

/* What one or more instructions call, and what they call it with. */
struct kfunc_use {
	enum kfunc_id id; /* KFUNC_UNKNOWN: of a module */
	const char *name; /* in its BTF */
	u8 param_cnt;
	/* The object of the program's that is made, counted, put somewhere or dropped, if any. */
	const struct btf *obj_btf;
	u32 obj_id;
	u32 node_off; /* of the node that is put into a list or tree, in the object */
};

struct verify_subprog {
	u32 start, end;
	u32 stack_depth; /* multiple of 8 */
	bool has_tail_call, has_ld_abs, is_callback, is_global;
	bool changes_packet; /* it or what it calls */
	/* For what attaches to it later. */
	bool unreliable;	    /* called in other ways than its BTF says */
	bool is_exception_callback; /* runs when a program ends by bpf_throw() */
	bool dead;		    /* nothing reaches it */
};

/* A loaded program that this one is to replace a function of (freplace) or to trace. */
struct verify_target {
	u32 id;
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	const struct prog_rules *rules;
	bool sleepable, jited, gpl_compatible;
	bool extended;	       /* is itself a freplace program */
	bool traced;	       /* is itself a tracing program (fentry, fexit, fmod_ret) */
	const struct btf *btf; /* NULL: it was loaded without */
	const struct bpf_func_info *func_info; /* one per subprogram, in order */
	u32 func_info_cnt;
	const struct verify_subprog *subprogs; /* as many as func_info, or NULL */
	const char *name;
};

struct verify_input {
	const struct mem *mem;
	const struct bpf_insn *insns;
	u32 insn_cnt;
	enum bpf_prog_type type;
	enum bpf_attach_type attach_type;
	u32 prog_flags; /* BPF_F_* of PROG_LOAD */
	const struct prog_rules *rules;
	bool gpl_compatible;
	u32 caps; /* HOST_CAP_*: what the loader may */

	const struct btf *btf; /* of the program, or NULL */
	const struct bpf_func_info *func_info;
	u32 func_info_cnt;
	const struct bpf_line_info *line_info;
	u32 line_info_cnt;
	/*
	 * The BTF of the kernel that the program is for, which few programs need:
	 * asked for when it is, at most once. 0, -ENOENT when there is none, or why
	 * it cannot be had; -ENOMEM is verify()'s own then. May be NULL.
	 */
	int (*vmlinux)(void *arg, const struct btf **btf);

	/* What it is to be attached to: a type of .attach_btf, which is vmlinux or the target's. */
	u32 attach_btf_id; /* 0: nothing */
	const struct btf *attach_btf;
	const struct verify_target *target; /* or NULL */

	/*
	 * Resolves a map reference: @fd of BPF_PSEUDO_MAP_FD and _VALUE, or with
	 * @by_index the position in the caller's fd array. Gives a description
	 * that stays valid during verification and a small dense index for
	 * facts. 0, -EBADF (no such fd), -EINVAL (not a map), -EPROTO (no fd
	 * array), -E2BIG (too many maps).
	 */
	int (*resolve_map)(void *arg, s32 fd, bool by_index, const struct map_desc **desc,
			   u16 *index);
	void *resolve_arg;

	/*
	 * The BTF behind @fd (of BPF_PSEUDO_BTF_ID) or, with @by_index, behind the
	 * position @fd of the fd array (of kfunc calls with an offset). It stays
	 * valid during verification. 0, -EBADF (no such fd), -EINVAL (not BTF),
	 * -EPROTO (no fd array), -EACCES (BTF of a program, not of the kernel).
	 */
	int (*resolve_btf)(void *arg, s32 fd, bool by_index, const struct btf **btf);

	u32 cpus;	  /* of the machine; 0: unknown */
	struct log *log;  /* may be NULL */
	bool interpreter; /* no JIT: fewer features, as in Linux */
};

struct verify_result {
	int error; /* 0 accepted, else what bpf() returns: -EINVAL, -EACCES, -EPERM, -E2BIG, ... */
	s32 insn;  /* where it was rejected, -1 when the whole program was */
	char message[512]; /* the log's last words on it: what Linux prints for the rejection */

	struct insn_fact *facts; /* insn_cnt of them; all zero when rejected early */
	struct insn_cost *costs; /* insn_cnt of them; NULL when rejected early */
	struct insn_mask *masks; /* insn_cnt of them, or NULL when the loader may see addresses */
	struct verify_subprog *subprogs;
	u32 subprog_cnt;
	struct kfunc_use *kfunc_uses; /* by struct insn_fact's .kfunc_use - 1 */
	u32 kfunc_use_cnt;
	/* How far it goes into memory whose size is known only when it is attached. */
	u32 max_rdonly_access, max_rdwr_access, max_tp_access;
	bool reads_kernel; /* some access goes into an object of the kernel, where BTF says */

	/* statistics, as in the log's last lines */
	u32 insn_processed, max_states_per_insn, total_states, peak_states;
	u64 time_ns;
	size_t memory; /* peak bytes */

	struct arena arena; /* owns all of the above */
};

/* 0 when a verdict was reached (see result->error), -ENOMEM when it was not. */
int verify(const struct verify_input *input, struct verify_result *result);
/*
 * Of a program that has been accepted: whether it may be attached to .target's
 * .attach_btf_id as well. What of @input tells of instructions is not looked at. 0,
 * or what bpf() returns.
 */
int verify_target(const struct verify_input *input, bool changes_packet);
void verify_result_free(struct verify_result *result);

#endif
