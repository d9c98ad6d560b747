"""Which package installed a file: one package manager is one module and one row in the table."""
