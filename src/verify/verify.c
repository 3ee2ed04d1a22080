/* SPDX-License-Identifier: BSD-2-Clause */
/* The verifier's one entry: the passes in Linux's order, then the verdict. */
#include <time.h>

#include "base/os.h"
#include "verify/attach.h"
#include "verify/global.h"
#include "verify/throw.h"
#include "verify/kfunc.h"

/* ---- one function, explored from its start ---- */

static int enter_function(struct verifier *v, u32 subprog)
{
	struct vstate *state = v->cur;
	struct frame *frame;

	if (!state->frame[0])
		state->frame[0] = frame_new(v->mem, MAX_SLOTS);
	frame = state->frame[0];
	if (!frame)
		return -ENOMEM;
	state->curframe = 0;
	state->ref_cnt = 0;
	state->in_sleepable = v->info.sleepable;
	state->parent = NULL;
	state->branches = 1;
	state->first_insn = v->subprogs[subprog].start;
	state->last_insn = STEP_NONE;
	state->step = 0;
	state->root_step = 0;
	state->hist_cnt = 0;
	state->depth = 0;
	state->callback_unroll_depth = 0;
	state->may_goto_depth = 0;
	state->loop_entry = NULL;
	memset(frame, 0, sizeof(*frame));
	frame->callsite = MAIN_CALLSITE;
	frame->subprog = (u16)subprog;
	frame->activation = ++v->activation_gen;
	reg_set_pointer(&frame->regs[BPF_REG_FP], PTR_TO_STACK);
	v->trace.len = 0;
	v->linked.len = 0;
	v->insn = v->subprogs[subprog].start;
	v->prev_insn = STEP_NONE;
	v->print_state = false;
	v->prev_log_len = 0;
	v->scratched_regs = ~0u;
	v->scratched_slots = ~0ull;
	return 0;
}

static int explore_function(struct verifier *v, u32 subprog)
{
	size_t start = log_len(v);
	int err = enter_function(v, subprog);

	if (err)
		return err;
	if (subprog || v->in->type == BPF_PROG_TYPE_EXT) {
		note(v, "Validating %s() func#%u...\n", v->subprogs[subprog].name, subprog);
		err = prepare_global_args(v, subprog);
		if (!err && subprog && subprog == v->exception_callback) {
			v->cur->frame[0]->in_exception_callback = true;
			err = check_exception_args(v, subprog);
		}
		if (err)
			return err;
		set_global_args(v, subprog);
	} else {
		reg_set_pointer(cur_reg(v, BPF_REG_1), PTR_TO_CTX);
	}
	err = explore(v);
	pending_free_all(v);
	explored_free_all(v);
	/* Only what leads to a rejection is worth reading, unless all is asked for. */
	if (!err && !(v->log_level & LOG_LEVEL2)) {
		(void)start;
		log_truncate(v, 0);
	}
	return err;
}

/* Global functions that are called, until no more of them turn up. */
static int explore_globals(struct verifier *v)
{
	bool again = true;

	/* Whether anything is thrown or not. */
	if (v->exception_callback)
		v->subprogs[v->exception_callback].called = true;
	while (again) {
		again = false;
		for (u32 i = 1; i < v->subprog_cnt; i++) {
			struct subprog_info *sub = &v->subprogs[i];
			int err;

			if (!sub->is_global || !sub->called || sub->verified)
				continue;
			err = explore_function(v, i);
			if (err)
				return err;
			if (v->log_level & (LOG_LEVEL1 | LOG_LEVEL2))
				note(v,
				     "Func#%u ('%s') is safe for any args that match its "
				     "prototype\n",
				     i, sub->name);
			sub->verified = true;
			again = true;
		}
	}
	return 0;
}

static int explore_all(struct verifier *v)
{
	int err = trace_prepare(v);

	if (!err)
		err = explore_function(v, 0);

	return err ? err : explore_globals(v);
}

/* ---- passes ---- */

