# tar with xz on two threads and with gzip, there and back.
# packages: tar xz-utils gzip
set -e
mkdir tree
for i in $(seq 50); do seq "$i" "$((i * 200))" >"tree/file $i"; done
ln -s 'file 1' tree/link; ln 'tree/file 2' tree/hard; mkfifo tree/fifo; truncate -s 1M tree/sparse
touch -d @0 tree/* tree 2>/dev/null || true
tar --sort=name --owner=0 --group=0 --mtime=@0 --sparse -cf plain.tar tree
tar --sort=name --owner=0 --group=0 --mtime=@0 --sparse -I 'xz -T2 --block-size=100KiB -3' -cf archive.tar.xz tree
sha256sum plain.tar archive.tar.xz
xz -T2 -t archive.tar.xz
mkdir xz gz
tar -C xz -xf archive.tar.xz
gzip -nk9 plain.tar; tar -C gz -xzf plain.tar.gz; sha256sum plain.tar.gz
for copy in xz gz; do
    (cd "$copy" && find . | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
done
tar -tvf archive.tar.xz | wc -l
head -c 1000 archive.tar.xz >broken.xz; xz -T2 -t broken.xz || echo "status $?"
