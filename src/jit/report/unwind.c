/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the process's own unwinder, as backtrace(), C++ exceptions and some
 * profilers use it: frames by __register_frame(). That is the compiler's
 * run-time library's, which only programs of other languages need; where
 * nobody has loaded it, there is nobody to tell. A library that takes single
 * functions by that name (LLVM's libunwind) has another for sections.
 *
 * Nobody is told who does not ask for it: libgcc before version 13 looks
 * through all that is registered, under a lock, for each exception.
 */
#include <errno.h>

#include "base/os.h"
#include "jit/report/eh_frame.h"
#include "jit/report/report.h"

/* The C library's own way to it, where nobody has linked it. Weak: the library needs nothing but
 * libc. */
extern void __register_frame(const void *section) __attribute__((weak));
extern void __deregister_frame(const void *section) __attribute__((weak));
extern void __unw_add_dynamic_eh_frame_section(uintptr_t section) __attribute__((weak));
extern void __unw_remove_dynamic_eh_frame_section(uintptr_t section) __attribute__((weak));

typedef void (*frame_fn)(const void *section);

/* libgcc_s may come with the first backtrace(), where no name of this library is bound to it. */
static bool call_runtime(frame_fn linked, const char *name, const void *section)
{
	frame_fn fn = linked ? linked : (frame_fn)os_unwinder_function(name);

	if (fn)
		fn(section);
	return fn;
}

static bool tell(const void *section)
{
	if (__unw_add_dynamic_eh_frame_section && __unw_remove_dynamic_eh_frame_section)
		__unw_add_dynamic_eh_frame_section((uintptr_t)section);
	else
		return call_runtime(__register_frame, "__register_frame", section);
	return true;
}

int unwind_add(const struct prog *prog, const struct jit_image *image, void **own, struct err *err)
{
	const struct eh_frame frame = {
		.target = jit_native,
		.frames = image->frames,
		.frame_cnt = image->frame_cnt,
		.code = ptr_to_u64(image->code),
	};
	struct buf section;

	buf_init(&section, prog->obj.host->mem);
	eh_frame_put(&section, &frame, image->funcs, image->func_cnt);
	if (buf_error(&section)) {
		buf_free(&section);
		return err_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	}
	if (!tell(section.data)) {
		buf_free(&section);
		return err_set(err, -EOPNOTSUPP, "no unwinder is loaded (libgcc_s)");
	}
	*own = buf_take(&section);
	return 0;
}

void unwind_remove(const struct prog *prog, void *own)
{
	if (__unw_remove_dynamic_eh_frame_section)
		__unw_remove_dynamic_eh_frame_section((uintptr_t)own);
	else
		call_runtime(__deregister_frame, "__deregister_frame", own);
	mem_free(prog->obj.host->mem, own);
}
