#include "rule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double bell(double x) { return exp(-x * x / 2) / sqrt(2 * acos(-1)); }

int main(int argc, char **argv) {
  int steps = argc > 1 ? atoi(argv[1]) : 100;
  for (int i = 0; i <= 30; i++)
    printf("%.1f %.12f\n", i / 10.0, 0.5 + simpson(bell, 0, i / 10.0, steps));
  return 0;
}
