/* SPDX-License-Identifier: BSD-2-Clause */
/* A small machine that runs bytecode: a switch in a loop, registers in memory. */
#include "bench.h"

#define STEPS 128
#define CODE  512 /* bytes, each may be jumped to */

enum op {
	ADD,
	SUB,
	XOR,
	SHIFT,
	LOAD,
	MULTIPLY,
	INVERT,
	MOVE,
};

BENCH(machine, PACKET_BYTES, "128 steps of bytecode with 8 registers")
{
	__u8 *code = ctx_data(ctx), *end = ctx_data_end(ctx);
	__u64 regs[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	__u32 pc;

	if (code + 1 > end)
		return 0;
	pc = *code; /* where it starts */
	for (int i = 0; i < STEPS; i++) {
		__u8 *p = code + (pc & (CODE - 1));
		__u32 to, from;

		if (p + 3 > end)
			break;
		to = p[1] & 7;
		from = p[1] >> 3 & 7;
		switch (p[0] & 7) {
		case ADD:
			regs[to] += regs[from];
			break;
		case SUB:
			regs[to] -= regs[from];
			break;
		case XOR:
			regs[to] ^= regs[from];
			break;
		case SHIFT:
			regs[to] <<= p[2] & 31;
			break;
		case LOAD:
			regs[to] = p[2];
			break;
		case MULTIPLY:
			regs[to] *= p[2] | 1;
			break;
		case INVERT:
			if (regs[from] & 1)
				regs[to] = ~regs[to];
			break;
		case MOVE:
			regs[to] = regs[from];
			break;
		}
		pc += 2;
	}
	return (int)fold(regs[0] ^ regs[1] ^ regs[2] ^ regs[3] ^ regs[4] ^ regs[5] ^ regs[6] ^
			 regs[7]);
}
