/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic BPF: the check that Linux makes before it takes a filter. All jumps
 * go forward, so one pass in program order sees every predecessor first.
 */
#include <errno.h>
#include <string.h>

#include "isa/cbpf.h"

#define ALU_X_K(op) [BPF_ALU | (op) | BPF_K] = true, [BPF_ALU | (op) | BPF_X] = true
#define JMP_X_K(op) [BPF_JMP | (op) | BPF_K] = true, [BPF_JMP | (op) | BPF_X] = true

static bool code_known(u16 code)
{
	static const bool known[256] = {
		ALU_X_K(BPF_ADD),
		ALU_X_K(BPF_SUB),
		ALU_X_K(BPF_MUL),
		ALU_X_K(BPF_DIV),
		ALU_X_K(BPF_MOD),
		ALU_X_K(BPF_AND),
		ALU_X_K(BPF_OR),
		ALU_X_K(BPF_XOR),
		ALU_X_K(BPF_LSH),
		ALU_X_K(BPF_RSH),
		[BPF_ALU | BPF_NEG] = true,
		[BPF_LD | BPF_W | BPF_ABS] = true,
		[BPF_LD | BPF_H | BPF_ABS] = true,
		[BPF_LD | BPF_B | BPF_ABS] = true,
		[BPF_LD | BPF_W | BPF_IND] = true,
		[BPF_LD | BPF_H | BPF_IND] = true,
		[BPF_LD | BPF_B | BPF_IND] = true,
		[BPF_LD | BPF_W | BPF_LEN] = true,
		[BPF_LD | BPF_IMM] = true,
		[BPF_LD | BPF_MEM] = true,
		[BPF_LDX | BPF_W | BPF_LEN] = true,
		[BPF_LDX | BPF_B | BPF_MSH] = true,
		[BPF_LDX | BPF_IMM] = true,
		[BPF_LDX | BPF_MEM] = true,
		[BPF_ST] = true,
		[BPF_STX] = true,
		[BPF_MISC | BPF_TAX] = true,
		[BPF_MISC | BPF_TXA] = true,
		[BPF_RET | BPF_K] = true,
		[BPF_RET | BPF_A] = true,
		[BPF_JMP | BPF_JA] = true,
		JMP_X_K(BPF_JEQ),
		JMP_X_K(BPF_JGE),
		JMP_X_K(BPF_JGT),
		JMP_X_K(BPF_JSET),
	};

	return code < ARRAY_SIZE(known) && known[code];
}

static bool is_ret(const struct sock_filter *f)
{
	return f->code == (BPF_RET | BPF_K) || f->code == (BPF_RET | BPF_A);
}

static bool is_scratch_load(const struct sock_filter *f)
{
	return f->code == (BPF_LD | BPF_MEM) || f->code == (BPF_LDX | BPF_MEM);
}

static bool is_scratch_store(const struct sock_filter *f)
{
	return f->code == BPF_ST || f->code == BPF_STX;
}

static bool is_known_ancillary(u32 k)
{
	u32 kind = k - (u32)SKF_AD_OFF;

	return kind < SKF_AD_MAX && kind % 4 == 0;
}

/* What is wrong with the operands of instruction @pc, or NULL. */
static const char *check_operands(const struct sock_filter *f, u32 pc, u32 len)
{
	if (f->code == (BPF_ALU | BPF_DIV | BPF_K) || f->code == (BPF_ALU | BPF_MOD | BPF_K))
		return f->k ? NULL : "division by zero";
	if (f->code == (BPF_ALU | BPF_LSH | BPF_K) || f->code == (BPF_ALU | BPF_RSH | BPF_K))
		return f->k < 32 ? NULL : "shift by 32 or more";
	if (is_scratch_load(f) || is_scratch_store(f))
		return f->k < BPF_MEMWORDS ? NULL : "scratch memory has 16 words";
	if (f->code == (BPF_JMP | BPF_JA))
		return f->k < len - pc - 1 ? NULL : "jump out of range";
	if (BPF_CLASS(f->code) == BPF_JMP)
		return pc + f->jt + 1 < len && pc + f->jf + 1 < len ? NULL : "jump out of range";
	if (BPF_CLASS(f->code) == BPF_LD && BPF_MODE(f->code) == BPF_ABS)
		return f->k < (u32)SKF_AD_OFF || is_known_ancillary(f->k)
			       ? NULL
			       : "unknown ancillary load";
	return NULL;
}

/*
 * Scratch words are written before they are read on every path. @written has,
 * for each instruction, the words that all paths to it found so far have
 * written; where no path leads, all of them.
 */
static bool check_scratch(const struct sock_filter *filter, u32 len, u16 *written, u32 *bad)
{
	memset(written, 0xff, len * sizeof(*written));
	written[0] = 0;
	for (u32 pc = 0; pc < len; pc++) {
		const struct sock_filter *f = &filter[pc];
		u16 now = written[pc];

		if (is_scratch_load(f) && !(now & BIT(f->k))) {
			*bad = pc;
			return false;
		}
		if (is_scratch_store(f))
			now |= (u16)BIT(f->k);
		if (f->code == (BPF_JMP | BPF_JA)) {
			written[pc + 1 + f->k] &= now;
		} else if (BPF_CLASS(f->code) == BPF_JMP) {
			written[pc + 1 + f->jt] &= now;
			written[pc + 1 + f->jf] &= now;
		} else if (pc + 1 < len) {
			written[pc + 1] &= now;
		}
	}
	return true;
}

int cbpf_check(const struct mem *mem, const struct sock_filter *filter, u32 len, struct err *err)
{
	u16 *written;
	u32 bad;
	bool ok;

	if (len == 0 || len > BPF_MAXINSNS)
		return err_set(err, -EINVAL, "a filter has 1 to %d instructions", BPF_MAXINSNS);
	for (u32 pc = 0; pc < len; pc++) {
		const char *why;

		if (!code_known(filter[pc].code))
			return err_set(err, -EINVAL, "instruction %u: unknown code 0x%02x", pc,
				       filter[pc].code);
		why = check_operands(&filter[pc], pc, len);
		if (why)
			return err_set(err, -EINVAL, "instruction %u: %s", pc, why);
	}
	if (!is_ret(&filter[len - 1]))
		return err_set(err, -EINVAL, "the last instruction is no return");

	mem = mem ? mem : &mem_libc;
	written = mem_zalloc_array(mem, len, sizeof(*written));
	if (!written)
		return err_set(err, -ENOMEM, "out of memory");
	ok = check_scratch(filter, len, written, &bad);
	mem_free(mem, written);
	if (!ok)
		return err_set(err, -EINVAL,
			       "instruction %u: reads a scratch word that may not be written", bad);
	return 0;
}
