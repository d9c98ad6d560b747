/* Count digits of a file in threads that are made by clone(2) and waited for by futex(2) alone. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 6, STACK = 1 << 16 };

static const char *text;
static long size;
static long counts[10];
static int lock;
static int alive[THREADS];

static void take(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &lock, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
}

static void give(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	syscall(SYS_futex, &lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static int count(void *number)
{
	for (long i = (long)number; i < size; i += THREADS) {
		if (text[i] < '0' || text[i] > '9')
			continue;
		take();
		counts[text[i] - '0']++;
		give();
	}
	syscall(SYS_exit, 0); /* of this thread only */
	return 0;
}

static void start(long number)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	alive[number] = 1;
	clone(count, stack + STACK, flags, (void *)number, NULL, NULL, &alive[number]);
}

int main(int argc, char **argv)
{
	int in = open("constants.txt", O_RDONLY);
	struct stat status;
	if (in < 0 || fstat(in, &status) != 0 || argc != 2)
		return 2;
	size = status.st_size;
	text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, in, 0);
	for (long i = 0; i < THREADS; i++)
		start(i);
	for (int i = 0; i < THREADS; i++) /* the kernel clears it and wakes us; it isn't private */
		while (__atomic_load_n(&alive[i], __ATOMIC_ACQUIRE))
			syscall(SYS_futex, &alive[i], FUTEX_WAIT, 1, NULL, NULL, 0);
	int out = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
	for (int i = 0; i < 10; i++)
		dprintf(out, "%d %ld\n", i, counts[i]);
	dprintf(1, "%ld bytes\n", size);
	return 0;
}
