# curl against Python's HTTP server on the loopback: files, ranges, an upload that is refused, parallel transfers.
# packages: curl python3
set -e
mkdir site; seq 100000 >site/numbers; echo small >site/small
/usr/bin/python3 -u -m http.server --bind 127.0.0.1 --directory site "$PORT" >server.log 2>&1 &
server=$!
url=http://127.0.0.1:$PORT
curl -sS --retry 50 --retry-delay 0 --retry-connrefused --retry-max-time 20 -o /dev/null $url/small 2>/dev/null
curl -sS $url/numbers | sha256sum
curl -sS -D - -o /dev/null $url/small | grep -iv '^\(date\|last-modified\|server\):'
curl -sS $url/nothing -o /dev/null -w '%{http_code}\n'
curl -sS -T site/small $url/upload -o /dev/null -w '%{http_code}\n'
curl --no-progress-meter --parallel --parallel-max 10 $(for i in $(seq 20); do echo "-o out$i $url/numbers"; done)
sha256sum out* | cut -d' ' -f1 | sort | uniq -c
curl -sS --max-time 5 http://127.0.0.1:1/ || echo "status $?"
kill -TERM $server; wait $server || echo "server ended with $?"
sed 's/\[[^]]*\]/[date]/' server.log | sort | uniq -c | grep -v 'Serving\|/small HTTP/1.1" 200'
