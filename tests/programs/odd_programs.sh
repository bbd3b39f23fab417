# Closing every descriptor, small limits, chroot and setuid, seccomp, timers that interrupt everything, wild pointers.
# packages: util-linux
# each: close_all limits privileges seccomp_strict signals_return signals_jump wild_pointers
odd_program "$1"
echo "status $?"
