# nginx with two workers under wrk: no request fails, also across a reload.
# packages: nginx wrk curl
set -e
mkdir site; seq 3000 >site/index.html; chmod -R a+rX .
cat >nginx.conf <<conf
daemon off;
worker_processes 2;
pid $PWD/pid;
error_log $PWD/error.log notice;
thread_pool default threads=4;
events { worker_connections 512; }
http {
    access_log $PWD/access.log;
    client_body_temp_path $PWD/body; proxy_temp_path $PWD/proxy; fastcgi_temp_path $PWD/fastcgi;
    uwsgi_temp_path $PWD/uwsgi; scgi_temp_path $PWD/scgi;
    sendfile on;
    server {
        listen 127.0.0.1:$PORT;
        root $PWD/site;
        location /threads/ { alias $PWD/site/; aio threads; sendfile off; gzip on; gzip_types *; }
    }
}
conf
nginx -c "$PWD/nginx.conf" -p "$PWD" 2>start.log & server=$!
url=http://127.0.0.1:$PORT
curl -sS --retry 50 --retry-delay 0 --retry-connrefused --retry-max-time 20 -o /dev/null $url/ 2>/dev/null
# Only complaints are kept of what wrk prints: the rest are rates.
load() { wrk -t2 -c20 -d2s "$1" >report; grep -i 'error\|non-2xx' report || echo "no failed request"
    (($(grep -o '[0-9]* requests in' report | cut -d' ' -f1) > 100)) || cat report; }
load $url/
load $url/threads/index.html
wrk -t1 -c5 -d2s $url/ >report & wrk=$!
sleep 0.5; nginx -c "$PWD/nginx.conf" -p "$PWD" -s reload 2>/dev/null; wait $wrk
grep -i 'non-2xx' report || echo "no failed request across a reload"
curl -sS $url/ | sha256sum; curl -sS $url/nothing -o /dev/null -w '%{http_code}\n'
curl -sS --compressed $url/threads/index.html | sha256sum
nginx -c "$PWD/nginx.conf" -p "$PWD" -s quit 2>/dev/null; wait $server; echo "server ended with $?"
grep -c '\[\(alert\|emerg\|crit\|error\)\]' error.log || true
grep '\[\(alert\|emerg\|crit\)\]' error.log | sed 's/^[0-9/: ]*//' || true
