/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host: what one running kernel is to Linux. All state of the user engine
 * hangs from it; several live side by side in one process.
 *
 * Execution slots are its virtual CPUs. Running a program takes a slot for
 * the duration, and the slot's number is the program's CPU: per-CPU maps and
 * scratch memory are indexed by it, which gives what the kernel gets from
 * disabled migration.
 *
 * Nothing that a running program may still see is freed: host_synchronize()
 * waits until every slot that is busy now has been idle once.
 */
#ifndef ANYBPF_OBJECT_HOST_H
#define ANYBPF_OBJECT_HOST_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/vec.h"
#include "object/budget.h"
#include "object/defer.h"
#include "object/environment.h"
#include "object/object.h"
#include "object/timer.h"

struct cgroup_storage;
struct interp_tracer;
struct prog;
struct subprog;
struct run;
struct trace_ctx;

/* Scratch memory of a slot: bpf_snprintf() arguments, printk text, redirect targets. */
#define SLOT_SCRATCH 4096

/* More than any machine that Linux runs on. */
#define HOST_MAX_CPUS 8192

/* Of a slot: a program runs that has started in the epoch, see object/defer.h. */
#define SLOT_BUSY(epoch) ((epoch) << 1 | 1)

struct slot {
	_Alignas(64) _Atomic u32 busy; /* 0 or SLOT_BUSY() */
	_Atomic u64 passes;	       /* counts releases, for host_synchronize() */
	u32 cpu;
	_Atomic u32 caller; /* the thread whose program is in a system call of the host, or 0 */
	u32 depth; /* nested runs of the owner */
	u8 scratch[SLOT_SCRATCH];
};

/* Capabilities of whoever uses the host; what Linux asks the calling task for. */
#define HOST_CAP_BPF	   BIT(0)
#define HOST_CAP_PERFMON   BIT(1)
#define HOST_CAP_NET_ADMIN BIT(2)
#define HOST_CAP_SYS_ADMIN BIT(3)
#define HOST_CAP_ALL	   (BIT(4) - 1)

struct ir_fn;
struct aot_file;
struct aot_writer;

/* How programs are compiled; see struct jit_options for what the masks mean. */
struct host_jit {
	u64 passes_off;
	u32 features_off;
	/*
	 * Whose constants must not appear in machine code: 0 nobody's, 1 those of
	 * unprivileged loaders, 2 everybody's, as Linux's net.core.bpf_jit_harden.
	 */
	u8 harden;
	u32 report; /* BIT(enum jit_report): who is told of machine code */
	/* Gets what could not be told, a line of text once for each kind of report; NULL: nobody.
	 */
	void (*warn)(void *arg, const char *text);
	void *warn_arg;
	/* Sees each subprogram's intermediate form after each step, or NULL. */
	void (*dump)(void *arg, const char *when, const struct ir_fn *fn);
	void *dump_arg;
	/*
	 * Programs are compiled into a file, and interpreted; or they take their
	 * code from files and are refused when none has it (jit/aot/aot.h). Both may
	 * be set at any time and stay their owner's; NULL: neither.
	 */
	struct aot_writer *writer;
	struct aot_file *files;
};

struct host_options {
	const struct mem *mem;		/* NULL: malloc */
	const struct environment *env;	/* NULL: the real machine */
	u32 caps;			/* HOST_CAP_* */
	bool unprivileged_bpf_disabled; /* the sysctl; default true as in Debian */
	bool interpret;			/* never JIT */
	struct host_jit jit;		/* default: all passes, harden 1 */
	struct host_limits limits;	/* of each execution; default: none */
	/*
	 * For asking for verdicts alone: every map type can be created and every
	 * program that verifies loads, also where its hook, a helper or a map's
	 * elements are not here yet. Such programs do not run (-EOPNOTSUPP).
	 */
	bool verify_only;
	/* No thread runs the callbacks of timers and work: timers_run() is called for that. */
	bool manual_timers;
	/*
	 * The BTF of another kernel, a file such as /sys/kernel/btf/vmlinux. Copied. Programs
	 * that look into that kernel's objects verify, and do not run.
	 */
	const char *vmlinux;
	/* Where that is NULL: the BTF of the host's own kernel, kernel/btf.h; not copied. */
	const void *own_btf;
	size_t own_btf_size; /* 0: the host has no BTF */
};

struct id_table {
	VEC(struct object *) objects; /* by id - 1; NULL where the object is gone */
};

/* What families of kernel types (src/kernel) keep of a host: made when first asked for. */
enum host_part_id {
	HOST_PART_TASKS,
	HOST_PART_CGROUPS,
	HOST_PART_NET,
	HOST_PART_SOCKETS,
	HOST_PART_FILES,
	HOST_PART_VARS,
	HOST_PART_TRAMPOLINES,
	HOST_PART_GROUP_PROGS,
	HOST_PART_STRUCT_OPS,
	HOST_PARTS,
};

struct host_part {
	/* With the host, when no program runs and no handle is open. */
	void (*free)(struct host *host, struct host_part *part);
};

