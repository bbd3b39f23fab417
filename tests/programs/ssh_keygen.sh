# ssh-keygen: makes keys (which differ each time, so only their form is shown), signs and verifies.
# packages: openssh-client
set -e
for type in ed25519 ecdsa rsa; do
    ssh-keygen -q -t $type -N '' -C comment -f $type
    ssh-keygen -y -f $type >again; cut -d' ' -f1-2 again | cmp - <(cut -d' ' -f1-2 $type.pub) && echo "$type: same public key"
    echo text | ssh-keygen -q -Y sign -n file -f $type >signature 2>/dev/null
    echo text | ssh-keygen -Y check-novalidate -n file -s signature | sed 's/SHA256:.*/(fingerprint)/'
    echo other | ssh-keygen -Y check-novalidate -n file -s signature 2>&1 | sed 's/SHA256:.*/(fingerprint)/' || true
done
ssh-keygen -p -P '' -N secret -f ed25519 | tail -n 1
ssh-keygen -y -P wrong -f ed25519 || echo "status $?"
# The authentication agent: a server on a socket, and a program that finds it through its environment.
ssh-agent bash -c 'ssh-add -q rsa ecdsa 2>&1; ssh-add -l | wc -l'
