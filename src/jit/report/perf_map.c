/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The map that perf looks for: `START SIZE name` in hexadecimal, a line per
 * function (tools/perf/Documentation/jit-interface.txt). Lines are only ever
 * added, also to what another compiler of the process wrote; perf takes the
 * last one that fits an address.
 */
#include <stdio.h>

#include "base/os.h"
#include "jit/report/report.h"

int perf_map_add(const struct prog *prog, const struct jit_image *image, void **own __unused,
		 struct err *err)
{
	char path[64], name[JIT_SYMBOL_MAX];
	struct buf out;
	int ret, fd;

	buf_init(&out, prog->obj.host->mem);
	for (u32 i = 0; i < image->func_cnt; i++) {
		const struct jit_func *func = &image->funcs[i];

		jit_symbol(prog, func->subprog, name);
		buf_printf(&out, "%lx %x %s\n",
			   (unsigned long)(uintptr_t)(image->code + func->start),
			   func->end - func->start, name);
	}
	ret = buf_error(&out);
	snprintf(path, sizeof(path), "/tmp/perf-%u.map", os_process_id());
	if (!ret) {
		fd = os_open_shared(path, false);
		/* One write, so that lines of several threads do not mix. */
		ret = fd < 0 ? fd : os_write(fd, out.data, out.len);
		if (fd >= 0)
			os_close(fd);
	}
	buf_free(&out);
	return ret ? err_set(err, ret, "%s: %s", path, strerror(-ret)) : 0;
}
