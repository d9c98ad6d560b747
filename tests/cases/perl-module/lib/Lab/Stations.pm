package Lab::Stations;

use strict;
use warnings;
use Exporter 'import';
use List::Util qw(sum0 max);

our @EXPORT_OK = qw(by_station);

# The mean and the greatest value of each station.
sub by_station {
    my %values;
    push @{ $values{ $_->{station} } }, $_->{value} for @_;
    return map { $_ => { mean => sum0(@{ $values{$_} }) / @{ $values{$_} }, max => max(@{ $values{$_} }) } }
        keys %values;
}

1;
