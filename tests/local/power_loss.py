"""Losing power: the system calls of a writer are recorded, and the disk is made again as any loss of power may have left it.

A file keeps what was synced; of the writes since, any pages may be there. Names of files are taken to be kept in their order, as
a journal keeps them. SQLite's shared memory is no file: it is made anew.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGE = 4096
CALLS = "openat,creat,write,pwrite64,ftruncate,fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,lseek"

WRITER = """
import json, os, random, sys
import catalog
from catalog import S3Connection

root, steps = sys.argv[1], random.Random(int(sys.argv[2]))
connection = S3Connection(db_key="x.blt", endpoint_url=f"file://{root}/store")

def say(**what):
    os.write(1, (json.dumps(what) + chr(10)).encode())

def opened():
    return catalog.open(connection, f"{root}/a.blt", "c", lock="commit", buffer_size=steps.choice((1, 4 << 20)))

acts = ["set", "set", "set", "sync", "set", "set", "sync", "prune"]
acts += [
    steps.choice(("set",) * 6 + ("delete",) * 2 + ("metadata", "sync", "sync", "push", "prune", "clear", "reopen"))
    for _ in range(int(sys.argv[3]))
]
db, number = opened(), 0
say(durable=True)
for act in acts:
    key, number = f"k{steps.randrange(6)}", number + 1
    if act == "set":
        value = f"{number} " + "x" * steps.choice((1, 40, 5000))
        say(key=key, value=value)
        db[key] = value.encode()
    elif act == "delete":
        say(key=key, value=None)
        db.pop(key, None)
    elif act == "metadata":
        say(key="", value=json.dumps({"n": number}, separators=(",", ":")))
        db.set_metadata({"n": number})
    elif act == "clear":
        say(clear=True)
        db.clear()
    elif act == "reopen":
        db.close()
        say(durable=True)
        db = opened()
    else:
        {"sync": db.sync, "push": lambda: db.changes().push(), "prune": db.prune}[act]()
        say(**{"pruned" if act == "prune" else "durable": True})
"""


@dataclass
class File:
    """One file: what surely is on disk, and what was written since."""

    synced: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Writes: where, and what; None cuts the file off there."""

    def after(self, kept: list[tuple[int, bytes | None]]) -> bytes:
        """Its content when only these of the pending writes have reached the disk."""
        content = bytearray(self.synced)
        for at, what in kept:
            if what is None:
                del content[at:]
                content.extend(bytes(max(at - len(content), 0)))
            else:
                content.extend(bytes(max(at - len(content), 0)))
                content[at : at + len(what)] = what
        return bytes(content)


@dataclass
class Moment:
    """The disk at one moment, and what the writer had said by then."""

    files: dict[str, File]
    allowed: dict[str, set[str | None]]
    """For each key the values that may be there: the last one that is durable, and those set since."""

    @property
    def is_torn(self) -> bool:
        """Whether a loss of power now may keep a later write to the booklet without an earlier one."""
        return any(name.endswith(".blt") and len(file.pending) > 1 for name, file in self.files.items())

    @property
    def is_critical(self) -> bool:
        """Whether the booklet is being written anew, and a loss of power now may leave only a part of it."""
        return any(name.endswith(".blt") and any(at == 0 for at, _ in file.pending) for name, file in self.files.items())


