# Threads by the hundred, 10 000 forks, clones of every kind; nothing of them stays behind.
# timeout: 200
set -e
threads_and_forks 10000 10000
# A fork bomb that ends: each process makes two, seven generations deep.
bomb() { if (($1 > 0)); then bomb $(($1 - 1)) & bomb $(($1 - 1)) & wait; else echo leaf; fi; }
bomb 7 | sort | uniq -c
