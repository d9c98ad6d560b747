double simpson(double (*f)(double), double from, double to, int steps);
