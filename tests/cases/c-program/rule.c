#include "rule.h"

double simpson(double (*f)(double), double from, double to, int steps) {
  double width = (to - from) / steps, sum = f(from) + f(to);
  for (int i = 1; i < steps; i++)
    sum += f(from + i * width) * (i % 2 ? 4 : 2);
  return sum * width / 3;
}
