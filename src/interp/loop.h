/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interpreter's loop, a template: interp.c includes it once with LOOP as
 * the plain function's name and TRACE() empty, once for the traced one.
 * Threaded dispatch: each instruction jumps to the next one's code by itself.
 */

#define DST	  regs[insn->dst_reg]
#define SRC	  regs[insn->src_reg]
#define IMM	  ((u64)(s64)insn->imm)
#define ADDR(reg) u64_to_ptr((reg) + (u64)(s64)insn->off)
/* Whatever the register holds, this is in the arena's window or the guards around it. */
#define ARENA(reg) u64_to_ptr(prog->arena + (u32)(reg) + (u64)(s64)insn->off)

#define DISPATCH()                                                                                 \
	do {                                                                                       \
		TRACE();                                                                           \
		goto *labels[insn->code];                                                          \
	} while (0)
#define NEXT()                                                                                     \
	do {                                                                                       \
		insn++;                                                                            \
		DISPATCH();                                                                        \
	} while (0)

/* clang-format off */

/* One operation in both widths with both kinds of operand; a and b are the operands. */
#define ALU(name, expr64, expr32)                                                                  \
	alu64_##name##_x: { u64 a = DST, b = SRC; DST = (u64)(expr64); NEXT(); }                   \
	alu64_##name##_k: { u64 a = DST, b = IMM; DST = (u64)(expr64); NEXT(); }                   \
	alu32_##name##_x: { u32 a = (u32)DST, b = (u32)SRC; DST = (u32)(expr32); NEXT(); }         \
	alu32_##name##_k: { u32 a = (u32)DST, b = (u32)IMM; DST = (u32)(expr32); NEXT(); }

/* Jumps back pay for the way that is gone once more. */
#define GO(by)                                                                                     \
	do {                                                                                       \
		s32 off = (by);                                                                    \
                                                                                                   \
		insn += off;                                                                       \
		if (off < 0 && pay(run, (u32)-off))                                                \
			return 0;                                                                  \
	} while (0)

#define JUMP_IF(cond)                                                                              \
	do {                                                                                       \
		if (cond)                                                                          \
			GO(insn->off);                                                             \
		NEXT();                                                                            \
	} while (0)
/* One comparison of values of type u or s, 64 or 32 wide. */
#define JUMP(name, kind, op)                                                                       \
	jmp64_##name##_x: JUMP_IF((kind##64)DST op (kind##64)SRC);                                 \
	jmp64_##name##_k: JUMP_IF((kind##64)DST op (kind##64)IMM);                                 \
	jmp32_##name##_x: JUMP_IF((kind##32)DST op (kind##32)SRC);                                 \
	jmp32_##name##_k: JUMP_IF((kind##32)DST op (kind##32)IMM);

/* Loads of one size; ext is the type that gives the register its upper bits. */
#define LOAD(label, bits, ext)                                                                     \
	label: DST = (u64)(ext)program_load##bits(ADDR(SRC)); NEXT();
#define PROBE(label, bits, ext, at)                                                                 \
	label: {                                                                                   \
		u##bits v;                                                                         \
                                                                                                   \
		if (fault_read(&v, at, sizeof(v)))                                                 \
			v = 0;                                                                     \
		DST = (u64)(ext)v;                                                                 \
		NEXT();                                                                            \
	}
#define STORE(suffix, bits)                                                                        \
	store_##suffix: program_store##bits(ADDR(DST), (u##bits)IMM); NEXT();                              \
	storex_##suffix: program_store##bits(ADDR(DST), (u##bits)SRC); NEXT();

#define ARENA_STORE(suffix, bits)                                                                  \
	arena_store_##suffix: {                                                                    \
		u##bits v = (u##bits)IMM;                                                          \
                                                                                                   \
		fault_write(ARENA(DST), &v, sizeof(v));                                            \
		NEXT();                                                                            \
	}                                                                                          \
	arena_storex_##suffix: {                                                                   \
		u##bits v = (u##bits)SRC;                                                          \
                                                                                                   \
		fault_write(ARENA(DST), &v, sizeof(v));                                            \
		NEXT();                                                                            \
	}

#define LEGACY(suffix, size)                                                                       \
	abs_##suffix: legacy = legacy_load(run, insn->imm, size); goto legacy_done;                \
	ind_##suffix: legacy = legacy_load(run, (s32)(SRC + IMM), size); goto legacy_done;