struct host {
	const struct mem *mem;
	struct environment env;
	u32 caps;
	bool unprivileged_bpf_disabled;
	bool interpret;
	struct host_jit jit;
	struct host_limits limits;
	_Atomic u32 jit_warned; /* BIT(enum jit_report): those whose failure has been told */
	/*
	 * What the processor can, as the compiler numbers it, with the highest bit
	 * set; 0: not asked yet. Asking takes longer than compiling a small program
	 * where a hypervisor answers.
	 */
	_Atomic u32 jit_features;
	bool verify_only;
	/* bpf() for programs, see helper_sys_bpf(); set by who has the commands, else NULL. */
	int (*sys_bpf)(struct host *host, u32 cmd, union bpf_attr *attr, u32 size);

	/* The kernel's BTF, read when it is first asked for; see host_vmlinux(). */
	char *vmlinux_path; /* NULL: the host's own */
	const void *own_btf;
	size_t own_btf_size;
	struct btf_object *vmlinux;
	pthread_mutex_t vmlinux_lock;

	struct slot *slots;   /* env.nr_cpus of them */
	struct limbo *limbos; /* likewise */
	_Atomic u32 epoch;
	struct timers timers;

	pthread_mutex_t lock; /* ids and handles */
	struct id_table ids[OBJECT_KINDS];
	VEC(struct object *) handles;

	_Atomic(struct host_part *) parts[HOST_PARTS];
	_Atomic u32 storage_maps; /* made so far, see kernel/storage.h */
};

/* Defaults: everything of the real machine, all capabilities. */
void host_options_init(struct host_options *opts);
/* 0, -ENOMEM or -EINVAL; @opts NULL means the defaults. */
int host_new(const struct host_options *opts, struct host **host);
/* Closes all handles. No run may be under way and no object may be held outside. */
void host_free(struct host *host);

bool host_capable(const struct host *host, u32 caps);

void host_synchronize(struct host *host);
/*
 * Around what a program has done that may come to host_synchronize(), which
 * then waits for all others: nothing that this program may see goes by it.
 */
void host_syscall_begin(struct run *run);
void host_syscall_end(struct run *run);

/*
 * The part of the host, which @make makes if it is not there yet: also when
 * several threads ask at once there is one in the end. NULL without memory.
 */
struct host_part *host_part(struct host *host, enum host_part_id id,
			    struct host_part *(*make)(struct host *host));

/*
 * The BTF of the kernel that the host stands for; the host keeps the reference.
 * 0, -ENOENT when the host has none, or why it could not be read.
 */
int host_vmlinux(struct host *host, struct btf_object **btf);
/* Whether that BTF describes the host's own kernel, whose objects programs can look into. */
static inline bool host_types_are_own(const struct host *host)
{
	return !host->vmlinux_path && host->own_btf_size;
}

/*
 * One execution of a program, and what its helpers know about it: helpers get
 * it as their sixth argument. Lives on the stack of prog_run().
 */
struct run {
	struct host *host;
	struct slot *slot;
	u32 cpu;
	const struct prog *prog;
	void *ctx;	/* the hook's context, as R1 */
	u32 tail_calls; /* done so far; limit MAX_TAIL_CALL_CNT */
	struct budget budget;
	/* By bpf_throw(): every function returns, as where the budget is over, and then ... */
	bool thrown;
	u64 cookie; /* ... this is the result, or what the program's callback makes of it */
	/*
	 * Calls back into the program, for helpers such as bpf_loop(). @fn is
	 * the value that a callback reference loads.
	 */
	u64 (*invoke)(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4,
		      u64 r5);
	/*
	 * The classic packet loads, BPF_ABS and BPF_IND: @size bytes (1, 2, 4) at
	 * @off of the packet, or of SKF_NET_OFF or SKF_LL_OFF when negative, in
	 * the host's byte order. A negative result ends the program with 0.
	 * Hooks whose programs may use them set it; NULL fails.
	 */
	s64 (*legacy_load)(struct run *run, s32 off, u32 size);
	const struct interp_tracer *tracer; /* of interp_run_traced() */
	/*
	 * Of the control group that a program runs for, by enum cgroup_storage_kind
	 * (map/cgroup_storage.h), or NULL; what the system call is to return.
	 */
	struct cgroup_storage *const *storages;
	s32 *retval;
	s32 own_retval; /* which .retval points to where nobody asks */
	/* Of a program that is attached to a function or was called as if, or NULL: what it knows
	 * of it. */
	const struct trace_ctx *trace;
	/* Whom machine code calls by way of a trampoline. */
	const struct subprog *callee;
};

/*
 * Takes a slot for @run: the one of the CPU that the thread is on if it is
 * free, else any; waits when all are busy. @run->host, ->prog and ->ctx are
 * the caller's to set.
 */
void run_begin(struct run *run, struct host *host);
/* Waits for the slot of one CPU. The caller has none. */
void run_begin_on(struct run *run, struct host *host, u32 cpu);
void run_end(struct run *run);

#endif
