# redis-server under redis-benchmark, then killed with SIGKILL and restarted from its append-only file.
# packages: redis-server redis-tools
set -e
serve() {
    redis-server --port "$PORT" --bind 127.0.0.1 --dir "$PWD" --appendonly yes --appendfsync always --save '' \
        --io-threads 2 --logfile log --daemonize no &
    server=$!
    # While it reads the file it answers LOADING.
    for _ in $(seq 200); do [[ $(redis "ping" 2>/dev/null) == PONG ]] && return; sleep 0.05; done
    echo "redis-server does not answer"; tail log; exit 1
}
redis() { redis-cli -p "$PORT" "$@"; }
serve
# Rates differ from run to run; what is left is one line a test, and errors.
redis-benchmark -p "$PORT" -q -n 5000 -c 20 -r 1000 -t set,get,incr,lpush,rpop,sadd,zadd,mset 2>&1 | tr '\r' '\n' |
    sed -n 's/: [0-9.]* requests per second.*//p' | grep -v 'rps=' | sort -u
redis-benchmark -p "$PORT" -q -n 5000 -c 20 -P 16 --threads 2 -t set,get 2>&1 | tr '\r' '\n' |
    sed -n 's/: [0-9.]* requests per second.*//p' | sort -u
redis flushall
for i in $(seq 2000); do echo "set key$i value$i"; echo "rpush list $i"; done | redis >/dev/null
redis debug digest-value list; redis dbsize
# Forks: a snapshot and a rewrite of the append-only file.
redis save; redis bgrewriteaof
for _ in $(seq 200); do [[ $(redis info persistence) == *aof_rewrite_in_progress:0* ]] && break; sleep 0.05; done
redis info persistence | grep -o 'aof_last_bgrewrite_status:[a-z]*'
for i in $(seq 500); do echo "set more$i value$i"; done | redis >/dev/null
kill -KILL $server; wait $server || echo "server ended with $?"
serve
redis dbsize; redis get key1999; redis get more500; redis llen list
redis info clients | grep -c connected_clients
redis shutdown nosave; wait $server; echo "server ended with $?"