static const struct {
	const char *name;
	int (*run)(struct verifier *v);
} passes[] = {
	{"function records", check_func_records},
	{"subprograms", find_subprograms},
	{"jumps", check_jumps},
	{"function information", check_func_infos},
	{"line information", check_lines},
	{"attach type", check_attach},
	{"references", resolve_references},
	{"control flow", check_cfg},
	{"packet changes", find_packet_changes},
	{"attach target", check_attach_target},
	{"calls that keep registers", mark_fastcalls},
	{"paths", explore_all},
	{"stack counts", count_stacks},
	{"stack depth", check_stack_depth},
	{"stack counts of inlined loops", count_inlined},
	{"kernel functions", check_kfunc_ids},
	{"masks of tail calls", spec_check_tail_calls},
};

static int run_passes(struct verifier *v)
{
	for (u32 i = 0; i < ARRAY_SIZE(passes); i++) {
		int err = passes[i].run(v);

		if (err)
			return err;
	}
	return 0;
}

/* ---- result ---- */

static int save_subprogs(struct verifier *v)
{
	struct verify_result *result = v->result;
	struct verify_subprog *to = arena_zalloc_array(&result->arena, v->subprog_cnt, sizeof(*to));

	if (!to)
		return -ENOMEM;
	for (u32 i = 0; i < v->subprog_cnt; i++) {
		const struct subprog_info *from = &v->subprogs[i];

		to[i] = (struct verify_subprog){
			.start = from->start,
			.end = subprog_end(v, i),
			.stack_depth = from->stack_depth,
			.has_tail_call = from->has_tail_call,
			.has_ld_abs = from->has_ld_abs,
			.is_callback = from->is_callback,
			.is_global = from->is_global,
			.changes_packet = from->changes_packet,
			.unreliable = i ? from->unreliable : !main_is_reliable(v),
			.is_exception_callback = i && i == v->exception_callback,
			.dead = !(result->facts[from->start].flags & FACT_SEEN),
		};
	}
	result->subprogs = to;
	result->subprog_cnt = v->subprog_cnt;
	return 0;
}

static void log_statistics(struct verifier *v)
{
	const struct verify_result *result = v->result;

	if (v->log_level & LOG_STATS) {
		note(v, "verification time %llu usec\n",
		     (unsigned long long)result->time_ns / 1000);
		note(v, "stack depth ");
		for (u32 i = 0; i < v->subprog_cnt; i++)
			note(v, "%s%u", i ? "+" : "", v->subprogs[i].counted_depth);
		note(v, "\n");
	}
	note(v,
	     "processed %u insns (limit %u) max_states_per_insn %u total_states %u peak_states %u "
	     "mark_read %u\n",
	     result->insn_processed, BPF_COMPLEXITY_LIMIT_INSNS, result->max_states_per_insn,
	     result->total_states, result->peak_states, v->longest_mark_read);
}

/* A replaced function is verified as the program around it is. */
static void become_part_of(struct verifier *v, const struct verify_target *target)
{
	v->info.type = target->type;
	v->info.attach_type = target->attach_type;
	v->rules = target->rules;
}

static void init(struct verifier *v, const struct verify_input *input, struct verify_result *result)
{
	u32 caps = input->caps;

	memset(v, 0, sizeof(*v));
	memset(result, 0, sizeof(*result));
	result->insn = -1;
	v->in = input;
	v->result = result;
	arena_init(&result->arena, input->mem ? input->mem : &mem_libc);
	mem_meter_init(&v->meter, result->arena.mem);
	v->mem = &v->meter.mem;
	arena_init(&v->arena, v->mem);
	v->log = input->log;
	v->log_level = input->log ? input->log->level : 0;
	if (caps & HOST_CAP_SYS_ADMIN)
		caps |= HOST_CAP_BPF | HOST_CAP_PERFMON;
	v->info = (struct verify_env_info){
		.type = input->type,
		.attach_type = input->attach_type,
		.sleepable = input->prog_flags & BPF_F_SLEEPABLE,
		.caps = caps,
	};
	if (!input->attach_type)
		v->info.attach_type = (enum bpf_attach_type)input->rules->attach_default;
	v->bpf_capable = caps & HOST_CAP_BPF;
	v->ptr_leaks = caps & HOST_CAP_PERFMON;
	v->strict_align = input->prog_flags & BPF_F_STRICT_ALIGNMENT &&
			  !(input->prog_flags & BPF_F_ANY_ALIGNMENT);
	v->invariants = input->prog_flags & BPF_F_TEST_REG_INVARIANTS;
	v->state_freq = input->prog_flags & BPF_F_TEST_STATE_FREQ;
	v->rules = input->rules;
	if (input->type == BPF_PROG_TYPE_EXT && input->target)
		become_part_of(v, input->target);
	v->insns = input->insns;
	v->insn_cnt = input->insn_cnt;
}

