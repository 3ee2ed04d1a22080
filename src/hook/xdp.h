/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of XDP share. */
#ifndef ANYBPF_HOOK_XDP_H
#define ANYBPF_HOOK_XDP_H

#include "hook/internal.h"
#include "object/packet.h"

/* Linux keeps its struct xdp_frame at the start of the head room. */
#define XDP_FRAME_SIZE 40u

int xdp_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);

#endif
