/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load pipeline: a list of passes over one struct load. A pass that fails
 * ends it; what was built so far goes with the program's reference.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "interp/interp.h"
#include "jit/aot/aot.h"
#include "jit/jit.h"
#include "map/prog_array.h"
#include "map/targets.h"
#include "prog/internal.h"

static const struct {
	const char *name;
	int (*run)(struct load *load);
	bool to_run; /* what a program needs only for being run */
} passes[] = {
	{"create", pass_create},	   {"verify", pass_verify},
	{"runnable", pass_runnable, true}, {"subprogs", pass_subprogs},
	{"rewrite", pass_rewrite, true},   {"compile", pass_compile, true},
	{"publish", pass_publish},
};

static void prog_free(struct object *obj)
{
	struct prog *prog = prog_of(obj);
	const struct mem *mem = obj->host->mem;

	jit_free(prog);
	for (u32 i = 0; i < prog->map_cnt; i++)
		object_put(&prog->maps[i]->obj);
	if (prog->btf)
		object_put(&prog->btf->obj);
	if (prog->attach_btf)
		object_put(&prog->attach_btf->obj);
	if (prog->target)
		object_put(&prog->target->obj);
	vec_each (&prog->btfs, btf)
		object_put(&(*btf)->obj);
	vec_free(&prog->btfs, mem);
	mem_free(mem, prog->maps);
	mem_free(mem, prog->kfunc_calls);
	mem_free(mem, prog->insns);
	mem_free(mem, prog->orig);
	for (u32 i = 0; i < prog->subprog_cnt; i++)
		trampoline_free(obj->host, atomic_load(&prog->subprogs[i].trampoline));
	mem_free(mem, prog->subprogs);
	mem_free(mem, prog->subprog_of_insn);
	mem_free(mem, prog->func_info);
	mem_free(mem, prog->line_info);
	mem_free(mem, prog);
}

static const struct object_ops prog_object_ops = {
	.kind = OBJECT_PROG,
	.free = prog_free,
};

/* Copies an array of the load's arguments into the program. */
static int copy_array(const struct mem *mem, void *to, const void *from, u32 n, size_t size)
{
	void *copy;

	if (!n)
		return 0;
	copy = mem_dup(mem, from, n * size);
	if (!copy)
		return -ENOMEM;
	*(void **)to = copy;
	return 0;
}

static int copy_args(struct prog *prog, const struct mem *mem, const struct prog_load_args *args)
{
	int err;

	err = copy_array(mem, &prog->orig, args->insns, args->insn_cnt, sizeof(*args->insns));
	if (!err)
		err = copy_array(mem, &prog->insns, args->insns, args->insn_cnt,
				 sizeof(*args->insns));
	if (!err)
		err = copy_array(mem, &prog->func_info, args->func_info, args->func_info_cnt,
				 sizeof(*args->func_info));
	if (!err)
		err = copy_array(mem, &prog->line_info, args->line_info, args->line_info_cnt,
				 sizeof(*args->line_info));
	prog->insn_cnt = args->insn_cnt;
	prog->func_info_cnt = args->func_info_cnt;
	prog->line_info_cnt = args->line_info_cnt;
	return err;
}

int pass_create(struct load *load)
{
	const struct prog_load_args *args = load->args;
	const struct mem *mem = load->host->mem;
	struct prog *prog = mem_zalloc(mem, sizeof(*prog));
	struct env_task task;

	if (!prog)
		return -ENOMEM;
	object_init(&prog->obj, &prog_object_ops, load->host);
	load->prog = prog;
	prog->type = args->type;
	prog->expected_attach_type = args->expected_attach_type;
	prog->hook = args->hook;
	prog->run = prog_run_in;
	prog->stopped_verdict = args->stopped_verdict;
	prog->gpl_compatible = license_is_gpl(args->license);
	prog->sleepable = args->prog_flags & BPF_F_SLEEPABLE;
	prog->xdp_has_frags = args->prog_flags & BPF_F_XDP_HAS_FRAGS;
	strncpy(prog->name, args->name, sizeof(prog->name) - 1);
	prog_tag(args->insns, args->insn_cnt, prog->tag);
	load->host->env.current_task(load->host->env.ctx, &task);
	prog->uid = task.uid;
	prog->load_time = load->host->env.clock_ns(load->host->env.ctx, CLOCK_BOOTTIME);
	if (args->btf) {
		object_get(&args->btf->obj);
		prog->btf = args->btf;
	}
	prog->attach_btf_id = args->attach_btf_id;
	if (args->attach_btf) {
		object_get(&args->attach_btf->obj);
		prog->attach_btf = args->attach_btf;
	}
	if (args->target) {
		object_get(&args->target->obj);
		prog->target = args->target;
	}
	prog->maps = mem_zalloc_array(mem, PROG_MAX_MAPS, sizeof(*prog->maps));
	if (!prog->maps)
		return -ENOMEM;
	return copy_args(prog, mem, args);
}

