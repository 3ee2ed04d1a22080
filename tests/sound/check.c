/* SPDX-License-Identifier: BSD-2-Clause */
/* The checks of an execution, instruction by instruction. */
#include "sound/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isa/isa.h"
#include "object/packet.h"

static __printf(2, 3) void violation(struct check *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, args);
	va_end(args);
	longjmp(c->leave, 1);
}

/* ---- memory ---- */

static bool inside(u64 addr, u64 size, u64 base, u64 end)
{
	return addr >= base && addr <= end && size <= end - addr;
}

/* The frame whose stack the bytes are in, or NULL. */
static struct check_frame *stack_frame(struct check *c, u64 addr, u64 size)
{
	for (u32 i = 0; i < c->depth; i++) {
		struct check_frame *f = &c->frames[i];
		u64 top = f->regs[BPF_REG_FP];

		if (inside(addr, size, top - c->prog->subprogs[f->subprog].stack_depth, top))
			return f;
	}
	return NULL;
}

static bool on_stack(struct check *c, u64 addr, u64 size, bool write)
{
	struct check_frame *f = stack_frame(c, addr, size);

	for (u64 n = 0; f && n < size; n++) {
		u8 *ready = &f->ready[f->regs[BPF_REG_FP] - 1 - addr - n];

		if (write)
			*ready = READY_NUMBER;
		else if (*ready == READY_NOT || (*ready == READY_ADDRESS && size != 8))
			c->unready = true;
	}
	return f;
}

static bool in_packet(const struct check *c, u64 addr, u64 size)
{
	if (!c->rules->packet_read)
		return false;
	if (c->prog->type == BPF_PROG_TYPE_XDP) {
		const struct xdp_buff *xdp = c->ctx;

		return inside(addr, size, ptr_to_u64(xdp->data_meta), ptr_to_u64(xdp->data_end));
	} else {
		const struct sk_buff *skb = c->ctx;

		return inside(addr, size, ptr_to_u64(skb->data_meta), ptr_to_u64(skb->data_end));
	}
}

static bool in_region(const struct check *c, u64 addr, u64 size, bool write)
{
	for (u32 i = 0; i < c->region_cnt; i++) {
		const struct check_region *r = &c->regions[i];

		if (inside(addr, size, r->base, r->base + r->size))
			return !write || !r->rdonly;
	}
	return false;
}

/* Pointers move, before and beyond what they may reach. */
#define AROUND 4096
#define SPAN   65536 /* what is further away is something else */

static bool around(u64 value, u64 base, u64 end)
{
	return inside(value, 0, base - AROUND, end + AROUND);
}

/* What the host chose: the kernel, or another host, has it elsewhere. */
static bool is_address(const struct check *c, u64 value)
{
	if (around(value, ptr_to_u64(c->ctx), ptr_to_u64(c->ctx) + c->ctx_size))
		return true;
	for (u32 i = 0; i < c->depth; i++) {
		u64 top = c->frames[i].regs[BPF_REG_FP];

		if (around(value, top - MAX_BPF_STACK, top))
			return true;
	}
	for (u32 i = 0; i < c->region_cnt; i++) {
		const struct check_region *r = &c->regions[i];

		if (around(value, r->base, r->base + r->size))
			return true;
	}
	if (c->prog->type == BPF_PROG_TYPE_XDP) {
		const struct xdp_buff *xdp = c->ctx;

		return around(value, ptr_to_u64(xdp->data_meta), ptr_to_u64(xdp->data_end));
	} else {
		const struct sk_buff *skb = c->ctx;

		return around(value, ptr_to_u64(skb->data_meta), ptr_to_u64(skb->data_end));
	}
}

static void note_spill(struct check *c, u64 addr, u32 size, u64 value)
{
	if (!is_address(c, value))
		return;
	if (size != 8 || !on_stack(c, addr, 8, true))
		c->unready = true;
	for (u32 i = 0; i < c->depth; i++) {
		struct check_frame *f = &c->frames[i];
		u64 top = f->regs[BPF_REG_FP];

		if (inside(addr, 8, top - MAX_BPF_STACK, top))
			memset(&f->ready[top - addr - 8], READY_ADDRESS, 8);
	}
}

