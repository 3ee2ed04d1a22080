/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captured programs (tests/capture.h) of every type, with their BTF, maps and
 * records, loaded into a host that only verifies, with a kernel's BTF where the
 * machine has one or ANYBPF_VMLINUX names it. Nothing may crash, leak or hang; a
 * rejection of a program has words.
 *
 * The mutator knows what an instruction is and which numbers in a capture
 * decide on a verdict; without a seed it has nothing to change.
 */
#include <errno.h>
#include <string.h>

#include "capture.h"
#include "fuzz.h"

#define LOG_SIZE    (1u << 16)
#define MACHINE_BTF "/sys/kernel/btf/vmlinux"

const unsigned int fuzz_smoke_rounds = 300;

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static u32 below(u64 *state, u32 n)
{
	return (u32)(next_random(state) % n);
}

/* ---- mutating ---- */

static s32 some_number(u64 *state)
{
	static const s32 numbers[] = {0,   1,	 -1,	    2,	       4,	  7,
				      8,   16,	 64,	    255,       256,	  511,
				      512, 4096, INT16_MAX, INT16_MIN, INT32_MAX, INT32_MIN};

	return below(state, 3) ? numbers[below(state, ARRAY_SIZE(numbers))]
			       : (s32)next_random(state);
}

static const u8 codes[] = {
	BPF_ALU64 | BPF_MOV | BPF_K, BPF_ALU64 | BPF_MOV | BPF_X, BPF_ALU64 | BPF_ADD | BPF_K,
	BPF_ALU64 | BPF_ADD | BPF_X, BPF_ALU64 | BPF_AND | BPF_K, BPF_ALU64 | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MOV | BPF_X,   BPF_ALU | BPF_ADD | BPF_X,	  BPF_ALU64 | BPF_RSH | BPF_K,
	BPF_JMP | BPF_JEQ | BPF_K,   BPF_JMP | BPF_JNE | BPF_K,	  BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JSLT | BPF_K,  BPF_JMP32 | BPF_JLT | BPF_K, BPF_JMP | BPF_JA,
	BPF_JMP | BPF_EXIT,	     BPF_JMP | BPF_CALL,	  BPF_LDX | BPF_MEM | BPF_DW,
	BPF_LDX | BPF_MEM | BPF_B,   BPF_STX | BPF_MEM | BPF_DW,  BPF_STX | BPF_MEM | BPF_W,
	BPF_ST | BPF_MEM | BPF_DW,   BPF_ST | BPF_MEM | BPF_H,	  BPF_STX | BPF_ATOMIC | BPF_DW,
	BPF_LDX | BPF_MEMSX | BPF_W, BPF_JMP | BPF_JCOND,
};

static void mutate_insn(struct bpf_insn *insns, u32 cnt, u64 *state)
{
	u32 i = below(state, cnt);
	struct bpf_insn *insn = &insns[i], *other = &insns[below(state, cnt)];
	struct bpf_insn copy = *insn;

	switch (below(state, 12)) {
	case 0:
		insn->imm = (s32)((u32)insn->imm + below(state, 17) - 8);
		break;
	case 1:
		insn->imm = some_number(state);
		break;
	case 2:
		insn->off = (s16)(insn->off + (s32)below(state, 33) - 16);
		break;
	case 3:
		insn->off = (s16)some_number(state);
		break;
	case 4:
		insn->dst_reg = below(state, 11) & 0xf;
		break;
	case 5:
		insn->src_reg = below(state, 11) & 0xf;
		break;
	case 6:
		insn->code = codes[below(state, ARRAY_SIZE(codes))];
		break;
	case 7:
		insn->code ^= (u8)(1u << below(state, 8));
		break;
	case 8:
		*insn = *other;
		break;
	case 9:
		*insn = *other;
		*other = copy;
		break;
	case 10: /* a call of another helper, or of a kernel function nearby */
		if (insn->code == (BPF_JMP | BPF_CALL))
			insn->imm = below(state, 2) ? (s32)below(state, 212)
						    : (s32)((u32)insn->imm + below(state, 5) - 2);
		break;
	default: /* nothing instead */
		*insn = (struct bpf_insn){.code = BPF_JMP | BPF_JA};
		break;
	}
}

static void mutate_head(u8 *data, u64 *state)
{
	struct capture_head *head = (struct capture_head *)(void *)data;

	switch (below(state, 5)) {
	case 0:
		head->type = below(state, 34);
		break;
	case 1:
		head->attach_type = below(state, 60);
		break;
	case 2:
		head->attach_btf_id += below(state, 65) - 32;
		break;
	case 3:
		head->flags ^= 1u << below(state, 8);
		break;
	default:
		head->gpl ^= 1;
		break;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	u64 state = seed | 1ull << 40;
	struct bpf_insn *insns;
	u32 cnt = capture_insns(data, size, &insns);

	if (!cnt || !below(&state, 32)) {
		if (LLVMFuzzerMutate)
			return LLVMFuzzerMutate(data, size, max_size);
		if (size)
			data[below(&state, (u32)size)] ^= (u8)(1u << below(&state, 8));
		return size;
	}
	if (!below(&state, 8))
		mutate_head(data, &state);
	else
		for (u32 n = 1 + below(&state, 3); n; n--)
			mutate_insn(insns, cnt, &state);
	return size;
}

/* ---- loading ---- */

static struct engine *new_engine(void)
{
	const char *vmlinux = getenv("ANYBPF_VMLINUX");
	struct host_options opts;
	struct engine *engine;
	struct host *host;

	host_options_init(&opts);
	opts.verify_only = true;
	opts.vmlinux = vmlinux ? vmlinux : MACHINE_BTF;
	if (host_new(&opts, &host) || engine_user_new(host, &engine))
		abort();
	return engine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Reading the kernel's BTF takes longer than a verification: one host for all. */
	static struct engine *engine;
	char *log = malloc(LOG_SIZE);
	int fd;

	if (!log)
		abort();
	if (!engine)
		engine = new_engine();
	log[0] = 0;
	fd = capture_load(engine, data, size, log, LOG_SIZE);
	if (fd >= 0)
		engine->ops->close(engine, fd);
	handle_close_all(engine_user_host(engine));
	free(log);
	return 0;
}
