# Pipes, substitutions, traps and job control of bash.
# packages: bash
seq 1000 | sort -r | head -n 7 | tr '\n' ' '; echo
for i in $(seq 20); do (exit "$i") & wait $! || echo -n "$? "; done; echo
trap 'echo trapped' USR1
kill -USR1 $$
(kill -TERM $BASHPID; echo "not here"); echo "$?"
diff <(echo a) <(echo b)
yes | head -n 3; echo "${PIPESTATUS[@]}"
coproc cat
echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
exec {COPROC[1]}>&-
wait

# Job control: a process group of its own, a sleeping job that is stopped and goes on.
set -m
sleep 1 & job=$!
# bash learns of both by SIGCHLD, a little later: `wait` before that would find the job as it was.
becomes() { for _ in $(seq 100); do [[ -n $(jobs "$1") ]] && return; sleep 0.02; done; echo "the job never became $1"; }
kill -STOP $job; becomes -s; jobs -s | grep -o Stopped
kill -CONT $job; becomes -r; wait $job; echo "job ended with $?"
set +m

# wait -n, a trap on EXIT in a subshell, here-documents, a pipe that nobody reads (SIGPIPE).
for i in 1 2 3; do (sleep 0.0$i; exit $i) & done
wait -n; wait; echo waited
(trap 'echo goodbye' EXIT; cat <<here
$(echo nested $(echo deeper))
here
)
timeout 0.2 sleep 10; echo "timeout: $?"
read -r -t 0.1 nothing < <(sleep 0.3) || echo "read timed out: $(($? > 128))"
ulimit -n 64; ulimit -n
(exit 42); echo "status $?"