static bool in_context(const struct check *c, u64 addr, u64 size, bool write)
{
	u64 off = addr - ptr_to_u64(c->ctx);

	if (addr < ptr_to_u64(c->ctx) || off >= c->ctx_size)
		return false;
	for (u32 i = 0; i < c->rules->field_cnt; i++) {
		const struct ctx_field *f = &c->rules->fields[i];
		/* A narrow host field has zeros beside it. */
		u64 len = (u64)(f->host_size < 4 ? 4 : f->host_size) * (f->size / f->elem);

		if (inside(off, size, f->host_off, f->host_off + len))
			return f->flags & (write ? CTX_WRITE : CTX_READ);
	}
	return false;
}

static void add_region(struct check *c, u64 base, u32 size, bool rdonly, bool record)
{
	for (u32 i = 0; i < c->region_cnt; i++) {
		if (c->regions[i].base == base && c->regions[i].size == size)
			return;
	}
	if (c->region_cnt < CHECK_REGIONS)
		c->regions[c->region_cnt++] = (struct check_region){base, size, rdonly, record};
}

static void may_access(struct check *c, u32 at, u64 addr, u64 size, bool write, const char *what)
{
	if (!size || on_stack(c, addr, size, write) || in_packet(c, addr, size) ||
	    in_region(c, addr, size, write))
		return;
	violation(c, "insn %u: %s of %llu bytes at %#llx, frame pointer %#llx", at, what,
		  (unsigned long long)size, (unsigned long long)addr,
		  (unsigned long long)c->frames[c->depth - 1].regs[BPF_REG_FP]);
}

/* Memory is of the kind that the fact says; of mixed kinds and of a helper's it may be any. */
static void check_kind(struct check *c, u32 at, u64 addr, u32 size)
{
	bool right = true;

	switch (c->facts[at].mem) {
	case MEM_STACK:
		right = stack_frame(c, addr, size);
		break;
	case MEM_PACKET:
		right = in_packet(c, addr, size);
		break;
	case MEM_MAP_VALUE:
		right = in_region(c, addr, size, false);
		break;
	default:
		break;
	}
	if (!right)
		violation(c, "insn %u: %#llx is not memory of kind %u", at,
			  (unsigned long long)addr, c->facts[at].mem);
}

static void check_access(struct check *c, u32 at, const u64 *regs)
{
	const struct bpf_insn *insn = &c->prog->insns[at];
	bool load = BPF_CLASS(insn->code) == BPF_LDX;
	bool atomic = BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC;
	u64 addr = regs[load ? insn->src_reg : insn->dst_reg] + (u64)(s64)insn->off;
	u32 size = isa_access_size(insn);

	switch (c->facts[at].mem) {
	case MEM_SOCK:
	case MEM_TCP_SOCK:
	case MEM_XDP_SOCK:
	case MEM_BTF:
		return;
	case MEM_NONE:
		violation(c, "insn %u: an access without fact", at);
		return;
	case MEM_CTX:
		if (!in_context(c, addr, size, !load))
			violation(c, "insn %u: context at %lld", at,
				  (long long)(addr - ptr_to_u64(c->ctx)));
		return;
	default:
		check_kind(c, at, addr, size);
		if (atomic)
			may_access(c, at, addr, size, false, "atomic load");
		may_access(c, at, addr, size, !load, load ? "load" : "store");
		if (BPF_CLASS(insn->code) == BPF_STX)
			note_spill(c, addr, size, regs[insn->src_reg]);
	}
}

/* ---- helpers ---- */

static const struct map *map_arg(struct check *c, u32 at, u64 value)
{
	for (u32 i = 0; i < c->prog->map_cnt; i++) {
		if (ptr_to_u64(c->prog->maps[i]) == value)
			return c->prog->maps[i];
	}
	violation(c, "insn %u: %#llx is no map", at, (unsigned long long)value);
	return NULL;
}

