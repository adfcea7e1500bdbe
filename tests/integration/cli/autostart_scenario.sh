# Two clients find no daemon, at once; then a daemon that cannot start. Run in a mount and network
# namespace of its own: what it mounts and makes is gone with it. $1 is the interpreter.
set -eu
ip link set lo up
for directory in /run /var/lib /var/log; do mount -t tmpfs tmpfs "$directory"; done
mkdir /run/upper /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc
unset SAMPAN_HOST DOCKER_HOST

"$1" -m sampan.cli.main version --format '{{.Server.Os}}' >/run/first 2>/run/first.err &
first=$!
"$1" -m sampan.cli.main version --format '{{.Server.Os}}' >/run/second 2>/run/second.err
wait "$first"
echo "answers: $(cat /run/first) $(cat /run/second)"
echo "started: $(grep -c msg=ready /var/log/sampan/sampand.log)"
daemon=$(cat /run/sampan/sampand.pid)
echo "session of its own: $([ "$(ps -o sid= -p "$daemon" | tr -d ' ')" = "$daemon" ] && echo yes)"
kill "$daemon"
while kill -0 "$daemon" 2>/dev/null; do sleep 0.05; done
"$1" -m sampan.daemon.main --teardown --log-level error

mkdir /etc/sampan
echo '{"nonsense": 1}' >/etc/sampan/daemon.json
code=0
"$1" -m sampan.cli.main ps 2>/run/refused || code=$?
echo "refused: $code"
cat /run/refused