/* For the verifier: the map behind an fd; the program keeps one reference of each. */
static int resolve_map(void *arg, s32 fd, bool by_index, const struct map_desc **desc, u16 *index)
{
	struct load *load = arg;
	struct prog *prog = load->prog;
	struct map *map;
	int err = load->args->map_by_fd(load->args->fd_arg, fd, by_index, &map);

	if (err)
		return err;
	for (u32 i = 0; i < prog->map_cnt; i++) {
		if (prog->maps[i] == map) {
			object_put(&map->obj);
			*index = (u16)i;
			*desc = &map->desc;
			return 0;
		}
	}
	if (prog->map_cnt == PROG_MAX_MAPS) {
		object_put(&map->obj);
		return -E2BIG;
	}
	prog->maps[prog->map_cnt] = map;
	*index = (u16)prog->map_cnt++;
	*desc = &map->desc;
	return 0;
}

/* For the verifier: the BTF behind an fd, which the program keeps as well. */
static int resolve_btf(void *arg, s32 fd, bool by_index, const struct btf **btf)
{
	struct load *load = arg;
	struct prog *prog = load->prog;
	struct btf_object *obj;
	int err = load->args->btf_by_fd(load->args->fd_arg, fd, by_index, &obj);

	if (err)
		return err;
	if (!obj->kernel_btf)
		err = -EACCES;
	else if (!vec_push(&prog->btfs, load->host->mem, obj))
		err = -ENOMEM;
	if (err) {
		object_put(&obj->obj);
		return err;
	}
	*btf = obj->btf;
	return 0;
}

/* What the verifier may know of the program that this one is for. */
static int describe_target(struct arena *arena, const struct prog *prog,
			   const struct prog_rules *target_rules, struct verify_target *target)
{
	struct verify_subprog *subprogs =
		arena_zalloc_array(arena, prog->subprog_cnt, sizeof(*subprogs));

	if (!subprogs)
		return -ENOMEM;
	for (u32 i = 0; i < prog->subprog_cnt; i++) {
		const struct subprog *from = &prog->subprogs[i];

		subprogs[i] = (struct verify_subprog){
			.start = from->start,
			.end = from->end,
			.stack_depth = from->stack_depth,
			.has_tail_call = from->has_tail_call,
			.is_callback = from->is_callback,
			.is_global = from->is_global,
			.changes_packet = from->changes_packet,
			.unreliable = from->unreliable,
			.is_exception_callback = from->is_exception_callback,
			.dead = from->dead,
		};
	}
	*target = (struct verify_target){
		.id = prog->obj.id,
		.type = prog->type,
		.attach_type = prog->expected_attach_type,
		.rules = target_rules,
		.sleepable = prog->sleepable,
		.jited = prog->obj.host->verify_only || prog->jit,
		.gpl_compatible = prog->gpl_compatible,
		.extended = prog->type == BPF_PROG_TYPE_EXT,
		.traced = prog->type == BPF_PROG_TYPE_TRACING && prog->target,
		.btf = prog->btf ? prog->btf->btf : NULL,
		.func_info = prog->func_info,
		.func_info_cnt = prog->func_info_cnt,
		.subprogs = subprogs,
		.name = prog->name,
	};
	return 0;
}

/* For the verifier: the kernel's BTF, which the host keeps. */
static int find_vmlinux(void *arg, const struct btf **btf)
{
	struct load *load = arg;
	struct btf_object *obj;
	int err = host_vmlinux(load->host, &obj);

	*btf = err ? NULL : obj->btf;
	return err;
}

/* Whether code comes from a file or goes to one, so that it must not know this machine. */
static bool uses_files(const struct host *host)
{
	return host->jit.files || host->jit.writer;
}

