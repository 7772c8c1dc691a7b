#!/exhibit/busybox sh
# The first program of the virtual bench's machine, twice: in the first root it loads the modules and puts the real one
# together, in that one it starts the bench, or what /exhibit/main.sh makes of the machine. When it ends, so does the machine.
b=/exhibit/busybox

first_root() {
  $b mkdir -p /proc /sys /dev /station /written /root
  $b mount -t proc proc /proc
  $b mount -t sysfs sysfs /sys
  $b mount -t devtmpfs devtmpfs /dev
  while read -r file parameters; do
    # Unquoted: several parameters are several words.
    $b insmod /exhibit/modules/$file $parameters || echo "bench: $file can't be loaded"
  done </exhibit/modules/boot.list
  echo 'bench: modules are loaded'
  # The station's own files, read-only; what the bench writes stays in the machine's memory.
  $b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose station /station || return 1
  $b mount -t tmpfs tmpfs /written
  $b mkdir /written/upper /written/work
  $b mount -t overlay -o lowerdir=/station,upperdir=/written/upper,workdir=/written/work overlay /root || return 1
  for folder in proc sys dev; do
    $b mkdir -p /root/$folder
    $b mount --move /$folder /root/$folder
  done
  # switch_root removes every file of the first root: the program moves to a file system of its own before.
  echo 'bench: the root is there'
  $b mkdir -p /root/exhibit
  $b mount -t tmpfs tmpfs /root/exhibit
  $b cp -a /exhibit/. /init /root/exhibit/
  exec $b switch_root /root $b sh /exhibit/init again
}

second_root() {
  $b mount -t tmpfs tmpfs /run
  $b mkdir -p /run/tmp /run/home /dev/shm
  $b mount -t tmpfs tmpfs /dev/shm
  if [ -e /exhibit/main.sh ]; then . /exhibit/main.sh; else bench; fi
}

bench() {
  $b mount -t configfs configfs /sys/kernel/config
  cd /run/tmp
  echo 'bench: the agent starts'
  node=$($b sed 's/.*"node":"\([^"]*\)".*/\1/' /exhibit/bench.json)
  # Machine code is what costs most here, when it is made and when the emulator translates it: no optimizer.
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/run/home TMPDIR=/run/tmp \
    "$node" --no-opt --max-lazy --single-threaded-gc /exhibit/dist/test/bench/guest/main.js || echo "bench: the agent ended with $?"
}

if [ "$1" = again ]; then second_root; else first_root; fi
$b poweroff -f
