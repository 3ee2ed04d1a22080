/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ANYBPF_BENCH_PACKETS_H
#define ANYBPF_BENCH_PACKETS_H

#include "programs/native.h"

/* Fills PACKET_SIZE bytes, with the same every time. */
void packet_fill(enum bench_packet kind, u8 *data);

#endif