int pass_verify(struct load *load)
{
	const struct prog_load_args *args = load->args;
	struct verify_target target;
	struct verify_input input = {
		.mem = load->host->mem,
		.insns = args->insns,
		.insn_cnt = args->insn_cnt,
		.type = args->type,
		.attach_type = args->expected_attach_type,
		.prog_flags = args->prog_flags,
		.rules = args->rules,
		.gpl_compatible = load->prog->gpl_compatible,
		.caps = load->host->caps & HOST_CAP_SYS_ADMIN ? HOST_CAP_ALL : load->host->caps,
		.btf = args->btf ? args->btf->btf : NULL,
		.func_info = args->func_info,
		.func_info_cnt = args->func_info_cnt,
		.line_info = args->line_info,
		.line_info_cnt = args->line_info_cnt,
		.vmlinux = find_vmlinux,
		.attach_btf_id = args->attach_btf_id,
		.resolve_map = resolve_map,
		.resolve_btf = resolve_btf,
		.resolve_arg = load,
		/* Code in a file is for machines with any number of them. */
		.cpus = uses_files(load->host) ? HOST_MAX_CPUS : load->host->env.nr_cpus,
		.log = load->log,
		/* Verdicts alone are asked for as of a kernel, which has a JIT. */
		.interpreter =
			!load->host->verify_only && (load->host->interpret || !jit_present()),
	};
	struct arena described; /* verify() begins the result's own anew */
	int err = 0;

	arena_init(&described, load->host->mem);
	if (args->target) {
		err = describe_target(&described, args->target, args->target_rules, &target);
		input.target = &target;
		input.attach_btf = target.btf;
	} else if (args->attach_btf) {
		input.attach_btf = args->attach_btf->btf;
	}
	if (!err)
		err = verify(&input, load->result);
	arena_free(&described);
	load->prog->verified_insns = load->result->insn_processed;
	load->prog->max_rdonly_access = load->result->max_rdonly_access;
	load->prog->max_rdwr_access = load->result->max_rdwr_access;
	load->prog->max_tp_access = load->result->max_tp_access;
	return err ? err : load->result->error;
}

static int vmlinux_of_host(void *arg, const struct btf **btf)
{
	struct btf_object *obj;
	int err = host_vmlinux(arg, &obj);

	*btf = err ? NULL : obj->btf;
	return err;
}

int prog_check_target(const struct prog *prog, const struct prog *target,
		      const struct prog_rules *target_rules, u32 btf_id)
{
	struct host *host = prog->obj.host;
	struct verify_target described;
	struct verify_input input = {
		.mem = host->mem,
		.type = prog->type,
		.attach_type = prog->expected_attach_type,
		.rules = target_rules,
		.gpl_compatible = prog->gpl_compatible,
		.caps = HOST_CAP_ALL,
		.btf = prog->btf ? prog->btf->btf : NULL,
		.func_info = prog->func_info,
		.func_info_cnt = prog->func_info_cnt,
		.vmlinux = vmlinux_of_host,
		.resolve_arg = host,
		.attach_btf_id = btf_id,
		.target = &described,
	};
	struct arena arena;
	int err;

	/* Its context is rewritten, and its helpers are chosen, for programs of that type. */
	if (prog->target && (prog->target->type != target->type ||
			     prog->target->expected_attach_type != target->expected_attach_type))
		return -EINVAL;
	arena_init(&arena, host->mem);
	err = describe_target(&arena, target, target_rules, &described);
	input.attach_btf = described.btf;
	if (!err)
		err = verify_target(&input, prog->subprogs->changes_packet);
	arena_free(&arena);
	return err;
}

/*
 * What verifies and has no place to run here: programs that know where another
 * kernel has its fields.
 */
