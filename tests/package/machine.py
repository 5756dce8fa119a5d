# SPDX-License-Identifier: Apache-2.0
"""A Debian machine of its own: debootstrap'ed, booted by its own systemd, without a network.

It lives in namespaces (mount, process, network, host name, System V, control group) below a scratch directory and
ends with the test. Nothing of it is simulated but the hardware: units are started, confined, watched and stopped by
systemd, packages installed by apt. Needs root.
"""

import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from harness import until  # noqa: E402

BUILD = ROOT / "build" / "package"
SUITE = "bookworm"
ENVIRONMENT = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb", "LANG=C.UTF-8",
               "DEBIAN_FRONTEND=noninteractive"]

# The first process of the machine's namespaces becomes its systemd. Of the kernel's settings, which are those of the
# host, it may change none; of the host's devices it sees those that every program may have.
BOOT = r"""
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount --make-rshared "$root"
hostname machine
exec chroot "$root" env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
    --unit=multi-user.target --show-status=no --log-target=journal
"""


def run(arguments, **more):
    """Run a program to its end and return what it said; fail, with that, when it fails."""
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **more)
    assert done.returncode == 0, f"{shlex.join(map(str, arguments))}\n{done.stdout[-6000:]}"
    return done.stdout


@contextlib.contextmanager
def once(what):
    """Several processes run the tests: one makes it, the others wait. Yields where a note is, which who came first has left."""
    BUILD.mkdir(parents=True, exist_ok=True)
    note = BUILD / f"{what}.{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for old in set(BUILD.glob(f"{what}.*")) - {note}:
            old.unlink()
        yield note


def package(version=None):
    """Build the package of this tree, or one that says it is another version; the path of the .deb."""
    with once(f"made-{version}") as note:
        if not note.exists():
            said = run([str(ROOT / "deploy" / "package"), *(["--version", version] if version else [])])
            note.write_text(said.splitlines()[-1])
        return Path(note.read_text())


def base(deb):
    """A minimal root to copy, with what `deb` depends on downloaded; made once, and kept in build/package."""
    with once("base") as note:
        if not note.exists():
            make_base(deb)
            note.touch()
    return BUILD / "base"


def make_base(deb):
    root = BUILD / "base"
    complete = root / ".complete"
    if not complete.exists():
        shutil.rmtree(root, ignore_errors=True)
        run(["debootstrap", "--variant=minbase", "--include=systemd", SUITE, str(root), "http://deb.debian.org/debian"])
        complete.touch()
    shutil.copy(deb, root / "root" / deb.name)
    download = ["chroot", str(root), *ENVIRONMENT, "apt-get", "install", "-y", "--no-install-recommends",
                "--download-only", f"/root/{deb.name}"]
    if subprocess.run(download, capture_output=True).returncode != 0:  # another version of something is there by now
        run(["chroot", str(root), *ENVIRONMENT, "apt-get", "update"])
        run(download)
    (root / "root" / deb.name).unlink()


class Machine:
    def __init__(self, root):
        self.scratch = Path(tempfile.mkdtemp(prefix="tocsin-machine."))
        self.root = self.scratch / "root"
        self.cgroups = self.scratch / "cgroup"
        self.cgroups.mkdir()
        self.cgroup = self.cgroups / self.scratch.name
        run(["cp", "-a", "--reflink=auto", str(root), str(self.root)])
        self.host = None
        self.others = []

    def boot(self):
        # Its control groups are below one of its own: the group that the first process is in when it unshares.
        run(["mount", "-t", "cgroup2", "cgroup2", str(self.cgroups)])
        self.cgroup.mkdir()
        self.log = open(self.scratch / "boot.log", "wb")
        self.host = subprocess.Popen(
            ["bash", "-ec", f"echo $$ > {self.cgroup}/cgroup.procs; exec unshare --mount --pid --net --uts --ipc --cgroup "
             "--fork --kill-child bash -ec \"$@\"", "boot", BOOT, "boot", str(self.root)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        until(self.first, "the machine's first process", context=self.said)
        until(lambda: self.does("systemctl is-system-running")[1].strip() in ("running", "degraded"),
              "the machine to be up", 60, self.said)
        return self

    def said(self):
        return "\n" + (self.scratch / "boot.log").read_text(errors="replace")[-4000:]

    def first(self):
        """The number on the host of the machine's first process."""
        children = Path(f"/proc/{self.host.pid}/task/{self.host.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def enter(self, command, only_network=False):
        """The arguments that run a shell command in the machine, or a program of the host on its network."""
        name = ["nsenter", "--target", str(self.first()), "--net"]
        if only_network:
            return [*name, *command]
        return [*name, "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd", *ENVIRONMENT, "bash", "-c",
                command]

    def does(self, command):
        """Run a shell command in the machine: (exit code, output)."""
        done = subprocess.run(self.enter(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        return done.returncode, done.stdout

    def must(self, command):
        code, said = self.does(command)
        assert code == 0, f"{command}: exit code {code}\n{said[-6000:]}"
        return said

    def shows(self, name, unit="tocsin"):
        return self.must(f"systemctl show -P {name} {unit}").strip()

    def keeps(self, arguments, name):
        """Start something that runs beside; it ends with the machine."""
        log = self.scratch / f"{name}.log"
        with open(log, "wb") as out:
            self.others.append(subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out,
                                                stderr=subprocess.STDOUT))
        return log

    def install(self, deb):
        shutil.copy(deb, self.root / "root" / deb.name)
        return self.must(f"apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io "
                         f"/root/{deb.name}")

    def close(self):
        for other in self.others:
            other.kill()
            other.wait()
        if self.host is not None:
            first = self.first()
            if first is not None:
                os.kill(first, signal.SIGKILL)
            self.host.wait()
            self.log.close()
        if self.cgroup.exists():
            until(lambda: subprocess.run(["find", str(self.cgroup), "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"],
                                         capture_output=True).returncode == 0, "the machine's control groups to be free")
        subprocess.run(["umount", str(self.cgroups)], check=False)
        shutil.rmtree(self.scratch, ignore_errors=True)
