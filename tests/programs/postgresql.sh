# PostgreSQL: initdb, pgbench, a backend killed with SIGKILL and the recovery from that.
# packages: postgresql postgresql-client
# timeout: 240
set -e
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
chmod a+rx .; mkdir data run
# The server refuses to run as root.
as=()
if [[ $(id -u) == 0 ]]; then
    chown postgres data run; as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
export PGHOST=$PWD/run PGDATABASE=postgres PGUSER=postgres HOME=$PWD/run
"${as[@]}" "$bin/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync | grep -c '^creating\|^selecting\|ok$'
"${as[@]}" "$bin/postgres" -D data -c listen_addresses= -c unix_socket_directories="$PWD/run" -c fsync=off \
    -c max_parallel_workers_per_gather=2 -c min_parallel_table_scan_size=0 -c parallel_setup_cost=0 >server.log 2>&1 &
server=$!
ready() {
    for _ in $(seq 200); do psql -Atc 'select 1' >/dev/null 2>&1 && return; sleep 0.1; done
    echo "PostgreSQL does not answer"; cat server.log; exit 1
}
ready
pgbench -q -i -s 1 2>/dev/null
pgbench -n -c 4 -j 2 -t 200 2>&1 | grep '^number of\|failed\|error'
pgbench -n -S -M prepared -c 4 -j 4 -t 500 2>&1 | grep '^number of\|failed\|error'
# What pgbench adds to one table it adds to all.
psql -At <<'sql'
select count(*) from pgbench_history;
select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history);
select count(*), sum(aid), avg(aid)::text from pgbench_accounts;
create table t as select n, md5(n::text) m, sqrt(n) s from generate_series(1, 20000) n; create index on t (m);
select count(distinct m), sum(s)::numeric(20, 6) from t; vacuum full t; select pg_stat_file('PG_VERSION') is not null;
select 1 / 0;
select pg_sleep(0.1);
sql
# A crash of one backend: the postmaster stops all others and recovers.
psql -Atc 'select pg_sleep(60)' >/dev/null 2>&1 & client=$!
for _ in $(seq 100); do
    backend=$(psql -Atc "select pid from pg_stat_activity where query like 'select pg_sleep(60)%' and pid <> pg_backend_pid()")
    [[ -n $backend ]] && break; sleep 0.1
done
kill -KILL "$backend"; wait $client || echo "client ended with $?"
ready
psql -Atc 'select count(*) from t; select count(*) from pgbench_history'
kill -INT $server; wait $server; echo "server ended with $?"
# Times and process ids are in every line; what matters is what was said.
grep -o 'PANIC:.*\|FATAL:.*\|was terminated by signal.*\|all server processes terminated.*\|database system is shut down' server.log |
    grep -v 'starting up\|recovery mode\|not yet accepting' | sort | uniq -c
