"""A store that fails where a plan says so."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from catalog.errors import UnreachableError
from catalog.store.directory.store import DirectoryStore
from catalog.store.interface import ObjectStore
from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore
from catalog.testing.store_contract import Stand, StoreContract


@pytest.fixture
def real(tmp_path: Path) -> ObjectStore:
    """The store behind the faults."""
    return DirectoryStore(tmp_path / "remote")


@pytest.fixture
def plan() -> FaultPlan:
    """A plan without faults."""
    return FaultPlan()


@pytest.fixture
def faulty(real: ObjectStore, plan: FaultPlan) -> FaultyStore:
    """The store with the faults of the plan."""
    return FaultyStore(real, plan)


class TestWithoutFaults(StoreContract):
    """With an empty plan nothing is different."""

    many = 5

    @pytest.fixture
    def stand(self, faulty: FaultyStore, real: ObjectStore) -> Stand:
        """The wrapper, and the store behind it."""

        def raw_put(name: str, body: bytes) -> None:
            real.put(name, body)

        def raw_get(name: str) -> bytes | None:
            return real.get(name).body if any(item.name == name for item in real.list(name)) else None

        return Stand(faulty, "data/rain.blt", raw_put, raw_get)


def test_fail_before(faulty: FaultyStore, plan: FaultPlan, real: ObjectStore) -> None:
    """A request that never arrives does nothing; the next one works."""
    plan.add(Fault(FaultKind.FAIL_BEFORE, "put"))
    with pytest.raises(UnreachableError):
        faulty.put("a", b"x")
    assert list(real.list("")) == []

    faulty.put("a", b"x")
    assert real.get("a").body == b"x"


def test_lose_reply(faulty: FaultyStore, plan: FaultPlan, real: ObjectStore) -> None:
    """A request whose reply is lost was done."""
    plan.add(Fault(FaultKind.LOSE_REPLY, "put"))
    with pytest.raises(UnreachableError):
        faulty.put("a", b"x")

    assert real.get("a").body == b"x"


def test_only_the_planned_request(faulty: FaultyStore, plan: FaultPlan) -> None:
    """Verb, number and name choose the request."""
    plan.add(Fault(FaultKind.FAIL_BEFORE, "put", number=2, name_part="pack"))
    faulty.put("pack-1", b"x")
    faulty.put("head", b"x")
    faulty.get("pack-1")
    with pytest.raises(UnreachableError):
        faulty.put("pack-2", b"x")
    faulty.put("pack-3", b"x")

    assert [fault.number for fault in plan.fired] == [2]
    assert plan.faults == []


def test_damaged_bodies(faulty: FaultyStore, plan: FaultPlan) -> None:
    """A body arrives shorter, or with one other bit; the object itself is whole."""
    faulty.put("a", b"0123456789")
    plan.add(Fault(FaultKind.TRUNCATE, "get"))
    plan.add(Fault(FaultKind.FLIP_BIT, "get_if_changed"))
    changed = faulty.get_if_changed("a", "other")

    assert faulty.get("a").body == b"01234"
    assert changed is not None
    assert sum((one ^ other).bit_count() for one, other in zip(changed.body, b"0123456789", strict=True)) == 1
    assert faulty.get("a").body == b"0123456789"


def test_hang(faulty: FaultyStore, plan: FaultPlan, real: ObjectStore) -> None:
    """A request that hangs is done after its release."""
    plan.add(Fault(FaultKind.HANG, "put"))
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(faulty.put, "a", b"x")
        plan.hanging.wait()
        assert not late.done()
        assert list(real.list("")) == []
        plan.release()
        late.result()

    assert real.get("a").body == b"x"


def test_forgotten_faults(faulty: FaultyStore, plan: FaultPlan) -> None:
    """A cleared plan has no faults left."""
    plan.add(Fault(FaultKind.FAIL_BEFORE))
    plan.clear()

    assert faulty.put("a", b"x")


@pytest.mark.parametrize(("kind", "is_done"), [(FaultKind.KILL_BEFORE, False), (FaultKind.KILL_AFTER, True)])
def test_kill(tmp_path: Path, kind: FaultKind, is_done: bool) -> None:
    """The process dies at the request, before or after it is done."""
    script = (
        "import sys; from pathlib import Path\n"
        "from catalog.store.directory.store import DirectoryStore\n"
        "from catalog.testing.faults import Fault, FaultKind, FaultPlan, FaultyStore\n"
        "plan = FaultPlan([Fault(FaultKind[sys.argv[2]], 'put', 2)])\n"
        "store = FaultyStore(DirectoryStore(Path(sys.argv[1])), plan)\n"
        "for name in 'abc': store.put(name, b'x')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "remote"), kind.name], cwd=Path(__file__).parents[2], check=False
    )

    assert done.returncode == -9
    assert {item.name for item in DirectoryStore(tmp_path / "remote").list("")} == ({"a", "b"} if is_done else {"a"})
