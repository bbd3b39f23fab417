# git: a repository with history, branches, a rebase, a clone, gc and fsck.
# packages: git
set -e
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE='2020-01-02T03:04:05Z'
export GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@example.org GIT_COMMITTER_DATE='2020-01-02T03:04:05Z'
git config --global advice.detachedHead false
git init -q -b main origin
cd origin
for i in $(seq 5); do
    seq "$i" "$((i * 100))" >"file$i"; git add .; git commit -q -m "number $i"
done
git checkout -q -b side HEAD~2
seq 7 >side; git add .; git commit -q -m side
git rebase main 2>&1 | tail -n 1
git log --stat --format=fuller
git grep -c 10; git blame file2 | sha256sum
git gc --quiet; git fsck --strict 2>&1; git count-objects -v | grep -v size
cd ..
git clone -q origin copy 2>&1
git clone -q "file://$PWD/origin" over_a_pipe 2>&1
cd copy
git log --oneline --all; git status; git bundle create -q ../bundle HEAD; git bundle verify ../bundle 2>&1
git push -q origin HEAD:refs/heads/pushed 2>&1; git -C ../origin rev-parse pushed
git archive HEAD | sha256sum