int pass_runnable(struct load *load)
{
	if (load->result->reads_kernel && !host_types_are_own(load->host)) {
		log_printf(load->log, "verified with another kernel's types: programs that look "
				      "into its objects cannot run here\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

int pass_subprogs(struct load *load)
{
	struct prog *prog = load->prog;
	const struct verify_result *result = load->result;
	const struct mem *mem = load->host->mem;

	prog->subprogs = mem_zalloc_array(mem, result->subprog_cnt, sizeof(*prog->subprogs));
	prog->subprog_of_insn =
		mem_zalloc_array(mem, prog->insn_cnt, sizeof(*prog->subprog_of_insn));
	if (!prog->subprogs || !prog->subprog_of_insn)
		return -ENOMEM;
	prog->subprog_cnt = result->subprog_cnt;
	for (u32 i = 0; i < result->subprog_cnt; i++) {
		const struct verify_subprog *from = &result->subprogs[i];

		prog->subprogs[i] = (struct subprog){
			.prog = prog,
			.start = from->start,
			.end = from->end,
			.stack_depth = from->stack_depth,
			.is_callback = from->is_callback,
			.is_global = from->is_global,
			.has_tail_call = from->has_tail_call,
			.changes_packet = from->changes_packet,
			.unreliable = from->unreliable,
			.is_exception_callback = from->is_exception_callback,
			.dead = from->dead,
		};
		for (u32 j = from->start; j < from->end; j++)
			prog->subprog_of_insn[j] = (u16)i;
	}
	return 0;
}

static int compile(struct load *load, struct err *err)
{
	const struct host_jit *jit = &load->host->jit;
	const struct jit_options options = {
		.facts = load->result->facts,
		.masks = load->result->masks,
		.passes = JIT_PASSES_ALL & ~jit->passes_off,
		.features_off = jit->features_off,
		.limited = load->host->limits.steps || load->host->limits.ns,
		/* Who may not see addresses may not bring code in constants either. */
		.blind = jit->harden > 1 || (jit->harden && load->result->masks),
		.dump = jit->dump,
		.dump_arg = jit->dump_arg,
	};

	if (jit->writer)
		return aot_writer_add(jit->writer, load->prog, &options, err);
	if (jit->files)
		return aot_load(jit->files, load->prog, &options, err);
	return jit_compile(load->prog, &options, err);
}

/* What tail calls enter, and what is told, of a program without machine code. */
static void interpret(struct prog *prog, const char *why)
{
	prog->entry = prog_interpret;
	snprintf(prog->interpreted, sizeof(prog->interpreted), "%s", why);
}

/*
 * What has no machine code, for whatever reason, the interpreter runs; but not
 * when code was asked for that is to be had from a file or for one.
 */
static int make_code(struct load *load)
{
	struct prog *prog = load->prog;
	struct err err = {0};
	int ret;

	prog->masked = load->result->masks != NULL;
	if (load->host->interpret) {
		interpret(prog, "the host interprets");
		return 0;
	}
	ret = compile(load, &err);
	if (ret && uses_files(load->host)) {
		if (ret != -ENOMEM)
			log_printf(load->log, "%s\n", err.text);
		return ret;
	}
	if (ret)
		interpret(prog, err.text[0] ? err.text : strerror(-ret));
	else if (!prog->jit)
		interpret(prog, "its machine code is in a file");
	return 0;
}

int pass_compile(struct load *load)
{
	struct prog *prog = load->prog;
	struct err err_text = {0};
	int err = interp_check(prog, &err_text);

	if (err) {
		log_printf(load->log, "%s\n", err_text.text);
		return err;
	}
	err = make_code(load);
	if (err)
		return err;
	for (u32 i = 0; i < prog->map_cnt; i++) {
		struct map *map = prog->maps[i];

		if ((map->desc.type == BPF_MAP_TYPE_PROG_ARRAY &&
		     !prog_array_compatible(map, prog)) ||
		    !target_map_compatible(map, prog))
			return -EINVAL;
	}
	return 0;
}

int pass_publish(struct load *load)
{
	load->prog->runnable = !load->host->verify_only;
	return object_publish(&load->prog->obj);
}

int prog_load(struct host *host, const struct prog_load_args *args, struct log *log,
	      struct verify_result *result, struct prog **prog)
{
	struct verify_result own = {0};
	struct load load = {
		.host = host,
		.args = args,
		.log = log,
		.result = result ? result : &own,
	};
	int err = 0;

	*load.result = own;
	arena_init(&load.result->arena, host->mem);
	for (u32 i = 0; i < ARRAY_SIZE(passes) && !err; i++)
		if (!passes[i].to_run || !host->verify_only)
			err = passes[i].run(&load);
	if (!result)
		verify_result_free(&own);
	if (err && load.prog)
		object_put(&load.prog->obj);
	else if (!err)
		*prog = load.prog;
	return err;
}