static void check_record(struct check *c, u32 at, u64 value)
{
	for (u32 i = 0; i < c->region_cnt; i++) {
		if (c->regions[i].record && c->regions[i].base == value) {
			c->regions[i] = c->regions[--c->region_cnt];
			return;
		}
	}
	violation(c, "insn %u: %#llx is no record", at, (unsigned long long)value);
}

static void check_memory(struct check *c, u32 at, const struct helper_proto *proto, u32 i,
			 const u64 *regs)
{
	u32 kind = proto->arg[i];
	u64 size = kind & MEM_FIXED_SIZE ? proto->arg_size[i] : regs[i + 2];
	bool write = kind & (MEM_WRITE | MEM_UNINIT);

	if (!(kind & MEM_FIXED_SIZE) && ARG_BASE(proto->arg[i + 1]) == ARG_CONST_SIZE && !size)
		violation(c, "insn %u: argument %u: memory of 0 bytes", at, i + 1);
	if (!regs[i + 1] && kind & PTR_MAYBE_NULL)
		return;
	may_access(c, at, regs[i + 1], size, write, write ? "write by helper" : "read by helper");
}

static void check_arg(struct check *c, u32 at, const struct helper_proto *proto, u32 i,
		      const u64 *regs, const struct map **map)
{
	u32 kind = proto->arg[i];
	u64 value = regs[i + 1];

	if (!value && kind & PTR_MAYBE_NULL)
		return;
	switch (ARG_BASE(kind)) {
	case ARG_CONST_MAP_PTR:
		*map = map_arg(c, at, value);
		break;
	case ARG_PTR_TO_MAP_KEY:
		may_access(c, at, value, (*map)->desc.key_size, false, "key");
		break;
	case ARG_PTR_TO_MAP_VALUE:
		may_access(c, at, value, (*map)->desc.value_size, kind & MEM_UNINIT, "value");
		break;
	case ARG_PTR_TO_MEM:
		check_memory(c, at, proto, i, regs);
		break;
	case ARG_PTR_TO_CTX:
		if (value != ptr_to_u64(c->ctx))
			violation(c, "insn %u: argument %u is not the context", at, i + 1);
		break;
	case ARG_PTR_TO_RINGBUF_MEM:
		check_record(c, at, value);
		break;
	case ARG_PTR_TO_CONST_STR:
		may_access(c, at, value, 1, false, "text");
		break;
	case ARG_PTR_TO_FUNC:
		if (value < ptr_to_u64(c->prog->subprogs) ||
		    value >= ptr_to_u64(c->prog->subprogs + c->prog->subprog_cnt))
			violation(c, "insn %u: argument %u is no subprogram", at, i + 1);
		break;
	default:
		break;
	}
}

static void check_call(struct check *c, u32 at, struct check_frame *f, const u64 *regs)
{
	const struct bpf_insn *insn = &c->prog->insns[at];
	const struct insn_fact *fact = &c->facts[at];
	const struct map *map = NULL;

	if (insn->src_reg)
		return;
	for (u32 i = 0; i < 5; i++)
		check_arg(c, at, &helper_protos[insn->imm], i, regs, &map);
	if (map && fact->map != FACT_NO_MAP &&
	    (fact->map >= c->prog->map_cnt || c->prog->maps[fact->map] != map))
		violation(c, "insn %u: the map is not number %u", at, fact->map);
	if (fact->flags & FACT_INLINE && regs[BPF_REG_4])
		violation(c, "insn %u: a loop with flags", at);
	if (map && map->desc.map_flags & BPF_F_RDONLY_PROG &&
	    (helper_protos[insn->imm].id == BPF_FUNC_map_update_elem ||
	     helper_protos[insn->imm].id == BPF_FUNC_map_delete_elem))
		violation(c, "insn %u: a read-only map is changed", at);
	f->map = ptr_to_u64(map);
	f->size = regs[2];
}

