/* Count the primes below a number in every tenth of the way to it, in as many threads as there are. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

static int is_prime(long number)
{
	for (long factor = 2; factor * factor <= number; factor++)
		if (number % factor == 0)
			return 0;
	return number > 1;
}

int main(int argc, char **argv)
{
	long end = argc > 1 ? atol(argv[1]) : 1000, tenths[10] = {0};
	int threads = 0;
#pragma omp parallel
#pragma omp single
	threads = omp_get_num_threads();
#pragma omp parallel for schedule(dynamic, 100) reduction(+ : tenths[:10])
	for (long number = 0; number < end; number++)
		tenths[number * 10 / end] += is_prime(number);
	for (int i = 0; i < 10; i++)
		printf("%d %ld\n", i, tenths[i]);
	printf("%d threads\n", threads);
	return 0;
}
