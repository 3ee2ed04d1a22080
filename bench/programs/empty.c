/* SPDX-License-Identifier: BSD-2-Clause */
/* What running a program costs that does nothing: taken off from what BPF_PROG_TEST_RUN says. */
#include "bench.h"

BENCH(empty, PACKET_BYTES, "nothing")
{
	return 2;
}