/* Races between programs are theirs; machine code is not watched either. */
__attribute__((no_sanitize("thread"))) static u64
LOOP(struct run *run, const struct subprog *fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	static const void *const labels[256] = {
#define OP(opcode, label) [opcode] = &&label,
#include "interp/ops.def"
#undef OP
	};
	_Alignas(16) u8 stack[MAX_BPF_STACK];
	u64 regs[MAX_BPF_REG] = {0, r1, r2, r3, r4, r5};
	const struct bpf_insn *insn;
	const struct prog *prog;
	u32 loops_left;
	s64 legacy;

	regs[BPF_REG_FP] = ptr_to_u64(stack + sizeof(stack));
enter:
	prog = fn->prog;
	run->prog = prog;
	insn = prog->insns + fn->start;
	loops_left = BPF_MAX_LOOPS;
	if (pay(run, fn->end - fn->start))
		return 0;
	DISPATCH();

	ALU(add, a + b, a + b)
	ALU(sub, a - b, a - b)
	ALU(mul, a * b, a * b)
	ALU(or, a | b, a | b)
	ALU(and, a & b, a & b)
	ALU(xor, a ^ b, a ^ b)
	ALU(lsh, a << (b & 63), a << (b & 31))
	ALU(rsh, a >> (b & 63), a >> (b & 31))
	ALU(arsh, (s64)a >> (b & 63), (s32)a >> (b & 31))
	ALU(div, div64(a, b, insn->off), div32(a, b, insn->off))
	ALU(mod, mod64(a, b, insn->off), mod32(a, b, insn->off))

	alu64_mov_x: DST = move_sx(SRC, insn->off); NEXT();
	alu64_mov_k: DST = IMM; NEXT();
	alu32_mov_x: DST = (u32)move_sx(SRC, insn->off); NEXT();
	alu32_mov_k: DST = (u32)IMM; NEXT();
	alu64_neg: DST = 0 - DST; NEXT();
	alu32_neg: DST = (u32)(0 - DST); NEXT();
	to_le: DST = to_order(DST, insn->imm, false); NEXT();
	to_be: DST = to_order(DST, insn->imm, true); NEXT();
	swap: DST = swap_bytes(DST, insn->imm); NEXT();

	JUMP(jeq, u, ==)
	JUMP(jne, u, !=)
	JUMP(jgt, u, >)
	JUMP(jge, u, >=)
	JUMP(jlt, u, <)
	JUMP(jle, u, <=)
	JUMP(jset, u, &)
	JUMP(jsgt, s, >)
	JUMP(jsge, s, >=)
	JUMP(jslt, s, <)
	JUMP(jsle, s, <=)
	ja: JUMP_IF(true);
	gotol: GO(insn->imm); NEXT();
	may_goto:
		if (!loops_left)
			GO(insn->off);
		else
			loops_left--;
		NEXT();

	wide_load:
		DST = (u32)insn[0].imm | (u64)(u32)insn[1].imm << 32;
		insn++;
		NEXT();
	LOAD(load_b, 8, u8)
	LOAD(load_h, 16, u16)
	LOAD(load_w, 32, u32)
	LOAD(load_dw, 64, u64)
	LOAD(loadsx_b, 8, s8)
	LOAD(loadsx_h, 16, s16)
	LOAD(loadsx_w, 32, s32)
	PROBE(probe_b, 8, u8, ADDR(SRC))
	PROBE(probe_h, 16, u16, ADDR(SRC))
	PROBE(probe_w, 32, u32, ADDR(SRC))
	PROBE(probe_dw, 64, u64, ADDR(SRC))
	PROBE(probesx_b, 8, s8, ADDR(SRC))
	PROBE(probesx_h, 16, s16, ADDR(SRC))
	PROBE(probesx_w, 32, s32, ADDR(SRC))
	STORE(b, 8)
	STORE(h, 16)
	STORE(w, 32)
	STORE(dw, 64)
	atomic_w: atomic_op32(regs, insn, ADDR(DST)); NEXT();
	atomic_dw: atomic_op64(regs, insn, ADDR(DST)); NEXT();

	PROBE(arena_load_b, 8, u8, ARENA(SRC))
	PROBE(arena_load_h, 16, u16, ARENA(SRC))
	PROBE(arena_load_w, 32, u32, ARENA(SRC))
	PROBE(arena_load_dw, 64, u64, ARENA(SRC))
	ARENA_STORE(b, 8)
	ARENA_STORE(h, 16)
	ARENA_STORE(w, 32)
	ARENA_STORE(dw, 64)
	arena_atomic_w: arena_atomic(regs, insn, ARENA(DST), 4); NEXT();
	arena_atomic_dw: arena_atomic(regs, insn, ARENA(DST), 8); NEXT();
	arena_user: DST = (u32)SRC ? prog->arena_user | (u32)SRC : 0; NEXT();

	LEGACY(b, 1)
	LEGACY(h, 2)
	LEGACY(w, 4)
	legacy_done:
		if (legacy < 0)
			return 0;
		regs[BPF_REG_0] = (u64)legacy;
		NEXT();

	call:
		if (insn->src_reg == BPF_PSEUDO_CALL) {
			const struct subprog *callee = callee_of(prog, insn);
			struct trampoline *t = atomic_load_explicit(&callee->trampoline,
								    memory_order_relaxed);

			regs[BPF_REG_0] = unlikely(t) ? t->call(run, callee, regs[1], regs[2],
								regs[3], regs[4], regs[5])
						      : LOOP(run, callee, regs[1], regs[2],
							     regs[3], regs[4], regs[5]);
			run->prog = prog; /* it may have left by a tail call */
		} else if (unlikely(insn->src_reg == BPF_PSEUDO_KFUNC_CALL)) {
			regs[BPF_REG_0] = call_kfunc(run, &prog->kfunc_calls[insn->imm], regs);
		} else {
			regs[BPF_REG_0] = helper_protos[insn->imm].fn(regs[1], regs[2], regs[3],
								      regs[4], regs[5], run);
		}
		if (unlikely(run->budget.stopped))
			return 0;
		NEXT();
	tail_call:
		fn = tail_target(run, u64_to_ptr(regs[2]), (u32)regs[3]);
		if (fn)
			goto enter;
		NEXT();
	leave:
		return regs[BPF_REG_0];
}

/* clang-format on */

#undef DST
#undef SRC
#undef IMM
#undef ADDR
#undef ARENA
#undef DISPATCH
#undef NEXT
#undef ALU
#undef GO
#undef JUMP_IF
#undef JUMP
#undef LOAD
#undef PROBE
#undef STORE
#undef ARENA_STORE
#undef LEGACY
