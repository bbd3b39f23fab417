# strace and gdb on an intercepted program, and its core dump.
# packages: strace gdb
# The debuggers themselves run bare: it is the program under them that is looked at.
preload=$LD_PRELOAD; unset LD_PRELOAD DEBUGINFOD_URLS
intercepted() { exec env ${preload:+LD_PRELOAD=$preload} "$@"; }

# strace -f: the calls that a program makes are those that it would make. (Of the start, most are the library's own.)
strace -ff -o trace -E LD_PRELOAD="$preload" bash -c '(cd /; pwd) | cat; kill -0 $$; exit 3'; echo "strace ended with $?"
grep -o 'write(1, "[^"]*"\|kill(.*SIG_0\|chdir([^)]*)\|kill([^)]*\|+++ exited.*' trace.* | sed 's/^[^:]*://; s/kill([0-9]*/kill(PID/' | sort

# gdb attaches to a program that waits in a system call and finds it where it is, with all that led there.
(intercepted blocked_in_pause) >ready & program=$!
for _ in $(seq 100); do grep -q ready ready && break; sleep 0.05; done
# gdb shows the innermost frame twice: when it stops, and in the backtrace. What the library adds between the call and libc
# while a result is observed is the one difference that is allowed.
backtrace() { grep '^#' | sed 's/^#[0-9]* *//; s/0x[0-9a-f]* in //; s/ (.*//' | grep -v syscall_intercept | uniq; }
gdb -batch -nx -p $program -ex bt 2>/dev/null | backtrace
# Attaching has interrupted the call; it goes on, until a signal ends it.
sleep 0.1; kill -TERM $program; wait $program; echo "ended with $?"

# A program started under gdb: a breakpoint on a function that is patched, finish, single steps across the system call.
gdb -batch -nx -ex 'set startup-with-shell off' ${preload:+-ex "set environment LD_PRELOAD $preload"} -ex 'break main' -ex run \
    -ex 'break pause' -ex continue -ex bt -ex 'handle SIGALRM nostop' --args "$(command -v blocked_in_pause)" 2>/dev/null >session
grep -o '^Breakpoint [12], ' session
backtrace <session

# A core dump, in which gdb finds the function that crashed.
if [[ $(cat /proc/sys/kernel/core_pattern) != core ]]; then
    echo "core dumps do not go to a file here: set /proc/sys/kernel/core_pattern to 'core'"; exit 1
fi
(intercepted odd_program crash) 2>/dev/null; echo "ended with $?"
gdb -batch -nx -ex bt "$(command -v odd_program)" core* 2>/dev/null | backtrace
