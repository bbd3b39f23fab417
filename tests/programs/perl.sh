# Perl: children, signals, sockets, sorting, a death by signal.
# packages: perl
perl -e '
    use strict; use warnings; use Socket; use POSIX ":sys_wait_h"; $| = 1;
    my @children = map { my $n = $_; open(my $pipe, "-|") // die or do { print $n ** 3, "\n"; exit }; $pipe } 1 .. 10;
    print map { my $pipe = $_; <$pipe> } @children;
    close $_ for @children;
    socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die;
    if (fork == 0) { syswrite $b, "from the child"; exit 3 }
    sysread $a, my $text, 100; wait; print "$text, ", $? >> 8, "\n";
    eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; select undef, undef, undef, 30; }; print $@;
    $SIG{CHLD} = sub { 1 while waitpid(-1, WNOHANG) > 0; };
    for (1 .. 20) { fork // die or exit 0 } select undef, undef, undef, 0.2;
    while ((my $pid = waitpid -1, 0) > 0) {}
    my %seen; $seen{$_ % 7}++ for 1 .. 100000; print join(" ", map { "$_=$seen{$_}" } sort keys %seen), "\n";
    printf "%.15g %.15g\n", exp(1), atan2(1, 1) * 4; print `echo backticks; exit 5`, $? >> 8, "\n";
    kill 9, $$;'
echo "perl ended with $?"
