/* Preloaded into User Mode Linux: see preload.go. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/ptrace.h>

#define NT_X86_XSTATE 0x202

static long (*next)(int, int, void *, void *);

__attribute__((constructor)) static void find(void)
{
	next = dlsym(RTLD_NEXT, "ptrace");
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list rest;
	va_start(rest, request);
	int pid = va_arg(rest, int);
	void *addr = va_arg(rest, void *);
	void *data = va_arg(rest, void *);
	va_end(rest);

	if (request == PTRACE_GETREGSET && addr == (void *)NT_X86_XSTATE) {
		errno = EIO;
		return -1;
	}
	return next(request, pid, addr, data);
}
