# sqlite3: write-ahead log, two processes that contend for a lock, a rollback, an integrity check.
# packages: sqlite3
set -e
sqlite3 database 'pragma journal_mode = wal; create table numbers (n integer primary key, square integer);'
for worker in 1 2; do
    for i in $(seq 20); do
        echo ".timeout 60000
        insert into numbers values ($worker * 1000 + $i, $i * $i);"
    done | sqlite3 database &
done
wait
sqlite3 database <<'sql'
with recursive c(x) as (select 1 union all select x + 1 from c where x < 900) insert into numbers select x, x * x from c;
select count(*), sum(square) from numbers; select * from numbers where n % 100 = 0;
create index by_square on numbers (square); begin; delete from numbers where n > 500; rollback;
pragma mmap_size = 1000000; select avg(square), total(n) / 3.0, sqrt(2), printf('%.17g', 1.0 / 3) from numbers;
pragma integrity_check;
sql
sqlite3 database 'select * from nowhere' || echo "status $?"
sqlite3 database .dump | sha256sum
sqlite3 database vacuum 'pragma wal_checkpoint(truncate)'
