/* Integrate 4 / (1 + x^2): each rank a share; the shares go to one file, the sum to another. */
#include <mpi.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double share(int rank, int ranks, int steps)
{
	double sum = 0;
	for (int i = rank; i < steps; i += ranks) {
		double x = (i + 0.5) / steps;
		sum += 4 / (1 + x * x) / steps;
	}
	return sum;
}

/* A message that is too long to go at once: it passes through shared memory. */
static void exchange(int rank, int ranks)
{
	enum { LENGTH = 1 << 20 };
	static double out[LENGTH], in[LENGTH];
	out[LENGTH - 1] = rank;
	MPI_Sendrecv(out, LENGTH, MPI_DOUBLE, (rank + 1) % ranks, 0, in, LENGTH, MPI_DOUBLE,
		     (rank + ranks - 1) % ranks, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	if (in[LENGTH - 1] != (rank + ranks - 1) % ranks)
		MPI_Abort(MPI_COMM_WORLD, 3);
}

int main(int argc, char **argv)
{
	int rank, ranks, steps = argc > 1 ? atoi(argv[1]) : 1000;
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	exchange(rank, ranks);
	double mine = share(rank, ranks, steps), pi;
	MPI_Reduce(&mine, &pi, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);

	MPI_File file;
	MPI_File_open(MPI_COMM_WORLD, "shares", MPI_MODE_CREATE | MPI_MODE_WRONLY, MPI_INFO_NULL, &file);
	MPI_File_write_at_all(file, rank * (MPI_Offset)sizeof(mine), &mine, 1, MPI_DOUBLE, MPI_STATUS_IGNORE);
	MPI_File_close(&file);
	if (rank == 0) {
		FILE *text = fopen("pi.txt", "w");
		fprintf(text, "%d ranks: %.12f (%.1e off)\n", ranks, pi, fabs(pi - M_PI));
		fclose(text);
		printf("%d ranks agree\n", ranks);
	}
	MPI_Finalize();
	return 0;
}