static void after_call(struct check *c, u32 at, const struct check_frame *f, u64 *regs)
{
	const struct bpf_insn *insn = &c->prog->insns[at];
	const struct helper_proto *proto = &helper_protos[insn->imm];
	const struct map *map = u64_to_ptr(f->map);

	for (u32 r = 1; r < 6; r++)
		regs[r] = c->poison * r;
	if (insn->src_reg || !regs[0])
		return;
	if (ARG_BASE(proto->ret) == RET_PTR_TO_MAP_VALUE)
		add_region(c, regs[0], map->desc.value_size,
			   map->desc.map_flags & BPF_F_RDONLY_PROG, false);
	if (ARG_BASE(proto->ret) == RET_PTR_TO_MEM)
		add_region(c, regs[0], (u32)f->size, false, true);
}

/* ---- what an instruction has done ---- */

/* The register with the result, or -1. */
static int result_of(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
	case BPF_LDX:
		return insn->dst_reg;
	case BPF_LD:
		return isa_is_wide(insn) ? insn->dst_reg : BPF_REG_0;
	case BPF_STX:
		if (BPF_MODE(insn->code) != BPF_ATOMIC || !(insn->imm & BPF_FETCH))
			return -1;
		return insn->imm == BPF_CMPXCHG ? BPF_REG_0 : insn->src_reg;
	case BPF_JMP:
		return isa_is_helper_call(insn) ? BPF_REG_0 : -1;
	default:
		return -1;
	}
}

static void check_result(struct check *c, struct check_frame *f, u32 next, u64 *regs)
{
	const struct bpf_insn *insn = &c->prog->insns[f->at];
	const struct insn_fact *fact = &c->facts[f->at];
	int reg = result_of(insn);
	u32 taken = next == f->at + 1 ? FACT_NOT_TAKEN : FACT_TAKEN;

	if (reg >= 0 && (regs[reg] < fact->umin || regs[reg] > fact->umax))
		violation(c, "insn %u: result %#llx, not in %#llx to %#llx", f->at,
			  (unsigned long long)regs[reg], (unsigned long long)fact->umin,
			  (unsigned long long)fact->umax);
	if (isa_row(insn) && isa_row(insn)->kind == ISA_KIND_IF && insn->off &&
	    !(fact->flags & taken))
		violation(c, "insn %u: a jump that is never %staken", f->at,
			  taken == FACT_TAKEN ? "" : "not ");
	if (isa_is_call(insn))
		after_call(c, f->at, f, regs);
}

/* ---- frames ---- */

static void enter(struct check *c, const struct prog *prog, u32 at, u64 *regs)
{
	const struct check_frame *outer = c->depth ? &c->frames[c->depth - 1] : NULL;
	struct check_frame *f;

	if (c->depth == CHECK_FRAMES)
		violation(c, "insn %u: too many frames", at);
	f = &c->frames[c->depth++];
	memset(f, 0, sizeof(*f));
	f->regs = regs;
	f->subprog = prog->subprog_of_insn[at];
	if (at != prog->subprogs[f->subprog].start)
		violation(c, "insn %u: a frame that does not begin at its start", at);
	regs[0] = c->poison;
	for (u32 r = outer ? 6 : 2; r < 10; r++)
		regs[r] = c->poison * r;
	if (outer && isa_is_helper_call(&prog->insns[outer->at]) &&
	    helper_protos[prog->insns[outer->at].imm].id == BPF_FUNC_for_each_map_elem) {
		const struct map *map = u64_to_ptr(outer->map);

		add_region(c, regs[2], map->desc.key_size, true, false);
		add_region(c, regs[3], map->desc.value_size,
			   map->desc.map_flags & BPF_F_RDONLY_PROG, false);
	}
}