_CALL = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)\)\s+=\s+(-?\d+)")
_FD = re.compile(r"^(\d+)<(.*?)>(?:\(deleted\))?$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def record(folder: Path, seed: int, steps: int) -> Path:
    """Run a writer in a folder and record its system calls."""
    trace = folder / "trace"
    command = ["strace", "-f", "-y", "-xx", "-s", "2000000", "-e", f"trace={CALLS}", "-o", str(trace)]
    work = folder / "work"
    work.mkdir()
    writer = [sys.executable, "-c", WRITER, str(work), str(seed), str(steps)]
    done = subprocess.run([*command, *writer], check=False, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    return trace


def replay(trace: Path, work: Path) -> Iterator[Moment]:
    """The disk after each call that changed a file of the working copy."""
    names: dict[str, File] = {}
    at: dict[int, int] = {}
    durable: dict[str, str | None] = {}
    since: list[tuple[str, str | None]] = []
    must_sync = False
    for line in _whole_lines(trace):
        found = _CALL.match(line)
        if found is None or int(found[3]) < 0:
            continue
        call, arguments, result = found[1], found[2], int(found[3])
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
        descriptor = _FD.match(arguments.split(",")[0].strip())
        if call == "write" and descriptor is not None and descriptor[1] == "1":
            said = json.loads(texts[0])
            _heard(said, durable, since)
            if "durable" in said and must_sync:
                waiting = [name for name, file in names.items() if file.pending and name.endswith((".blt", "-wal"))]
                assert not waiting, f"acknowledged before it was durable: {waiting}"
            must_sync = (must_sync and not said.keys() & {"durable", "pruned"}) or said.get("value") is not None
            continue
        if not _change(call, arguments, result, texts, descriptor, names, at, work):
            continue
        allowed: dict[str, set[str | None]] = {key: {value} for key, value in durable.items()}
        for key, value in since:
            for each in list(allowed) if key == "*" else [key]:
                allowed.setdefault(each, {None}).add(value)
        yield Moment(names, allowed)


def _whole_lines(trace: Path) -> Iterator[str]:
    """The calls in the order in which they ended: one that another thread's interrupted is in two pieces."""
    begun: dict[str, str] = {}
    with trace.open() as lines:
        for line in lines:
            process, _, rest = line.partition(" ")
            if (cut := line.find(" <unfinished ...>")) >= 0:
                begun[process] = line[:cut]
            elif rest.lstrip().startswith("<... "):
                yield begun.pop(process, "") + line[line.index("resumed>") + len("resumed>") :]
            else:
                yield line


def _heard(said: dict[str, Any], durable: dict[str, str | None], since: list[tuple[str, str | None]]) -> None:
    if "durable" in said:
        for key, value in since:
            for each in [known for known in durable if known] if key == "*" else [key]:
                durable[each] = value
        since.clear()
    elif "pruned" not in said:
        since.append(("*", None) if "clear" in said else (said["key"], said["value"]))
        if "key" in said:
            durable.setdefault(said["key"], None)


def _change(
    call: str,
    arguments: str,
    result: int,
    texts: list[bytes],
    descriptor: re.Match[str] | None,
    names: dict[str, File],
    at: dict[int, int],
    work: Path,
) -> bool:
    """Follow one call; whether it changed what a loss of power may leave."""
    if call == "openat" or call.startswith(("link", "rename", "unlink")):
        paths = [text.decode(errors="replace") for text in texts]
        return bool(paths) and _ours(paths[0], work) and _named(call, arguments, result, paths, names, at)
    if descriptor is None:
        return False
    fd, name = int(descriptor[1]), _unescaped(descriptor[2])
    if call == "lseek":
        at[fd] = result
    return call != "lseek" and name in names and _written(call, arguments, result, texts, fd, names[name], at)


def _named(call: str, arguments: str, result: int, paths: list[str], names: dict[str, File], at: dict[int, int]) -> bool:
    if call == "openat":
        at[result] = 0
        if "O_TRUNC" in arguments:
            names[paths[0]] = File()
        names.setdefault(paths[0], File())
        return False
    file = names.get(paths[0], File())
    if not call.startswith("link"):
        names.pop(paths[0], None)
    if not call.startswith("unlink"):
        names[paths[1]] = file
    return True


def _written(call: str, arguments: str, result: int, texts: list[bytes], fd: int, file: File, at: dict[int, int]) -> bool:
    if call in ("fsync", "fdatasync"):
        file.synced, file.pending = file.after(file.pending), []
    elif call == "ftruncate":
        file.pending.append((int(arguments.split(",")[1]), None))
    elif call == "pwrite64":
        file.pending.append((int(arguments.rsplit(",", 1)[1]), texts[0][:result]))
    else:
        file.pending.append((at.get(fd, 0), texts[0][:result]))
        at[fd] = at.get(fd, 0) + result
    return True


def _unescaped(name: str) -> str:
    return bytes.fromhex(name.replace("\\x", "")).decode(errors="replace") if name.startswith("\\x") else name


def _ours(name: str, work: Path) -> bool:
    return name.startswith(f"{work}/") and not name.startswith(f"{work}/store") and not name.endswith("-shm")


def write(moment: Moment, folder: Path, work: Path, choose: random.Random) -> None:
    """Make the disk as a loss of power may have left it then: all, none, the first or any pages of what was not synced."""
    for name, file in moment.files.items():
        pending = file.pending
        match choose.randrange(4):
            case 0:
                kept = []
            case 1:
                kept = pending[: choose.randrange(len(pending) + 1)]
            case 2:
                kept = [page for each in pending for page in _pages(*each) if choose.random() < 0.5]
            case _:
                kept = pending
        (folder / Path(name).relative_to(work)).write_bytes(file.after(kept))


def _pages(at: int, what: bytes | None) -> list[tuple[int, bytes | None]]:
    if what is None:
        return [(at, None)]
    return [(at + start, what[start : start + PAGE]) for start in range(0, len(what), PAGE)]