static int allocate(struct verifier *v)
{
	v->result->facts =
		arena_zalloc_array(&v->result->arena, v->insn_cnt, sizeof(*v->result->facts));
	v->result->costs =
		arena_zalloc_array(&v->result->arena, v->insn_cnt, sizeof(*v->result->costs));
	v->aux = arena_zalloc_array(&v->arena, v->insn_cnt, sizeof(*v->aux));
	v->explored = arena_zalloc_array(&v->arena, v->insn_cnt, sizeof(struct explored *));
	v->cur = arena_zalloc(&v->arena, sizeof(*v->cur));
	if (!v->result->facts || !v->result->costs || !v->aux || !v->explored || !v->cur)
		return -ENOMEM;
	if (!v->ptr_leaks) {
		v->result->masks = arena_zalloc_array(&v->result->arena, v->insn_cnt,
						      sizeof(*v->result->masks));
		if (!v->result->masks)
			return -ENOMEM;
	}
	facts_start(v);
	return 0;
}

static void cleanup(struct verifier *v)
{
	pending_free_all(v);
	explored_free_all(v);
	if (v->cur)
		state_free(v->mem, v->cur);
	vec_free(&v->trace, v->mem);
	vec_free(&v->linked, v->mem);
	arena_free(&v->arena);
}

/* A rejected program has no facts: nothing may be made from them. */
static void drop_facts(struct verifier *v)
{
	if (v->result->facts)
		memset(v->result->facts, 0, v->insn_cnt * sizeof(*v->result->facts));
}

int verify(const struct verify_input *input, struct verify_result *result)
{
	u64 start = os_clock_ns(CLOCK_MONOTONIC);
	struct verifier v;
	int err;

	init(&v, input, result);
	if (!v.insn_cnt) {
		(void)reject_program(&v, -EINVAL, "the program has no instructions");
		return 0;
	}
	err = allocate(&v);
	if (!err)
		err = run_passes(&v);
	if (!err)
		err = facts_finish(&v);
	else
		drop_facts(&v);
	result->time_ns = os_clock_ns(CLOCK_MONOTONIC) - start;
	result->insn_processed = v.insn_processed;
	result->peak_states = v.current_states;
	result->memory = v.meter.peak + result->arena.total;
	if (v.no_memory || (v.subprogs && save_subprogs(&v)))
		err = -ENOMEM;
	if (err != -ENOMEM)
		log_statistics(&v);
	cleanup(&v);
	if (err && !v.rejected && err != -ENOMEM)
		result->error = err;
	return err == -ENOMEM ? -ENOMEM : 0;
}

int verify_target(const struct verify_input *input, bool changes_packet)
{
	struct verify_result result = {0};
	struct verifier v;
	int err = -ENOMEM;

	init(&v, input, &result);
	v.subprogs = arena_zalloc(&v.arena, sizeof(*v.subprogs));
	if (v.subprogs) {
		v.subprog_cnt = 1;
		v.subprogs->changes_packet = changes_packet;
		err = check_attach_target(&v);
	}
	if (v.no_memory)
		err = -ENOMEM;
	cleanup(&v);
	verify_result_free(&result);
	return err;
}

void verify_result_free(struct verify_result *result)
{
	arena_free(&result->arena);
	memset(result, 0, sizeof(*result));
}