/* An address compared with a number, or with one of something else: where are they? */
static void check_compared(struct check *c, const struct bpf_insn *insn, const u64 *regs)
{
	bool reg = BPF_SRC(insn->code) == BPF_X;
	u64 a = regs[insn->dst_reg], b = reg ? regs[insn->src_reg] : (u64)(s64)insn->imm;
	bool a_is = is_address(c, a), b_is = reg && is_address(c, b);

	if (!isa_row(insn) || isa_row(insn)->kind != ISA_KIND_IF)
		return;
	if (a_is && b_is)
		c->unready |= !inside(a, 0, b - SPAN, b + SPAN);
	else if ((a_is && b) || (b_is && a))
		c->unready = true;
}

/* Any arithmetic but the moving of a pointer makes a number of it. */
static void check_operands(struct check *c, const struct bpf_insn *insn, const u64 *regs)
{
	u8 op = BPF_OP(insn->code);
	bool moves = BPF_CLASS(insn->code) == BPF_ALU64 && !insn->off &&
		     (op == BPF_ADD || op == BPF_SUB || op == BPF_MOV);
	bool reg = BPF_SRC(insn->code) == BPF_X && op != BPF_END;
	bool dst = op != BPF_MOV && is_address(c, regs[insn->dst_reg]);

	if (!moves && (dst || (reg && is_address(c, regs[insn->src_reg]))))
		c->unready = true;
}

static void before_insn(void *arg, struct run *run __unused, const struct prog *prog, u32 at,
			u64 *regs)
{
	struct check *c = arg;
	const struct bpf_insn *insn = &prog->insns[at];
	struct check_frame *f;

	if (++c->steps > CHECK_STEPS) {
		c->stopped = true;
		longjmp(c->leave, 1);
	}
	if (at >= prog->insn_cnt || !(c->facts[at].flags & FACT_SEEN))
		violation(c, "insn %u: it cannot be reached", at);
	if (!c->depth || c->frames[c->depth - 1].regs != regs)
		enter(c, prog, at, regs);
	f = &c->frames[c->depth - 1];
	if (f->ran)
		check_result(c, f, at, regs);
	f->at = at;
	f->ran = true;
	switch (BPF_CLASS(insn->code)) {
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		check_access(c, at, regs);
		break;
	case BPF_JMP:
		if (isa_is_call(insn))
			check_call(c, at, f, regs);
		else if (isa_is_exit(insn))
			c->depth--;
		else
			check_compared(c, insn, regs);
		break;
	case BPF_JMP32:
		check_compared(c, insn, regs);
		break;
	case BPF_ALU:
	case BPF_ALU64:
		check_operands(c, insn, regs);
		break;
	default:
		break;
	}
}

static void add_direct_values(struct check *c)
{
	for (u32 i = 0; i < c->prog->map_cnt; i++) {
		struct map *map = c->prog->maps[i];
		void *addr;

		if (map->ops->direct_value && !map->ops->direct_value(map, 0, &addr))
			add_region(c, ptr_to_u64(addr), map->desc.value_size,
				   map->desc.map_flags & BPF_F_RDONLY_PROG, false);
	}
}

u64 check_run(struct check *c, struct run *run, const struct prog *prog,
	      const struct prog_rules *rules, const struct insn_fact *facts, void *ctx,
	      u32 ctx_size)
{
	const struct interp_tracer tracer = {before_insn, c};
	const struct run outer = *run;
	u64 r0;

	c->prog = prog;
	c->rules = rules;
	c->facts = facts;
	c->ctx = ctx;
	c->ctx_size = ctx_size;
	c->depth = c->region_cnt = 0;
	c->steps = 0;
	c->unready = c->stopped = false;
	c->text[0] = 0;
	add_direct_values(c);
	run->prog = prog;
	run->ctx = ctx;
	run->tail_calls = 0;
	if (setjmp(c->leave)) {
		*run = outer;
		return 0;
	}
	r0 = interp_run_traced(run, prog->subprogs, ptr_to_u64(ctx), &tracer);
	for (u32 i = 0; i < c->region_cnt; i++) {
		if (c->regions[i].record)
			snprintf(c->text, sizeof(c->text), "a record of the ring buffer is left");
	}
	return r0;
}
